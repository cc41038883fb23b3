//! What people do together: dinners that are split, trips that are settled, festivals, classes that collect.

use super::{
    World,
    draft::{DAY_MS, Drafts, HOUR_MS, MINUTE_MS, merchant, payer},
    people::{People, Trade},
};
use crate::{aml::movement::MovementKind, seeded::Seeded};

const FOR_GROUPS: u64 = 121;

/// Days of festivals on which people send to relatives.
const FESTIVALS: [i64; 3] = [28, 43, 120];

pub(super) fn live(world: &World, people: &People, drafts: &mut Drafts) {
    for (number, person) in people.all.iter().enumerate() {
        let mut seeded = Seeded::of(world.seed, FOR_GROUPS, number as u64);
        for day in 0..i64::from(world.days) {
            if seeded.percent(1.0) {
                dinner(people, number, day, &mut seeded, drafts);
            }
            if seeded.percent(0.05) {
                trip(people, number, day, &mut seeded, drafts);
            }
        }
        for day in FESTIVALS.into_iter().filter(|day| *day < i64::from(world.days)) {
            if seeded.percent(20.0) {
                let fen = [6_600, 8_800, 16_800, 20_000, 52_000, 66_600][seeded.below(6)];
                for _ in 0..seeded.count(3, 15) {
                    let stranger = seeded.below(people.all.len());
                    let contact = seeded.one_of(&person.contacts).unwrap_or(stranger);
                    let to = if seeded.percent(70.0) { contact } else { stranger };
                    drafts.send(seeded.by_day(day), payer(number), payer(to), fen);
                }
            }
        }
        if person.trade == Trade::ClassTreasurer {
            for _ in 0..seeded.count(2, 4) {
                collect(world, people, number, &mut seeded, drafts);
            }
        }
    }
}

/// One pays for all, the others pay their shares that evening; some are colleagues nobody knows.
fn dinner(people: &People, host: usize, day: i64, seeded: &mut Seeded, drafts: &mut Drafts) {
    let (share, at_ms) = (seeded.fen(65.0, 0.5), seeded.by_day(day));
    for _ in 0..seeded.count(3, 11) {
        let stranger = seeded.below(people.all.len());
        let contact = seeded.one_of(&people.all[host].contacts).unwrap_or(stranger);
        let guest = if seeded.percent(80.0) { contact } else { stranger };
        drafts.send(at_ms + seeded.between(MINUTE_MS, 3 * HOUR_MS), payer(guest), payer(host), share);
    }
}

/// Friends who travelled together settle for a week, back and forth.
fn trip(people: &People, number: usize, day: i64, seeded: &mut Seeded, drafts: &mut Drafts) {
    let mut friends = vec![number];
    friends.extend(people.all[number].contacts.iter().copied().take(seeded.count(3, 6)));
    for _ in 0..seeded.count(8, 20) {
        let (Some(from), Some(to)) = (seeded.one_of(&friends), seeded.one_of(&friends)) else { return };
        let at_ms = seeded.by_day(day) + seeded.between(0, 6 * DAY_MS);
        drafts.send(at_ms, payer(from), payer(to), seeded.round_fen(300.0, 0.9));
    }
}

/// A class pays in for two days; the treasurer pays for what it was collected for.
fn collect(world: &World, people: &People, treasurer: usize, seeded: &mut Seeded, drafts: &mut Drafts) {
    let day = seeded.between(0, i64::from(world.days) - 8);
    let (share, parents) = (seeded.round_fen(180.0, 0.6), seeded.count(20, 45));
    let start = seeded.below(people.all.len());
    for parent in 0..parents {
        let at_ms = seeded.by_day(day) + seeded.between(0, DAY_MS);
        let parent = payer((start + parent * 17) % people.all.len());
        drafts.send(at_ms, parent, payer(treasurer), share);
    }
    let total = share * i64::try_from(parents).unwrap_or_default();
    let at_ms = seeded.by_day(day + 3) + seeded.between(0, 3 * DAY_MS);
    let shop = merchant(seeded.below(world.merchants as usize));
    drafts.put(at_ms, MovementKind::Payment, payer(treasurer), shop, seeded.part_of(total, 90.0, 100.0));
}
