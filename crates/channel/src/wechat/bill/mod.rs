//! Bills (账单): the text of a merchant's day, as trade bill or as fund flow bill.
//!
//! ```text
//!   BOM, heading          names of the columns, plain
//!   line, line, …         `value,`value,…
//!   heading of the sums   plain
//!   sums                  `value,`value,…
//! ```
//!
//! UTF-8; every line ends in CR LF, the last one too. A backtick before each value keeps spreadsheets from taking
//! a long number for a quantity. Amounts are yuan, times are those of Beijing.
//!
//! **Invariants.** A backtick begins each value and stands nowhere else, and no value has a comma: a reader may
//! split at `` ,` `` or take the backticks away and split at commas, as the documents suggest, and finds as many
//! values as there are columns. The sums are those of the lines written.
//!
//! **Absent on purpose:** a library for CSV. Those follow RFC 4180 and protect a separator by quotes, which readers
//! of this format take for a part of the value; here nothing is quoted, and what would be taken for a separator is
//! replaced by its full-width form. Bills of service providers and their sub-merchants.

mod day;
mod digest;
mod fund_flow;
mod trade;

pub use day::Day;
pub use digest::BillDigest;
pub use fund_flow::{Flow, FlowSums};
pub use trade::{Deal, Trade, TradeBill, TradeSums};

/// What a bill begins with: the byte order mark, by which spreadsheets know UTF-8.
pub const BOM: &str = "\u{feff}";

const LINE_END: &str = "\r\n";

/// Adds the names of columns.
fn heading<'a>(text: &mut String, names: impl IntoIterator<Item = &'a str>) {
    for (at, name) in names.into_iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(name);
    }
    text.push_str(LINE_END);
}

/// Adds a line of values.
fn line<'a>(text: &mut String, values: impl IntoIterator<Item = &'a str>) {
    for (at, value) in values.into_iter().enumerate() {
        text.push_str(if at > 0 { ",`" } else { "`" });
        for letter in value.chars() {
            push(text, letter);
        }
    }
    text.push_str(LINE_END);
}

/// Adds a character of a value. Line ends become `\r` and `\n`, U+0001 a blank, as documented. Separators, which the
/// documents say are escaped without saying how, become their full-width forms.
fn push(text: &mut String, letter: char) {
    match letter {
        '\r' => text.push_str("\\r"),
        '\n' => text.push_str("\\n"),
        '\u{1}' => text.push(' '),
        ',' => text.push('，'),
        '`' => text.push('｀'),
        other => text.push(other),
    }
}

/// Fen as yuan with two decimals.
fn yuan(fen: i64) -> String {
    let (sign, fen) = (if fen < 0 { "-" } else { "" }, fen.unsigned_abs());
    format!("{sign}{}.{:02}", fen / 100, fen % 100)
}

/// The same with five decimals, as bills have fees.
fn fee(fen: i64) -> String {
    format!("{}000", yuan(fen))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_yuan() {
        for (fen, shown) in [
            (0, "0.00"),
            (1, "0.01"),
            (-1, "-0.01"),
            (99, "0.99"),
            (100, "1.00"),
            (-12_345, "-123.45"),
            (i64::MAX, "92233720368547758.07"),
            (i64::MIN, "-92233720368547758.08"),
        ] {
            assert_eq!(yuan(fen), shown);
        }
        assert_eq!((fee(60).as_str(), fee(-6).as_str()), ("0.60000", "-0.06000"));
    }

    #[test]
    fn nothing_in_a_value_can_be_taken_for_the_end_of_one() {
        let mut text = String::new();
        line(&mut text, ["a,`b", "", "茶\r\n壶\u{1}", "`", "\"x\""]);
        assert_eq!(text, "`a，｀b,`,`茶\\r\\n壶 ,`｀,`\"x\"\r\n");
    }
}
