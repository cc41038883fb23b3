//! Schemes that move money on: fan-in, fan-out, pass-through, cycles, mule rings.

use super::{
    Scheme,
    draft::{DAY_MS, HOUR_MS, MINUTE_MS},
    schemes::Planter,
};
use crate::aml::{
    Pattern,
    movement::{MovementKind, Party, TieKind},
};

/// 12 to 40 accounts send 800 to 15,000 yuan each, around 2,500, within 6 to 46 hours; 85 to 100 % leaves within a
/// day, in one to three parts.
pub(super) fn fan_in(planter: &mut Planter<'_>) -> Scheme {
    let from_ms = planter.begin(5);
    let account = planter.account(from_ms);
    let span_ms = planter.seeded.between(6 * HOUR_MS, 46 * HOUR_MS);
    let mut total = 0;
    for _ in 0..planter.seeded.count(12, 40) {
        let (at_ms, sender) = (from_ms + planter.seeded.between(0, span_ms), planter.anybody());
        let fen = planter.seeded.fen(2_500.0, 0.6).clamp(80_000, 1_500_000);
        planter.drafts.plant_transfer(at_ms, sender, account, fen);
        total += fen;
    }
    let parts = planter.seeded.count(1, 3);
    let each = planter.seeded.part_of(total, 85.0, 100.0) / i64::try_from(parts).unwrap_or(1);
    let helper = planter.anybody();
    for _ in 0..parts {
        let at_ms = from_ms + span_ms + planter.seeded.between(HOUR_MS, DAY_MS);
        leave(planter, at_ms, account, helper, each);
    }
    let (accounts, helpers) = (vec![account], vec![helper]);
    Scheme { pattern: Pattern::FanIn, accounts, helpers, from_ms, until_ms: from_ms + span_ms + DAY_MS }
}

/// What leaves is withdrawn or sent on.
fn leave(planter: &mut Planter<'_>, at_ms: i64, account: Party, helper: Party, fen: i64) {
    if planter.seeded.percent(50.0) {
        planter.drafts.plant(at_ms, MovementKind::Withdrawal, account, Party::Outside, fen);
    } else {
        planter.drafts.plant_transfer(at_ms, account, helper, fen);
    }
}

/// One to three transfers bring what 12 to 40 accounts are sent within 2 to 24 hours, 800 to 15,000 yuan each.
pub(super) fn fan_out(planter: &mut Planter<'_>) -> Scheme {
    let from_ms = planter.begin(4);
    let account = planter.account(from_ms);
    let span_ms = planter.seeded.between(2 * HOUR_MS, 24 * HOUR_MS);
    let mut total = 0;
    let first_ms = from_ms + 3 * HOUR_MS;
    for _ in 0..planter.seeded.count(12, 40) {
        let (at_ms, recipient) = (first_ms + planter.seeded.between(0, span_ms), planter.anybody());
        let fen = planter.seeded.fen(2_500.0, 0.6).clamp(80_000, 1_500_000);
        planter.drafts.plant_transfer(at_ms, account, recipient, fen);
        total += fen;
    }
    let (parts, helper) = (planter.seeded.count(1, 3), planter.anybody());
    for _ in 0..parts {
        let at_ms = from_ms + planter.seeded.between(0, 2 * HOUR_MS);
        let fen = total / i64::try_from(parts).unwrap_or(1);
        planter.drafts.plant_transfer(at_ms, helper, account, fen);
    }
    let (accounts, helpers) = (vec![account], vec![helper]);
    Scheme { pattern: Pattern::FanOut, accounts, helpers, from_ms, until_ms: first_ms + span_ms }
}

