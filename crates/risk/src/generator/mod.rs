//! Made-up payments with made-up fraud, by a seed: for tests, for measurements, and for a first model.
//!
//! The world is that of the Fraud Detection Handbook (chapter 3), written anew from its description and drawn with
//! our own numbers. Payers and payees stand on a square; a payer pays those near to it, more or less often, more or
//! less much. Three kinds of fraud happen to it: amounts above a limit; payees at which, for four weeks, everything
//! is fraud and looks as ever; payers whose card leaked, so that for two weeks a third of their payments is five
//! times as much.
//!
//! **Invariants.** The same [`World`] gives the same payments. They are in the order of their times.
//!
//! **Absent on purpose:** everything real. What is good here is not proven to be good anywhere else.

use std::collections::BTreeSet;

use tongbao_money::Amount;

use crate::{
    features::{EntityId, Payment, QUIET_MINOR_MAX},
    seeded::Seeded,
};

/// How large a world is, and what it is drawn by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct World {
    /// How many payers; the handbook has 5,000.
    pub payers: u32,
    /// How many payees; the handbook has 10,000.
    pub payees: u32,
    /// How many days; the handbook has 183.
    pub days: u32,
    /// What everything is drawn by.
    pub seed: u64,
}

impl Default for World {
    fn default() -> Self {
        World { payers: 5_000, payees: 10_000, days: 70, seed: 1 }
    }
}

/// What is behind a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Nothing.
    Genuine,
    /// Fraud: the amount is above the limit.
    AboveLimit,
    /// Fraud: the payee is compromised.
    CompromisedPayee,
    /// Fraud: the payer's card leaked.
    LeakedCard,
}

/// A payment that was made up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// The payment.
    pub payment: Payment,
    /// What is behind it.
    pub kind: Kind,
}

impl Made {
    /// Whether it is fraud.
    #[must_use]
    pub fn is_fraud(&self) -> bool {
        self.kind != Kind::Genuine
    }
}

/// The first second of a world: midnight of 2018-04-01 in Asia/Shanghai.
pub const START_S: u32 = 1_522_512_000;

const DAY_S: u32 = 86_400;
/// The side of the square.
const SIDE: f64 = 100.0;
/// How near a payee must be, where there are 10,000 of them.
const REACH: f64 = 5.0;
const PAYEES_OF_REACH: f64 = 10_000.0;
/// A payer's mean amount in yuan: from, and how much more at most.
const MEAN_FROM_YUAN: f64 = 5.0;
const MEAN_RANGE_YUAN: f64 = 95.0;
/// Payments a day, at most.
const RATE_MAX: f64 = 4.0;
/// Time of day: mean and standard deviation, in seconds.
const NOON_S: f64 = 43_200.0;
const TIME_DEVIATION_S: f64 = 20_000.0;
/// Compromised each day: 2 of 10,000 payees for 28 days, 3 of 5,000 payers for 14 days.
const PAYEES_A_DAY: (u64, u64) = (2, 10_000);
const PAYEE_DAYS: u32 = 28;
const PAYERS_A_DAY: (u64, u64) = (3, 5_000);
const PAYER_DAYS: u32 = 14;
/// Of a leaked card one payment in three is fraud, five times as high.
const LEAKED_ONE_IN: usize = 3;
const LEAKED_FACTOR: i64 = 5;

/// What the streams of numbers are for.
const FOR_PAYERS: u64 = 1;
const FOR_PAYEES: u64 = 2;
const FOR_PAYMENTS: u64 = 3;
const FOR_COMPROMISED: u64 = 4;
const FOR_LEAKED: u64 = 5;

struct Habits {
    place: (f64, f64),
    mean_yuan: f64,
    rate: f64,
}

impl World {
    /// Makes up the payments, in the order of their times.
    #[must_use]
    pub fn payments(&self) -> Vec<Made> {
        let places: Vec<(f64, f64)> = (0..self.payees)
            .map(|payee| {
                let mut seeded = Seeded::of(self.seed, FOR_PAYEES, u64::from(payee));
                (seeded.uniform(SIDE), seeded.uniform(SIDE))
            })
            .collect();
        let mut made: Vec<Made> = (0..self.payers).flat_map(|payer| self.of_payer(payer, &places)).collect();
        made.sort_by_key(|made| (made.payment.at_s, made.payment.payer, made.payment.payee));
        self.defraud(&mut made);
        made
    }

