//! `/v1/collection_code`: the static code of the caller's app, which payers scan.
//!
//! An app has one, whose address never changes: what was printed stays good. What it takes is a payment like any other,
//! with an order number of the platform's.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tongbao_core::{
    Key, Refusal,
    api_key::Scope,
    collection::{self, CollectionCode, Prepared},
};
use tongbao_money::{Amount, Currency};
use utoipa::ToSchema;

use crate::{
    caller::Caller,
    errors::{Errors, ErrorsWithoutBody},
    idempotent::{IdempotencyKey, render, respond},
    json::StrictJson,
    problem::{INVALID_VALUE, Problem},
    refusal::{fault, refused},
    state::Api,
    wire::rfc3339,
};

/// What the app's collection code is to ask for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PrepareCollectionCode {
    /// What whoever scans it pays, in minor units of CNY; the payer says how much unless it is given.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 50000, example = 1500)]
    pub amount: Option<i64>,
}

/// The app's collection code.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CollectionCode)]
pub struct CollectionCodeBody {
    /// Its id: `clc_…`. Payments that it takes have it in their metadata as `collection_code`.
    pub id: String,
    /// What to print as a QR code.
    pub url: String,
    /// What whoever scans it pays, in minor units; null if the payer says how much.
    pub amount: Option<i64>,
    /// ISO 4217: `CNY`.
    pub currency: String,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created_at: String,
}

impl CollectionCodeBody {
    /// A code as its merchant sees it.
    pub fn of(code: &CollectionCode, base_url: &str) -> CollectionCodeBody {
        CollectionCodeBody {
            id: code.id.to_string(),
            url: format!("{base_url}/c/{}", code.token),
            amount: code.fixed.map(Amount::minor),
            currency: Currency::CNY.to_string(),
            created_at: rfc3339(code.created_at),
        }
    }

    /// The same as text.
    pub fn json(code: &CollectionCode, base_url: &str) -> String {
        serde_json::to_string(&CollectionCodeBody::of(code, base_url)).unwrap_or_default()
    }
}

/// Prepare the app's collection code
///
/// Answers 201 with the new code, or 200 with the one that the app has, which now asks for this amount. Static codes
/// take at most 500 yuan a day from one payer, by regulation. Each payment is told of by `payment.succeeded`; its order
/// number begins with `code-`.
#[utoipa::path(post, path = "/v1/collection_code", tag = "payments", operation_id = "create_collection_code",
    request_body = PrepareCollectionCode,
    params(("Idempotency-Key" = Option<String>, Header,
        description = "Names this request; asking twice does it once.")),
    responses((status = 201, description = "Created", body = CollectionCodeBody),
        (status = 200, description = "The app has it already", body = CollectionCodeBody), Errors),
    extensions(("x-error-codes" = json!(["idempotency_key_reused"]))))]
pub async fn create_collection_code(
    State(api): State<Arc<Api>>,
    caller: Caller,
    key: IdempotencyKey,
    StrictJson { value, raw }: StrictJson<PrepareCollectionCode>,
) -> Result<Response, Problem> {
    caller.may(Scope::Payments)?;
    let amount = value.amount.map(|minor| Amount::new(minor).filter(|amount| !amount.is_zero()));
    if amount == Some(None) {
        let detail = "`amount` must be from 1 to 50000 minor units.";
        return Err(Problem::of(INVALID_VALUE).param("amount").detail(detail));
    }
    let (app, token, shared) = (caller.app(), api.engine.collection_token(), Arc::clone(&api));
    let answered = api.engine.answer(
        caller.input("create_collection_code"),
        key.ask(app, &raw),
        move |facts, cx| collection::prepare(facts, cx, app, &token, amount.flatten()),
        render(
            |prepared: &Prepared| if prepared.new { StatusCode::CREATED } else { StatusCode::OK },
            move |prepared| CollectionCodeBody::json(&prepared.code, &shared.base_url),
        ),
    );
    answered.await.map(respond).map_err(|error| fault(&error))
}

/// Look the app's collection code up
#[utoipa::path(get, path = "/v1/collection_code", tag = "payments", operation_id = "get_collection_code",
    responses((status = 200, description = "The code", body = CollectionCodeBody), ErrorsWithoutBody))]
pub async fn get_collection_code(State(api): State<Arc<Api>>, caller: Caller) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let key = Key::CollectionCodeOf(caller.app().into());
    let found = api.engine.store.find::<CollectionCode>(key).map_err(|error| fault(&error))?;
    let code = found.ok_or_else(|| refused(&Refusal::NotFound("collection code")))?;
    Ok(axum::Json(CollectionCodeBody::of(&code, &api.base_url)).into_response())
}
