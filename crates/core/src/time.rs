//! Instants, as an argument: the core never asks what time it is.

use serde::{Deserialize, Serialize};

/// How far China's clocks are ahead of UTC, in milliseconds, all year since 1992.
pub(crate) const CHINA_AHEAD_MS: i64 = 8 * 3_600 * 1_000;
/// Milliseconds of a day.
pub(crate) const DAY_MS: i64 = 24 * 3_600 * 1_000;

/// Milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(i64);

impl Time {
    /// The instant `ms` milliseconds after the epoch.
    pub const fn from_ms(ms: i64) -> Time {
        Time(ms)
    }

    /// Milliseconds since the epoch.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// This instant, `ms` milliseconds later; stays at the last instant rather than wrap.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Time {
        Time(self.0.saturating_add(ms))
    }

    /// This instant, `seconds` later.
    #[must_use]
    pub const fn plus_s(self, seconds: i64) -> Time {
        self.plus_ms(seconds.saturating_mul(1_000))
    }

    /// The day in China, counted from 1970-01-01: its clocks are eight hours ahead of UTC all year.
    pub const fn china_day(self) -> i64 {
        self.0.saturating_add(CHINA_AHEAD_MS).div_euclid(DAY_MS)
    }

    /// The instant at which the next day begins in China.
    #[must_use]
    pub const fn next_china_day(self) -> Time {
        let into_day_ms = self.0.saturating_add(CHINA_AHEAD_MS).rem_euclid(DAY_MS);
        self.plus_ms(DAY_MS.saturating_sub(into_day_ms))
    }

    /// Milliseconds from `earlier` to here; negative when it is later.
    pub const fn since_ms(self, earlier: Time) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}
