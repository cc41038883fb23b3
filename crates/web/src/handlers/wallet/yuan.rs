//! Yuan as people type and read them.

use tongbao_money::{Amount, Currency};

use crate::handlers::record_view::amount;

/// What is typed as yuan, `12`, `12.3` or `12.34`, in fen: up to nine digits, and up to two behind a point.
pub(super) fn typed(text: &str) -> Option<Amount> {
    let text = text.trim();
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits =
        |text: &str, most| (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole, 9) || !is_digits(part, 2) {
        return None;
    }
    Amount::new(format!("{whole}{part:0<2}").parse().ok()?)
}

/// The same of a sum that is to move: more than nothing.
pub(super) fn typed_sum(text: &str) -> Option<Amount> {
    typed(text).filter(|sum| !sum.is_zero())
}

/// An amount as it would be typed.
pub(super) fn plain(fen: Amount) -> String {
    let (yuan, rest) = (fen.minor() / 100, fen.minor() % 100);
    if rest == 0 { yuan.to_string() } else { format!("{yuan}.{rest:02}") }
}

/// Fen as a page shows them.
pub(super) fn shown(minor: i64) -> crate::Amount {
    amount(minor, Currency::CNY)
}

#[cfg(test)]
mod tests {
    use super::{Amount, plain, typed, typed_sum};

    #[test]
    fn yuan_are_read_as_people_type_them() {
        for (text, minor) in [
            ("1", 100),
            ("0.01", 1),
            ("0.1", 10),
            (" 12.34 ", 1_234),
            ("99.5", 9_950),
            ("007", 700),
            ("999999999.99", 99_999_999_999),
        ] {
            assert_eq!(typed_sum(text), Amount::new(minor), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_none() {
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "1.234",
            "-1",
            "+1",
            "1,000",
            "1e3",
            "１",
            "1 0",
            "1000000000",
            "1.0.0",
            "¥1",
            "NaN",
        ] {
            assert_eq!(typed(text), None, "{text}");
        }
    }

    #[test]
    fn nothing_is_an_amount_but_no_sum() {
        for text in ["0", " 0 ", "0.00"] {
            assert_eq!((typed(text), typed_sum(text)), (Some(Amount::ZERO), None), "{text}");
        }
    }

    #[test]
    fn an_amount_is_read_as_it_is_written() {
        for minor in [0, 1, 50, 9_950, 50_000] {
            let amount = Amount::new(minor).unwrap();
            assert_eq!(typed(&plain(amount)), Some(amount));
        }
    }
}
