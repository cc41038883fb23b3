//! What a session alone is not enough for: codes of a day, passkeys by two proofs, payment codes that were switched on.

use tongbao_core::{
    Refusal, Time,
    id::{PasskeyId, PayerId, SessionId},
    limits::{CODE_LIFE_MS, CODE_PAUSE_MS, CODE_TRIES_PER_DAY_MAX, CODES_PER_DAY_MAX},
    message::{Message, Text},
    notice::contact::{self, MailAddress},
    payer::{
        self, CodePurpose, Payer,
        identity::Claim,
        passkey::{self, Algorithm, Challenge, NewPasskey, Passkey, PasskeyRing, Signed},
        session::{self, Session, SignIn},
        sign_up::{self, Sending},
    },
};

use crate::{
    payer_identity::verify,
    shop::{Shop, after, new_payer},
};

/// 2025-12-30 12:00 in Asia/Shanghai.
const NOON: Time = Time::from_ms(1_767_067_200_000);
const HALF_A_DAY_S: i64 = 12 * 3_600;
const DAY_S: i64 = 24 * 3_600;

fn send(shop: &mut Shop, at: Time, purpose: CodePurpose, digest: u8) -> Result<(), Refusal> {
    let id = shop.payer;
    shop.books.step(at, |facts, cx| Ok((payer::send_code(facts, cx, (id, purpose), [digest; 32], None)?, ())))
}

fn used(shop: &mut Shop, at: Time, purpose: CodePurpose, digest: u8) -> Result<bool, Refusal> {
    let id = shop.payer;
    shop.books.step(at, |facts, cx| payer::use_code(facts, cx, (id, purpose), &[digest; 32]))
}

fn nth(number: u8) -> Time {
    NOON.plus_ms(i64::from(number) * CODE_PAUSE_MS)
}

#[test]
fn a_number_is_sent_ten_codes_a_day_and_ten_again_after_midnight() {
    let mut shop = Shop::open(60, 0);
    for number in 0..CODES_PER_DAY_MAX {
        send(&mut shop, nth(number), CodePurpose::SignIn, number).unwrap();
    }
    let late = NOON.plus_s(3_600);
    assert_eq!(send(&mut shop, late, CodePurpose::SignIn, 99), Err(Refusal::CodesOfDayUsedUp));
    let last = NOON.plus_s(HALF_A_DAY_S).plus_ms(-1);
    assert_eq!(send(&mut shop, last, CodePurpose::SignIn, 99), Err(Refusal::CodesOfDayUsedUp));
    send(&mut shop, NOON.plus_s(HALF_A_DAY_S), CodePurpose::SignIn, 99).unwrap();
    assert_eq!(used(&mut shop, NOON.plus_s(HALF_A_DAY_S), CodePurpose::SignIn, 99), Ok(true));
}

#[test]
fn what_a_stranger_asks_for_uses_up_nothing_that_confirms() {
    let mut shop = Shop::open(60, 0);
    for number in 0..CODES_PER_DAY_MAX {
        send(&mut shop, nth(number), CodePurpose::SignIn, number).unwrap();
    }
    let ours = [CodePurpose::Reset, CodePurpose::Unfreeze, CodePurpose::Closing, CodePurpose::Passkey];
    for (number, purpose) in ours.into_iter().cycle().take(CODES_PER_DAY_MAX.into()).enumerate() {
        let at = nth(u8::try_from(number).unwrap());
        send(&mut shop, at, purpose, 5).unwrap();
        assert_eq!(used(&mut shop, at, purpose, 5), Ok(true));
    }
    assert_eq!(send(&mut shop, nth(20), CodePurpose::Payment, 5), Err(Refusal::CodesOfDayUsedUp));
}

#[test]
fn a_code_that_only_an_inbox_shows_is_not_counted() {
    let mut shop = Shop::open(60, 0);
    let id = shop.payer;
    for number in 0..=CODES_PER_DAY_MAX {
        let inbox = Some(Text::SignInCode("123456".to_owned()));
        let sent = shop.books.step(nth(number), |facts, cx| {
            Ok((payer::send_code(facts, cx, (id, CodePurpose::SignIn), [1; 32], inbox.clone())?, ()))
        });
        assert_eq!(sent, Ok(()), "{number}");
    }
}

