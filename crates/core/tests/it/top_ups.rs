//! Top-ups: every edge of the machine, and random lives told by a bank that forgets, repeats and contradicts itself.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tongbao_core::{
    Refusal, Time, Work,
    card::CardKind,
    event::{Alarm, AlarmKind},
    id::{CardId, TopUpId},
    ledger::{Account, Channel},
    message::Message,
    payment::{Failure, Method, steps::Said},
    top_up::{
        TopUp, TopUpStatus,
        machine::{Happened, Input, decide},
        steps::{self, NewTopUp},
    },
};
use tongbao_money::{Currency, Money};

use crate::{
    cards::{bind, new_card},
    shop::{Shop, after, yuan},
};

const BANK: Account = Account::ChannelClearing(Channel::SandboxBank);

fn shop() -> (Shop, CardId) {
    let mut shop = Shop::open(0, 0);
    let payer = shop.payer;
    let card = bind(&mut shop, payer, &new_card(1, CardKind::Debit)).unwrap().id;
    (shop, card)
}

fn new_top_up(shop: &Shop, card: CardId, number: &str, minor: i64) -> NewTopUp {
    NewTopUp { payer: shop.payer, card, request_no: number.to_owned(), money: yuan(minor) }
}

fn plan(shop: &mut Shop, at: Time, new: &NewTopUp) -> Result<TopUp, Refusal> {
    shop.books.step(at, |facts, cx| steps::plan_proven(facts, cx, new)).unwrap()
}

fn hear(shop: &mut Shop, at: Time, id: TopUpId, said: &Said) {
    // The task that asks, if there is one.
    let due = task(shop, id);
    let lease = due.map(|key| shop.books.lease(key, key.due_at.max(at).plus_s(60)));
    shop.books.step(at, |facts, cx| Ok((steps::hear(facts, cx, id, lease, said)?, ()))).unwrap();
}

fn task(shop: &Shop, id: TopUpId) -> Option<tongbao_core::TaskKey> {
    let about = |work| work == Work::SubmitTopUp(id) || work == Work::QueryTopUp(id);
    shop.books.tasks(about).first().copied()
}

fn paid(minor: i64, reference: Option<&str>) -> Said {
    Said::Paid { money: yuan(minor), reference: reference.map(ToOwned::to_owned) }
}

fn balances(shop: &Shop) -> (i64, i64) {
    let of = |account| shop.books.balance(account, Currency::CNY);
    (of(Account::PayerAvailable(shop.payer)), of(BANK))
}

fn alarms(shop: &Shop) -> Vec<AlarmKind> {
    shop.books.all::<Alarm>().map(|alarm| alarm.kind).collect()
}

#[test]
fn the_balance_grows_when_the_bank_has_paid_and_the_payer_is_told() {
    let (mut shop, card) = shop();
    let new = new_top_up(&shop, card, "form", 500);
    let made = plan(&mut shop, after(0), &new).unwrap();
    assert_eq!((made.status, balances(&shop)), (TopUpStatus::Planned, (0, 0)));
    assert_eq!(plan(&mut shop, after(1), &new).unwrap(), made, "the same form is the same top-up");
    hear(&mut shop, after(1), made.id, &Said::Unknown);
    assert_eq!(shop.books.get::<TopUp>(made.id).status, TopUpStatus::Sent);
    assert_eq!(task(&shop, made.id).unwrap().due_at, after(6));
    hear(&mut shop, after(6), made.id, &Said::Unknown);
    assert_eq!(task(&shop, made.id).unwrap().due_at, after(12), "the pauses grow");
    hear(&mut shop, after(9_999), made.id, &Said::Unknown);
    assert_eq!(task(&shop, made.id).unwrap().due_at, after(9_999 + 3_600), "to an hour");
    let told = shop.books.all::<Message>().count();
    hear(&mut shop, after(20_000), made.id, &paid(500, Some("r")));
    assert_eq!(balances(&shop), (500, -500));
    assert_eq!(shop.books.get::<TopUp>(made.id).ended_at, Some(after(20_000)));
    assert_eq!((shop.books.all::<Message>().count(), task(&shop, made.id)), (told + 1, None));
}

