//! As a member: deltas of a source are taken, values of our own are screened, and where both meet an entry stands.

use std::collections::{BTreeMap, BTreeSet};

use tongbao_risk::sharing::{Chain, Delta, Item, ItemState, Token};
use uuid::Uuid;

use super::{KnownItem, ListSource, ListToken};
use crate::{
    ChangeSet, Context, Facts, Key, Need, Refusal, Stop, Time, Want,
    limits::{LIST_ENTRIES_PER_ENTITY_MAX, LIST_EVIDENCE_CHARS_MAX},
    risk::list::{Category, Ended, Entity, ListedEntity, NewEntry, RiskList, Source, fresh},
};

/// Values of our own that were screened at a source.
#[derive(Clone, Debug, Default)]
pub struct Screened {
    /// Their tokens and whom or what they name.
    pub tokens: Vec<(Token, Entity)>,
    /// The newest payer among them.
    pub payers_until: Option<Uuid>,
    /// The newest card number among them.
    pub cards_until: Option<Uuid>,
}

/// Takes the next delta of a source. One that was taken changes nothing; one that does not follow is refused.
pub fn take_delta(facts: &dyn Facts, cx: &mut Context, name: &str, delta: &Delta) -> Result<ChangeSet, Stop> {
    let mut source = source(facts, cx, name)?;
    if delta.number <= source.chain.number {
        return Ok(ChangeSet::default());
    }
    let broken = |_| Refusal::Invalid { param: "delta", must: "the next of its chain" };
    source.chain = source.chain.followed_by(delta).map_err(broken)?;
    let wanted = delta.items.iter().map(|item| item.token);
    let mut taking = Taking::begin(facts, cx, source, wanted, &[])?;
    for item in &delta.items {
        taking.hear(item);
    }
    Ok(taking.end(cx))
}

/// Takes note of whom or what of ours tokens name.
pub fn screened(
    facts: &dyn Facts,
    cx: &mut Context,
    name: &str,
    found: &Screened,
) -> Result<ChangeSet, Stop> {
    let mut source = source(facts, cx, name)?;
    source.payers_until = found.payers_until.or(source.payers_until);
    source.cards_until = found.cards_until.or(source.cards_until);
    let wanted = found.tokens.iter().map(|(token, _)| *token);
    let mut taking = Taking::begin(facts, cx, source, wanted, &found.tokens)?;
    for (token, entity) in &found.tokens {
        taking.name(*token, *entity);
    }
    Ok(taking.end(cx))
}

/// Takes note that a source had nothing more.
pub fn pulled(facts: &dyn Facts, cx: &mut Context, name: &str) -> Result<ChangeSet, Stop> {
    let mut change = ChangeSet::default();
    let source = source(facts, cx, name)?;
    change.put(ListSource { pulled_at: Some(cx.at()), ..source });
    Ok(change)
}

/// The next version of what is known of a source.
fn source(facts: &dyn Facts, cx: &mut Context, name: &str) -> Result<ListSource, Stop> {
    let known = facts.find::<ListSource>(&Key::ListSource(name.to_owned()))?;
    Ok(match known {
        Some(known) => ListSource { version: known.version.saturating_add(1), ..known.clone() },
        None => ListSource {
            id: cx.draw(),
            version: 1,
            name: name.to_owned(),
            chain: Chain::default(),
            pulled_at: None,
            payers_until: None,
            cards_until: None,
            hits: BTreeMap::new(),
            not_taken: 0,
        },
    })
}

/// The records of a step, changed in memory until it ends.
struct Taking {
    source: ListSource,
    tokens: BTreeMap<Token, ListToken>,
    listed: BTreeMap<Entity, ListedEntity>,
    touched: BTreeSet<Token>,
    changed: BTreeSet<Entity>,
}

impl Taking {
    /// Loads the tokens, and the entities that they name or will name; asks for all of them at once.
    fn begin(
        facts: &dyn Facts,
        cx: &mut Context,
        source: ListSource,
        wanted: impl Iterator<Item = Token>,
        named: &[(Token, Entity)],
    ) -> Result<Taking, Stop> {
        let (mut missing, mut tokens) = (Vec::new(), BTreeMap::new());
        for token in wanted.collect::<BTreeSet<Token>>() {
            match facts.find::<ListToken>(&Key::ListToken(source.name.clone(), token.0)) {
                Ok(Some(known)) => tokens.insert(token, known.clone()),
                Ok(None) => tokens.insert(token, unknown(cx, &source.name, token)),
                Err(Need(want)) => {
                    missing.push(want);
                    None
                }
            };
        }
        let mut listed = BTreeMap::new();
        let entities =
            tokens.values().filter_map(|token| token.entity).chain(named.iter().map(|(_, entity)| *entity));
        for entity in entities.collect::<BTreeSet<Entity>>() {
            match facts.find::<ListedEntity>(&entity.key()) {
                Ok(Some(known)) => listed.insert(entity, known.clone()),
                Ok(None) => listed.insert(entity, fresh(cx, entity)),
                Err(Need(want)) => {
                    missing.push(want);
                    None
                }
            };
        }
        if !missing.is_empty() {
            return Err(Need(Want::All(missing)).into());
        }
        Ok(Taking { source, tokens, listed, touched: BTreeSet::new(), changed: BTreeSet::new() })
    }

