//! Code payment (付款码支付): a shop scans a payer's payment code, and an order is made and paid by it; reversing one.
//!
//! **Invariants.** A code is used by the first order that it fits, whatever becomes of that order. Nobody but the
//! payer of the code pays it, and after it has failed only another code can. Asking again with the same code tells
//! what became of the order, and tries nothing.
//!
//! **Absent on purpose:** a notification. The shop asks.

use serde::{Deserialize, Serialize};

use super::{
    merchant, number,
    order::{self, OrderTerms, TradeType, WechatOrder},
};
use crate::{
    ChangeSet, Context, Facts, Key, Record, Refusal, Stop, Time,
    id::{PayerId, PaymentId},
    limits::{
        PASSWORD_FREE_AMOUNT_MAX, WECHAT_CODE_PASSWORD_S, WECHAT_EXPIRES_IN_S_DEFAULT,
        WECHAT_REVERSE_WINDOW_MS,
    },
    merchant as merchants, payer,
    payment::{
        Failure, Method, Payment, Status,
        create::{NewPayment, make},
        machine::{self, Input},
        steps::{Pay, Shown, apply, judged, pay_known, timer},
    },
    payment_code::{
        self, PaymentCode,
        machine::{Void, use_for},
    },
    refund::steps::{NewRefund, create_at},
    risk::Decision,
};

/// What an order that was made from a payment code remembers beside what every order has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeOrder {
    /// Whether the payer must type the password. `time_expire` of the order is until when.
    pub needs_password: bool,
    /// When the merchant reversed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reversed_at: Option<Time>,
}

/// Where an order that was made from a payment code stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeState {
    /// The payer types the password, or the result is not known.
    Paying,
    /// Nobody can pay it any more, unless another code is scanned for it.
    Failed,
    /// Paid.
    Paid,
    /// Closed, unpaid.
    Closed,
    /// The merchant took it back.
    Reversed,
}

/// Where a payment stands that was made from a payment code; none if it was not.
pub fn state(payment: &Payment, at: Time) -> Option<CodeState> {
    let code = payment.wechat.as_ref()?.code.as_ref()?;
    let reversed = code.reversed_at.is_some();
    Some(match payment.status {
        Status::Processing => CodeState::Paying,
        Status::Open if code.needs_password && at < payment.payable_until() => CodeState::Paying,
        Status::Open => CodeState::Failed,
        Status::Closed if reversed => CodeState::Reversed,
        Status::Closed => CodeState::Closed,
        // A reversal whose refund failed has reversed nothing.
        Status::Succeeded if reversed && !payment.refund_claimed.is_zero() => CodeState::Reversed,
        Status::Succeeded => CodeState::Paid,
    })
}

/// What a shop asks for that has scanned a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCodeOrder {
    /// What every payment has. `expires_in_s` is not looked at.
    pub payment: NewPayment,
    /// What this interface has beside it.
    pub terms: OrderTerms,
    /// Keyed digest of the code.
    pub code: [u8; 32],
    /// Whether who asks verifies with the public key.
    pub by_public_key: bool,
    /// Whether this is a sandbox, where faults may wait for the attempt.
    pub sandbox: bool,
}

/// What became of scanning a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scanned {
    /// The order as it is now: paid, being paid, or failed.
    Order(Box<Payment>),
    /// The payer has not enough money. The order is there, failed.
    NotEnough,
    /// There is no such merchant.
    UnknownMerchant,
    /// The appid is not bound to the merchant.
    AppidNotBound,
    /// The order number was used with other parameters.
    Differs,
    /// The order number belongs to something else than an order made from a code of this merchant number.
    Taken,
    /// The order was paid, by another code.
    Paid,
    /// The order is being paid, by another code.
    Paying,
    /// The order is closed or reversed.
    Over,
    /// There is no such code.
    UnknownCode,
    /// The code was used for another order.
    UsedCode,
    /// The code's time is over.
    ExpiredCode,
}

/// A shop scans a code: an order is made and paid; or it is told what became of the one that was made before.
pub fn scan(facts: &dyn Facts, cx: &mut Context, new: &NewCodeOrder) -> Result<(ChangeSet, Scanned), Stop> {
    let none = |scanned| Ok((ChangeSet::default(), scanned));
    new.payment.check_content()?;
    let merchant = match merchant::known(facts, &new.terms.mchid) {
        Err(Stop::Refuse(Refusal::NotFound(_))) => return none(Scanned::UnknownMerchant),
        known => known?,
    };
    if !merchant.appids.contains(&new.terms.appid) {
        return none(Scanned::AppidNotBound);
    }
    let code = payment_code::look_up(facts, &new.code)?;
    let number = Key::OrderNo(merchant.merchant, new.payment.order_no.clone());
    let earlier = facts.find::<Payment>(&number)?;
    if let Some(earlier) = earlier
        && let Some(scanned) = again(cx, earlier, code, new)
    {
        return none(scanned);
    }
    let Some(code) = code else { return none(Scanned::UnknownCode) };
    let (unpaid, mut change) = match earlier {
        Some(earlier) => (earlier.clone(), ChangeSet::default()),
        None => fresh(facts, cx, merchant.app, new)?,
    };
    match use_for(code, unpaid.id, cx.at()) {
        Ok(used) => change.put(used),
        Err(Void::Used(_)) => return none(Scanned::UsedCode),
        Err(Void::Expired) => return none(Scanned::ExpiredCode),
    }
    let needs_password =
        new.payment.money.amount > PASSWORD_FREE_AMOUNT_MAX || is_challenged(facts, cx, &unpaid, code.payer)?;
    let unpaid = for_payer(cx, &unpaid, code.payer, needs_password);
    if needs_password {
        let payment = Payment { version: unpaid.version.saturating_add(1), ..unpaid };
        change.put(payment.clone());
        return Ok((change, Scanned::Order(Box::new(payment))));
    }
    pay_now(facts, cx, change, &unpaid, code, new.sandbox)
}

