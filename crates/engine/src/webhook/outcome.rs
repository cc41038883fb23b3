//! What came of one attempt to deliver a webhook.
//!
//! The status line decides: a 2xx is a delivery, even if the body that follows is endless, slow or broken,
//! because the receiver has already said that it took the event. Everything else is a [`Failure`].
//!
//! Absent on purpose: the text of the answer. Nothing a receiver sends is stored or shown, so an attempt
//! cannot be used to read what lies behind a URL. Also the date form of `Retry-After` (RFC 9110 section
//! 10.2.3): it is ignored and the schedule applies.

use std::error::Error;
use std::io;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use super::lookup::LookupFailure;
use super::target::TargetRefusal;

/// What came of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The HTTP status, if the head of an answer arrived.
    pub status: Option<u16>,
    /// Why the attempt failed; `None` is success.
    pub failure: Option<Failure>,
    /// `Retry-After` of a failed attempt, in seconds, as the receiver wrote it; the caller bounds it.
    pub retry_after_s: Option<u32>,
    /// Bytes of the answer's body that were read and thrown away, at most
    /// [`RESPONSE_MAX_BYTES`](super::sender::RESPONSE_MAX_BYTES), as on the wire (never decompressed).
    pub response_bytes: u32,
    /// From the start of the attempt to its end, in milliseconds.
    pub duration_ms: u32,
}

impl Outcome {
    /// Whether the receiver took the event.
    pub fn is_success(&self) -> bool {
        self.failure.is_none()
    }

    pub(super) fn from_failure(failure: Failure) -> Self {
        Self { status: None, failure: Some(failure), retry_after_s: None, response_bytes: 0, duration_ms: 0 }
    }

    pub(super) fn from_head(status: StatusCode, headers: &HeaderMap) -> Self {
        let failure = if status.is_success() {
            None
        } else if status.is_redirection() {
            Some(Failure::Redirect)
        } else {
            Some(Failure::Http(status.as_u16()))
        };
        let retry_after_s = failure.and_then(|_| retry_after_s(headers));
        Self { status: Some(status.as_u16()), failure, retry_after_s, response_bytes: 0, duration_ms: 0 }
    }
}

/// Why an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The URL, or an address behind its name, may not receive webhooks; nothing was sent.
    Forbidden(TargetRefusal),
    /// The name has no address.
    Dns,
    /// No TCP connection: refused, reset or unreachable.
    Connect,
    /// The TLS handshake failed, most often over the certificate.
    Tls,
    /// No complete head of an answer within the deadline, or no connection within the connect timeout.
    Timeout,
    /// The receiver answered 3xx; redirects are not followed.
    Redirect,
    /// The receiver answered with this status, neither 2xx nor 3xx. Standard Webhooks reads 410 as a wish
    /// to receive nothing more.
    Http(u16),
    /// The receiver took a notification whose signature it was meant to refuse.
    ProbeAccepted,
    /// The connection broke before the head was complete, or what came was not HTTP.
    Broken,
}

impl Failure {
    /// Stable name, for records and the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Forbidden(_) => "forbidden",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Redirect => "redirect",
            Self::Http(_) => "http",
            Self::ProbeAccepted => "probe_accepted",
            Self::Broken => "broken",
        }
    }

    /// Sorts an error of the client that arose before the head was complete.
    pub(super) fn from_error(error: &reqwest::Error) -> Self {
        match find_lookup_failure(error) {
            Some(LookupFailure::Forbidden) => return Self::Forbidden(TargetRefusal::Address),
            Some(LookupFailure::NotFound) => return Self::Dns,
            None => {}
        }
        if error.is_timeout() {
            Self::Timeout
        } else if error.is_connect() && is_handshake_error(error) {
            Self::Tls
        } else if error.is_connect() {
            Self::Connect
        } else {
            Self::Broken
        }
    }
}

fn find_lookup_failure<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a LookupFailure> {
    error.downcast_ref().or_else(|| error.source().and_then(find_lookup_failure))
}

/// Connecting a socket yields neither of these two kinds; the TLS library reports all its refusals as
/// `InvalidData` and a peer that hangs up during the handshake as `UnexpectedEof`.
fn is_handshake_error(error: &(dyn Error + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
            // An io::Error around another one names the cause of the inner one as its source, not the inner one.
            || error.get_ref().is_some_and(|inner| is_handshake_error(inner));
    }
    error.source().is_some_and(is_handshake_error)
}

/// Only the seconds form; a number too large for `u32` becomes the largest.
fn retry_after_s(headers: &HeaderMap) -> Option<u32> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u32::MAX))
}
