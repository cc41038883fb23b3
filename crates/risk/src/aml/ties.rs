//! What accounts have in common, and which accounts are connected by it.
//!
//! Connected accounts are found by a walk from one of them and not kept as sets: a thing that turns out to be common
//! (a dormitory's address) has to come out again, which merged sets cannot do.
//!
//! **Invariants.** The order in which ties were told does not matter, short of [`TIES_MAX`] for one account. What is
//! remembered of a thing is at most one account more than its table allows.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{
    movement::{Movement, Party, Tie},
    table::MuleRing,
};

/// Ties remembered of one account; nobody is tied to more.
pub const TIES_MAX: usize = 32;

/// Accounts of a ring at most. A larger one is cut here, and is one.
pub const RING_MAX: usize = 128;

/// Which account has what.
#[derive(Clone, Debug)]
pub struct TieIndex {
    table: MuleRing,
    by_tie: BTreeMap<Tie, BTreeSet<Party>>,
    by_account: BTreeMap<Party, BTreeSet<Tie>>,
}

impl TieIndex {
    /// Nothing yet.
    #[must_use]
    pub const fn new(table: MuleRing) -> TieIndex {
        TieIndex { table, by_tie: BTreeMap::new(), by_account: BTreeMap::new() }
    }

    /// An account has something.
    pub fn tie(&mut self, account: Party, tie: Tie) {
        if !account.is_account() {
            return;
        }
        let ties = self.by_account.entry(account).or_default();
        if ties.contains(&tie) || ties.len() >= TIES_MAX {
            return;
        }
        ties.insert(tie);
        let accounts = self.by_tie.entry(tie).or_default();
        if accounts.len() <= self.table.accounts_max(tie.kind) {
            accounts.insert(account);
        }
    }

    /// What a movement says of who moved it.
    pub(super) fn see(&mut self, movement: &Movement) {
        let actor = movement.actor();
        movement.ties.known().for_each(|tie| self.tie(actor, tie));
    }

    /// Those that have this in common; nobody if it is common or only one has it.
    fn sharing(&self, tie: Tie) -> Option<&BTreeSet<Party>> {
        let accounts = self.by_tie.get(&tie)?;
        (2..=self.table.accounts_max(tie.kind)).contains(&accounts.len()).then_some(accounts)
    }

    /// Whether two accounts have something in common that is not common.
    #[must_use]
    pub fn are_tied(&self, one: Party, other: Party) -> bool {
        let ties = self.by_account.get(&one);
        ties.into_iter()
            .flatten()
            .any(|tie| self.sharing(*tie).is_some_and(|accounts| accounts.contains(&other)))
    }

    /// The payers that are connected with this one, itself among them, in order; at most [`RING_MAX`].
    #[must_use]
    pub fn ring(&self, account: Party) -> BTreeSet<Party> {
        let mut ring = BTreeSet::from([account]);
        let mut open = VecDeque::from([account]);
        while let Some(next) = open.pop_front() {
            let ties = self.by_account.get(&next).into_iter().flatten();
            for other in ties.filter_map(|tie| self.sharing(*tie)).flatten() {
                if ring.len() >= RING_MAX {
                    return ring;
                }
                if other.is_payer() && ring.insert(*other) {
                    open.push_back(*other);
                }
            }
        }
        ring
    }

    /// How many things of each kind at least two of these accounts have in common.
    pub(super) fn common(&self, ring: &BTreeSet<Party>) -> BTreeMap<super::movement::TieKind, usize> {
        let mut counts = BTreeMap::new();
        let ties: BTreeSet<Tie> =
            ring.iter().filter_map(|account| self.by_account.get(account)).flatten().copied().collect();
        for tie in ties {
            let sharing = self.sharing(tie).is_some_and(|accounts| accounts.intersection(ring).count() > 1);
            if sharing {
                *counts.entry(tie.kind).or_default() += 1;
            }
        }
        counts
    }
}
