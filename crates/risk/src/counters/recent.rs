//! Whom or what an entity has met: payees of a payer, cards of a device.
//!
//! **Invariants.** The last [`RECENT_MAX`] different ones are kept, whoever was met longest ago goes first. So what is
//! counted here is exact up to that number and stays there above it. One that was forgotten is new when it comes again.
//!
//! **Absent on purpose:** ids. 64 bits of one are kept; two of a list that are taken for one another are one case in
//! some 10^16.

use serde::{Deserialize, Serialize};
use tongbao_money::Amount;

use super::exact::{Ring, Sum, day, hour};

/// How many different ones are kept.
pub const RECENT_MAX: usize = 32;

/// Those that were met, in no order that means anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent(Vec<Met>);

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Met {
    who: u64,
    first_s: i64,
    last_s: i64,
    hours: Ring<24>,
    days: Ring<31>,
}

impl Recent {
    /// Meets one.
    pub fn meet(&mut self, who: u64, at_s: i64) {
        self.met(who, at_s);
    }

    /// Meets one and pays it.
    pub fn pay(&mut self, who: u64, at_s: i64, amount: Amount) {
        let met = self.met(who, at_s);
        met.hours.add(hour(at_s), Sum::one(amount));
        met.days.add(day(at_s), Sum::one(amount));
    }

    fn met(&mut self, who: u64, at_s: i64) -> &mut Met {
        let place = self.0.iter().position(|met| met.who == who).unwrap_or_else(|| {
            if self.0.len() >= RECENT_MAX {
                let longest_ago = self.0.iter().enumerate().min_by_key(|(_, met)| met.last_s);
                let place = longest_ago.map_or(0, |(place, _)| place);
                self.0.swap_remove(place);
            }
            let (hours, days) = (Ring::default(), Ring::default());
            self.0.push(Met { who, first_s: at_s, last_s: at_s, hours, days });
            self.0.len() - 1
        });
        let met = &mut self.0[place];
        met.last_s = met.last_s.max(at_s);
        met
    }

    /// The one, if it is still known.
    #[must_use]
    pub fn of(&self, who: u64) -> Option<&Met> {
        self.0.iter().find(|met| met.who == who)
    }

    /// How many different ones were met in the last `span_s` seconds.
    #[must_use]
    pub fn distinct(&self, now_s: i64, span_s: i64) -> usize {
        self.0.iter().filter(|met| met.last_s > now_s.saturating_sub(span_s)).count()
    }

    /// How many of them for the first time.
    #[must_use]
    pub fn first_met(&self, now_s: i64, span_s: i64) -> usize {
        self.0.iter().filter(|met| met.first_s > now_s.saturating_sub(span_s)).count()
    }
}

impl Met {
    /// When it was met first, in seconds since 1970.
    #[must_use]
    pub const fn first_s(&self) -> i64 {
        self.first_s
    }

    /// What it was paid in the last `hours` hours of the clock, 24 at most.
    #[must_use]
    pub fn last_hours(&self, now_s: i64, hours: usize) -> Sum {
        self.hours.window(hour(now_s), hours)
    }

    /// What it was paid in the last `days` days of Asia/Shanghai, 31 at most.
    #[must_use]
    pub fn last_days(&self, now_s: i64, days: usize) -> Sum {
        self.days.window(day(now_s), days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_ones_are_counted_by_when_they_were_met() {
        let mut recent = Recent::default();
        recent.meet(1, 1_000);
        recent.meet(2, 2_000);
        recent.meet(1, 3_000);
        assert_eq!(recent.distinct(3_000, 1_000), 1);
        assert_eq!(recent.distinct(3_000, 1_001), 2);
        assert_eq!(recent.first_met(3_000, 1_001), 1);
        assert_eq!(recent.of(1).unwrap().first_s(), 1_000);
        assert!(recent.of(3).is_none());
    }

    #[test]
    fn whoever_was_met_longest_ago_is_forgotten_first() {
        let mut recent = Recent::default();
        for who in 0..RECENT_MAX as u64 {
            recent.meet(who, 100 + who.cast_signed());
        }
        recent.meet(0, 1_000);
        recent.meet(99, 1_001);
        assert!(recent.of(0).is_some() && recent.of(99).is_some());
        assert!(recent.of(1).is_none());
        assert_eq!(recent.distinct(1_001, 10_000), RECENT_MAX);
    }

    #[test]
    fn what_one_was_paid_is_summed_by_hours_and_days() {
        let mut recent = Recent::default();
        let amount = Amount::new(500).unwrap();
        recent.pay(7, 86_400, amount);
        recent.pay(7, 86_400 + 7_200, amount);
        let met = recent.of(7).unwrap();
        let now_s = 86_400 + 7_200;
        assert_eq!((met.last_hours(now_s, 1).count, met.last_hours(now_s, 24).minor), (1, 1_000));
        assert_eq!(met.last_days(now_s, 30).count, 2);
    }
}
