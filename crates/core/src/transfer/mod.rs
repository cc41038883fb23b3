//! Transfers: money that its sender offers to a payer, who accepts it or does not.
//!
//! ```text
//!             accept
//!   offered ──────────▶ accepted      of a payer, also at once
//!      │
//!      └─ withdraw, decline, expire ──▶ returned
//! ```
//!
//! **Invariants.** The money leaves the sender in the step that makes the offer and rests in
//! `platform/transfers` until the offer ends, so the balance of that account is the sum of all offers. (A batch of
//! WeChat Pay's interface has its sum there, too, until its details have ended; each that is paid is made accepted.)
//! An offer ends once: accepted or returned, whole. From the instant at which its time is over it cannot be
//! accepted, and before that instant it does not expire.
//!
//! A payer's transfer that its recipient has at once ([`send`]) never rests anywhere: its money goes from balance to
//! balance.
//!
//! **Absent on purpose:** who may ask for what. The doors know whether it is the sender or the recipient that asks.

pub mod machine;
pub mod payee;
pub mod send;
pub mod steps;

use serde::{Deserialize, Serialize};
use tongbao_money::Money;

use crate::{
    Key, List, Time,
    id::{AppId, CollectionCodeId, MerchantId, PayerId, TransferId, WechatTransferBatchId},
    ledger::Account,
    wechat::WechatTransfer,
};

/// Whose money it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sender {
    /// A merchant's, from the takings that its refunds are taken from.
    Merchant {
        /// The merchant.
        merchant: MerchantId,
        /// The app that asked, and that is told.
        app: AppId,
        /// The merchant's own number, unique for ever; that of a detail is unique in its batch.
        transfer_no: String,
    },
    /// A payer's, from the balance.
    Payer {
        /// The payer.
        payer: PayerId,
        /// The number of the payer's request, by which asking twice moves money once.
        number: String,
    },
}

impl Sender {
    /// The account that the money leaves, and returns to.
    pub const fn account(&self) -> Account {
        match self {
            Sender::Merchant { merchant, .. } => source(*merchant),
            Sender::Payer { payer, .. } => Account::PayerAvailable(*payer),
        }
    }

    /// The number that its sender gave it.
    pub fn number(&self) -> &str {
        match self {
            Sender::Merchant { transfer_no, .. } => transfer_no,
            Sender::Payer { number, .. } => number,
        }
    }

    /// The payer, if it is one.
    pub const fn payer(&self) -> Option<PayerId> {
        match self {
            Sender::Merchant { .. } => None,
            Sender::Payer { payer, .. } => Some(*payer),
        }
    }
}

/// The account that a merchant's transfers are taken from.
pub(crate) const fn source(merchant: MerchantId) -> Account {
    Account::MerchantPending(merchant)
}

/// Why an offer was returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnReason {
    /// The sender took it back.
    Withdrawn,
    /// Nobody accepted it in time.
    Expired,
    /// The recipient did not want it.
    Declined,
}

impl ReturnReason {
    /// The name merchants see.
    pub const fn name(self) -> &'static str {
        match self {
            ReturnReason::Withdrawn => "withdrawn",
            ReturnReason::Expired => "expired",
            ReturnReason::Declined => "declined",
        }
    }
}

/// Where a transfer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferStatus {
    /// Taken from the sender; the recipient has not accepted it.
    Offered,
    /// With the recipient.
    Accepted,
    /// With the sender again.
    Returned(ReturnReason),
}

impl TransferStatus {
    /// The name merchants see.
    pub const fn name(self) -> &'static str {
        match self {
            TransferStatus::Offered => "offered",
            TransferStatus::Accepted => "accepted",
            TransferStatus::Returned(_) => "returned",
        }
    }
}

/// Which detail of a batch of WeChat Pay's interface a transfer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetailOf {
    /// The batch.
    pub batch: WechatTransferBatchId,
    /// Which of its details: counts from 0.
    pub place: u32,
}

/// A transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Its id.
    pub id: TransferId,
    /// How often it changed.
    pub version: u32,
    /// Whose money it was.
    pub sender: Sender,
    /// Who is to have it.
    pub recipient: PayerId,
    /// How much.
    pub money: Money,
    /// What for, for the recipient to read; a payer may say nothing.
    pub remark: String,
    /// Where it stands.
    pub status: TransferStatus,
    /// When it was offered.
    pub created_at: Time,
    /// The instant from which it cannot be accepted.
    pub expires_at: Time,
    /// When it was accepted or returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Time>,
    /// What it remembers as a transfer bill of WeChat Pay's interface, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wechat: Option<Box<WechatTransfer>>,
    /// Which detail of a batch it pays, if it is of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<DetailOf>,
    /// Which collection code was scanned for it, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection: Option<CollectionCodeId>,
}

impl Transfer {
    /// Whether it is a bill of this merchant number of WeChat Pay's interface.
    pub fn is_bill_of(&self, mchid: &str) -> bool {
        self.wechat.as_ref().is_some_and(|bill| bill.terms.mchid == mchid)
    }

    pub(crate) fn keys(&self) -> Vec<Key> {
        let number = match (&self.sender, self.detail) {
            (_, Some(DetailOf { batch, place })) => Key::WechatTransferDetail(batch, place),
            (Sender::Merchant { merchant, transfer_no, .. }, None) => {
                Key::TransferNo(*merchant, transfer_no.clone())
            }
            (Sender::Payer { payer, number }, None) => Key::PayerTransferNo(*payer, number.clone()),
        };
        let bill = self.wechat.iter().map(|bill| Key::WechatTransfer(bill.transfer_bill_no.clone()));
        std::iter::once(number).chain(bill).collect()
    }

    pub(crate) fn lists(&self) -> Vec<List> {
        let sent = match &self.sender {
            Sender::Merchant { merchant, .. } => List::Transfers(*merchant),
            Sender::Payer { payer, .. } => List::TransfersBy(*payer),
        };
        vec![sent, List::TransfersTo(self.recipient)]
    }
}
