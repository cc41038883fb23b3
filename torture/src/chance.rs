//! Chance from a seed, so that a run can be named. Threads and kills make two runs of one seed differ in
//! their details; the mix of load and harm is the same.

use std::hash::{BuildHasher, Hasher, RandomState};

/// `SplitMix64` (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    /// The sequence that follows from this seed.
    pub(crate) const fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    /// A seed that nobody chose.
    pub(crate) fn fresh_seed() -> u64 {
        RandomState::new().build_hasher().finish()
    }

    /// The next 64 bits.
    pub(crate) const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A sequence of its own, for another task.
    pub(crate) const fn fork(&mut self) -> Chance {
        Chance(self.bits())
    }

    /// A number from `least` to `most`, both of them included.
    pub(crate) const fn between(&mut self, least: u64, most: u64) -> u64 {
        let span = most.saturating_sub(least).saturating_add(1);
        least.saturating_add(self.bits() % span)
    }

    /// True this many times in a hundred.
    pub(crate) const fn percent(&mut self, percent: u64) -> bool {
        self.between(0, 99) < percent
    }

    /// A wait of this mean, in milliseconds, as between events that do not know of each other: most are
    /// short, some are long. At most five times the mean.
    pub(crate) fn wait_ms(&mut self, mean_ms: u64) -> u64 {
        // -ln(u) by counting how many halvings a random number has, plus a part of the last one.
        let halvings = u64::from(self.bits().leading_zeros());
        let part = self.between(0, 999);
        let thousandths = halvings.saturating_mul(1_000).saturating_add(part).saturating_mul(693) / 1_000;
        mean_ms.saturating_mul(thousandths.min(5_000)) / 1_000
    }

    /// One of these.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let last = from.len().checked_sub(1)?;
        from.get(usize::try_from(self.between(0, u64::try_from(last).ok()?)).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_have_their_mean() {
        let mut chance = Chance::new(1);
        let sum: u64 = (0..10_000).map(|_| chance.wait_ms(1_000)).sum();
        assert!((900..1_150).contains(&(sum / 10_000)), "{}", sum / 10_000);
    }

    #[test]
    fn a_number_stays_between_its_ends_and_reaches_them() {
        let mut chance = Chance::new(2);
        let drawn: Vec<u64> = (0..1_000).map(|_| chance.between(3, 6)).collect();
        assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&3), Some(&6)));
    }
}
