//! Refusals, as RFC 9457 problem details: one form for everything this server says no with.
//!
//! A [`Kind`] is a constant: its `code` never changes its meaning, and clients may switch on it. A
//! [`Problem`] is one occurrence. Its texts say what to do about it, and never repeat what the client sent,
//! which may be secret or personal; only the names of fields are named.
//!
//! How it gets its request id: a handler returns a [`Problem`] without one; the answer remembers it in its
//! extensions, and the listener writes the body anew with the id and the configured link. Refusals that axum
//! makes on its own (404, 405, …) are given the same form there.

use std::borrow::Cow;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use serde::Serialize;

use crate::listener::RequestId;

/// The media type of problem details (RFC 9457 §3).
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Where the documentation explains a code; the code follows.
const DOCS_ANCHOR: &str = "/docs#error-";

/// Seconds after which a client may ask again when we cannot tell better.
const RETRY_AFTER_DEFAULT_S: u32 = 1;

/// A sort of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The HTTP status.
    pub status: StatusCode,
    /// The stable name that programs switch on.
    pub code: &'static str,
    /// The same for people; one for all occurrences.
    pub title: &'static str,
}

impl Kind {
    /// A sort of refusal, for constants beside the code that refuses.
    pub const fn new(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        Self { status, code, title }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $status:ident, $code:literal, $title:literal;)*) => {
        $($(#[$doc])* pub const $name: Kind = Kind::new(StatusCode::$status, $code, $title);)*

        /// Every kind that this crate's HTTP foundation answers with, for documentation and tests.
        pub const KINDS: &[Kind] = &[$($name),*];
    };
}

kinds! {
    /// The request makes no sense in a way that has no code of its own.
    BAD_REQUEST = BAD_REQUEST, "bad_request", "The request is malformed";
    /// The body ended early.
    INCOMPLETE_BODY = BAD_REQUEST, "incomplete_body", "The request body is incomplete";
    /// The body or the query is not UTF-8.
    INVALID_UTF8 = BAD_REQUEST, "invalid_utf8", "The text is not valid UTF-8";
    /// The body is not JSON as RFC 8259 defines it.
    INVALID_JSON = BAD_REQUEST, "invalid_json", "The body is not valid JSON";
    /// More levels of arrays and objects than allowed.
    JSON_TOO_DEEP = BAD_REQUEST, "json_too_deep", "The JSON is nested too deeply";
    /// An object names a field twice.
    DUPLICATE_FIELD = BAD_REQUEST, "duplicate_field", "A field appears twice";
    /// An object has a field that we do not know.
    UNKNOWN_FIELD = BAD_REQUEST, "unknown_field", "A field is not known";
    /// An object lacks a field.
    MISSING_FIELD = BAD_REQUEST, "missing_field", "A field is missing";
    /// A string where a number belongs, and the like.
    WRONG_TYPE = BAD_REQUEST, "wrong_type", "A value has the wrong type";
    /// A number with a fraction or an exponent, or minus zero, where an integer belongs.
    NOT_AN_INTEGER = BAD_REQUEST, "not_an_integer", "A number must be a whole number";
    /// An integer that is too large or too small.
    NUMBER_OUT_OF_RANGE = BAD_REQUEST, "number_out_of_range", "A number is out of range";
    /// A value that is none of those allowed.
    UNKNOWN_VALUE = BAD_REQUEST, "unknown_value", "A value is not one of those allowed";
    /// A value of the right type that breaks a rule.
    INVALID_VALUE = BAD_REQUEST, "invalid_value", "A value is not allowed";
    /// The character U+0000, which databases cannot store.
    INVALID_CHARACTER = BAD_REQUEST, "invalid_character", "A text contains a character that is not allowed";
    /// The query names a parameter that we do not know.
    UNKNOWN_PARAMETER = BAD_REQUEST, "unknown_parameter", "A query parameter is not known";
    /// The query lacks a parameter.
    MISSING_PARAMETER = BAD_REQUEST, "missing_parameter", "A query parameter is missing";
    /// The query names a parameter twice.
    DUPLICATE_PARAMETER = BAD_REQUEST, "duplicate_parameter", "A query parameter appears twice";
    /// A cursor that we did not make, or that was cut.
    INVALID_CURSOR = BAD_REQUEST, "invalid_cursor", "The cursor is not valid";
    /// There is nothing under this path.
    NOT_FOUND = NOT_FOUND, "not_found", "There is nothing here";
    /// The path exists, the method does not; `Allow` lists those that do.
    METHOD_NOT_ALLOWED = METHOD_NOT_ALLOWED, "method_not_allowed", "This method is not allowed here";
    /// The body did not arrive in time.
    REQUEST_TIMEOUT = REQUEST_TIMEOUT, "request_timeout", "The request took too long to arrive";
    /// The body is larger than allowed.
    BODY_TOO_LARGE = PAYLOAD_TOO_LARGE, "body_too_large", "The request body is too large";
    /// The body is not JSON, or is compressed.
    UNSUPPORTED_MEDIA_TYPE = UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "The body must be plain JSON";
    /// More requests than allowed.
    RATE_LIMITED = TOO_MANY_REQUESTS, "rate_limited", "Too many requests";
    /// A fault of ours.
    INTERNAL = INTERNAL_SERVER_ERROR, "internal", "Something went wrong on our side";
    /// A queue is full, or the database is away.
    UNAVAILABLE = SERVICE_UNAVAILABLE, "unavailable", "The service is busy";
    /// We did not finish in time; the outcome may be either.
    DEADLINE_PASSED = SERVICE_UNAVAILABLE, "deadline_passed", "The answer was not ready in time";
}

/// One refusal. It becomes an `application/problem+json` answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// The stable name that programs switch on.
    pub code: &'static str,
    /// What kind of refusal this is, for people.
    pub title: &'static str,
    /// What happened here and what to do about it, for people.
    pub detail: Option<Cow<'static, str>>,
    /// The field or parameter that is wrong, as a path such as `items[2].amount`.
    pub param: Option<Box<str>>,
    /// The id of the request; the listener fills it in.
    pub request_id: Option<RequestId>,
    /// Seconds after which to ask again; also sent as `Retry-After`.
    pub retry_after_s: Option<u32>,
}

