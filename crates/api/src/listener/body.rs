//! Bodies with an end in time: the request's must arrive before its deadline, the answer's is counted as
//! in progress until its last byte has been handed over.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use super::meter::{Meter, Ticket};

/// Why a request body could not be read to its end.
#[derive(Debug)]
pub enum BodyFault {
    /// It took longer than [`Limits::body_timeout`](super::Limits::body_timeout).
    Late,
    /// The client went away, or what it sent is no valid HTTP message.
    Broken(hyper::Error),
}

impl fmt::Display for BodyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Late => "the request body did not arrive in time",
            Self::Broken(_) => "the request body broke off",
        })
    }
}

impl std::error::Error for BodyFault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Late => None,
            Self::Broken(source) => Some(source),
        }
    }
}

pin_project! {
    /// A request body that fails with [`BodyFault::Late`] at its deadline. The timer is armed only when the
    /// body has to be waited for; most arrive together with their head.
    pub(super) struct TimedBody {
        #[pin]
        incoming: Incoming,
        #[pin]
        alarm: Option<Sleep>,
        deadline: Instant,
        rest: Rest,
    }
}

/// Tells the connection when a body is dropped before its end.
struct Rest {
    meter: Meter,
    ended: bool,
}

impl Drop for Rest {
    fn drop(&mut self) {
        if !self.ended {
            self.meter.leave_body_unread();
        }
    }
}

impl TimedBody {
    pub(super) fn new(incoming: Incoming, deadline: std::time::Instant, meter: Meter) -> Self {
        let deadline = Instant::from_std(deadline);
        Self { incoming, alarm: None, deadline, rest: Rest { meter, ended: false } }
    }
}

impl HttpBody for TimedBody {
    type Data = Bytes;
    type Error = BodyFault;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        let mut this = self.project();
        match this.incoming.as_mut().poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                this.rest.ended = this.incoming.is_end_stream();
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(source))) => Poll::Ready(Some(Err(BodyFault::Broken(source)))),
            Poll::Ready(None) => {
                this.rest.ended = true;
                Poll::Ready(None)
            }
            Poll::Pending => {
                if this.alarm.is_none() {
                    this.alarm.set(Some(sleep_until(*this.deadline)));
                }
                if let Some(alarm) = this.alarm.as_mut().as_pin_mut() {
                    ready!(alarm.poll(cx));
                }
                Poll::Ready(Some(Err(BodyFault::Late)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

pin_project! {
    /// An answer's body that holds the ticket of its request.
    pub(super) struct SentBody {
        #[pin]
        body: Body,
        ticket: Ticket,
    }
}

impl SentBody {
    pub(super) fn new(body: Body, ticket: Ticket) -> Self {
        Self { body, ticket }
    }
}

impl HttpBody for SentBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.project().body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
