//! Instants as WeChat Pay writes them: RFC 3339, always at `+08:00`.
//!
//! China Standard Time is UTC+8 all year since 1991. Reading accepts every offset.

use jiff::{
    Timestamp,
    tz::{Offset, TimeZone},
};
use tongbao_core::Time;

pub(super) const CHINA: Offset = Offset::constant(8);

/// The longest text that is read as an instant: WeChat Pay's string(64).
const TEXT_BYTES_MAX: usize = 64;

/// `2018-06-08T10:34:56+08:00`; milliseconds are left out.
pub fn rfc3339(time: Time) -> String {
    formatted(time, "%Y-%m-%dT%H:%M:%S%:z")
}

/// `2018-06-08T10:34:56.120+08:00`, as batches, combined payments and coupons have it.
pub fn rfc3339_ms(time: Time) -> String {
    formatted(time, "%Y-%m-%dT%H:%M:%S%.3f%:z")
}

/// `2018-06-08 10:34:56`, Beijing time, as bills have it.
pub fn date_time(time: Time) -> String {
    formatted(time, "%Y-%m-%d %H:%M:%S")
}

/// Reads an instant with any offset; what is finer than a millisecond is cut off.
pub fn parse(text: &str) -> Option<Time> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let stamp: Timestamp = text.parse().ok()?;
    Some(Time::from_ms(stamp.as_millisecond()))
}

/// Instants beyond the years of the calendar are shown as its edge.
fn formatted(time: Time, pattern: &str) -> String {
    let edge = if time.ms() < 0 { Timestamp::MIN } else { Timestamp::MAX };
    let stamp = Timestamp::from_millisecond(time.ms()).unwrap_or(edge);
    stamp.to_zoned(TimeZone::fixed(CHINA)).strftime(pattern).to_string()
}
