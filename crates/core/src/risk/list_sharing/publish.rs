//! Telling members: entries that are shared become items of a delta, in the step that changes them.

use tongbao_risk::sharing::{Chain, Delta, Item, ItemState, SharedKind, Token};

use super::{ListDelta, ListLog};
use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop,
    risk::list::{EndEntry, Entity, EntityKind, ListEntry, ListedEntity, RiskList},
};

/// How sure we are of our own entries that name no figure, in per cent.
const CERTAIN: u8 = 100;

/// Puts a delta with these items to a change; nothing if there are none.
pub(in crate::risk) fn publish(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    items: Vec<Item>,
) -> Result<(), Stop> {
    if items.is_empty() {
        return Ok(());
    }
    let known = facts.find::<ListLog>(&Key::ListLog)?;
    let before = known.map_or(Chain::default(), |known| known.chain);
    let delta = Delta { number: before.number.saturating_add(1), at_ms: cx.at().ms(), items };
    let broken = |_| Refusal::Invalid { param: "delta", must: "the next of its chain" };
    let chain = before.followed_by(&delta).map_err(broken)?;
    change.put(ListDelta { id: cx.draw(), version: 1, delta, chain });
    change.put(match known {
        Some(known) => ListLog { version: known.version.saturating_add(1), chain, ..known.clone() },
        None => ListLog { id: cx.draw(), version: 1, chain },
    });
    Ok(())
}

/// The kind of value that an entity is to others; none if it means nothing to them.
pub(in crate::risk) const fn shared_kind(kind: EntityKind) -> Option<SharedKind> {
    match kind {
        EntityKind::Phone => Some(SharedKind::Phone),
        EntityKind::Card => Some(SharedKind::Card),
        EntityKind::Address => Some(SharedKind::Address),
        EntityKind::Payer | EntityKind::Device | EntityKind::Payee => None,
    }
}

/// An entry as members learn of it; none if it is not shared.
pub(in crate::risk) fn item(entity: &Entity, entry: &ListEntry, state: ItemState) -> Option<Item> {
    Some(Item {
        token: Token(entry.shared?),
        kind: shared_kind(entity.kind())?,
        number: entry.number,
        blocks: entry.list == RiskList::Block,
        category: entry.category.name().to_owned(),
        confidence: entry.confidence.unwrap_or(CERTAIN),
        evidence: entry.evidence.clone(),
        from_ms: entry.from.ms(),
        until_ms: entry.until.map(crate::Time::ms),
        state,
    })
}

/// Tells members that an entry is appealed, or that the appeal is over and it stands; who and why are kept by the
/// caller's change log. Refused for an entry that is not shared, or over.
pub fn appeal(
    facts: &dyn Facts,
    cx: &mut Context,
    asked: &EndEntry,
    is_open: bool,
) -> Result<ChangeSet, Stop> {
    let known = facts.find::<ListedEntity>(&asked.entity.key())?;
    let entry = known.and_then(|known| known.entries.iter().find(|entry| entry.number == asked.number));
    let entry = entry.filter(|entry| !entry.is_over(cx.at())).ok_or(Refusal::NotFound("list entry"))?;
    let state = if is_open { ItemState::Appealed } else { ItemState::Stands };
    let item = item(&asked.entity, entry, state);
    let item = item.ok_or(Refusal::Invalid { param: "entry", must: "one that is shared" })?;
    let mut change = ChangeSet::default();
    publish(facts, cx, &mut change, vec![item])?;
    Ok(change)
}
