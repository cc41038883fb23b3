//! A payer's account in a real browser of a phone's size, from signing up to a freeze that stops a payment.

use serde_json::{Value, json};

use crate::{
    browser::{Driver, open, program},
    person::{Person, text},
    process::{Sandbox, printed, run, wait_for},
};

const PHONE: &str = "17000000009";
const PASSWORD: &str = "135790";
const ANOTHER: &str = "246801";

impl Person<'_> {
    async fn types(&self, fields: &[(&str, &str)]) {
        for (id, typed) in fields {
            self.fills(&format!("#{id}"), typed).await;
        }
    }

    /// Lets the pause between two codes pass.
    async fn waits(&self) {
        self.sandbox.post("/sandbox/clock", json!({"advance_s": 31})).await;
    }

    async fn signs_up(&self) {
        self.goes("/wallet/security").await;
        self.types(&[("phone", PHONE)]).await;
        self.presses(".pay-button").await;
        self.reads("We sent a code").await;
        self.types(&[("code", &self.code().await)]).await;
        self.presses(".pay-button").await;
        self.reads("Choose a payment password").await;
        self.types(&[("password", PASSWORD), ("again", PASSWORD)]).await;
        self.presses(".pay-button").await;
        self.reads("Not verified").await;
    }

    async fn verifies(&self) {
        self.goes("/wallet/security/identity").await;
        self.types(&[("name", "测试甲"), ("number", "990000199001010017")]).await;
        self.presses(".pay-button").await;
        self.reads("You are verified").await;
        self.goes("/wallet/security/limits").await;
        self.reads("¥0.00 of ¥1,000.00").await;
    }

    /// Types wrong passwords until they are locked, and sets another.
    async fn locks_and_resets(&self) {
        for told in ["4 tries left", "3 tries left", "2 tries left", "1 try left", "password locked"] {
            self.goes("/wallet/security/password").await;
            self.types(&[("old", "000001"), ("password", ANOTHER), ("again", ANOTHER)]).await;
            self.presses(".pay-button").await;
            self.reads(told).await;
        }
        self.goes("/wallet/security/reset").await;
        self.presses(".pay-button").await;
        self.reads("A code is on its way").await;
        let code = self.code().await;
        self.types(&[("code", &code), ("name", "测试甲"), ("number", "990000199001010017")]).await;
        self.types(&[("password", ANOTHER), ("again", ANOTHER)]).await;
        self.presses(".pay-button").await;
        self.reads("The payment password is changed").await;
    }

    /// Goes as far as the cashier's page that asks for the password.
    async fn is_at_the_till(&self, payment: &Value) {
        self.visits(text(&payment["cashier_url"])).await;
        self.types(&[("phone", PHONE)]).await;
        self.presses(".pay-button").await;
        self.reads("We sent a code").await;
        self.types(&[("code", &self.code().await)]).await;
        self.presses(".pay-button").await;
        self.reads("Payment method").await;
    }

    async fn pays(&self) {
        self.presses("input[value=sandbox_bank]").await;
        self.types(&[("password", ANOTHER)]).await;
        self.presses(".pay-button").await;
    }
}

#[tokio::test]
async fn a_payer_signs_up_is_verified_loses_the_password_and_freezes_the_account() {
    let Some(program) = program() else { return };
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let sandbox = Sandbox::start(&data);
    let new =
        json!({"order_no": "frozen-1", "amount": 2999, "currency": "CNY", "description": "Pu-erh cake"});
    let payment = sandbox.post("/v1/payments", new).await;
    let driver = Driver::start(&program);
    let browser = open(&driver, &directory.path().join("profile")).await;
    let person = Person::first(&browser, &sandbox);
    person.signs_up().await;
    person.verifies().await;
    person.locks_and_resets().await;
    person.waits().await;
    person.is_at_the_till(&payment).await;
    let till = browser.window().await.unwrap();
    let other = browser.new_window(true).await.unwrap().handle;
    browser.switch_to_window(other).await.unwrap();
    person.goes("/wallet/security/freeze").await;
    person.presses("main form button").await;
    person.reads("The account is frozen").await;
    browser.switch_to_window(till).await.unwrap();
    person.pays().await;
    person.reads("The account is frozen").await;
    let path = format!("/v1/payments/{}", text(&payment["id"]));
    assert_eq!(sandbox.get(&path).await["status"], "open");
    person.waits().await;
    person.goes("/wallet/security/freeze").await;
    person.presses("main form button").await;
    person.reads("A code is on its way").await;
    person.types(&[("code", &person.code().await), ("password", ANOTHER)]).await;
    person.presses(".pay-button").await;
    person.reads("not frozen any more").await;
    person.visits(text(&payment["cashier_url"])).await;
    person.pays().await;
    wait_for("the payment", async || Some(sandbox.get(&path).await).filter(|p| p["status"] == "succeeded"))
        .await;
    browser.close().await.unwrap();
}

