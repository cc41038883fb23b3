//! The sandbox's JSON: paying by phone, the clock, faults, the inbox, and who may use them.

use std::sync::Arc;

use serde_json::{Value, json};
use tongbao_api::event_body::render_event;
use tongbao_engine::webhook::{Policy, Sender};
use tongbao_engine::{Deliveries, Engine, Mode, Worker};
use tongbao_store::model::ModelStore;

use crate::api_shop::{BASE_URL, Call, Reply, Shop, payer, send};

async fn phone(shop: &Shop, body: Value) -> Reply {
    shop.send(Call::post("/sandbox/phone/pay", &body)).await
}

async fn advance(shop: &Shop, seconds: i64) -> Reply {
    shop.send(Call::post("/sandbox/clock", &json!({ "advance_s": seconds }))).await
}

#[tokio::test]
async fn a_payment_is_paid_by_its_id_or_by_the_address_of_its_cashier() {
    let shop = Shop::open().await;
    for order_no in ["id", "qr", "host", "query"] {
        let id = shop.payment(order_no, 100).await;
        let payment = shop.ask(Call::get(format!("/v1/payments/{id}"))).await;
        let code = match order_no {
            "id" => id.clone(),
            "qr" => payment.text("/qr_text"),
            "host" => format!("https://192.0.2.7:8443/cashier/{id}"),
            _ => format!("{}?lang=zh#top", payment.text("/cashier_url")),
        };
        let reply = phone(&shop, json!({ "payer": shop.payer.to_string(), "code": code })).await;
        assert_eq!((reply.status, &reply.json()["paid"]), (200, &json!(true)), "{code}: {reply:?}");
        assert_eq!((reply.text("/payment/id"), reply.text("/payment/method").as_str()), (id, "balance"));
        assert_eq!(reply.text("/payment/payer"), shop.payer.to_string());
    }
}

#[tokio::test]
async fn a_payment_that_cannot_be_paid_is_refused() {
    let shop = Shop::open().await;
    let paid = shop.paid("paid", 100).await;
    shop.pay(&paid).await.refused(409, "payment_already_paid", "");
    let closed = shop.payment("closed", 100).await;
    shop.ask(Call::new("POST", format!("/v1/payments/{closed}/closure"))).await;
    shop.pay(&closed).await.refused(409, "payment_closed", "");
    shop.ask(Call::new("POST", format!("/v1/payments/{paid}/closure"))).await.refused(
        409,
        "payment_already_paid",
        "",
    );
    let expired = shop.payment("expired", 100).await;
    assert_eq!(advance(&shop, 1_800).await.status, 200);
    shop.pay(&expired).await.refused(409, "payment_expired", "");
    shop.pay("pay_00000000000000000000000000").await.refused(404, "not_found", "");
    let (payer, nobody) = (shop.payer.to_string(), "pyr_00000000000000000000000000");
    let cases = [
        (json!({ "payer": nobody, "code": expired }), 404, "not_found", ""),
        (json!({ "payer": "x", "code": expired }), 400, "invalid_value", "payer"),
        (json!({ "payer": payer, "code": "x" }), 400, "invalid_value", "code"),
        (json!({ "payer": payer, "code": payer }), 400, "invalid_value", "code"),
        (json!({ "payer": payer, "code": expired, "method": "gold" }), 400, "unknown_value", "method"),
        (json!({ "payer": payer }), 400, "missing_field", "code"),
        (json!({ "payer": payer, "code": expired, "amount": 1 }), 400, "unknown_field", "amount"),
    ];
    for (body, status, code, param) in cases {
        phone(&shop, body).await.refused(status, code, param);
    }
}

