//! Chance by a seed: `SplitMix64`, and the distributions that the generator and training draw from it.
//!
//! The same seed gives the same numbers on every machine: logarithms and cosines come from the `libm` crate.

/// A stream of numbers that follows from its seed.
#[derive(Clone, Debug)]
pub(crate) struct Seeded(u64);

impl Seeded {
    /// The stream of a purpose and a number under a seed: streams of different purposes have nothing in common.
    pub(crate) fn of(seed: u64, purpose: u64, number: u64) -> Seeded {
        let mut mixed = Seeded(seed);
        for part in [purpose, number] {
            mixed = Seeded(mixed.next() ^ part.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        }
        Seeded(mixed.next())
    }

    /// The next 64 bits (`SplitMix64` of Steele, Lea and Flood, 2014).
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `end`, the end left out.
    pub(crate) fn uniform(&mut self, end: f64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
        let part = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        part * end
    }

    /// A whole number below `end`; 0 if that is 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let wide = u128::from(self.next()) * end as u128;
        usize::try_from(wide >> 64).unwrap_or_default()
    }

    /// A normally distributed number (Box and Muller).
    pub(crate) fn normal(&mut self, mean: f64, deviation: f64) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.uniform(1.0)));
        mean + deviation * radius * libm::cos(self.uniform(std::f64::consts::TAU))
    }

    /// How many events there are where `rate` are expected (Poisson, by Knuth's product).
    pub(crate) fn poisson(&mut self, rate: f64) -> u32 {
        let end = libm::exp(-rate);
        let (mut count, mut product) = (0, self.uniform(1.0));
        while product > end {
            count += 1;
            product *= self.uniform(1.0);
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(of: impl FnMut(&mut Seeded) -> f64) -> f64 {
        let mut seeded = Seeded::of(7, 0, 0);
        let mut of = of;
        (0..100_000).map(|_| of(&mut seeded)).sum::<f64>() / 100_000.0
    }

    #[test]
    fn the_same_seed_gives_the_same_numbers_and_another_others() {
        let of = |seed, number| {
            let mut seeded = Seeded::of(seed, 3, number);
            [seeded.next(), seeded.next()]
        };
        assert_eq!(of(1, 1), of(1, 1));
        assert_ne!(of(1, 1), of(2, 1));
        assert_ne!(of(1, 1), of(1, 2));
    }

    #[test]
    fn distributions_have_their_means() {
        assert!((mean(|seeded| seeded.uniform(4.0)) - 2.0).abs() < 0.02);
        assert!((mean(|seeded| seeded.normal(3.0, 2.0)) - 3.0).abs() < 0.03);
        assert!((mean(|seeded| seeded.normal(0.0, 2.0).powi(2)) - 4.0).abs() < 0.1);
        assert!((mean(|seeded| f64::from(seeded.poisson(2.5))) - 2.5).abs() < 0.03);
        assert!((mean(|seeded| f64::from(u8::from(seeded.below(4) == 3))) - 0.25).abs() < 0.01);
    }
}
