//! The limiter as a layer around a router.

use std::hash::Hash;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Request};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use super::{Limiter, Standing};
use crate::problem::Problem;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// A layer that answers 429 to requests beyond the quota of their key, and tells the others where they stand in
/// `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` (draft-ietf-httpapi-ratelimit-headers-06,
/// which clients know better than its successors). Requests for which `key_of` gives `None` pass uncounted.
pub struct RateLimit<K: Hash + Eq + Clone, F> {
    limiter: Arc<Limiter<K>>,
    key_of: F,
}

impl<K: Hash + Eq + Clone, F> RateLimit<K, F> {
    /// A layer over a limiter, which other layers may share.
    pub fn new(limiter: Arc<Limiter<K>>, key_of: F) -> Self
    where
        F: Fn(&Request<Body>) -> Option<K>,
    {
        Self { limiter, key_of }
    }
}

impl<K: Hash + Eq + Clone, F: Clone> Clone for RateLimit<K, F> {
    fn clone(&self) -> Self {
        Self { limiter: self.limiter.clone(), key_of: self.key_of.clone() }
    }
}

impl<S, K: Hash + Eq + Clone, F: Clone> Layer<S> for RateLimit<K, F> {
    type Service = Limited<S, K, F>;

    fn layer(&self, inner: S) -> Self::Service {
        Limited { inner, limit: self.clone() }
    }
}

/// A service behind a [`RateLimit`].
pub struct Limited<S, K: Hash + Eq + Clone, F> {
    inner: S,
    limit: RateLimit<K, F>,
}

impl<S: Clone, K: Hash + Eq + Clone, F: Clone> Clone for Limited<S, K, F> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), limit: self.limit.clone() }
    }
}

impl<S, K, F> Service<Request<Body>> for Limited<S, K, F>
where
    S: Service<Request<Body>, Response = Response>,
    K: Hash + Eq + Clone,
    F: Fn(&Request<Body>) -> Option<K>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = LimitedFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match (self.limit.key_of)(&request).map(|key| self.limit.limiter.check(&key)) {
            Some(Err(exceeded)) => {
                let mut response = Problem::rate_limited(exceeded.retry_after_s).into_response();
                tell(response.headers_mut(), exceeded.standing);
                LimitedFuture { inner: None, refused: Some(response), standing: None }
            }
            passed => LimitedFuture {
                inner: Some(self.inner.call(request)),
                refused: None,
                standing: passed.and_then(Result::ok),
            },
        }
    }
}

/// Says where the client stands, unless a limit further inside has said so: that one is about the key, which
/// the client knows.
pub(crate) fn tell(headers: &mut HeaderMap, standing: Standing) {
    if headers.contains_key(LIMIT) {
        return;
    }
    headers.insert(LIMIT, HeaderValue::from(standing.limit));
    headers.insert(REMAINING, HeaderValue::from(standing.remaining));
    headers.insert(RESET, HeaderValue::from(standing.reset_s));
}

pin_project! {
    /// The answer of a [`Limited`] service.
    pub struct LimitedFuture<F> {
        #[pin]
        inner: Option<F>,
        refused: Option<Response>,
        standing: Option<Standing>,
    }
}

impl<F, E> Future for LimitedFuture<F>
where
    F: Future<Output = Result<Response, E>>,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(inner) = this.inner.as_pin_mut() else {
            let refused = this.refused.take().expect("a future is not polled again after it was ready");
            return Poll::Ready(Ok(refused));
        };
        let mut response = ready!(inner.poll(cx))?;
        if let Some(standing) = *this.standing {
            tell(response.headers_mut(), standing);
        }
        Poll::Ready(Ok(response))
    }
}
