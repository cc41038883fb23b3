//! Webhook endpoints and deliveries, with a receiver on this machine and the worker that sends.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tongbao_api::event_body::render_event;
use tongbao_api::listener::Limits;
use tongbao_engine::webhook::{Policy, Sender};
use tongbao_engine::{Deliveries, Worker};
use tongbao_store::{Page, Query};

use crate::api_shop::{BASE_URL, Call, Shop};
use crate::socket::Server;

/// What a receiver was sent.
type Received = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

struct Receiver {
    server: Server,
    received: Received,
}

impl Receiver {
    /// A receiver that takes everything at `/hook` and refuses everything at `/full`.
    fn start() -> Receiver {
        async fn take(State(received): State<Received>, headers: HeaderMap, body: Bytes) {
            received.lock().unwrap().push((headers, body));
        }
        let received = Received::default();
        let router = Router::new()
            .route("/hook", post(take))
            .route("/full", post(async || StatusCode::INSUFFICIENT_STORAGE))
            .with_state(Arc::clone(&received));
        Receiver { server: Server::start(router, Limits::default(), None), received }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.addr)
    }

    fn taken(&self) -> Vec<(HeaderMap, Bytes)> {
        std::mem::take(&mut *self.received.lock().unwrap())
    }
}

fn worker(shop: &Shop) -> Worker {
    let sender = Sender::new(Policy::LoopbackToo).unwrap();
    Worker::new(Arc::clone(&shop.engine), Deliveries::new(sender, render_event(BASE_URL)))
}

async fn endpoint(shop: &Shop, body: Value) -> Value {
    let reply = shop.ask(Call::post("/v1/webhook_endpoints", &body)).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.json()
}

#[tokio::test]
async fn an_endpoint_shows_its_secret_once() {
    let shop = Shop::open().await;
    let mut made = endpoint(&shop, json!({ "url": "https://shop.example.com/hook", "events": ["*"] })).await;
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("whsec_"));
    let path = format!("/v1/webhook_endpoints/{}", made["id"].as_str().unwrap());
    let rotated = shop.ask(Call::new("POST", format!("{path}/secret_rotation"))).await;
    assert_eq!(rotated.status, 200);
    let second = rotated.text("/secret");
    assert_ne!(second, secret);
    let key = shop.send(Call::get("/v1/webhook_public_key")).await.text("/public_key");
    assert!(key.starts_with("whpk_") && made["public_key"] == key);
    // Neither a look-up nor anything that is stored holds one of them.
    made.as_object_mut().unwrap().remove("secret");
    assert_eq!(shop.ask(Call::get(&path)).await.json(), made);
    assert_eq!(shop.list("/v1/webhook_endpoints").await, [made]);
    let Page::Stored(stored) = shop.engine.store.read(Query::Stored(None, 10_000)).unwrap() else { panic!() };
    for secret in [secret, second] {
        let text = secret.strip_prefix("whsec_").unwrap().as_bytes();
        assert!(!stored.iter().any(|line| line.body.windows(text.len()).any(|part| part == text)));
    }
}

