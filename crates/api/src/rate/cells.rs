//! Where a limiter keeps its cells: a map in shards, with a bound that no flood of keys can move.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;

/// Locks, so that cores seldom wait for each other.
const SHARDS: usize = 32;

/// Time between two searches of a full shard for keys to forget.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// The cells of all keys, in shards, with a bound.
pub(super) struct Cells<K> {
    shards: Vec<Mutex<Shard<K>>>,
    hasher: RandomState,
    keys_max: usize,
}

struct Shard<K> {
    cells: HashMap<K, Nanos>,
    /// The one cell of all keys that find no place.
    overflow: Option<Nanos>,
    swept_at: Nanos,
}

impl<K> Cells<K> {
    pub(super) fn new(keys_max: usize) -> Self {
        let shard =
            || Mutex::new(Shard { cells: HashMap::new(), overflow: None, swept_at: Nanos::default() });
        Self {
            shards: (0..SHARDS).map(|_| shard()).collect(),
            hasher: RandomState::new(),
            keys_max: keys_max.div_ceil(SHARDS),
        }
    }
}

fn lock<K>(shard: &Mutex<Shard<K>>) -> MutexGuard<'_, Shard<K>> {
    // The only foreign code under this lock is the arithmetic of governor; cells are whole at every instant.
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K: Hash + Eq + Clone> StateStore for Cells<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        #[expect(clippy::cast_possible_truncation, reason = "any part of a hash chooses a shard as well")]
        let number = self.hasher.hash_one(key) as usize % SHARDS;
        let mut shard = lock(&self.shards[number]);
        if let Some(cell) = shard.cells.get_mut(key) {
            let (outcome, next) = measure(Some(*cell))?;
            *cell = next;
            return Ok(outcome);
        }
        // A cell holds the moment at which its allowance will be full; a new one lies just ahead of now, so
        // every cell that lies before it belongs to a key that may be forgotten.
        let (outcome, fresh) = measure(None)?;
        shard.sweep_if_full(self.keys_max, fresh);
        if shard.cells.len() < self.keys_max {
            shard.cells.insert(key.clone(), fresh);
            return Ok(outcome);
        }
        let (outcome, next) = measure(shard.overflow)?;
        shard.overflow = Some(next);
        Ok(outcome)
    }
}

impl<K: Hash + Eq> Shard<K> {
    /// Makes room, at most once in [`SWEEP_INTERVAL`], so that a flood of new keys does not make each of them
    /// pay for a search.
    fn sweep_if_full(&mut self, keys_max: usize, fresh: Nanos) {
        let sweep_again = self.swept_at + Nanos::from(SWEEP_INTERVAL);
        let never_swept = self.swept_at == Nanos::default();
        if self.cells.len() >= keys_max && (never_swept || fresh >= sweep_again) {
            self.cells.retain(|_, cell| *cell >= fresh);
            self.swept_at = fresh;
        }
    }
}

impl<K: Hash + Eq + Clone> ShrinkableKeyedStateStore<K> for Cells<K> {
    fn retain_recent(&self, drop_below: Nanos) {
        for shard in &self.shards {
            lock(shard).cells.retain(|_, cell| *cell >= drop_below);
        }
    }

    fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).cells.len()).sum()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
