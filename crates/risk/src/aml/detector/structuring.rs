//! Structuring: several amounts just below a threshold, in a day or a week, and hardly any that cross it.
//!
//! Looked at apart for what an account sends and what it receives; transfers, top-ups and withdrawals.

use super::Detector;
use crate::aml::{
    Alert, Movement, MovementKind, Pattern, TieIndex,
    alert::{Figure, count_bps},
    movement::{Evidence, Party},
    recent::{Kept, Mute, Recent},
    table::{Structuring, count, fen, hours_ms},
};

/// Which way money goes, seen from an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Out,
    In,
}

#[derive(Clone, Debug, Default)]
struct Side {
    recent: Recent,
    mute: Mute,
}

/// See the module.
pub(super) struct Structurings {
    table: Structuring,
    sides: Kept<(Party, Way), Side>,
    /// The longest window.
    longest_ms: i64,
    /// What is below half of every threshold says nothing.
    least: i64,
}

impl Structurings {
    pub(super) fn new(table: &Structuring) -> Structurings {
        let longest_ms = table.windows_h.iter().copied().max().map_or(0, hours_ms);
        let least = table.thresholds_yuan.iter().copied().min().map_or(i64::MAX, |yuan| fen(yuan) / 2);
        Structurings { table: table.clone(), sides: Kept::new(longest_ms), longest_ms, least }
    }

    fn look(&mut self, account: Party, way: Way, seen: Evidence) -> Option<Alert> {
        let (table, at_ms) = (&self.table, seen.at_ms);
        let side = self.sides.meet((account, way), at_ms);
        side.recent.prune(at_ms, self.longest_ms);
        side.recent.push(seen);
        if side.mute.is_on(at_ms) {
            return None;
        }
        let is_below = |minor: i64, threshold: i64| {
            minor < threshold && threshold - minor <= threshold / 10_000 * table.band_bps
        };
        for threshold in table.thresholds_yuan.iter().map(|yuan| fen(*yuan)) {
            if !is_below(seen.minor, threshold) {
                continue;
            }
            for window_ms in table.windows_h.iter().map(|hours| hours_ms(*hours)) {
                let large = side.recent.within(at_ms, window_ms).filter(|seen| seen.minor >= threshold / 2);
                let (below, other): (Vec<Evidence>, Vec<Evidence>) =
                    large.partition(|seen| is_below(seen.minor, threshold));
                let all = below.len() + other.len();
                let part = count_bps(below.len(), all);
                if below.len() >= count(table.count_min) && part >= table.band_share_min_bps {
                    side.mute.set(at_ms, self.longest_ms);
                    let total = below.iter().map(|seen| seen.minor).sum();
                    let figures = vec![
                        Figure::fen("threshold", threshold),
                        Figure::count(
                            if way == Way::Out { "sent_just_below" } else { "received_just_below" },
                            below.len(),
                        ),
                        Figure::count("from_half_the_threshold_on", all),
                        Figure::fen("total", total),
                        Figure::span("window", window_ms),
                    ];
                    return Some(Alert::new(Pattern::Structuring, at_ms, vec![account], figures, below));
                }
            }
        }
        None
    }
}

impl Detector for Structurings {
    fn see(&mut self, movement: &Movement, _: &TieIndex, alerts: &mut Vec<Alert>) {
        let counts =
            matches!(movement.kind, MovementKind::Transfer | MovementKind::TopUp | MovementKind::Withdrawal);
        if !counts || movement.minor() < self.least {
            return;
        }
        for (account, way) in [(movement.from, Way::Out), (movement.to, Way::In)] {
            if account.is_account() {
                alerts.extend(self.look(account, way, movement.seen()));
            }
        }
    }
}
