//! Refunds.
//!
//! ```text
//!   accepted ── handed to the channel ──▶ processing
//!      │                                     │
//!      ├────────── paid ◀────────────────────┤
//!      │            ▼                        │
//!      │        succeeded ◀── paid ── failed ◀── refused
//!      └── a return that the channel refuses ──▶ abnormal ── paid ──▶ succeeded
//! ```
//!
//! **Invariants.** The amount is claimed from the payment in the same step that makes the refund, so
//! two that race for the last fen cannot both have it. "Failed" then "paid" is believed and reported.

pub mod machine;
pub mod steps;

use serde::{Deserialize, Serialize};
use tongbao_money::{Amount, Money};

use crate::{
    Context, Key, List, Time,
    id::{AppId, AttemptId, MerchantId, PayerId, PaymentId, RefundId},
    ledger::{Account, Channel},
    payment::{Attempt, Payment},
    wechat::WechatRefund,
};

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// Taken from the merchant, not yet handed to the channel.
    Accepted,
    /// With the channel.
    Processing,
    /// With the payer.
    Succeeded,
    /// The channel refused; the merchant has its money back.
    Failed,
    /// Money that must go back could not; a person is looking.
    Abnormal,
}

impl RefundStatus {
    /// The name merchants see.
    pub const fn name(self) -> &'static str {
        match self {
            RefundStatus::Accepted => "accepted",
            RefundStatus::Processing => "processing",
            RefundStatus::Succeeded => "succeeded",
            RefundStatus::Failed => "failed",
            RefundStatus::Abnormal => "abnormal",
        }
    }
}

/// Why there is a refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The merchant asked, under this number of its own.
    Merchant(String),
    /// Money came that nobody asked for.
    Unexpected,
}

/// Where the money goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// To a payer's balance.
    Balance(PayerId),
    /// Back through a channel.
    Channel(Channel),
}

impl Target {
    /// The account it arrives at.
    pub const fn account(self) -> Account {
        match self {
            Target::Balance(payer) => Account::PayerAvailable(payer),
            Target::Channel(channel) => Account::ChannelClearing(channel),
        }
    }
}

/// A refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Its id, and the channel's idempotency key.
    pub id: RefundId,
    /// How often it changed.
    pub version: u32,
    /// Whose payment.
    pub merchant: MerchantId,
    /// Which app asked.
    pub app: AppId,
    /// Of which payment.
    pub payment: PaymentId,
    /// The attempt whose money it is, if that is not the one that paid the payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptId>,
    /// Why.
    pub origin: Origin,
    /// How much.
    pub money: Money,
    /// The part of the fee that goes back with it.
    pub fee: Amount,
    /// Where to.
    pub target: Target,
    /// The merchant's reason, for the payer to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where it stands.
    pub status: RefundStatus,
    /// Whether the channel contradicted itself; the alarm was raised then.
    #[serde(default)]
    pub contradicted: bool,
    /// What the channel calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// When it was made.
    pub created_at: Time,
    /// When it reached the payer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub succeeded_at: Option<Time>,
    /// What it remembers as the refund of an order of WeChat Pay's interface, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wechat: Option<Box<WechatRefund>>,
}

impl Refund {
    /// The return of money nobody asked for.
    pub(crate) fn of_unexpected(
        cx: &mut Context,
        payment: &Payment,
        (attempt, channel): (AttemptId, Channel),
        money: Money,
    ) -> Refund {
        Refund {
            id: cx.draw(),
            version: 1,
            merchant: payment.merchant,
            app: payment.app,
            payment: payment.id,
            attempt: Some(attempt),
            origin: Origin::Unexpected,
            money,
            fee: Amount::ZERO,
            target: Target::Channel(channel),
            reason: None,
            status: RefundStatus::Accepted,
            contradicted: false,
            reference: None,
            created_at: cx.at(),
            succeeded_at: None,
            wechat: None,
        }
    }

    /// The attempt whose money goes back.
    pub fn attempt_of<'a>(&self, payment: &'a Payment) -> Option<&'a Attempt> {
        self.attempt.map_or_else(|| payment.paid_by(), |id| payment.attempt(id))
    }

    /// The merchant's own number, if the merchant asked for it.
    pub fn refund_no(&self) -> Option<&str> {
        match &self.origin {
            Origin::Merchant(refund_no) => Some(refund_no),
            Origin::Unexpected => None,
        }
    }

    pub(crate) fn keys(&self) -> Vec<Key> {
        let named = self.refund_no().map(|refund_no| Key::RefundNo(self.merchant, refund_no.to_owned()));
        let order = self.wechat.iter().map(|refund| Key::WechatRefund(refund.refund_id.clone()));
        named.into_iter().chain(order).collect()
    }

    pub(crate) fn lists(&self) -> Vec<List> {
        let of_payment = List::RefundsOf(self.payment);
        match self.origin {
            Origin::Merchant(_) => vec![List::Refunds(self.merchant), of_payment],
            Origin::Unexpected => vec![of_payment],
        }
    }
}
