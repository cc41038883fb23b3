//! What detectors remember: the movements of a window, account by account, and nothing older.
//!
//! **Invariants.** What is older than the window is never looked at, whether it was already dropped or not, so when
//! memory is swept changes no alert. An account keeps at most [`KEPT_MAX`] movements, the latest.

use std::collections::{BTreeMap, VecDeque};

use super::movement::{Evidence, Party};

/// Movements kept of one account. With more in one window every count in the table is long reached.
pub(super) const KEPT_MAX: usize = 512;

/// After how many movements accounts that were idle for longer than the window are forgotten.
const SWEEP_EVERY: u32 = 65_536;

/// The movements of a window, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent(VecDeque<Evidence>);

impl Recent {
    /// Takes one more.
    pub(super) fn push(&mut self, seen: Evidence) {
        if self.0.len() == KEPT_MAX {
            self.0.pop_front();
        }
        self.0.push_back(seen);
    }

    /// Drops what is as old as the window or older.
    pub(super) fn prune(&mut self, at_ms: i64, window_ms: i64) {
        while self.0.front().is_some_and(|seen| seen.at_ms <= at_ms.saturating_sub(window_ms)) {
            self.0.pop_front();
        }
    }

    /// Drops and gives what is as old as the window or older.
    pub(super) fn leave(&mut self, at_ms: i64, window_ms: i64) -> Option<Evidence> {
        let is_old = self.0.front().is_some_and(|seen| seen.at_ms <= at_ms.saturating_sub(window_ms));
        if is_old { self.0.pop_front() } else { None }
    }

    /// Those of the last so many milliseconds, oldest first.
    pub(super) fn within(&self, at_ms: i64, window_ms: i64) -> impl DoubleEndedIterator<Item = &Evidence> {
        let from = at_ms.saturating_sub(window_ms);
        let first = self.0.partition_point(|seen| seen.at_ms <= from);
        self.0.range(first..)
    }

    /// All that are kept.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Evidence> {
        self.0.iter()
    }

    /// How many.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Takes the last out that is so.
    pub(super) fn take_last(&mut self, is: impl Fn(&Evidence) -> bool) -> Option<Evidence> {
        let place = self.0.iter().rposition(is)?;
        self.0.remove(place)
    }
}

/// What is remembered by key, for as long as the key was met within a life.
#[derive(Clone, Debug)]
pub(super) struct Kept<K, T> {
    by_key: BTreeMap<K, (i64, T)>,
    life_ms: i64,
    met: u32,
}

impl<K: Ord, T: Default> Kept<K, T> {
    /// Remembers for so long after the last time.
    pub(super) const fn new(life_ms: i64) -> Kept<K, T> {
        Kept { by_key: BTreeMap::new(), life_ms, met: 0 }
    }

    /// What is remembered of a key that is met now; what was remembered for too long is not.
    pub(super) fn meet(&mut self, key: K, at_ms: i64) -> &mut T {
        let oldest_ms = at_ms.saturating_sub(self.life_ms);
        self.met += 1;
        if self.met >= SWEEP_EVERY {
            self.met = 0;
            self.by_key.retain(|_, (met_ms, _)| *met_ms > oldest_ms);
        }
        let (met_ms, kept) = self.by_key.entry(key).or_insert_with(|| (at_ms, T::default()));
        if *met_ms <= oldest_ms {
            *kept = T::default();
        }
        *met_ms = at_ms;
        kept
    }

    /// What is remembered of a key, without meeting it.
    pub(super) fn get(&self, key: &K, at_ms: i64) -> Option<&T> {
        let (met_ms, kept) = self.by_key.get(key)?;
        (*met_ms > at_ms.saturating_sub(self.life_ms)).then_some(kept)
    }
}

/// Whom an account has dealt with, the latest [`KNOWN_MAX`] of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    order: VecDeque<Party>,
    all: std::collections::BTreeSet<Party>,
}

/// Counterparties remembered of one account. Who has more of them has strangers among its old ones.
const KNOWN_MAX: usize = 256;

impl Known {
    /// Whether this one is among them.
    pub(super) fn contains(&self, party: Party) -> bool {
        self.all.contains(&party)
    }

    /// Remembers one.
    pub(super) fn insert(&mut self, party: Party) {
        if !self.all.insert(party) {
            return;
        }
        self.order.push_back(party);
        if self.order.len() > KNOWN_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.all.remove(&oldest);
        }
    }
}

/// Until when a detector has said enough about something.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mute(Option<i64>);

impl Mute {
    /// Whether it says nothing at this time.
    pub(super) fn is_on(self, at_ms: i64) -> bool {
        self.0.is_some_and(|until_ms| at_ms < until_ms)
    }

    /// Says nothing for so long.
    pub(super) const fn set(&mut self, at_ms: i64, for_ms: i64) {
        self.0 = Some(at_ms.saturating_add(for_ms));
    }
}
