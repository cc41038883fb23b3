//! How entities stand on the lists at an instant.

use super::{Category, Entity, EntityKind, ListEntry, ListedEntity, RiskList, Source};
use crate::{Facts, Need, Stop, Time, Want, id::ListedEntityId};

/// An entry that counts for a decision: what a reviewer is shown, and what is kept with the decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The record of the entity.
    pub listed: ListedEntityId,
    /// Which kind of entity it is.
    pub kind: EntityKind,
    /// The entry's number.
    pub number: u32,
    /// What it is about.
    pub category: Category,
    /// The code of the reason.
    pub reason: String,
    /// Who says so.
    pub source: Source,
    /// How sure that is, in per cent; without a figure it is certain.
    pub confidence: Option<u8>,
    /// Until when it counts.
    pub until: Option<Time>,
}

/// The strongest entry of each list about some entities.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Blocked, and nobody may lift that for one payment: sanction, court, confirmed mule.
    pub block_final: Option<Mark>,
    /// Blocked.
    pub block: Option<Mark>,
    /// Watched.
    pub watch: Option<Mark>,
    /// Allowed: spared score and rules, unless it is blocked.
    pub allow: Option<Mark>,
}

/// What [`standing`] will ask for, for a step that loads all it needs at once.
pub fn wants(entities: &[Entity]) -> Vec<Want> {
    entities.iter().map(|entity| Want::Key(entity.key())).collect()
}

/// How these entities stand at this instant. Of several entries that count the strongest is given: own before foreign,
/// then the gravest category, the surest, the one that lasts longest, and the oldest; of equal ones that of the entity
/// that is named first. What is not loaded is asked for all at once.
pub fn standing(facts: &dyn Facts, entities: &[Entity], at: Time) -> Result<Standing, Stop> {
    let mut found = Standing::default();
    let mut missing = Vec::new();
    for entity in entities {
        match facts.find::<ListedEntity>(&entity.key()) {
            Ok(Some(listed)) => found.take_all(listed, at),
            Ok(None) => {}
            Err(Need(want)) => missing.push(want),
        }
    }
    if missing.is_empty() { Ok(found) } else { Err(Need(Want::All(missing)).into()) }
}

impl Standing {
    /// Whether no list says anything.
    pub fn is_clear(&self) -> bool {
        *self == Standing::default()
    }

    fn take_all(&mut self, listed: &ListedEntity, at: Time) {
        for entry in listed.entries.iter().filter(|entry| entry.is_live(at)) {
            let Some(list) = entry.effect() else { continue };
            let place = match list {
                RiskList::Block if entry.category.is_final() => &mut self.block_final,
                RiskList::Block => &mut self.block,
                RiskList::Watch => &mut self.watch,
                RiskList::Allow => &mut self.allow,
            };
            let mark = Mark::of(listed, entry);
            if place.as_ref().is_none_or(|known| mark.rank() < known.rank()) {
                *place = Some(mark);
            }
        }
    }
}

impl Mark {
    fn of(listed: &ListedEntity, entry: &ListEntry) -> Mark {
        Mark {
            listed: listed.id,
            kind: listed.entity.kind(),
            number: entry.number,
            category: entry.category,
            reason: entry.reason.clone(),
            source: entry.source.clone(),
            confidence: entry.confidence,
            until: entry.until,
        }
    }

    /// The lower, the stronger. An entry without an end outlasts all, and so it comes first.
    fn rank(&self) -> impl Ord {
        (
            self.source != Source::Own,
            self.category,
            std::cmp::Reverse(self.confidence.unwrap_or(100)),
            std::cmp::Reverse(self.until.map_or(i64::MAX, Time::ms)),
            self.number,
        )
    }
}
