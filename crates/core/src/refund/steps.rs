//! From what happened to a refund to what changes: postings, the payment's sums, events, tasks.

use tongbao_money::{Amount, Money};

use super::{
    Origin, Refund, RefundStatus, Target,
    machine::{self, Happened, Input},
};
use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop, Task, TaskKey, Work,
    delivery::Dialect,
    event::{self, AlarmKind, Audience, EventKind, Subject},
    id::{AppId, PaymentId, RefundId},
    ledger::{Account, template},
    limits::REASON_CHARS_MAX,
    payment::{
        self, Method, Payment,
        create::{is_order_no, is_text},
        machine::Input as PaymentInput,
        steps::QUERY_AFTER_S,
    },
    profit_sharing,
    wechat::{WechatRefund, number},
};

/// What a merchant asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRefund {
    /// Of which payment.
    pub payment: PaymentId,
    /// The merchant's own number.
    pub refund_no: String,
    /// How much.
    pub amount: Amount,
    /// Why, for the payer to read.
    pub reason: Option<String>,
}

/// A refund that was created, now or before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// The refund.
    pub refund: Refund,
    /// Whether this request created it; otherwise an equal one did.
    pub new: bool,
}

/// What a channel says of a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It works on it.
    Working,
    /// The money went out.
    Paid {
        /// What the channel calls it.
        reference: Option<String>,
    },
    /// It refused.
    Failed,
    /// No answer. Never taken for a failure.
    Unknown,
}

/// Creates a refund: claims it from the payment, takes it from the merchant, and pays it to the
/// payer's balance at once or hands it to the channel by a task.
pub fn create(
    facts: &dyn Facts,
    cx: &mut Context,
    app: AppId,
    new: &NewRefund,
) -> Result<(ChangeSet, Created), Stop> {
    create_at(facts, cx, app, new, None)
}

/// The same with an address of its own for its events, which only the refund of an order of WeChat Pay's
/// interface has.
pub(crate) fn create_at(
    facts: &dyn Facts,
    cx: &mut Context,
    app: AppId,
    new: &NewRefund,
    notify_url: Option<&str>,
) -> Result<(ChangeSet, Created), Stop> {
    check(new)?;
    let before = payment::steps::owned(facts, app, new.payment)?;
    if let Some(earlier) = facts.find::<Refund>(&Key::RefundNo(before.merchant, new.refund_no.clone()))? {
        let again = earlier.payment == new.payment
            && earlier.money.amount == new.amount
            && earlier.reason == new.reason;
        if !again {
            return Err(Refusal::RefundNoUsed(earlier.id).into());
        }
        return Ok((ChangeSet::default(), Created { refund: earlier.clone(), new: false }));
    }
    let claim = payment::machine::decide(before, PaymentInput::ClaimRefund(new.amount), cx.at())?;
    let Some(claim) = claim else { return Err(Refusal::NotPaid.into()) };
    let fee = claim.payment.fee_returned.minus(before.fee_returned).unwrap_or_default();
    let attempt = before.paid_by().ok_or(Refusal::NotPaid)?;
    let money = Money { amount: new.amount, ..before.money };
    let mut change = ChangeSet::default();
    // What is frozen for sharing pays for its refunds, as far as the returned fee does not.
    let net = money.amount.minus(fee).unwrap_or_default();
    let frozen = profit_sharing::steps::take_refund(facts, cx, &mut change, before, net)?;
    if !frozen && !covered(facts, before, money, fee)? {
        return Err(Refusal::MerchantBalance.into());
    }
    let id: RefundId = cx.draw();
    let refund = Refund {
        id,
        version: 1,
        merchant: before.merchant,
        app,
        payment: before.id,
        attempt: None,
        origin: Origin::Merchant(new.refund_no.clone()),
        money,
        fee,
        target: attempt.method.channel().map_or(Target::Balance(attempt.payer), Target::Channel),
        reason: new.reason.clone(),
        status: RefundStatus::Accepted,
        contradicted: false,
        reference: None,
        created_at: cx.at(),
        succeeded_at: None,
        wechat: of_order(facts, before, id, notify_url)?,
    };
    change.postings.extend(template::refund(before.merchant, money, fee, refund.id.into()));
    let (refund, payment) = match attempt.method {
        Method::Balance => pay_to_balance(facts, cx, &mut change, refund, claim.payment)?,
        Method::SandboxBank | Method::Card(_) => {
            change.tasks.push(Task::new(cx.at(), Work::SubmitRefund(refund.id)));
            (refund, claim.payment)
        }
    };
    change.put(Payment { version: before.version.saturating_add(1), ..payment });
    change.put(refund.clone());
    Ok((change, Created { refund, new: true }))
}

/// What a refund remembers if the payment is an order of WeChat Pay's interface.
fn of_order(
    facts: &dyn Facts,
    payment: &Payment,
    id: RefundId,
    notify_url: Option<&str>,
) -> Result<Option<Box<WechatRefund>>, Stop> {
    let Some(order) = &payment.wechat else { return Ok(None) };
    Ok(Some(Box::new(WechatRefund {
        mchid: order.terms.mchid.clone(),
        refund_id: number::refund_id(facts, id.into())?,
        transaction_id: order.transaction_id.clone(),
        out_trade_no: payment.order_no.clone(),
        total: payment.money.amount,
        by_public_key: order.by_public_key,
        notify_url: notify_url.map(ToOwned::to_owned),
    })))
}

