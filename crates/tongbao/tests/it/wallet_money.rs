//! Cards, top-up and withdrawal in a real browser of a phone's size: a card is bound, the balance topped up, an order
//! paid by card, and a withdrawal comes back from the bank a day later.

use fantoccini::Client;
use serde_json::{Value, json};

use crate::{
    browser::{Driver, element, fill, open, program},
    process::{Sandbox, wait_for},
};

/// The sandbox's card to which withdrawals are paid and from which they come back.
const CARD: &str = "6200 0000 0000 0088";
const DAY_S: i64 = 24 * 3_600;

/// Types the phone number of the first payer and the code that was sent to it.
async fn sign_in(browser: &Client, sandbox: &Sandbox) {
    fill(browser, "input[name=phone]", text(&sandbox.payer()["phone"])).await;
    element(browser, "main form button").await.click().await.unwrap();
    element(browser, "input[name=code]").await.send_keys(&sent_code(sandbox).await).await.unwrap();
    element(browser, "main form button").await.click().await.unwrap();
}

/// The code that was sent last.
async fn sent_code(sandbox: &Sandbox) -> String {
    let messages = sandbox.get("/sandbox/messages").await;
    let messages = messages["data"].as_array().unwrap().iter();
    let mut codes = messages.map(|message| text(&message["code"])).filter(|code| !code.is_empty());
    codes.next().unwrap().to_owned()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// Presses the button of the page's form; it may stand behind the tab bar until the page is scrolled.
async fn press(browser: &Client) {
    let button = element(browser, ".pay-button").await;
    let script = "document.querySelector('.pay-button').scrollIntoView({block: 'center'});";
    browser.execute(script, Vec::new()).await.unwrap();
    button.click().await.unwrap();
}

/// Waits for a page with this on it; pages that ask the bank load themselves anew.
async fn reads(browser: &Client, wanted: &str) {
    wait_for(wanted, async || {
        let page = element(browser, "main").await.text().await.ok()?;
        page.contains(wanted).then_some(())
    })
    .await;
}

/// Loads a page until this is on it.
async fn becomes(browser: &Client, url: &str, wanted: &str) {
    wait_for(wanted, async || {
        browser.goto(url).await.unwrap();
        let page = element(browser, "main").await.text().await.ok()?;
        page.contains(wanted).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_card_is_bound_tops_up_pays_an_order_and_sends_a_withdrawal_back() {
    let Some(driver) = program() else { return };
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&directory.path().join("data"));
    let (api, password) = (text(&sandbox.file["api"]), text(&sandbox.payer()["password"]));
    let driver = Driver::start(&driver);
    let browser = open(&driver, &directory.path().join("profile")).await;
    let at = |path: &str| format!("{api}{path}?lang=en");

    browser.goto(&at("/wallet/cards")).await.unwrap();
    sign_in(&browser, &sandbox).await;
    browser.goto(&at("/wallet/cards/new")).await.unwrap();
    fill(&browser, "#number", "6200 0000 0000 0089").await;
    fill(&browser, "#name", "张三").await;
    fill(&browser, "#id-number", "11010119900307889x").await;
    fill(&browser, "#phone", "13800000000").await;
    press(&browser).await;
    reads(&browser, "This is not a card number").await;
    fill(&browser, "#number", CARD).await;
    fill(&browser, "#name", "张三").await;
    fill(&browser, "#id-number", "11010119900307889x").await;
    fill(&browser, "#phone", "13800000000").await;
    press(&browser).await;
    reads(&browser, "··0088").await;

    browser.goto(&at("/wallet/top-up")).await.unwrap();
    fill(&browser, "#amount", "500.00").await;
    fill(&browser, "#password", "000000").await;
    press(&browser).await;
    reads(&browser, "Wrong payment password").await;
    fill(&browser, "#amount", "500.00").await;
    fill(&browser, "#password", password).await;
    press(&browser).await;
    reads(&browser, "Topped up").await;
    becomes(&browser, &at("/wallet/top-up"), "¥10,500.00").await;

    let new = json!({"order_no": "card-1", "amount": 2999, "currency": "CNY", "description": "Pu-erh cake"});
    let payment = sandbox.post("/v1/payments", new).await;
    browser.goto(&format!("{}?lang=en", text(&payment["cashier_url"]))).await.unwrap();
    // The cashier knows payers for one payment only.
    sign_in_at_cashier(&browser, &sandbox).await;
    element(&browser, "input[name=method][value^=crd_]").await.click().await.unwrap();
    fill(&browser, "#password", password).await;
    press(&browser).await;
    reads(&browser, "Payment complete").await;
    let paid = sandbox.get(&format!("/v1/payments/{}", text(&payment["id"]))).await;
    assert_eq!((text(&paid["status"]), text(&paid["method"])), ("succeeded", "bank_card"), "{paid}");

    browser.goto(&at("/wallet/withdrawal")).await.unwrap();
    fill(&browser, "#amount", "1200").await;
    press(&browser).await;
    // 1,000 yuan are free, 0.1 % of 200 is 0.20.
    reads(&browser, "¥1,200.20").await;
    fill(&browser, "#password", password).await;
    press(&browser).await;
    reads(&browser, "Withdrawn").await;
    let page = browser.current_url().await.unwrap().to_string();
    becomes(&browser, &at("/wallet/top-up"), "¥9,299.80").await;

    sandbox.post("/sandbox/clock", json!({"advance_s": DAY_S + 60})).await;
    becomes(&browser, &page, "Your bank sent the withdrawal back").await;
    becomes(&browser, &at("/wallet/top-up"), "¥10,500.00").await;
    browser.close().await.unwrap();
    let log = sandbox.process.terminate();
    assert!(!log.contains("62000000") && !log.contains("1101011990"), "no log has a card's number");
}

async fn sign_in_at_cashier(browser: &Client, sandbox: &Sandbox) {
    fill(browser, "input[name=phone]", text(&sandbox.payer()["phone"])).await;
    press(browser).await;
    element(browser, "input[name=code]").await.send_keys(&sent_code(sandbox).await).await.unwrap();
    press(browser).await;
}
