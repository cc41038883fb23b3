//! The reference: the same port over ordered maps. What the other stores are compared with, and the
//! only stand-in used in tests.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound::{Excluded, Unbounded},
    sync::{Mutex, PoisonError},
};

use tongbao_core::{
    Id, KeyDigest, List, Record, Task, TaskKey, Time, Work,
    id::Kind,
    ledger::{AccountKey, AccountState, Reason},
};
use uuid::Uuid;

use crate::{
    lane::{LaneEnd, LaneLine},
    limits::{DUE_TASKS_MAX, LEASE_MS, READ_ROWS_MAX},
    log::ChangeLine,
    port::{
        AccountLine, Answer, Backlog, Entry, Fault, Outcome, Page, PostingLine, Query, RecordLine, Step,
        Store, TrialLine,
    },
    rows::{AccountWrite, Head, Queued, RecordWrite, Rows, Writes},
    working::Working,
};

/// A store in memory.
pub struct ModelStore {
    inner: Mutex<(Working, Maps)>,
}

#[derive(Default)]
struct Maps {
    records: BTreeMap<Id, (u32, Vec<u8>)>,
    keys: BTreeMap<KeyDigest, Id>,
    lists: BTreeSet<([u8; 17], Uuid)>,
    accounts: BTreeMap<u64, (AccountKey, AccountState)>,
    postings: Vec<PostingLine>,
    changes: Vec<ChangeLine>,
    tasks: BTreeMap<TaskKey, Queued>,
}

impl Default for ModelStore {
    fn default() -> ModelStore {
        ModelStore { inner: Mutex::new((Working::new(Head::default()), Maps::default())) }
    }
}

impl ModelStore {
    /// Does what opening a file anew does: ends the leases of tasks, which are due again at the moment they
    /// were leased.
    pub fn end_leases(&self) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let held: Vec<TaskKey> =
            inner.1.tasks.iter().filter(|(_, queued)| queued.held).map(|(key, _)| *key).collect();
        for key in held {
            let Some(queued) = inner.1.tasks.remove(&key) else { continue };
            let due = TaskKey { due_at: key.due_at.plus_ms(-LEASE_MS), ..key };
            inner.1.tasks.insert(due, Queued { held: false, ..queued });
        }
        // The working set forgets what it remembers of the tasks written last.
        inner.0.finish();
    }
}

impl Store for ModelStore {
    fn step(&self, step: Step) -> Answer<Outcome> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let (working, maps) = &mut *inner;
        let outcome = working.step(maps, step);
        maps.apply(working.finish().0);
        Answer::ready(outcome)
    }

    fn due(&self, now: Time, limit: u32) -> Answer<Vec<Task>> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let (working, maps) = &mut *inner;
        let leased = working.lease(maps, now, limit.min(DUE_TASKS_MAX) as usize);
        maps.apply(working.finish().0);
        Answer::ready(leased)
    }

    fn read(&self, query: Query) -> Result<Page, Fault> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.1.read(query)
    }
}

/// How many rows a read gives when asked for `limit`.
fn rows(limit: u32) -> usize {
    limit.min(READ_ROWS_MAX) as usize
}

impl Maps {
    fn read(&mut self, query: Query) -> Result<Page, Fault> {
        Ok(match query {
            Query::Record(id) => Page::Records(self.record(id)?.into_iter().collect()),
            Query::Key(key) => {
                let id = self.keys.get(&key.digest()).copied();
                let found = id.map(|id| self.record(id)).transpose()?.flatten();
                Page::Records(found.into_iter().collect())
            }
            Query::List { list, after, newest_first, limit } => {
                Page::Records(self.listed(list, after, newest_first, limit)?)
            }
            Query::Account(key) => Page::Account(self.account(&key)?.unwrap_or_default().1),
            Query::Entries { account, before, limit } => {
                Page::Entries(self.statement(&account, before, limit))
            }
            Query::Movements { account, from, until, after, limit } => {
                let mut entries = self.entries(&account);
                entries.retain(|entry| (from..until).contains(&entry.at) && entry.number > after);
                entries.truncate(rows(limit));
                Page::Entries(entries)
            }
            Query::BalanceAt(account, at) => {
                let last = self.entries(&account).into_iter().rfind(|entry| entry.at <= at);
                Page::Balance(last.map_or(0, |entry| entry.balance))
            }
            Query::Trial => Page::Trial(self.trial()),
            Query::Backlog(now) => {
                let due = self.tasks.keys().filter(|key| key.due_at <= now).count() as u64;
                let oldest_ms = self.tasks.keys().next().map_or(0, |key| now.since_ms(key.due_at).max(0));
                Page::Backlog(Backlog { due, tasks: self.tasks.len() as u64, oldest_ms })
            }
            Query::Changes(after, limit) => {
                let later = self.changes.iter().filter(|line| line.number > after);
                Page::Changes(later.take(rows(limit)).cloned().collect())
            }
            Query::Postings(after, limit) => {
                let later = self.postings.iter().filter(|line| line.number > after);
                Page::Postings(later.take(rows(limit)).cloned().collect())
            }
            Query::Accounts(after, limit) => Page::Accounts(self.account_lines(after, limit)),
            Query::Stored(after, limit) => {
                let later = self.records.iter().filter(|(id, _)| after.is_none_or(|after| **id > after));
                let line = |(id, (version, body)): (&Id, &(u32, Vec<u8>))| RecordLine {
                    id: *id,
                    version: *version,
                    body: body.clone(),
                };
                Page::Stored(later.take(rows(limit)).map(line).collect())
            }
            Query::Keys(after, limit) => {
                let later = self.keys.iter().filter(|(digest, _)| after.is_none_or(|after| **digest > after));
                Page::Keys(later.take(rows(limit)).map(|(digest, id)| (*digest, *id)).collect())
            }
            Query::Listings(after, limit) => {
                let later = self.lists.iter().filter(|listing| after.is_none_or(|after| **listing > after));
                Page::Listings(later.take(rows(limit)).copied().collect())
            }
            Query::LaneEnds => {
                let last = self.changes.last();
                let end = last.map(|line| LaneEnd { number: line.number, digest: line.digest });
                Page::LaneEnds(end.into_iter().collect())
            }
            Query::Lanes(after, limit) => Page::Lanes(LaneLine::single(after, limit)),
        })
    }

