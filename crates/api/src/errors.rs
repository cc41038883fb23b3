//! The error answers of every operation, for the OpenAPI document.

use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

/// A refusal (RFC 9457). Programs switch on `code`.
#[derive(Serialize, ToSchema)]
pub struct ProblemDetails {
    /// A link to what the code means.
    #[serde(rename = "type")]
    pub kind: String,
    /// The same for people; one for all occurrences.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable name.
    pub code: String,
    /// What happened and what to do about it.
    #[schema(required = false)]
    pub detail: Option<String>,
    /// The field at fault.
    #[schema(required = false)]
    pub param: Option<String>,
    /// The id of the request; also in the header `Request-Id`.
    #[schema(required = false)]
    pub request_id: Option<String>,
    /// Seconds after which to ask again.
    #[schema(required = false)]
    pub retry_after_s: Option<u32>,
}

/// What any operation with a key may be refused with.
#[derive(IntoResponses)]
pub enum Errors {
    /// The request is malformed, or a value is not allowed.
    #[response(status = 400, content_type = "application/problem+json")]
    BadRequest(#[to_schema] ProblemDetails),
    /// There is no valid secret key.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthenticated(#[to_schema] ProblemDetails),
    /// The key may not do this, or not from here.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(#[to_schema] ProblemDetails),
    /// There is no such thing here.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(#[to_schema] ProblemDetails),
    /// The request took too long to arrive.
    #[response(status = 408, content_type = "application/problem+json")]
    Timeout(#[to_schema] ProblemDetails),
    /// The state of things does not allow it, or a number or key is taken.
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(#[to_schema] ProblemDetails),
    /// The body is too large.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(#[to_schema] ProblemDetails),
    /// The body is not plain JSON.
    #[response(status = 415, content_type = "application/problem+json")]
    MediaType(#[to_schema] ProblemDetails),
    /// Too many requests.
    #[response(status = 429, content_type = "application/problem+json")]
    RateLimited(#[to_schema] ProblemDetails),
    /// The service is busy; nothing was done.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(#[to_schema] ProblemDetails),
}