#[test]
fn what_is_asked_for_is_within_its_limits() {
    let (mut shop, card) = shop();
    let ask = |number: &str, minor| new_top_up_of(card, number, minor);
    let (payer, param) = (shop.payer, |told: Result<TopUp, Refusal>| told.err().and_then(|no| no.param()));
    let mut told = |new: NewTopUp| param(plan(&mut shop, after(0), &NewTopUp { payer, ..new }));
    assert_eq!(told(ask("a", 0)), Some("amount"));
    assert_eq!(told(ask("b", 5_000_001)), Some("amount"));
    assert_eq!(told(ask("c", 5_000_000)), None);
    assert_eq!(told(ask("", 1)), Some("request"));
    assert_eq!(told(ask(&"n".repeat(65), 1)), Some("request"));
    assert_eq!(told(ask("c", 4_999_999)), Some("request"), "another amount under the same number");
    let dollars = Money { currency: Currency::parse("USD").unwrap(), ..yuan(1) };
    assert_eq!(told(NewTopUp { money: dollars, ..ask("d", 1) }), Some("amount"));
}

fn new_top_up_of(card: CardId, number: &str, minor: i64) -> NewTopUp {
    NewTopUp { payer: crate::samples::payer(), card, request_no: number.to_owned(), money: yuan(minor) }
}

#[test]
fn every_edge_of_the_machine() {
    use TopUpStatus::{Failed, Paid, Planned, Sent};
    let (mut shop, card) = shop();
    let new = new_top_up(&shop, card, "form", 500);
    let made = plan(&mut shop, after(0), &new).unwrap();
    let reference = |text: &str| Some(text.to_owned());
    let of = |status| TopUp {
        status,
        reference: (status == Paid).then(|| "r".to_owned()),
        failure: (status == Failed).then_some(Failure::Declined),
        ..made.clone()
    };
    let came = |text: &str| Input::Paid { money: yuan(500), reference: reference(text) };
    let wrong = || Input::Paid { money: yuan(499), reference: reference("r") };
    let contested = || Input::Contested { reference: "x".to_owned() };
    let failed = || Input::Failed(Failure::Declined);
    let (credited, surprise) = (Happened::Credited(yuan(500)), Happened::Alarm(AlarmKind::TopUpUnexpected));
    let twice = Happened::Alarm(AlarmKind::ReferenceClaimedTwice);
    let liar = Happened::Alarm(AlarmKind::FailedAfterPaid);
    let table = [
        (Planned, Input::Working, Some((Sent, vec![Happened::Sent]))),
        (Sent, Input::Working, None),
        (Paid, Input::Working, None),
        (Failed, Input::Working, None),
        (Planned, came("r"), Some((Paid, vec![credited]))),
        (Sent, came("r"), Some((Paid, vec![credited]))),
        (Sent, wrong(), Some((Paid, vec![Happened::Credited(yuan(499)), surprise]))),
        (Failed, came("r"), Some((Paid, vec![credited, surprise]))),
        (Paid, came("r"), None),
        (Paid, came("s"), Some((Paid, vec![credited, surprise]))),
        (Paid, Input::Paid { money: yuan(500), reference: None }, None),
        (Planned, failed(), Some((Failed, vec![Happened::Failed]))),
        (Sent, failed(), Some((Failed, vec![Happened::Failed]))),
        (Failed, failed(), None),
        (Paid, failed(), Some((Paid, vec![liar]))),
        (Planned, contested(), Some((Planned, vec![twice]))),
        (Sent, contested(), Some((Sent, vec![twice]))),
        (Paid, contested(), Some((Paid, vec![twice]))),
        (Failed, contested(), Some((Failed, vec![twice]))),
    ];
    for (status, input, expected) in table {
        let before = of(status);
        let told = decide(&before, input.clone(), after(1));
        let shown = told.as_ref().map(|(next, happened)| (next.status, happened.clone()));
        assert_eq!(shown, expected, "{status:?} {input:?}");
        if let Some((next, _)) = told {
            assert_eq!(decide(&next, input.clone(), after(2)), None, "{status:?} {input:?} again");
        }
    }
}

