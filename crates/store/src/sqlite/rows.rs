//! Rows in SQLite. The statements of every commit are prepared once; the rare ones come from a cache.

use std::sync::PoisonError;

use rusqlite::{Connection, OptionalExtension, Params, Row, Statement, params};
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
    cache::drop_elsewhere,
    log::{ChangeLine, Touched},
    port::{Fault, PostingLine},
    rows::{Head, Rows},
};

/// Entries merged with a commit, at least and for each that the commit adds: faster than they come in,
/// so that the old generation is merged before the young one is full.
const MERGED_MIN: usize = 64;
const MERGED_PER_ENTRY: usize = 2;

/// The statements that every commit runs, prepared once.
struct Statements<'a> {
    begin: Statement<'a>,
    commit: Statement<'a>,
    record: Statement<'a>,
    key: Statement<'a>,
    account: Statement<'a>,
    task: Statement<'a>,
    insert_record: Statement<'a>,
    update_record: Statement<'a>,
    insert_posting: Statement<'a>,
    insert_change: Statement<'a>,
    insert_task: Statement<'a>,
    remove_task: Statement<'a>,
    insert_tail: Statement<'a>,
    merge_key: Statement<'a>,
    merge_listing: Statement<'a>,
    merge_account: Statement<'a>,
}

