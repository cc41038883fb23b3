//! Utility payments in a real browser of a phone's size: one is booked, one comes back, one is known late; and the code
//! on a shop's counter is paid.

use serde_json::json;

use crate::{
    browser::{Driver, open, program},
    person::{Person, text},
    process::Sandbox,
};

impl Person<'_> {
    /// Pays what is due on an account of the sandbox's water biller.
    async fn pays_for(&self, account: &str, due: &str) {
        self.goes("/wallet/utilities").await;
        self.fills("#account", account).await;
        self.presses(".pay-button").await;
        self.reads(due).await;
        self.types_the_password().await;
    }
}

#[tokio::test]
async fn bills_are_looked_up_paid_sent_back_and_waited_for_and_a_shops_code_is_paid() {
    let Some(driver) = program() else { return };
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&directory.path().join("data"));
    let driver = Driver::start(&driver);
    let browser = open(&driver, &directory.path().join("profile")).await;
    let payer = Person::first(&browser, &sandbox);
    payer.goes("/wallet").await;
    payer.signs_in().await;
    payer.reads("Latest bills").await;

    payer.goes("/wallet/utilities").await;
    payer.fills("#account", "1000000002").await;
    payer.presses(".pay-button").await;
    payer.reads("Nothing is due on this account").await;

    payer.pays_for("1000000001", "86.50").await;
    payer.reads("Booked by the biller").await;
    payer.finds("/wallet/top-up", "¥9,913.50").await;

    payer.pays_for("1000000003", "45.20").await;
    payer.reads("The biller said no").await;
    payer.finds("/wallet/top-up", "¥9,913.50").await;

    payer.pays_for("1000000004", "132.80").await;
    payer.reads("Waiting for the biller").await;
    sandbox.post("/sandbox/clock", json!({"advance_s": 30})).await;
    payer.reads("Booked by the biller").await;
    payer.finds("/wallet/top-up", "¥9,780.70").await;

    let code = sandbox.post("/v1/collection_code", json!({})).await;
    payer.visits(text(&code["url"])).await;
    payer.fills("#amount", "12.30").await;
    payer.presses(".pay-button").await;
    payer.reads("Confirm the payment").await;
    payer.types_the_password().await;
    payer.reads("Payment complete").await;
    payer.finds("/wallet/top-up", "¥9,768.40").await;
    let payments = sandbox.get("/v1/payments?status=succeeded").await;
    let paid = &payments["data"][0];
    assert_eq!((paid["amount"].as_i64(), &paid["metadata"]["collection_code"]), (Some(1_230), &code["id"]));

    payer.browser.close().await.unwrap();
    let log = sandbox.process.terminate();
    assert!(!log.contains("100000000"), "no log has the number of an account");
}
