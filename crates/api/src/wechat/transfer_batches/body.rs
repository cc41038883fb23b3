//! The wire forms of batches and their details.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tongbao_channel::wechat::{
    error::{Location, Refusal},
    time::rfc3339_ms,
};
use tongbao_core::{
    Time,
    limits::{PAYMENT_AMOUNT_MAX, WECHAT_TRANSFER_DETAILS_MAX},
    wechat::{
        WechatTransferBatch,
        transfer_batch::{BatchTerms, DetailStatus, FailReason, TransferDetail},
    },
};

use crate::wechat::{
    Door,
    auth::Call,
    fields::{amount, notify_url, optional, text, wrong},
    transfers::{check_name, own_number},
};

/// Characters of a name or a remark, by the documents.
const TEXT_CHARS_MAX: usize = 32;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateBatch {
    pub(super) appid: String,
    out_batch_no: String,
    batch_name: String,
    batch_remark: String,
    total_amount: i64,
    total_num: i64,
    pub(super) transfer_detail_list: Vec<DetailInput>,
    transfer_scene_id: Option<String>,
    notify_url: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DetailInput {
    out_detail_no: String,
    transfer_amount: i64,
    transfer_remark: String,
    pub(super) openid: String,
    pub(super) user_name: Option<String>,
}

/// The JSON Pointer of a field of the detail at this place.
pub(super) fn field_of(place: usize, name: &str) -> String {
    format!("/transfer_detail_list/{place}/{name}")
}

impl CreateBatch {
    /// Checks everything that can be checked without keys.
    pub(super) fn check(&self, door: &Door) -> Result<(), Refusal> {
        text("/appid", &self.appid, 32)?;
        own_number("/out_batch_no", &self.out_batch_no, Location::Body)?;
        text("/batch_name", &self.batch_name, TEXT_CHARS_MAX)?;
        text("/batch_remark", &self.batch_remark, TEXT_CHARS_MAX)?;
        optional("/transfer_scene_id", self.transfer_scene_id.as_ref(), 36)?;
        if let Some(url) = &self.notify_url {
            notify_url("/notify_url", url, door.api.engine.mode.webhook_policy())?;
        }
        amount("/total_amount", self.total_amount)?;
        if !(1..=WECHAT_TRANSFER_DETAILS_MAX).contains(&self.transfer_detail_list.len()) {
            return Err(wrong("/transfer_detail_list", "须有1至1000项", Location::Body));
        }
        self.check_details()
    }

    fn check_details(&self) -> Result<(), Refusal> {
        let (mut numbers, mut sum) = (BTreeSet::new(), 0_i64);
        let named = self.transfer_detail_list.first().is_some_and(|first| first.user_name.is_some());
        for (place, detail) in self.transfer_detail_list.iter().enumerate() {
            let field = |name| field_of(place, name);
            own_number(&field("out_detail_no"), &detail.out_detail_no, Location::Body)?;
            if !numbers.insert(detail.out_detail_no.as_str()) {
                return Err(wrong(&field("out_detail_no"), "在批次内不能重复", Location::Body));
            }
            let read = amount(&field("transfer_amount"), detail.transfer_amount)?;
            if read > PAYMENT_AMOUNT_MAX {
                return Err(wrong(&field("transfer_amount"), "超出单笔转账限额", Location::Body));
            }
            text(&field("transfer_remark"), &detail.transfer_remark, TEXT_CHARS_MAX)?;
            text(&field("openid"), &detail.openid, 128)?;
            check_name(&field("user_name"), detail.transfer_amount, detail.user_name.as_deref())?;
            if detail.user_name.is_some() != named {
                let must = "须全部填写，或全部不填写";
                return Err(wrong(&field("user_name"), must, Location::Body));
            }
            sum = sum.saturating_add(read.minor());
        }
        if i64::try_from(numbers.len()) != Ok(self.total_num) {
            return Err(wrong("/total_num", "与转账明细的笔数不一致", Location::Body));
        }
        if sum != self.total_amount {
            return Err(wrong("/total_amount", "与转账明细的金额之和不一致", Location::Body));
        }
        Ok(())
    }

    /// What the core keeps beside the details.
    pub(super) fn terms(self, call: &Call) -> BatchTerms {
        BatchTerms {
            mchid: call.mchid().to_owned(),
            appid: self.appid,
            out_batch_no: self.out_batch_no,
            name: self.batch_name,
            remark: self.batch_remark,
            scene_id: self.transfer_scene_id,
            notify_url: self.notify_url,
        }
    }
}

impl DetailInput {
    /// A detail for the core, without what takes keys: whom the openid names, and the name.
    pub(super) fn read(self, place: usize) -> Result<TransferDetail, Refusal> {
        Ok(TransferDetail {
            out_detail_no: self.out_detail_no,
            amount: amount(&field_of(place, "transfer_amount"), self.transfer_amount)?,
            remark: self.transfer_remark,
            openid: self.openid,
            recipient: None,
            name: None,
        })
    }
}

/// The state of a batch, as it is spelt there.
fn batch_status(batch: &WechatTransferBatch) -> &'static str {
    match batch.ended() {
        _ if batch.is_finished() => "FINISHED",
        0 => "ACCEPTED",
        _ => "PROCESSING",
    }
}

/// The state of a detail, as it is spelt there.
pub(super) const fn detail_status(status: DetailStatus) -> &'static str {
    match status {
        DetailStatus::Waiting => "PROCESSING",
        DetailStatus::Paid => "SUCCESS",
        DetailStatus::Failed(_) => "FAIL",
    }
}

