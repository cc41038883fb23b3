//! The four lists on which every operation stands: authorization, idempotency, audit, malformed input.

use serde_json::json;
use tongbao_core::api_key::Scope;
use tongbao_store::{ChangeLine, Page, Query};

use crate::api_operations::{
    Operation, PUBLIC, Stocked, WITHOUT_CHANGE, WITHOUT_IDEMPOTENCY_KEY, operations,
};
use crate::api_shop::{Call, Reply, Shop};

/// Operations that reach nothing by an id and make something of the caller's own.
const ALWAYS_OWN: [&str; 6] = [
    "create_payment",
    "create_ride",
    "create_collection_code",
    "create_webhook_endpoint",
    "create_app_secret_rotation",
    "get_balance",
];

#[tokio::test]
async fn every_operation_has_a_sample_that_succeeds() {
    for operation in operations() {
        let stocked = Stocked::new().await;
        let (call, scope) = stocked.sample(&operation.id);
        assert!(call.method == operation.method && operation.fits(&call.path), "{}", operation.id);
        assert_eq!(operation.is_public(), scope.is_none(), "{}", operation.id);
        let reply = stocked.shop.ask(call).await;
        assert!(reply.is_success() && operation.documents(reply.status), "{}: {reply:?}", operation.id);
    }
}

#[tokio::test]
async fn every_operation_needs_a_key_except_the_public_ones() {
    let stocked = Stocked::new().await;
    for operation in operations() {
        let (call, _) = stocked.sample(&operation.id);
        let reply = stocked.shop.send(call.clone()).await;
        if PUBLIC.contains(&operation.id.as_str()) {
            assert_eq!(reply.status, 200, "{}", operation.id);
            continue;
        }
        reply.refused(401, "unauthenticated", "");
        for header in ["Bearer sk_sandbox_0000", "Bearer sk_live_0000", "Basic c2s6", "Bearer", ""] {
            stocked.shop.send(call.clone().header("authorization", header)).await.refused(
                401,
                "unauthenticated",
                "",
            );
        }
    }
}

#[tokio::test]
async fn every_operation_needs_its_scope() {
    for operation in operations() {
        let stocked = Stocked::new().await;
        let (call, Some(scope)) = stocked.sample(&operation.id) else { continue };
        let others: Vec<Scope> = Scope::ALL.into_iter().filter(|other| *other != scope).collect();
        let without = stocked.shop.key(&others, &[], None).await;
        stocked.shop.send(call.clone().key(&without)).await.refused(403, "forbidden", "");
        let with = stocked.shop.key(&[scope], &[], None).await;
        let reply = stocked.shop.send(call.key(&with)).await;
        assert!(reply.is_success(), "{}: {reply:?}", operation.id);
    }
}

#[tokio::test]
async fn no_operation_reaches_another_merchant() {
    let stocked = Stocked::new().await;
    let stranger = stocked.shop.stranger().await;
    for operation in operations() {
        let (call, Some(_)) = stocked.sample(&operation.id) else { continue };
        if ALWAYS_OWN.contains(&operation.id.as_str()) {
            continue;
        }
        let reply = stocked.shop.send(call.key(&stranger.key)).await;
        if operation.id.starts_with("list_") {
            assert_eq!(reply.json(), json!({ "data": [], "next_cursor": null }), "{}", operation.id);
        } else {
            reply.refused(404, "not_found", "");
        }
    }
    let balance = stocked.shop.send(Call::get("/v1/balance").key(&stranger.key)).await.json();
    assert_eq!(
        balance,
        json!({ "data": [{ "currency": "CNY", "available": 0, "pending": 0, "frozen": 0 }] })
    );
}

#[tokio::test]
async fn every_post_is_done_once_under_a_key_or_takes_none() {
    for operation in operations().into_iter().filter(|operation| operation.method == "POST") {
        let stocked = Stocked::new().await;
        let shop = &stocked.shop;
        let call = stocked.sample(&operation.id).0.key(&shop.own.key).idempotent("the-key");
        let parameters = operation.source["parameters"].as_array().cloned().unwrap_or_default();
        let documented = parameters.iter().any(|parameter| parameter["name"] == "Idempotency-Key");
        let first = shop.send(call.clone()).await;
        if WITHOUT_IDEMPOTENCY_KEY.contains(&operation.id.as_str()) {
            first.refused(400, "invalid_value", "Idempotency-Key");
            assert!(!documented, "{}", operation.id);
            continue;
        }
        assert!(documented && first.is_success() && !first.is_replayed(), "{}: {first:?}", operation.id);
        let changes = log(shop).len();
        let second = shop.send(call.clone()).await;
        assert!(second.is_replayed(), "{}", operation.id);
        assert_eq!((second.status, second.body), (first.status, first.body), "{}", operation.id);
        assert_eq!(log(shop).len(), changes, "{} did it twice", operation.id);
        // The key belongs to that request, whatever else is sent under it.
        let other = Call::post("/v1/payments", &crate::api_shop::new_payment("other", 7));
        let reused = shop.send(other.key(&shop.own.key).idempotent("the-key")).await;
        reused.refused(409, "idempotency_key_reused", "");
    }
}

