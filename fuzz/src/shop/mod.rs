//! A small shop for programs made of bytes: one merchant, two payers, and whatever a program does with them.
//!
//! [`world`] turns bytes into an input about things that exist, [`input`] takes it as a step of a store, and
//! [`laws`] says what must hold afterwards.

pub mod input;
pub mod laws;
pub mod world;

pub use input::{Action, Answered};
pub use world::World;
