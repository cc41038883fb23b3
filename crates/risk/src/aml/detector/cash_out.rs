//! Merchants' cash-out: one payer's purchases at one merchant that come back by transfer, to the payer or to somebody
//! with something in common with it; or that are made by somebody with something in common with the merchant.
//!
//! Refunds are not looked at here: they are the honest way back.

use super::Detector;
use crate::aml::{
    Alert, Movement, MovementKind, Pattern, TieIndex,
    alert::{Figure, share_bps},
    movement::{Evidence, Party},
    recent::{Kept, Mute, Recent},
    table::{CashOut, count, fen, hours_ms},
};

#[derive(Clone, Debug, Default)]
struct Pair {
    /// Payments that came back, each with what came back after it.
    returned: Recent,
    returns: usize,
    /// Payments by who has something in common with the merchant.
    own: Recent,
    mute: Mute,
}

/// See the module.
pub(super) struct CashOuts {
    table: CashOut,
    /// By merchant: payments that may come back.
    open: Kept<Party, Recent>,
    /// By merchant and payer.
    pairs: Kept<(Party, Party), Pair>,
}

impl CashOuts {
    pub(super) fn new(table: &CashOut) -> CashOuts {
        CashOuts {
            table: table.clone(),
            open: Kept::new(hours_ms(table.back_h)),
            pairs: Kept::new(hours_ms(table.window_h)),
        }
    }

    fn pay(&mut self, movement: &Movement, ties: &TieIndex) -> Option<Alert> {
        let (seen, table) = (movement.seen(), &self.table);
        let open = self.open.meet(movement.to, seen.at_ms);
        open.prune(seen.at_ms, hours_ms(table.back_h));
        open.push(seen);
        if !ties.are_tied(movement.from, movement.to) {
            return None;
        }
        let window_ms = hours_ms(table.window_h);
        let pair = self.pairs.meet((movement.to, movement.from), seen.at_ms);
        pair.own.prune(seen.at_ms, window_ms);
        pair.own.push(seen);
        let total: i64 = pair.own.iter().map(|seen| seen.minor).sum();
        let is_complete =
            pair.own.len() >= count(table.own_payments_min) && total >= fen(table.total_min_yuan);
        if !is_complete || pair.mute.is_on(seen.at_ms) {
            return None;
        }
        pair.mute.set(seen.at_ms, window_ms);
        let figures = vec![
            Figure::count("payments_by_who_is_tied_to_the_merchant", pair.own.len()),
            Figure::fen("total", total),
            Figure::span("window", window_ms),
        ];
        let evidence = pair.own.iter().copied().collect();
        Some(Alert::new(Pattern::CashOut, seen.at_ms, vec![movement.from, movement.to], figures, evidence))
    }

    fn give_back(&mut self, movement: &Movement, ties: &TieIndex) -> Option<Alert> {
        let (seen, table) = (movement.seen(), &self.table);
        let (merchant, recipient) = (movement.from, movement.to);
        let open = self.open.meet(merchant, seen.at_ms);
        open.prune(seen.at_ms, hours_ms(table.back_h));
        let paid = open.take_last(|paid| {
            paid.minor >= seen.minor
                && share_bps(seen.minor, paid.minor) >= table.back_min_bps
                && (paid.from == recipient || ties.are_tied(paid.from, recipient))
        })?;
        let window_ms = hours_ms(table.window_h);
        let pair = self.pairs.meet((merchant, paid.from), seen.at_ms);
        // By the time at which it came back: this is what the window counts.
        pair.returned.prune(seen.at_ms, window_ms);
        pair.returned.push(Evidence { at_ms: seen.at_ms, ..paid });
        pair.returned.push(seen);
        pair.returns = pair.returned.iter().filter(|seen| seen.kind == MovementKind::Transfer).count();
        let back = pair.returned.iter().filter(|seen| seen.kind == MovementKind::Transfer);
        let total: i64 = back.map(|seen| seen.minor).sum();
        let is_complete = pair.returns >= count(table.returns_min) && total >= fen(table.total_min_yuan);
        if !is_complete || pair.mute.is_on(seen.at_ms) {
            return None;
        }
        pair.mute.set(seen.at_ms, window_ms);
        let figures = vec![
            Figure::count("payments_that_came_back", pair.returns),
            Figure::fen("came_back", total),
            Figure::span("each_within", hours_ms(table.back_h)),
            Figure::span("window", window_ms),
        ];
        let evidence = pair.returned.iter().copied().collect();
        let accounts = vec![merchant, paid.from, recipient];
        Some(Alert::new(Pattern::CashOut, seen.at_ms, accounts, figures, evidence))
    }
}

impl Detector for CashOuts {
    fn see(&mut self, movement: &Movement, ties: &TieIndex, alerts: &mut Vec<Alert>) {
        match (movement.kind, movement.from, movement.to) {
            (MovementKind::Payment, Party::Payer(_), Party::Merchant(_))
                if movement.minor() >= fen(self.table.amount_min_yuan) =>
            {
                alerts.extend(self.pay(movement, ties));
            }
            (MovementKind::Transfer, Party::Merchant(_), Party::Payer(_)) => {
                alerts.extend(self.give_back(movement, ties));
            }
            _ => {}
        }
    }
}
