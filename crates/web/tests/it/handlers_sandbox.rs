//! The developer's pages do what their buttons say.

use axum::http::StatusCode;
use tongbao_core::{
    Actor, Key, List,
    delivery::{self, Delivery, DeliveryStatus},
    facts::Entity as _,
    payment::{Payment, Status},
    sandbox::{Fault, Sandbox},
};
use tongbao_engine::Input;
use tongbao_store::Query;

use crate::shop::{BASE, PASSWORD, RICH, Shop};

fn deliveries(shop: &Shop) -> Vec<Delivery> {
    let query = Query::List { list: List::Deliveries(shop.app), after: None, newest_first: true, limit: 100 };
    shop.engine.store.records(query).unwrap().iter().filter_map(Delivery::of).cloned().collect()
}

fn waiting(shop: &Shop) -> Vec<Fault> {
    let settings = shop.engine.store.find::<Sandbox>(Key::Sandbox).unwrap().unwrap();
    settings.faults.iter().map(|waiting| waiting.fault).collect()
}

#[tokio::test]
async fn the_start_page_makes_a_payment_that_the_phone_pays() {
    let shop = Shop::sandbox().await;
    let mut browser = shop.browser();
    let page = browser.get("/sandbox").await;
    page.shows(&[
        "沙箱茶馆",
        BASE,
        "tongbao-sandbox/sandbox.json",
        "tongbao pay",
        RICH,
        PASSWORD,
        "¥10,000.00",
        "No payments yet",
    ]);
    let page = browser.submit(&page, "/sandbox/payments/form", &[]).await;
    page.shows(&["A test payment was created.", "¥12.80", "status warn\">Open"]);
    let id = page.text().split("<code>pay_").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let id = format!("pay_{id}");
    page.shows(&[&format!("href=\"/cashier/{id}\"")]);
    let page = browser.get(&format!("/sandbox/phone?payer={}", shop.poor)).await;
    page.shows(&[&format!("value=\"{id}\""), "30 min left", &format!("value=\"{}\" selected", shop.poor)]);
    let payer = shop.rich.to_string();
    let fields = [("payer", payer.as_str()), ("method", "balance"), ("code", ""), ("tap", &id)];
    let page = browser.submit(&page, "/sandbox/phone/form", &fields).await;
    page.shows(&["Paid.", &format!("value=\"{payer}\" selected"), "¥9,987.20", "Nothing to pay"]);
    let payment = shop.engine.store.get::<Payment>(id.parse().unwrap()).unwrap().unwrap();
    assert_eq!((payment.status, payment.paid_by().unwrap().payer), (Status::Succeeded, shop.rich));
    browser.get("/sandbox").await.shows(&["status good\">Succeeded"]);
    let page = browser.submit(&page, "/sandbox/phone/form", &fields).await;
    page.shows(&["cannot be paid any more"]);
}

