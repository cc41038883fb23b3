//! One file per resource: its wire forms and its operations.

pub mod app;
pub mod balance;
pub mod collection_code;
pub mod complaints;
pub mod deliveries;
pub mod events;
pub mod payments;
pub mod refunds;
pub mod rides;
pub mod shares;
pub mod transfers;
pub mod webhook_endpoints;
