//! Gambling: many small, round amounts come to one account from many, mostly at night, and few large ones go out.

use std::collections::BTreeSet;

use super::Detector;
use crate::aml::{
    Alert, Movement, MovementKind, Pattern, TieIndex,
    alert::{Figure, count_bps, share_bps},
    day::{hour_of, is_night},
    movement::{Evidence, Party},
    recent::{Kept, Mute, Recent},
    table::{Gambling, count, fen, hours_ms},
};

#[derive(Clone, Debug, Default)]
struct Table {
    came: Recent,
    went: Recent,
    mute: Mute,
}

/// See the module.
pub(super) struct Gamblings {
    table: Gambling,
    accounts: Kept<Party, Table>,
}

impl Gamblings {
    pub(super) fn new(table: &Gambling) -> Gamblings {
        Gamblings { table: table.clone(), accounts: Kept::new(hours_ms(table.window_h)) }
    }

    fn look(&mut self, account: Party, seen: Evidence) -> Option<Alert> {
        let (table, at_ms, window_ms) = (&self.table, seen.at_ms, hours_ms(self.table.window_h));
        let kept = self.accounts.meet(account, at_ms);
        kept.came.prune(at_ms, window_ms);
        kept.went.prune(at_ms, window_ms);
        let small_max = fen(table.small_max_yuan);
        match (seen.to == account, seen.minor <= small_max) {
            (true, true) => kept.came.push(seen),
            (true, false) => {}
            (false, _) => kept.went.push(seen),
        }
        let came = kept.came.len();
        if came < count(table.count_min) || kept.went.len() == 0 || kept.mute.is_on(at_ms) {
            return None;
        }
        let round = kept.came.iter().filter(|seen| seen.minor % fen(table.round_to_yuan) == 0).count();
        let part = |some: usize| count_bps(some, came);
        if part(round) < table.round_min_bps {
            return None;
        }
        let total: i64 = kept.came.iter().map(|seen| seen.minor).sum();
        let large_min = total / i64::try_from(came).unwrap_or(i64::MAX) * table.out_times_mean;
        let large: Vec<Evidence> = kept.went.iter().filter(|seen| seen.minor >= large_min).copied().collect();
        let out: i64 = large.iter().map(|seen| seen.minor).sum();
        let (from, until) = (table.night_from_hour, table.night_until_hour);
        let at_night = kept.came.iter().filter(|seen| is_night(hour_of(seen.at_ms), from, until)).count();
        let senders: BTreeSet<Party> = kept.came.iter().map(|seen| seen.from).collect();
        let is_complete = senders.len() >= count(table.senders_min)
            && part(at_night) >= table.night_min_bps
            && share_bps(out, total) >= table.out_share_min_bps;
        if !is_complete {
            return None;
        }
        kept.mute.set(at_ms, window_ms);
        let figures = vec![
            Figure::count("small_amounts_in", came),
            Figure::count("senders", senders.len()),
            Figure::part("round", round, came),
            Figure::part("at_night", at_night, came),
            Figure::fen("came_in", total),
            Figure::count("large_amounts_out", large.len()),
            Figure::fen("went_out", out),
            Figure::span("window", window_ms),
        ];
        let evidence = kept.came.iter().copied().chain(large).collect();
        Some(Alert::new(Pattern::Gambling, at_ms, vec![account], figures, evidence))
    }
}

impl Detector for Gamblings {
    fn see(&mut self, movement: &Movement, _: &TieIndex, alerts: &mut Vec<Alert>) {
        let is_ours = movement.kind == MovementKind::Transfer && movement.from != movement.to;
        if !is_ours || !movement.from.is_payer() {
            return;
        }
        for account in [movement.from, movement.to] {
            if account.is_payer() {
                alerts.extend(self.look(account, movement.seen()));
            }
        }
    }
}
