//! One file per resource: its wire forms and its operations.

pub mod payments;
