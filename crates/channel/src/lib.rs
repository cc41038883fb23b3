//! The dialects of payment channels, without sockets: what to say, and what an answer means.
//!
//! **Absent on purpose:** connections, time and storage. A channel's word becomes a fact for the core;
//! no answer at all becomes "unknown", never a failure.

pub mod bank;
pub mod biller;
pub mod sandbox_bank;
pub mod sandbox_billers;
pub mod sandbox_identity;
pub mod wechat;
