//! Notifications of orders: sealed, signed anew for each attempt, judged as documented.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tongbao_api::listener::Limits;
use tongbao_channel::wechat::envelope::Notification;
use tongbao_channel::wechat::signature::is_probe;
use tongbao_core::List;
use tongbao_core::delivery::{Delivery, DeliveryStatus};
use tongbao_core::facts::Entity;
use tongbao_core::wechat::merchant::KeyMode;
use tongbao_store::Query;

use crate::api_shop::Call;
use crate::socket::Server;
use crate::wechat_shop::{MCHID, Verify, WechatShop, order_with};

/// What a receiver was sent, and what it answers next.
#[derive(Clone, Default)]
struct Mailbox {
    taken: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    answers: Arc<Mutex<Vec<u16>>>,
}

pub(crate) struct Receiver {
    server: Server,
    mailbox: Mailbox,
}

impl Receiver {
    pub(crate) fn start() -> Receiver {
        async fn take(State(mailbox): State<Mailbox>, headers: HeaderMap, body: Bytes) -> StatusCode {
            mailbox.taken.lock().unwrap().push((headers, body));
            let mut answers = mailbox.answers.lock().unwrap();
            let status = if answers.is_empty() { 204 } else { answers.remove(0) };
            StatusCode::from_u16(status).unwrap()
        }
        let mailbox = Mailbox::default();
        let router = Router::new().route("/notify", post(take)).with_state(mailbox.clone());
        Receiver { server: Server::start(router, Limits::default(), None), mailbox }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/notify", self.server.addr)
    }

    fn answers(&self, statuses: &[u16]) {
        *self.mailbox.answers.lock().unwrap() = statuses.to_vec();
    }

    pub(crate) fn taken(&self) -> Vec<(HeaderMap, Bytes)> {
        std::mem::take(&mut *self.mailbox.taken.lock().unwrap())
    }
}

/// Places an order whose notifications go to the receiver, and pays it.
async fn paid(door: &WechatShop, receiver: &Receiver, out_trade_no: &str) {
    let order = order_with(out_trade_no, &json!({ "notify_url": receiver.url() }));
    let placed = door.ask(door.post("/v3/pay/transactions/native", &order)).await;
    assert_eq!(door.pay(&placed.text("/code_url")).await.json()["paid"], true);
}

/// Verifies, opens, and gives the envelope and what was in it.
pub(crate) fn opened(door: &WechatShop, (headers, body): &(HeaderMap, Bytes)) -> (Notification, Value) {
    assert!(door.client.believes(door.engine(), headers, body), "{headers:?}");
    assert_eq!(headers["wechatpay-signature-type"], "WECHATPAY2-SHA256-RSA2048");
    assert_eq!(headers["content-type"], "application/json");
    assert!(headers["request-id"].to_str().unwrap().ends_with("-0"));
    let notice = Notification::from_json(body).unwrap();
    assert_eq!(notice.to_json(), *body, "compact, in the documented order");
    let plain = notice.resource.open(&door.client.api_v3_key).unwrap();
    (notice, serde_json::from_slice(&plain).unwrap())
}

fn deliveries(door: &WechatShop) -> Vec<Delivery> {
    let list = List::Deliveries(door.shop.own.app);
    let query = Query::List { list, after: None, newest_first: false, limit: 100 };
    let records = door.engine().store.records(query).unwrap();
    records.iter().filter_map(Delivery::of).cloned().collect()
}

#[tokio::test]
async fn a_paid_order_is_told_of_as_a_query_answers_it() {
    let (door, receiver) = (WechatShop::open().await, Receiver::start());
    paid(&door, &receiver, "order-1").await;
    door.worker().run_once().await.unwrap();
    let taken = receiver.taken();
    assert_eq!(taken.len(), 1);
    let (notice, plain) = opened(&door, &taken[0]);
    assert_eq!(
        (notice.event_type.as_str(), notice.resource.original_type.as_str(), notice.summary.as_str()),
        ("TRANSACTION.SUCCESS", "transaction", "支付成功")
    );
    assert_eq!((notice.id.len(), notice.resource.nonce.len()), (36, 12));
    assert_eq!(notice.resource.associated_data, "transaction");
    assert_eq!(plain, door.query("order-1").await.json());
    assert_eq!(deliveries(&door)[0].status, DeliveryStatus::Done);
}

#[tokio::test]
async fn a_refund_is_told_of_at_its_own_address_or_at_the_order_s() {
    let (door, receiver, elsewhere) = (WechatShop::open().await, Receiver::start(), Receiver::start());
    paid(&door, &receiver, "order-1").await;
    let amount = json!({ "refund": 1, "total": 100, "currency": "CNY" });
    let mut body = json!({ "out_trade_no": "order-1", "out_refund_no": "R1", "amount": amount });
    let refund = "/v3/refund/domestic/refunds";
    assert_eq!(door.ask(door.post(refund, &body)).await.status, 200);
    body["out_refund_no"] = json!("R2");
    body["notify_url"] = json!(elsewhere.url());
    let made = door.ask(door.post(refund, &body)).await.json();
    door.worker().run_once().await.unwrap();
    let (at_order, at_own) = (receiver.taken(), elsewhere.taken());
    assert_eq!((at_order.len(), at_own.len()), (2, 1));
    let (notice, plain) = opened(&door, &at_own[0]);
    assert_eq!((notice.event_type.as_str(), notice.summary.as_str()), ("REFUND.SUCCESS", "退款成功"));
    assert_eq!(notice.resource.original_type, "refund");
    for field in ["refund_id", "transaction_id", "out_trade_no", "success_time", "user_received_account"] {
        assert_eq!(plain[field], made[field], "{field}");
    }
    assert_eq!((&plain["refund_status"], &plain["mchid"]), (&json!("SUCCESS"), &json!(MCHID)));
    assert_eq!(plain["amount"], json!({ "total": 100, "refund": 1, "payer_total": 100, "payer_refund": 1 }));
    assert!(plain.get("status").is_none());
}

