//! From what happened to a payment to what changes: postings, events, tasks.

use tongbao_money::Money;

use super::{
    super::{
        AttemptStatus, Payment, Status, by_card,
        machine::{Happened, Next},
    },
    timer,
};
use crate::{
    ChangeSet, Context, Facts, Stop, Task, Work,
    delivery::Dialect,
    event::{self, Audience, EventKind, Subject},
    id::AttemptId,
    ledger::{Account, template},
    profit_sharing,
    refund::Refund,
    sandbox::Fault,
};

/// Turns what happened into postings, events and tasks, and counts the version.
pub(crate) fn apply(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    before: &Payment,
    next: Next,
) -> Result<Payment, Stop> {
    let payment = Payment { version: before.version.saturating_add(1), ..next.payment };
    let mut events = Vec::new();
    for happened in next.happened {
        match happened {
            Happened::Began(id) => by_card::note(cx, change, &payment, id),
            Happened::RefundClaimed(_) | Happened::RefundCounted => {}
            Happened::Succeeded(id) => {
                let source = source(before, &payment, id);
                let subject = payment.id.into();
                change.postings.extend(template::payment(
                    source,
                    payment.merchant,
                    payment.money,
                    payment.fee,
                    subject,
                ));
                profit_sharing::steps::freeze(cx, change, &payment);
                change.done.push(timer(&payment).key);
                events.push(EventKind::PaymentSucceeded);
            }
            Happened::AttemptFailed(id) => {
                release_hold(change, before, id);
                if (before.status, payment.status) == (Status::Processing, Status::Open) {
                    // The timer may have gone off while the result was not known.
                    change.tasks.push(timer(&payment));
                }
                events.push(EventKind::PaymentFailed);
            }
            Happened::AttemptDropped(id) => release_hold(change, before, id),
            Happened::Closed => {
                change.done.push(timer(&payment).key);
                events.push(EventKind::PaymentClosed);
            }
            Happened::Unexpected(id, money, kind) => {
                event::raise(cx, change, kind, payment.id.into());
                give_back(cx, change, &payment, id, money);
            }
            Happened::Alarm(kind) => event::raise(cx, change, kind, payment.id.into()),
        }
    }
    for kind in events {
        tell(facts, cx, change, &payment, kind)?;
    }
    change.put(payment.clone());
    Ok(payment)
}

/// Where the money of the successful attempt comes from: held if an earlier step set it aside.
fn source(before: &Payment, payment: &Payment, id: AttemptId) -> Account {
    let held = before.attempt(id).is_some_and(|attempt| attempt.status == AttemptStatus::Processing);
    payment.attempt(id).map_or(Account::Suspense, |attempt| match attempt.method.channel() {
        Some(channel) => Account::ChannelClearing(channel),
        None if held => Account::PayerHeld(attempt.payer),
        None => Account::PayerAvailable(attempt.payer),
    })
}

/// Gives back what a balance attempt of an earlier step had set aside.
fn release_hold(change: &mut ChangeSet, before: &Payment, id: AttemptId) {
    let held = before
        .attempt(id)
        .filter(|attempt| attempt.method.channel().is_none() && attempt.status == AttemptStatus::Processing);
    if let Some(attempt) = held {
        change.postings.extend(template::release(attempt.payer, before.money, before.id.into()));
    }
}

/// Books money that nobody asked for and sends it back the way it came.
fn give_back(cx: &mut Context, change: &mut ChangeSet, payment: &Payment, id: AttemptId, money: Money) {
    let channel = payment.attempt(id).and_then(|attempt| attempt.method.channel());
    let Some(channel) = channel else { return };
    let refund = Refund::of_unexpected(cx, payment, (id, channel), money);
    change.postings.extend(template::unexpected(channel, money, refund.id.into()));
    change.tasks.push(Task::new(cx.at(), Work::SubmitRefund(refund.id)));
    change.put(refund);
}

fn tell(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    payment: &Payment,
    kind: EventKind,
) -> Result<(), Stop> {
    let fault = payment.attempts.last().and_then(|last| last.fault);
    let audience = Audience {
        app: payment.app,
        notify_url: payment.notify_url.as_deref(),
        dialect: Dialect::of(payment.wechat.is_some()),
        copies: if fault == Some(Fault::DuplicateNotification) { 2 } else { 1 },
        probe: fault == Some(Fault::SignatureProbe),
    };
    event::announce(facts, cx, change, audience, kind, Subject::Payment(Box::new(payment.clone())))
}
