//! Cycles: money that goes from account to account, in the order of time and hardly less each time, and comes back to
//! where it began.
//!
//! At each transfer that could close a cycle, the transfers that fed it are walked backwards: each earlier than the
//! next, none smaller than the next, none larger than the last one's decay allows. The walk is cut after
//! [`STEPS_MAX`] steps.

use std::collections::BTreeSet;

use super::Detector;
use crate::aml::{
    Alert, Movement, MovementKind, Pattern, TieIndex,
    alert::Figure,
    movement::{Evidence, Party},
    recent::{Kept, Mute, Recent},
    table::{Cycle, count, fen, hours_ms},
};

/// Transfers that are looked at for one that may close a cycle.
const STEPS_MAX: usize = 4_096;

/// See the module.
pub(super) struct Cycles {
    table: Cycle,
    /// What came in, by recipient.
    came: Kept<Party, Recent>,
    /// What was told of already, by its accounts.
    told: Kept<Vec<Party>, Mute>,
}

struct Walk<'a> {
    came: &'a Kept<Party, Recent>,
    at_ms: i64,
    window_ms: i64,
    hops: std::ops::RangeInclusive<usize>,
    /// The most that the first transfer may have been.
    most: i64,
    /// Where the last transfer goes: where the first must begin.
    home: Party,
    steps: usize,
    /// The transfers from the last to the first.
    path: Vec<Evidence>,
}

impl Walk<'_> {
    /// Looks for what fed the first transfer of the path so far.
    fn back(&mut self) -> bool {
        let Some(next) = self.path.last().copied() else { return false };
        if self.path.len() >= *self.hops.end() {
            return false;
        }
        let came = self.came;
        let Some(fed) = came.get(&next.from, self.at_ms) else { return false };
        for seen in fed.within(self.at_ms, self.window_ms).rev() {
            self.steps += 1;
            if self.steps > STEPS_MAX {
                return false;
            }
            let fits = seen.at_ms < next.at_ms && (next.minor..=self.most).contains(&seen.minor);
            if !fits || self.path.iter().any(|later| later.to == seen.from && later.to != self.home) {
                continue;
            }
            self.path.push(*seen);
            if seen.from == self.home {
                if self.hops.contains(&self.path.len()) {
                    return true;
                }
            } else if self.back() {
                return true;
            }
            self.path.pop();
        }
        false
    }
}

impl Cycles {
    pub(super) fn new(table: &Cycle) -> Cycles {
        let window_ms = hours_ms(table.window_h);
        Cycles { table: table.clone(), came: Kept::new(window_ms), told: Kept::new(window_ms) }
    }

    fn closed(&self, seen: Evidence) -> Option<Vec<Evidence>> {
        let keeps_bps = 10_000_i128 - i128::from(self.table.decay_max_bps);
        let most = if keeps_bps > 0 {
            i64::try_from(i128::from(seen.minor) * 10_000 / keeps_bps).unwrap_or(i64::MAX)
        } else {
            i64::MAX
        };
        let mut walk = Walk {
            came: &self.came,
            at_ms: seen.at_ms,
            window_ms: hours_ms(self.table.window_h),
            hops: count(self.table.hops_min)..=count(self.table.hops_max),
            most,
            home: seen.to,
            steps: 0,
            path: vec![seen],
        };
        walk.back().then_some(walk.path)
    }
}

impl Detector for Cycles {
    fn see(&mut self, movement: &Movement, _: &TieIndex, alerts: &mut Vec<Alert>) {
        let is_ours = movement.kind == MovementKind::Transfer
            && movement.from.is_account()
            && movement.to.is_account()
            && movement.from != movement.to
            && movement.minor() >= fen(self.table.amount_min_yuan);
        if !is_ours {
            return;
        }
        let (seen, window_ms) = (movement.seen(), hours_ms(self.table.window_h));
        if let Some(path) = self.closed(seen) {
            let accounts: BTreeSet<Party> = path.iter().map(|seen| seen.to).collect();
            let accounts: Vec<Party> = accounts.into_iter().collect();
            let told = self.told.meet(accounts.clone(), seen.at_ms);
            if !told.is_on(seen.at_ms) {
                told.set(seen.at_ms, window_ms);
                let first = path.last().copied().unwrap_or(seen);
                let figures = vec![
                    Figure::count("hops", path.len()),
                    Figure::fen("first", first.minor),
                    Figure::fen("last", seen.minor),
                    Figure::share("less", first.minor - seen.minor, first.minor),
                    Figure::span("took", seen.at_ms.saturating_sub(first.at_ms)),
                ];
                alerts.push(Alert::new(Pattern::Cycle, seen.at_ms, accounts, figures, path));
            }
        }
        let came = self.came.meet(movement.to, seen.at_ms);
        came.prune(seen.at_ms, window_ms);
        came.push(seen);
    }
}
