//! What people do for a living from a private account, and what merchants send: what looks most like laundering, and
//! is not.

use super::{
    World,
    draft::{DAY_MS, Draft, Drafts, HOUR_MS, MINUTE_MS, Sum, merchant, payer},
    people::{People, Trade},
};
use crate::{
    aml::movement::{MovementKind, Party},
    seeded::Seeded,
};

const FOR_TRADES: u64 = 131;
const FOR_MERCHANTS: u64 = 132;

pub(super) fn live(world: &World, people: &People, drafts: &mut Drafts) {
    for (number, person) in people.all.iter().enumerate() {
        let mut work = Work {
            seeded: Seeded::of(world.seed, FOR_TRADES, number as u64),
            account: payer(number),
            payers: people.all.len(),
            merchants: world.merchants as usize,
            days: i64::from(world.days),
            drafts,
        };
        match person.trade {
            Trade::None | Trade::ClassTreasurer => {}
            Trade::Stall { by_night } => work.stall(by_night),
            Trade::Reseller => work.reseller(),
            Trade::Landlord => work.landlord(),
            Trade::MainTenant => work.main_tenant(),
            Trade::Boss => work.boss(),
            Trade::Freelancer => work.freelancer(),
            Trade::Contractor => work.contractor(),
            Trade::Importer => work.importer(),
            Trade::Buyer => work.buyer(),
        }
    }
    for number in 0..world.merchants as usize {
        of_merchant(world, people, number, drafts);
    }
}

struct Work<'a> {
    seeded: Seeded,
    account: Party,
    payers: usize,
    merchants: usize,
    days: i64,
    drafts: &'a mut Drafts,
}

impl Work<'_> {
    fn anybody(&mut self) -> Party {
        payer(self.seeded.below(self.payers))
    }

    fn people(&mut self, least: usize, most: usize) -> Vec<Party> {
        (0..self.seeded.count(least, most)).map(|_| self.anybody()).collect()
    }

    fn withdraw_everything(&mut self, at_ms: i64) {
        let (kind, from, to, sum) = (MovementKind::Withdrawal, self.account, Party::Outside, Sum::Everything);
        self.drafts.0.push(Draft { at_ms, kind, from, to, sum, is_planted: false });
    }

    /// 3 to 25 customers a day, priced by what they eat; a supplier and a withdrawal each week.
    fn stall(&mut self, by_night: bool) {
        let (rate, price) = (3.0 + self.seeded.uniform(22.0), 15.0 + self.seeded.uniform(25.0));
        let supplier = self.anybody();
        for day in 0..self.days {
            for _ in 0..self.seeded.poisson(rate) {
                let at_ms = if by_night { self.seeded.by_night(day) } else { self.seeded.by_day(day) };
                let fen = self.seeded.fen(price, 0.7) / 100 * 100;
                let customer = self.anybody();
                self.drafts.send(at_ms, customer, self.account, fen.max(100));
            }
            if day % 7 == 5 {
                let fen = self.seeded.round_fen(900.0, 0.7);
                let at_ms = self.seeded.by_day(day);
                self.drafts.send(at_ms, self.account, supplier, fen);
                self.withdraw_everything(at_ms + 8 * HOUR_MS);
            }
        }
    }

    /// One to three strangers a day pay 300 to 3,000 yuan.
    fn reseller(&mut self) {
        let rate = 1.0 + self.seeded.uniform(2.0);
        for day in 0..self.days {
            for _ in 0..self.seeded.poisson(rate) {
                let (at_ms, fen) = (self.seeded.by_day(day), self.seeded.fen(900.0, 0.6));
                let customer = self.anybody();
                self.drafts.send(at_ms, customer, self.account, fen);
            }
            if day % 5 == 2 {
                let at_ms = self.seeded.by_day(day);
                self.withdraw_everything(at_ms);
            }
        }
    }

    /// 2 to 8 tenants, the same ones each month.
    fn landlord(&mut self) {
        let (tenants, rent) = (self.people(2, 8), self.seeded.round_fen(2_200.0, 0.4));
        for day in (3..self.days).step_by(30) {
            for tenant in &tenants {
                let at_ms = self.seeded.by_day(day) + self.seeded.between(0, 3 * DAY_MS);
                self.drafts.send(at_ms, *tenant, self.account, rent);
            }
        }
    }

    /// 2 to 5 flatmates pay their parts on one day, and the whole goes to the landlord within hours.
    fn main_tenant(&mut self) {
        let (mates, landlord) = (self.people(2, 5), self.anybody());
        let rent = self.seeded.round_fen(2_200.0, 0.3);
        for day in (1..self.days - 2).step_by(30) {
            let at_ms = self.seeded.by_day(day);
            for mate in &mates {
                let at_ms = at_ms + self.seeded.between(0, 20 * MINUTE_MS);
                self.drafts.send(at_ms, *mate, self.account, rent);
            }
            let total = rent * i64::try_from(mates.len()).unwrap_or_default();
            let later_ms = self.seeded.between(20 * MINUTE_MS, 12 * HOUR_MS);
            self.drafts.send(at_ms + later_ms, self.account, landlord, total + rent / 2);
        }
    }

    /// 6 to 20 workers, of whom one in ten is new each month.
    fn boss(&mut self) {
        let mut workers = self.people(6, 20);
        for day in (9..self.days).step_by(30) {
            for worker in &mut workers {
                if self.seeded.percent(10.0) {
                    *worker = self.anybody();
                }
                let (at_ms, fen) = (self.seeded.by_day(day), self.seeded.round_fen(5_000.0, 0.3));
                self.drafts.send(at_ms, self.account, *worker, fen);
            }
        }
    }

    /// One to four jobs a month; half of what they bring is withdrawn within half an hour.
    fn freelancer(&mut self) {
        let (clients, rate) = (self.people(2, 6), 0.03 + self.seeded.uniform(0.1));
        for day in 0..self.days {
            for _ in 0..self.seeded.poisson(rate) {
                let (at_ms, fen) = (self.seeded.by_day(day), self.seeded.round_fen(5_500.0, 0.4));
                let Some(client) = self.seeded.one_of(&clients) else { continue };
                self.drafts.send(at_ms, client, self.account, fen);
                let soon = self.seeded.percent(50.0);
                let most_ms = if soon { 30 * MINUTE_MS } else { 3 * DAY_MS };
                let later_ms = self.seeded.between(2 * MINUTE_MS, most_ms);
                let part = self.seeded.part_of(fen, 80.0, 100.0);
                let (kind, to) = (MovementKind::Withdrawal, Party::Outside);
                self.drafts.put(at_ms + later_ms, kind, self.account, to, part);
            }
        }
    }

    /// 3 to 8 large transfers a week, to suppliers and from clients.
    fn contractor(&mut self) {
        let (others, rate) = (self.people(5, 15), 0.4 + self.seeded.uniform(0.7));
        for day in 0..self.days {
            for _ in 0..self.seeded.poisson(rate) {
                let (at_ms, fen) = (self.seeded.by_day(day), self.seeded.round_fen(8_000.0, 1.0));
                let Some(other) = self.seeded.one_of(&others) else { continue };
                if self.seeded.percent(65.0) {
                    self.drafts.send(at_ms, self.account, other, fen);
                } else {
                    self.drafts.send(at_ms, other, self.account, fen);
                }
            }
        }
    }

    /// One supplier, 45,000 to 50,000 yuan, once or twice a month.
    fn importer(&mut self) {
        let supplier = self.anybody();
        for day in (4..self.days - 3).step_by(30) {
            for _ in 0..self.seeded.count(1, 2) {
                let at_ms = self.seeded.by_day(day) + self.seeded.between(0, 2 * DAY_MS);
                let fen = self.seeded.between(4_500_000, 4_999_900);
                self.drafts.send(at_ms, self.account, supplier, fen);
            }
        }
    }

    /// 2 to 6 purchases a week at one wholesaler.
    fn buyer(&mut self) {
        let (shop, rate) = (merchant(self.seeded.below(self.merchants)), 0.3 + self.seeded.uniform(0.6));
        for day in 0..self.days {
            for _ in 0..self.seeded.poisson(rate) {
                let (at_ms, fen) = (self.seeded.by_day(day), self.seeded.fen(1_800.0, 0.6));
                self.drafts.put(at_ms, MovementKind::Payment, self.account, shop, fen);
                if self.seeded.percent(4.0) {
                    let later_ms = self.seeded.between(HOUR_MS, 4 * DAY_MS);
                    let back = self.seeded.part_of(fen, 10.0, 100.0);
                    self.drafts.put(at_ms + later_ms, MovementKind::Refund, shop, self.account, back);
                }
            }
        }
    }
}

