//! How good scores are: figures, and the protocol of a published benchmark.
//!
//! **Absent on purpose:** files and pictures.

mod metrics;
mod protocol;

pub use metrics::{Caught, Scored, area_under_curve, average_precision, caught_at};
pub use protocol::{DAYS_AFTER, Figures, Sample, Split, card_precision, figures, split};