#[tokio::test]
async fn an_attempt_that_is_declined_is_no_refusal() {
    let shop = Shop::open().await;
    let poor = payer(&shop.engine, 2, 10).await;
    let id = shop.payment("order", 100).await;
    let reply = phone(&shop, json!({ "payer": poor.to_string(), "code": id })).await;
    assert_eq!((reply.status, &reply.json()["paid"]), (200, &json!(false)));
    assert_eq!(reply.text("/payment/last_failure/code"), "insufficient_balance");
    assert_eq!(reply.text("/payment/status"), "open");
    // The next attempt is told to be declined, and the one after that pays.
    shop.tick();
    let armed = shop.send(Call::post("/sandbox/faults", &json!({ "fault": "declined" }))).await;
    assert_eq!(armed.json(), json!({ "faults": [{ "fault": "declined", "payer": null }] }));
    let declined = shop.pay(&id).await;
    assert_eq!(declined.text("/payment/last_failure/code"), "declined");
    shop.tick();
    assert_eq!(shop.pay(&id).await.json()["paid"], true);
    let kinds: Vec<Value> =
        shop.list("/v1/events?order=asc").await.iter().map(|event| event["type"].clone()).collect();
    assert_eq!(kinds, ["payment.failed", "payment.failed", "payment.succeeded"]);
}

#[tokio::test]
async fn a_fault_waits_for_the_payer_it_is_meant_for() {
    let shop = Shop::open().await;
    let other = payer(&shop.engine, 2, 1_000).await;
    let body = json!({ "fault": "insufficient_balance", "payer": other.to_string() });
    assert_eq!(shop.send(Call::post("/sandbox/faults", &body)).await.status, 200);
    shop.paid("mine", 100).await;
    let id = shop.payment("theirs", 100).await;
    let reply = phone(&shop, json!({ "payer": other.to_string(), "code": id })).await;
    assert_eq!(reply.text("/payment/last_failure/code"), "insufficient_balance");
    let cases = [
        (json!({ "fault": "earthquake" }), 400, "unknown_value", "fault"),
        (json!({ "fault": "declined", "payer": "x" }), 400, "invalid_value", "payer"),
        (json!({ "fault": "declined", "payer": "pyr_00000000000000000000000000" }), 404, "not_found", ""),
    ];
    for (body, status, code, param) in cases {
        shop.send(Call::post("/sandbox/faults", &body)).await.refused(status, code, param);
    }
}

