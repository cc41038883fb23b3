//! The rule language from outside: what is read, refused and answered, and the rules that are shipped.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod actions;
mod document;
mod made_up;
mod properties;
mod records;
mod sets;
mod shipped;
mod walk;

use tongbao_risk::rule::{Declaration, Schema};

/// A schema with something of every kind, known and perhaps unknown.
fn schema() -> Schema {
    const SLOTS: [Declaration<'static>; 14] = [
        ["yes", "bool", "false", "a yes or no"],
        ["also", "bool?", "unknown", "one that may be unknown"],
        ["n", "int", "1", "a whole number"],
        ["m", "int?", "unknown", "one that may be unknown"],
        ["f", "float", "0.5", "a fraction"],
        ["g", "float?", "unknown", "one that may be unknown"],
        ["amount", "money", "yuan(10)", "an amount"],
        ["usual", "money?", "unknown", "one that may be unknown"],
        ["age", "duration", "10d", "a time span"],
        ["since", "duration?", "unknown", "one that may be unknown"],
        ["fruit", "fruits", "apple", "a value of an enumeration"],
        ["other", "fruits?", "unknown", "one that may be unknown"],
        ["count(payer, 1h)", "int", "0", "a counter"],
        ["count(payer, 1d)", "int", "0", "another"],
    ];
    Schema::new(&[("fruits", &["apple", "pear", "plum"])], &SLOTS).unwrap()
}
