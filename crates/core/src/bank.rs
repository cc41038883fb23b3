//! What payments, top-ups and withdrawals have in common in speaking to the bank of a card, and what payers are told.

use serde::{Deserialize, Serialize};
use tongbao_money::Money;

use crate::payment::Failure;

/// The pauses between questions about something unknown, in seconds: from this …
pub const QUERY_AFTER_S_MIN: i64 = 5;
/// … to this. An hour is how often a bank's counter would be asked about a movement that is days old.
pub const QUERY_AFTER_S_MAX: i64 = 3_600;

/// How soon the bank is asked again about something that was begun `waited_ms` milliseconds ago: as long as it has
/// waited already, so the pauses double.
pub fn query_after_s(waited_ms: i64) -> i64 {
    (waited_ms / 1_000).clamp(QUERY_AFTER_S_MIN, QUERY_AFTER_S_MAX)
}

/// What a payer is told of cards and of money between card and balance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BankTold {
    /// A card was bound.
    CardBound {
        /// Its bank and last four digits.
        card: String,
    },
    /// The balance has money from a card.
    ToppedUp {
        /// How much came.
        money: Money,
    },
    /// A top-up failed; nothing was taken from the card.
    TopUpFailed {
        /// What was asked for.
        money: Money,
        /// Why, if the bank said so.
        failure: Option<Failure>,
    },
    /// A withdrawal is on the card.
    Withdrawn {
        /// How much.
        money: Money,
    },
    /// A withdrawal failed; the balance has the money and the fee.
    WithdrawalFailed {
        /// How much.
        money: Money,
        /// Why; none if the account was frozen before the bank was asked.
        failure: Option<Failure>,
    },
    /// A withdrawal that was paid came back; the balance has the money and the fee.
    WithdrawalBounced {
        /// How much.
        money: Money,
    },
}
