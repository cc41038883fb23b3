//! Proofs beyond the password at the cashier: asked for, given once, for one attempt, in time; and the step in which a
//! card's bank asks its holder.

use std::sync::Arc;

use axum::http::StatusCode;
use tongbao_core::{
    id::{PayerId, PaymentId},
    limits::{CHALLENGE_LIFE_MS, CODE_PAUSE_MS},
    payer::freeze,
    payment::{AttemptStatus, Proof, Proofs, Status},
};
use tongbao_engine::{
    Deliveries, Worker,
    bank::{
        Binding, Holder,
        sandbox_card::{Behaviour, CARDS},
    },
    webhook::{Policy, Sender},
};

use crate::{
    browser::{Browser, Page},
    shop::{PASSWORD, RICH, Shop, input},
};

/// More than is confirmed with the password alone.
const LARGE: i64 = 600_000;

/// A cashier at which the password was typed for a large payment, and a code is asked for.
struct Till {
    shop: Shop,
    browser: Browser,
    id: PaymentId,
    path: String,
    page: Page,
}

impl Till {
    async fn waits() -> Till {
        let shop = Shop::sandbox().await;
        let (id, path) = shop.payment_of("tea for a year", LARGE).await;
        let mut browser = shop.browser();
        let page = shop.sign_in(&mut browser, &path, RICH).await;
        let form = [("method", "balance"), ("password", PASSWORD)];
        let page = browser.submit(&page, &format!("{path}/pay"), &form).await;
        Till { shop, browser, id, path, page }
    }

    async fn submits(&mut self, form: &str, fields: &[(&str, &str)]) -> Page {
        self.browser.submit(&self.page, &format!("{}/{form}", self.path), fields).await
    }

    fn status(&self) -> (Status, AttemptStatus) {
        let payment = self.shop.read(self.id);
        (payment.status, payment.attempts[0].status)
    }
}

#[tokio::test]
async fn a_large_payment_asks_for_a_code_of_its_own_after_the_password() {
    let mut till = Till::waits().await;
    till.page.shows(&[
        "Confirm once more",
        "170****0001",
        "name=\"code\"",
        "Pay ¥6,000.00",
        "Pay another way",
    ]);
    till.page.hides(&["name=\"password\"", "name=\"method\""]);
    assert_eq!(till.status(), (Status::Open, AttemptStatus::Challenged));
    let code = till.shop.last_code();
    let wrong = if code == "000000" { "000001" } else { "000000" };
    till.submits("proof", &[("code", wrong)]).await.shows(&["Wrong code", "4 tries left", "name=\"code\""]);
    till.submits("proof", &[("code", &code)]).await.shows(&["Payment complete"]);
    let paid = till.shop.read(till.id);
    assert_eq!(paid.attempts[0].proofs, Proofs::PASSWORD.with(Proof::Code));
    let again = till.submits("proof", &[("code", &code)]).await;
    again.shows(&["Payment complete"]);
    assert_eq!(till.shop.read(till.id), paid, "a second press pays nothing");
}

#[tokio::test]
async fn a_code_that_was_sent_for_one_payment_opens_no_other() {
    let mut till = Till::waits().await;
    let code = till.shop.last_code();
    let (other, path) = till.shop.payment_of("a ring", LARGE).await;
    let page = till.browser.get(&path).await;
    let form = [("method", "balance"), ("password", PASSWORD)];
    let page = till.browser.submit(&page, &format!("{path}/pay"), &form).await;
    page.shows(&["Confirm once more", "A code was sent a moment ago"]);
    let page = till.browser.submit(&page, &format!("{path}/proof"), &[("code", &code)]).await;
    page.shows(&["Wrong code"]);
    assert_eq!(till.shop.read(other).status, Status::Open);
    till.submits("proof", &[("code", &code)]).await.shows(&["Payment complete"]);
    till.browser
        .submit(&page, &format!("{path}/proof"), &[("code", &code)])
        .await
        .shows(&["The code has expired"]);
    assert_eq!(till.shop.read(other).status, Status::Open, "a code is used once");
}

#[tokio::test]
async fn who_takes_too_long_begins_again_and_the_old_code_is_void() {
    let mut till = Till::waits().await;
    let code = till.shop.last_code();
    till.shop.engine.clock.set_ahead_s(CHALLENGE_LIFE_MS / 1_000);
    let page = till.submits("proof", &[("code", &code)]).await;
    page.shows(&["The time to confirm is over", "name=\"password\""]);
    assert_eq!(till.shop.read(till.id).status, Status::Open);
    let form = [("method", "balance"), ("password", PASSWORD)];
    till.page = till.browser.submit(&page, &format!("{}/pay", till.path), &form).await;
    till.page.shows(&["Confirm once more"]);
    till.submits("proof", &[("code", &code)]).await.shows(&["Wrong code"]);
    let fresh = till.shop.last_code();
    till.submits("proof", &[("code", &fresh)]).await.shows(&["Payment complete"]);
}

