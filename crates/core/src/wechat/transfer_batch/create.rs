//! Accepting a batch, and finding the one that an equal request made.

use std::collections::BTreeSet;

use tongbao_money::Amount;

use super::{BatchTerms, Tally, TransferDetail, WechatTransferBatch, WechatTransferList, details, yuan};
use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop, Task, Work,
    id::{WechatTransferBatchId, WechatTransferListId},
    ledger::template,
    limits::{PAYMENT_AMOUNT_MAX, REASON_CHARS_MAX, WECHAT_TRANSFER_DETAILS_MAX},
    payment::create::{is_order_no, is_text},
    transfer,
    wechat::{merchant, number},
};

/// A batch to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTransferBatch {
    /// What is asked for, beside the details.
    pub terms: BatchTerms,
    /// The details.
    pub details: Vec<TransferDetail>,
    /// Whether who asks verifies with the public key.
    pub by_public_key: bool,
}

impl NewTransferBatch {
    /// What the details come to, if they are in order.
    fn check(&self) -> Result<Tally, Refusal> {
        let invalid = |param, must| Err(Refusal::Invalid { param, must });
        let number = "1 to 64 letters, digits or characters of _-|*.:/@";
        let text = "1 to 256 characters without control characters";
        if !is_order_no(&self.terms.out_batch_no) {
            return invalid("out_batch_no", number);
        }
        if !is_text(&self.terms.name, REASON_CHARS_MAX) {
            return invalid("batch_name", text);
        }
        if !is_text(&self.terms.remark, REASON_CHARS_MAX) {
            return invalid("batch_remark", text);
        }
        if !(1..=WECHAT_TRANSFER_DETAILS_MAX).contains(&self.details.len()) {
            return invalid("transfer_detail_list", "from 1 to 1000 details");
        }
        let (mut numbers, mut total) = (BTreeSet::new(), Tally::default());
        for detail in &self.details {
            if !is_order_no(&detail.out_detail_no) || !numbers.insert(&detail.out_detail_no) {
                return invalid("out_detail_no", number);
            }
            if detail.amount == Amount::ZERO || detail.amount > PAYMENT_AMOUNT_MAX {
                return invalid("transfer_amount", "from 1 to 10000000000 minor units");
            }
            if !is_text(&detail.remark, REASON_CHARS_MAX) {
                return invalid("transfer_remark", text);
            }
            total = total.with(detail.amount);
        }
        Ok(total)
    }
}

/// What became of asking for a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It was made, now or before.
    Made(Box<WechatTransferBatch>),
    /// There is no such merchant.
    UnknownMerchant,
    /// The appid is not bound to the merchant.
    AppidNotBound,
    /// The number was used with other content.
    Differs,
    /// The merchant has not that much.
    NotEnough,
}

/// Accepts a batch: takes its whole sum from the merchant, who must have it, and plans the paying; or finds the
/// one that an equal request made.
pub fn create(
    facts: &dyn Facts,
    cx: &mut Context,
    new: &NewTransferBatch,
) -> Result<(ChangeSet, Accepted), Stop> {
    let none = |accepted| Ok((ChangeSet::default(), accepted));
    let total = new.check()?;
    let merchant = match merchant::known(facts, &new.terms.mchid) {
        Err(Stop::Refuse(Refusal::NotFound(_))) => return none(Accepted::UnknownMerchant),
        known => known?,
    };
    if !merchant.appids.contains(&new.terms.appid) {
        return none(Accepted::AppidNotBound);
    }
    let number = Key::WechatTransferBatchNo(merchant.merchant, new.terms.out_batch_no.clone());
    if let Some(earlier) = facts.find::<WechatTransferBatch>(&number)? {
        let same = earlier.terms == new.terms && are_same(details(facts, earlier)?, &new.details);
        return none(if same { Accepted::Made(Box::new(earlier.clone())) } else { Accepted::Differs });
    }
    let (source, money) = (transfer::source(merchant.merchant), yuan(total.amount));
    if facts.account(&source.of(money.currency))?.balance() < money.amount.minor() {
        return none(Accepted::NotEnough);
    }
    let (id, list): (WechatTransferBatchId, WechatTransferListId) = (cx.draw(), cx.draw());
    let batch = WechatTransferBatch {
        id,
        version: 1,
        merchant: merchant.merchant,
        app: merchant.app,
        terms: new.terms.clone(),
        batch_id: number::transfer_batch_id(facts, id.into())?,
        list,
        total,
        paid: Tally::default(),
        returned: Amount::ZERO,
        failed: Vec::new(),
        by_public_key: new.by_public_key,
        created_at: cx.at(),
        updated_at: cx.at(),
    };
    let mut change = ChangeSet::default();
    change.postings.extend(template::transfer(source, money, id.into()));
    change.tasks.push(Task::new(cx.at(), Work::PayTransferBatch(id)));
    change.put(WechatTransferList { id: list, version: 1, batch: id, details: new.details.clone() });
    change.put(batch.clone());
    Ok((change, Accepted::Made(Box::new(batch))))
}

/// Whether these are the same details, asked for again. A name is sealed anew each time; its digest tells.
fn are_same(earlier: &[TransferDetail], new: &[TransferDetail]) -> bool {
    let unsealed = |detail: &TransferDetail| {
        let mut detail = detail.clone();
        if let Some(name) = &mut detail.name {
            name.sealed = String::new();
        }
        detail
    };
    earlier.len() == new.len()
        && earlier.iter().zip(new).all(|(earlier, new)| unsealed(earlier) == unsealed(new))
}
