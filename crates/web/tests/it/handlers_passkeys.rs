//! Passkeys over HTTP: added with the password, used once for what was shown, and nothing for anybody else.

use axum::http::StatusCode;
use serde_json::Value;
use tongbao_core::{
    id::PayerId,
    ledger::Account,
    payer::passkey::Algorithm,
    payment::{Payment, Proofs, Status},
};
use tongbao_engine::Mode;
use tongbao_money::Currency;

use crate::{
    authenticator::Device,
    browser::{Browser, Page},
    handlers_wallet_account::enter,
    shop::{BASE, PASSWORD, POOR, RICH, Shop},
};

/// Where browsers make passkeys without TLS.
const LOCAL: &str = "http://localhost:8080";
const PASSKEYS: &str = "/wallet/security/passkeys";
const OPTIONS: &str = "/wallet/security/passkeys/options";
/// Bytes of a page: what the first flight of a connection carries (RFC 6928).
const PAGE_BYTES_MAX: usize = 14 * 1024;

fn device(credential: &[u8]) -> Device {
    Device::new(Algorithm::Es256, credential, ("localhost", LOCAL))
}

/// What the script of a page is answered.
async fn asked(browser: &mut Browser, page: &Page, path: &str, fields: &[(&str, &str)]) -> Value {
    let token = page.token();
    let fields = [fields, &[("csrf", token.as_str())]].concat();
    let answer = browser.post(path, &fields).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.header("location"));
    serde_json::from_slice(&answer.body).unwrap()
}

fn challenge(asked: &Value) -> &str {
    asked["options"]["challenge"].as_str().unwrap_or_else(|| panic!("{asked}"))
}

/// A payer of the wallet with a passkey in this device.
async fn with_passkey(shop: &Shop, phone: &str, device: &Device) -> Browser {
    let mut browser = shop.browser();
    enter(shop, &mut browser, phone).await;
    add(shop, &mut browser, device).await.shows(&["The passkey is added", "my phone", "never"]);
    browser
}

/// The page with the form of a new passkey, and the code that was sent for it.
async fn with_code(shop: &Shop, browser: &mut Browser) -> (Page, String) {
    let page = browser.get(PASSKEYS).await;
    let page = browser.submit(&page, "/wallet/security/passkeys/code", &[]).await;
    page.shows(&["A code is on its way", "name=\"password\"", "name=\"code\""]);
    (page, shop.last_code())
}

async fn add(shop: &Shop, browser: &mut Browser, device: &Device) -> Page {
    let (page, code) = with_code(shop, browser).await;
    let fields = [("name", "my phone"), ("code", code.as_str()), ("password", PASSWORD)];
    let made = device.make(challenge(&asked(browser, &page, OPTIONS, &fields).await)).to_string();
    browser.submit(&page, PASSKEYS, &[("name", "my phone"), ("passkey", &made)]).await
}

fn balance(shop: &Shop, payer: PayerId) -> i64 {
    shop.engine.store.account(Account::PayerAvailable(payer).of(Currency::CNY)).unwrap().balance()
}

/// The value of a hidden field of a page.
fn field(page: &Page, name: &str) -> String {
    let text = page.text();
    let value = text.split(&format!("name=\"{name}\" value=\"")).nth(1).expect("the page has the field");
    value.split('"').next().unwrap().replace("&#43;", "+").replace("&#61;", "=").replace("&#47;", "/")
}

#[tokio::test]
async fn where_the_site_is_reached_at_an_address_the_page_says_why_there_are_none() {
    for (base, why) in [
        (BASE, "reached at an IP address"),
        ("http://pay.example", "reached without HTTPS"),
        ("https://pay.example", "Add a passkey"),
    ] {
        let shop = Shop::open(Mode::Sandbox, base).await;
        let mut browser = shop.browser();
        enter(&shop, &mut browser, RICH).await.shows(&["0 passkeys"]);
        browser.get(PASSKEYS).await.shows(&[why]);
    }
    let shop = Shop::sandbox().await;
    let mut browser = shop.browser();
    enter(&shop, &mut browser, RICH).await;
    let page = browser.get("/wallet/security").await;
    let fields = [("name", "my phone"), ("password", PASSWORD)];
    let told = asked(&mut browser, &page, OPTIONS, &fields).await;
    assert!(told["told"].as_str().unwrap().contains("not accepted"), "{told}");
}

