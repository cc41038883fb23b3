//! `/wallet/security/devices`: where the payer is signed in, and ending that.

use std::sync::Arc;

use axum::{Extension, Form, extract::State, response::Response};
use serde::Deserialize;
use tongbao_core::{
    Actor, List, Refusal, Time,
    facts::Entity as _,
    id::SessionId,
    payer::session::{self as sessions, Session},
};
use tongbao_engine::{Error, Input};
use tongbao_store::{Fault, Query};

use super::{Told, Visitor, around, telling, told_of};
use crate::{
    handlers::{Pages, answer::Trouble, record_view::moment, visit::Visit},
    paths,
    wallet::account::{DeviceRow, DevicesView, render_devices},
};

/// Devices looked at, newest first: nobody is signed in on more.
const DEVICES_MAX: u32 = 100;

const DAY_MS: i64 = 24 * 3_600 * 1_000;

/// Where the payer is signed in now.
pub(super) fn live(visitor: &Visitor<'_>) -> Result<Vec<Session>, Fault> {
    let list = List::SessionsOf(visitor.payer.id);
    let query = Query::List { list, after: None, newest_first: true, limit: DEVICES_MAX };
    let records = visitor.pages.engine.store.records(query)?;
    let sessions = records.iter().filter_map(|record| Session::of(record).cloned());
    Ok(sessions.filter(|session| session.is_live(visitor.now)).collect())
}

pub(super) async fn show(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
) -> Result<Response, Trouble> {
    let visitor = Visitor::open(&pages, &visit).await?;
    let row = |session: Session| DeviceRow {
        id: session.id.to_string(),
        // The middle of a day in China is the same date in UTC.
        seen_on: moment(Time::from_ms(session.seen_on.saturating_mul(DAY_MS)))
            .text()
            .split(' ')
            .next()
            .map_or_else(String::new, str::to_owned),
        signed_in_at: moment(session.signed_in_at),
        is_this: session.id == visitor.session.id,
        name: session.device_name,
    };
    let devices = live(&visitor)?.into_iter().map(row).collect();
    let view = DevicesView { around: around(&visitor, paths::DEVICES), devices };
    Ok(visitor.page(|frame| render_devices(&view, frame)))
}

#[derive(Deserialize)]
pub(super) struct DeviceForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    session: String,
}

pub(super) async fn remove(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Form(form): Form<DeviceForm>,
) -> Result<Response, Trouble> {
    let visitor = Visitor::open(&pages, &visit).await?;
    if !visitor.is_our_form(&form.csrf) {
        return Ok(telling(&visitor, paths::DEVICES, Told::FormExpired));
    }
    let id: SessionId = form.session.parse().map_err(|_| Trouble::NotFound)?;
    let payer = visitor.payer.id;
    let input = Input { actor: Actor::Payer(payer), name: "end_session" };
    let told = match pages.engine.run(input, move |facts, cx| sessions::end(facts, cx, payer, id)).await {
        Ok(()) => Told::DeviceRemoved,
        Err(Error::Refused(Refusal::NotFound(_))) => return Err(Trouble::NotFound),
        Err(error) => told_of(error)?,
    };
    Ok(telling(&visitor, paths::DEVICES, told))
}
