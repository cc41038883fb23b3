//! The schemes: what is planted, one function for each pattern. Those that move money on stand in [`super::layering`].

use super::{
    Scheme, World,
    draft::{DAY_MS, Drafts, HOUR_MS, MINUTE_MS, merchant, payer},
    layering,
    people::{People, Silence},
};
use crate::{
    aml::{
        Pattern,
        movement::{MovementKind, Party, TieKind},
    },
    seeded::Seeded,
};

const FOR_SCHEMES: u64 = 151;

/// Plants the schemes of every pattern, at drawn times.
pub(super) fn plant(world: &World, people: &mut People, drafts: &mut Drafts) -> Vec<Scheme> {
    let mut schemes = Vec::new();
    // Accounts that will have been silent come first, so that nobody else deals with them meanwhile.
    let mut patterns: Vec<(usize, Pattern)> = Pattern::ALL.into_iter().enumerate().collect();
    patterns.sort_by_key(|(_, pattern)| *pattern != Pattern::DormantBurst);
    for (place, pattern) in patterns {
        for number in 0..world.schemes {
            let purpose = FOR_SCHEMES + place as u64;
            let seeded = Seeded::of(world.seed, purpose, u64::from(number));
            let mut planter = Planter { world, people, drafts, seeded };
            schemes.push(match pattern {
                Pattern::Structuring => planter.structuring(),
                Pattern::FanIn => layering::fan_in(&mut planter),
                Pattern::FanOut => layering::fan_out(&mut planter),
                Pattern::PassThrough => layering::pass_through(&mut planter),
                Pattern::Cycle => layering::cycle(&mut planter),
                Pattern::DormantBurst => planter.dormant_burst(),
                Pattern::MuleRing => layering::mule_ring(&mut planter),
                Pattern::CashOut => planter.cash_out(),
                Pattern::Gambling => planter.gambling(),
                Pattern::RefundAbuse => planter.refund_abuse(),
            });
        }
    }
    schemes
}

/// What a scheme is planted with.
pub(super) struct Planter<'a> {
    pub(super) world: &'a World,
    pub(super) people: &'a mut People,
    pub(super) drafts: &'a mut Drafts,
    pub(super) seeded: Seeded,
}

