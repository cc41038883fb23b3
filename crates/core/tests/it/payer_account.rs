//! Accounts from inside: signing up, sessions, passwords that are changed or set anew, freezing.

use proptest::{prelude::*, test_runner::Config};
use tongbao_core::{
    Refusal, Time,
    id::{PayerId, SessionId},
    limits::{CODE_PAUSE_MS, CODE_TRIES_MAX, IDENTITY_TRIES_MAX, SESSION_LIFE_MS, SIGN_UP_LIFE_MS},
    message::{Message, Text},
    payer::{
        self, CodePurpose, Payer,
        freeze::{self, By},
        identity::{Claim, Identity},
        session::{self, Session, SignIn},
        sign_up::{self, Sending, SignUp},
    },
    payment::{
        Method, Payment, Status,
        steps::{self, Pay, Shown},
    },
};

use crate::{
    payer_identity::verify,
    shop::{Shop, after, new_payer},
};

fn sign_in(device: u8, secret: u8) -> SignIn {
    SignIn { device: [device; 32], secret: [secret; 32], device_name: "Firefox".to_owned(), network: None }
}

fn send(shop: &mut Shop, at: Time, phone: u8, code: u8) -> Result<(), Refusal> {
    let new = Sending {
        phone_digest: [phone; 32],
        phone_hint: "138****0009".to_owned(),
        code_digest: [code; 32],
        inbox: Some("123456".to_owned()),
    };
    shop.books.step(at, |facts, cx| Ok((sign_up::send_code(facts, cx, &new)?, ())))
}

fn enter(shop: &mut Shop, at: Time, phone: u8, code: u8, ticket: u8) -> Result<bool, Refusal> {
    shop.books.step(at, |facts, cx| sign_up::use_code(facts, cx, &[phone; 32], &[code; 32], [ticket; 32]))
}

fn finish(shop: &mut Shop, at: Time, phone: u8, ticket: u8) -> Result<(PayerId, SessionId), Refusal> {
    let (new, ticket) = (new_payer(phone), [ticket; 32]);
    shop.books.step(at, |facts, cx| sign_up::finish(facts, cx, &new, &ticket, &sign_in(1, 2)))
}

#[test]
fn who_proved_a_number_has_an_account_that_nobody_has_verified() {
    let mut shop = Shop::open(60, 0);
    send(&mut shop, after(0), 9, 5).unwrap();
    assert_eq!(enter(&mut shop, after(1), 9, 6, 7), Ok(false));
    assert_eq!(enter(&mut shop, after(1), 9, 5, 7), Ok(true));
    assert_eq!(finish(&mut shop, after(2), 9, 8), Err(Refusal::WrongCode), "another browser's ticket");
    let (id, session) = finish(&mut shop, after(2), 9, 7).unwrap();
    let payer: Payer = shop.books.get(id);
    assert_eq!((payer.version, payer.identity), (1, Some(Identity::Unverified)));
    assert!(shop.books.get::<Session>(session).is_live(after(3)));
    let message = shop.books.all::<Message>().next().unwrap();
    assert_eq!(message.payer, id, "what was sent to the number is the account's");
    assert_eq!(finish(&mut shop, after(3), 9, 7), Err(Refusal::WrongCode), "a ticket is used once");
    assert_eq!(send(&mut shop, after(99), 9, 5).unwrap_err().param(), Some("phone"));
    assert_eq!(enter(&mut shop, after(99), 9, 5, 7).unwrap_err().param(), Some("phone"));
}

#[test]
fn a_ticket_ends_after_a_quarter_of_an_hour_and_with_the_next_code() {
    for (wait_ms, good) in [(SIGN_UP_LIFE_MS - 1, true), (SIGN_UP_LIFE_MS, false)] {
        let mut shop = Shop::open(60, 0);
        send(&mut shop, after(0), 9, 5).unwrap();
        enter(&mut shop, after(0), 9, 5, 7).unwrap();
        assert_eq!(finish(&mut shop, after(0).plus_ms(wait_ms), 9, 7).is_ok(), good);
    }
    let mut shop = Shop::open(60, 0);
    send(&mut shop, after(0), 9, 5).unwrap();
    enter(&mut shop, after(0), 9, 5, 7).unwrap();
    send(&mut shop, after(1), 9, 6).unwrap();
    assert_eq!(finish(&mut shop, after(1), 9, 7), Err(Refusal::WrongCode));
}

