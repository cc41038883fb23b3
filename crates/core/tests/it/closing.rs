//! Closing an account: what hinders it, what ends with it, and what is free afterwards.

use tongbao_core::{
    ChangeSet, Context, Record, Refusal, Time,
    data_keys::{self, candidates, with_texts},
    id::{PayerId, SessionId},
    limits::CODE_PAUSE_MS,
    message::{Message, Text},
    notice::told::AccountTold,
    payer::{
        self, CodePurpose, Payer,
        closing::{self, Hindrance},
        freeze::{self, By},
        identity::{Level, Person},
        session::{self, Session, SignIn},
        usage::Usage,
    },
    payment::Method,
};

use crate::{
    payer_identity::verify,
    shop::{Shop, after, new_payer, yuan},
};

fn code(shop: &mut Shop, at: Time) {
    let id = shop.payer;
    shop.books
        .step(at, |facts, cx| {
            Ok((payer::send_code(facts, cx, (id, CodePurpose::Closing), [5; 32], None)?, ()))
        })
        .unwrap();
}

fn begin(shop: &mut Shop, at: Time, digest: u8) -> Result<(), Refusal> {
    let id = shop.payer;
    shop.books.step(at, |facts, cx| closing::begin(facts, cx, id, &[digest; 32]))?
}

fn finish(
    shop: &mut Shop,
    at: Time,
    under_way: bool,
    sessions: &[SessionId],
) -> Result<Result<(), Hindrance>, Refusal> {
    let id = shop.payer;
    shop.books.step(at, |facts, cx| closing::finish(facts, cx, id, under_way, sessions))
}

fn close(shop: &mut Shop, at: Time) {
    code(shop, at);
    begin(shop, at, 5).unwrap();
    assert_eq!(finish(shop, at, false, &[]), Ok(Ok(())));
}

fn sign_in(shop: &mut Shop, at: Time, id: PayerId) -> Result<SessionId, Refusal> {
    let sign_in =
        SignIn { device: [1; 32], secret: [2; 32], device_name: "Firefox".to_owned(), network: None };
    shop.books.step(at, |facts, cx| session::begin(facts, cx, id, &sign_in))
}

#[test]
fn an_account_is_closed_by_a_code_when_it_is_empty_and_nothing_is_under_way() {
    for (has, under_way, told) in [
        (0, false, Ok(())),
        (1, false, Err(Hindrance::Balance)),
        (0, true, Err(Hindrance::UnderWay)),
        (1, true, Err(Hindrance::Balance)),
    ] {
        let mut shop = Shop::open(60, has.max(1));
        if has == 0 {
            let payment = shop.payment("all", 1);
            shop.pay(after(1), payment, Method::Balance).unwrap();
        }
        let id = shop.payer;
        let session = sign_in(&mut shop, after(1), id).unwrap();
        code(&mut shop, after(2));
        assert_eq!(begin(&mut shop, after(3), 6), Err(Refusal::WrongCode));
        assert_eq!(shop.books.get::<Payer>(id).frozen, None, "a wrong code begins nothing");
        begin(&mut shop, after(3), 5).unwrap();
        assert_eq!(shop.books.get::<Payer>(id).frozen.unwrap().by, By::Payer);
        assert_eq!(finish(&mut shop, after(4), under_way, &[session]), Ok(told));
        let payer: Payer = shop.books.get(id);
        assert_eq!(payer.closed_at.is_some(), told.is_ok());
        assert_eq!(payer.frozen.is_some(), told.is_ok(), "as it was before");
        assert_eq!(shop.books.get::<Session>(session).ended_at.is_some(), told.is_ok());
    }
}

#[test]
fn a_frozen_account_is_not_closed_and_a_closing_that_was_undone_is_not_finished() {
    let mut shop = Shop::open(60, 0);
    let id = shop.payer;
    shop.books.step(after(0), |facts, cx| Ok((freeze::freeze(facts, cx, id, "fraud")?, ()))).unwrap();
    code(&mut shop, after(1));
    assert_eq!(begin(&mut shop, after(1), 5), Err(Refusal::PayerFrozen));
    assert_eq!(shop.books.get::<Payer>(id).frozen.unwrap().by, By::Operator);
    assert_eq!(finish(&mut shop, after(2), false, &[]), Err(Refusal::PayerFrozen));
    shop.books.step(after(3), |facts, cx| Ok((freeze::unfreeze(facts, cx, id)?, ()))).unwrap();
    assert_eq!(finish(&mut shop, after(4), false, &[]), Err(Refusal::PayerFrozen), "it never began");
}

