//! Attempts that wait for proofs: which are needed, what they prove and for how long, and what nobody gets by them.

use proptest::{prelude::*, test_runner::Config};
use tongbao_core::{
    Refusal, Time, Work,
    event::Event,
    id::{AttemptId, CardId, PayerId, PaymentId, TypedId, WechatCombinedOrderId},
    ledger::Account,
    limits::{CHALLENGE_LIFE_MS, CHALLENGES_PER_PAYMENT_MAX, CODE_TRIES_MAX, SANDBOX_HOLDER_WAIT_MS},
    message::Text,
    payer::{
        self, CodePurpose, Payer, freeze,
        identity::{Identity, Level},
        usage::{Factors, Limit},
    },
    payment::{
        AttemptStatus, Challenge, Failure, HolderSaid, Method, Payment, Proof, Proofs, Status,
        challenge::Paying,
        machine::{self, Input},
        policy::{self, Asked, Risk},
        steps::{self, Given, Pay, Prove, Said, Shown},
    },
};
use tongbao_money::{Currency, Money};
use uuid::Uuid;

use crate::{
    payer_identity::verify,
    shop::{EXPIRES_IN_S, Shop, after, amount, new_payer, yuan},
};

/// More than is confirmed with the password alone.
const LARGE: i64 = 600_000;
const CODE: [u8; 32] = [9; 32];

fn shop() -> Shop {
    Shop::open(60, 100 * LARGE)
}

pub(crate) fn pay(
    shop: &mut Shop,
    at: Time,
    (payment, payer): (PaymentId, PayerId),
    (method, proofs): (Method, Proofs),
) -> Result<Payment, Refusal> {
    let ask = Pay { payment, payer, method, shown: Shown::Proofs(proofs), sandbox: true };
    shop.books.step(at, |facts, cx| steps::pay_proven(facts, cx, &ask))?
}

fn prove(
    shop: &mut Shop,
    at: Time,
    (payment, payer): (PaymentId, PayerId),
    (digest, given): ([u8; 32], Given),
) -> Result<Payment, Refusal> {
    let ask = Prove { payment, payer, digest, given, sandbox: true };
    shop.books.step(at, |facts, cx| steps::prove(facts, cx, &ask))?
}

fn send_code(
    shop: &mut Shop,
    at: Time,
    (payment, payer): (PaymentId, PayerId),
    digest: [u8; 32],
) -> Result<(), Refusal> {
    shop.books
        .step(at, |facts, cx| Ok((steps::send_code(facts, cx, (payment, payer, &digest), CODE, None)?, ())))
}

fn digest_of(payment: &Payment, payer: PayerId) -> [u8; 32] {
    payment.challenged(payer).unwrap().1.digest
}

/// A large payment of which the password is proven and whose code was sent.
fn waiting(shop: &mut Shop, order_no: &str, minor: i64) -> (PaymentId, [u8; 32]) {
    let (payment, payer) = (shop.payment(order_no, minor), shop.payer);
    let waits = pay(shop, after(10), (payment, payer), (Method::Balance, Proofs::PASSWORD)).unwrap();
    let digest = digest_of(&waits, payer);
    send_code(shop, after(60), (payment, payer), digest).unwrap();
    (payment, digest)
}

fn identity(level: Level) -> Identity {
    let hint = || "*".to_owned();
    Identity::Verified {
        person: TypedId::from_uuid(Uuid::nil()),
        level,
        name_hint: hint(),
        number_hint: hint(),
        at: after(0),
    }
}

#[test]
fn the_policy_at_each_edge() {
    let (one, both) = (Proofs::PASSWORD, Proofs::PASSWORD.with(Proof::Code));
    let levels = [Level::One, Level::Two, Level::Three].map(|level| Some(identity(level)));
    let [first, second, third] = levels;
    for (identity, most) in [
        (Some(Identity::Unverified), 100_000),
        (first, 100_000),
        (second, 500_000),
        (third, 500_000),
        (None, 500_000),
    ] {
        for (minor, currency, set) in [
            (1, Currency::CNY, one),
            (most, Currency::CNY, one),
            (most + 1, Currency::CNY, both),
            (most + 1, Currency::parse("USD").unwrap(), one),
        ] {
            let money = Money { amount: amount(minor), currency };
            let asked = |risk| Asked { money, identity: identity.as_ref(), risk };
            let needed = policy::needed(&asked(Risk::Silent));
            assert_eq!(needed, [set, Proofs::PASSKEY], "{identity:?} {money:?}");
            assert!(!policy::is_enough(&needed, Proofs::NONE));
            assert!(!policy::is_enough(&needed, Proofs::CODE));
            assert!(policy::is_enough(&needed, Proofs::PASSKEY));
            assert_eq!(policy::is_enough(&needed, one), set == one);
            assert_eq!(policy::needed(&asked(Risk::Code)), [both, Proofs::PASSKEY]);
            assert_eq!(policy::needed(&asked(Risk::Passkey)), [Proofs::PASSKEY]);
        }
    }
}

