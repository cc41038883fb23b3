//! Requests that must be refused, each with the status and code that it gets.

use serde_json::{Value, json};
use std::sync::Arc;
use tongbao_engine::Mode;
use tongbao_store::model::ModelStore;

use crate::api_shop::{Call, Shop, new_payment};

/// A payment to create with one field changed; null takes the field away.
fn with(field: &str, value: Value) -> Value {
    let mut body = new_payment("order-1", 100);
    let members = body.as_object_mut().unwrap();
    match value {
        Value::Null => members.remove(field),
        value => members.insert(field.to_owned(), value),
    };
    body
}

#[tokio::test]
async fn a_payment_with_a_wrong_field_is_refused_by_its_name() {
    let shop = Shop::open().await;
    let long = |count: usize| Value::String("茶".repeat(count));
    let cases = [
        (with("no_such_field", json!(1)), "unknown_field", "no_such_field"),
        (with("amount", json!("100")), "wrong_type", "amount"),
        (with("description", json!(1)), "wrong_type", "description"),
        (with("items", json!({})), "wrong_type", "items"),
        (with("metadata", json!({ "key": 1 })), "wrong_type", "metadata.key"),
        (with("amount", Value::Null), "missing_field", "amount"),
        (with("amount", json!(0)), "invalid_value", "amount"),
        (with("amount", json!(-1)), "invalid_value", "amount"),
        (with("amount", json!(10_000_000_001_i64)), "invalid_value", "amount"),
        (with("amount", json!(i64::MAX)), "invalid_value", "amount"),
        (with("amount", json!(u64::MAX)), "number_out_of_range", "amount"),
        (with("amount", json!(1.5)), "not_an_integer", "amount"),
        (with("amount", json!(1e300)), "not_an_integer", "amount"),
        (with("currency", json!("XXX")), "invalid_value", "currency"),
        (with("currency", json!("cny")), "invalid_value", "currency"),
        (with("currency", json!("SEK")), "invalid_value", "currency"),
        (with("currency", json!("")), "invalid_value", "currency"),
        (with("order_no", json!("")), "invalid_value", "order_no"),
        (with("order_no", json!("x".repeat(65))), "invalid_value", "order_no"),
        (with("order_no", json!("a b")), "invalid_value", "order_no"),
        (with("order_no", json!("订单")), "invalid_value", "order_no"),
        (with("description", long(257)), "invalid_value", "description"),
        (with("description", json!("a\nb")), "invalid_value", "description"),
        (with("expires_in", json!(59)), "invalid_value", "expires_in"),
        (with("expires_in", json!(604_801)), "invalid_value", "expires_in"),
        (with("notify_url", json!("ftp://shop.example.com")), "invalid_value", "notify_url"),
        (with("notify_url", json!("http://10.0.0.1/")), "invalid_value", "notify_url"),
        (with("return_url", json!("javascript:alert(1)")), "invalid_value", "return_url"),
        (with("metadata", json!({ "": "v" })), "invalid_value", "metadata"),
        (with("metadata", json!({ "k": "v".repeat(501) })), "invalid_value", "metadata"),
        (with("items", json!(vec![item(1, 1); 51])), "invalid_value", "items"),
        (with("items", json!([item(0, 1)])), "invalid_value", "items"),
        (with("items", json!([item(1, -1)])), "invalid_value", "items"),
        (with("items", json!([{ "name": "x" }])), "missing_field", "items[0].quantity"),
    ];
    for (body, code, param) in cases {
        let reply = shop.ask(Call::post("/v1/payments", &body)).await;
        reply.refused(400, code, param);
    }
    assert_eq!(shop.list("/v1/payments").await, Vec::<Value>::new());
}

fn item(quantity: u32, unit_amount: i64) -> Value {
    json!({ "name": "Tea", "quantity": quantity, "unit_amount": unit_amount })
}

