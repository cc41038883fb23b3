//! Checkpoints: folding the write-ahead log into the file, beside the commits.
//!
//! SQLite's automatic checkpoint runs within the commit that made the log long, which then takes a tenth of
//! a second, and swallows an error of its sync. Here another connection folds the log while commits go on, and
//! again what came meanwhile, until little is left; the committer folds that, so that the log can begin anew.
//!
//! To sync all that was folded at once would fill the queue of the disk, and the sync of every commit would
//! wait behind it. So the file is synced again and again while it is folded.
//!
//! **Invariants.** A commit stands whatever becomes of a checkpoint after it. But an error of the disk ends
//! the store then; a full disk does not, as the log keeps what could not be folded.

use std::{
    fs::File,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
        mpsc::{Receiver, SyncSender, TryRecvError, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use rusqlite::Connection;

use super::{fault, spawn};
use crate::port::Fault;

/// Pages that the committer folds by itself at most, if readers allow it: few enough for one commit's time.
const REST_PAGES_MAX: u32 = 128;

/// How often the log is folded beside the commits before the committer folds what is left, however much: a
/// reader that looks at an old state holds back the rest.
const ROUNDS_MAX: u32 = 6;

/// Between two syncs of a file that is being folded.
const SYNC_PAUSE: Duration = Duration::from_micros(500);

/// When and by whom the log is folded.
pub(super) struct Checkpoints {
    /// Pages of the log before it is folded.
    pages_max: u32,
    /// Pages at which the next checkpoint begins.
    next_at: u32,
    /// Pages of the log after the last commit.
    pages: Arc<AtomicU32>,
    beside: Option<Beside>,
}

/// A thread that folds when it is asked to.
struct Beside {
    asked: SyncSender<()>,
    done: Receiver<Result<Folded, Fault>>,
    /// How often it was asked since the log was long; 0 while it rests.
    rounds: u32,
}

/// The pages of the log, and how many of them are in the file now.
struct Folded {
    pages: u32,
    folded: u32,
}

/// Folds what can be folded without waiting for anybody.
fn fold(connection: &Connection) -> Result<Folded, Fault> {
    // Both are -1 when there is nothing to say.
    let pages = |row: &rusqlite::Row<'_>, column| {
        Ok::<_, rusqlite::Error>(u32::try_from(row.get::<_, i64>(column)?).unwrap_or_default())
    };
    let row = |row: &rusqlite::Row<'_>| Ok(Folded { pages: pages(row, 1)?, folded: pages(row, 2)? });
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], row).map_err(|error| fault(&error))
}

/// The same, while `file` is synced again and again. What an error of these syncs means, the one that ends the
/// folding says, too: every descriptor of a file is told of an error once.
fn fold_syncing(connection: &Connection, file: &File) -> Result<Folded, Fault> {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let sync = || {
            while !is_over.load(Ordering::Relaxed) {
                drop(file.sync_data());
                thread::sleep(SYNC_PAUSE);
            }
        };
        // Without a thread to be had it is folded as well, and synced at its end.
        drop(thread::Builder::new().name("store-sync".to_owned()).spawn_scoped(scope, sync));
        let folded = fold(connection);
        is_over.store(true, Ordering::Relaxed);
        folded
    })
}

impl Checkpoints {
    /// Counts the pages that `committing` writes to the log.
    pub(super) fn of(committing: &mut Connection, pages_max: u32) -> Result<Checkpoints, Fault> {
        let pages = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&pages);
        // This takes the place of SQLite's own checkpoints.
        let count = committing.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
            counted.store(u32::try_from(pages).unwrap_or_default(), Ordering::Relaxed);
            Ok(())
        }));
        count.map_err(|error| fault(&error))?;
        Ok(Checkpoints { pages_max, next_at: pages_max, pages, beside: None })
    }

    /// Folds it beside them from now on, on this connection to `file`, which is none on a simulated disk. It is
    /// kept as long as the connection: to close it would end the locks that SQLite holds on the file.
    pub(super) fn beside(
        &mut self,
        folding: Connection,
        file: Option<File>,
    ) -> Result<JoinHandle<()>, Fault> {
        let (asked, asks) = sync_channel(1);
        let (answers, done) = sync_channel(1);
        let work = move || {
            while asks.recv().is_ok() {
                let folded = match &file {
                    Some(file) => fold_syncing(&folding, file),
                    None => fold(&folding),
                };
                if answers.send(folded).is_err() {
                    return;
                }
            }
        };
        let thread = spawn("store-checkpoint", work)?;
        self.beside = Some(Beside { asked, done, rounds: 0 });
        Ok(thread)
    }

    fn is_long(&self) -> bool {
        self.pages.load(Ordering::Relaxed) >= self.next_at
    }

    /// Called as part of each commit: folds a long log here, if nobody does so beside.
    pub(super) fn within_commit(&mut self, connection: &Connection) -> Result<(), Fault> {
        if self.beside.is_none() && self.is_long() { self.fold_here(connection) } else { Ok(()) }
    }

    /// Called after each commit, when it has been answered.
    pub(super) fn after_commit(&mut self, connection: &Connection) -> Result<(), Fault> {
        let (is_long, pages) = (self.is_long(), self.pages.load(Ordering::Relaxed));
        let gone = || Fault::Stopped("the thread of the checkpoints is gone".to_owned());
        let Some(beside) = &mut self.beside else { return Ok(()) };
        let rounds = match (beside.rounds, beside.done.try_recv()) {
            (0, _) if !is_long => return Ok(()),
            (0, _) => 0,
            (_, Err(TryRecvError::Empty)) => return Ok(()),
            (_, Err(TryRecvError::Disconnected)) => return Err(gone()),
            (rounds, Ok(done)) => {
                beside.rounds = 0;
                let rest = pages.saturating_sub(done?.folded);
                if rest <= REST_PAGES_MAX || rounds >= ROUNDS_MAX {
                    return self.fold_here(connection);
                }
                rounds
            }
        };
        beside.rounds = rounds + 1;
        beside.asked.send(()).map_err(|_| gone())
    }

    fn fold_here(&mut self, connection: &Connection) -> Result<(), Fault> {
        let pages = self.pages.load(Ordering::Relaxed);
        // What a reader still looks at stays in the log; the next try waits for as many pages again.
        self.next_at = pages.saturating_add(self.pages_max);
        let Folded { pages, folded } = fold(connection)?;
        if folded >= pages {
            self.next_at = self.pages_max;
        }
        Ok(())
    }
}
