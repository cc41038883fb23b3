//! `/v1/events`: look up and list what happened. Whoever missed webhooks catches up here.
//!
//! Absent on purpose: long polling.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use tongbao_core::{
    List, Refusal,
    api_key::Scope,
    event::{Event, EventKind},
    id::EventId,
};
use utoipa::{IntoParams, ToSchema};

use crate::{
    caller::Caller,
    errors::ErrorsWithoutBody,
    event_body::EventBody,
    json::StrictQuery,
    list::{self, Part},
    problem::{INVALID_VALUE, Problem},
    refusal::{fault, refused},
    state::Api,
    wire::{ListPage, list_limit, parse_id, read_cursor},
};

/// The kind of event with this name.
pub(super) fn kind(param: &'static str, name: &str) -> Result<EventKind, Problem> {
    let found = EventKind::ALL.iter().copied().find(|kind| kind.name() == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = EventKind::ALL.iter().map(|kind| kind.name()).collect();
        let detail = format!("`{param}` must be of {}.", names.join(", "));
        Problem::of(INVALID_VALUE).param(param).detail(detail)
    })
}

/// Look an event up
///
/// The answer is what webhooks carry, to the byte.
#[utoipa::path(get, path = "/v1/events/{id}", tag = "events", operation_id = "get_event",
    params(("id" = String, Path, description = "The event's id")),
    responses((status = 200, description = "The event", body = EventBody), ErrorsWithoutBody))]
pub async fn get_event(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let id: EventId = parse_id(&id)?;
    let found = api.engine.store.get::<Event>(id).map_err(|error| fault(&error))?;
    let event = found.filter(|event| event.app == caller.app());
    let event = event.ok_or_else(|| refused(&Refusal::NotFound("event")))?;
    Ok(axum::Json(EventBody::of(&event, &api.base_url)).into_response())
}

/// Which end of a list comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The oldest.
    Asc,
    /// The newest.
    Desc,
}

/// Which events to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListEvents {
    /// Only those of this type, such as `payment.succeeded`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// `desc`, newest first, unless given; `asc` is oldest first.
    #[param(inline)]
    pub order: Option<Order>,
    /// Rows: 1 to 100, 20 unless given.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// List events of the app
#[utoipa::path(get, path = "/v1/events", tag = "events", operation_id = "list_events",
    params(ListEvents),
    responses((status = 200, description = "A page of events", body = ListPage<EventBody>), ErrorsWithoutBody))]
pub async fn list_events(
    State(api): State<Arc<Api>>,
    caller: Caller,
    StrictQuery(query): StrictQuery<ListEvents>,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let (limit, after) = (list_limit(query.limit)?, read_cursor(query.cursor.as_deref())?);
    let wanted = query.kind.as_deref().map(|name| kind("type", name)).transpose()?;
    let newest_first = query.order != Some(Order::Asc);
    let part = Part { list: List::Events(caller.app()), after, newest_first, limit };
    let keep = |event: &Event| wanted.is_none_or(|kind| event.kind == kind);
    let wire = |event: &Event| EventBody::of(event, &api.base_url);
    Ok(axum::Json(list::page(api.engine.store.as_ref(), part, keep, wire)?).into_response())
}