#[test]
fn codes_of_a_new_number_have_the_limits_of_all_codes() {
    let mut shop = Shop::open(60, 0);
    assert_eq!(enter(&mut shop, after(0), 9, 5, 7), Err(Refusal::WrongCode), "none was sent");
    send(&mut shop, after(0), 9, 5).unwrap();
    let soon = after(0).plus_ms(CODE_PAUSE_MS - 1);
    assert_eq!(send(&mut shop, soon, 9, 6), Err(Refusal::CodeTooSoon));
    for _ in 0..CODE_TRIES_MAX {
        assert_eq!(enter(&mut shop, after(1), 9, 6, 7), Ok(false));
    }
    assert_eq!(enter(&mut shop, after(1), 9, 5, 7), Err(Refusal::WrongCode));
    send(&mut shop, after(60), 9, 6).unwrap();
    assert_eq!(enter(&mut shop, after(60), 9, 6, 7), Ok(true));
    assert_eq!(shop.books.all::<SignUp>().count(), 1, "one record for a number");
}

fn begin(shop: &mut Shop, at: Time, device: u8, secret: u8) -> SessionId {
    let id = shop.payer;
    shop.books.step(at, |facts, cx| session::begin(facts, cx, id, &sign_in(device, secret))).unwrap()
}

fn end(shop: &mut Shop, at: Time, payer: PayerId, id: SessionId) -> Result<(), Refusal> {
    shop.books.step(at, |facts, cx| Ok((session::end(facts, cx, payer, id)?, ())))
}

#[test]
fn a_device_has_one_session_whose_secret_is_new_at_each_sign_in() {
    let mut shop = Shop::open(60, 0);
    let (first, other) = (begin(&mut shop, after(0), 1, 1), begin(&mut shop, after(0), 2, 2));
    assert_eq!(begin(&mut shop, after(1), 1, 3), first);
    let session: Session = shop.books.get(first);
    assert_eq!((session.secret, session.version, session.created_at), ([3; 32], 2, after(0)));
    let new = |told: &&Message| matches!(told.text, Text::NewDevice(_));
    assert_eq!(shop.books.all::<Message>().filter(new).count(), 2, "once for each new device");
    let id = shop.payer;
    end(&mut shop, after(2), id, first).unwrap();
    end(&mut shop, after(3), id, first).unwrap();
    assert_eq!(shop.books.get::<Session>(first).ended_at, Some(after(2)));
    assert!(!shop.books.get::<Session>(first).is_live(after(3)));
    assert!(shop.books.get::<Session>(other).is_live(after(3)));
    begin(&mut shop, after(4), 1, 4);
    assert!(shop.books.get::<Session>(first).is_live(after(5)), "signing in opens it again");
    let stranger: PayerId = shop.books.context(after(5)).draw();
    assert_eq!(end(&mut shop, after(5), stranger, other), Err(Refusal::NotFound("session")));
}

#[test]
fn a_session_lives_thirty_days_and_is_seen_once_a_day() {
    let mut shop = Shop::open(60, 0);
    let id = begin(&mut shop, after(0), 1, 1);
    let session: Session = shop.books.get(id);
    assert!(session.is_live(after(0).plus_ms(SESSION_LIFE_MS - 1)));
    assert!(!session.is_live(after(0).plus_ms(SESSION_LIFE_MS)));
    for (at, version) in [(after(1), 1), (after(24 * 3_600), 2), (after(24 * 3_600 + 1), 2)] {
        shop.books.step(at, |facts, cx| Ok((session::see(facts, cx, id)?, ()))).unwrap();
        assert_eq!(shop.books.get::<Session>(id).version, version);
    }
}

fn code(shop: &mut Shop, at: Time, purpose: CodePurpose, digest: u8) {
    let whose = (shop.payer, purpose);
    shop.books
        .step(at, |facts, cx| Ok((payer::send_code(facts, cx, whose, [digest; 32], None)?, ())))
        .unwrap();
}

fn reset(shop: &mut Shop, at: Time, digest: u8, claim: Claim) -> Result<(), Refusal> {
    let (id, session) = (shop.payer, begin(shop, at, 1, 1));
    shop.books.step(at, |facts, cx| {
        payer::reset_password(facts, cx, (id, session), (&[digest; 32], &claim), "another hash")
    })?
}

