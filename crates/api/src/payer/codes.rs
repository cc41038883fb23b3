//! `/payer/v1/payment_codes`, what the payer shows a shop; `/payer/v1/collection_code`, what it shows other payers, and
//! `/payer/v1/collection_codes/{token}`, what it has scanned.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tongbao_core::{
    Facts, Key, Refusal,
    collection::{self, CollectionCode, Owner},
    merchant::{App, Merchant},
    payer::Payer,
};
use tongbao_engine::purse::Who;
use tongbao_money::Amount;
use utoipa::ToSchema;

use super::{
    bearer::{Bearer, check_password},
    once::{NoKey, created},
    sessions::SessionBody,
};
use crate::{
    empty::EmptyBody,
    errors::{PayerErrors, PayerErrorsWithoutBody},
    json::StrictJson,
    problem::{Kind, Problem},
    refusal::{failed, fault, refused},
    state::Api,
    wire::rfc3339,
};

/// The payer has used up the payment or transit codes of this minute.
pub const CODES_USED_UP: Kind =
    Kind::new(StatusCode::TOO_MANY_REQUESTS, "codes_used_up", "No more codes this minute");

/// Seconds after which there are new ones at the latest.
const CODES_AGAIN_S: u32 = 60;

/// A payment code.
#[derive(Serialize, ToSchema)]
#[schema(as = PaymentCode)]
pub struct PaymentCodeBody {
    /// Its 18 digits, to be shown as a bar code and as a QR code.
    pub digits: String,
    /// When the next one is to be asked for.
    #[schema(format = DateTime)]
    pub changes_at: String,
    /// From when on this one is worth nothing.
    #[schema(format = DateTime)]
    pub expires_at: String,
}

/// The payment password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePaymentCodePermission {
    /// The payment password.
    #[schema(pattern = "^[0-9]{6}$")]
    pub password: String,
}

/// Switch payment codes on
///
/// For the session that asks, until its device signs in again or the payment password is changed. A payment code pays
/// small sums without a further proof, so the payment password is asked for once.
#[utoipa::path(post, path = "/payer/v1/payment_code_permission", tag = "codes",
    operation_id = "create_payment_code_permission", request_body = CreatePaymentCodePermission,
    responses((status = 201, description = "The session", body = SessionBody), PayerErrors),
    extensions(("x-error-codes" = json!(["wrong_password", "password_locked"]))))]
pub async fn create_payment_code_permission(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    _: NoKey,
    StrictJson { value, .. }: StrictJson<CreatePaymentCodePermission>,
) -> Result<Response, Problem> {
    check_password("password", &value.password)?;
    let switched = api.engine.switch_codes_on(bearer.id(), bearer.session().id, value.password).await;
    Ok(created(SessionBody::of(&switched.map_err(|error| failed(&error))?, &bearer)))
}

/// Switch payment codes off
///
/// For the session that asks. Doing it twice is answered like doing it once.
#[utoipa::path(delete, path = "/payer/v1/payment_code_permission", tag = "codes",
    operation_id = "delete_payment_code_permission",
    responses((status = 200, description = "The session", body = SessionBody), PayerErrorsWithoutBody))]
pub async fn delete_payment_code_permission(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
) -> Result<Response, Problem> {
    let switched = api.engine.switch_codes_off(bearer.id(), bearer.session().id).await;
    let session = switched.map_err(|error| failed(&error))?;
    Ok(axum::Json(SessionBody::of(&session, &bearer)).into_response())
}

/// Show a payment code
///
/// The one of this minute, and the next after it was used. A shop that scans it takes small sums without a further
/// proof, at most 1,000 yuan and forty times a day, so they have to be switched on for the session first. No body is
/// needed.
#[utoipa::path(post, path = "/payer/v1/payment_codes", tag = "codes", operation_id = "create_payment_code",
    responses((status = 201, description = "The code", body = PaymentCodeBody), PayerErrors),
    extensions(("x-error-codes" = json!(["payment_codes_off", "codes_used_up", "payer_frozen"]))))]
pub async fn create_payment_code(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    _: NoKey,
    _: EmptyBody,
) -> Result<Response, Problem> {
    let shown = api.engine.show_payment_code(bearer.id(), bearer.session().id).await;
    let shown = shown.map_err(|error| failed(&error))?;
    let code = shown.ok_or_else(used_up)?;
    Ok(created(PaymentCodeBody {
        changes_at: rfc3339(code.changes_at),
        expires_at: rfc3339(code.expires_at),
        digits: code.digits,
    }))
}

pub(super) fn used_up() -> Problem {
    Problem::of(CODES_USED_UP)
        .detail("All codes of this minute were used. Ask again in the next.")
        .retry_after_s(CODES_AGAIN_S)
}

/// The payer's collection code.
#[derive(Serialize, ToSchema)]
#[schema(as = CollectionCode)]
pub struct CollectionCodeBody {
    /// What stands in its address; it never changes.
    pub token: String,
    /// What is printed as a QR code.
    pub address: String,
    /// What it asks for, in fen; null leaves it to whoever pays.
    pub amount: Option<i64>,
}

