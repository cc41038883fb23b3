//! Requests under an `Idempotency-Key`, and answers that are kept under it.

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, header::CONTENT_TYPE, request::Parts};
use tongbao_core::{Id, Refusal, idempotency::Ask, limits::IDEMPOTENCY_KEY_CHARS_MAX};
use tongbao_engine::{Answered, auth::hex};

use crate::{
    problem::{INVALID_VALUE, PROBLEM_JSON, Problem},
    refusal::refused,
};

/// The header that names a request.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header of an answer that was given before.
pub const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The request's key, if it has one.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    key: Option<String>,
    target: String,
}

impl IdempotencyKey {
    /// What the request is, for the store: the key, and a digest of method, target and body.
    pub fn ask(self, caller: impl Into<Id>, body: &[u8]) -> Option<Ask> {
        let key = self.key?;
        let mut hash = blake3::Hasher::new();
        hash.update(self.target.as_bytes()).update(&[0]).update(body);
        let request = hex(&hash.finalize().as_bytes()[..16]);
        Some(Ask { caller: caller.into(), key, request })
    }
}

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<IdempotencyKey, Problem> {
        let target = format!("{} {}", parts.method, parts.uri.path());
        let Some(value) = parts.headers.get(IDEMPOTENCY_KEY) else {
            return Ok(IdempotencyKey { key: None, target });
        };
        let fits = |key: &&str| (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&key.len());
        match value.to_str().ok().filter(fits) {
            Some(key) => Ok(IdempotencyKey { key: Some(key.to_owned()), target }),
            None => Err(Problem::of(INVALID_VALUE)
                .param("Idempotency-Key")
                .detail("`Idempotency-Key` must be 1 to 255 visible ASCII characters.")),
        }
    }
}

/// A result or a refusal, as status and body, to be kept under a key.
pub fn render<T>(
    status: impl Fn(&T) -> StatusCode + Send + 'static,
    body: impl Fn(&T) -> String + Send + 'static,
) -> impl Fn(Result<&T, &Refusal>) -> (u16, String) + Send + 'static {
    move |result| match result {
        Ok(value) => (status(value).as_u16(), body(value)),
        Err(refusal) => {
            let problem = refused(refusal);
            let body = String::from_utf8(problem.json("")).unwrap_or_default();
            (problem.status.as_u16(), body)
        }
    }
}

/// Sends an answer that may be kept under a key.
pub fn respond(answered: Answered) -> Response {
    let status = StatusCode::from_u16(answered.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let media_type = if status.is_success() { "application/json" } else { PROBLEM_JSON };
    let mut response = (status, answered.body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    if answered.replayed {
        headers.insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    }
    response
}
