//! Two kinds of counters, never mixed.
//!
//! [`Exact`] counters are whole numbers in buckets of calendar time: what limits and rules are measured by, because
//! a person must be able to check them by hand. Decayed counters ([`decay`]) are one number each that fades: what
//! the model is given, because they cost four bytes and no work while nothing happens.
//!
//! **Invariants.** Adding and reading take a bounded number of steps, whatever time has passed.
//!
//! **Absent on purpose:** keys and storage; whoever counts for an entity keeps its counters.

mod crowd;
mod decayed;
mod exact;
mod recent;

pub use crowd::{CROWD_MAX, Crowd};
pub use decayed::{Moments, decay, elapsed_s};
pub use exact::{Exact, SHANGHAI_OFFSET_S, Sum};
pub use recent::{Met, RECENT_MAX, Recent};
