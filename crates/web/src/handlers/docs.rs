//! The API reference, and the way in.

use std::sync::Arc;

use axum::{Extension, extract::State, response::Response};

use super::{Pages, answer, visit::Visit};
use crate::{
    docs::{render_docs, render_payer_docs},
    paths,
};

/// `/docs`. It has no forms, so it needs no token.
pub(super) async fn show(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
) -> Response {
    let frame = visit.frame("");
    let [merchants, _] = &pages.documents;
    answer::html(&frame, render_docs(merchants, pages.engine.is_sandbox(), &frame))
}

/// `/docs/payer`.
pub(super) async fn show_payers(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
) -> Response {
    let frame = visit.frame("");
    let [_, payers] = &pages.documents;
    answer::html(&frame, render_payer_docs(payers, pages.engine.is_sandbox(), &frame))
}

/// `/`: where a developer starts.
pub(super) async fn front(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
) -> Response {
    let start = if pages.engine.is_sandbox() { paths::START } else { paths::DOCS };
    answer::see_other(&visit.frame("").href(start))
}
