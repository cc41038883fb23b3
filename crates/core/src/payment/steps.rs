//! From what happened to a payment to what changes: postings, events, tasks.

use tongbao_money::Money;

use super::{
    Attempt, AttemptStatus, Failure, Method, Payment, Status,
    create::{Created, NewPayment, create},
    machine::{self, Happened, Input, Next},
};
use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop, Task, TaskKey, Work,
    delivery::Dialect,
    event::{self, Audience, EventKind, Subject},
    id::{AppId, AttemptId, PayerId, PaymentId},
    ledger::{Account, template},
    merchant, payer, profit_sharing,
    refund::Refund,
    sandbox::{self, Fault},
    wechat::combine,
};

/// How soon a channel is asked what became of an attempt it gave no answer to, in seconds.
pub const QUERY_AFTER_S: i64 = 5;

/// How soon a channel is asked again that named another payment's money, in seconds. A person has been
/// told; until somebody corrects it there the answer will be the same.
pub const QUERY_CONTESTED_AFTER_S: i64 = 3_600;

/// What a payer has shown before paying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The payment password, counted by [`payer::try_password`] and found right.
    Password,
    /// Nothing: a developer at the sandbox's phone. Faults may wait for the attempt.
    SandboxPhone,
    /// A payment code, used in the same step.
    PaymentCode,
}

/// What a payer asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pay {
    /// Which payment.
    pub payment: PaymentId,
    /// Who pays.
    pub payer: PayerId,
    /// How.
    pub method: Method,
    /// What was shown.
    pub proof: Proof,
    /// Whether this is a sandbox, where faults may wait for the attempt.
    pub sandbox: bool,
}

/// Who pays what a shop collects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collect {
    /// Who pays.
    pub payer: PayerId,
    /// What was shown.
    pub proof: Proof,
    /// Whether this is a sandbox.
    pub sandbox: bool,
}

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

/// A payer pays: from the balance at once, through a channel by a task.
pub fn pay(facts: &dyn Facts, cx: &mut Context, ask: &Pay) -> Result<(ChangeSet, Payment), Stop> {
    let now = known(facts, ask.payment)?;
    pay_known(facts, cx, now, ask)
}

/// A payer pays after a proof. A right password starts the count of tries again whatever becomes of the
/// payment, so here its refusal is part of the answer: the step that refuses also changes state. Only who
/// knows the password comes this far, so no guess is free.
pub fn pay_proven(
    facts: &dyn Facts,
    cx: &mut Context,
    ask: &Pay,
) -> Result<(ChangeSet, Result<Payment, Refusal>), Stop> {
    let paid = pay(facts, cx, ask);
    after_proof(facts, (ask.payer, ask.proof), paid)
}

/// Makes a refusal after a right password a part of the answer, as [`pay_proven`] says.
pub(crate) fn after_proof<T>(
    facts: &dyn Facts,
    (payer, proof): (PayerId, Proof),
    paid: Result<(ChangeSet, T), Stop>,
) -> Result<(ChangeSet, Result<T, Refusal>), Stop> {
    match (paid, proof) {
        (Ok((change, paid)), _) => Ok((change, Ok(paid))),
        (Err(Stop::Refuse(refusal)), Proof::Password) => {
            let mut change = ChangeSet::default();
            payer::password_was_right(facts, &mut change, payer)?;
            Ok((change, Err(refusal)))
        }
        (Err(stop), Proof::Password | Proof::SandboxPhone | Proof::PaymentCode) => Err(stop),
    }
}

/// A shop collects: the payment is made and paid from the payer's balance in one step, as when a shop
/// scans a payer's code. An equal request again finds the payment it made; one that could not be paid
/// stays open.
pub fn collect(
    facts: &dyn Facts,
    cx: &mut Context,
    app: AppId,
    new: &NewPayment,
    by: &Collect,
) -> Result<(ChangeSet, Created), Stop> {
    let (_, created) = create(facts, cx, app, new)?;
    if !created.new {
        return Ok((ChangeSet::default(), created));
    }
    // Version 0 is "not stored yet": the step stores version 1, paid.
    let unpaid = Payment { version: 0, ..created.payment };
    let ask = Pay {
        payment: unpaid.id,
        payer: by.payer,
        method: Method::Balance,
        proof: by.proof,
        sandbox: by.sandbox,
    };
    let (mut change, payment) = pay_known(facts, cx, &unpaid, &ask)?;
    if payment.status != Status::Succeeded {
        change.tasks.push(Task::new(payment.expires_at, Work::ExpirePayment(payment.id)));
    }
    Ok((change, Created { payment, new: true }))
}

