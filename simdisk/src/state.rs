//! The disk itself: files by name, the count of operations, and what is to go wrong.

use std::collections::BTreeMap;

use rusqlite::ffi;

use crate::{
    chance::Chance,
    disk::{Death, Trouble},
    file::{Change, File},
};

/// An extended result code of SQLite.
pub(crate) type Code = std::ffi::c_int;

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) files: BTreeMap<String, File>,
    pub(crate) seed: u64,
    pub(crate) chance: Chance,
    /// Opens, reads, writes, truncations, syncs and unlinks so far.
    pub(crate) operations: u64,
    pub(crate) syncs: u64,
    /// The operation that goes wrong, and how.
    pub(crate) trouble: Option<(u64, Trouble)>,
    /// Bytes that all files together may have.
    pub(crate) capacity: Option<usize>,
    pub(crate) regions_refused: u64,
    /// Open files.
    pub(crate) handles: u64,
    next_handle: u64,
}

/// What the fault plan says of an operation.
enum Verdict {
    Fine,
    Fails,
    /// It is the last one, and it may have been half done.
    Last,
}

impl State {
    pub(crate) fn new(seed: u64) -> State {
        State {
            files: BTreeMap::new(),
            seed,
            chance: Chance::new(seed),
            operations: 0,
            syncs: 0,
            trouble: None,
            capacity: None,
            regions_refused: 0,
            handles: 0,
            next_handle: 0,
        }
    }

    fn verdict(&mut self) -> Verdict {
        self.operations += 1;
        match self.trouble {
            Some((at, Trouble::Death)) if self.operations == at => Verdict::Last,
            Some((at, Trouble::Death | Trouble::ErrorsFrom)) if self.operations >= at => Verdict::Fails,
            Some((at, Trouble::ErrorOnce)) if self.operations == at => Verdict::Fails,
            Some(_) | None => Verdict::Fine,
        }
    }

    fn ask(&mut self, otherwise: Code) -> Result<(), Code> {
        match self.verdict() {
            Verdict::Fine => Ok(()),
            Verdict::Fails | Verdict::Last => Err(otherwise),
        }
    }

    fn file(&mut self, name: &str) -> Result<&mut File, Code> {
        self.files.get_mut(name).ok_or(ffi::SQLITE_IOERR)
    }

    /// Opens a file and gives the number of the handle.
    pub(crate) fn open(&mut self, name: &str, create: bool) -> Result<u64, Code> {
        self.ask(ffi::SQLITE_CANTOPEN)?;
        let file = self.files.entry(name.to_owned()).or_default();
        if !file.exists && !create {
            return Err(ffi::SQLITE_CANTOPEN);
        }
        file.create();
        self.handles += 1;
        self.next_handle += 1;
        Ok(self.next_handle)
    }

    pub(crate) fn close(&mut self, name: &str, handle: u64, unlink: bool) {
        self.handles = self.handles.saturating_sub(1);
        if let Some(file) = self.files.get_mut(name) {
            file.locks.lower(handle, crate::lock::Level::None);
            file.memory.unmap(handle);
        }
        if unlink {
            self.files.remove(name);
        }
    }

    /// Reads as much as there is; gives how much that was.
    pub(crate) fn read(&mut self, name: &str, at: usize, into: &mut [u8]) -> Result<usize, Code> {
        self.ask(ffi::SQLITE_IOERR_READ)?;
        let live = self.file(name)?.live.get(at..).unwrap_or_default();
        let len = live.len().min(into.len());
        into[..len].copy_from_slice(&live[..len]);
        Ok(len)
    }

    pub(crate) fn change(&mut self, name: &str, change: Change) -> Result<(), Code> {
        let error = match change {
            Change::Write(..) => ffi::SQLITE_IOERR_WRITE,
            Change::Truncate(_) => ffi::SQLITE_IOERR_TRUNCATE,
        };
        match self.verdict() {
            Verdict::Fine => {}
            Verdict::Fails => return Err(error),
            Verdict::Last => {
                if let Some(begun) = change.begun(&mut self.chance) {
                    self.file(name)?.change(begun);
                }
                return Err(error);
            }
        }
        let used = self.used();
        let len = self.file(name)?.live.len();
        let grows = change.len_after(len).saturating_sub(len);
        if grows > 0 && self.capacity.is_some_and(|capacity| used + grows > capacity) {
            return Err(ffi::SQLITE_FULL);
        }
        self.file(name)?.change(change);
        Ok(())
    }

    pub(crate) fn sync(&mut self, name: &str) -> Result<(), Code> {
        match self.verdict() {
            Verdict::Fine => {}
            // What was pending stays so: the power may go before any of it is written.
            Verdict::Last => return Err(ffi::SQLITE_IOERR_FSYNC),
            Verdict::Fails => {
                let dead = matches!(self.trouble, Some((_, Trouble::Death)));
                if let Some(file) = self.files.get_mut(name).filter(|_| !dead) {
                    file.fail_to_sync(&mut self.chance);
                }
                return Err(ffi::SQLITE_IOERR_FSYNC);
            }
        }
        self.syncs += 1;
        self.file(name)?.sync();
        self.files.values_mut().for_each(File::sync_directory);
        Ok(())
    }

    pub(crate) fn unlink(&mut self, name: &str, durably: bool) -> Result<(), Code> {
        self.ask(ffi::SQLITE_IOERR_DELETE)?;
        match self.files.get_mut(name) {
            Some(file) if file.exists => {
                file.unlink(durably);
                Ok(())
            }
            Some(_) | None => Err(ffi::SQLITE_IOERR_DELETE_NOENT),
        }
    }

    /// Bytes of all files.
    pub(crate) fn used(&self) -> usize {
        self.files.values().map(|file| file.live.len()).sum()
    }

    /// What the next process finds.
    pub(crate) fn revive(&mut self, death: Death) {
        assert_eq!(self.handles, 0, "a file is still open; drop its connection first");
        self.trouble = None;
        for file in self.files.values_mut() {
            file.outlive_process();
            match death {
                Death::Process => {}
                Death::Power => file.outlive_power(&mut self.chance),
            }
        }
        self.files.retain(|_, file| file.exists);
    }
}
