//! Events: what merchants are told, and alarms: what a person must look at.
//!
//! An event keeps the thing as it was when the event happened, so that every delivery and re-send of
//! it says the same.

use serde::{Deserialize, Serialize};

use crate::{
    ChangeSet, Context, Facts, Id, List, Stop, Task, Time, Work,
    complaint::ToldComplaint,
    delivery::{Delivery, Dialect},
    endpoint::Endpoint,
    id::{AlarmId, AppId, EventId},
    merchant,
    payment::Payment,
    profit_sharing::order::ReceivedShare,
    refund::Refund,
    transfer::Transfer,
    transit::Ride,
    wechat::{WechatTransferBatch, combine::CombinedPicture},
};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// What happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum EventKind { $($(#[$doc])* #[serde(rename = $text)] $name),* }

        impl EventKind {
            /// All of them.
            pub const ALL: &[EventKind] = &[$(EventKind::$name),*];

            /// The name merchants see.
            pub const fn name(self) -> &'static str {
                match self { $(EventKind::$name => $text),* }
            }
        }
    };
}

kinds! {
    /// A payment was paid.
    PaymentSucceeded = "payment.succeeded";
    /// A payment was closed unpaid: by the merchant, or because its time was over.
    PaymentClosed = "payment.closed";
    /// An attempt to pay failed; the payment may still be paid.
    PaymentFailed = "payment.failed";
    /// A refund reached the payer.
    RefundSucceeded = "refund.succeeded";
    /// A refund failed; the merchant has its money back.
    RefundFailed = "refund.failed";
    /// The recipient accepted a transfer.
    TransferAccepted = "transfer.accepted";
    /// A transfer was not accepted, and its sender has the money back.
    TransferReturned = "transfer.returned";
    /// Another merchant shared the money of a payment with this one.
    ShareReceived = "share.received";
    /// A merchant gave back what this one had shared with it.
    ShareReturned = "share.returned";
    /// A payer complained about a payment.
    ComplaintCreated = "complaint.created";
    /// The payer complained again, or the merchant did something about it.
    ComplaintChanged = "complaint.changed";
    /// A ride was paid: when it was over, or later, as a debt.
    RideSettled = "ride.settled";
    /// A ride is over, and its rider owes the fare.
    RideOwed = "ride.owed";
}

/// The thing an event is about, as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A payment.
    Payment(Box<Payment>),
    /// A refund.
    Refund(Box<Refund>),
    /// A transfer.
    Transfer(Box<Transfer>),
    /// A combined order of WeChat Pay's interface, with its payments.
    CombinedOrder(Box<CombinedPicture>),
    /// A share of a payment.
    Share(Box<ReceivedShare>),
    /// A complaint about a payment.
    Complaint(Box<ToldComplaint>),
    /// A batch of transfers of WeChat Pay's interface that is finished.
    TransferBatch(Box<WechatTransferBatch>),
    /// A ride.
    Ride(Box<Ride>),
}

impl Subject {
    /// The version of the thing: grows with each of its events, so a receiver can tell old from new.
    pub fn sequence(&self) -> u32 {
        match self {
            Subject::Payment(payment) => payment.version,
            Subject::Refund(refund) => refund.version,
            Subject::Transfer(transfer) => transfer.version,
            Subject::CombinedOrder(picture) => picture.payments.first().map_or(1, |first| first.version),
            Subject::TransferBatch(batch) => batch.version,
            Subject::Ride(ride) => ride.version,
            Subject::Complaint(complaint) => complaint.version,
            // Each share is told of once.
            Subject::Share(_) => 1,
        }
    }