    /// The source says something new of a token.
    fn hear(&mut self, item: &Item) {
        let Some(known) = self.tokens.get_mut(&item.token) else { return };
        self.touched.insert(item.token);
        if let Some(known) = known.items.iter_mut().find(|known| known.item.number == item.number) {
            known.item = item.clone();
            return;
        }
        let gone = |known: &KnownItem| known.entry.is_none() && known.item.state == ItemState::Revoked;
        if known.items.len() >= LIST_ENTRIES_PER_ENTITY_MAX {
            known.items.retain(|known| !gone(known));
        }
        if known.items.len() >= LIST_ENTRIES_PER_ENTITY_MAX {
            self.source.not_taken = self.source.not_taken.saturating_add(1);
            return;
        }
        known.items.push(KnownItem { item: item.clone(), entry: None });
    }

    /// A token names an entity of ours.
    fn name(&mut self, token: Token, entity: Entity) {
        let Some(known) = self.tokens.get_mut(&token) else { return };
        if known.entity != Some(entity) {
            known.entity = Some(entity);
            self.touched.insert(token);
        }
    }

    /// Lets entries stand and end as the items say.
    fn end(mut self, cx: &mut Context) -> ChangeSet {
        let at = cx.at();
        let mut change = ChangeSet::default();
        for token in std::mem::take(&mut self.touched) {
            let Some(mut known) = self.tokens.remove(&token) else { continue };
            if let Some(entity) = known.entity {
                for item in &mut known.items {
                    self.settle(entity, item, at);
                }
            }
            known.version = known.version.saturating_add(1);
            change.put(known);
        }
        for entity in &self.changed {
            let Some(listed) = self.listed.remove(entity) else { continue };
            change.put(ListedEntity { version: listed.version.saturating_add(1), ..listed });
        }
        change.put(self.source);
        change
    }

    fn settle(&mut self, entity: Entity, known: &mut KnownItem, at: Time) {
        let Some(listed) = self.listed.get_mut(&entity) else { return };
        let new = entry(&self.source.name, entity, &known.item);
        let is_over = new.until.is_some_and(|until| until <= at);
        // What is appealed does not count while it is looked at; what law says does.
        let stands = match known.item.state {
            ItemState::Stands => !is_over,
            ItemState::Appealed => !is_over && new.category.is_legal(),
            ItemState::Revoked => false,
        };
        match (stands, known.entry) {
            (true, None) => {
                let Ok(number) = listed.take(&new, at) else {
                    self.source.not_taken = self.source.not_taken.saturating_add(1);
                    return;
                };
                known.entry = Some(number);
                let hits = self.source.hits.entry(new.category.name().to_owned()).or_default();
                *hits = hits.saturating_add(1);
                self.changed.insert(entity);
            }
            (false, Some(number)) => {
                known.entry = None;
                let entry = listed.entries.iter_mut().find(|entry| entry.number == number);
                if let Some(entry) = entry.filter(|entry| !entry.is_over(at)) {
                    let reason = match known.item.state {
                        ItemState::Appealed => "appealed at its source",
                        ItemState::Stands | ItemState::Revoked => "taken back by its source",
                    };
                    let author = self.source.name.clone();
                    entry.ended = Some(Ended { at, author, reason: reason.to_owned() });
                    self.changed.insert(entity);
                }
            }
            (true, Some(_)) | (false, None) => {}
        }
    }
}

/// A token of which nothing is known; its version counts up when it is put.
fn unknown(cx: &mut Context, source: &str, token: Token) -> ListToken {
    ListToken { id: cx.draw(), version: 0, source: source.to_owned(), token, items: Vec::new(), entity: None }
}

/// The entry that an item is here. Categories that we do not know are other; trust is nobody's to give but ours.
fn entry(source: &str, entity: Entity, item: &Item) -> NewEntry {
    let category = Category::named(&item.category).filter(|category| *category != Category::Trusted);
    let category = category.unwrap_or(Category::Other);
    let clip = |text: &String| text.chars().take(LIST_EVIDENCE_CHARS_MAX).collect();
    NewEntry {
        entity,
        list: if item.blocks { RiskList::Block } else { RiskList::Watch },
        category,
        reason: format!("SHARED_{}", category.name().to_ascii_uppercase()),
        author: source.to_owned(),
        from: Some(Time::from_ms(item.from_ms)),
        until: item.until_ms.map(Time::from_ms),
        evidence: item.evidence.as_ref().map(clip),
        source: Source::Institution(source.to_owned()),
        confidence: Some(item.confidence.min(100)),
        share: None,
    }
}
