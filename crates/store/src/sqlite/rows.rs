//! Rows in SQLite, through prepared statements that stay prepared.

use std::sync::{Arc, PoisonError, RwLock};

use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use tongbao_core::{
    Id, KeyDigest, List, Record, Task, TaskKey, Time, Work,
    id::Kind,
    ledger::{AccountKey, AccountState},
};
use uuid::Uuid;

use super::{
    deferred::{Deferred, Entries, Progress, Shared},
    fault,
};
use crate::{
    log::{ChangeLine, Touched},
    port::{Fault, PostingLine},
    rows::{Head, Rows},
};

/// Entries merged with a commit, at least and for each that the commit adds: faster than they come in,
/// so that the old generation is merged before the young one is full.
const MERGED_MIN: usize = 64;
const MERGED_PER_ENTRY: usize = 2;

/// The writing connection.
pub(super) struct SqliteRows {
    connection: Connection,
    deferred: Shared,
    /// What this transaction puts off.
    pending: Entries,
    progress: Progress,
    /// How many entries a generation has.
    generation_entries: usize,
    /// The last row of the tail, and the last that belongs to the old generation.
    tail: i64,
    tail_old: i64,
}

/// SQLite's integers are signed; numbers of rows never come near the end of them.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

fn bad_row(what: &str) -> Fault {
    Fault::Stopped(format!("a stored {what} cannot be read; restore a backup, do not repair by hand"))
}

/// The record with this stored form.
pub(super) fn decode(id: Id, body: &[u8]) -> Result<Record, Fault> {
    Record::decode(id.kind, body).map_err(|_| bad_row("record"))
}

impl SqliteRows {
    /// Rows over a connection, with what its tail holds in memory.
    pub(super) fn new(connection: Connection, generation_entries: usize) -> Result<SqliteRows, Fault> {
        let (deferred, tail) = load_tail(&connection)?;
        let deferred = Arc::new(RwLock::new(deferred));
        let (pending, progress) = (Entries::default(), Progress::default());
        Ok(SqliteRows { connection, deferred, pending, progress, generation_entries, tail, tail_old: 0 })
    }

    /// What readers look at before the tables.
    pub(super) fn deferred(&self) -> Shared {
        Arc::clone(&self.deferred)
    }

    pub(super) fn begin(&self) -> Result<(), Fault> {
        self.execute("BEGIN IMMEDIATE", [])
    }

    /// Commits, together with a slice of what earlier commits put off.
    pub(super) fn commit(&mut self) -> Result<(), Fault> {
        if !self.pending.is_empty() {
            let row = params![self.tail + 1, self.pending.encode()];
            self.execute("INSERT INTO tail (number, entries) VALUES (?1, ?2)", row)?;
        }
        let size = MERGED_MIN + MERGED_PER_ENTRY * self.pending.len();
        let (progress, merged) = self.merge(size)?;
        let publishing = self.deferred.read().unwrap_or_else(PoisonError::into_inner).publishing();
        let _publishing = publishing.lock().unwrap_or_else(PoisonError::into_inner);
        self.execute("COMMIT", [])?;
        self.tail += i64::from(!self.pending.is_empty());
        self.progress = progress;
        self.publish(merged);
        Ok(())
    }

    /// Merges the next entries of the old generation; tells whether they were the last.
    fn merge(&self, size: usize) -> Result<(Progress, bool), Fault> {
        let old = self.deferred.read().unwrap_or_else(PoisonError::into_inner).old();
        if old.is_empty() {
            return Ok((self.progress, false));
        }
        let (slice, progress, last) = self.progress.next(&old, size);
        for (digest, id) in slice.keys {
            let sql = "INSERT OR IGNORE INTO key (digest, record) VALUES (?1, ?2)";
            self.execute(sql, params![digest, id.bytes()])?;
        }
        for (list, uuid) in slice.lists {
            self.execute("INSERT OR IGNORE INTO list (list, uuid) VALUES (?1, ?2)", params![list, uuid])?;
        }
        for (number, state) in slice.accounts {
            let sql =
                "UPDATE account SET debits = ?2, credits = ?3, entries = ?4, head = ?5 WHERE number = ?1";
            let (entries, head) = (signed(state.entries), signed(state.head));
            self.execute(sql, params![signed(number), state.debits, state.credits, entries, head])?;
        }
        if last {
            self.execute("DELETE FROM tail WHERE number <= ?1", [self.tail_old])?;
        }
        Ok((progress, last))
    }

    /// Shows readers what the commit made durable.
    fn publish(&mut self, merged: bool) {
        let mut deferred = self.deferred.write().unwrap_or_else(PoisonError::into_inner);
        deferred.absorb(std::mem::take(&mut self.pending));
        let gone = merged.then(|| deferred.forget_old());
        if deferred.turn(self.generation_entries) {
            (self.tail_old, self.progress) = (self.tail, Progress::default());
        }
        drop(deferred);
        if let Some(gone) = gone {
            // Freeing a hundred thousand entries takes milliseconds, which no commit has to wait for.
            drop(std::thread::Builder::new().name("store-forget".to_owned()).spawn(move || drop(gone)));
        }
    }