#[test]
fn proofs_of_one_kind_count_once() {
    for (proofs, factors) in [
        (Proofs::NONE, Factors::None),
        (Proofs::CODE, Factors::One),
        (Proofs::CODE.with(Proof::Code), Factors::One),
        (Proofs::PASSWORD, Factors::Two),
        (Proofs::PASSKEY, Factors::Two),
        (Proofs::PASSWORD.with(Proof::Code).with(Proof::Passkey), Factors::Two),
    ] {
        assert_eq!(proofs.factors(), factors, "{proofs:?}");
        let stored = serde_json::to_string(&proofs).unwrap();
        assert_eq!(serde_json::from_str::<Proofs>(&stored).unwrap(), proofs, "{stored}");
    }
    assert_eq!(serde_json::to_string(&Proofs::PASSWORD.with(Proof::Code)).unwrap(), r#"["password","code"]"#);
}

#[test]
fn a_digest_names_everything_that_is_paid() {
    let mut shop = shop();
    let id = shop.payment("1", LARGE);
    let payment: Payment = shop.books.get(id);
    let other: Payment = {
        let id = shop.payment("2", LARGE);
        shop.books.get(id)
    };
    let uuid = |number| Uuid::from_u128(number);
    let (payer, attempt) = (shop.payer, AttemptId::from_uuid(uuid(1)));
    let method = Method::Card(CardId::from_uuid(uuid(2)));
    let of = |payment, payer, method, attempt, combined| {
        Paying { payment, combined, payer, method, attempt }.digest()
    };
    let order = WechatCombinedOrderId::from_uuid(uuid(3));
    let cheaper = Payment { money: yuan(1), ..payment.clone() };
    let dollars = Payment {
        money: Money { currency: Currency::parse("USD").unwrap(), ..payment.money },
        ..payment.clone()
    };
    let renamed = Payment { order_no: "1x".to_owned(), ..payment.clone() };
    let elsewhere = Payment { merchant: TypedId::from_uuid(uuid(4)), ..payment.clone() };
    let digests = [
        of(&payment, payer, method, attempt, None),
        of(&other, payer, method, attempt, None),
        of(&cheaper, payer, method, attempt, None),
        of(&dollars, payer, method, attempt, None),
        of(&renamed, payer, method, attempt, None),
        of(&elsewhere, payer, method, attempt, None),
        of(&payment, PayerId::from_uuid(uuid(5)), method, attempt, None),
        of(&payment, payer, Method::Card(CardId::from_uuid(uuid(6))), attempt, None),
        of(&payment, payer, Method::Balance, attempt, None),
        of(&payment, payer, Method::SandboxBank, attempt, None),
        of(&payment, payer, method, AttemptId::from_uuid(uuid(7)), None),
        of(&payment, payer, method, attempt, Some((order, LARGE))),
        of(&payment, payer, method, attempt, Some((order, LARGE + 1))),
    ];
    let distinct: std::collections::BTreeSet<_> = digests.iter().collect();
    assert_eq!(distinct.len(), digests.len());
    assert_eq!(digests[0], of(&payment.clone(), payer, method, attempt, None));
}

#[test]
fn proofs_given_in_one_request_pay_in_one_step() {
    for (minor, proofs) in
        [(500_000, Proofs::PASSWORD), (LARGE, Proofs::PASSKEY), (LARGE, Proofs::PASSWORD.with(Proof::Code))]
    {
        let mut shop = shop();
        let (payment, payer) = (shop.payment("1", minor), shop.payer);
        let paid = pay(&mut shop, after(10), (payment, payer), (Method::Balance, proofs)).unwrap();
        assert_eq!((paid.status, paid.version), (Status::Succeeded, 2));
        assert_eq!((paid.attempts[0].proofs, &paid.attempts[0].challenge), (proofs, &None));
    }
}

#[test]
fn an_attempt_that_waits_moves_nothing_and_tells_nobody() {
    let mut shop = shop();
    let (payment, payer) = (shop.payment("1", LARGE), shop.payer);
    let before = (shop.books.totals(), shop.books.tasks(|_| true), shop.books.all::<Event>().count());
    let waits = pay(&mut shop, after(10), (payment, payer), (Method::Balance, Proofs::PASSWORD)).unwrap();
    assert_eq!(waits.status, Status::Open);
    assert_eq!(waits.attempts_counted(), 0);
    let (attempt, challenge) = waits.challenged(payer).unwrap();
    assert_eq!((attempt.status, attempt.proofs), (AttemptStatus::Challenged, Proofs::PASSWORD));
    assert_eq!(challenge.missing(attempt.proofs), Proofs::CODE);
    assert_eq!(challenge.expires_at, after(10).plus_ms(CHALLENGE_LIFE_MS));
    assert_eq!((shop.books.totals(), shop.books.tasks(|_| true), shop.books.all::<Event>().count()), before);
    let held = shop.books.balance(Account::PayerHeld(payer), Currency::CNY);
    assert_eq!(held, 0);
}

#[test]
fn the_last_proof_pays_in_its_own_step() {
    let mut shop = shop();
    let payer = shop.payer;
    let (payment, digest) = waiting(&mut shop, "1", LARGE);
    let paid = prove(&mut shop, after(61), (payment, payer), (digest, Given::Code(CODE))).unwrap();
    assert_eq!(paid.status, Status::Succeeded);
    assert_eq!(paid.attempts[0].proofs, Proofs::PASSWORD.with(Proof::Code));
    assert_eq!((paid.attempts[0].started_at, &paid.attempts[0].challenge), (after(61), &None));
    assert_eq!(shop.books.balance(Account::PayerAvailable(payer), Currency::CNY), 99 * LARGE);
    assert_eq!(shop.books.get::<Payer>(payer).code, None);
    let again = prove(&mut shop, after(62), (payment, payer), (digest, Given::Code(CODE)));
    assert_eq!(again, Err(Refusal::PaymentPaid));
}

#[test]
fn a_card_is_asked_only_after_the_last_proof() {
    let mut shop = shop();
    let (payment, payer) = (shop.payment("1", LARGE), shop.payer);
    let waits = pay(&mut shop, after(10), (payment, payer), (Method::SandboxBank, Proofs::NONE)).unwrap();
    let digest = digest_of(&waits, payer);
    let asks = |work| matches!(work, Work::SubmitAttempt(..) | Work::QueryAttempt(..));
    assert!(shop.books.tasks(asks).is_empty());
    let still = prove(&mut shop, after(11), (payment, payer), (digest, Given::Password)).unwrap();
    assert_eq!((still.status, still.attempts[0].status), (Status::Open, AttemptStatus::Challenged));
    let same = prove(&mut shop, after(12), (payment, payer), (digest, Given::Password)).unwrap();
    assert_eq!(same, still, "the password twice is one proof");
    send_code(&mut shop, after(13), (payment, payer), digest).unwrap();
    let on = prove(&mut shop, after(14), (payment, payer), (digest, Given::Code(CODE))).unwrap();
    assert_eq!((on.status, on.attempts[0].status), (Status::Processing, AttemptStatus::Processing));
    assert_eq!(shop.books.tasks(asks).len(), 1);
}

#[test]
fn a_proof_counts_until_the_last_millisecond_and_not_after() {
    let until = after(10).plus_ms(CHALLENGE_LIFE_MS);
    for (at, told) in [(until.plus_ms(-1), None), (until, Some(Refusal::ProofVoid))] {
        let mut shop = shop();
        let payer = shop.payer;
        let (payment, digest) = waiting(&mut shop, "1", LARGE);
        let given = prove(&mut shop, at, (payment, payer), (digest, Given::Code(CODE)));
        assert_eq!(given.err(), told);
        let sent = shop.books.get::<Payer>(payer).code_for(CodePurpose::Payment).cloned();
        assert_eq!(sent.is_some(), told.is_some(), "a code that comes too late is not looked at");
    }
    let mut shop = shop();
    let (payment, payer) = (shop.payment("1", LARGE), shop.payer);
    let at = after(EXPIRES_IN_S - 1);
    let waits = pay(&mut shop, at, (payment, payer), (Method::Balance, Proofs::PASSWORD)).unwrap();
    assert_eq!(waits.challenged(payer).unwrap().1.expires_at, after(EXPIRES_IN_S), "nor beyond the payment");
}

#[test]
fn a_proof_for_one_payment_is_worth_nothing_for_another() {
    let mut shop = shop();
    let payer = shop.payer;
    let (first, digest) = waiting(&mut shop, "1", LARGE);
    let second = shop.payment("2", LARGE + 1);
    let waits = pay(&mut shop, after(61), (second, payer), (Method::Balance, Proofs::PASSWORD)).unwrap();
    for given in [Given::Code(CODE), Given::Passkey, Given::Password] {
        let told = prove(&mut shop, after(62), (second, payer), (digest, given));
        assert_eq!(told, Err(Refusal::ProofVoid), "{given:?}");
    }
    assert_eq!(shop.books.get::<Payment>(second), waits);
    assert!(
        shop.books.get::<Payer>(payer).code_for(CodePurpose::Payment).is_some(),
        "nor is the code used up by that"
    );
    let stranger = shop.books.step(after(63), |facts, cx| payer::create(facts, cx, &new_payer(2))).unwrap();
    let told = prove(&mut shop, after(64), (first, stranger), (digest, Given::Passkey));
    assert_eq!(told, Err(Refusal::ProofVoid), "another payer proves nothing");
    assert!(prove(&mut shop, after(65), (first, payer), (digest, Given::Code(CODE))).is_ok());
}

#[test]
fn what_was_given_dies_with_its_attempt() {
    let mut shop = shop();
    let payer = shop.payer;
    let (payment, old) = waiting(&mut shop, "1", LARGE);
    let anew = pay(&mut shop, after(61), (payment, payer), (Method::Balance, Proofs::NONE)).unwrap();
    let new = digest_of(&anew, payer);
    assert_ne!(old, new);
    assert_eq!(anew.attempts.len(), 1, "the former one gave way");
    assert_eq!(anew.attempts[0].proofs, Proofs::NONE);
    let told = prove(&mut shop, after(62), (payment, payer), (old, Given::Code(CODE)));
    assert_eq!(told, Err(Refusal::ProofVoid));
    shop.books.step(after(63), |facts, cx| Ok((steps::take_back(facts, cx, payment, payer)?, ()))).unwrap();
    let told = prove(&mut shop, after(64), (payment, payer), (new, Given::Passkey));
    assert_eq!(told, Err(Refusal::ProofVoid));
    let now: Payment = shop.books.get(payment);
    assert_eq!((now.status, now.attempts[0].status), (Status::Open, AttemptStatus::Unproven));
}

#[test]
fn a_payment_that_ends_ends_what_waits() {
    let mut shop = shop();
    let payer = shop.payer;
    let (closed, digest) = waiting(&mut shop, "1", LARGE);
    shop.close(after(61), closed).unwrap();
    let told = prove(&mut shop, after(62), (closed, payer), (digest, Given::Code(CODE)));
    assert_eq!(told, Err(Refusal::PaymentClosed));
    assert_eq!(shop.books.get::<Payment>(closed).attempts[0].status, AttemptStatus::Unproven);
    let paid = shop.payment("2", LARGE);
    let waits = pay(&mut shop, after(62), (paid, payer), (Method::Balance, Proofs::PASSWORD)).unwrap();
    let digest = digest_of(&waits, payer);
    let other = shop.books.step(after(63), |facts, cx| payer::create(facts, cx, &new_payer(2))).unwrap();
    pay(&mut shop, after(64), (paid, other), (Method::SandboxBank, Proofs::PASSKEY)).unwrap();
    let told = prove(&mut shop, after(65), (paid, payer), (digest, Given::Code(CODE)));
    assert_eq!(told, Err(Refusal::PaymentProcessing), "another payer's attempt is under way");
    let attempt = shop.books.get::<Payment>(paid).pending().unwrap().id;
    let said = Said::Paid { money: yuan(LARGE), reference: Some("r".to_owned()) };
    shop.hear(after(66), (paid, attempt), None, &said).unwrap();
    let now: Payment = shop.books.get(paid);
    assert_eq!(now.attempts[0].status, AttemptStatus::Unproven);
    assert_eq!(now.paid_by().unwrap().payer, other);
}

#[test]
fn a_freeze_stops_what_waits_for_a_proof_for_good() {
    let mut shop = shop();
    let payer = shop.payer;
    let (payment, digest) = waiting(&mut shop, "1", LARGE);
    shop.books.step(after(61), |facts, cx| Ok((freeze::freeze_own(facts, cx, payer)?, ()))).unwrap();
    let told = prove(&mut shop, after(62), (payment, payer), (digest, Given::Code(CODE)));
    assert_eq!(told, Err(Refusal::PayerFrozen));
    assert_eq!(shop.books.get::<Payment>(payment).attempts[0].status, AttemptStatus::Unproven);
    shop.books.step(after(63), |facts, cx| Ok((freeze::unfreeze(facts, cx, payer)?, ()))).unwrap();
    let told = prove(&mut shop, after(64), (payment, payer), (digest, Given::Code(CODE)));
    assert_eq!(told, Err(Refusal::ProofVoid));
    let told = pay(&mut shop, after(65), (payment, payer), (Method::Balance, Proofs::PASSWORD));
    assert!(told.is_ok(), "what begins anew may go on");
}

#[test]
fn wrong_codes_are_counted_and_void_the_code() {
    let mut shop = shop();
    let payer = shop.payer;
    let (payment, digest) = waiting(&mut shop, "1", LARGE);
    for tries in 1..=CODE_TRIES_MAX {
        let told = prove(&mut shop, after(61), (payment, payer), (digest, Given::Code([1; 32])));
        assert_eq!(told, Err(Refusal::WrongCode));
        let sent = shop.books.get::<Payer>(payer).code_for(CodePurpose::Payment).cloned();
        assert_eq!(sent.unwrap().tries, tries);
    }
    let told = prove(&mut shop, after(62), (payment, payer), (digest, Given::Code(CODE)));
    assert_eq!(told, Err(Refusal::WrongCode), "even the right one");
    let other = [7; 32];
    assert_eq!(send_code(&mut shop, after(200), (payment, payer), other), Err(Refusal::ProofVoid));
    send_code(&mut shop, after(200), (payment, payer), digest).unwrap();
    assert!(prove(&mut shop, after(201), (payment, payer), (digest, Given::Code(CODE))).is_ok());
}

#[test]
fn a_right_password_starts_the_count_again_though_it_proves_nothing() {
    let mut shop = shop();
    let payer = shop.payer;
    let (payment, _) = waiting(&mut shop, "1", LARGE);
    shop.books
        .step(after(61), |facts, cx| payer::try_password(facts, cx, payer).map(|(change, _, _)| (change, ())))
        .unwrap();
    let told = prove(&mut shop, after(62), (payment, payer), ([0; 32], Given::Password));
    assert_eq!(told, Err(Refusal::ProofVoid));
    assert_eq!(shop.books.get::<Payer>(payer).password_tries, 0);
}

#[test]
fn a_limit_is_told_before_a_proof_is_asked_for_and_again_when_it_was_given() {
    let mut shop = shop();
    let payer = shop.payer;
    verify(&mut shop, after(1), payer, 7, 1).unwrap();
    let over = shop.payment("1", 100_001);
    let told = pay(&mut shop, after(10), (over, payer), (Method::Balance, Proofs::PASSWORD));
    assert_eq!(told, Err(Refusal::LimitReached { limit: Limit::Total, left: 100_000 }));
    assert_eq!(shop.books.get::<Payment>(over).attempts, []);
    verify(&mut shop, after(2), payer, 7, 3).unwrap();
    let large = shop.payment("2", 500_000);
    pay(&mut shop, after(11), (large, payer), (Method::Balance, Proofs::PASSWORD)).unwrap();
    let next = shop.payment("3", 1);
    let told = pay(&mut shop, after(12), (next, payer), (Method::Balance, Proofs::NONE));
    assert_eq!(told, Err(Refusal::LimitReached { limit: Limit::TwoFactorsPerDay, left: 0 }));
}

#[test]
fn a_limit_that_is_reached_meanwhile_ends_what_waits() {
    let mut shop = shop();
    let payer = shop.payer;
    verify(&mut shop, after(1), payer, 7, 3).unwrap();
    let (first, second) = (shop.payment("1", 300_000), shop.payment("2", 300_000));
    let waits = pay(&mut shop, after(10), (first, payer), (Method::Balance, Proofs::NONE)).unwrap();
    pay(&mut shop, after(11), (second, payer), (Method::Balance, Proofs::PASSWORD)).unwrap();
    let digest = digest_of(&waits, payer);
    let told = prove(&mut shop, after(12), (first, payer), (digest, Given::Password));
    assert_eq!(told, Err(Refusal::LimitReached { limit: Limit::TwoFactorsPerDay, left: 200_000 }));
    assert_eq!(shop.books.get::<Payment>(first).attempts[0].status, AttemptStatus::Unproven);
}

#[test]
fn a_crowd_that_proves_nothing_neither_fills_a_payment_nor_uses_up_its_attempts() {
    let mut shop = shop();
    let payment = shop.payment("1", LARGE);
    let mut crowd = Vec::new();
    for number in 0..=CHALLENGES_PER_PAYMENT_MAX {
        let new = new_payer(u8::try_from(number + 10).unwrap());
        crowd.push(shop.books.step(after(1), |facts, cx| payer::create(facts, cx, &new)).unwrap());
    }
    let (last, others) = crowd.split_last().unwrap();
    for _ in 0..3 {
        for payer in others {
            pay(&mut shop, after(10), (payment, *payer), (Method::SandboxBank, Proofs::NONE)).unwrap();
        }
    }
    assert_eq!(shop.books.get::<Payment>(payment).attempts.len(), CHALLENGES_PER_PAYMENT_MAX);
    let ask = (payment, *last);
    let told = pay(&mut shop, after(11), ask, (Method::SandboxBank, Proofs::NONE));
    assert_eq!(told, Err(Refusal::TooManyAttempts));
    let late = after(10).plus_ms(CHALLENGE_LIFE_MS);
    let now = pay(&mut shop, late, ask, (Method::SandboxBank, Proofs::NONE)).unwrap();
    assert_eq!((now.attempts.len(), now.attempts_counted()), (1, 0), "what takes no proof gave way");
    let me = shop.payer;
    let paid = pay(&mut shop, late, (payment, me), (Method::Balance, Proofs::PASSKEY)).unwrap();
    assert_eq!(paid.status, Status::Succeeded);
}

/// A payment whose bank wants the holder's word.
fn asked_by_bank(shop: &mut Shop) -> (PaymentId, AttemptId) {
    let payment = shop.payment("1", 100);
    let attempt = shop.pay(after(10), payment, Method::SandboxBank).unwrap().attempts[0].id;
    let asks = |work| matches!(work, Work::SubmitAttempt(..));
    let due = shop.books.tasks(asks)[0];
    let lease = shop.books.lease(due, after(60));
    let said = Said::MustConfirm("/bank".to_owned());
    shop.hear(after(11), (payment, attempt), Some(lease), &said).unwrap();
    (payment, attempt)
}

#[test]
fn a_banks_wish_for_the_holders_word_leaves_the_result_unknown() {
    let mut shop = shop();
    let (payment, attempt) = asked_by_bank(&mut shop);
    let now: Payment = shop.books.get(payment);
    assert_eq!(now.status, Status::Processing);
    assert_eq!(now.attempts[0].to_confirm().unwrap().address, "/bank");
    assert_eq!(shop.books.tasks(|work| matches!(work, Work::QueryAttempt(..))).len(), 1, "it is asked again");
    let elsewhere = Said::MustConfirm("/elsewhere".to_owned());
    shop.hear(after(12), (payment, attempt), None, &elsewhere).unwrap();
    assert_eq!(shop.books.get::<Payment>(payment), now, "said again it changes nothing");
    assert_eq!(shop.close(after(13), payment), Err(Refusal::PaymentProcessing));
    let paid = Said::Paid { money: yuan(100), reference: Some("r".to_owned()) };
    shop.hear(after(14), (payment, attempt), None, &paid).unwrap();
    let now: Payment = shop.books.get(payment);
    assert_eq!((now.status, now.attempts[0].to_confirm()), (Status::Succeeded, None));
    shop.hear(after(15), (payment, attempt), None, &elsewhere).unwrap();
    assert_eq!(shop.books.get::<Payment>(payment), now);
}

#[test]
fn a_holder_that_does_not_confirm_fails_the_attempt_and_the_payment_is_open_again() {
    let mut shop = shop();
    let (payment, attempt) = asked_by_bank(&mut shop);
    shop.hear(after(20), (payment, attempt), None, &Said::Failed(Failure::NotConfirmed)).unwrap();
    let now: Payment = shop.books.get(payment);
    assert_eq!((now.status, now.attempts[0].failure), (Status::Open, Some(Failure::NotConfirmed)));
}

#[test]
fn the_sandboxs_bank_remembers_the_first_answer_that_comes_in_time() {
    let answer = |shop: &mut Shop, at, which, said| {
        shop.books.step(at, |facts, cx| Ok((steps::holder_answered(facts, cx, which, said)?, ()))).unwrap();
    };
    let said = |shop: &Shop, (payment, _): (PaymentId, AttemptId)| {
        shop.books.get::<Payment>(payment).attempts[0].confirmation.as_ref().unwrap().said
    };
    let mut shop = shop();
    let which = asked_by_bank(&mut shop);
    let last = after(11).plus_ms(SANDBOX_HOLDER_WAIT_MS - 1);
    answer(&mut shop, last, which, HolderSaid::Confirmed);
    answer(&mut shop, last, which, HolderSaid::Refused);
    assert_eq!(said(&shop, which), Some(HolderSaid::Confirmed));
    let mut shop = self::shop();
    let which = asked_by_bank(&mut shop);
    answer(&mut shop, last.plus_ms(1), which, HolderSaid::Confirmed);
    assert_eq!(said(&shop, which), None);
}

#[test]
fn attempts_from_before_there_were_challenges_are_read() {
    let mut shop = shop();
    let payment = shop.payment("1", 100);
    let tried = shop.pay(after(10), payment, Method::SandboxBank).unwrap();
    let mut stored = serde_json::to_value(&tried.attempts[0]).unwrap();
    let fields = stored.as_object_mut().unwrap();
    for new in ["proofs", "challenge", "confirmation"] {
        assert!(fields.remove(new).is_none(), "{new} is not stored where there is nothing to say");
    }
    assert_eq!(serde_json::from_value::<tongbao_core::payment::Attempt>(stored).unwrap(), tried.attempts[0]);
}

/// What a payment of this status, whose only attempt has this status, says to each input about waiting.
fn told_in(status: Status, attempt: AttemptStatus) -> [String; 4] {
    let mut shop = shop();
    let id = shop.payment("1", 100);
    let tried = shop.pay(after(1), id, Method::SandboxBank).unwrap();
    let mut payment = Payment { status, ..tried };
    let known = payment.attempts[0].id;
    payment.attempts[0].status = attempt;
    let waits = Challenge { digest: [1; 32], needed: vec![Proofs::PASSWORD], expires_at: after(300) };
    payment.attempts[0].challenge = (attempt == AttemptStatus::Challenged).then(|| Box::new(waits));
    let inputs = [
        Input::Prove(known, Proof::Password),
        Input::EndChallenge(known),
        Input::MustConfirm(known, "/bank".to_owned()),
        Input::HolderAnswered(known, HolderSaid::Confirmed),
    ];
    inputs.map(|input| match machine::decide(&payment, input, after(2)) {
        Err(refusal) => refusal.code().to_owned(),
        Ok(None) => "same".to_owned(),
        Ok(Some(next)) => format!("{:?}", next.payment.attempts[0].status).to_lowercase(),
    })
}

#[test]
fn every_input_about_waiting_in_every_state() {
    use AttemptStatus::{Challenged, Failed, Processing, Returned, Succeeded, Unproven};
    for (status, attempt, told) in [
        (Status::Open, Challenged, ["processing", "unproven", "same", "same"]),
        (Status::Open, Unproven, ["proof_void", "same", "same", "same"]),
        (Status::Open, Failed, ["proof_void", "same", "same", "same"]),
        (Status::Open, Returned, ["proof_void", "same", "same", "same"]),
        (Status::Processing, Challenged, ["payment_processing", "unproven", "same", "same"]),
        (Status::Processing, Processing, ["payment_processing", "same", "processing", "same"]),
        (Status::Succeeded, Unproven, ["payment_already_paid", "same", "same", "same"]),
        (Status::Succeeded, Succeeded, ["payment_already_paid", "same", "same", "same"]),
        (Status::Succeeded, Processing, ["payment_already_paid", "same", "processing", "same"]),
        (Status::Closed, Unproven, ["payment_closed", "same", "same", "same"]),
        (Status::Closed, Failed, ["payment_closed", "same", "same", "same"]),
    ] {
        assert_eq!(told_in(status, attempt), told, "{status:?} {attempt:?}");
    }
}

/// What may happen to a payer at a till.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Begin { proofs: Proofs, by_bank: bool },
    Prove { proof: Proof, stale: bool },
    TakeBack,
    Freeze(bool),
    Close,
    BankPays,
    Wait(i64),
}

