//! The wire forms of complaints.

use serde::{Deserialize, Serialize};
use tongbao_channel::wechat::{
    error::{InternalCode, Location, Refusal},
    time::rfc3339,
};
use tongbao_core::{
    complaint::{
        Complaint, Deed, Link, MiniProgramLink, ProblemKind, Status, ToldComplaint, WechatComplaint,
    },
    payment::Payment,
    wechat::number::complaint_log_id,
};
use tongbao_engine::Engine;

use crate::wechat::{auth::Call, fields::wrong};

/// Pictures of an answer or a decision, at most.
const IMAGES_MAX: usize = 4;

const fn state(status: Status) -> &'static str {
    match status {
        Status::Pending => "PENDING",
        Status::Processing => "PROCESSING",
        Status::Processed => "PROCESSED",
    }
}

const fn problem(kind: ProblemKind) -> (&'static str, &'static str) {
    match kind {
        ProblemKind::Refund => ("REFUND", "申请退款"),
        ProblemKind::ServiceNotWorking => ("SERVICE_NOT_WORK", "服务权益未生效"),
        ProblemKind::Other => ("OTHERS", "其他问题"),
    }
}

#[derive(Debug, Serialize)]
struct OrderBody {
    transaction_id: String,
    out_trade_no: String,
    amount: i64,
}

/// A complaint, as the list and the query answer it.
#[derive(Debug, Serialize)]
pub(super) struct ComplaintBody {
    complaint_id: String,
    complaint_time: String,
    complaint_detail: String,
    complainted_mchid: String,
    complaint_state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payer_phone: Option<String>,
    payer_openid: String,
    /// Always empty: payers have no pictures here.
    complaint_media_list: [(); 0],
    complaint_order_info: [OrderBody; 1],
    complaint_full_refunded: bool,
    incoming_user_response: bool,
    problem_description: &'static str,
    problem_type: &'static str,
    user_complaint_times: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    apply_refund_amount: Option<i64>,
}

impl ComplaintBody {
    /// `None` for a complaint that is not about an order of this interface.
    pub(super) fn of(
        engine: &Engine,
        complaint: &Complaint,
        payment: &Payment,
        payer_phone: Option<String>,
    ) -> Option<ComplaintBody> {
        let (wechat, order) = (complaint.wechat.as_ref()?, payment.wechat.as_ref()?);
        let openid = order.terms.openid.clone();
        let (problem_type, problem_description) = problem(complaint.stage.kind);
        let total = payment.money.amount;
        Some(ComplaintBody {
            complaint_id: wechat.complaint_id.clone(),
            complaint_time: rfc3339(complaint.created_at),
            complaint_detail: complaint.text.clone(),
            complainted_mchid: wechat.mchid.clone(),
            complaint_state: state(complaint.stage.status),
            payer_phone,
            payer_openid: openid.unwrap_or_else(|| engine.wechat_openid(&order.terms.appid, complaint.payer)),
            complaint_media_list: [],
            complaint_order_info: [OrderBody {
                transaction_id: order.transaction_id.clone(),
                out_trade_no: payment.order_no.clone(),
                amount: total.minor(),
            }],
            complaint_full_refunded: payment.refunded >= total,
            incoming_user_response: complaint.stage.status == Status::Pending,
            problem_description,
            problem_type,
            user_complaint_times: complaint.times,
            apply_refund_amount: (complaint.stage.kind == ProblemKind::Refund).then(|| total.minor()),
        })
    }
}

/// Part of a list.
#[derive(Debug, Serialize)]
pub(super) struct PageBody<T> {
    pub(super) data: Vec<T>,
    pub(super) limit: usize,
    pub(super) offset: usize,
    pub(super) total_count: usize,
}

/// An turn of a complaint's history.
#[derive(Debug, Serialize)]
pub(super) struct TurnBody {
    log_id: String,
    operator: &'static str,
    operate_time: String,
    operate_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    operate_details: Option<String>,
    /// Always empty, as there are no pictures.
    image_list: [(); 0],
}

