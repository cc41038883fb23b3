//! Events as merchants see them: the same bytes from `GET /v1/events/{id}` and in every webhook.

use std::sync::Arc;

use serde::Serialize;
use tongbao_core::event::{Event, Subject};
use tongbao_engine::RenderEvent;
use utoipa::ToSchema;

use crate::{
    resources::{
        complaints::ComplaintBody,
        payments::PaymentBody,
        refunds::RefundBody,
        rides::RideBody,
        shares::ShareBody,
        transfers::{TransferBatchBody, TransferBody},
    },
    wire::rfc3339,
};

/// The thing an event is about, as it was then, under its name.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventSubject)]
#[serde(rename_all = "snake_case")]
pub enum SubjectBody {
    /// A payment.
    Payment(Box<PaymentBody>),
    /// A refund.
    Refund(Box<RefundBody>),
    /// A transfer.
    Transfer(Box<TransferBody>),
    /// A share of another merchant's payment.
    Share(Box<ShareBody>),
    /// A complaint about a payment.
    Complaint(Box<ComplaintBody>),
    /// A ride.
    Ride(Box<RideBody>),
    /// The payments of a combined order of the WeChat Pay door. Such an event goes to that order's address only, in
    /// WeChat Pay's words; each of the payments has an event of its own.
    Payments(Vec<PaymentBody>),
    /// A batch of transfers of the WeChat Pay door. Such an event goes to that batch's address only, in WeChat Pay's
    /// words; each of the transfers has an event of its own.
    TransferBatch(Box<TransferBatchBody>),
}

/// An event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventBody {
    /// Its id: `evt_…`. The same in every delivery, so that a receiver can drop what it has seen.
    pub id: String,
    /// What happened: `payment.succeeded`, `payment.closed`, `payment.failed`, `refund.succeeded`,
    /// `refund.failed`, `transfer.accepted`, `transfer.returned`, `share.received`,
    /// `share.returned`, `complaint.created`, `complaint.changed`, `ride.settled`, `ride.owed`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// When.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Grows with each event of the same payment, refund, transfer, complaint or ride: of two, the one with the larger
    /// number is newer.
    pub sequence: u32,
    /// The payment, refund, transfer, share, complaint or ride.
    pub data: SubjectBody,
}

impl EventBody {
    /// An event as merchants see it, on an instance that is reached at `base_url`.
    pub fn of(event: &Event, base_url: &str) -> EventBody {
        EventBody {
            id: event.id.to_string(),
            kind: event.kind.name(),
            created_at: rfc3339(event.created_at),
            sequence: event.subject.sequence(),
            data: match &event.subject {
                Subject::Payment(payment) => {
                    SubjectBody::Payment(Box::new(PaymentBody::of(payment, base_url)))
                }
                Subject::Refund(refund) => SubjectBody::Refund(Box::new(RefundBody::of(refund))),
                Subject::Transfer(transfer) => SubjectBody::Transfer(Box::new(TransferBody::of(transfer))),
                Subject::TransferBatch(batch) => {
                    SubjectBody::TransferBatch(Box::new(TransferBatchBody::of(batch)))
                }
                Subject::Share(share) => SubjectBody::Share(Box::new(ShareBody::of(share))),
                Subject::Complaint(told) => SubjectBody::Complaint(Box::new(ComplaintBody::of(told))),
                Subject::Ride(ride) => SubjectBody::Ride(Box::new(RideBody::of(ride))),
                Subject::CombinedOrder(picture) => SubjectBody::Payments(
                    picture.payments.iter().map(|payment| PaymentBody::of(payment, base_url)).collect(),
                ),
            },
        }
    }
}

/// Writes events for webhooks. `base_url` must be that of the [`Api`](crate::Api), so that the bytes are those
/// that `GET /v1/events/{id}` answers.
pub fn render_event(base_url: &str) -> RenderEvent {
    let base_url = base_url.to_owned();
    Arc::new(move |event| {
        serde_json::to_vec(&EventBody::of(event, &base_url)).expect("texts and numbers always become JSON")
    })
}
