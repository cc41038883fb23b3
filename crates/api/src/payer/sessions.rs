//! `/payer/v1/sessions`: where the payer is signed in, in browsers and apps, and ending that.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use tongbao_core::{Time, id::SessionId, payer::session::Session};
use utoipa::ToSchema;

use super::bearer::Bearer;
use crate::{
    errors::PayerErrorsWithoutBody,
    problem::Problem,
    refusal::{failed, fault},
    state::Api,
    wire::{parse_id, rfc3339},
};

const DAY_MS: i64 = 24 * 3_600 * 1_000;

/// A device on which the payer is signed in.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionBody {
    /// Its id: `ses_…`.
    pub id: String,
    /// What kind of device it said to be.
    pub device_name: String,
    /// Whether it is the one that asks.
    pub is_current: bool,
    /// When the payer signed in there.
    #[schema(format = DateTime)]
    pub signed_in_at: String,
    /// The day on which it was seen last, in China: `2026-11-22`.
    #[schema(format = Date)]
    pub seen_on: String,
    /// Since when payment codes are shown there; null where they are not switched on.
    #[schema(format = DateTime)]
    pub payment_codes_since: Option<String>,
}

/// The date of a day in China: `2026-11-22`.
pub(super) fn day(day: i64) -> String {
    // The middle of a day in China is the same date in UTC.
    let text = rfc3339(Time::from_ms(day.saturating_mul(DAY_MS)));
    text.chars().take_while(|char| *char != 'T').collect()
}

impl SessionBody {
    pub(super) fn of(session: &Session, bearer: &Bearer) -> SessionBody {
        let codes_since = session.codes_since.filter(|_| session.shows_codes(bearer.payer()));
        SessionBody {
            id: session.id.to_string(),
            device_name: session.device_name.clone(),
            is_current: session.id == bearer.session().id,
            signed_in_at: rfc3339(session.signed_in_at),
            seen_on: day(session.seen_on),
            payment_codes_since: codes_since.map(rfc3339),
        }
    }
}

/// Where the payer is signed in.
#[derive(Serialize, ToSchema)]
pub struct Sessions {
    /// The rows, the newest first.
    pub data: Vec<SessionBody>,
}

/// List sessions, newest first
///
/// Those in browsers are among them.
#[utoipa::path(get, path = "/payer/v1/sessions", tag = "security", operation_id = "list_sessions",
    responses((status = 200, description = "The sessions that count", body = Sessions), PayerErrorsWithoutBody))]
pub async fn list_sessions(State(api): State<Arc<Api>>, bearer: Bearer) -> Result<Response, Problem> {
    let live = api.engine.live_sessions(bearer.id()).map_err(|error| fault(&error))?;
    let data = live.iter().map(|session| SessionBody::of(session, &bearer)).collect();
    Ok(axum::Json(Sessions { data }).into_response())
}

/// End a session
///
/// Its token opens nothing any more. To sign out, end the one that `is_current`. Ending one twice is answered like
/// ending it once.
#[utoipa::path(delete, path = "/payer/v1/sessions/{id}", tag = "security", operation_id = "delete_session",
    params(("id" = String, Path, description = "The session's id")),
    responses((status = 200, description = "The ended session", body = SessionBody), PayerErrorsWithoutBody))]
pub async fn delete_session(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id: SessionId = parse_id(&id)?;
    api.engine.end_session(bearer.id(), id).await.map_err(|error| failed(&error))?;
    let ended = api.engine.store.get::<Session>(id).map_err(|error| fault(&error))?;
    let ended = ended.ok_or_else(Problem::not_found)?;
    Ok(axum::Json(SessionBody::of(&ended, &bearer)).into_response())
}