#[tokio::test]
async fn a_code_is_sent_again_after_a_pause_and_the_payment_can_be_taken_back() {
    let mut till = Till::waits().await;
    till.submits("proof/code", &[]).await.shows(&["A code was sent a moment ago"]);
    till.shop.engine.clock.set_ahead_s(CODE_PAUSE_MS / 1_000 + 1);
    till.submits("proof/code", &[]).await.hides(&["role=\"alert\""]);
    let code = till.shop.last_code();
    till.submits("proof/end", &[]).await.shows(&["Payment method", "name=\"password\""]);
    assert_eq!(till.status(), (Status::Open, AttemptStatus::Unproven));
    till.submits("proof", &[("code", &code)]).await.shows(&["The time to confirm is over"]);
    assert_eq!(till.status().0, Status::Open);
}

#[tokio::test]
async fn a_freeze_stops_a_payment_that_waits_for_its_code() {
    let mut till = Till::waits().await;
    let code = till.shop.last_code();
    let payer = till.shop.rich;
    let frozen = till.shop.engine.run(input("freeze"), move |facts, cx| freeze::freeze_own(facts, cx, payer));
    frozen.await.unwrap();
    till.submits("proof", &[("code", &code)]).await.shows(&["The account is frozen"]);
    assert_eq!(till.status(), (Status::Open, AttemptStatus::Unproven));
}

#[tokio::test]
async fn a_proof_from_elsewhere_proves_nothing() {
    let mut till = Till::waits().await;
    let code = till.shop.last_code();
    let path = till.path.clone();
    let forged = till.browser.post(&format!("{path}/proof"), &[("csrf", "AAAA"), ("code", &code)]).await;
    till.browser.follow(forged).await.shows(&["The page was open for too long"]);
    let mut stranger = till.shop.browser();
    let page = stranger.get(&path).await;
    let answer = stranger.submit(&page, &format!("{path}/proof"), &[("code", &code)]).await;
    answer.shows(&["name=\"phone\""]);
    for form in ["proof", "proof/code", "proof/end"] {
        assert_eq!(stranger.get(&format!("{path}/{form}")).await.status, StatusCode::SEE_OTHER, "{form}");
    }
    assert_eq!(till.status(), (Status::Open, AttemptStatus::Challenged));
}

async fn work(shop: &Shop) {
    let deliveries = Deliveries::new(Sender::new(Policy::LoopbackToo).unwrap(), Arc::new(|_| Vec::new()));
    Worker::new(Arc::clone(&shop.engine), deliveries).run_once().await.unwrap();
}

async fn bound(shop: &Shop, payer: PayerId, behaviour: Behaviour) -> String {
    let number = CARDS.iter().find(|card| card.behaviour == behaviour).unwrap().number;
    let text = |text: &str| text.to_owned();
    let holder = Holder::new(text(number), text("张三"), text("1"), text("2"));
    match shop.engine.bind_card(payer, holder).await.unwrap() {
        Binding::Bound(card) => card.id.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_bank_asks_the_holder_of_a_card_on_its_own_page_and_leads_back() {
    for (said, wanted, status) in [
        ("confirmed", "Payment complete", Status::Succeeded),
        ("refused", "Your bank was not told to pay", Status::Open),
    ] {
        let shop = Shop::sandbox().await;
        let card = bound(&shop, shop.rich, Behaviour::Confirms).await;
        let (id, path) = shop.payment("tea").await;
        let mut browser = shop.browser();
        let page = shop.sign_in(&mut browser, &path, RICH).await;
        let form = [("method", card.as_str()), ("password", PASSWORD)];
        let page = browser.submit(&page, &format!("{path}/pay"), &form).await;
        page.shows(&["We are asking the bank"]);
        work(&shop).await;
        let bank = shop.read(id).pending().unwrap().to_confirm().unwrap().address.clone();
        assert!(browser.get(&format!("{path}/status")).await.text().contains("must_confirm"));
        browser.get(&path).await.shows(&["Your bank asks you to confirm", &bank]);
        let stranger = shop.browser().get(&path).await;
        stranger.shows(&["We are asking the bank"]);
        stranger.hides(&[&bank]);
        let page = browser.get(&bank).await;
        page.shows(&["Confirm the payment", "128.50", "··0120"]);
        page.hides(&["620000"]);
        browser.submit(&page, &bank, &[("said", "maybe")]).await.shows(&["Confirm the payment"]);
        assert_eq!(shop.read(id).status, Status::Processing);
        browser.submit(&page, &bank, &[("said", said)]).await.shows(&[wanted]);
        assert_eq!(shop.read(id).status, status);
        browser.get(&bank).await.shows(&["The bank has its answer"]);
    }
}

#[tokio::test]
async fn only_a_payment_that_waits_for_its_holder_has_a_page_at_the_bank() {
    let shop = Shop::sandbox().await;
    let (id, _) = shop.payment("tea").await;
    let mut browser = shop.browser();
    for path in [format!("/sandbox/bank/{id}/att_01k9yq3vx2e8gtm4d6w7zr5hbn"), "/sandbox/bank/a/b".to_owned()]
    {
        assert_eq!(browser.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}
