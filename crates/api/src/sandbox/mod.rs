//! The sandbox as JSON: pay as a test payer, move the clock, arm faults, read the inbox.
//!
//! No key is needed: whoever reaches a sandbox may do all of this, because no real money is in it. That is why a
//! page of another site must not reach it through a developer's browser: see `origin`.
//!
//! **Invariants.** An engine of production gets no routes at all. What these operations decide is decided by
//! the same inputs of the core that pages and channels use.
//!
//! **Absent on purpose:** `Idempotency-Key`, whose keys belong to apps; and a place in the OpenAPI document,
//! which describes `/v1`.

mod origin;
mod phone;
mod settings;

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    middleware::from_fn,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use tongbao_core::{
    List,
    message::{Message, Text},
};

pub use phone::{pay, payment_of_code};
pub use settings::{advance_clock, arm_fault};

use crate::{
    json::StrictQuery,
    list::{self, Part},
    problem::Problem,
    state::Api,
    wire::{ListPage, list_limit, read_cursor, rfc3339},
};

/// The routes under `/sandbox` that speak JSON; none for an engine of production.
pub fn sandbox_router(api: Arc<Api>) -> Router {
    if !api.engine.is_sandbox() {
        return Router::new();
    }
    Router::new()
        .route("/sandbox/phone/pay", post(phone::create_attempt))
        .route("/sandbox/clock", post(settings::advance))
        .route("/sandbox/faults", post(settings::arm))
        .route("/sandbox/messages", get(list_messages))
        .layer(from_fn(origin::require_same))
        .with_state(api)
}

/// Which messages to list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListMessages {
    limit: Option<u32>,
    cursor: Option<String>,
}

/// A message to a payer.
#[derive(Debug, Serialize)]
struct MessageBody {
    /// Its id: `msg_…`.
    id: String,
    /// When it was sent.
    at: String,
    /// The payer: `pyr_…`.
    payer: String,
    /// The payer's number, masked.
    to: String,
    /// What it says.
    text: String,
    /// The code in it.
    code: String,
}

impl MessageBody {
    fn of(message: &Message) -> MessageBody {
        let (text, code) = match &message.text {
            Text::SignInCode(code) => (format!("Your sign-in code is {code}."), code.clone()),
        };
        MessageBody {
            id: message.id.to_string(),
            at: rfc3339(message.created_at),
            payer: message.payer.to_string(),
            to: message.phone_hint.clone(),
            text,
            code,
        }
    }
}

/// `GET /sandbox/messages`: the inbox of all payers, newest first.
async fn list_messages(
    State(api): State<Arc<Api>>,
    StrictQuery(query): StrictQuery<ListMessages>,
) -> Result<Response, Problem> {
    let (limit, after) = (list_limit(query.limit)?, read_cursor(query.cursor.as_deref())?);
    let part = Part { list: List::Messages, after, newest_first: true, limit };
    let page: ListPage<MessageBody> =
        list::page(api.engine.store.as_ref(), part, |_: &Message| true, MessageBody::of)?;
    Ok(axum::Json(page).into_response())
}