#[test]
fn money_of_something_else_is_not_booked_again() {
    let (mut shop, card) = shop();
    let (payment, _) = shop.paid_by_bank("order", 500);
    let new = new_top_up(&shop, card, "form", 500);
    let made = plan(&mut shop, after(0), &new).unwrap();
    for second in 1..4 {
        hear(&mut shop, after(second), made.id, &paid(500, Some("r of order")));
    }
    assert_eq!(balances(&shop), (0, -500), "{payment} has it");
    assert_eq!(alarms(&shop), [AlarmKind::ReferenceClaimedTwice]);
    hear(&mut shop, after(9), made.id, &paid(500, Some("its own")));
    assert_eq!(balances(&shop), (500, -1_000));
}

#[test]
fn two_cards_of_one_bank_share_its_references() {
    let (mut shop, card) = shop();
    let payer = shop.payer;
    let other = bind(&mut shop, payer, &new_card(2, CardKind::Credit)).unwrap().id;
    let payment = shop.payment("order", 100);
    let first = shop.pay(after(1), payment, Method::Card(card)).unwrap().attempts[0].id;
    shop.hear(after(2), (payment, first), None, &Said::Failed(Failure::CardExpired)).unwrap();
    let second = shop.pay(after(3), payment, Method::Card(other)).unwrap().attempts[1].id;
    shop.hear(after(4), (payment, second), None, &paid(100, Some("r"))).unwrap();
    shop.hear(after(5), (payment, first), None, &paid(100, Some("r"))).unwrap();
    assert_eq!(balances(&shop).1, -100, "one movement is booked once");
}

#[derive(Clone, Copy, Debug)]
enum Word {
    Nothing,
    No,
    Came(usize, i64),
    Unnamed,
}

fn words() -> impl Strategy<Value = Vec<Word>> {
    let minor = prop_oneof![3 => Just(500_i64), 1 => 1..900_i64];
    let word = prop_oneof![
        3 => Just(Word::Nothing),
        2 => Just(Word::No),
        3 => (0..3_usize, minor).prop_map(|(name, minor)| Word::Came(name, minor)),
        1 => Just(Word::Unnamed),
    ];
    prop::collection::vec(word, 1..12)
}

proptest! {
    #[test]
    fn whatever_the_bank_says_each_movement_is_booked_once_and_what_is_open_is_asked_about(words in words()) {
        let (mut shop, card) = shop();
        let new = new_top_up(&shop, card, "form", 500);
        let id = plan(&mut shop, after(0), &new).unwrap().id;
        // What the bank has said to have taken, by its names of it.
        let mut taken: BTreeMap<Option<usize>, i64> = BTreeMap::new();
        for (second, word) in (1..).zip(words) {
            let said = match word {
                Word::Nothing => Said::Unknown,
                Word::No => Said::Failed(Failure::InsufficientBalance),
                Word::Came(name, minor) => {
                    // A movement without a name may be the same as any with one.
                    if !taken.contains_key(&None) {
                        taken.entry(Some(name)).or_insert(minor);
                    }
                    paid(minor, Some(&format!("r{name}")))
                }
                Word::Unnamed => {
                    if taken.is_empty() {
                        taken.insert(None, 500);
                    }
                    paid(500, None)
                }
            };
            hear(&mut shop, after(second), id, &said);
            let sum: i64 = taken.values().sum();
            prop_assert_eq!(balances(&shop), (sum, -sum));
            let now: TopUp = shop.books.get(id);
            prop_assert_eq!(now.status == TopUpStatus::Paid, !taken.is_empty());
            prop_assert_eq!(task(&shop, id).is_some(), now.is_open(), "asked about as long as it is open");
            prop_assert!(shop.books.totals().values().all(|total| *total == 0));
        }
    }
}
