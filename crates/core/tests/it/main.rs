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
mod cards;
mod challenges;
mod closing;
mod complaints;
mod create;
mod delivery;
mod edges;
mod idempotency;
mod ids;
mod instance;
mod list_sharing;
mod notices;
mod orders;
mod passkeys;
mod payer;
mod payer_account;
mod payer_codes;
mod payer_identity;
mod payer_limits;
mod payment_codes;
mod payment_model;
mod profit_sharing;
mod records;
mod risk;
mod risk_lists;
mod samples;
mod sandbox;
mod sending;
mod shop;
mod shop_codes;
mod sign_in;
mod templates;
mod top_ups;
mod transfer_batches;
mod transfers;
mod transit;
mod transit_model;
mod utility;
mod wechat_combine;
mod wechat_keys;
mod wechat_orders;
mod withdrawals;
