//! The signature doctor and the timeline, as pages.

use axum::http::StatusCode;
use tongbao_engine::{Mode, exchange::SignedRequest};

use crate::shop::{BASE, Shop};

/// Fields of the form for a request that nobody could have signed.
const PASTED: [(&str, &str); 4] = [
    ("method", " GET "),
    ("url", "https://pay.example/v3/certificates?a=1#top"),
    (
        "authorization",
        "Authorization: WECHATPAY2-SHA256-RSA2048 mchid=\"1900000009\",nonce_str=\"n\",\
         timestamp=\"1700000000\",serial_no=\"0A\",signature=\"AAAA\"",
    ),
    ("own", "GET\\n/v3/certificates\\n1700000000\\nn\\n\\n"),
];

#[tokio::test]
async fn a_pasted_request_is_examined_and_stays_in_the_form() {
    let shop = Shop::sandbox().await;
    let mut browser = shop.browser();
    let page = browser.get("/sandbox/signature").await;
    page.shows(&["Signature doctor", "No request has been refused"]);
    let page = browser.submit(&page, "/sandbox/signature/form", &PASTED).await;
    page.shows(&[
        "merchant_unknown",
        "clock_skew",
        "There is no such merchant number.",
        "GET\\n",
        "/v3/certificates?a=1\\n",
        "value=\"/v3/certificates?a=1\"",
        "line 2, byte 17",
        "The signature does not fit",
    ]);
    page.hides(&["#top", "Authorization: WECHAT"]);
    browser
        .get("/sandbox/signature?number=1&lang=zh")
        .await
        .shows(&["没有这个商户号", "第 2 行，第 17 字节"]);
    browser.get("/sandbox/signature?number=2").await.shows(&["This request is forgotten"]);
    browser.get("/sandbox/signature?number=x").await.shows(&["This request is forgotten"]);
}

#[tokio::test]
async fn a_pasted_body_keeps_its_line_ends_and_its_size_is_bounded() {
    let shop = Shop::sandbox().await;
    let mut browser = shop.browser();
    let page = browser.get("/sandbox/signature").await;
    // A browser sends CR LF where the page had LF.
    let fields = [("method", "POST"), ("url", "/v3/x"), ("body", "{\r\n}"), ("own", "a\r\nb\r\n")];
    browser.submit(&page, "/sandbox/signature/form", &fields).await;
    let kept = shop.engine.exchanges.as_ref().unwrap().kept(1).unwrap();
    assert_eq!((&kept.request.body[..], kept.request.own.as_deref()), (&b"{\n}"[..], Some(&b"a\nb\n"[..])));
    let large = "x".repeat(60_000);
    let fields = [("method", "POST"), ("url", "/v3/x"), ("body", large.as_str())];
    browser.submit(&page, "/sandbox/signature/form", &fields).await.shows(&["header_missing"]);
    let huge = "x".repeat(600_000);
    let fields = [("method", "POST"), ("url", "/v3/x"), ("body", huge.as_str())];
    let answer = browser.post("/sandbox/signature/form", &fields).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let fields = [("method", "POST"), ("url", "no target")];
    browser.submit(&page, "/sandbox/signature/form", &fields).await.shows(&["That did not work"]);
    let foreign = browser.post("/sandbox/signature/form", &PASTED).await;
    browser.follow(foreign).await.shows(&["press again"]);
}

#[tokio::test]
async fn a_refused_request_is_one_link_away() {
    let shop = Shop::sandbox().await;
    let request =
        SignedRequest { method: "GET".into(), target: "/v3/<x>".into(), ..SignedRequest::default() };
    let world = shop.engine.clock.world();
    shop.engine.exchanges.as_ref().unwrap().keep(world, Some("拒绝".into()), request);
    let mut browser = shop.browser();
    let page = browser.get("/sandbox/signature").await;
    page.shows(&["href=\"/sandbox/signature?number=1\"", "/v3/&#60;x&#62;", "拒绝"]);
    browser.get("/sandbox/signature?number=1").await.shows(&["header_missing"]);
}

#[tokio::test]
async fn a_payment_s_timeline_is_found_from_the_other_pages() {
    let shop = Shop::sandbox().await;
    let (id, _) = shop.payment("tea").await;
    let mut browser = shop.browser();
    let link = format!("href=\"/sandbox/timeline?of={id}\"");
    browser.get("/sandbox").await.shows(&[&link]);
    let page = browser.get("/sandbox/phone").await;
    page.shows(&[&link]);
    let (payer, tap) = (shop.rich.to_string(), id.to_string());
    let fields = [("payer", payer.as_str()), ("method", "balance"), ("tap", &tap)];
    browser.submit(&page, "/sandbox/phone/form", &fields).await;
    browser.get("/sandbox/notifications").await.shows(&[&link]);
    let number = shop.read(id).order_no;
    let page = browser.get(&format!("/sandbox/timeline?of={number}")).await;
    page.shows(&[
        &id.to_string(),
        &format!("value=\"{number}\""),
        "status good\">Succeeded",
        "¥128.50",
        "create_payment",
        "pay_payment",
        "payment.succeeded",
        &format!("payer/{payer}/available/CNY → merchant/"),
        &format!("href=\"/sandbox/payments/{id}/timeline\""),
    ]);
    let text = page.text();
    let (before, after) = (text.find("create_payment").unwrap(), text.find("payment.succeeded").unwrap());
    assert!(before < after, "oldest first");
}

#[tokio::test]
async fn an_order_that_is_not_there_is_said_to_be_unknown_without_repeating_it() {
    let shop = Shop::sandbox().await;
    let mut browser = shop.browser();
    browser.get("/sandbox/timeline").await.hides(&["There is no such order"]);
    let page = browser.get("/sandbox/timeline?of=planted-text").await;
    page.shows(&["There is no such order."]);
    page.hides(&["planted-text"]);
}

#[tokio::test]
async fn production_has_neither_page() {
    let shop = Shop::open(Mode::Production, BASE).await;
    let mut browser = shop.browser();
    for path in ["/sandbox/signature", "/sandbox/timeline?of=x"] {
        assert_eq!(browser.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}
