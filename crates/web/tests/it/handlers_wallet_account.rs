//! A payer's account on the wallet's pages: signing up, real name, limits, password, freezing, devices, messages.

use axum::http::StatusCode;
use tongbao_core::{List, facts::Entity as _, payer::session::Session, payment::Status};
use tongbao_store::Query;

use crate::{
    browser::{Browser, Page},
    page,
    shop::{PASSWORD, RICH, Shop},
};

/// A number that nobody has.
pub(crate) const NEW: &str = "17000000009";
/// The password that [`sign_up`] chooses.
pub(crate) const CHOSEN: &str = "135790";

const SIGN_IN: &str = "/wallet/sign-in";
const SECURITY: &str = "/wallet/security";

/// Asks for a code and types it; gives the page that follows.
pub(crate) async fn enter(shop: &Shop, browser: &mut Browser, phone: &str) -> Page {
    let page = browser.get(SIGN_IN).await;
    let page = browser.submit(&page, "/wallet/sign-in/code", &[("phone", phone)]).await;
    let code = shop.last_code();
    let fields = [("phone", phone), ("code", &code), ("back", SECURITY)];
    browser.submit(&page, "/wallet/sign-in/session", &fields).await
}

/// Signs a new payer up; gives the security centre.
pub(crate) async fn sign_up(shop: &Shop, browser: &mut Browser, phone: &str) -> Page {
    let page = enter(shop, browser, phone).await;
    page.shows(&["Choose a payment password"]);
    let fields = [("password", CHOSEN), ("again", CHOSEN), ("back", SECURITY)];
    browser.submit(&page, "/wallet/sign-up", &fields).await
}

async fn verify(browser: &mut Browser, name: &str, number: &str) -> Page {
    let page = browser.get("/wallet/security/identity").await;
    browser.submit(&page, "/wallet/security/identity", &[("name", name), ("number", number)]).await
}

#[tokio::test]
async fn a_new_number_becomes_a_wallet_and_the_next_time_signs_in() {
    let shop = Shop::sandbox().await;
    let mut browser = shop.browser();
    sign_up(&shop, &mut browser, NEW).await.shows(&["170****0009", "Not verified", "1 device"]);
    let page = browser.get(SECURITY).await;
    browser.submit(&page, "/wallet/sign-out", &[]).await.shows(&["name=\"phone\""]);
    assert!(!browser.has("tongbao_wallet"));
    shop.engine.clock.set_ahead_s(31);
    enter(&shop, &mut browser, NEW).await.shows(&["170****0009", "1 device"]);
    let payer = shop.engine.payer_by_phone(NEW).unwrap().unwrap();
    let query = Query::List { list: List::SessionsOf(payer.id), after: None, newest_first: true, limit: 9 };
    let records = shop.engine.store.records(query).unwrap();
    let sessions: Vec<&Session> = records.iter().filter_map(Session::of).collect();
    assert_eq!(sessions.len(), 1, "the device is known again");
    assert_eq!(sessions[0].version, 3, "begun, ended, begun");
}

#[tokio::test]
async fn weak_and_unequal_passwords_are_not_chosen() {
    let shop = Shop::sandbox().await;
    let mut browser = shop.browser();
    let page = enter(&shop, &mut browser, NEW).await;
    for (password, again, told) in [
        ("111111", "111111", "too easy to guess"),
        ("123456", "123456", "too easy to guess"),
        (CHOSEN, "135791", "not the same"),
        ("12345", "12345", "six digits"),
    ] {
        let fields = [("password", password), ("again", again)];
        browser.submit(&page, "/wallet/sign-up", &fields).await.shows(&[told, "name=\"again\""]);
    }
    assert!(shop.engine.payer_by_phone(NEW).unwrap().is_none());
}

