//! A passkey in a real browser of a phone's size, in an authenticator that the driver plays: added, used to sign in, to
//! pay an order and to send money, removed.

use fantoccini::wd::WebDriverCompatibleCommand;
use serde_json::json;

use crate::{
    browser::{Driver, element, open, program},
    person::{Person, text},
    process::{Sandbox, wait_for},
};

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

impl Person<'_> {
    async fn adds_a_passkey(&self) {
        self.goes("/wallet/security/passkeys").await;
        self.signs_in().await;
        self.reads("Add a passkey").await;
        self.presses(".pay-button").await;
        element(&self.browser, "#code").await;
        self.fills("#code", &self.code().await).await;
        self.fills("#name", "my phone").await;
        self.fills("#password", "999999").await;
        self.presses(".pay-button").await;
        self.reads("4 tries left").await;
        self.types_the_password().await;
        self.reads("The passkey is added").await;
        self.reads("my phone").await;
    }

    async fn signs_out_and_in_by_it(&self) {
        self.goes("/wallet/security").await;
        self.presses("form.quiet button").await;
        self.reads("Phone number").await;
        self.presses("[data-passkey]").await;
        self.reads("Hide balance").await;
        // Without a number typed and a code sent, it is a session like any other.
        self.goes("/wallet/security/devices").await;
        self.reads("This device").await;
    }

    async fn pays_an_order(&self) {
        let new =
            json!({"order_no": "key-1", "amount": 2999, "currency": "CNY", "description": "Pu-erh cake"});
        let payment = self.sandbox.post("/v1/payments", new).await;
        self.sandbox.post("/sandbox/clock", json!({"advance_s": 31})).await;
        self.visits(text(&payment["cashier_url"])).await;
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
        self.fills("#phone", text(&self.sandbox.file["payers"][1]["phone"])).await;
        self.presses(".pay-button").await;
        self.fills("#amount", "12.34").await;
        self.presses(".pay-button").await;
        self.reads("Confirm the transfer").await;
        // By keyboard, as who sees no button.
        element(&self.browser, "[data-passkey]").await.send_keys("\u{e007}").await.unwrap();
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
    let sandbox = Sandbox::start(&directory.path().join("data"));
    let driver = Driver::start(&program);
    let browser = open(&driver, &directory.path().join("profile")).await;
    browser.issue_cmd(AddAuthenticator).await.unwrap();
    let person = Person::first(&browser, &sandbox);
    person.adds_a_passkey().await;
    person.signs_out_and_in_by_it().await;
    person.pays_an_order().await;
    person.sends_money().await;
    person.removes_it().await;
    browser.close().await.unwrap();
}
