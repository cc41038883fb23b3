//! Whose page a request comes from.
//!
//! A browser names the page in `Origin` (Fetch standard §3.2) and no page can change that. Programs send none and
//! are let through: who runs programs on this machine needs no browser to reach the sandbox.
//!
//! Absent on purpose: a list of the names under which a sandbox may be asked. A site that makes its own name point
//! at this machine passes here, and finds test money.

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::header::{HOST, ORIGIN};

use crate::{caller::FORBIDDEN, problem::Problem};

/// Refuses requests that come from a page of another host.
pub(super) async fn require_same(request: Request, next: Next) -> Response {
    if is_same(&request) {
        return next.run(request).await;
    }
    let detail = "The request comes from a page of another site, which may not use the sandbox.";
    Problem::of(FORBIDDEN).detail(detail).into_response()
}

fn is_same(request: &Request) -> bool {
    let mut origins = request.headers().get_all(ORIGIN).iter();
    let Some(origin) = origins.next() else { return true };
    // HTTP/2 names the host in the target instead of a header.
    let header = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let Some(host) = request.uri().authority().map(http::uri::Authority::as_str).or(header) else {
        return false;
    };
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    origins.next().is_none() && origin.is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host))
}
