//! Mule rings: accounts that have devices, cards, people or addresses in common, several of which collect from
//! outside the ring, and from which nearly all of it leaves again.
//!
//! What accounts have in common is kept by [`TieIndex`] for as long as the detectors live.

use std::collections::BTreeSet;

use super::Detector;
use crate::aml::{
    Alert, Movement, MovementKind, Pattern, TieIndex,
    alert::{Figure, share_bps},
    movement::{Evidence, Party},
    recent::{Kept, Mute, Recent},
    table::{MuleRing, count, fen, hours_ms},
};

#[derive(Clone, Debug, Default)]
struct Flow {
    /// Transfers to and from the account, and its withdrawals.
    recent: Recent,
    mute: Mute,
}

/// See the module.
pub(super) struct Rings {
    table: MuleRing,
    flows: Kept<Party, Flow>,
}

impl Rings {
    pub(super) fn new(table: &MuleRing) -> Rings {
        Rings { table: table.clone(), flows: Kept::new(hours_ms(table.window_h)) }
    }

    fn remember(&mut self, account: Party, seen: Evidence) {
        let flow = self.flows.meet(account, seen.at_ms);
        flow.recent.prune(seen.at_ms, hours_ms(self.table.window_h));
        flow.recent.push(seen);
    }

    /// What an account received by transfers within the window.
    fn collected(&self, account: Party, at_ms: i64) -> i64 {
        let Some(flow) = self.flows.get(&account, at_ms) else { return 0 };
        let came = flow.recent.within(at_ms, hours_ms(self.table.window_h));
        came.filter(|seen| seen.to == account).map(|seen| seen.minor).sum()
    }

    fn look(&mut self, ring: &BTreeSet<Party>, at_ms: i64, ties: &TieIndex) -> Option<Alert> {
        let (table, window_ms) = (&self.table, hours_ms(self.table.window_h));
        if ring.iter().any(|member| self.flows.get(member, at_ms).is_some_and(|flow| flow.mute.is_on(at_ms)))
        {
            return None;
        }
        let mut evidence = Vec::new();
        let (mut senders, mut receivers) = (BTreeSet::new(), 0);
        let (mut came, mut went) = (0_i64, 0_i64);
        for member in ring {
            let Some(flow) = self.flows.get(member, at_ms) else { continue };
            let (mut to_member, mut from_member) = (0_i64, 0_i64);
            for seen in flow.recent.within(at_ms, window_ms) {
                if seen.to == *member && !ring.contains(&seen.from) {
                    to_member = to_member.saturating_add(seen.minor);
                    senders.insert(seen.from);
                } else if seen.from == *member && !ring.contains(&seen.to) {
                    from_member = from_member.saturating_add(seen.minor);
                } else {
                    continue;
                }
                evidence.push(*seen);
            }
            came = came.saturating_add(to_member);
            went = went.saturating_add(from_member);
            let passes_on = to_member >= fen(table.each_in_min_yuan)
                && share_bps(from_member, to_member) >= table.out_share_min_bps;
            receivers += usize::from(passes_on);
        }
        let is_complete = receivers >= count(table.receivers_min)
            && senders.len() >= count(table.senders_min)
            && came >= fen(table.in_min_yuan)
            && share_bps(went, came) >= table.out_share_min_bps;
        if !is_complete {
            return None;
        }
        for member in ring {
            self.flows.meet(*member, at_ms).mute.set(at_ms, window_ms);
        }
        let mut figures = vec![
            Figure::count("accounts", ring.len()),
            Figure::count("that_pass_on", receivers),
            Figure::count("senders", senders.len()),
            Figure::fen("came_in", came),
            Figure::fen("went_out", went),
            Figure::span("window", window_ms),
        ];
        let names = ["devices", "addresses", "cards", "people"];
        for (kind, shared) in ties.common(ring) {
            figures.push(Figure::count(names[kind as usize], shared));
        }
        Some(Alert::new(Pattern::MuleRing, at_ms, ring.iter().copied().collect(), figures, evidence))
    }
}

impl Detector for Rings {
    fn see(&mut self, movement: &Movement, ties: &TieIndex, alerts: &mut Vec<Alert>) {
        let seen = movement.seen();
        if movement.kind == MovementKind::Transfer && movement.to.is_payer() {
            self.remember(movement.to, seen);
        }
        let leaves = matches!(movement.kind, MovementKind::Transfer | MovementKind::Withdrawal);
        if leaves && movement.from.is_payer() {
            self.remember(movement.from, seen);
            // Looked at when a member sends on that collected as much as a member must.
            if self.collected(movement.from, seen.at_ms) < fen(self.table.each_in_min_yuan) {
                return;
            }
            let ring = ties.ring(movement.from);
            if ring.len() >= count(self.table.accounts_min) {
                alerts.extend(self.look(&ring, seen.at_ms, ties));
            }
        }
    }
}