#[tokio::test]
async fn only_200_and_204_are_success_and_each_attempt_is_signed_anew() {
    let (door, receiver) = (WechatShop::open().await, Receiver::start());
    receiver.answers(&[500, 302, 201, 202, 200]);
    paid(&door, &receiver, "order-1").await;
    let worker = door.worker();
    let mut ahead_s = 0;
    for (wait_s, failures) in [(0, 1), (15, 2), (15, 3), (30, 4), (180, 4)] {
        ahead_s += wait_s + 1;
        door.shop.engine.clock.set_ahead_s(ahead_s);
        worker.run_once().await.unwrap();
        assert_eq!(deliveries(&door)[0].failures, failures);
    }
    let delivery = deliveries(&door).remove(0);
    assert_eq!(delivery.status, DeliveryStatus::Done);
    let names: Vec<Option<&str>> =
        delivery.attempts.iter().map(|attempt| attempt.failure.as_deref()).collect();
    assert_eq!(names, [Some("http"), Some("redirect"), Some("http"), Some("http"), None]);
    let taken = receiver.taken();
    let mut seen: Vec<(String, String)> = Vec::new();
    for one in &taken {
        let (notice, plain) = opened(&door, one);
        assert_eq!(plain["out_trade_no"], "order-1");
        let nonce = one.0["wechatpay-nonce"].to_str().unwrap().to_owned();
        assert!(!seen.iter().any(|(known, sealed)| *known == nonce || *sealed == notice.resource.nonce));
        assert_eq!(notice.id, opened(&door, &taken[0]).0.id, "the notification stays the same");
        seen.push((nonce, notice.resource.nonce));
    }
    assert_eq!(seen.len(), 5);
}

#[tokio::test]
async fn a_probe_comes_first_and_is_followed_whether_it_was_refused_or_not() {
    let (door, receiver) = (WechatShop::open().await, Receiver::start());
    for (number, answer, failure) in [("order-1", 401, "http"), ("order-2", 200, "probe_accepted")] {
        let armed = door.send(Call::post("/sandbox/faults", &json!({ "fault": "signature_probe" }))).await;
        assert_eq!(armed.json()["faults"][0]["fault"], "signature_probe");
        receiver.answers(&[answer, 200]);
        paid(&door, &receiver, number).await;
        let worker = door.worker();
        worker.run_once().await.unwrap();
        let probe = receiver.taken();
        let signature = probe[0].0["wechatpay-signature"].to_str().unwrap();
        assert!(is_probe(signature) && !door.client.believes(door.engine(), &probe[0].0, &probe[0].1));
        let told = deliveries(&door).into_iter().next_back().unwrap();
        assert_eq!(told.attempts[0].failure.as_deref(), Some(failure));
        for _ in 0..16 {
            door.shop.tick();
        }
        worker.run_once().await.unwrap();
        let right = receiver.taken();
        assert_eq!(opened(&door, &right[0]).1["out_trade_no"], number);
        assert_eq!(deliveries(&door).into_iter().next_back().unwrap().status, DeliveryStatus::Done);
    }
}

#[tokio::test]
async fn a_duplicate_has_the_same_id() {
    let (door, receiver) = (WechatShop::open().await, Receiver::start());
    door.send(Call::post("/sandbox/faults", &json!({ "fault": "duplicate_notification" }))).await;
    paid(&door, &receiver, "order-1").await;
    door.worker().run_once().await.unwrap();
    let taken = receiver.taken();
    assert_eq!(taken.len(), 2);
    assert_eq!(opened(&door, &taken[0]).0.id, opened(&door, &taken[1]).0.id);
}

#[tokio::test]
async fn the_key_that_signs_is_the_one_that_the_order_s_merchant_verifies_with() {
    let (mut door, receiver) = (WechatShop::open().await, Receiver::start());
    for (number, verify) in [("order-1", Verify::PublicKey), ("order-2", Verify::Certificates)] {
        door.client.verify = verify;
        paid(&door, &receiver, number).await;
        let amount = json!({ "refund": 1, "total": 100, "currency": "CNY" });
        let body = json!({ "out_trade_no": number, "out_refund_no": number, "amount": amount });
        assert_eq!(door.ask(door.post("/v3/refund/domestic/refunds", &body)).await.status, 200);
        door.worker().run_once().await.unwrap();
        let taken = receiver.taken();
        assert_eq!(taken.len(), 2);
        for one in &taken {
            opened(&door, one);
        }
    }
    // Who has no choice gets what there is.
    paid(&door, &receiver, "order-3").await;
    door.set_key_mode(KeyMode::PublicKey).await;
    door.worker().run_once().await.unwrap();
    door.client.verify = Verify::PublicKey;
    opened(&door, &receiver.taken()[0]);
}

#[tokio::test]
async fn without_a_shared_key_nothing_is_sent() {
    let (door, receiver) = (WechatShop::open().await, Receiver::start());
    paid(&door, &receiver, "order-1").await;
    door.identity(|facts, _| {
        let now = tongbao_core::wechat::merchant::known(facts, MCHID)?.clone();
        let mut change = tongbao_core::ChangeSet::default();
        change.put(tongbao_core::wechat::WechatMerchant {
            version: now.version + 1,
            api_v3_key: None,
            ..now
        });
        Ok(change)
    })
    .await;
    door.worker().run_once().await.unwrap();
    assert_eq!(receiver.taken().len(), 0);
    assert_eq!(deliveries(&door)[0].status, DeliveryStatus::GivenUp);
}
