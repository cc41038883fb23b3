//! All detectors over one history: movements in, alerts and large-value days out.
//!
//! **Invariants.** Movements of one instant are put in an order of their own before they are looked at, so the order
//! in which they are told does not matter (up to [`INSTANT_MAX`] of them). What is told late is looked at as if it
//! had happened at the latest time that was looked at, and counted. Nothing panics, whatever is told.

use super::{
    Alert, Movement, TieIndex,
    detector::{self, Detector},
    large_value::{LargeValue, LargeValues},
    movement::{Party, Tie},
    table::{CURRENCY, Thresholds},
};

/// Movements of one instant that wait to be put in order.
pub const INSTANT_MAX: usize = 65_536;

/// What came out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Alerts, in the order of their times.
    pub alerts: Vec<Alert>,
    /// Days from a sum on, in their order.
    pub large_values: Vec<LargeValue>,
}

/// What was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Movements.
    pub movements: u64,
    /// Of these, those of other currencies, which detectors leave out.
    pub other_currencies: u64,
    /// Of these, those that were told late.
    pub late: u64,
}

/// See the module.
pub struct Monitor {
    detectors: Vec<Box<dyn Detector + Send>>,
    ties: TieIndex,
    large_values: LargeValues,
    /// The movements of the latest instant.
    instant: Vec<Movement>,
    /// The latest instant that was looked at.
    seen_ms: Option<i64>,
    looked: Looked,
}

impl std::fmt::Debug for Monitor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Monitor({:?})", self.looked)
    }
}

impl Monitor {
    /// Detectors that have seen nothing yet.
    #[must_use]
    pub fn new(table: &Thresholds) -> Monitor {
        Monitor {
            detectors: detector::all(table),
            ties: TieIndex::new(table.mule_ring.clone()),
            large_values: LargeValues::new(table.large_value.clone()),
            instant: Vec::new(),
            seen_ms: None,
            looked: Looked::default(),
        }
    }

    /// Tells what an account has. It counts for movements that are told after it.
    pub fn tie(&mut self, account: Party, tie: Tie) {
        self.ties.tie(account, tie);
    }

    /// Tells a movement. What it completes may be found only when the next instant is told.
    pub fn see(&mut self, movement: Movement, found: &mut Found) {
        self.looked.movements += 1;
        let latest_ms = self.instant.first().map(|first| first.at_ms).or(self.seen_ms);
        let mut movement = movement;
        if let Some(latest_ms) = latest_ms.filter(|latest_ms| movement.at_ms < *latest_ms) {
            self.looked.late += 1;
            movement.at_ms = latest_ms;
        }
        let is_next = self.instant.first().is_some_and(|first| first.at_ms != movement.at_ms);
        if is_next || self.instant.len() >= INSTANT_MAX {
            self.look(found);
        }
        self.instant.push(movement);
    }

    /// Nothing more is told: looks at what waits, and ends the day.
    pub fn finish(mut self, found: &mut Found) -> Looked {
        self.look(found);
        self.large_values.end_day(&mut found.large_values);
        self.looked
    }

    fn look(&mut self, found: &mut Found) {
        let mut instant = std::mem::take(&mut self.instant);
        instant.sort_by_cached_key(Movement::order);
        // What is known of who moved money is known of the whole instant.
        for movement in &instant {
            self.ties.see(movement);
        }
        for movement in &instant {
            self.seen_ms = Some(movement.at_ms);
            self.large_values.see(movement, &mut found.large_values);
            if movement.money.currency != CURRENCY {
                self.looked.other_currencies += 1;
                continue;
            }
            for detector in &mut self.detectors {
                detector.see(movement, &self.ties, &mut found.alerts);
            }
        }
        instant.clear();
        self.instant = instant;
    }
}
