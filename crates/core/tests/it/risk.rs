//! Risk control in the step: what is judged, what comes of it, and what is remembered.

use std::sync::Arc;

use tongbao_core::{
    Id, Refusal, TaskKey, Time, Work,
    id::{PayerId, PaymentId, ReviewId},
    ledger::Account,
    payer,
    payment::{
        AttemptStatus, Failure, Method, Payment, Proofs, Status,
        steps::{self, Given, Prove},
    },
    risk::{
        Decision, RiskDecision, RiskProfile,
        review::{self, Finding, REVIEW_LIFE_S, Review},
    },
    transfer::{
        Transfer,
        send::{self, NewTransfer, Way},
    },
};
use tongbao_money::Currency;
use tongbao_risk::{
    judge::Judge,
    model,
    profile::Measure,
    rule::{RuleSet, Schema, Source},
};

use crate::{
    challenges::pay,
    shop::{Shop, after, new_payer, yuan},
};

const HAS: i64 = 10_000_000;

/// Rules that are told apart by the amount, and one by what is remembered.
const RULES: &str = r#"
[[rule]]
id = "too_much"
version = 1
mode = "live"
owner = "risk"
title = { zh = "太多", en = "Too much" }
text = "when amount >= yuan(900) then block reason TOO_MUCH"
hit = [{ amount = "yuan(900)" }]
miss = [{}]

[[rule]]
id = "look"
version = 3
mode = "live"
owner = "risk"
title = { zh = "查看", en = "Look" }
text = "when amount >= yuan(500) then review reason LOOK"
hit = [{ amount = "yuan(500)" }]
miss = [{}]

[[rule]]
id = "prove"
version = 1
mode = "live"
owner = "risk"
title = { zh = "加验", en = "Prove" }
text = "when amount >= yuan(300) then challenge(code) reason PROVE"
hit = [{ amount = "yuan(300)" }]
miss = [{}]

[[rule]]
id = "often"
version = 1
mode = "live"
owner = "risk"
title = { zh = "频繁", en = "Often" }
text = "when count(payer, payee, 1h) >= 3 then block reason TOO_MUCH"
hit = [{ "count(payer, payee, 1h)" = 3 }]
miss = [{}]

[[rule]]
id = "quietly"
version = 1
mode = "shadow"
owner = "risk"
title = { zh = "影子", en = "Quietly" }
text = "when amount < yuan(2) then block reason TOO_MUCH"
hit = [{ amount = "yuan(1)" }]
miss = [{}]

[[reason]]
code = "TOO_MUCH"
payer = { zh = "请联系客服。", en = "Ask customer service." }
merchant = { zh = "付款未完成。", en = "The payment was not made." }
reviewer = { zh = "金额 {amount} 元。", en = "{amount} yuan." }

[[reason]]
code = "LOOK"
payer = { zh = "请等待。", en = "Please wait." }
merchant = { zh = "请等待。", en = "Please wait." }
reviewer = { zh = "金额 {amount} 元。", en = "{amount} yuan." }

[[reason]]
code = "PROVE"
payer = { zh = "请确认。", en = "Please confirm." }
merchant = { zh = "请等待。", en = "Please wait." }
reviewer = { zh = "金额 {amount} 元。", en = "{amount} yuan." }
"#;

fn judge() -> Judge {
    let schema = Schema::standard().unwrap();
    let rules = RuleSet::load(schema, &[Source { name: "test.toml", text: RULES }]);
    let rules = rules.unwrap_or_else(|flaws| panic!("{flaws:?}"));
    Judge::new(Some(model::shipped().unwrap()), rules).unwrap()
}

fn shop() -> Shop {
    let mut shop = Shop::open(60, HAS);
    shop.books.judge = Some(Arc::new(judge()));
    shop
}

