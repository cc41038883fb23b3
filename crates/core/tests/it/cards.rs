//! Cards: bound once, arranged, unbound; numbers of cards; and a record of each kind for the tables of records.

use tongbao_core::{
    Context, Facts, Record, Refusal, Time,
    card::{
        Card, CardKind, CardNumber, CardStatus, Wallet, number,
        steps::{self, Arrange, NewCard},
    },
    id::{CardId, PayerId},
    limits::{CARD_CHECKS_MAX, CARD_CHECKS_WINDOW_MS, CARDS_PER_PAYER_MAX},
    message::Message,
    payer,
    payment::{Failure, Method},
    top_up::{TopUp, TopUpStatus},
    withdrawal::{Speed, Withdrawal, WithdrawalStatus},
};

use crate::{
    samples::{self, id},
    shop::{Shop, after, amount, new_payer, yuan},
};

pub(crate) fn new_card(digest: u8, kind: CardKind) -> NewCard {
    NewCard {
        number_digest: [digest; 32],
        number_sealed: "sealed".to_owned(),
        last_four: format!("{digest:04}"),
        bank: "Bank".to_owned(),
        kind,
    }
}

/// Binds a card to a payer.
pub(crate) fn bind(shop: &mut Shop, payer: PayerId, new: &NewCard) -> Result<Card, Refusal> {
    shop.books.step(after(0), |facts, cx| steps::bind(facts, cx, payer, new))
}

fn arrange(shop: &mut Shop, id: CardId, what: Arrange) -> Result<(), Refusal> {
    let payer = shop.payer;
    shop.books.step(after(1), |facts, cx| Ok((steps::arrange(facts, cx, (payer, id), what)?, ())))
}

fn count_check(shop: &mut Shop, at: Time) -> Result<(), Refusal> {
    let payer = shop.payer;
    shop.books.step(at, |facts, cx| Ok((steps::count_check(facts, cx, payer)?, ())))
}

fn wallet(shop: &Shop) -> Wallet {
    let payer = shop.payer;
    shop.books.all::<Wallet>().find(|wallet| wallet.payer == payer).unwrap().clone()
}

/// One record of each kind, with everything in it that there can be.
pub(crate) fn records() -> Vec<Record> {
    let mut all = vec![
        Card {
            id: id(80),
            version: 2,
            payer: samples::payer(),
            number: id(81),
            bank: "Bank".to_owned(),
            kind: CardKind::Credit,
            last_four: "0013".to_owned(),
            status: CardStatus::Disabled,
            bound_at: after(1),
        }
        .into(),
        CardNumber {
            id: id(81),
            version: 1,
            number_digest: [5; 32],
            number_sealed: "sealed".to_owned(),
            created_at: after(1),
        }
        .into(),
        Wallet {
            id: id(82),
            version: 3,
            payer: samples::payer(),
            cards: vec![id(80)],
            checks: 2,
            checks_since: Some(after(1)),
            withdrawn_free: amount(5),
        }
        .into(),
    ];
    all.extend(moves());
    all
}

/// A top-up and a withdrawal.
fn moves() -> Vec<Record> {
    let some = |text: &str| Some(text.to_owned());
    vec![
        TopUp {
            id: id(83),
            version: 4,
            payer: samples::payer(),
            card: id(80),
            request_no: "form-1".to_owned(),
            money: yuan(100),
            status: TopUpStatus::Paid,
            failure: Some(Failure::CardExpired),
            reference: some("top-up a"),
            other_references: vec!["top-up b".to_owned()],
            contested: vec!["top-up c".to_owned()],
            contradicted: true,
            created_at: after(1),
            ended_at: Some(after(2)),
        }
        .into(),
        Withdrawal {
            id: id(84),
            version: 5,
            payer: samples::payer(),
            card: id(80),
            request_no: "form-2".to_owned(),
            money: yuan(100),
            fee: amount(1),
            free: amount(50),
            speed: Speed::NextDay,
            status: WithdrawalStatus::Bounced,
            failure: Some(Failure::Declined),
            uncovered: true,
            reference: some("payout a"),
            bounced: vec!["payout b".to_owned()],
            surplus: vec!["payout c".to_owned()],
            contradicted: true,
            created_at: after(1),
            due_at: after(2),
            ended_at: Some(after(3)),
        }
        .into(),
    ]
}

