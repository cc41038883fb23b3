//! Money: integer minor units with a currency.
//!
//! **Invariants.** An [`Amount`] is never negative and never above [`Amount::MAX`]; every sum and
//! difference can fail and says so; two currencies never meet in one operation.
//!
//! **Absent on purpose:** `Add`, `Sub`, floats, parsing of decimal text, and every business rule.

mod amount;
mod currency;
mod rate;

pub use amount::{Amount, Money};
pub use currency::{Currency, UnknownCurrency};
pub use rate::BasisPoints;