#[tokio::test]
async fn the_bank_of_the_sandbox_answers_a_moment_later() {
    let shop = Shop::open().await;
    let id = shop.payment("order", 100).await;
    let body = json!({ "payer": shop.payer.to_string(), "code": id, "method": "sandbox_bank" });
    let reply = phone(&shop, body).await;
    assert_eq!(
        (&reply.json()["paid"], reply.text("/payment/status").as_str()),
        (&json!(false), "processing")
    );
    shop.pay(&id).await.refused(409, "payment_processing", "");
    let sender = Sender::new(Policy::LoopbackToo).unwrap();
    let worker = Worker::new(Arc::clone(&shop.engine), Deliveries::new(sender, render_event(BASE_URL)));
    worker.run_once().await.unwrap();
    let paid = shop.ask(Call::get(format!("/v1/payments/{id}"))).await;
    assert_eq!((paid.text("/status").as_str(), paid.text("/method").as_str()), ("succeeded", "sandbox_bank"));
    // Its refund goes back through the bank.
    let refund = json!({ "payment": id, "refund_no": "r", "amount": 100 });
    let refund = shop.ask(Call::post("/v1/refunds", &refund)).await;
    assert_eq!((refund.status, refund.text("/status").as_str()), (201, "accepted"));
    worker.run_once().await.unwrap();
    let path = format!("/v1/refunds/{}", refund.text("/id"));
    assert_eq!(shop.ask(Call::get(path)).await.text("/status"), "succeeded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_clock_goes_ahead_by_all_that_was_asked_for() {
    let shop = Shop::open().await;
    let before = shop.engine.now();
    let calls: Vec<_> = (0..16)
        .map(|_| {
            tokio::spawn(send(
                shop.router.clone(),
                Call::post("/sandbox/clock", &json!({ "advance_s": 3_600 })),
            ))
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().status, 200);
    }
    let reply = advance(&shop, 1).await.json();
    assert_eq!(reply["advanced_s"], 16 * 3_600 + 1);
    let ahead_ms = shop.engine.now().since_ms(before) - (16 * 3_600 + 1) * 1_000;
    assert!((0..60_000).contains(&ahead_ms), "{ahead_ms}");
    assert!(reply["now"].as_str().unwrap() > tongbao_api::wire::rfc3339(before).as_str());
    for seconds in [0, -1, i64::MAX, 366 * 24 * 3_600 * 10] {
        advance(&shop, seconds).await.refused(400, "invalid_value", "advance_s");
    }
    // An instance that starts again over the same store goes on from there.
    let again = Engine::new(Arc::clone(&shop.engine.store), Mode::Sandbox, &[7; 32]).unwrap();
    assert!((0..60_000).contains(&again.now().since_ms(shop.engine.now())));
}

#[tokio::test]
async fn the_inbox_shows_the_newest_message_first() {
    let shop = Shop::open().await;
    for _ in 0..2 {
        shop.engine.send_code(shop.payer).await.unwrap();
        assert_eq!(advance(&shop, 60).await.status, 200);
    }
    let messages = shop.send(Call::get("/sandbox/messages")).await.json();
    let rows = messages["data"].as_array().unwrap();
    assert_eq!((rows.len(), &messages["next_cursor"]), (2, &Value::Null));
    assert!(rows[0]["at"].as_str() > rows[1]["at"].as_str());
    let code = rows[0]["code"].as_str().unwrap();
    assert!(rows[0]["text"].as_str().unwrap().contains(code) && rows[0]["to"] == "170****0001");
    shop.engine.use_code(shop.payer, code).await.unwrap();
    let page = shop.send(Call::get("/sandbox/messages?limit=1")).await.json();
    assert!(page["data"].as_array().unwrap()[..] == rows[..1] && page["next_cursor"].is_string());
}

#[tokio::test]
async fn a_page_of_another_site_may_not_use_the_sandbox() {
    let shop = Shop::open().await;
    let call = || Call::post("/sandbox/clock", &json!({ "advance_s": 1 })).header("host", "127.0.0.1:8080");
    for origin in ["http://127.0.0.1:8080", "https://127.0.0.1:8080"] {
        assert_eq!(shop.send(call().header("origin", origin)).await.status, 200, "{origin}");
    }
    assert_eq!(shop.send(call()).await.status, 200);
    for origin in [
        "http://evil.example",
        "http://127.0.0.1:8081",
        "http://127.0.0.1",
        "null",
        "",
        "http://127.0.0.1:8080.evil.example",
    ] {
        shop.send(call().header("origin", origin)).await.refused(403, "forbidden", "");
        let messages = Call::get("/sandbox/messages").header("host", "127.0.0.1:8080");
        shop.send(messages.header("origin", origin)).await.refused(403, "forbidden", "");
    }
    // A form of another site can send no JSON.
    for kind in ["text/plain", "application/x-www-form-urlencoded"] {
        shop.send(call().header("content-type", kind)).await.refused(415, "unsupported_media_type", "");
    }
}

#[tokio::test]
async fn production_has_no_sandbox() {
    let shop = Shop::over(Arc::new(ModelStore::default()), Mode::Production).await;
    for path in [
        "/sandbox/phone/pay",
        "/sandbox/clock",
        "/sandbox/faults",
        "/sandbox/wechat/signature",
        "/sandbox/wechat/platform-certificate",
    ] {
        assert_eq!(shop.send(Call::post(path, &json!({}))).await.status, 404, "{path}");
    }
    for path in ["/sandbox/messages", "/sandbox/wechat/refused", "/sandbox/payments/x/timeline"] {
        assert_eq!(shop.send(Call::get(path)).await.status, 404, "{path}");
    }
    assert!(shop.engine.exchanges.is_none(), "nor a memory of requests");
}