/// What somebody who knows the rules, and not the machine, expects of a payment that needs password and code, or a
/// passkey.
#[derive(Debug)]
struct Expected {
    now_s: i64,
    status: Status,
    waits: Option<(Proofs, i64)>,
    frozen: bool,
    by_balance: bool,
}

impl Expected {
    fn is_enough(proofs: Proofs) -> bool {
        proofs.has(Proof::Passkey) || (proofs.has(Proof::Password) && proofs.has(Proof::Code))
    }

    fn over(&self, open: &'static str) -> &'static str {
        match self.status {
            Status::Open => open,
            Status::Processing => "payment_processing",
            Status::Succeeded => "payment_already_paid",
            Status::Closed => "payment_closed",
        }
    }

    fn go_on(&mut self, by_bank: bool) {
        self.waits = None;
        self.status = if by_bank { Status::Processing } else { Status::Succeeded };
        self.by_balance = !by_bank;
    }

    fn begin(&mut self, proofs: Proofs, by_bank: bool) -> Result<(), &'static str> {
        if self.frozen {
            return Err("payer_frozen");
        }
        if self.status != Status::Open {
            return Err(self.over(""));
        }
        if Expected::is_enough(proofs) {
            self.go_on(by_bank);
        } else {
            self.waits = Some((proofs, (self.now_s + 300).min(EXPIRES_IN_S)));
        }
        Ok(())
    }