fn by_password(shop: &mut Shop, at: Time, order_no: &str, minor: i64) -> Payment {
    let (payment, payer) = (shop.payment(order_no, minor), shop.payer);
    pay(shop, at, (payment, payer), (Method::Balance, Proofs::PASSWORD)).unwrap()
}

fn available(shop: &Shop) -> i64 {
    shop.books.balance(Account::PayerAvailable(shop.payer), Currency::CNY)
}

fn profile(shop: &Shop, of: impl Into<Id>) -> Option<RiskProfile> {
    let id = RiskProfile::id_of(of.into());
    shop.books.all::<RiskProfile>().find(|profile| profile.id == id).cloned()
}

fn review_of(shop: &Shop, payment: &Payment) -> Review {
    shop.books.get(payment.attempts.last().unwrap().review.unwrap())
}

fn timer(shop: &Shop, id: ReviewId) -> Option<TaskKey> {
    shop.books.tasks(|work| work == Work::EndReview(id)).first().copied()
}

fn decide(shop: &mut Shop, at: Time, id: ReviewId, finding: Finding) -> Result<Review, Refusal> {
    shop.books.step(at, |facts, cx| review::decide(facts, cx, id, finding, "operator one"))
}

fn again(shop: &Shop, payment: PaymentId) -> Payment {
    shop.books.get(payment)
}

#[test]
fn a_small_payment_goes_on_and_both_sides_are_remembered_in_its_step() {
    let mut shop = shop();
    let paid = by_password(&mut shop, after(10), "a", 100);
    assert_eq!(paid.status, Status::Succeeded);
    let risk = paid.attempts[0].risk.as_deref().unwrap();
    assert_eq!(risk.decision, Decision::Allow);
    assert!(risk.score.is_some() && risk.reasons.is_empty());
    let hits: Vec<_> = risk.hits.iter().map(|hit| (hit.rule.as_str(), hit.version, hit.live)).collect();
    assert_eq!(hits, [("quietly", 1, false)], "a shadow is noted and does not count");
    assert_eq!(risk.feature("amount_yuan"), Some(1.0), "{:?}", risk.features);
    let payer = profile(&shop, shop.payer).unwrap().profile;
    let merchant = profile(&shop, shop.merchant).unwrap().profile;
    let now_s = after(10).ms() / 1_000;
    assert_eq!(payer.counted(Measure::Paid).unwrap().today(now_s).count, 1);
    assert_eq!(merchant.counted(Measure::Taken).unwrap().today(now_s).minor, 100);
}

#[test]
fn without_a_judge_nothing_is_judged_and_nothing_remembered() {
    let mut shop = Shop::open(60, HAS);
    let paid = by_password(&mut shop, after(10), "a", 95_000);
    assert_eq!((paid.status, paid.attempts[0].risk.is_none()), (Status::Succeeded, true));
    assert!(profile(&shop, shop.payer).is_none());
}

#[test]
fn what_is_blocked_has_failed_moves_nothing_and_can_be_paid_another_way() {
    let mut shop = shop();
    let blocked = by_password(&mut shop, after(10), "a", 90_000);
    assert_eq!(blocked.status, Status::Open);
    assert_eq!(blocked.attempts[0].status, AttemptStatus::Failed);
    assert_eq!(blocked.attempts[0].failure, Some(Failure::Blocked));
    let risk = blocked.attempts[0].risk.as_deref().unwrap();
    assert_eq!((risk.decision, risk.code()), (Decision::Block, Some("TOO_MUCH")));
    assert!(risk.reasons[0].en.contains("900.00"), "{:?}", risk.reasons);
    assert_eq!(available(&shop), HAS);
    let payer = profile(&shop, shop.payer).unwrap().profile;
    assert!(payer.counted(Measure::Paid).is_none());
    assert_eq!(payer.counted(Measure::Failure).unwrap().today(after(10).ms() / 1_000).count, 1);
}

