//! Fuzzing: inputs nobody thought of, for everything that parses or decides.
//!
//! ```text
//!   corpus ──▶ mutate ──▶ target: does something, and checks what must hold
//!     ▲          │
//!     └── kept when the target says that it came somewhere new
//! ```
//! A [`targets`] function takes bytes and panics when a law is broken; that is all that libFuzzer needs, too
//! (see `README.md`). [`driver`] runs it on the stable compiler, as ordinary tests.
//!
//! **Invariants.** Every target states laws; not to panic is only the least of them. A failing input is printed,
//! written to `target/fuzz`, and added to the corpus before the fault is repaired.
//!
//! **Absent on purpose:** coverage by instrumentation, which the stable compiler does not offer.

pub mod bytes;
pub mod driver;
mod mutate;
pub mod shop;
pub mod targets;
