//! The shared memory of a write-ahead log: regions that all connections see, and eight locks
//! (<https://www.sqlite.org/walformat.html>, part 2).

use std::{collections::BTreeSet, ptr::NonNull};

use crate::lock::Held;

/// SQLite asks for regions of this many bytes.
pub(crate) const REGION_LEN: usize = 32_768;
/// As many as `SQLITE_SHM_NLOCK`.
const LOCKS: usize = 8;

/// A piece of memory that SQLite reads and writes through raw pointers, from any thread.
#[derive(Debug)]
struct Region(NonNull<[u64]>);

// SAFETY: the region is plain memory that this crate itself never reads or writes; SQLite orders its own
// accesses by locks and barriers.
unsafe impl Send for Region {}

impl Region {
    fn new() -> Region {
        // Words and not bytes, for the alignment.
        let words = vec![0_u64; REGION_LEN / size_of::<u64>()].into_boxed_slice();
        Region(NonNull::from(Box::leak(words)))
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: the pointer came from a leaked box of this type and is freed here only. SQLite has
        // unmapped it: regions are dropped when no connection is left.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

/// Who holds one lock.
#[derive(Debug, Default)]
struct Slot {
    shared: BTreeSet<u64>,
    exclusive: Option<u64>,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct SharedMemory {
    regions: Vec<Region>,
    slots: [Slot; LOCKS],
    users: BTreeSet<u64>,
}

impl SharedMemory {
    /// Whether a region with this number has been made.
    pub(crate) fn has(&self, number: usize) -> bool {
        number < self.regions.len()
    }

    /// The region with this number; made, and all before it, if `extend` says so.
    pub(crate) fn map(&mut self, user: u64, number: usize, extend: bool) -> Option<NonNull<u8>> {
        self.users.insert(user);
        if extend {
            while self.regions.len() <= number {
                self.regions.push(Region::new());
            }
        }
        self.regions.get(number).map(|region| region.0.cast())
    }

    /// Forgets a connection; the last one takes the memory with it.
    pub(crate) fn unmap(&mut self, user: u64) {
        self.unlock(user, 0..LOCKS);
        self.users.remove(&user);
        if self.users.is_empty() {
            *self = SharedMemory::default();
        }
    }

    /// Takes some locks, all or none.
    pub(crate) fn lock(
        &mut self,
        user: u64,
        slots: std::ops::Range<usize>,
        exclusive: bool,
    ) -> Result<(), Held> {
        let slots = &mut self.slots[slots];
        let by_other = |slot: &Slot| {
            let written = slot.exclusive.is_some_and(|holder| holder != user);
            written || (exclusive && slot.shared.iter().any(|holder| *holder != user))
        };
        if slots.iter().any(by_other) {
            return Err(Held);
        }
        for slot in slots {
            if exclusive {
                slot.exclusive = Some(user);
            } else {
                slot.shared.insert(user);
            }
        }
        Ok(())
    }

    /// Gives locks back.
    pub(crate) fn unlock(&mut self, user: u64, slots: std::ops::Range<usize>) {
        for slot in &mut self.slots[slots] {
            slot.shared.remove(&user);
            slot.exclusive.take_if(|holder| *holder == user);
        }
    }
}