impl CollectionCodeBody {
    fn of(api: &Api, code: &CollectionCode) -> CollectionCodeBody {
        CollectionCodeBody {
            token: code.token.clone(),
            address: format!("{}/c/{}", api.base_url, code.token),
            amount: code.fixed.map(Amount::minor),
        }
    }
}

/// Look your collection code up
///
/// 404 until it was made.
#[utoipa::path(get, path = "/payer/v1/collection_code", tag = "codes", operation_id = "get_collection_code",
    responses((status = 200, description = "The code", body = CollectionCodeBody), PayerErrorsWithoutBody))]
pub async fn get_collection_code(State(api): State<Arc<Api>>, bearer: Bearer) -> Result<Response, Problem> {
    let code = api.engine.collection_code(bearer.id()).map_err(|error| fault(&error))?;
    let code = code.ok_or_else(|| refused(&Refusal::NotFound("collection code")))?;
    Ok(axum::Json(CollectionCodeBody::of(&api, &code)).into_response())
}

/// Make your collection code
///
/// A payer has one; who has it keeps it. No body is needed.
#[utoipa::path(post, path = "/payer/v1/collection_code", tag = "codes", operation_id = "create_collection_code",
    responses((status = 201, description = "The code", body = CollectionCodeBody), PayerErrors))]
pub async fn create_collection_code(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    _: NoKey,
    _: EmptyBody,
) -> Result<Response, Problem> {
    let code = api.engine.enrol_collection_code(bearer.id()).await.map_err(|error| failed(&error))?;
    Ok(created(CollectionCodeBody::of(&api, &code)))
}

/// What the code is to ask for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCollectionAmount {
    /// In fen; null, or left out, leaves it to whoever pays.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 50_000)]
    pub amount: Option<i64>,
}

/// Set what your collection code asks for
#[utoipa::path(post, path = "/payer/v1/collection_code/amount", tag = "codes",
    operation_id = "create_collection_amount", request_body = CreateCollectionAmount,
    responses((status = 201, description = "The code", body = CollectionCodeBody), PayerErrors))]
pub async fn create_collection_amount(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    _: NoKey,
    StrictJson { value, .. }: StrictJson<CreateCollectionAmount>,
) -> Result<Response, Problem> {
    let must = "from 1 to 50000 minor units";
    let fixed = value
        .amount
        .map(|minor| Amount::new(minor).ok_or_else(|| refused(&Refusal::Invalid { param: "amount", must })));
    let (payer, fixed) = (bearer.id(), fixed.transpose()?);
    let fix = move |facts: &dyn Facts, _: &mut _| collection::fix(facts, payer, fixed);
    let code = api.engine.step(bearer.input("fix_collection_code"), fix).await;
    Ok(created(CollectionCodeBody::of(&api, &code.map_err(|error| failed(&error))?)))
}

/// A code that was scanned.
#[derive(Serialize, ToSchema)]
pub struct ScannedCode {
    /// Whom it pays: a shop by its name, a person by the verified name, all but its last character hidden; null if
    /// nobody has verified the person.
    pub name: Option<String>,
    /// A person's phone number, masked; null for a shop.
    pub phone: Option<String>,
    /// What it asks for, in fen; null leaves it to whoever pays.
    pub amount: Option<i64>,
    /// Whether it is the payer's own, which it cannot pay.
    pub is_own: bool,
}

/// Look a scanned code up
#[utoipa::path(get, path = "/payer/v1/collection_codes/{token}", tag = "codes", operation_id = "get_scanned_code",
    params(("token" = String, Path, description = "What stands behind `/c/` in the address that was scanned")),
    responses((status = 200, description = "Whom it pays", body = ScannedCode), PayerErrorsWithoutBody))]
pub async fn get_scanned_code(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let store = &api.engine.store;
    let missing = || refused(&Refusal::NotFound("collection code"));
    let code = store.find::<CollectionCode>(Key::CollectionCode(token)).map_err(|error| fault(&error))?;
    let code = code.ok_or_else(missing)?;
    let (name, phone, is_own) = match code.owner {
        Owner::Payer(id) => {
            let owner = store.get::<Payer>(id).map_err(|error| fault(&error))?;
            let Who { phone, name } = Who::of(&owner.ok_or_else(missing)?);
            (name, Some(phone), id == bearer.id())
        }
        Owner::App(id) => {
            let app = store.get::<App>(id).map_err(|error| fault(&error))?.ok_or_else(missing)?;
            let shop = store.get::<Merchant>(app.merchant).map_err(|error| fault(&error))?;
            (shop.map(|shop| shop.name), None, false)
        }
    };
    let amount = code.fixed.map(Amount::minor);
    Ok(axum::Json(ScannedCode { name, phone, amount, is_own }).into_response())
}
