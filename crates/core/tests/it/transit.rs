//! Rides: codes at their edges, who may begin one, how each ends, what is owed and how that is paid.

use tongbao_core::{
    ChangeSet, Context, Facts, Record, Refusal, TaskKey, Time, Work,
    card::CardKind,
    event::{Event, EventKind, Subject},
    id::{AppId, PayerId, RideId},
    ledger::Account,
    limits::{CLOCK_AHEAD_MS_MAX, FARE_MAX, REPORT_LATE_MS_MAX, RIDE_OPEN_S, STATION_CHARS_MAX},
    message::{Message, Text},
    payer::{
        Payer, freeze,
        identity::Identity,
        usage::{self, Limit, OwnLimits, Usage},
    },
    payment::steps::Said,
    payment_code::{CODES_PER_WINDOW_MAX, WINDOW_MS, Window},
    top_up::{
        TopUp,
        steps::{self as top_ups, NewTopUp},
    },
    transit::{
        Debt, DebtReason, Gate, Ride, RideOutcome, RideStatus, Rider, TransitCode,
        code::{self, Shown, Used, is_code},
        debt::{self, CollectedBy},
        machine::{Happened, Input, decide},
        steps::{self, Entered, NewExit, NewRide},
    },
};
use tongbao_money::{BasisPoints, Currency};

use crate::{
    cards::{bind, new_card},
    payer_identity::verify,
    samples,
    shop::{OPENED_MS, Shop, after, amount, another_merchant, new_payer, yuan},
};

/// What the operator says that a ride costs at most, in fen.
pub(crate) const MAX: i64 = 1_500;
const FARE: i64 = 400;
/// 0.6 % of 400 fen, rounded.
const FEE: i64 = 2;
const PURSE: i64 = 2_000;

/// A ride and what belongs to it, with all there can be in each.
pub(crate) fn records() -> Vec<Record> {
    let gate = |station: &str| Gate { station: station.to_owned(), at: after(1) };
    let ride = Ride {
        id: samples::id(90),
        version: 3,
        merchant: samples::merchant(),
        app: samples::app(),
        payer: samples::payer(),
        ride_no: "ride-1".to_owned(),
        code: samples::id(92),
        status: RideStatus::Settled,
        entry: gate("People's Square"),
        exit: Some(gate("East")),
        max: amount(MAX),
        fare: Some(amount(FARE)),
        fee_rate: BasisPoints::new(60).unwrap(),
        debt: Some(samples::id(93)),
        created_at: after(1),
        ended_at: Some(after(2)),
        settled_at: Some(after(3)),
    };
    let rider = Rider {
        id: samples::id(91),
        version: 2,
        payer: samples::payer(),
        ride: Some(ride.id),
        debt: Some(samples::id(93)),
    };
    let code = TransitCode {
        id: samples::id(92),
        version: 2,
        payer: samples::payer(),
        digest: [9; 32],
        window: Window::of(after(0)),
        used: Some(Used { ride: ride.id, at: after(1) }),
        created_at: after(0),
    };
    let debt = Debt {
        id: samples::id(93),
        version: 2,
        payer: samples::payer(),
        merchant: samples::merchant(),
        ride: ride.id,
        money: yuan(FARE),
        reason: DebtReason::Limit,
        created_at: after(2),
        paid_at: Some(after(3)),
        paid_by: Some(CollectedBy::TopUp),
    };
    vec![ride.into(), rider.into(), code.into(), debt.into()]
}

pub(crate) fn shop(payer_has: i64) -> Shop {
    Shop::open(60, payer_has)
}

/// The digests that a shell would make for a window.
fn digests(payer: u8, window: Window) -> Vec<[u8; 32]> {
    let digest = |place: usize| {
        let mut digest = [payer; 32];
        digest[..8].copy_from_slice(&window.number().to_be_bytes());
        digest[8] = u8::try_from(place).unwrap();
        digest
    };
    (0..CODES_PER_WINDOW_MAX).map(digest).collect()
}

fn try_to_show(shop: &mut Shop, at: Time, payer: PayerId, number: u8) -> Result<Shown, Refusal> {
    let window = Window::of(at);
    let digests = digests(number, window);
    shop.books.step(at, |facts, cx| code::show(facts, cx, payer, window, &digests))
}

