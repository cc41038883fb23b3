//! The wire forms of transfer bills.

use serde::{Deserialize, Serialize};
use tongbao_channel::wechat::{
    error::{InternalCode, Location, Refusal},
    time::rfc3339,
};
use tongbao_core::{
    id::PayerId,
    transfer::{ReturnReason, Transfer, TransferStatus},
    wechat::{
        WechatTransfer,
        transfer::{NewTransferBill, SceneReport, SealedName, TransferTerms},
    },
};
use tongbao_engine::wechat::transfer::package_info;
use tongbao_money::{Currency, Money};

use crate::wechat::{
    Door,
    auth::Call,
    fields::{amount, notify_url, optional, text, wrong},
};

/// From this amount on, in fen, the recipient's name must be given: 2,000 yuan, by the documents.
const NAME_NEEDED_FROM: i64 = 200_000;
/// Below this amount, in fen, it must not be: 0.3 yuan, by the documents.
const NAME_ALLOWED_FROM: i64 = 30;
/// Characters of an encrypted name.
const NAME_CIPHERTEXT_CHARS_MAX: usize = 1_024;
/// Reports of one bill. The documents name none with more than a few; the bound is ours.
const REPORTS_MAX: usize = 10;
/// Characters of a report's type and content. The bounds are ours.
const REPORT_TYPE_CHARS_MAX: usize = 64;
/// See [`REPORT_TYPE_CHARS_MAX`].
const REPORT_CONTENT_CHARS_MAX: usize = 256;
/// Characters of what the recipient is to take the money for: that of authorisations, in the same documents.
const PERCEPTION_CHARS_MAX: usize = 256;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateBill {
    pub(super) appid: String,
    out_bill_no: String,
    transfer_scene_id: String,
    pub(super) openid: String,
    pub(super) user_name: Option<String>,
    transfer_amount: i64,
    transfer_remark: String,
    notify_url: Option<String>,
    user_recv_perception: Option<String>,
    transfer_scene_report_infos: Vec<ReportBody>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReportBody {
    info_type: String,
    info_content: String,
}

/// A bill number: 1 to 32 digits or letters.
pub(in crate::wechat) fn out_bill_no(field: &str, value: &str, location: Location) -> Result<(), Refusal> {
    let fits = (1..=32).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let must = "须为1至32个字符，只能是数字、大小写字母";
    if fits { Ok(()) } else { Err(wrong(field, must, location)) }
}

/// A recipient's name, still encrypted: it must be there from one amount on and must not be below another.
pub(in crate::wechat) fn check_name(field: &str, minor: i64, name: Option<&str>) -> Result<(), Refusal> {
    match name {
        None if minor >= NAME_NEEDED_FROM => {
            let must = "转账金额大于等于2000元时，收款用户姓名必填";
            Err(Refusal::parameter(field, must, Location::Body))
        }
        Some(_) if minor < NAME_ALLOWED_FROM => {
            let must = "转账金额小于0.3元时，不允许填写收款用户姓名";
            Err(Refusal::parameter(field, must, Location::Body).numbered(InternalCode::EXTRA_PARAMETER))
        }
        Some(name) => text(field, name, NAME_CIPHERTEXT_CHARS_MAX),
        None => Ok(()),
    }
}

impl CreateBill {
    /// Checks everything that can be checked without keys.
    pub(super) fn check(&self, door: &Door) -> Result<(), Refusal> {
        text("/appid", &self.appid, 32)?;
        out_bill_no("/out_bill_no", &self.out_bill_no, Location::Body)?;
        text("/transfer_scene_id", &self.transfer_scene_id, 36)?;
        text("/openid", &self.openid, 64)?;
        text("/transfer_remark", &self.transfer_remark, 32)?;
        optional("/user_recv_perception", self.user_recv_perception.as_ref(), PERCEPTION_CHARS_MAX)?;
        if let Some(url) = &self.notify_url {
            notify_url("/notify_url", url, door.api.engine.mode.webhook_policy())?;
        }
        amount("/transfer_amount", self.transfer_amount)?;
        check_name("/user_name", self.transfer_amount, self.user_name.as_deref())?;
        if !(1..=REPORTS_MAX).contains(&self.transfer_scene_report_infos.len()) {
            return Err(wrong("/transfer_scene_report_infos", "须有1至10项", Location::Body));
        }
        for (at, report) in self.transfer_scene_report_infos.iter().enumerate() {
            let field = |name| format!("/transfer_scene_report_infos/{at}/{name}");
            text(&field("info_type"), &report.info_type, REPORT_TYPE_CHARS_MAX)?;
            text(&field("info_content"), &report.info_content, REPORT_CONTENT_CHARS_MAX)?;
        }
        Ok(())
    }

    /// The input of the core.
    pub(super) fn read(
        self,
        call: &Call,
        recipient: PayerId,
        name: Option<SealedName>,
    ) -> Result<NewTransferBill, Refusal> {
        let money =
            Money { amount: amount("/transfer_amount", self.transfer_amount)?, currency: Currency::CNY };
        let report = |report: ReportBody| SceneReport {
            info_type: report.info_type,
            info_content: report.info_content,
        };
        let terms = TransferTerms {
            mchid: call.mchid().to_owned(),
            appid: self.appid,
            openid: self.openid,
            scene_id: self.transfer_scene_id,
            perception: self.user_recv_perception,
            reports: self.transfer_scene_report_infos.into_iter().map(report).collect(),
            notify_url: self.notify_url,
        };
        let (out_bill_no, remark) = (self.out_bill_no, self.transfer_remark);
        let by_public_key = call.by_public_key;
        Ok(NewTransferBill { out_bill_no, money, recipient, remark, terms, name, by_public_key })
    }
}

/// The state of a bill, as it is spelt there.
fn state(transfer: &Transfer) -> &'static str {
    match transfer.status {
        TransferStatus::Offered => "WAIT_USER_CONFIRM",
        TransferStatus::Accepted => "SUCCESS",
        TransferStatus::Returned(ReturnReason::Withdrawn) => "CANCELLED",
        // Only payers' transfers are declined, and they are no bills of this interface.
        TransferStatus::Returned(ReturnReason::Expired | ReturnReason::Declined) => "FAIL",
    }
}

