//! The rule language: what people who know fraud write down, and what becomes of it.
//!
//! `when amount > yuan(5000) and count(payer, 1h) >= 3 and first_time(payer, payee) then review reason
//! NEW_PAYEE_BURST`. A [`Schema`] says which slots rules can speak of, a [`Row`] holds their values for one payment;
//! [`compile()`] makes a program of a rule; [`RuleSet`] is what an operator manages: rules with their owners, modes,
//! examples and the texts of their reasons. `docs/risk-rules.md` shows every construct and every diagnostic.
//!
//! **Invariants.** Every text is answered within bounds, by a program or by diagnostics that say what to write. Every
//! program ends, allocates nothing and has an answer for every row. A rule is in a set only with examples that it
//! must hit and must not, all of them tried.
//!
//! **Absent on purpose:** loops, user functions, texts, and state: what is counted over time is counted outside and
//! comes in a slot.

mod action;
mod compile;
mod diagnostic;
mod kind;
pub mod language;
mod names;
mod nearest;
mod program;
mod reason;
mod record;
mod row;
mod schema;
mod set;
mod shipped;

pub use action::{Action, Proof, combine};
pub use compile::{COST_MAX, Compiled, DIAGNOSTICS_MAX, compile};
pub use diagnostic::{Code, Diagnostic};
pub use kind::{Choice, EnumerationId, Kind, Value};
pub use program::Program;
pub use reason::{Reason, Text};
pub use record::{Example, Mode, RuleRecord, Snooze};
pub use row::{Row, WrongValue};
pub use schema::{CHOICES_MAX, Declaration, Enumeration, SLOTS_MAX, Schema, Slot, SlotId, WrongDeclaration};
pub use set::{Flaw, Hit, LoadedRule, NotJudged, Occasion, RULES_MAX, RuleSet, Source};
pub use shipped::{SHIPPED, shipped};