#[tokio::test]
async fn a_passkey_is_added_with_the_password_listed_and_removed_by_its_owner() {
    let shop = Shop::open(Mode::Sandbox, LOCAL).await;
    let mut browser = shop.browser();
    enter(&shop, &mut browser, RICH).await;
    let page = browser.get(PASSKEYS).await;
    page.shows(&["a code from a text message", "Send code"]);
    page.hides(&["name=\"password\""]);
    let (page, code) = with_code(&shop, &mut browser).await;
    page.shows(&["needs JavaScript"]);
    assert!(page.body.len() <= PAGE_BYTES_MAX, "{} bytes", page.body.len());
    for (name, password, code, told) in [
        ("my phone", "999999", code.as_str(), "4 tries left"),
        ("my phone", "12345", code.as_str(), "six digits"),
        ("", PASSWORD, code.as_str(), "1 to 30 characters"),
        ("a\u{202e}b", PASSWORD, code.as_str(), "1 to 30 characters"),
        ("my phone", PASSWORD, "", "The code has expired"),
        ("my phone", PASSWORD, "x", "The code has expired"),
    ] {
        let fields = [("name", name), ("password", password), ("code", code)];
        let answer = asked(&mut browser, &page, OPTIONS, &fields).await;
        assert!(answer["told"].as_str().unwrap().contains(told), "{answer}");
    }
    let device = device(b"one");
    let without = browser.submit(&page, PASSKEYS, &[("name", "my phone"), ("passkey", "{}")]).await;
    without.shows(&["The passkey was not accepted"]);
    let made = device.make("AAAA").to_string();
    let never = browser.submit(&page, PASSKEYS, &[("name", "my phone"), ("passkey", &made)]).await;
    never.shows(&["The passkey was not accepted"]);
    shop.engine.clock.set_ahead_s(31);
    add(&shop, &mut browser, &device).await.shows(&["The passkey is added", "my phone"]);
    shop.engine.clock.set_ahead_s(62);
    let (page, code) = with_code(&shop, &mut browser).await;
    let fields = [("name", "b"), ("password", PASSWORD), ("code", code.as_str())];
    let again = asked(&mut browser, &page, OPTIONS, &fields).await;
    assert_eq!(again["options"]["excludeCredentials"][0]["id"], "b25l");
    assert_eq!(again["options"]["authenticatorSelection"]["userVerification"], "required");
    browser.get("/wallet/messages").await.shows(&["A passkey was added, “my phone”"]);
    let id = field(&page, "passkey");
    shop.engine.clock.set_ahead_s(93);
    let mut other = shop.browser();
    let page = enter(&shop, &mut other, POOR).await;
    let token = page.token();
    let fields = [("csrf", token.as_str()), ("passkey", id.as_str())];
    let answer = other.post("/wallet/security/passkeys/removal", &fields).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let page = browser.get(PASSKEYS).await;
    let page = browser.submit(&page, "/wallet/security/passkeys/removal", &[("passkey", &id)]).await;
    page.shows(&["The passkey is removed"]);
    page.hides(&["<b>my phone</b>"]);
}

