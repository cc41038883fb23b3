//! What attackers try on the wallet's pages.

use axum::http::StatusCode;

use crate::{
    browser::{Browser, Page},
    handlers_wallet_account::{CHOSEN, NEW, enter, sign_up},
    shop::{POOR, RICH, Shop},
};

/// What a page says to its reader, without what is random and without the number itself.
fn words(page: &Page, phone: &str) -> String {
    let text = page.text();
    let main = text.split("<main>").nth(1).unwrap().split("</main>").next().unwrap();
    main.replace(&page.token(), "").replace(phone, "")
}

#[tokio::test]
async fn until_the_code_is_right_a_number_that_nobody_has_looks_like_one_that_somebody_has() {
    let shop = Shop::sandbox().await;
    let mut seen = Vec::new();
    for phone in [RICH, "17099999999"] {
        let mut browser = shop.browser();
        let first = browser.get("/wallet/sign-in").await;
        let mut pages = Vec::new();
        for (form, code) in [("code", ""), ("code", ""), ("session", "abcdef"), ("session", "")] {
            let fields = [("phone", phone), ("code", code)];
            pages.push(browser.submit(&first, &format!("/wallet/sign-in/{form}"), &fields).await);
        }
        seen.push(pages.iter().map(|page| words(page, phone)).collect::<Vec<_>>());
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(shop.messages().len(), 2, "each number was sent one code");
}

#[tokio::test]
async fn five_wrong_codes_void_a_code_in_whatever_browsers_they_are_typed() {
    let shop = Shop::sandbox().await;
    for phone in [RICH, NEW] {
        let mut browser = shop.browser();
        let page = browser.get("/wallet/sign-in").await;
        let page = browser.submit(&page, "/wallet/sign-in/code", &[("phone", phone)]).await;
        let code = shop.last_code();
        let wrong = if code == "000000" { "000001" } else { "000000" };
        for _ in 0..5 {
            // Each guess comes from a copy that has counted none.
            let mut copy = browser.clone();
            let fields = [("phone", phone), ("code", wrong)];
            copy.submit(&page, "/wallet/sign-in/session", &fields).await.shows(&["Wrong code"]);
        }
        let fields = [("phone", phone), ("code", code.as_str())];
        let page = browser.submit(&page, "/wallet/sign-in/session", &fields).await;
        page.shows(&["Wrong code"]);
        assert!(!browser.has("tongbao_wallet") && !browser.has("tongbao_sign_up"));
    }
}

#[tokio::test]
async fn a_session_that_was_planted_or_copied_before_a_sign_in_is_worth_nothing_after_it() {
    let shop = Shop::sandbox().await;
    let mut attacker = shop.browser();
    enter(&shop, &mut attacker, POOR).await;
    // The attacker's cookies stand in the victim's browser when the victim signs in.
    let mut victim = attacker.clone();
    let page = victim.get("/wallet/security").await;
    victim.submit(&page, "/wallet/sign-out", &[]).await;
    let planted = attacker.cookies.clone();
    victim.cookies.extend(planted.into_iter().filter(|kept| kept.name == "tongbao_wallet"));
    victim.get("/wallet/security").await;
    shop.engine.clock.set_ahead_s(31);
    enter(&shop, &mut victim, RICH).await.shows(&["170****0001"]);
    let page = attacker.get("/wallet/security").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "the session of before was ended with the sign-out");
    let old = victim.clone();
    shop.engine.clock.set_ahead_s(62);
    let page = victim.get("/wallet/security").await;
    victim.submit(&page, "/wallet/sign-out", &[]).await;
    enter(&shop, &mut victim, RICH).await.shows(&["170****0001"]);
    let mut thief = old;
    assert_eq!(thief.get("/wallet/security").await.status, StatusCode::SEE_OTHER, "a copy of before");
}

