//! The two cookies of the wallet: the secret that names this device, and that of the last sign-in on it.
//!
//! Neither opens anything without the other, nor without the record that knows their digests, so a session can be
//! ended from elsewhere. The device's cookie stays when the payer signs out: the next sign-in is on a known device.

use axum::response::Response;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use tongbao_core::{
    Time,
    id::{PayerId, TypedId},
    limits::SESSION_LIFE_MS,
    payer::{Payer, session::Session},
};
use tongbao_engine::account::{DeviceSecret, SessionSecret};
use tongbao_store::Fault;

use crate::handlers::{
    Pages,
    cookie::Cookie,
    form_token::{self, Scope},
    signed,
    visit::Visit,
};

const SESSION: &str = "tongbao_wallet";
const DEVICE: &str = "tongbao_device";
const PATH: &str = "/wallet";
const PURPOSE: &str = "wallet session";

/// How long a device is known, in seconds: the longest that browsers keep a cookie (RFC 6265bis, 400 days).
const DEVICE_LIFE_S: i64 = 400 * 24 * 3_600;

/// Payer and secret.
const PAYLOAD_LEN: usize = 16 + 32;

/// The secret that names this browser, or a fresh one.
pub(super) fn device(pages: &Pages, visit: &Visit) -> DeviceSecret {
    known_device(visit).unwrap_or_else(|| pages.engine.new_device_secret())
}

fn known_device(visit: &Visit) -> Option<DeviceSecret> {
    visit.cookies(DEVICE).find_map(|text| DeviceSecret::from_bytes(&URL_SAFE_NO_PAD.decode(text).ok()?))
}

/// Sets the cookies of a sign-in, and a fresh secret for the forms that follow.
pub(super) fn begin(
    pages: &Pages,
    response: &mut Response,
    payer: PayerId,
    (device, secret): (&DeviceSecret, &SessionSecret),
) {
    let payload = [payer.uuid().as_bytes().as_slice(), secret.bytes()].concat();
    let value = signed::sign(&pages.engine.vault, PURPOSE, &payload);
    let max_age_s = Some(SESSION_LIFE_MS / 1_000);
    Cookie { name: SESSION, value, path: PATH.to_owned(), max_age_s }.set(response, pages);
    let value = URL_SAFE_NO_PAD.encode(device.bytes());
    Cookie { name: DEVICE, value, path: PATH.to_owned(), max_age_s: Some(DEVICE_LIFE_S) }
        .set(response, pages);
    form_token::fresh(pages, Scope::Wallet).set(response, pages);
}

/// Makes the browser forget the sign-in.
pub(super) fn end(pages: &Pages, response: &mut Response) {
    Cookie::forget(SESSION, PATH).set(response, pages);
    form_token::fresh(pages, Scope::Wallet).set(response, pages);
}

/// A sign-in that counts: its record, and what no other sign-in has.
pub(super) struct Open {
    pub(super) payer: Payer,
    pub(super) session: Session,
    pub(super) payload: Vec<u8>,
}

/// The session of this request, if it has one that counts.
pub(super) fn read(pages: &Pages, visit: &Visit, now: Time) -> Result<Option<Open>, Fault> {
    let Some(device) = known_device(visit) else { return Ok(None) };
    for text in visit.cookies(SESSION) {
        let Some(payload) = signed::open(&pages.engine.vault, PURPOSE, text) else { continue };
        if payload.len() != PAYLOAD_LEN {
            continue;
        }
        let (payer, secret) = payload.split_at(16);
        let Ok(payer) = uuid::Uuid::from_slice(payer).map(PayerId::from_uuid) else { continue };
        let Some(secret) = SessionSecret::from_bytes(secret) else { continue };
        let Some(session) = pages.engine.session(payer, &device, &secret)? else { continue };
        let payer = pages.engine.store.get::<Payer>(payer)?;
        if let Some(payer) = payer.filter(|payer| session.opens(payer, now)) {
            return Ok(Some(Open { payer, session, payload }));
        }
    }
    Ok(None)
}