/// Types wrong codes until one more is one too many for the day, five to a code.
fn guess_all_day(mut send: impl FnMut(Time), mut wrong: impl FnMut(Time) -> Result<bool, Refusal>) -> Time {
    let mut at = NOON;
    for number in 0..CODE_TRIES_PER_DAY_MAX {
        if number % 5 == 0 {
            at = nth(number);
            send(at);
        }
        assert_eq!(wrong(at), Ok(false), "{number}");
    }
    at = nth(CODE_TRIES_PER_DAY_MAX);
    send(at);
    at
}

#[test]
fn after_thirty_wrong_codes_none_is_right_until_midnight() {
    let shop = std::cell::RefCell::new(Shop::open(60, 0));
    let at = guess_all_day(
        |at| send(&mut shop.borrow_mut(), at, CodePurpose::SignIn, 7).unwrap(),
        |at| used(&mut shop.borrow_mut(), at, CodePurpose::SignIn, 8),
    );
    let mut shop = shop.into_inner();
    let before: Payer = shop.books.get(shop.payer);
    assert_eq!(used(&mut shop, at, CodePurpose::SignIn, 7), Err(Refusal::WrongCode), "the right one");
    assert_eq!(shop.books.get::<Payer>(shop.payer).version, before.version);
    send(&mut shop, at, CodePurpose::Payment, 7).unwrap();
    assert_eq!(used(&mut shop, at, CodePurpose::Payment, 7), Ok(true), "counted apart");
    let next_day = NOON.plus_s(DAY_S);
    send(&mut shop, next_day, CodePurpose::SignIn, 7).unwrap();
    assert_eq!(used(&mut shop, next_day, CodePurpose::SignIn, 7), Ok(true));
}

fn send_to_new(shop: &mut Shop, at: Time, code: u8) -> Result<(), Refusal> {
    let new = Sending {
        phone_digest: [9; 32],
        phone_hint: "138****0009".to_owned(),
        code_digest: [code; 32],
        inbox: None,
    };
    shop.books.step(at, |facts, cx| Ok((sign_up::send_code(facts, cx, &new)?, ())))
}

fn enter_new(shop: &mut Shop, at: Time, code: u8) -> Result<bool, Refusal> {
    shop.books.step(at, |facts, cx| sign_up::use_code(facts, cx, &[9; 32], &[code; 32], [3; 32]))
}

#[test]
fn a_number_that_nobody_has_is_answered_like_one_that_somebody_has() {
    let mut shop = Shop::open(60, 0);
    for number in 0..CODES_PER_DAY_MAX {
        send_to_new(&mut shop, nth(number), number).unwrap();
        send(&mut shop, nth(number), CodePurpose::SignIn, number).unwrap();
    }
    let late = NOON.plus_s(3_600);
    assert_eq!(send_to_new(&mut shop, late, 5), send(&mut shop, late, CodePurpose::SignIn, 5));
    let shop = std::cell::RefCell::new(Shop::open(60, 0));
    let at = guess_all_day(
        |at| send_to_new(&mut shop.borrow_mut(), at, 7).unwrap(),
        |at| enter_new(&mut shop.borrow_mut(), at, 8),
    );
    assert_eq!(enter_new(&mut shop.borrow_mut(), at, 7), Err(Refusal::WrongCode));
}

#[test]
fn what_a_number_saw_on_its_way_counts_for_its_account() {
    let mut shop = Shop::open(60, 0);
    for number in 0..CODES_PER_DAY_MAX {
        send_to_new(&mut shop, nth(number), 7).unwrap();
    }
    let at = nth(CODES_PER_DAY_MAX - 1);
    assert_eq!(enter_new(&mut shop, at, 7), Ok(true));
    let sign_in = on_device(1);
    let finish =
        shop.books.step(at, |facts, cx| sign_up::finish(facts, cx, &new_payer(9), &[3; 32], &sign_in));
    shop.payer = finish.unwrap().0;
    assert_eq!(send(&mut shop, nth(60), CodePurpose::SignIn, 1), Err(Refusal::CodesOfDayUsedUp));
}

