//! The text of a rule: its tokens, its syntax, and the one way to write it down.
//!
//! **Invariants.** Reading ends for every text: a text, its nesting and its parts are bounded. What is printed is
//! read as what it was printed from.
//!
//! **Absent on purpose:** kinds and names. What they mean is the business of [`super::compile`].

pub(super) mod lexer;
pub(super) mod parser;
mod print;
pub mod syntax;

pub use parser::{DEPTH_MAX, LIST_MAX, PARTS_MAX, REASON_CHARS_MAX, TEXT_BYTES_MAX, parse, parse_expression};
