//! Citizens' ID numbers of mainland China: GB 11643-1999.
//!
//! Seventeen digits and a check character: six digits of region, eight of the date of birth, three in sequence, and
//! the check character by ISO 7064, MOD 11-2.
//!
//! **Absent on purpose:** the list of regions. It changes every year, and numbers keep the region they were given by;
//! whether a number exists is for a source to say. Also absent: printing a number.

use std::fmt;

use jiff::civil::Date;

/// Characters of a number.
const LEN: usize = 18;

/// The weights of the first seventeen digits: powers of 2 modulo 11 (ISO 7064).
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/// The check characters by remainder (GB 11643-1999, table 1).
const CHECKS: [u8; 11] = *b"10X98765432";

/// The first year of birth: numbers were given to the living from 1984 on.
const YEAR_MIN: i16 = 1850;

/// A number that could be somebody's.
#[derive(Clone, PartialEq, Eq)]
pub struct IdNumber {
    text: String,
    birth: Date,
}

impl fmt::Debug for IdNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdNumber")
    }
}

impl IdNumber {
    /// Reads a number as people write it: spaces are taken away, `x` is `X`. None if a character is none of a number's,
    /// the check character does not fit, or nobody is born on such a day.
    pub fn parse(typed: &str) -> Option<IdNumber> {
        let text: String = typed.chars().filter(|char| !char.is_whitespace()).collect();
        let text = text.to_ascii_uppercase();
        let (digits, check) = text.split_at_checked(LEN.saturating_sub(1))?;
        if text.len() != LEN || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        if check.as_bytes() != [check_character(digits)?] {
            return None;
        }
        let part = |from: usize, to: usize| digits.get(from..to)?.parse::<i16>().ok();
        let part_of_date = |from, to| part(from, to).and_then(|value| i8::try_from(value).ok());
        let birth = Date::new(part(6, 10)?, part_of_date(10, 12)?, part_of_date(12, 14)?).ok()?;
        (birth.year() >= YEAR_MIN).then_some(IdNumber { text, birth })
    }

    /// The number. Not to be shown: [`IdNumber::hint`] is.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The number with all but its ends hidden.
    pub fn hint(&self) -> String {
        let mut hint: String = self.text.chars().take(1).collect();
        hint.push_str(&"*".repeat(LEN.saturating_sub(2)));
        hint.extend(self.text.chars().last());
        hint
    }

    /// Full years of age on a day, one more on each birthday; who is born on 29 February has it on 1 March in other
    /// years. None before birth.
    pub fn age_on(&self, day: Date) -> Option<i16> {
        let years = day.year().checked_sub(self.birth.year())?;
        let before = (day.month(), day.day()) < (self.birth.month(), self.birth.day());
        let age = years.checked_sub(i16::from(before))?;
        (age >= 0).then_some(age)
    }
}

/// The check character of seventeen digits.
fn check_character(digits: &str) -> Option<u8> {
    let weigh = |(byte, weight): (u8, u32)| u32::from(byte.saturating_sub(b'0')).saturating_mul(weight);
    let sum = digits.bytes().zip(WEIGHTS).map(weigh).fold(0_u32, u32::saturating_add);
    let remainder = usize::try_from(sum.checked_rem(11)?).ok()?;
    CHECKS.get(remainder).copied()
}
