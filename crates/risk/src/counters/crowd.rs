//! How many different ones came in the last hour, where they may be thousands: an estimate.
//!
//! Linear counting (Whang, Vander-Zanden and Taylor, 1990): each one sets one of 256 bits, and the share of bits that
//! are still zero says how many came. Four quarters of an hour are kept, so a window is from 45 minutes to an hour.
//! Up to some 500 the error is seldom above a tenth; where every bit is set the answer is [`CROWD_MAX`].

use serde::{Deserialize, Serialize};

/// Where the estimate ends: all bits but one would be set.
pub const CROWD_MAX: usize = 1_420;

const QUARTER_S: i64 = 900;
const QUARTERS: i64 = 4;
const WORDS: usize = 4;
const BITS: f64 = 256.0;

/// Who came, by quarters of an hour; the newest last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crowd(Vec<(i64, [u64; WORDS])>);

impl Crowd {
    /// One came. `who` is spread evenly, as a digest is.
    pub fn add(&mut self, who: u64, at_s: i64) {
        let quarter = at_s.div_euclid(QUARTER_S);
        let newest = self.0.last().map_or(quarter, |(number, _)| quarter.max(*number));
        self.0.retain(|(number, _)| newest.saturating_sub(*number) < QUARTERS);
        let place = match self.0.iter().position(|(number, _)| *number == quarter) {
            Some(place) => place,
            None if quarter < newest => return,
            None => {
                self.0.push((quarter, [0; WORDS]));
                self.0.len() - 1
            }
        };
        let word = (who >> 6) as usize % WORDS;
        self.0[place].1[word] |= 1 << (who & 63);
    }

    /// How many different ones came in the last hour.
    #[must_use]
    pub fn last_hour(&self, now_s: i64) -> usize {
        let quarter = now_s.div_euclid(QUARTER_S);
        let live = self
            .0
            .iter()
            .filter(|(number, _)| *number <= quarter && quarter.saturating_sub(*number) < QUARTERS);
        let bits = live.fold([0; WORDS], |mut all, (_, bits)| {
            for (all, bits) in all.iter_mut().zip(bits) {
                *all |= bits;
            }
            all
        });
        let zeros: u32 = bits.iter().map(|word: &u64| word.count_zeros()).sum();
        if zeros == 0 {
            return CROWD_MAX;
        }
        estimate(zeros)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 1,420")]
fn estimate(zeros: u32) -> usize {
    libm::round(-BITS * libm::log(f64::from(zeros) / BITS)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(who: u64) -> u64 {
        blake3::hash(&who.to_le_bytes())
            .as_bytes()
            .first_chunk()
            .map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }

    #[test]
    fn the_estimate_is_near_for_hundreds_and_ends_for_thousands() {
        for (many, error) in [(1, 0), (10, 1), (100, 12), (400, 50)] {
            let mut crowd = Crowd::default();
            for who in 0..many {
                crowd.add(spread(who), 10_000);
                crowd.add(spread(who), 10_001);
            }
            let seen = crowd.last_hour(10_001) as u64;
            assert!(seen.abs_diff(many) <= error, "{many} were taken for {seen}");
        }
        let mut crowd = Crowd::default();
        (0..20_000).for_each(|who| crowd.add(spread(who), 10_000));
        assert_eq!(crowd.last_hour(10_000), CROWD_MAX);
    }

    #[test]
    fn whoever_came_more_than_an_hour_ago_is_not_counted() {
        let mut crowd = Crowd::default();
        crowd.add(spread(1), 0);
        assert_eq!((crowd.last_hour(3_599), crowd.last_hour(3_600)), (1, 0));
        crowd.add(spread(2), 3_600);
        assert_eq!(crowd.last_hour(3_600), 1);
        crowd.add(spread(3), 1);
        assert_eq!(crowd.last_hour(3_600), 1, "what comes too late is nowhere");
    }
}
