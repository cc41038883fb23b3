//! Index entries and balances that are written behind the commit.
//!
//! Entries of indexes (keys, lists) and balances land all over their tables: written with each commit
//! they would make it copy a page for every forty bytes. So a commit writes them as one row of the
//! `tail` table, and keeps them in memory. When a generation of them is full it is merged into the
//! tables in the order of the tables, a slice per commit, so that neighbours share a page; then its rows
//! of the tail are deleted. After a crash the tail is read again.
//!
//! ```text
//!   commit ──▶ tail row + young ──(full)──▶ old ──(slices, in order)──▶ key, list, account ──▶ tail rows gone
//! ```
//!
//! **Invariants.** What is in neither generation is in the tables. Merging twice changes nothing.
//! Readers look in memory first and in the tables after, so an entry that moves meanwhile is seen.

use std::sync::{Arc, Mutex, RwLock};

use tongbao_core::{Id, KeyDigest, List, ledger::AccountState};
use uuid::Uuid;

use crate::cache::Map;

/// Entries of a full generation. A larger one shares pages among more entries and takes more memory:
/// about 100 bytes an entry, two generations at a time. Sorting so many takes some ten milliseconds.
pub(super) const GENERATION_ENTRIES: usize = 262_144;

/// The name of a list, and a member of it.
pub(super) type Listing = ([u8; 17], [u8; 16]);

/// What one commit puts off; or a whole generation, each part in the order of its table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entries {
    pub(super) keys: Vec<(KeyDigest, Id)>,
    pub(super) lists: Vec<Listing>,
    pub(super) accounts: Vec<(u64, AccountState)>,
}

impl Entries {
    pub(super) fn len(&self) -> usize {
        self.keys.len() + self.lists.len() + self.accounts.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The form in the tail: three counts, then the entries.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(12 + self.len() * 40);
        for count in [self.keys.len(), self.lists.len(), self.accounts.len()] {
            bytes.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes());
        }
        for (digest, id) in &self.keys {
            bytes.extend_from_slice(digest);
            bytes.extend_from_slice(&id.bytes());
        }
        for (list, uuid) in &self.lists {
            bytes.extend_from_slice(list);
            bytes.extend_from_slice(uuid);
        }
        for (number, state) in &self.accounts {
            bytes.extend_from_slice(&number.to_be_bytes());
            bytes.extend_from_slice(&state.debits.to_be_bytes());
            bytes.extend_from_slice(&state.credits.to_be_bytes());
            bytes.extend_from_slice(&state.entries.to_be_bytes());
            bytes.extend_from_slice(&state.head.to_be_bytes());
        }
        bytes
    }

    /// The entries in this form; `None` when it is not whole.
    pub(super) fn decode(bytes: &[u8]) -> Option<Entries> {
        let mut rest = bytes;
        let [keys, lists, accounts] = [count(&mut rest)?, count(&mut rest)?, count(&mut rest)?];
        let mut entries = Entries::default();
        for _ in 0..keys {
            let digest = take(&mut rest)?;
            entries.keys.push((digest, Id::from_bytes(&take::<17>(&mut rest)?)?));
        }
        for _ in 0..lists {
            let list = take(&mut rest)?;
            entries.lists.push((list, take(&mut rest)?));
        }
        for _ in 0..accounts {
            let number = u64::from_be_bytes(take(&mut rest)?);
            let state = AccountState {
                debits: i64::from_be_bytes(take(&mut rest)?),
                credits: i64::from_be_bytes(take(&mut rest)?),
                entries: u64::from_be_bytes(take(&mut rest)?),
                head: u64::from_be_bytes(take(&mut rest)?),
            };
            entries.accounts.push((number, state));
        }
        rest.is_empty().then_some(entries)
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, left) = rest.split_first_chunk()?;
    *rest = left;
    Some(*taken)
}

fn count(rest: &mut &[u8]) -> Option<u32> {
    take(rest).map(u32::from_be_bytes)
}

