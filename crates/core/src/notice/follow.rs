//! Which notices come of a step: read off the change set, after the decision.

use tongbao_money::Amount;

use super::told::PaymentTold;
use crate::{
    ChangeSet, Context, Facts, Record, Stop, Task, Work,
    event::{Event, EventKind, Subject},
    id::PayerId,
    limits::LARGE_PAYMENT_MIN,
    message::{self, Text},
    payer::Payer,
    payment::{AttemptStatus, Payment},
};

/// Tells payers what this change means for them, and plans the notices of everybody who is told something. With
/// `is_carried` false nothing can leave the platform, and no notice is planned.
///
/// What an event says of a payment is told here; whatever else a decision tells it puts into the change as a message.
/// The change set of most payments tells nobody anything, and costs one look at each of its records.
pub fn follow(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    is_carried: bool,
) -> Result<(), Stop> {
    let told: Vec<(PayerId, PaymentTold)> =
        change.records.iter().filter_map(event).filter_map(told_of).collect();
    for (payer, told) in told {
        // A payer that this step makes has no payments yet.
        if let Some(payer) = facts.get::<Payer>(payer)? {
            change.put(message::tell(cx, payer, Text::Payment(told)));
        }
    }
    if is_carried {
        let told = change.records.iter().filter_map(new_message);
        let tasks: Vec<Task> = told.map(|id| Task::new(cx.at(), Work::Notify(id))).collect();
        change.tasks.extend(tasks);
    }
    Ok(())
}

fn event(record: &Record) -> Option<&Event> {
    if let Record::Event(event) = record { Some(event) } else { None }
}

/// The message that a record is, if it is a new one that no inbox shows instead of a phone.
fn new_message(record: &Record) -> Option<crate::id::MessageId> {
    if let Record::Message(message) = record { message.in_wallet.then_some(message.id) } else { None }
}

fn told_of(event: &Event) -> Option<(PayerId, PaymentTold)> {
    let Subject::Payment(payment) = &event.subject else { return None };
    let money = payment.money;
    match event.kind {
        EventKind::PaymentSucceeded => {
            // Payments of other currencies are not compared with yuan.
            let large = payment.money.currency == tongbao_money::Currency::CNY
                && payment.money.amount >= LARGE_PAYMENT_MIN
                && payment.money.amount > Amount::ZERO;
            let attempt = payment.paid_by().filter(|_| large)?;
            Some((attempt.payer, PaymentTold::Large { money }))
        }
        EventKind::PaymentFailed => {
            let attempt = last_failed(payment)?;
            Some((attempt.payer, PaymentTold::Failed { money, failure: attempt.failure }))
        }
        EventKind::PaymentClosed => {
            let attempt = payment.attempts.last()?;
            Some((attempt.payer, PaymentTold::Closed { money }))
        }
        EventKind::RefundSucceeded
        | EventKind::RefundFailed
        | EventKind::TransferAccepted
        | EventKind::TransferReturned
        | EventKind::ShareReceived
        | EventKind::ShareReturned
        | EventKind::ComplaintCreated
        | EventKind::ComplaintChanged
        | EventKind::RideSettled
        | EventKind::RideOwed => None,
    }
}

fn last_failed(payment: &Payment) -> Option<&crate::payment::Attempt> {
    payment.attempts.iter().rev().find(|attempt| attempt.status == AttemptStatus::Failed)
}
