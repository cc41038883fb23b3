//! `/v1/webhook_endpoints`: where the app wants its events sent; and `/v1/webhook_public_key`.
//!
//! **Invariants.** A secret is in the answer that made it and nowhere else: it is sealed before it is stored,
//! and since answers are kept under an `Idempotency-Key` as they are, the operations that give a secret
//! refuse that header.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, Path, State},
    response::{IntoResponse, Response},
};
use http::{StatusCode, request::Parts};
use serde::{Deserialize, Serialize};
use tongbao_core::{
    Facts, List, Refusal,
    api_key::Scope,
    endpoint::{self, Endpoint, EndpointStatus, NewEndpoint},
    event::EventKind,
    id::EndpointId,
};
use tongbao_engine::webhook::check_url;
use utoipa::{IntoParams, ToSchema};

use super::events::kind;
use crate::{
    caller::Caller,
    empty::EmptyBody,
    errors::{Errors, ErrorsWithoutBody, PublicErrors},
    idempotent::{IDEMPOTENCY_KEY, IdempotencyKey, render, respond},
    json::{StrictJson, StrictQuery},
    list::{self, Part},
    problem::{INVALID_VALUE, Problem},
    refusal::{failed, fault, refused},
    state::Api,
    wire::{ListPage, list_limit, parse_id, read_cursor, rfc3339},
};

/// Stands for all kinds of events, those of later versions too.
const ALL_EVENTS: &str = "*";

/// A webhook endpoint to create.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateWebhookEndpoint {
    /// Where events are sent: https, and on the public Internet; a sandbox also takes http and this machine.
    #[schema(max_length = 2048, example = "https://shop.example.com/webhooks")]
    pub url: String,
    /// Which events: their types, or `["*"]` for all, which is what it is unless given.
    #[serde(default)]
    #[schema(min_items = 1, max_items = 9, example = json!(["payment.succeeded", "refund.succeeded"]))]
    pub events: Option<Vec<String>>,
}

/// A webhook endpoint.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookEndpoint)]
pub struct WebhookEndpointBody {
    /// Its id: `whe_…`.
    pub id: String,
    /// Where events are sent.
    pub url: String,
    /// Which events; `["*"]` is all of them.
    pub events: Vec<&'static str>,
    /// `enabled`; `disabled` after five days without one success, until it is enabled again; `deleted`.
    pub status: &'static str,
    /// The secret that signs, `whsec_…`: only in the answers that create the endpoint and rotate its secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub secret: Option<String>,
    /// The Ed25519 key that also signs, `whpk_…`: one for the whole installation.
    pub public_key: String,
    /// Since when every delivery to it failed.
    #[schema(format = DateTime)]
    pub failing_since: Option<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created_at: String,
}

impl WebhookEndpointBody {
    /// An endpoint as merchants see it.
    pub fn of(endpoint: &Endpoint, api: &Api) -> WebhookEndpointBody {
        let kinds = endpoint.events.iter().map(|kind| kind.name());
        WebhookEndpointBody {
            id: endpoint.id.to_string(),
            url: endpoint.url.clone(),
            events: if endpoint.events.is_empty() { vec![ALL_EVENTS] } else { kinds.collect() },
            status: match endpoint.status {
                EndpointStatus::Enabled => "enabled",
                EndpointStatus::Disabled => "disabled",
                EndpointStatus::Deleted => "deleted",
            },
            secret: None,
            public_key: api.engine.signing_key.public_key(),
            failing_since: endpoint.failing_since.map(rfc3339),
            created_at: rfc3339(endpoint.created_at),
        }
    }

    /// The same as text.
    pub fn json(endpoint: &Endpoint, api: &Api) -> String {
        serde_json::to_string(&WebhookEndpointBody::of(endpoint, api)).unwrap_or_default()
    }
}

/// Reads a list of event types; all of them is the empty list.
fn kinds(names: Option<&[String]>) -> Result<Vec<EventKind>, Problem> {
    let Some(names) = names else { return Ok(Vec::new()) };
    if names == [ALL_EVENTS] {
        return Ok(Vec::new());
    }
    let mut kinds = Vec::new();
    for name in names {
        let kind = kind("events", name)?;
        if kinds.contains(&kind) {
            return Err(Problem::of(INVALID_VALUE).param("events").detail("`events` names one type twice."));
        }
        kinds.push(kind);
    }
    if kinds.is_empty() {
        let detail = "`events` must name at least one type; leave it out to get all.";
        return Err(Problem::of(INVALID_VALUE).param("events").detail(detail));
    }
    Ok(kinds)
}