    pub(super) fn rollback(&mut self) -> Result<(), Fault> {
        self.pending = Entries::default();
        // After some errors SQLite has rolled back already.
        if self.connection.is_autocommit() { Ok(()) } else { self.execute("ROLLBACK", []) }
    }

    fn execute(&self, sql: &str, params: impl Params) -> Result<(), Fault> {
        let ran = self.connection.prepare_cached(sql).and_then(|mut statement| statement.execute(params));
        ran.map(drop).map_err(|error| fault(&error))
    }

    fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        map: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, Fault> {
        let found = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(params, map).optional());
        found.map_err(|error| fault(&error))
    }

    /// Where the numbering and the chain stand.
    pub(super) fn head(&mut self) -> Result<Head, Fault> {
        let sql = "SELECT number, digest, at FROM change ORDER BY number DESC LIMIT 1";
        let last = self.one(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let (change, digest, at) = last.unwrap_or((0, [0; 32], 0));
        let highest =
            |sql| self.one(sql, [], |row| row.get(0)).map(|found| unsigned(found.unwrap_or_default()));
        Ok(Head {
            change: unsigned(change),
            digest,
            at: Time::from_ms(at),
            posting: highest("SELECT coalesce(max(number), 0) FROM posting")?,
            account: highest("SELECT coalesce(max(number), 0) FROM account")?,
        })
    }

    /// Moves up to `limit` due tasks to the end of a lease, and returns them under their new keys.
    pub(super) fn lease(&mut self, now: Time, until: Time, limit: u32) -> Result<Vec<Task>, Fault> {
        let sql = "SELECT due_at, id, work FROM task WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2";
        let found = self.connection.prepare_cached(sql).and_then(|mut statement| {
            let rows = statement.query_map(params![now.ms(), limit], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 16]>(1)?, row.get::<_, String>(2)?))
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        });
        let mut tasks = Vec::new();
        for (due_at, id, work) in found.map_err(|error| fault(&error))? {
            let work: Work = serde_json::from_str(&work).map_err(|_| bad_row("task"))?;
            let id = Uuid::from_bytes(id);
            self.remove_task(&TaskKey { due_at: Time::from_ms(due_at), id })?;
            let task = Task { key: TaskKey { due_at: until, id }, work };
            self.insert_task(&task)?;
            tasks.push(task);
        }
        Ok(tasks)
    }
}

impl Rows for SqliteRows {
    fn record(&mut self, id: Id) -> Result<Option<Record>, Fault> {
        let sql = "SELECT body FROM record WHERE id = ?1";
        let body: Option<Vec<u8>> = self.one(sql, [id.bytes()], |row| row.get(0))?;
        body.map(|body| decode(id, &body)).transpose()
    }

    fn highest(&mut self, kind: Kind) -> Result<Uuid, Fault> {
        let top = Id { kind, uuid: Uuid::max() };
        let sql = "SELECT id FROM record WHERE id <= ?1 ORDER BY id DESC LIMIT 1";
        let found: Option<[u8; 17]> = self.one(sql, [top.bytes()], |row| row.get(0))?;
        let of_kind = found.and_then(|id| Id::from_bytes(&id)).filter(|id| id.kind == kind);
        Ok(of_kind.map(|id| id.uuid).unwrap_or_default())
    }

    fn key(&mut self, digest: &KeyDigest) -> Result<Option<Id>, Fault> {
        let pending = self.pending.keys.get(digest).copied();
        let recent = || self.deferred.read().unwrap_or_else(PoisonError::into_inner).key(digest);
        if let Some(id) = pending.or_else(recent) {
            return Ok(Some(id));
        }
        let id: Option<[u8; 17]> =
            self.one("SELECT record FROM key WHERE digest = ?1", [digest], |row| row.get(0))?;
        id.map(|id| Id::from_bytes(&id).ok_or_else(|| bad_row("key"))).transpose()
    }

    fn account(&mut self, key: &AccountKey) -> Result<Option<(u64, AccountState)>, Fault> {
        let sql = "SELECT number, debits, credits, entries, head FROM account WHERE name = ?1";
        let found = self.one(sql, [key.to_string()], |row| Ok((unsigned(row.get(0)?), state(row, 1)?)))?;
        let deferred = self.deferred.read().unwrap_or_else(PoisonError::into_inner);
        Ok(found.map(|(number, stored)| {
            let pending = self.pending.accounts.get(&number).copied();
            (number, pending.or_else(|| deferred.account(number)).unwrap_or(stored))
        }))
    }

    fn task(&mut self, key: &TaskKey) -> Result<bool, Fault> {
        let sql = "SELECT 1 FROM task WHERE due_at = ?1 AND id = ?2";
        Ok(self.one(sql, params![key.due_at.ms(), key.id.as_bytes()], |_| Ok(()))?.is_some())
    }

