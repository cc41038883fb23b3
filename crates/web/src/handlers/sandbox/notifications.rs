//! `/sandbox/notifications`: what the merchant was told, how often it was tried, and a button to send it again.

use std::sync::Arc;

use axum::{
    Extension, Form,
    extract::{Path, State},
    response::Response,
};
use serde::Deserialize;
use tongbao_core::{
    Actor, List,
    delivery::{self, Delivery, DeliveryAttempt},
    event::Event,
    id::{DeliveryId, TypedId},
};
use tongbao_engine::{Input, timeline::payment_of};
use tongbao_store::Fault;

use super::{SandboxPages, answer::Trouble, console, indent::indented};
use crate::{
    frame::Frame,
    handlers::{record_view::moment, visit::Visit},
    i18n::sandbox::{DeliveryStatus, SandboxNotice},
    paths,
    sandbox::{AttemptRow, DeliveryRow, NotificationsView, render_notifications},
};

/// Notifications on a page.
const DELIVERIES_MAX: usize = 50;

/// The query parameter with the last delivery of the page before.
const BEFORE: &str = "before";

pub(super) async fn show(
    State(sandbox): State<SandboxPages>,
    Extension(visit): Extension<Arc<Visit>>,
) -> Result<Response, Trouble> {
    sandbox.page(&visit, |frame| Ok(render_notifications(&view(&sandbox, &visit, frame)?, frame)))
}

fn view(sandbox: &SandboxPages, visit: &Visit, frame: &Frame) -> Result<NotificationsView, Fault> {
    let before = visit.query(BEFORE).and_then(|id| id.parse::<DeliveryId>().ok()).map(TypedId::uuid);
    let mut deliveries = match sandbox.shop()? {
        // One more than shown tells whether there are older ones.
        Some((_, app)) => {
            let limit = u32::try_from(DELIVERIES_MAX).unwrap_or(u32::MAX).saturating_add(1);
            sandbox.list::<Delivery>(List::Deliveries(app), before, true, limit)?
        }
        None => Vec::new(),
    };
    let has_older = deliveries.len() > DELIVERIES_MAX;
    deliveries.truncate(DELIVERIES_MAX);
    let last = deliveries.last().filter(|_| has_older);
    let older = last.map(|last| frame.href(&format!("{}?{BEFORE}={}", paths::NOTIFICATIONS, last.id)));
    let rows = deliveries.into_iter().map(|delivery| row(sandbox, delivery)).collect::<Result<_, _>>()?;
    Ok(NotificationsView { console: console::view(sandbox, visit)?, deliveries: rows, older })
}

fn row(sandbox: &SandboxPages, delivery: Delivery) -> Result<DeliveryRow, Fault> {
    let event = sandbox.pages.engine.store.get::<Event>(delivery.event)?;
    let body = event.as_ref().map(|event| (sandbox.notes.render_event)(event)).unwrap_or_default();
    Ok(DeliveryRow {
        id: delivery.id.to_string(),
        event_id: delivery.event.to_string(),
        event_type: event.as_ref().map(|event| event.kind.name().to_owned()).unwrap_or_default(),
        payment_id: event.and_then(|event| payment_of(&event.subject)).map(|id| id.to_string()),
        status: match delivery.status {
            delivery::DeliveryStatus::Due => DeliveryStatus::Due,
            delivery::DeliveryStatus::Waiting => DeliveryStatus::Waiting,
            delivery::DeliveryStatus::Done => DeliveryStatus::Done,
            delivery::DeliveryStatus::GivenUp => DeliveryStatus::GivenUp,
        },
        url: delivery.url,
        attempts: delivery.attempts.into_iter().map(attempt_row).collect(),
        next_attempt_at: delivery.next_at.map(moment),
        body: indented(&String::from_utf8_lossy(&body)),
    })
}

fn attempt_row(attempt: DeliveryAttempt) -> AttemptRow {
    AttemptRow {
        at: moment(attempt.at),
        http_status: attempt.http_status,
        error: attempt.failure,
        duration_ms: attempt.duration_ms.into(),
    }
}

#[derive(Deserialize)]
pub(super) struct ResendForm {
    #[serde(default)]
    csrf: String,
}

/// Sends a notification again, whatever became of it.
pub(super) async fn resend(
    State(sandbox): State<SandboxPages>,
    Extension(visit): Extension<Arc<Visit>>,
    Path(id): Path<String>,
    Form(form): Form<ResendForm>,
) -> Result<Response, Trouble> {
    if !sandbox.is_our_form(&visit, &form.csrf) {
        return Ok(console::back(&visit, paths::NOTIFICATIONS, SandboxNotice::FormExpired));
    }
    let engine = &sandbox.pages.engine;
    let id: DeliveryId = id.parse().map_err(|_| Trouble::NotFound)?;
    let app = engine.store.get::<Delivery>(id)?.ok_or(Trouble::NotFound)?.app;
    let input = Input { actor: Actor::Developer, name: "resend_delivery" };
    let step = engine.step(input, move |facts, cx| delivery::resend(facts, cx, app, id));
    let notice = match step.await {
        Ok(_) => SandboxNotice::Resent,
        Err(error) => console::failed(error)?,
    };
    Ok(console::back(&visit, paths::NOTIFICATIONS, notice))
}
