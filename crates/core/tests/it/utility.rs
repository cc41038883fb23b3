//! Utility payments: every edge of the machine, what is refused, and random lives told by a biller that forgets,
//! repeats and contradicts itself.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tongbao_core::{
    Context, Facts, Record, Refusal, TaskKey, Time, Work,
    event::{Alarm, AlarmKind},
    id::{PayerId, UtilityPaymentId},
    ledger::Account,
    limits::{BILLER_LOOK_UPS_PER_DAY_MAX, UTILITY_AMOUNT_MAX},
    message::{Message, Text},
    payer::{
        freeze,
        usage::{self, OwnLimits},
    },
    payment::Proofs,
    transfer::payee,
    utility::{
        Failure, Utility, UtilityPayment, UtilityStatus, UtilityTold,
        machine::{Happened, Input, decide},
        steps::{self, NewUtilityPayment, Said},
    },
};
use tongbao_money::{Currency, Money};

use crate::{
    samples,
    shop::{Shop, after, amount, yuan},
};

const PURSE: i64 = 20_000;
const DUE: i64 = 8_650;

/// A utility payment with all there can be in it.
pub(crate) fn record() -> Record {
    let made = UtilityPayment {
        id: samples::id(75),
        version: 4,
        payer: samples::payer(),
        request_no: "form".to_owned(),
        biller: "sandbox_water".to_owned(),
        biller_name: "水务".to_owned(),
        utility: Utility::Water,
        account_sealed: "sealed".to_owned(),
        account_hint: "****0001".to_owned(),
        period: "2026-10".to_owned(),
        money: yuan(DUE),
        status: UtilityStatus::Failed,
        failure: Some(Failure::AmountChanged),
        reference: Some("r".to_owned()),
        surplus: vec!["s".to_owned()],
        contradicted: true,
        created_at: after(0),
        ended_at: Some(after(1)),
    };
    made.into()
}

fn asked(payer: PayerId, number: &str, minor: i64) -> NewUtilityPayment {
    NewUtilityPayment {
        payer,
        request_no: number.to_owned(),
        biller: "sandbox_water".to_owned(),
        biller_name: "水务".to_owned(),
        utility: Utility::Water,
        account_sealed: "sealed".to_owned(),
        account_hint: "****0001".to_owned(),
        period: "2026-10".to_owned(),
        money: yuan(minor),
        proofs: Proofs::PASSWORD,
    }
}

fn plan(shop: &mut Shop, at: Time, new: &NewUtilityPayment) -> Result<UtilityPayment, Refusal> {
    shop.books.step(at, |facts, cx| steps::plan_proven(facts, cx, new)).unwrap()
}

fn planned() -> (Shop, UtilityPaymentId) {
    let mut shop = Shop::open(0, PURSE);
    let new = asked(shop.payer, "form", DUE);
    let id = plan(&mut shop, after(0), &new).unwrap().id;
    (shop, id)
}

fn task(shop: &Shop, id: UtilityPaymentId) -> Option<TaskKey> {
    let about = |work| work == Work::PayBiller(id) || work == Work::QueryBiller(id);
    shop.books.tasks(about).first().copied()
}

fn hear(shop: &mut Shop, at: Time, id: UtilityPaymentId, said: &Said) {
    let lease = task(shop, id).map(|key| shop.books.lease(key, key.due_at.max(at).plus_s(60)));
    shop.books.step(at, |facts, cx| Ok((steps::hear(facts, cx, id, lease, said)?, ()))).unwrap();
}

