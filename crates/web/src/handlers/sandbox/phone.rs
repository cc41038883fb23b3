//! `/sandbox/phone`: plays a payer who scans and pays.

use std::sync::Arc;

use axum::{Extension, Form, extract::State, response::Response};
use serde::Deserialize;
use tongbao_core::{
    Actor, Facts, List, Refusal,
    id::{PayerId, PaymentId, WechatCombinedOrderId},
    payment::{
        Failure, Method, Payment, Status,
        steps::{self, Pay, Shown},
    },
    wechat::combine::{self, PayCombined},
};
use tongbao_engine::{Error, Input, wechat::prepay::Scanned};
use tongbao_store::Fault;

use super::{SandboxPages, answer::Trouble, console, faults, transfer};
use crate::{
    cashier::{MethodDetail, MethodView},
    handlers::{
        record_view::{expires_in_s, is_payable, method_name, price},
        visit::Visit,
    },
    i18n::sandbox::SandboxNotice,
    paths,
    sandbox::{OpenPayment, PaymentCodeView, PhoneView, render_phone},
};

/// Payments looked through for those that wait to be paid.
const PAYMENTS_MAX: u32 = 50;

const METHODS: [Method; 2] = [Method::Balance, Method::SandboxBank];

pub(super) fn input(name: &'static str) -> Input {
    Input { actor: Actor::Developer, name }
}

pub(super) async fn show(
    State(sandbox): State<SandboxPages>,
    Extension(visit): Extension<Arc<Visit>>,
) -> Result<Response, Trouble> {
    sandbox.page(&visit, |frame| Ok(render_phone(&view(&sandbox, &visit)?, frame)))
}

fn view(sandbox: &SandboxPages, visit: &Visit) -> Result<PhoneView, Fault> {
    let payers = sandbox.payers()?;
    let asked = payers.iter().find(|payer| Some(payer.id.as_str()) == visit.query("payer"));
    let selected_payer = asked.or(payers.first()).map(|payer| payer.id.clone()).unwrap_or_default();
    let payment_code = match selected_payer.parse::<PayerId>() {
        Ok(payer) => shown_code(sandbox, payer)?,
        Err(_) => None,
    };
    Ok(PhoneView {
        console: console::view(sandbox, visit)?,
        next_fault: faults::next(&sandbox.pages.engine, &selected_payer)?,
        selected_payer,
        payers,
        methods: METHODS.map(method_view).to_vec(),
        code: String::new(),
        open_payments: open_payments(sandbox)?,
        payment_code,
    })
}

fn method_view(method: Method) -> MethodView {
    let key = method.name().to_owned();
    MethodView { key, name: method_name(method), detail: MethodDetail::None, why_not: None }
}

fn open_payments(sandbox: &SandboxPages) -> Result<Vec<OpenPayment>, Fault> {
    let Some((merchant, _)) = sandbox.shop()? else { return Ok(Vec::new()) };
    let now = sandbox.pages.engine.now();
    let payments = sandbox.newest::<Payment>(List::Payments(merchant.id), PAYMENTS_MAX)?;
    // A part of a combined order is paid with all of it, by the code of the whole.
    let open = payments.iter().filter(|payment| is_payable(payment, now) && payment.combined().is_none());
    let view = |payment: &Payment| OpenPayment {
        id: payment.id.to_string(),
        merchant_name: merchant.name.clone(),
        description: payment.description.clone(),
        amount: price(payment),
        expires_in_s: expires_in_s(payment, now),
    };
    Ok(open.map(view).collect())
}

#[derive(Deserialize)]
pub(super) struct PhoneForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    payer: String,
    #[serde(default)]
    method: String,
    /// The payment whose one-tap button was pressed.
    #[serde(default)]
    tap: String,
    /// What was scanned.
    #[serde(default)]
    code: String,
}

/// Pays as the payer who holds the phone: at a sandbox's phone nobody is asked for a password.
pub(super) async fn pay(
    State(sandbox): State<SandboxPages>,
    Extension(visit): Extension<Arc<Visit>>,
    Form(form): Form<PhoneForm>,
) -> Result<Response, Trouble> {
    let notice = if sandbox.is_our_form(&visit, &form.csrf) {
        paid(&sandbox, &form).await?
    } else {
        SandboxNotice::FormExpired
    };
    Ok(back(&visit, &form.payer, notice))
}

/// The payment code on the screen, if one was shown.
fn shown_code(sandbox: &SandboxPages, payer: PayerId) -> Result<Option<PaymentCodeView>, Fault> {
    let engine = &sandbox.pages.engine;
    let shown = engine.shown_payment_code(payer)?;
    Ok(shown.map(|code| {
        let left_ms = u64::try_from(code.expires_at.since_ms(engine.now())).unwrap_or_default();
        PaymentCodeView { digits: code.digits, expires_in_s: left_ms.div_ceil(1_000) }
    }))
}

/// Shows the payment code of the payer who holds the phone.
pub(super) async fn show_code(
    State(sandbox): State<SandboxPages>,
    Extension(visit): Extension<Arc<Visit>>,
    Form(form): Form<PhoneForm>,
) -> Result<Response, Trouble> {
    let notice = match form.payer.parse::<PayerId>() {
        _ if !sandbox.is_our_form(&visit, &form.csrf) => SandboxNotice::FormExpired,
        Err(_) => SandboxNotice::Failed,
        Ok(payer) => match sandbox.pages.engine.show_payment_code_to_developer(payer).await {
            Ok(Some(_)) => SandboxNotice::CodeShown,
            Ok(None) => SandboxNotice::CodesUsedUp,
            Err(error) => console::failed(error)?,
        },
    };
    Ok(back(&visit, &form.payer, notice))
}