#[test]
fn a_closed_account_opens_nothing_and_nobody_can_send_to_it() {
    let mut shop = Shop::open(60, 0);
    let id = shop.payer;
    close(&mut shop, after(1));
    let told = shop.books.all::<Message>().max_by_key(|message| message.id).unwrap().text.clone();
    assert_eq!(told, Text::Account(AccountTold::Closed));
    let payment = shop.payment("late", 100);
    let refused = Refusal::NotFound("payer");
    assert_eq!(shop.pay(after(2), payment, Method::SandboxBank), Err(refused.clone()));
    assert_eq!(sign_in(&mut shop, after(2), id), Err(refused.clone()));
    let late = after(2).plus_ms(CODE_PAUSE_MS);
    let sent = shop.books.step(late, |facts, cx| {
        Ok((payer::send_code(facts, cx, (id, CodePurpose::Closing), [5; 32], None)?, ()))
    });
    assert_eq!(sent, Err(refused.clone()));
    assert_eq!(begin(&mut shop, late, 5), Err(refused.clone()));
    let open = shop.books.step(late, |facts, _| Ok((ChangeSet::default(), payer::open(facts, id)?.id)));
    assert_eq!(open, Err(refused));
    // What is owed to it still comes.
    let top_up = shop.books.step(late, |facts, _| {
        Ok((payer::top_up(facts, id, tongbao_core::ledger::Channel::SandboxBank, yuan(5))?, ()))
    });
    assert_eq!(top_up, Ok(()));
}

#[test]
fn the_number_is_free_again_as_often_as_its_account_is_closed() {
    let mut shop = Shop::open(60, 0);
    for turn in 0..3 {
        assert_eq!(shop.books.get::<Payer>(shop.payer).phone_turn, turn);
        let taken = shop.books.step(after(1), |facts, cx| payer::create(facts, cx, &new_payer(1)));
        assert_eq!(taken.unwrap_err().param(), Some("phone"), "one account at a time");
        close(&mut shop, after(100 * i64::from(turn) + 60));
        let next = shop.books.step(after(200), |facts, cx| payer::create(facts, cx, &new_payer(1))).unwrap();
        assert_ne!(next, shop.payer);
        shop.payer = next;
    }
    let holder = shop.books.step(after(300), |facts, _| {
        let (payer, turn) = payer::holder(facts, &[1; 32])?;
        Ok((ChangeSet::default(), (payer.map(|payer| payer.id), turn)))
    });
    assert_eq!(holder, Ok((Some(shop.payer), 3)));
}

#[test]
fn the_person_may_have_another_account_and_keeps_what_it_has_paid() {
    let mut shop = Shop::open(60, 0);
    let first = shop.payer;
    verify(&mut shop, after(1), first, 7, 5).unwrap();
    let id = first;
    shop.books
        .step(after(2), |facts, cx| {
            let mut change = ChangeSet::default();
            let factors = payer::usage::Factors::Two;
            payer::usage::spend(facts, cx, &mut change, id, yuan(300), factors)?;
            Ok((change, ()))
        })
        .unwrap();
    let other = shop.books.step(after(3), |facts, cx| payer::create(facts, cx, &new_payer(2))).unwrap();
    assert_eq!(verify(&mut shop, after(3), other, 7, 5), Err(Refusal::TooManyAccounts));
    close(&mut shop, after(60));
    assert_eq!(verify(&mut shop, after(61), other, 7, 5), Ok(Level::Three));
    let person = shop.books.all::<Person>().next().unwrap();
    assert_eq!((person.payers.clone(), person.former.clone()), (vec![other], vec![first]));
    let usage = shop.books.all::<Usage>().find(|usage| usage.payer == other).unwrap();
    assert_eq!(usage.in_year, yuan(300).amount, "the limits are the person's");
}

#[test]
fn every_kind_of_record_can_have_its_texts_replaced_and_stays_what_it_was() {
    let long = "x".repeat(data_keys::SEALED_CHARS_MIN);
    for record in crate::samples::all() {
        let again = Record::from_json(record.id().kind, record.to_json().unwrap()).unwrap();
        assert_eq!(again, record);
        assert_eq!(with_texts(&record, &[(long.clone(), String::new())].into()), None);
        for text in candidates(&record) {
            let other = format!("2.{text}");
            let Some(next) = with_texts(&record, &[(text.clone(), other.clone())].into()) else { continue };
            assert_eq!(next.version(), record.version() + 1);
            assert!(candidates(&next).contains(&other));
            let back = with_texts(&next, &[(other, text)].into()).unwrap();
            assert_eq!(back.version(), record.version() + 2);
            assert_eq!(back.keys(), record.keys());
        }
    }
}

#[test]
fn data_keys_are_numbered_one_by_one() {
    let mut shop = Shop::open(60, 0);
    let mut add = |number: u32| {
        shop.books
            .step(after(1), |facts, cx: &mut Context| Ok((data_keys::add(facts, cx, number, "wrapped")?, ())))
    };
    assert_eq!(add(1).unwrap_err().param(), Some("number"));
    assert_eq!(add(2), Ok(()));
    assert_eq!(add(2).unwrap_err().param(), Some("number"), "another process was first");
    assert_eq!(add(4).unwrap_err().param(), Some("number"));
    assert_eq!(add(3), Ok(()));
}
