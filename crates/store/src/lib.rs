//! The Store port, and what implements it.
//!
//! ```text
//!   step ──▶ look up ──▶ decide (pure) ──▶ apply ──▶ one durable commit, shared by many ──▶ answer
//! ```
//!
//! **Invariants.** An answer to [`Store::step`] is given only after the commit it depends on is
//! durable. A change set is applied whole or not at all. Postings and the change log are only
//! appended to; each change's digest covers the one before.
//!
//! **Absent on purpose:** any other way to write, and any business rule.

mod cache;
pub mod lane;
pub mod limits;
mod log;
pub mod model;
mod port;
pub mod postgres;
mod rows;
pub mod sqlite;
pub mod verify;
mod working;

pub use log::{ChangeLine, Digest, Touched};
pub use port::{
    AccountLine, Answer, Backlog, Committed, Decide, Entry, Fault, Listing, Outcome, Page, PostingLine,
    Query, RecordLine, Reply, Step, Store, TrialLine,
};