#[tokio::test]
async fn forms_of_another_site_and_of_nobody_get_no_challenge() {
    let shop = Shop::open(Mode::Sandbox, LOCAL).await;
    let device = device(b"one");
    let mut browser = with_passkey(&shop, RICH, &device).await;
    let page = browser.get(PASSKEYS).await;
    let token = page.token();
    let fields = [("csrf", token.as_str()), ("name", "b"), ("password", PASSWORD)];
    browser.from = Some("cross-site");
    assert_eq!(browser.post(OPTIONS, &fields).await.status, StatusCode::SEE_OTHER);
    let mut nobody = shop.browser();
    assert_eq!(nobody.post(OPTIONS, &fields).await.status, StatusCode::SEE_OTHER);
    let (_, path) = shop.payment("tea").await;
    let answer = nobody.post(&format!("{path}/passkey"), &[("method", "balance")]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

/// A payer with a passkey at the cashier of a payment of 128.50 yuan.
async fn at_the_till(shop: &Shop, browser: &mut Browser) -> (tongbao_core::id::PaymentId, String, Page) {
    let (id, path) = shop.payment("tea").await;
    shop.engine.clock.set_ahead_s(100);
    let page = if browser.has("tongbao_session") {
        browser.get(&path).await
    } else {
        shop.sign_in(browser, &path, RICH).await
    };
    (id, path, page)
}

#[tokio::test]
async fn an_order_is_paid_by_a_passkey_and_by_one_signature_once() {
    let shop = Shop::open(Mode::Sandbox, LOCAL).await;
    let device = device(b"one");
    let mut browser = with_passkey(&shop, RICH, &device).await;
    let (id, path, page) = at_the_till(&shop, &mut browser).await;
    page.shows(&["Use a passkey", "name=\"password\""]);
    assert!(page.body.len() <= PAGE_BYTES_MAX, "{} bytes", page.body.len());
    let ask = asked(&mut browser, &page, &format!("{path}/passkey"), &[("method", "balance")]).await;
    assert_eq!(ask["options"]["allowCredentials"][0]["id"], "b25l");
    assert_eq!(ask["options"]["userVerification"], "required");
    assert_eq!(shop.read(id).status, Status::Open, "nothing moves before it is signed");
    let signed = device.sign(challenge(&ask)).to_string();
    let proof = format!("{path}/passkey/proof");
    let paid = browser.submit(&page, &proof, &[("passkey", &signed)]).await;
    paid.shows(&["Paid"]);
    let payment: Payment = shop.read(id);
    assert_eq!(payment.status, Status::Succeeded);
    assert_eq!(payment.paid_by().unwrap().proofs, Proofs::PASSKEY);
    assert_eq!(balance(&shop, shop.rich), 1_000_000 - 12_850);
    browser.submit(&page, &proof, &[("passkey", &signed)]).await.hides(&["was not accepted"]);
    assert_eq!(balance(&shop, shop.rich), 1_000_000 - 12_850, "the same form again pays nothing");
    browser.get(PASSKEYS).await.hides(&["never"]);
}

#[tokio::test]
async fn what_was_signed_for_one_order_or_elsewhere_pays_no_other() {
    let shop = Shop::open(Mode::Sandbox, LOCAL).await;
    let mut device = device(b"one");
    let mut browser = with_passkey(&shop, RICH, &device).await;
    let (_, first_path, first_page) = at_the_till(&shop, &mut browser).await;
    let (id, path, page) = at_the_till(&shop, &mut browser).await;
    let (asking, proof) = (format!("{path}/passkey"), format!("{path}/passkey/proof"));
    let method = [("method", "balance")];
    let refused = async |browser: &mut Browser, signed: &Value| {
        let told = browser.submit(&page, &proof, &[("passkey", &signed.to_string())]).await;
        told.shows(&["The passkey was not accepted", "Nothing was charged"]);
        assert_eq!(shop.read(id).status, Status::Open);
    };
    let second = asked(&mut browser, &page, &asking, &method).await;
    let first = asked(&mut browser, &first_page, &format!("{first_path}/passkey"), &method).await;
    refused(&mut browser, &device.sign(challenge(&first))).await;
    refused(&mut browser, &device.sign(challenge(&second))).await;
    let ask = asked(&mut browser, &page, &asking, &method).await;
    device.origin = "http://localhost.evil:8080".to_owned();
    refused(&mut browser, &device.sign(challenge(&ask))).await;
    device.origin = LOCAL.to_owned();
    // Another attempt of the same order at the same price is another thing.
    let again = asked(&mut browser, &page, &asking, &method).await;
    assert_ne!(challenge(&ask), challenge(&again));
    refused(&mut browser, &device.sign(challenge(&ask))).await;
    let foreign = Device::new(Algorithm::Es256, b"two", ("localhost", LOCAL));
    refused(&mut browser, &foreign.sign(challenge(&again))).await;
    let signed = device.sign(challenge(&again)).to_string();
    let passkey = shop.engine.passkeys(shop.rich).unwrap().remove(0);
    shop.engine.remove_passkey(shop.rich, passkey.id).await.unwrap();
    browser.submit(&page, &proof, &[("passkey", &signed)]).await.shows(&["The passkey was not accepted"]);
    assert_eq!((shop.read(id).status, balance(&shop, shop.rich)), (Status::Open, 1_000_000));
    browser.get(&path).await.hides(&["Use a passkey"]);
}

/// The page on which a transfer is confirmed.
async fn transfer(browser: &mut Browser, amount: &str) -> Page {
    let page = browser.get("/wallet/transfer").await;
    let page = browser.submit(&page, "/wallet/transfer/payee", &[("phone", POOR)]).await;
    let draft = field(&page, "d");
    let fields = [("d", draft.as_str()), ("amount", amount), ("note", ""), ("way", "at_once")];
    browser.submit(&page, "/wallet/transfer/amount", &fields).await
}

#[tokio::test]
async fn a_transfer_is_confirmed_by_a_passkey_and_no_other_transfer_is() {
    let shop = Shop::open(Mode::Sandbox, LOCAL).await;
    let device = device(b"one");
    let mut browser = with_passkey(&shop, RICH, &device).await;
    let (small, large) = (transfer(&mut browser, "1.00").await, transfer(&mut browser, "100.00").await);
    small.shows(&["Use a passkey", "name=\"password\""]);
    let (small_draft, large_draft) = (field(&small, "d"), field(&large, "d"));
    let ask = asked(&mut browser, &small, "/wallet/transfer/passkey", &[("d", &small_draft)]).await;
    let signed = device.sign(challenge(&ask)).to_string();
    let send = "/wallet/transfer/send";
    let told = browser.submit(&large, send, &[("d", &large_draft), ("passkey", &signed)]).await;
    told.shows(&["The passkey was not accepted", "Nothing was sent"]);
    assert_eq!(balance(&shop, shop.rich), 1_000_000);
    for _ in 0..2 {
        let sent = browser.submit(&small, send, &[("d", &small_draft), ("passkey", &signed)]).await;
        sent.shows(&["Money sent"]);
    }
    assert_eq!((balance(&shop, shop.rich), balance(&shop, shop.poor)), (1_000_000 - 100, 100 + 100));
    let told = asked(&mut browser, &large, "/wallet/transfer/passkey", &[("d", "none")]).await;
    assert!(told["told"].as_str().unwrap().contains("open for too long"), "{told}");
}

#[tokio::test]
async fn a_withdrawal_is_confirmed_by_a_passkey_once() {
    let shop = Shop::open(Mode::Sandbox, LOCAL).await;
    let device = device(b"one");
    let mut browser = with_passkey(&shop, RICH, &device).await;
    let page = browser.get("/wallet/cards/new").await;
    let fields = [
        ("number", "6200 0000 0000 0013"),
        ("name", "张三"),
        ("id_number", "11010119900307889X"),
        ("phone", "13800000000"),
    ];
    browser.submit(&page, "/wallet/cards/new", &fields).await;
    let page = browser.get("/wallet/withdrawal").await;
    let card = page.text().split("name=\"card\" value=\"").nth(1).map_or_else(
        || page.text().split("value=\"crd_").nth(1).map(|rest| format!("crd_{rest}")).expect("a card"),
        str::to_owned,
    );
    let card = card.split('"').next().unwrap();
    let fields = [("amount", "5.00"), ("card", card), ("speed", "now")];
    let confirm = browser.submit(&page, "/wallet/withdrawal", &fields).await;
    confirm.shows(&["Use a passkey"]);
    let draft = field(&confirm, "d");
    let ask = asked(&mut browser, &confirm, "/wallet/withdrawal/passkey", &[("d", &draft)]).await;
    let signed = device.sign(challenge(&ask)).to_string();
    for _ in 0..2 {
        let fields = [("d", draft.as_str()), ("passkey", signed.as_str())];
        let planned = browser.submit(&confirm, "/wallet/withdrawal/confirm", &fields).await;
        planned.shows(&["5.00"]);
        planned.hides(&["was not accepted"]);
    }
    assert_eq!(balance(&shop, shop.rich), 1_000_000 - 500);
    // Another withdrawal is another thing to confirm.
    let other = browser.submit(&page, "/wallet/withdrawal", &[("amount", "6.00"), ("card", card)]).await;
    let fields = [("d", field(&other, "d")), ("passkey", signed)];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    let told = browser.submit(&other, "/wallet/withdrawal/confirm", &fields).await;
    told.shows(&["The passkey was not accepted"]);
    assert_eq!(balance(&shop, shop.rich), 1_000_000 - 500);
}
