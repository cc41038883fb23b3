//! Counts and sums of money in buckets of calendar time.
//!
//! Twelve of five minutes, 24 hours, 31 days and 13 months; days and months are those of Asia/Shanghai. A window is
//! the bucket of now and those before it: "the last hour" is twelve buckets of five minutes, so it reaches back at
//! least 55 minutes and less than an hour.
//!
//! **Invariants.** Whole numbers only. A sum that would overflow stays at the greatest number, above every limit.
//! What comes late is counted in the bucket of its own time, as long as that is still kept; after that no window
//! reaches back to it.

use serde::{Deserialize, Serialize};
use tongbao_money::Amount;

/// Asia/Shanghai is eight hours ahead of UTC, without summer time since 1992.
pub const SHANGHAI_OFFSET_S: i64 = 8 * 3_600;

const MINUTES_5_S: i64 = 300;
const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 86_400;
const MONTHS_IN_A_YEAR: i64 = 12;

/// How many there were and what they come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// How many.
    pub count: u32,
    /// What they come to, in minor units (fen).
    pub minor: i64,
    /// The largest of them, in minor units.
    pub largest: i64,
}

impl Sum {
    /// One of this amount.
    #[must_use]
    pub const fn one(amount: Amount) -> Sum {
        Sum { count: 1, minor: amount.minor(), largest: amount.minor() }
    }

    fn plus(self, other: Sum) -> Sum {
        Sum {
            count: self.count.saturating_add(other.count),
            minor: self.minor.saturating_add(other.minor),
            largest: self.largest.max(other.largest),
        }
    }
}

/// The last `N` buckets of one size, of which the empty ones are not kept; in the order of their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ring<const N: usize>(Vec<(i64, Sum)>);

impl<const N: usize> Ring<N> {
    #[expect(clippy::cast_possible_wrap, reason = "rings have at most 31 buckets")]
    const LENGTH: i64 = N as i64;

    pub(super) fn add(&mut self, bucket: i64, sum: Sum) {
        let newest = self.0.last().map_or(bucket, |(number, _)| bucket.max(*number));
        let oldest = newest.saturating_sub(Self::LENGTH);
        if bucket <= oldest {
            return;
        }
        match self.0.binary_search_by_key(&bucket, |(number, _)| *number) {
            Ok(place) => self.0[place].1 = self.0[place].1.plus(sum),
            Err(place) => self.0.insert(place, (bucket, sum)),
        }
        let passed = self.0.partition_point(|(number, _)| *number <= oldest);
        self.0.drain(..passed);
    }

    /// The buckets from `now` back, `length` of them.
    pub(super) fn window(&self, now: i64, length: usize) -> Sum {
        let length = i64::try_from(length).unwrap_or(Self::LENGTH).min(Self::LENGTH);
        let from = now.saturating_sub(length);
        let newer = self.0.iter().rev().skip_while(|(number, _)| *number > now);
        newer.take_while(|(number, _)| *number > from).fold(Sum::default(), |sum, (_, kept)| sum.plus(*kept))
    }
}

/// Exact counters of one entity. What did not happen takes no room; an entity that is busy at every hour has about
/// 80 buckets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exact {
    minutes: Ring<12>,
    hours: Ring<24>,
    days: Ring<31>,
    months: Ring<13>,
}

impl Exact {
    /// Counts an amount at a time, in seconds since 1970.
    pub fn add(&mut self, at_s: i64, amount: Amount) {
        let sum = Sum::one(amount);
        self.minutes.add(at_s.div_euclid(MINUTES_5_S), sum);
        self.hours.add(hour(at_s), sum);
        self.days.add(day(at_s), sum);
        self.months.add(month(day(at_s)), sum);
    }

    /// The last hour: twelve buckets of five minutes.
    #[must_use]
    pub fn last_hour(&self, now_s: i64) -> Sum {
        self.last_minutes(now_s, 12)
    }

    /// The last `buckets` times five minutes, 12 at most.
    #[must_use]
    pub fn last_minutes(&self, now_s: i64, buckets: usize) -> Sum {
        self.minutes.window(now_s.div_euclid(MINUTES_5_S), buckets)
    }

    /// The last `hours` hours of the clock, 24 at most.
    #[must_use]
    pub fn last_hours(&self, now_s: i64, hours: usize) -> Sum {
        self.hours.window(hour(now_s), hours)
    }

    /// The last `days` days of Asia/Shanghai, today among them; 31 at most.
    #[must_use]
    pub fn last_days(&self, now_s: i64, days: usize) -> Sum {
        self.days.window(day(now_s), days)
    }

    /// Today, in Asia/Shanghai.
    #[must_use]
    pub fn today(&self, now_s: i64) -> Sum {
        self.last_days(now_s, 1)
    }

    /// The last `months` months of Asia/Shanghai, this one among them; 13 at most.
    #[must_use]
    pub fn last_months(&self, now_s: i64, months: usize) -> Sum {
        self.months.window(month(day(now_s)), months)
    }