impl Planter<'_> {
    /// An account of nobody else's, emptied by whoever hands it over.
    pub(super) fn account(&mut self, from_ms: i64) -> Party {
        let account = payer(self.people.take());
        self.drafts.empty(from_ms - self.seeded.between(HOUR_MS, 20 * HOUR_MS), account);
        account
    }

    /// Anybody who is there all the time.
    pub(super) fn anybody(&mut self) -> Party {
        loop {
            let number = self.seeded.below(self.people.all.len());
            if self.people.all[number].silence.is_none() {
                return payer(number);
            }
        }
    }

    /// A moment after the warm-up, so many days before the end.
    pub(super) fn begin(&mut self, days: i64) -> i64 {
        let last = i64::from(self.world.days) - days - 1;
        let day = self.seeded.between(i64::from(super::WARM_UP_DAYS) + 3, last);
        super::START_MS + day * DAY_MS + self.seeded.between(0, DAY_MS - 1)
    }

    /// 3 to 8 amounts 0.1 to 9.5 % below a threshold, in a day or a week, with up to two others from half of it on.
    fn structuring(&mut self) -> Scheme {
        let threshold = match self.seeded.below(10) {
            0..=5 => 5_000_000,
            6..=8 => 20_000_000,
            _ => 50_000_000,
        };
        let days = if self.seeded.percent(50.0) { 1 } else { 7 };
        let from_ms = self.begin(9);
        let account = self.account(from_ms);
        let sends = self.seeded.percent(70.0);
        let others: Vec<Party> = (0..self.seeded.count(1, 5)).map(|_| self.anybody()).collect();
        let put = |planter: &mut Self, least: f64, most: f64| {
            let at_ms = from_ms + planter.seeded.between(0, days * DAY_MS - HOUR_MS);
            let fen = planter.seeded.part_of(threshold, least, most);
            let other = planter.seeded.one_of(&others).unwrap_or(Party::Outside);
            let (from, to) = if sends { (account, other) } else { (other, account) };
            planter.drafts.plant_transfer(at_ms, from, to, fen);
        };
        let count = self.seeded.count(3, 8);
        for _ in 0..count {
            put(self, 90.5, 99.9);
        }
        if self.seeded.percent(30.0) {
            for _ in 0..self.seeded.count(1, 2) {
                put(self, 50.0, 89.0);
            }
        }
        let until_ms = from_ms + days * DAY_MS;
        Scheme { pattern: Pattern::Structuring, accounts: vec![account], helpers: others, from_ms, until_ms }
    }

    /// 91 to 105 silent days; then, within 6 to 60 hours, 6 to 20 movements of 20,000 to 200,000 yuan in all, half in
    /// and half out.
    fn dormant_burst(&mut self) -> Scheme {
        let from_ms = self.begin(4).max(super::START_MS + 115 * DAY_MS);
        let number = self.people.take();
        let (account, silent_days) = (payer(number), self.seeded.between(91, 105));
        let silence = Silence { from_ms: from_ms - silent_days * DAY_MS, until_ms: from_ms };
        self.people.all[number].silence = Some(silence);
        let pairs = self.seeded.count(3, 10);
        let total = self.seeded.between(2_000_000, 20_000_000);
        let each = total / 2 / i64::try_from(pairs).unwrap_or(1);
        let step_ms = self.seeded.between(6 * HOUR_MS, 60 * HOUR_MS) / i64::try_from(pairs).unwrap_or(1);
        let mut at_ms = from_ms;
        for _ in 0..pairs {
            let came = self.seeded.part_of(each, 102.0, 130.0);
            let (from, to) = (self.anybody(), self.anybody());
            self.drafts.plant_transfer(at_ms, from, account, came);
            let leaves_ms = at_ms + self.seeded.between(step_ms / 3, step_ms);
            let went = self.seeded.part_of(came, 95.0, 100.0);
            if self.seeded.percent(50.0) {
                self.drafts.plant_transfer(leaves_ms, account, to, went);
            } else {
                self.drafts.plant(leaves_ms, MovementKind::Withdrawal, account, Party::Outside, went);
            }
            at_ms += step_ms;
        }
        Scheme {
            pattern: Pattern::DormantBurst,
            accounts: vec![account],
            helpers: Vec::new(),
            from_ms,
            until_ms: at_ms,
        }
    }

    /// One to three payers, each with 4 to 8 payments of 1,800 to 5,000 yuan in 2 to 6 days. Either 86 to 99 % of each
    /// comes back within 20 hours, to the payer or to an account on the same device; or the payers use the merchant's
    /// own device, and what comes back does so elsewhere.
    fn cash_out(&mut self) -> Scheme {
        let from_ms = self.begin(9);
        let shop = merchant(self.seeded.below(self.world.merchants as usize));
        let comes_back = self.seeded.percent(50.0);
        let mut accounts = Vec::new();
        let mut helpers = vec![shop];
        for _ in 0..self.seeded.count(1, 3) {
            let account = self.account(from_ms);
            accounts.push(account);
            let mut to = account;
            if comes_back && self.seeded.percent(40.0) {
                to = self.account(from_ms);
                self.people.share(TieKind::Device, [account, to]);
                helpers.push(to);
            }
            if !comes_back {
                self.people.share(TieKind::Device, [account, shop]);
            }
            let span_ms = self.seeded.between(2, 6) * DAY_MS;
            for _ in 0..self.seeded.count(4, 8) {
                let at_ms = from_ms + self.seeded.between(0, span_ms);
                let fen = self.seeded.between(180_000, 500_000);
                self.drafts.plant(at_ms, MovementKind::Payment, account, shop, fen);
                if comes_back {
                    let later_ms = self.seeded.between(10 * MINUTE_MS, 20 * HOUR_MS);
                    let back = self.seeded.part_of(fen, 86.0, 99.0);
                    self.drafts.plant_transfer(at_ms + later_ms, shop, to, back);
                }
            }
        }
        Scheme { pattern: Pattern::CashOut, accounts, helpers, from_ms, until_ms: from_ms + 7 * DAY_MS }
    }

    /// 40 to 120 stakes of 15 to 40 players in 2 to 7 nights, 85 to 100 % of them round, 70 to 100 % between 22 and 4
    /// o'clock; 3 to 6 payouts that come to 55 to 90 % of them.
    fn gambling(&mut self) -> Scheme {
        let from_ms = self.begin(8);
        let account = self.account(from_ms);
        let players: Vec<Party> = (0..self.seeded.count(15, 40)).map(|_| self.anybody()).collect();
        let nights = self.seeded.between(2, 6);
        let (round, night) = (85.0 + self.seeded.uniform(15.0), 70.0 + self.seeded.uniform(30.0));
        let first = (from_ms - super::START_MS) / DAY_MS;
        let mut total = 0;
        for _ in 0..self.seeded.count(40, 120) {
            let day = first + self.seeded.between(0, nights - 1);
            let at_ms = if self.seeded.percent(night) {
                super::START_MS + day * DAY_MS + 22 * HOUR_MS + self.seeded.between(0, 6 * HOUR_MS - 1)
            } else {
                self.seeded.by_day(day)
            };
            let stakes = [1_000, 2_000, 3_000, 5_000, 10_000, 10_000, 20_000, 30_000, 50_000];
            let stake = self.seeded.one_of(&stakes).unwrap_or(1_000);
            let fen = if self.seeded.percent(round) { stake } else { stake + self.seeded.between(1, 999) };
            let player = self.seeded.one_of(&players).unwrap_or(Party::Outside);
            self.drafts.plant_transfer(at_ms, player, account, fen);
            total += fen;
        }
        let payouts = self.seeded.count(3, 6);
        let part = self.seeded.part_of(total, 55.0, 90.0) / i64::try_from(payouts).unwrap_or(1);
        let last_ms = super::START_MS + (first + nights) * DAY_MS;
        for _ in 0..payouts {
            let winner = self.seeded.one_of(&players).unwrap_or(Party::Outside);
            let at_ms = last_ms + self.seeded.between(-12 * HOUR_MS, 12 * HOUR_MS);
            let fen = self.seeded.part_of(part, 80.0, 120.0);
            self.drafts.plant_transfer(at_ms, account, winner, fen);
        }
        let (accounts, until_ms) = (vec![account], last_ms + DAY_MS);
        Scheme {
            pattern: Pattern::Gambling,
            accounts,
            helpers: Vec::new(),
            from_ms: from_ms - DAY_MS,
            until_ms,
        }
    }

    /// 12 to 30 purchases in 10 to 24 days at 4 to 10 merchants, around 400 yuan each, of which 88 to 100 % are
    /// refunded within 1 to 5 days.
    fn refund_abuse(&mut self) -> Scheme {
        let from_ms = self.begin(31);
        let account = self.account(from_ms);
        let shops: Vec<Party> = (0..self.seeded.count(4, 10))
            .map(|_| merchant(self.seeded.below(self.world.merchants as usize)))
            .collect();
        let (span_ms, refunded) = (self.seeded.between(10, 24) * DAY_MS, 88.0 + self.seeded.uniform(12.0));
        for _ in 0..self.seeded.count(12, 30) {
            let at_ms = from_ms + self.seeded.between(0, span_ms);
            let (shop, fen) =
                (self.seeded.one_of(&shops).unwrap_or(Party::Outside), self.seeded.fen(400.0, 0.6));
            self.drafts.plant(at_ms, MovementKind::Payment, account, shop, fen);
            if self.seeded.percent(refunded) {
                let later_ms = self.seeded.between(DAY_MS, 5 * DAY_MS);
                self.drafts.plant(at_ms + later_ms, MovementKind::Refund, shop, account, fen);
            }
        }
        let (accounts, until_ms) = (vec![account], from_ms + span_ms + 5 * DAY_MS);
        Scheme { pattern: Pattern::RefundAbuse, accounts, helpers: Vec::new(), from_ms, until_ms }
    }
}