    fn insert_record(&mut self, id: Id, version: u32, body: &[u8]) -> Result<(), Fault> {
        self.execute(
            "INSERT INTO record (id, version, body) VALUES (?1, ?2, ?3)",
            params![id.bytes(), version, body],
        )
    }

    fn update_record(&mut self, id: Id, version: u32, body: &[u8]) -> Result<(), Fault> {
        self.execute(
            "UPDATE record SET version = ?2, body = ?3 WHERE id = ?1",
            params![id.bytes(), version, body],
        )
    }

    fn insert_key(&mut self, digest: &KeyDigest, id: Id) -> Result<(), Fault> {
        self.pending.keys.insert(*digest, id);
        Ok(())
    }

    fn insert_listing(&mut self, list: List, uuid: Uuid) -> Result<(), Fault> {
        self.pending.lists.insert((list.bytes(), *uuid.as_bytes()));
        Ok(())
    }

    fn insert_account(&mut self, number: u64, key: &AccountKey, state: AccountState) -> Result<(), Fault> {
        // Its name is needed at once; its totals are shown together with those on the other side.
        let sql = "INSERT INTO account (number, name, debits, credits, entries, head, floor)
                   VALUES (?1, ?2, 0, 0, 0, 0, ?3)";
        self.execute(sql, params![signed(number), key.to_string(), key.account.floor()])?;
        self.update_account(number, state)
    }

    fn update_account(&mut self, number: u64, state: AccountState) -> Result<(), Fault> {
        self.pending.accounts.insert(number, state);
        Ok(())
    }

    fn insert_posting(&mut self, line: &PostingLine) -> Result<(), Fault> {
        let sql = "INSERT INTO posting (number, change, at, debit, credit, amount, reason, subject,
                                        debit_before, credit_before, debit_balance, credit_balance)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
        self.execute(
            sql,
            params![
                signed(line.number),
                signed(line.change),
                line.at.ms(),
                signed(line.debit),
                signed(line.credit),
                line.amount,
                line.reason,
                line.subject.bytes(),
                signed(line.debit_before),
                signed(line.credit_before),
                line.debit_balance,
                line.credit_balance
            ],
        )
    }

    fn insert_mark(&mut self, account: u64, at: Time, posting: u64) -> Result<(), Fault> {
        let sql = "INSERT INTO mark (account, at, posting) VALUES (?1, ?2, ?3)";
        self.execute(sql, params![signed(account), at.ms(), signed(posting)])
    }

    fn insert_change(&mut self, line: &ChangeLine) -> Result<(), Fault> {
        let sql = "INSERT INTO change (number, at, actor, input, touched, postings, digest)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let touched = Touched::encode(&line.touched);
        self.execute(
            sql,
            params![
                signed(line.number),
                line.at.ms(),
                line.actor,
                line.input,
                touched,
                line.postings,
                line.digest
            ],
        )
    }

    fn insert_task(&mut self, task: &Task) -> Result<(), Fault> {
        let work = serde_json::to_string(&task.work).map_err(|error| Fault::Broken(error.to_string()))?;
        let sql = "INSERT OR REPLACE INTO task (due_at, id, work) VALUES (?1, ?2, ?3)";
        self.execute(sql, params![task.key.due_at.ms(), task.key.id.as_bytes(), work])
    }

    fn remove_task(&mut self, key: &TaskKey) -> Result<(), Fault> {
        let sql = "DELETE FROM task WHERE due_at = ?1 AND id = ?2";
        self.execute(sql, params![key.due_at.ms(), key.id.as_bytes()])
    }
}

/// What the tail holds, and the number of its last row.
pub(super) fn load_tail(connection: &Connection) -> Result<(Deferred, i64), Fault> {
    let (mut deferred, mut last) = (Deferred::default(), 0);
    let sql = "SELECT number, entries FROM tail ORDER BY number";
    let mut statement = connection.prepare(sql).map_err(|error| fault(&error))?;
    let mut rows = statement.query([]).map_err(|error| fault(&error))?;
    while let Some(row) = rows.next().map_err(|error| fault(&error))? {
        let bytes: Vec<u8> = row.get(1).map_err(|error| fault(&error))?;
        deferred.absorb(Entries::decode(&bytes).ok_or_else(|| bad_row("row of the tail"))?);
        last = row.get(0).map_err(|error| fault(&error))?;
    }
    Ok((deferred, last))
}

/// An account's state from four columns, starting at `first`.
pub(super) fn state(row: &Row<'_>, first: usize) -> rusqlite::Result<AccountState> {
    Ok(AccountState {
        debits: row.get(first)?,
        credits: row.get(first + 1)?,
        entries: unsigned(row.get(first + 2)?),
        head: unsigned(row.get(first + 3)?),
    })
}