    fn prove(&mut self, proof: Proof, stale: bool, by_bank: bool) -> Result<(), &'static str> {
        let live = self.waits.filter(|(_, until)| self.now_s < *until && !stale);
        let Some((given, until)) = live else { return Err(self.over("proof_void")) };
        if self.frozen {
            self.waits = None;
            return Err("payer_frozen");
        }
        self.waits = Some((given.with(proof), until));
        if Expected::is_enough(given.with(proof)) {
            self.go_on(by_bank);
        }
        Ok(())
    }
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let proof = || prop::sample::select(Proof::ALL.to_vec());
    let proofs =
        prop::collection::vec(proof(), 0..2).prop_map(|proofs| proofs.into_iter().collect::<Proofs>());
    let deed = prop_oneof![
        4 => (proofs, any::<bool>()).prop_map(|(proofs, by_bank)| Deed::Begin { proofs, by_bank }),
        8 => (proof(), prop::bool::weighted(0.2)).prop_map(|(proof, stale)| Deed::Prove { proof, stale }),
        1 => Just(Deed::TakeBack),
        1 => any::<bool>().prop_map(Deed::Freeze),
        1 => Just(Deed::Close),
        2 => Just(Deed::BankPays),
        2 => (1..320_i64).prop_map(Deed::Wait),
    ];
    prop::collection::vec(deed, 1..24)
}

