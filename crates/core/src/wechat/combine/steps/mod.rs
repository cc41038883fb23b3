//! What happens to a combined order as a whole: paid, heard of, closed, expired. Each of its payments goes
//! through its own machine; here is only that all of them go together.

mod prove;

pub use self::prove::{ProveCombined, prove, send_code, take_back};
use super::{CombinedPicture, WechatCombinedOrder, by_id, find, total};
use crate::{
    ChangeSet, Context, Facts, Refusal, Stop, Task, Work,
    delivery::Dialect,
    event::{self, Audience, EventKind, Subject},
    id::{AttemptId, PayerId, WechatCombinedOrderId},
    ledger::{Account, template},
    payer::{self, Payer, usage::Factors},
    payment::{
        Attempt, Challenge, Failure, Method, Payment, Proof, Proofs, Status,
        challenge::Paying,
        machine::{self, Input, Next},
        steps::{self, QUERY_AFTER_S, Said, Shown, after_proof, apply, asks_for, timer},
    },
    risk::{Assessment, Decision},
    sandbox::{self, Fault},
};

/// What a payer asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayCombined {
    /// Which order.
    pub order: WechatCombinedOrderId,
    /// Who pays.
    pub payer: PayerId,
    /// How: from the balance.
    pub method: Method,
    /// What was shown.
    pub shown: Shown,
    /// Whether this is a sandbox, where faults may wait for the attempt.
    pub sandbox: bool,
}

/// A payer pays all of a combined order, or nothing of it. Gives its payments as they are then. If what was shown is
/// not enough, an attempt at each of them waits for the other proofs ([`prove`]).
pub fn pay(
    facts: &dyn Facts,
    cx: &mut Context,
    ask: &PayCombined,
) -> Result<(ChangeSet, Vec<Payment>), Stop> {
    let order = by_id(facts, ask.order)?;
    let payer = payer::able(facts, ask.payer)?;
    if order.payer.is_some_and(|only| only != ask.payer) {
        return Err(Refusal::Invalid { param: "payer", must: "the one for whom the order was placed" }.into());
    }
    if ask.method != Method::Balance {
        let must = "balance: a combined order is paid in one step, or not at all";
        return Err(Refusal::Invalid { param: "method", must }.into());
    }
    let mut change = ChangeSet::default();
    if ask.shown.proofs().has(Proof::Password) {
        payer::password_was_right(facts, &mut change, ask.payer)?;
    }
    let payments = order.payments(facts)?;
    let (risks, decision) = judged(facts, cx, &payments, (payer, ask.shown))?;
    let lacks = ask.shown.lacks(payer, total(&payments), asks_for(facts, ask.payer, decision)?);
    // Nobody is asked for more proofs of what is refused anyway.
    let lacks = lacks.filter(|_| decision < Decision::Review);
    let waits = lacks.is_some();
    // Whether all of it can be paid is settled before a waiting fault is used up.
    let begun = begin(cx, &payments, ask, (lacks.as_deref(), risks))?;
    if waits {
        payer::usage::may_spend(facts, cx.at(), ask.payer, total(&payments), Factors::Two)?;
        let after = apply_all(facts, cx, &mut change, payments.iter().zip(begun))?;
        return Ok((change, after));
    }
    let after = go_on(
        facts,
        cx,
        &mut change,
        (order, &payments, begun),
        (ask.payer, ask.shown.factors()),
        ask.sandbox,
    )?;
    Ok((change, after))
}

/// All attempts have their proofs: all of them end, or all wait for the late result that a sandbox was told to give.
fn go_on(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    (order, payments, begun): (&WechatCombinedOrder, &[Payment], Vec<(Next, AttemptId)>),
    (payer, factors): (PayerId, Factors),
    sandbox: bool,
) -> Result<Vec<Payment>, Stop> {
    let fault = if sandbox { sandbox::take_fault(facts, change, payer)? } else { None };
    let money = total(payments);
    let available = facts.account(&Account::PayerAvailable(payer).of(money.currency))?.balance();
    let failure = match fault {
        _ if begun.iter().any(is_refused) => Some(Failure::Blocked),
        Some(Fault::Declined) => Some(Failure::Declined),
        Some(Fault::InsufficientBalance) => Some(Failure::InsufficientBalance),
        Some(Fault::ResultLate | Fault::DuplicateNotification | Fault::SignatureProbe) | None => {
            (available < money.amount.minor()).then_some(Failure::InsufficientBalance)
        }
    };
    if failure.is_none() {
        payer::usage::spend(facts, cx, change, payer, money, factors)?;
    }
    let late = failure.is_none() && fault == Some(Fault::ResultLate);
    let mut ended = Vec::with_capacity(payments.len());
    for (before, (mut next, attempt)) in payments.iter().zip(begun) {
        for begun in next.payment.attempts.iter_mut().filter(|begun| begun.id == attempt) {
            begun.fault = fault;
        }
        if late {
            change.postings.extend(template::hold(payer, before.money, before.id.into()));
        } else {
            let input = match failure {
                Some(failure) => Input::Failed { attempt, failure },
                None => Input::Paid { attempt, money: before.money, reference: None },
            };
            if let Some(then) = machine::decide(&next.payment, input, cx.at())? {
                next.payment = then.payment;
                next.happened.extend(then.happened);
            }
        }
        ended.push((before, (next, attempt)));
    }
    let after = apply_all(facts, cx, change, ended.into_iter())?;
    if late {
        ask_again(cx, change, &after);
    }
    tell(facts, cx, change, order, &after)?;
    Ok(after)
}

