//! The HTTP side of Tongbao: the listener, and what every API on it shares.

pub mod caller;
pub mod cursor;
pub mod empty;
pub mod errors;
pub mod event_body;
pub mod idempotent;
pub mod json;
pub mod list;
pub mod list_sharing;
pub mod listener;
pub mod openapi;
pub mod payer;
pub mod problem;
pub mod rate;
pub mod refusal;
pub mod resources;
pub mod sandbox;
mod state;
pub mod wechat;
pub mod wire;

pub use state::Api;
