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
    #[schema(required = false, nullable = false)]
    pub detail: Option<String>,
    /// The field at fault.
    #[schema(required = false, nullable = false)]
    pub param: Option<String>,
    /// The id of the request; also in the header `Request-Id`.
    #[schema(required = false, nullable = false)]
    pub request_id: Option<String>,
    /// Seconds after which to ask again.
    #[schema(required = false, nullable = false)]
    pub retry_after_s: Option<u32>,
}

macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident { $($status:literal $variant:ident $text:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(IntoResponses)]
        pub enum $name {
            $(
                #[doc = $text]
                #[response(status = $status, content_type = "application/problem+json")]
                $variant(ProblemDetails),
            )*
        }
    )*};
}

errors! {
    /// What an operation with a key and a body may be refused with.
    Errors {
        400 BadRequest "The request is malformed, or a value is not allowed.",
        401 Unauthenticated "There is no valid secret key.",
        403 Forbidden "The key may not do this, or not from here.",
        404 NotFound "There is no such thing here.",
        405 Method "The path exists; the method does not.",
        408 Timeout "The request took too long to arrive.",
        409 Conflict "The state of things does not allow it, or a number or key is taken.",
        413 TooLarge "The body is too large.",
        415 MediaType "The body is not plain JSON.",
        429 RateLimited "Too many requests.",
        500 Internal "A fault of ours.",
        503 Unavailable "The service is busy. Unless the code is `deadline_passed`, nothing was done.",
    }
    /// What an operation with a key and without a body may be refused with.
    ErrorsWithoutBody {
        400 BadRequest "The request is malformed, or a value is not allowed.",
        401 Unauthenticated "There is no valid secret key.",
        403 Forbidden "The key may not do this, or not from here.",
        404 NotFound "There is no such thing here.",
        405 Method "The path exists; the method does not.",
        429 RateLimited "Too many requests.",
        500 Internal "A fault of ours.",
        503 Unavailable "The service is busy. Unless the code is `deadline_passed`, nothing was done.",
    }
    /// What an operation of a payer's with a body may be refused with.
    PayerErrors {
        400 BadRequest "The request is malformed, or a value is not allowed.",
        401 Unauthenticated "There is no valid session.",
        403 Forbidden "A proof is wrong or locked, or the account may not do this now.",
        404 NotFound "There is no such thing, or it is not yours.",
        405 Method "The path exists; the method does not.",
        408 Timeout "The request took too long to arrive.",
        409 Conflict "The state of things does not allow it, or the key is taken.",
        413 TooLarge "The body is too large.",
        415 MediaType "The body is not plain JSON.",
        429 RateLimited "Too many requests, or too many tries today.",
        500 Internal "A fault of ours.",
        503 Unavailable "The service is busy. Unless the code is `deadline_passed`, nothing was done.",
    }
    /// What an operation of a payer's without a body may be refused with.
    PayerErrorsWithoutBody {
        400 BadRequest "The request is malformed, or a value is not allowed.",
        401 Unauthenticated "There is no valid session.",
        403 Forbidden "The account may not do this now.",
        404 NotFound "There is no such thing, or it is not yours.",
        405 Method "The path exists; the method does not.",
        429 RateLimited "Too many requests.",
        500 Internal "A fault of ours.",
        503 Unavailable "The service is busy. Unless the code is `deadline_passed`, nothing was done.",
    }
    /// What an operation that leads to a session may be refused with.
    EntryErrors {
        400 BadRequest "The request is malformed, or a value is not allowed.",
        403 Forbidden "The one-time code or the ticket is wrong or too old.",
        405 Method "The path exists; the method does not.",
        408 Timeout "The request took too long to arrive.",
        409 Conflict "The state of things does not allow it.",
        413 TooLarge "The body is too large.",
        415 MediaType "The body is not plain JSON.",
        429 RateLimited "Too many requests.",
        500 Internal "A fault of ours.",
        503 Unavailable "The service is busy. Unless the code is `deadline_passed`, nothing was done.",
    }
    /// What an operation of the sandbox, which needs no key, may be refused with.
    SandboxErrors {
        400 BadRequest "The request is malformed, or a value is not allowed.",
        403 Forbidden "The request comes from a page of another site.",
        404 NotFound "There is no such thing here, or this is not a sandbox.",
        405 Method "The path exists; the method does not.",
        408 Timeout "The request took too long to arrive.",
        413 TooLarge "The body is too large.",
        415 MediaType "The body is not plain JSON.",
        429 RateLimited "Too many requests.",
        500 Internal "A fault of ours.",
        503 Unavailable "The service is busy.",
    }
    /// What an operation that anyone may use may be refused with.
    PublicErrors {
        405 Method "The path exists; the method does not.",
        429 RateLimited "Too many requests.",
        500 Internal "A fault of ours.",
        503 Unavailable "The service is busy.",
    }
}
