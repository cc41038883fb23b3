//! Checkpoints: folding the write-ahead log into the file, beside the commits.
//!
//! SQLite's automatic checkpoint runs within the commit that made the log long, which then takes a tenth of
//! a second, and swallows an error of its sync. Here another connection folds most of the log while commits
//! go on; when it is done, the committer folds what came meanwhile, so that the log can begin anew.
//!
//! **Invariants.** A commit stands whatever becomes of a checkpoint after it. But an error of the disk ends
//! the store then; a full disk does not, as the log keeps what could not be folded.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
        mpsc::{Receiver, SyncSender, TryRecvError, sync_channel},
    },
    thread::JoinHandle,
};

use rusqlite::Connection;

use super::{fault, spawn};
use crate::port::Fault;

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
    done: Receiver<Result<(), Fault>>,
    running: bool,
}

/// Folds what can be folded without waiting for anybody; gives the pages that are left.
fn fold(connection: &Connection) -> Result<u32, Fault> {
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?));
    let folded = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], row);
    let (pages, folded) = folded.map_err(|error| fault(&error))?;
    Ok(u32::try_from(pages - folded).unwrap_or_default())
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

    /// Folds it beside them from now on, on this connection.
    pub(super) fn beside(&mut self, folding: Connection) -> Result<JoinHandle<()>, Fault> {
        let (asked, asks) = sync_channel(1);
        let (answers, done) = sync_channel(1);
        let work = move || {
            while asks.recv().is_ok() {
                if answers.send(fold(&folding).map(drop)).is_err() {
                    return;
                }
            }
        };
        let thread = spawn("store-checkpoint", work)?;
        self.beside = Some(Beside { asked, done, running: false });
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
        let is_long = self.is_long();
        let gone = || Fault::Stopped("the thread of the checkpoints is gone".to_owned());
        let Some(beside) = &mut self.beside else { return Ok(()) };
        if !beside.running {
            if is_long {
                beside.asked.send(()).map_err(|_| gone())?;
                beside.running = true;
            }
            return Ok(());
        }
        match beside.done.try_recv() {
            Err(TryRecvError::Empty) => Ok(()),
            Ok(done) => {
                beside.running = false;
                done.and_then(|()| self.fold_here(connection))
            }
            Err(TryRecvError::Disconnected) => Err(gone()),
        }
    }

    fn fold_here(&mut self, connection: &Connection) -> Result<(), Fault> {
        let pages = self.pages.load(Ordering::Relaxed);
        // What a reader still looks at stays in the log; the next try waits for as many pages again.
        self.next_at = pages.saturating_add(self.pages_max);
        if fold(connection)? == 0 {
            self.next_at = self.pages_max;
        }
        Ok(())
    }
}
