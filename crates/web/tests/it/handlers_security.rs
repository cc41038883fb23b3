//! What the pages refuse, and what they never do.

use axum::http::StatusCode;
use tongbao_core::{
    Facts,
    payment::{Proofs, Status},
    transfer::send::{NewTransfer, Way, send_proven},
};
use tongbao_engine::Mode;

use crate::{
    handlers_wallet_account::enter,
    shop::{PASSWORD, POOR, RICH, Shop, fen, input},
};

#[tokio::test]
async fn every_page_has_its_policy_and_a_nonce_of_its_own() {
    let shop = Shop::sandbox().await;
    let (_, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    let mut nonces = Vec::new();
    let pages = [
        path.as_str(),
        "/docs",
        "/docs/payer",
        "/sandbox",
        "/sandbox/phone",
        "/sandbox/inbox",
        "/sandbox/notifications",
        "/cashier/x",
    ];
    for address in pages {
        let page = browser.get(address).await;
        let policy = page.header("content-security-policy");
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
        assert!(nonce.len() >= 22, "{address}: {nonce}");
        let scripts = page.text().matches("<script").count();
        assert_eq!(page.text().matches(&format!("<script nonce=\"{nonce}\"")).count(), scripts, "{address}");
        for (name, value) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "same-origin"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("content-type", "text/html; charset=utf-8"),
        ] {
            assert_eq!(page.header(name), value, "{address}");
        }
        assert!(page.header("content-encoding").is_empty(), "pages with tokens are not compressed");
        nonces.push(nonce);
    }
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), pages.len());
    let answer = browser.post(&format!("{path}/code"), &[]).await;
    assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::SEE_OTHER, "no-store"));
}

#[tokio::test]
async fn text_of_a_shop_never_becomes_markup() {
    const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
    let shop = Shop::sandbox().await;
    let (_, path) = shop.payment(HOSTILE).await;
    let mut browser = shop.browser();
    for address in [path.as_str(), "/sandbox/phone"] {
        let page = browser.get(address).await;
        page.shows(&["&#60;script&#62;alert(1)"]);
        page.hides(&["<script>alert", "<img"]);
    }
}

#[tokio::test]
async fn a_note_of_a_payer_never_becomes_markup() {
    const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x>";
    let shop = Shop::sandbox().await;
    let new = NewTransfer {
        number: "1".to_owned(),
        sender: shop.rich,
        recipient: shop.poor,
        money: fen(100),
        note: HOSTILE.to_owned(),
        way: Way::ToBeAccepted,
        collection: None,
        proofs: Proofs::PASSWORD,
    };
    let send = move |facts: &dyn Facts, cx: &mut _| send_proven(facts, cx, &new);
    let transfer = shop.engine.step(input("create_transfer"), send).await.unwrap().unwrap();
    let bill = format!("/wallet/bills/{}", transfer.id);
    for phone in [POOR, RICH] {
        let mut browser = shop.browser();
        enter(&shop, &mut browser, phone).await;
        browser.get(&bill).await.shows(&["&#60;script&#62;alert(1)"]);
        for address in [bill.as_str(), "/wallet", "/wallet/bills", "/wallet/messages"] {
            browser.get(address).await.hides(&["<script>alert", "<img"]);
        }
    }
}

