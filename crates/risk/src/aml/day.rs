//! Days and hours in Asia/Shanghai, whose clocks have been eight hours ahead of UTC all year since 1992.

const AHEAD_MS: i64 = 8 * HOUR_MS;
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// The day of an instant, counted from 1970-01-01.
#[must_use]
pub const fn day_of(at_ms: i64) -> i64 {
    at_ms.saturating_add(AHEAD_MS).div_euclid(DAY_MS)
}

/// The first instant of a day.
#[must_use]
pub const fn start_of(day: i64) -> i64 {
    day.saturating_mul(DAY_MS).saturating_sub(AHEAD_MS)
}

/// The hour of an instant, 0 to 23.
pub(super) const fn hour_of(at_ms: i64) -> i64 {
    at_ms.saturating_add(AHEAD_MS).rem_euclid(DAY_MS) / HOUR_MS
}

/// Whether an hour is in the night from one hour until another, over midnight if the second is the smaller.
pub(super) const fn is_night(hour: i64, from: i64, until: i64) -> bool {
    if from <= until { hour >= from && hour < until } else { hour >= from || hour < until }
}