    fn listed(
        &mut self,
        list: List,
        after: Option<Uuid>,
        newest_first: bool,
        limit: u32,
    ) -> Result<Vec<Record>, Fault> {
        let mut uuids: Vec<Uuid> =
            self.lists.iter().filter(|(name, _)| *name == list.bytes()).map(|(_, uuid)| *uuid).collect();
        if newest_first {
            uuids.reverse();
        }
        uuids.retain(|uuid| {
            after.is_none_or(|after| if newest_first { *uuid < after } else { *uuid > after })
        });
        let ids = uuids.into_iter().take(rows(limit)).map(|uuid| Id { kind: list.kind(), uuid });
        ids.filter_map(|id| self.record(id).transpose()).collect()
    }

    fn statement(&self, account: &AccountKey, before: Option<u64>, limit: u32) -> Vec<Entry> {
        let mut entries = self.entries(account);
        entries.reverse();
        if let Some(before) = before {
            let at = entries.iter().position(|entry| entry.number == before);
            entries.drain(..at.map_or(entries.len(), |at| at + 1));
        }
        entries.truncate(rows(limit));
        entries
    }

    /// All entries of an account, found by looking at every posting, oldest first.
    fn entries(&self, account: &AccountKey) -> Vec<Entry> {
        let Some(number) =
            self.accounts.iter().find(|(_, (key, _))| key == account).map(|(number, _)| *number)
        else {
            return Vec::new();
        };
        let (mut balance, mut entries) = (0, Vec::new());
        for line in self.postings.iter().filter(|line| line.debit == number || line.credit == number) {
            let amount = if line.debit == number { -line.amount } else { line.amount };
            balance += amount;
            let Some(reason) = Reason::from_code(line.reason) else { continue };
            entries.push(Entry {
                number: line.number,
                at: line.at,
                amount,
                balance,
                reason,
                subject: line.subject,
            });
        }
        entries
    }

    fn account_lines(&self, after: u64, limit: u32) -> Vec<AccountLine> {
        let later = self.accounts.range((Excluded(after), Unbounded)).take(rows(limit));
        let line = |(number, (key, state)): (&u64, &(AccountKey, AccountState))| AccountLine {
            number: *number,
            key: *key,
            state: *state,
        };
        later.map(line).collect()
    }

    fn trial(&self) -> Vec<TrialLine> {
        let mut sums = BTreeMap::new();
        for (key, state) in self.accounts.values() {
            let (debits, credits) = sums.entry(key.currency).or_insert((0, 0));
            *debits += i128::from(state.debits);
            *credits += i128::from(state.credits);
        }
        sums.into_iter()
            .map(|(currency, (debits, credits))| TrialLine { currency, debits, credits })
            .collect()
    }
}

impl Maps {
    fn apply(&mut self, writes: Writes) {
        let record = |record: RecordWrite| (record.id, (record.version, record.body));
        self.records.extend(writes.records.into_iter().map(record));
        self.keys.extend(writes.keys);
        self.lists.extend(writes.listings.into_iter().map(|(list, uuid)| (list.bytes(), uuid)));
        for AccountWrite { number, new, state } in writes.accounts {
            match (new, self.accounts.get_mut(&number)) {
                (Some(key), _) => drop(self.accounts.insert(number, (key, state))),
                (None, Some((_, known))) => *known = state,
                (None, None) => {}
            }
        }
        self.postings.extend(writes.postings);
        self.changes.extend(writes.changes);
        for (key, queued) in writes.tasks.iter() {
            match queued {
                Some(queued) => self.tasks.insert(*key, *queued),
                None => self.tasks.remove(key),
            };
        }
        // Marks are not kept: balances in the past are found here by looking at every posting.
    }
}

impl Rows for Maps {
    fn record(&mut self, id: Id) -> Result<Option<Record>, Fault> {
        let stored = self.records.get(&id).map(|(_, body)| Record::decode(id.kind, body));
        stored.transpose().map_err(|error| Fault::Unreadable(error.to_string()))
    }

    fn highest(&mut self, kind: Kind) -> Result<Uuid, Fault> {
        let of_kind = self.records.keys().rev().find(|id| id.kind == kind);
        Ok(of_kind.map(|id| id.uuid).unwrap_or_default())
    }

    fn key(&mut self, digest: &KeyDigest) -> Result<Option<Id>, Fault> {
        Ok(self.keys.get(digest).copied())
    }

    fn account(&mut self, key: &AccountKey) -> Result<Option<(u64, AccountState)>, Fault> {
        let found = self.accounts.iter().find(|(_, (known, _))| known == key);
        Ok(found.map(|(number, (_, state))| (*number, *state)))
    }

    fn task(&mut self, key: &TaskKey) -> Result<bool, Fault> {
        Ok(self.tasks.contains_key(key))
    }

    fn due(&mut self, now: Time, limit: usize) -> Result<Vec<(TaskKey, Work)>, Fault> {
        let due = self.tasks.iter().take_while(|(key, _)| key.due_at <= now);
        Ok(due.take(limit).map(|(key, queued)| (*key, queued.work)).collect())
    }
}