/// Does it to the shop and to what is expected of it, and compares what both say.
fn happens(shop: &mut Shop, payment: PaymentId, life: &mut (Expected, [u8; 32], bool), deed: Deed) {
    let payer = shop.payer;
    let (expected, digest, bank) = life;
    let at = after(expected.now_s);
    let (told, wanted) = match deed {
        Deed::Begin { proofs, by_bank } => {
            let method = if by_bank { Method::SandboxBank } else { Method::Balance };
            let told = pay(shop, at, (payment, payer), (method, proofs));
            if let Some((_, challenge)) = told.as_ref().ok().and_then(|paid| paid.challenged(payer)) {
                (*digest, *bank) = (challenge.digest, by_bank);
            }
            (told.map(drop), expected.begin(proofs, by_bank))
        }
        Deed::Prove { proof, stale } => {
            let sent = |shop: &mut Shop| {
                let (whose, inbox) = ((payer, CodePurpose::Payment), Text::SecurityCode("123456".to_owned()));
                shop.books.step(at, |facts, cx| {
                    Ok((payer::send_code(facts, cx, whose, CODE, Some(inbox.clone()))?, ()))
                })
            };
            let given = match proof {
                Proof::Password => Given::Password,
                Proof::Code => {
                    sent(shop).unwrap();
                    Given::Code(CODE)
                }
                Proof::Passkey => Given::Passkey,
            };
            let named = if stale { [0; 32] } else { *digest };
            let told = prove(shop, at, (payment, payer), (named, given)).map(drop);
            (told, expected.prove(proof, stale, *bank))
        }
        Deed::TakeBack => {
            expected.waits = None;
            (shop.books.step(at, |facts, cx| Ok((steps::take_back(facts, cx, payment, payer)?, ()))), Ok(()))
        }
        Deed::Freeze(frozen) => {
            expected.frozen = frozen;
            let told = shop.books.step(at, |facts, cx| {
                let change = if frozen {
                    freeze::freeze_own(facts, cx, payer)
                } else {
                    freeze::unfreeze(facts, cx, payer)
                };
                Ok((change?, ()))
            });
            (told, Ok(()))
        }
        Deed::Close => {
            let wanted = match expected.status {
                Status::Open | Status::Closed => {
                    (expected.status, expected.waits) = (Status::Closed, None);
                    Ok(())
                }
                Status::Processing | Status::Succeeded => Err(expected.over("")),
            };
            (shop.close(at, payment).map(drop), wanted)
        }
        Deed::BankPays => {
            let Some(attempt) = shop.books.get::<Payment>(payment).pending().map(|attempt| attempt.id) else {
                return;
            };
            (expected.status, expected.by_balance) = (Status::Succeeded, false);
            let said = Said::Paid { money: yuan(LARGE), reference: Some("r".to_owned()) };
            (shop.hear(at, (payment, attempt), None, &said), Ok(()))
        }
        Deed::Wait(_) => return,
    };
    assert_eq!(told.as_ref().map_err(Refusal::code).map(drop), wanted.map(drop), "{deed:?}");
}

