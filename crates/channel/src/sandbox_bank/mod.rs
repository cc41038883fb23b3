//! The bank of the sandbox.
//!
//! It keeps nothing: what is asked carries what the answer depends on, so the same question has the same answer before
//! and after a crash. That is what a real channel promises with its idempotency key. An attempt without a card carries
//! what the sandbox was told to do with it ([`attempt`]); with one, the card decides ([`card`]).

pub mod attempt;
pub mod card;

pub use self::attempt::{query, refund, submit};

/// What the bank calls the movement of money with this id.
fn reference(id: impl std::fmt::Display) -> String {
    format!("sandbox-bank/{id}")
}
