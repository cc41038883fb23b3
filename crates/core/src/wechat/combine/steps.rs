//! What happens to a combined order as a whole: paid, heard of, closed, expired. Each of its payments goes
//! through its own machine; here is only that all of them go together.

use super::{CombinedPicture, WechatCombinedOrder, by_id, find, total};
use crate::{
    ChangeSet, Context, Facts, Refusal, Stop, Task, Work,
    delivery::Dialect,
    event::{self, Audience, EventKind, Subject},
    id::{PayerId, WechatCombinedOrderId},
    ledger::{Account, template},
    payer,
    payment::{
        Attempt, Failure, Method, Payment, Status,
        machine::{self, Input, Next},
        steps::{Proof, QUERY_AFTER_S, Said, after_proof, apply, timer},
    },
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
    pub proof: Proof,
    /// Whether this is a sandbox, where faults may wait for the attempt.
    pub sandbox: bool,
}

/// A payer pays all of a combined order, or nothing of it. Gives its payments as they are then.
pub fn pay(
    facts: &dyn Facts,
    cx: &mut Context,
    ask: &PayCombined,
) -> Result<(ChangeSet, Vec<Payment>), Stop> {
    let order = by_id(facts, ask.order)?;
    payer::able(facts, ask.payer)?;
    if order.payer.is_some_and(|only| only != ask.payer) {
        return Err(Refusal::Invalid { param: "payer", must: "the one for whom the order was placed" }.into());
    }
    if ask.method != Method::Balance {
        let must = "balance: a combined order is paid in one step, or not at all";
        return Err(Refusal::Invalid { param: "method", must }.into());
    }
    let mut change = ChangeSet::default();
    if ask.proof == Proof::Password {
        payer::password_was_right(facts, &mut change, ask.payer)?;
    }
    let payments = order.payments(facts)?;
    // Whether all of it can be paid is settled before a waiting fault is used up.
    let begun = begin(cx, &payments, ask)?;
    let fault = if ask.sandbox { sandbox::take_fault(facts, &mut change, ask.payer)? } else { None };
    let money = total(&payments);
    let available = facts.account(&Account::PayerAvailable(ask.payer).of(money.currency))?.balance();
    let failure = match fault {
        Some(Fault::Declined) => Some(Failure::Declined),
        Some(Fault::InsufficientBalance) => Some(Failure::InsufficientBalance),
        Some(Fault::ResultLate | Fault::DuplicateNotification | Fault::SignatureProbe) | None => {
            (available < money.amount.minor()).then_some(Failure::InsufficientBalance)
        }
    };
    if failure.is_none() {
        payer::usage::spend(facts, cx, &mut change, ask.payer, money, ask.proof.factors())?;
    }
    let late = failure.is_none() && fault == Some(Fault::ResultLate);
    let mut after = Vec::with_capacity(payments.len());
    for (before, (mut next, attempt)) in payments.iter().zip(begun) {
        for begun in next.payment.attempts.iter_mut().filter(|begun| begun.id == attempt.id) {
            begun.fault = fault;
        }
        if late {
            change.postings.extend(template::hold(ask.payer, before.money, before.id.into()));
        } else {
            let input = match failure {
                Some(failure) => Input::Failed { attempt: attempt.id, failure },
                None => Input::Paid { attempt: attempt.id, money: before.money, reference: None },
            };
            if let Some(then) = machine::decide(&next.payment, input, cx.at())? {
                next.payment = then.payment;
                next.happened.extend(then.happened);
            }
        }
        after.push(apply(facts, cx, &mut change, before, next)?);
    }
    if late {
        ask_again(cx, &mut change, &after);
    }
    tell(facts, cx, &mut change, order, &after)?;
    Ok((change, after))
}

/// The same after a proof: a right password starts the count of tries again whatever becomes of the order, so
/// here its refusal is part of the answer.
pub fn pay_proven(
    facts: &dyn Facts,
    cx: &mut Context,
    ask: &PayCombined,
) -> Result<(ChangeSet, Result<Vec<Payment>, Refusal>), Stop> {
    let paid = pay(facts, cx, ask);
    after_proof(facts, (ask.payer, ask.proof), paid)
}

/// An attempt begins on every payment, or on none.
fn begin(cx: &mut Context, payments: &[Payment], ask: &PayCombined) -> Result<Vec<(Next, Attempt)>, Refusal> {
    let mut begun = Vec::with_capacity(payments.len());
    for payment in payments {
        let attempt = Attempt::begin(cx, ask.method, ask.payer);
        let next = machine::decide(payment, Input::Begin(attempt.clone()), cx.at())?;
        begun.push((next.ok_or(Refusal::PaymentProcessing)?, attempt));
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
    if let Said::Unknown = said {
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
            Said::Unknown => continue,
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
