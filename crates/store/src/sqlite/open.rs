//! Opening the file: settings, the lock that keeps a second writer out, and the schema.

use std::{
    ffi::CString,
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};

use super::{deferred::GENERATION_ENTRIES, fault, migrate};
use crate::{limits::LEASE_MS, port::Fault};

/// Pages of the write-ahead log before it is folded into the file: 8 kB each, so 64 MB. A longer log is folded
/// less often and holds the commits up for longer when its sync competes with theirs.
const CHECKPOINT_PAGES: u32 = 8_192;

/// Kilobytes of the writer's page cache, and of each reader's. The writer reads little twice, and SQLite walks
/// through the whole cache after a commit that split a page: a larger one costs more than it saves.
const WRITER_CACHE_KB: i64 = 16_384;
const READER_CACHE_KB: i64 = 8_192;

/// Prepared statements kept per connection; there are fewer than that.
const STATEMENTS_KEPT: usize = 64;

/// How long a reader waits for a lock; in WAL only a recovery after a crash holds one.
const BUSY_MS: u64 = 5_000;

/// Where and how to open.
#[derive(Clone, Debug)]
pub struct Options {
    /// The file.
    pub path: PathBuf,
    /// The name of a SQLite file-system layer, for tests that simulate a disk: without a lock file.
    pub vfs: Option<CString>,
    /// Pages of the write-ahead log before it is folded into the file.
    pub checkpoint_pages: u32,
    /// Whether most of that is done beside the commits, on a thread of its own; otherwise within them, with
    /// the same operations in the same order every time.
    pub checkpoints_beside: bool,
    /// Index entries and balances that are kept in memory before they are merged into their tables.
    pub generation_entries: usize,
}

impl Options {
    /// The ordinary way to open this file.
    pub fn new(path: &Path) -> Options {
        let (checkpoint_pages, generation_entries) = (CHECKPOINT_PAGES, GENERATION_ENTRIES);
        Options {
            path: path.to_owned(),
            vfs: None,
            checkpoint_pages,
            checkpoints_beside: true,
            generation_entries,
        }
    }
}

fn connect(options: &Options, flags: OpenFlags) -> Result<Connection, Fault> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match &options.vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(&options.path, flags, vfs.as_c_str()),
        None => Connection::open_with_flags(&options.path, flags),
    };
    let connection =
        connection.map_err(|error| Fault::Stopped(format!("{}: {error}", options.path.display())))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    Ok(connection)
}

/// Opens the one connection that writes, with the lock file that says so.
pub(super) fn writer(options: &Options) -> Result<(Connection, Option<File>), Fault> {
    let lock = if options.vfs.is_none() { Some(lock(&options.path)?) } else { None };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut connection = connect(options, flags)?;
    configure(&connection).map_err(|error| fault(&error))?;
    migrate::run(&mut connection)?;
    settle(&connection).map_err(|error| fault(&error))?;
    end_leases(&connection).map_err(|error| fault(&error))?;
    Ok((connection, lock))
}

/// Makes everything durable that can be seen. A process that was killed between writing a commit and
/// syncing it leaves a commit that the next one finds and answers by; a power cut must not take it back
/// then. Folding the log into the file begins with a sync of the log.
fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}

/// Ends the leases of tasks that a worker held: with the lock in hand there is no such worker any more. They
/// are due again at the moment they were leased; keys that differed still do.
fn end_leases(connection: &Connection) -> rusqlite::Result<()> {
    let sql = "UPDATE OR REPLACE task SET held = 0, due_at = due_at - ?1 WHERE held = 1";
    connection.execute(sql, [LEASE_MS]).map(drop)
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "page_size", 8_192)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Checkpoints are ours (see `checkpoint`).
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KB)?;
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.busy_timeout(Duration::from_millis(BUSY_MS))
}

fn lock(path: &Path) -> Result<File, Fault> {
    // Whatever name the file was called by, there is one lock for it.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned()).with_extension("lock");
    let opened = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = opened.map_err(|error| Fault::Stopped(format!("{}: {error}", path.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Fault::Stopped(format!("another process writes this store ({} is locked)", path.display())))
        }
        Err(TryLockError::Error(error)) => Err(Fault::Stopped(format!("{}: {error}", path.display()))),
    }
}

/// Opens a connection that folds the log into the file.
pub(super) fn folder(options: &Options) -> Result<Connection, Fault> {
    let connection = connect(options, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let configured = connection
        .pragma_update(None, "synchronous", "FULL")
        .and_then(|()| connection.pragma_update(None, "wal_autocheckpoint", 0))
        .and_then(|()| connection.pragma_update(None, "cache_size", -READER_CACHE_KB))
        .and_then(|()| connection.busy_timeout(Duration::from_millis(BUSY_MS)));
    configured.map_err(|error| fault(&error))?;
    Ok(connection)
}

/// Opens the file itself, to sync it; none on a simulated disk.
pub(super) fn file(options: &Options) -> Result<Option<File>, Fault> {
    if options.vfs.is_some() {
        return Ok(None);
    }
    let opened = File::open(&options.path);
    opened.map(Some).map_err(|error| Fault::Stopped(format!("{}: {error}", options.path.display())))
}

/// Opens a connection that only reads.
pub(super) fn reader(options: &Options) -> Result<Connection, Fault> {
    let connection = connect(options, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let configured = connection
        .pragma_update(None, "query_only", true)
        .and_then(|()| connection.pragma_update(None, "cache_size", -READER_CACHE_KB))
        .and_then(|()| connection.busy_timeout(Duration::from_millis(BUSY_MS)));
    configured.map_err(|error| fault(&error))?;
    Ok(connection)
}