const fn fail_reason(reason: FailReason) -> &'static str {
    match reason {
        FailReason::UnknownOpenid => "OPENID_INVALID",
        FailReason::UnknownRecipient => "ACCOUNT_NOT_EXIST",
    }
}

/// What asking for a batch is answered with.
#[derive(Debug, Serialize)]
pub(super) struct CreatedBody {
    out_batch_no: String,
    batch_id: String,
    create_time: String,
    batch_status: &'static str,
}

impl CreatedBody {
    pub(super) fn of(batch: &WechatTransferBatch) -> CreatedBody {
        CreatedBody {
            out_batch_no: batch.terms.out_batch_no.clone(),
            batch_id: batch.batch_id.clone(),
            create_time: rfc3339_ms(batch.created_at),
            batch_status: batch_status(batch),
        }
    }
}

/// A batch as queries answer it, with a page of its details if they were asked for.
#[derive(Debug, Serialize)]
pub(super) struct PageBody {
    pub(super) transfer_batch: BatchBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) transfer_detail_list: Option<Vec<DetailLine>>,
    pub(super) offset: u32,
    pub(super) limit: u32,
}

#[derive(Debug, Serialize)]
pub(super) struct BatchBody {
    mchid: String,
    out_batch_no: String,
    batch_id: String,
    appid: String,
    batch_status: &'static str,
    batch_type: &'static str,
    batch_name: String,
    batch_remark: String,
    total_amount: i64,
    total_num: u32,
    create_time: String,
    update_time: String,
    success_amount: i64,
    success_num: u32,
    fail_amount: i64,
    fail_num: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer_scene_id: Option<String>,
}

impl BatchBody {
    pub(super) fn of(batch: &WechatTransferBatch) -> BatchBody {
        let terms = batch.terms.clone();
        BatchBody {
            mchid: terms.mchid,
            out_batch_no: terms.out_batch_no,
            batch_id: batch.batch_id.clone(),
            appid: terms.appid,
            batch_status: batch_status(batch),
            batch_type: "API",
            batch_name: terms.name,
            batch_remark: terms.remark,
            total_amount: batch.total.amount.minor(),
            total_num: batch.total.count,
            create_time: rfc3339_ms(batch.created_at),
            update_time: rfc3339_ms(batch.updated_at),
            success_amount: batch.paid.amount.minor(),
            success_num: batch.paid.count,
            fail_amount: batch.failed().amount.minor(),
            fail_num: batch.failed().count,
            transfer_scene_id: terms.scene_id,
        }
    }
}

/// A detail in the page of a batch.
#[derive(Debug, Serialize)]
pub(super) struct DetailLine {
    pub(super) detail_id: String,
    pub(super) out_detail_no: String,
    pub(super) detail_status: &'static str,
}

/// A detail as queries answer it.
#[derive(Debug, Serialize)]
pub(super) struct DetailBody {
    mchid: String,
    out_batch_no: String,
    batch_id: String,
    appid: String,
    out_detail_no: String,
    detail_id: String,
    detail_status: &'static str,
    transfer_amount: i64,
    transfer_remark: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fail_reason: Option<&'static str>,
    openid: String,
    /// Encrypted for the certificate that signed the query.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<String>,
    initiate_time: String,
    update_time: String,
}

impl DetailBody {
    /// `paid_at` is when its recipient had it, if it was paid.
    pub(super) fn of(
        batch: &WechatTransferBatch,
        (place, detail): (u32, &TransferDetail),
        paid_at: Option<Time>,
        user_name: Option<String>,
    ) -> DetailBody {
        let status = batch.status(place);
        let (fail_reason, failed_at) = match status {
            DetailStatus::Failed(failed) => (Some(fail_reason(failed.reason)), Some(failed.at)),
            DetailStatus::Waiting | DetailStatus::Paid => (None, None),
        };
        DetailBody {
            mchid: batch.terms.mchid.clone(),
            out_batch_no: batch.terms.out_batch_no.clone(),
            batch_id: batch.batch_id.clone(),
            appid: batch.terms.appid.clone(),
            out_detail_no: detail.out_detail_no.clone(),
            detail_id: batch.detail_id(place),
            detail_status: detail_status(status),
            transfer_amount: detail.amount.minor(),
            transfer_remark: detail.remark.clone(),
            fail_reason,
            openid: detail.openid.clone(),
            user_name,
            initiate_time: rfc3339_ms(batch.created_at),
            update_time: rfc3339_ms(failed_at.or(paid_at).unwrap_or(batch.created_at)),
        }
    }
}

/// A finished batch as its notification tells it.
#[derive(Debug, Serialize)]
pub(crate) struct BatchNotice {
    mchid: String,
    out_batch_no: String,
    batch_id: String,
    batch_status: &'static str,
    total_num: u32,
    total_amount: i64,
    success_amount: i64,
    success_num: u32,
    fail_amount: i64,
    fail_num: u32,
    update_time: String,
}

impl BatchNotice {
    pub(crate) fn of(batch: &WechatTransferBatch) -> BatchNotice {
        let failed = batch.failed();
        BatchNotice {
            mchid: batch.terms.mchid.clone(),
            out_batch_no: batch.terms.out_batch_no.clone(),
            batch_id: batch.batch_id.clone(),
            batch_status: batch_status(batch),
            total_num: batch.total.count,
            total_amount: batch.total.amount.minor(),
            success_amount: batch.paid.amount.minor(),
            success_num: batch.paid.count,
            fail_amount: failed.amount.minor(),
            fail_num: failed.count,
            update_time: rfc3339_ms(batch.updated_at),
        }
    }
}
