//! One file: what a process sees of it, and what of that a power cut leaves.

use crate::{chance::Chance, lock::Locks, memory::SharedMemory};

/// A disk writes this many bytes whole or not at all.
const SECTOR_LEN: usize = 512;

/// Something done to a file.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

impl Change {
    /// Does it, whole.
    pub(crate) fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Change::Truncate(len) => bytes.resize(*len, 0),
            Change::Write(at, content) => {
                if bytes.len() < *at {
                    bytes.resize(*at, 0);
                }
                let (over, behind) = content.split_at(content.len().min(bytes.len() - at));
                bytes[*at..at + over.len()].copy_from_slice(over);
                bytes.extend_from_slice(behind);
            }
        }
    }

    /// Does a part of it, sector by sector. What a file grew by and was not written holds zeros, or
    /// whatever was in that place of the disk before.
    pub(crate) fn apply_torn(&self, bytes: &mut Vec<u8>, chance: &mut Chance) {
        let Change::Write(at, content) = self else {
            return self.apply(bytes);
        };
        let known = bytes.len();
        for (index, sector) in content.chunks(SECTOR_LEN).enumerate() {
            let start = at + index * SECTOR_LEN;
            if chance.once_in(2) {
                Change::Write(start, sector.to_vec()).apply(bytes);
            } else if start >= known && chance.once_in(2) {
                let stale = sector.iter().map(|_| chance.bits().to_le_bytes()[0]).collect();
                Change::Write(start, stale).apply(bytes);
            }
        }
    }

    /// The part of it that was done when the process ended in the middle: whole sectors from the start.
    pub(crate) fn begun(&self, chance: &mut Chance) -> Option<Change> {
        let Change::Write(at, content) = self else { return None };
        let sectors = usize::try_from(chance.below(content.len().div_ceil(SECTOR_LEN) as u64 + 1)).ok()?;
        let done = (sectors * SECTOR_LEN).min(content.len());
        Some(Change::Write(*at, content[..done].to_vec()))
    }

    /// How long the file is afterwards, if it was `len` before.
    pub(crate) fn len_after(&self, len: usize) -> usize {
        match self {
            Change::Truncate(to) => *to,
            Change::Write(at, content) => len.max(at + content.len()),
        }
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct File {
    pub(crate) exists: bool,
    /// What a process reads.
    pub(crate) live: Vec<u8>,
    /// What is on the platter; `None` while the file's own name is not.
    durable: Option<Vec<u8>>,
    /// What was done since the last sync, in order.
    pending: Vec<Change>,
    /// The platter's bytes of a file of this name that was unlinked, until the unlinking is durable.
    ghost: Option<Vec<u8>>,
    pub(crate) locks: Locks,
    pub(crate) memory: SharedMemory,
}

impl File {
    /// A file that is whole on the platter.
    pub(crate) fn durable(bytes: Vec<u8>) -> File {
        File { exists: true, live: bytes.clone(), durable: Some(bytes), ..File::default() }
    }

    pub(crate) fn create(&mut self) {
        if !self.exists {
            *self = File { exists: true, ghost: self.ghost.take(), ..File::default() };
        }
    }

    /// Unlinks it; durably, if the directory is synced.
    pub(crate) fn unlink(&mut self, durably: bool) {
        *self = File { ghost: self.durable.take().filter(|_| !durably), ..File::default() };
    }

    pub(crate) fn change(&mut self, change: Change) {
        change.apply(&mut self.live);
        self.pending.push(change);
    }

    pub(crate) fn sync(&mut self) {
        let durable = self.durable.get_or_insert_default();
        for change in self.pending.drain(..) {
            change.apply(durable);
        }
    }

    /// A sync that failed: a part of what was pending reached the platter, and all of it is pending still.
    pub(crate) fn fail_to_sync(&mut self, chance: &mut Chance) {
        let durable = self.durable.get_or_insert_default();
        for change in &self.pending {
            if chance.once_in(2) {
                change.apply(durable);
            }
        }
    }

    /// Whatever was unlinked is gone for good, and what was made stays.
    pub(crate) fn sync_directory(&mut self) {
        self.ghost = None;
        if self.exists {
            self.durable.get_or_insert_default();
        }
    }

    /// What is left of it after the process ended.
    pub(crate) fn outlive_process(&mut self) {
        self.locks = Locks::default();
        self.memory = SharedMemory::default();
    }

    /// What is left of it after the power came back.
    pub(crate) fn outlive_power(&mut self, chance: &mut Chance) {
        if let Some(bytes) = self.ghost.take().filter(|_| chance.once_in(2)) {
            // Neither the unlinking nor anything later under this name reached the platter.
            *self = File::durable(bytes);
            return;
        }
        if !self.exists || (self.durable.is_none() && chance.once_in(2)) {
            *self = File::default();
            return;
        }
        let mut bytes = self.durable.take().unwrap_or_default();
        for change in &self.pending {
            match chance.below(3) {
                0 => {}
                1 => change.apply(&mut bytes),
                _ => change.apply_torn(&mut bytes, chance),
            }
        }
        *self = File::durable(bytes);
    }
}