/// Wages to a few who also shop there; some let things and give deposits back, one in five of them by transfer.
fn of_merchant(world: &World, people: &People, number: usize, drafts: &mut Drafts) {
    let mut seeded = Seeded::of(world.seed, FOR_MERCHANTS, number as u64);
    let shop = merchant(number);
    let workers: Vec<usize> = (0..seeded.count(1, 8)).map(|_| seeded.below(people.all.len())).collect();
    let takes_deposits = seeded.percent(4.0);
    for day in 0..i64::from(world.days) {
        if day % 30 == 14 {
            for worker in &workers {
                drafts.send(seeded.by_day(day), shop, payer(*worker), seeded.round_fen(4_500.0, 0.3));
            }
        }
        if seeded.percent(5.0)
            && let Some(worker) = seeded.one_of(&workers)
        {
            drafts.put(seeded.by_day(day), MovementKind::Payment, payer(worker), shop, seeded.fen(60.0, 1.0));
        }
        if takes_deposits {
            for _ in 0..seeded.poisson(2.0) {
                let (guest, at_ms) = (payer(seeded.below(people.all.len())), seeded.by_day(day));
                let fen = [50_000, 100_000, 200_000][seeded.below(3)];
                drafts.put(at_ms, MovementKind::Payment, guest, shop, fen);
                let later_ms = seeded.between(4 * HOUR_MS, 2 * DAY_MS);
                let by_transfer = seeded.percent(20.0);
                let kind = if by_transfer { MovementKind::Transfer } else { MovementKind::Refund };
                drafts.put(at_ms + later_ms, kind, shop, guest, seeded.part_of(fen, 85.0, 100.0));
            }
        }
    }
}
