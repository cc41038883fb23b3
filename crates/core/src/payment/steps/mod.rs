//! The steps of a payment: facts in, changes out.

mod book;
mod pay;
mod prove;

use tongbao_money::Money;

pub(crate) use self::{
    book::apply,
    pay::{after_proof, asks_for, judged, pay_known},
    prove::take_up,
};
pub use self::{
    pay::{Collect, Pay, Shown, collect, pay, pay_proven},
    prove::{Given, Prove, prove, send_code, take_back},
};
use super::{
    Attempt, AttemptStatus, Failure, HolderSaid, Method, Payment, Status,
    machine::{self, Input},
};
use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop, Task, TaskKey, Work,
    bank::query_after_s,
    id::{AppId, AttemptId, PaymentId},
    merchant,
    wechat::combine,
};

/// How soon a channel is asked what became of an attempt it gave no answer to, in seconds.
pub const QUERY_AFTER_S: i64 = 5;

/// How soon a channel is asked again that named another payment's money, in seconds. A person has been
/// told; until somebody corrects it there the answer will be the same.
pub const QUERY_CONTESTED_AFTER_S: i64 = 3_600;

/// What a channel, or our own ledger, says of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// The money moved.
    Paid {
        /// How much.
        money: Money,
        /// What the channel calls it.
        reference: Option<String>,
    },
    /// It came to nothing.
    Failed(Failure),
    /// A card's bank wants its holder to confirm, at this address; nothing has moved.
    MustConfirm(String),
    /// No answer, or one that says nothing. Never taken for a failure.
    Unknown,
}

/// The payment with this id.
pub fn known(facts: &dyn Facts, id: PaymentId) -> Result<&Payment, Stop> {
    Ok(facts.get::<Payment>(id)?.ok_or(Refusal::NotFound("payment"))?)
}

/// The app's merchant's payment with this id.
pub fn owned(facts: &dyn Facts, app: AppId, id: PaymentId) -> Result<&Payment, Stop> {
    let merchant = merchant::app(facts, app)?.merchant;
    let payment = facts.get::<Payment>(id)?.filter(|payment| payment.merchant == merchant);
    Ok(payment.ok_or(Refusal::NotFound("payment"))?)
}

/// A channel's word on an attempt, whichever way it came: the answer to a call, a query, a
/// notification, a line of a bill. `lease` is the task that asked, if one did.
pub fn hear(
    facts: &dyn Facts,
    cx: &mut Context,
    (id, attempt): (PaymentId, AttemptId),
    lease: Option<TaskKey>,
    said: &Said,
) -> Result<ChangeSet, Stop> {
    let mut change = ChangeSet::default();
    if let Some(lease) = lease {
        lease.held(facts)?;
        change.done.push(lease);
    }
    let now = known(facts, id)?;
    let told = now.attempt(attempt);
    let waits = told.is_some_and(|told| told.status == AttemptStatus::Processing);
    if told.is_some_and(|told| told.method.channel().is_none()) && !waits {
        // Our own ledger does not change its mind: only money that is held has a result to hear.
        return Ok(change);
    }
    if let Some(order) = now.combined() {
        combine::hear(facts, cx, &mut change, order, (said, lease.is_some()))?;
        return Ok(change);
    }
    // The task that asked asks again. Word that nobody asked for starts no second one.
    let again = |after_s| {
        let due_at = cx.at().plus_s(after_s);
        (lease.is_some() && waits).then(|| Task::new(due_at, Work::QueryAttempt(id, attempt)))
    };
    let input = match said {
        Said::Paid { money, reference } => match claimed_elsewhere(facts, id, told, reference.as_ref())? {
            Some(reference) => {
                change.tasks.extend(again(QUERY_CONTESTED_AFTER_S));
                Input::Contested { attempt, reference: reference.clone() }
            }
            None => Input::Paid { attempt, money: *money, reference: reference.clone() },
        },
        Said::Failed(failure) => Input::Failed { attempt, failure: *failure },
        Said::MustConfirm(address) => {
            change.tasks.extend(again(pause_s(told, cx)));
            Input::MustConfirm(attempt, address.clone())
        }
        Said::Unknown => {
            change.tasks.extend(again(pause_s(told, cx)));
            return Ok(change);
        }
    };
    if let Some(next) = machine::decide(now, input, cx.at())? {
        apply(facts, cx, &mut change, now, next)?;
    }
    Ok(change)
}

