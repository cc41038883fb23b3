//! `/payer/v1/top_ups`: money from a debit card to the balance.

use std::{mem, sync::Arc};

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tongbao_core::{
    Context, Facts, List, Refusal,
    id::TopUpId,
    payment::Failure,
    top_up::{
        TopUp, TopUpStatus,
        steps::{self, NewTopUp},
    },
};
use tongbao_money::{Amount, Currency, Money};
use utoipa::ToSchema;

use super::{
    bearer::Bearer,
    lists::{ListOwn, own},
    once::{Asked, MoneyKey, once, text},
    proof::Proof,
};
use crate::{
    errors::{PayerErrors, PayerErrorsWithoutBody},
    json::{StrictJson, StrictQuery},
    problem::Problem,
    refusal::{fault, refused},
    state::Api,
    wire::{ListPage, parse_id, parse_param_id, rfc3339},
};

/// A top-up to make.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTopUp {
    /// In fen.
    #[schema(minimum = 1, maximum = 5_000_000, example = 10_000)]
    pub amount: i64,
    /// From which card: `crd_…`, a debit card that is usable.
    #[schema(max_length = 64)]
    pub card: String,
    /// The payment password.
    #[schema(pattern = "^[0-9]{6}$")]
    #[serde(skip_serializing)]
    pub password: String,
}

/// A top-up.
#[derive(Serialize, ToSchema)]
#[schema(as = TopUp)]
pub struct TopUpBody {
    /// Its id: `tpu_…`.
    pub id: String,
    /// `processing` until the bank has answered, then `succeeded` or `failed`.
    pub status: &'static str,
    /// In fen.
    pub amount: i64,
    /// From which card.
    pub card: String,
    /// Why it failed.
    pub failure: Option<&'static str>,
    /// When it was asked for.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it was paid or failed.
    #[schema(format = DateTime)]
    pub ended_at: Option<String>,
}

impl TopUpBody {
    fn of(top_up: &TopUp) -> TopUpBody {
        TopUpBody {
            id: top_up.id.to_string(),
            status: match top_up.status {
                TopUpStatus::Planned | TopUpStatus::Sent => "processing",
                TopUpStatus::Paid => "succeeded",
                TopUpStatus::Failed => "failed",
            },
            amount: top_up.money.amount.minor(),
            card: top_up.card.to_string(),
            failure: top_up.failure.map(Failure::code),
            created_at: rfc3339(top_up.created_at),
            ended_at: top_up.ended_at.map(rfc3339),
        }
    }
}

/// Yuan to move.
pub(super) fn yuan(minor: i64, must: &'static str) -> Result<Money, Problem> {
    let amount = Amount::new(minor).filter(|amount| !amount.is_zero());
    let amount = amount.ok_or_else(|| refused(&Refusal::Invalid { param: "amount", must }))?;
    Ok(Money { amount, currency: Currency::CNY })
}

/// Top the balance up
///
/// The bank is asked in the background: look the top-up up until it is no longer `processing`.
#[utoipa::path(post, path = "/payer/v1/top_ups", tag = "money", operation_id = "create_top_up",
    request_body = CreateTopUp,
    params(("Idempotency-Key" = String, Header, description = "Names this request; asking twice does it once.")),
    responses((status = 201, description = "The top-up", body = TopUpBody), PayerErrors),
    extensions(("x-error-codes" = json!(["wrong_password", "password_locked", "blocked", "payer_frozen",
        "identity_required",
        "card_unusable", "idempotency_key_reused"]))))]
pub async fn create_top_up(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    key: MoneyKey,
    StrictJson { mut value, .. }: StrictJson<CreateTopUp>,
) -> Result<Response, Problem> {
    let proof = Proof::password(mem::take(&mut value.password))?;
    let plan = |asked: &Asked| {
        let new = NewTopUp {
            payer: bearer.id(),
            card: parse_param_id("card", &value.card)?,
            request_no: asked.number.clone(),
            money: yuan(value.amount, "from 1 to 5000000 minor units")?,
        };
        new.check().map_err(|refusal| refused(&refusal))?;
        Ok(move |facts: &dyn Facts, cx: &mut Context| steps::plan_proven(facts, cx, &new))
    };
    let body = |top_up: &TopUp| text(&TopUpBody::of(top_up));
    once(&api, (&bearer, "plan_top_up"), (key, &value, proof), plan, (StatusCode::CREATED, body)).await
}

/// Look a top-up up
#[utoipa::path(get, path = "/payer/v1/top_ups/{id}", tag = "money", operation_id = "get_top_up",
    params(("id" = String, Path, description = "The top-up's id")),
    responses((status = 200, description = "The top-up", body = TopUpBody), PayerErrorsWithoutBody))]
pub async fn get_top_up(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id: TopUpId = parse_id(&id)?;
    let found = api.engine.store.get::<TopUp>(id).map_err(|error| fault(&error))?;
    let own = found.filter(|top_up| top_up.payer == bearer.id()).ok_or_else(Problem::not_found)?;
    Ok(axum::Json(TopUpBody::of(&own)).into_response())
}

/// List top-ups, newest first
#[utoipa::path(get, path = "/payer/v1/top_ups", tag = "money", operation_id = "list_top_ups",
    params(ListOwn),
    responses((status = 200, description = "A page of top-ups", body = ListPage<TopUpBody>), PayerErrorsWithoutBody))]
pub async fn list_top_ups(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    StrictQuery(query): StrictQuery<ListOwn>,
) -> Result<Response, Problem> {
    own(&api, List::TopUpsOf(bearer.id()), &query, |_| true, TopUpBody::of)
}
