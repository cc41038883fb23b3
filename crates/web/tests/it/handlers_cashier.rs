//! A payer's way through the cashier.

use axum::http::StatusCode;
use tongbao_core::{
    Actor,
    id::PaymentId,
    payer::Payer,
    payment::{
        Failure, Method, Status,
        steps::{self, Said},
    },
    sandbox::{self, Fault, WaitingFault},
};
use tongbao_engine::{Input, Mode};

use crate::{
    browser::{Browser, Page},
    shop::{BASE, PASSWORD, POOR, RICH, Shop, fen},
};

async fn pay(browser: &mut Browser, page: &Page, path: &str, method: &str, password: &str) -> Page {
    browser.submit(page, &format!("{path}/pay"), &[("method", method), ("password", password)]).await
}

async fn arm(shop: &Shop, fault: Fault) {
    let input = Input { actor: Actor::Developer, name: "arm_fault" };
    let waiting = WaitingFault { payer: None, fault };
    shop.engine.step(input, move |facts, cx| sandbox::arm_fault(facts, cx, waiting)).await.unwrap();
}

/// The bank answers the attempt that waits.
async fn hear(shop: &Shop, id: PaymentId, said: Said) {
    let attempt = shop.read(id).pending().unwrap().id;
    let input = Input { actor: Actor::Worker, name: "hear_attempt" };
    let hear = move |facts: &dyn tongbao_core::Facts, cx: &mut tongbao_core::Context| {
        steps::hear(facts, cx, (id, attempt), None, &said)
    };
    shop.engine.run(input, hear).await.unwrap();
}

#[tokio::test]
async fn a_payer_signs_in_confirms_and_sees_the_result() {
    let shop = Shop::sandbox().await;
    let (id, path) = shop.payment("两盒茶叶").await;
    let mut browser = shop.browser();
    let page = browser.get(&path).await;
    assert_eq!(page.status, StatusCode::OK);
    page.shows(&["沙箱茶馆", "两盒茶叶", "128.50", "name=\"phone\"", "role=\"timer\"", "no real money"]);
    let page = browser.submit(&page, &format!("{path}/code"), &[("phone", "170 0000 0001")]).await;
    page.shows(&["We sent a code to 17000000001", "name=\"code\"", "/sandbox/inbox"]);
    let code = shop.last_code();
    let page = browser.submit(&page, &format!("{path}/session"), &[("phone", RICH), ("code", &code)]).await;
    page.shows(&["170****0001", "Pay ¥128.50", "¥10,000.00", "Sandbox bank", "value=\"balance\" checked"]);
    assert!(!browser.has("tongbao_sign_in"), "the phone number is forgotten once it served");
    let page = pay(&mut browser, &page, &path, "balance", PASSWORD).await;
    page.shows(&["Payment complete", "Balance", "https://shop.example/orders/1"]);
    page.hides(&["role=\"alert\"", "<form"]);
    let payment = shop.read(id);
    assert_eq!((payment.status, payment.paid_by().unwrap().payer), (Status::Succeeded, shop.rich));
    let status = browser.get(&format!("{path}/status")).await;
    assert_eq!(status.text(), "{\"status\":\"succeeded\"}");
    shop.browser().get(&path).await.hides(&["<dd>Balance</dd>"]);
}

#[tokio::test]
async fn the_same_session_pays_another_payment() {
    let shop = Shop::sandbox().await;
    let (_, first) = shop.payment("tea").await;
    let (id, second) = shop.payment("cup").await;
    let mut browser = shop.browser();
    shop.sign_in(&mut browser, &first, RICH).await;
    let page = browser.get(&second).await;
    page.shows(&["170****0001"]);
    pay(&mut browser, &page, &second, "balance", PASSWORD).await.shows(&["Payment complete"]);
    assert_eq!(shop.read(id).status, Status::Succeeded);
}

