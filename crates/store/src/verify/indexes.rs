//! Keys and lists: whether the indexes say what the records say.
//!
//! Sums over all entries are compared first, which needs no memory. Only if they differ is each entry looked
//! for: a store that grows meanwhile makes them differ, too, and so does a record that no longer names a key.
//! Such a key stays with its record for ever.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher, Hash},
};

use foldhash::quality::RandomState;
use tongbao_core::{Id, KeyDigest, Record};

use super::{Report, lanes::Lanes};
use crate::{
    limits::READ_ROWS_MAX,
    port::{Fault, Listing, Page, Query, Store, unexpected},
};

/// How many entries there are, and the sum of their hashes: equal for equal sets in any order. Hashes are
/// seeded anew for every count, so nobody can prepare entries that make up for each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    entries: u64,
    hashes: u64,
}

impl Sum {
    fn count(&mut self, seed: &RandomState, entry: impl Hash) {
        self.entries += 1;
        self.hashes = self.hashes.wrapping_add(seed.hash_one(entry));
    }
}

/// What records, or indexes, come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    keys: Sum,
    lists: Sum,
}

impl Sums {
    /// Counts what a record names.
    pub(super) fn count(&mut self, seed: &RandomState, id: Id, record: &Record) {
        for key in record.keys() {
            self.keys.count(seed, (key.digest(), id));
        }
        for list in record.lists() {
            self.lists.count(seed, (list.bytes(), id.uuid));
        }
    }

    /// Counts what the indexes hold.
    pub(super) fn of_indexes(store: &dyn Store, seed: &RandomState) -> Result<Sums, Fault> {
        let mut indexes = Sums::default();
        each_key(store, |digest, id| indexes.keys.count(seed, (*digest, id)))?;
        each_listing(store, |listing| indexes.lists.count(seed, *listing))?;
        Ok(indexes)
    }
}

impl std::ops::Add for Sum {
    type Output = Sum;

    fn add(self, other: Sum) -> Sum {
        let hashes = self.hashes.wrapping_add(other.hashes);
        Sum { entries: self.entries + other.entries, hashes }
    }
}

impl std::ops::Add for Sums {
    type Output = Sums;

    fn add(self, other: Sums) -> Sums {
        Sums { keys: self.keys + other.keys, lists: self.lists + other.lists }
    }
}

/// Finds what the sums only tell to be somewhere.
pub(super) fn look_for_each(store: &dyn Store, lanes: &Lanes, report: &mut Report) -> Result<(), Fault> {
    let mut keys: HashMap<KeyDigest, Id> = HashMap::new();
    let mut listings: HashSet<Listing> = HashSet::new();
    each_key(store, |digest, id| {
        keys.insert(*digest, id);
    })?;
    each_listing(store, |listing| {
        listings.insert(*listing);
    })?;
    let mut missing = Vec::new();
    let (mut after, mut more) = (None, true);
    while more {
        let lines = match store.read(Query::Stored(after, READ_ROWS_MAX))? {
            Page::Stored(lines) => lines,
            other => return Err(unexpected(&other)),
        };
        more = lines.len() == READ_ROWS_MAX as usize;
        after = lines.last().map(|last| last.id);
        for line in lines {
            // A stored form that cannot be read is a finding of its own.
            let Ok(record) = Record::decode(line.id.kind, &line.body) else { continue };
            for key in record.keys() {
                let digest = key.digest();
                if keys.get(&digest) == Some(&line.id) {
                    keys.remove(&digest);
                } else {
                    missing.push(format!("a key of {} does not lead to it", line.id));
                }
            }
            for list in record.lists() {
                if !listings.remove(&(list.bytes(), line.id.uuid)) {
                    missing.push(format!("{} is missing in a list", line.id));
                }
            }
        }
    }
    // What came meanwhile is in the records, which were read last, and not in the indexes.
    if !lanes.have_grown(store)? {
        for what in missing {
            report.find(|| what);
        }
    }
    for id in keys.values() {
        let named_once = store.records(Query::Record(*id))?.iter().any(|record| record.version() > 1);
        report.expect(named_once, || format!("a key leads to {id}, which never named it"));
    }
    for (_, uuid) in &listings {
        report.find(|| format!("a list has the member {uuid}, which does not name it"));
    }
    Ok(())
}

fn each_key(store: &dyn Store, mut each: impl FnMut(&KeyDigest, Id)) -> Result<(), Fault> {
    let (mut after, mut more) = (None, true);
    while more {
        let lines = match store.read(Query::Keys(after, READ_ROWS_MAX))? {
            Page::Keys(lines) => lines,
            other => return Err(unexpected(&other)),
        };
        more = lines.len() == READ_ROWS_MAX as usize;
        after = lines.last().map(|(digest, _)| *digest);
        for (digest, id) in &lines {
            each(digest, *id);
        }
    }
    Ok(())
}

fn each_listing(store: &dyn Store, mut each: impl FnMut(&Listing)) -> Result<(), Fault> {
    let (mut after, mut more) = (None, true);
    while more {
        let lines = match store.read(Query::Listings(after, READ_ROWS_MAX))? {
            Page::Listings(lines) => lines,
            other => return Err(unexpected(&other)),
        };
        more = lines.len() == READ_ROWS_MAX as usize;
        after = lines.last().copied();
        lines.iter().for_each(&mut each);
    }
    Ok(())
}
