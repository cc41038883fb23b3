//! The embedded store: one SQLite file, one decider, one committer, group commit.
//!
//! ```text
//!   callers ──▶ bounded queue ──▶ decider: take all that waits, decide each
//!                                    └──▶ committer: write, COMMIT, answer all
//!   readers ──▶ a few read-only connections (WAL: they never block the writer, nor it them)
//! ```
//!
//! **Invariants.** WAL with `synchronous=FULL`: an answered step survives a power cut. One process
//! writes a file, kept out of each other's way by a lock file. After a failed write nothing is retried:
//! the committer stops, and a new process finds out what was committed.
//!
//! **Absent on purpose:** a setting that turns durability off; `mmap`; a second connection that commits.

mod checkpoint;
mod deferred;
mod filter;
mod indexes;
mod migrate;
mod open;
mod read;
mod records;
mod rows;
mod tables;
mod writer;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
};

use rusqlite::{Connection, ffi};
use tongbao_core::{Task, Time};

pub use migrate::{MIGRATIONS, Migration};
pub use open::Options;

use crate::{
    limits::{DUE_TASKS_MAX, QUEUE_STEPS_MAX},
    port::{Answer, Fault, Outcome, Page, Query, Step, Store},
};
use checkpoint::Checkpoints;
use deferred::Shared;
use filter::Filter;
use read::Reader;
use rows::SqliteRows;
use tables::Tables;
use writer::{Committer, Decider, Job, Standing};

/// Read connections kept open.
const READERS_KEPT_MAX: usize = 8;

/// A store in one SQLite file.
pub struct SqliteStore {
    jobs: Option<SyncSender<Job>>,
    threads: Vec<JoinHandle<()>>,
    readers: Mutex<Vec<Connection>>,
    deferred: Shared,
    filter: Arc<Filter>,
    options: Options,
}

/// A store that can be read and not written: a picture of a file at one moment, also while another
/// process writes it.
pub struct SqliteReader {
    connection: Mutex<Connection>,
    deferred: Shared,
    options: Options,
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Fault> {
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    thread.map_err(|error| Fault::Stopped(format!("the thread {name} did not start: {error}")))
}

/// Turns an error of SQLite into a fault. A file that cannot grow for want of room is a full disk, too, when it is
/// the index of the write-ahead log: what was written to the log then does not count, and is written over.
pub(crate) fn fault(error: &rusqlite::Error) -> Fault {
    let code = error.sqlite_error().map(|error| error.extended_code);
    match code {
        Some(ffi::SQLITE_FULL | ffi::SQLITE_IOERR_SHMSIZE) => Fault::Full,
        Some(code) => Fault::Stopped(format!("{error} (SQLite's code {code})")),
        None => Fault::Stopped(error.to_string()),
    }
}

impl SqliteStore {
    /// Opens the file, creating and migrating it as needed, and starts the writer.
    pub fn open(path: &Path) -> Result<SqliteStore, Fault> {
        SqliteStore::open_with(Options::new(path))
    }

    /// The same, with options.
    pub fn open_with(options: Options) -> Result<SqliteStore, Fault> {
        let (mut connection, lock) = open::writer(&options)?;
        let lookups = open::reader(&options)?;
        let head = rows::head(&connection)?;
        let standing = Standing::at(head);
        let (deferred, tail) = rows::load_tail(&connection)?;
        let deferred = Arc::new(RwLock::new(deferred));
        let filter = Arc::new(Filter::new(head.change));
        if Filter::is_filled_at_once(head.change) {
            filter.fill(&lookups, &deferred)?;
        } else {
            filter.fill_later(open::reader(&options)?, Arc::clone(&deferred));
        }
        let mut checkpoints = Checkpoints::of(&mut connection, options.checkpoint_pages)?;
        let mut threads = Vec::new();
        if options.checkpoints_beside {
            threads.push(checkpoints.beside(open::folder(&options)?, open::file(&options)?)?);
        }
        let (jobs, queue) = sync_channel(QUEUE_STEPS_MAX);
        // Without room: a batch is handed over when the one before is committed.
        let (hand_over, batches) = sync_channel(0);
        let decide = {
            let (deferred, standing) = (Arc::clone(&deferred), Arc::clone(&standing));
            let filter = Arc::clone(&filter);
            move || match SqliteRows::new(&lookups, deferred, filter) {
                Ok(rows) => Decider::new(rows, queue, hand_over, standing).run(),
                Err(fault) => tracing::error!(%fault, "the decider could not prepare its statements"),
            }
        };
        let commit = {
            let (deferred, generation_entries) = (Arc::clone(&deferred), options.generation_entries);
            let runtime = writer::runtime();
            move || {
                // Held for as long as the thread lives.
                let _lock = lock;
                match Tables::new(&connection, checkpoints, (deferred, tail), generation_entries) {
                    Ok(tables) => Committer::new(tables, batches, standing, runtime).run(),
                    Err(fault) => tracing::error!(%fault, "the committer could not prepare its statements"),
                }
            }
        };
        threads.extend([spawn("store-decider", decide)?, spawn("store-committer", commit)?]);
        Ok(SqliteStore { jobs: Some(jobs), threads, readers: Mutex::default(), deferred, filter, options })
    }