fn check(new: &NewRefund) -> Result<(), Refusal> {
    if !is_order_no(&new.refund_no) {
        let must = "1 to 64 letters, digits or characters of _-|*.:/@";
        return Err(Refusal::Invalid { param: "refund_no", must });
    }
    if new.amount.is_zero() {
        return Err(Refusal::Invalid { param: "amount", must: "at least 1 minor unit" });
    }
    if new.reason.as_ref().is_some_and(|reason| !is_text(reason, REASON_CHARS_MAX)) {
        return Err(Refusal::Invalid {
            param: "reason",
            must: "1 to 256 characters without control characters",
        });
    }
    Ok(())
}

/// Whether the merchant's takings cover the refund, the returned fee counted in.
fn covered(facts: &dyn Facts, payment: &Payment, money: Money, fee: Amount) -> Result<bool, Stop> {
    let pending = facts.account(&Account::MerchantPending(payment.merchant).of(money.currency))?.balance();
    Ok(pending.saturating_add(fee.minor()) >= money.amount.minor())
}

/// A refund to a balance is ours from end to end, so it is paid in the step that makes it.
fn pay_to_balance(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    refund: Refund,
    payment: Payment,
) -> Result<(Refund, Payment), Stop> {
    let Some((refund, _)) = machine::decide(&refund, Input::Paid { reference: None }, cx.at()) else {
        return Ok((refund, payment));
    };
    change.postings.extend(template::refund_paid(refund.target.account(), refund.money, refund.id.into()));
    let counted = payment::machine::decide(&payment, PaymentInput::RefundPaid(refund.money.amount), cx.at())?;
    let payment = counted.map_or(payment, |next| next.payment);
    tell(facts, cx, change, &refund, &payment, EventKind::RefundSucceeded)?;
    Ok((refund, payment))
}

/// A channel's word on a refund. `lease` is the task that asked, if one did.
pub fn hear(
    facts: &dyn Facts,
    cx: &mut Context,
    id: RefundId,
    lease: Option<TaskKey>,
    said: &Said,
) -> Result<ChangeSet, Stop> {
    let mut change = ChangeSet::default();
    if let Some(lease) = lease {
        lease.held(facts)?;
        change.done.push(lease);
    }
    let now = facts.get::<Refund>(id)?.ok_or(Refusal::NotFound("refund"))?;
    let input = match said {
        Said::Working | Said::Unknown => {
            // The task that asked asks again. Word that nobody asked for starts no second one.
            let waits = matches!(now.status, RefundStatus::Accepted | RefundStatus::Processing);
            if lease.is_some() && waits {
                change.tasks.push(Task::new(cx.at().plus_s(QUERY_AFTER_S), Work::QueryRefund(id)));
            }
            Input::Working
        }
        Said::Paid { reference } => Input::Paid { reference: reference.clone() },
        Said::Failed => Input::Failed,
    };
    if let Some((next, happened)) = machine::decide(now, input, cx.at()) {
        let mut next = Refund { version: now.version.saturating_add(1), ..next };
        apply(facts, cx, &mut change, &mut next, happened)?;
        change.put(next);
    }
    Ok(change)
}

fn apply(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    refund: &mut Refund,
    happened: Happened,
) -> Result<(), Stop> {
    let (subject, money) = (refund.id.into(), refund.money);
    let before = payment::steps::known(facts, refund.payment)?;
    match happened {
        Happened::HandedOver => return Ok(()),
        Happened::Alarm(kind) => {
            event::raise(cx, change, kind, subject);
            return Ok(());
        }
        Happened::Paid => {
            change.postings.extend(template::refund_paid(refund.target.account(), money, subject));
        }
        Happened::Failed => {
            change.postings.extend(template::refund_failed(refund.merchant, money, refund.fee, subject));
        }
        Happened::PaidAfterAll => {
            event::raise(cx, change, AlarmKind::RefundPaidAfterFailed, subject);
            let fee = before.fee_part(money.amount);
            let merchant = covered(facts, before, money, fee)?;
            refund.fee = if merchant { fee } else { Amount::ZERO };
            let target = refund.target.account();
            change.postings.extend(if merchant {
                template::refund_after_all(refund.merchant, target, money, fee, subject)
            } else {
                template::refund_uncovered(target, money, subject)
            });
        }
    }
    if refund.origin == Origin::Unexpected {
        return Ok(());
    }
    let (input, kind) = match happened {
        Happened::Failed => {
            (PaymentInput::RefundFailed { amount: money.amount, fee: refund.fee }, EventKind::RefundFailed)
        }
        Happened::PaidAfterAll => (
            PaymentInput::RefundPaidAfterAll { amount: money.amount, fee: refund.fee },
            EventKind::RefundSucceeded,
        ),
        Happened::Paid | Happened::HandedOver | Happened::Alarm(_) => {
            (PaymentInput::RefundPaid(money.amount), EventKind::RefundSucceeded)
        }
    };
    let Some(next) = payment::machine::decide(before, input, cx.at())? else { return Ok(()) };
    let payment = Payment { version: before.version.saturating_add(1), ..next.payment };
    tell(facts, cx, change, refund, &payment, kind)?;
    change.put(payment);
    Ok(())
}

fn tell(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    refund: &Refund,
    payment: &Payment,
    kind: EventKind,
) -> Result<(), Stop> {
    let own = refund.wechat.as_ref().and_then(|refund| refund.notify_url.as_deref());
    let audience = Audience {
        app: refund.app,
        notify_url: own.or(payment.notify_url.as_deref()),
        dialect: Dialect::of(refund.wechat.is_some()),
        copies: 1,
        probe: false,
    };
    event::announce(facts, cx, change, audience, kind, Subject::Refund(Box::new(refund.clone())))
}
