//! The store as the process sees it, and what is behind it: answers take time and may never come, and what is behind
//! may lose its power.

use std::{
    ffi::CString,
    sync::{Arc, Mutex, PoisonError},
};

use simdisk::{Disk, Trouble};
use tongbao_core::{Task, Time};
use tongbao_store::{
    Answer, Fault, Outcome, Page, Query, Step, Store,
    model::ModelStore,
    sqlite::{Options, SqliteStore},
};

use crate::{
    agenda::{Ask, Death, Event},
    plan::{self, Kept},
    state::Shared,
};

/// Pages of the log before it is folded, and index entries before they are merged: small, so that both happen often.
const CHECKPOINT_PAGES: u32 = 40;
const GENERATION_ENTRIES: usize = 200;

/// What outlives the process.
pub(crate) struct Backing {
    model: Arc<ModelStore>,
    disk: Option<Disk>,
    seed: u64,
    opened: Mutex<Option<Arc<dyn Store>>>,
}

impl Backing {
    /// An empty one.
    pub(crate) fn new(kept: Kept, seed: u64) -> Backing {
        let disk = match kept {
            Kept::Disk => Some(Disk::new(seed)),
            Kept::Memory | Kept::MemoryShared => None,
        };
        Backing { model: Arc::default(), disk, seed, opened: Mutex::new(None) }
    }

    /// Opens it, as a process does that begins; `ends_leases` is whether no other process can hold any.
    pub(crate) fn open(&self, ends_leases: bool) -> Result<(), Fault> {
        let store: Arc<dyn Store> = if let Some(disk) = &self.disk {
            let options = Options {
                vfs: Some(CString::from(disk.vfs())),
                checkpoints_beside: false,
                checkpoint_pages: CHECKPOINT_PAGES,
                generation_entries: GENERATION_ENTRIES,
                ..Options::new("store.db".as_ref())
            };
            Arc::new(SqliteStore::open_with(options)?)
        } else {
            if ends_leases {
                self.model.end_leases();
            }
            Arc::clone(&self.model) as Arc<dyn Store>
        };
        *self.opened.lock().unwrap_or_else(PoisonError::into_inner) = Some(store);
        Ok(())
    }

    /// The store, if it is open.
    pub(crate) fn store(&self) -> Option<Arc<dyn Store>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends the process that has it open, before it can tidy up.
    pub(crate) fn die(&self, death: Death, again: u64) {
        let Some(disk) = &self.disk else { return };
        if !disk.has_failed() {
            disk.fail(1, Trouble::Death);
        }
        drop(self.opened.lock().unwrap_or_else(PoisonError::into_inner).take());
        disk.revive(match death {
            Death::Killed => simdisk::Death::Process,
            Death::Power => simdisk::Death::Power,
        });
        // How far the last thread got on a dying disk is chance of another kind: what follows is drawn anew.
        let image = disk.image();
        disk.restore(&image, self.seed ^ again);
    }

    /// Lets the disk die with its `after`-th operation from now. Gives whether there is a disk.
    pub(crate) fn doom(&self, after: u64) -> bool {
        let Some(disk) = &self.disk else { return false };
        disk.fail(after, Trouble::Death);
        true
    }

    /// Waits until nothing is written any more: what was asked before this is done, and what follows from it, too.
    pub(crate) fn rest(&self) {
        for _ in 0..2 {
            if let Some(store) = self.store() {
                drop(store.due(plan::BEGIN.plus_ms(-1), 1).wait());
            }
        }
    }
}

/// The way to it from the process.
pub(crate) struct Desk {
    pub(crate) shared: Shared,
    pub(crate) backing: Arc<Backing>,
}

impl Desk {
    fn ask(&self, ask: Ask) {
        let mut state = self.shared.lock();
        let slow = state.strikes(plan::Fault::SlowStore);
        let after_ms = if slow { state.wait_ms(3_000) } else { state.chance.between(0, 3) };
        let epoch = state.epoch;
        state.plan_in(after_ms, Event::Store(epoch, ask));
    }
}

impl Store for Desk {
    fn step(&self, step: Step) -> Answer<Outcome> {
        let (reply, answer) = Answer::pending();
        self.ask(Ask::Step(step, reply));
        answer
    }

    fn due(&self, now: Time, limit: u32) -> Answer<Vec<Task>> {
        let (reply, answer) = Answer::pending();
        self.ask(Ask::Due(now, limit, reply));
        answer
    }

    fn read(&self, query: Query) -> Result<Page, Fault> {
        let gone = || Fault::Stopped("the process has ended".to_owned());
        self.backing.store().ok_or_else(gone)?.read(query)
    }
}
