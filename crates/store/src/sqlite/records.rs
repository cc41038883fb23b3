//! Where records stand in the file.
//!
//! A record's *place* is the time of its id, and bits of the id that tell apart what was made in the same
//! millisecond. New records go to the end of the table, in whole pages, and a look-up needs no index. Two ids
//! may have the same place: the second is *displaced*, into a table by id.
//!
//! **Invariants.** A record stands in one of the two tables and stays there. It is displaced only if another
//! one is at its place.

use rusqlite::{Connection, OptionalExtension, Statement, params};
use tongbao_core::{Id, id::Kind};
use uuid::Uuid;

use super::{
    fault,
    read::{all, bad, one},
};
use crate::{
    limits::READ_ROWS_MAX,
    port::{Fault, RecordLine},
    rows::RecordWrite,
};

/// The stored form of a record: parameters are its place and its id.
pub(super) const FIND: &str = "SELECT body FROM record WHERE place = ?1 AND id = ?2
    UNION ALL SELECT body FROM displaced WHERE id = ?2 LIMIT 1";

/// Bits of a place that come from the end of the id; the 44 above them are milliseconds, enough until 2527.
const TELLING_BITS: u32 = 19;
const TELLING: u128 = (1 << TELLING_BITS) - 1;
const MILLISECONDS_MAX: u128 = (1 << 44) - 1;

/// Spreads the kinds: different things may have the same UUID.
const KIND_STEP: u128 = 0x9E37;

/// Where a record stands, unless it is displaced.
pub(super) fn place(id: Id) -> i64 {
    let uuid = id.uuid.as_u128();
    let millisecond = (uuid >> 80).min(MILLISECONDS_MAX);
    let telling = (uuid + u128::from(id.kind.code()) * KIND_STEP) & TELLING;
    i64::try_from(millisecond << TELLING_BITS | telling).unwrap_or_default()
}

/// The highest UUID that a record at this place, or before it, can have.
fn highest_at(place: i64) -> Uuid {
    let millisecond = u128::try_from(place >> TELLING_BITS).unwrap_or_default();
    if millisecond < MILLISECONDS_MAX { Uuid::from_u128(((millisecond + 1) << 80) - 1) } else { Uuid::max() }
}

/// The highest UUID that a record of this kind can have; nil when there are none.
pub(super) fn highest(connection: &Connection, kind: Kind) -> rusqlite::Result<Uuid> {
    let last: Option<i64> =
        connection.prepare_cached("SELECT max(place) FROM record")?.query_row([], |row| row.get(0))?;
    let top = Id { kind, uuid: Uuid::max() };
    let sql = "SELECT id FROM displaced WHERE id <= ?1 ORDER BY id DESC LIMIT 1";
    let mut displaced = connection.prepare_cached(sql)?;
    let displaced: Option<[u8; 17]> = displaced.query_row([top.bytes()], |row| row.get(0)).optional()?;
    let displaced = displaced.and_then(|id| Id::from_bytes(&id)).filter(|id| id.kind == kind);
    let displaced = displaced.map(|id| id.uuid).unwrap_or_default();
    Ok(last.map(highest_at).unwrap_or_default().max(displaced))
}

/// Stored forms after this one: first those at their places, then those that are displaced.
pub(super) fn stored(
    connection: &Connection,
    after: Option<Id>,
    limit: u32,
) -> Result<Vec<RecordLine>, Fault> {
    let limit = limit.min(READ_ROWS_MAX);
    let last_place = after.map_or(Ok(Some(-1)), |id| place_taken(connection, id))?;
    let mut lines = match last_place {
        Some(place) => {
            let sql = "SELECT id, version, body FROM record WHERE place > ?1 ORDER BY place LIMIT ?2";
            all(connection, sql, params![place, limit], record_line)?
        }
        None => Vec::new(),
    };
    let left = limit.saturating_sub(u32::try_from(lines.len()).unwrap_or(limit));
    let after =
        if last_place.is_some() { Vec::new() } else { after.map(Id::bytes).unwrap_or_default().to_vec() };
    let sql = "SELECT id, version, body FROM displaced WHERE id > ?1 ORDER BY id LIMIT ?2";
    lines.extend(all(connection, sql, params![after, left], record_line)?);
    Ok(lines)
}

/// The place of a record, if that is where it stands.
fn place_taken(connection: &Connection, id: Id) -> Result<Option<i64>, Fault> {
    let sql = "SELECT place FROM record WHERE place = ?1 AND id = ?2";
    one(connection, sql, params![place(id), id.bytes()], |row| row.get(0))
}

fn record_line(row: &rusqlite::Row<'_>) -> rusqlite::Result<RecordLine> {
    let id: [u8; 17] = row.get(0)?;
    let id = Id::from_bytes(&id).ok_or_else(|| bad("a record's id"))?;
    Ok(RecordLine { id, version: row.get(1)?, body: row.get(2)? })
}

/// The statements that write records.
pub(super) struct Write<'a> {
    insert: Statement<'a>,
    displace: Statement<'a>,
    update: Statement<'a>,
    update_displaced: Statement<'a>,
}

impl<'a> Write<'a> {
    pub(super) fn prepare(connection: &'a Connection) -> rusqlite::Result<Write<'a>> {
        Ok(Write {
            insert: connection
                .prepare("INSERT OR IGNORE INTO record (place, id, version, body) VALUES (?1, ?2, ?3, ?4)")?,
            displace: connection.prepare(
                "INSERT INTO displaced (id, version, body) SELECT ?2, ?3, ?4
                 WHERE NOT EXISTS (SELECT 1 FROM record WHERE place = ?1 AND id = ?2)",
            )?,
            update: connection
                .prepare("UPDATE record SET version = ?3, body = ?4 WHERE place = ?1 AND id = ?2")?,
            update_displaced: connection
                .prepare("UPDATE displaced SET version = ?2, body = ?3 WHERE id = ?1")?,
        })
    }

    /// Writes a new record, or a new version of one.
    pub(super) fn write(&mut self, record: &RecordWrite) -> Result<(), Fault> {
        let RecordWrite { id, new, version, body } = record;
        let place = params![place(*id), id.bytes(), version, body];
        let rows = if *new {
            match self.insert.execute(place) {
                Ok(0) => self.displace.execute(place),
                done => done,
            }
        } else {
            match self.update.execute(place) {
                Ok(0) => self.update_displaced.execute(params![id.bytes(), version, body]),
                done => done,
            }
        };
        match rows.map_err(|error| fault(&error))? {
            1 => Ok(()),
            _ if *new => Err(Fault::Stopped(format!("{id} is stored already"))),
            _ => Err(Fault::Stopped(format!("{id} is not stored, so it cannot change"))),
        }
    }
}
