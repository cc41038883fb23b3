//! Proofs beyond the password in a real browser of a phone's size: a card whose bank asks its holder, and a freeze that
//! stops a payment which waits for a code.

use serde_json::json;

use crate::{
    browser::{Driver, open, program},
    person::{Person, text},
    process::Sandbox,
};

/// The sandbox's card whose bank wants its holder to confirm.
const CARD: &str = "6200 0000 0000 0120";

impl Person<'_> {
    /// Goes to the cashier of a new payment, and signs in there. Gives the path that asks about the payment.
    async fn is_at_the_till_of(&self, order_no: &str, amount: i64) -> String {
        let new = json!({"order_no": order_no, "amount": amount, "currency": "CNY", "description": "Tea"});
        let payment = self.sandbox.post("/v1/payments", new).await;
        self.visits(text(&payment["cashier_url"])).await;
        self.signs_in().await;
        self.reads("Payment method").await;
        format!("/v1/payments/{}", text(&payment["id"]))
    }
}

#[tokio::test]
async fn a_card_pays_when_its_holder_has_confirmed_on_the_banks_page() {
    let Some(program) = program() else { return };
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&directory.path().join("data"));
    let driver = Driver::start(&program);
    let browser = open(&driver, &directory.path().join("profile")).await;
    let person = Person::first(&browser, &sandbox);
    person.goes("/wallet/cards").await;
    person.signs_in().await;
    person.reads("No card is bound yet").await;
    person.goes("/wallet/cards/new").await;
    for (id, typed) in
        [("number", CARD), ("name", "张三"), ("id-number", "11010119900307889x"), ("phone", "13800000000")]
    {
        person.fills(&format!("#{id}"), typed).await;
    }
    person.presses(".pay-button").await;
    person.reads("··0120").await;
    let payment = person.is_at_the_till_of("3ds-1", 2_999).await;
    person.presses("input[name=method][value^=crd_]").await;
    person.types_the_password().await;
    person.reads("Your bank asks you to confirm").await;
    assert_eq!(sandbox.get(&payment).await["status"], "processing");
    person.presses("main a.button").await;
    person.reads("Confirm the payment").await;
    person.presses(".pay-button").await;
    person.reads("Payment complete").await;
    assert_eq!(sandbox.get(&payment).await["status"], "succeeded");
    browser.close().await.unwrap();
}

#[tokio::test]
async fn a_freeze_from_the_security_centre_stops_a_payment_that_waits_for_its_code() {
    let Some(program) = program() else { return };
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&directory.path().join("data"));
    let driver = Driver::start(&program);
    let browser = open(&driver, &directory.path().join("profile")).await;
    let person = Person::first(&browser, &sandbox);
    person.goes("/wallet/security").await;
    person.signs_in().await;
    person.reads("Devices").await;
    let payment = person.is_at_the_till_of("stopped-1", 600_000).await;
    person.types_the_password().await;
    person.reads("Confirm once more").await;
    let code = person.code().await;
    let till = browser.window().await.unwrap();
    let other = browser.new_window(true).await.unwrap().handle;
    browser.switch_to_window(other).await.unwrap();
    person.goes("/wallet/security/freeze").await;
    person.presses("main form button").await;
    person.reads("The account is frozen").await;
    browser.switch_to_window(till).await.unwrap();
    person.fills("#code", &code).await;
    person.presses(".pay-button").await;
    person.reads("The account is frozen").await;
    let stopped = sandbox.get(&payment).await;
    assert_eq!(stopped["status"], "open", "{stopped}");
    browser.close().await.unwrap();
}

#[tokio::test]
async fn a_large_payment_is_confirmed_by_password_and_code() {
    let Some(program) = program() else { return };
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&directory.path().join("data"));
    let driver = Driver::start(&program);
    let browser = open(&driver, &directory.path().join("profile")).await;
    let person = Person::first(&browser, &sandbox);
    let payment = person.is_at_the_till_of("large-1", 600_000).await;
    person.types_the_password().await;
    person.reads("Confirm once more").await;
    person.fills("#code", &person.code().await).await;
    person.presses(".pay-button").await;
    person.reads("Payment complete").await;
    assert_eq!(sandbox.get(&payment).await["status"], "succeeded");
    browser.close().await.unwrap();
}
