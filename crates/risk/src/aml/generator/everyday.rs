//! What everybody does: shops, orders online and sends some of it back, sends money to contacts, pays bills, is paid,
//! withdraws; comes back from a long silence.

use super::{
    World,
    draft::{DAY_MS, Draft, Drafts, HOUR_MS, MINUTE_MS, Sum, merchant, payer},
    people::People,
};
use crate::{
    aml::movement::{MovementKind, Party},
    seeded::Seeded,
};

const FOR_EVERYDAY: u64 = 111;
const FOR_WITHDRAWALS: u64 = 112;

/// Everybody's days.
pub(super) fn live(world: &World, people: &People, drafts: &mut Drafts) {
    for (number, person) in people.all.iter().enumerate() {
        let mut seeded = Seeded::of(world.seed, FOR_EVERYDAY, number as u64);
        let account = payer(number);
        let (is_paid, pays_bills, withdraws) =
            (seeded.percent(40.0), seeded.percent(40.0), seeded.percent(30.0));
        let (pay_day, pay) = (seeded.between(0, 29), seeded.fen(4_500.0, 0.5));
        for day in 0..i64::from(world.days) {
            for _ in 0..seeded.poisson(0.4) {
                let anywhere = seeded.below(world.merchants as usize);
                let known = seeded.one_of(&person.shops).unwrap_or(anywhere);
                let shop = merchant(if seeded.percent(80.0) { known } else { anywhere });
                let (at_ms, fen) = (seeded.by_day(day), seeded.fen(40.0, 1.0));
                drafts.put(at_ms, MovementKind::Payment, account, shop, fen);
            }
            for _ in 0..seeded.poisson(0.12) {
                let shop = merchant(seeded.below(world.merchants as usize));
                let (at_ms, fen) = (seeded.by_day(day), seeded.fen(120.0, 0.9));
                drafts.put(at_ms, MovementKind::Payment, account, shop, fen);
                if seeded.percent(person.returns_percent) {
                    let back = if seeded.percent(90.0) { fen } else { seeded.part_of(fen, 20.0, 90.0) };
                    let later_ms = seeded.between(DAY_MS, 10 * DAY_MS);
                    drafts.put(at_ms + later_ms, MovementKind::Refund, shop, account, back);
                }
            }
            for _ in 0..seeded.poisson(0.1) {
                let Some(contact) = seeded.one_of(&person.contacts) else { continue };
                let (at_ms, fen) = (seeded.by_day(day), seeded.round_fen(150.0, 1.2));
                drafts.send(at_ms, account, payer(contact), fen);
                if seeded.percent(15.0) {
                    // A loan, paid back within days.
                    let later_ms = seeded.between(HOUR_MS, 6 * DAY_MS);
                    drafts.send(at_ms + later_ms, payer(contact), account, fen);
                }
            }
            if is_paid && day % 30 == pay_day {
                let fen = seeded.part_of(pay, 90.0, 110.0);
                drafts.put(seeded.by_day(day), MovementKind::TopUp, Party::Outside, account, fen);
            }
            if pays_bills && day % 30 == 12 {
                let fen = seeded.fen(130.0, 0.5);
                drafts.put(seeded.by_day(day), MovementKind::Utility, account, Party::Outside, fen);
            }
            if withdraws && seeded.percent(3.0) {
                let fen = seeded.round_fen(400.0, 1.0);
                drafts.put(seeded.by_day(day), MovementKind::Withdrawal, account, Party::Outside, fen);
            }
        }
        come_back(people, number, &mut seeded, drafts);
    }
}

/// One in three who were silent has something large to pay when he comes back: fees, a deposit, a loan.
fn come_back(people: &People, number: usize, seeded: &mut Seeded, drafts: &mut Drafts) {
    let person = &people.all[number];
    let Some(silence) = person.silence.filter(|_| seeded.percent(33.0)) else { return };
    let at_ms = silence.until_ms + seeded.between(0, 2 * DAY_MS);
    let fen = seeded.round_fen(4_000.0, 0.8);
    drafts.put(at_ms, MovementKind::TopUp, Party::Outside, payer(number), fen);
    let (kind, to) = match (seeded.one_of(&person.shops), seeded.one_of(&person.contacts)) {
        (_, Some(contact)) if seeded.percent(50.0) => (MovementKind::Transfer, payer(contact)),
        (Some(shop), _) => (MovementKind::Payment, merchant(shop)),
        _ => return,
    };
    drafts.put(at_ms + seeded.between(MINUTE_MS, HOUR_MS), kind, payer(number), to, fen);
}

/// Some withdraw what they were sent, within minutes, as often as not.
pub(super) fn withdraw_at_once(world: &World, people: &People, drafts: &mut Drafts) {
    let mut seeded = Seeded::of(world.seed, FOR_WITHDRAWALS, 0);
    let mut withdrawals = Vec::new();
    for draft in &drafts.0 {
        let (MovementKind::Transfer, Party::Payer(id), Sum::Fen(fen)) = (draft.kind, draft.to, draft.sum)
        else {
            continue;
        };
        let number = usize::try_from(id.0 - 1).unwrap_or_default();
        let person = people.all.get(number);
        if person.is_some_and(|person| person.withdraws_at_once && !person.is_taken) && seeded.percent(50.0) {
            let at_ms = draft.at_ms + seeded.between(MINUTE_MS, 25 * MINUTE_MS);
            let (kind, from, to) = (MovementKind::Withdrawal, draft.to, Party::Outside);
            let sum = Sum::Fen(seeded.part_of(fen, 90.0, 100.0));
            withdrawals.push(Draft { at_ms, kind, from, to, sum, is_planted: false });
        }
    }
    drafts.0.extend(withdrawals);
}