    /// Whether the app's endpoints are told of it. Of a combined order or a batch only its own address is: each of
    /// its payments or transfers has an event of its own.
    const fn is_for_endpoints(&self) -> bool {
        match self {
            Subject::Payment(_)
            | Subject::Refund(_)
            | Subject::Transfer(_)
            | Subject::Share(_)
            | Subject::Ride(_)
            | Subject::Complaint(_) => true,
            Subject::CombinedOrder(_) | Subject::TransferBatch(_) => false,
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// Always 1: what happened does not change.
    pub version: u32,
    /// Who is told.
    pub app: AppId,
    /// What happened.
    pub kind: EventKind,
    /// To what.
    pub subject: Subject,
    /// When.
    pub created_at: Time,
}

impl Event {
    pub(crate) fn lists(&self) -> Vec<List> {
        if self.subject.is_for_endpoints() { vec![List::Events(self.app)] } else { Vec::new() }
    }
}

/// Who is told of an event, beside the app's endpoints.
#[derive(Clone, Copy, Debug)]
pub struct Audience<'a> {
    /// Whose event it is.
    pub app: AppId,
    /// The payment's own address.
    pub notify_url: Option<&'a str>,
    /// In whose words the payment's own address is told.
    pub dialect: Dialect,
    /// How often each is told; more than once only when a sandbox was asked to.
    pub copies: u8,
    /// Whether the payment's own address is first sent a signature that must be refused.
    pub probe: bool,
}

/// Records an event and plans its deliveries: to the payment's own `notify_url` and to each of the
/// app's endpoints that wants it.
pub fn announce(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    audience: Audience<'_>,
    kind: EventKind,
    subject: Subject,
) -> Result<(), Stop> {
    let app = merchant::app(facts, audience.app)?;
    let event = Event { id: cx.draw(), version: 1, app: app.id, kind, subject, created_at: cx.at() };
    let mut targets = Vec::new();
    let told = audience.notify_url.filter(|_| audience.dialect.tells(kind));
    targets.extend(told.map(|url| (None, url.to_owned())));
    let endpoints = if event.subject.is_for_endpoints() { app.endpoints.as_slice() } else { &[] };
    for id in endpoints {
        let endpoint = facts.get::<Endpoint>(*id)?.filter(|endpoint| endpoint.wants(kind));
        targets.extend(endpoint.map(|endpoint| (Some(*id), endpoint.url.clone())));
    }
    for _ in 0..audience.copies {
        for (endpoint, url) in &targets {
            let mut delivery = Delivery::new(cx, &event, *endpoint, url.clone());
            if endpoint.is_none() {
                (delivery.dialect, delivery.probe) = (audience.dialect, audience.probe);
            }
            change.tasks.push(Task::new(cx.at(), Work::Deliver(delivery.id)));
            change.put(delivery);
        }
    }
    change.put(event);
    Ok(())
}

/// Why a person must look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmKind {
    /// Money came after the payment was closed; it is on its way back.
    LateMoney,
    /// A second attempt paid a payment that was paid; it is on its way back.
    DoublePayment,
    /// A channel took another amount than was asked; it is on its way back.
    WrongAmount,
    /// A channel names money for a payment that another payment has; it was not booked a second time, and
    /// the attempt waits for a better answer.
    ReferenceClaimedTwice,
    /// A channel says that an attempt failed which it had said was paid.
    FailedAfterPaid,
    /// A channel paid a refund out that it had said failed.
    RefundPaidAfterFailed,
    /// A channel says that a refund failed which it had said was paid.
    RefundFailedAfterPaid,
    /// Money that must go back could not be returned.
    ReturnFailed,
    /// A bank brought money for a top-up otherwise than asked: another amount, twice, or after it had said that it
    /// failed. The payer's balance has it.
    TopUpUnexpected,
    /// A bank paid a withdrawal out that it had said failed, or that had come back.
    WithdrawalPaidAfterFailed,
    /// A bank paid a withdrawal out once more than it was asked to; what it paid is booked from suspense.
    WithdrawalPaidTwice,
    /// A bank says that a withdrawal failed which it had said was paid.
    WithdrawalFailedAfterPaid,
    /// A biller booked a utility payment that it had refused, or once more; it is booked from suspense.
    UtilityPaidUnasked,
    /// A biller says that it refused a utility payment which it had booked.
    UtilityFailedAfterPaid,
}

/// Something a person must look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// Its id.
    pub id: AlarmId,
    /// How often it changed.
    pub version: u32,
    /// Why.
    pub kind: AlarmKind,
    /// About what.
    pub subject: Id,
    /// When.
    pub created_at: Time,
}

/// Raises an alarm.
pub fn raise(cx: &mut Context, change: &mut ChangeSet, kind: AlarmKind, subject: Id) {
    let alarm = Alarm { id: cx.draw(), version: 1, kind, subject, created_at: cx.at() };
    change.put(alarm);
}
