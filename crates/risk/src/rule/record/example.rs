//! Payments that a rule must hit, or must not.
//!
//! **Invariant.** What an example does not name is as in an everyday payment, so it says only what matters.

use crate::rule::{Program, Row, Schema, program::Stack};

/// A payment, by what is not everyday about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// Spellings of slots, and their values as rules write them, or `unknown`.
    pub values: Vec<(String, String)>,
}

impl Example {
    /// The row of the example; errors name the value that is wrong.
    pub fn row(&self, schema: &Schema) -> Result<Row, String> {
        let mut row = schema.everyday();
        for (spelling, text) in &self.values {
            let slot = schema.slot(spelling).ok_or_else(|| format!("there is no slot `{spelling}`"))?;
            let optional = schema.get(slot.index).is_some_and(|slot| slot.optional);
            let value =
                schema.value(slot.kind, optional, text).map_err(|wrong| format!("{spelling}: {wrong}"))?;
            match value {
                Some(value) => row.set(slot, value),
                None => row.unset(slot),
            }
            .map_err(|wrong| format!("{spelling}: {wrong}"))?;
        }
        Ok(row)
    }

    /// Whether a program does with it what it must; errors say what it did instead.
    pub(in crate::rule) fn check(
        &self,
        program: &Program,
        schema: &Schema,
        must_hit: bool,
    ) -> Result<(), String> {
        let hit = program.holds(&self.row(schema)?, &mut Stack::default());
        match (must_hit, hit) {
            (true, true) | (false, false) => Ok(()),
            (true, false) => Err("it must be hit and is not".to_owned()),
            (false, true) => Err("it must not be hit and is".to_owned()),
        }
    }
}
