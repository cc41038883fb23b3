//! A payer of a sandbox before a browser of a phone's size, who reads English.

use fantoccini::Client;
use serde_json::{Value, json};

use crate::{
    browser::{element, fill},
    process::{Sandbox, wait_for},
};

/// A text in an answer.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// See the module.
pub(crate) struct Person<'a> {
    pub(crate) browser: Client,
    pub(crate) sandbox: &'a Sandbox,
    /// Who, as the sandbox's file has it.
    pub(crate) payer: &'a Value,
}

impl<'a> Person<'a> {
    /// The sandbox's first payer.
    pub(crate) fn first(browser: &Client, sandbox: &'a Sandbox) -> Person<'a> {
        Person { browser: browser.clone(), sandbox, payer: sandbox.payer() }
    }

    /// Opens a page of the sandbox.
    pub(crate) async fn goes(&self, path: &str) {
        self.visits(&format!("{}{path}", text(&self.sandbox.file["api"]))).await;
    }

    /// Opens a page anywhere.
    pub(crate) async fn visits(&self, url: &str) {
        let mark = if url.contains('?') { '&' } else { '?' };
        self.browser.goto(&format!("{url}{mark}lang=en")).await.unwrap();
    }

    /// Types into a field in the place of what stands there.
    pub(crate) async fn fills(&self, css: &str, typed: &str) {
        fill(&self.browser, css, typed).await;
    }

    /// Presses a button, out from under the tab bar, as a thumb would.
    pub(crate) async fn presses(&self, css: &str) {
        let found = element(&self.browser, css).await;
        let script = "document.querySelector(arguments[0]).scrollIntoView({block: 'center'})";
        self.browser.execute(script, vec![json!(css)]).await.unwrap();
        found.click().await.unwrap();
    }

    /// Waits for a page with this on it; pages that ask a bank or a biller load themselves anew.
    pub(crate) async fn reads(&self, wanted: &str) {
        wait_for(wanted, async || self.page_has(wanted).await).await;
    }

    /// Loads a page until this is on it.
    pub(crate) async fn finds(&self, path: &str, wanted: &str) {
        wait_for(wanted, async || {
            self.goes(path).await;
            self.page_has(wanted).await
        })
        .await;
    }

    async fn page_has(&self, wanted: &str) -> Option<()> {
        let page = element(&self.browser, "main").await.text().await.ok()?;
        page.contains(wanted).then_some(())
    }

    /// The code that was sent last.
    pub(crate) async fn code(&self) -> String {
        let messages = self.sandbox.get("/sandbox/messages").await;
        let mut codes = messages["data"].as_array().unwrap().iter().map(|message| text(&message["code"]));
        codes.find(|code| !code.is_empty()).unwrap().to_owned()
    }

    /// Types the phone number and the code that is sent to it, on the pages that ask for them.
    pub(crate) async fn signs_in(&self) {
        self.fills("input[name=phone]", text(&self.payer["phone"])).await;
        self.presses("main form .pay-button").await;
        let field = element(&self.browser, "input[name=code]").await;
        field.send_keys(&self.code().await).await.unwrap();
        self.presses("main form .pay-button").await;
    }

    /// Types a payment password and goes on.
    pub(crate) async fn confirms(&self, password: &str) {
        self.fills("#password", password).await;
        self.presses(".pay-button").await;
    }

    /// Types the right one.
    pub(crate) async fn types_the_password(&self) {
        self.confirms(text(&self.payer["password"])).await;
    }
}
