//! Data keys (数据密钥): what fields are sealed with, themselves sealed with a key of the master key.
//!
//! ```text
//!   number 1: derived from the master key ── rotate ──▶ number 2 ── every text that an older key sealed is sealed anew
//! ```
//!
//! **Invariants.** Numbers follow by one and are never used again. A key stays, so that a text which was sealed with it
//! and is found later, in a backup or in a browser, can still be opened. Texts are replaced by what says the same: the
//! shell opens and seals, and here a text takes the place of another.
//!
//! **Absent on purpose:** which fields are sealed. Every text of every record is a candidate, so no kind of record can
//! be forgotten; what is no sealed text of ours cannot be opened and stays.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ChangeSet, Context, Facts, Id, Key, Record, Refusal, Stop, Time, id::DataKeysId};

/// The number of the key that is derived from the master key.
pub const FIRST_KEY: u32 = 1;

/// Shorter texts were never sealed: a nonce, a tag and one byte are 29 bytes, 39 characters in base64.
pub const SEALED_CHARS_MIN: usize = 39;

/// A data key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrappedKey {
    /// Its number, 2 or more.
    pub number: u32,
    /// The key, sealed by the shell.
    pub wrapped: String,
    /// When it was made.
    pub created_at: Time,
}

/// All data keys but the first.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataKeys {
    /// Its id.
    pub id: DataKeysId,
    /// How often it changed.
    pub version: u32,
    /// The keys, oldest first; the last one seals.
    pub keys: Vec<WrappedKey>,
}

impl std::fmt::Debug for DataKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DataKeys({}, {} keys, version {})", self.id, self.keys.len(), self.version)
    }
}

impl DataKeys {
    /// The number of the key that seals.
    pub fn newest(&self) -> u32 {
        self.keys.last().map_or(FIRST_KEY, |key| key.number)
    }
}

/// Adds a key, which seals from now on. Refused if another process has added one of this number.
pub fn add(facts: &dyn Facts, cx: &mut Context, number: u32, wrapped: &str) -> Result<ChangeSet, Stop> {
    let known = facts.find::<DataKeys>(&Key::DataKeys)?;
    let newest = known.map_or(FIRST_KEY, DataKeys::newest);
    if number != newest.saturating_add(1) {
        return Err(Refusal::Invalid { param: "number", must: "one more than that of the newest key" }.into());
    }
    let key = WrappedKey { number, wrapped: wrapped.to_owned(), created_at: cx.at() };
    let mut change = ChangeSet::default();
    change.put(match known {
        Some(known) => DataKeys {
            version: known.version.saturating_add(1),
            keys: known.keys.iter().cloned().chain([key]).collect(),
            ..known.clone()
        },
        None => DataKeys { id: cx.draw(), version: 1, keys: vec![key] },
    });
    Ok(change)
}

/// Puts texts in the place of others that say the same, in these records; counts the records that changed. A text that
/// is not there any more was replaced meanwhile.
pub fn reseal(
    facts: &dyn Facts,
    ids: &[Id],
    fresh: &BTreeMap<String, String>,
) -> Result<(ChangeSet, u64), Stop> {
    let mut change = ChangeSet::default();
    for id in ids {
        if let Some(next) = facts.record(*id)?.and_then(|record| with_texts(record, fresh)) {
            change.records.push(next);
        }
    }
    let count = u64::try_from(change.records.len()).unwrap_or(u64::MAX);
    Ok((change, count))
}

/// The texts of a record that may have been sealed.
pub fn candidates(record: &Record) -> Vec<String> {
    // Keys are wrapped, not sealed with each other.
    if let Record::DataKeys(_) = record {
        return Vec::new();
    }
    let mut texts = Vec::new();
    if let Ok(value) = record.to_json() {
        collect(&value, &mut texts);
    }
    texts
}

fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) if text.len() >= SEALED_CHARS_MIN => texts.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(fields) => fields.values().for_each(|field| collect(field, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The next version of a record with other texts in the place of some; none if none of them stands in it.
pub fn with_texts(record: &Record, fresh: &BTreeMap<String, String>) -> Option<Record> {
    let mut value = record.to_json().ok()?;
    if replace(&mut value, fresh) == 0 {
        return None;
    }
    *value.get_mut("version")? = record.version().saturating_add(1).into();
    Record::from_json(record.id().kind, value).ok()
}

/// How many texts were replaced.
fn replace(value: &mut Value, fresh: &BTreeMap<String, String>) -> usize {
    match value {
        Value::String(text) => match fresh.get(text) {
            Some(other) => {
                text.clone_from(other);
                1
            }
            None => 0,
        },
        Value::Array(items) => items.iter_mut().map(|item| replace(item, fresh)).sum(),
        Value::Object(fields) => fields.values_mut().map(|field| replace(field, fresh)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}
