//! The digits on a card's face.

/// Digits of a card's number: 12 at least, 19 at most (ISO/IEC 7812-1).
pub const DIGITS: std::ops::RangeInclusive<usize> = 12..=19;

/// A card number as people write it, without blanks and hyphens, if it is one: its length is right and its last digit
/// is that of Luhn's formula (ISO/IEC 7812-1, annex B).
pub fn parse(typed: &str) -> Option<String> {
    let kept: String = typed.chars().filter(|char| !char.is_whitespace() && *char != '-').collect();
    let is_number = kept.bytes().all(|byte| byte.is_ascii_digit()) && DIGITS.contains(&kept.len());
    (is_number && has_right_check_digit(&kept)).then_some(kept)
}

/// Whether a text has the form of the security code on a credit card's back: three digits, as Visa, Mastercard and
/// `UnionPay` have it.
pub fn is_security_code(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The last four digits.
pub fn last_four(number: &str) -> String {
    let skipped = number.chars().count().saturating_sub(4);
    number.chars().skip(skipped).collect()
}

/// Luhn's formula: every second digit from the right counts twice, a two-digit double by the sum of its digits; the sum
/// of all ends in zero. Twelve zeros would pass, and are no card.
fn has_right_check_digit(number: &str) -> bool {
    let digits = number.bytes().rev().map(|byte| u32::from(byte.saturating_sub(b'0')));
    let counted = digits.enumerate().map(|(place, digit)| match (place % 2, digit) {
        (0, digit) => digit,
        (_, digit) if digit > 4 => digit.saturating_mul(2).saturating_sub(9),
        (_, digit) => digit.saturating_mul(2),
    });
    let sum: u32 = counted.sum();
    sum > 0 && sum.is_multiple_of(10)
}
