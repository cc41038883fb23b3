//! Every limit of the listener in one place: how long a client may take, and how much it may send.
//!
//! The figures are defaults for a server that faces the internet; tests and operators change them
//! through [`Limits`]. A limit without an origin in a standard says which peer it was taken from.

use std::time::Duration;

/// Open connections of one process. A connection without a request costs about 20 kB, so this is
/// 330 MB at worst; the usual limit of file handles (65,536) leaves room for the database.
pub const CONNECTIONS_MAX: u32 = 16_384;

/// Open connections of one network (one IPv4 address, one IPv6 /64). Offices and mobile carriers put
/// thousands of people behind one address; one sixteenth of the process keeps any of them from taking all.
pub const CONNECTIONS_PER_PEER_MAX: u32 = CONNECTIONS_MAX / 16;

/// Time for a TLS handshake, and for a request head once its first byte has arrived.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// Time for a whole request body. The largest body is 64 KiB, which a 56 kbit/s line sends in 9.4 s.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Time from the request head to the answer's head. Payment SDKs give up between 10 and 80 seconds.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Time without a single byte leaving while there is something to send.
pub const WRITE_STALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Time a connection may wait for its next request. Longer than the 50 to 55 seconds after which common
/// HTTP clients and load balancers drop idle connections themselves, so that we are rarely the first.
pub const IDLE_TIMEOUT: Duration = Duration::from_mins(1);

/// The same when more than three quarters of [`CONNECTIONS_MAX`] are taken.
pub const IDLE_UNDER_PRESSURE_TIMEOUT: Duration = Duration::from_secs(5);

/// Time that requests in flight get to finish after a shutdown was asked for. Less than the 30 seconds
/// after which service supervisors commonly kill a process.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of a request head: request line and header fields together.
pub const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Least value of [`Limits::head_bytes_max`] that the HTTP/1.1 implementation accepts.
pub const HEAD_BYTES_MIN: usize = 8 * 1024;

/// Streams that one HTTP/2 connection may have open; RFC 9113 §6.5.2 advises at least 100.
pub const HTTP2_STREAMS_MAX: u32 = 128;

/// Time between HTTP/2 PING frames, and how long their answer may take.
pub const HTTP2_PING_INTERVAL: Duration = Duration::from_secs(20);

/// What one client may take from the server.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Open connections of this listener; further clients wait in the backlog of the kernel.
    pub connections_max: u32,
    /// Open connections of one IPv4 address or one IPv6 /64; further ones are closed at once.
    pub connections_per_peer_max: u32,
    /// From the accepted socket to the end of the TLS handshake.
    pub handshake_timeout: Duration,
    /// From the first byte of an HTTP/1.1 request head to its last; then the connection is closed.
    pub head_timeout: Duration,
    /// From the request head to the last byte of the body; then the answer is 408.
    pub body_timeout: Duration,
    /// From the request head to the answer's head; then the answer is 503 and the handler is dropped.
    pub request_timeout: Duration,
    /// Without progress in sending; then the connection is closed.
    pub write_stall_timeout: Duration,
    /// Without a request; then the connection is closed.
    pub idle_timeout: Duration,
    /// Replaces `idle_timeout` while more than three quarters of `connections_max` are taken.
    pub idle_under_pressure_timeout: Duration,
    /// For requests in flight at shutdown; then their connections are closed.
    pub drain_timeout: Duration,
    /// Bytes of a request head; more is answered with 431. At least [`HEAD_BYTES_MIN`].
    pub head_bytes_max: usize,
    /// Streams that one HTTP/2 connection may have open.
    pub http2_streams_max: u32,
    /// Time between HTTP/2 PING frames, and how long their answer may take.
    pub http2_ping_interval: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: CONNECTIONS_MAX,
            connections_per_peer_max: CONNECTIONS_PER_PEER_MAX,
            handshake_timeout: HEAD_TIMEOUT,
            head_timeout: HEAD_TIMEOUT,
            body_timeout: BODY_TIMEOUT,
            request_timeout: REQUEST_TIMEOUT,
            write_stall_timeout: WRITE_STALL_TIMEOUT,
            idle_timeout: IDLE_TIMEOUT,
            idle_under_pressure_timeout: IDLE_UNDER_PRESSURE_TIMEOUT,
            drain_timeout: DRAIN_TIMEOUT,
            head_bytes_max: HEAD_BYTES_MAX,
            http2_streams_max: HTTP2_STREAMS_MAX,
            http2_ping_interval: HTTP2_PING_INTERVAL,
        }
    }
}

impl Limits {
    /// How often a connection is looked at: a quarter of the shortest deadline that is checked this way,
    /// so a deadline is overrun by at most a quarter.
    pub(super) fn check_interval(&self) -> Duration {
        self.head_timeout
            .min(self.idle_timeout)
            .min(self.idle_under_pressure_timeout)
            .min(self.request_timeout)
            .div_f32(4.0)
            .max(Duration::from_millis(5))
    }
}
