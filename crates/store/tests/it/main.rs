//! The stores against one suite, against each other, and against disks that fail.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has done its work"
)]

mod by_hand;
mod conformance;
mod postgres;
mod power;
mod programs;
mod sending;
mod sqlite;
mod verifier;

use tongbao_store::model::ModelStore;

conformance::suite!(model, conformance::Fresh::new(ModelStore::default(), ()));
conformance::suite!(embedded, sqlite::fresh());
conformance::suite!(hasty, sqlite::hasty());
conformance::suite!(server, postgres::fresh());