impl Problem {
    /// A refusal of this kind, without particulars.
    pub const fn of(kind: Kind) -> Self {
        let Kind { status, code, title } = kind;
        Self { status, code, title, detail: None, param: None, request_id: None, retry_after_s: None }
    }

    /// Says what happened and what to do about it.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Names the field or parameter that is wrong.
    #[must_use]
    pub fn param(mut self, param: impl Into<Box<str>>) -> Self {
        self.param = Some(param.into());
        self
    }

    /// Says after how many seconds asking again makes sense.
    #[must_use]
    pub fn retry_after_s(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// 404: nothing under this path or id.
    pub fn not_found() -> Self {
        Self::of(NOT_FOUND)
            .detail("Check the path and the id. Ids of the sandbox do not exist in production.")
    }

    /// 413: the body is larger than `bytes_max`.
    pub fn body_too_large(bytes_max: usize) -> Self {
        Self::of(BODY_TOO_LARGE).detail(format!("The body may have at most {bytes_max} bytes."))
    }

    /// 408: the body did not arrive in time.
    pub fn request_timeout() -> Self {
        Self::of(REQUEST_TIMEOUT).detail("The body did not arrive in time. Nothing was done; send it again.")
    }

    /// 429: ask again after so many seconds.
    pub fn rate_limited(retry_after_s: u32) -> Self {
        Self::of(RATE_LIMITED)
            .detail("Slow down, and ask again after the time in Retry-After.")
            .retry_after_s(retry_after_s)
    }

    /// 503: a queue is full, or the database is away. Nothing was done.
    pub fn unavailable(retry_after_s: u32) -> Self {
        Self::of(UNAVAILABLE)
            .detail("Ask again after the time in Retry-After, with the same Idempotency-Key.")
            .retry_after_s(retry_after_s)
    }

    /// 503: the handler did not answer in time; what it did stands or does not.
    pub fn deadline_passed() -> Self {
        Self::of(DEADLINE_PASSED)
            .detail(
                "Whether the request took effect is not known. Send it again with the same Idempotency-Key, \
                 or query the object.",
            )
            .retry_after_s(RETRY_AFTER_DEFAULT_S)
    }

    /// 500: a fault of ours, whose particulars are in the log under the request id.
    pub fn internal() -> Self {
        Self::of(INTERNAL).detail(
            "Send the request again with the same Idempotency-Key. If it fails again, tell us the request id.",
        )
    }

    /// The refusal that stands for a bare status.
    fn of_status(status: StatusCode) -> Option<Self> {
        Some(match status {
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => Self::of(BAD_REQUEST),
            StatusCode::NOT_FOUND => Self::not_found(),
            StatusCode::METHOD_NOT_ALLOWED => {
                Self::of(METHOD_NOT_ALLOWED).detail("The Allow header lists the methods that are.")
            }
            StatusCode::REQUEST_TIMEOUT => Self::request_timeout(),
            StatusCode::PAYLOAD_TOO_LARGE => Self::of(BODY_TOO_LARGE),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::of(UNSUPPORTED_MEDIA_TYPE),
            StatusCode::TOO_MANY_REQUESTS => Self::rate_limited(RETRY_AFTER_DEFAULT_S),
            StatusCode::INTERNAL_SERVER_ERROR => Self::internal(),
            StatusCode::SERVICE_UNAVAILABLE => Self::unavailable(RETRY_AFTER_DEFAULT_S),
            _ => return None,
        })
    }

    /// Gives a refusal its final body: a [`Problem`] gets the request id and the link, a bare status (without
    /// content type, or plain text as axum's own refusals have it) becomes a problem. Anything else, such
    /// as an HTML page or another protocol's error, is left alone.
    pub(crate) fn complete(response: &mut Response, request_id: RequestId, docs_base: &str) {
        let problem = response.extensions_mut().remove::<Self>();
        let bare = || is_bare(response.headers()).then(|| Self::of_status(response.status())).flatten();
        if let Some(mut problem) = problem.or_else(bare) {
            problem.request_id = Some(request_id);
            problem.write(response, docs_base);
        }
    }

    fn write(&self, response: &mut Response, docs_base: &str) {
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.remove(CONTENT_LENGTH);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        *response.body_mut() = Body::from(self.json(docs_base));
    }

    /// The body.
    pub(crate) fn json(&self, docs_base: &str) -> Vec<u8> {
        let members = Members {
            kind: format!("{docs_base}{DOCS_ANCHOR}{}", self.code),
            title: self.title,
            status: self.status.as_u16(),
            code: self.code,
            detail: self.detail.as_deref(),
            param: self.param.as_deref(),
            request_id: self.request_id,
            retry_after_s: self.retry_after_s,
        };
        serde_json::to_vec(&members).expect("texts and numbers always become JSON")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        self.write(&mut response, "");
        response.extensions_mut().insert(self);
        response
    }
}

/// The members of the JSON object, in the order in which a person wants to read them.
#[derive(Serialize)]
struct Members<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    param: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<RequestId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u32>,
}

