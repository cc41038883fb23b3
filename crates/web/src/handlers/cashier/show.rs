//! The page: which step fits the payment's state and who stands before it.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Path, State},
    response::Response,
};
use tongbao_core::{
    card::Card,
    id::PayerId,
    ledger::Account,
    limits::ATTEMPTS_PER_PAYMENT_MAX,
    merchant::Merchant,
    payer::Payer,
    payment::{Item, Method, Payment, Proof, Status},
};
use tongbao_money::Currency;
use tongbao_store::Fault;

use super::{
    Session, Till,
    notice::{self, Told},
};
use crate::{
    cashier::{
        CHANGE_PHONE, CashierView, ConfirmView, ItemView, MethodDetail, MethodView, Notice, Outcome,
        ProveView, ResultView, SignInView, Step, render_cashier,
    },
    handlers::{
        Pages, answer,
        answer::Trouble,
        form_token::{self, Scope},
        record_view::{amount, expires_in_s, method_name, moment, price},
        sign_in::SignIn,
        visit::Visit,
        wallet::money::cards_of,
    },
    i18n::common::WhyNot,
};

pub(super) async fn show(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Path(id): Path<String>,
) -> Result<Response, Trouble> {
    let till = Till::open(&pages, &visit, &id)?;
    let (token, cookie) = {
        let session = till.session().map(Session::payload);
        form_token::issue(&pages, &visit, Scope::Cashier, session)
    };
    let frame = visit.frame(token);
    let view = view(&till)?;
    let mut response = answer::html(&frame, render_cashier(&view, &frame));
    if let Some(cookie) = cookie {
        cookie.set(&mut response, &pages);
    }
    if visit.query(CHANGE_PHONE).is_some() {
        SignIn::forget(till.path()).set(&mut response, &pages);
    }
    Ok(response)
}

fn view(till: &Till) -> Result<CashierView, Fault> {
    let Till { pages, payment, now, .. } = till;
    let merchant = pages.engine.store.get::<Merchant>(payment.merchant)?;
    let (step, notice) = step(till)?;
    let id = till.id();
    Ok(CashierView {
        base: String::new(),
        qr_text: format!("{}{}", pages.base_url, super::path(&id)),
        payment_id: id,
        merchant_name: merchant.map(|merchant| merchant.name).unwrap_or_default(),
        description: payment.description.clone(),
        order_no: payment.order_no.clone(),
        items: payment.items.iter().map(|item| item_view(item, payment)).collect(),
        amount: price(payment),
        expires_in_s: expires_in_s(payment, *now),
        sandbox: pages.engine.is_sandbox(),
        notice,
        step,
    })
}

fn item_view(item: &Item, payment: &Payment) -> ItemView {
    let all = item.unit_amount.minor().checked_mul(item.quantity.into());
    ItemView {
        name: item.name.clone(),
        quantity: item.quantity.into(),
        amount: all.map(|all| amount(all, payment.money.currency)),
    }
}

fn step(till: &Till) -> Result<(Step, Option<Notice>), Fault> {
    let carried = notice::read(till);
    let worded = |available| carried.and_then(|(told, _)| notice::worded(till, told, available));
    let payment = &till.payment;
    let outcome = match payment.status {
        Status::Open if till.is_payable() => {
            let Some((_, payer)) = &till.payer else {
                return Ok((Step::SignIn(sign_in_view(till)), worded(i64::MAX)));
            };
            let available = available(till.pages, payment, payer)?;
            if let Some((_, missing)) = till.waiting() {
                let masked_phone = payer.phone_hint.clone();
                let passkey = till.pages.has_passkey(payer.id)?;
                let prove = ProveView { masked_phone, by_password: missing == Proof::Password, passkey };
                return Ok((Step::Prove(prove), worded(available)));
            }
            let methods = methods(till, payer.id, available)?;
            let chosen = carried.and_then(|(_, method)| method);
            let confirm = ConfirmView {
                masked_phone: payer.phone_hint.clone(),
                methods: methods.into_iter().map(|(_, view)| view).collect(),
                selected_method: chosen.map(method_key),
                passkey: till.pages.has_passkey(payer.id)?,
            };
            let notice = worded(available).or_else(|| notice::of_payer(till, payer, available));
            return Ok((Step::Confirm(confirm), notice));
        }
        Status::Processing => {
            let asked = to_confirm(till).map(|address| Step::AskedByBank(address.to_owned()));
            let is_reviewed = payment.pending().is_some_and(|pending| pending.review.is_some());
            let waits = if is_reviewed { Step::Reviewing } else { Step::Processing };
            return Ok((asked.unwrap_or(waits), None));
        }
        Status::Open => Outcome::Expired,
        Status::Closed if payment.closed_at.is_some_and(|closed| closed >= payment.expires_at) => {
            Outcome::Expired
        }
        Status::Closed => Outcome::Closed,
        Status::Succeeded => outcome_of_paid(till),
    };
    // Of what could be said earlier only this still matters.
    let notice = carried.and_then(|(told, _)| (told == Told::AlreadyPaid).then_some(Notice::AlreadyPaid));
    Ok((Step::Result(ResultView { outcome, return_url: payment.return_url.clone() }), notice))
}

