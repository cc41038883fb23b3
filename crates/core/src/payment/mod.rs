//! Payments.
//!
//! ```text
//!            begin                    paid
//!   open ───────────▶ processing ───────────▶ succeeded ── refunds ──▶ partly/fully refunded
//!    │ ▲                 │  │                    ▲
//!    │ └── failed ───────┘  │ failed, time over  │ paid (a failed attempt after all)
//!    │                      ▼                    │
//!    └── close, expire ──▶ closed      open ─────┘
//! ```
//!
//! **Invariants.**
//! - A payment succeeds once, with the amount asked for.
//! - Money that comes otherwise (after closing, twice, of another amount) is booked and sent back.
//! - While an attempt's result is unknown nothing else may be tried and nothing is closed.
//! - One movement of money, as the channel names it, is booked for one payment and once.
//! - Refunds open or done never add up to more than the payment.
//! - An attempt that needs more proofs than were given waits for them ([`challenge`]) while the payment stays open;
//!   what is needed says [`policy`].
//!
//! [`machine`] holds the one table of states and inputs; [`steps`] adds facts and builds change sets.

mod attempt;
pub mod by_card;
pub mod challenge;
pub mod create;
pub mod machine;
pub mod policy;
pub mod proof;
pub mod steps;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tongbao_money::{Amount, BasisPoints, Money};

pub use self::{
    attempt::{Attempt, AttemptStatus, Confirmation, Failure, HolderSaid},
    challenge::Challenge,
    proof::{Proof, Proofs},
};
use crate::{
    Key, Time,
    id::{AppId, AttemptId, CardId, MerchantId, PaymentId, WechatCombinedOrderId},
    ledger::{Account, Channel},
    wechat::WechatOrder,
};

/// How a payer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// From the balance kept here.
    Balance,
    /// From the sandbox's bank, which answers as it is told to.
    SandboxBank,
    /// From a bank card that the payer has bound.
    #[serde(rename = "bank_card")]
    Card(CardId),
}

impl Method {
    /// The name in requests and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Method::Balance => "balance",
            Method::SandboxBank => "sandbox_bank",
            Method::Card(_) => "bank_card",
        }
    }

    /// The channel the money comes through; none for the balance.
    pub const fn channel(self) -> Option<Channel> {
        match self {
            Method::Balance => None,
            Method::SandboxBank | Method::Card(_) => Some(Channel::SandboxBank),
        }
    }
}

/// Where a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Waits for the payer.
    Open,
    /// An attempt is under way and its result is not known.
    Processing,
    /// Paid.
    Succeeded,
    /// Not paid, and nobody may pay it any more.
    Closed,
}

/// A line of goods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What.
    pub name: String,
    /// How many.
    pub quantity: u32,
    /// The price of one.
    pub unit_amount: Amount,
}

/// A payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Its id.
    pub id: PaymentId,
    /// How often it changed.
    pub version: u32,
    /// Who is paid.
    pub merchant: MerchantId,
    /// Which app asked.
    pub app: AppId,
    /// The merchant's own number, unique for ever.
    pub order_no: String,
    /// How much.
    pub money: Money,
    /// What for.
    pub description: String,
    /// The goods.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Item>,
    /// Whatever the merchant wants kept with it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// Where its events are sent, beside the app's endpoints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify_url: Option<String>,
    /// Where the payer goes afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_url: Option<String>,
    /// Where it stands.
    pub status: Status,
    /// The fee rate agreed when it was made.
    pub fee_rate: BasisPoints,
    /// The fee taken.
    #[serde(default)]
    pub fee: Amount,
    /// The part of the fee returned with refunds.
    #[serde(default)]
    pub fee_returned: Amount,
    /// The sum of refunds that are open or done.
    #[serde(default)]
    pub refund_claimed: Amount,
    /// The sum of refunds that reached the payer.
    #[serde(default)]
    pub refunded: Amount,
    /// How many refunds were asked for.
    #[serde(default)]
    pub refund_count: u16,
    /// The attempts, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// When it was made.
    pub created_at: Time,
    /// Until when it may be paid.
    pub expires_at: Time,
    /// When it was paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub succeeded_at: Option<Time>,
    /// When it was closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Time>,
    /// What it remembers as an order of WeChat Pay's interface, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wechat: Option<Box<WechatOrder>>,
}

