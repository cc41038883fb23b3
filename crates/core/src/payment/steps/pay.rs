//! A payer pays: after a proof, from the balance at once or through a channel.

use super::{
    super::{
        Attempt, Failure, Method, Payment, Status,
        create::{Created, NewPayment, create},
        machine::{self, Input, Next},
    },
    QUERY_AFTER_S, apply, known,
};
use crate::{
    ChangeSet, Context, Facts, Refusal, Stop, Task, Work, card,
    id::{AppId, PayerId, PaymentId},
    ledger::{Account, template},
    payer::{
        self,
        usage::{Factors, spend},
    },
    sandbox::{self, Fault},
    wechat::combine,
};

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

impl Proof {
    /// How many proofs of different kinds that is. The password is typed on a page that a one-time code opened.
    pub const fn factors(self) -> Factors {
        match self {
            Proof::Password => Factors::Two,
            Proof::PaymentCode => Factors::One,
            Proof::SandboxPhone => Factors::None,
        }
    }
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
    payer::able(facts, ask.payer)?;
    combine::refuse_alone(now)?;
    let only = now.wechat.as_ref().and_then(|order| order.payer);
    if only.is_some_and(|only| only != ask.payer) {
        return Err(Refusal::Invalid { param: "payer", must: "the one for whom the order was placed" }.into());
    }
    let mut change = ChangeSet::default();
    if ask.proof == Proof::Password {
        payer::password_was_right(facts, &mut change, ask.payer)?;
    }
    if let Method::Card(card) = ask.method {
        card::steps::usable(facts, ask.payer, card)?;
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
        Method::Balance => {
            pay_from_balance(facts, cx, &mut change, &mut next, (&attempt, ask.proof.factors()), fault)?;
        }
        Method::SandboxBank | Method::Card(_) => {
            change.tasks.push(Task::new(cx.at(), Work::SubmitAttempt(now.id, attempt.id)));
        }
    }
    let payment = apply(facts, cx, &mut change, now, next)?;
    Ok((change, payment))
}

fn pay_from_balance(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    next: &mut Next,
    (attempt, factors): (&Attempt, Factors),
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
    if failure.is_none() {
        spend(facts, cx, change, attempt.payer, money, factors)?;
    }
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
