//! Withdrawals: what they cost, every edge of the machine, and random lives told by a bank that forgets, repeats and
//! contradicts itself.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tongbao_core::{
    ChangeSet, Context, Facts, Id, Refusal, Time, Work,
    card::{CardKind, Wallet},
    event::{Alarm, AlarmKind},
    id::{CardId, WithdrawalId},
    ledger::{Account, Channel, template},
    limits::{BOUNCE_QUERY_S, BOUNCE_WATCH_MS},
    message::Message,
    payer::freeze,
    payment::{Failure, Proofs},
    withdrawal::{
        Speed, Withdrawal, WithdrawalStatus,
        fee::{Quote, RULE},
        machine::{Happened, Input, decide},
        steps::{self, NewWithdrawal, Said},
    },
};
use tongbao_money::Currency;

use crate::{
    cards::{bind, new_card},
    shop::{Shop, after, amount, yuan},
};

/// 2,000 yuan, of which 1,500 are withdrawn: 1,000 are free, of 500 there is a fee of 0.50.
const PURSE: i64 = 200_000;
const OUT: i64 = 150_000;
const FEE: i64 = 50;

fn shop() -> (Shop, CardId) {
    let mut shop = Shop::open(0, PURSE);
    let payer = shop.payer;
    let card = bind(&mut shop, payer, &new_card(1, CardKind::Debit)).unwrap().id;
    (shop, card)
}

fn new_withdrawal(shop: &Shop, card: CardId, number: &str, (minor, fee): (i64, i64)) -> NewWithdrawal {
    NewWithdrawal {
        payer: shop.payer,
        card,
        request_no: number.to_owned(),
        money: yuan(minor),
        speed: Speed::Now,
        fee_shown: amount(fee),
        proofs: Proofs::PASSWORD,
    }
}

fn plan(shop: &mut Shop, at: Time, new: &NewWithdrawal) -> Result<Withdrawal, Refusal> {
    shop.books.step(at, |facts, cx| steps::plan_proven(facts, cx, new)).unwrap()
}

fn planned() -> (Shop, WithdrawalId) {
    let (mut shop, card) = shop();
    let new = new_withdrawal(&shop, card, "form", (OUT, FEE));
    let id = plan(&mut shop, after(0), &new).unwrap().id;
    (shop, id)
}

fn task(shop: &Shop, id: WithdrawalId) -> Option<tongbao_core::TaskKey> {
    let about = |work| work == Work::SubmitWithdrawal(id) || work == Work::QueryWithdrawal(id);
    shop.books.tasks(about).first().copied()
}

fn hear(shop: &mut Shop, at: Time, id: WithdrawalId, said: &Said) {
    let due = task(shop, id);
    let lease = due.map(|key| shop.books.lease(key, key.due_at.max(at).plus_s(60)));
    shop.books.step(at, |facts, cx| Ok((steps::hear(facts, cx, id, lease, said)?, ()))).unwrap();
}

fn paid(name: &str) -> Said {
    Said::Paid { reference: Some(name.to_owned()) }
}

