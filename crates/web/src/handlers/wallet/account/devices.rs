//! `/wallet/security/devices`: where the payer is signed in, and ending that.

use axum::response::Response;
use serde::Deserialize;
use tongbao_core::{Refusal, Time, id::SessionId, payer::session::Session};
use tongbao_engine::Error;
use tongbao_store::Fault;

use super::{Posted, Told, Visitor, around, telling, told_of};
use crate::{
    handlers::{answer::Trouble, record_view::moment},
    paths,
    wallet::account::{DeviceRow, DevicesView, render_devices},
};

const DAY_MS: i64 = 24 * 3_600 * 1_000;

/// Where the payer is signed in now.
pub(super) fn live(visitor: &Visitor) -> Result<Vec<Session>, Fault> {
    visitor.pages.engine.live_sessions(visitor.payer.id)
}

pub(super) async fn show(visitor: Visitor) -> Result<Response, Trouble> {
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
    session: String,
}

pub(super) async fn remove(Posted(visitor, form): Posted<DeviceForm>) -> Result<Response, Trouble> {
    let id: SessionId = form.session.parse().map_err(|_| Trouble::NotFound)?;
    let told = match visitor.pages.engine.end_session(visitor.payer.id, id).await {
        Ok(()) => Told::DeviceRemoved,
        Err(Error::Refused(Refusal::NotFound(_))) => return Err(Trouble::NotFound),
        Err(error) => told_of(error)?,
    };
    Ok(telling(&visitor, paths::DEVICES, told))
}
