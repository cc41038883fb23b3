//! What a withdrawal costs.

use tongbao_money::{Amount, BasisPoints};

use crate::limits::{WITHDRAWAL_FEE_MIN, WITHDRAWAL_FEE_RATE, WITHDRAWAL_FREE_SUM};

/// A rule for fees: a sum that is free for life, a rate of what goes beyond it, and the least fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeeRule {
    /// How much a payer withdraws free of charge, in all.
    pub free_sum: Amount,
    /// Of what goes beyond.
    pub rate: BasisPoints,
    /// The least fee, where there is one.
    pub least: Amount,
}

/// The rule of this platform.
pub const RULE: FeeRule =
    FeeRule { free_sum: WITHDRAWAL_FREE_SUM, rate: WITHDRAWAL_FEE_RATE, least: WITHDRAWAL_FEE_MIN };

/// What one withdrawal costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The fee, beside the amount.
    pub fee: Amount,
    /// How much of the amount is free.
    pub free: Amount,
}

impl FeeRule {
    /// What it costs to withdraw `amount` after `withdrawn_free` was withdrawn free of charge.
    pub fn quote(&self, withdrawn_free: Amount, amount: Amount) -> Quote {
        let left = self.free_sum.minus(withdrawn_free).unwrap_or_default();
        let free = left.min(amount);
        let charged = amount.minus(free).unwrap_or_default();
        let fee = if charged.is_zero() { Amount::ZERO } else { self.rate.of(charged).max(self.least) };
        Quote { fee, free }
    }
}
