//! The limits of balance payments: each at its edge, to the fen and to the millisecond of midnight in Asia/Shanghai.

use tongbao_core::{
    ChangeSet, Refusal, Time,
    limits::{FEWER_FACTORS_COUNT_PER_DAY_MAX, TWO_FACTORS_COUNT_PER_DAY_MAX},
    payer::{
        Payer,
        identity::Identity,
        usage::{self, Factors, Limit, OwnLimits, Usage},
    },
    payment::{
        Method, Status,
        steps::{self, Pay, Shown},
    },
};
use tongbao_money::{Currency, Money};

use crate::{
    payer_identity::verify,
    shop::{Shop, after, amount, yuan},
};

/// 2025-12-30 12:00 in Asia/Shanghai.
const NOON: Time = Time::from_ms(1_767_067_200_000);
/// The midnight that ends the year there: 2026-01-01 00:00.
const NEW_YEAR: Time = Time::from_ms(1_767_196_800_000);

fn shop(sources: u8) -> Shop {
    let mut shop = Shop::open(60, 100_000_000);
    let id = shop.payer;
    verify(&mut shop, after(1), id, 7, sources).unwrap();
    shop
}

fn spend(shop: &mut Shop, at: Time, minor: i64, factors: Factors) -> Result<(), Refusal> {
    let (id, money) = (shop.payer, yuan(minor));
    shop.books.step(at, |facts, cx| {
        let mut change = ChangeSet::default();
        usage::spend(facts, cx, &mut change, id, money, factors)?;
        Ok((change, ()))
    })
}

fn withdraw(shop: &mut Shop, at: Time, minor: i64) -> Result<(), Refusal> {
    let (id, money) = (shop.payer, yuan(minor));
    shop.books.step(at, |facts, cx| {
        let mut change = ChangeSet::default();
        usage::withdraw(facts, cx, &mut change, id, money)?;
        Ok((change, ()))
    })
}

fn over(limit: Limit, left: i64) -> Result<(), Refusal> {
    Err(Refusal::LimitReached { limit, left })
}

#[test]
fn the_days_and_years_are_those_of_shanghai() {
    assert_eq!(usage::date_of(NEW_YEAR).to_string(), "2026-01-01");
    assert_eq!(usage::date_of(NEW_YEAR.plus_ms(-1)).to_string(), "2025-12-31");
    assert_eq!(NEW_YEAR.china_day() - NOON.china_day(), 2);
    assert_eq!(usage::date_of(Time::from_ms(i64::MAX)).year(), 9_999);
}

#[test]
fn a_day_s_limit_holds_to_the_fen_and_ends_at_midnight() {
    for (factors, limit, most) in [
        (Factors::None, Limit::FewerFactorsPerDay, 100_000),
        (Factors::One, Limit::FewerFactorsPerDay, 100_000),
        (Factors::Two, Limit::TwoFactorsPerDay, 500_000),
    ] {
        let mut shop = shop(5);
        assert_eq!(spend(&mut shop, NOON, most + 1, factors), over(limit, most));
        spend(&mut shop, NOON, most - 1, factors).unwrap();
        assert_eq!(spend(&mut shop, NOON, 2, factors), over(limit, 1));
        spend(&mut shop, NOON, 1, factors).unwrap();
        assert_eq!(spend(&mut shop, NOON, 1, factors), over(limit, 0));
        let midnight = NEW_YEAR.plus_s(-24 * 3_600);
        assert_eq!(spend(&mut shop, midnight.plus_ms(-1), 1, factors), over(limit, 0));
        spend(&mut shop, midnight, most, factors).unwrap();
        assert_eq!(spend(&mut shop, midnight, 1, factors), over(limit, 0));
    }
}

#[test]
fn what_was_proven_better_does_not_use_up_what_was_proven_less() {
    let mut shop = shop(5);
    spend(&mut shop, NOON, 500_000, Factors::Two).unwrap();
    spend(&mut shop, NOON, 60_000, Factors::One).unwrap();
    spend(&mut shop, NOON, 40_000, Factors::None).unwrap();
    assert_eq!(spend(&mut shop, NOON, 1, Factors::One), over(Limit::FewerFactorsPerDay, 0));
    assert_eq!(spend(&mut shop, NOON, 1, Factors::Two), over(Limit::TwoFactorsPerDay, 0));
}