pub(crate) fn pay_known(
    facts: &dyn Facts,
    cx: &mut Context,
    now: &Payment,
    ask: &Pay,
) -> Result<(ChangeSet, Payment), Stop> {
    payer::known(facts, ask.payer)?;
    combine::refuse_alone(now)?;
    let only = now.wechat.as_ref().and_then(|order| order.payer);
    if only.is_some_and(|only| only != ask.payer) {
        return Err(Refusal::Invalid { param: "payer", must: "the one for whom the order was placed" }.into());
    }
    let mut change = ChangeSet::default();
    if ask.proof == Proof::Password {
        payer::password_was_right(facts, &mut change, ask.payer)?;
    }
    let attempt = Attempt::begin(cx, ask.method, ask.payer);
    // Whether the payment can be paid at all is settled before a waiting fault is used up.
    let Some(mut next) = machine::decide(now, Input::Begin(attempt.clone()), cx.at())? else {
        return Err(Refusal::PaymentProcessing.into());
    };
    let fault = if ask.sandbox { sandbox::take_fault(facts, &mut change, ask.payer)? } else { None };
    for begun in next.payment.attempts.iter_mut().filter(|begun| begun.id == attempt.id) {
        begun.fault = fault;
    }
    match ask.method {
        Method::Balance => pay_from_balance(facts, cx, &mut change, &mut next, &attempt, fault)?,
        Method::SandboxBank => {
            change.tasks.push(Task::new(cx.at(), Work::SubmitAttempt(now.id, attempt.id)));
        }
    }
    let payment = apply(facts, cx, &mut change, now, next)?;
    Ok((change, payment))
}

fn pay_from_balance(
    facts: &dyn Facts,
    cx: &Context,
    change: &mut ChangeSet,
    next: &mut Next,
    attempt: &Attempt,
    fault: Option<Fault>,
) -> Result<(), Stop> {
    let money = next.payment.money;
    let available = facts.account(&Account::PayerAvailable(attempt.payer).of(money.currency))?.balance();
    let short = available < money.amount.minor();
    let failure = match fault {
        Some(Fault::Declined) => Some(Failure::Declined),
        Some(Fault::InsufficientBalance) => Some(Failure::InsufficientBalance),
        Some(Fault::ResultLate | Fault::DuplicateNotification | Fault::SignatureProbe) | None => {
            short.then_some(Failure::InsufficientBalance)
        }
    };
    let input = match (failure, fault) {
        (Some(failure), _) => Input::Failed { attempt: attempt.id, failure },
        (None, Some(Fault::ResultLate)) => {
            change.postings.extend(template::hold(attempt.payer, money, next.payment.id.into()));
            let due_at = cx.at().plus_s(QUERY_AFTER_S);
            change.tasks.push(Task::new(due_at, Work::QueryAttempt(next.payment.id, attempt.id)));
            return Ok(());
        }
        (None, _) => Input::Paid { attempt: attempt.id, money, reference: None },
    };
    if let Some(after) = machine::decide(&next.payment, input, cx.at())? {
        next.payment = after.payment;
        next.happened.extend(after.happened);
    }
    Ok(())
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
        if !facts.task(&lease)? {
            return Err(Refusal::LeaseLost.into());
        }
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
        Said::Unknown => {
            change.tasks.extend(again(QUERY_AFTER_S));
            return Ok(change);
        }
    };
    if let Some(next) = machine::decide(now, input, cx.at())? {
        apply(facts, cx, &mut change, now, next)?;
    }
    Ok(change)
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
    if !facts.task(&lease)? {
        return Err(Refusal::LeaseLost.into());
    }
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
            Happened::Began(_) | Happened::RefundClaimed(_) | Happened::RefundCounted => {}
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
    let held = before.attempt(id).is_some();
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
    let refund = Refund::of_unexpected(cx, payment, channel, money);
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
