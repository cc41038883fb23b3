//! Complaints as merchants see them in events. They are answered through the WeChat Pay door; `/v1` only tells of
//! them.

use serde::Serialize;
use tongbao_core::complaint::ToldComplaint;
use utoipa::ToSchema;

use crate::wire::rfc3339;

/// A payer's complaint about a payment, and what was done last about it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Complaint)]
pub struct ComplaintBody {
    /// Its id: `cpl_…`.
    pub id: String,
    /// The payment: `pay_…`.
    pub payment: String,
    /// What about: `refund`, `service_not_working` or `other`.
    pub kind: &'static str,
    /// `pending` while the payer waits for an answer, `processing` when there was one, `processed` when the merchant
    /// says that it is settled.
    pub status: &'static str,
    /// How often the payer has complained.
    pub times: u16,
    /// What was done last: `complained` by the payer; `responded`, `refund_approved`, `refund_rejected` or `completed`
    /// by the merchant.
    pub action: &'static str,
    /// What was said with it.
    pub text: Option<String>,
    /// Its number in WeChat Pay's interface, if the payment is an order of that.
    pub complaint_id: Option<String>,
    /// When it was raised first.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When that was done.
    #[schema(format = DateTime)]
    pub changed_at: String,
}

impl ComplaintBody {
    /// A complaint as merchants see it.
    pub fn of(told: &ToldComplaint) -> ComplaintBody {
        ComplaintBody {
            id: told.id.to_string(),
            payment: told.payment.to_string(),
            kind: told.stage.kind.name(),
            status: told.stage.status.name(),
            times: told.times,
            action: told.turn.deed.name(),
            text: told.turn.deed.text().map(ToOwned::to_owned),
            complaint_id: told.wechat.as_ref().map(|wechat| wechat.complaint_id.clone()),
            created_at: rfc3339(told.created_at),
            changed_at: rfc3339(told.turn.at),
        }
    }
}
