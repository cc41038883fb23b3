//! The form at the head of every sandbox page that moves the clock ahead.

use std::sync::Arc;

use axum::{Extension, Form, extract::State, response::Response};
use serde::Deserialize;
use tongbao_core::{Actor, sandbox};
use tongbao_engine::Input;

use super::{SandboxPages, answer::Trouble, console};
use crate::{handlers::visit::Visit, i18n::sandbox::SandboxNotice, paths};

/// The pages with the form; it leads back to where it was pressed, and nowhere else.
const BACK: [&str; 6] =
    [paths::START, paths::PHONE, paths::INBOX, paths::NOTIFICATIONS, paths::SIGNATURE, paths::TIMELINE];

#[derive(Deserialize)]
pub(super) struct ClockForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    advance_s: String,
    #[serde(default)]
    back: String,
}

pub(super) async fn advance(
    State(sandbox): State<SandboxPages>,
    Extension(visit): Extension<Arc<Visit>>,
    Form(form): Form<ClockForm>,
) -> Result<Response, Trouble> {
    let page = BACK.into_iter().find(|page| *page == form.back).unwrap_or(paths::START);
    if !sandbox.is_our_form(&visit, &form.csrf) {
        return Ok(console::back(&visit, page, SandboxNotice::FormExpired));
    }
    let Ok(seconds) = form.advance_s.parse::<i64>() else {
        return Ok(console::back(&visit, page, SandboxNotice::Failed));
    };
    let engine = &sandbox.pages.engine;
    let input = Input { actor: Actor::Developer, name: "advance_clock" };
    let step = engine.step(input, move |facts, cx| sandbox::advance_clock(facts, cx, seconds));
    let notice = match step.await {
        Ok(settings) => {
            engine.clock.set_ahead_s(settings.advanced_s);
            SandboxNotice::ClockMoved
        }
        Err(error) => console::failed(error)?,
    };
    Ok(console::back(&visit, page, notice))
}
