//! `/payer/v1/payments/{id}`: a payment that a shop asks for, and paying it.
//!
//! Whoever knows a payment's id may look at it: the shop hands it to the payer as a link or a QR code. What others than
//! the reader tried is not shown. An attempt that needs more proofs than were given waits: it is named by its
//! `challenge`, the digest of what is paid, and every proof is given for that digest.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tongbao_core::{
    Context, Facts, Refusal,
    card::Card,
    id::{PayerId, PaymentId},
    merchant::Merchant,
    payment::{
        Attempt, Failure, Method, Payment, Proof as Factor, Proofs,
        steps::{self, Given, Pay, Prove, Shown},
    },
};
use tongbao_engine::{
    account::Purpose,
    auth::hex,
    paying::{Payable, Waiting},
};
use utoipa::ToSchema;

use super::{
    bearer::Bearer,
    entry::CodeBody,
    once::{Asked, MoneyKey, NoKey, once, text},
    proof::{PasskeyAssertion, Proof},
};
use crate::{
    errors::{PayerErrors, PayerErrorsWithoutBody},
    json::StrictJson,
    problem::Problem,
    refusal::{failed, fault, refused},
    resources::payments::ItemBody,
    state::Api,
    wire::{parse_id, parse_param_id, rfc3339},
};

/// What an attempt waits for.
#[derive(Serialize, ToSchema)]
#[schema(as = Challenge)]
pub struct ChallengeBody {
    /// The digest of what is paid, in hexadecimal: proofs name it.
    pub digest: String,
    /// The sets of proofs of which any one is enough: `password`, `code`, `passkey`.
    pub needed: Vec<Vec<&'static str>>,
    /// The proofs that were given.
    pub given: Vec<&'static str>,
    /// The instant from which no proof is taken any more.
    #[schema(format = DateTime)]
    pub expires_at: String,
}

/// A way to pay this payment.
#[derive(Serialize, ToSchema)]
#[schema(as = WayToPay)]
pub struct WayBody {
    /// `balance`, `sandbox_bank`, or a card's id.
    pub method: String,
    /// The bank and the last four digits of a card.
    pub label: Option<String>,
    /// Whether it can be used for this payment now.
    pub is_usable: bool,
}

/// A payment as a payer sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = PayerPayment)]
pub struct PayerPaymentBody {
    /// Its id: `pay_…`.
    pub id: String,
    /// `open`, `processing`, `succeeded`, `partly_refunded`, `refunded`, `closed`.
    pub status: &'static str,
    /// The shop's name.
    pub merchant: String,
    /// Minor units.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
    /// The shop's number of the order.
    pub order_no: String,
    /// What it is for.
    pub description: String,
    /// The goods.
    pub items: Vec<ItemBody>,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Until when it may be paid.
    #[schema(format = DateTime)]
    pub expires_at: String,
    /// Where to go afterwards.
    pub return_url: Option<String>,
    /// Whether the reader paid it.
    pub is_mine: bool,
    /// How the reader paid it: `balance`, `sandbox_bank`, `bank_card`.
    pub method: Option<&'static str>,
    /// Why the reader's last attempt failed, if it did.
    pub failure: Option<&'static str>,
    /// What the reader's attempt waits for.
    pub challenge: Option<ChallengeBody>,
    /// Where the card's holder is to confirm at the bank, while the bank waits for that.
    pub confirmation_url: Option<String>,
    /// The ways to pay it; none unless it is open.
    pub methods: Vec<WayBody>,
}

/// What of a payment is the reader's.
struct Mine<'a> {
    paid: Option<&'a Attempt>,
    last: Option<&'a Attempt>,
}