/// What risk control says of payments, in their order.
type Risks = Vec<Option<Box<Assessment>>>;

/// What risk control says of each payment, and the severest of it. Orders that are paid together are held together by
/// nobody: one that is to be reviewed refuses all, and each can be ordered alone.
fn judged(
    facts: &dyn Facts,
    cx: &Context,
    payments: &[Payment],
    (payer, shown): (&Payer, Shown),
) -> Result<(Risks, Decision), Stop> {
    let judge = |payment| steps::judged(facts, cx, payment, (payer, Method::Balance, shown));
    let risks = payments.iter().map(judge).collect::<Result<Vec<_>, Stop>>()?;
    let severest = risks.iter().flatten().map(|risk| risk.decision).max().unwrap_or(Decision::Allow);
    Ok((risks, severest))
}

/// Whether risk control lets an attempt not go on.
fn is_refused((next, attempt): &(Next, AttemptId)) -> bool {
    next.payment.attempt(*attempt).is_some_and(|attempt| attempt.decision() >= Decision::Review)
}

fn apply_all<'a>(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    next: impl Iterator<Item = (&'a Payment, (Next, AttemptId))>,
) -> Result<Vec<Payment>, Stop> {
    next.map(|(before, (next, _))| apply(facts, cx, change, before, next)).collect()
}

/// The same after a proof: a right password starts the count of tries again whatever becomes of the order, so
/// here its refusal is part of the answer.
pub fn pay_proven(
    facts: &dyn Facts,
    cx: &mut Context,
    ask: &PayCombined,
) -> Result<(ChangeSet, Result<Vec<Payment>, Refusal>), Stop> {
    let paid = pay(facts, cx, ask);
    after_proof(facts, (ask.payer, ask.shown.proofs()), paid)
}

/// An attempt begins on every payment, or on none. Those that wait for proofs wait for the same: what is paid is the
/// whole.
fn begin(
    cx: &mut Context,
    payments: &[Payment],
    ask: &PayCombined,
    (lacks, risks): (Option<&[Proofs]>, Risks),
) -> Result<Vec<(Next, AttemptId)>, Refusal> {
    let mut begun: Vec<(Next, AttemptId)> = Vec::with_capacity(payments.len());
    let mut challenge = None;
    for (payment, risk) in payments.iter().zip(risks) {
        let mut attempt = Attempt::begin(cx, ask.method, ask.payer);
        attempt.risk = risk;
        attempt.proofs = ask.shown.proofs();
        if let Some(needed) = lacks {
            let new = || {
                let combined = Some((ask.order, total(payments).amount.minor()));
                let (payer, method) = (ask.payer, ask.method);
                let of = Paying { payment, combined, payer, method, attempt: attempt.id };
                Challenge::begin(of.digest(), needed.to_vec(), cx.at(), payment)
            };
            attempt.wait(challenge.get_or_insert_with(new).clone());
        }
        let id = attempt.id;
        let next = machine::decide(payment, Input::Begin(attempt), cx.at())?;
        begun.push((next.ok_or(Refusal::PaymentProcessing)?, id));
    }
    Ok(begun)
}

/// One task asks for the result of all: the first payment's attempt stands for the others.
fn ask_again(cx: &Context, change: &mut ChangeSet, payments: &[Payment]) {
    let first = payments.first().and_then(|first| Some((first.id, first.pending()?.id)));
    if let Some((payment, attempt)) = first {
        let due_at = cx.at().plus_s(QUERY_AFTER_S);
        change.tasks.push(Task::new(due_at, Work::QueryAttempt(payment, attempt)));
    }
}

