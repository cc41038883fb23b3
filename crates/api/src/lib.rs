//! The HTTP side of Tongbao: the listener, and what every API on it shares.

pub mod caller;
pub mod cursor;
pub mod errors;
pub mod idempotent;
pub mod json;
pub mod list;
pub mod listener;
pub mod openapi;
pub mod problem;
pub mod rate;
pub mod refusal;
pub mod resources;
mod state;
pub mod wire;

pub use state::Api;