/// Whether risk control wants a proof of what a code alone would pay.
fn is_challenged(facts: &dyn Facts, cx: &Context, unpaid: &Payment, payer: PayerId) -> Result<bool, Stop> {
    let payer = payer::able(facts, payer)?;
    let risk = judged(facts, cx, unpaid, (payer, Method::Balance, Shown::PaymentCode))?;
    Ok(risk.is_some_and(|risk| Decision::Allow < risk.decision && risk.decision < Decision::Review))
}

/// What to answer about an order that was made before; none if the code is to be tried on it.
fn again(cx: &Context, earlier: &Payment, code: Option<&PaymentCode>, new: &NewCodeOrder) -> Option<Scanned> {
    let at = cx.at();
    let order = earlier.wechat.as_ref().filter(|order| order.terms.mchid == new.terms.mchid);
    let (Some(order), Some(state)) = (order, state(earlier, at)) else { return Some(Scanned::Taken) };
    let same_code = code.is_some_and(|code| code.used.is_some_and(|used| used.payment == earlier.id));
    let same = order.terms == new.terms
        && earlier.money == new.payment.money
        && earlier.description == new.payment.description;
    let told = || Scanned::Order(Box::new(earlier.clone()));
    match state {
        CodeState::Closed | CodeState::Reversed => Some(Scanned::Over),
        CodeState::Paid if same && same_code => Some(told()),
        CodeState::Paid => Some(Scanned::Paid),
        CodeState::Paying | CodeState::Failed if !same => Some(Scanned::Differs),
        CodeState::Paying if same_code => Some(told()),
        CodeState::Paying => Some(Scanned::Paying),
        CodeState::Failed if same_code && was_short(earlier) => Some(Scanned::NotEnough),
        CodeState::Failed if same_code => Some(told()),
        // The timer that closes it runs a moment late.
        CodeState::Failed if at >= earlier.expires_at => Some(Scanned::Over),
        CodeState::Failed => None,
    }
}

fn was_short(payment: &Payment) -> bool {
    let failure = payment.attempts.last().and_then(|last| last.failure);
    failure == Some(Failure::InsufficientBalance)
}

/// A new order at version 0, "not stored yet", and the timer that closes it.
fn fresh(
    facts: &dyn Facts,
    cx: &mut Context,
    app: crate::id::AppId,
    new: &NewCodeOrder,
) -> Result<(Payment, ChangeSet), Stop> {
    let app = merchants::app(facts, app)?;
    let payment = NewPayment { expires_in_s: WECHAT_EXPIRES_IN_S_DEFAULT, ..new.payment.clone() };
    let mut made = ChangeSet::default();
    let payment = make(facts, cx, &mut made, app, &payment, |facts, id: PaymentId| {
        Ok(Some(Box::new(WechatOrder {
            terms: new.terms.clone(),
            payer: None,
            by_public_key: new.by_public_key,
            time_expire: None,
            transaction_id: number::transaction_id(facts, id.into())?,
            prepay_token: String::new(),
            prepays: 0,
            prepaid_at: Vec::new(),
            combined: None,
            code: Some(CodeOrder { needs_password: false, reversed_at: None }),
        })))
    })?;
    Ok((Payment { version: 0, ..payment }, ChangeSet { tasks: made.tasks, ..ChangeSet::default() }))
}

/// The order for the payer whose code was scanned: payable until the password must be there, or now and then no
/// more.
fn for_payer(cx: &Context, unpaid: &Payment, payer: PayerId, needs_password: bool) -> Payment {
    let for_ms = if needs_password { WECHAT_CODE_PASSWORD_S.saturating_mul(1_000) } else { 1 };
    let wechat = unpaid.wechat.clone().map(|mut order| {
        order.payer = Some(payer);
        order.time_expire = Some(cx.at().plus_ms(for_ms));
        order.code = Some(CodeOrder { needs_password, reversed_at: None });
        order
    });
    Payment { wechat, ..unpaid.clone() }
}

