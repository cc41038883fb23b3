//! The sandbox as JSON: pay as a test payer, move the clock, arm faults, read the inbox; examine signatures, read the
//! timeline of a payment.
//!
//! No key is needed: whoever reaches a sandbox may do all of this, because no real money is in it. That is why a
//! page of another site must not reach it through a developer's browser: see `origin`.
//!
//! **Invariants.** An engine of production gets no routes at all. What these operations decide is decided by
//! the same inputs of the core that pages and channels use.
//!
//! **Absent on purpose:** `Idempotency-Key`, whose keys belong to apps. In the OpenAPI document are those that only
//! look; what plays a payer or moves the clock is no interface to build on.

mod complaints;
mod origin;
mod phone;
mod platform_certificate;
mod recorder;
mod reviews;
mod settings;
mod sharing;
mod signature;
mod timeline;
mod transfers;

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
pub use recorder::recorded;
pub use settings::{advance_clock, arm_fault};
pub use transfers::accept;

use utoipa_axum::{router::OpenApiRouter, routes};

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
    let (looking, _) = operations().split_for_parts();
    looking
        .route("/sandbox/phone/pay", post(phone::create_attempt))
        .route("/sandbox/phone/payment-code", post(phone::show_code))
        .route("/sandbox/phone/transit-code", post(phone::show_transit_code))
        .route("/sandbox/phone/confirm-transfer", post(transfers::confirm))
        .route("/sandbox/profit-sharing-url", post(sharing::set))
        .route("/sandbox/complaints", post(complaints::create))
        .route("/sandbox/wechat/platform-certificate", post(platform_certificate::replace))
        .route("/sandbox/clock", post(settings::advance))
        .route("/sandbox/faults", post(settings::arm))
        .route("/sandbox/messages", get(list_messages))
        .route("/sandbox/reviews", get(reviews::list_all))
        .route("/sandbox/reviews/{id}/finding", post(reviews::find))
        .layer(from_fn(origin::require_same))
        .with_state(api)
}

/// The operations that only look.
pub(crate) fn operations() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(signature::create_signature_examination))
        .routes(routes!(signature::list_refused_requests))
        .routes(routes!(timeline::get_payment_timeline))
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
            Text::SecurityCode(code) | Text::MailCode(code) => {
                (format!("Your confirmation code is {code}."), code.clone())
            }
            text => (text.name().to_owned(), String::new()),
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