/// The history of a complaint, newest first.
pub(super) fn history(complaint: &Complaint) -> Vec<TurnBody> {
    let turns = (0..).zip(&complaint.turns).map(|(place, turn)| TurnBody {
        log_id: complaint_log_id(complaint.id.into(), place),
        operator: if turn.deed.is_payers() { "投诉人" } else { "商家" },
        operate_time: rfc3339(turn.at),
        operate_type: match turn.deed {
            Deed::Complained { .. } if place == 0 => "USER_CREATE_COMPLAINT",
            Deed::Complained { .. } => "USER_CONTINUE_COMPLAINT",
            Deed::Responded { .. } => "MERCHANT_RESPONSE",
            Deed::Completed => "MERCHANT_CONFIRM_COMPLETE",
            Deed::RefundApproved { .. } => "MERCHANT_APPROVE_REFUND",
            // The documents spell it so.
            Deed::RefundRejected { .. } => "MERCHANT_REFUSE_RERUND",
        },
        operate_details: turn.deed.text().map(ToOwned::to_owned),
        image_list: [],
    });
    let mut turns: Vec<TurnBody> = turns.collect();
    turns.reverse();
    turns
}

/// What a merchant is told of a complaint; it asks for the rest.
#[derive(Debug, Serialize)]
pub(crate) struct ComplaintNotice {
    complaint_id: String,
    action_type: &'static str,
}

impl ComplaintNotice {
    pub(crate) fn of(told: &ToldComplaint, wechat: &WechatComplaint) -> ComplaintNotice {
        let action_type = match told.turn.deed {
            Deed::Complained { .. } if told.is_first() => "CREATE_COMPLAINT",
            Deed::Complained { .. } => "CONTINUE_COMPLAINT",
            Deed::Responded { .. } => "MERCHANT_RESPONSE",
            Deed::Completed => "MERCHANT_CONFIRM_COMPLETE",
            Deed::RefundApproved { .. } => "MERCHANT_APPROVE_REFUND",
            Deed::RefundRejected { .. } => "MERCHANT_REJECT_REFUND",
        };
        ComplaintNotice { complaint_id: wechat.complaint_id.clone(), action_type }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MiniProgramBody {
    appid: String,
    path: String,
    text: String,
}

/// An answer to the payer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RespondBody {
    complainted_mchid: String,
    response_content: String,
    response_images: Option<Vec<String>>,
    jump_url: Option<String>,
    jump_url_text: Option<String>,
    mini_program_jump_info: Option<MiniProgramBody>,
}

impl RespondBody {
    pub(super) fn read(self, call: &Call) -> Result<Deed, Refusal> {
        call.require_own(&self.complainted_mchid)?;
        no_images("/response_images", self.response_images.as_ref())?;
        let link = match (self.jump_url, self.jump_url_text) {
            (Some(url), text) => Some(Link { url, text }),
            (None, Some(_)) => return Err(Refusal::missing("/jump_url", Location::Body)),
            (None, None) => None,
        };
        let mini_program = self.mini_program_jump_info.map(|page| MiniProgramLink {
            appid: page.appid,
            path: page.path,
            text: page.text,
        });
        Ok(Deed::Responded { text: self.response_content, link, mini_program })
    }
}

/// That the merchant has settled it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CompleteBody {
    complainted_mchid: String,
}

impl CompleteBody {
    pub(super) fn read(self, call: &Call) -> Result<Deed, Refusal> {
        call.require_own(&self.complainted_mchid)?;
        Ok(Deed::Completed)
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Action {
    Reject,
    Approve,
}

/// Whether the merchant agrees to a refund.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DecideBody {
    action: Action,
    launch_refund_day: Option<u16>,
    reject_reason: Option<String>,
    reject_media_list: Option<Vec<String>>,
    remark: Option<String>,
}

impl DecideBody {
    pub(super) fn read(self) -> Result<Deed, Refusal> {
        no_images("/reject_media_list", self.reject_media_list.as_ref())?;
        let extra =
            |field, must| Err(wrong(field, must, Location::Body).numbered(InternalCode::EXTRA_PARAMETER));
        match (self.action, self.launch_refund_day, self.reject_reason) {
            (Action::Approve, _, Some(_)) => extra("/reject_reason", "仅action为REJECT时可以填写"),
            (Action::Reject, Some(_), _) => extra("/launch_refund_day", "仅action为APPROVE时可以填写"),
            (Action::Reject, None, None) => Err(Refusal::missing("/reject_reason", Location::Body)),
            (Action::Approve, within_days, None) => {
                Ok(Deed::RefundApproved { within_days, remark: self.remark })
            }
            (Action::Reject, None, Some(reason)) => Ok(Deed::RefundRejected { reason, remark: self.remark }),
        }
    }
}

/// Uploading pictures is not served, so none has a `media_id`.
fn no_images(field: &str, images: Option<&Vec<String>>) -> Result<(), Refusal> {
    match images.map_or(0, Vec::len) {
        0 => Ok(()),
        1..=IMAGES_MAX => Err(wrong(field, "中的图片不存在", Location::Body)),
        _ => Err(wrong(field, "最多4张图片", Location::Body)),
    }
}