/// Back to the phone in the same hand.
pub(super) fn back(visit: &Visit, payer: &str, notice: SandboxNotice) -> Response {
    let page = match payer.parse::<PayerId>() {
        Ok(payer) => format!("{}?payer={payer}", paths::PHONE),
        Err(_) => paths::PHONE.to_owned(),
    };
    console::back(visit, &page, notice)
}

/// What a code leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Payable {
    Payment(PaymentId),
    Combined(WechatCombinedOrderId),
}

/// What a code is of: an id, or an address that ends in one, as in the QR code of a cashier.
fn scanned(code: &str) -> Option<Payable> {
    let path = code.trim().split(['?', '#']).next().unwrap_or_default();
    let id = path.rsplit('/').next()?;
    let payment = id.parse().map(Payable::Payment);
    payment.or_else(|_| id.parse().map(Payable::Combined)).ok()
}

async fn paid(sandbox: &SandboxPages, form: &PhoneForm) -> Result<SandboxNotice, Trouble> {
    let code = if form.tap.is_empty() { &form.code } else { &form.tap };
    let payable = match sandbox.pages.engine.scan_wechat(code)? {
        Scanned::Payment(payment) => Payable::Payment(payment),
        Scanned::Combined(order) => Payable::Combined(order),
        Scanned::Over(_) => return Ok(SandboxNotice::NotPayable),
        Scanned::Unknown => return Ok(SandboxNotice::UnknownCode),
        Scanned::NoCode => match scanned(code) {
            Some(payable) => payable,
            None => match form.payer.parse() {
                Ok(payer) => return transfer::accept(sandbox, payer, code).await,
                Err(_) => return Ok(SandboxNotice::UnknownCode),
            },
        },
    };
    let method = METHODS.into_iter().find(|method| method.name() == form.method);
    let (Ok(payer), Some(method)) = (form.payer.parse::<PayerId>(), method) else {
        return Ok(SandboxNotice::Failed);
    };
    let (engine, shown) = (&sandbox.pages.engine, Shown::SandboxPhone);
    let step = match payable {
        Payable::Payment(payment) => {
            let ask = Pay { payment, payer, method, shown, sandbox: true };
            engine.step(input("pay_payment"), move |facts, cx| steps::pay(facts, cx, &ask)).await.map(Some)
        }
        Payable::Combined(order) => {
            let ask = PayCombined { order, payer, method, shown, sandbox: true };
            let pay = move |facts: &dyn Facts, cx: &mut _| combine::pay(facts, cx, &ask);
            // Its payments are all in the same state.
            engine.step(input("pay_combined_order"), pay).await.map(|paid| paid.into_iter().next())
        }
    };
    match step {
        Ok(payment) => Ok(payment.as_ref().map_or(SandboxNotice::Failed, outcome)),
        Err(Error::Refused(refusal)) => Ok(refused(&refusal)),
        Err(error) => console::failed(error),
    }
}

fn outcome(payment: &Payment) -> SandboxNotice {
    match payment.status {
        Status::Succeeded => SandboxNotice::Paid,
        Status::Processing => SandboxNotice::Processing,
        Status::Open | Status::Closed => match payment.attempts.last().and_then(|last| last.failure) {
            Some(Failure::InsufficientBalance) => SandboxNotice::InsufficientBalance,
            Some(
                Failure::Declined
                | Failure::WrongAmount
                | Failure::CardExpired
                | Failure::NotConfirmed
                | Failure::Blocked,
            ) => SandboxNotice::Declined,
            None => SandboxNotice::NotPayable,
        },
    }
}

fn refused(refusal: &Refusal) -> SandboxNotice {
    match refusal {
        Refusal::NotFound("payment" | "combined order") => SandboxNotice::UnknownCode,
        Refusal::PaymentPaid
        | Refusal::PaymentClosed
        | Refusal::PaymentExpired
        | Refusal::TooManyAttempts => SandboxNotice::NotPayable,
        Refusal::PaymentProcessing => SandboxNotice::Processing,
        _ => SandboxNotice::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::{Payable, scanned};

    #[test]
    fn a_code_is_an_id_or_an_address_that_ends_in_one() {
        const ID: &str = "pay_01k9yq3vx2e8gtm4d6w7zr5hbn";
        for code in [
            ID.to_owned(),
            format!("  {ID}\n"),
            format!("http://127.0.0.1:8080/cashier/{ID}"),
            format!("https://pay.example/cashier/{ID}?lang=en#top"),
        ] {
            assert_eq!(scanned(&code), ID.parse().ok().map(Payable::Payment), "{code}");
        }
        let combined = ID.replace("pay_", "wxc_");
        let address = format!("http://127.0.0.1:8080/cashier/{combined}");
        assert_eq!(scanned(&address), combined.parse().ok().map(Payable::Combined));
        for code in ["", "pay_", "rfd_01k9yq3vx2e8gtm4d6w7zr5hbn", "https://pay.example/", "你好"] {
            assert_eq!(scanned(code), None, "{code}");
        }
    }
}
