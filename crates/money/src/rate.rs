//! Rates in ten-thousandths, as fees are agreed in contracts.

use serde::{Deserialize, Serialize};

use crate::Amount;

/// A rate in basis points: 60 is 0.60 %. At most 10,000, so a fee never exceeds what it is taken from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct BasisPoints(u16);

/// A rate above [`BasisPoints::WHOLE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AboveWhole;

impl std::fmt::Display for AboveWhole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a rate is at most {} basis points", BasisPoints::WHOLE)
    }
}

impl TryFrom<u16> for BasisPoints {
    type Error = AboveWhole;

    fn try_from(bps: u16) -> Result<BasisPoints, AboveWhole> {
        BasisPoints::new(bps).ok_or(AboveWhole)
    }
}

impl From<BasisPoints> for u16 {
    fn from(rate: BasisPoints) -> u16 {
        rate.0
    }
}

impl BasisPoints {
    /// No fee.
    pub const ZERO: BasisPoints = BasisPoints(0);
    /// The whole amount.
    pub const WHOLE: u16 = 10_000;

    /// A rate of `bps` ten-thousandths; `None` above 10,000.
    pub const fn new(bps: u16) -> Option<BasisPoints> {
        if bps <= Self::WHOLE { Some(BasisPoints(bps)) } else { None }
    }

    /// The number of ten-thousandths.
    pub const fn bps(self) -> u16 {
        self.0
    }

    /// This rate of `amount`, rounded half up to a minor unit.
    pub fn of(self, amount: Amount) -> Amount {
        let scaled = i128::from(amount.minor()).saturating_mul(i128::from(self.0)).saturating_add(5_000);
        let fee = scaled.div_euclid(10_000).min(i128::from(amount.minor()));
        i64::try_from(fee).ok().and_then(Amount::new).unwrap_or(amount)
    }
}
