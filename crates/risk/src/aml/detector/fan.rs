//! Fan-in and fan-out: many strangers send to one account, or one account sends to many, in a short time.
//!
//! A stranger is whom the account had not dealt with before the window. Whom an account has dealt with is remembered
//! for half a year after its last transfer.

use std::collections::BTreeSet;

use super::Detector;
use crate::aml::{
    Alert, Movement, MovementKind, Pattern, TieIndex,
    alert::{Figure, count_bps},
    movement::{Evidence, Party},
    recent::{Kept, Known, Mute, Recent},
    table::{Fan, count, days_ms, fen, hours_ms},
};

/// How long it is remembered whom an account has dealt with.
const KNOWN_DAYS: i64 = 180;

#[derive(Clone, Debug, Default)]
struct Hub {
    recent: Recent,
    known: Known,
    mute: Mute,
}

/// See the module.
pub(super) struct Fans {
    pattern: Pattern,
    table: Fan,
    hubs: Kept<Party, Hub>,
}

impl Fans {
    /// Many send to one.
    pub(super) fn into_one(table: &Fan) -> Fans {
        Fans::new(Pattern::FanIn, table)
    }

    /// One sends to many.
    pub(super) fn out_of_one(table: &Fan) -> Fans {
        Fans::new(Pattern::FanOut, table)
    }

    fn new(pattern: Pattern, table: &Fan) -> Fans {
        Fans { pattern, table: table.clone(), hubs: Kept::new(days_ms(KNOWN_DAYS)) }
    }
}

impl Detector for Fans {
    fn see(&mut self, movement: &Movement, _: &TieIndex, alerts: &mut Vec<Alert>) {
        let is_ours =
            movement.kind == MovementKind::Transfer && movement.from.is_payer() && movement.to.is_payer();
        if !is_ours || movement.from == movement.to {
            return;
        }
        let (seen, window_ms) = (movement.seen(), hours_ms(self.table.window_h));
        let gathers = self.pattern == Pattern::FanIn;
        let other = |seen: &Evidence| if gathers { seen.from } else { seen.to };
        let account = if gathers { seen.to } else { seen.from };
        let hub = self.hubs.meet(account, seen.at_ms);
        while let Some(old) = hub.recent.leave(seen.at_ms, window_ms) {
            hub.known.insert(other(&old));
        }
        hub.recent.push(seen);
        if hub.mute.is_on(seen.at_ms) || hub.recent.len() < count(self.table.counterparties_min) {
            return;
        }
        let of_strangers = || hub.recent.iter().filter(|seen| !hub.known.contains(other(seen)));
        let total: i64 = of_strangers().map(|seen| seen.minor).sum();
        if total < fen(self.table.total_min_yuan) {
            return;
        }
        let all: BTreeSet<Party> = hub.recent.iter().map(other).collect();
        let strangers: BTreeSet<Party> = of_strangers().map(other).collect();
        let is_complete = strangers.len() >= count(self.table.counterparties_min)
            && count_bps(strangers.len(), all.len()) >= self.table.strangers_min_bps;
        if is_complete {
            let evidence = of_strangers().copied().collect();
            hub.mute.set(seen.at_ms, window_ms);
            let figures = vec![
                Figure::count("strangers", strangers.len()),
                Figure::count("counterparties", all.len()),
                Figure::fen("total", total),
                Figure::span("window", window_ms),
            ];
            alerts.push(Alert::new(self.pattern, seen.at_ms, vec![account], figures, evidence));
        }
    }
}
