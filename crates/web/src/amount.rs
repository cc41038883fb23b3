//! Amounts as people read them.
//!
//! An amount arrives in minor units with the exponent of its currency (ISO 4217) and is written with a sign, the
//! symbol, thousands separators and every minor digit. Absent on purpose: arithmetic (that is `tongbao-money`) and
//! rounding (nothing is ever rounded on a page).

use std::fmt::{self, Display, Formatter};

/// An amount of money to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    /// The amount in minor units (fen, cent); may be negative.
    pub minor: i64,
    /// The currency's code: ISO 4217, or the platform's name of an asset.
    pub currency: String,
    /// How many digits of `minor` stand behind the decimal point.
    pub exponent: u8,
}

impl Amount {
    /// An amount of `minor` units of `currency`.
    pub fn new(minor: i64, currency: impl Into<String>, exponent: u8) -> Self {
        Self { minor, currency: currency.into(), exponent }
    }

    /// The minus sign, if any, and the currency's symbol or code.
    pub fn symbol(&self) -> String {
        let sign = if self.minor < 0 { "-" } else { "" };
        let symbol = match self.currency.as_str() {
            "CNY" => "¥",
            "HKD" => "HK$",
            "USD" => "US$",
            "EUR" => "€",
            "GBP" => "£",
            "JPY" => "JP¥",
            code => return format!("{sign}{code}\u{a0}"),
        };
        format!("{sign}{symbol}")
    }

    /// The digits: `1,234.56`, without sign and symbol.
    pub fn digits(&self) -> String {
        let exponent = usize::from(self.exponent);
        let digits = format!("{:0>width$}", self.minor.unsigned_abs(), width = exponent + 1);
        let (whole, fraction) = digits.split_at(digits.len() - exponent);
        let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        if exponent > 0 {
            text.push('.');
            text.push_str(fraction);
        }
        text
    }
}

impl Display for Amount {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.symbol(), self.digits())
    }
}

#[cfg(test)]
mod tests {
    use super::Amount;

    fn text(minor: i64, currency: &str, exponent: u8) -> String {
        Amount::new(minor, currency, exponent).to_string()
    }

    #[test]
    fn fen_become_yuan_with_two_digits() {
        assert_eq!(text(1234, "CNY", 2), "¥12.34");
        assert_eq!(text(5, "CNY", 2), "¥0.05");
        assert_eq!(text(0, "CNY", 2), "¥0.00");
    }

    #[test]
    fn thousands_are_separated() {
        assert_eq!(text(99_999, "CNY", 2), "¥999.99");
        assert_eq!(text(100_000, "CNY", 2), "¥1,000.00");
        assert_eq!(text(123_456_789_012, "CNY", 2), "¥1,234,567,890.12");
    }

    #[test]
    fn the_sign_stands_before_the_symbol() {
        assert_eq!(text(-1234, "CNY", 2), "-¥12.34");
        assert_eq!(text(i64::MIN, "CNY", 2), "-¥92,233,720,368,547,758.08");
    }

    #[test]
    fn currencies_without_minor_units_have_no_point() {
        assert_eq!(text(1200, "JPY", 0), "JP¥1,200");
    }

    #[test]
    fn an_unknown_currency_is_named_by_its_code() {
        assert_eq!(text(1_500_000, "USDC", 6), "USDC\u{a0}1.500000");
        assert_eq!(text(1, "KWD", 3), "KWD\u{a0}0.001");
    }
}