/// What our own ledger says of money that is held for a combined order, and whether a task asked it; the lease of
/// that task is ended already.
pub(crate) fn hear(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    order: WechatCombinedOrderId,
    (said, asked): (&Said, bool),
) -> Result<(), Stop> {
    let order = by_id(facts, order)?;
    let payments = order.payments(facts)?;
    if let Said::MustConfirm(_) | Said::Unknown = said {
        if asked {
            ask_again(cx, change, &payments);
        }
        return Ok(());
    }
    let mut after = Vec::with_capacity(payments.len());
    for before in &payments {
        let Some(attempt) = before.pending().map(|attempt| attempt.id) else { continue };
        let input = match said {
            // What was held for each is what it costs.
            Said::Paid { .. } => Input::Paid { attempt, money: before.money, reference: None },
            Said::Failed(failure) => Input::Failed { attempt, failure: *failure },
            Said::MustConfirm(_) | Said::Unknown => continue,
        };
        if let Some(next) = machine::decide(before, input, cx.at())? {
            after.push(apply(facts, cx, change, before, next)?);
        }
    }
    tell(facts, cx, change, order, &after)
}

/// Tells who combined it, once, when all of it is paid. The apps of its payments are told of each by
/// [`apply`].
fn tell(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    order: &WechatCombinedOrder,
    after: &[Payment],
) -> Result<(), Stop> {
    let all = after.len() == order.sub_orders.len();
    if !all || after.iter().any(|payment| payment.status != Status::Succeeded) {
        return Ok(());
    }
    let fault = after.first().and_then(|first| first.attempts.last()?.fault);
    let audience = Audience {
        app: order.app,
        notify_url: Some(&order.terms.notify_url),
        dialect: Dialect::Wechat,
        copies: if fault == Some(Fault::DuplicateNotification) { 2 } else { 1 },
        probe: fault == Some(Fault::SignatureProbe),
    };
    let picture = CombinedPicture { order: order.clone(), payments: after.to_vec() };
    let subject = Subject::CombinedOrder(Box::new(picture));
    event::announce(facts, cx, change, audience, EventKind::PaymentSucceeded, subject)
}

/// What became of closing a combined order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It is closed, now or before.
    Done,
    /// There is no such order.
    Unknown,
    /// The parts or the appid that were named are not those of the order.
    Differs,
    /// It is paid.
    Paid,
    /// An attempt's result is not known.
    Paying,
}

/// Closes a combined order, all of it. `named` are merchant number and order number of every part, in any order.
pub fn close(
    facts: &dyn Facts,
    cx: &mut Context,
    (mchid, appid, out_trade_no): (&str, &str, &str),
    named: &[(String, String)],
) -> Result<(ChangeSet, Closed), Stop> {
    let none = |closed| Ok((ChangeSet::default(), closed));
    let Some(order) = find(facts, mchid, out_trade_no)? else { return none(Closed::Unknown) };
    let mut own: Vec<(&str, &str)> =
        order.sub_orders.iter().map(|sub| (sub.mchid.as_str(), sub.out_trade_no.as_str())).collect();
    let mut named: Vec<(&str, &str)> =
        named.iter().map(|(mchid, number)| (mchid.as_str(), number.as_str())).collect();
    own.sort_unstable();
    named.sort_unstable();
    if own != named || order.terms.appid != appid {
        return none(Closed::Differs);
    }
    let mut change = ChangeSet::default();
    for before in order.payments(facts)? {
        match machine::decide(&before, Input::Close, cx.at()) {
            Ok(None) => {}
            Ok(Some(next)) => drop(apply(facts, cx, &mut change, &before, next)?),
            Err(Refusal::PaymentPaid) => return none(Closed::Paid),
            Err(Refusal::PaymentProcessing) => return none(Closed::Paying),
            Err(refusal) => return Err(refusal.into()),
        }
    }
    Ok((change, Closed::Done))
}

/// Closes all of a combined order whose time is over; `fired` is the payment whose timer went off.
pub(crate) fn expire(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    order: WechatCombinedOrderId,
    fired: &Payment,
) -> Result<(), Stop> {
    for before in by_id(facts, order)?.payments(facts)? {
        match machine::decide(&before, Input::Expire, cx.at())? {
            Some(next) => drop(apply(facts, cx, change, &before, next)?),
            // It went off too early.
            None if before.status == Status::Open && before.id == fired.id => {
                change.tasks.push(timer(&before));
            }
            None => {}
        }
    }
    Ok(())
}
