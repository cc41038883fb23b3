//! Exact counters, against a list of everything that was counted.
#![expect(clippy::unwrap_used, reason = "a test that panics has done its work")]

use jiff::{Timestamp, tz::TimeZone};
use proptest::prelude::*;
use tongbao_money::Amount;
use tongbao_risk::counters::{Exact, Sum};

/// Some years around today, in seconds since 1970.
const FROM_S: i64 = 1_500_000_000;
const TO_S: i64 = 1_900_000_000;

/// Day since the year 0 and month since the year 0 in Shanghai, by the time zone database.
fn calendar(at_s: i64) -> (i64, i64) {
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    let date = Timestamp::from_second(at_s).unwrap().to_zoned(zone).date();
    let epoch = jiff::civil::date(1970, 1, 1);
    let days = i64::from(epoch.until(date).unwrap().get_days());
    (days, i64::from(date.year()) * 12 + i64::from(date.month()))
}

fn sum(counted: &[(i64, i64)], is_within: impl Fn(i64) -> bool) -> Sum {
    let within = counted.iter().filter(|(at_s, _)| is_within(*at_s));
    within.fold(Sum::default(), |sum, (_, minor)| Sum {
        count: sum.count + 1,
        minor: sum.minor + minor,
        largest: sum.largest.max(*minor),
    })
}

/// Gaps between payments, from seconds to months, sometimes back; and amounts.
fn steps() -> impl Strategy<Value = Vec<(i64, i64)>> {
    let gap = prop_oneof![0..400_i64, 0..8_000_i64, 0..200_000_i64, 0..6_000_000_i64, -100_000..0_i64];
    prop::collection::vec((gap, 0..1_000_000_i64), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_window_is_the_sum_of_what_lies_in_it(start_s in FROM_S..TO_S, steps in steps()) {
        let (mut exact, mut counted, mut at_s, mut now_s) = (Exact::default(), Vec::new(), start_s, start_s);
        for (gap_s, minor) in steps {
            at_s += gap_s;
            now_s = now_s.max(at_s);
            exact.add(at_s, Amount::new(minor).unwrap());
            counted.push((at_s, minor));
            for buckets in [1, 3, 12] {
                let from = now_s.div_euclid(300) - buckets;
                let expected = sum(&counted, |at_s| at_s.div_euclid(300) > from);
                prop_assert_eq!(exact.last_minutes(now_s, usize::try_from(buckets).unwrap()), expected);
            }
            for hours in [1, 24] {
                let from = now_s.div_euclid(3_600) - hours;
                let expected = sum(&counted, |at_s| at_s.div_euclid(3_600) > from);
                prop_assert_eq!(exact.last_hours(now_s, usize::try_from(hours).unwrap()), expected);
            }
            let (day, month) = calendar(now_s);
            for days in [1, 7, 31] {
                let expected = sum(&counted, |at_s| calendar(at_s).0 > day - days);
                prop_assert_eq!(exact.last_days(now_s, usize::try_from(days).unwrap()), expected);
            }
            for months in [1, 13] {
                let expected = sum(&counted, |at_s| calendar(at_s).1 > month - months);
                prop_assert_eq!(exact.last_months(now_s, usize::try_from(months).unwrap()), expected);
            }
        }
    }
}