/// Pays as much as the day allows on so many days before the year ends.
fn pay_for_days(shop: &mut Shop, days: i64) {
    for day in (1..=days).rev() {
        spend(shop, NEW_YEAR.plus_s(-day * 24 * 3_600), 500_000, Factors::Two).unwrap();
    }
}

#[test]
fn a_year_s_limit_holds_by_level_and_ends_with_the_year() {
    for (sources, days, most) in [(3, 20, 10_000_000), (5, 40, 20_000_000)] {
        let mut shop = shop(sources);
        pay_for_days(&mut shop, days);
        let usage = shop.books.all::<Usage>().next().unwrap().clone();
        assert_eq!(usage.in_year.minor(), most);
        let last = NEW_YEAR.plus_ms(-1);
        assert_eq!(spend(&mut shop, last, 1, Factors::One), over(Limit::PerYear, 0));
        spend(&mut shop, NEW_YEAR, 500_000, Factors::Two).unwrap();
        let counted = shop.books.all::<Usage>().next().unwrap().at(NEW_YEAR);
        assert_eq!((counted.in_year.minor(), counted.total.minor()), (500_000, most + 500_000));
    }
}

#[test]
fn level_one_comes_to_a_thousand_yuan_for_ever_withdrawals_among_them() {
    let mut shop = shop(1);
    spend(&mut shop, NOON, 60_000, Factors::Two).unwrap();
    assert_eq!(withdraw(&mut shop, NOON, 40_001), over(Limit::Total, 40_000));
    withdraw(&mut shop, NOON, 39_999).unwrap();
    for at in [NOON, NEW_YEAR, NEW_YEAR.plus_s(10 * 366 * 24 * 3_600)] {
        assert_eq!(spend(&mut shop, at, 2, Factors::Two), over(Limit::Total, 1));
    }
    let id = shop.payer;
    verify(&mut shop, NEW_YEAR, id, 7, 3).unwrap();
    spend(&mut shop, NEW_YEAR, 500_000, Factors::Two).unwrap();
    withdraw(&mut shop, NEW_YEAR, 50_000_000).unwrap();
    let counted = shop.books.all::<Usage>().next().unwrap().at(NEW_YEAR);
    assert_eq!(counted.in_year.minor(), 500_000, "a withdrawal is no payment of the year");
}

#[test]
fn own_limits_hold_below_the_law_s_and_for_payers_without_a_level() {
    for sources in [0, 5] {
        let mut shop = Shop::open(60, 0);
        let id = shop.payer;
        if sources > 0 {
            verify(&mut shop, after(1), id, 7, sources).unwrap();
        }
        let set = |shop: &mut Shop, per_payment: Option<i64>, per_day: Option<i64>| {
            let own = OwnLimits {
                per_payment: per_payment.map(amount),
                per_day: per_day.map(amount),
                count_per_day: None,
            };
            shop.books.step(NOON, |facts, _| Ok((usage::set_own_limits(facts, id, own, true)?, ()))).unwrap();
        };
        set(&mut shop, Some(100), Some(250));
        assert_eq!(spend(&mut shop, NOON, 101, Factors::Two), over(Limit::OwnPerPayment, 100));
        spend(&mut shop, NOON, 100, Factors::Two).unwrap();
        spend(&mut shop, NOON, 100, Factors::One).unwrap();
        assert_eq!(spend(&mut shop, NOON, 51, Factors::Two), over(Limit::OwnPerDay, 50));
        spend(&mut shop, NOON, 50, Factors::Two).unwrap();
        spend(&mut shop, NEW_YEAR, 100, Factors::Two).unwrap();
        set(&mut shop, Some(0), None);
        assert_eq!(spend(&mut shop, NEW_YEAR, 1, Factors::Two), over(Limit::OwnPerPayment, 0));
        set(&mut shop, None, None);
        assert_eq!(shop.books.get::<Payer>(id).own_limits, None);
        spend(&mut shop, NEW_YEAR, 1_000, Factors::Two).unwrap();
    }
}