#[tokio::test]
async fn a_currency_that_is_refused_is_told_which_ones_are_not() {
    let shop = Shop::open().await;
    let reply = shop.ask(Call::post("/v1/payments", &with("currency", json!("SEK")))).await;
    let detail = reply.text("/detail");
    for code in tongbao_core::limits::CURRENCIES {
        assert!(detail.contains(code), "{detail}");
        let body = json!({ "order_no": code, "amount": 1, "currency": code, "description": "Tea" });
        assert_eq!(shop.ask(Call::post("/v1/payments", &body)).await.status, 201, "{code}");
    }
    assert_eq!(detail.matches(", ").count() + 1, tongbao_core::limits::CURRENCIES.len());
}

#[tokio::test]
async fn a_body_that_is_not_plain_json_is_refused() {
    let shop = Shop::open().await;
    let deep = format!("{{\"items\":{}{}}}", "[".repeat(100), "]".repeat(100));
    let large = vec![b' '; 65_537];
    let cases: [(&[u8], u16, &str); 7] = [
        (b"", 400, "invalid_json"),
        (b"{\"amount\": 1", 400, "invalid_json"),
        (b"{\"description\": \"\xff\"}", 400, "invalid_utf8"),
        (deep.as_bytes(), 400, "json_too_deep"),
        (b"{\"amount\":1,\"amount\":2}", 400, "duplicate_field"),
        (b"{\"description\":\"\\u0000\"}", 400, "invalid_character"),
        (&large, 413, "body_too_large"),
    ];
    for (body, status, code) in cases {
        let (found, found_code, _) = shop.ask(Call::post_raw("/v1/payments", body)).await.problem();
        assert_eq!((found, found_code.as_str()), (status, code));
    }
    let call = Call::post("/v1/payments", &new_payment("a", 1)).header("content-type", "text/plain");
    shop.ask(call).await.refused(415, "unsupported_media_type", "");
}

#[tokio::test]
async fn an_operation_without_a_body_takes_an_empty_object_and_nothing_else() {
    let shop = Shop::open().await;
    for (order_no, call) in [("bare", Call::new("POST", "")), ("empty", Call::post("", &json!({})))] {
        let path = format!("/v1/payments/{}/closure", shop.payment(order_no, 100).await);
        let reply = shop.ask(Call { path, ..call }).await;
        assert_eq!((reply.status, reply.text("/status").as_str()), (200, "closed"));
    }
    let path = format!("/v1/payments/{}/closure", shop.payment("third", 100).await);
    shop.ask(Call::post(&path, &json!({ "reason": "x" }))).await.refused(400, "unknown_field", "reason");
    let text = Call::post(&path, &json!({})).header("content-type", "text/plain");
    shop.ask(text).await.refused(415, "unsupported_media_type", "");
}

#[tokio::test]
async fn a_wrong_query_is_refused_by_its_name() {
    let shop = Shop::open().await;
    let cases = [
        ("/v1/payments?limit=0", "invalid_value", "limit"),
        ("/v1/payments?limit=101", "invalid_value", "limit"),
        ("/v1/payments?limit=many", "wrong_type", "limit"),
        ("/v1/payments?cursor=AA", "invalid_cursor", "cursor"),
        ("/v1/payments?status=paid", "invalid_value", "status"),
        ("/v1/payments?created_from=yesterday", "invalid_value", "created_from"),
        ("/v1/payments?no=1", "unknown_parameter", "no"),
        ("/v1/payments?limit=1&limit=2", "duplicate_parameter", "limit"),
        ("/v1/refunds?payment=rfd_00000000000000000000000000", "invalid_value", "payment"),
        ("/v1/events?type=payment.paid", "invalid_value", "type"),
        ("/v1/events?order=up", "unknown_value", "order"),
        ("/v1/balance?at=now", "invalid_value", "at"),
        ("/v1/balance?at=9999-01-01T00:00:00Z", "invalid_value", "at"),
        ("/v1/balance/entries?purpose=held", "unknown_value", "purpose"),
        ("/v1/balance/entries?currency=SEK", "invalid_value", "currency"),
        ("/v1/balance/entries?cursor=AQ", "invalid_cursor", "cursor"),
        ("/v1/deliveries?status=sent", "unknown_value", "status"),
        ("/v1/deliveries?event=pay_00000000000000000000000000", "invalid_value", "event"),
        ("/v1/deliveries?endpoint=x", "invalid_value", "endpoint"),
    ];
    for (path, code, param) in cases {
        shop.ask(Call::get(path)).await.refused(400, code, param);
    }
}

