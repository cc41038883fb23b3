//! The ledger: accounts, postings, and the templates that alone may write postings.

mod account;
mod posting;
pub mod template;

pub use account::{Account, AccountKey, AccountState, Channel, NotAnAccount, Purpose};
pub use posting::{Posting, Reason};
