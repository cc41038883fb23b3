//! What a handler wants to know of the request, read once.

use std::net::IpAddr;

use axum::{
    extract::Request,
    http::{
        HeaderMap,
        header::{ACCEPT_LANGUAGE, COOKIE, USER_AGENT},
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use tongbao_engine::auth::hex;

use super::{Pages, device};
use crate::frame::Frame;

/// The request's id, `req_…`, as in the log and in the response's header. The listener gives it as an extension of the
/// request, so that an error page names it; without one the pages draw their own.
#[derive(Clone, Debug)]
pub struct RequestName(pub String);

/// The address that the request came from. Who listens gives it as an extension of the request.
#[derive(Clone, Copy, Debug)]
pub struct CameFrom(pub IpAddr);

/// That this request is one too many of its kind from its address: seconds until another is answered. Who counts gives
/// it as an extension of the request; the answer is a page that says so, and nothing is done.
#[derive(Clone, Copy, Debug)]
pub struct TooMany(pub u32);

/// One request for a page.
pub(super) struct Visit {
    /// The nonce of the response's scripts: 128 random bits.
    pub(super) nonce: String,
    /// The request's id.
    pub(super) request_id: String,
    /// The path that was asked for.
    pub(super) path: String,
    /// What kind of device sent it, as far as its families of browser and system go.
    pub(super) device_name: String,
    /// The address that it came from, if that is known.
    pub(super) address: Option<IpAddr>,
    /// Whether a page of another origin sent the form.
    pub(super) foreign: bool,
    query: Vec<(String, String)>,
    cookies: Vec<(String, String)>,
    accept_language: Option<String>,
}

impl Visit {
    /// Reads a request.
    pub(super) fn of(request: &Request, pages: &Pages) -> Visit {
        let entropy = &pages.engine.entropy;
        let named = request.extensions().get::<RequestName>().map(|RequestName(name)| name.clone());
        // A query that is not a query has no parameters.
        let query = request.uri().query().and_then(|query| serde_urlencoded::from_str(query).ok());
        let headers = request.headers();
        Visit {
            nonce: URL_SAFE_NO_PAD.encode(entropy.seed()),
            request_id: named.unwrap_or_else(|| format!("req_{}", hex(&entropy.seed()))),
            path: request.uri().path().to_owned(),
            device_name: device::name(headers.get(USER_AGENT).and_then(|value| value.to_str().ok())),
            address: request.extensions().get::<CameFrom>().map(|CameFrom(address)| *address),
            foreign: is_foreign(headers),
            query: query.unwrap_or_default(),
            cookies: cookies(headers),
            accept_language: headers
                .get(ACCEPT_LANGUAGE)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned),
        }
    }

    /// The first query parameter of this name.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Every cookie of this name: a neighbouring host may have planted one beside ours, so each is tried.
    pub(super) fn cookies<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.cookies.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What the page is told, with the token of its forms.
    pub(super) fn frame(&self, csrf: impl Into<String>) -> Frame {
        let language = self.accept_language.as_deref();
        Frame::new(self.query("lang"), self.query("text"), language, self.nonce.clone(), csrf)
    }
}

/// What browsers say themselves of where a form came from (Fetch Metadata). One that says nothing is judged by its
/// token alone.
fn is_foreign(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(axum::http::HeaderValue::as_bytes);
    site.is_some_and(|site| site != b"same-origin" && site != b"none")
}

/// The pairs of `Cookie` (RFC 6265 §4.2.1).
fn cookies(headers: &HeaderMap) -> Vec<(String, String)> {
    let values = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