#[tokio::test]
async fn a_payer_adds_a_mail_address_takes_its_data_and_closes_the_account() {
    let Some(program) = program() else { return };
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&directory.path().join("data"));
    let driver = Driver::start(&program);
    let browser = open(&driver, &directory.path().join("profile")).await;
    let person = Person::first(&browser, &sandbox);
    person.signs_up().await;
    person.goes("/wallet/security/mail").await;
    person.types(&[("mail", "tester@example.com")]).await;
    person.presses(".pay-button").await;
    person.reads("We sent a code to the address").await;
    person.types(&[("code", &person.code().await)]).await;
    person.presses(".pay-button").await;
    person.reads("The address is confirmed").await;
    person.goes("/wallet/security/data").await;
    person.types(&[("password", PASSWORD)]).await;
    person.presses(".pay-button").await;
    wait_for("a message about the copy", async || {
        let messages = sandbox.get("/sandbox/messages").await;
        let about =
            messages["data"].as_array().unwrap().iter().filter(|message| message["text"] == "account");
        // The first is about the address.
        (about.count() == 2).then_some(())
    })
    .await;
    person.waits().await;
    person.goes("/wallet/security/closing").await;
    person.presses(".pay-button").await;
    person.reads("for good").await;
    person.types(&[("code", &person.code().await), ("password", PASSWORD)]).await;
    person.presses(".danger").await;
    person.reads("Sign in or sign up").await;
    person.waits().await;
    person.signs_up().await;
    browser.close().await.unwrap();
}

#[tokio::test]
async fn an_operator_freezes_with_a_reason_and_unfreezes() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    let sandbox = Sandbox::start(directory.path());
    let payer = text(&sandbox.payer()["id"]).to_owned();
    sandbox.process.terminate();
    let payer_command = |arguments: &[&str]| {
        let own = ["payer", "--sandbox", "--data", data];
        run(own.iter().chain(arguments).copied().collect::<Vec<_>>())
    };
    assert!(!payer_command(&["freeze", &payer]).status.success(), "a reason is asked for");
    let frozen = payer_command(&["freeze", &payer, "--reason", "a court asked for it"]);
    assert_eq!(printed(&frozen), format!("frozen {payer}\n"));
    let sandbox = Sandbox::start(directory.path());
    let new = json!({"order_no": "frozen-2", "amount": 100, "currency": "CNY", "description": "tea"});
    let payment = sandbox.post("/v1/payments", new).await;
    let pay = json!({"payer": payer, "method": "balance", "code": payment["id"]});
    let (status, refused) =
        sandbox.call(reqwest::Method::POST, "/sandbox/phone/pay", Some(pay.clone())).await;
    assert_eq!((status, refused["code"].as_str()), (403, Some("payer_frozen")), "{refused}");
    sandbox.process.terminate();
    assert_eq!(printed(&payer_command(&["unfreeze", &payer])), format!("unfrozen {payer}\n"));
    let sandbox = Sandbox::start(directory.path());
    let paid = sandbox.post("/sandbox/phone/pay", pay).await;
    assert_eq!(paid["paid"], true, "{paid}");
    sandbox.process.terminate();
    assert!(printed(&run(["verify", "--data", data])).starts_with("verify: clean"));
}
