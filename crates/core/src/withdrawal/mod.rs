//! Withdrawals: money that a payer moves from the balance to a debit card.
//!
//! ```text
//!             asked          paid
//!   planned ───────▶ sent ─────────▶ paid ── comes back ──▶ bounced
//!      │              │                ▲                       ▲
//!      ├──────────────┴── failed ──────┘ paid after all        │
//!      ├─ account frozen ───▲                                  │
//!      └──────────────── comes back before it was known as paid┘
//! ```
//!
//! **Invariants.** Money and fee leave the balance in the step that plans the withdrawal and rest in
//! `platform/withdrawals` until the bank has paid or refused, so that account holds the sum of all withdrawals
//! under way. What comes back brings its fee, and its part of the free sum. What the bank does against its own word
//! is booked: from the balance if that covers it, otherwise from suspense, and a person is told. An unknown answer
//! changes nothing.
//!
//! **Absent on purpose:** the way back for the payer. A withdrawal that is planned for tomorrow cannot be taken back.

pub mod fee;
pub mod machine;
pub mod steps;

use serde::{Deserialize, Serialize};
use tongbao_money::{Amount, Money};

use crate::{
    Key, List, Time,
    id::{CardId, PayerId, WithdrawalId},
    ledger::Channel,
    payment::Failure,
};

/// The channel of bank cards.
pub(crate) const CHANNEL: Channel = Channel::SandboxBank;

/// When the bank is asked to pay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speed {
    /// At once (T+0).
    #[default]
    Now,
    /// On the next day (T+1), from midnight in Shanghai.
    NextDay,
}

impl Speed {
    /// When the bank is asked to pay what is planned at `at`.
    pub fn due_at(self, at: Time) -> Time {
        match self {
            Speed::Now => at,
            Speed::NextDay => at.next_china_day(),
        }
    }
}

/// Where a withdrawal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithdrawalStatus {
    /// The bank will be asked.
    Planned,
    /// The bank was asked, and what became of it is not known.
    Sent,
    /// The bank has paid.
    Paid,
    /// The bank has not, and the payer has the money back.
    Failed,
    /// The bank had paid, it came back, and the payer has it.
    Bounced,
}

/// A withdrawal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawal {
    /// Its id, and the bank's idempotency key.
    pub id: WithdrawalId,
    /// How often it changed.
    pub version: u32,
    /// Whose balance.
    pub payer: PayerId,
    /// To which card.
    pub card: CardId,
    /// The number of the form that asked for it, of which the payer has one.
    pub request_no: String,
    /// What arrives on the card.
    pub money: Money,
    /// What it costs beside that.
    pub fee: Amount,
    /// How much of the money was free of charge.
    pub free: Amount,
    /// When the bank is asked to pay.
    pub speed: Speed,
    /// Where it stands.
    pub status: WithdrawalStatus,
    /// Why it failed; none if the account was frozen before the bank was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Whether it was paid from suspense: the bank paid after it had failed, and the balance did not cover it.
    #[serde(default)]
    pub uncovered: bool,
    /// What the bank calls its payout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What the bank calls payouts of it that came back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bounced: Vec<String>,
    /// What the bank calls payouts beside the one asked for, booked from suspense.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub surplus: Vec<String>,
    /// Whether the bank said "failed" after "paid"; the alarm was raised then.
    #[serde(default)]
    pub contradicted: bool,
    /// When it was asked for.
    pub created_at: Time,
    /// When the bank is first asked.
    pub due_at: Time,
    /// When it was paid, failed or came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Time>,
}

impl Withdrawal {
    /// Whether what becomes of it is not known yet.
    pub fn is_open(&self) -> bool {
        matches!(self.status, WithdrawalStatus::Planned | WithdrawalStatus::Sent)
    }

    pub(crate) fn keys(&self) -> Vec<Key> {
        vec![Key::WithdrawalNo(self.payer, self.request_no.clone())]
    }

    pub(crate) fn lists(&self) -> Vec<List> {
        vec![List::WithdrawalsOf(self.payer)]
    }
}