impl Payment {
    /// The instant from which it cannot be paid any more. An order of WeChat Pay's interface stays open for a
    /// while after that.
    pub fn payable_until(&self) -> Time {
        let order = self.wechat.as_ref().and_then(|order| order.time_expire);
        order.map_or(self.expires_at, |until| until.min(self.expires_at))
    }

    /// Whether it is an order of this merchant number of WeChat Pay's interface.
    pub fn is_order_of(&self, mchid: &str) -> bool {
        self.wechat.as_ref().is_some_and(|order| order.terms.mchid == mchid)
    }

    /// Of which combined order it is a part.
    pub fn combined(&self) -> Option<WechatCombinedOrderId> {
        self.wechat.as_ref()?.combined
    }

    /// The same for one that is not part of a combined order: only such are queried and closed singly.
    pub fn is_single_order_of(&self, mchid: &str) -> bool {
        self.is_order_of(mchid) && self.combined().is_none()
    }

    /// The attempt with this id.
    pub fn attempt(&self, id: AttemptId) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.id == id)
    }

    /// The attempt that paid it.
    pub fn paid_by(&self) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.status == AttemptStatus::Succeeded)
    }

    /// The attempt whose result is not known.
    pub fn pending(&self) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.status == AttemptStatus::Processing)
    }

    /// How many attempts count: those that got past their challenge.
    pub fn attempts_counted(&self) -> usize {
        self.attempts.iter().filter(|attempt| !attempt.is_before_proof()).count()
    }

    /// The last moment that is written down in it; nothing in it happens before that, whatever the
    /// clock does.
    pub fn latest(&self) -> Time {
        let begun = self.attempts.iter().map(|attempt| attempt.started_at);
        begun.chain(self.succeeded_at).chain(self.closed_at).fold(self.created_at, Time::max)
    }

    /// The part of the fee that goes back when this much more is refunded: in step with the sum
    /// refunded, rounded down, so all of it goes with the last fen; and never more than is refunded,
    /// so that a refund which fails can always be taken back.
    pub fn fee_part(&self, amount: Amount) -> Amount {
        let claimed = self.refund_claimed.plus(amount).unwrap_or(Amount::MAX).min(self.money.amount);
        let due_back = self.fee.portion(claimed, self.money.amount).unwrap_or_default();
        due_back.minus(self.fee_returned).unwrap_or_default().min(amount)
    }

    /// What is left to refund, in minor units.
    pub fn refundable(&self) -> Amount {
        self.money.amount.minus(self.refund_claimed).unwrap_or_default()
    }

    /// The status merchants see: that of the machine, and how much of it was refunded.
    pub fn shown_status(&self) -> &'static str {
        match self.status {
            Status::Open => "open",
            Status::Processing => "processing",
            Status::Closed => "closed",
            Status::Succeeded if self.refunded >= self.money.amount => "refunded",
            Status::Succeeded if !self.refunded.is_zero() => "partly_refunded",
            Status::Succeeded => "succeeded",
        }
    }

    /// The account a refund of it goes back to.
    pub fn refund_target(&self) -> Option<Account> {
        let attempt = self.paid_by()?;
        Some(
            attempt.method.channel().map_or(Account::PayerAvailable(attempt.payer), Account::ChannelClearing),
        )
    }

    pub(crate) fn keys(&self) -> Vec<Key> {
        let references = self.attempts.iter().flat_map(|attempt| {
            let named = attempt.method.channel().map(|channel| (channel, attempt.references()));
            named.into_iter().flat_map(|(channel, references)| {
                references.map(move |reference| Key::ChannelReference(channel, reference.clone()))
            })
        });
        let order = self.wechat.iter().flat_map(|order| order.keys());
        let own = std::iter::once(Key::OrderNo(self.merchant, self.order_no.clone()));
        own.chain(order).chain(references).collect()
    }
}