#[test]
fn mail_addresses_are_sent_ten_codes_a_day_too() {
    let mut shop = Shop::open(60, 0);
    let id = shop.payer;
    let address = MailAddress { sealed: "sealed".to_owned(), hint: "a***@example.com".to_owned() };
    for number in 0..=CODES_PER_DAY_MAX {
        let asked = shop.books.step(nth(number), |facts, cx| {
            Ok((contact::ask_mail(facts, cx, id, &address, [number; 32])?, ()))
        });
        let full = number == CODES_PER_DAY_MAX;
        assert_eq!(asked, if full { Err(Refusal::CodesOfDayUsedUp) } else { Ok(()) });
    }
}

fn ask_to_register(shop: &mut Shop, at: Time, code: u8) -> Result<Challenge, Refusal> {
    let (id, what) = (shop.payer, ([2; 32], [1; 32]));
    shop.books
        .step(at, |facts, cx| passkey::ask_to_register(facts, cx, (id, &[code; 32]), what))
        .and_then(|told| told)
}

/// The payer's passkey that signs `credential`.
fn add(shop: &mut Shop, at: Time, credential: &str) -> PasskeyId {
    let id = shop.payer;
    send(shop, at, CodePurpose::Passkey, 5).unwrap();
    let challenge = ask_to_register(shop, at, 5).unwrap();
    let new = NewPasskey {
        challenge: challenge.bytes(),
        about: [1; 32],
        credential: credential.to_owned(),
        algorithm: Algorithm::Es256,
        public_key: "MFkw".to_owned(),
        sign_count: 0,
        backup_eligible: false,
        name: credential.to_owned(),
    };
    shop.books.step(at, |facts, cx| passkey::register(facts, cx, id, &new)).unwrap().unwrap()
}

#[test]
fn a_passkey_is_asked_for_by_a_code_of_its_own_beside_the_password() {
    let mut shop = Shop::open(60, 0);
    assert_eq!(ask_to_register(&mut shop, after(0), 5), Err(Refusal::WrongCode), "none was sent");
    for purpose in [CodePurpose::SignIn, CodePurpose::Payment, CodePurpose::Reset] {
        send(&mut shop, after(0), purpose, 5).unwrap();
        assert_eq!(ask_to_register(&mut shop, after(0), 5), Err(Refusal::WrongCode), "{purpose:?}");
    }
    send(&mut shop, after(0), CodePurpose::Passkey, 5).unwrap();
    assert_eq!(ask_to_register(&mut shop, after(1), 6), Err(Refusal::WrongCode));
    let code = shop.books.get::<Payer>(shop.payer).code_for(CodePurpose::Passkey).cloned().unwrap();
    assert_eq!(code.tries, 1, "a wrong one is counted");
    assert!(shop.books.all::<PasskeyRing>().next().is_none(), "nothing was asked of the device");
    assert!(ask_to_register(&mut shop, after(1), 5).is_ok());
    assert_eq!(ask_to_register(&mut shop, after(1), 5), Err(Refusal::WrongCode), "it was used");
    send(&mut shop, after(60), CodePurpose::Passkey, 5).unwrap();
    let late = after(60).plus_ms(CODE_LIFE_MS);
    assert_eq!(ask_to_register(&mut shop, late, 5), Err(Refusal::WrongCode));
}

fn on_device(device: u8) -> SignIn {
    let (device, secret) = ([device; 32], [device; 32]);
    SignIn { device, secret, device_name: "Firefox".to_owned(), network: None }
}

fn begin(shop: &mut Shop, at: Time, device: u8) -> SessionId {
    let id = shop.payer;
    shop.books.step(at, |facts, cx| session::begin(facts, cx, id, &on_device(device))).unwrap()
}

fn opens(shop: &Shop, session: SessionId, at: Time) -> bool {
    let payer: Payer = shop.books.get(shop.payer);
    shop.books.get::<Session>(session).opens(&payer, at)
}