fn bounced(name: &str) -> Said {
    Said::Bounced { reference: Some(name.to_owned()) }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sums {
    payer: i64,
    flying: i64,
    fees: i64,
    suspense: i64,
    /// What the bank has paid out, beyond what it brought at first.
    bank: i64,
}

fn sums(shop: &Shop) -> Sums {
    let of = |account| shop.books.balance(account, Currency::CNY);
    Sums {
        payer: of(Account::PayerAvailable(shop.payer)),
        flying: of(Account::WithdrawalsInFlight),
        fees: of(Account::PlatformFees),
        suspense: of(Account::Suspense),
        bank: of(Account::ChannelClearing(Channel::SandboxBank)) + PURSE,
    }
}

const UNTOUCHED: Sums = Sums { payer: PURSE, flying: 0, fees: 0, suspense: 0, bank: 0 };
const UNDER_WAY: Sums = Sums { payer: PURSE - OUT - FEE, flying: OUT + FEE, ..UNTOUCHED };
const ARRIVED: Sums = Sums { payer: PURSE - OUT - FEE, fees: FEE, bank: OUT, ..UNTOUCHED };

fn free_used(shop: &Shop) -> i64 {
    shop.books.all::<Wallet>().map(|wallet| wallet.withdrawn_free.minor()).sum()
}

fn alarms(shop: &Shop) -> Vec<AlarmKind> {
    shop.books.all::<Alarm>().map(|alarm| alarm.kind).collect()
}

#[test]
fn a_thousand_yuan_are_free_for_life_and_the_rest_costs_a_thousandth_and_ten_fen_at_least() {
    let table = [
        // Withdrawn free before, amount, fee, free.
        (0, 1, 0, 1),
        (0, 100_000, 0, 100_000),
        (0, 100_001, 10, 100_000),
        (0, 110_000, 10, 100_000),
        (0, 110_001, 10, 100_000),
        (0, 120_000, 20, 100_000),
        (99_999, 1, 0, 1),
        (99_999, 2, 10, 1),
        (100_000, 1, 10, 0),
        (100_000, 10_000, 10, 0),
        (100_000, 10_500, 11, 0),
        (100_000, 5_000_000, 5_000, 0),
        (200_000, 1, 10, 0),
    ];
    for (before, minor, fee, free) in table {
        let quote = RULE.quote(amount(before), amount(minor));
        assert_eq!(quote, Quote { fee: amount(fee), free: amount(free) }, "{before} {minor}");
    }
}

#[test]
fn tomorrow_begins_at_midnight_in_shanghai() {
    // 2025-06-15T15:59:59.999Z is one millisecond before midnight there.
    let midnight = Time::from_ms(1_750_003_200_000);
    let next = |at| Speed::NextDay.due_at(at);
    assert_eq!(next(midnight.plus_ms(-1)), midnight);
    assert_eq!(next(midnight), midnight.plus_s(24 * 3_600));
    assert_eq!(next(Time::from_ms(-1)).ms(), 16 * 3_600 * 1_000);
    assert_eq!(Speed::Now.due_at(midnight), midnight);
}

#[test]
fn money_leaves_the_balance_at_once_and_arrives_when_the_bank_says_so() {
    let (mut shop, id) = planned();
    assert_eq!((sums(&shop), free_used(&shop)), (UNDER_WAY, 100_000));
    hear(&mut shop, after(1), id, &Said::Unknown);
    assert_eq!((sums(&shop), task(&shop, id).unwrap().due_at), (UNDER_WAY, after(6)));
    hear(&mut shop, after(6), id, &paid("r"));
    assert_eq!(sums(&shop), ARRIVED);
    let watch = task(&shop, id).unwrap();
    assert_eq!(watch.due_at, after(6 + BOUNCE_QUERY_S), "asked whether it came back");
    hear(&mut shop, after(6).plus_ms(BOUNCE_WATCH_MS), id, &paid("r"));
    assert_eq!((sums(&shop), task(&shop, id)), (ARRIVED, None), "for some days");
}

#[test]
fn what_comes_back_brings_its_fee_and_its_free_sum_and_the_payer_is_told() {
    let (mut shop, id) = planned();
    let told = shop.books.all::<Message>().count();
    hear(&mut shop, after(1), id, &paid("r"));
    hear(&mut shop, after(200_000), id, &bounced("r"));
    assert_eq!((sums(&shop), free_used(&shop), task(&shop, id)), (UNTOUCHED, 0, None));
    assert_eq!(shop.books.all::<Message>().count(), told + 2);
    hear(&mut shop, after(200_001), id, &bounced("r"));
    hear(&mut shop, after(200_002), id, &paid("r"));
    assert_eq!(sums(&shop), UNTOUCHED, "told again, nothing moves");
    assert!(alarms(&shop).is_empty());
}

#[test]
fn failed_then_paid_is_booked_from_the_balance_or_from_suspense() {
    let (mut shop, id) = planned();
    hear(&mut shop, after(1), id, &Said::Failed(Failure::Declined));
    assert_eq!((sums(&shop), free_used(&shop)), (UNTOUCHED, 0));
    let mut spent = shop.clone();
    hear(&mut shop, after(2), id, &paid("r"));
    assert_eq!((sums(&shop), free_used(&shop)), (ARRIVED, 100_000));
    assert_eq!(alarms(&shop), [AlarmKind::WithdrawalPaidAfterFailed]);
    spend(&mut spent, OUT);
    hear(&mut spent, after(2), id, &paid("r"));
    let uncovered = Sums { payer: PURSE - OUT, suspense: -OUT, bank: OUT, ..UNTOUCHED };
    assert_eq!((sums(&spent), free_used(&spent)), (uncovered, 0), "without a fee");
    hear(&mut spent, after(3), id, &bounced("r"));
    assert_eq!(sums(&spent), Sums { payer: PURSE - OUT, ..UNTOUCHED }, "it goes back to where it came from");
}

#[test]
fn no_money_leaves_an_account_that_was_frozen_before_the_bank_was_asked() {
    for freezes in [true, false] {
        let (mut shop, id) = planned();
        let payer = shop.payer;
        if freezes {
            let freeze =
                |facts: &dyn Facts, cx: &mut Context| Ok((freeze::freeze_own(facts, cx, payer)?, ()));
            shop.books.step(after(1), freeze).unwrap();
        }
        let due = task(&shop, id).unwrap();
        let lease = shop.books.lease(due, after(60));
        let begin = |facts: &dyn Facts, cx: &mut Context| steps::begin(facts, cx, id, lease);
        let lost = |facts: &dyn Facts, cx: &mut Context| steps::begin(facts, cx, id, due);
        assert_eq!(shop.books.step(after(2), lost), Err(Refusal::LeaseLost));
        assert_eq!(shop.books.step(after(2), begin), Ok(!freezes));
        if freezes {
            assert_eq!((sums(&shop), free_used(&shop), task(&shop, id)), (UNTOUCHED, 0, None));
            assert_eq!(shop.books.get::<Withdrawal>(id).status, WithdrawalStatus::Failed);
        } else {
            assert_eq!(shop.books.get::<Withdrawal>(id).status, WithdrawalStatus::Sent);
            assert_eq!((sums(&shop), task(&shop, id)), (UNDER_WAY, Some(lease)), "the call is under way");
            assert_eq!(shop.books.step(after(3), begin), Ok(true), "asked again after a crash");
        }
    }
}

#[test]
fn what_cannot_be_withdrawn_is_refused_before_anything_moves() {
    let (mut shop, card) = shop();
    let refused = |shop: &mut Shop, new: &NewWithdrawal| plan(shop, after(0), new).unwrap_err();
    let of = |shop: &Shop, number: &str, what| new_withdrawal(shop, card, number, what);
    let too_much = of(&shop, "a", (PURSE, 100));
    assert_eq!(refused(&mut shop, &too_much), Refusal::BalanceInsufficient, "the fee comes on top");
    let other_fee = of(&shop, "b", (OUT, FEE - 1));
    assert_eq!(refused(&mut shop, &other_fee), Refusal::FeeChanged);
    for (number, minor) in [("c", 0), ("d", 5_000_001)] {
        let new = of(&shop, number, (minor, 0));
        assert_eq!(refused(&mut shop, &new).param(), Some("amount"));
    }
    let nameless = of(&shop, "", (1, 0));
    assert_eq!(refused(&mut shop, &nameless).param(), Some("request"));
    let strange = NewWithdrawal { card: crate::samples::id(9), ..of(&shop, "e", (1, 0)) };
    assert_eq!(refused(&mut shop, &strange), Refusal::NotFound("card"));
    assert_eq!(sums(&shop), UNTOUCHED);
    let new = of(&shop, "f", (OUT, FEE));
    let made = plan(&mut shop, after(0), &new).unwrap();
    assert_eq!(plan(&mut shop, after(1), &new).unwrap(), made, "the same form is the same withdrawal");
    let changed = of(&shop, "f", (1, 0));
    assert_eq!(refused(&mut shop, &changed).param(), Some("request"));
    assert_eq!(sums(&shop), UNDER_WAY);
}

/// Moves a payer's money elsewhere.
fn spend(shop: &mut Shop, minor: i64) {
    let postings = template::hold(shop.payer, yuan(minor), Id::from(shop.payer));
    shop.books.apply(ChangeSet { postings, ..ChangeSet::default() });
}

#[test]
fn every_edge_of_the_machine() {
    use WithdrawalStatus::{Bounced, Failed, Paid, Planned, Sent};
    let (shop, id) = planned();
    let made: Withdrawal = shop.books.get(id);
    let of = |status| Withdrawal {
        status,
        reference: (status == Paid).then(|| "r".to_owned()),
        bounced: if status == Bounced { vec!["r".to_owned()] } else { Vec::new() },
        surplus: if status == Paid { vec!["more".to_owned()] } else { Vec::new() },
        ..made.clone()
    };
    let out = |name: &str| Input::Paid { reference: Some(name.to_owned()) };
    let back = |name: &str| Input::Bounced { reference: Some(name.to_owned()) };
    let (no, unnamed) = (|| Input::Failed(Failure::Declined), || Input::Paid { reference: None });
    let unnamed_back = || Input::Bounced { reference: None };
    let liar = Happened::Alarm(AlarmKind::WithdrawalFailedAfterPaid);
    let table = [
        (Planned, Input::Working, Some((Sent, Happened::Sent))),
        (Sent, Input::Working, None),
        (Planned, Input::Stop, Some((Failed, Happened::Failed))),
        (Sent, Input::Stop, None),
        (Paid, Input::Stop, None),
        (Failed, Input::Stop, None),
        (Bounced, Input::Stop, None),
        (Paid, Input::Working, None),
        (Failed, Input::Working, None),
        (Bounced, Input::Working, None),
        (Planned, out("r"), Some((Paid, Happened::Paid))),
        (Sent, out("r"), Some((Paid, Happened::Paid))),
        (Sent, unnamed(), Some((Paid, Happened::Paid))),
        (Paid, out("r"), None),
        (Paid, out("more"), None),
        (Paid, unnamed(), None),
        (Paid, out("s"), Some((Paid, Happened::PaidTwice))),
        (Failed, out("r"), Some((Paid, Happened::PaidAfterAll))),
        (Failed, unnamed(), Some((Paid, Happened::PaidAfterAll))),
        (Bounced, out("r"), None),
        (Bounced, unnamed(), None),
        (Bounced, out("s"), Some((Paid, Happened::PaidAfterAll))),
        (Planned, no(), Some((Failed, Happened::Failed))),
        (Sent, no(), Some((Failed, Happened::Failed))),
        (Failed, no(), None),
        (Bounced, no(), None),
        (Paid, no(), Some((Paid, liar))),
        (Planned, back("r"), Some((Bounced, Happened::CameBack))),
        (Sent, back("r"), Some((Bounced, Happened::CameBack))),
        (Paid, back("r"), Some((Bounced, Happened::Bounced))),
        (Paid, unnamed_back(), Some((Bounced, Happened::Bounced))),
        (Paid, back("more"), Some((Paid, Happened::SurplusBack))),
        (Paid, back("s"), Some((Paid, Happened::Noted))),
        (Failed, back("s"), Some((Failed, Happened::Noted))),
        (Failed, unnamed_back(), None),
        (Bounced, back("s"), Some((Bounced, Happened::Noted))),
        (Bounced, back("r"), None),
        (Bounced, unnamed_back(), None),
    ];
    for (status, input, expected) in table {
        let told = decide(&of(status), input.clone(), after(1));
        let shown = told.as_ref().map(|(next, happened)| (next.status, *happened));
        assert_eq!(shown, expected, "{status:?} {input:?}");
        if let Some((next, _)) = told {
            assert_eq!(decide(&next, input.clone(), after(2)), None, "{status:?} {input:?} again");
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Word {
    Nothing,
    No,
    Out(usize),
    Back(usize),
    Spend,
}

fn words() -> impl Strategy<Value = Vec<Word>> {
    let word = prop_oneof![
        2 => Just(Word::Nothing),
        2 => Just(Word::No),
        4 => (0..3_usize).prop_map(Word::Out),
        4 => (0..3_usize).prop_map(Word::Back),
        1 => Just(Word::Spend),
    ];
    prop::collection::vec(word, 1..16)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_bank_says_nobody_pays_twice_and_the_books_hold_what_is_out(words in words()) {
        let (mut shop, id) = planned();
        // What the bank has said to have paid, and to have had back.
        let (mut out, mut back, mut spent) = (BTreeSet::new(), BTreeSet::new(), 0);
        for (second, word) in (1..).zip(words) {
            let said = match word {
                Word::Nothing => Said::Unknown,
                Word::No => Said::Failed(Failure::Declined),
                Word::Out(name) => {
                    out.insert(name);
                    paid(&name.to_string())
                }
                Word::Back(name) => {
                    back.insert(name);
                    bounced(&name.to_string())
                }
                Word::Spend => {
                    let all = sums(&shop).payer;
                    if all > 0 {
                        spend(&mut shop, all);
                    }
                    spent += all;
                    Said::Unknown
                }
            };
            hear(&mut shop, after(second), id, &said);
            let (now, is) = (shop.books.get::<Withdrawal>(id), sums(&shop));
            let still_out = i64::try_from(out.difference(&back).count()).unwrap();
            prop_assert_eq!(is.bank, OUT * still_out, "the bank's own word");
            let covered = now.status == WithdrawalStatus::Paid && !now.uncovered;
            let given = if now.is_open() || covered { OUT + FEE } else { 0 };
            prop_assert_eq!(is.payer, PURSE - spent - given, "paid once, or not at all");
            prop_assert_eq!(is.flying, if now.is_open() { OUT + FEE } else { 0 });
            prop_assert_eq!(is.fees, if covered { FEE } else { 0 });
            prop_assert_eq!(is.payer + is.flying + is.fees + is.suspense + is.bank, PURSE - spent);
            prop_assert_eq!(free_used(&shop), if given > 0 { 100_000 } else { 0 });
            prop_assert!(!now.is_open() || task(&shop, id).is_some(), "what is open is asked about");
        }
    }
}