impl<'a> Mine<'a> {
    fn of(payment: &'a Payment, me: PayerId) -> Mine<'a> {
        let mut attempts = payment.attempts.iter().filter(|attempt| attempt.payer == me);
        Mine { paid: payment.paid_by().filter(|attempt| attempt.payer == me), last: attempts.next_back() }
    }
}

impl PayerPaymentBody {
    fn of(payment: &Payment, me: PayerId, merchant: String, methods: Vec<WayBody>) -> PayerPaymentBody {
        let mine = Mine::of(payment, me);
        PayerPaymentBody {
            id: payment.id.to_string(),
            status: payment.shown_status(),
            merchant,
            amount: payment.money.amount.minor(),
            currency: payment.money.currency.to_string(),
            order_no: payment.order_no.clone(),
            description: payment.description.clone(),
            items: payment.items.iter().map(ItemBody::of).collect(),
            created_at: rfc3339(payment.created_at),
            expires_at: rfc3339(payment.payable_until()),
            return_url: payment.return_url.clone(),
            is_mine: mine.paid.is_some(),
            method: mine.paid.map(|attempt| attempt.method.name()),
            failure: mine.last.and_then(|attempt| attempt.failure).map(Failure::code),
            challenge: challenge(payment, me),
            confirmation_url: mine
                .last
                .and_then(Attempt::to_confirm)
                .map(|confirmation| confirmation.address.clone()),
            methods,
        }
    }
}

fn challenge(payment: &Payment, me: PayerId) -> Option<ChallengeBody> {
    let (attempt, challenge) = payment.challenged(me)?;
    let names = |proofs: Proofs| proofs.iter().map(Factor::name).collect();
    Some(ChallengeBody {
        digest: hex(&challenge.digest),
        needed: challenge.needed.iter().copied().map(names).collect(),
        given: names(attempt.proofs),
        expires_at: rfc3339(challenge.expires_at),
    })
}

/// The shop's name.
fn merchant(api: &Api, payment: &Payment) -> Result<String, Problem> {
    let found = api.engine.store.get::<Merchant>(payment.merchant).map_err(|error| fault(&error))?;
    Ok(found.map(|merchant| merchant.name).unwrap_or_default())
}

fn ways(api: &Api, bearer: &Bearer, payment: &Payment) -> Result<Vec<WayBody>, Problem> {
    let ways = api.engine.ways_to_pay(payment, bearer.id()).map_err(|error| fault(&error))?;
    let way = |way: tongbao_engine::purse::Way| WayBody {
        method: match way.method {
            Method::Balance | Method::SandboxBank => way.method.name().to_owned(),
            Method::Card(card) => card.to_string(),
        },
        label: way.card.as_ref().map(Card::label),
        is_usable: way.is_usable,
    };
    Ok(ways.into_iter().map(way).collect())
}

fn found(api: &Api, id: &str) -> Result<Payment, Problem> {
    let id: PaymentId = parse_id(id)?;
    let found = api.engine.store.get::<Payment>(id).map_err(|error| fault(&error))?;
    found.ok_or_else(|| refused(&Refusal::NotFound("payment")))
}

fn shown(api: &Api, bearer: &Bearer, payment: &Payment) -> Result<PayerPaymentBody, Problem> {
    let (merchant, methods) = (merchant(api, payment)?, ways(api, bearer, payment)?);
    Ok(PayerPaymentBody::of(payment, bearer.id(), merchant, methods))
}

/// Look a payment up
#[utoipa::path(get, path = "/payer/v1/payments/{id}", tag = "payments", operation_id = "get_payment",
    params(("id" = String, Path, description = "The payment's id")),
    responses((status = 200, description = "The payment", body = PayerPaymentBody), PayerErrorsWithoutBody))]
pub async fn get_payment(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let payment = found(&api, &id)?;
    Ok(axum::Json(shown(&api, &bearer, &payment)?).into_response())
}

/// A try to pay.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAttempt {
    /// One of the payment's `methods`.
    #[schema(max_length = 64, example = "balance")]
    pub method: String,
    /// The payment password; without it the attempt waits for all of its proofs.
    #[schema(pattern = "^[0-9]{6}$")]
    #[serde(default, skip_serializing)]
    pub password: Option<String>,
}

fn method(text: &str) -> Result<Method, Problem> {
    match text {
        "balance" => Ok(Method::Balance),
        "sandbox_bank" => Ok(Method::SandboxBank),
        card => parse_param_id("method", card).map(Method::Card),
    }
}

