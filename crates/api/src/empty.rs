//! Operations that need no body: none is sent, or an empty object.
//!
//! Anything else is refused, so that nobody believes a field was heard that was not.

use axum::extract::{FromRequest, Request};
use serde::Deserialize;

use crate::{
    json::{BODY_BYTES_MAX, check_headers, parse, read_body},
    problem::Problem,
};

/// No body, or `{}`.
#[derive(Clone, Copy, Debug)]
pub struct EmptyBody;

/// What `{}` is read as.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EmptyObject {}

impl<S: Sync> FromRequest<S> for EmptyBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<EmptyBody, Problem> {
        let (parts, body) = request.into_parts();
        let raw = read_body(body, BODY_BYTES_MAX).await?;
        if !raw.is_empty() {
            check_headers(&parts.headers)?;
            let EmptyObject {} = parse(&raw)?;
        }
        Ok(EmptyBody)
    }
}
