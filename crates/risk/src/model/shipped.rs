//! The model that the program brings along: trained on payments that were made up, for whoever has no labels yet.
//!
//! `tongbao risk train --out crates/risk/models/default.json` makes it again, byte for byte.

use super::{Model, Unreadable};

/// Its file.
const JSON: &str = include_str!("../../models/default.json");

/// The model that the program brings along. An error means that features have changed since it was trained.
pub fn shipped() -> Result<Model, Unreadable> {
    Model::from_json(JSON)
}
