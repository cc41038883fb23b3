//! Tests of the pages as readers and browsers meet them.

#![expect(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

mod cashier;
mod contrast;
mod money;
mod page;
mod pages;
mod samples;
mod sandbox;
mod transit;
mod utility;
