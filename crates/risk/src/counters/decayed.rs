//! Counters that fade: `c ← c·exp(−Δt/τ) + 1`.
//!
//! Exponentials come from the `libm` crate and not from the system, so that a state is the same on every machine.

use serde::{Deserialize, Serialize};

/// What is left of one after `elapsed_s` seconds, with the time constant `tau_s` in seconds: `exp(−elapsed/tau)`,
/// between 0 and 1.
#[must_use]
pub fn decay(elapsed_s: f32, tau_s: f32) -> f32 {
    libm::expf(-elapsed_s / tau_s)
}

/// Seconds from `since_s` to `now_s`, both in seconds since 1970; 0 if that is not later. Recorded times never go
/// back, so nothing is lost by that.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    reason = "half a second in a year does not matter to what fades in days"
)]
pub fn elapsed_s(since_s: u32, now_s: u32) -> f32 {
    now_s.saturating_sub(since_s) as f32
}

/// A running mean and variance that fade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    /// The sum of the weights of what was added, each faded.
    pub weight: f32,
    /// The mean, in the unit of what is added.
    pub mean: f32,
    /// The variance, in the square of that unit.
    pub variance: f32,
}

impl Moments {
    /// Lets what was added fade by `factor` (from [`decay`]), and adds `value` with weight 1.
    pub fn add(&mut self, factor: f32, value: f32) {
        self.weight = self.weight * factor + 1.0;
        let step = value - self.mean;
        let share = 1.0 / self.weight;
        self.mean += share * step;
        self.variance = (1.0 - share) * (self.variance + share * step * step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_falls_to_a_third_and_a_bit_in_one_time_constant() {
        assert_eq!(decay(0.0, 60.0).to_bits(), 1.0_f32.to_bits());
        assert!((decay(60.0, 60.0) - 0.367_879).abs() < 1e-6);
        assert!(decay(1e9, 60.0) < 1e-30);
        assert_eq!(elapsed_s(10, 70).to_bits(), 60.0_f32.to_bits());
        assert_eq!(elapsed_s(70, 10).to_bits(), 0.0_f32.to_bits());
    }

    #[test]
    fn without_fading_mean_and_variance_are_the_usual_ones() {
        let mut moments = Moments::default();
        for value in [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0] {
            moments.add(1.0, value);
        }
        assert!((moments.mean - 5.0).abs() < 1e-5);
        assert!((moments.variance - 4.0).abs() < 1e-5);
        assert!((moments.weight - 8.0).abs() < 1e-5);
    }
}
