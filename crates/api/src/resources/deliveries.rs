//! `/v1/deliveries`: what became of each webhook, and sending one again.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tongbao_core::{
    List, Refusal,
    api_key::Scope,
    delivery::{self, Delivery, DeliveryAttempt, DeliveryStatus},
    id::{DeliveryId, EndpointId, EventId},
};
use utoipa::{IntoParams, ToSchema};

use crate::{
    caller::Caller,
    empty::EmptyBody,
    errors::{Errors, ErrorsWithoutBody},
    idempotent::{IdempotencyKey, render, respond},
    json::StrictQuery,
    list::{self, Part},
    problem::Problem,
    refusal::{fault, refused},
    state::Api,
    wire::{ListPage, list_limit, parse_id, parse_param_id, read_cursor, rfc3339},
};

/// One attempt to deliver.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliveryAttempt)]
pub struct DeliveryAttemptBody {
    /// When it was sent.
    #[schema(format = DateTime)]
    pub at: String,
    /// The status the receiver answered, if it did.
    pub http_status: Option<u16>,
    /// Why it failed; null is success.
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: u32,
}

/// The delivery of one event to one URL.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub struct DeliveryBody {
    /// Its id: `dlv_…`.
    pub id: String,
    /// The event: `evt_…`.
    pub event: String,
    /// The webhook endpoint: `whe_…`; null is the payment's own `notify_url`.
    pub endpoint: Option<String>,
    /// Where to.
    pub url: String,
    /// `due`: to be sent now; `waiting`: failed, to be sent again; `done`: answered with 2xx; `given_up`.
    pub status: &'static str,
    /// The latest attempts, oldest first; at most 50 are kept.
    pub attempts: Vec<DeliveryAttemptBody>,
    /// When it is sent next.
    #[schema(format = DateTime)]
    pub next_attempt_at: Option<String>,
    /// When it was planned.
    #[schema(format = DateTime)]
    pub created_at: String,
}

impl DeliveryBody {
    /// A delivery as merchants see it.
    pub fn of(delivery: &Delivery) -> DeliveryBody {
        let attempt = |attempt: &DeliveryAttempt| DeliveryAttemptBody {
            at: rfc3339(attempt.at),
            http_status: attempt.http_status,
            error: attempt.failure.clone(),
            duration_ms: attempt.duration_ms,
        };
        DeliveryBody {
            id: delivery.id.to_string(),
            event: delivery.event.to_string(),
            endpoint: delivery.endpoint.map(|endpoint| endpoint.to_string()),
            url: delivery.url.clone(),
            status: match delivery.status {
                DeliveryStatus::Due => "due",
                DeliveryStatus::Waiting => "waiting",
                DeliveryStatus::Done => "done",
                DeliveryStatus::GivenUp => "given_up",
            },
            attempts: delivery.attempts.iter().map(attempt).collect(),
            next_attempt_at: delivery.next_at.map(rfc3339),
            created_at: rfc3339(delivery.created_at),
        }
    }
}

/// Look a delivery up
#[utoipa::path(get, path = "/v1/deliveries/{id}", tag = "webhooks", operation_id = "get_delivery",
    params(("id" = String, Path, description = "The delivery's id")),
    responses((status = 200, description = "The delivery", body = DeliveryBody), ErrorsWithoutBody))]
pub async fn get_delivery(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let id: DeliveryId = parse_id(&id)?;
    let found = api.engine.store.get::<Delivery>(id).map_err(|error| fault(&error))?;
    let delivery = found.filter(|delivery| delivery.app == caller.app());
    let delivery = delivery.ok_or_else(|| refused(&Refusal::NotFound("delivery")))?;
    Ok(axum::Json(DeliveryBody::of(&delivery)).into_response())
}

/// Where a delivery may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatusFilter {
    /// To be sent now.
    Due,
    /// Failed, to be sent again.
    Waiting,
    /// Answered with 2xx.
    Done,
    /// Failed as often as it may.
    GivenUp,
}

impl DeliveryStatusFilter {
    const fn status(self) -> DeliveryStatus {
        match self {
            DeliveryStatusFilter::Due => DeliveryStatus::Due,
            DeliveryStatusFilter::Waiting => DeliveryStatus::Waiting,
            DeliveryStatusFilter::Done => DeliveryStatus::Done,
            DeliveryStatusFilter::GivenUp => DeliveryStatus::GivenUp,
        }
    }
}

/// Which deliveries to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListDeliveries {
    /// Only those of this event.
    pub event: Option<String>,
    /// Only those to this webhook endpoint.
    pub endpoint: Option<String>,
    /// Only those with this status.
    #[param(inline)]
    pub status: Option<DeliveryStatusFilter>,
    /// Rows: 1 to 100, 20 unless given.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// List deliveries, newest first
#[utoipa::path(get, path = "/v1/deliveries", tag = "webhooks", operation_id = "list_deliveries",
    params(ListDeliveries),
    responses((status = 200, description = "A page of deliveries", body = ListPage<DeliveryBody>), ErrorsWithoutBody))]
pub async fn list_deliveries(
    State(api): State<Arc<Api>>,
    caller: Caller,
    StrictQuery(query): StrictQuery<ListDeliveries>,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let (limit, after) = (list_limit(query.limit)?, read_cursor(query.cursor.as_deref())?);
    let event: Option<EventId> = query.event.as_deref().map(|id| parse_param_id("event", id)).transpose()?;
    let endpoint: Option<EndpointId> =
        query.endpoint.as_deref().map(|id| parse_param_id("endpoint", id)).transpose()?;
    let (app, status) = (caller.app(), query.status.map(DeliveryStatusFilter::status));
    let list = event.map_or(List::Deliveries(app), List::DeliveriesOf);
    let part = Part { list, after, newest_first: true, limit };
    let keep = |delivery: &Delivery| {
        delivery.app == app
            && endpoint.is_none_or(|endpoint| delivery.endpoint == Some(endpoint))
            && status.is_none_or(|status| delivery.status == status)
    };
    Ok(axum::Json(list::page(api.engine.store.as_ref(), part, keep, DeliveryBody::of)?).into_response())
}

/// Send a delivery again
///
/// Now, whatever became of it; the event's id and content stay. No body is needed.
#[utoipa::path(post, path = "/v1/deliveries/{id}/resend", tag = "webhooks", operation_id = "create_delivery_resend",
    params(("id" = String, Path, description = "The delivery's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Names this request; asking twice does it once.")),
    responses((status = 200, description = "The delivery, due now", body = DeliveryBody), Errors),
    extensions(("x-error-codes" = json!(["idempotency_key_reused"]))))]
pub async fn create_delivery_resend(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(id): Path<String>,
    key: IdempotencyKey,
    _: EmptyBody,
) -> Result<Response, Problem> {
    caller.may(Scope::Webhooks)?;
    let id: DeliveryId = parse_id(&id)?;
    let app = caller.app();
    let answered = api.engine.answer(
        caller.input("create_delivery_resend"),
        key.ask(app, &[]),
        move |facts, cx| delivery::resend(facts, cx, app, id),
        render(
            |_| StatusCode::OK,
            |delivery: &Delivery| serde_json::to_string(&DeliveryBody::of(delivery)).unwrap_or_default(),
        ),
    );
    answered.await.map(respond).map_err(|error| fault(&error))
}