/// Pay
///
/// From the balance at once. Through a card the bank is asked in the background: look the payment up until it is no
/// longer `processing`; where the card's holder has to confirm, `confirmation_url` leads there. If more proofs are
/// needed than were given, the payment has a `challenge`. A second attempt of the reader's ends the one that waits.
#[utoipa::path(post, path = "/payer/v1/payments/{id}/attempts", tag = "payments", operation_id = "create_attempt",
    request_body = CreateAttempt,
    params(("id" = String, Path, description = "The payment's id"),
        ("Idempotency-Key" = String, Header, description = "Names this request; asking twice does it once.")),
    responses((status = 201, description = "The payment", body = PayerPaymentBody), PayerErrors),
    extensions(("x-error-codes" = json!(["wrong_password", "password_locked", "payer_frozen", "identity_required",
        "limit_reached", "payments_used_up", "card_unusable", "payment_expired", "payment_closed",
        "payment_already_paid", "payment_processing", "too_many_attempts", "idempotency_key_reused"]))))]
pub async fn create_attempt(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    key: MoneyKey,
    Path(id): Path<String>,
    StrictJson { mut value, .. }: StrictJson<CreateAttempt>,
) -> Result<Response, Problem> {
    let proof = value.password.take().map_or(Ok(Proof::None), Proof::password)?;
    let payment = found(&api, &id);
    let shop = payment.as_ref().map_or(Ok(String::new()), |payment| merchant(&api, payment))?;
    let me = bearer.id();
    let plan = |asked: &Asked| {
        let (payment, method) = (payment?, method(&value.method)?);
        let ways = api.engine.ways_to_pay(&payment, me).map_err(|error| fault(&error))?;
        // The sandbox's bank is none of production's; cards and the payment's state are the step's to judge.
        if method == Method::SandboxBank && !ways.iter().any(|way| way.method == method) {
            let must = "one of the payment's methods";
            return Err(refused(&Refusal::Invalid { param: "method", must }));
        }
        let (shown, sandbox) = (Shown::Proofs(asked.proofs), api.engine.is_sandbox());
        let pay = Pay { payment: payment.id, payer: me, method, shown, sandbox };
        Ok(move |facts: &dyn Facts, cx: &mut Context| steps::pay_proven(facts, cx, &pay))
    };
    let body = move |payment: &Payment| text(&PayerPaymentBody::of(payment, me, shop.clone(), Vec::new()));
    once(&api, (&bearer, "pay_payment"), (key, &value, proof), plan, (StatusCode::CREATED, body)).await
}

/// A proof for what waits.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateProof {
    /// The `digest` of the payment's `challenge`.
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    pub challenge: String,
    /// The payment password; this or the code or a passkey.
    #[schema(pattern = "^[0-9]{6}$")]
    #[serde(default, skip_serializing)]
    pub password: Option<String>,
    /// The one-time code that was sent for this challenge.
    #[schema(max_length = 16)]
    #[serde(default)]
    pub code: Option<String>,
    /// What a passkey has signed of this challenge, asked with `POST /payer/v1/passkey_challenges`.
    #[serde(default, skip_serializing)]
    pub passkey: Option<PasskeyAssertion>,
}

/// Reads a digest in hexadecimal.
pub(super) fn digest(text: &str) -> Result<[u8; 32], Problem> {
    let mut digest = [0; 32];
    let must = "64 digits of hexadecimal, as the payment's challenge has them";
    let wrong = || refused(&Refusal::Invalid { param: "challenge", must });
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    for (byte, at) in digest.iter_mut().zip((0..64).step_by(2)) {
        let pair = text.get(at..at + 2).ok_or_else(wrong)?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
    }
    Ok(digest)
}

/// The one proof that is given: what is to be found right before, and what the decision is told.
fn given(
    value: &mut CreateProof,
    digest: [u8; 32],
    typed: impl FnOnce(&str) -> Given,
) -> Result<(Proof, Given), Problem> {
    match (value.password.take(), value.code.as_deref(), value.passkey.take()) {
        (Some(password), None, None) => Ok((Proof::password(password)?, Given::Password)),
        (None, Some(code), None) => Ok((Proof::None, typed(code))),
        (None, None, Some(passkey)) => Ok((Proof::Passkey(digest, passkey.into()), Given::Passkey)),
        _ => {
            let must = "given, or `code`, or `passkey`, and only one of them";
            Err(refused(&Refusal::Invalid { param: "password", must }))
        }
    }
}