/// Where the signed-in payer is to confirm, while the bank of its card waits for that.
pub(super) fn to_confirm<'a>(till: &'a Till) -> Option<&'a str> {
    let pending = till.payment.pending().filter(|attempt| paid_by(till.session(), attempt))?;
    pending.to_confirm().map(|confirmation| confirmation.address.as_str())
}

fn sign_in_view(till: &Till) -> SignInView {
    let SignIn { phone, sent_at, .. } = SignIn::read(till.pages, till.visit);
    SignInView { phone, code_sent: sent_at.is_some() }
}

/// How a payment that was paid stands now. With what it was paid is for who paid it.
fn outcome_of_paid(till: &Till) -> Outcome {
    let payment = &till.payment;
    let refunded = amount(payment.refunded.minor(), payment.money.currency);
    if payment.refunded >= payment.money.amount {
        return Outcome::Refunded { refunded };
    }
    if !payment.refunded.is_zero() {
        return Outcome::PartlyRefunded { refunded };
    }
    let mine = |attempt: &&_| paid_by(till.session(), attempt);
    let method = payment.paid_by().filter(mine).map(|attempt| method_name(attempt.method));
    Outcome::Succeeded { paid_at: moment(payment.succeeded_at.unwrap_or(payment.latest())), method }
}

/// Whether an attempt is this session's payer's.
pub(super) fn paid_by(session: Option<&Session>, attempt: &tongbao_core::payment::Attempt) -> bool {
    session.is_some_and(|session| session.payer == attempt.payer)
}

/// What a payer can spend of the payment's currency, in minor units.
pub(super) fn available(pages: &Pages, payment: &Payment, payer: &Payer) -> Result<i64, Fault> {
    let account = Account::PayerAvailable(payer.id).of(payment.money.currency);
    Ok(pages.engine.store.account(account)?.balance())
}

/// Whether no attempt more may begin.
pub(super) fn attempts_are_used_up(payment: &Payment) -> bool {
    payment.attempts.len() >= ATTEMPTS_PER_PAYMENT_MAX
}

/// Every method of this instance, and whether it can be used.
pub(super) fn methods(
    till: &Till,
    payer: PayerId,
    available: i64,
) -> Result<Vec<(Method, MethodView)>, Fault> {
    let Till { pages, payment, .. } = till;
    let closed = attempts_are_used_up(payment).then_some(WhyNot::NotForThisOrder);
    let short = (available < payment.money.amount.minor()).then_some(WhyNot::InsufficientBalance);
    let view = |method: Method, detail, why_not| {
        (method, MethodView { key: method_key(method), name: method_name(method), detail, why_not })
    };
    let balance = MethodDetail::Balance(amount(available, payment.money.currency));
    let mut methods = vec![view(Method::Balance, balance, closed.or(short))];
    if pages.engine.is_sandbox() {
        // A combined order is paid in one step, which no bank does.
        let parted = till.combined.map(|_| WhyNot::NotForThisOrder);
        methods.push(view(Method::SandboxBank, MethodDetail::None, closed.or(parted)));
    }
    for card in cards_of(pages, payer)?.into_iter().filter(Card::is_usable) {
        let yuan = payment.money.currency == Currency::CNY && till.combined.is_none();
        let not_here = (!yuan).then_some(WhyNot::NotForThisOrder);
        let detail = MethodDetail::Instrument(card.label());
        methods.push(view(Method::Card(card.id), detail, closed.or(not_here)));
    }
    Ok(methods)
}

/// The value of the form field: the method's name, and a card's id.
fn method_key(method: Method) -> String {
    match method {
        Method::Balance | Method::SandboxBank => method.name().to_owned(),
        Method::Card(card) => card.to_string(),
    }
}