/// The generation that commits add to.
#[derive(Debug, Default)]
struct Young {
    keys: Map<KeyDigest, Id>,
    /// The members of each list, in their order.
    lists: Map<[u8; 17], Vec<[u8; 16]>>,
    accounts: Map<u64, AccountState>,
    /// How many members all lists have.
    listed: usize,
}

impl Young {
    fn len(&self) -> usize {
        self.keys.len() + self.listed + self.accounts.len()
    }

    fn absorb(&mut self, later: Entries) {
        self.keys.extend(later.keys);
        for (list, uuid) in later.lists {
            let members = self.lists.entry(list).or_default();
            // Ids grow with time: nearly always it is the last.
            let place = match members.last() {
                Some(last) if *last >= uuid => members.binary_search(&uuid),
                _ => Err(members.len()),
            };
            if let Err(place) = place {
                members.insert(place, uuid);
                self.listed += 1;
            }
        }
        self.accounts.extend(later.accounts);
    }

    /// All of it in the order of the tables.
    fn into_sorted(self) -> Entries {
        let mut keys: Vec<_> = self.keys.into_iter().collect();
        keys.sort_unstable();
        let mut names: Vec<_> = self.lists.into_iter().collect();
        names.sort_unstable();
        let members = |(list, uuids): ([u8; 17], Vec<_>)| uuids.into_iter().map(move |uuid| (list, uuid));
        let lists = names.into_iter().flat_map(members).collect();
        let mut accounts: Vec<_> = self.accounts.into_iter().collect();
        accounts.sort_unstable_by_key(|(number, _)| *number);
        Entries { keys, lists, accounts }
    }
}

/// The two generations. Shared by the writer, who alone changes them, and readers.
#[derive(Debug, Default)]
pub(super) struct Deferred {
    young: Young,
    old: Arc<Entries>,
    /// Held from before a commit until its entries are shown.
    publishing: Arc<Mutex<()>>,
}

/// The same, shared.
pub(super) type Shared = Arc<RwLock<Deferred>>;

impl Deferred {
    /// The record that holds a key, if that has not been merged yet.
    pub(super) fn key(&self, digest: &KeyDigest) -> Option<Id> {
        self.young.keys.get(digest).copied().or_else(|| found(&self.old.keys, digest))
    }

    /// All keys that may not have been merged yet.
    pub(super) fn keys(&self) -> impl Iterator<Item = &KeyDigest> {
        self.young.keys.keys().chain(self.old.keys.iter().map(|(digest, _)| digest))
    }

    /// Keys that may not have been merged yet, after one and up to another, in no order.
    pub(super) fn keys_within(
        &self,
        after: Option<KeyDigest>,
        to: Option<KeyDigest>,
    ) -> Vec<(KeyDigest, Id)> {
        let within = |(digest, _): &(KeyDigest, Id)| {
            after.is_none_or(|after| *digest > after) && to.is_none_or(|to| *digest <= to)
        };
        let young = self.young.keys.iter().map(|(digest, id)| (*digest, *id));
        young.chain(self.old.keys.iter().copied()).filter(within).collect()
    }

    /// Members of lists that may not have been merged yet, after one and up to another, in no order.
    pub(super) fn listings_within(&self, after: Option<Listing>, to: Option<Listing>) -> Vec<Listing> {
        let within = |listing: &Listing| {
            after.is_none_or(|after| *listing > after) && to.is_none_or(|to| *listing <= to)
        };
        let members = |(list, uuids): (&[u8; 17], &Vec<[u8; 16]>)| {
            let list = *list;
            uuids.iter().map(move |uuid| (list, *uuid)).collect::<Vec<_>>()
        };
        let young = self.young.lists.iter().flat_map(members);
        young.chain(self.old.lists.iter().copied()).filter(within).collect()
    }

    /// The state of an account, if it is newer than the table's.
    pub(super) fn account(&self, number: u64) -> Option<AccountState> {
        self.young.accounts.get(&number).copied().or_else(|| found(&self.old.accounts, &number))
    }

