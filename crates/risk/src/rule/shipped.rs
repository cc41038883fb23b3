//! The rules that come with the platform.
//!
//! They are a beginning: their limits are guesses until somebody has tried them on payments of their own, so those
//! that refuse or hold payments on a pattern alone are shipped as shadows.

use super::{
    schema::Schema,
    set::{Flaw, RuleSet, Source},
};

/// The files, with their names below `crates/risk/rules`.
pub const SHIPPED: [Source<'static>; 6] = [
    Source { name: "account.toml", text: include_str!("../../rules/account.toml") },
    Source { name: "cards.toml", text: include_str!("../../rules/cards.toml") },
    Source { name: "merchants.toml", text: include_str!("../../rules/merchants.toml") },
    Source { name: "minors.toml", text: include_str!("../../rules/minors.toml") },
    Source { name: "model.toml", text: include_str!("../../rules/model.toml") },
    Source { name: "transfers.toml", text: include_str!("../../rules/transfers.toml") },
];

/// Loads them. A flaw is a bug of this release, which its tests find.
pub fn shipped() -> Result<RuleSet, Vec<Flaw>> {
    let schema = Schema::standard()
        .map_err(|wrong| vec![Flaw { place: "standard slots".to_owned(), message: wrong.to_string() }])?;
    RuleSet::load(schema, &SHIPPED)
}
