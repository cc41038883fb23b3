//! Migrations: plain SQL files, applied in order, each checked by digest.
//!
//! A file that was applied is never edited. Migrations expand first (new tables and columns, which programs of
//! before do not mind) and contract later; each says which programs may go on, so that old and new versions run
//! side by side while they are replaced. Two processes that start at once wait for each other at a row. Every
//! statement may run again, so one that was interrupted is resumed.

use deadpool_postgres::Object;
use tokio_postgres::error::SqlState;

use super::{
    connect::{Trouble, trouble},
    values::column,
};

/// One step of the schema.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Its number: 1, 2, 3, …
    pub number: u32,
    /// What it is for.
    pub name: &'static str,
    /// How many migrations a program must know to go on after this one.
    pub least: u32,
    sql: &'static str,
}

/// All of them, in order.
pub const MIGRATIONS: &[Migration] = &[Migration {
    number: 1,
    name: "foundation",
    least: 1,
    sql: include_str!("../../migrations/postgres/0001_foundation.sql"),
}];

/// The tables that this file itself needs; the one row of the second is held by whoever migrates.
const TABLES: [&str; 3] = [
    "CREATE TABLE IF NOT EXISTS migration (
        number integer NOT NULL PRIMARY KEY, name text NOT NULL, digest text NOT NULL, least integer NOT NULL
    )",
    "CREATE TABLE IF NOT EXISTS migration_lock (number integer NOT NULL PRIMARY KEY)",
    "INSERT INTO migration_lock (number) VALUES (1) ON CONFLICT (number) DO NOTHING",
];

/// How often making them is tried: two processes that make a table at once get in each other's way even so.
const TRIES_MAX: u32 = 20;

impl Migration {
    fn digest(&self) -> String {
        blake3::hash(self.sql.as_bytes()).to_hex().to_string()
    }
}

/// Applies what has not been applied yet.
pub(super) async fn run(client: &Object) -> Result<(), Trouble> {
    for statement in TABLES {
        make(client, statement).await?;
    }
    for migration in MIGRATIONS {
        client.batch_execute("BEGIN").await?;
        client.query("SELECT number FROM migration_lock FOR UPDATE", &[]).await?;
        if !is_applied(client, migration).await? {
            client.batch_execute(migration.sql).await?;
            let sql = "INSERT INTO migration (number, name, digest, least) VALUES ($1, $2, $3, $4)";
            let (number, least) = (signed(migration.number), signed(migration.least));
            client.execute(sql, &[&number, &migration.name, &migration.digest(), &least]).await?;
        }
        client.batch_execute("COMMIT").await?;
    }
    refuse_newer(client).await
}

/// Refuses a database that this program cannot work with.
pub(super) async fn check(client: &Object) -> Result<(), Trouble> {
    for migration in MIGRATIONS {
        let applied = match is_applied(client, migration).await {
            Err(Trouble::Failed(why)) if why.contains(SqlState::UNDEFINED_TABLE.code()) => false,
            applied => applied?,
        };
        if !applied {
            return Err(refused(format!("migration {} is missing: run `tongbao migrate`", migration.number)));
        }
    }
    refuse_newer(client).await
}

async fn make(client: &Object, statement: &str) -> Result<(), Trouble> {
    let mut last = Ok(());
    for _ in 0..TRIES_MAX {
        last = client.batch_execute(statement).await;
        let Err(error) = &last else { return Ok(()) };
        let exists = [SqlState::UNIQUE_VIOLATION, SqlState::DUPLICATE_TABLE, SqlState::DUPLICATE_OBJECT];
        if !error.code().is_some_and(|code| exists.contains(code)) {
            break;
        }
    }
    last.map_err(|error| trouble(&error))
}

async fn is_applied(client: &Object, migration: &Migration) -> Result<bool, Trouble> {
    let sql = "SELECT digest FROM migration WHERE number = $1";
    let Some(row) = client.query_opt(sql, &[&signed(migration.number)]).await? else { return Ok(false) };
    let digest: String = column(&row, 0)?;
    if digest == migration.digest() {
        return Ok(true);
    }
    Err(refused(format!("migration {} was applied with other content", migration.number)))
}

async fn refuse_newer(client: &Object) -> Result<(), Trouble> {
    let row = client.query_one("SELECT coalesce(max(least), 0) FROM migration", &[]).await?;
    let least: i32 = column(&row, 0)?;
    let known = MIGRATIONS.last().map_or(0, |last| signed(last.number));
    if least > known {
        return Err(refused(format!(
            "the database needs a program that knows {least} migrations, this one knows {known}: use a newer one"
        )));
    }
    Ok(())
}

fn refused(why: String) -> Trouble {
    Trouble::Unreadable(crate::port::Fault::Stopped(why))
}

/// PostgreSQL's integers are signed.
fn signed(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
