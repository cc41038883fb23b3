//! The day of a bill: from midnight to midnight in Beijing.

use jiff::{Span, Timestamp, ToSpan, civil::Date, tz::TimeZone};
use tongbao_core::Time;

use crate::wechat::time::CHINA;

const DAY_MS: i64 = 24 * 3_600 * 1_000;
/// China Standard Time is UTC+8 all year.
const AHEAD_MS: i64 = 8 * 3_600 * 1_000;
/// Characters of `yyyy-MM-dd`.
const TEXT_BYTES: usize = 10;
const EPOCH: Date = Date::constant(1970, 1, 1);

/// A day of the calendar, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(i32);

impl Day {
    /// Reads `yyyy-MM-dd`, and nothing else that means a day.
    pub fn parse(text: &str) -> Option<Day> {
        if text.len() != TEXT_BYTES || !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
            return None;
        }
        Some(Day::of_date(text.parse().ok()?))
    }

    /// The day in Beijing at this instant.
    pub fn of(time: Time) -> Day {
        let edge = if time.ms() < 0 { Timestamp::MIN } else { Timestamp::MAX };
        let stamp = Timestamp::from_millisecond(time.ms()).unwrap_or(edge);
        Day::of_date(stamp.to_zoned(TimeZone::fixed(CHINA)).date())
    }

    fn of_date(date: Date) -> Day {
        let days = date.duration_since(EPOCH).as_secs().div_euclid(DAY_MS / 1_000);
        Day(i32::try_from(days).expect("the calendar has fewer than four million days"))
    }

    /// Days since 1970-01-01.
    pub const fn number(self) -> i32 {
        self.0
    }

    /// The day with this number; `None` outside the calendar.
    pub fn from_number(number: i32) -> Option<Day> {
        Day(number).date().map(|_| Day(number))
    }

    /// The same day so many months before; the last day of that month if it is shorter.
    #[must_use]
    pub fn months_before(self, months: u8) -> Day {
        let earlier = self.date().and_then(|date| date.checked_sub(i32::from(months).months()).ok());
        earlier.map_or(self, Day::of_date)
    }

    fn date(self) -> Option<Date> {
        EPOCH.checked_add(Span::new().try_days(self.0).ok()?).ok()
    }

    /// Its first instant.
    pub const fn start(self) -> Time {
        Time::from_ms(self.0 as i64 * DAY_MS - AHEAD_MS)
    }

    /// The first instant after it.
    pub const fn end(self) -> Time {
        self.start().plus_ms(DAY_MS)
    }

    /// Whether an instant belongs to it.
    pub fn holds(self, time: Time) -> bool {
        (self.start()..self.end()).contains(&time)
    }
}