    /// This calendar month, in Asia/Shanghai.
    #[must_use]
    pub fn this_month(&self, now_s: i64) -> Sum {
        self.last_months(now_s, 1)
    }
}

/// The number of the hour in which a second lies.
pub(super) const fn hour(at_s: i64) -> i64 {
    at_s.div_euclid(HOUR_S)
}

/// The number of the day of Asia/Shanghai in which a second lies.
pub(super) const fn day(at_s: i64) -> i64 {
    at_s.saturating_add(SHANGHAI_OFFSET_S).div_euclid(DAY_S)
}

/// The number of the month (year times twelve) in which a day lies, counted from 1970-01-01. The calendar repeats
/// every 400 years, which are 146,097 days; years are counted from March, so that the leap day is the last.
fn month(day: i64) -> i64 {
    const DAYS_IN_400_YEARS: i64 = 146_097;
    /// From 0000-03-01 to 1970-01-01.
    const DAYS_TO_1970: i64 = 719_468;
    let day = day.saturating_add(DAYS_TO_1970);
    let (era, day) = (day.div_euclid(DAYS_IN_400_YEARS), day.rem_euclid(DAYS_IN_400_YEARS));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    (era * 400 + year) * MONTHS_IN_A_YEAR + month_from_march + 2
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-03-01 00:00 in Asia/Shanghai.
    const MARCH_S: i64 = 1_772_294_400;

    fn counted(at: &[(i64, i64)]) -> Exact {
        let mut exact = Exact::default();
        for &(at_s, minor) in at {
            exact.add(at_s, Amount::new(minor).unwrap());
        }
        exact
    }

    #[track_caller]
    fn check(sum: Sum, count: u32, minor: i64) {
        assert_eq!((sum.count, sum.minor), (count, minor));
    }

    #[test]
    fn a_day_and_a_month_end_at_midnight_in_shanghai() {
        let exact = counted(&[(MARCH_S - 1, 100), (MARCH_S, 20), (MARCH_S + 5, 3)]);
        check(exact.today(MARCH_S - 1), 1, 100);
        check(exact.today(MARCH_S), 2, 23);
        check(exact.today(MARCH_S + DAY_S), 0, 0);
        check(exact.last_days(MARCH_S + DAY_S, 2), 2, 23);
        check(exact.last_days(MARCH_S, 2), 3, 123);
        check(exact.this_month(MARCH_S), 2, 23);
        check(exact.last_months(MARCH_S, 2), 3, 123);
        check(exact.last_months(MARCH_S + 31 * DAY_S, 1), 0, 0);
    }

    #[test]
    fn windows_reach_back_as_far_as_they_say() {
        let exact = counted(&[(MARCH_S, 1)]);
        check(exact.last_hour(MARCH_S + 3_599), 1, 1);
        check(exact.last_hour(MARCH_S + 3_600), 0, 0);
        check(exact.last_minutes(MARCH_S + 299, 1), 1, 1);
        check(exact.last_minutes(MARCH_S + 300, 1), 0, 0);
        check(exact.last_hours(MARCH_S + 24 * HOUR_S - 1, 24), 1, 1);
        check(exact.last_hours(MARCH_S + 24 * HOUR_S, 24), 0, 0);
        check(exact.last_days(MARCH_S + 31 * DAY_S - 1, 31), 1, 1);
        check(exact.last_days(MARCH_S + 31 * DAY_S, 31), 0, 0);
        check(exact.last_days(MARCH_S + 31 * DAY_S, 99), 0, 0);
    }

    #[test]
    fn what_comes_late_is_counted_where_it_belongs() {
        let exact = counted(&[(MARCH_S + DAY_S, 5), (MARCH_S, 7), (MARCH_S - 40 * DAY_S, 9)]);
        check(exact.today(MARCH_S), 1, 7);
        check(exact.today(MARCH_S + DAY_S), 1, 5);
        check(exact.last_days(MARCH_S + DAY_S, 31), 2, 12);
        check(exact.last_months(MARCH_S + DAY_S, 3), 3, 21);
    }

    #[test]
    fn a_sum_that_would_overflow_stays_above_every_limit() {
        let most = Amount::MAX.minor();
        let mut ring = Ring::<2>::default();
        ring.add(0, Sum { count: u32::MAX, minor: i64::MAX, largest: i64::MAX });
        ring.add(0, Sum { count: 1, minor: most, largest: most });
        check(ring.window(0, 1), u32::MAX, i64::MAX);
        ring.add(i64::MAX, Sum { count: 1, minor: 1, largest: 1 });
        check(ring.window(i64::MAX, 2), 1, 1);
    }

    #[test]
    fn months_follow_the_calendar() {
        for (day, year, of_year) in
            [(0, 1970, 1), (59, 1970, 3), (11_016, 2000, 2), (11_017, 2000, 3), (-1, 1969, 12)]
        {
            assert_eq!(month(day), year * 12 + of_year - 1, "day {day}");
        }
        assert_eq!(month(MARCH_S.div_euclid(DAY_S) + 1), 2026 * 12 + 2);
    }
}
