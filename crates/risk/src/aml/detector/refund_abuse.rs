//! Refund abuse: within weeks nearly all that a payer bought, at several merchants, was refunded.

use std::collections::BTreeSet;

use super::Detector;
use crate::aml::{
    Alert, Movement, MovementKind, Pattern, TieIndex,
    alert::{Figure, share_bps},
    movement::{Evidence, Party},
    recent::{Kept, Mute, Recent},
    table::{RefundAbuse, count, days_ms, fen},
};

#[derive(Clone, Debug, Default)]
struct Buyer {
    /// Payments and refunds.
    recent: Recent,
    mute: Mute,
}

/// See the module.
pub(super) struct Refunds {
    table: RefundAbuse,
    buyers: Kept<Party, Buyer>,
}

impl Refunds {
    pub(super) fn new(table: &RefundAbuse) -> Refunds {
        Refunds { table: table.clone(), buyers: Kept::new(days_ms(table.window_days)) }
    }

    fn look(&mut self, account: Party, seen: Evidence) -> Option<Alert> {
        let (table, at_ms, window_ms) = (&self.table, seen.at_ms, days_ms(self.table.window_days));
        let buyer = self.buyers.meet(account, at_ms);
        buyer.recent.prune(at_ms, window_ms);
        buyer.recent.push(seen);
        if seen.kind != MovementKind::Refund || buyer.mute.is_on(at_ms) {
            return None;
        }
        let (refunds, payments): (Vec<Evidence>, Vec<Evidence>) =
            buyer.recent.iter().partition(|seen| seen.kind == MovementKind::Refund);
        let bought: i64 = payments.iter().map(|seen| seen.minor).sum();
        let refunded: i64 = refunds.iter().map(|seen| seen.minor).sum();
        let merchants: BTreeSet<Party> = refunds.iter().map(|seen| seen.from).collect();
        let is_complete = refunds.len() >= count(table.refunds_min)
            && merchants.len() >= count(table.merchants_min)
            && share_bps(refunded, bought) >= table.refunded_min_bps
            && refunded >= fen(table.refunded_min_yuan);
        if !is_complete {
            return None;
        }
        buyer.mute.set(at_ms, window_ms);
        let figures = vec![
            Figure::count("payments", payments.len()),
            Figure::count("refunds", refunds.len()),
            Figure::count("merchants", merchants.len()),
            Figure::fen("bought", bought),
            Figure::fen("refunded", refunded),
            Figure::share("refunded_of_it", refunded, bought),
            Figure::span("window", window_ms),
        ];
        let evidence = buyer.recent.iter().copied().collect();
        Some(Alert::new(Pattern::RefundAbuse, at_ms, vec![account], figures, evidence))
    }
}

impl Detector for Refunds {
    fn see(&mut self, movement: &Movement, _: &TieIndex, alerts: &mut Vec<Alert>) {
        match (movement.kind, movement.from, movement.to) {
            (MovementKind::Payment, payer @ Party::Payer(_), Party::Merchant(_))
            | (MovementKind::Refund, Party::Merchant(_), payer @ Party::Payer(_)) => {
                alerts.extend(self.look(payer, movement.seen()));
            }
            _ => {}
        }
    }
}
