//! `/payer/v1/billers`, `/payer/v1/utility_look_ups`, `/payer/v1/utility_payments`: what is due at a biller, and paying
//! it.
//!
//! What a biller said is due is an `offer`: sealed, for this payer, for a quarter of an hour. What is paid is what it
//! says. The number of an account is in no other answer.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tongbao_core::{
    Context, Facts, List, Refusal,
    id::UtilityPaymentId,
    utility::{Failure, UtilityPayment, UtilityStatus, steps},
};
use tongbao_engine::utility::{LookedUp, OFFER_LIFE_MS, Offer, plain_account};
use utoipa::ToSchema;

use super::{
    bearer::Bearer,
    lists::{ListOwn, own},
    once::{Asked, MoneyKey, NoKey, created, once, text},
    proof::{PasskeyAssertion, Proof, about},
};
use crate::{
    errors::{PayerErrors, PayerErrorsWithoutBody},
    json::{StrictJson, StrictQuery},
    problem::Problem,
    refusal::{failed, fault, refused},
    state::Api,
    wire::{ListPage, parse_id, parse_param_id, rfc3339},
};

/// A biller.
#[derive(Serialize, ToSchema)]
#[schema(as = Biller)]
pub struct BillerBody {
    /// Its code, which never changes.
    pub code: String,
    /// What people call it.
    pub name: String,
    /// `water`, `electricity` or `gas`.
    pub utility: &'static str,
}

/// The billers that take payments.
#[derive(Serialize, ToSchema)]
pub struct Billers {
    /// The rows; none while the directory cannot be reached.
    pub data: Vec<BillerBody>,
}

/// List billers
#[utoipa::path(get, path = "/payer/v1/billers", tag = "utilities", operation_id = "list_billers",
    responses((status = 200, description = "The billers", body = Billers), PayerErrorsWithoutBody))]
pub async fn list_billers(State(api): State<Arc<Api>>, _: Bearer) -> Response {
    let billers = api.engine.billers().await.into_iter();
    let data = billers
        .map(|biller| BillerBody { code: biller.code, name: biller.name, utility: biller.utility.name() })
        .collect();
    axum::Json(Billers { data }).into_response()
}

/// An account at a biller: `biller` and `account`, or `payment`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateUtilityLookUp {
    /// The biller's code.
    #[serde(default)]
    #[schema(max_length = 64)]
    pub biller: Option<String>,
    /// The number of the account: 4 to 20 digits and capital letters.
    #[serde(default)]
    #[schema(max_length = 40)]
    pub account: Option<String>,
    /// A payment for the same account, made before: `utp_…`.
    #[serde(default)]
    #[schema(max_length = 64)]
    pub payment: Option<String>,
}

/// What a biller said.
#[derive(Serialize, ToSchema)]
pub struct UtilityLookUp {
    /// `due`, `nothing_due`, `no_such_account`, or `unanswered`: try again later.
    pub status: &'static str,
    /// What `POST /payer/v1/utility_payments` is to be given; null unless something is due, as are the others.
    pub offer: Option<String>,
    /// Until when the offer can be paid.
    #[schema(format = DateTime)]
    pub offer_until: Option<String>,
    /// The holder's name, masked by the biller.
    pub holder: Option<String>,
    /// What the biller calls the time that is paid for: `2026-10`.
    pub period: Option<String>,
    /// In fen.
    pub amount: Option<i64>,
}

impl UtilityLookUp {
    fn of(api: &Api, found: LookedUp) -> UtilityLookUp {
        let nothing = |status| UtilityLookUp {
            status,
            offer: None,
            offer_until: None,
            holder: None,
            period: None,
            amount: None,
        };
        match found {
            LookedUp::Due(offer) => UtilityLookUp {
                status: "due",
                offer: Some(api.engine.seal_offer(&offer)),
                offer_until: Some(rfc3339(offer.at.plus_ms(OFFER_LIFE_MS))),
                amount: Some(offer.amount.minor()),
                holder: Some(offer.holder),
                period: Some(offer.period),
            },
            LookedUp::NothingDue => nothing("nothing_due"),
            LookedUp::NoSuchAccount => nothing("no_such_account"),
            LookedUp::Unknown => nothing("unanswered"),
        }
    }
}

fn owned(api: &Api, bearer: &Bearer, id: UtilityPaymentId) -> Result<UtilityPayment, Problem> {
    let found = api.engine.store.get::<UtilityPayment>(id).map_err(|error| fault(&error))?;
    found
        .filter(|payment| payment.payer == bearer.id())
        .ok_or_else(|| refused(&Refusal::NotFound("utility payment")))
}

/// Ask a biller what is due
///
/// Thirty times a day. The answer of the biller is awaited for ten seconds.
#[utoipa::path(post, path = "/payer/v1/utility_look_ups", tag = "utilities", operation_id = "create_utility_look_up",
    request_body = CreateUtilityLookUp,
    responses((status = 201, description = "What the biller said", body = UtilityLookUp), PayerErrors),
    extensions(("x-error-codes" = json!(["look_ups_used_up"]))))]
pub async fn create_utility_look_up(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    _: NoKey,
    StrictJson { value, .. }: StrictJson<CreateUtilityLookUp>,
) -> Result<Response, Problem> {
    let (biller, account) = match (value.biller, value.account, value.payment) {
        (Some(biller), Some(account), None) => (biller, plain_account(&account)),
        (None, None, Some(payment)) => {
            let payment = owned(&api, &bearer, parse_param_id("payment", &payment)?)?;
            let account = api.engine.biller_account(&payment).map_err(|error| fault(&error))?;
            (payment.biller, account.to_string())
        }
        _ => {
            let must = "given with `account`, or `payment` alone";
            return Err(refused(&Refusal::Invalid { param: "biller", must }));
        }
    };
    let found = api.engine.look_up_utility(bearer.id(), &biller, &account).await;
    Ok(created(UtilityLookUp::of(&api, found.map_err(|error| failed(&error))?)))
}