/// Prove what waits
///
/// A proof counts for the attempt whose digest it names, once. With the last proof that is needed the attempt goes on.
#[utoipa::path(post, path = "/payer/v1/payments/{id}/proofs", tag = "payments", operation_id = "create_proof",
    request_body = CreateProof,
    params(("id" = String, Path, description = "The payment's id"),
        ("Idempotency-Key" = String, Header, description = "Names this request; asking twice does it once.")),
    responses((status = 201, description = "The payment", body = PayerPaymentBody), PayerErrors),
    extensions(("x-error-codes" = json!(["proof_void", "wrong_password", "password_locked", "wrong_code",
        "passkey_refused", "passkeys_not_offered", "payer_frozen", "limit_reached", "payments_used_up",
        "payment_expired", "payment_closed", "payment_already_paid", "payment_processing",
        "idempotency_key_reused"]))))]
pub async fn create_proof(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    key: MoneyKey,
    Path(id): Path<String>,
    StrictJson { mut value, .. }: StrictJson<CreateProof>,
) -> Result<Response, Problem> {
    let (digest, me) = (digest(&value.challenge)?, bearer.id());
    let (proof, given) = given(&mut value, digest, |code| {
        Given::Code(api.engine.typed_code(me, Purpose::Challenge(digest), code.trim()))
    })?;
    let payment = found(&api, &id);
    let shop = payment.as_ref().map_or(Ok(String::new()), |payment| merchant(&api, payment))?;
    let plan = |_: &Asked| {
        let prove =
            Prove { payment: payment?.id, payer: me, digest, given, sandbox: api.engine.is_sandbox() };
        Ok(move |facts: &dyn Facts, cx: &mut Context| steps::prove(facts, cx, &prove))
    };
    let body = move |payment: &Payment| text(&PayerPaymentBody::of(payment, me, shop.clone(), Vec::new()));
    once(&api, (&bearer, "prove_payment"), (key, &value, proof), plan, (StatusCode::CREATED, body)).await
}

/// For what a code is asked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateChallengeCode {
    /// The `digest` of the payment's `challenge`.
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    pub challenge: String,
}

/// Send the code that an attempt waits for
///
/// To the payer's own number; it proves that attempt and nothing else.
#[utoipa::path(post, path = "/payer/v1/payments/{id}/codes", tag = "payments",
    operation_id = "create_challenge_code", request_body = CreateChallengeCode,
    params(("id" = String, Path, description = "The payment's id")),
    responses((status = 202, description = "A code is on its way", body = CodeBody), PayerErrors),
    extensions(("x-error-codes" = json!(["proof_void", "code_too_soon", "codes_of_day_used_up", "payer_frozen"]))))]
pub async fn create_challenge_code(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    _: NoKey,
    Path(id): Path<String>,
    StrictJson { value, .. }: StrictJson<CreateChallengeCode>,
) -> Result<Response, Problem> {
    let digest = digest(&value.challenge)?;
    let payment = found(&api, &id)?;
    let waiting = Waiting { payer: bearer.id(), of: Payable::Payment(payment.id), digest };
    api.engine.send_challenge_code(&waiting).await.map_err(|error| failed(&error))?;
    Ok((StatusCode::ACCEPTED, axum::Json(CodeBody::sent())).into_response())
}

/// Take back what waits
///
/// The reader's attempt that waits for proofs; nothing was moved for it. Where none waits, nothing changes.
#[utoipa::path(delete, path = "/payer/v1/payments/{id}/challenge", tag = "payments",
    operation_id = "delete_challenge",
    params(("id" = String, Path, description = "The payment's id")),
    responses((status = 200, description = "The payment", body = PayerPaymentBody), PayerErrorsWithoutBody))]
pub async fn delete_challenge(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let payment = found(&api, &id)?;
    let taken = api.engine.take_back(bearer.id(), Payable::Payment(payment.id)).await;
    taken.map_err(|error| failed(&error))?;
    let payment = found(&api, &id)?;
    Ok(axum::Json(shown(&api, &bearer, &payment)?).into_response())
}
