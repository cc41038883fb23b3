//! What billers are asked by whoever pays them, and what they answer, whichever biller it is.
//!
//! **Invariant.** The number of an account at a biller is in no debug output.

use std::fmt;

use tongbao_core::{Time, utility::Utility};
use tongbao_money::{Amount, Money};
use zeroize::Zeroizing;

/// The longest account number, in characters: billers print up to 20 digits.
pub const ACCOUNT_CHARS_MAX: usize = 20;
/// The shortest.
pub const ACCOUNT_CHARS_MIN: usize = 4;

/// Whether a text can be the number of an account at a biller: digits and capital letters.
pub fn is_account(text: &str) -> bool {
    (ACCOUNT_CHARS_MIN..=ACCOUNT_CHARS_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

/// A line of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Biller {
    /// Its code, which never changes.
    pub code: String,
    /// What people call it.
    pub name: String,
    /// What it supplies.
    pub utility: Utility,
}

/// What a biller says of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Something is due.
    Due {
        /// The holder's name, masked by the biller.
        holder: String,
        /// What the biller calls the time that is paid for.
        period: String,
        /// How much.
        amount: Amount,
    },
    /// Nothing is.
    NothingDue,
    /// There is no such account.
    NoSuchAccount,
    /// No answer.
    Unknown,
}

/// A utility payment that a biller is to book, or may have booked.
#[derive(Clone, PartialEq, Eq)]
pub struct Booking {
    /// The platform's name of it, and the biller's idempotency key.
    pub id: String,
    /// The code of the biller.
    pub biller: String,
    /// The number of the account.
    pub account: Zeroizing<String>,
    /// What the biller calls the time that is paid for.
    pub period: String,
    /// How much.
    pub money: Money,
    /// When the biller was to be asked first.
    pub began_at: Time,
    /// When it is asked this time.
    pub asked_at: Time,
}

impl Booking {
    /// How long ago it began, in milliseconds.
    pub const fn age_ms(&self) -> i64 {
        self.asked_at.since_ms(self.began_at)
    }
}

impl fmt::Debug for Booking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Booking({})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::is_account;

    #[test]
    fn an_account_is_four_to_twenty_digits_or_capital_letters() {
        for (text, is) in [
            ("1000000001", true),
            ("A123", true),
            ("12345678901234567890", true),
            ("123456789012345678901", false),
            ("123", false),
            ("", false),
            ("12 34", false),
            ("a123", false),
            ("１２３４", false),
            ("12\u{0}4", false),
        ] {
            assert_eq!(is_account(text), is, "{text:?}");
        }
    }
}
