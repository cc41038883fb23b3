//! A bounded map in two generations: what was not asked for during a whole generation is forgotten.

use std::{collections::HashMap, hash::Hash};

/// See the module.
pub(crate) struct Cache<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    generation_max: usize,
}

impl<K: Eq + Hash, V> Cache<K, V> {
    pub(crate) fn new(generation_max: usize) -> Cache<K, V> {
        Cache { young: HashMap::new(), old: HashMap::new(), generation_max }
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

    /// Ends the generation if it is full. Only between batches, when nothing is written back later.
    pub(crate) fn age(&mut self) {
        if self.young.len() >= self.generation_max {
            let young = HashMap::with_capacity(self.generation_max);
            self.old = std::mem::replace(&mut self.young, young);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}
