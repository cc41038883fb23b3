//! A simulated disk under SQLite, for tests.
//!
//! ```text
//!   write ──▶ what a process sees ──sync──▶ what survives a power cut
//! ```
//! A write is pending until that file is synced; making and unlinking a file is pending until anything
//! is synced, as in a journaling file system. A power cut keeps a part of what was pending, chosen by a
//! seed, some of it torn. The end of a process loses nothing: the page cache outlives it.
//!
//! **Invariants.** The same seed and the same operations give the same disk. Operations are counted, and
//! the n-th can be made to fail, once or for ever, or to be the last. Several connections share one
//! disk, with SQLite's locks and its shared memory for the write-ahead log.
//!
//! **Absent on purpose:** damage to what was synced, which the verifier's tests cover; and a system that
//! forgets what it failed to sync and says at the next sync that all is well, as some file systems of
//! Linux do: SQLite cannot survive that followed by a power cut, and neither can we.

mod chance;
mod disk;
mod file;
mod lock;
mod memory;
mod state;
mod vfs;

pub use chance::Chance;
pub use disk::{Death, Disk, Image, Trouble};