/// A payment of what is due.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateUtilityPayment {
    /// What the look-up answered. The same offer again is the same payment.
    #[schema(max_length = 4_096)]
    pub offer: String,
    /// The payment password; this or `passkey`.
    #[schema(pattern = "^[0-9]{6}$")]
    #[serde(default, skip_serializing)]
    pub password: Option<String>,
    /// What a passkey has signed of this request, asked with `POST /payer/v1/passkey_challenges`; this or `password`.
    #[serde(default, skip_serializing)]
    pub passkey: Option<PasskeyAssertion>,
}

/// A utility payment.
#[derive(Serialize, ToSchema)]
#[schema(as = UtilityPayment)]
pub struct UtilityPaymentBody {
    /// Its id: `utp_…`.
    pub id: String,
    /// `processing` until the biller has answered, then `succeeded` or `failed`; what failed comes back.
    pub status: &'static str,
    /// The biller's code.
    pub biller: String,
    /// What the biller was called.
    pub biller_name: String,
    /// `water`, `electricity` or `gas`.
    pub utility: &'static str,
    /// The last digits of the account: `****0001`.
    pub account: String,
    /// What the biller calls the time that is paid for.
    pub period: String,
    /// In fen.
    pub amount: i64,
    /// Why it failed: `refused`, or `amount_changed` if another amount was due.
    pub failure: Option<&'static str>,
    /// What the biller calls its booking.
    pub reference: Option<String>,
    /// When it was asked for.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it was paid or failed.
    #[schema(format = DateTime)]
    pub ended_at: Option<String>,
}

impl UtilityPaymentBody {
    fn of(payment: &UtilityPayment) -> UtilityPaymentBody {
        UtilityPaymentBody {
            id: payment.id.to_string(),
            status: match payment.status {
                UtilityStatus::Planned | UtilityStatus::Sent => "processing",
                UtilityStatus::Paid => "succeeded",
                UtilityStatus::Failed => "failed",
            },
            biller: payment.biller.clone(),
            biller_name: payment.biller_name.clone(),
            utility: payment.utility.name(),
            account: payment.account_hint.clone(),
            period: payment.period.clone(),
            amount: payment.money.amount.minor(),
            failure: payment.failure.map(|failure| match failure {
                Failure::Refused => "refused",
                Failure::AmountChanged => "amount_changed",
            }),
            reference: payment.reference.clone(),
            created_at: rfc3339(payment.created_at),
            ended_at: payment.ended_at.map(rfc3339),
        }
    }
}

/// Pay what is due
///
/// The money leaves the balance at once. The biller is asked in the background: look the payment up until it is no
/// longer `processing`. What the biller refuses comes back.
#[utoipa::path(post, path = "/payer/v1/utility_payments", tag = "utilities", operation_id = "create_utility_payment",
    request_body = CreateUtilityPayment,
    params(("Idempotency-Key" = String, Header, description = "Names this request; asking twice does it once.")),
    responses((status = 201, description = "The payment", body = UtilityPaymentBody), PayerErrors),
    extensions(("x-error-codes" = json!(["wrong_password", "password_locked", "passkey_refused",
        "passkeys_not_offered", "payer_frozen", "identity_required", "limit_reached", "payments_used_up",
        "balance_insufficient", "idempotency_key_reused"]))))]
pub async fn create_utility_payment(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    key: MoneyKey,
    StrictJson { mut value, .. }: StrictJson<CreateUtilityPayment>,
) -> Result<Response, Problem> {
    let (password, passkey) = (value.password.take(), value.passkey.take());
    let proof = Proof::one(password, passkey, || about("create_utility_payment", &value))?;
    let plan = |asked: &Asked| {
        let offer: Offer = api.engine.open_offer(bearer.id(), &value.offer).ok_or_else(|| {
            let must = "an offer that a look-up has answered in the last 15 minutes";
            refused(&Refusal::Invalid { param: "offer", must })
        })?;
        let new = api.engine.new_utility_payment(&offer, asked.proofs);
        Ok(move |facts: &dyn Facts, cx: &mut Context| steps::plan_proven(facts, cx, &new))
    };
    let body = |payment: &UtilityPayment| text(&UtilityPaymentBody::of(payment));
    let answer = (StatusCode::CREATED, body);
    once(&api, (&bearer, "plan_utility_payment"), (key, &value, proof), plan, answer).await
}

/// Look a utility payment up
#[utoipa::path(get, path = "/payer/v1/utility_payments/{id}", tag = "utilities",
    operation_id = "get_utility_payment",
    params(("id" = String, Path, description = "The payment's id")),
    responses((status = 200, description = "The payment", body = UtilityPaymentBody), PayerErrorsWithoutBody))]
pub async fn get_utility_payment(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let payment = owned(&api, &bearer, parse_id(&id)?)?;
    Ok(axum::Json(UtilityPaymentBody::of(&payment)).into_response())
}

/// List utility payments, newest first
#[utoipa::path(get, path = "/payer/v1/utility_payments", tag = "utilities", operation_id = "list_utility_payments",
    params(ListOwn),
    responses((status = 200, description = "A page of payments", body = ListPage<UtilityPaymentBody>),
        PayerErrorsWithoutBody))]
pub async fn list_utility_payments(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    StrictQuery(query): StrictQuery<ListOwn>,
) -> Result<Response, Problem> {
    own(&api, List::UtilityPaymentsOf(bearer.id()), &query, |_| true, UtilityPaymentBody::of)
}
