//! What a page of the wallet says after a redirect: carried in the query, signed for this payer and page, for two
//! minutes. No text comes back that was sent in.

use serde::{Serialize, de::DeserializeOwned};
use tongbao_core::Time;

use crate::handlers::{Pages, signed, visit::Visit};

/// The query parameter.
const PARAMETER: &str = "told";

/// How long it is said again when the page is loaded again, in milliseconds.
const LIFE_MS: i64 = 2 * 60 * 1_000;

fn purpose(whose: &str, path: &str) -> String {
    format!("told {whose} {path}")
}

/// The address of `path` that makes its page say that a form was not taken.
pub(super) fn expired(pages: &Pages, now: Time, (whose, path): (&str, &str)) -> String {
    let page = path.split('?').next().unwrap_or(path);
    let signed = signed::sign(&pages.engine.vault, &purpose(&form_of(whose), page), &stamp(now, &()));
    with(path, &signed)
}

/// Whether this request's page says that.
pub(super) fn is_expired(pages: &Pages, visit: &Visit, now: Time, whose: &str) -> bool {
    read::<()>(pages, visit, now, (&form_of(whose), &visit.path)).is_some()
}

fn form_of(whose: &str) -> String {
    format!("form of {whose}")
}

fn stamp(now: Time, told: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(&(now, told)).expect("numbers and names always become JSON")
}

fn with(path: &str, signed: &str) -> String {
    let mark = if path.contains('?') { '&' } else { '?' };
    format!("{path}{mark}{PARAMETER}={signed}")
}

/// The address of `path` that makes its page say `told`. `whose` is a payer's id, or what else the reader is known by.
pub(super) fn address(
    pages: &Pages,
    now: Time,
    (whose, path): (&str, &str),
    told: &impl Serialize,
) -> String {
    with(path, &signed::sign(&pages.engine.vault, &purpose(whose, path), &stamp(now, told)))
}

/// What this request's page at `path` has to say.
pub(super) fn read<T: DeserializeOwned>(
    pages: &Pages,
    visit: &Visit,
    now: Time,
    (whose, path): (&str, &str),
) -> Option<T> {
    let payload = signed::open(&pages.engine.vault, &purpose(whose, path), visit.query(PARAMETER)?)?;
    let (at, told): (Time, T) = serde_json::from_slice(&payload).ok()?;
    (now.since_ms(at) < LIFE_MS).then_some(told)
}