fn paid(name: &str) -> Said {
    Said::Paid { reference: name.to_owned() }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sums {
    payer: i64,
    flying: i64,
    billers: i64,
    suspense: i64,
}

fn sums(shop: &Shop) -> Sums {
    let of = |account| shop.books.balance(account, Currency::CNY);
    Sums {
        payer: of(Account::PayerAvailable(shop.payer)),
        flying: of(Account::UtilitiesInFlight),
        billers: of(Account::BillersClearing),
        suspense: of(Account::Suspense),
    }
}

const UNTOUCHED: Sums = Sums { payer: PURSE, flying: 0, billers: 0, suspense: 0 };
const UNDER_WAY: Sums = Sums { payer: PURSE - DUE, flying: DUE, ..UNTOUCHED };
const BOOKED: Sums = Sums { payer: PURSE - DUE, billers: DUE, ..UNTOUCHED };

fn alarms(shop: &Shop) -> Vec<AlarmKind> {
    shop.books.all::<Alarm>().map(|alarm| alarm.kind).collect()
}

fn told(shop: &Shop) -> Vec<UtilityTold> {
    let text = |message: &Message| match &message.text {
        Text::Utility(told) => Some(told.clone()),
        _ => None,
    };
    shop.books.all::<Message>().filter_map(text).collect()
}

#[test]
fn money_leaves_the_balance_at_once_and_is_the_billers_when_it_says_so() {
    let (mut shop, id) = planned();
    assert_eq!((sums(&shop), task(&shop, id).unwrap().due_at), (UNDER_WAY, after(0)));
    hear(&mut shop, after(1), id, &Said::Unknown);
    assert_eq!((sums(&shop), task(&shop, id).unwrap().due_at), (UNDER_WAY, after(6)));
    hear(&mut shop, after(600), id, &Said::Unknown);
    assert_eq!(task(&shop, id).unwrap().due_at, after(1_200), "the pauses double");
    hear(&mut shop, after(1_200), id, &paid("r"));
    assert_eq!((sums(&shop), task(&shop, id)), (BOOKED, None));
    let after_all: UtilityPayment = shop.books.get(id);
    assert_eq!((after_all.reference.as_deref(), after_all.ended_at), (Some("r"), Some(after(1_200))));
    let biller = "水务".to_owned();
    assert_eq!(told(&shop), [UtilityTold { payment: id, biller, money: yuan(DUE), failure: None }]);
}

#[test]
fn what_a_biller_refuses_is_in_the_balance_again_and_the_payer_is_told_why() {
    for failure in [Failure::Refused, Failure::AmountChanged] {
        let (mut shop, id) = planned();
        hear(&mut shop, after(1), id, &Said::Failed(failure));
        assert_eq!((sums(&shop), task(&shop, id)), (UNTOUCHED, None));
        assert_eq!(told(&shop).iter().map(|told| told.failure).collect::<Vec<_>>(), [Some(failure)]);
        hear(&mut shop, after(2), id, &Said::Failed(failure));
        assert_eq!((sums(&shop), told(&shop).len(), alarms(&shop).len()), (UNTOUCHED, 1, 0), "told again");
    }
}

#[test]
fn a_booking_that_nobody_asked_for_costs_the_payer_nothing_and_a_person_is_told() {
    let (mut shop, id) = planned();
    hear(&mut shop, after(1), id, &Said::Failed(Failure::Refused));
    hear(&mut shop, after(2), id, &paid("r"));
    let uncovered = Sums { billers: DUE, suspense: -DUE, ..UNTOUCHED };
    assert_eq!((sums(&shop), alarms(&shop)), (uncovered, vec![AlarmKind::UtilityPaidUnasked]));
    hear(&mut shop, after(3), id, &paid("r"));
    assert_eq!((sums(&shop), alarms(&shop).len()), (uncovered, 1), "told again, nothing moves");
    assert_eq!(shop.books.get::<UtilityPayment>(id).status, UtilityStatus::Failed, "the payer has it back");

    let (mut shop, id) = planned();
    hear(&mut shop, after(1), id, &paid("r"));
    hear(&mut shop, after(2), id, &paid("s"));
    assert_eq!(sums(&shop), Sums { billers: 2 * DUE, suspense: -DUE, ..BOOKED }, "once too often");
    hear(&mut shop, after(3), id, &Said::Failed(Failure::Refused));
    hear(&mut shop, after(4), id, &Said::Failed(Failure::Refused));
    assert_eq!(alarms(&shop), [AlarmKind::UtilityPaidUnasked, AlarmKind::UtilityFailedAfterPaid]);
}

#[test]
fn what_cannot_be_paid_is_refused_before_anything_moves() {
    let mut shop = Shop::open(0, PURSE);
    let payer = shop.payer;
    let refused = |shop: &mut Shop, new: &NewUtilityPayment| plan(shop, after(0), new).unwrap_err();
    assert_eq!(refused(&mut shop, &asked(payer, "a", PURSE + 1)), Refusal::BalanceInsufficient);
    for minor in [0, UTILITY_AMOUNT_MAX.minor() + 1] {
        assert_eq!(refused(&mut shop, &asked(payer, "b", minor)).param(), Some("amount"));
    }
    let dollars = Money { currency: Currency::parse("USD").unwrap(), ..yuan(1) };
    let foreign = NewUtilityPayment { money: dollars, ..asked(payer, "c", 1) };
    assert_eq!(refused(&mut shop, &foreign).param(), Some("amount"));
    for number in ["", &"n".repeat(65)] {
        assert_eq!(refused(&mut shop, &asked(payer, number, 1)).param(), Some("request"));
    }
    let own = OwnLimits { per_payment: Some(amount(DUE - 1)), ..OwnLimits::default() };
    let limit =
        |facts: &dyn Facts, _: &mut Context| Ok((usage::set_own_limits(facts, payer, own, true)?, ()));
    let mut limited = shop.clone();
    limited.books.step(after(0), limit).unwrap();
    let over = refused(&mut limited, &asked(payer, "d", DUE));
    assert!(matches!(over, Refusal::LimitReached { .. }), "it counts as a payment from the balance: {over}");
    plan(&mut limited, after(0), &asked(payer, "d", DUE - 1)).unwrap();
    let freeze = |facts: &dyn Facts, cx: &mut Context| Ok((freeze::freeze_own(facts, cx, payer)?, ()));
    let mut frozen = shop.clone();
    frozen.books.step(after(0), freeze).unwrap();
    assert_eq!(refused(&mut frozen, &asked(payer, "e", 1)), Refusal::PayerFrozen);
    assert_eq!(sums(&shop), UNTOUCHED);
}

#[test]
fn a_form_that_is_sent_again_pays_once_and_cannot_be_changed() {
    let (mut shop, id) = planned();
    let payer = shop.payer;
    let again = plan(&mut shop, after(1), &asked(payer, "form", DUE)).unwrap();
    assert_eq!((again.id, sums(&shop)), (id, UNDER_WAY));
    let sealed_anew =
        NewUtilityPayment { account_sealed: "sealed anew".to_owned(), ..asked(payer, "form", DUE) };
    assert_eq!(plan(&mut shop, after(1), &sealed_anew).unwrap().id, id);
    for other in [
        asked(payer, "form", DUE - 1),
        NewUtilityPayment { biller: "another".to_owned(), ..asked(payer, "form", DUE) },
        NewUtilityPayment { account_hint: "****0002".to_owned(), ..asked(payer, "form", DUE) },
        NewUtilityPayment { period: "2026-11".to_owned(), ..asked(payer, "form", DUE) },
    ] {
        assert_eq!(plan(&mut shop, after(1), &other).unwrap_err().param(), Some("request"));
    }
    let freeze = |facts: &dyn Facts, cx: &mut Context| Ok((freeze::freeze_own(facts, cx, payer)?, ()));
    shop.books.step(after(2), freeze).unwrap();
    assert_eq!(
        plan(&mut shop, after(3), &asked(payer, "form", DUE)).unwrap().id,
        id,
        "what was paid is shown"
    );
    assert_eq!(sums(&shop), UNDER_WAY);
}

#[test]
fn a_worker_that_lost_its_lease_says_nothing_and_word_unasked_starts_no_question() {
    let (mut shop, id) = planned();
    let due = task(&shop, id).unwrap();
    let held = shop.books.lease(due, after(60));
    let late =
        |facts: &dyn Facts, cx: &mut Context| Ok((steps::hear(facts, cx, id, Some(due), &paid("r"))?, ()));
    assert_eq!(shop.books.step(after(1), late), Err(Refusal::LeaseLost));
    let unasked =
        |facts: &dyn Facts, cx: &mut Context| Ok((steps::hear(facts, cx, id, None, &Said::Unknown)?, ()));
    shop.books.step(after(1), unasked).unwrap();
    assert_eq!(task(&shop, id), Some(held));
    let strange = |facts: &dyn Facts, cx: &mut Context| {
        Ok((steps::hear(facts, cx, samples::id(9), None, &Said::Unknown)?, ()))
    };
    assert_eq!(shop.books.step(after(1), strange), Err(Refusal::NotFound("utility payment")));
}

#[test]
fn accounts_are_looked_up_so_often_a_day_and_again_after_midnight_in_china() {
    let mut shop = Shop::open(0, 0);
    let payer = shop.payer;
    let look_up = |shop: &mut Shop, at| {
        let count =
            |facts: &dyn Facts, cx: &mut Context| Ok((payee::count_biller_look_up(facts, cx, payer)?, ()));
        shop.books.step(at, count)
    };
    // 2025-06-15T16:00Z is midnight there.
    let midnight = Time::from_ms(1_750_003_200_000);
    for _ in 0..BILLER_LOOK_UPS_PER_DAY_MAX {
        look_up(&mut shop, midnight.plus_ms(-1)).unwrap();
    }
    assert_eq!(look_up(&mut shop, midnight.plus_ms(-1)), Err(Refusal::LookUpsUsedUp));
    look_up(&mut shop, midnight).unwrap();
}

#[test]
fn every_edge_of_the_machine() {
    use UtilityStatus::{Failed, Paid, Planned, Sent};
    let (shop, id) = planned();
    let made: UtilityPayment = shop.books.get(id);
    let of = |status| UtilityPayment {
        status,
        reference: (status == Paid).then(|| "r".to_owned()),
        surplus: if matches!(status, Paid | Failed) { vec!["more".to_owned()] } else { Vec::new() },
        ..made.clone()
    };
    let booked = |name: &str| Input::Paid { reference: name.to_owned() };
    let no = || Input::Failed(Failure::Refused);
    let liar = Happened::Alarm(AlarmKind::UtilityFailedAfterPaid);
    let table = [
        (Planned, Input::Working, Some((Sent, Happened::Sent))),
        (Sent, Input::Working, None),
        (Paid, Input::Working, None),
        (Failed, Input::Working, None),
        (Planned, booked("r"), Some((Paid, Happened::Paid))),
        (Sent, booked("r"), Some((Paid, Happened::Paid))),
        (Paid, booked("r"), None),
        (Paid, booked("more"), None),
        (Paid, booked("s"), Some((Paid, Happened::Surplus))),
        (Failed, booked("more"), None),
        (Failed, booked("r"), Some((Failed, Happened::Surplus))),
        (Planned, no(), Some((Failed, Happened::Failed))),
        (Sent, no(), Some((Failed, Happened::Failed))),
        (Failed, no(), None),
        (Paid, no(), Some((Paid, liar))),
    ];
    for (status, input, expected) in table {
        // A clock that was set back ends nothing before it began.
        let decided = decide(&of(status), input.clone(), after(-1));
        let shown = decided.as_ref().map(|(next, happened)| (next.status, *happened));
        assert_eq!(shown, expected, "{status:?} {input:?}");
        if let Some((next, _)) = decided {
            assert!(next.ended_at.is_none_or(|ended| ended >= next.created_at), "{status:?} {input:?}");
            assert_eq!(decide(&next, input.clone(), after(2)), None, "{status:?} {input:?} again");
        }
    }
}

fn words() -> impl Strategy<Value = Vec<Option<Result<usize, ()>>>> {
    let booked = (0..3_usize).prop_map(|name| Some(Ok(name)));
    let word = prop_oneof![2 => Just(None), 2 => Just(Some(Err(()))), 4 => booked];
    prop::collection::vec(word, 1..16)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_biller_says_the_payer_pays_once_or_not_at_all(words in words()) {
        let (mut shop, id) = planned();
        let mut booked = BTreeSet::new();
        for (second, word) in (1..).zip(words) {
            let said = match word {
                None => Said::Unknown,
                Some(Err(())) => Said::Failed(Failure::Refused),
                Some(Ok(name)) => {
                    booked.insert(name);
                    paid(&name.to_string())
                }
            };
            hear(&mut shop, after(second), id, &said);
            let (now, is) = (shop.books.get::<UtilityPayment>(id), sums(&shop));
            prop_assert_eq!(is.billers, DUE * i64::try_from(booked.len()).unwrap(), "the biller's own word");
            let gave = now.is_open() || now.status == UtilityStatus::Paid;
            prop_assert_eq!(is.payer, if gave { PURSE - DUE } else { PURSE });
            prop_assert_eq!(is.flying, if now.is_open() { DUE } else { 0 });
            prop_assert_eq!(is.suspense, -DUE * i64::try_from(now.surplus.len()).unwrap());
            prop_assert_eq!(is.suspense < 0, alarms(&shop).contains(&AlarmKind::UtilityPaidUnasked));
            prop_assert_eq!(is.payer + is.flying + is.billers + is.suspense, PURSE);
            prop_assert_eq!(now.is_open(), task(&shop, id).is_some(), "what is open is asked about");
            prop_assert_eq!(told(&shop).len(), usize::from(!now.is_open()), "the payer is told once");
        }
    }
}
