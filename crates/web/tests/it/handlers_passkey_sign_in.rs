//! Signing in to the wallet by a passkey, without a number; and what nobody gets in by.

use axum::http::StatusCode;
use serde_json::{Value, json};
use tongbao_core::{
    id::{PayerId, TypedId as _},
    limits::PASSKEY_CHALLENGE_LIFE_MS,
    payer::passkey::Algorithm,
};
use tongbao_engine::{
    Mode,
    account::Purpose,
    passkey::{RelyingParty, options::creation},
};

use crate::{
    authenticator::Device,
    browser::{Browser, Page},
    shop::{BASE, PASSWORD, Shop},
};

/// Where browsers make passkeys without TLS.
const LOCAL: &str = "http://localhost:8080";
const SIGN_IN: &str = "/wallet/sign-in";
const ASK: &str = "/wallet/sign-in/passkey";
const SESSION: &str = "/wallet/sign-in/passkey/session";
/// Bytes of a page: what the first flight of a connection carries (RFC 6928).
const PAGE_BYTES_MAX: usize = 14 * 1024;
const REFUSED: &str = "The passkey did not sign you in";

/// A device with a passkey of the first payer's.
async fn enrolled(shop: &Shop) -> Device {
    let device = Device::new(Algorithm::Es256, b"one", ("localhost", LOCAL));
    let (engine, payer, party) = (&shop.engine, shop.rich, RelyingParty::of(LOCAL).unwrap());
    engine.send_code_for(payer, Purpose::Passkey).await.unwrap();
    let asked = engine.ask_for_new_passkey(payer, PASSWORD.to_owned(), &shop.last_code()).await.unwrap();
    let known = engine.store.get(payer).unwrap().unwrap();
    let options = creation(&party, &asked.bytes(), &known, &[]);
    let made = device.make(options["challenge"].as_str().unwrap());
    let made = serde_json::from_value(made).unwrap();
    engine.register_passkey(payer, &party, &made, "my phone").await.unwrap();
    device
}

/// What the script is answered.
async fn ask(browser: &mut Browser, page: &Page) -> Value {
    let token = page.token();
    let answer = browser.post(ASK, &[("csrf", token.as_str())]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.header("location"));
    serde_json::from_slice(&answer.body).unwrap()
}

/// What the script brings: a signature over what was asked, and whose passkey the device says it is.
fn signed(device: &Device, asked: &Value, user: PayerId) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let mut said = device.sign(asked["options"]["challenge"].as_str().unwrap_or_else(|| panic!("{asked}")));
    said["user"] = json!(URL_SAFE_NO_PAD.encode(user.uuid().as_bytes()));
    said.to_string()
}

async fn send(browser: &mut Browser, page: &Page, passkey: &str) -> Page {
    let fields = [("passkey", passkey), ("back", "/wallet/security/devices")];
    browser.submit(page, SESSION, &fields).await
}

#[tokio::test]
async fn the_way_in_is_offered_where_browsers_have_passkeys() {
    for (base, is_offered) in [(BASE, false), (LOCAL, true), ("https://pay.example", true)] {
        let shop = Shop::open(Mode::Sandbox, base).await;
        let page = shop.browser().get(SIGN_IN).await;
        assert_eq!(page.text().contains("Sign in with a passkey"), is_offered, "{base}");
        assert!(page.body.len() <= PAGE_BYTES_MAX, "{} bytes", page.body.len());
    }
    let shop = Shop::sandbox().await;
    let mut browser = shop.browser();
    let page = browser.get(SIGN_IN).await;
    let told = ask(&mut browser, &page).await;
    assert!(told["told"].as_str().unwrap().contains(REFUSED), "{told}");
}

#[tokio::test]
async fn who_has_the_device_is_in_and_where_it_wanted_to_go() {
    let shop = Shop::open(Mode::Sandbox, LOCAL).await;
    let device = enrolled(&shop).await;
    let mut browser = shop.browser();
    let page = browser.get("/wallet/sign-in?back=/wallet/security/devices").await;
    page.shows(&["Sign in with a passkey", "name=\"back\" value=\"/wallet/security/devices\""]);
    let asked = ask(&mut browser, &page).await;
    let options = &asked["options"];
    assert_eq!(
        (&options["allowCredentials"], &options["userVerification"]),
        (&json!([]), &json!("required"))
    );
    let inside = send(&mut browser, &page, &signed(&device, &asked, shop.rich)).await;
    inside.shows(&["Devices"]);
    assert!(browser.has("tongbao_wallet") && !browser.has("tongbao_asked"));
    browser.get("/wallet/messages").await.shows(&["new device"]);
}

#[tokio::test]
async fn what_was_signed_once_signs_in_once_and_in_its_own_browser() {
    let shop = Shop::open(Mode::Sandbox, LOCAL).await;
    let device = enrolled(&shop).await;
    let mut browser = shop.browser();
    let page = browser.get(SIGN_IN).await;
    let asked = ask(&mut browser, &page).await;
    let passkey = signed(&device, &asked, shop.rich);
    // Stolen on its way to another browser, which was asked nothing, or something else.
    let mut thief = shop.browser();
    let theirs = thief.get(SIGN_IN).await;
    send(&mut thief, &theirs, &passkey).await.shows(&[REFUSED]);
    ask(&mut thief, &theirs).await;
    send(&mut thief, &theirs, &passkey).await.shows(&[REFUSED]);
    let kept = browser.clone();
    send(&mut browser, &page, &passkey).await.shows(&["Devices"]);
    // The same form again, as a browser that went back would send it.
    let mut again = kept;
    send(&mut again, &page, &passkey).await.shows(&[REFUSED]);
    assert!(!again.has("tongbao_wallet") && !thief.has("tongbao_wallet"));
}

#[tokio::test]
async fn nothing_that_is_forged_late_or_sent_by_another_site_signs_in() {
    let shop = Shop::open(Mode::Sandbox, LOCAL).await;
    let mut device = enrolled(&shop).await;
    let mut browser = shop.browser();
    let page = browser.get(SIGN_IN).await;
    let asked = ask(&mut browser, &page).await;
    for passkey in ["", "{}", "null", "{\"id\":1}", &signed(&device, &asked, shop.poor)] {
        send(&mut browser, &page, passkey).await.shows(&[REFUSED]);
    }
    device.origin = "https://evil.example".to_owned();
    let passkey = signed(&device, &asked, shop.rich);
    send(&mut browser, &page, &passkey).await.shows(&[REFUSED]);
    device.origin = LOCAL.to_owned();
    let passkey = signed(&device, &asked, shop.rich);
    // A page of another site has no token, and browsers say where the form came from.
    let bare = browser.post(SESSION, &[("passkey", passkey.as_str())]).await;
    browser.follow(bare).await.shows(&["The page was open for too long"]);
    browser.from = Some("cross-site");
    send(&mut browser, &page, &passkey).await.shows(&["The page was open for too long"]);
    browser.from = Some("same-origin");
    shop.engine.clock.set_ahead_s(PASSKEY_CHALLENGE_LIFE_MS / 1_000);
    send(&mut browser, &page, &passkey).await.shows(&[REFUSED]);
    assert!(!browser.has("tongbao_wallet"));
}
