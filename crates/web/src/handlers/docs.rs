//! The API reference, and the way in.

use std::sync::Arc;

use axum::{Extension, extract::State, response::Response};

use super::{Pages, answer, visit::Visit};
use crate::{docs::render_docs, paths};

/// `/docs`. It has no forms, so it needs no token.
pub(super) async fn show(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
) -> Response {
    let frame = visit.frame("");
    answer::html(&frame, render_docs(&pages.openapi, pages.engine.is_sandbox(), &frame))
}

/// `/`: where a developer starts.
pub(super) async fn front(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
) -> Response {
    let start = if pages.engine.is_sandbox() { paths::START } else { paths::DOCS };
    answer::see_other(&visit.frame("").href(start))
}
