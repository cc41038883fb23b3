//! Amounts on pages: the digits that people read say exactly the minor units.

use tongbao_web::Amount;

use super::Target;
use crate::{bytes::Bytes, driver::reached};

/// ISO 4217 has no currency with more places.
const EXPONENT_MAX: u8 = 4;

/// See the module.
pub const TARGET: Target =
    Target { name: "shown_amounts", run: target, words: &["\0\0\0\0", "\u{7f}\u{7f}"] };

/// Takes an input: an amount and the places of its currency.
pub fn target(input: &[u8]) {
    let mut bytes = Bytes::new(input);
    let minor = bytes.long() >> (bytes.byte() % 64);
    let exponent = bytes.byte() % (EXPONENT_MAX + 1);
    let currency = bytes.pick(&["CNY", "USD", "JPY", "KWD", "points"]).expect("there are currencies");
    let shown = Amount::new(minor, currency, exponent);
    let digits = shown.digits();
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    assert_eq!(fraction.len(), usize::from(exponent), "{digits}");
    assert!(exponent > 0 || !digits.contains('.'), "{digits}");
    assert_eq!(shown.symbol().starts_with('-'), minor < 0);
    let read: u64 = format!("{}{fraction}", whole.replace(',', "")).parse().expect("only digits are left");
    assert_eq!(read, minor.unsigned_abs(), "{digits}");
    // Groups of three, from the right; the first has one to three and no zero in front.
    let groups: Vec<&str> = whole.split(',').collect();
    assert!(groups.iter().skip(1).all(|group| group.len() == 3), "{digits}");
    assert!(groups.first().is_some_and(|first| (1..=3).contains(&first.len())), "{digits}");
    assert!(whole == "0" || !whole.starts_with('0'), "{digits}");
    reached(&format!("{} {exponent}", groups.len()));
}