#[tokio::test]
async fn text_of_a_query_is_never_shown() {
    let shop = Shop::sandbox().await;
    let (_, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    for query in [
        "notice=MARKER",
        "notice=paid.MARKER",
        "lang=MARKER",
        "text=MARKER",
        "MARKER",
        "change_phone=MARKER",
        "%ff=MARKER",
    ] {
        for address in [path.as_str(), "/sandbox", "/sandbox/phone", "/sandbox/notifications", "/docs"] {
            let page = browser.get(&format!("{address}?{query}&payer=MARKER&before=MARKER")).await;
            assert_eq!(page.status, StatusCode::OK, "{address}?{query}");
            page.hides(&["MARKER"]);
        }
    }
}

#[tokio::test]
async fn a_notice_is_good_for_its_payment_and_a_while_only() {
    let shop = Shop::sandbox().await;
    let (_, path) = shop.payment("tea").await;
    let (_, other) = shop.payment("cup").await;
    let mut browser = shop.browser();
    let answer = browser.post(&format!("{path}/code"), &[("csrf", "wrong")]).await;
    let query = answer.header("location").split_once('?').unwrap().1.to_owned();
    browser.get(&format!("{path}?{query}")).await.shows(&["The page was open for too long"]);
    browser.get(&format!("{other}?{query}")).await.hides(&["role=\"alert\""]);
    let forged = format!("{path}?{}", query.replacen("notice=ey", "notice=ez", 1));
    assert_ne!(forged, format!("{path}?{query}"));
    browser.get(&forged).await.hides(&["role=\"alert\""]);
    shop.engine.clock.set_ahead_s(121);
    browser.get(&format!("{path}?{query}")).await.hides(&["role=\"alert\""]);
}

#[tokio::test]
async fn a_forged_or_altered_session_is_none() {
    let shop = Shop::sandbox().await;
    let (id, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    shop.sign_in(&mut browser, &path, POOR).await;
    let genuine = browser.cookie("tongbao_session").value.clone();
    let (payload, signature) = genuine.split_once('.').unwrap();
    let flip = |text: &str| {
        let first = if text.starts_with('A') { 'B' } else { 'A' };
        format!("{first}{}", &text[1..])
    };
    let form_secret = browser.cookie("tongbao_form").value.clone();
    let forgeries = [
        String::new(),
        payload.to_owned(),
        format!("{}.{signature}", flip(payload)),
        format!("{payload}.{}", flip(signature)),
        format!("{payload}."),
        format!("{payload}.{signature}.{signature}"),
        format!("{form_secret}.{form_secret}"),
    ];
    for forged in forgeries {
        browser.cookie("tongbao_session").value.clone_from(&forged);
        let page = browser.get(&path).await;
        page.shows(&["name=\"phone\""]);
        page.hides(&["170****000"]);
        let fields = [("method", "balance"), ("password", PASSWORD)];
        browser.submit(&page, &format!("{path}/pay"), &fields).await.shows(&["You have been signed out"]);
    }
    browser.cookie("tongbao_session").value = genuine;
    browser.get(&path).await.shows(&["170****0002"]);
    assert_eq!(shop.read(id).status, Status::Open);
}

#[tokio::test]
async fn a_notice_or_a_sealed_number_is_no_session() {
    let shop = Shop::sandbox().await;
    let (_, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    let page = browser.get(&path).await;
    let answer = browser.post(&format!("{path}/pay"), &[]).await;
    let notice = answer.header("location").split_once("notice=").unwrap().1.to_owned();
    browser.submit(&page, &format!("{path}/code"), &[("phone", RICH)]).await;
    let sealed = browser.cookie("tongbao_sign_in").clone();
    for value in [notice, sealed.value.clone()] {
        let mut thief = browser.clone();
        let mut planted = sealed.clone();
        planted.name = "tongbao_session".into();
        planted.path = "/cashier".into();
        planted.value = value;
        thief.cookies.push(planted);
        thief.get(&path).await.hides(&["170****000"]);
    }
}

#[tokio::test]
async fn signing_in_replaces_what_was_planted_before() {
    let shop = Shop::sandbox().await;
    let (_, path) = shop.payment("tea").await;
    let mut attacker = shop.browser();
    shop.sign_in(&mut attacker, &path, POOR).await;
    let mut victim = shop.browser();
    victim.get(&path).await;
    let planted = victim.cookie("tongbao_form").value.clone();
    shop.engine.clock.set_ahead_s(31);
    shop.sign_in(&mut victim, &path, RICH).await;
    assert_ne!(victim.cookie("tongbao_form").value, planted, "the form secret of before is not used on");
    assert_ne!(victim.cookie("tongbao_session").value, attacker.cookie("tongbao_session").value);
}

#[tokio::test]
async fn a_form_without_its_token_does_nothing() {
    let shop = Shop::sandbox().await;
    let (id, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    let before = browser.get(&path).await.token();
    let page = shop.sign_in(&mut browser, &path, RICH).await;
    let sandbox = browser.get("/sandbox").await.token();
    let mut stranger = shop.browser();
    let strange = stranger.get(&path).await.token();
    let pay = format!("{path}/pay");
    for token in ["", "x", &before, &sandbox, &strange, &"A".repeat(43)] {
        let fields = [("csrf", token), ("method", "balance"), ("password", PASSWORD)];
        let answer = browser.post(&pay, &fields).await;
        browser.follow(answer).await.shows(&["The page was open for too long", "Pay ¥128.50"]);
        let answer = browser.post(&format!("{path}/session/end"), &[("csrf", token)]).await;
        browser.follow(answer).await.shows(&["The page was open for too long"]);
    }
    assert!(browser.has("tongbao_session"));
    let token = page.token();
    let fields = [("csrf", token.as_str()), ("method", "balance"), ("password", PASSWORD)];
    for from in ["cross-site", "same-site"] {
        browser.from = Some(from);
        let answer = browser.post(&pay, &fields).await;
        browser.follow(answer).await.shows(&["The page was open for too long"]);
    }
    assert!(shop.read(id).attempts.is_empty());
    browser.from = None;
    let answer = browser.post(&pay, &fields).await;
    browser.follow(answer).await.shows(&["Payment complete"]);
}

#[tokio::test]
async fn signing_in_takes_a_token_too() {
    let shop = Shop::sandbox().await;
    let (_, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    let page = browser.get(&path).await;
    browser.submit(&page, &format!("{path}/code"), &[("phone", RICH)]).await;
    let code = shop.last_code();
    let fields = [("csrf", ""), ("phone", RICH), ("code", code.as_str())];
    let answer = browser.post(&format!("{path}/session"), &fields).await;
    browser.follow(answer).await.shows(&["The page was open for too long"]);
    assert!(!browser.has("tongbao_session"));
}

#[tokio::test]
async fn a_token_of_the_sandbox_is_none_on_the_cashier_even_under_one_secret() {
    let shop = Shop::sandbox().await;
    let (_, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    browser.get(&path).await;
    let mut planted = browser.cookie("tongbao_form").clone();
    planted.path = "/sandbox".into();
    browser.cookies.push(planted);
    let token = browser.get("/sandbox").await.token();
    let fields = [("csrf", token.as_str()), ("phone", RICH)];
    let answer = browser.post(&format!("{path}/code"), &fields).await;
    browser.follow(answer).await.shows(&["The page was open for too long"]);
    assert!(shop.messages().is_empty());
}

#[tokio::test]
async fn a_token_is_bound_to_who_is_signed_in() {
    let shop = Shop::sandbox().await;
    let (id, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    let page = shop.sign_in(&mut browser, &path, RICH).await;
    let secret = browser.cookie("tongbao_form").clone();
    let mut other = shop.browser();
    shop.engine.clock.set_ahead_s(31);
    shop.sign_in(&mut other, &path, POOR).await;
    // The other payer's browser is given the secret and the token of the first one's.
    other.cookie("tongbao_form").value = secret.value;
    let fields = [("method", "sandbox_bank"), ("password", PASSWORD)];
    other.submit(&page, &format!("{path}/pay"), &fields).await.shows(&["The page was open for too long"]);
    assert!(shop.read(id).attempts.is_empty());
}

#[tokio::test]
async fn cookies_travel_over_tls_only_where_there_is_tls() {
    for (mode, base, secure) in
        [(Mode::Sandbox, "http://127.0.0.1:8080", false), (Mode::Production, "https://pay.example", true)]
    {
        let shop = Shop::open(mode, base).await;
        let (_, path) = shop.payment("tea").await;
        let page = shop.browser().get(&path).await;
        assert_eq!(page.header("set-cookie").contains("; Secure"), secure, "{}", page.header("set-cookie"));
    }
}

#[tokio::test]
async fn production_has_none_of_the_sandbox_pages() {
    let shop = Shop::open(Mode::Production, "https://pay.example").await;
    let mut browser = shop.browser();
    for path in ["/sandbox", "/sandbox/phone", "/sandbox/inbox", "/sandbox/notifications"] {
        assert_eq!(browser.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for path in
        ["/sandbox/payments/form", "/sandbox/phone/form", "/sandbox/faults/form", "/sandbox/clock/form"]
    {
        assert_eq!(browser.post(path, &[]).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(browser.get("/").await.header("location"), "/docs");
    browser.get("/docs").await.hides(&["/sandbox"]);
}

#[tokio::test]
async fn a_body_that_is_no_form_or_too_large_is_refused_with_a_page() {
    let shop = Shop::sandbox().await;
    let (_, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    let long = "1".repeat(9_000);
    let page = browser.post(&format!("{path}/code"), &[("phone", &long)]).await;
    assert_eq!(page.status, StatusCode::PAYLOAD_TOO_LARGE);
    page.shows(&["This request cannot be read"]);
    let page = browser.post("/sandbox", &[]).await;
    assert_eq!((page.status, page.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "GET,HEAD"));
    page.shows(&["Nothing here"]);
}