/// The change log.
pub(crate) fn log(shop: &Shop) -> Vec<ChangeLine> {
    match shop.engine.store.read(Query::Changes(0, 10_000)).unwrap() {
        Page::Changes(lines) => lines,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_change_is_in_the_log_under_the_operation_and_the_app() {
    for operation in operations() {
        let stocked = Stocked::new().await;
        let before = log(&stocked.shop).len();
        stocked.shop.ask(stocked.sample(&operation.id).0).await;
        let written: Vec<(String, String)> =
            log(&stocked.shop).split_off(before).into_iter().map(|line| (line.input, line.actor)).collect();
        let expected = match operation.method {
            _ if WITHOUT_CHANGE.contains(&operation.id.as_str()) => Vec::new(),
            "GET" => Vec::new(),
            _ => vec![(operation.id.clone(), stocked.shop.own.app.to_string())],
        };
        assert_eq!(written, expected);
    }
}

/// Bodies that are wrong for every operation, whether it wants one or not.
fn wrong_bodies() -> Vec<Vec<u8>> {
    let deep = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
    let long = format!("{{\"{}\": 1}}", "x".repeat(60_000));
    let texts =
        ["{", "[]", "null", "1e309", "\"{}\"", "{\"no_such_field\": 1}", "{\"a\":1,\"a\":2}", "\u{feff}{}"];
    let mut bodies: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    bodies.extend([
        b"\xff\xfe{}".to_vec(),
        b"{\"\\u0000\":0}".to_vec(),
        deep.into_bytes(),
        long.into_bytes(),
    ]);
    bodies
}

/// Requests of this operation that are wrong in one way each.
pub(crate) fn malformed(operation: &Operation, sample: &Call) -> Vec<Call> {
    let mut calls = Vec::new();
    if operation.method == "POST" {
        calls.extend(wrong_bodies().into_iter().map(|body| Call::post_raw(sample.path.clone(), body)));
        calls.push(Call::post_raw(sample.path.clone(), vec![b' '; 1 << 20]));
        calls.push(Call::post(sample.path.clone(), &json!({})).header("content-type", "text/plain"));
        calls.push(Call::post(sample.path.clone(), &json!({})).header("content-encoding", "gzip"));
        calls.push(sample.clone().idempotent(&"k".repeat(256)));
        calls.push(sample.clone().idempotent(""));
    }
    if operation.path.contains("{id}") {
        for id in ["x", "%00", "%ff", "pay_", "pay_00000000000000000000000000", "..%2f", "%F0%9F%92%A9"] {
            calls.push(Call { path: operation.path.replace("{id}", id), ..sample.clone() });
        }
        calls.push(Call { path: operation.path.replace("{id}", &"9".repeat(5_000)), ..sample.clone() });
    }
    for name in operation.query() {
        for value in ["", "%F0%9F%92%A9", "-1", "99999999999999999999", "%ff", "%zz", "%00"] {
            calls.push(Call { path: format!("{}?{name}={value}", operation.path), ..sample.clone() });
        }
        calls.push(Call { path: format!("{}?{name}=1&{name}=1", operation.path), ..sample.clone() });
    }
    calls
}

/// A text that may be anything is not wrong; it only finds nothing.
fn finds_nothing(call: &Call, reply: &Reply) -> bool {
    let free =
        ["?order_no=", "?refund_no=", "?ride_no="].iter().any(|parameter| call.path.contains(parameter));
    free && reply.status == 200 && reply.json()["data"] == json!([])
}

#[tokio::test]
async fn no_operation_stumbles_over_malformed_input() {
    let stocked = Stocked::new().await;
    for operation in operations() {
        let (sample, _) = stocked.sample(&operation.id);
        for call in malformed(&operation, &sample) {
            let told = format!("{} {} {}", operation.id, call.path, String::from_utf8_lossy(&call.body));
            let reply = stocked.shop.ask(call.clone()).await;
            let refused = (400..500).contains(&reply.status) || finds_nothing(&call, &reply);
            assert!(refused, "{}: {reply:?}", told.chars().take(300).collect::<String>());
            assert!(operation.documents(reply.status), "{told} answers {} unsaid", reply.status);
        }
    }
}

#[tokio::test]
async fn no_operation_ignores_a_query_parameter() {
    let stocked = Stocked::new().await;
    for operation in operations().into_iter().filter(|operation| !operation.query().is_empty()) {
        let (sample, _) = stocked.sample(&operation.id);
        let call = Call { path: format!("{}?no_such_parameter=1", operation.path), ..sample };
        stocked.shop.ask(call).await.refused(400, "unknown_parameter", "no_such_parameter");
    }
}
