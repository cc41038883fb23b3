//! Fuzz targets live in `tests/targets`: each is an ordinary test that bolero feeds with random input for
//! `FUZZ_SECONDS` (one second unless given). `cargo bolero test` puts libFuzzer under the same targets.
//!
//! **Absent on purpose:** code; there is nothing here to depend on.
