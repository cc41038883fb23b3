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

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound::{Excluded, Unbounded},
    sync::{Arc, Mutex, RwLock},
};

use tongbao_core::{Id, KeyDigest, List, ledger::AccountState};
use uuid::Uuid;

/// Entries of a full generation. A larger one shares pages among more entries and takes more memory:
/// about 100 bytes an entry, two generations at a time.
pub(super) const GENERATION_ENTRIES: usize = 131_072;

/// The name of a list, and a member of it.
pub(super) type Listing = ([u8; 17], [u8; 16]);

/// What one commit, or one generation, puts off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entries {
    pub(super) keys: BTreeMap<KeyDigest, Id>,
    pub(super) lists: BTreeSet<Listing>,
    pub(super) accounts: BTreeMap<u64, AccountState>,
}

impl Entries {
    pub(super) fn len(&self) -> usize {
        self.keys.len() + self.lists.len() + self.accounts.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds later entries to these.
    fn absorb(&mut self, later: Entries) {
        self.keys.extend(later.keys);
        self.lists.extend(later.lists);
        self.accounts.extend(later.accounts);
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
            entries.keys.insert(digest, Id::from_bytes(&take::<17>(&mut rest)?)?);
        }
        for _ in 0..lists {
            let list = take(&mut rest)?;
            entries.lists.insert((list, take(&mut rest)?));
        }
        for _ in 0..accounts {
            let number = u64::from_be_bytes(take(&mut rest)?);
            let state = AccountState {
                debits: i64::from_be_bytes(take(&mut rest)?),
                credits: i64::from_be_bytes(take(&mut rest)?),
                entries: u64::from_be_bytes(take(&mut rest)?),
                head: u64::from_be_bytes(take(&mut rest)?),
            };
            entries.accounts.insert(number, state);
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

/// The two generations. Shared by the writer, who alone changes them, and readers.
#[derive(Debug, Default)]
pub(super) struct Deferred {
    young: Entries,
    old: Arc<Entries>,
    /// Held from before a commit until its entries are shown.
    publishing: Arc<Mutex<()>>,
}

/// The same, shared.
pub(super) type Shared = Arc<RwLock<Deferred>>;

impl Deferred {
    /// The record that holds a key, if that has not been merged yet.
    pub(super) fn key(&self, digest: &KeyDigest) -> Option<Id> {
        self.young.keys.get(digest).or_else(|| self.old.keys.get(digest)).copied()
    }

    /// All keys that may not have been merged yet.
    pub(super) fn keys(&self) -> impl Iterator<Item = &KeyDigest> {
        self.young.keys.keys().chain(self.old.keys.keys())
    }

    /// The state of an account, if it is newer than the table's.
    pub(super) fn account(&self, number: u64) -> Option<AccountState> {
        self.young.accounts.get(&number).or_else(|| self.old.accounts.get(&number)).copied()
    }

    /// Members of a list that may not have been merged yet, in order, up to `limit` of each generation.
    pub(super) fn listed(&self, list: List, after: Uuid, newest_first: bool, limit: u32) -> Vec<Uuid> {
        let name = list.bytes();
        let from = (name, *after.as_bytes());
        let of = |entries: &Entries| -> Vec<Uuid> {
            let uuid = |(_, uuid): &Listing| Uuid::from_bytes(*uuid);
            if newest_first {
                let range = entries.lists.range((name, [0; 16])..from).rev();
                range.take(limit as usize).map(uuid).collect()
            } else {
                let range = entries.lists.range((Excluded(from), Unbounded));
                range.take_while(|(of, _)| *of == name).take(limit as usize).map(uuid).collect()
            }
        };
        let mut found = of(&self.young);
        found.extend(of(&self.old));
        found
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
            self.old = Arc::new(std::mem::take(&mut self.young));
        }
        turns
    }
}

/// How far the merging of the old generation has come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    key: Option<KeyDigest>,
    listing: Option<Listing>,
    account: Option<u64>,
}

/// A part of the old generation that is merged with one commit.
#[derive(Debug, Default)]
pub(super) struct Slice {
    pub(super) keys: Vec<(KeyDigest, Id)>,
    pub(super) lists: Vec<Listing>,
    pub(super) accounts: Vec<(u64, AccountState)>,
}

impl Slice {
    fn len(&self) -> usize {
        self.keys.len() + self.lists.len() + self.accounts.len()
    }
}

impl Progress {
    /// The next `size` entries in the order of the tables, where merging stands after them, and whether
    /// they are the last.
    pub(super) fn next(self, old: &Entries, size: usize) -> (Slice, Progress, bool) {
        let (mut slice, mut after) = (Slice::default(), self);
        let keys = old.keys.range((self.key.map_or(Unbounded, Excluded), Unbounded));
        slice.keys = keys.take(size).map(|(digest, id)| (*digest, *id)).collect();
        after.key = slice.keys.last().map(|(digest, _)| *digest).or(self.key);
        let lists = old.lists.range((self.listing.map_or(Unbounded, Excluded), Unbounded));
        slice.lists = lists.take(size - slice.len()).copied().collect();
        after.listing = slice.lists.last().copied().or(self.listing);
        let accounts = old.accounts.range((self.account.map_or(Unbounded, Excluded), Unbounded));
        slice.accounts = accounts.take(size - slice.len()).map(|(number, state)| (*number, *state)).collect();
        after.account = slice.accounts.last().map(|(number, _)| *number).or(self.account);
        let last = slice.len() < size;
        (slice, after, last)
    }
}
