//! Who lives in a world: payers with trades, contacts and things in common; merchants with owners.

use super::{
    World,
    draft::{merchant, payer},
};
use crate::{
    aml::movement::{Party, Tie, TieKind},
    seeded::Seeded,
};

/// What somebody does beside living.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trade {
    /// Nothing that would show.
    None,
    /// Sells small things to whoever comes by; some at night.
    Stall { by_night: bool },
    /// Sells larger things to strangers.
    Reseller,
    /// Lets rooms to tenants.
    Landlord,
    /// Collects rent from others who live there and passes it on.
    MainTenant,
    /// Pays wages from a private account.
    Boss,
    /// Is paid by the job.
    Freelancer,
    /// Pays and is paid in large, irregular amounts.
    Contractor,
    /// Pays one supplier an amount near a line, once or twice a month.
    Importer,
    /// Collects from a class of parents now and then.
    ClassTreasurer,
    /// Buys for a shop, again and again at one wholesaler.
    Buyer,
}

/// Of a hundred thousand payers, so many have this trade.
const TRADES: [(Trade, usize); 12] = [
    (Trade::Stall { by_night: false }, 600),
    (Trade::Stall { by_night: true }, 400),
    (Trade::Reseller, 200),
    (Trade::Landlord, 1_000),
    (Trade::MainTenant, 300),
    (Trade::Boss, 300),
    (Trade::Freelancer, 1_000),
    (Trade::Contractor, 300),
    (Trade::Importer, 200),
    (Trade::ClassTreasurer, 500),
    (Trade::Buyer, 500),
    (Trade::None, 94_700),
];

/// A span in which an account does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Silence {
    pub(super) from_ms: i64,
    pub(super) until_ms: i64,
}

#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) trade: Trade,
    /// Whom it sends to and receives from.
    pub(super) contacts: Vec<usize>,
    /// Where it shops.
    pub(super) shops: Vec<usize>,
    /// Of a hundred online orders, so many go back.
    pub(super) returns_percent: f64,
    /// Whether it withdraws what it was sent at once, as often as not.
    pub(super) withdraws_at_once: bool,
    pub(super) silence: Option<Silence>,
    /// Whether a scheme has it.
    pub(super) is_taken: bool,
}

/// Everybody.
#[derive(Clone, Debug)]
pub(super) struct People {
    pub(super) all: Vec<Person>,
    pub(super) ties: Vec<(Party, Tie)>,
    /// Payers no scheme has, in a drawn order.
    pool: Vec<usize>,
    /// Numbers of things that were given out.
    things: u128,
}

const FOR_PEOPLE: u64 = 101;
const FOR_HOUSEHOLDS: u64 = 102;
const FOR_OWNERS: u64 = 103;

impl People {
    pub(super) fn of(world: &World) -> People {
        let count = world.payers as usize;
        let all = (0..count).map(|number| person(world, number)).collect();
        let mut people = People { all, ties: Vec::new(), pool: Vec::new(), things: 0 };
        people.share_households(world);
        people.own_shops(world);
        let mut seeded = Seeded::of(world.seed, FOR_PEOPLE, u64::MAX);
        let is_free = |number: &usize| people.all[*number].trade == Trade::None;
        let mut pool: Vec<usize> = (0..count).filter(is_free).collect();
        for place in (1..pool.len()).rev() {
            pool.swap(place, seeded.below(place + 1));
        }
        people.pool = pool;
        people
    }

    /// An ordinary account for a scheme; nobody's twice, while there are any.
    pub(super) fn take(&mut self) -> usize {
        let number = self.pool.pop().unwrap_or_default();
        self.all[number].is_taken = true;
        number
    }

    /// Something that several accounts have.
    pub(super) fn share(&mut self, kind: TieKind, accounts: impl IntoIterator<Item = Party>) {
        self.things += 1;
        let tie = Tie { kind, key: self.things };
        self.ties.extend(accounts.into_iter().map(|account| (account, tie)));
    }

    /// Families on one device and one address, shared flats, dormitories, offices, second accounts.
    fn share_households(&mut self, world: &World) {
        let mut seeded = Seeded::of(world.seed, FOR_HOUSEHOLDS, 0);
        let mut next = 0;
        while next < self.all.len() {
            let (size, has_device) = match seeded.below(100) {
                0..=54 => (1, false),
                55..=89 => (seeded.count(2, 5), seeded.percent(40.0)),
                90..=95 => (seeded.count(3, 6), false),
                96..=97 => (seeded.count(6, 40), false),
                _ => (seeded.count(40, 200), false),
            };
            let members: Vec<Party> = (next..(next + size).min(self.all.len())).map(payer).collect();
            next += size;
            self.share(TieKind::Address, members.iter().copied());
            if has_device {
                self.share(TieKind::Device, members.iter().copied());
            }
            if has_device && seeded.percent(20.0) {
                self.share(TieKind::Card, members.iter().copied().take(2));
            }
        }
        for number in 0..self.all.len() {
            if seeded.percent(3.0) {
                let other = seeded.below(self.all.len());
                self.share(TieKind::Identity, [payer(number), payer(other)]);
                self.share(TieKind::Device, [payer(number), payer(other)]);
            }
            if seeded.percent(4.0) {
                // The network of an office.
                let size = seeded.count(3, 40);
                let start = seeded.below(self.all.len());
                let members: Vec<Party> =
                    (0..size).map(|step| payer((start + step * 37) % self.all.len())).collect();
                self.share(TieKind::Address, members);
            }
        }
    }

    /// Half of the merchants are run from the device of a payer.
    fn own_shops(&mut self, world: &World) {
        let mut seeded = Seeded::of(world.seed, FOR_OWNERS, 0);
        for number in 0..world.merchants as usize {
            let owner = seeded.below(self.all.len());
            if seeded.percent(50.0) {
                self.share(TieKind::Device, [payer(owner), merchant(number)]);
                if seeded.percent(30.0) {
                    self.all[owner].shops.push(number);
                }
            }
        }
    }
}

fn person(world: &World, number: usize) -> Person {
    let mut seeded = Seeded::of(world.seed, FOR_PEOPLE, number as u64);
    let mut drawn = seeded.below(100_000);
    let mut trade = Trade::None;
    for (candidate, of) in TRADES {
        trade = candidate;
        if drawn < of {
            break;
        }
        drawn -= of;
    }
    let (payers, merchants) = (world.payers as usize, world.merchants as usize);
    let contacts = (0..seeded.count(3, 12)).map(|_| {
        // Two of three contacts live in the neighbourhood.
        let near = (number + payers + seeded.below(41) - 20) % payers;
        if seeded.percent(67.0) { near } else { seeded.below(payers) }
    });
    let contacts = contacts.filter(|contact| *contact != number).collect();
    let shops = (0..seeded.count(4, 12)).map(|_| seeded.below(merchants)).collect();
    let returns_percent = match seeded.below(100) {
        0..=89 => 1.0 + seeded.uniform(7.0),
        90..=97 => 8.0 + seeded.uniform(17.0),
        _ => 25.0 + seeded.uniform(25.0),
    };
    let silence = seeded.percent(3.0).then(|| {
        let from = seeded.between(3, i64::from(world.days) - 110);
        let days = seeded.between(60, 140).min(i64::from(world.days) - from - 1);
        let start = super::START_MS + from * super::draft::DAY_MS;
        Silence { from_ms: start, until_ms: start + days * super::draft::DAY_MS }
    });
    Person {
        trade,
        contacts,
        shops,
        returns_percent,
        withdraws_at_once: seeded.percent(5.0),
        silence,
        is_taken: false,
    }
}
