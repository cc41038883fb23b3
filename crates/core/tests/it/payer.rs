//! Payers: what a guesser gets checked, how long a lock and a code last, one phone for each.

use proptest::{prelude::*, test_runner::Config};
use tongbao_core::{
    Refusal, Time,
    id::PayerId,
    ledger::{Account, Channel},
    limits::{CODE_LIFE_MS, CODE_PAUSE_MS, CODE_TRIES_MAX, PASSWORD_LOCK_MS, PASSWORD_TRIES_MAX},
    message::{Message, Text},
    payer::{self, CodePurpose, Payer},
    payment::{
        Method, Payment,
        steps::{self, Pay, Shown},
    },
};
use tongbao_money::Currency;

use crate::shop::{Shop, after, new_payer, yuan};

fn try_password(shop: &mut Shop, at: Time) -> Result<u8, Refusal> {
    let id = shop.payer;
    let told = shop.books.step(at, |facts, cx| {
        let (change, phc, left) = payer::try_password(facts, cx, id)?;
        Ok((change, (phc, left)))
    });
    told.map(|(phc, left)| {
        assert_eq!(phc, new_payer(1).password);
        left
    })
}

/// Pays after the password was found right.
fn pay(shop: &mut Shop, at: Time, payment: tongbao_core::id::PaymentId) -> Result<Payment, Refusal> {
    let ask =
        Pay { payment, payer: shop.payer, method: Method::Balance, shown: Shown::PASSWORD, sandbox: false };
    shop.books.step(at, |facts, cx| steps::pay_proven(facts, cx, &ask))?
}

#[test]
fn a_burst_of_guesses_gets_five_checked_before_the_lock() {
    let mut shop = Shop::open(60, 0);
    let told: Vec<_> = (0..100).map(|_| try_password(&mut shop, after(10))).collect();
    let checked: Vec<u8> = told.iter().filter_map(|told| told.clone().ok()).collect();
    assert_eq!(checked, [4, 3, 2, 1, 0]);
    let until = after(10).plus_ms(PASSWORD_LOCK_MS);
    assert!(told[5..].iter().all(|told| *told == Err(Refusal::PasswordLocked { until })));
}

#[test]
fn a_lock_ends_to_the_millisecond_and_the_count_starts_again() {
    let mut shop = Shop::open(60, 0);
    for _ in 0..PASSWORD_TRIES_MAX {
        try_password(&mut shop, after(10)).unwrap();
    }
    let until = after(10).plus_ms(PASSWORD_LOCK_MS);
    assert_eq!(try_password(&mut shop, until.plus_ms(-1)), Err(Refusal::PasswordLocked { until }));
    for left in [4, 3, 2, 1, 0] {
        assert_eq!(try_password(&mut shop, until), Ok(left));
    }
    let again = until.plus_ms(PASSWORD_LOCK_MS);
    assert_eq!(try_password(&mut shop, until), Err(Refusal::PasswordLocked { until: again }));
}

#[test]
fn a_right_password_starts_the_count_again_even_at_the_last_try() {
    for tries in 1..=PASSWORD_TRIES_MAX {
        let mut shop = Shop::open(60, 1_000);
        let payment = shop.payment("1", 100);
        for _ in 0..tries {
            try_password(&mut shop, after(10)).unwrap();
        }
        pay(&mut shop, after(11), payment).unwrap();
        let now: Payer = shop.books.get(shop.payer);
        assert_eq!((now.password_tries, now.locked_until), (0, None));
        assert_eq!(try_password(&mut shop, after(12)), Ok(4));
    }
}

#[test]
fn a_right_password_starts_the_count_again_though_the_payment_is_refused() {
    for tries in 1..=PASSWORD_TRIES_MAX {
        let mut shop = Shop::open(60, 1_000);
        let payment = shop.payment("1", 100);
        shop.close(after(5), payment).unwrap();
        for _ in 0..tries {
            try_password(&mut shop, after(10)).unwrap();
        }
        assert_eq!(pay(&mut shop, after(11), payment), Err(Refusal::PaymentClosed));
        let now: Payer = shop.books.get(shop.payer);
        assert_eq!((now.password_tries, now.locked_until), (0, None));
        assert_eq!(shop.books.get::<Payment>(payment).attempts, [], "nothing else came of it");
    }
}

#[test]
fn a_refusal_without_a_password_leaves_the_count_alone() {
    let mut shop = Shop::open(60, 1_000);
    let payment = shop.payment("1", 100);
    shop.close(after(5), payment).unwrap();
    try_password(&mut shop, after(10)).unwrap();
    let (payer, method, shown) = (shop.payer, Method::Balance, Shown::SandboxPhone);
    let ask = Pay { payment, payer, method, shown, sandbox: true };
    let told = shop.books.step(after(11), |facts, cx| steps::pay_proven(facts, cx, &ask));
    assert_eq!(told, Err(Refusal::PaymentClosed));
    assert_eq!(shop.books.get::<Payer>(shop.payer).password_tries, 1);
}

proptest! {
    #![proptest_config(Config { cases: 500, failure_persistence: None, ..Config::default() })]

    #[test]
    fn after_every_five_tries_without_a_right_one_there_is_a_lock(
        steps in prop::collection::vec((0..PASSWORD_LOCK_MS, prop::bool::weighted(0.1)), 1..60)
    ) {
        let mut shop = Shop::open(60, 0);
        let (mut at, mut checked) = (after(0), Vec::<Time>::new());
        for (wait_ms, right) in steps {
            // Mostly quick guesses, now and then a long pause.
            at = at.plus_ms(if wait_ms % 7 == 0 { wait_ms } else { wait_ms % 1_000 });
            let five = !checked.is_empty() && checked.len() % usize::from(PASSWORD_TRIES_MAX) == 0;
            let locked = five && checked.last().is_some_and(|last| at.since_ms(*last) < PASSWORD_LOCK_MS);
            let told = try_password(&mut shop, at);
            prop_assert_eq!(told.is_err(), locked, "after {} tries", checked.len());
            if told.is_ok() {
                checked.push(at);
            }
            if right && told.is_ok() {
                let id = shop.payer;
                shop.books.step(at, |facts, _| {
                    let mut change = tongbao_core::ChangeSet::default();
                    payer::password_was_right(facts, &mut change, id)?;
                    Ok((change, ()))
                }).unwrap();
                checked.clear();
            }
        }
    }
}

