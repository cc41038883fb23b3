//! What a risk decision is made of: exact counters, features, a model that scores them, and rules.
//!
//! **Invariants.** Everything here is a pure function of its arguments: the same events in the same order give the
//! same state, the same features and the same score, bit for bit, whether a payment is being decided, a rule is
//! tested on the past, or a model is trained. A label is never used before it arrived.
//!
//! **Absent on purpose:** I/O, clocks, chance other than by a seed, threads, and what is done about a score.

pub mod aml;
pub mod choices;
pub mod counters;
pub mod evaluation;
pub mod features;
pub mod generator;
pub mod judge;
pub mod model;
pub mod profile;
pub mod rule;
mod seeded;
pub mod sharing;