fn fail_reason(transfer: &Transfer) -> Option<&'static str> {
    match transfer.status {
        TransferStatus::Offered
        | TransferStatus::Accepted
        | TransferStatus::Returned(ReturnReason::Withdrawn | ReturnReason::Declined) => None,
        TransferStatus::Returned(ReturnReason::Expired) => Some("OVERDUE_CLOSE"),
    }
}

fn update_time(transfer: &Transfer) -> String {
    rfc3339(transfer.ended_at.unwrap_or(transfer.created_at))
}

/// What asking for a transfer is answered with.
#[derive(Debug, Serialize)]
pub(super) struct CreatedBody {
    out_bill_no: String,
    transfer_bill_no: String,
    create_time: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fail_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    package_info: Option<String>,
}

impl CreatedBody {
    /// `None` for a transfer that is no bill of this interface.
    pub(super) fn of(transfer: &Transfer) -> Option<CreatedBody> {
        let bill = transfer.wechat.as_ref()?;
        let waits = transfer.status == TransferStatus::Offered;
        Some(CreatedBody {
            out_bill_no: transfer.sender.number().to_owned(),
            transfer_bill_no: bill.transfer_bill_no.clone(),
            create_time: rfc3339(transfer.created_at),
            state: state(transfer),
            fail_reason: fail_reason(transfer),
            package_info: waits.then(|| package_info(transfer.id)),
        })
    }
}

/// What cancelling is answered with.
#[derive(Debug, Serialize)]
pub(super) struct CancelledBody {
    out_bill_no: String,
    transfer_bill_no: String,
    state: &'static str,
    update_time: String,
}

impl CancelledBody {
    /// `None` for a transfer that is no bill of this interface.
    pub(super) fn of(transfer: &Transfer) -> Option<CancelledBody> {
        let bill = transfer.wechat.as_ref()?;
        Some(CancelledBody {
            out_bill_no: transfer.sender.number().to_owned(),
            transfer_bill_no: bill.transfer_bill_no.clone(),
            state: state(transfer),
            update_time: update_time(transfer),
        })
    }
}

/// A bill as queries answer it.
#[derive(Debug, Serialize)]
pub(super) struct BillBody {
    mch_id: String,
    out_bill_no: String,
    transfer_bill_no: String,
    appid: String,
    state: &'static str,
    transfer_amount: i64,
    transfer_remark: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fail_reason: Option<&'static str>,
    openid: String,
    /// Encrypted for the certificate that signed the query.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<String>,
    create_time: String,
    update_time: String,
}

impl BillBody {
    pub(super) fn of(transfer: &Transfer, bill: &WechatTransfer, user_name: Option<String>) -> BillBody {
        BillBody {
            mch_id: bill.terms.mchid.clone(),
            out_bill_no: transfer.sender.number().to_owned(),
            transfer_bill_no: bill.transfer_bill_no.clone(),
            appid: bill.terms.appid.clone(),
            state: state(transfer),
            transfer_amount: transfer.money.amount.minor(),
            transfer_remark: transfer.remark.clone(),
            fail_reason: fail_reason(transfer),
            openid: bill.terms.openid.clone(),
            user_name,
            create_time: rfc3339(transfer.created_at),
            update_time: update_time(transfer),
        }
    }
}

/// A bill as notifications tell it. The sources disagree on the name of the merchant's number, so both are there.
#[derive(Debug, Serialize)]
pub(crate) struct BillNotice {
    out_bill_no: String,
    transfer_bill_no: String,
    state: &'static str,
    mch_id: String,
    mchid: String,
    transfer_amount: i64,
    openid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fail_reason: Option<&'static str>,
    create_time: String,
    update_time: String,
}

impl BillNotice {
    /// `None` for a transfer that is no bill of this interface.
    pub(crate) fn of(transfer: &Transfer) -> Option<BillNotice> {
        let bill = transfer.wechat.as_ref()?;
        Some(BillNotice {
            out_bill_no: transfer.sender.number().to_owned(),
            transfer_bill_no: bill.transfer_bill_no.clone(),
            state: state(transfer),
            mch_id: bill.terms.mchid.clone(),
            mchid: bill.terms.mchid.clone(),
            transfer_amount: transfer.money.amount.minor(),
            openid: bill.terms.openid.clone(),
            fail_reason: fail_reason(transfer),
            create_time: rfc3339(transfer.created_at),
            update_time: update_time(transfer),
        })
    }
}
