//! A bounded map in two generations: what was not asked for during a whole generation is forgotten.

use std::{collections::HashMap, hash::Hash, thread};

use foldhash::fast::RandomState;

/// A map for the working set: seeded, so that nobody can choose keys that collide.
pub(crate) type Map<K, V> = HashMap<K, V, RandomState>;

/// Drops a large value on a thread of its own: freeing a hundred thousand entries takes milliseconds,
/// which no commit has to wait for.
pub(crate) fn drop_elsewhere<T: Send + 'static>(value: T) {
    // Without a thread the closure, and the value with it, is dropped here.
    drop(thread::Builder::new().name("store-forget".to_owned()).spawn(move || drop(value)));
}

/// See the module.
pub(crate) struct Cache<K, V> {
    young: Map<K, V>,
    old: Map<K, V>,
    generation_max: usize,
}

impl<K: Eq + Hash, V> Cache<K, V> {
    pub(crate) fn new(generation_max: usize) -> Cache<K, V> {
        Cache { young: Map::default(), old: Map::default(), generation_max }
    }

    /// What is known, if it was used or brought back in this generation.
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.young.get(key)
    }

    /// Whether it is known now; an old entry becomes young again.
    pub(crate) fn revive(&mut self, key: &K) -> bool {
        if self.young.contains_key(key) {
            return true;
        }
        match self.old.remove_entry(key) {
            Some((key, value)) => {
                self.young.insert(key, value);
                true
            }
            None => false,
        }
    }

    pub(crate) fn put(&mut self, key: K, value: V) {
        self.young.insert(key, value);
    }

    /// Ends the generation if it is full, and gives what is forgotten by that. Only between batches, when
    /// nothing is written back later.
    pub(crate) fn age(&mut self) -> Option<Map<K, V>> {
        if self.young.len() < self.generation_max {
            return None;
        }
        let young = Map::with_capacity_and_hasher(self.generation_max, RandomState::default());
        Some(std::mem::replace(&mut self.old, std::mem::replace(&mut self.young, young)))
    }

    pub(crate) fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}