fn switch(shop: &mut Shop, at: Time, session: SessionId, on: bool) -> Result<Session, Refusal> {
    let id = shop.payer;
    shop.books.step(at, |facts, cx| session::switch_codes(facts, cx, (id, session), on))
}

fn may_show(shop: &Shop, session: SessionId) -> Result<(), Refusal> {
    let mut books = shop.books.clone();
    let id = shop.payer;
    books.step(after(0), |facts, _| {
        session::may_show_codes(facts, id, session)?;
        Ok((tongbao_core::ChangeSet::default(), ()))
    })
}

#[test]
fn payment_codes_are_shown_where_they_were_switched_on_until_the_next_sign_in() {
    let mut shop = Shop::open(60, 0);
    let (here, there) = (begin(&mut shop, after(0), 1), begin(&mut shop, after(0), 2));
    assert_eq!(may_show(&shop, here), Err(Refusal::PaymentCodesOff));
    switch(&mut shop, after(1), here, true).unwrap();
    assert_eq!(may_show(&shop, here), Ok(()));
    assert_eq!(may_show(&shop, there), Err(Refusal::PaymentCodesOff));
    let version = shop.books.get::<Session>(here).version;
    switch(&mut shop, after(2), here, true).unwrap();
    assert_eq!(shop.books.get::<Session>(here).version, version, "on already");
    switch(&mut shop, after(3), here, false).unwrap();
    assert_eq!(may_show(&shop, here), Err(Refusal::PaymentCodesOff));
    switch(&mut shop, after(4), here, true).unwrap();
    begin(&mut shop, after(5), 1);
    assert_eq!(may_show(&shop, here), Err(Refusal::PaymentCodesOff), "signed in anew");
}

#[test]
fn codes_are_switched_on_by_whom_the_session_is_and_while_it_opens() {
    let mut shop = Shop::open(60, 0);
    let id = shop.payer;
    let here = begin(&mut shop, after(0), 1);
    let other = shop.books.step(after(0), |facts, cx| payer::create(facts, cx, &new_payer(2))).unwrap();
    shop.payer = other;
    assert_eq!(switch(&mut shop, after(1), here, true), Err(Refusal::NotFound("session")));
    assert_eq!(may_show(&shop, here), Err(Refusal::PaymentCodesOff));
    shop.payer = id;
    shop.books.step(after(2), |facts, cx| Ok((session::end(facts, cx, id, here)?, ()))).unwrap();
    assert_eq!(switch(&mut shop, after(3), here, true), Err(Refusal::NotFound("session")));
}

#[test]
fn a_right_password_that_switches_codes_on_starts_its_count_again() {
    let mut shop = Shop::open(60, 0);
    let id = shop.payer;
    let here = begin(&mut shop, after(0), 1);
    shop.books.step(after(1), |facts, cx| Ok((payer::try_password(facts, cx, id)?.0, ()))).unwrap();
    switch(&mut shop, after(1), here, true).unwrap();
    assert_eq!(shop.books.get::<Payer>(id).password_tries, 0);
}

#[test]
fn another_password_ends_all_other_sessions_and_switches_codes_off() {
    let mut shop = Shop::open(60, 0);
    let id = shop.payer;
    let (here, there) = (begin(&mut shop, after(0), 1), begin(&mut shop, after(0), 2));
    switch(&mut shop, after(1), here, true).unwrap();
    let passkey = add(&mut shop, after(1), "one");
    shop.books
        .step(after(2), |facts, cx| Ok((payer::change_password(facts, cx, (id, here), "another hash")?, ())))
        .unwrap();
    assert!(opens(&shop, here, after(3)) && !opens(&shop, there, after(3)));
    assert_eq!(may_show(&shop, here), Err(Refusal::PaymentCodesOff));
    assert_eq!(shop.books.get::<Passkey>(passkey).removed_at, None, "it was added by password and code");
    begin(&mut shop, after(4), 2);
    assert!(opens(&shop, there, after(5)), "signed in since");
    switch(&mut shop, after(5), here, true).unwrap();
    assert_eq!(may_show(&shop, here), Ok(()));
}