#[tokio::test]
async fn neither_cookie_opens_a_session_alone_and_none_that_is_altered() {
    let shop = Shop::sandbox().await;
    let mut browser = shop.browser();
    enter(&shop, &mut browser, RICH).await;
    let without = |name: &str| {
        let mut copy = browser.clone();
        copy.cookies.retain(|kept| kept.name != name);
        copy
    };
    for name in ["tongbao_wallet", "tongbao_device"] {
        assert_eq!(without(name).get("/wallet/security").await.status, StatusCode::SEE_OTHER, "{name}");
        for place in [0, 5, 20] {
            let mut copy = browser.clone();
            let value = &mut copy.cookie(name).value;
            let other = if value.as_bytes()[place] == b'A' { "B" } else { "A" };
            value.replace_range(place..=place, other);
            assert_eq!(copy.get("/wallet/security").await.status, StatusCode::SEE_OTHER, "{name}");
        }
    }
    // The cashier's session is none of the wallet's.
    let (_, path) = shop.payment("tea").await;
    shop.engine.clock.set_ahead_s(31);
    let mut payer = shop.browser();
    shop.sign_in(&mut payer, &path, RICH).await;
    let mut planted = payer.cookie("tongbao_session").clone();
    planted.name = "tongbao_wallet".into();
    planted.path = "/wallet".into();
    payer.cookies.push(planted);
    assert_eq!(payer.get("/wallet/security").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_device_that_was_removed_is_signed_out_and_only_its_owner_removes_it() {
    let shop = Shop::sandbox().await;
    let mut phone = shop.browser();
    enter(&shop, &mut phone, RICH).await;
    shop.engine.clock.set_ahead_s(31);
    let mut desk = shop.browser();
    enter(&shop, &mut desk, RICH).await.shows(&["2 devices"]);
    let page = desk.get("/wallet/security/devices").await;
    let text = page.text();
    assert_eq!(text.matches("name=\"session\"").count(), 1, "this device is not offered");
    let id = text.split("name=\"session\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let mut stranger = shop.browser();
    enter(&shop, &mut stranger, POOR).await;
    let own = stranger.get("/wallet/security").await;
    let token = own.token();
    let fields = [("csrf", token.as_str()), ("session", id.as_str())];
    assert_eq!(stranger.post("/wallet/security/devices", &fields).await.status, StatusCode::NOT_FOUND);
    assert_eq!(phone.get("/wallet/security").await.status, StatusCode::OK);
    desk.submit(&page, "/wallet/security/devices", &[("session", &id)])
        .await
        .shows(&["The device is removed"]);
    assert_eq!(phone.get("/wallet/security").await.status, StatusCode::SEE_OTHER);
    desk.get("/wallet/messages").await.shows(&["new device"]);
}

/// The forms of a signed-in payer, each with what would make it work.
const FORMS: [(&str, [(&str, &str); 3]); 8] = [
    ("/wallet/sign-out", [("", ""), ("", ""), ("", "")]),
    ("/wallet/security/freeze", [("", ""), ("", ""), ("", "")]),
    ("/wallet/security/freeze/code", [("", ""), ("", ""), ("", "")]),
    ("/wallet/security/freeze/end", [("code", "000000"), ("password", CHOSEN), ("", "")]),
    ("/wallet/security/reset/code", [("", ""), ("", ""), ("", "")]),
    ("/wallet/security/limits", [("per_payment", "1"), ("per_day", "1"), ("", "")]),
    ("/wallet/security/password", [("old", CHOSEN), ("password", "246801"), ("again", "246801")]),
    ("/wallet/security/identity", [("name", "测试甲"), ("number", "990000199001010017"), ("", "")]),
];

async fn changes_nothing(shop: &Shop, browser: &mut Browser, token: &str) {
    let before = shop.engine.payer_by_phone(NEW).unwrap().unwrap();
    for (path, fields) in FORMS {
        let mut fields = fields.to_vec();
        fields.push(("csrf", token));
        let answer = browser.post(path, &fields).await;
        browser.follow(answer).await.shows(&["The page was open for too long"]);
    }
    assert!(browser.has("tongbao_wallet"));
    assert_eq!(shop.engine.payer_by_phone(NEW).unwrap().unwrap(), before);
}

#[tokio::test]
async fn a_form_without_its_token_does_nothing() {
    let shop = Shop::sandbox().await;
    let mut browser = shop.browser();
    let before = browser.get("/wallet/sign-in").await.token();
    sign_up(&shop, &mut browser, NEW).await;
    let mut stranger = shop.browser();
    enter(&shop, &mut stranger, RICH).await;
    let strange = stranger.get("/wallet/security").await.token();
    for token in ["", "x", &before, &strange] {
        changes_nothing(&shop, &mut browser, token).await;
    }
    let own = browser.get("/wallet/security").await.token();
    browser.from = Some("cross-site");
    changes_nothing(&shop, &mut browser, &own).await;
}

#[tokio::test]
async fn signing_in_and_up_take_a_token_too() {
    let shop = Shop::sandbox().await;
    let mut browser = shop.browser();
    let answer = browser.post("/wallet/sign-in/code", &[("phone", RICH)]).await;
    browser.follow(answer).await.shows(&["The page was open for too long"]);
    assert!(shop.messages().is_empty());
    enter(&shop, &mut browser, NEW).await;
    let answer = browser.post("/wallet/sign-up", &[("password", CHOSEN), ("again", CHOSEN)]).await;
    browser.follow(answer).await.shows(&["The page was open for too long"]);
    assert!(shop.engine.payer_by_phone(NEW).unwrap().is_none());
}

#[tokio::test]
async fn a_ticket_to_sign_up_is_for_its_number_and_browser_and_used_once() {
    let shop = Shop::sandbox().await;
    let mut browser = shop.browser();
    let page = enter(&shop, &mut browser, NEW).await;
    let mut copy = browser.clone();
    let fields = [("password", CHOSEN), ("again", CHOSEN)];
    browser.submit(&page, "/wallet/sign-up", &fields).await;
    copy.submit(&page, "/wallet/sign-up", &fields).await.shows(&["The code has expired"]);
    assert!(!copy.has("tongbao_wallet"));
    let mut altered = shop.browser();
    let page = enter(&shop, &mut altered, "17000000008").await;
    altered.cookie("tongbao_sign_up").value.replace_range(30..31, "A");
    altered.cookie("tongbao_sign_up").value.replace_range(31..32, "B");
    altered.submit(&page, "/wallet/sign-up", &fields).await.shows(&["The code has expired"]);
    assert!(shop.engine.payer_by_phone("17000000008").unwrap().is_none());
}

#[tokio::test]
async fn what_a_page_says_cannot_be_planted_by_a_link() {
    let shop = Shop::sandbox().await;
    let mut browser = shop.browser();
    enter(&shop, &mut browser, RICH).await;
    let answer = browser.post("/wallet/security/limits", &[]).await;
    let query = answer.header("location").split_once('?').unwrap().1.to_owned();
    browser.get(&format!("/wallet/security/limits?{query}")).await.shows(&["open for too long"]);
    browser.get(&format!("/wallet/security/freeze?{query}")).await.hides(&["role=\"alert\""]);
    let mut other = shop.browser();
    enter(&shop, &mut other, POOR).await;
    other.get(&format!("/wallet/security/limits?{query}")).await.hides(&["role=\"alert\""]);
    for query in ["told=MARKER", "before=MARKER", "back=MARKER", "%ff=MARKER"] {
        for path in ["/wallet/security", "/wallet/messages", "/wallet/security/limits"] {
            let page = other.get(&format!("{path}?{query}")).await;
            assert_eq!(page.status, StatusCode::OK);
            page.hides(&["MARKER"]);
        }
    }
}
