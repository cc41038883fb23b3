//! Transit in a real browser of a phone's size: a code is shown and scanned at two gates, the fare leaves the balance;
//! who has too little owes it, tops up, and rides again.

use serde_json::{Value, json};

use crate::{
    browser::{Driver, element, open, program},
    person::{Person, text},
    process::{Sandbox, wait_for},
};

/// A debit card of the sandbox's with which all goes well.
const CARD: &str = "6200 0000 0000 0013";

impl Person<'_> {
    /// Switches codes on where the person is signed in, and shows the transit code.
    async fn shows_the_code(&self) -> String {
        self.goes("/wallet/security/codes").await;
        self.types_the_password().await;
        self.presented().await
    }

    /// The code on the screen, once it was asked for.
    async fn presented(&self) -> String {
        self.goes("/wallet/transit").await;
        self.presses("section.shown form button").await;
        let digits = element(&self.browser, "output.digits").await.text().await.unwrap();
        digits.chars().filter(char::is_ascii_digit).collect()
    }
}

/// The gate lets somebody in.
async fn enters(sandbox: &Sandbox, number: &str, code: &str) -> String {
    let body = json!({"ride_no": number, "code": code, "station": "People's Square", "max_amount": 1_500});
    text(&sandbox.post("/v1/rides", body).await["id"]).to_owned()
}

async fn leaves(sandbox: &Sandbox, ride: &str, amount: i64) -> Value {
    let body = json!({"station": "East Railway Station", "amount": amount});
    sandbox.post(&format!("/v1/rides/{ride}/exit"), body).await
}

#[tokio::test]
async fn a_code_is_scanned_twice_and_a_fare_that_was_owed_is_paid_by_the_next_top_up() {
    let Some(driver) = program() else { return };
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&directory.path().join("data"));
    let driver = Driver::start(&driver);
    let browser = open(&driver, &directory.path().join("profile")).await;
    // The one with one yuan.
    let person = Person { browser, sandbox: &sandbox, payer: &sandbox.file["payers"][2] };
    person.goes("/wallet").await;
    person.signs_in().await;
    person.reads("Latest bills").await;

    let code = person.shows_the_code().await;
    let ride = enters(&sandbox, "1", &code).await;
    person.finds("/wallet/transit", "You are on a ride").await;
    assert_ne!(person.presented().await, code, "another code for the way out");
    assert_eq!(leaves(&sandbox, &ride, 30).await["status"], "settled");
    person.finds("/wallet/rides", "¥0.30").await;
    person.finds(&format!("/wallet/rides/{ride}"), "Paid from the balance").await;
    person.finds("/wallet/bills", "0.30").await;

    let code = person.presented().await;
    let ride = enters(&sandbox, "2", &code).await;
    assert_eq!(leaves(&sandbox, &ride, 400).await["status"], "owed");
    person.finds("/wallet/transit", "You can ride again once it is paid").await;
    person.presses("section.shown a.pay-button").await;
    person.reads("Your balance does not cover this").await;
    person.finds("/wallet/messages", "could not be paid").await;

    person.goes("/wallet/cards/new").await;
    person.fills("#number", CARD).await;
    person.fills("#name", "张三").await;
    person.fills("#id-number", "11010119900307889x").await;
    person.fills("#phone", "13800000000").await;
    person.presses(".pay-button").await;
    person.reads("··0013").await;
    person.goes("/wallet/top-up").await;
    person.fills("#amount", "10.00").await;
    person.types_the_password().await;
    person.reads("Topped up").await;
    person.finds("/wallet/debt", "Nothing is owed").await;
    person.finds("/wallet/top-up", "¥6.70").await;
    person.finds("/wallet/messages", "You can ride again").await;
    let settled = sandbox.get(&format!("/v1/rides/{ride}")).await;
    assert_eq!((text(&settled["status"]), &settled["amount"]), ("settled", &json!(400)));
    wait_for("both events", async || {
        let events = sandbox.get("/v1/events?type=ride.settled").await;
        (events["data"].as_array().unwrap().len() == 2).then_some(())
    })
    .await;
    assert_eq!(person.presented().await.len(), 18);

    person.browser.close().await.unwrap();
    let log = sandbox.process.terminate();
    assert!(!log.contains(&code), "no log has a code");
}