    /// The genuine payments of one payer.
    fn of_payer(&self, payer: u32, places: &[(f64, f64)]) -> Vec<Made> {
        let mut seeded = Seeded::of(self.seed, FOR_PAYERS, u64::from(payer));
        let habits = Habits {
            place: (seeded.uniform(SIDE), seeded.uniform(SIDE)),
            mean_yuan: MEAN_FROM_YUAN + seeded.uniform(MEAN_RANGE_YUAN),
            rate: seeded.uniform(RATE_MAX),
        };
        // Where there are fewer payees, a payer goes further, so that it knows as many.
        let reach_squared = REACH * REACH * PAYEES_OF_REACH / f64::from(self.payees.max(1));
        let is_near = |place: &(f64, f64)| {
            let (x, y) = (place.0 - habits.place.0, place.1 - habits.place.1);
            x * x + y * y < reach_squared
        };
        let near: Vec<u32> =
            (0..).zip(places).filter(|(_, place)| is_near(place)).map(|(payee, _)| payee).collect();
        let mut made = Vec::new();
        if near.is_empty() {
            return made;
        }
        let mut seeded = Seeded::of(self.seed, FOR_PAYMENTS, u64::from(payer));
        for day in 0..self.days {
            for _ in 0..seeded.poisson(habits.rate) {
                let second = seeded.normal(NOON_S, TIME_DEVIATION_S);
                let amount = amount(&mut seeded, habits.mean_yuan);
                let payee = near[seeded.below(near.len())];
                if second >= 1.0 && second < f64::from(DAY_S) {
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "within a day"
                    )]
                    let at_s = START_S + day * DAY_S + second as u32;
                    let (payer, payee) = (EntityId(u128::from(payer)), EntityId(u128::from(payee)));
                    let payment = Payment { at_s, payer, payee, amount };
                    made.push(Made { payment, kind: Kind::Genuine });
                }
            }
        }
        made
    }

    /// Makes frauds of some payments. Where kinds meet, the last has it.
    fn defraud(&self, made: &mut [Made]) {
        for made in made.iter_mut().filter(|made| made.payment.amount.minor() > QUIET_MINOR_MAX) {
            made.kind = Kind::AboveLimit;
        }
        for day in 0..self.days {
            let compromised = self.drawn(FOR_COMPROMISED, day, PAYEES_A_DAY, self.payees);
            let days = between(made, day, PAYEE_DAYS);
            for made in &mut made[days] {
                if compromised.contains(&made.payment.payee.0) {
                    made.kind = Kind::CompromisedPayee;
                }
            }
        }
        for day in 0..self.days {
            let leaked = self.drawn(FOR_LEAKED, day, PAYERS_A_DAY, self.payers);
            let days = between(made, day, PAYER_DAYS);
            let mut theirs: Vec<usize> =
                days.filter(|&number| leaked.contains(&made[number].payment.payer.0)).collect();
            let mut seeded = Seeded::of(self.seed, FOR_LEAKED, u64::from(day) << 32);
            for place in 0..theirs.len() / LEAKED_ONE_IN {
                let other = place + seeded.below(theirs.len() - place);
                theirs.swap(place, other);
                let leaked = &mut made[theirs[place]];
                let minor = leaked.payment.amount.minor().saturating_mul(LEAKED_FACTOR);
                leaked.payment.amount = Amount::new(minor).unwrap_or(Amount::MAX);
                leaked.kind = Kind::LeakedCard;
            }
        }
    }

    /// Whom it happens to from this day on: of `all`, in the long run so many a day as `rate` says.
    fn drawn(&self, purpose: u64, day: u32, rate: (u64, u64), all: u32) -> BTreeSet<u128> {
        let until = |day: u64| day * rate.0 * u64::from(all) / rate.1;
        let wanted = until(u64::from(day) + 1) - until(u64::from(day));
        let mut seeded = Seeded::of(self.seed, purpose, u64::from(day));
        (0..wanted).map(|_| seeded.below(all as usize) as u128).collect()
    }
}

/// An amount in fen: normal, with half the mean as its deviation; if that is negative, anything up to twice the mean.
fn amount(seeded: &mut Seeded, mean_yuan: f64) -> Amount {
    let drawn = seeded.normal(mean_yuan, mean_yuan / 2.0);
    let yuan = if drawn < 0.0 { seeded.uniform(2.0 * mean_yuan) } else { drawn };
    #[expect(clippy::cast_possible_truncation, reason = "some hundreds of yuan")]
    let minor = libm::round(yuan * 100.0) as i64;
    Amount::new(minor).unwrap_or_default()
}

/// The places of the payments of `days` days from `day` on.
fn between(made: &[Made], day: u32, days: u32) -> std::ops::Range<usize> {
    let at = |day: u32| made.partition_point(|made| made.payment.at_s < START_S + day * DAY_S);
    at(day)..at(day + days)
}