#[test]
fn a_card_number_has_its_length_and_its_check_digit() {
    for right in ["6200000000000013", "6200 0000 0000 0013", "6200-0000-0000-0021", "4111111111111111"] {
        assert!(number::parse(right).is_some(), "{right}");
    }
    assert_eq!(number::parse(" 6200 0000 0000 0013 ").as_deref(), Some("6200000000000013"));
    for wrong in [
        "",
        "0",
        "000000000000",
        "6200000000000014",
        "6200000000000031",
        "62000000000",
        "62000000000000000000",
        "620000000000001x",
        "６２００００００００００００１３",
        "6200000000000013; drop",
    ] {
        assert_eq!(number::parse(wrong), None, "{wrong}");
    }
    assert_eq!(
        (number::last_four("6200000000000013"), number::last_four("12")),
        ("0013".into(), "12".into())
    );
}

#[test]
fn every_single_wrong_digit_is_noticed() {
    let right = "6200000000000013";
    for (place, was) in right.char_indices() {
        for digit in ('0'..='9').filter(|digit| *digit != was) {
            let mut wrong = right.to_owned();
            wrong.replace_range(place..=place, &digit.to_string());
            assert_eq!(number::parse(&wrong), None, "{wrong}");
        }
    }
}

#[test]
fn what_is_shown_of_a_card_number_is_nothing() {
    for record in records() {
        let shown = format!("{record:?}");
        assert!(!shown.contains("sealed") && !shown.contains("[5, 5"), "{shown}");
    }
}

#[test]
fn a_number_has_one_record_and_a_payer_one_card_of_it() {
    let mut shop = Shop::open(0, 0);
    let payer = shop.payer;
    let first = bind(&mut shop, payer, &new_card(1, CardKind::Debit)).unwrap();
    assert_eq!(bind(&mut shop, payer, &new_card(1, CardKind::Debit)).unwrap(), first, "bound already");
    let other = shop.books.step(after(0), |facts, cx| payer::create(facts, cx, &new_payer(2))).unwrap();
    let theirs = bind(&mut shop, other, &new_card(1, CardKind::Debit)).unwrap();
    assert_eq!(theirs.number, first.number, "the same number has the same token");
    assert_ne!(theirs.id, first.id);
    arrange(&mut shop, first.id, Arrange::Unbind).unwrap();
    assert_eq!(arrange(&mut shop, first.id, Arrange::Unbind), Ok(()), "already so");
    assert_eq!(arrange(&mut shop, first.id, Arrange::Enable), Err(Refusal::NotFound("card")));
    assert_eq!(wallet(&shop).cards, []);
    let again = bind(&mut shop, payer, &new_card(1, CardKind::Debit)).unwrap();
    assert_eq!((again.id, again.status, wallet(&shop).cards), (first.id, CardStatus::Usable, vec![first.id]));
    assert_eq!(shop.books.all::<CardNumber>().count(), 1);
    let told = shop.books.all::<Message>().filter(|message| message.payer == payer).count();
    assert_eq!(told, 2, "a message for each time it was bound");
}

