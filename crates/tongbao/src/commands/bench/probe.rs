//! What the machine itself can do, measured beside each benchmark.

use std::{
    fs::File,
    io::{Seek, SeekFrom, Write},
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::Connection;
use serde::Serialize;

use crate::output::Failure;

/// How long each probe runs.
const PROBE: Duration = Duration::from_secs(1);

/// What was found.
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "units stand last, and all of these are rates")]
pub(super) struct Probe {
    /// Times a second that 4 KiB of a file can be rewritten and synced.
    pub(super) fdatasync_per_s: u64,
    /// Times a second that SQLite (WAL, FULL) commits one plain insert.
    pub(super) sqlite_plain_per_s: u64,
    /// Times a second that one core signs with an RSA key of 2048 bits, where signatures are measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rsa_sign_per_s: Option<u64>,
}

/// Probes the disk under `directory`.
pub(super) fn run(directory: &Path) -> Result<Probe, Failure> {
    let (fdatasync_per_s, sqlite_plain_per_s) = (fdatasync(directory)?, sqlite(directory)?);
    Ok(Probe { fdatasync_per_s, sqlite_plain_per_s, rsa_sign_per_s: None })
}

/// How many a second.
pub(super) fn rate(count: u32, since: Instant) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate, rounded down")]
    let per_second = (f64::from(count) / since.elapsed().as_secs_f64()) as u64;
    per_second
}

fn fdatasync(directory: &Path) -> Result<u64, Failure> {
    let mut file = File::create(directory.join("probe"))?;
    let block = [0; 4_096];
    file.write_all(&block)?;
    file.sync_all()?;
    let (start, mut count) = (Instant::now(), 0);
    while start.elapsed() < PROBE {
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&block)?;
        file.sync_data()?;
        count += 1;
    }
    Ok(rate(count, start))
}

fn sqlite(directory: &Path) -> Result<u64, Failure> {
    let connection = Connection::open(directory.join("probe.db"))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch("CREATE TABLE plain (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT")?;
    let mut insert =
        connection.prepare("INSERT INTO plain (text) VALUES ('a row of about forty bytes of text')")?;
    let (start, mut count) = (Instant::now(), 0);
    while start.elapsed() < PROBE {
        insert.execute([])?;
        count += 1;
    }
    Ok(rate(count, start))
}
