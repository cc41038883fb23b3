//! The page for what cannot be shown: not found, gone, not allowed, broken.
//!
//! It says what the reader can do and names the request, so that a person can find it in the log. Absent on purpose:
//! the cause, which is nobody's business outside.

use askama::Template;

use crate::frame::Frame;
use crate::i18n::error::Text as T;
use crate::i18n::{common, phrase};

/// A request that has no page.
#[derive(Clone, Debug)]
pub struct ErrorView {
    /// The HTTP status of the response.
    pub status: u16,
    /// The request's id, `req_…`, as in the log and in the response's header.
    pub request_id: String,
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    f: &'a Frame,
    v: &'a ErrorView,
    title: T,
    next: T,
}

/// Renders the error page.
pub fn render_error(view: &ErrorView, frame: &Frame) -> String {
    let (title, next) = match view.status {
        401 | 403 => (T::ForbiddenTitle, T::ForbiddenNext),
        404 | 405 => (T::NotFoundTitle, T::NotFoundNext),
        410 => (T::GoneTitle, T::GoneNext),
        429 => (T::TooManyTitle, T::TooManyNext),
        400..=499 => (T::BadRequestTitle, T::BadRequestNext),
        502..=504 => (T::UnavailableTitle, T::UnavailableNext),
        _ => (T::InternalTitle, T::InternalNext),
    };
    crate::rendered(&ErrorPage { f: frame, v: view, title, next })
}