#[tokio::test]
async fn an_app_has_sixteen_endpoints_and_may_delete_them() {
    let shop = Shop::open().await;
    let body = json!({ "url": "https://shop.example.com/hook" });
    for _ in 0..16 {
        endpoint(&shop, body.clone()).await;
    }
    shop.ask(Call::post("/v1/webhook_endpoints", &body)).await.refused(409, "too_many_endpoints", "");
    let id = shop.list("/v1/webhook_endpoints").await[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/webhook_endpoints/{id}");
    let deleted = shop.ask(Call::new("DELETE", &path)).await;
    assert_eq!((deleted.status, deleted.text("/status").as_str(), deleted.text("/id")), (200, "deleted", id));
    for call in
        [Call::get(&path), Call::new("DELETE", &path), Call::new("POST", format!("{path}/secret_rotation"))]
    {
        shop.ask(call).await.refused(404, "not_found", "");
    }
    assert_eq!(shop.list("/v1/webhook_endpoints").await.len(), 15);
    endpoint(&shop, body).await;
}

#[tokio::test]
async fn a_webhook_carries_the_event_to_the_byte_and_both_signatures() {
    let (shop, receiver) = (Shop::open().await, Receiver::start());
    let made =
        endpoint(&shop, json!({ "url": receiver.url("/hook"), "events": ["payment.succeeded"] })).await;
    let path = format!("/v1/webhook_endpoints/{}/secret_rotation", made["id"].as_str().unwrap());
    let second = shop.ask(Call::new("POST", path)).await.text("/secret");
    let closed = shop.payment("closed", 100).await;
    assert_eq!(shop.ask(Call::new("POST", format!("/v1/payments/{closed}/closure"))).await.status, 200);
    shop.paid("paid", 100).await;
    worker(&shop).run_once().await.unwrap();

    let events = shop.list("/v1/events?type=payment.succeeded").await;
    let [event] = events.as_slice() else { panic!("{events:?}") };
    let taken = receiver.taken();
    let [(headers, body)] = taken.as_slice() else { panic!("{} came", taken.len()) };
    let id = event["id"].as_str().unwrap();
    assert_eq!(headers["webhook-id"], id);
    assert_eq!(*body, shop.ask(Call::get(format!("/v1/events/{id}"))).await.body);
    for secret in [made["secret"].as_str().unwrap(), &second] {
        standardwebhooks::Webhook::new(secret).unwrap().verify(body, headers).unwrap();
    }
    let deliveries = shop.list(&format!("/v1/deliveries?event={id}&status=done")).await;
    let [delivery] = deliveries.as_slice() else { panic!("{deliveries:?}") };
    assert_eq!((&delivery["endpoint"], &delivery["url"]), (&made["id"], &made["url"]));
    assert_eq!(
        (&delivery["attempts"][0]["http_status"], &delivery["attempts"][0]["error"]),
        (&json!(200), &Value::Null)
    );
    assert_eq!(delivery["next_attempt_at"], Value::Null);
}

#[tokio::test]
async fn a_delivery_can_be_sent_again() {
    let (shop, receiver) = (Shop::open().await, Receiver::start());
    let (good, full) = (receiver.url("/hook"), receiver.url("/full"));
    let good = endpoint(&shop, json!({ "url": good })).await["id"].as_str().unwrap().to_owned();
    let full = endpoint(&shop, json!({ "url": full })).await["id"].as_str().unwrap().to_owned();
    shop.paid("paid", 100).await;
    let worker = worker(&shop);
    worker.run_once().await.unwrap();
    let failed = &shop.list(&format!("/v1/deliveries?endpoint={full}")).await[0];
    assert_eq!((&failed["status"], &failed["attempts"][0]["http_status"]), (&json!("waiting"), &json!(507)));
    assert!(failed["attempts"][0]["error"].is_string() && failed["next_attempt_at"].is_string());

    let done = &shop.list(&format!("/v1/deliveries?endpoint={good}")).await[0];
    let path = format!("/v1/deliveries/{}", done["id"].as_str().unwrap());
    assert_eq!(shop.ask(Call::get(&path)).await.json(), *done);
    let due = shop.ask(Call::new("POST", format!("{path}/resend")).idempotent("again")).await;
    assert_eq!((due.status, due.text("/status").as_str()), (200, "due"));
    worker.run_once().await.unwrap();
    // The same key does not send a third time.
    assert!(shop.ask(Call::new("POST", format!("{path}/resend")).idempotent("again")).await.is_replayed());
    worker.run_once().await.unwrap();
    let taken = receiver.taken();
    assert_eq!(taken.len(), 2);
    assert_eq!(taken[0].0["webhook-id"], taken[1].0["webhook-id"]);
    assert_eq!(taken[0].1, taken[1].1);
    assert_eq!(shop.ask(Call::get(&path)).await.json()["attempts"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_endpoint_that_was_disabled_is_enabled_and_is_sent_events_again() {
    let (shop, receiver) = (Shop::open().await, Receiver::start());
    let made = endpoint(&shop, json!({ "url": receiver.url("/full") })).await;
    let path = format!("/v1/webhook_endpoints/{}", made["id"].as_str().unwrap());
    let worker = worker(&shop);
    for days in [0, 6] {
        shop.engine.clock.set_ahead_s(days * 24 * 3_600);
        shop.paid(&format!("day-{days}"), 100).await;
        worker.run_once().await.unwrap();
    }
    let disabled = shop.ask(Call::get(&path)).await.json();
    assert_eq!(disabled["status"], "disabled");
    assert!(disabled["failing_since"].is_string());

    let enable = Call::new("POST", format!("{path}/enablement")).idempotent("enable");
    let enabled = shop.ask(enable.clone()).await;
    assert_eq!((enabled.status, enabled.text("/status").as_str()), (200, "enabled"));
    assert_eq!(enabled.json()["failing_since"], Value::Null);
    assert_eq!(enabled.json()["secret"], Value::Null, "a secret is not shown again");
    assert_eq!(shop.ask(Call::get(&path)).await.json(), enabled.json());
    let again = shop.ask(enable).await;
    assert!(again.is_replayed() && again.body == enabled.body);
    assert_eq!(shop.ask(Call::new("POST", format!("{path}/enablement"))).await.json(), enabled.json());

    shop.paid("after", 100).await;
    worker.run_once().await.unwrap();
    let sent = &shop.list("/v1/deliveries").await[0];
    assert_eq!((&sent["endpoint"], &sent["attempts"][0]["http_status"]), (&made["id"], &json!(507)));
    let gone = shop.ask(Call::new("DELETE", &path)).await;
    assert_eq!(gone.status, 200);
    shop.ask(Call::new("POST", format!("{path}/enablement"))).await.refused(404, "not_found", "");
}

#[tokio::test]
async fn the_secret_of_notify_urls_is_rotated_and_both_sign_for_a_day() {
    let (shop, receiver) = (Shop::open().await, Receiver::start());
    let rotate = Call::new("POST", "/v1/app/secret_rotation");
    shop.ask(rotate.clone().idempotent("no")).await.refused(400, "invalid_value", "Idempotency-Key");
    let [first, second] = [shop.ask(rotate.clone()).await, shop.ask(rotate).await];
    assert_eq!((first.status, second.status), (200, 200));
    assert_eq!(second.text("/app"), shop.own.app.to_string());
    let (first, second) = (first.text("/secret"), second.text("/secret"));
    let worker = worker(&shop);
    let mut signed = Vec::new();
    for days in [0, 2] {
        shop.engine.clock.set_ahead_s(days * 24 * 3_600);
        let mut body = crate::api_shop::new_payment(&format!("day-{days}"), 100);
        body["notify_url"] = json!(receiver.url("/hook"));
        let payment = shop.ask(Call::post("/v1/payments", &body)).await.text("/id");
        shop.pay(&payment).await;
        worker.run_once().await.unwrap();
        let taken = receiver.taken();
        let [(headers, body)] = taken.as_slice() else { panic!("{} came", taken.len()) };
        let signs =
            |secret: &str| standardwebhooks::Webhook::new(secret).unwrap().verify(body, headers).is_ok();
        signed.push([signs(&first), signs(&second)]);
    }
    assert_eq!(signed, [[true, true], [false, true]]);
}

#[tokio::test]
async fn a_notify_url_gets_the_events_of_its_payment() {
    let (shop, receiver) = (Shop::open().await, Receiver::start());
    let mut body = crate::api_shop::new_payment("order", 100);
    body["notify_url"] = json!(receiver.url("/hook"));
    let payment = shop.ask(Call::post("/v1/payments", &body)).await.text("/id");
    shop.pay(&payment).await;
    shop.paid("another", 100).await;
    worker(&shop).run_once().await.unwrap();
    let taken = receiver.taken();
    let told: Vec<Value> = taken.iter().map(|(_, body)| serde_json::from_slice(body).unwrap()).collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["data"]["payment"]["id"], payment);
    assert_eq!(shop.list("/v1/deliveries").await[0]["endpoint"], Value::Null);
}