proptest! {
    #![proptest_config(Config { cases: 400, failure_persistence: None, ..Config::default() })]

    #[test]
    fn any_life_of_proofs_pays_only_with_enough_of_them(deeds in deeds()) {
        let mut shop = shop();
        let (payment, payer) = (shop.payment("1", LARGE), shop.payer);
        let expected =
            Expected { now_s: 1, status: Status::Open, waits: None, frozen: false, by_balance: false };
        let mut life = (expected, [0; 32], false);
        for deed in deeds {
            // A code can be sent again after each pause.
            let passed = if let Deed::Wait(seconds) = deed { seconds } else { 31 };
            if life.0.now_s + passed >= EXPIRES_IN_S {
                break;
            }
            life.0.now_s += passed;
            happens(&mut shop, payment, &mut life, deed);
            let (now, expected): (Payment, _) = (shop.books.get(payment), &life.0);
            assert_eq!(now.status, expected.status, "{deed:?}");
            let waits = now.challenged(payer).map(|(attempt, challenge)| (attempt.proofs, challenge.expires_at));
            assert_eq!(waits, expected.waits.map(|(proofs, until)| (proofs, after(until))), "{deed:?}");
            assert!(now.attempts.iter().filter(|attempt| attempt.is_before_proof()).count() <= 1);
            let paid = if expected.by_balance { LARGE } else { 0 };
            let left = shop.books.balance(Account::PayerAvailable(payer), Currency::CNY);
            assert_eq!(left, 100 * LARGE - paid, "{deed:?}");
            let gone_on = now.attempts.iter().filter(|attempt| !attempt.is_before_proof());
            for attempt in gone_on {
                assert!(Expected::is_enough(attempt.proofs), "{attempt:?}");
            }
        }
    }
}