#[tokio::test]
async fn a_refund_with_a_wrong_field_is_refused_by_its_name() {
    let shop = Shop::open().await;
    let payment = shop.paid("order", 1_000).await;
    let cases = [
        (json!({ "payment": "x", "refund_no": "r", "amount": 1 }), 400, "invalid_value", "payment"),
        (json!({ "payment": payment, "refund_no": "r r", "amount": 1 }), 400, "invalid_value", "refund_no"),
        (json!({ "payment": payment, "refund_no": "r", "amount": 0 }), 400, "invalid_value", "amount"),
        (json!({ "payment": payment, "refund_no": "r", "amount": -1 }), 400, "invalid_value", "amount"),
        (json!({ "payment": payment, "refund_no": "r", "amount": 1.0 }), 400, "not_an_integer", "amount"),
        (json!({ "payment": payment, "refund_no": "r", "amount": 1_001 }), 409, "refund_too_large", "amount"),
        (json!({ "payment": payment, "refund_no": "r" }), 400, "missing_field", "amount"),
        (
            json!({ "payment": payment, "refund_no": "r", "amount": 1, "reason": "x".repeat(257) }),
            400,
            "invalid_value",
            "reason",
        ),
    ];
    for (body, status, code, param) in cases {
        shop.ask(Call::post("/v1/refunds", &body)).await.refused(status, code, param);
    }
    assert_eq!(shop.list("/v1/refunds").await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_webhook_endpoint_with_a_wrong_field_is_refused_by_its_name() {
    let shop = Shop::open().await;
    let url = "https://shop.example.com/hook";
    let twice = json!(["payment.closed", "payment.closed"]);
    let cases = [
        (json!({ "url": "shop" }), "invalid_value", "url"),
        (json!({ "url": format!("https://shop.example.com/{}", "x".repeat(2_048)) }), "invalid_value", "url"),
        (json!({ "url": "https://user:pass@shop.example.com/" }), "invalid_value", "url"),
        (json!({ "url": url, "events": [] }), "invalid_value", "events"),
        (json!({ "url": url, "events": ["payment.paid"] }), "invalid_value", "events"),
        (json!({ "url": url, "events": ["*", "payment.closed"] }), "invalid_value", "events"),
        (json!({ "url": url, "events": twice }), "invalid_value", "events"),
        (json!({ "url": url, "events": "*" }), "wrong_type", "events"),
        (json!({ "url": url, "secret": "whsec_x" }), "unknown_field", "secret"),
    ];
    for (body, code, param) in cases {
        shop.ask(Call::post("/v1/webhook_endpoints", &body)).await.refused(400, code, param);
    }
}

#[tokio::test]
async fn production_sends_no_webhook_to_an_address_inside() {
    let shop = Shop::over(Arc::new(ModelStore::default()), Mode::Production).await;
    let inside = [
        "http://shop.example.com/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://10.1.2.3/",
        "https://[::1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://0x7f000001/",
        "https://db.internal/",
    ];
    for url in inside {
        let reply = shop.ask(Call::post("/v1/webhook_endpoints", &json!({ "url": url }))).await;
        reply.refused(400, "invalid_value", "url");
        let reply = shop.ask(Call::post("/v1/payments", &with("notify_url", json!(url)))).await;
        reply.refused(400, "invalid_value", "notify_url");
    }
    let reply =
        shop.ask(Call::post("/v1/webhook_endpoints", &json!({ "url": "https://shop.example.com/" }))).await;
    assert_eq!(reply.status, 201, "{reply:?}");
}