/// Refuses an `Idempotency-Key`: the answer holds a secret and is not kept.
#[derive(Clone, Copy, Debug)]
pub struct NoIdempotencyKey;

impl<S: Sync> FromRequestParts<S> for NoIdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<NoIdempotencyKey, Problem> {
        if parts.headers.contains_key(IDEMPOTENCY_KEY) {
            let detail = "The answer to this request holds a secret, so it is not kept for a second time. Send it \
                          without `Idempotency-Key`.";
            return Err(Problem::of(INVALID_VALUE).param("Idempotency-Key").detail(detail));
        }
        Ok(NoIdempotencyKey)
    }
}

/// Create a webhook endpoint
///
/// The answer holds the secret, this once. It is not kept, so this request takes no `Idempotency-Key`: after an
/// answer that was lost, list the endpoints, and rotate the secret of the one that was made.
#[utoipa::path(post, path = "/v1/webhook_endpoints", tag = "webhooks", operation_id = "create_webhook_endpoint",
    request_body = CreateWebhookEndpoint,
    responses((status = 201, description = "Created", body = WebhookEndpointBody), Errors),
    extensions(("x-error-codes" = json!(["too_many_endpoints"]))))]
pub async fn create_webhook_endpoint(
    State(api): State<Arc<Api>>,
    caller: Caller,
    _: NoIdempotencyKey,
    StrictJson { value, .. }: StrictJson<CreateWebhookEndpoint>,
) -> Result<Response, Problem> {
    caller.may(Scope::Webhooks)?;
    check_url(&value.url, api.engine.mode.webhook_policy())
        .map_err(|refusal| Problem::of(INVALID_VALUE).param("url").detail(refusal.to_string()))?;
    let events = kinds(value.events.as_deref())?;
    let (text, secret) = api.engine.new_webhook_secret();
    let (app, new) = (caller.app(), NewEndpoint { url: value.url, events, secret });
    let create = move |facts: &dyn Facts, cx: &mut _| endpoint::create(facts, cx, app, &new);
    let made = api.engine.step(caller.input("create_webhook_endpoint"), create).await;
    let made = made.map_err(|error| failed(&error))?;
    let body = WebhookEndpointBody { secret: Some(text), ..WebhookEndpointBody::of(&made, &api) };
    Ok((StatusCode::CREATED, axum::Json(body)).into_response())
}

/// Rotate the secret of a webhook endpoint
///
/// The answer holds the new secret, this once; the old one signs beside it for 24 hours. No body is needed,
/// and no `Idempotency-Key` is taken.
#[utoipa::path(post, path = "/v1/webhook_endpoints/{id}/secret_rotation", tag = "webhooks",
    operation_id = "create_secret_rotation",
    params(("id" = String, Path, description = "The endpoint's id")),
    responses((status = 200, description = "The endpoint, with its new secret", body = WebhookEndpointBody), Errors))]
pub async fn create_secret_rotation(
    State(api): State<Arc<Api>>,
    caller: Caller,
    _: NoIdempotencyKey,
    Path(id): Path<String>,
    _: EmptyBody,
) -> Result<Response, Problem> {
    caller.may(Scope::Webhooks)?;
    let id: EndpointId = parse_id(&id)?;
    let app = caller.app();
    let (text, secret) = api.engine.new_webhook_secret();
    let rotate = move |facts: &dyn Facts, cx: &mut _| endpoint::rotate_secret(facts, cx, app, id, &secret);
    let rotated = api.engine.step(caller.input("create_secret_rotation"), rotate).await;
    let rotated = rotated.map_err(|error| failed(&error))?;
    let body = WebhookEndpointBody { secret: Some(text), ..WebhookEndpointBody::of(&rotated, &api) };
    Ok(axum::Json(body).into_response())
}

/// Enable a webhook endpoint
///
/// One that was `disabled` is sent events again, and has five days again to take one. What was given up meanwhile is
/// not sent by itself: list the deliveries and re-send them, or catch up with the list of events. Enabling one that is
/// enabled is answered like enabling it once. No body is needed.
#[utoipa::path(post, path = "/v1/webhook_endpoints/{id}/enablement", tag = "webhooks",
    operation_id = "create_enablement",
    params(("id" = String, Path, description = "The endpoint's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Names this request; asking twice does it once.")),
    responses((status = 200, description = "The enabled endpoint", body = WebhookEndpointBody), Errors),
    extensions(("x-error-codes" = json!(["idempotency_key_reused"]))))]
