//! Rows in SQLite, through prepared statements that stay prepared.

use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use tongbao_core::{
    Id, KeyDigest, List, Record, Task, TaskKey, Time, Work,
    ledger::{AccountKey, AccountState},
};
use uuid::Uuid;

use super::fault;
use crate::{
    log::{ChangeLine, Touched},
    port::{Fault, PostingLine},
    rows::{Head, Rows},
};

/// The writing connection.
pub(super) struct SqliteRows {
    connection: Connection,
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
    pub(super) fn new(connection: Connection) -> SqliteRows {
        SqliteRows { connection }
    }

    pub(super) fn begin(&self) -> Result<(), Fault> {
        self.execute("BEGIN IMMEDIATE", [])
    }

    pub(super) fn commit(&self) -> Result<(), Fault> {
        self.execute("COMMIT", [])
    }

    pub(super) fn rollback(&self) -> Result<(), Fault> {
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

    fn key(&mut self, digest: &KeyDigest) -> Result<Option<Id>, Fault> {
        let id: Option<[u8; 17]> =
            self.one("SELECT record FROM key WHERE digest = ?1", [digest], |row| row.get(0))?;
        id.map(|id| Id::from_bytes(&id).ok_or_else(|| bad_row("key"))).transpose()
    }

    fn account(&mut self, key: &AccountKey) -> Result<Option<(u64, AccountState)>, Fault> {
        let sql = "SELECT number, debits, credits, entries, head FROM account WHERE name = ?1";
        self.one(sql, [key.to_string()], |row| Ok((unsigned(row.get(0)?), state(row, 1)?)))
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
        self.execute("INSERT INTO key (digest, record) VALUES (?1, ?2)", params![digest, id.bytes()])
    }

    fn insert_listing(&mut self, list: List, uuid: Uuid) -> Result<(), Fault> {
        self.execute("INSERT INTO list (list, uuid) VALUES (?1, ?2)", params![list.bytes(), uuid.as_bytes()])
    }

    fn insert_account(&mut self, number: u64, key: &AccountKey, state: AccountState) -> Result<(), Fault> {
        let sql = "INSERT INTO account (number, name, debits, credits, entries, head, floor)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let (entries, head) = (signed(state.entries), signed(state.head));
        let floor = key.account.floor();
        self.execute(
            sql,
            params![signed(number), key.to_string(), state.debits, state.credits, entries, head, floor],
        )
    }

    fn update_account(&mut self, number: u64, state: AccountState) -> Result<(), Fault> {
        let sql = "UPDATE account SET debits = ?2, credits = ?3, entries = ?4, head = ?5 WHERE number = ?1";
        let (entries, head) = (signed(state.entries), signed(state.head));
        self.execute(sql, params![signed(number), state.debits, state.credits, entries, head])
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

/// An account's state from four columns, starting at `first`.
pub(super) fn state(row: &Row<'_>, first: usize) -> rusqlite::Result<AccountState> {
    Ok(AccountState {
        debits: row.get(first)?,
        credits: row.get(first + 1)?,
        entries: unsigned(row.get(first + 2)?),
        head: unsigned(row.get(first + 3)?),
    })
}