#[test]
fn what_was_remembered_counts_for_the_next_payment_and_only_within_its_window() {
    let mut shop = shop();
    for order_no in ["a", "b", "c"] {
        assert_eq!(by_password(&mut shop, after(10), order_no, 1_000).status, Status::Succeeded);
    }
    let fourth = by_password(&mut shop, after(11), "d", 1_000);
    assert_eq!(fourth.attempts[0].failure, Some(Failure::Blocked));
    let later = shop.payment("e", 1_000);
    let (payer, at) = (shop.payer, after(10));
    assert!(pay(&mut shop, at, (later, payer), (Method::Balance, Proofs::PASSWORD)).is_ok());
    assert_eq!(again(&shop, later).attempts[0].failure, Some(Failure::Blocked));
}

#[test]
fn a_challenge_waits_for_a_code_beside_the_password_and_pays_with_it() {
    let mut shop = shop();
    let waits = by_password(&mut shop, after(10), "a", 30_000);
    assert_eq!(waits.attempts[0].status, AttemptStatus::Challenged);
    let (_, challenge) = waits.challenged(shop.payer).unwrap();
    assert_eq!(challenge.missing(Proofs::PASSWORD), Proofs::CODE);
    assert_eq!(available(&shop), HAS);
    let ask = Prove {
        payment: waits.id,
        payer: shop.payer,
        digest: challenge.digest,
        given: Given::Passkey,
        sandbox: true,
    };
    let paid = shop.books.step(after(20), |facts, cx| steps::prove(facts, cx, &ask)).unwrap().unwrap();
    assert_eq!(paid.status, Status::Succeeded, "a passkey is stronger than a code");
    assert_eq!(
        paid.attempts[0].decision(),
        Decision::ChallengeCode,
        "what was decided stays with the attempt"
    );
}

#[test]
fn a_review_holds_the_money_until_somebody_has_looked() {
    let mut shop = shop();
    let held = by_password(&mut shop, after(10), "a", 50_000);
    assert_eq!((held.status, held.attempts[0].status), (Status::Processing, AttemptStatus::Processing));
    assert_eq!(available(&shop), HAS - 50_000);
    let review = review_of(&shop, &held);
    assert_eq!((review.reason.as_deref(), review.money), (Some("LOOK"), yuan(50_000)));
    assert!(timer(&shop, review.id).is_some());

    let ended = decide(&mut shop, after(60), review.id, Finding::Genuine).unwrap();
    assert_eq!(ended.ended.as_ref().map(|ended| ended.finding), Some(Finding::Genuine));
    assert_eq!(again(&shop, held.id).status, Status::Succeeded);
    assert_eq!(available(&shop), HAS - 50_000);
    assert!(timer(&shop, review.id).is_none());
    assert_eq!(decide(&mut shop, after(61), review.id, Finding::Genuine), Ok(ended), "said again");
    assert_eq!(decide(&mut shop, after(62), review.id, Finding::Fraud), Err(Refusal::ReviewEnded));
}

#[test]
fn a_fraud_that_a_person_finds_gives_the_money_back_and_is_remembered_of_all() {
    let mut shop = shop();
    let held = by_password(&mut shop, after(10), "a", 50_000);
    let review = review_of(&shop, &held);
    decide(&mut shop, after(60), review.id, Finding::Fraud).unwrap();
    let failed = again(&shop, held.id);
    assert_eq!((failed.status, failed.attempts[0].failure), (Status::Open, Some(Failure::Blocked)));
    assert_eq!(available(&shop), HAS);
    let now_s = after(60).ms() / 1_000;
    for of in [Id::from(shop.payer), shop.merchant.into()] {
        let profile = profile(&shop, of).unwrap().profile;
        assert_eq!(profile.counted(Measure::Fraud).unwrap().today(now_s).count, 1, "{of}");
    }
}

