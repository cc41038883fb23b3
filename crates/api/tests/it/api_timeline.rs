//! The timeline of a payment: everything in order, of this payment alone, and without what is secret.

use std::sync::Arc;

use axum::Router;
use serde_json::{Value, json};
use tongbao_api::{Api, sandbox::recorded};

use crate::api_shop::{BASE_URL, Call, Reply, send};
use crate::wechat_shop::{MCHID, WechatShop, order_with};

struct Watched {
    door: WechatShop,
    router: Router,
}

impl Watched {
    async fn open() -> Watched {
        let door = WechatShop::open().await;
        let api = Api::new(Arc::clone(&door.shop.engine), BASE_URL);
        let router = recorded(&api, door.router.clone());
        Watched { door, router }
    }

    async fn send(&self, call: Call) -> Reply {
        let reply = send(self.router.clone(), call).await;
        // Everything in its own second, so that the order is that of the calls.
        self.door.shop.tick();
        reply
    }

    async fn timeline(&self, of: &str) -> Value {
        let reply = self.send(Call::get(format!("/sandbox/payments/{of}/timeline"))).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    /// An order that was placed and paid; nobody hears its notifications.
    async fn paid(&self, out_trade_no: &str) {
        let fields = json!({ "notify_url": "http://127.0.0.1:9/notify", "attach": "call 17000000001" });
        let order = order_with(out_trade_no, &fields);
        let placed = self.send(self.door.post("/v3/pay/transactions/native", &order)).await;
        let body = json!({ "payer": self.door.shop.payer.to_string(), "code": placed.text("/code_url") });
        let paid = self.send(Call::post("/sandbox/phone/pay", &body)).await;
        assert_eq!(paid.json()["paid"], true);
    }

    async fn refunded(&self, out_trade_no: &str, out_refund_no: &str) {
        let refund = json!({
            "out_trade_no": out_trade_no,
            "out_refund_no": out_refund_no,
            "amount": { "refund": 30, "total": 100, "currency": "CNY" },
        });
        let reply = self.send(self.door.post("/v3/refund/domestic/refunds", &refund)).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }
}

/// A line in short.
fn told(line: &Value) -> String {
    let text = |pointer: &str| line.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    match line["kind"].as_str().unwrap() {
        "exchange" => {
            let path = text("/exchange/url").split('?').next().unwrap_or_default();
            format!("{} {path} {}", text("/exchange/method"), line["exchange"]["status"])
        }
        "change" => format!("change {}", text("/change/input")),
        "posting" => {
            let purpose = |account: &str| {
                let mut parts = account.split('/');
                format!("{}/{}", parts.next().unwrap_or_default(), parts.nth_back(1).unwrap_or_default())
            };
            let (debit, credit) = (purpose(text("/posting/debit")), purpose(text("/posting/credit")));
            format!("{} {} {debit} > {credit}", text("/posting/reason"), line["posting"]["amount"])
        }
        "event" => format!("event {}", text("/event/type")),
        other => format!("{other} {}", text("/notification/failure")),
    }
}

#[tokio::test]
async fn the_life_of_an_order_is_told_in_order() {
    let watched = Watched::open().await;
    watched.paid("order-1").await;
    watched.door.worker().run_once().await.unwrap();
    watched.door.shop.tick();
    watched.refunded("order-1", "refund-1").await;
    let query = format!("/v3/pay/transactions/out-trade-no/order-1?mchid={MCHID}");
    assert_eq!(watched.send(watched.door.get(&query)).await.status, 200);
    let timeline = watched.timeline("order-1").await;
    let lines = timeline["lines"].as_array().unwrap();
    let times: Vec<&str> = lines.iter().map(|line| line["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
    let found: Vec<String> = lines.iter().map(told).collect();
    let expected = [
        "POST /v3/pay/transactions/native 200",
        "change place_order",
        "POST /sandbox/phone/pay 200",
        "change create_attempt",
        "payment 100 payer/available > merchant/pending",
        "event payment.succeeded",
        "notification connect",
        "POST /v3/refund/domestic/refunds 200",
        "change create_order_refund",
        "refund 30 merchant/pending > platform/refunds",
        "refund_paid 30 platform/refunds > payer/available",
        "event refund.succeeded",
        "GET /v3/pay/transactions/out-trade-no/order-1 200",
    ];
    let mut rest = found.iter();
    for line in expected {
        assert!(rest.any(|told| told == line), "{line} is missing, or in another place: {found:#?}");
    }
    assert_eq!((&timeline["whole"], timeline["refunds"].as_array().unwrap().len()), (&json!(true), 1));
    assert_eq!(timeline["payment"]["order_no"], "order-1");
}

#[tokio::test]
async fn a_timeline_is_of_one_order_and_found_by_every_name() {
    let watched = Watched::open().await;
    watched.paid("order-1").await;
    watched.refunded("order-1", "refund-1").await;
    let other = watched.door.stranger().await;
    watched.paid("order-2").await;
    // Another merchant uses the same number, and order-2 is mentioned where nothing is named.
    let call = other.signed(
        watched.door.engine(),
        "GET",
        &format!("/v3/pay/transactions/out-trade-no/order-1?mchid={}", other.mchid),
        b"",
    );
    assert_eq!(watched.send(call).await.status, 404);
    let first = watched.timeline("order-1").await;
    let told_of: Vec<String> = first["lines"].as_array().unwrap().iter().map(ToString::to_string).collect();
    assert!(
        told_of.iter().all(|line| !line.contains("order-2") && !line.contains(&other.mchid)),
        "{told_of:#?}"
    );
    assert!(told_of.iter().all(|line| !line.contains("\"status\":404")), "{told_of:#?}");
    let order = watched.door.query("order-1").await;
    let names = [
        first["payment"]["id"].as_str().unwrap().to_owned(),
        order.text("/transaction_id"),
        first["refunds"][0]["id"].as_str().unwrap().to_owned(),
        "refund-1".to_owned(),
    ];
    for name in names {
        assert_eq!(watched.timeline(&name).await["payment"]["id"], first["payment"]["id"], "{name}");
    }
    for unknown in ["order-3", "pay_00000000000000000000000000", "rfd_00000000000000000000000000", "%20"] {
        let reply = watched.send(Call::get(format!("/sandbox/payments/{unknown}/timeline"))).await;
        reply.refused(404, "not_found", "");
    }
}

#[tokio::test]
async fn what_is_secret_or_personal_is_masked() {
    let watched = Watched::open().await;
    watched.paid("order-1").await;
    watched.door.worker().run_once().await.unwrap();
    let timeline = watched.timeline("order-1").await;
    let text = timeline.to_string();
    assert!(text.contains("call 170****0001") && !text.contains("17000000001"), "{text}");
    let lines = timeline["lines"].as_array().unwrap();
    let placed = &lines.iter().find(|line| line["kind"] == "exchange").unwrap()["exchange"];
    let header = |name: &str, of: &str| {
        let headers = placed[of].as_array().unwrap();
        let found = headers.iter().find(|header| header["name"] == name);
        found.unwrap_or_else(|| panic!("no {name}: {placed}"))["value"].as_str().unwrap().to_owned()
    };
    let authorization = header("authorization", "headers");
    assert!(authorization.contains(MCHID) && authorization.contains('…'), "{authorization}");
    assert!(authorization.len() < 300, "{authorization}");
    // What the platform signed can be seen: time, nonce and body.
    let signed = placed["signed"].as_str().unwrap();
    let expected = format!(
        "{}\n{}\n{}\n",
        header("wechatpay-timestamp", "answer_headers"),
        header("wechatpay-nonce", "answer_headers"),
        placed["answer_body"].as_str().unwrap()
    );
    assert_eq!(signed, expected);
    let notified = lines.iter().find(|line| line["kind"] == "notification").unwrap();
    let sent = notified["notification"]["body"].as_str().unwrap();
    assert!(sent.contains("TRANSACTION.SUCCESS") && notified["notification"]["signed"].is_string());
}

#[tokio::test]
async fn a_payment_of_v1_has_a_timeline_and_keys_are_not_in_it() {
    let watched = Watched::open().await;
    let key = watched.door.shop.own.key.clone();
    let new = crate::api_shop::new_payment("v1-order", 500);
    let created = watched.send(Call::post("/v1/payments", &new).key(&key).idempotent("k-1")).await;
    let body = json!({ "payer": watched.door.shop.payer.to_string(), "code": created.text("/id") });
    watched.send(Call::post("/sandbox/phone/pay", &body)).await;
    watched.send(Call::get(format!("/v1/payments/{}", created.text("/id"))).key(&key)).await;
    watched.send(Call::get("/v1/payments?order_no=v1-order").key(&key)).await;
    watched.send(Call::get("/v1/payments?order_no=v1-order-2").key(&key)).await;
    let timeline = watched.timeline("v1-order").await;
    let found: Vec<String> = timeline["lines"].as_array().unwrap().iter().map(told).collect();
    assert_eq!(found.iter().filter(|line| line.starts_with("GET ")).count(), 2, "{found:#?}");
    assert!(found.contains(&"POST /v1/payments 201".to_owned()), "{found:#?}");
    let text = timeline.to_string();
    assert!(text.contains("Bearer ***") && text.contains("k-1") && !text.contains(&key), "{text}");
}

#[tokio::test]
async fn the_oldest_requests_are_forgotten_and_what_happened_is_not() {
    let watched = Watched::open().await;
    watched.paid("order-1").await;
    for _ in 0..500 {
        send(watched.router.clone(), Call::get("/v1/payments/x")).await;
    }
    let timeline = watched.timeline("order-1").await;
    let found: Vec<String> = timeline["lines"].as_array().unwrap().iter().map(told).collect();
    assert!(found.iter().all(|line| !line.starts_with("POST")), "{found:#?}");
    assert!(found.contains(&"event payment.succeeded".to_owned()), "{found:#?}");
    assert!(watched.door.engine().exchanges.as_ref().unwrap().all().len() <= 500);
}