#[test]
fn the_wallet_keeps_the_order_and_no_more_cards_than_it_may() {
    let mut shop = Shop::open(0, 0);
    let payer = shop.payer;
    let ids: Vec<CardId> = (0..CARDS_PER_PAYER_MAX)
        .map(|number| {
            let digest = u8::try_from(number).unwrap();
            bind(&mut shop, payer, &new_card(digest, CardKind::Debit)).unwrap().id
        })
        .collect();
    let one_more = new_card(99, CardKind::Debit);
    assert_eq!(bind(&mut shop, payer, &one_more), Err(Refusal::TooManyCards));
    assert_eq!(count_check(&mut shop, after(0)), Err(Refusal::TooManyCards), "before the bank is asked");
    arrange(&mut shop, ids[2], Arrange::First).unwrap();
    arrange(&mut shop, ids[2], Arrange::Earlier).unwrap();
    arrange(&mut shop, ids[3], Arrange::Earlier).unwrap();
    let cards = wallet(&shop).cards;
    assert_eq!(cards[..5], [ids[2], ids[0], ids[3], ids[1], ids[4]]);
    arrange(&mut shop, ids[0], Arrange::Unbind).unwrap();
    assert_eq!(wallet(&shop).cards[..2], [ids[2], ids[3]]);
    assert!(bind(&mut shop, payer, &one_more).is_ok());
}

#[test]
fn checks_that_come_to_nothing_are_counted_and_a_bound_card_is_not() {
    let mut shop = Shop::open(0, 0);
    let payer = shop.payer;
    count_check(&mut shop, after(0)).unwrap();
    bind(&mut shop, payer, &new_card(1, CardKind::Debit)).unwrap();
    for second in 1..=i64::from(CARD_CHECKS_MAX) {
        count_check(&mut shop, after(second)).unwrap();
    }
    let until = after(0).plus_ms(CARD_CHECKS_WINDOW_MS);
    assert_eq!(count_check(&mut shop, until.plus_ms(-1)), Err(Refusal::TooManyCardChecks { until }));
    assert_eq!(count_check(&mut shop, until), Ok(()), "another day");
}

#[test]
fn a_payment_is_made_with_a_card_that_is_there_and_switched_on() {
    let mut shop = Shop::open(0, 0);
    let payer = shop.payer;
    let card = bind(&mut shop, payer, &new_card(1, CardKind::Credit)).unwrap();
    let payment = shop.payment("order", 100);
    arrange(&mut shop, card.id, Arrange::Disable).unwrap();
    assert_eq!(shop.pay(after(1), payment, Method::Card(card.id)).err(), Some(Refusal::CardUnusable));
    assert_eq!(shop.pay(after(1), payment, Method::Card(id(7))).err(), Some(Refusal::NotFound("card")));
    arrange(&mut shop, card.id, Arrange::Enable).unwrap();
    let other = shop.books.step(after(0), |facts, cx| payer::create(facts, cx, &new_payer(2))).unwrap();
    let theirs = bind(&mut shop, other, &new_card(2, CardKind::Debit)).unwrap();
    let told = shop.pay(after(1), payment, Method::Card(theirs.id)).err();
    assert_eq!(told, Some(Refusal::NotFound("card")), "another payer's card is no card here");
    let paid = shop.pay(after(1), payment, Method::Card(card.id)).unwrap();
    assert_eq!(paid.attempts[0].method.name(), "bank_card");
    let stored = serde_json::to_string(&paid.attempts[0].method).unwrap();
    assert_eq!(stored, format!("{{\"bank_card\":\"{}\"}}", card.id));
    assert_eq!(
        serde_json::to_string(&[Method::Balance, Method::SandboxBank]).unwrap(),
        r#"["balance","sandbox_bank"]"#
    );
}

#[test]
fn credit_neither_tops_up_nor_takes_withdrawals() {
    let mut shop = Shop::open(0, 0);
    let payer = shop.payer;
    let card = bind(&mut shop, payer, &new_card(1, CardKind::Credit)).unwrap();
    let usable = |facts: &dyn Facts, _: &mut Context| {
        let card = steps::usable_for_balance(facts, payer, card.id)?;
        Ok((tongbao_core::ChangeSet::default(), card.id))
    };
    assert_eq!(shop.books.step(after(0), usable), Err(Refusal::CardUnusable));
}
