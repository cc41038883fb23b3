//! Cards, top-up and withdrawal in a real browser of a phone's size: a card is bound, the balance topped up, an order
//! paid by card, and a withdrawal comes back from the bank a day later.

use serde_json::json;

use crate::{
    browser::{Driver, open, program},
    person::{Person, text},
    process::Sandbox,
};

/// The sandbox's card to which withdrawals are paid and from which they come back.
const CARD: &str = "6200 0000 0000 0088";
const DAY_S: i64 = 24 * 3_600;

#[tokio::test]
async fn a_card_is_bound_tops_up_pays_an_order_and_sends_a_withdrawal_back() {
    let Some(driver) = program() else { return };
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&directory.path().join("data"));
    let driver = Driver::start(&driver);
    let browser = open(&driver, &directory.path().join("profile")).await;
    let person = Person::first(&browser, &sandbox);

    person.goes("/wallet/cards").await;
    person.signs_in().await;
    person.goes("/wallet/cards/new").await;
    person.fills("#number", "6200 0000 0000 0089").await;
    person.fills("#name", "张三").await;
    person.fills("#id-number", "11010119900307889x").await;
    person.fills("#phone", "13800000000").await;
    person.presses(".pay-button").await;
    person.reads("This is not a card number").await;
    person.fills("#number", CARD).await;
    person.fills("#name", "张三").await;
    person.fills("#id-number", "11010119900307889x").await;
    person.fills("#phone", "13800000000").await;
    person.presses(".pay-button").await;
    person.reads("··0088").await;

    person.goes("/wallet/top-up").await;
    person.fills("#amount", "500.00").await;
    person.confirms("000000").await;
    person.reads("Wrong payment password").await;
    person.fills("#amount", "500.00").await;
    person.types_the_password().await;
    person.reads("Topped up").await;
    person.finds("/wallet/top-up", "¥10,500.00").await;

    let new = json!({"order_no": "card-1", "amount": 2999, "currency": "CNY", "description": "Pu-erh cake"});
    let payment = sandbox.post("/v1/payments", new).await;
    person.visits(text(&payment["cashier_url"])).await;
    // The cashier knows payers for one payment only.
    person.signs_in().await;
    person.presses("input[name=method][value^=crd_]").await;
    person.types_the_password().await;
    person.reads("Payment complete").await;
    let paid = sandbox.get(&format!("/v1/payments/{}", text(&payment["id"]))).await;
    assert_eq!((text(&paid["status"]), text(&paid["method"])), ("succeeded", "bank_card"), "{paid}");

    person.goes("/wallet/withdrawal").await;
    person.fills("#amount", "1200").await;
    person.presses(".pay-button").await;
    // 1,000 yuan are free, 0.1 % of 200 is 0.20.
    person.reads("¥1,200.20").await;
    person.types_the_password().await;
    person.reads("Withdrawn").await;
    let page = browser.current_url().await.unwrap().path().to_owned();
    person.finds("/wallet/top-up", "¥9,299.80").await;

    sandbox.post("/sandbox/clock", json!({"advance_s": DAY_S + 60})).await;
    person.finds(&page, "Your bank sent the withdrawal back").await;
    person.finds("/wallet/top-up", "¥10,500.00").await;
    browser.close().await.unwrap();
    let log = sandbox.process.terminate();
    assert!(!log.contains("62000000") && !log.contains("1101011990"), "no log has a card's number");
}
