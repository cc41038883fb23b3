//! Random lives of a rider between two operators, beside a model that knows only what was said.

use proptest::prelude::*;
use tongbao_core::{
    Refusal, Time,
    id::{AppId, MerchantId, RideId},
    ledger::Account,
    top_up::TopUp,
    transit::{Debt, Ride, RideStatus},
};
use tongbao_money::{BasisPoints, Currency};

use crate::{
    shop::{Shop, after, amount, another_merchant},
    transit::{
        MAX, arrive, enter, entry, exit, leaving, miss, pay, plan_top_up, purse, rider, set_frozen, shop,
        show, timer,
    },
};

#[derive(Clone, Debug)]
enum Deed {
    /// Go in at the first operator, or the second.
    Enter(bool),
    /// Be told out by one, for so much.
    Exit(bool, i64),
    /// Nobody tells.
    Miss,
    /// The next top-up arrives.
    Arrive,
    /// Pay what is owed.
    Pay,
    /// Freeze or unfreeze.
    Freeze(bool),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        4 => any::<bool>().prop_map(Deed::Enter),
        4 => (any::<bool>(), 0..=MAX).prop_map(|(first, fare)| Deed::Exit(first, fare)),
        1 => Just(Deed::Miss),
        3 => Just(Deed::Arrive),
        2 => Just(Deed::Pay),
        2 => any::<bool>().prop_map(Deed::Freeze),
    ];
    prop::collection::vec(deed, 1..40)
}

/// What the world did, as somebody beside it would note it down.
#[derive(Debug, Default)]
struct Model {
    purse: i64,
    /// What each operator has.
    takings: [i64; 2],
    fees: i64,
    /// The operator whose ride is under way.
    riding: Option<usize>,
    /// The operator who is owed, and how much.
    owed: Option<(usize, i64)>,
    frozen: bool,
}

const RATES: [u16; 2] = [60, 0];

impl Model {
    fn settle(&mut self, operator: usize, fare: i64) -> bool {
        if fare > 0 && (self.frozen || self.purse < fare) {
            return false;
        }
        let fee = BasisPoints::new(RATES[operator]).unwrap().of(amount(fare)).minor();
        self.purse -= fare;
        self.takings[operator] += fare - fee;
        self.fees += fee;
        true
    }

    fn end(&mut self, operator: usize, fare: i64) {
        self.riding = None;
        if !self.settle(operator, fare) {
            self.owed = Some((operator, fare));
        }
    }

    fn collect(&mut self) {
        if let Some((operator, fare)) = self.owed
            && self.settle(operator, fare)
        {
            self.owed = None;
        }
    }
}

struct World {
    shop: Shop,
    operators: [(MerchantId, AppId); 2],
    ride: Option<RideId>,
    top_ups: Vec<TopUp>,
    model: Model,
    number: u32,
}

impl World {
    fn new() -> World {
        let mut shop = shop(0);
        let second = another_merchant(&mut shop.books, RATES[1]);
        let operators = [(shop.merchant, shop.app), second];
        let plan = |number: i64| plan_top_up(&mut shop, after(0), &number.to_string(), 1 + number * 90);
        let top_ups = (0..20).map(plan).collect();
        World { shop, operators, ride: None, top_ups, model: Model::default(), number: 0 }
    }

    fn act(&mut self, at: Time, deed: &Deed) {
        match deed {
            Deed::Enter(first) => self.enter(at, usize::from(*first)),
            Deed::Exit(first, fare) => self.exit(at, usize::from(*first), *fare),
            Deed::Miss => {
                if let (Some(operator), Some(ride)) = (self.model.riding, self.ride) {
                    miss(&mut self.shop, at, ride);
                    self.model.end(operator, MAX);
                }
            }
            Deed::Arrive => {
                if let Some(top_up) = self.top_ups.pop() {
                    arrive(&mut self.shop, at, &top_up);
                    self.model.purse += top_up.money.amount.minor();
                    self.model.collect();
                }
            }
            Deed::Pay => {
                let paid = pay(&mut self.shop, at).map(drop);
                let expected = match self.model.owed {
                    _ if self.model.frozen => Err(Refusal::PayerFrozen),
                    None => Err(Refusal::NotFound("debt")),
                    Some((_, fare)) if fare > self.model.purse => Err(Refusal::BalanceInsufficient),
                    Some(_) => Ok(()),
                };
                assert_eq!(paid, expected);
                self.model.collect();
            }
            Deed::Freeze(frozen) => {
                set_frozen(&mut self.shop, at, *frozen);
                self.model.frozen = *frozen;
            }
        }
    }

    fn enter(&mut self, at: Time, operator: usize) {
        // Nobody is shown a code who is frozen or owes.
        if self.model.frozen || self.model.owed.is_some() {
            return;
        }
        let code = show(&mut self.shop, at);
        self.number += 1;
        let new = entry(&self.number.to_string(), code);
        let entered = enter(&mut self.shop, at, self.operators[operator].1, &new);
        if self.model.riding.is_some() {
            assert_eq!(entered, Err(Refusal::RideOpen));
            return;
        }
        self.ride = Some(entered.unwrap().ride.id);
        self.model.riding = Some(operator);
    }

    fn exit(&mut self, at: Time, operator: usize, fare: i64) {
        let Some(ride) = self.ride else { return };
        let known: Ride = self.shop.books.get(ride);
        let runs = known.merchant == self.operators[operator].0;
        let left = exit(&mut self.shop, at, self.operators[operator].1, ride, &leaving(fare));
        match self.model.riding {
            _ if !runs => assert_eq!(left, Err(Refusal::NotFound("ride"))),
            Some(_) => {
                left.unwrap();
                self.model.end(operator, fare);
            }
            // It is over: the same again is known, anything else is refused.
            None if known.exit.is_some() && known.fare == Some(amount(fare)) => assert_eq!(left, Ok(known)),
            None => assert_eq!(left, Err(Refusal::RideEnded)),
        }
    }

    fn check(&self) {
        let of = |account| self.shop.books.balance(account, Currency::CNY);
        let takings = self.operators.map(|(merchant, _)| of(Account::MerchantPending(merchant)));
        let model = &self.model;
        assert_eq!((purse(&self.shop), takings), (model.purse, model.takings));
        assert_eq!(of(Account::PlatformFees), model.fees);
        assert!(model.purse >= 0);
        assert!(self.shop.books.totals().values().all(|total| *total == 0), "money was made");
        let open: Vec<&Debt> = self.shop.books.all::<Debt>().filter(|debt| debt.is_open()).collect();
        let owed: Vec<i64> = open.iter().map(|debt| debt.money.amount.minor()).collect();
        assert_eq!(owed, model.owed.iter().map(|(_, fare)| *fare).collect::<Vec<i64>>());
        let riding: Vec<&Ride> =
            self.shop.books.all::<Ride>().filter(|ride| ride.status == RideStatus::Riding).collect();
        assert_eq!(riding.len(), usize::from(model.riding.is_some()));
        assert!(riding.iter().all(|ride| timer(&self.shop, ride.id).is_some()), "what is open has its timer");
        if let Some(rider) = rider(&self.shop) {
            assert_eq!(rider.debt, open.first().map(|debt| debt.id));
            assert_eq!(rider.ride, riding.first().map(|ride| ride.id));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_rider_does_operators_have_what_was_paid_and_nobody_owes_twice(deeds in deeds()) {
        let mut world = World::new();
        for (minute, deed) in (1..).zip(&deeds) {
            world.act(after(minute * 60), deed);
            world.check();
        }
    }
}
