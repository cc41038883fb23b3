//! What a test does with a disk.

use std::{
    collections::BTreeMap,
    ffi::CStr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{chance::Chance, file::File, state::State, vfs::Registered};

/// How everything that had files open ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// The process ends; what it wrote is seen by the next.
    Process,
    /// The power goes; of what was not synced a part is left.
    Power,
}

/// What goes wrong, from a certain operation on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// That operation is the last: it is not answered, may be half done, and everything after it fails.
    Death,
    /// That operation fails, and the ones after it do not.
    ErrorOnce,
    /// That operation fails, and all after it.
    ErrorsFrom,
}

/// The files of a disk at one moment, all of them durable.
#[derive(Clone, Debug, Default)]
pub struct Image(BTreeMap<String, Vec<u8>>);

impl Image {
    /// The bytes of a file.
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// Puts a file in, in place of one of the same name.
    pub fn put(&mut self, name: &str, bytes: Vec<u8>) {
        self.0.insert(name.to_owned(), bytes);
    }
}

/// A simulated disk. Connections reach it through the file-system layer that [`Disk::vfs`] names.
#[derive(Debug)]
pub struct Disk {
    state: Arc<Mutex<State>>,
    vfs: Registered,
}

impl Disk {
    /// An empty disk; the seed chooses what a power cut leaves.
    pub fn new(seed: u64) -> Disk {
        let state = Arc::new(Mutex::new(State::new(seed)));
        Disk { vfs: Registered::new(Arc::clone(&state)), state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The name of its file-system layer, to open connections with.
    pub fn vfs(&self) -> &CStr {
        self.vfs.name()
    }

    /// The seed it was made or restored with.
    pub fn seed(&self) -> u64 {
        self.state().seed
    }

    /// Lets an operation go wrong: the `after`-th from now, 1 being the next.
    pub fn fail(&self, after: u64, trouble: Trouble) {
        let mut state = self.state();
        state.trouble = Some((state.operations + after, trouble));
    }

    /// Lets nothing go wrong any more.
    pub fn heal(&self) {
        self.state().trouble = None;
    }

    /// Whether the operation that was to go wrong has come.
    pub fn has_failed(&self) -> bool {
        let state = self.state();
        state.trouble.is_some_and(|(at, _)| state.operations >= at)
    }

    /// How often there was no room for another region of the index of a log.
    pub fn regions_refused(&self) -> u64 {
        self.state().regions_refused
    }

    /// Bytes that all files together may have; `None` is no limit.
    pub fn set_capacity(&self, bytes: Option<usize>) {
        self.state().capacity = bytes;
    }

    /// Bytes that all files together have.
    pub fn used(&self) -> usize {
        self.state().used()
    }

    /// Opens, reads, writes, truncations, syncs and unlinks so far.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Syncs that succeeded so far.
    pub fn syncs(&self) -> u64 {
        self.state().syncs
    }

    /// Open files.
    pub fn handles(&self) -> u64 {
        self.state().handles
    }

    /// Ends whatever had files open, and lets the next process see what is left. All connections must
    /// have been dropped. What was to go wrong is forgotten.
    pub fn revive(&self, death: Death) {
        self.state().revive(death);
    }

    /// The files as a process sees them now.
    pub fn image(&self) -> Image {
        let state = self.state();
        let there = state.files.iter().filter(|(_, file)| file.exists);
        Image(there.map(|(name, file)| (name.clone(), file.live.clone())).collect())
    }

    /// Puts the files back to an earlier moment, all of them durable, under a new seed. All connections
    /// must have been dropped.
    pub fn restore(&self, image: &Image, seed: u64) {
        let mut state = self.state();
        state.revive(Death::Process);
        (state.seed, state.chance) = (seed, Chance::new(seed));
        state.capacity = None;
        state.files =
            image.0.iter().map(|(name, bytes)| (name.clone(), File::durable(bytes.clone()))).collect();
    }
}
