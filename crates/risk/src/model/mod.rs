//! Gradient-boosted trees: training, scoring, contributions, calibration, and their file.
//!
//! A score is whole millionths of log-odds. So it is the same on every machine, trees may be added in any order, and
//! the contributions of the features add up to it exactly.
//!
//! **Invariants.** The same rows, settings and seed give the same model, byte for byte. A model is used with the
//! features it was trained with, or not at all.
//!
//! **Absent on purpose:** which score is too much; missing values (a feature is always a number).

mod bins;
mod calibration;
mod file;
mod grow;
mod shipped;
mod train;
mod tree;

pub use calibration::Calibration;
pub use file::Unreadable;
pub use shipped::shipped;
pub use train::{Settings, Untrainable, train};
pub use tree::Model;

/// Millionths in one: the unit of scores.
pub const MICRO: f64 = 1e6;

/// A number of log-odds in millionths; what does not fit becomes the nearest that does.
#[expect(clippy::cast_possible_truncation, reason = "`as` takes the nearest number that fits, as wanted")]
fn micro(log_odds: f64) -> i32 {
    libm::round(log_odds * MICRO) as i32
}

/// The probability of log-odds.
fn probability(log_odds: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-log_odds))
}
