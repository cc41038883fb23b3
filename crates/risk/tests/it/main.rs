//! Tests of the crate from outside, as one binary.

mod counters;
mod features;
mod generator;
mod model;
mod rule;