impl<'a> Statements<'a> {
    fn prepare(connection: &'a Connection) -> rusqlite::Result<Statements<'a>> {
        Ok(Statements {
            begin: connection.prepare("BEGIN IMMEDIATE")?,
            commit: connection.prepare("COMMIT")?,
            record: connection.prepare("SELECT body FROM record WHERE id = ?1")?,
            key: connection.prepare("SELECT record FROM key WHERE digest = ?1")?,
            account: connection
                .prepare("SELECT number, debits, credits, entries, head FROM account WHERE name = ?1")?,
            task: connection.prepare("SELECT 1 FROM task WHERE due_at = ?1 AND id = ?2")?,
            insert_record: connection
                .prepare("INSERT INTO record (id, version, body) VALUES (?1, ?2, ?3)")?,
            update_record: connection.prepare("UPDATE record SET version = ?2, body = ?3 WHERE id = ?1")?,
            insert_posting: connection.prepare(
                "INSERT INTO posting (number, change, at, debit, credit, amount, reason, subject,
                                      debit_before, credit_before, debit_balance, credit_balance)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?,
            insert_change: connection.prepare(
                "INSERT INTO change (number, at, actor, input, touched, postings, digest)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?,
            insert_task: connection
                .prepare("INSERT OR REPLACE INTO task (due_at, id, work) VALUES (?1, ?2, ?3)")?,
            remove_task: connection.prepare("DELETE FROM task WHERE due_at = ?1 AND id = ?2")?,
            insert_tail: connection.prepare("INSERT INTO tail (number, entries) VALUES (?1, ?2)")?,
            merge_key: connection.prepare("INSERT OR IGNORE INTO key (digest, record) VALUES (?1, ?2)")?,
            merge_listing: connection.prepare("INSERT OR IGNORE INTO list (list, uuid) VALUES (?1, ?2)")?,
            merge_account: connection.prepare(
                "UPDATE account SET debits = ?2, credits = ?3, entries = ?4, head = ?5 WHERE number = ?1",
            )?,
        })
    }
}

/// The writing connection.
pub(super) struct SqliteRows<'a> {
    connection: &'a Connection,
    statements: Statements<'a>,
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

/// Where the numbering and the chain stand.
pub(super) fn head(connection: &Connection) -> Result<Head, Fault> {
    let number = |sql| connection.query_row(sql, [], |row| row.get(0)).map(unsigned);
    let read = || {
        let sql = "SELECT number, digest, at FROM change ORDER BY number DESC LIMIT 1";
        let last = connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        let (change, digest, at) = last.optional()?.unwrap_or((0, [0; 32], 0));
        Ok(Head {
            change: unsigned(change),
            digest,
            at: Time::from_ms(at),
            posting: number("SELECT coalesce(max(number), 0) FROM posting")?,
            account: number("SELECT coalesce(max(number), 0) FROM account")?,
        })
    };
    read().map_err(|error| fault(&error))
}

fn run(statement: &mut Statement<'_>, params: impl Params) -> Result<(), Fault> {
    statement.execute(params).map(drop).map_err(|error| fault(&error))
}

fn one<T>(
    statement: &mut Statement<'_>,
    params: impl Params,
    map: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, Fault> {
    statement.query_row(params, map).optional().map_err(|error| fault(&error))
}

impl<'a> SqliteRows<'a> {
    /// Rows over a connection whose tail is in `deferred`, up to row `tail`.
    pub(super) fn new(
        connection: &'a Connection,
        (deferred, tail): (Shared, i64),
        generation_entries: usize,
    ) -> Result<SqliteRows<'a>, Fault> {
        let statements = Statements::prepare(connection).map_err(|error| fault(&error))?;
        let (pending, progress) = (Entries::default(), Progress::default());
        Ok(SqliteRows {
            connection,
            statements,
            deferred,
            pending,
            progress,
            generation_entries,
            tail,
            tail_old: 0,
        })
    }

    pub(super) fn begin(&mut self) -> Result<(), Fault> {
        run(&mut self.statements.begin, [])
    }

    /// Commits, together with a slice of what earlier commits put off.
    pub(super) fn commit(&mut self) -> Result<(), Fault> {
        if !self.pending.is_empty() {
            run(&mut self.statements.insert_tail, params![self.tail + 1, self.pending.encode()])?;
        }
        let size = MERGED_MIN + MERGED_PER_ENTRY * self.pending.len();
        let (progress, merged) = self.merge(size)?;
        let publishing = self.deferred.read().unwrap_or_else(PoisonError::into_inner).publishing();
        let _publishing = publishing.lock().unwrap_or_else(PoisonError::into_inner);
        run(&mut self.statements.commit, [])?;
        self.tail += i64::from(!self.pending.is_empty());
        self.progress = progress;
        self.publish(merged);
        Ok(())
    }

    /// Merges the next entries of the old generation; tells whether they were the last.
    fn merge(&mut self, size: usize) -> Result<(Progress, bool), Fault> {
        let old = self.deferred.read().unwrap_or_else(PoisonError::into_inner).old();
        if old.is_empty() {
            return Ok((self.progress, false));
        }
        let (slice, progress, last) = self.progress.next(&old, size);
        for (digest, id) in slice.keys {
            run(&mut self.statements.merge_key, params![digest, id.bytes()])?;
        }
        for (list, uuid) in slice.lists {
            run(&mut self.statements.merge_listing, params![list, uuid])?;
        }
        for (number, state) in slice.accounts {
            let (entries, head) = (signed(state.entries), signed(state.head));
            let row = params![signed(number), state.debits, state.credits, entries, head];
            run(&mut self.statements.merge_account, row)?;
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
            drop_elsewhere(gone);
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

impl Rows for SqliteRows<'_> {
    fn record(&mut self, id: Id) -> Result<Option<Record>, Fault> {
        let found = one(&mut self.statements.record, [id.bytes()], |row| {
            Ok(decode(id, row.get_ref(0)?.as_blob()?))
        });
        found?.transpose()
    }

    fn highest(&mut self, kind: Kind) -> Result<Uuid, Fault> {
        let top = Id { kind, uuid: Uuid::max() };
        let sql = "SELECT id FROM record WHERE id <= ?1 ORDER BY id DESC LIMIT 1";
        let mut statement = self.connection.prepare_cached(sql).map_err(|error| fault(&error))?;
        let found: Option<[u8; 17]> = one(&mut statement, [top.bytes()], |row| row.get(0))?;
        let of_kind = found.and_then(|id| Id::from_bytes(&id)).filter(|id| id.kind == kind);
        Ok(of_kind.map(|id| id.uuid).unwrap_or_default())
    }

    fn key(&mut self, digest: &KeyDigest) -> Result<Option<Id>, Fault> {
        let pending = self.pending.keys.get(digest).copied();
        let recent = || self.deferred.read().unwrap_or_else(PoisonError::into_inner).key(digest);
        if let Some(id) = pending.or_else(recent) {
            return Ok(Some(id));
        }
        let id: Option<[u8; 17]> = one(&mut self.statements.key, [digest], |row| row.get(0))?;
        id.map(|id| Id::from_bytes(&id).ok_or_else(|| bad_row("key"))).transpose()
    }

    fn account(&mut self, key: &AccountKey) -> Result<Option<(u64, AccountState)>, Fault> {
        let row = |row: &Row<'_>| Ok((unsigned(row.get(0)?), state(row, 1)?));
        let found = one(&mut self.statements.account, [key.to_string()], row)?;
        let deferred = self.deferred.read().unwrap_or_else(PoisonError::into_inner);
        Ok(found.map(|(number, stored)| {
            let pending = self.pending.accounts.get(&number).copied();
            (number, pending.or_else(|| deferred.account(number)).unwrap_or(stored))
        }))
    }

    fn task(&mut self, key: &TaskKey) -> Result<bool, Fault> {
        let row = params![key.due_at.ms(), key.id.as_bytes()];
        Ok(one(&mut self.statements.task, row, |_| Ok(()))?.is_some())
    }

    fn insert_record(&mut self, id: Id, version: u32, body: &[u8]) -> Result<(), Fault> {
        run(&mut self.statements.insert_record, params![id.bytes(), version, body])
    }

    fn update_record(&mut self, id: Id, version: u32, body: &[u8]) -> Result<(), Fault> {
        run(&mut self.statements.update_record, params![id.bytes(), version, body])
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
        run(
            &mut self.statements.insert_posting,
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
        let touched = Touched::encode(&line.touched);
        run(
            &mut self.statements.insert_change,
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
        let row = params![task.key.due_at.ms(), task.key.id.as_bytes(), work];
        run(&mut self.statements.insert_task, row)
    }

    fn remove_task(&mut self, key: &TaskKey) -> Result<(), Fault> {
        run(&mut self.statements.remove_task, params![key.due_at.ms(), key.id.as_bytes()])
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