#[tokio::test]
async fn a_real_name_gives_a_level_its_limits_and_a_message() {
    let shop = Shop::sandbox().await;
    let mut browser = shop.browser();
    sign_up(&shop, &mut browser, NEW).await;
    for (name, number, told) in [
        ("测试甲", "990000199001010018", "This is not an ID number"),
        ("1", "990000199001010017", "This is not a name"),
        ("测试乙", "990000199001010017", "Name and number do not fit"),
        ("测试丁", "990000199001010076", "Nobody can verify it just now"),
        ("测试戊", "990000202402290018", "Below eight years of age"),
        ("测试甲", "990000199001010017", "You are verified"),
        ("测试乙", "990000199001010033", "another person"),
    ] {
        let page = verify(&mut browser, name, number).await;
        page.shows(&[told]);
        page.hides(&[number]);
    }
    let page = browser.get("/wallet/security/identity").await;
    page.shows(&["Class Ⅰ", "**甲", "9****************7"]);
    page.hides(&["测试甲", "990000199001010017"]);
    let page = browser.get("/wallet/security/limits").await;
    page.shows(&["¥0.00 of ¥1,000.00", "¥0.00 of ¥5,000.00"]);
    let fields = [("per_payment", "99.50"), ("per_day", "")];
    let page = browser.submit(&page, "/wallet/security/limits", &fields).await;
    page.shows(&["The limits are saved", "value=\"99.50\""]);
    let fields = [("per_payment", "99.505"), ("per_day", "")];
    browser
        .submit(&page, "/wallet/security/limits", &fields)
        .await
        .shows(&["This is not an amount", "value=\"99.50\""]);
    for (more, password, told) in [
        ("99.51", "", "To allow more takes the payment password"),
        ("", "", "To allow more takes the payment password"),
        ("", "000000", "Wrong payment password"),
        ("", "1", "six digits"),
        ("99.00", "", "The limits are saved"),
        ("99.50", CHOSEN, "The limits are saved"),
    ] {
        let fields = [("per_payment", more), ("per_day", ""), ("password", password)];
        browser.submit(&page, "/wallet/security/limits", &fields).await.shows(&[told]);
    }
    let page = browser.get("/wallet/messages").await;
    page.shows(&["Your identity is verified"]);
    page.hides(&["Your code is"]);
    let mut other = shop.browser();
    sign_up(&shop, &mut other, "17000000008").await;
    verify(&mut other, "测试甲", "990000199001010017").await.shows(&["This person has a wallet"]);
}

