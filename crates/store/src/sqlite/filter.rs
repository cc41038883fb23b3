//! Which keys are surely free: a Bloom filter over all that are taken.
//!
//! Nearly every step takes a new key (an order number, an idempotency key), and keys are digests, spread
//! evenly over their table: without the filter each would cost a walk down to a leaf that is not at hand.
//!
//! **Invariants.** A key that is taken is in the filter, once the filter is filled; before that it says
//! nothing. It is written to nowhere and made anew at every start.

use std::sync::{
    Arc, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use fastbloom::AtomicBloomFilter;
use foldhash::fast::RandomState;
use rusqlite::Connection;
use tongbao_core::KeyDigest;

use super::{deferred::Shared, fault};
use crate::{limits::READ_ROWS_MAX, port::Fault};

/// How often a free key is taken for one that may be taken, while there is room. Ten bits a key.
const FALSE_POSITIVES: f64 = 0.01;

/// Room at least. Beyond the room the filter says less and less; the next start makes a larger one.
const KEYS_MIN: u64 = 1_048_576;

/// Keys there is room for, for each change so far: a payment takes two in two changes, and as many again
/// may come before the next start.
const KEYS_PER_CHANGE: u64 = 2;

/// A store with at most this many changes fills its filter while it is opened, which takes milliseconds;
/// a larger one on a thread of its own.
const CHANGES_AT_ONCE: u64 = 20_000;

/// See the module.
pub(super) struct Filter {
    taken: AtomicBloomFilter<RandomState>,
    filled: AtomicBool,
    closing: AtomicBool,
}

impl Filter {
    /// A filter for a store that has had this many changes.
    pub(super) fn new(changes: u64) -> Filter {
        let room = changes.saturating_mul(KEYS_PER_CHANGE).max(KEYS_MIN);
        let taken = AtomicBloomFilter::with_false_pos(FALSE_POSITIVES)
            .hasher(RandomState::default())
            .expected_items(usize::try_from(room).unwrap_or(usize::MAX));
        Filter { taken, filled: AtomicBool::new(false), closing: AtomicBool::new(false) }
    }

    /// Whether the filter of a store with this many changes is filled while it is opened.
    pub(super) fn is_filled_at_once(changes: u64) -> bool {
        changes <= CHANGES_AT_ONCE
    }

    /// Whether nobody holds this key for sure.
    pub(super) fn is_free(&self, digest: &KeyDigest) -> bool {
        self.filled.load(Ordering::Acquire) && !self.taken.contains(digest)
    }

    /// Notes that a key is taken.
    pub(super) fn take(&self, digest: &KeyDigest) {
        self.taken.insert(digest);
    }

    /// The store is being closed: filling ends early.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// Takes every key that is stored. Keys taken meanwhile are noted by whoever takes them.
    pub(super) fn fill(&self, connection: &Connection, deferred: &Shared) -> Result<(), Fault> {
        // What is in memory first: it may be merged into a part of the table that was read already.
        deferred.read().unwrap_or_else(PoisonError::into_inner).keys().for_each(|digest| self.take(digest));
        let sql = "SELECT digest FROM key WHERE digest > ?1 ORDER BY digest LIMIT ?2";
        let mut page = connection.prepare(sql).map_err(|error| fault(&error))?;
        let (mut after, mut more) = (Vec::new(), true);
        while more && !self.closing.load(Ordering::Relaxed) {
            let rows = page.query_map((&after, READ_ROWS_MAX), |row| row.get::<_, KeyDigest>(0));
            let digests: Vec<KeyDigest> = rows.and_then(Iterator::collect).map_err(|error| fault(&error))?;
            for digest in &digests {
                self.take(digest);
            }
            more = digests.len() == READ_ROWS_MAX as usize;
            after = digests.last().map(|digest| digest.to_vec()).unwrap_or_default();
        }
        self.filled.store(!more, Ordering::Release);
        Ok(())
    }

    /// The same, on a thread of its own; a filter that cannot be filled is not used.
    pub(super) fn fill_later(self: &Arc<Self>, connection: Connection, deferred: Shared) {
        let filter = Arc::clone(self);
        let fill = move || {
            if let Err(fault) = filter.fill(&connection, &deferred) {
                tracing::warn!(%fault, "the filter of keys could not be filled; keys are looked up");
            }
        };
        if let Err(error) = std::thread::Builder::new().name("store-filter".to_owned()).spawn(fill) {
            tracing::warn!(%error, "the filter of keys is not filled; keys are looked up");
        }
    }
}