fn is_bare(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_none_or(|value| value.as_bytes().starts_with(b"text/plain"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_snake_case_words() {
        let codes: std::collections::HashSet<_> = KINDS.iter().map(|kind| kind.code).collect();
        assert_eq!(codes.len(), KINDS.len());
        for code in codes {
            assert!(code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'), "{code}");
        }
    }

    #[test]
    fn a_problem_has_the_members_of_rfc_9457_and_ours() {
        let problem = Problem::of(MISSING_FIELD).detail("Add it.").param("items[0].amount").retry_after_s(3);
        let json: serde_json::Value = serde_json::from_slice(&problem.json("https://pay.example")).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "type": "https://pay.example/docs#error-missing_field",
                "title": "A field is missing",
                "status": 400,
                "code": "missing_field",
                "detail": "Add it.",
                "param": "items[0].amount",
                "retry_after_s": 3,
            })
        );
    }

    #[test]
    fn pages_and_other_protocols_errors_are_left_alone() {
        let id = RequestId::from_u128(1);
        let mut page = (StatusCode::NOT_FOUND, axum::response::Html("<h1>404</h1>")).into_response();
        Problem::complete(&mut page, id, "");
        assert_eq!(page.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
        let mut bare = StatusCode::NOT_FOUND.into_response();
        Problem::complete(&mut bare, id, "");
        assert_eq!(bare.headers()[CONTENT_TYPE], PROBLEM_JSON);
    }
}
