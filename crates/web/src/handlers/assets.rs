//! Style sheets, and the icon for those who ask for it by its old name.

use std::sync::Arc;

use axum::{
    Router,
    extract::Path,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{
            ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
    response::{IntoResponse, Response},
    routing::get,
};

use super::Pages;
use crate::asset::{self, IMMUTABLE};

/// A coin with a square hole, as in the head of every page.
const ICON: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 16 16\"><path fill=\"#1677ff\" \
                    fill-rule=\"evenodd\" d=\"M8 0a8 8 0 1 0 0 16A8 8 0 1 0 8 0M5.5 5.5h5v5h-5z\"/></svg>";

/// The icon has no hash in its name, so it may be kept for a day.
const ICON_CACHE: &str = "public, max-age=86400";

pub(super) fn routes() -> Router<Arc<Pages>> {
    Router::new().route("/assets/{name}", get(sheet)).route("/favicon.ico", get(icon))
}

async fn icon() -> Response {
    let headers: [(HeaderName, &str); 3] =
        [(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, ICON_CACHE), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (headers, ICON).into_response()
}

async fn sheet(Path(name): Path<String>, asked: HeaderMap) -> Response {
    let Some(asset) = asset::asset(&format!("/assets/{name}")) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let gzip = asset.gzip.filter(|_| accepts_gzip(&asked));
    // Two encodings are two representations, and each has a tag of its own (RFC 9110 §8.8.3.3).
    let etag = match gzip {
        Some(_) => format!("{}-gzip\"", asset.etag.trim_end_matches('"')),
        None => asset.etag.to_owned(),
    };
    let mut headers = HeaderMap::new();
    if asset.immutable {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(IMMUTABLE));
    }
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(ETAG, HeaderValue::try_from(&etag).expect("a tag is hexadecimal in quotes"));
    if is_known(&asked, &etag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    if gzip.is_some() {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    (headers, gzip.unwrap_or(asset.bytes)).into_response()
}

fn listed<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// Whether `Accept-Encoding` names gzip with a quality above zero (RFC 9110 §12.5.3).
fn accepts_gzip(headers: &HeaderMap) -> bool {
    listed(headers, &ACCEPT_ENCODING).any(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
        let quality = quality.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f32>);
        name.trim().eq_ignore_ascii_case("gzip") && quality.is_ok_and(|quality| quality > 0.0)
    })
}

/// Whether the browser has this very representation, by weak comparison (RFC 9110 §13.1.2).
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    listed(headers, &IF_NONE_MATCH).any(|known| known == "*" || known.trim_start_matches("W/") == etag)
}
