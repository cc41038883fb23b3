//! The HTTP foundation over real sockets on the loopback interface.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod json;
mod listener;
mod rate;
mod socket;
