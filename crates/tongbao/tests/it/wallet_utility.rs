//! Utility payments in a real browser of a phone's size: one is booked, one comes back, one is known late; and the code
//! on a shop's counter is paid.

use fantoccini::Client;
use serde_json::{Value, json};

use crate::{
    browser::{Driver, element, fill, open, program},
    process::{Sandbox, wait_for},
};

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// A payer of the sandbox, who reads English.
struct Person<'a> {
    browser: Client,
    sandbox: &'a Sandbox,
}

impl Person<'_> {
    async fn goes(&self, path: &str) {
        let url = format!("{}{path}?lang=en", text(&self.sandbox.file["api"]));
        self.browser.goto(&url).await.unwrap();
    }

    async fn presses(&self, css: &str) {
        let found = element(&self.browser, css).await;
        // Out from under the tab bar, as a thumb would.
        let script = "document.querySelector(arguments[0]).scrollIntoView({block: 'center'})";
        self.browser.execute(script, vec![json!(css)]).await.unwrap();
        found.click().await.unwrap();
    }

    /// Waits for a page with this on it; one that waits for the biller loads itself anew.
    async fn reads(&self, wanted: &str) {
        wait_for(wanted, async || {
            let page = element(&self.browser, "main").await.text().await.ok()?;
            page.contains(wanted).then_some(())
        })
        .await;
    }

    async fn signs_in(&self) {
        self.goes("/wallet").await;
        fill(&self.browser, "input[name=phone]", text(&self.sandbox.payer()["phone"])).await;
        self.presses("main form button").await;
        let field = element(&self.browser, "input[name=code]").await;
        let messages = self.sandbox.get("/sandbox/messages").await;
        let mut codes = messages["data"].as_array().unwrap().iter().map(|message| text(&message["code"]));
        field.send_keys(codes.find(|code| !code.is_empty()).unwrap()).await.unwrap();
        self.presses("main form button").await;
        self.reads("Latest bills").await;
    }

    /// Pays what is due on an account of the sandbox's water biller.
    async fn pays_for(&self, account: &str, due: &str) {
        self.goes("/wallet/utilities").await;
        fill(&self.browser, "#account", account).await;
        self.presses(".pay-button").await;
        self.reads(due).await;
        fill(&self.browser, "#password", text(&self.sandbox.payer()["password"])).await;
        self.presses(".pay-button").await;
    }

    async fn has(&self, balance: &str) {
        wait_for(balance, async || {
            self.goes("/wallet/top-up").await;
            let page = element(&self.browser, "main").await.text().await.ok()?;
            page.contains(balance).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn bills_are_looked_up_paid_sent_back_and_waited_for_and_a_shops_code_is_paid() {
    let Some(driver) = program() else { return };
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&directory.path().join("data"));
    let driver = Driver::start(&driver);
    let browser = open(&driver, &directory.path().join("profile")).await;
    let payer = Person { browser, sandbox: &sandbox };
    payer.signs_in().await;

    payer.goes("/wallet/utilities").await;
    fill(&payer.browser, "#account", "1000000002").await;
    payer.presses(".pay-button").await;
    payer.reads("Nothing is due on this account").await;

    payer.pays_for("1000000001", "86.50").await;
    payer.reads("Booked by the biller").await;
    payer.has("¥9,913.50").await;

    payer.pays_for("1000000003", "45.20").await;
    payer.reads("The biller said no").await;
    payer.has("¥9,913.50").await;

    payer.pays_for("1000000004", "132.80").await;
    payer.reads("Waiting for the biller").await;
    sandbox.post("/sandbox/clock", json!({"advance_s": 30})).await;
    payer.reads("Booked by the biller").await;
    payer.has("¥9,780.70").await;

    let code = sandbox.post("/v1/collection_code", json!({})).await;
    payer.browser.goto(&format!("{}?lang=en", text(&code["url"]))).await.unwrap();
    fill(&payer.browser, "#amount", "12.30").await;
    payer.presses(".pay-button").await;
    payer.reads("Confirm the payment").await;
    fill(&payer.browser, "#password", text(&sandbox.payer()["password"])).await;
    payer.presses(".pay-button").await;
    payer.reads("Payment complete").await;
    payer.has("¥9,768.40").await;
    let payments = sandbox.get("/v1/payments?status=succeeded").await;
    let paid = &payments["data"][0];
    assert_eq!((paid["amount"].as_i64(), &paid["metadata"]["collection_code"]), (Some(1_230), &code["id"]));

    payer.browser.close().await.unwrap();
    let log = sandbox.process.terminate();
    assert!(!log.contains("100000000"), "no log has the number of an account");
}
