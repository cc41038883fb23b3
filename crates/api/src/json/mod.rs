//! Strict request bodies and queries: what is not exactly as documented is refused with the name of the
//! field that is wrong. A payment made from a misread request is worse than a request refused.
//!
//! Invariants: no body makes this code panic or answer 500; nothing is read beyond the limit; what the client
//! sent is never repeated in a refusal, except names of fields, cut to a bounded length. Types should carry
//! `#[serde(deny_unknown_fields)]`; without it, unknown fields pass.
//!
//! Absent on purpose: compressed bodies (a gzip bomb needs no defence if nothing is unpacked), other charsets,
//! `application/*+json`.

mod objects;
mod query;
mod refusal;
mod scan;

use std::error::Error;

use axum::body::{Body, HttpBody};
use axum::extract::{FromRequest, Request};
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;

pub use self::query::{StrictQuery, parse_query};
use crate::listener::BodyFault;
use crate::problem::{INCOMPLETE_BODY, INVALID_JSON, INVALID_UTF8, Problem, UNSUPPORTED_MEDIA_TYPE};

/// Bytes of a JSON body unless the endpoint says otherwise. The largest request of the API, a profit sharing
/// with 50 receivers and texts at their limits, has about 20 kB.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// Levels of arrays and objects. The deepest request of the API has 5.
pub const DEPTH_MAX: usize = 16;

/// What UTF-8 texts must not begin with (RFC 8259 §8.1).
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A JSON body of at most `BYTES_MAX` bytes, read strictly.
#[derive(Clone, Debug)]
pub struct StrictJson<T, const BYTES_MAX: usize = BODY_BYTES_MAX> {
    /// What the body says.
    pub value: T,
    /// The body as it came, for signatures and for telling repeated requests apart.
    pub raw: Bytes,
}

impl<S, T, const BYTES_MAX: usize> FromRequest<S> for StrictJson<T, BYTES_MAX>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        check_headers(request.headers())?;
        let raw = read_body(request.into_body(), BYTES_MAX).await?;
        let value = parse(&raw)?;
        Ok(Self { value, raw })
    }
}

/// Refuses anything but uncompressed `application/json` with 415.
pub fn check_headers(headers: &HeaderMap) -> Result<(), Problem> {
    if !headers.get(CONTENT_TYPE).is_some_and(|value| is_json(value.as_bytes())) {
        return Err(Problem::of(UNSUPPORTED_MEDIA_TYPE).detail("Send Content-Type: application/json."));
    }
    let compressed = |value: &http::HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get_all(CONTENT_ENCODING).iter().any(compressed) {
        return Err(Problem::of(UNSUPPORTED_MEDIA_TYPE).detail("Send the body without Content-Encoding."));
    }
    Ok(())
}

/// `application/json`, alone or with `charset=utf-8`.
fn is_json(content_type: &[u8]) -> bool {
    let mut parts = content_type.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let json = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case(b"application/json"));
    json && parts.all(|parameter| {
        parameter.eq_ignore_ascii_case(b"charset=utf-8")
            || parameter.eq_ignore_ascii_case(b"charset=\"utf-8\"")
    })
}

/// Reads a body to its end: 413 beyond `bytes_max`, without reading further, and before reading at all if its
/// length was announced; 408 if it comes too slowly; 400 if it breaks off.
pub async fn read_body(mut body: Body, bytes_max: usize) -> Result<Bytes, Problem> {
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(Problem::body_too_large(bytes_max));
    }
    let mut first = Bytes::new();
    let mut joined = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|error| fault(&error))?.into_data() else { continue };
        if first.len() + joined.len() + data.len() > bytes_max {
            return Err(Problem::body_too_large(bytes_max));
        }
        // Nearly every body comes in one piece, which is then passed on without copying.
        if first.is_empty() && joined.is_empty() {
            first = data;
        } else {
            joined.extend_from_slice(&std::mem::take(&mut first));
            joined.extend_from_slice(&data);
        }
    }
    Ok(if joined.is_empty() { first } else { joined.freeze() })
}

fn fault(error: &axum::Error) -> Problem {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(BodyFault::Late) = error.downcast_ref() {
            return Problem::request_timeout();
        }
        cause = error.source();
    }
    Problem::of(INCOMPLETE_BODY).detail("The connection broke off, or the framing of the body is wrong.")
}

/// Reads a JSON text strictly.
pub fn parse<T: DeserializeOwned>(raw: &[u8]) -> Result<T, Problem> {
    if raw.starts_with(BYTE_ORDER_MARK) {
        return Err(Problem::of(INVALID_JSON).detail("Remove the byte order mark at the beginning."));
    }
    let text = std::str::from_utf8(raw).map_err(|error| {
        Problem::of(INVALID_UTF8)
            .detail(format!("The body is not valid UTF-8 at byte {}.", error.valid_up_to() + 1))
    })?;
    if text.is_empty() {
        return Err(Problem::of(INVALID_JSON).detail("The body is empty."));
    }
    scan::check(text, DEPTH_MAX).map_err(|flaw| refusal::of_flaw(flaw, text))?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let mut track = serde_path_to_error::Track::new();
    let value = objects::deserialize(serde_path_to_error::Deserializer::new(&mut deserializer, &mut track))
        .map_err(|error| refusal::of_serde(&error, &track.path(), text))?;
    // The scan has seen to this already; asking costs nothing, and a gap between two readers of one text is
    // how requests get misread.
    deserializer.end().map_err(|_| Problem::of(INVALID_JSON).detail("Something follows the JSON value."))?;
    Ok(value)
}
