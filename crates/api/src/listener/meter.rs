//! What one connection is doing, and since when: the facts from which its deadlines are judged.
//!
//! A connection asks for judgement at intervals instead of arming a timer for every request, because a
//! timer per request and deadline is what costs most at 100,000 requests a second.
//!
//! Invariants: `open` counts the requests whose answers have not been sent or dropped; `quiet_since` is the
//! moment it last became zero.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::limits::Limits;

/// HTTP/2 connections begin with this (RFC 9113 §3.4); no HTTP/1.1 method does.
const HTTP2_PREFACE_START: &[u8] = b"PRI";

/// What should become of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Stay,
    /// Nothing was asked for too long: close in an orderly way.
    Retire,
    /// A deadline was missed: close without ceremony. The text goes to the log.
    Cut(&'static str),
}

#[derive(Clone, Copy, Debug)]
enum Slot {
    Free,
    /// Since when the request is in progress.
    Taken(Instant),
    /// The handler said that its answer takes as long as it takes.
    Long,
}

#[derive(Debug)]
struct State {
    slots: Vec<Slot>,
    open: usize,
    quiet_since: Instant,
    head_since: Option<Instant>,
    http2: bool,
    body_unread: bool,
}

/// The shared note of one connection's activity. Cloning shares it.
#[derive(Clone, Debug)]
pub(super) struct Meter(Arc<Mutex<State>>);

impl Meter {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            slots: Vec::new(),
            open: 0,
            quiet_since: Instant::now(),
            head_since: None,
            http2: false,
            body_unread: false,
        })))
    }

    /// Notes that bytes came in. Only the first bytes of a request head matter.
    pub(super) fn received(&self, bytes: &[u8]) {
        let mut state = self.lock();
        if state.open == 0 && state.head_since.is_none() && !state.http2 {
            if state.slots.is_empty() && bytes.starts_with(HTTP2_PREFACE_START) {
                state.http2 = true;
            } else {
                state.head_since = Some(Instant::now());
            }
        }
    }

    /// Notes that a request head is complete.
    pub(super) fn open(&self) -> Ticket {
        let mut state = self.lock();
        let since = state.head_since.take().unwrap_or_else(Instant::now);
        let taken = Slot::Taken(since);
        let free = state.slots.iter().position(|slot| matches!(slot, Slot::Free));
        let slot = free.unwrap_or(state.slots.len());
        if free.is_some() {
            state.slots[slot] = taken;
        } else {
            state.slots.push(taken);
        }
        state.open += 1;
        state.body_unread = false;
        drop(state);
        Ticket { meter: self.clone(), slot, since }
    }

    /// Notes that the server answered without having read the body; its rest is still on the way.
    pub(super) fn leave_body_unread(&self) {
        self.lock().body_unread = true;
    }

    pub(super) fn body_unread(&self) -> bool {
        let state = self.lock();
        state.body_unread && !state.http2
    }

    pub(super) fn verdict(&self, limits: &Limits, pressed: bool) -> Verdict {
        let now = Instant::now();
        let idle_timeout = if pressed { limits.idle_under_pressure_timeout } else { limits.idle_timeout };
        let state = self.lock();
        if state.open > 0 {
            return state.verdict_on_requests(now, limits.request_timeout + limits.write_stall_timeout);
        }
        match state.head_since {
            Some(since) if now.duration_since(since) >= limits.head_timeout => {
                Verdict::Cut("the request head did not arrive in time")
            }
            None if now.duration_since(state.quiet_since) >= idle_timeout => Verdict::Retire,
            Some(_) | None => Verdict::Stay,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under this lock, and the state is whole at every instant.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn verdict_on_requests(&self, now: Instant, longest: Duration) -> Verdict {
        let late = self
            .slots
            .iter()
            .any(|slot| matches!(slot, Slot::Taken(since) if now.duration_since(*since) >= longest));
        if late { Verdict::Cut("the answer was not taken in time") } else { Verdict::Stay }
    }
}

/// One request in progress, from its head to the last byte of its answer; dropping it ends it.
#[derive(Debug)]
pub(super) struct Ticket {
    meter: Meter,
    slot: usize,
    since: Instant,
}

impl Ticket {
    /// When the request began.
    pub(super) fn since(&self) -> Instant {
        self.since
    }

    /// Lifts the deadline for sending the answer.
    pub(super) fn take_as_long_as_it_takes(&self) {
        self.meter.lock().slots[self.slot] = Slot::Long;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut state = self.meter.lock();
        state.slots[self.slot] = Slot::Free;
        state.open -= 1;
        if state.open == 0 {
            state.quiet_since = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(head_ms: u64, idle_ms: u64, request_ms: u64) -> Limits {
        Limits {
            head_timeout: Duration::from_millis(head_ms),
            idle_timeout: Duration::from_millis(idle_ms),
            idle_under_pressure_timeout: Duration::ZERO,
            request_timeout: Duration::from_millis(request_ms),
            write_stall_timeout: Duration::ZERO,
            ..Limits::default()
        }
    }

    #[test]
    fn a_head_that_began_is_judged_by_its_own_deadline() {
        let meter = Meter::new();
        meter.received(b"GET ");
        assert_eq!(meter.verdict(&limits(60_000, 0, 60_000), false), Verdict::Stay);
        assert!(matches!(meter.verdict(&limits(0, 60_000, 60_000), false), Verdict::Cut(_)));
    }

    #[test]
    fn http_2_frames_are_not_mistaken_for_a_head() {
        let meter = Meter::new();
        meter.received(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        meter.received(b"settings");
        assert_eq!(meter.verdict(&limits(0, 60_000, 60_000), false), Verdict::Stay);
        assert_eq!(meter.verdict(&limits(0, 0, 60_000), false), Verdict::Retire);
    }

    #[test]
    fn the_oldest_request_decides() {
        let meter = Meter::new();
        let first = meter.open();
        let second = meter.open();
        assert_eq!(meter.verdict(&limits(0, 0, 60_000), true), Verdict::Stay);
        assert!(matches!(meter.verdict(&limits(0, 0, 0), true), Verdict::Cut(_)));
        first.take_as_long_as_it_takes();
        drop(second);
        assert_eq!(meter.verdict(&limits(0, 0, 0), true), Verdict::Stay);
        drop(first);
        assert_eq!(meter.verdict(&limits(0, 60_000, 0), false), Verdict::Stay);
        assert_eq!(meter.verdict(&limits(0, 60_000, 0), true), Verdict::Retire);
    }

    #[test]
    fn a_slot_is_used_again() {
        let meter = Meter::new();
        for _ in 0..10 {
            drop((meter.open(), meter.open()));
        }
        assert_eq!(meter.lock().slots.len(), 2);
    }
}
