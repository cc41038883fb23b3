//! The steps of lists: entries are added, one by one or many at once, and ended.

use std::collections::BTreeMap;

use tongbao_risk::sharing::{Item, ItemState};

use super::{Category, Ended, Entity, ListEntry, ListedEntity, RiskList, Source};
use crate::{
    ChangeSet, Context, Facts, Need, Refusal, Stop, Time, Want,
    limits::{
        LIST_AUTHOR_CHARS_MAX, LIST_ENTRIES_PER_ENTITY_MAX, LIST_EVIDENCE_CHARS_MAX,
        LIST_REASON_CODE_CHARS_MAX, REASON_CHARS_MAX,
    },
    risk::list_sharing::{item, publish, shared_kind},
};

/// An entry that is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// About whom or what.
    pub entity: Entity,
    /// On which list.
    pub list: RiskList,
    /// What it is about.
    pub category: Category,
    /// The code of the reason: capital letters, digits and underscores.
    pub reason: String,
    /// Who writes it.
    pub author: String,
    /// The first instant at which it counts; now, unless given.
    pub from: Option<Time>,
    /// The first instant at which it counts no more.
    pub until: Option<Time>,
    /// Where the evidence is found.
    pub evidence: Option<String>,
    /// Who says so.
    pub source: Source,
    /// How sure that is, in per cent.
    pub confidence: Option<u8>,
    /// The token by which members of the sharing are to learn of it.
    pub share: Option<[u8; 32]>,
}

/// What became of an entry that was to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It stands under this number.
    New(u32),
    /// One that says the same stood already, under this number; nothing has changed.
    Known(u32),
}

/// Which entry is to be ended, by whom and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndEntry {
    /// Whose entry.
    pub entity: Entity,
    /// Its number.
    pub number: u32,
    /// Who ends it.
    pub author: String,
    /// Why.
    pub reason: String,
}

/// Adds an entry. One that says the same and is not over is left as it is.
pub fn add(facts: &dyn Facts, cx: &mut Context, new: &NewEntry) -> Result<(ChangeSet, Added), Stop> {
    let known = facts.find::<ListedEntity>(&new.entity.key())?;
    let mut listed = known.map_or_else(|| fresh(cx, new.entity), ListedEntity::clone);
    let at = cx.at();
    let mut change = ChangeSet::default();
    let same = listed.entries.iter().find(|entry| !entry.is_over(at) && new.is_said_by(entry));
    if let Some(same) = same {
        return Ok((change, Added::Known(same.number)));
    }
    let number = listed.take(new, at)?;
    listed.version = known.map_or(1, |known| known.version.saturating_add(1));
    let shared: Vec<Item> = listed.shared(number).into_iter().collect();
    change.put(listed);
    publish(facts, cx, &mut change, shared)?;
    Ok((change, Added::New(number)))
}

/// Adds many entries, for imports; answers for each, in their order. One that says the same as an entry which is there,
/// whether over or not, changes nothing: who imports a file again neither doubles an entry nor revives one that was
/// ended. An entry that is refused does not keep others out.
pub fn add_all(
    facts: &dyn Facts,
    cx: &mut Context,
    all: &[NewEntry],
) -> Result<(ChangeSet, Vec<Result<Added, Refusal>>), Stop> {
    let at = cx.at();
    let mut missing = Vec::new();
    let mut touched: BTreeMap<Entity, (ListedEntity, bool)> = BTreeMap::new();
    for new in all {
        match facts.find::<ListedEntity>(&new.entity.key()) {
            Ok(Some(known)) => {
                touched.entry(new.entity).or_insert_with(|| (known.clone(), false));
            }
            Ok(None) => {
                touched.entry(new.entity).or_insert_with(|| (fresh(cx, new.entity), false));
            }
            Err(Need(want)) => missing.push(want),
        }
    }
    if !missing.is_empty() {
        return Err(Need(Want::All(missing)).into());
    }
    let (mut answers, mut shared) = (Vec::with_capacity(all.len()), Vec::new());
    for new in all {
        let Some((listed, is_changed)) = touched.get_mut(&new.entity) else { continue };
        answers.push(match listed.entries.iter().find(|entry| new.is_said_by(entry)) {
            Some(same) => Ok(Added::Known(same.number)),
            None => listed.take(new, at).map(|number| {
                *is_changed = true;
                shared.extend(listed.shared(number));
                Added::New(number)
            }),
        });
    }
    let mut change = ChangeSet::default();
    for (listed, _) in touched.into_values().filter(|(_, is_changed)| *is_changed) {
        let version = listed.version.saturating_add(1);
        change.put(ListedEntity { version, ..listed });
    }
    publish(facts, cx, &mut change, shared)?;
    Ok((change, answers))
}

