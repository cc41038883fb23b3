//! Everything that reads what somebody else wrote, fed with what nobody would write.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod actions;
mod json;
mod pages;
mod texts;
mod webhooks;

use std::time::Duration;

/// How long each target runs.
pub fn time() -> Duration {
    let seconds = std::env::var("FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(1))
}

/// Input of some length, which random bytes choose from an alphabet of words: nearer to real input than
/// the bytes themselves, and wrong in more interesting places.
pub fn spell(bytes: &[u8], words: &[&str]) -> String {
    bytes.iter().map(|byte| words[usize::from(*byte) % words.len()]).collect()
}
