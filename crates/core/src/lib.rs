//! Every decision of the platform, as pure functions over facts.
//!
//! ```text
//!   facts ──▶ decide ──▶ ChangeSet   applied whole, or
//!                   └──▶ Refusal     nothing changes, or
//!                   └──▶ Need        more facts, then asked again
//! ```
//!
//! **Invariants.** The same facts and the same input give the same answer. A change set is applied
//! whole or not at all. Money moves only through postings, each with a debit, a credit, one amount
//! and a reason.
//!
//! **Absent on purpose:** I/O, clocks, randomness, threads, SQL and HTTP. Time and fresh ids arrive
//! in a [`Context`].

pub mod api_key;
pub mod bank;
pub mod card;
pub mod change;
pub mod collection;
pub mod complaint;
pub mod context;
pub mod data_keys;
pub mod delivery;
pub mod endpoint;
pub mod event;
pub mod facts;
pub mod id;
pub mod idempotency;
pub mod instance;
pub mod key;
pub mod ledger;
pub mod limits;
pub mod list;
pub mod merchant;
pub mod message;
pub mod notice;
pub mod payer;
pub mod payment;
pub mod payment_code;
pub mod profit_sharing;
pub mod record;
pub mod refund;
pub mod refusal;
pub mod risk;
pub mod sandbox;
pub mod time;
pub mod top_up;
pub mod transfer;
pub mod transit;
pub mod utility;
pub mod wechat;
pub mod withdrawal;

pub use change::{Actor, Cause, ChangeSet, Task, TaskKey, Work};
pub use context::Context;
pub use facts::{Facts, Lookup, Need, Stop, Want};
pub use id::Id;
pub use key::{Key, KeyDigest};
pub use list::List;
pub use record::Record;
pub use refusal::Refusal;
pub use time::Time;
