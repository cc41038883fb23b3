//! Utility payments over HTTP: what is due, paid once, sent back, and what nobody else sees or changes.

use std::sync::Arc;

use axum::http::StatusCode;
use tongbao_core::{
    List,
    facts::Entity,
    ledger::Account,
    limits::BILLER_LOOK_UPS_PER_DAY_MAX,
    payer::{Payer, freeze},
    utility::UtilityPayment,
};
use tongbao_engine::{
    Deliveries, Mode, Worker,
    utility::OFFER_LIFE_MS,
    webhook::{Policy, Sender},
};
use tongbao_money::Currency;
use tongbao_store::Query;

use crate::{
    browser::{Browser, Page},
    shop::{BASE, PASSWORD, POOR, RICH, Shop, input},
};

const START: &str = "/wallet/utilities";
const OFFER: &str = "/wallet/utilities/offer";
const WATER: &str = "sandbox_water";
/// What the sandbox's accounts owe.
const WELL: (&str, i64) = ("1000000001", 8_650);
const REFUSED: (&str, i64) = ("1000000003", 4_520);
const LATE: (&str, i64) = ("1000000004", 13_280);

async fn signed_in(shop: &Shop, phone: &str) -> Browser {
    let mut browser = shop.browser();
    let page = browser.get("/wallet/sign-in").await;
    let page = browser.submit(&page, "/wallet/sign-in/code", &[("phone", phone)]).await;
    let code = shop.last_code();
    browser.submit(&page, "/wallet/sign-in/session", &[("phone", phone), ("code", &code)]).await;
    assert!(browser.has("tongbao_wallet"));
    browser
}

async fn asked(browser: &mut Browser, account: &str) -> Page {
    let page = browser.get(START).await;
    browser.submit(&page, START, &[("biller", WATER), ("account", account)]).await
}

/// The sealed offer on a page.
fn offer(page: &Page) -> String {
    let text = page.text();
    text.split("name=\"d\" value=\"").nth(1).expect("an offer").split('"').next().unwrap().to_owned()
}

async fn paid(browser: &mut Browser, page: &Page, password: &str) -> Page {
    let offer = offer(page);
    browser.submit(page, OFFER, &[("d", &offer), ("password", password)]).await
}

async fn work(shop: &Shop) {
    let deliveries = Deliveries::new(Sender::new(Policy::LoopbackToo).unwrap(), Arc::new(|_| Vec::new()));
    Worker::new(Arc::clone(&shop.engine), deliveries).run_once().await.unwrap();
}

fn balance(shop: &Shop, account: Account) -> i64 {
    shop.engine.store.account(account.of(Currency::CNY)).unwrap().balance()
}

fn payments(shop: &Shop) -> Vec<UtilityPayment> {
    let list = List::UtilityPaymentsOf(shop.rich);
    let query = Query::List { list, after: None, newest_first: true, limit: 100 };
    shop.engine.store.records(query).unwrap().iter().filter_map(UtilityPayment::of).cloned().collect()
}

#[tokio::test]
async fn what_is_due_is_paid_once_however_often_the_form_is_sent() {
    let shop = Shop::sandbox().await;
    let mut browser = signed_in(&shop, RICH).await;
    let page = asked(&mut browser, " 1000 0000 01 ").await;
    page.shows(&["86.50", "1000000001", "*测试", "2026-10", "Sandbox Water", "Pay ¥86.50"]);
    let shown = paid(&mut browser, &page, PASSWORD).await;
    shown.shows(&["Waiting for the biller", "http-equiv=\"refresh\"", "86.50", "****0001"]);
    shown.hides(&["1000000001"]);
    paid(&mut browser, &page, PASSWORD).await.shows(&["Waiting for the biller"]);
    assert_eq!(payments(&shop).len(), 1);
    assert_eq!(balance(&shop, Account::PayerAvailable(shop.rich)), 1_000_000 - WELL.1);
    work(&shop).await;
    let path = format!("{START}/{}", payments(&shop)[0].id);
    let done = browser.get(&path).await;
    done.shows(&["Paid", "Booked by the biller", "sandbox-biller/utp_", "Print or save as PDF"]);
    done.hides(&["http-equiv=\"refresh\"", "1000000001"]);
    assert_eq!(balance(&shop, Account::BillersClearing), WELL.1);
    browser.get("/wallet/bills").await.shows(&["Sandbox Water", &path]);
    browser.get("/wallet/bills?kind=utility").await.shows(&["Sandbox Water"]);
    browser.get("/wallet/messages").await.shows(&["Sandbox Water has your"]);
    // The account is offered again, without its number.
    let start = browser.get(START).await;
    start.shows(&["Paid before", "****0001"]);
    start.hides(&["value=\"1000000001\""]);
    let id = payments(&shop)[0].id.to_string();
    browser.submit(&start, START, &[("again", &id)]).await.shows(&["1000000001", "86.50"]);
}

#[tokio::test]
async fn what_a_biller_refuses_is_back_in_the_balance_and_the_page_says_why() {
    let shop = Shop::sandbox().await;
    let mut browser = signed_in(&shop, RICH).await;
    let page = asked(&mut browser, REFUSED.0).await;
    paid(&mut browser, &page, PASSWORD).await;
    assert_eq!(balance(&shop, Account::UtilitiesInFlight), REFUSED.1);
    work(&shop).await;
    let path = format!("{START}/{}", payments(&shop)[0].id);
    browser.get(&path).await.shows(&["Not paid", "The biller said no", "back in your balance"]);
    assert_eq!(balance(&shop, Account::PayerAvailable(shop.rich)), 1_000_000);
    browser.get("/wallet/bills?kind=utility").await.shows(&["Sandbox Water", "+"]);
    browser.get("/wallet/messages").await.shows(&["did not take your"]);
}

