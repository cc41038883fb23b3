//! Cookies as they are set: never for scripts, never for another site's requests (RFC 6265bis).

use axum::{
    http::{HeaderValue, header::SET_COOKIE},
    response::Response,
};

use super::Pages;

/// A cookie to be set.
#[derive(Clone, Debug)]
pub(super) struct Cookie {
    /// Its name.
    pub(super) name: &'static str,
    /// Its value: base64, or empty to forget it.
    pub(super) value: String,
    /// The path below which it is sent.
    pub(super) path: String,
    /// How long the browser keeps it, in seconds; `None` is until it is closed.
    pub(super) max_age_s: Option<i64>,
}

impl Cookie {
    /// The order to forget a cookie.
    pub(super) fn forget(name: &'static str, path: impl Into<String>) -> Cookie {
        Cookie { name, value: String::new(), path: path.into(), max_age_s: Some(0) }
    }

    /// Sets it with this response.
    pub(super) fn set(&self, response: &mut Response, pages: &Pages) {
        let Cookie { name, value, path, max_age_s } = self;
        let age = max_age_s.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
        let secure = if pages.is_secure() { "; Secure" } else { "" };
        let text = format!("{name}={value}; Path={path}; HttpOnly; SameSite=Lax{age}{secure}");
        let header = HeaderValue::try_from(text).expect("names, paths and base64 are visible ASCII");
        response.headers_mut().append(SET_COOKIE, header);
    }
}
