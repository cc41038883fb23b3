//! A passkey in a real browser of a phone's size, in an authenticator that the driver plays: added, used to pay an
//! order and to send money, removed.

use fantoccini::{Client, wd::WebDriverCompatibleCommand};
use serde_json::{Value, json};

use crate::{
    browser::{Driver, element, fill, open, program},
    process::{Sandbox, wait_for},
};

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// Puts a device with a fingerprint reader beside the browser (Web Authentication Level 3, section 11.5).
#[derive(Debug)]
struct AddAuthenticator;

impl WebDriverCompatibleCommand for AddAuthenticator {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/webauthn/authenticator", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        let body = json!({
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": true,
            "hasUserVerification": true,
            "isUserVerified": true,
        });
        (http::Method::POST, Some(body.to_string()))
    }
}

/// A payer of the sandbox before a browser.
struct Person<'a> {
    browser: &'a Client,
    sandbox: &'a Sandbox,
}

impl Person<'_> {
    async fn goes(&self, path: &str) {
        let mark = if path.contains('?') { '&' } else { '?' };
        let url = format!("{}{path}{mark}lang=en", text(&self.sandbox.file["api"]));
        self.browser.goto(&url).await.unwrap();
    }

    async fn presses(&self, css: &str) {
        let found = element(self.browser, css).await;
        // Out from under the tab bar, as a thumb would.
        let script = "document.querySelector(arguments[0]).scrollIntoView({block: 'center'})";
        self.browser.execute(script, vec![json!(css)]).await.unwrap();
        found.click().await.unwrap();
    }

    /// Waits for a page with this on it.
    async fn reads(&self, wanted: &str) {
        wait_for(wanted, async || {
            let page = element(self.browser, "main").await.text().await.ok()?;
            page.contains(wanted).then_some(())
        })
        .await;
    }

    /// Types phone number and code on the page that asks for them.
    async fn signs_in(&self) {
        fill(self.browser, "input[name=phone]", text(&self.sandbox.payer()["phone"])).await;
        self.presses("main form .pay-button").await;
        let field = element(self.browser, "input[name=code]").await;
        let messages = self.sandbox.get("/sandbox/messages").await;
        let mut codes = messages["data"].as_array().unwrap().iter().map(|message| text(&message["code"]));
        field.send_keys(codes.find(|code| !code.is_empty()).unwrap()).await.unwrap();
        self.presses("main form .pay-button").await;
    }

    async fn adds_a_passkey(&self) {
        self.goes("/wallet/security/passkeys").await;
        self.signs_in().await;
        self.reads("Add a passkey").await;
        fill(self.browser, "#name", "my phone").await;
        fill(self.browser, "#password", "999999").await;
        self.presses(".pay-button").await;
        self.reads("4 tries left").await;
        fill(self.browser, "#password", text(&self.sandbox.payer()["password"])).await;
        self.presses(".pay-button").await;
        self.reads("The passkey is added").await;
        self.reads("my phone").await;
    }

    async fn pays_an_order(&self) {
        let new =
            json!({"order_no": "key-1", "amount": 2999, "currency": "CNY", "description": "Pu-erh cake"});
        let payment = self.sandbox.post("/v1/payments", new).await;
        self.sandbox.post("/sandbox/clock", json!({"advance_s": 31})).await;
        self.browser.goto(&format!("{}?lang=en", text(&payment["cashier_url"]))).await.unwrap();
        self.signs_in().await;
        self.reads("Payment method").await;
        self.presses("[data-passkey]").await;
        let path = format!("/v1/payments/{}", text(&payment["id"]));
        wait_for("the payment", async || {
            Some(self.sandbox.get(&path).await).filter(|payment| payment["status"] == "succeeded")
        })
        .await;
        self.reads("key-1").await;
    }

    async fn sends_money(&self) {
        self.goes("/wallet/transfer").await;
        fill(self.browser, "#phone", text(&self.sandbox.file["payers"][1]["phone"])).await;
        self.presses(".pay-button").await;
        fill(self.browser, "#amount", "12.34").await;
        self.presses(".pay-button").await;
        self.reads("Confirm the transfer").await;
        // By keyboard, as who sees no button.
        element(self.browser, "[data-passkey]").await.send_keys("\u{e007}").await.unwrap();
        self.reads("Money sent").await;
    }

    async fn removes_it(&self) {
        self.goes("/wallet/security/passkeys").await;
        self.presses("main li form button").await;
        self.reads("The passkey is removed").await;
        self.goes("/wallet/messages").await;
        self.reads("The passkey “my phone” was removed").await;
    }
}

#[tokio::test]
async fn a_payer_adds_a_passkey_pays_an_order_and_sends_money_with_it() {
    let Some(program) = program() else { return };
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start_at_localhost(&directory.path().join("data"));
    let driver = Driver::start(&program);
    let browser = open(&driver, &directory.path().join("profile")).await;
    browser.issue_cmd(AddAuthenticator).await.unwrap();
    let person = Person { browser: &browser, sandbox: &sandbox };
    person.adds_a_passkey().await;
    person.pays_an_order().await;
    person.sends_money().await;
    person.removes_it().await;
    browser.close().await.unwrap();
}