/// The digest of the code that the shop's payer shows.
pub(crate) fn show(shop: &mut Shop, at: Time) -> [u8; 32] {
    let payer = shop.payer;
    match try_to_show(shop, at, payer, 1).unwrap() {
        Shown::Code(_, code) => code.digest,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn entry(number: &str, code: [u8; 32]) -> NewRide {
    let station = "People's Square".to_owned();
    NewRide { ride_no: number.to_owned(), code, station, max: amount(MAX), scanned_at: None }
}

pub(crate) fn leaving(minor: i64) -> NewExit {
    NewExit { code: None, station: "East".to_owned(), fare: amount(minor), scanned_at: None }
}

pub(crate) fn enter(shop: &mut Shop, at: Time, app: AppId, new: &NewRide) -> Result<Entered, Refusal> {
    shop.books.step(at, |facts, cx| steps::enter(facts, cx, app, new))
}

pub(crate) fn exit(
    shop: &mut Shop,
    at: Time,
    app: AppId,
    id: RideId,
    new: &NewExit,
) -> Result<Ride, Refusal> {
    shop.books.step(at, |facts, cx| steps::exit(facts, cx, app, id, new))
}

/// A ride that began when the shop opened.
fn riding(payer_has: i64) -> (Shop, RideId) {
    let mut shop = shop(payer_has);
    let (code, app) = (show(&mut shop, after(0)), shop.app);
    let id = enter(&mut shop, after(0), app, &entry("1", code)).unwrap().ride.id;
    (shop, id)
}

fn out(shop: &mut Shop, at: Time, id: RideId, minor: i64) -> Ride {
    let app = shop.app;
    exit(shop, at, app, id, &leaving(minor)).unwrap()
}

pub(crate) fn timer(shop: &Shop, id: RideId) -> Option<TaskKey> {
    shop.books.tasks(|work| work == Work::EndRide(id)).first().copied()
}

pub(crate) fn miss(shop: &mut Shop, at: Time, id: RideId) {
    let lease = timer(shop, id).unwrap();
    let held = shop.books.lease(lease, lease.due_at.max(at).plus_s(60));
    shop.books.step(at, |facts, cx| Ok((steps::miss(facts, cx, id, held)?, ()))).unwrap();
}

pub(crate) fn pay(shop: &mut Shop, at: Time) -> Result<Debt, Refusal> {
    let payer = shop.payer;
    let owed = rider(shop).and_then(|rider| rider.debt).unwrap_or_else(|| samples::id(1));
    shop.books.step(at, |facts, cx| debt::pay(facts, cx, payer, owed))
}

pub(crate) fn rider(shop: &Shop) -> Option<Rider> {
    shop.books.all::<Rider>().find(|rider| rider.payer == shop.payer).cloned()
}

pub(crate) fn set_frozen(shop: &mut Shop, at: Time, frozen: bool) {
    let payer = shop.payer;
    let set = |facts: &dyn Facts, cx: &mut Context| {
        let change =
            if frozen { freeze::freeze_own(facts, cx, payer)? } else { freeze::unfreeze(facts, cx, payer)? };
        Ok((change, ()))
    };
    shop.books.step(at, set).unwrap();
}

/// A top-up that the bank has not answered.
pub(crate) fn plan_top_up(shop: &mut Shop, at: Time, number: &str, minor: i64) -> TopUp {
    let payer = shop.payer;
    let known = shop.books.all::<tongbao_core::card::Card>().next().map(|card| card.id);
    let card = known.unwrap_or_else(|| bind(shop, payer, &new_card(1, CardKind::Debit)).unwrap().id);
    let new = NewTopUp { payer, card, request_no: number.to_owned(), money: yuan(minor) };
    shop.books.step(at, |facts, cx| top_ups::plan_proven(facts, cx, &new)).unwrap().unwrap()
}

pub(crate) fn arrive(shop: &mut Shop, at: Time, top_up: &TopUp) {
    let said = Said::Paid { money: top_up.money, reference: Some(top_up.id.to_string()) };
    let hear =
        |facts: &dyn Facts, cx: &mut Context| Ok((top_ups::hear(facts, cx, top_up.id, None, &said)?, ()));
    shop.books.step(at, hear).unwrap();
}

pub(crate) fn purse(shop: &Shop) -> i64 {
    shop.books.balance(Account::PayerAvailable(shop.payer), Currency::CNY)
}

fn takings(shop: &Shop) -> i64 {
    shop.books.balance(Account::MerchantPending(shop.merchant), Currency::CNY)
}

fn events(shop: &Shop) -> Vec<(EventKind, u32)> {
    let about = |event: &Event| matches!(event.subject, Subject::Ride(_));
    shop.books
        .all::<Event>()
        .filter(|event| about(event))
        .map(|event| (event.kind, event.subject.sequence()))
        .collect()
}

fn told(shop: &Shop) -> Vec<RideOutcome> {
    let outcome = |message: &Message| match &message.text {
        Text::Ride(told) => Some(told.outcome),
        _ => None,
    };
    shop.books.all::<Message>().filter_map(outcome).collect()
}

fn set_payer(shop: &mut Shop, set: impl Fn(&mut Payer)) {
    let mut payer: Payer = shop.books.get(shop.payer);
    payer.version += 1;
    set(&mut payer);
    shop.books.apply(ChangeSet { records: vec![payer.into()], ..ChangeSet::default() });
}

#[test]
fn the_form_of_a_code_is_eighteen_digits_that_begin_with_forty_to_forty_five() {
    for good in ["400000000000000000", "459999999999999999"] {
        assert!(is_code(good) && !tongbao_core::payment_code::is_code(good), "{good}");
    }
    for bad in ["", "399999999999999999", "460000000000000000", "40000000000000000", "4000000000000000000"] {
        assert!(!is_code(bad), "{bad}");
    }
    for bad in ["134567890123456789", "40000000000000000x", "４0000000000000000", "40 00000000000000"] {
        assert!(!is_code(bad), "{bad}");
    }
}

#[test]
fn a_ride_is_settled_in_the_step_that_hears_of_its_end() {
    let (mut shop, id) = riding(PURSE);
    assert_eq!((purse(&shop), takings(&shop)), (PURSE, 0), "nothing moves at the way in");
    assert!(timer(&shop, id).is_some());
    let ride = out(&mut shop, after(600), id, FARE);
    assert_eq!((ride.status, ride.fare, ride.debt), (RideStatus::Settled, Some(amount(FARE)), None));
    assert_eq!((ride.fee(), ride.settled_at), (amount(FEE), Some(after(600))));
    assert_eq!(ride, shop.books.get(id));
    assert_eq!((purse(&shop), takings(&shop)), (PURSE - FARE, FARE - FEE));
    assert_eq!(shop.books.balance(Account::PlatformFees, Currency::CNY), FEE);
    assert_eq!(timer(&shop, id), None);
    assert_eq!(events(&shop), [(EventKind::RideSettled, 2)]);
    assert_eq!(told(&shop), [RideOutcome::Settled]);
    // And the next ride can begin.
    let (code, app) = (show(&mut shop, after(700)), shop.app);
    assert!(enter(&mut shop, after(700), app, &entry("2", code)).unwrap().new);
}

#[test]
fn a_ride_may_cost_nothing_and_no_more_than_was_said_when_it_began() {
    let (mut shop, id) = riding(PURSE);
    let app = shop.app;
    let over = exit(&mut shop, after(1), app, id, &leaving(MAX + 1)).unwrap_err();
    assert_eq!(over.param(), Some("amount"));
    let mut all = shop.clone();
    assert_eq!(out(&mut all, after(1), id, MAX).status, RideStatus::Settled);
    let ride = out(&mut shop, after(1), id, 0);
    assert_eq!((ride.status, purse(&shop), takings(&shop)), (RideStatus::Settled, PURSE, 0));
    assert_eq!(shop.books.all::<Usage>().count(), 0, "nothing was paid, nothing counts");
}

#[test]
fn what_an_operator_may_not_say_is_refused_by_its_field() {
    let mut shop = shop(PURSE);
    let (code, app) = (show(&mut shop, after(0)), shop.app);
    let long = "x".repeat(STATION_CHARS_MAX + 1);
    let table = [
        ("ride_no", NewRide { ride_no: String::new(), ..entry("1", code) }),
        ("ride_no", NewRide { ride_no: "a b".to_owned(), ..entry("1", code) }),
        ("station", NewRide { station: String::new(), ..entry("1", code) }),
        ("station", NewRide { station: long.clone(), ..entry("1", code) }),
        ("station", NewRide { station: "a\nb".to_owned(), ..entry("1", code) }),
        ("max_amount", NewRide { max: amount(0), ..entry("1", code) }),
        ("max_amount", NewRide { max: amount(FARE_MAX.minor() + 1), ..entry("1", code) }),
    ];
    for (param, new) in table {
        assert_eq!(enter(&mut shop, after(0), app, &new).unwrap_err().param(), Some(param), "{new:?}");
    }
    let most = NewRide { max: FARE_MAX, station: "x".repeat(STATION_CHARS_MAX), ..entry("1", code) };
    let id = enter(&mut shop, after(0), app, &most).unwrap().ride.id;
    let unnamed = NewExit { station: long, ..leaving(FARE) };
    assert_eq!(exit(&mut shop, after(1), app, id, &unnamed).unwrap_err().param(), Some("station"));
}

#[test]
fn a_code_opens_one_ride_once_and_only_while_it_is_good() {
    let mut shop = shop(PURSE);
    let app = shop.app;
    let unknown = entry("1", [200; 32]);
    assert_eq!(enter(&mut shop, after(0), app, &unknown), Err(Refusal::TransitCodeInvalid));
    let shown = Window::of(after(0));
    let code = show(&mut shop, after(0));
    let last = shown.expires_at();
    let mut late = shop.clone();
    let expired = enter(&mut late, last, app, &entry("1", code));
    assert_eq!(expired, Err(Refusal::TransitCodeExpired));
    assert!(enter(&mut late, last.plus_ms(-1), app, &entry("1", code)).unwrap().new);

    let first = enter(&mut shop, after(0), app, &entry("1", code)).unwrap();
    let again = enter(&mut shop, after(1), app, &entry("1", code)).unwrap();
    assert_eq!((again.ride.clone(), again.new), (first.ride.clone(), false), "the same report again");
    let elsewhere = NewRide { station: "West".to_owned(), ..entry("1", code) };
    let another = Err(Refusal::RideNoUsed(first.ride.id));
    assert_eq!(enter(&mut shop, after(1), app, &elsewhere), another);
    let dearer = NewRide { max: amount(MAX + 1), ..entry("1", code) };
    assert_eq!(enter(&mut shop, after(1), app, &dearer), another);
    assert_eq!(enter(&mut shop, after(1), app, &entry("2", code)), Err(Refusal::TransitCodeUsed));
    // The gate behind reads another number, and no operator's number is another's.
    let (_, other) = another_merchant(&mut shop.books, 0);
    assert_eq!(enter(&mut shop, after(1), other, &entry("1", code)), Err(Refusal::TransitCodeUsed));
    assert_eq!(shop.books.all::<Ride>().count(), 1);
    assert_ne!(show(&mut shop, after(1)), code, "another follows one that was used");
}

#[test]
fn nobody_has_two_rides_at_once_whoever_runs_them() {
    let (mut shop, _) = riding(PURSE);
    let app = shop.app;
    let (_, other) = another_merchant(&mut shop.books, 0);
    let code = show(&mut shop, after(5));
    assert_eq!(enter(&mut shop, after(5), app, &entry("2", code)), Err(Refusal::RideOpen));
    assert_eq!(enter(&mut shop, after(5), other, &entry("2", code)), Err(Refusal::RideOpen));
}

#[test]
fn who_is_frozen_or_unknown_or_at_a_limit_begins_no_ride() {
    let mut shop = shop(PURSE);
    let (app, payer) = (shop.app, shop.payer);
    let code = show(&mut shop, after(0));
    let refused = |shop: &Shop| {
        let mut shop = shop.clone();
        (enter(&mut shop, after(1), app, &entry("1", code)), try_to_show(&mut shop, after(1), payer, 1))
    };
    let mut frozen = shop.clone();
    set_frozen(&mut frozen, after(0), true);
    assert_eq!(refused(&frozen), (Err(Refusal::PayerFrozen), Err(Refusal::PayerFrozen)));
    let mut unknown = shop.clone();
    set_payer(&mut unknown, |payer| payer.identity = Some(Identity::Unverified));
    assert_eq!(refused(&unknown), (Err(Refusal::IdentityRequired), Err(Refusal::IdentityRequired)));
    let own = |minor| Some(OwnLimits { per_payment: Some(amount(minor)), ..OwnLimits::default() });
    let mut limited = shop.clone();
    set_payer(&mut limited, |payer| payer.own_limits = own(MAX - 1));
    let over = Refusal::LimitReached { limit: Limit::OwnPerPayment, left: MAX - 1 };
    assert_eq!(refused(&limited).0, Err(over), "what it costs at most has to fit");
    set_payer(&mut limited, |payer| payer.own_limits = own(MAX));
    assert!(refused(&limited).0.unwrap().new);
    let mut used_up = shop.clone();
    let none = Some(OwnLimits { count_per_day: Some(0), ..OwnLimits::default() });
    set_payer(&mut used_up, |payer| payer.own_limits = none);
    assert_eq!(refused(&used_up).0, Err(Refusal::PaymentsUsedUp));
    let mut closed = shop.clone();
    set_payer(&mut closed, |payer| payer.closed_at = Some(after(0)));
    assert_eq!(refused(&closed).0, Err(Refusal::NotFound("payer")));
}

#[test]
fn a_fare_counts_as_a_payment_with_one_proof() {
    let mut shop = shop(PURSE);
    let payer = shop.payer;
    verify(&mut shop, after(0), payer, 7, 5).unwrap();
    let (code, app) = (show(&mut shop, after(0)), shop.app);
    let id = enter(&mut shop, after(0), app, &entry("1", code)).unwrap().ride.id;
    out(&mut shop, after(1), id, FARE);
    let usage = shop.books.all::<Usage>().next().unwrap().clone();
    assert_eq!((usage.fewer_factors, usage.fewer_factors_count), (amount(FARE), 1));
    assert_eq!((usage.in_year, usage.two_factors_count), (amount(FARE), 0));
}

#[test]
fn only_the_operator_of_a_ride_ends_it_and_once() {
    let (mut shop, id) = riding(PURSE);
    let app = shop.app;
    let (_, other) = another_merchant(&mut shop.books, 0);
    let foreign = exit(&mut shop, after(1), other, id, &leaving(FARE));
    assert_eq!(foreign, Err(Refusal::NotFound("ride")));
    let before = exit(&mut shop, after(1), app, samples::id(1), &leaving(FARE));
    assert_eq!(before, Err(Refusal::NotFound("ride")), "what never began");
    let ride = out(&mut shop, after(1), id, FARE);
    let size = shop.books.size();
    assert_eq!(out(&mut shop, after(900), id, FARE), ride, "the same exit again");
    let dearer = exit(&mut shop, after(2), app, id, &leaving(FARE + 1));
    assert_eq!(dearer, Err(Refusal::RideEnded));
    let elsewhere = NewExit { station: "West".to_owned(), ..leaving(FARE) };
    assert_eq!(exit(&mut shop, after(2), app, id, &elsewhere), Err(Refusal::RideEnded));
    assert_eq!((shop.books.size(), purse(&shop)), (size, PURSE - FARE));
}

#[test]
fn a_code_at_the_way_out_has_to_be_the_riders_and_is_used_up() {
    let (mut shop, id) = riding(PURSE);
    let app = shop.app;
    let stranger =
        shop.books.step(after(0), |facts, cx| tongbao_core::payer::create(facts, cx, &new_payer(9)));
    let Shown::Code(_, theirs) = try_to_show(&mut shop, after(60), stranger.unwrap(), 2).unwrap() else {
        panic!("a payer who was never shown a code has one");
    };
    let with = |code| NewExit { code: Some(code), ..leaving(FARE) };
    let tried = exit(&mut shop, after(60), app, id, &with(theirs.digest));
    assert_eq!(tried, Err(Refusal::TransitCodeInvalid));
    assert_eq!(exit(&mut shop, after(60), app, id, &with([200; 32])), Err(Refusal::TransitCodeInvalid));
    let opened: Ride = shop.books.get(id);
    let opening = shop.books.get::<TransitCode>(opened.code).digest;
    assert_eq!(exit(&mut shop, after(60), app, id, &with(opening)), Err(Refusal::TransitCodeUsed));
    let code = show(&mut shop, after(60));
    let late = Window::of(after(60)).expires_at();
    assert_eq!(exit(&mut shop, late, app, id, &with(code)), Err(Refusal::TransitCodeExpired));
    let ride = exit(&mut shop, after(60), app, id, &with(code)).unwrap();
    assert_eq!(exit(&mut shop, after(61), app, id, &with(code)).unwrap(), ride, "the same exit again");
    assert_eq!(enter(&mut shop, after(61), app, &entry("2", code)), Err(Refusal::TransitCodeUsed));
}

#[test]
fn gates_may_be_late_and_their_clocks_wrong_within_limits() {
    let mut shop = shop(PURSE);
    let app = shop.app;
    let code = show(&mut shop, after(0));
    let scanned = |ms: i64| Some(Time::from_ms(OPENED_MS + ms));
    let at = |ms: i64| NewRide { scanned_at: scanned(ms), ..entry("1", code) };
    let mut refused = |ms| enter(&mut shop, after(0), app, &at(ms)).unwrap_err().param();
    assert_eq!(refused(CLOCK_AHEAD_MS_MAX + 1), Some("scanned_at"));
    assert_eq!(refused(-REPORT_LATE_MS_MAX - 1), Some("scanned_at"));
    let began = |ms| enter(&mut shop.clone(), after(0), app, &at(ms)).unwrap().ride.entry.at;
    assert_eq!(began(CLOCK_AHEAD_MS_MAX), after(0), "what is ahead counts as now");
    assert_eq!(began(-REPORT_LATE_MS_MAX), after(0).plus_ms(-REPORT_LATE_MS_MAX));
    // The code was good when it was scanned, and its report comes when it is not any more.
    let later = after(0).plus_ms(3 * WINDOW_MS);
    let now = entry("1", code);
    assert_eq!(enter(&mut shop, later, app, &now), Err(Refusal::TransitCodeExpired));
    let id = enter(&mut shop, later, app, &at(0)).unwrap().ride.id;
    // Out before in: only as far as two clocks may differ.
    let leave = |ms: i64| NewExit { scanned_at: scanned(ms), ..leaving(FARE) };
    let early = exit(&mut shop, later, app, id, &leave(-CLOCK_AHEAD_MS_MAX - 1)).unwrap_err();
    assert_eq!(early.param(), Some("scanned_at"));
    let ride = exit(&mut shop, later, app, id, &leave(-CLOCK_AHEAD_MS_MAX)).unwrap();
    assert_eq!((ride.entry.at, ride.exit.unwrap().at), (after(0), after(0)), "nobody leaves before");
}

#[test]
fn a_clock_that_was_set_back_ends_no_ride_before_it_began() {
    let (mut shop, id) = riding(PURSE);
    let ride = out(&mut shop, after(-600), id, FARE);
    assert_eq!(
        (ride.ended_at, ride.settled_at, ride.exit.unwrap().at),
        (Some(after(0)), Some(after(0)), after(0))
    );
}

#[test]
fn a_ride_whose_end_nobody_tells_costs_the_most_after_twelve_hours() {
    let (mut shop, id) = riding(PURSE);
    let app = shop.app;
    assert_eq!(timer(&shop, id).unwrap().due_at, after(RIDE_OPEN_S));
    let gone = TaskKey { due_at: after(1), id: Work::EndRide(id).task_id() };
    let lost = shop.books.step(after(1), |facts, cx| Ok((steps::miss(facts, cx, id, gone)?, ())));
    assert_eq!(lost, Err(Refusal::LeaseLost));
    let mut raced = shop.clone();
    miss(&mut shop, after(RIDE_OPEN_S), id);
    let ride: Ride = shop.books.get(id);
    assert_eq!((ride.status, ride.fare, ride.exit), (RideStatus::Settled, Some(amount(MAX)), None));
    assert_eq!((purse(&shop), timer(&shop, id)), (PURSE - MAX, None));
    let late = exit(&mut shop, after(RIDE_OPEN_S + 1), app, id, &leaving(FARE));
    assert_eq!(late, Err(Refusal::RideEnded), "the operator pays the difference back another way");
    // The end is told while a worker holds the timer: the worker finds that it is over.
    let lease = timer(&raced, id).unwrap();
    let held = raced.books.lease(lease, after(RIDE_OPEN_S + 60));
    out(&mut raced, after(RIDE_OPEN_S), id, FARE);
    raced.books.step(after(RIDE_OPEN_S), |facts, cx| Ok((steps::miss(facts, cx, id, held)?, ()))).unwrap();
    assert_eq!((purse(&raced), raced.books.get::<Ride>(id).fare), (PURSE - FARE, Some(amount(FARE))));
}

#[test]
fn a_short_balance_becomes_a_debt_which_the_next_top_up_pays_in_its_own_step() {
    let (mut shop, id) = riding(FARE - 1);
    let ride = out(&mut shop, after(600), id, FARE);
    assert_eq!((ride.status, ride.settled_at, ride.fee()), (RideStatus::Owed, None, amount(0)));
    assert_eq!((purse(&shop), takings(&shop)), (FARE - 1, 0), "nobody is paid before money moves");
    let owed = shop.books.get::<Debt>(ride.debt.unwrap());
    assert_eq!((owed.money, owed.reason, owed.is_open()), (yuan(FARE), DebtReason::Balance, true));
    let (payer, app) = (shop.payer, shop.app);
    assert_eq!(try_to_show(&mut shop, after(601), payer, 1), Err(Refusal::DebtOpen));
    // A top-up that covers it with what is there, to the fen; one that does not leaves all as it is.
    let mut too_small = shop.clone();
    let nothing = plan_top_up(&mut shop, after(601), "a", 1);
    assert_eq!(pay(&mut shop, after(601)), Err(Refusal::BalanceInsufficient));
    arrive(&mut shop, after(602), &nothing);
    assert_eq!((purse(&shop), takings(&shop)), (0, FARE - FEE));
    let ride: Ride = shop.books.get(id);
    assert_eq!((ride.status, ride.settled_at), (RideStatus::Settled, Some(after(602))));
    let paid = shop.books.get::<Debt>(owed.id);
    assert_eq!((paid.paid_by, paid.paid_at), (Some(CollectedBy::TopUp), Some(after(602))));
    assert_eq!(events(&shop), [(EventKind::RideOwed, 2), (EventKind::RideSettled, 3)]);
    let outcomes = [RideOutcome::Owed(DebtReason::Balance), RideOutcome::DebtPaid];
    assert_eq!(told(&shop), outcomes);
    let code = show(&mut shop, after(603));
    assert!(enter(&mut shop, after(603), app, &entry("2", code)).unwrap().new);

    sets_aside(&mut too_small, 1);
    let small = plan_top_up(&mut too_small, after(601), "a", 1);
    arrive(&mut too_small, after(602), &small);
    assert_eq!(purse(&too_small), FARE - 1);
    assert_eq!(too_small.books.get::<Ride>(id).status, RideStatus::Owed);
}

/// A part of the payer's money is held for something else.
fn sets_aside(shop: &mut Shop, minor: i64) {
    let (payer, subject) = (shop.payer, shop.payer.into());
    let postings = tongbao_core::ledger::template::hold(payer, yuan(minor), subject);
    shop.books.apply(ChangeSet { postings, ..ChangeSet::default() });
}

#[test]
fn a_debt_is_paid_once_by_whose_it_is_and_refuses_rides_with_a_code_shown_before() {
    let (mut shop, id) = riding(FARE - 1);
    let early = show(&mut shop, after(1));
    let ride = out(&mut shop, after(2), id, FARE);
    let (payer, app, owed) = (shop.payer, shop.app, ride.debt.unwrap());
    assert_eq!(enter(&mut shop, after(3), app, &entry("2", early)), Err(Refusal::DebtOpen));
    let stranger =
        shop.books.step(after(0), |facts, cx| tongbao_core::payer::create(facts, cx, &new_payer(9)));
    let stranger = stranger.unwrap();
    let theirs = shop.books.step(after(4), |facts, cx| debt::pay(facts, cx, stranger, owed));
    assert_eq!(theirs, Err(Refusal::NotFound("debt")));
    let postings = tongbao_core::payer::top_up;
    let gift = |facts: &dyn Facts, _: &mut Context| {
        Ok((postings(facts, payer, tongbao_core::ledger::Channel::SandboxBank, yuan(FARE))?, ()))
    };
    shop.books.step(after(4), gift).unwrap();
    assert_eq!(shop.books.get::<Ride>(id).status, RideStatus::Owed, "only a top-up collects by itself");
    let paid = pay(&mut shop, after(5)).unwrap();
    assert_eq!((paid.paid_by, purse(&shop)), (Some(CollectedBy::Payer), FARE - 1));
    let again = shop.books.step(after(6), |facts, cx| debt::pay(facts, cx, payer, owed));
    assert_eq!((again, purse(&shop)), (Ok(paid), FARE - 1));
    assert_eq!(enter(&mut shop, after(7), app, &entry("2", early)).map(|entered| entered.new), Ok(true));
}

#[test]
fn a_freeze_or_a_limit_in_mid_ride_makes_a_debt_and_takes_nothing() {
    let (shop, id) = riding(PURSE);
    let mut frozen = shop.clone();
    set_frozen(&mut frozen, after(1), true);
    assert_eq!(out(&mut frozen, after(2), id, FARE).status, RideStatus::Owed);
    assert_eq!(purse(&frozen), PURSE);
    assert_eq!(pay(&mut frozen, after(3)), Err(Refusal::PayerFrozen));
    set_frozen(&mut frozen, after(4), false);
    let paid = pay(&mut frozen, after(5)).unwrap();
    assert_eq!((paid.reason, purse(&frozen)), (DebtReason::Frozen, PURSE - FARE));

    let mut limited = shop;
    let own = |minor| Some(OwnLimits { per_day: Some(amount(minor)), ..OwnLimits::default() });
    set_payer(&mut limited, |payer| payer.own_limits = own(FARE - 1));
    assert_eq!(out(&mut limited, after(2), id, FARE).status, RideStatus::Owed);
    let over = Refusal::LimitReached { limit: Limit::OwnPerDay, left: FARE - 1 };
    assert_eq!(pay(&mut limited, after(3)), Err(over));
    let top_up = plan_top_up(&mut limited, after(3), "a", 1);
    arrive(&mut limited, after(4), &top_up);
    assert_eq!(purse(&limited), PURSE + 1, "a top-up is booked whatever becomes of the debt");
    let payer = limited.payer;
    let unlimit = |facts: &dyn Facts, _: &mut Context| {
        Ok((usage::set_own_limits(facts, payer, OwnLimits::default(), true)?, ()))
    };
    limited.books.step(after(5), unlimit).unwrap();
    assert_eq!(pay(&mut limited, after(6)).unwrap().reason, DebtReason::Limit);
}

#[test]
fn every_input_in_every_state_is_a_row() {
    use RideStatus::{Owed, Riding, Settled};
    let Record::Ride(sample) = records().remove(0) else { panic!("the first is the ride") };
    let east = |fare| Input::Exit(Gate { station: "East".to_owned(), at: after(9) }, amount(fare));
    let (ended, again) = (Ok(Some((Settled, Happened::Ended))), Ok(None));
    let table = [
        (Riding, east(FARE), ended.clone()),
        (Riding, Input::Missed, ended),
        (Riding, Input::Collected, again.clone()),
        (Settled, east(FARE), again.clone()),
        (Settled, east(FARE + 1), Err(Refusal::RideEnded)),
        (Settled, Input::Missed, again.clone()),
        (Settled, Input::Collected, again.clone()),
        (Owed, east(FARE), again.clone()),
        (Owed, east(FARE + 1), Err(Refusal::RideEnded)),
        (Owed, Input::Missed, again),
        (Owed, Input::Collected, Ok(Some((Settled, Happened::Settled)))),
    ];
    for (status, input, expected) in table {
        let over = status != Riding;
        let now = Ride {
            status,
            exit: sample.exit.clone().filter(|_| over),
            fare: sample.fare.filter(|_| over),
            ..sample.clone()
        };
        let decided = decide(&now, input.clone(), after(9));
        let shown = decided.map(|next| next.map(|(ride, happened)| (ride.status, happened)));
        assert_eq!(shown, expected, "{status:?} {input:?}");
    }
}
