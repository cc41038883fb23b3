//! Chance from the seed. Whatever is drawn is drawn here, so a seed tells one story.

/// A sequence of draws.
#[derive(Clone, Debug)]
pub(crate) struct Chance(simdisk::Chance);

impl Chance {
    /// The sequence that follows from this seed.
    pub(crate) const fn new(seed: u64) -> Chance {
        Chance(simdisk::Chance::new(seed))
    }

    /// The next 64 bits.
    pub(crate) const fn bits(&mut self) -> u64 {
        self.0.bits()
    }

    /// A sequence of its own: what one part draws does not move what another draws.
    pub(crate) const fn fork(&mut self) -> Chance {
        Chance::new(self.bits())
    }

    /// A number from `least` to `most`, both of them included.
    pub(crate) const fn between(&mut self, least: i64, most: i64) -> i64 {
        let span = most.abs_diff(least).saturating_add(1);
        least.saturating_add_unsigned(self.0.below(span))
    }

    /// True this many times in a hundred.
    pub(crate) const fn percent(&mut self, percent: u64) -> bool {
        self.0.below(100) < percent
    }

    /// One of these.
    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        let last = i64::try_from(from.len().checked_sub(1)?).ok()?;
        from.get(usize::try_from(self.between(0, last)).ok()?).cloned()
    }

    /// A wait around this mean, in milliseconds, as between things that do not know of each other: most are short,
    /// some are several times as long.
    pub(crate) fn wait_ms(&mut self, mean_ms: i64) -> i64 {
        let halvings = i64::from(self.bits().leading_zeros()).saturating_mul(1_000);
        let thousandths = halvings.saturating_add(self.between(0, 999)).min(7_000).saturating_mul(693);
        mean_ms.saturating_mul(thousandths).div_euclid(1_000_000).saturating_add(1)
    }

    /// Sixteen bytes.
    pub(crate) fn seed(&mut self) -> [u8; 16] {
        (u128::from(self.bits()) << 64 | u128::from(self.bits())).to_be_bytes()
    }
}