#[tokio::test]
async fn five_wrong_passwords_lock_and_a_right_one_does_not_help_until_the_lock_ends() {
    let shop = Shop::sandbox().await;
    let (id, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    let mut page = shop.sign_in(&mut browser, &path, RICH).await;
    for left in ["4 tries left", "3 tries left", "2 tries left", "1 try left"] {
        page = pay(&mut browser, &page, &path, "balance", "000000").await;
        page.shows(&["Wrong payment password", left]);
    }
    page = pay(&mut browser, &page, &path, "balance", "000000").await;
    page.shows(&["Payment password locked", "Try again after"]);
    page = pay(&mut browser, &page, &path, "balance", PASSWORD).await;
    page.shows(&["Payment password locked"]);
    assert_eq!(shop.read(id).status, Status::Open);
    assert!(shop.read(id).attempts.is_empty());

    // Three hours later both the session and this payment are over; the payer pays a new one.
    shop.engine.clock.set_ahead_s(3 * 3_600 + 1);
    let (id, path) = shop.payment("tea").await;
    let page = shop.sign_in(&mut browser, &path, RICH).await;
    pay(&mut browser, &page, &path, "balance", PASSWORD).await.shows(&["Payment complete"]);
    assert_eq!(shop.read(id).status, Status::Succeeded);
}

#[tokio::test]
async fn a_malformed_password_costs_no_try() {
    let shop = Shop::sandbox().await;
    let (_, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    let page = shop.sign_in(&mut browser, &path, RICH).await;
    for password in ["", "12345", "1234567", "12345x", "１１１１１１"] {
        pay(&mut browser, &page, &path, "balance", password).await.shows(&["six digits"]);
    }
    pay(&mut browser, &page, &path, "balance", "000000").await.shows(&["4 tries left"]);
}

#[tokio::test]
async fn the_method_chosen_stays_chosen_after_a_wrong_password() {
    let shop = Shop::sandbox().await;
    let (_, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    let page = shop.sign_in(&mut browser, &path, RICH).await;
    let page = pay(&mut browser, &page, &path, "sandbox_bank", "000000").await;
    page.shows(&["value=\"sandbox_bank\" checked", "Wrong payment password"]);
    page.hides(&["value=\"balance\" checked"]);
}

#[tokio::test]
async fn a_payer_with_too_little_is_told_and_no_try_is_counted() {
    let shop = Shop::sandbox().await;
    let (id, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    let page = shop.sign_in(&mut browser, &path, POOR).await;
    page.shows(&["value=\"balance\" disabled", "Not enough balance", "value=\"sandbox_bank\" checked"]);
    page.hides(&["role=\"alert\""]);
    let page = pay(&mut browser, &page, &path, "balance", PASSWORD).await;
    page.shows(&["role=\"alert\"", "¥127.50 is missing"]);
    assert!(shop.read(id).attempts.is_empty());
    pay(&mut browser, &page, &path, "sandbox_bank", "000000").await.shows(&["4 tries left"]);
}

#[tokio::test]
async fn an_unknown_method_is_refused() {
    let shop = Shop::sandbox().await;
    let (_, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    let page = shop.sign_in(&mut browser, &path, RICH).await;
    pay(&mut browser, &page, &path, "gold", PASSWORD).await.shows(&["This method cannot be used now"]);
}

#[tokio::test]
async fn a_bank_is_waited_for_and_its_refusal_is_told_when_it_comes() {
    let shop = Shop::sandbox().await;
    let (id, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    let page = shop.sign_in(&mut browser, &path, RICH).await;
    let page = pay(&mut browser, &page, &path, "sandbox_bank", PASSWORD).await;
    page.shows(&["We are asking the bank", &format!("data-status=\"{path}/status\"")]);
    assert_eq!(browser.get(&format!("{path}/status")).await.text(), "{\"status\":\"processing\"}");
    hear(&shop, id, Said::Failed(Failure::Declined)).await;
    let page = browser.get(&path).await;
    page.shows(&["The payment was declined", "Pay ¥128.50"]);
    let page = pay(&mut browser, &page, &path, "sandbox_bank", PASSWORD).await;
    page.shows(&["We are asking the bank"]);
    hear(&shop, id, Said::Paid { money: fen(12_850), reference: Some("bank/1".into()) }).await;
    browser.get(&path).await.shows(&["Payment complete", "Sandbox bank"]);
}

#[tokio::test]
async fn a_fault_of_the_sandbox_reaches_the_page() {
    let shop = Shop::sandbox().await;
    let (id, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    let page = shop.sign_in(&mut browser, &path, RICH).await;
    arm(&shop, Fault::InsufficientBalance).await;
    let page = pay(&mut browser, &page, &path, "balance", PASSWORD).await;
    page.shows(&["Not enough balance", "¥128.50 is missing"]);
    arm(&shop, Fault::ResultLate).await;
    let page = pay(&mut browser, &page, &path, "balance", PASSWORD).await;
    page.shows(&["We are asking the bank"]);
    assert_eq!(shop.read(id).status, Status::Processing);
}

#[tokio::test]
async fn who_presses_twice_sees_the_result_and_another_payer_that_it_is_paid() {
    let shop = Shop::sandbox().await;
    let (_, path) = shop.payment("tea").await;
    let (mut first, mut second) = (shop.browser(), shop.browser());
    let page = shop.sign_in(&mut first, &path, RICH).await;
    let other = shop.sign_in(&mut second, &path, POOR).await;
    pay(&mut first, &page, &path, "balance", PASSWORD).await.shows(&["Payment complete"]);
    let again = pay(&mut first, &page, &path, "balance", PASSWORD).await;
    again.shows(&["Payment complete"]);
    again.hides(&["role=\"alert\""]);
    let late = pay(&mut second, &other, &path, "sandbox_bank", PASSWORD).await;
    late.shows(&["Payment complete", "This order is already paid"]);
}

#[tokio::test]
async fn two_presses_at_once_pay_once() {
    let shop = Shop::sandbox().await;
    let (id, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    let page = shop.sign_in(&mut browser, &path, RICH).await;
    let mut other = browser.clone();
    let (first, second) = tokio::join!(
        pay(&mut browser, &page, &path, "balance", PASSWORD),
        pay(&mut other, &page, &path, "balance", PASSWORD),
    );
    for page in [first, second] {
        page.shows(&["Payment complete"]);
        page.hides(&["role=\"alert\""]);
    }
    assert_eq!(shop.read(id).attempts.iter().filter(|attempt| attempt.method == Method::Balance).count(), 1);
    let balance = shop
        .engine
        .store
        .account(tongbao_core::ledger::Account::PayerAvailable(shop.rich).of(tongbao_money::Currency::CNY));
    assert_eq!(balance.unwrap().balance(), 1_000_000 - 12_850);
}

#[tokio::test]
async fn a_payment_whose_time_is_over_says_so_before_its_timer_runs() {
    let shop = Shop::sandbox().await;
    let (id, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    let page = shop.sign_in(&mut browser, &path, RICH).await;
    shop.engine.clock.set_ahead_s(901);
    assert_eq!(shop.read(id).status, Status::Open);
    let late = pay(&mut browser, &page, &path, "balance", PASSWORD).await;
    late.shows(&["This payment has expired"]);
    late.hides(&["<form", "role=\"alert\""]);
    assert_eq!(browser.get(&format!("{path}/status")).await.text(), "{\"status\":\"closed\"}");
    assert!(shop.read(id).attempts.is_empty());
}

#[tokio::test]
async fn a_session_ends_after_half_an_hour() {
    let shop = Shop::sandbox().await;
    let (_, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    shop.sign_in(&mut browser, &path, RICH).await;
    shop.engine.clock.set_ahead_s(1_801);
    let (_, path) = shop.payment("cup").await;
    let page = browser.get(&path).await;
    page.shows(&["name=\"phone\""]);
    let page = pay(&mut browser, &page, &path, "balance", PASSWORD).await;
    page.shows(&["You have been signed out", "name=\"phone\""]);
}

#[tokio::test]
async fn production_says_that_no_code_can_be_sent_and_offers_no_sandbox_bank() {
    let shop = Shop::open(Mode::Production, "https://pay.example").await;
    let (_, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    for phone in [RICH, "17099999999"] {
        let page = browser.get(&path).await;
        page.hides(&["no real money", "Sandbox"]);
        let page = browser.submit(&page, &format!("{path}/code"), &[("phone", phone)]).await;
        page.shows(&["Busy right now", "id=\"phone\""]);
    }
    assert!(shop.messages().is_empty());
}

#[tokio::test]
async fn what_is_no_payment_is_not_found_in_words() {
    let shop = Shop::sandbox().await;
    let mut browser = shop.browser();
    for path in [
        "/cashier/pay_01k9yq3vx2e8gtm4d6w7zr5hbn",
        "/cashier/x",
        "/cashier/pay_01k9yq3vx2e8gtm4d6w7zr5hbn/status",
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        page.shows(&["Nothing here", "Request req_"]);
    }
    let page = browser.post("/cashier/x/pay", &[]).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_form_opened_as_a_page_leads_back_to_the_cashier() {
    let shop = Shop::sandbox().await;
    let (_, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    for form in ["code", "session", "session/end", "pay"] {
        let answer = browser.get(&format!("{path}/{form}?lang=zh")).await;
        assert_eq!(answer.header("location"), format!("{path}?lang=zh"));
    }
}

#[tokio::test]
async fn choices_of_the_reader_survive_forms() {
    let shop = Shop::sandbox().await;
    let (_, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    let page = browser.get(&format!("{path}?lang=zh&text=large")).await;
    page.shows(&[
        "<html lang=\"zh-CN\" class=\"large\">",
        &format!("action=\"{path}/code?lang=zh&#38;text=large\""),
    ]);
    assert_eq!(page.header("content-language"), "zh-CN");
    let page = browser.submit(&page, &format!("{path}/code?lang=zh&text=large"), &[("phone", "1")]).await;
    page.shows(&["手机号格式不正确", "class=\"large\""]);
    page.shows(&[BASE.trim_start_matches("http://")].map(|_| "<svg"));
}

#[tokio::test]
async fn a_lock_is_told_on_every_cashier_and_an_old_notice_on_no_result() {
    let shop = Shop::sandbox().await;
    let (_, path) = shop.payment("tea").await;
    let (id, other) = shop.payment("cup").await;
    let mut browser = shop.browser();
    let page = shop.sign_in(&mut browser, &path, RICH).await;
    for _ in 0..5 {
        pay(&mut browser, &page, &path, "balance", "000000").await;
    }
    browser.get(&other).await.shows(&["Payment password locked"]);
    let token = browser.get(&other).await.token();
    let answer = browser.post(&format!("{other}/pay"), &[("csrf", &token), ("method", "gold")]).await;
    let told = answer.header("location").to_owned();
    browser.get(&told).await.shows(&["This method cannot be used now"]);
    let ask = steps::Pay {
        payment: id,
        payer: shop.poor,
        method: Method::SandboxBank,
        shown: steps::Shown::SandboxPhone,
        sandbox: true,
    };
    let input = Input { actor: Actor::Developer, name: "pay_payment" };
    shop.engine.step(input, move |facts, cx| steps::pay(facts, cx, &ask)).await.unwrap();
    hear(&shop, id, Said::Paid { money: fen(12_850), reference: Some("bank/1".into()) }).await;
    let page = browser.get(&told).await;
    page.shows(&["Payment complete"]);
    page.hides(&["role=\"alert\""]);
}

#[tokio::test]
async fn a_right_password_is_uncounted_though_another_payer_was_first() {
    let shop = Shop::sandbox().await;
    let (id, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    let page = shop.sign_in(&mut browser, &path, RICH).await;
    pay(&mut browser, &page, &path, "balance", "000000").await.shows(&["4 tries"]);
    let ask = steps::Pay {
        payment: id,
        payer: shop.poor,
        method: Method::SandboxBank,
        shown: steps::Shown::SandboxPhone,
        sandbox: true,
    };
    let input = Input { actor: Actor::Developer, name: "pay_payment" };
    // While the password is checked, the other payer begins an attempt.
    let (page, other) = tokio::join!(
        pay(&mut browser, &page, &path, "balance", PASSWORD),
        shop.engine.step(input, move |facts, cx| steps::pay(facts, cx, &ask))
    );
    assert_eq!(other.unwrap().pending().map(|attempt| attempt.payer), Some(shop.poor));
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(shop.read(id).attempts.len(), 1, "this payer's attempt was refused");
    let payer = shop.engine.store.get::<Payer>(shop.rich).unwrap().unwrap();
    assert_eq!((payer.password_tries, payer.locked_until), (0, None));
}

#[tokio::test]
async fn after_twenty_attempts_the_page_says_that_a_new_order_is_needed() {
    let shop = Shop::sandbox().await;
    let (id, path) = shop.payment("tea").await;
    let ask = steps::Pay {
        payment: id,
        payer: shop.poor,
        method: Method::Balance,
        shown: steps::Shown::SandboxPhone,
        sandbox: true,
    };
    for _ in 0..20 {
        let input = Input { actor: Actor::Developer, name: "pay_payment" };
        shop.engine.step(input, move |facts, cx| steps::pay(facts, cx, &ask)).await.unwrap();
    }
    let mut browser = shop.browser();
    let page = shop.sign_in(&mut browser, &path, RICH).await;
    page.shows(&["This order was tried too often", "No payment method can be used right now"]);
    page.hides(&["name=\"password\""]);
    pay(&mut browser, &page, &path, "balance", PASSWORD).await.shows(&["This method cannot be used now"]);
    assert_eq!(shop.read(id).attempts.len(), 20);
}