#[test]
fn a_payer_from_before_is_neither_limited_nor_counted_and_one_without_a_name_pays_nothing() {
    let mut shop = Shop::open(60, 0);
    spend(&mut shop, NOON, 100_000_000, Factors::None).unwrap();
    withdraw(&mut shop, NOON, 100_000_000).unwrap();
    assert_eq!(shop.books.all::<Usage>().count(), 0);
    let mut payer: Payer = shop.books.get(shop.payer);
    payer.identity = Some(Identity::Unverified);
    payer.version += 1;
    shop.books.apply(ChangeSet { records: vec![payer.into()], ..ChangeSet::default() });
    assert_eq!(spend(&mut shop, NOON, 1, Factors::Two), Err(Refusal::IdentityRequired));
    assert_eq!(withdraw(&mut shop, NOON, 1), Err(Refusal::IdentityRequired));
}

#[test]
fn only_yuan_count() {
    let mut shop = shop(1);
    let (id, usd) = (shop.payer, Currency::parse("USD").unwrap());
    let money = Money { amount: amount(1_000_000), currency: usd };
    shop.books
        .step(NOON, |facts, cx| {
            let mut change = ChangeSet::default();
            usage::spend(facts, cx, &mut change, id, money, Factors::None)?;
            Ok((change, ()))
        })
        .unwrap();
    assert_eq!(shop.books.all::<Usage>().count(), 0);
}

#[test]
fn a_payment_over_a_limit_is_refused_whole_and_one_that_is_short_is_not_counted() {
    let mut shop = shop(1);
    let payer = shop.payer;
    let (small, large) = (shop.payment("1", 60_000), shop.payment("2", 40_001));
    let ask =
        |payment| Pay { payment, payer, method: Method::Balance, shown: Shown::PASSWORD, sandbox: false };
    let paid = shop.books.step(after(2), |facts, cx| steps::pay_proven(facts, cx, &ask(small))).unwrap();
    assert_eq!(paid.unwrap().status, Status::Succeeded);
    let told = shop.books.step(after(3), |facts, cx| steps::pay_proven(facts, cx, &ask(large))).unwrap();
    assert_eq!(told, Err(Refusal::LimitReached { limit: Limit::Total, left: 40_000 }));
    let mut poor = Shop::open(60, 10);
    let id = poor.payer;
    verify(&mut poor, after(1), id, 7, 1).unwrap();
    let payment = poor.payment("1", 100);
    let ask = Pay { payment, payer: id, method: Method::Balance, shown: Shown::PASSWORD, sandbox: false };
    let paid = poor.books.step(after(2), |facts, cx| steps::pay(facts, cx, &ask)).unwrap();
    assert_eq!(paid.status, Status::Open);
    assert_eq!(poor.books.all::<Usage>().count(), 0);
}

#[test]
fn payments_of_a_day_are_counted_until_midnight_in_shanghai() {
    for (factors, most) in [
        (Factors::None, FEWER_FACTORS_COUNT_PER_DAY_MAX),
        (Factors::One, FEWER_FACTORS_COUNT_PER_DAY_MAX),
        (Factors::Two, TWO_FACTORS_COUNT_PER_DAY_MAX),
    ] {
        let mut shop = shop(3);
        let last = NEW_YEAR.plus_ms(-1);
        for _ in 0..most {
            spend(&mut shop, last, 1, factors).unwrap();
        }
        assert_eq!(spend(&mut shop, last, 1, factors), Err(Refusal::PaymentsUsedUp), "{factors:?}");
        let other = if factors == Factors::Two { Factors::One } else { Factors::Two };
        spend(&mut shop, last, 1, other).unwrap();
        spend(&mut shop, NEW_YEAR, 1, factors).unwrap();
        let usage = shop.books.all::<Usage>().next().unwrap();
        assert_eq!(usage.at(NEW_YEAR).count_in_day(), 1);
    }
}

#[test]
fn a_payers_own_count_holds_for_all_payments_of_a_day_and_needs_no_identity() {
    let mut shop = Shop::open(60, 100_000);
    let id = shop.payer;
    let own = OwnLimits { count_per_day: Some(2), ..OwnLimits::default() };
    shop.books.step(after(1), |facts, _| Ok((usage::set_own_limits(facts, id, own, true)?, ()))).unwrap();
    spend(&mut shop, NOON, 1, Factors::One).unwrap();
    spend(&mut shop, NOON, 1, Factors::Two).unwrap();
    assert_eq!(spend(&mut shop, NOON, 1, Factors::One), Err(Refusal::PaymentsUsedUp));
    assert_eq!(spend(&mut shop, NOON, 1, Factors::Two), Err(Refusal::PaymentsUsedUp));
    spend(&mut shop, NEW_YEAR, 1, Factors::Two).unwrap();
}

