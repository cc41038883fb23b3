//! Rate limits by key and by network address, with the generic cell rate algorithm of `governor`.
//!
//! Invariants: a limiter remembers at most `keys_max` keys, whoever asks; when it is full, keys that it does not
//! know share one allowance per shard, so a flood of invented keys slows down other newcomers but never those
//! who are known. A refused request costs no allowance.
//!
//! Absent on purpose: limits across processes. Each process counts for itself; with N of them behind a load
//! balancer a client gets up to N times the quota.

mod cells;
mod layer;

use std::hash::Hash;
use std::net::IpAddr;
use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use axum::body::Body;
use governor::RateLimiter;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use http::Request;

use self::cells::Cells;
pub(crate) use self::layer::tell;
pub use self::layer::{Limited, LimitedFuture, RateLimit};
use crate::listener::{Arrival, network};

/// Keys that a limiter remembers. An entry takes about 64 bytes for an address, 100 for an API key.
pub const KEYS_MAX: usize = 65_536;

/// How much one key may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The time that gives one request back, in nanoseconds.
    period_ns: NonZeroU64,
    /// Requests at once after a pause.
    burst: NonZeroU32,
}

const SECOND_NS: u64 = 1_000_000_000;

impl Quota {
    /// So many requests a second in the long run, and at once after a pause; zero counts as one.
    pub const fn new(per_second: u32, burst: u32) -> Self {
        Self::within(SECOND_NS, per_second, burst)
    }

    /// The same by the hour, for what people do and not programs.
    pub const fn per_hour(count: u32, burst: u32) -> Self {
        Self::within(3_600 * SECOND_NS, count, burst)
    }

    /// Requests a second in the long run, rounded down.
    pub fn per_second(self) -> u32 {
        u32::try_from(SECOND_NS / self.period_ns.get()).unwrap_or(u32::MAX)
    }

    const fn within(time_ns: u64, count: u32, burst: u32) -> Self {
        let period_ns = match NonZeroU64::new(time_ns / at_least_one(count).get() as u64) {
            Some(period_ns) => period_ns,
            None => NonZeroU64::MIN,
        };
        Self { period_ns, burst: at_least_one(burst) }
    }

    fn for_governor(self) -> governor::Quota {
        let quota = governor::Quota::with_period(Duration::from_nanos(self.period_ns.get()));
        quota.expect("the period is not zero").allow_burst(self.burst)
    }
}

const fn at_least_one(count: u32) -> NonZeroU32 {
    match NonZeroU32::new(count) {
        Some(count) => count,
        None => NonZeroU32::MIN,
    }
}

/// What is left of a key's allowance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The allowance when full.
    pub limit: u32,
    /// Requests that may be made at once now.
    pub remaining: u32,
    /// Seconds until the allowance is full again, rounded up.
    pub reset_s: u32,
}

/// A request that is one too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// What is left: nothing.
    pub standing: Standing,
    /// Seconds until the next request will be let through, rounded up, at least 1.
    pub retry_after_s: u32,
}

/// Counts requests by key.
pub struct Limiter<K: Hash + Eq + Clone> {
    quota: Quota,
    cells: RateLimiter<K, Cells<K>, DefaultClock, StateInformationMiddleware>,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    /// A limiter that remembers at most `keys_max` keys, rounded up to a whole number per shard.
    pub fn new(quota: Quota, keys_max: usize) -> Self {
        let cells = RateLimiter::new(quota.for_governor(), Cells::new(keys_max), DefaultClock::default());
        Self { quota, cells }
    }

    /// Takes one request from the key's allowance.
    pub fn check(&self, key: &K) -> Result<Standing, Exceeded> {
        match self.cells.check_key(key) {
            Ok(state) => Ok(self.standing(state.remaining_burst_capacity())),
            Err(until) => {
                let wait = until.wait_time_from(self.cells.clock().now());
                let retry_after_s = u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX);
                Err(Exceeded { standing: self.standing(0), retry_after_s: retry_after_s.max(1) })
            }
        }
    }

    /// Forgets keys whose allowance is full again. Harmless at any time; worth calling every minute or so.
    pub fn forget_idle(&self) {
        self.cells.retain_recent();
    }

    /// How many keys are remembered.
    pub fn keys(&self) -> usize {
        self.cells.len()
    }

    fn standing(&self, remaining: u32) -> Standing {
        let limit = self.quota.burst.get();
        let used = u64::from(limit.saturating_sub(remaining));
        let reset_s = used.saturating_mul(self.quota.period_ns.get()).div_ceil(SECOND_NS);
        Standing { limit, remaining, reset_s: u32::try_from(reset_s).unwrap_or(u32::MAX) }
    }
}

/// The key for limits by address: the IPv4 address or the IPv6 /64 of the socket's other end; `None` without
/// a listener.
pub fn by_network(request: &Request<Body>) -> Option<IpAddr> {
    Arrival::of(request.extensions()).map(|arrival| network(arrival.peer.ip()))
}
