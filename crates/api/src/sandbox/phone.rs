//! `POST /sandbox/phone/pay`: a test payer pays, as with a phone.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tongbao_core::{
    Actor, Key, Refusal, Want,
    id::{PayerId, PaymentId},
    payment::{
        Method, Payment, Status,
        steps::{self, Pay, Proof},
    },
    wechat::order::PrepayOver,
};
use tongbao_engine::{Error, Input, wechat::prepay::Scanned};

use crate::{
    json::StrictJson,
    problem::{INVALID_VALUE, Problem},
    refusal::{failed, fault, refused},
    resources::payments::PaymentBody,
    state::Api,
    wire::parse_param_id,
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
    payment: PaymentBody,
}

/// The payment that a code names: its id, the text of its QR code, or the address of its cashier page, on
/// whatever host the reader saw it.
pub fn payment_of_code(code: &str) -> Option<PaymentId> {
    let address = code.trim().split(['?', '#']).next()?;
    address.trim_end_matches('/').rsplit('/').next()?.parse().ok()
}

/// Pays a payment as a payer who shows no proof, and gives the payment as it is then. An attempt that is
/// declined is no refusal: the payment says so.
pub async fn pay(api: &Api, payer: PayerId, payment: PaymentId, method: Method) -> Result<Payment, Error> {
    let ask = Pay { payment, payer, method, proof: Proof::SandboxPhone, sandbox: true };
    let input = Input { actor: Actor::Payer(payer), name: "create_attempt" };
    let want = vec![Want::Record(payment.into()), Want::Record(payer.into()), Want::Key(Key::Sandbox)];
    api.engine.step_wanting(input, want, move |facts, cx| steps::pay(facts, cx, &ask)).await
}

/// The payment that a code names, also one of WeChat Pay's interface: a `code_url`, a prepay id or an `h5_url`.
fn scanned(api: &Api, code: &str) -> Result<PaymentId, Problem> {
    let invalid = |detail: &'static str| Problem::of(INVALID_VALUE).param("code").detail(detail);
    match api.engine.scan_wechat(code).map_err(|error| fault(&error))? {
        Scanned::Payment(payment) => Ok(payment),
        Scanned::Unknown => Err(refused(&Refusal::NotFound("payment"))),
        Scanned::Over(PrepayOver::Expired) => Err(refused(&Refusal::PaymentExpired)),
        Scanned::Over(PrepayOver::Replaced) => {
            Err(invalid("The order was placed again, and this code was replaced by a newer one."))
        }
        Scanned::NoCode => payment_of_code(code).ok_or_else(|| {
            invalid(
                "`code` must be the id of a payment, its `qr_text` or its `cashier_url`; or a `code_url`, \
                 `prepay_id` or `h5_url` of WeChat Pay's interface.",
            )
        }),
    }
}

pub(super) async fn create_attempt(
    State(api): State<Arc<Api>>,
    StrictJson { value, .. }: StrictJson<CreateAttempt>,
) -> Result<Response, Problem> {
    let payer = parse_param_id("payer", &value.payer)?;
    let payment = scanned(&api, &value.code)?;
    let payment = pay(&api, payer, payment, value.method.method()).await.map_err(|error| failed(&error))?;
    let paid = payment.status == Status::Succeeded;
    let body = AttemptBody { paid, payment: PaymentBody::of(&payment, &api.base_url) };
    Ok(axum::Json(body).into_response())
}