#[test]
fn a_password_is_set_anew_by_code_and_identity_and_its_lock_ends() {
    let (right, wrong) = (claim(1, 7), claim(1, 8));
    let mut shop = Shop::open(60, 0);
    let id = shop.payer;
    code(&mut shop, after(0), CodePurpose::Reset, 5);
    assert_eq!(reset(&mut shop, after(0), 5, right), Err(Refusal::WrongIdentity { tries_left: 4 }));
    verify(&mut shop, after(1), id, 7, 1).unwrap();
    for _ in 0..5 {
        shop.books.step(after(2), |facts, cx| Ok((payer::try_password(facts, cx, id)?.0, ()))).unwrap();
    }
    assert_eq!(reset(&mut shop, after(40), 5, right), Err(Refusal::WrongCode), "it was used");
    code(&mut shop, after(60), CodePurpose::Reset, 6);
    assert_eq!(reset(&mut shop, after(60), 5, right), Err(Refusal::WrongCode));
    reset(&mut shop, after(60), 6, right).unwrap();
    let payer: Payer = shop.books.get(id);
    assert_eq!(
        (payer.password.as_str(), payer.password_tries, payer.locked_until),
        ("another hash", 0, None)
    );
    for left in (0..IDENTITY_TRIES_MAX).rev() {
        let at = after(100 * i64::from(10 - left));
        code(&mut shop, at, CodePurpose::Reset, 5);
        let told = reset(&mut shop, at, 5, if left % 2 == 0 { wrong } else { claim(2, 7) });
        match left {
            0 => assert!(matches!(told, Err(Refusal::IdentityLocked { .. })), "{told:?}"),
            left => assert_eq!(told, Err(Refusal::WrongIdentity { tries_left: left })),
        }
    }
    code(&mut shop, after(2_000), CodePurpose::Reset, 5);
    let told = reset(&mut shop, after(2_000), 5, right);
    assert!(
        matches!(told, Err(Refusal::IdentityLocked { .. })),
        "a right one waits for the lock, too: {told:?}"
    );
}

fn claim(name: u8, number: u8) -> Claim {
    Claim { name_digest: [name; 32], number_digest: [number; 32] }
}

#[test]
fn a_changed_password_is_told_and_weak_ones_are_known() {
    let mut shop = Shop::open(60, 0);
    let (id, session) = (shop.payer, begin(&mut shop, after(0), 1, 1));
    shop.books
        .step(after(1), |facts, cx| {
            Ok((payer::change_password(facts, cx, (id, session), "another hash")?, ()))
        })
        .unwrap();
    assert_eq!(shop.books.get::<Payer>(id).password, "another hash");
    assert!(shop.books.all::<Message>().any(|told| told.text == Text::PasswordChanged && told.in_wallet));
    for weak in ["000000", "999999", "012345", "123456", "456789", "987654", "543210"] {
        assert!(payer::is_weak(weak), "{weak}");
    }
    for strong in ["135790", "112233", "123457", "890123", "121212", "135791"] {
        assert!(!payer::is_weak(strong), "{strong}");
    }
    for text in ["", "12345", "1234567", "12345a", "１２３４５６"] {
        assert!(!payer::is_password(text), "{text}");
    }
}

fn pay(shop: &mut Shop, at: Time, order: &str, method: Method) -> Result<Payment, Refusal> {
    let (payment, payer) = (shop.payment(order, 100), shop.payer);
    let ask = Pay { payment, payer, method, shown: Shown::PASSWORD, sandbox: false };
    shop.books.step(at, |facts, cx| steps::pay_proven(facts, cx, &ask))?
}

fn unfreeze_own(shop: &mut Shop, at: Time, digest: u8) -> Result<(), Refusal> {
    let id = shop.payer;
    shop.books.step(at, |facts, cx| freeze::unfreeze_own(facts, cx, id, &[digest; 32]))?
}

#[test]
fn a_frozen_payer_pays_by_no_method_and_still_receives() {
    let mut shop = Shop::open(60, 1_000);
    let id = shop.payer;
    shop.books.step(after(1), |facts, cx| Ok((freeze::freeze_own(facts, cx, id)?, ()))).unwrap();
    for (order, method) in [("1", Method::Balance), ("2", Method::SandboxBank)] {
        assert_eq!(pay(&mut shop, after(2), order, method), Err(Refusal::PayerFrozen));
    }
    let top_up = shop.books.step(after(3), |facts, _| {
        let channel = tongbao_core::ledger::Channel::SandboxBank;
        Ok((payer::top_up(facts, id, channel, crate::shop::yuan(5))?, ()))
    });
    top_up.unwrap();
    code(&mut shop, after(4), CodePurpose::Unfreeze, 5);
    assert_eq!(unfreeze_own(&mut shop, after(4), 6), Err(Refusal::WrongCode));
    assert_eq!(pay(&mut shop, after(5), "3", Method::Balance), Err(Refusal::PayerFrozen));
    unfreeze_own(&mut shop, after(5), 5).unwrap();
    assert_eq!(pay(&mut shop, after(6), "4", Method::Balance).unwrap().status, Status::Succeeded);
}