fn pay_now(
    facts: &dyn Facts,
    cx: &mut Context,
    mut change: ChangeSet,
    unpaid: &Payment,
    code: &PaymentCode,
    sandbox: bool,
) -> Result<(ChangeSet, Scanned), Stop> {
    let ask = Pay {
        payment: unpaid.id,
        payer: code.payer,
        method: Method::Balance,
        shown: Shown::PaymentCode,
        sandbox,
    };
    let (paid, _) = pay_known(facts, cx, unpaid, &ask)?;
    let ChangeSet { mut records, postings, tasks, done } = paid;
    // From here on only another code pays it, whatever came of this one.
    let over = |payment: &Payment| {
        let mut payment = payment.clone();
        payment.wechat = payment.wechat.map(|mut order| {
            order.time_expire = Some(cx.at());
            order
        });
        payment
    };
    let payment = changed(&mut records, unpaid.id, over).ok_or(Refusal::NotFound("payment"))?;
    change.records.extend(records);
    change.postings.extend(postings);
    change.tasks.extend(tasks);
    change.done.extend(done);
    if payment.status == Status::Succeeded {
        // The timer that would close it is not needed.
        let timer = timer(&payment).key;
        change.tasks.retain(|task| task.key != timer);
    }
    let short = payment.status == Status::Open && was_short(&payment);
    Ok((change, if short { Scanned::NotEnough } else { Scanned::Order(Box::new(payment)) }))
}

/// What became of reversing an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reversed {
    /// It is reversed, now or before, or was closed: nobody pays it, and what was paid is returned.
    Done,
    /// There is no such order.
    Unknown,
    /// It was not made from a payment code, so it is closed or refunded.
    NotFromCode,
    /// It is another appid's.
    OtherApp,
    /// The result of an attempt is not known.
    Paying,
    /// Some of it was refunded.
    Refunded,
    /// It was paid more than seven days ago.
    TooLate,
}

/// Reverses an order: closes it if it was not paid, and refunds all of it if it was.
pub fn reverse(
    facts: &dyn Facts,
    cx: &mut Context,
    (mchid, appid): (&str, &str),
    out_trade_no: &str,
) -> Result<(ChangeSet, Reversed), Stop> {
    let none = |reversed| Ok((ChangeSet::default(), reversed));
    let found = order::find(facts, mchid, out_trade_no)?;
    let single = found.filter(|payment| payment.is_single_order_of(mchid));
    let Some(now) = single else { return none(Reversed::Unknown) };
    let terms = now.wechat.as_ref().map(|order| (&order.terms.appid, order.terms.trade_type));
    match terms {
        Some((_, trade_type)) if trade_type != TradeType::Micropay => return none(Reversed::NotFromCode),
        Some((own, _)) if own != appid => return none(Reversed::OtherApp),
        Some(_) | None => {}
    }
    match now.status {
        Status::Processing => none(Reversed::Paying),
        Status::Closed => none(Reversed::Done),
        Status::Open => {
            let marked = mark(cx, now);
            let mut change = ChangeSet::default();
            if let Some(next) = machine::decide(&marked, Input::Close, cx.at())? {
                apply(facts, cx, &mut change, &marked, next)?;
            }
            Ok((change, Reversed::Done))
        }
        Status::Succeeded if state(now, cx.at()) == Some(CodeState::Reversed) => none(Reversed::Done),
        Status::Succeeded if !now.refund_claimed.is_zero() => none(Reversed::Refunded),
        Status::Succeeded => {
            let age_ms = now.succeeded_at.map_or(0, |paid| cx.at().since_ms(paid));
            if age_ms > WECHAT_REVERSE_WINDOW_MS {
                return none(Reversed::TooLate);
            }
            refund(facts, cx, now)
        }
    }
}

fn mark(cx: &Context, payment: &Payment) -> Payment {
    let wechat = payment.wechat.clone().map(|mut order| {
        order.code = order.code.map(|code| CodeOrder { reversed_at: Some(cx.at()), ..code });
        order
    });
    Payment { wechat, ..payment.clone() }
}

/// What the number of a reversal's refund begins with: it has a slash, which no merchant of this interface can give.
const REVERSAL: &str = "reverse/";

/// Whether a refund of an order that was made from a payment code is its reversal.
pub fn is_reversal(refund_no: &str) -> bool {
    refund_no.starts_with(REVERSAL)
}

/// The number of the refund has the count in it, so that a reversal whose refund failed can be asked for again.
fn refund(facts: &dyn Facts, cx: &mut Context, now: &Payment) -> Result<(ChangeSet, Reversed), Stop> {
    let ask = NewRefund {
        payment: now.id,
        refund_no: format!("{REVERSAL}{}/{}", now.refund_count, now.order_no),
        amount: now.money.amount,
        reason: None,
    };
    let (mut change, _) = create_at(facts, cx, now.app, &ask, None)?;
    changed(&mut change.records, now.id, |payment| mark(cx, payment));
    Ok((change, Reversed::Done))
}

/// Changes a payment that is among these records, and gives it.
fn changed(
    records: &mut [Record],
    id: PaymentId,
    change: impl FnOnce(&Payment) -> Payment,
) -> Option<Payment> {
    let found = records.iter_mut().find_map(|record| {
        if let Record::Payment(payment) = record {
            Some(payment).filter(|payment| payment.id == id)
        } else {
            None
        }
    })?;
    *found = change(found);
    Some(found.clone())
}