    /// Members of a list that may not have been merged yet, in order, up to `limit` of each generation.
    pub(super) fn listed(&self, list: List, after: Uuid, newest_first: bool, limit: u32) -> Vec<Uuid> {
        let (name, after, limit) = (list.bytes(), *after.as_bytes(), limit as usize);
        let young = self.young.lists.get(&name).map(Vec::as_slice).unwrap_or_default();
        let old = &self.old.lists;
        let old = &old[old.partition_point(|(of, _)| *of < name)..old.partition_point(|(of, _)| *of <= name)];
        let mut found = Vec::new();
        if newest_first {
            found.extend(young[..young.partition_point(|uuid| *uuid < after)].iter().rev().take(limit));
            let old = &old[..old.partition_point(|(_, uuid)| *uuid < after)];
            found.extend(old.iter().rev().map(|(_, uuid)| uuid).take(limit));
        } else {
            found.extend(young[young.partition_point(|uuid| *uuid <= after)..].iter().take(limit));
            let old = &old[old.partition_point(|(_, uuid)| *uuid <= after)..];
            found.extend(old.iter().map(|(_, uuid)| uuid).take(limit));
        }
        found.into_iter().copied().map(Uuid::from_bytes).collect()
    }

    /// What the writer holds from before a commit until its entries are shown: rows of the commit can be
    /// seen a moment before that.
    pub(super) fn publishing(&self) -> Arc<Mutex<()>> {
        Arc::clone(&self.publishing)
    }

    /// Takes over what a commit made durable.
    pub(super) fn absorb(&mut self, entries: Entries) {
        self.young.absorb(entries);
    }

    /// The generation that is being merged.
    pub(super) fn old(&self) -> Arc<Entries> {
        Arc::clone(&self.old)
    }

    /// The old generation is merged: forgets it. What is left of it is given to the caller to drop.
    pub(super) fn forget_old(&mut self) -> Arc<Entries> {
        std::mem::take(&mut self.old)
    }

    /// Makes the young generation the old one, if it has this many entries and the old one is merged.
    pub(super) fn turn(&mut self, entries: usize) -> bool {
        let turns = self.old.is_empty() && self.young.len() >= entries;
        if turns {
            self.old = Arc::new(std::mem::take(&mut self.young).into_sorted());
        }
        turns
    }
}

/// What stands under a key in a sorted list.
fn found<K: Ord, V: Copy>(sorted: &[(K, V)], key: &K) -> Option<V> {
    let place = sorted.binary_search_by(|(known, _)| known.cmp(key)).ok()?;
    Some(sorted[place].1)
}

/// How many entries of the old generation have been merged: first its keys, then its lists, then its
/// accounts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress(usize);

/// A part of the old generation that is merged with one commit.
#[derive(Debug)]
pub(super) struct Slice<'a> {
    pub(super) keys: &'a [(KeyDigest, Id)],
    pub(super) lists: &'a [Listing],
    pub(super) accounts: &'a [(u64, AccountState)],
}

impl Progress {
    /// The next `size` entries, where merging stands after them, and whether they are the last.
    pub(super) fn next(self, old: &Entries, size: usize) -> (Slice<'_>, Progress, bool) {
        let (from, to) = (self.0, (self.0 + size).min(old.len()));
        let (lists, accounts) = (old.keys.len(), old.keys.len() + old.lists.len());
        let slice = Slice {
            keys: part(&old.keys, 0, from, to),
            lists: part(&old.lists, lists, from, to),
            accounts: part(&old.accounts, accounts, from, to),
        };
        (slice, Progress(to), to == old.len())
    }
}

/// Of entries that stand from place `first` on, those at the places `from..to`.
fn part<T>(entries: &[T], first: usize, from: usize, to: usize) -> &[T] {
    let within = |place: usize| place.saturating_sub(first).min(entries.len());
    &entries[within(from)..within(to)]
}
