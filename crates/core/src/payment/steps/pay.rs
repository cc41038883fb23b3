//! A payer pays: after a proof, from the balance at once or through a channel.

use tongbao_money::Money;
use tongbao_risk::choices::{Operation, Scene};

use super::{
    super::{
        Attempt, Challenge, Failure, Method, Payment, Proof, Proofs, Status,
        challenge::Paying,
        create::{Created, NewPayment, create},
        machine::{self, Input, Next},
        policy::{self, Asked, Risk},
    },
    QUERY_AFTER_S, apply, known,
};
use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop, Task, Work, card,
    id::{AppId, PayerId, PaymentId},
    ledger::{Account, template},
    payer::{
        self, Payer,
        passkey::PasskeyRing,
        usage::{self, Factors, spend},
    },
    risk::{self, Assessment, Decision, review},
    sandbox::{self, Fault},
    wechat::combine,
};

/// What a payer has shown before paying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Proofs that were found right; the payment password was counted by [`payer::try_password`]. If they are not
    /// enough, the attempt waits for the others.
    Proofs(Proofs),
    /// Nothing: a developer at the sandbox's phone. Faults may wait for the attempt.
    SandboxPhone,
    /// A payment code, used in the same step.
    PaymentCode,
}

impl Shown {
    /// The payment password, and nothing else.
    pub const PASSWORD: Shown = Shown::Proofs(Proofs::PASSWORD);

    /// The proofs among it.
    pub const fn proofs(self) -> Proofs {
        match self {
            Shown::Proofs(proofs) => proofs,
            Shown::SandboxPhone | Shown::PaymentCode => Proofs::NONE,
        }
    }

    /// How many proofs of different kinds that is.
    pub const fn factors(self) -> Factors {
        match self {
            Shown::Proofs(proofs) => proofs.factors(),
            Shown::PaymentCode => Factors::One,
            Shown::SandboxPhone => Factors::None,
        }
    }

    /// The sets of proofs of which one is needed, if what was shown is not enough.
    pub(crate) fn lacks(self, payer: &Payer, money: Money, risk: Risk) -> Option<Vec<Proofs>> {
        let Shown::Proofs(given) = self else { return None };
        let needed = policy::needed(&Asked { money, identity: payer.identity.as_ref(), risk });
        (!policy::is_enough(&needed, given)).then_some(needed)
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
    pub shown: Shown,
    /// Whether this is a sandbox, where faults may wait for the attempt.
    pub sandbox: bool,
}

/// Who pays what a shop collects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collect {
    /// Who pays.
    pub payer: PayerId,
    /// What was shown.
    pub shown: Shown,
    /// Whether this is a sandbox.
    pub sandbox: bool,
}

/// A payer pays: from the balance at once, through a channel by a task. If what was shown is not enough, the attempt
/// waits for the other proofs ([`super::prove`]).
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
    after_proof(facts, (ask.payer, ask.shown.proofs()), paid)
}