#[tokio::test]
async fn a_biller_that_answers_late_is_asked_again_and_the_page_waits() {
    let shop = Shop::sandbox().await;
    let mut browser = signed_in(&shop, RICH).await;
    let page = asked(&mut browser, LATE.0).await;
    paid(&mut browser, &page, PASSWORD).await;
    let path = format!("{START}/{}", payments(&shop)[0].id);
    work(&shop).await;
    browser.get(&path).await.shows(&["Waiting for the biller"]);
    shop.engine.clock.set_ahead_s(10);
    work(&shop).await;
    browser.get(&path).await.shows(&["Booked by the biller"]);
    assert_eq!(balance(&shop, Account::BillersClearing), LATE.1);
}

#[tokio::test]
async fn what_cannot_be_looked_up_or_paid_is_said_in_plain_words() {
    let shop = Shop::sandbox().await;
    let mut browser = signed_in(&shop, RICH).await;
    for (account, told) in [
        ("1000000002", "Nothing is due on this account"),
        ("1000000006", "The biller did not answer"),
        ("1000000099", "There is no such account"),
        ("", "There is no such account"),
        ("<script>", "There is no such account"),
        ("1".repeat(500).as_str(), "There is no such account"),
    ] {
        asked(&mut browser, account).await.shows(&[told]);
    }
    let page = browser.get(START).await;
    let fields = [("biller", "another"), ("account", WELL.0)];
    browser.submit(&page, START, &fields).await.shows(&["There is no such account"]);
    let page = asked(&mut browser, WELL.0).await;
    paid(&mut browser, &page, "12").await.shows(&["The payment password is six digits", "86.50"]);
    paid(&mut browser, &page, "000000").await.shows(&["Wrong payment password", "4 tries left"]);
    let id = shop.rich;
    shop.engine.run(input("freeze"), move |facts, cx| freeze::freeze_own(facts, cx, id)).await.unwrap();
    paid(&mut browser, &page, PASSWORD).await.shows(&["Your account is frozen", "Nothing was paid"]);
    let mut poor = signed_in(&shop, POOR).await;
    let page = asked(&mut poor, WELL.0).await;
    page.shows(&["Your balance does not cover this", "/wallet/top-up"]);
    page.hides(&["name=\"password\""]);
    assert!(payments(&shop).is_empty());
}

#[tokio::test]
async fn an_offer_is_its_payers_for_a_quarter_of_an_hour_and_cannot_be_changed() {
    let shop = Shop::sandbox().await;
    let mut rich = signed_in(&shop, RICH).await;
    let page = asked(&mut rich, WELL.0).await;
    let sealed = offer(&page);
    let expired = "The page was open for too long";
    for broken in ["", "x", &sealed[1..]] {
        rich.submit(&page, OFFER, &[("d", broken), ("password", PASSWORD)]).await.shows(&[expired]);
    }
    let mut poor = signed_in(&shop, POOR).await;
    let own = poor.get(START).await;
    poor.submit(&own, OFFER, &[("d", &sealed), ("password", PASSWORD)]).await.shows(&[expired]);
    let answer = poor.get(&format!("{OFFER}?d={sealed}")).await;
    poor.follow(answer).await.shows(&[expired]);
    for csrf in ["", "x", own.token().as_str()] {
        let fields = [("d", sealed.as_str()), ("password", PASSWORD), ("csrf", csrf)];
        assert_eq!(rich.post(OFFER, &fields).await.status, StatusCode::SEE_OTHER);
    }
    let tries = shop.engine.store.get::<Payer>(shop.rich).unwrap().unwrap().password_tries;
    assert_eq!((payments(&shop).len(), tries), (0, 0), "a forged form tries no password");
    shop.engine.clock.set_ahead_s(OFFER_LIFE_MS / 1_000);
    paid(&mut rich, &page, PASSWORD).await.shows(&[expired]);
    assert!(payments(&shop).is_empty());
}

#[tokio::test]
async fn nobody_sees_what_another_has_paid_or_uses_its_account() {
    let shop = Shop::sandbox().await;
    let mut rich = signed_in(&shop, RICH).await;
    let page = asked(&mut rich, WELL.0).await;
    paid(&mut rich, &page, PASSWORD).await;
    let id = payments(&shop)[0].id.to_string();
    let mut poor = signed_in(&shop, POOR).await;
    for path in [format!("{START}/{id}"), format!("{START}/utp_x"), format!("{START}/{}", shop.rich)] {
        assert_eq!(poor.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let own = poor.get(START).await;
    own.hides(&["Paid before"]);
    let fields = [("again", id.as_str()), ("csrf", &own.token())];
    assert_eq!(poor.post(START, &fields).await.status, StatusCode::NOT_FOUND);
    for path in [START, OFFER, &format!("{START}/{id}")] {
        let answer = shop.browser().get(path).await;
        assert!(answer.header("location").starts_with("/wallet/sign-in"), "{path}");
    }
}

#[tokio::test]
async fn accounts_cannot_be_tried_out() {
    let shop = Shop::sandbox().await;
    let mut browser = signed_in(&shop, RICH).await;
    let page = browser.get(START).await;
    let mut look =
        async |number: &str| browser.submit(&page, START, &[("biller", WATER), ("account", number)]).await;
    for count in 0..BILLER_LOOK_UPS_PER_DAY_MAX {
        look(&format!("20000000{count:02}")).await.shows(&["There is no such account"]);
    }
    look(WELL.0).await.shows(&["No more accounts can be looked up today"]);
}

#[tokio::test]
async fn production_has_no_billers_yet_and_says_so() {
    let shop = Shop::open(Mode::Production, BASE).await;
    assert!(shop.engine.billers().await.is_empty());
}
