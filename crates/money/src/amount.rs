//! Amounts in minor units (fen, cents), and amounts with their currency.

use serde::{Deserialize, Serialize};

use crate::Currency;

/// A number of minor units: from 0 to [`Amount::MAX`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Amount(i64);

impl Amount {
    /// Nothing.
    pub const ZERO: Amount = Amount(0);
    /// 10^15 minor units: above any single payment, and 9,000 of them still fit in an `i64` balance.
    pub const MAX: Amount = Amount(1_000_000_000_000_000);

    /// An amount of `minor` units; `None` when negative or above [`Amount::MAX`].
    pub const fn new(minor: i64) -> Option<Amount> {
        if minor >= 0 && minor <= Self::MAX.0 { Some(Amount(minor)) } else { None }
    }

    /// The number of minor units.
    pub const fn minor(self) -> i64 {
        self.0
    }

    /// Whether this is nothing at all.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, `None` when it would pass [`Amount::MAX`].
    pub const fn plus(self, other: Amount) -> Option<Amount> {
        match self.0.checked_add(other.0) {
            Some(sum) => Amount::new(sum),
            None => None,
        }
    }

    /// The difference, `None` when it would be negative.
    pub const fn minus(self, other: Amount) -> Option<Amount> {
        match self.0.checked_sub(other.0) {
            Some(rest) => Amount::new(rest),
            None => None,
        }
    }

    /// `self × part ÷ whole`, rounded down; `None` when `whole` is zero or the result passes
    /// [`Amount::MAX`]. Multiplied in 128 bits, so nothing overflows on the way.
    pub fn portion(self, part: Amount, whole: Amount) -> Option<Amount> {
        let product = i128::from(self.0).checked_mul(i128::from(part.0))?;
        let share = product.checked_div(i128::from(whole.0))?;
        Amount::new(i64::try_from(share).ok()?)
    }
}

/// A number of minor units outside 0 to [`Amount::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfRange;

impl std::fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "an amount is from 0 to {} minor units", Amount::MAX.0)
    }
}

impl TryFrom<i64> for Amount {
    type Error = OutOfRange;

    fn try_from(minor: i64) -> Result<Amount, OutOfRange> {
        Amount::new(minor).ok_or(OutOfRange)
    }
}

impl From<Amount> for i64 {
    fn from(amount: Amount) -> i64 {
        amount.0
    }
}

/// An amount of one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// How many minor units.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
}

impl std::fmt::Display for Money {
    /// Minor units and code, as in `1234 CNY`: for logs and tools, never for payers.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.amount.0, self.currency)
    }
}
