//! The core against tables, models and references that know only what the outside world did.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test that panics has done its work"
)]

mod apps;
mod books;
mod complaints;
mod create;
mod delivery;
mod edges;
mod idempotency;
mod ids;
mod orders;
mod payer;
mod payment_codes;
mod payment_model;
mod profit_sharing;
mod records;
mod samples;
mod sandbox;
mod shop;
mod templates;
mod transfer_batches;
mod transfers;
mod wechat_combine;
mod wechat_keys;
mod wechat_orders;