#[test]
fn usage_from_before_payments_were_counted_is_read() {
    let mut shop = shop(3);
    spend(&mut shop, NOON, 5, Factors::Two).unwrap();
    let usage = shop.books.all::<Usage>().next().unwrap().clone();
    let mut stored = serde_json::to_value(&usage).unwrap();
    for new in ["fewer_factors_count", "two_factors_count"] {
        stored.as_object_mut().unwrap().remove(new).unwrap();
    }
    let read: Usage = serde_json::from_value(stored).unwrap();
    assert_eq!(read, Usage { two_factors_count: 0, ..usage });
}

#[test]
fn without_an_identity_a_day_s_limits_hold_for_what_is_proven_once() {
    let mut shop = Shop::open(60, 100_000_000);
    assert_eq!(spend(&mut shop, NOON, 100_001, Factors::One), over(Limit::FewerFactorsPerDay, 100_000));
    spend(&mut shop, NOON, 99_999, Factors::One).unwrap();
    for factors in [Factors::Two, Factors::None] {
        spend(&mut shop, NOON, 100_000_000, factors).unwrap();
    }
    spend(&mut shop, NOON, 1, Factors::One).unwrap();
    assert_eq!(spend(&mut shop, NOON, 1, Factors::One), over(Limit::FewerFactorsPerDay, 0));
    spend(&mut shop, NOON, 1, Factors::Two).unwrap();
    let next_day = NOON.plus_s(24 * 3_600);
    for _ in 0..FEWER_FACTORS_COUNT_PER_DAY_MAX {
        spend(&mut shop, next_day, 1, Factors::One).unwrap();
    }
    assert_eq!(spend(&mut shop, next_day, 1, Factors::One), Err(Refusal::PaymentsUsedUp));
    spend(&mut shop, next_day, 1, Factors::Two).unwrap();
}

#[test]
fn to_allow_more_takes_the_password_and_to_allow_less_takes_nothing() {
    let none = OwnLimits::default();
    let of = |per_payment: Option<i64>, per_day: Option<i64>, count_per_day| OwnLimits {
        per_payment: per_payment.map(amount),
        per_day: per_day.map(amount),
        count_per_day,
    };
    for (before, after_it, is_more) in [
        (none, of(Some(100), Some(200), Some(3)), false),
        (of(Some(100), None, None), of(Some(99), None, None), false),
        (of(Some(100), None, None), of(Some(100), None, None), false),
        (of(Some(100), None, None), of(Some(101), None, None), true),
        (of(Some(100), None, None), none, true),
        (of(Some(100), Some(200), None), of(Some(1), None, None), true),
        (of(Some(100), Some(200), None), of(Some(1), Some(201), None), true),
        (of(None, None, Some(3)), of(Some(1), Some(1), Some(4)), true),
        (of(None, None, Some(3)), of(Some(1), Some(1), None), true),
        (of(None, None, Some(3)), of(None, None, Some(0)), false),
    ] {
        let mut shop = Shop::open(60, 0);
        let id = shop.payer;
        let set = |shop: &mut Shop, own, proven| {
            shop.books.step(NOON, |facts, _| Ok((usage::set_own_limits(facts, id, own, proven)?, ())))
        };
        set(&mut shop, before, true).unwrap();
        let told = set(&mut shop, after_it, false);
        assert_eq!(
            told,
            if is_more { Err(Refusal::PasswordRequired) } else { Ok(()) },
            "{before:?} {after_it:?}"
        );
        set(&mut shop, after_it, true).unwrap();
        let stored = shop.books.get::<Payer>(id).own_limits.unwrap_or_default();
        assert_eq!(stored, after_it);
    }
}

#[test]
fn a_right_password_that_sets_limits_starts_its_count_again() {
    let mut shop = Shop::open(60, 0);
    let id = shop.payer;
    shop.books.step(NOON, |facts, cx| Ok((tongbao_core::payer::try_password(facts, cx, id)?.0, ()))).unwrap();
    let own = OwnLimits::default();
    shop.books.step(NOON, |facts, _| Ok((usage::set_own_limits(facts, id, own, true)?, ()))).unwrap();
    assert_eq!(shop.books.get::<Payer>(id).password_tries, 0);
}
