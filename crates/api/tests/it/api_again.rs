//! Asking twice does it once: order and refund numbers, idempotency keys, and all of it at the same time.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;
use tongbao_engine::Mode;
use tongbao_store::model::ModelStore;
use tongbao_store::sqlite::SqliteStore;

use crate::api_shop::{Call, Reply, Shop, new_payment, send};

/// Requests sent at the same time.
const AT_ONCE: usize = 24;

#[tokio::test]
async fn an_order_number_names_one_payment_for_ever() {
    let shop = Shop::open().await;
    let first = shop.ask(Call::post("/v1/payments", &new_payment("order", 100))).await;
    let again = shop.ask(Call::post("/v1/payments", &new_payment("order", 100))).await;
    assert_eq!((first.status, again.status), (201, 200));
    assert_eq!(first.json(), again.json());
    let other = shop.ask(Call::post("/v1/payments", &new_payment("order", 101))).await;
    other.refused(409, "order_no_used", "order_no");
    assert!(other.text("/detail").contains(&first.text("/id")));
    // Another merchant has numbers of its own.
    let stranger = shop.stranger().await;
    let theirs = Call::post("/v1/payments", &new_payment("order", 101)).key(&stranger.key);
    assert_eq!(shop.send(theirs).await.status, 201);
}

#[tokio::test]
async fn a_refund_number_names_one_refund_for_ever() {
    let shop = Shop::open().await;
    let payment = shop.paid("order", 1_000).await;
    let body = |amount: i64| json!({ "payment": payment, "refund_no": "r-1", "amount": amount });
    let first = shop.ask(Call::post("/v1/refunds", &body(400))).await;
    let again = shop.ask(Call::post("/v1/refunds", &body(400))).await;
    assert_eq!((first.status, again.status), (201, 200));
    assert_eq!(first.json(), again.json());
    shop.ask(Call::post("/v1/refunds", &body(401))).await.refused(409, "refund_no_used", "refund_no");
    let refunded = shop.ask(Call::get(format!("/v1/payments/{payment}"))).await.json();
    assert_eq!((&refunded["amount_refunded"], &refunded["status"]), (&json!(400), &json!("partly_refunded")));
}

#[tokio::test]
async fn an_answer_is_given_again_to_the_byte_and_says_so() {
    let shop = Shop::open().await;
    let call = Call::post("/v1/payments", &new_payment("order", 100)).idempotent("key-1");
    let first = shop.ask(call.clone()).await;
    assert!(first.status == 201 && !first.is_replayed());
    // What became of the payment meanwhile does not change the answer that was given.
    shop.pay(&first.text("/id")).await;
    let second = shop.ask(call).await;
    assert!(second.status == 201 && second.is_replayed());
    assert_eq!(second.body, first.body);
    assert_eq!(second.headers["content-type"], first.headers["content-type"]);
}

#[tokio::test]
async fn a_refusal_is_given_again_too() {
    let shop = Shop::open().await;
    let payment = shop.payment("order", 1_000).await;
    let body = json!({ "payment": payment, "refund_no": "r", "amount": 1 });
    let call = Call::post("/v1/refunds", &body).idempotent("key-1");
    let first = shop.ask(call.clone()).await;
    first.refused(409, "payment_not_paid", "");
    shop.pay(&payment).await;
    let second = shop.ask(call).await;
    second.refused(409, "payment_not_paid", "");
    assert!(second.is_replayed() && second.body == first.body);
    // A new key asks anew.
    assert_eq!(shop.ask(Call::post("/v1/refunds", &body).idempotent("key-2")).await.status, 201);
}

#[tokio::test]
async fn a_key_with_another_request_is_refused_and_keeps_its_answer() {
    let shop = Shop::open().await;
    let call = Call::post("/v1/payments", &new_payment("order", 100)).idempotent("key-1");
    let first = shop.ask(call.clone()).await;
    let other = Call::post("/v1/payments", &new_payment("order", 101)).idempotent("key-1");
    shop.ask(other).await.refused(409, "idempotency_key_reused", "");
    let closure = format!("/v1/payments/{}/closure", first.text("/id"));
    shop.ask(Call::new("POST", closure).idempotent("key-1")).await.refused(409, "idempotency_key_reused", "");
    assert_eq!(shop.ask(call.clone()).await.body, first.body);
    // Another app's keys are its own.
    let stranger = shop.stranger().await;
    let theirs = shop.send(call.key(&stranger.key)).await;
    assert!(theirs.status == 201 && !theirs.is_replayed());
}

/// Sends a request many times at once.
async fn at_once(shop: &Shop, calls: impl Iterator<Item = Call>) -> Vec<Reply> {
    let tasks: Vec<_> =
        calls.map(|call| tokio::spawn(send(shop.router.clone(), call.key(&shop.own.key)))).collect();
    let mut replies = Vec::new();
    for task in tasks {
        replies.push(task.await.unwrap());
    }
    replies
}

async fn one_key_at_once_does_it_once(shop: &Shop) {
    let call = Call::post("/v1/payments", &new_payment("order", 100)).idempotent("key-1");
    let replies = at_once(shop, std::iter::repeat_n(call, AT_ONCE)).await;
    let bodies: BTreeSet<&[u8]> = replies.iter().map(|reply| reply.body.as_slice()).collect();
    assert_eq!(bodies.len(), 1);
    assert!(replies.iter().all(|reply| reply.status == 201), "{replies:?}");
    assert_eq!(replies.iter().filter(|reply| !reply.is_replayed()).count(), 1);
    assert_eq!(shop.list("/v1/payments").await.len(), 1);
}

async fn refunds_at_once_never_exceed_the_payment(shop: &Shop) {
    let payment = shop.paid("to-refund", 1_000).await;
    let call = |number: usize| {
        let body = json!({ "payment": payment, "refund_no": format!("r-{number}"), "amount": 300 });
        Call::post("/v1/refunds", &body)
    };
    let replies = at_once(shop, (0..AT_ONCE).map(call)).await;
    let (made, refused): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 201);
    assert_eq!(made.len(), 3);
    for reply in refused {
        reply.refused(409, "refund_too_large", "amount");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn at_once_in_memory() {
    let shop = Shop::over(Arc::new(ModelStore::default()), Mode::Sandbox).await;
    one_key_at_once_does_it_once(&shop).await;
    refunds_at_once_never_exceed_the_payment(&shop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn at_once_in_sqlite() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&directory.path().join("tongbao.db")).unwrap();
    let shop = Shop::over(Arc::new(store), Mode::Sandbox).await;
    one_key_at_once_does_it_once(&shop).await;
    refunds_at_once_never_exceed_the_payment(&shop).await;
}