#[test]
fn a_password_that_is_set_anew_removes_passkeys_and_ends_other_sessions() {
    let mut shop = Shop::open(60, 0);
    let id = shop.payer;
    verify(&mut shop, after(0), id, 7, 1).unwrap();
    let (here, there) = (begin(&mut shop, after(0), 1), begin(&mut shop, after(0), 2));
    let (first, second) = (add(&mut shop, after(0), "one"), add(&mut shop, after(60), "two"));
    let asked =
        shop.books.step(after(61), |facts, cx| passkey::ask(facts, cx, id, ([3; 32], [4; 32]))).unwrap();
    send(&mut shop, after(62), CodePurpose::Reset, 5).unwrap();
    let claim = Claim { name_digest: [1; 32], number_digest: [7; 32] };
    let reset = |shop: &mut Shop, code: u8| {
        shop.books.step(after(63), |facts, cx| {
            payer::reset_password(facts, cx, (id, here), (&[code; 32], &claim), "another hash")
        })
    };
    assert_eq!(reset(&mut shop, 6), Ok(Err(Refusal::WrongCode)));
    assert!(opens(&shop, there, after(64)));
    assert_eq!(shop.books.get::<Passkey>(first).removed_at, None);
    assert_eq!(reset(&mut shop, 5), Ok(Ok(())));
    assert!(opens(&shop, here, after(64)) && !opens(&shop, there, after(64)));
    for passkey in [first, second] {
        assert_eq!(shop.books.get::<Passkey>(passkey).removed_at, Some(after(63)));
        let signed = Signed { passkey, challenge: asked.bytes(), sign_count: 0 };
        let proven = shop.books.step(after(64), |facts, cx| passkey::prove(facts, cx, id, &signed, &[4; 32]));
        assert_eq!(proven, Err(Refusal::PasskeyRefused));
    }
    assert!(shop.books.all::<PasskeyRing>().all(|ring| ring.passkeys.is_empty() && ring.challenge.is_none()));
    let removed = |told: &&Message| matches!(told.text, Text::PasskeyRemoved(_));
    assert_eq!(shop.books.all::<Message>().filter(removed).count(), 2);
    let payer: Payer = shop.books.get(id);
    assert!(payer.code_for(CodePurpose::Reset).is_none(), "the code is used up");
}

#[test]
fn a_closed_payer_opens_nothing_whatever_session_is_left() {
    let mut shop = Shop::open(60, 0);
    let id: PayerId = shop.payer;
    let here = begin(&mut shop, after(0), 1);
    send(&mut shop, after(1), CodePurpose::Closing, 5).unwrap();
    let begun =
        shop.books.step(after(2), |facts, cx| payer::closing::begin(facts, cx, id, &[5; 32])).unwrap();
    assert_eq!(begun, Ok(()));
    let between = begin(&mut shop, after(3), 2);
    let closed =
        shop.books.step(after(4), |facts, cx| payer::closing::finish(facts, cx, id, false, &[here])).unwrap();
    assert_eq!(closed, Ok(()));
    assert!(shop.books.get::<Session>(between).is_live(after(5)), "nobody named it");
    assert!(!opens(&shop, between, after(5)) && !opens(&shop, here, after(5)));
}

#[test]
fn a_session_that_was_stored_before_shows_no_codes() {
    let mut shop = Shop::open(60, 0);
    let here = begin(&mut shop, after(0), 1);
    switch(&mut shop, after(1), here, true).unwrap();
    let mut stored = serde_json::to_value(shop.books.get::<Session>(here)).unwrap();
    stored.as_object_mut().unwrap().remove("codes_since").unwrap();
    let read: Session = serde_json::from_value(stored).unwrap();
    let mut payer = serde_json::to_value(shop.books.get::<Payer>(shop.payer)).unwrap();
    assert!(payer.as_object_mut().unwrap().remove("signed_out").is_none(), "not written where it is not set");
    assert!(
        !read.shows_codes(&shop.books.get(shop.payer)) && read.opens(&shop.books.get(shop.payer), after(2))
    );
}
