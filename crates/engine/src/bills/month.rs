//! Months of China's calendar.

use jiff::{
    Timestamp, ToSpan,
    civil::Date,
    tz::{Offset, TimeZone},
};
use tongbao_core::Time;

/// China Standard Time, whose months these are.
const CHINA: Offset = Offset::constant(8);

/// A month of China's calendar, by its first day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(Date);

impl Month {
    /// The month of an instant.
    pub fn of(at: Time) -> Month {
        let stamp = Timestamp::from_millisecond(at.ms()).unwrap_or_default();
        Month(stamp.to_zoned(TimeZone::fixed(CHINA)).date().first_of_month())
    }

    /// Reads `2026-11`; years of four digits, from 1970.
    pub fn parse(text: &str) -> Option<Month> {
        let (year, month) =
            text.split_once('-').filter(|(year, month)| year.len() == 4 && month.len() == 2)?;
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits(year) || !is_digits(month) {
            return None;
        }
        let first = Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok()?;
        (first.year() >= 1_970).then_some(Month(first))
    }

    /// Itself as `2026-11`.
    pub fn text(self) -> String {
        self.0.strftime("%Y-%m").to_string()
    }

    /// The month before.
    #[must_use]
    pub fn before(self) -> Month {
        Month(self.0.saturating_sub(1.month()))
    }

    /// The month after.
    #[must_use]
    pub fn after(self) -> Month {
        Month(self.0.saturating_add(1.month()))
    }

    /// Its first instant, and the first after it.
    pub fn span(self) -> (Time, Time) {
        let start = |month: Month| {
            let zoned = month.0.to_zoned(TimeZone::fixed(CHINA));
            Time::from_ms(zoned.map_or(i64::MAX, |zoned| zoned.timestamp().as_millisecond()))
        };
        (start(self), start(self.after()))
    }
}

#[cfg(test)]
mod tests {
    use tongbao_core::Time;

    use super::Month;

    #[test]
    fn months_begin_at_midnight_in_china() {
        let month = Month::parse("2026-11").unwrap();
        let (from, until) = month.span();
        assert_eq!((from.ms(), until.ms()), (1_793_462_400_000, 1_796_054_400_000));
        assert_eq!(Month::of(from), month);
        assert_eq!(Month::of(from.plus_ms(-1)), month.before());
        assert_eq!(Month::of(until.plus_ms(-1)), month);
        assert_eq!(Month::of(until), month.after());
        assert_eq!(
            (month.before().text(), month.after().text()),
            ("2026-10".to_owned(), "2026-12".to_owned())
        );
        assert_eq!(Month::parse("2026-12").unwrap().after().text(), "2027-01");
        assert_eq!(Month::of(Time::from_ms(0)).text(), "1970-01");
    }

    #[test]
    fn what_is_no_month_is_none() {
        for text in
            ["", "2026", "2026-13", "2026-00", "2026-1", "-026-01", "１９９９-01", "1969-12", "2026-11-01"]
        {
            assert_eq!(Month::parse(text), None, "{text}");
        }
    }
}