/// 4 to 8 times within 12 to 60 hours, 5,000 to 50,000 yuan come in one to three transfers, and 92 to 100 % of it
/// leaves after 2 to 20 minutes. One time in ten the launderer is slow and takes up to an hour.
pub(super) fn pass_through(planter: &mut Planter<'_>) -> Scheme {
    let from_ms = planter.begin(5);
    let account = planter.account(from_ms);
    let helper = planter.anybody();
    let times = planter.seeded.count(4, 8);
    let step_ms = planter.seeded.between(12 * HOUR_MS, 60 * HOUR_MS) / i64::try_from(times).unwrap_or(1);
    let mut at_ms = from_ms;
    for _ in 0..times {
        let (came, parts) = (planter.seeded.between(500_000, 5_000_000), planter.seeded.count(1, 3));
        for _ in 0..parts {
            let (sender, after_ms) = (planter.anybody(), planter.seeded.between(0, 5 * MINUTE_MS));
            let fen = came / i64::try_from(parts).unwrap_or(1) + 1;
            planter.drafts.plant_transfer(at_ms + after_ms, sender, account, fen);
        }
        let is_slow = planter.seeded.percent(10.0);
        let (least, most) = if is_slow { (31, 60) } else { (2, 20) };
        let later_ms = 5 * MINUTE_MS + planter.seeded.between(least * MINUTE_MS, most * MINUTE_MS);
        let went = planter.seeded.part_of(came, 92.0, 100.0);
        leave(planter, at_ms + later_ms, account, helper, went);
        at_ms += step_ms;
    }
    let (accounts, helpers) = (vec![account], vec![helper]);
    Scheme { pattern: Pattern::PassThrough, accounts, helpers, from_ms, until_ms: at_ms }
}

/// 3 to 6 accounts; 3,000 to 100,000 yuan go round, a hop taking 10 minutes to 11 hours and 0 to 2.2 % of it.
pub(super) fn cycle(planter: &mut Planter<'_>) -> Scheme {
    let from_ms = planter.begin(5);
    let accounts: Vec<Party> = (0..planter.seeded.count(3, 6)).map(|_| planter.account(from_ms)).collect();
    let mut fen = planter.seeded.between(300_000, 10_000_000);
    let mut at_ms = from_ms;
    for (place, from) in accounts.iter().enumerate() {
        let to = accounts[(place + 1) % accounts.len()];
        planter.drafts.plant_transfer(at_ms, *from, to, fen);
        at_ms += planter.seeded.between(10 * MINUTE_MS, 11 * HOUR_MS);
        fen = planter.seeded.part_of(fen, 97.8, 100.0);
    }
    Scheme { pattern: Pattern::Cycle, accounts, helpers: Vec::new(), from_ms, until_ms: at_ms }
}

/// 5 to 10 accounts, hanging together by devices, cards and an address; each receives 2 to 5 transfers of 1,000 to
/// 8,000 yuan within 24 to 60 hours, and sends on or withdraws 88 to 100 % of it within 1 to 8 hours of the last.
pub(super) fn mule_ring(planter: &mut Planter<'_>) -> Scheme {
    let from_ms = planter.begin(6);
    let accounts: Vec<Party> = (0..planter.seeded.count(5, 10)).map(|_| planter.account(from_ms)).collect();
    // A chain of things in common, each of two or three accounts: no thing is everybody's.
    let mut place = 0;
    while place + 1 < accounts.len() {
        let end = (place + planter.seeded.count(1, 2)).min(accounts.len() - 1);
        let kind = match planter.seeded.below(10) {
            0..=4 => TieKind::Device,
            5..=7 => TieKind::Card,
            _ => TieKind::Address,
        };
        planter.people.share(kind, accounts[place..=end].iter().copied());
        place = end;
    }
    let (helper, span_ms) = (planter.anybody(), planter.seeded.between(24 * HOUR_MS, 60 * HOUR_MS));
    for account in &accounts {
        let mut came = 0;
        let mut last_ms = from_ms;
        for _ in 0..planter.seeded.count(2, 5) {
            let (at_ms, sender) = (from_ms + planter.seeded.between(0, span_ms), planter.anybody());
            let fen = planter.seeded.between(100_000, 800_000);
            planter.drafts.plant_transfer(at_ms, sender, *account, fen);
            came += fen;
            last_ms = last_ms.max(at_ms);
        }
        let went = planter.seeded.part_of(came, 88.0, 100.0);
        let later_ms = planter.seeded.between(HOUR_MS, 8 * HOUR_MS);
        leave(planter, last_ms + later_ms, *account, helper, went);
    }
    let until_ms = from_ms + span_ms + 8 * HOUR_MS;
    Scheme { pattern: Pattern::MuleRing, accounts, helpers: vec![helper], from_ms, until_ms }
}