#[tokio::test]
async fn a_password_is_changed_by_the_old_one_and_locks_after_five_wrong_ones() {
    let shop = Shop::sandbox().await;
    let mut browser = shop.browser();
    sign_up(&shop, &mut browser, NEW).await;
    let path = "/wallet/security/password";
    let page = browser.get(path).await;
    let form = |old: &'static str| [("old", old), ("password", "246801"), ("again", "246801")];
    for left in ["4 tries left", "3 tries left", "2 tries left", "1 try left"] {
        browser.submit(&page, path, &form("000000")).await.shows(&["Wrong payment password", left]);
    }
    browser.submit(&page, path, &form("000000")).await.shows(&["Payment password locked"]);
    browser.submit(&page, path, &form(CHOSEN)).await.shows(&["Payment password locked"]);
    shop.engine.clock.set_ahead_s(3 * 3_600 + 1);
    browser.submit(&page, path, &form(CHOSEN)).await.shows(&["The payment password is changed"]);
    browser.submit(&page, path, &form(CHOSEN)).await.shows(&["Wrong payment password"]);
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_by_code_and_identity() {
    let shop = Shop::sandbox().await;
    let mut browser = shop.browser();
    sign_up(&shop, &mut browser, NEW).await;
    let path = "/wallet/security/reset";
    browser.get(path).await.shows(&["nobody has verified that yet"]);
    verify(&mut browser, "测试甲", "990000199001010017").await;
    let page = browser.get(path).await;
    let page = browser.submit(&page, &format!("{path}/code"), &[]).await;
    page.shows(&["A code is on its way", "name=\"number\""]);
    let code = shop.last_code();
    let form = |code: &str, number: &str| {
        [("code", code), ("name", "测试甲"), ("number", number), ("password", "246801"), ("again", "246801")]
            .map(|(name, value)| (name, value.to_owned()))
    };
    let mut send = async |code: &str, number: &str| {
        let fields = form(code, number);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.submit(&page, path, &fields).await
    };
    let wrong = if code == "000000" { "000001" } else { "000000" };
    send(wrong, "990000199001010017").await.shows(&["The code has expired"]);
    send(&code, "990000199001010033").await.shows(&["Name and number do not fit", "4 tries left"]);
    send(&code, "990000199001010017").await.shows(&["The code has expired"]);
    shop.engine.clock.set_ahead_s(31);
    let page = browser.get(path).await;
    browser.submit(&page, &format!("{path}/code"), &[]).await.shows(&["A code is on its way"]);
    let fields = form(&shop.last_code(), "990000199001010017");
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.submit(&page, path, &fields).await.shows(&["The payment password is changed"]);
}

#[tokio::test]
async fn a_freeze_stops_a_payment_in_flight_until_password_and_code_lift_it() {
    let shop = Shop::sandbox().await;
    let (id, path) = shop.payment("tea").await;
    let mut cashier = shop.browser();
    let till = shop.sign_in(&mut cashier, &path, RICH).await;
    shop.engine.clock.set_ahead_s(31);
    let mut browser = shop.browser();
    enter(&shop, &mut browser, RICH).await;
    let freeze = "/wallet/security/freeze";
    let page = browser.get(freeze).await;
    browser.submit(&page, freeze, &[]).await.shows(&["The account is frozen", "Frozen since"]);
    for method in ["balance", "sandbox_bank"] {
        let fields = [("method", method), ("password", PASSWORD)];
        cashier.submit(&till, &format!("{path}/pay"), &fields).await.shows(&["The account is frozen"]);
    }
    assert_eq!((shop.read(id).status, shop.read(id).attempts.len()), (Status::Open, 0));
    shop.engine.clock.set_ahead_s(62);
    let page = browser.get(freeze).await;
    let page = browser.submit(&page, &format!("{freeze}/code"), &[]).await;
    let code = shop.last_code();
    let end = format!("{freeze}/end");
    let fields = [("code", code.as_str()), ("password", "999999")];
    browser.submit(&page, &end, &fields).await.shows(&["Wrong payment password"]);
    let fields = [("code", code.as_str()), ("password", PASSWORD)];
    browser.submit(&page, &end, &fields).await.shows(&["not frozen any more"]);
    let fields = [("method", "balance"), ("password", PASSWORD)];
    cashier.submit(&till, &format!("{path}/pay"), &fields).await.shows(&["Payment complete"]);
    browser.get("/wallet/messages").await.shows(&["no longer frozen", "no money leaves it"]);
}

#[tokio::test]
async fn who_is_not_signed_in_is_sent_to_the_sign_in_and_back() {
    let shop = Shop::sandbox().await;
    let mut browser = shop.browser();
    for path in [
        SECURITY,
        "/wallet/security/devices",
        "/wallet/security/password",
        "/wallet/security/reset",
        "/wallet/security/identity",
        "/wallet/security/limits",
        "/wallet/security/freeze",
        "/wallet/messages",
    ] {
        let page = browser.get(path).await;
        assert_eq!(
            (page.status, page.header("location")),
            (StatusCode::SEE_OTHER, format!("{SIGN_IN}?back={path}").as_str())
        );
        browser.follow(page).await.shows(&[&format!("name=\"back\" value=\"{path}\"")]);
        if path != "/wallet/messages" {
            let answer = browser.post(path, &[]).await;
            let refused = [StatusCode::SEE_OTHER, StatusCode::METHOD_NOT_ALLOWED];
            assert!(refused.contains(&answer.status), "{path}: {}", answer.status);
        }
    }
    let page = enter(&shop, &mut browser, RICH).await;
    page.shows(&["By the rules of this institution"]);
    let page = browser.get(&format!("{SIGN_IN}?back=/wallet/messages")).await;
    assert_eq!(page.header("location"), "/wallet/messages", "who is signed in goes on at once");
    let page = browser.get(&format!("{SIGN_IN}?back=//evil.example/")).await;
    assert_eq!(page.header("location"), "/wallet");
}

/// The weight of a page with its style sheet, in bytes: what the cashier's may weigh.
const WEIGHT_MAX: usize = 14 * 1024;

/// Checks what every page keeps; gives what it weighs with its style sheet.
fn checked(path: &str, page: &Page) -> usize {
    assert_eq!(page.status, StatusCode::OK, "{path}");
    let html = page.text();
    let policy = page.header("content-security-policy");
    let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    page::assert_well_formed(path, &html);
    page::assert_obeys_the_policy(path, &html, nonce);
    page::assert_fields_are_labelled(path, &html);
    if html.contains("<form") {
        page::assert_forms_carry(path, &html, &page.token());
    }
    let sheet = html.split("rel=\"stylesheet\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    html.len() + tongbao_web::asset(sheet).unwrap().gzip.unwrap().len()
}

#[tokio::test]
async fn every_page_is_well_formed_labelled_light_and_in_both_languages() {
    let shop = Shop::sandbox().await;
    let mut browser = shop.browser();
    for lang in ["zh", "en"] {
        checked(SIGN_IN, &browser.get(&format!("{SIGN_IN}?lang={lang}")).await);
    }
    let page = enter(&shop, &mut browser, NEW).await;
    checked("/wallet/sign-up", &page);
    let fields = [("password", CHOSEN), ("again", CHOSEN)];
    browser.submit(&page, "/wallet/sign-up", &fields).await;
    verify(&mut browser, "测试甲", "990000199001010017").await;
    for path in [
        SECURITY,
        "/wallet/security/devices",
        "/wallet/security/password",
        "/wallet/security/reset",
        "/wallet/security/identity",
        "/wallet/security/limits",
        "/wallet/security/freeze",
    ] {
        for (lang, word) in [("zh", "安全中心"), ("en", "Security")] {
            let page = browser.get(&format!("{path}?lang={lang}&text=large")).await;
            page.shows(&[word, "class=\"large\""]);
            let weight = checked(path, &page);
            assert!(weight <= WEIGHT_MAX, "{path} weighs {weight}");
        }
    }
    browser.get("/wallet/messages?lang=zh").await.shows(&["实名认证已通过"]);
}
