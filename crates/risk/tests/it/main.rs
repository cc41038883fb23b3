//! Tests of the crate from outside, as one binary.

mod aml;
mod counters;
mod features;
mod generator;
mod judge;
mod model;
mod rule;
mod sharing;