fn send_code(shop: &mut Shop, at: Time, digest: u8, inbox: Option<&str>) -> Result<(), Refusal> {
    let (id, inbox) = (shop.payer, inbox.map(|code| Text::SignInCode(code.to_owned())));
    shop.books.step(at, |facts, cx| {
        Ok((payer::send_code(facts, cx, (id, CodePurpose::SignIn), [digest; 32], inbox.clone())?, ()))
    })
}

fn use_code(shop: &mut Shop, at: Time, digest: u8) -> Result<bool, Refusal> {
    let id = shop.payer;
    shop.books.step(at, |facts, cx| payer::use_code(facts, cx, (id, CodePurpose::SignIn), &[digest; 32]))
}

#[test]
fn a_code_is_good_once_and_for_its_life() {
    for (wait_ms, told) in [
        (0, Ok(true)),
        (CODE_LIFE_MS - 1, Ok(true)),
        (CODE_LIFE_MS, Err(Refusal::WrongCode)),
        (CODE_LIFE_MS * 9, Err(Refusal::WrongCode)),
    ] {
        let mut shop = Shop::open(60, 0);
        assert_eq!(use_code(&mut shop, after(0), 7), Err(Refusal::WrongCode), "none was sent");
        send_code(&mut shop, after(0), 7, None).unwrap();
        assert_eq!(use_code(&mut shop, after(0).plus_ms(wait_ms), 7), told);
        assert_eq!(use_code(&mut shop, after(0).plus_ms(wait_ms), 7), Err(Refusal::WrongCode), "it was used");
    }
}

#[test]
fn a_code_is_void_after_five_wrong_guesses() {
    let mut shop = Shop::open(60, 0);
    send_code(&mut shop, after(0), 7, None).unwrap();
    for _ in 1..CODE_TRIES_MAX {
        assert_eq!(use_code(&mut shop, after(1), 8), Ok(false));
    }
    let mut fifth = shop.clone();
    assert_eq!(use_code(&mut shop, after(1), 7), Ok(true), "four wrong guesses leave it good");
    assert_eq!(use_code(&mut fifth, after(1), 8), Ok(false));
    assert_eq!(use_code(&mut fifth, after(1), 7), Err(Refusal::WrongCode));
}

#[test]
fn another_code_may_be_asked_for_after_a_pause_and_replaces_the_first() {
    let mut shop = Shop::open(60, 0);
    send_code(&mut shop, after(0), 7, None).unwrap();
    let soon = after(0).plus_ms(CODE_PAUSE_MS - 1);
    assert_eq!(send_code(&mut shop, soon, 8, None), Err(Refusal::CodeTooSoon));
    send_code(&mut shop, after(0).plus_ms(CODE_PAUSE_MS), 8, None).unwrap();
    assert_eq!(use_code(&mut shop, after(40), 7), Ok(false), "the first is replaced");
    assert_eq!(use_code(&mut shop, after(40), 8), Ok(true));
    send_code(&mut shop, after(41), 9, None).unwrap();
}

#[test]
fn a_code_is_written_to_an_inbox_only_where_there_is_one() {
    let mut shop = Shop::open(60, 0);
    send_code(&mut shop, after(0), 7, None).unwrap();
    assert_eq!(shop.books.all::<Message>().count(), 0);
    send_code(&mut shop, after(60), 7, Some("123456")).unwrap();
    let message = shop.books.all::<Message>().next().unwrap();
    assert_eq!((message.payer, &message.text), (shop.payer, &Text::SignInCode("123456".to_owned())));
}

#[test]
fn a_phone_number_has_one_payer() {
    let mut shop = Shop::open(60, 0);
    let again = shop.books.step(after(1), |facts, cx| payer::create(facts, cx, &new_payer(1)));
    assert_eq!(again.unwrap_err().param(), Some("phone"));
    shop.books.step(after(1), |facts, cx| payer::create(facts, cx, &new_payer(2))).unwrap();
    assert_eq!(shop.books.all::<Payer>().count(), 2);
}

#[test]
fn a_top_up_reaches_the_payer_and_nobody_unknown() {
    let mut shop = Shop::open(60, 250);
    let payer_has = |shop: &Shop| shop.books.balance(Account::PayerAvailable(shop.payer), Currency::CNY);
    assert_eq!(payer_has(&shop), 250);
    let stranger: PayerId = shop.books.context(after(1)).draw();
    let told = shop
        .books
        .step(after(1), |facts, _| Ok((payer::top_up(facts, stranger, Channel::SandboxBank, yuan(1))?, ())));
    assert_eq!(told, Err(Refusal::NotFound("payer")));
}

#[test]
fn nothing_secret_is_printed() {
    let mut shop = Shop::open(60, 0);
    send_code(&mut shop, after(0), 7, None).unwrap();
    let payer: Payer = shop.books.get(shop.payer);
    let app: tongbao_core::merchant::App = shop.books.get(shop.app);
    let printed = format!("{payer:?} {:?} {app:?}", payer.code);
    for secret in [payer.password.as_str(), payer.phone_sealed.as_str(), "7, 7", "\"notify\""] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
}