#[test]
fn a_review_that_nobody_ends_ends_by_itself_and_gives_the_money_back() {
    let mut shop = shop();
    let held = by_password(&mut shop, after(10), "a", 50_000);
    let review = review_of(&shop, &held);
    let key = timer(&shop, review.id).unwrap();
    let expire = |shop: &mut Shop, at| {
        shop.books.step(at, |facts, cx| Ok((review::expire(facts, cx, review.id, key)?, ())))
    };
    expire(&mut shop, after(10 + REVIEW_LIFE_S)).unwrap();
    assert_eq!(again(&shop, held.id).attempts[0].failure, Some(Failure::Blocked));
    assert_eq!(available(&shop), HAS);
    assert_eq!(expire(&mut shop, after(11 + REVIEW_LIFE_S)), Err(Refusal::LeaseLost));
    let found = review_of(&shop, &again(&shop, held.id)).ended.unwrap();
    assert_eq!((found.finding, found.by), (Finding::Overdue, None));
}

#[test]
fn only_who_has_a_name_decides_and_only_what_a_person_can_find() {
    let mut shop = shop();
    let held = by_password(&mut shop, after(10), "a", 50_000);
    let id = review_of(&shop, &held).id;
    let by = |shop: &mut Shop, by: &str, finding| {
        shop.books.step(after(20), |facts, cx| review::decide(facts, cx, id, finding, by)).unwrap_err()
    };
    assert!(matches!(by(&mut shop, " ", Finding::Genuine), Refusal::Invalid { param: "by", .. }));
    assert!(matches!(by(&mut shop, "me", Finding::Overdue), Refusal::Invalid { param: "finding", .. }));
}

fn transfer(shop: &Shop, recipient: PayerId, number: &str, minor: i64, proofs: Proofs) -> NewTransfer {
    NewTransfer {
        number: number.to_owned(),
        sender: shop.payer,
        recipient,
        money: yuan(minor),
        note: String::new(),
        way: Way::AtOnce,
        collection: None,
        proofs,
    }
}

fn send(shop: &mut Shop, at: Time, new: &NewTransfer) -> Result<Transfer, Refusal> {
    shop.books.step(at, |facts, cx| send::send_proven(facts, cx, new)).unwrap()
}

#[test]
fn a_transfer_is_judged_and_what_was_decided_stays_also_where_it_was_refused() {
    let mut shop = shop();
    let recipient = shop.books.step(after(0), |facts, cx| payer::create(facts, cx, &new_payer(2))).unwrap();
    for (number, minor, proofs, told) in [
        ("blocked", 90_000, Proofs::PASSWORD, Some(Refusal::Blocked)),
        ("looked at", 50_000, Proofs::PASSKEY, Some(Refusal::Blocked)),
        ("to be proven", 30_000, Proofs::PASSWORD, Some(Refusal::PasskeyNeeded)),
        ("proven", 30_000, Proofs::PASSKEY, None),
        ("small", 1_000, Proofs::PASSWORD, None),
    ] {
        let number = number.replace(' ', "_");
        let new = transfer(&shop, recipient, &number, minor, proofs);
        let sent = send(&mut shop, after(10), &new);
        assert_eq!(sent.as_ref().err(), told.as_ref(), "{number}");
        let decisions: Vec<_> =
            shop.books.all::<RiskDecision>().filter(|decision| decision.number == number).collect();
        assert_eq!(decisions.len(), 1, "{number}");
        assert_eq!(decisions[0].refused, told.is_some(), "{number}");
        if let Ok(sent) = sent {
            assert_eq!(send(&mut shop, after(11), &new), Ok(sent), "asked for again, it is not judged again");
        }
    }
    assert_eq!(shop.books.all::<RiskDecision>().count(), 5);
    assert_eq!(available(&shop), HAS - 31_000);
    let now_s = after(10).ms() / 1_000;
    let received = profile(&shop, recipient).unwrap().profile;
    assert_eq!(received.counted(Measure::Inflow).unwrap().today(now_s).minor, 31_000);
}
