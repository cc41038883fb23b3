//! `POST /sandbox/phone/pay`: a test payer pays, as with a phone.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tongbao_core::{
    Actor, Key, Refusal, Want,
    id::{PayerId, PaymentId, WechatCombinedOrderId},
    payment::{
        Method, Payment, Status,
        steps::{self, Pay, Shown},
    },
    wechat::{
        combine::{self, PayCombined},
        order::PrepayOver,
    },
};
use tongbao_engine::{Error, Input, wechat::prepay::Scanned};

use crate::{
    json::StrictJson,
    problem::{INVALID_VALUE, Problem},
    refusal::{failed, fault, refused},
    resources::payments::PaymentBody,
    state::Api,
    wire::{parse_param_id, rfc3339},
};

/// How the payer pays.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PhoneMethod {
    /// From the balance.
    #[default]
    Balance,
    /// From the bank of the sandbox; the result comes a moment later.
    SandboxBank,
}

impl PhoneMethod {
    const fn method(self) -> Method {
        match self {
            PhoneMethod::Balance => Method::Balance,
            PhoneMethod::SandboxBank => Method::SandboxBank,
        }
    }
}

/// Who pays what.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateAttempt {
    payer: String,
    code: String,
    #[serde(default)]
    method: PhoneMethod,
}

/// What became of it.
#[derive(Debug, Serialize)]
struct AttemptBody {
    /// Whether the payment is paid now. When it is not, its status and `last_failure` say why.
    paid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<PaymentBody>,
    /// Those of a combined order, instead of the one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    payments: Vec<PaymentBody>,
}

/// What a code leads to.
enum Payable {
    Payment(PaymentId),
    Combined(WechatCombinedOrderId),
}

/// The payment that a code names: its id, the text of its QR code, or the address of its cashier page, on
/// whatever host the reader saw it.
pub fn payment_of_code(code: &str) -> Option<PaymentId> {
    last_part(code)?.parse().ok()
}

fn last_part(code: &str) -> Option<&str> {
    let address = code.trim().split(['?', '#']).next()?;
    address.trim_end_matches('/').rsplit('/').next()
}

/// Pays a payment as a payer who shows no proof, and gives the payment as it is then. An attempt that is
/// declined is no refusal: the payment says so.
pub async fn pay(api: &Api, payer: PayerId, payment: PaymentId, method: Method) -> Result<Payment, Error> {
    let ask = Pay { payment, payer, method, shown: Shown::SandboxPhone, sandbox: true };
    let input = Input { actor: Actor::Payer(payer), name: "create_attempt" };
    let want = vec![Want::Record(payment.into()), Want::Record(payer.into()), Want::Key(Key::Sandbox)];
    api.engine.step_wanting(input, want, move |facts, cx| steps::pay(facts, cx, &ask)).await
}

/// The same for a combined order of WeChat Pay's interface: all of it or nothing.
async fn pay_combined(
    api: &Api,
    payer: PayerId,
    order: WechatCombinedOrderId,
    method: Method,
) -> Result<Vec<Payment>, Error> {
    let ask = PayCombined { order, payer, method, shown: Shown::SandboxPhone, sandbox: true };
    let input = Input { actor: Actor::Payer(payer), name: "pay_combined_order" };
    let want = vec![Want::Record(order.into()), Want::Record(payer.into()), Want::Key(Key::Sandbox)];
    api.engine.step_wanting(input, want, move |facts, cx| combine::pay(facts, cx, &ask)).await
}