#[test]
fn what_an_operator_froze_only_an_operator_unfreezes() {
    let mut shop = Shop::open(60, 1_000);
    let id = shop.payer;
    for reason in ["", "  ", &"x".repeat(257)] {
        let told = shop.books.step(after(1), |facts, cx| Ok((freeze::freeze(facts, cx, id, reason)?, ())));
        assert_eq!(told.unwrap_err().param(), Some("reason"));
    }
    shop.books.step(after(1), |facts, cx| Ok((freeze::freeze_own(facts, cx, id)?, ()))).unwrap();
    shop.books.step(after(2), |facts, cx| Ok((freeze::freeze(facts, cx, id, " court ")?, ()))).unwrap();
    let frozen = shop.books.get::<Payer>(id).frozen.unwrap();
    assert_eq!((frozen.by, frozen.reason.as_deref()), (By::Operator, Some("court")));
    shop.books.step(after(3), |facts, cx| Ok((freeze::freeze_own(facts, cx, id)?, ()))).unwrap();
    code(&mut shop, after(4), CodePurpose::Unfreeze, 5);
    assert_eq!(unfreeze_own(&mut shop, after(4), 5), Err(Refusal::PayerFrozen));
    shop.books.step(after(5), |facts, cx| Ok((freeze::unfreeze(facts, cx, id)?, ()))).unwrap();
    assert_eq!(shop.books.get::<Payer>(id).frozen, None);
    pay(&mut shop, after(6), "1", Method::Balance).unwrap();
}

/// What happens to a freeze.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Own,
    ByOperator,
    LiftOwn,
    LiftByOperator,
    Pay,
}

proptest! {
    #![proptest_config(Config { cases: 300, failure_persistence: None, ..Config::default() })]

    #[test]
    fn whatever_happens_money_leaves_only_while_nobody_has_frozen(
        deeds in prop::collection::vec(
            prop::sample::select(vec![Deed::Own, Deed::ByOperator, Deed::LiftOwn, Deed::LiftByOperator, Deed::Pay]),
            1..40,
        )
    ) {
        let mut shop = Shop::open(60, 1_000_000);
        let id = shop.payer;
        let mut held = None;
        for (number, deed) in deeds.into_iter().enumerate() {
            // Three hours apart: a day has ten codes.
            let at = after(3 * 3_600 * i64::try_from(number).unwrap());
            match deed {
                Deed::Own => {
                    shop.books.step(at, |facts, cx| Ok((freeze::freeze_own(facts, cx, id)?, ()))).unwrap();
                    held = held.or(Some(By::Payer));
                }
                Deed::ByOperator => {
                    shop.books.step(at, |facts, cx| Ok((freeze::freeze(facts, cx, id, "x")?, ()))).unwrap();
                    held = Some(By::Operator);
                }
                Deed::LiftOwn => {
                    code(&mut shop, at, CodePurpose::Unfreeze, 5);
                    let told = unfreeze_own(&mut shop, at, 5);
                    prop_assert_eq!(told.is_ok(), held != Some(By::Operator));
                    held = held.filter(|by| *by == By::Operator);
                }
                Deed::LiftByOperator => {
                    shop.books.step(at, |facts, cx| Ok((freeze::unfreeze(facts, cx, id)?, ()))).unwrap();
                    held = None;
                }
                Deed::Pay => {
                    let payment = shop.payment(&number.to_string(), 1);
                    let ask = Pay {
                        payment, payer: id, method: Method::Balance, shown: Shown::SandboxPhone, sandbox: false,
                    };
                    let at = after(1);
                    let told = shop.books.step(at, |facts, cx| steps::pay(facts, cx, &ask));
                    prop_assert_eq!(told.is_ok(), held.is_none());
                }
            }
            prop_assert_eq!(shop.books.get::<Payer>(id).frozen.map(|freeze| freeze.by), held);
        }
    }
}
