//! `/sandbox/reviews`: payments that a person is to look at, and the developer as that person.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tongbao_core::{
    Actor, Facts, List,
    id::ReviewId,
    risk::review::{self, Finding, Review},
};
use tongbao_engine::Input;

use crate::{
    json::{StrictJson, StrictQuery},
    list::{self, Part},
    problem::Problem,
    refusal::failed,
    state::Api,
    wire::{ListPage, list_limit, parse_param_id, read_cursor, rfc3339},
};

/// Which reviews to list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListReviews {
    limit: Option<u32>,
    cursor: Option<String>,
}

/// A review.
#[derive(Debug, Serialize)]
struct ReviewBody {
    /// Its id: `rvw_…`.
    id: String,
    /// The payment: `pay_…`.
    payment: String,
    /// Who pays: `pyr_…`.
    payer: String,
    /// Who is paid: `mch_…`.
    merchant: String,
    /// How much, in minor units.
    amount: i64,
    /// The currency.
    currency: String,
    /// The code of the severest reason.
    reason: Option<String>,
    /// The model's score, 0 to 999.
    score: Option<u16>,
    /// When it was opened.
    opened_at: String,
    /// When it ends by itself.
    until: String,
    /// How it ended: `genuine`, `fraud`, `insufficient`, `escalated` or `overdue`.
    finding: Option<&'static str>,
    /// Who found that.
    by: Option<String>,
}

impl ReviewBody {
    fn of(review: &Review) -> ReviewBody {
        ReviewBody {
            id: review.id.to_string(),
            payment: review.payment.to_string(),
            payer: review.payer.to_string(),
            merchant: review.merchant.to_string(),
            amount: review.money.amount.minor(),
            currency: review.money.currency.code().to_owned(),
            reason: review.reason.clone(),
            score: review.score,
            opened_at: rfc3339(review.opened_at),
            until: rfc3339(review.until),
            finding: review.ended.as_ref().map(|ended| ended.finding.name()),
            by: review.ended.as_ref().and_then(|ended| ended.by.clone()),
        }
    }
}

/// What was found, and by whom.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateFinding {
    finding: Finding,
    by: String,
}

/// `GET /sandbox/reviews`: newest first, those that have ended among them.
pub(super) async fn list_all(
    State(api): State<Arc<Api>>,
    StrictQuery(query): StrictQuery<ListReviews>,
) -> Result<Response, Problem> {
    let (limit, after) = (list_limit(query.limit)?, read_cursor(query.cursor.as_deref())?);
    let part = Part { list: List::Reviews, after, newest_first: true, limit };
    let page: ListPage<ReviewBody> =
        list::page(api.engine.store.as_ref(), part, |_: &Review| true, ReviewBody::of)?;
    Ok(axum::Json(page).into_response())
}

/// `POST /sandbox/reviews/{id}/finding`: ends a review.
pub(super) async fn find(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    StrictJson { value, .. }: StrictJson<CreateFinding>,
) -> Result<Response, Problem> {
    let id: ReviewId = parse_param_id("id", &id)?;
    let decide = move |facts: &dyn Facts, cx: &mut _| review::decide(facts, cx, id, value.finding, &value.by);
    let input = Input { actor: Actor::Developer, name: "end_review" };
    let ended = api.engine.step(input, decide).await.map_err(|error| failed(&error))?;
    Ok(axum::Json(ReviewBody::of(&ended)).into_response())
}