/// What a code leads to, also one of WeChat Pay's interface: a `code_url`, a prepay id or an `h5_url`.
fn scanned(api: &Api, code: &str) -> Result<Payable, Problem> {
    let invalid = |detail: &'static str| Problem::of(INVALID_VALUE).param("code").detail(detail);
    match api.engine.scan_wechat(code).map_err(|error| fault(&error))? {
        Scanned::Payment(payment) => Ok(Payable::Payment(payment)),
        Scanned::Combined(order) => Ok(Payable::Combined(order)),
        Scanned::Unknown => Err(refused(&Refusal::NotFound("payment"))),
        Scanned::Over(PrepayOver::Expired) => Err(refused(&Refusal::PaymentExpired)),
        Scanned::Over(PrepayOver::Replaced) => {
            Err(invalid("The order was placed again, and this code was replaced by a newer one."))
        }
        Scanned::NoCode => {
            let combined = || last_part(code)?.parse().ok().map(Payable::Combined);
            payment_of_code(code).map(Payable::Payment).or_else(combined).ok_or_else(|| {
                invalid(
                    "`code` must be the id of a payment, its `qr_text` or its `cashier_url`; or a `code_url`, \
                     `prepay_id` or `h5_url` of WeChat Pay's interface, or a payment code that waits for the \
                     password.",
                )
            })
        }
    }
}

/// Whose code to show.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ShowCode {
    payer: String,
}

/// A payment code, as on the payer's screen.
#[derive(Serialize)]
struct CodeBody {
    payer: String,
    payment_code: String,
    /// When the payer's next code is due.
    changes_at: String,
    /// From when on this one is worth nothing.
    expires_at: String,
}

/// `POST /sandbox/phone/payment-code`: the code that a test payer shows now, which a shop may scan once.
pub(super) async fn show_code(
    State(api): State<Arc<Api>>,
    StrictJson { value, .. }: StrictJson<ShowCode>,
) -> Result<Response, Problem> {
    let payer = parse_param_id("payer", &value.payer)?;
    let shown = api.engine.show_payment_code_to_developer(payer).await.map_err(|error| failed(&error))?;
    // The codes of this minute are used up; the next minute has others.
    let code = shown.ok_or_else(|| refused(&Refusal::CodeTooSoon))?;
    let body = CodeBody {
        payer: payer.to_string(),
        payment_code: code.digits,
        changes_at: rfc3339(code.changes_at),
        expires_at: rfc3339(code.expires_at),
    };
    Ok(axum::Json(body).into_response())
}

/// A transit code, as on the payer's screen.
#[derive(Serialize)]
struct TransitCodeBody {
    payer: String,
    transit_code: String,
    /// When the payer's next code is due.
    changes_at: String,
    /// From when on this one is worth nothing.
    expires_at: String,
}

/// `POST /sandbox/phone/transit-code`: the code that a test payer shows now, which a gate may scan once.
pub(super) async fn show_transit_code(
    State(api): State<Arc<Api>>,
    StrictJson { value, .. }: StrictJson<ShowCode>,
) -> Result<Response, Problem> {
    let payer = parse_param_id("payer", &value.payer)?;
    let shown = api.engine.show_transit_code_to_developer(payer).await.map_err(|error| failed(&error))?;
    // The codes of this minute are used up; the next minute has others.
    let code = shown.ok_or_else(|| refused(&Refusal::CodeTooSoon))?;
    let body = TransitCodeBody {
        payer: payer.to_string(),
        transit_code: code.digits,
        changes_at: rfc3339(code.changes_at),
        expires_at: rfc3339(code.expires_at),
    };
    Ok(axum::Json(body).into_response())
}

pub(super) async fn create_attempt(
    State(api): State<Arc<Api>>,
    StrictJson { value, .. }: StrictJson<CreateAttempt>,
) -> Result<Response, Problem> {
    let payer = parse_param_id("payer", &value.payer)?;
    let method = value.method.method();
    let wire = |payment: &Payment| PaymentBody::of(payment, &api.base_url);
    let is_paid = |payment: &Payment| payment.status == Status::Succeeded;
    let body = match scanned(&api, &value.code)? {
        Payable::Payment(payment) => {
            let payment = pay(&api, payer, payment, method).await.map_err(|error| failed(&error))?;
            AttemptBody { paid: is_paid(&payment), payment: Some(wire(&payment)), payments: Vec::new() }
        }
        Payable::Combined(order) => {
            let payments = pay_combined(&api, payer, order, method).await.map_err(|error| failed(&error))?;
            let paid = payments.iter().all(is_paid);
            AttemptBody { paid, payment: None, payments: payments.iter().map(wire).collect() }
        }
    };
    Ok(axum::Json(body).into_response())
}
