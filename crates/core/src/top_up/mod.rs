//! Top-ups: money that a payer moves from a debit card to the balance.
//!
//! ```text
//!             asked          paid
//!   planned ───────▶ sent ─────────▶ paid
//!      │              │                ▲
//!      └──────────────┴── failed ──────┘ paid after all
//! ```
//!
//! **Invariants.** The balance grows by what the bank took from the card, whenever it says so and however much that
//! was: it was the payer's money on the card and is the payer's money here. One movement of money, as the bank
//! names it, is booked once. An unknown answer changes nothing; the bank is asked again.

pub mod machine;
pub mod steps;

use serde::{Deserialize, Serialize};
use tongbao_money::Money;

use crate::{
    Key, List, Time,
    id::{CardId, PayerId, TopUpId},
    ledger::Channel,
    payment::Failure,
};

/// The channel of bank cards.
pub(crate) const CHANNEL: Channel = Channel::SandboxBank;

/// Where a top-up stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TopUpStatus {
    /// The bank will be asked.
    Planned,
    /// The bank was asked, and what became of it is not known.
    Sent,
    /// The balance has it.
    Paid,
    /// The bank took nothing.
    Failed,
}

/// A top-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopUp {
    /// Its id, and the bank's idempotency key.
    pub id: TopUpId,
    /// How often it changed.
    pub version: u32,
    /// Whose balance.
    pub payer: PayerId,
    /// From which card.
    pub card: CardId,
    /// The number of the form that asked for it, of which the payer has one.
    pub request_no: String,
    /// How much was asked for.
    pub money: Money,
    /// Where it stands.
    pub status: TopUpStatus,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// What the bank calls the movement of money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What the bank calls other money that came in its name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_references: Vec<String>,
    /// What the bank named in its name although something else has that money.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contested: Vec<String>,
    /// Whether the bank said "failed" after "paid"; the alarm was raised then.
    #[serde(default)]
    pub contradicted: bool,
    /// When it was asked for.
    pub created_at: Time,
    /// When it was paid or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Time>,
}

impl TopUp {
    /// Whether what became of it is not known yet.
    pub fn is_open(&self) -> bool {
        matches!(self.status, TopUpStatus::Planned | TopUpStatus::Sent)
    }

    /// What the bank calls all the money that came in its name.
    pub fn references(&self) -> impl Iterator<Item = &String> {
        self.reference.iter().chain(&self.other_references)
    }

    pub(crate) fn keys(&self) -> Vec<Key> {
        let own = std::iter::once(Key::TopUpNo(self.payer, self.request_no.clone()));
        own.chain(self.references().map(|text| Key::ChannelReference(CHANNEL, text.clone()))).collect()
    }

    pub(crate) fn lists(&self) -> Vec<List> {
        vec![List::TopUpsOf(self.payer)]
    }
}