/// The holder of a card answers the sandbox's bank on its page: that bank remembers it with the attempt, and says what
/// comes of it when it is asked.
pub fn holder_answered(
    facts: &dyn Facts,
    cx: &mut Context,
    (id, attempt): (PaymentId, AttemptId),
    said: HolderSaid,
) -> Result<ChangeSet, Stop> {
    let now = known(facts, id)?;
    let mut change = ChangeSet::default();
    if let Some(next) = machine::decide(now, Input::HolderAnswered(attempt, said), cx.at())? {
        apply(facts, cx, &mut change, now, next)?;
    }
    Ok(change)
}

/// How soon an attempt is asked about again.
fn pause_s(told: Option<&Attempt>, cx: &Context) -> i64 {
    match told.map(|told| (told.method, told.started_at)) {
        Some((Method::Card(_), started_at)) => query_after_s(cx.at().since_ms(started_at)),
        Some((Method::Balance | Method::SandboxBank, _)) | None => QUERY_AFTER_S,
    }
}

/// The reference, if it names money that the channel brought for another payment.
fn claimed_elsewhere<'a>(
    facts: &dyn Facts,
    id: PaymentId,
    told: Option<&Attempt>,
    reference: Option<&'a String>,
) -> Result<Option<&'a String>, Stop> {
    let channel = told.and_then(|attempt| attempt.method.channel());
    let (Some(channel), Some(reference)) = (channel, reference) else { return Ok(None) };
    let holder = facts.key(&Key::ChannelReference(channel, reference.clone()))?;
    Ok(holder.filter(|holder| *holder != id.into()).map(|_| reference))
}

/// What our own ledger says of a balance attempt whose money is held: paid, unless something else
/// paid the payment meanwhile.
pub fn held_result(payment: &Payment) -> Said {
    match payment.status {
        Status::Open | Status::Processing => Said::Paid { money: payment.money, reference: None },
        Status::Succeeded | Status::Closed => Said::Failed(Failure::Declined),
    }
}

/// Closes a payment at the merchant's request.
pub fn close(
    facts: &dyn Facts,
    cx: &mut Context,
    app: AppId,
    id: PaymentId,
) -> Result<(ChangeSet, Payment), Stop> {
    let now = owned(facts, app, id)?;
    combine::refuse_alone(now)?;
    let mut change = ChangeSet::default();
    match machine::decide(now, Input::Close, cx.at())? {
        None => Ok((change, now.clone())),
        Some(next) => {
            let payment = apply(facts, cx, &mut change, now, next)?;
            Ok((change, payment))
        }
    }
}

/// Closes a payment whose time is over. The worker must still hold `lease`.
pub fn expire(facts: &dyn Facts, cx: &mut Context, id: PaymentId, lease: TaskKey) -> Result<ChangeSet, Stop> {
    lease.held(facts)?;
    let mut change = ChangeSet { done: vec![lease], ..ChangeSet::default() };
    let now = known(facts, id)?;
    if let Some(order) = now.combined() {
        combine::expire(facts, cx, &mut change, order, now)?;
        return Ok(change);
    }
    match machine::decide(now, Input::Expire, cx.at())? {
        Some(next) => {
            apply(facts, cx, &mut change, now, next)?;
        }
        // It went off too early.
        None if now.status == Status::Open => change.tasks.push(timer(now)),
        // An attempt that fails opens it again, with its timer, or closes it.
        None => {}
    }
    Ok(change)
}

/// What closes a payment when its time is over.
pub(crate) fn timer(payment: &Payment) -> Task {
    Task::new(payment.expires_at, Work::ExpirePayment(payment.id))
}
