//! Rows in SQLite, and the look-ups of the working set: on a connection of its own, beside the one that
//! commits.

use std::sync::{Arc, PoisonError};

use rusqlite::{Connection, OptionalExtension, Params, Row, Statement, params};
use tongbao_core::{
    Id, KeyDigest, Record, TaskKey, Time, Work,
    id::Kind,
    ledger::{AccountKey, AccountState},
};
use uuid::Uuid;

use super::{
    deferred::{Deferred, Entries, Shared},
    fault,
    filter::Filter,
    records,
};
use crate::{
    port::Fault,
    rows::{Head, Rows},
};

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

pub(super) fn run(statement: &mut Statement<'_>, params: impl Params) -> Result<(), Fault> {
    statement.execute(params).map(drop).map_err(|error| fault(&error))
}

fn one<T>(
    statement: &mut Statement<'_>,
    params: impl Params,
    map: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, Fault> {
    statement.query_row(params, map).optional().map_err(|error| fault(&error))
}

/// Where the working set looks up: committed rows, those that commits have put off before those in the
/// tables.
pub(super) struct SqliteRows<'a> {
    deferred: Shared,
    filter: Arc<Filter>,
    connection: &'a Connection,
    record: Statement<'a>,
    key: Statement<'a>,
    account_number: Statement<'a>,
    account: Statement<'a>,
    task: Statement<'a>,
    due: Statement<'a>,
}

impl<'a> SqliteRows<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        deferred: Shared,
        filter: Arc<Filter>,
    ) -> Result<SqliteRows<'a>, Fault> {
        let prepare = |sql| connection.prepare(sql).map_err(|error| fault(&error));
        Ok(SqliteRows {
            deferred,
            filter,
            connection,
            record: prepare(records::FIND)?,
            key: prepare("SELECT record FROM key WHERE digest = ?1")?,
            account_number: prepare("SELECT number FROM account WHERE name = ?1")?,
            account: prepare("SELECT debits, credits, entries, head FROM account WHERE number = ?1")?,
            task: prepare("SELECT 1 FROM task WHERE due_at = ?1 AND id = ?2")?,
            due: prepare(
                "SELECT due_at, id, work FROM task WHERE due_at <= ?1 ORDER BY due_at, id LIMIT ?2",
            )?,
        })
    }

    /// Notes keys that a batch takes.
    pub(super) fn take<'k>(&self, keys: impl Iterator<Item = &'k KeyDigest>) {
        keys.for_each(|digest| self.filter.take(digest));
    }

    fn deferred<T>(&self, look: impl FnOnce(&Deferred) -> Option<T>) -> Option<T> {
        look(&self.deferred.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Rows for SqliteRows<'_> {
    fn record(&mut self, id: Id) -> Result<Option<Record>, Fault> {
        let place = params![records::place(id), id.bytes()];
        let found = one(&mut self.record, place, |row| Ok(decode(id, row.get_ref(0)?.as_blob()?)));
        found?.transpose()
    }

    fn highest(&mut self, kind: Kind) -> Result<Uuid, Fault> {
        records::highest(self.connection, kind).map_err(|error| fault(&error))
    }

    fn key(&mut self, digest: &KeyDigest) -> Result<Option<Id>, Fault> {
        if self.filter.is_free(digest) {
            return Ok(None);
        }
        if let Some(id) = self.deferred(|deferred| deferred.key(digest)) {
            return Ok(Some(id));
        }
        let id: Option<[u8; 17]> = one(&mut self.key, [digest], |row| row.get(0))?;
        id.map(|id| Id::from_bytes(&id).ok_or_else(|| bad_row("key"))).transpose()
    }

    fn account(&mut self, key: &AccountKey) -> Result<Option<(u64, AccountState)>, Fault> {
        let number: Option<i64> = one(&mut self.account_number, [key.to_string()], |row| row.get(0))?;
        let Some(number) = number else { return Ok(None) };
        // In this order: a state that is merged meanwhile is in the table by then.
        if let Some(recent) = self.deferred(|deferred| deferred.account(unsigned(number))) {
            return Ok(Some((unsigned(number), recent)));
        }
        let stored = one(&mut self.account, [number], |row| state(row, 0))?;
        Ok(stored.map(|stored| (unsigned(number), stored)))
    }

    fn task(&mut self, key: &TaskKey) -> Result<bool, Fault> {
        let row = params![key.due_at.ms(), key.id.as_bytes()];
        Ok(one(&mut self.task, row, |_| Ok(()))?.is_some())
    }

    fn due(&mut self, now: Time, limit: usize) -> Result<Vec<(TaskKey, Work)>, Fault> {
        let rows = self.due.query_map(params![now.ms(), signed(limit as u64)], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 16]>(1)?, row.get::<_, String>(2)?))
        });
        let rows = rows.and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>);
        let task = |(due_at, id, work): (i64, [u8; 16], String)| {
            let key = TaskKey { due_at: Time::from_ms(due_at), id: Uuid::from_bytes(id) };
            Ok((key, serde_json::from_str(&work).map_err(|_| bad_row("task"))?))
        };
        rows.map_err(|error| fault(&error))?.into_iter().map(task).collect()
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
