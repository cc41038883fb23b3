//! Cases: alerts that have accounts in common are looked into together.
//!
//! **Invariants.** Each alert is in one case, and two alerts about one account are in the same. A case is named by its
//! first alert, so it keeps its name while alerts are added; where two cases become one, the older name stays.

use std::{collections::BTreeMap, fmt};

use super::{Alert, movement::Party};

/// The name of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CaseId(pub u64);

impl fmt::Display for CaseId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "aml-{:016x}", self.0)
    }
}

/// Alerts that have accounts in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its name.
    pub id: CaseId,
    /// The accounts, in order.
    pub accounts: Vec<Party>,
    /// The alerts, oldest first.
    pub alerts: Vec<Alert>,
}

impl Case {
    /// When the last alert was completed, in milliseconds since 1970.
    #[must_use]
    pub fn last_ms(&self) -> i64 {
        self.alerts.last().map_or(i64::MIN, |alert| alert.at_ms)
    }
}

/// Sets that are merged (union-find): each place names the one above it; who names itself is the root.
struct Sets(Vec<usize>);

impl Sets {
    fn root(&mut self, place: usize) -> usize {
        let mut place = place;
        while self.0[place] != place {
            self.0[place] = self.0[self.0[place]];
            place = self.0[place];
        }
        place
    }

    /// The smaller root stays.
    fn merge(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.0[one.max(other)] = one.min(other);
    }
}

/// Groups alerts into cases, by the times of their first alerts.
#[must_use]
pub fn cases(mut alerts: Vec<Alert>) -> Vec<Case> {
    alerts.sort_by(|one, other| {
        (one.at_ms, one.pattern, &one.accounts).cmp(&(other.at_ms, other.pattern, &other.accounts))
    });
    let mut sets = Sets((0..alerts.len()).collect());
    let mut first_about: BTreeMap<Party, usize> = BTreeMap::new();
    for (place, alert) in alerts.iter().enumerate() {
        for account in &alert.accounts {
            let first = *first_about.entry(*account).or_insert(place);
            sets.merge(first, place);
        }
    }
    let mut grouped: BTreeMap<usize, Vec<Alert>> = BTreeMap::new();
    for (place, alert) in alerts.into_iter().enumerate() {
        grouped.entry(sets.root(place)).or_default().push(alert);
    }
    grouped.into_values().map(case).collect()
}

fn case(alerts: Vec<Alert>) -> Case {
    let mut accounts: Vec<Party> = alerts.iter().flat_map(|alert| alert.accounts.iter().copied()).collect();
    accounts.sort_unstable();
    accounts.dedup();
    let id = CaseId(alerts.first().map_or(0, |alert| alert.id().0));
    Case { id, accounts, alerts }
}