/// Makes a refusal after a right password a part of the answer, as [`pay_proven`] says.
pub(crate) fn after_proof<T>(
    facts: &dyn Facts,
    (payer, proofs): (PayerId, Proofs),
    paid: Result<(ChangeSet, T), Stop>,
) -> Result<(ChangeSet, Result<T, Refusal>), Stop> {
    match paid {
        Ok((change, paid)) => Ok((change, Ok(paid))),
        Err(Stop::Refuse(refusal)) if proofs.has(Proof::Password) => {
            let mut change = ChangeSet::default();
            payer::password_was_right(facts, &mut change, payer)?;
            Ok((change, Err(refusal)))
        }
        Err(stop) => Err(stop),
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
        shown: by.shown,
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
    let payer = payer::able(facts, ask.payer)?;
    combine::refuse_alone(now)?;
    let only = now.wechat.as_ref().and_then(|order| order.payer);
    if only.is_some_and(|only| only != ask.payer) {
        return Err(Refusal::Invalid { param: "payer", must: "the one for whom the order was placed" }.into());
    }
    let mut change = ChangeSet::default();
    if ask.shown.proofs().has(Proof::Password) {
        payer::password_was_right(facts, &mut change, ask.payer)?;
    }
    let mut attempt = Attempt::begin(cx, ask.method, ask.payer);
    attempt.proofs = ask.shown.proofs();
    attempt.risk = judged(facts, cx, now, (payer, ask.method, ask.shown))?;
    if attempt.decision() == Decision::Block {
        let payment = block(facts, cx, &mut change, now, attempt)?;
        return Ok((change, payment));
    }
    let lacks = ask.shown.lacks(payer, now.money, asks_for(facts, ask.payer, attempt.decision())?);
    let waits = lacks.is_some();
    if let Some(needed) = lacks {
        let of = Paying {
            payment: now,
            combined: None,
            payer: ask.payer,
            method: ask.method,
            attempt: attempt.id,
        };
        attempt.wait(Challenge::begin(of.digest(), needed, cx.at(), now));
    }
    // Whether the payment can be paid at all is settled before a waiting fault is used up.
    let Some(mut next) = machine::decide(now, Input::Begin(attempt.clone()), cx.at())? else {
        return Err(Refusal::PaymentProcessing.into());
    };
    if waits {
        // Nobody is asked for more proofs of what would be refused anyway.
        may_go_on(facts, cx, (ask.payer, ask.method), now.money)?;
    } else {
        go_on(facts, cx, &mut change, &mut next, (&attempt, ask.shown.factors()), ask.sandbox)?;
    }
    let payment = apply(facts, cx, &mut change, now, next)?;
    Ok((change, payment))
}

/// What risk control says of an attempt that begins.
pub(crate) fn judged(
    facts: &dyn Facts,
    cx: &Context,
    now: &Payment,
    (payer, method, shown): (&Payer, Method, Shown),
) -> Result<Option<Box<Assessment>>, Stop> {
    let asked = risk::Asked {
        operation: Operation::Payment,
        scene: if shown == Shown::PaymentCode { Scene::PaymentCode } else { Scene::Web },
        money: now.money,
        payer,
        payee: Some(risk::Recipient::Merchant(now.merchant)),
        card: if let Method::Card(card) = method { Some(card) } else { None },
        is_channel: method == Method::SandboxBank,
    };
    Ok(risk::assess(facts, cx, &asked)?.map(Box::new))
}

/// Which proofs a challenge of risk control comes to. Of a payer who has no passkey password and code are asked
/// together.
pub(crate) fn asks_for(facts: &dyn Facts, payer: PayerId, decision: Decision) -> Result<Risk, Stop> {
    Ok(match decision {
        Decision::Allow | Decision::ChallengePassword | Decision::Review | Decision::Block => Risk::Silent,
        Decision::ChallengeCode => Risk::Code,
        Decision::ChallengePasskey => {
            let ring = facts.find::<PasskeyRing>(&Key::PasskeyRing(payer))?;
            if ring.is_some_and(|ring| !ring.passkeys.is_empty()) { Risk::Passkey } else { Risk::Code }
        }
    })
}

/// An attempt that risk control refuses: it has failed as soon as it began, and the payment is open again.
fn block(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    now: &Payment,
    attempt: Attempt,
) -> Result<Payment, Stop> {
    let id = attempt.id;
    let begun = machine::decide(now, Input::Begin(attempt), cx.at())?.ok_or(Refusal::PaymentProcessing)?;
    let failed = Input::Failed { attempt: id, failure: Failure::Blocked };
    let mut next = begun;
    if let Some(after) = machine::decide(&next.payment, failed, cx.at())? {
        next.payment = after.payment;
        next.happened.extend(after.happened);
    }
    apply(facts, cx, change, now, next)
}

/// Whether an attempt that waits for proofs would be refused with them, as things stand.
fn may_go_on(
    facts: &dyn Facts,
    cx: &Context,
    (payer, method): (PayerId, Method),
    money: Money,
) -> Result<(), Stop> {
    match method {
        Method::Balance => usage::may_spend(facts, cx.at(), payer, money, Factors::Two),
        Method::SandboxBank => Ok(()),
        Method::Card(card) => card::steps::usable(facts, payer, card).map(drop),
    }
}

/// An attempt whose proofs are there goes on: from the balance to its end, through a channel to its first question.
pub(super) fn go_on(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    next: &mut Next,
    (attempt, factors): (&Attempt, Factors),
    sandbox: bool,
) -> Result<(), Stop> {
    if let Method::Card(card) = attempt.method {
        card::steps::usable(facts, attempt.payer, card)?;
    }
    if let Some(risk) = attempt.risk.as_deref().filter(|risk| risk.decision == Decision::Review) {
        return hold(facts, cx, change, next, (attempt, factors, risk));
    }
    let fault = if sandbox { sandbox::take_fault(facts, change, attempt.payer)? } else { None };
    for begun in next.payment.attempts.iter_mut().filter(|begun| begun.id == attempt.id) {
        begun.fault = fault;
    }
    match attempt.method {
        Method::Balance => pay_from_balance(facts, cx, change, next, (attempt, factors), fault),
        Method::SandboxBank | Method::Card(_) => {
            change.tasks.push(Task::new(cx.at(), Work::SubmitAttempt(next.payment.id, attempt.id)));
            Ok(())
        }
    }
}

/// An attempt that a person is to look at: what comes from the balance is held, and no bank is asked.
fn hold(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    next: &mut Next,
    (attempt, factors, risk): (&Attempt, Factors, &Assessment),
) -> Result<(), Stop> {
    let money = next.payment.money;
    if attempt.method == Method::Balance {
        let available = facts.account(&Account::PayerAvailable(attempt.payer).of(money.currency))?;
        if available.balance() < money.amount.minor() {
            return pay_from_balance(facts, cx, change, next, (attempt, factors), None);
        }
        spend(facts, cx, change, attempt.payer, money, factors)?;
        change.postings.extend(template::hold(attempt.payer, money, next.payment.id.into()));
    }
    let review = review::open(cx, change, &next.payment, (attempt.id, attempt.payer), risk);
    for begun in next.payment.attempts.iter_mut().filter(|begun| begun.id == attempt.id) {
        begun.review = Some(review);
    }
    Ok(())
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
