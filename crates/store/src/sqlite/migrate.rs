//! Migrations: plain SQL files, applied in order, each in one transaction, each checked by digest.
//!
//! A file that was applied is never edited; a database that is newer than the program is refused.

use rusqlite::{Connection, OptionalExtension, params};

use super::fault;
use crate::port::Fault;

/// One step of the schema.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Its number: 1, 2, 3, …
    pub number: u32,
    /// What it is for.
    pub name: &'static str,
    sql: &'static str,
}

/// All of them, in order.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        number: 1,
        name: "foundation",
        sql: include_str!("../../migrations/sqlite/0001_foundation.sql"),
    },
    Migration {
        number: 2,
        name: "held tasks",
        sql: include_str!("../../migrations/sqlite/0002_held_tasks.sql"),
    },
    Migration {
        number: 3,
        name: "records by time",
        sql: include_str!("../../migrations/sqlite/0003_records_by_time.sql"),
    },
];

const TABLE: &str = "CREATE TABLE IF NOT EXISTS migration (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL
) STRICT";

impl Migration {
    fn digest(&self) -> String {
        blake3::hash(self.sql.as_bytes()).to_hex().to_string()
    }
}

/// Applies what has not been applied yet.
pub(super) fn run(connection: &mut Connection) -> Result<(), Fault> {
    connection.execute_batch(TABLE).map_err(|error| fault(&error))?;
    for migration in MIGRATIONS {
        match applied(connection, migration)? {
            Some(()) => {}
            None => apply(connection, migration).map_err(|error| fault(&error))?,
        }
    }
    refuse_newer(connection)
}

/// Refuses a database that is not of this version.
pub(super) fn check(connection: &Connection) -> Result<(), Fault> {
    let known = connection.table_exists(None, "migration").map_err(|error| fault(&error))?;
    for migration in MIGRATIONS {
        if !known || applied(connection, migration)?.is_none() {
            return Err(Fault::Stopped(format!(
                "migration {} is missing: run `tongbao migrate`",
                migration.number
            )));
        }
    }
    refuse_newer(connection)
}

fn applied(connection: &Connection, migration: &Migration) -> Result<Option<()>, Fault> {
    let digest: Option<String> = connection
        .query_row("SELECT digest FROM migration WHERE number = ?1", [migration.number], |row| row.get(0))
        .optional()
        .map_err(|error| fault(&error))?;
    match digest {
        None => Ok(None),
        Some(digest) if digest == migration.digest() => Ok(Some(())),
        Some(_) => {
            Err(Fault::Stopped(format!("migration {} was applied with other content", migration.number)))
        }
    }
}

fn apply(connection: &mut Connection, migration: &Migration) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(migration.sql)?;
    transaction.execute(
        "INSERT INTO migration (number, name, digest) VALUES (?1, ?2, ?3)",
        params![migration.number, migration.name, migration.digest()],
    )?;
    transaction.commit()
}

fn refuse_newer(connection: &Connection) -> Result<(), Fault> {
    let newest: u32 = connection
        .query_row("SELECT coalesce(max(number), 0) FROM migration", [], |row| row.get(0))
        .map_err(|error| fault(&error))?;
    let known = MIGRATIONS.last().map_or(0, |last| last.number);
    if newest > known {
        return Err(Fault::Stopped(format!(
            "the database has migration {newest}, this program knows {known}: use a newer program"
        )));
    }
    Ok(())
}