    fn send(&self, job: Job) -> Result<(), Fault> {
        let Some(jobs) = &self.jobs else { return Err(Fault::Stopped("closed".to_owned())) };
        jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Fault::Busy,
            TrySendError::Disconnected(_) => {
                Fault::Stopped("the writer has stopped after a failure".to_owned())
            }
        })
    }
}

impl Drop for SqliteStore {
    /// Lets the writer finish what waits, then closes the file.
    fn drop(&mut self) {
        self.jobs = None;
        self.filter.close();
        // Before the writing connection: the last one to be closed folds the log.
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).clear();
        for thread in self.threads.drain(..) {
            // A thread that panicked has answered nobody; there is nothing more to do here.
            drop(thread.join());
        }
    }
}

impl Store for SqliteStore {
    fn step(&self, step: Step) -> Answer<Outcome> {
        let (reply, answer) = Answer::pending();
        match self.send(Job::Step(step, reply)) {
            Ok(()) => answer,
            Err(fault) => Answer::ready(Err(fault)),
        }
    }

    fn due(&self, now: Time, limit: u32) -> Answer<Vec<Task>> {
        let (reply, answer) = Answer::pending();
        match self.send(Job::Due(now, limit.min(DUE_TASKS_MAX), reply)) {
            Ok(()) => answer,
            Err(fault) => Answer::ready(Err(fault)),
        }
    }

    fn read(&self, query: Query) -> Result<Page, Fault> {
        let kept = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = kept.map_or_else(|| open::reader(&self.options), Ok)?;
        let page = read::read(Reader { connection: &connection, deferred: &self.deferred }, &query);
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < READERS_KEPT_MAX {
            readers.push(connection);
        }
        page
    }
}

impl SqliteReader {
    /// Opens an existing file to read it as it is now; its schema must be of this version.
    pub fn open(path: &Path) -> Result<SqliteReader, Fault> {
        let options = Options::new(path);
        let connection = open::reader(&options)?;
        migrate::check(&connection)?;
        // One transaction for the reader's whole life: every read is of the moment of the first.
        connection.execute_batch("BEGIN").map_err(|error| fault(&error))?;
        let (deferred, _) = rows::load_tail(&connection)?;
        let deferred = Arc::new(RwLock::new(deferred));
        Ok(SqliteReader { connection: Mutex::new(connection), deferred, options })
    }

    /// Writes a consistent copy of the whole store to a new file, also while another process writes.
    pub fn copy_to(&self, target: &Path) -> Result<(), Fault> {
        let connection = open::reader(&self.options)?;
        // Otherwise the new file could not be written either; this one was opened to be read only.
        connection.pragma_update(None, "query_only", false).map_err(|error| fault(&error))?;
        let name = target.to_str().ok_or_else(|| Fault::Stopped("the file name is not UTF-8".to_owned()))?;
        connection.execute("VACUUM INTO ?1", [name]).map_err(|error| fault(&error))?;
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
        let copied = std::fs::File::open(target)
            .and_then(|file| file.sync_all())
            // The file's name is in the folder, which is synced apart.
            .and_then(|()| std::fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all());
        copied.map_err(|error| Fault::Stopped(format!("the copy could not be made durable: {error}")))
    }

    /// Where the file is.
    pub fn path(&self) -> PathBuf {
        self.options.path.clone()
    }
}

impl Store for SqliteReader {
    fn step(&self, _: Step) -> Answer<Outcome> {
        Answer::ready(Err(Fault::Stopped("opened for reading only".to_owned())))
    }

    fn due(&self, _: Time, _: u32) -> Answer<Vec<Task>> {
        Answer::ready(Err(Fault::Stopped("opened for reading only".to_owned())))
    }

    fn read(&self, query: Query) -> Result<Page, Fault> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        read::read(Reader { connection: &connection, deferred: &self.deferred }, &query)
    }
}