/// Ends an entry. One that is over stays as it is.
pub fn end(facts: &dyn Facts, cx: &mut Context, asked: &EndEntry) -> Result<ChangeSet, Stop> {
    is_author(&asked.author)?;
    let reason = asked.reason.trim();
    if reason.is_empty() || reason.chars().count() > REASON_CHARS_MAX {
        return Err(Refusal::Invalid { param: "reason", must: "1 to 256 characters" }.into());
    }
    let known = facts.find::<ListedEntity>(&asked.entity.key())?.ok_or(Refusal::NotFound("list entry"))?;
    let mut listed = ListedEntity { version: known.version.saturating_add(1), ..known.clone() };
    let entry = listed.entries.iter_mut().find(|entry| entry.number == asked.number);
    let entry = entry.ok_or(Refusal::NotFound("list entry"))?;
    let mut change = ChangeSet::default();
    if !entry.is_over(cx.at()) {
        let (author, reason) = (asked.author.clone(), reason.to_owned());
        entry.ended = Some(Ended { at: cx.at(), author, reason });
        let gone: Vec<Item> = item(&asked.entity, entry, ItemState::Revoked).into_iter().collect();
        change.put(listed);
        publish(facts, cx, &mut change, gone)?;
    }
    Ok(change)
}

/// An entity without entries, to be put as version 1; its version counts up when it is.
pub(in crate::risk) fn fresh(cx: &mut Context, entity: Entity) -> ListedEntity {
    let (id, created_at) = (cx.draw(), cx.at());
    ListedEntity { id, version: 0, entity, next_number: 1, entries: Vec::new(), created_at }
}

impl NewEntry {
    /// Whether the entry says the same.
    fn is_said_by(&self, entry: &ListEntry) -> bool {
        self.list == entry.list
            && self.category == entry.category
            && self.reason == entry.reason
            && self.until == entry.until
            && self.evidence == entry.evidence
            && self.source == entry.source
            && self.from.is_none_or(|from| from == entry.from)
    }

    /// Refuses what is out of range.
    fn is_in_range(&self, at: Time) -> Result<(), Refusal> {
        let must =
            |holds: bool, param, must| if holds { Ok(()) } else { Err(Refusal::Invalid { param, must }) };
        let is_code = self.reason.starts_with(|first: char| first.is_ascii_uppercase())
            && self.reason.len() <= LIST_REASON_CODE_CHARS_MAX
            && self
                .reason
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
        must(is_code, "reason", "a code of at most 40 capital letters, digits and underscores")?;
        is_author(&self.author)?;
        let evidence = self.evidence.as_ref().map_or(0, |evidence| evidence.chars().count());
        must(evidence <= LIST_EVIDENCE_CHARS_MAX, "evidence", "at most 128 characters")?;
        must(self.confidence.is_none_or(|sure| sure <= 100), "confidence", "at most 100 per cent")?;
        must(self.until.is_none_or(|until| until > at), "until", "later than now")?;
        let ends_later = self.until.is_none_or(|until| self.from.is_none_or(|from| from < until));
        must(ends_later, "until", "later than `from`")?;
        let is_trust = self.category == Category::Trusted;
        must(
            is_trust == (self.list == RiskList::Allow),
            "category",
            "trusted on the list allow, and only there",
        )?;
        let lasts_for_ever = self.list == RiskList::Allow && self.until.is_none();
        must(!lasts_for_ever, "until", "given for an entry that allows")?;
        let is_known_to_others = shared_kind(self.entity.kind()).is_some() && self.list != RiskList::Allow;
        must(
            self.share.is_none() || is_known_to_others,
            "share",
            "asked for a block or watch of a phone, card or address",
        )?;
        let is_foreign = self.source != Source::Own;
        must(!(is_foreign && self.list == RiskList::Allow), "list", "block or watch from another institution")
    }
}

fn is_author(author: &str) -> Result<(), Refusal> {
    let is_name = !author.trim().is_empty() && author.chars().count() <= LIST_AUTHOR_CHARS_MAX;
    if is_name { Ok(()) } else { Err(Refusal::Invalid { param: "author", must: "1 to 64 characters" }) }
}

impl ListedEntity {
    /// An entry as members learn of it, if it is shared.
    fn shared(&self, number: u32) -> Option<Item> {
        let entry = self.entries.iter().find(|entry| entry.number == number)?;
        item(&self.entity, entry, ItemState::Stands)
    }

    /// Takes an entry in, under its number.
    pub(in crate::risk) fn take(&mut self, new: &NewEntry, at: Time) -> Result<u32, Refusal> {
        new.is_in_range(at)?;
        if self.entries.len() >= LIST_ENTRIES_PER_ENTITY_MAX {
            let over = self.entries.iter().position(|entry| entry.is_over(at));
            let full =
                Refusal::Invalid { param: "entity", must: "one with less than 32 entries that are not over" };
            self.entries.remove(over.ok_or(full)?);
        }
        let number = self.next_number;
        self.next_number = number.saturating_add(1);
        self.entries.push(ListEntry {
            number,
            list: new.list,
            category: new.category,
            reason: new.reason.clone(),
            author: new.author.clone(),
            from: new.from.unwrap_or(at),
            until: new.until,
            evidence: new.evidence.clone(),
            source: new.source.clone(),
            confidence: new.confidence,
            added_at: at,
            shared: new.share,
            ended: None,
        });
        Ok(number)
    }
}