#[tokio::test]
async fn the_phone_takes_the_text_of_a_qr_code_and_says_what_it_cannot_pay() {
    let shop = Shop::sandbox().await;
    let (id, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    let page = browser.get("/sandbox/phone").await;
    let (rich, poor) = (shop.rich.to_string(), shop.poor.to_string());
    for (payer, method, code, told) in [
        (&rich, "balance", "nonsense", "No payment has this code"),
        (&rich, "balance", "pay_01k9yq3vx2e8gtm4d6w7zr5hbn", "No payment has this code"),
        (&poor, "balance", &format!("{BASE}{path}"), "Too little balance"),
        (&rich, "gold", &format!("{BASE}{path}"), "That did not work"),
        (&"nobody".to_owned(), "balance", &format!("{BASE}{path}"), "That did not work"),
        (&rich, "sandbox_bank", &format!("{BASE}{path}"), "the result arrives later"),
    ] {
        let fields = [("payer", payer.as_str()), ("method", method), ("code", code)];
        browser.submit(&page, "/sandbox/phone/form", &fields).await.shows(&[told]);
    }
    assert_eq!(shop.read(id).status, Status::Processing);
}

#[tokio::test]
async fn a_fault_is_armed_replaced_and_taken_back() {
    let shop = Shop::sandbox().await;
    let (id, _) = shop.payment("tea").await;
    let mut browser = shop.browser();
    let payer = shop.rich.to_string();
    let mut page = browser.get("/sandbox/phone").await;
    for (fault, armed) in [
        ("result_late", vec![Fault::ResultLate]),
        ("duplicate_notification", vec![Fault::DuplicateNotification]),
        ("", vec![]),
        ("declined", vec![Fault::Declined]),
    ] {
        page = browser.submit(&page, "/sandbox/faults/form", &[("payer", &payer), ("fault", fault)]).await;
        page.shows(&["The outcome of the next payment is set.", &format!("value=\"{fault}\" checked")]);
        assert_eq!(waiting(&shop), armed);
    }
    page.shows(&["The next payment will meet: Is declined"]);
    let tap = id.to_string();
    let fields = [("payer", payer.as_str()), ("method", "balance"), ("tap", &tap)];
    page = browser.submit(&page, "/sandbox/phone/form", &fields).await;
    page.shows(&["The channel declined"]);
    assert!(waiting(&shop).is_empty());
    let fields = [("payer", payer.as_str()), ("fault", "earthquake")];
    browser.submit(&page, "/sandbox/faults/form", &fields).await.shows(&["That did not work"]);
}

#[tokio::test]
async fn the_inbox_shows_the_code_that_was_sent() {
    let shop = Shop::sandbox().await;
    let (_, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    browser.get("/sandbox/inbox").await.shows(&["No messages yet"]);
    let page = browser.get(&path).await;
    browser.submit(&page, &format!("{path}/code"), &[("phone", RICH)]).await;
    let page = browser.get("/sandbox/inbox").await;
    page.shows(&["170****0001", &format!("Your code is <mark>{}</mark>.", shop.last_code())]);
    browser.get("/sandbox/inbox?lang=zh").await.shows(&["【通宝】验证码 <mark>"]);
}

#[tokio::test]
async fn a_notification_is_shown_with_its_body_and_sent_again() {
    let shop = Shop::sandbox().await;
    let (id, _) = shop.payment("tea").await;
    let mut browser = shop.browser();
    let page = browser.get("/sandbox/notifications").await;
    page.shows(&["Nothing sent yet"]);
    let (payer, tap) = (shop.rich.to_string(), id.to_string());
    let fields = [("payer", payer.as_str()), ("method", "balance"), ("tap", &tap)];
    browser.submit(&page, "/sandbox/phone/form", &fields).await;
    let [delivery] = deliveries(&shop).try_into().unwrap();
    // Its receiver is gone: the worker gives up.
    let lease = tongbao_core::Task::new(
        delivery.next_at.unwrap_or(delivery.created_at),
        tongbao_core::Work::Deliver(delivery.id),
    )
    .key;
    let input = Input { actor: Actor::Worker, name: "abandon_delivery" };
    shop.engine.run(input, move |facts, _| delivery::abandon(facts, delivery.id, lease)).await.unwrap();
    let page = browser.get("/sandbox/notifications").await;
    page.shows(&[
        "payment.succeeded",
        "http://127.0.0.1:9/notify",
        "status bad\">Given up",
        "&#34;type&#34;: &#34;payment.succeeded&#34;",
        &format!("action=\"/sandbox/notifications/{}/resend\"", delivery.id),
    ]);
    let form = format!("/sandbox/notifications/{}/resend", delivery.id);
    browser.submit(&page, &form, &[]).await.shows(&["Queued to be sent again."]);
    let [again] = deliveries(&shop).try_into().unwrap();
    assert_eq!((again.status, again.event), (DeliveryStatus::Due, delivery.event));
    let unknown = browser
        .post("/sandbox/notifications/dlv_01k9yq3vx2e8gtm4d6w7zr5hbn/resend", &[("csrf", &page.token())])
        .await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn older_notifications_are_one_page_away() {
    let shop = Shop::sandbox().await;
    let mut browser = shop.browser();
    let page = browser.get("/sandbox/phone").await;
    for _ in 0..51 {
        let (id, _) = shop.payment("tea").await;
        let (payer, tap) = (shop.rich.to_string(), id.to_string());
        let fields = [("payer", payer.as_str()), ("method", "balance"), ("tap", &tap)];
        browser.submit(&page, "/sandbox/phone/form", &fields).await;
    }
    let all = deliveries(&shop);
    let page = browser.get("/sandbox/notifications").await;
    assert_eq!(page.text().matches("/resend\"").count(), 50);
    let older = format!("/sandbox/notifications?before={}", all[49].id);
    page.shows(&[&format!("href=\"{older}\"")]);
    let page = browser.get(&older).await;
    assert_eq!(page.text().matches("/resend\"").count(), 1);
    page.shows(&[&all[50].id.to_string()]);
    page.hides(&["before="]);
}

#[tokio::test]
async fn the_clock_moves_and_leads_back_to_known_pages_only() {
    let shop = Shop::sandbox().await;
    let mut browser = shop.browser();
    let page = browser.get("/sandbox/inbox").await;
    let before = shop.engine.now();
    let token = page.token();
    for (back, leads) in [
        ("/sandbox/inbox", "/sandbox/inbox"),
        ("https://evil.example/", "/sandbox"),
        ("//evil.example/sandbox", "/sandbox"),
        ("/sandbox/inbox\r\nx: y", "/sandbox"),
        ("", "/sandbox"),
    ] {
        let fields = [("csrf", token.as_str()), ("advance_s", "3600"), ("back", back)];
        let answer = browser.post("/sandbox/clock/form", &fields).await;
        assert_eq!(answer.header("location"), format!("{leads}?notice=clock_moved"), "{back}");
    }
    let moved_ms = shop.engine.now().since_ms(before);
    assert!((18_000_000..18_060_000).contains(&moved_ms), "{moved_ms}");
    browser.get("/sandbox/inbox").await.shows(&["5 h ahead"]);
    for wrong in ["-1", "0", "soon", "", "99999999999", "9223372036854775808"] {
        let fields = [("csrf", token.as_str()), ("advance_s", wrong), ("back", "/sandbox")];
        let answer = browser.post("/sandbox/clock/form", &fields).await;
        assert_eq!(answer.header("location"), "/sandbox?notice=failed", "{wrong}");
    }
}

#[tokio::test]
async fn no_button_works_without_its_token() {
    let shop = Shop::sandbox().await;
    let (id, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    browser.get("/sandbox").await;
    let foreign = browser.get(&path).await.token();
    let (payer, tap) = (shop.rich.to_string(), id.to_string());
    let before = shop.engine.now();
    for form in [
        "payments/form",
        "phone/form",
        "faults/form",
        "clock/form",
        "notifications/dlv_01k9yq3vx2e8gtm4d6w7zr5hbn/resend",
    ] {
        for token in ["", &foreign] {
            let fields = [
                ("csrf", token),
                ("payer", &payer),
                ("method", "balance"),
                ("tap", &tap),
                ("fault", "declined"),
                ("advance_s", "86400"),
            ];
            let answer = browser.post(&format!("/sandbox/{form}"), &fields).await;
            browser.follow(answer).await.shows(&["press again"]);
        }
    }
    assert_eq!(shop.read(id).status, Status::Open);
    assert!(waiting(&shop).is_empty());
    assert!(shop.engine.now().since_ms(before) < 86_400_000);
    assert_eq!(browser.get("/sandbox").await.text().matches("<td><code>pay_").count(), 1);
}
