//! How every page is answered: HTML under its policy, a redirect, or a page that says what went wrong.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{
            CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, RETRY_AFTER,
        },
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use tongbao_core::Refusal;
use tongbao_store::Fault;

use super::{
    Pages,
    visit::{TooMany, Visit},
};
use crate::{
    csp,
    error::{ErrorView, render_error},
    frame::Frame,
};

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// How long a browser waits before it asks a busy instance again, in seconds.
const RETRY_AFTER_S: u16 = 1;

/// Why there is no page. [`dress`] writes the page that says so.
#[derive(Clone, Debug)]
pub(super) enum Trouble {
    /// There is no such thing.
    NotFound,
    /// The world failed.
    Fault(Fault),
    /// The core refused what no form of ours asks for.
    Refused(Refusal),
    /// Nobody is signed in: the address of the page where one can.
    SignIn(String),
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Trouble {
        Trouble::Fault(fault)
    }
}

impl Trouble {
    fn status(&self) -> StatusCode {
        match self {
            Trouble::SignIn(_) => StatusCode::SEE_OTHER,
            Trouble::NotFound => StatusCode::NOT_FOUND,
            Trouble::Fault(Fault::Busy | Fault::Full | Fault::Away(_) | Fault::Stopped(_)) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Trouble::Fault(Fault::Broken(_) | Fault::Unreadable(_)) | Trouble::Refused(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }

    /// Records what a person should know of; a wrong address is nobody's fault.
    fn log(&self, request_id: &str) {
        match self {
            Trouble::NotFound | Trouble::SignIn(_) => {}
            Trouble::Fault(fault) => tracing::error!(request_id, %fault, "a page could not be answered"),
            Trouble::Refused(refusal) => {
                tracing::error!(
                    request_id,
                    code = refusal.code(),
                    "a page was refused what it never asks for"
                );
            }
        }
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        if let Trouble::SignIn(address) = &self {
            return see_other(address);
        }
        let mut response = self.status().into_response();
        if response.status() == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// A page.
pub(super) fn html(frame: &Frame, text: String) -> Response {
    let mut response = Body::from(text).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HTML);
    response.headers_mut().insert(CONTENT_LANGUAGE, HeaderValue::from_static(frame.lang.tag()));
    response
}

/// "Go on there with a GET" (RFC 9110 §15.4.4). `address` is a path of ours.
pub(super) fn see_other(address: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let location = HeaderValue::try_from(address).expect("our paths are visible ASCII");
    response.headers_mut().insert(LOCATION, location);
    response
}

/// Reads the request for the handlers, turns refusals without a page into one, and adds the security headers.
pub(super) async fn dress(State(pages): State<Arc<Pages>>, mut request: Request, next: Next) -> Response {
    let visit = Arc::new(Visit::of(&request, &pages));
    request.extensions_mut().insert(Arc::clone(&visit));
    let mut response = match request.extensions().get::<TooMany>() {
        Some(TooMany(wait_s)) => too_many(*wait_s),
        None => next.run(request).await,
    };
    if let Some(trouble) = response.extensions_mut().remove::<Trouble>() {
        trouble.log(&visit.request_id);
    }
    let refused = response.status().is_client_error() || response.status().is_server_error();
    if refused && response.headers().get(CONTENT_TYPE) != Some(&HTML) {
        write_error_page(&mut response, &visit);
    }
    add_security_headers(response.headers_mut(), &visit);
    response
}

fn too_many(wait_s: u32) -> Response {
    let mut response = StatusCode::TOO_MANY_REQUESTS.into_response();
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait_s));
    response
}

/// Headers such as `Allow` and `Retry-After` stay.
fn write_error_page(response: &mut Response, visit: &Visit) {
    let frame = visit.frame("");
    let view = ErrorView { status: response.status().as_u16(), request_id: visit.request_id.clone() };
    let page = html(&frame, render_error(&view, &frame));
    response.headers_mut().remove(CONTENT_LENGTH);
    response.headers_mut().extend(page.headers().clone());
    *response.body_mut() = page.into_body();
}

fn add_security_headers(headers: &mut HeaderMap, visit: &Visit) {
    for (name, value) in csp::HEADERS {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    let policy = HeaderValue::try_from(csp::csp(&visit.nonce)).expect("the policy is visible ASCII");
    headers.insert(CONTENT_SECURITY_POLICY, policy);
}
