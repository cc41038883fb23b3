//! The pages over HTTP: who asks for what, which view answers, and what a form does.
//!
//! ```text
//!   request ──▶ answer::dress ──▶ handler ──▶ view ──▶ HTML       GET changes nothing a payer has (see below)
//!                                    └──▶ Engine::step ──▶ 303    POST always leads to a GET
//! ```
//!
//! **Invariants.** A GET notes the day on which a device was seen, and no more. The one exception is the way back from
//! a bank's page (`cashier::returned`): the bank is asked what became of an attempt, and what it says is booked, as the
//! worker would. Every form carries a token (see `form_token`). Text that came with a request is shown again only if it
//! was sealed or signed here. Every answer has the headers of [`mod@crate::csp`].
//!
//! **Absent on purpose:** compression of HTML. A page holds a token beside text that strangers wrote (a shop's
//! description), and the length of what is compressed tells of both (BREACH, 2013). A cashier fits the first flight
//! of a connection as it is. Style sheets hold no secret and are sent compressed.

mod answer;
mod assets;
mod cashier;
mod cookie;
mod device;
mod docs;
mod form_token;
mod passkey;
mod record_view;
mod sandbox;
mod sign_in;
mod signed;
mod visit;
mod wallet;

use std::sync::Arc;

use axum::{Router, extract::DefaultBodyLimit, middleware::from_fn_with_state, routing::get};
use serde_json::Value;
use tongbao_engine::{
    Engine,
    passkey::{NotOffered, RelyingParty},
};

use crate::paths;

pub use self::{
    sandbox::SandboxNotes,
    visit::{CameFrom, RequestName, TooMany},
};

/// Bytes of a form's body: the longest has a token, an id, a phone number and a password.
const FORM_BYTES_MAX: usize = 8 * 1024;

/// The pages of one instance.
pub struct Pages {
    engine: Arc<Engine>,
    base_url: String,
    /// The documents of the merchants' API and of the payers'.
    documents: [Value; 2],
    asked_lately: cashier::AskedLately,
    /// Under which name passkeys are made, or why there are none.
    party: Result<RelyingParty, NotOffered>,
}

impl Pages {
    /// The pages of an engine that browsers reach at `base_url` (no slash at the end), with the OpenAPI 3.1 document
    /// that the reference shows.
    pub fn new(engine: Arc<Engine>, base_url: impl Into<String>, openapi: Value) -> Arc<Pages> {
        Pages::with_documents(engine, base_url, [openapi, Value::Null])
    }

    /// The same with two documents: of the merchants' API, and of the payers'.
    pub fn with_documents(
        engine: Arc<Engine>,
        base_url: impl Into<String>,
        documents: [Value; 2],
    ) -> Arc<Pages> {
        let base_url = base_url.into();
        let party = RelyingParty::of(&base_url);
        let asked_lately = cashier::AskedLately::default();
        Arc::new(Pages { engine, base_url, documents, asked_lately, party })
    }

    /// Whether browsers reach us over TLS, so that cookies may travel only there.
    fn is_secure(&self) -> bool {
        self.base_url.starts_with("https://")
    }
}

/// The pages that every instance has: cashier, API reference, style sheets, and the way in at `/`.
pub fn router(pages: Arc<Pages>) -> Router {
    let html = Router::new()
        .route("/", get(docs::front))
        .route(paths::DOCS, get(docs::show))
        .route(paths::PAYER_DOCS, get(docs::show_payers))
        .merge(cashier::routes())
        .merge(wallet::routes());
    dressed(html, &pages).merge(assets::routes()).with_state(pages)
}

/// The pages for the developer, which only a sandbox mounts; over an engine of production there are none.
pub fn sandbox_router(pages: Arc<Pages>, notes: SandboxNotes) -> Router {
    if !pages.engine.is_sandbox() {
        return Router::new();
    }
    dressed(sandbox::routes(), &pages).with_state(sandbox::SandboxPages::new(pages, notes))
}

fn dressed<S: Clone + Send + Sync + 'static>(html: Router<S>, pages: &Arc<Pages>) -> Router<S> {
    html.layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(from_fn_with_state(Arc::clone(pages), answer::dress))
}
