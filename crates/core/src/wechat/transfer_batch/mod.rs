//! Batches of transfers (商家批量转账): up to a thousand details that are asked for at once, and that nobody has to
//! confirm.
//!
//! ```text
//!   create ──▶ accepted ── pay ──▶ processing ── pay ──▶ … ──▶ finished
//! ```
//!
//! The sum of all details leaves the merchant in the step that accepts the batch, and rests in
//! `platform/transfers`. A task then ends a few details in each step: a detail is paid, by a transfer that its
//! recipient has at once, or it has failed and the merchant has its money back.
//!
//! **Invariants.** Details end in their order, each in one step with its money: the first `ended()` of them have
//! ended, no other has. What lies in `platform/transfers` for a batch is `total` less `paid` less `failed`. A
//! finished batch never changes.
//!
//! **Absent on purpose:** closing a batch, and whatever WeChat Pay's merchants do on a page before a batch is paid.
//! The names of recipients: they are kept and compared with nothing, because no names are on file.

mod create;
mod steps;

use serde::{Deserialize, Serialize};
use tongbao_money::{Amount, Currency, Money};

use super::{number, transfer::SealedName};
use crate::{
    Facts, Key, Refusal, Stop, Time,
    id::{AppId, MerchantId, PayerId, WechatTransferBatchId, WechatTransferListId},
    ledger::Account,
    limits::WECHAT_TRANSFER_QUERY_WINDOW_MS,
    transfer,
};

pub use create::{Accepted, NewTransferBatch, create};
pub use steps::pay;

/// What was asked for, beside the details. It never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchTerms {
    /// The merchant number.
    pub mchid: String,
    /// For which official account, mini program or app.
    pub appid: String,
    /// The merchant's own number, unique for ever.
    pub out_batch_no: String,
    /// What the merchant calls it.
    pub name: String,
    /// What it is for.
    pub remark: String,
    /// What kind of transfers they are (转账场景).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scene_id: Option<String>,
    /// Where its end is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify_url: Option<String>,
}

/// How many details, and what they come to in fen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// How many.
    pub count: u32,
    /// Their sum.
    pub amount: Amount,
}

impl Tally {
    /// With one more detail. A thousand of them are far below what an amount can be.
    #[must_use]
    pub fn with(self, amount: Amount) -> Tally {
        Tally { count: self.count.saturating_add(1), amount: self.amount.plus(amount).unwrap_or(Amount::MAX) }
    }
}

/// One transfer of a batch, as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferDetail {
    /// The merchant's own number, unique in its batch.
    pub out_detail_no: String,
    /// How much, in fen.
    pub amount: Amount,
    /// What for, for the recipient to read.
    pub remark: String,
    /// The recipient, as the batch's app names its users.
    pub openid: String,
    /// Whom the openid names; `None` if it was not given out here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<PayerId>,
    /// The recipient's name, if the merchant gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<SealedName>,
}

impl TransferDetail {
    /// How much.
    pub const fn money(&self) -> Money {
        yuan(self.amount)
    }
}

/// The details of a batch, in the order in which they were asked for. They never change, so that what does is
/// small.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WechatTransferList {
    /// Its id.
    pub id: WechatTransferListId,
    /// Always 1.
    pub version: u32,
    /// Of which batch.
    pub batch: WechatTransferBatchId,
    /// The details.
    pub details: Vec<TransferDetail>,
}

/// Why a detail was not paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailReason {
    /// The openid was not given out here.
    UnknownOpenid,
    /// The openid was given out here, and its payer is gone.
    UnknownRecipient,
}

/// A detail that was not paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedDetail {
    /// Which: counts from 0.
    pub place: u32,
    /// Why.
    pub reason: FailReason,
    /// When the merchant had its money back.
    pub at: Time,
}

/// Where a detail stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DetailStatus {
    /// Its turn has not come.
    Waiting,
    /// With its recipient.
    Paid,
    /// With the merchant again.
    Failed(FailedDetail),
}

/// A batch of transfers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WechatTransferBatch {
    /// Its id.
    pub id: WechatTransferBatchId,
    /// How often it changed.
    pub version: u32,
    /// Whose money it was.
    pub merchant: MerchantId,
    /// The app that asked, and that is told.
    pub app: AppId,
    /// What was asked for.
    pub terms: BatchTerms,
    /// The platform's number (微信批次单号).
    pub batch_id: String,
    /// Its details.
    pub list: WechatTransferListId,
    /// All details.
    pub total: Tally,
    /// Those that were paid.
    pub paid: Tally,
    /// The sum of those that were not, in fen.
    pub returned: Amount,
    /// Those that were not, in their order.
    pub failed: Vec<FailedDetail>,
    /// Whether who asked for it verifies with the public key. Its notification is then signed with that.
    #[serde(default)]
    pub by_public_key: bool,
    /// When it was accepted.
    pub created_at: Time,
    /// When a detail of it ended last, or when it was accepted.
    pub updated_at: Time,
}

impl WechatTransferBatch {
    /// How many details have not been paid, and what they come to.
    pub fn failed(&self) -> Tally {
        Tally { count: u32::try_from(self.failed.len()).unwrap_or(u32::MAX), amount: self.returned }
    }

    /// How many details have ended.
    pub fn ended(&self) -> u32 {
        self.paid.count.saturating_add(self.failed().count)
    }

    /// Whether all of them have.
    pub fn is_finished(&self) -> bool {
        self.ended() >= self.total.count
    }

    /// Where the detail at this place stands.
    pub fn status(&self, place: u32) -> DetailStatus {
        if place >= self.ended() {
            return DetailStatus::Waiting;
        }
        let found = self.failed.binary_search_by_key(&place, |failed| failed.place);
        let failed = found.ok().and_then(|at| self.failed.get(at));
        failed.map_or(DetailStatus::Paid, |failed| DetailStatus::Failed(*failed))
    }

    /// The platform's number (微信明细单号) of the detail at this place.
    pub fn detail_id(&self, place: u32) -> String {
        number::transfer_detail_id(self.id.into(), place)
    }

    /// Whether it is one of this merchant number that can still be asked for: for 30 days.
    pub fn is_shown(&self, mchid: &str, at: Time) -> bool {
        self.terms.mchid == mchid && at.since_ms(self.created_at) <= WECHAT_TRANSFER_QUERY_WINDOW_MS
    }

    const fn account(&self) -> Account {
        transfer::source(self.merchant)
    }

    pub(crate) fn keys(&self) -> Vec<Key> {
        vec![
            Key::WechatTransferBatchNo(self.merchant, self.terms.out_batch_no.clone()),
            Key::WechatTransferBatch(self.batch_id.clone()),
        ]
    }
}

/// These transfers have one currency.
const fn yuan(amount: Amount) -> Money {
    Money { amount, currency: Currency::CNY }
}

/// The batch with this id.
pub fn known(facts: &dyn Facts, id: WechatTransferBatchId) -> Result<&WechatTransferBatch, Stop> {
    Ok(facts.get::<WechatTransferBatch>(id)?.ok_or(Refusal::NotFound("transfer batch"))?)
}

/// The details of a batch, which are made with it.
fn details<'a>(facts: &'a dyn Facts, batch: &WechatTransferBatch) -> Result<&'a [TransferDetail], Stop> {
    let list = facts.get::<WechatTransferList>(batch.list)?;
    Ok(&list.ok_or(Refusal::NotFound("transfer list"))?.details)
}