pub async fn create_enablement(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(id): Path<String>,
    key: IdempotencyKey,
    _: EmptyBody,
) -> Result<Response, Problem> {
    caller.may(Scope::Webhooks)?;
    let id: EndpointId = parse_id(&id)?;
    let (app, shared) = (caller.app(), Arc::clone(&api));
    let answered = api.engine.answer(
        caller.input("create_enablement"),
        key.ask(app, &[]),
        move |facts, _| endpoint::enable(facts, app, id),
        render(|_| StatusCode::OK, move |endpoint: &Endpoint| WebhookEndpointBody::json(endpoint, &shared)),
    );
    answered.await.map(respond).map_err(|error| fault(&error))
}

fn found(api: &Api, caller: &Caller, id: EndpointId) -> Result<Endpoint, Problem> {
    let found = api.engine.store.get::<Endpoint>(id).map_err(|error| fault(&error))?;
    let own = found.filter(|endpoint| endpoint.app == caller.app());
    own.ok_or_else(|| refused(&Refusal::NotFound("webhook endpoint")))
}

/// Look a webhook endpoint up
///
/// One that was deleted is not found.
#[utoipa::path(get, path = "/v1/webhook_endpoints/{id}", tag = "webhooks", operation_id = "get_webhook_endpoint",
    params(("id" = String, Path, description = "The endpoint's id")),
    responses((status = 200, description = "The endpoint", body = WebhookEndpointBody), ErrorsWithoutBody))]
pub async fn get_webhook_endpoint(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let endpoint = found(&api, &caller, parse_id(&id)?)?;
    if endpoint.status == EndpointStatus::Deleted {
        return Err(refused(&Refusal::NotFound("webhook endpoint")));
    }
    Ok(axum::Json(WebhookEndpointBody::of(&endpoint, &api)).into_response())
}

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListWebhookEndpoints {
    /// Rows: 1 to 100, 20 unless given.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// List webhook endpoints, newest first
#[utoipa::path(get, path = "/v1/webhook_endpoints", tag = "webhooks", operation_id = "list_webhook_endpoints",
    params(ListWebhookEndpoints),
    responses((status = 200, description = "A page of endpoints", body = ListPage<WebhookEndpointBody>),
        ErrorsWithoutBody))]
pub async fn list_webhook_endpoints(
    State(api): State<Arc<Api>>,
    caller: Caller,
    StrictQuery(query): StrictQuery<ListWebhookEndpoints>,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let (limit, after) = (list_limit(query.limit)?, read_cursor(query.cursor.as_deref())?);
    let part = Part { list: List::Endpoints(caller.app()), after, newest_first: true, limit };
    let keep = |endpoint: &Endpoint| endpoint.status != EndpointStatus::Deleted;
    let wire = |endpoint: &Endpoint| WebhookEndpointBody::of(endpoint, &api);
    Ok(axum::Json(list::page(api.engine.store.as_ref(), part, keep, wire)?).into_response())
}

/// Delete a webhook endpoint
///
/// Nothing more is sent to it, not even what waits to be sent again. The answer is the endpoint with the status
/// `deleted`; from then on it is not found.
#[utoipa::path(delete, path = "/v1/webhook_endpoints/{id}", tag = "webhooks", operation_id = "delete_webhook_endpoint",
    params(("id" = String, Path, description = "The endpoint's id")),
    responses((status = 200, description = "The deleted endpoint", body = WebhookEndpointBody), ErrorsWithoutBody))]
pub async fn delete_webhook_endpoint(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    caller.may(Scope::Webhooks)?;
    let id: EndpointId = parse_id(&id)?;
    let app = caller.app();
    let delete = move |facts: &dyn Facts, _: &mut _| endpoint::delete(facts, app, id);
    let deleted = api.engine.run(caller.input("delete_webhook_endpoint"), delete).await;
    deleted.map_err(|error| failed(&error))?;
    let endpoint = found(&api, &caller, id)?;
    Ok(axum::Json(WebhookEndpointBody::of(&endpoint, &api)).into_response())
}

/// The key that signs notifications.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookPublicKey {
    /// An Ed25519 public key: `whpk_` and base64.
    pub public_key: String,
}

/// Get the public key of webhook signatures
///
/// It verifies the `v1a` signature of every webhook of this installation. No secret key is needed: whoever
/// receives webhooks may check them without being able to do anything else.
#[utoipa::path(get, path = "/v1/webhook_public_key", tag = "webhooks", operation_id = "get_webhook_public_key",
    security(()),
    responses((status = 200, description = "The key", body = WebhookPublicKey), PublicErrors))]
pub async fn get_webhook_public_key(State(api): State<Arc<Api>>) -> Response {
    axum::Json(WebhookPublicKey { public_key: api.engine.signing_key.public_key() }).into_response()
}
