//! Points in time as people read them.
//!
//! Pages show China Standard Time, UTC+8 all year since 1991, whatever the server's zone; the machine-readable
//! `datetime` attribute beside it is UTC. Absent on purpose: the current time, which the caller knows.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

/// China Standard Time (GB/T 7408).
const CHINA: Offset = Offset::constant(8);

/// A point in time to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub unix_ms: i64,
}

impl Moment {
    /// The moment `unix_ms` milliseconds after 1970-01-01T00:00:00Z.
    pub const fn from_unix_ms(unix_ms: i64) -> Self {
        Self { unix_ms }
    }

    /// For readers: `2026-11-22 16:57:25`, China Standard Time.
    pub fn text(self) -> String {
        self.formatted("%Y-%m-%d %H:%M:%S")
    }

    /// For readers of lists: `11-22 16:57:25`.
    pub fn short_text(self) -> String {
        self.formatted("%m-%d %H:%M:%S")
    }

    /// For readers of what happened within a second: `11-22 16:57:25.123`.
    pub fn precise_text(self) -> String {
        self.formatted("%m-%d %H:%M:%S%.3f")
    }

    /// For programs: RFC 3339 in UTC.
    pub fn rfc3339(self) -> String {
        self.timestamp().to_string()
    }

    fn formatted(self, pattern: &str) -> String {
        self.timestamp().to_zoned(TimeZone::fixed(CHINA)).strftime(pattern).to_string()
    }

    /// Moments beyond the years that a calendar can show are clamped to its edge.
    fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.unix_ms).unwrap_or(if self.unix_ms < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Moment;

    #[test]
    fn readers_see_china_standard_time_and_programs_see_utc() {
        let moment = Moment::from_unix_ms(1_795_309_045_123);
        assert_eq!(moment.text(), "2026-11-22 08:57:25");
        assert_eq!(moment.short_text(), "11-22 08:57:25");
        assert_eq!(moment.precise_text(), "11-22 08:57:25.123");
        assert_eq!(moment.rfc3339(), "2026-11-22T00:57:25.123Z");
    }

    #[test]
    fn absurd_moments_are_clamped_instead_of_failing() {
        assert!(Moment::from_unix_ms(i64::MAX).text().starts_with("9999-"));
        assert!(!Moment::from_unix_ms(i64::MIN).rfc3339().is_empty());
    }
}
