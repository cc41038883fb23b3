//! What every request passes through, around the router: the request id, the deadline, the panic that must
//! not reach the client, the headers that every answer carries, and one form for every refusal.
//!
//! Absent on purpose: a log line per request, and tracing spans. They cost more than the rest of this file
//! together; whoever wants them adds a layer to the router.

use std::any::Any;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::response::IntoResponse;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, Request, Response};
use hyper::body::{Body as _, Incoming};
use pin_project_lite::pin_project;
use tokio::task::coop::{Unconstrained, unconstrained};
use tokio::time::{Instant, Sleep, sleep_until};
use tower::Service;
use tower::util::{Oneshot, ServiceExt};

use super::arrival::{Arrival, RequestId};
use super::body::{SentBody, TimedBody};
use super::meter::{Meter, Ticket};
use crate::problem::Problem;

/// The header that names a request in the answer.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// Characters of a panic's text that go to the log.
const PANIC_TEXT_MAX: usize = 200;

/// A handler puts this into the extensions of its answer when sending it may take longer than the deadlines
/// allow, such as an export. The deadline for a client that does not read at all stays.
#[derive(Clone, Copy, Debug)]
pub struct LongAnswer;

/// The words of another protocol for what the listener refuses by itself, on the paths of a door that speaks it.
#[derive(Clone, Copy, Debug)]
pub struct Reword {
    /// Whether a path is of that door.
    pub is_of: fn(&str) -> bool,
    /// The same refusal in its words.
    pub say: Say,
}

/// A refusal in the words of another protocol.
type Say = fn(&Problem, RequestId) -> Response<Body>;

/// What is the same for all connections of a listener.
pub(super) struct Desk {
    pub(super) reword: Option<Reword>,
    pub(super) body_timeout: Duration,
    pub(super) request_timeout: Duration,
    pub(super) docs_base: String,
    pub(super) request_ids: Box<dyn Fn() -> RequestId + Send + Sync>,
}

/// The service of one connection.
pub(super) struct Front<S> {
    pub(super) service: S,
    pub(super) desk: Arc<Desk>,
    pub(super) meter: Meter,
    pub(super) peer: SocketAddr,
    pub(super) secure: bool,
}

impl<S> hyper::service::Service<Request<Incoming>> for Front<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone,
{
    type Response = Response<SentBody>;
    type Error = Infallible;
    type Future = Answer<Oneshot<S, Request<Body>>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let ticket = self.meter.open();
        let request_id = (self.desk.request_ids)();
        let mut request = request.map(|incoming| self.timed(incoming, &ticket));
        let arrival = Arrival { peer: self.peer, request_id, secure: self.secure };
        request.extensions_mut().insert(arrival);
        let reword = self.desk.reword.filter(|reword| (reword.is_of)(request.uri().path()));
        Answer {
            say: reword.map(|reword| reword.say),
            inner: self.service.clone().oneshot(request),
            alarm: None,
            ticket: Some(ticket),
            request_id,
            desk: self.desk.clone(),
        }
    }
}

impl<S> Front<S> {
    fn timed(&self, incoming: Incoming, ticket: &Ticket) -> Body {
        if incoming.is_end_stream() {
            // Unlike a boxed `Incoming`, an empty body costs no allocation.
            return Body::empty();
        }
        Body::new(TimedBody::new(incoming, ticket.since() + self.desk.body_timeout, self.meter.clone()))
    }
}

pin_project! {
    /// The answer to one request, in the making.
    pub(super) struct Answer<F> {
        #[pin]
        inner: F,
        // Armed only when the handler has to wait for something. Unconstrained, or a handler that always uses
        // up its task's budget would never let it ring.
        #[pin]
        alarm: Option<Unconstrained<Sleep>>,
        ticket: Option<Ticket>,
        request_id: RequestId,
        // In whose words the listener refuses, if not in its own.
        say: Option<Say>,
        desk: Arc<Desk>,
    }
}

impl<F> Future for Answer<F>
where
    F: Future<Output = Result<Response<Body>, Infallible>>,
{
    type Output = Result<Response<SentBody>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let inner = this.inner.as_mut();
        // After a panic the handler is never polled again, only dropped, so nobody sees its broken state.
        let response = match catch_unwind(AssertUnwindSafe(|| inner.poll(cx))) {
            Ok(Poll::Ready(Ok(response))) => response,
            Err(panic) => {
                log_panic(*this.request_id, panic.as_ref());
                Problem::internal().into_response()
            }
            Ok(Poll::Pending) => {
                if this.alarm.is_none() {
                    let since = this.ticket.as_ref().map_or_else(std::time::Instant::now, Ticket::since);
                    let deadline = Instant::from_std(since + this.desk.request_timeout);
                    this.alarm.set(Some(unconstrained(sleep_until(deadline))));
                }
                match this.alarm.as_mut().as_pin_mut().map(|alarm| alarm.poll(cx)) {
                    Some(Poll::Ready(())) => {
                        tracing::warn!(request_id = %this.request_id, "no answer within the deadline");
                        Problem::deadline_passed().into_response()
                    }
                    _ => return Poll::Pending,
                }
            }
        };
        let ticket = this.ticket.take().expect("a future is not polled again after it was ready");
        let response = reworded(response, *this.request_id, *this.say);
        Poll::Ready(Ok(finish(response, *this.request_id, this.desk, ticket)))
    }
}

/// A problem in the words of the door that it happened at.
fn reworded(response: Response<Body>, request_id: RequestId, say: Option<Say>) -> Response<Body> {
    match say.zip(response.extensions().get::<Problem>()) {
        Some((say, problem)) => say(problem, request_id),
        None => response,
    }
}

fn finish(
    mut response: Response<Body>,
    request_id: RequestId,
    desk: &Desk,
    ticket: Ticket,
) -> Response<SentBody> {
    if response.status().is_client_error() || response.status().is_server_error() {
        Problem::complete(&mut response, request_id, &desk.docs_base);
    }
    if response.extensions().get::<LongAnswer>().is_some() {
        ticket.take_as_long_as_it_takes();
    }
    add_headers(response.headers_mut(), request_id);
    response.map(|body| SentBody::new(body, ticket))
}

fn add_headers(headers: &mut HeaderMap, request_id: RequestId) {
    let id = Bytes::copy_from_slice(request_id.as_str().as_bytes());
    if let Ok(value) = HeaderValue::from_maybe_shared(id) {
        // A door that speaks another protocol has its own words for the same id.
        headers.entry(REQUEST_ID).or_insert(value);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Pages and assets that may be cached say so themselves; answers about money never are.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

fn log_panic(request_id: RequestId, panic: &(dyn Any + Send)) {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("not a text");
    let text: String = text.chars().take(PANIC_TEXT_MAX).collect();
    tracing::error!(%request_id, panic = text, "a handler panicked");
}
