//! Rides at the edge: a code from the payer's own API, in and out at the gates of an operator, what is settled, what is
//! owed, what the operator is told, and what each mistake is called.

use std::sync::Arc;

use serde_json::{Value, json};
use tongbao_core::{Facts, api_key::Scope, id::PayerId, limits::RIDE_OPEN_S, payer::freeze};
use tongbao_engine::{
    Deliveries, Worker,
    webhook::{Policy, Sender},
};

use crate::{
    api_shop::{Call, Reply, Shop, input},
    payer_purse::{PASSWORD, Purse},
};

/// The digits of the code that a payer's phone shows now.
pub(crate) async fn shown(shop: &Shop, payer: PayerId) -> String {
    shop.engine.show_transit_code_to_developer(payer).await.unwrap().unwrap().digits
}

pub(crate) fn entry(number: &str, code: &str) -> Value {
    json!({ "ride_no": number, "code": code, "station": "People's Square", "max_amount": 1_500 })
}

/// Switches codes on where a payer is signed in.
pub(crate) async fn permit(shop: &Shop, payer: &Purse) {
    let call = Call::post("/payer/v1/payment_code_permission", &json!({ "password": PASSWORD }));
    let reply = payer.ask(shop, call).await;
    assert_eq!(reply.status, 201, "{reply:?}");
}

/// A payer goes in: the ride's id.
pub(crate) async fn riding(shop: &Shop, payer: PayerId, number: &str) -> String {
    let code = shown(shop, payer).await;
    let reply = shop.ask(Call::post("/v1/rides", &entry(number, &code))).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    reply.text("/id")
}

pub(crate) async fn out(shop: &Shop, ride: &str, amount: i64) -> Reply {
    let body = json!({ "station": "East", "amount": amount });
    shop.ask(Call::post(format!("/v1/rides/{ride}/exit"), &body)).await
}

pub(crate) async fn set_frozen(shop: &Shop, payer: PayerId, frozen: bool) {
    let set = move |facts: &dyn Facts, cx: &mut tongbao_core::Context| {
        if frozen { freeze::freeze_own(facts, cx, payer) } else { freeze::unfreeze(facts, cx, payer) }
    };
    shop.engine.run(input("set_frozen"), set).await.unwrap();
}

/// A payer's debt: the account was frozen when a ride ended, and is not any more.
pub(crate) async fn owing(shop: &Shop, payer: PayerId) -> String {
    let ride = riding(shop, payer, "owed").await;
    set_frozen(shop, payer, true).await;
    assert_eq!(out(shop, &ride, 400).await.text("/status"), "owed");
    set_frozen(shop, payer, false).await;
    shop.engine.open_debt(payer).unwrap().unwrap().id.to_string()
}

#[tokio::test]
async fn a_ride_is_recorded_settled_listed_and_told_of() {
    let shop = Shop::open().await;
    let hook = json!({ "url": "http://127.0.0.1:9/hook", "events": ["ride.settled", "ride.owed"] });
    assert!(shop.ask(Call::post("/v1/webhook_endpoints", &hook)).await.is_success());
    let rider = Purse::new(&shop, "17000000001").await;
    let ask = Call::post("/payer/v1/transit_codes", &json!({}));
    rider.ask(&shop, ask).await.refused(403, "payment_codes_off", "");
    permit(&shop, &rider).await;
    let code = rider.ask(&shop, Call::post("/payer/v1/transit_codes", &json!({}))).await;
    assert_eq!(code.status, 201, "{code:?}");
    let call = Call::post("/v1/rides", &entry("r-1", &code.text("/digits")));
    let began = shop.ask(call.clone()).await;
    let ride = began.json();
    assert_eq!((began.status, &ride["status"], &ride["fee"]), (201, &json!("riding"), &json!(0)));
    assert!(ride["amount"].is_null() && ride["exit"].is_null() && ride.get("payer").is_none(), "{ride}");
    assert_eq!(shop.ask(call).await.status, 200, "the same entry again");
    let id = began.text("/id");

    // The gate at the way out finds the ride by the code that it scans, and uses it up with the exit.
    let next = rider.ask(&shop, Call::post("/payer/v1/transit_codes", &json!({}))).await.text("/digits");
    let found = shop.list(&format!("/v1/rides?code={next}")).await;
    assert_eq!((found.len(), &found[0]["id"]), (1, &json!(id)));
    let body = json!({ "station": "East", "amount": 400, "code": next });
    let left = shop.ask(Call::post(format!("/v1/rides/{id}/exit"), &body)).await;
    let ride = left.json();
    assert_eq!((left.status, &ride["status"], &ride["amount"]), (200, &json!("settled"), &json!(400)));
    assert_eq!((&ride["fee"], &ride["exit"]["station"]), (&json!(2), &json!("East")));
    shop.ask(Call::get(format!("/v1/rides?code={next}"))).await.refused(409, "transit_code_used", "code");

    let told = shop.list("/v1/events?type=ride.settled").await;
    assert_eq!((told.len(), &told[0]["data"]["ride"]["id"]), (1, &json!(id)));
    assert_eq!(shop.list("/v1/deliveries").await.len(), 1);
    let balance = shop.ask(Call::get("/v1/balance")).await.json();
    assert_eq!(balance["data"][0]["pending"], 398);
    let entries = shop.list("/v1/balance/entries?currency=CNY").await;
    let reasons: Vec<&str> = entries.iter().map(|entry| entry["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["fare_fee", "fare"]);
    let own = rider.ask(&shop, Call::get(format!("/payer/v1/rides/{id}"))).await.json();
    assert_eq!((&own["operator"], &own["amount"]), (&json!("Tea House 茶馆"), &json!(400)));
    let bills = rider.ask(&shop, Call::get("/payer/v1/bills?kind=ride")).await.json();
    assert_eq!((&bills["data"][0]["subject"], &bills["data"][0]["amount"]), (&json!(id), &json!(-400)));
    let messages = rider.ask(&shop, Call::get("/payer/v1/messages")).await.json();
    assert_eq!(messages["data"][0]["kind"], "ride");
}

#[tokio::test]
async fn lists_are_filtered_and_go_on_at_their_cursor() {
    let shop = Shop::open().await;
    let rider = Purse::new(&shop, "17000000001").await;
    for number in ["a", "b", "c"] {
        let ride = riding(&shop, rider.id, number).await;
        assert!(out(&shop, &ride, 100).await.is_success());
        shop.tick();
    }
    riding(&shop, rider.id, "d").await;
    let numbers = |rows: &[Value]| -> Vec<String> {
        rows.iter().map(|row| row["ride_no"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(numbers(&shop.list("/v1/rides").await), ["d", "c", "b", "a"]);
    assert_eq!(numbers(&shop.list("/v1/rides?status=settled").await), ["c", "b", "a"]);
    assert_eq!(numbers(&shop.list("/v1/rides?ride_no=b").await), ["b"]);
    assert_eq!(shop.list("/v1/rides?status=riding&ride_no=b").await, Vec::<Value>::new());
    let page = shop.ask(Call::get("/v1/rides?limit=3")).await.json();
    let next = page["next_cursor"].as_str().unwrap();
    assert_eq!(numbers(&shop.list(&format!("/v1/rides?limit=3&cursor={next}")).await), ["a"]);
    shop.ask(Call::get("/v1/rides?status=walking")).await.refused(400, "invalid_value", "status");
    let own = rider.ask(&shop, Call::get("/payer/v1/rides?limit=3")).await.json();
    assert_eq!((own["data"].as_array().unwrap().len(), own["next_cursor"].is_string()), (3, true));
}

#[tokio::test]
async fn every_mistake_of_a_gate_has_a_name_of_its_own() {
    let shop = Shop::open().await;
    let rider = Purse::new(&shop, "17000000001").await;
    let code = shown(&shop, rider.id).await;
    let enter = |body: Value| shop.ask(Call::post("/v1/rides", &body));
    let with = |name: &str, value: Value| {
        let mut body = entry("x", &code);
        body[name] = value;
        body
    };
    for (name, value, told) in [
        ("code", json!("134567890123456789"), ("transit_code_invalid", "code")),
        ("code", json!("400000000000000000"), ("transit_code_invalid", "code")),
        ("code", json!(""), ("transit_code_invalid", "code")),
        ("ride_no", json!(""), ("invalid_value", "ride_no")),
        ("station", json!(""), ("invalid_value", "station")),
        ("max_amount", json!(0), ("invalid_value", "max_amount")),
        ("max_amount", json!(-1), ("invalid_value", "max_amount")),
        ("max_amount", json!(20_001), ("invalid_value", "max_amount")),
        ("scanned_at", json!("yesterday"), ("invalid_value", "scanned_at")),
        ("scanned_at", json!("1999-01-01T00:00:00Z"), ("invalid_value", "scanned_at")),
        ("scanned_at", json!("2999-01-01T00:00:00Z"), ("invalid_value", "scanned_at")),
    ] {
        enter(with(name, value.clone())).await.refused(400, told.0, told.1);
    }
    // A payment code is none, though it is as long and the payer's own.
    let payment_code = shop.engine.show_payment_code_to_developer(rider.id).await.unwrap().unwrap().digits;
    enter(entry("x", &payment_code)).await.refused(400, "transit_code_invalid", "code");
    let id = enter(entry("x", &code)).await.text("/id");
    enter(with("station", json!("West"))).await.refused(409, "ride_no_used", "ride_no");
    enter(entry("y", &code)).await.refused(409, "transit_code_used", "code");
    let second = shown(&shop, rider.id).await;
    enter(entry("y", &second)).await.refused(409, "ride_open", "");
    let exit = |body: Value| shop.ask(Call::post(format!("/v1/rides/{id}/exit"), &body));
    exit(json!({ "station": "East", "amount": 1_501 })).await.refused(400, "invalid_value", "amount");
    exit(json!({ "station": "East", "amount": -1 })).await.refused(400, "invalid_value", "amount");
    exit(json!({ "station": "East", "amount": 1, "code": "1" })).await.refused(
        400,
        "transit_code_invalid",
        "code",
    );
    let stranger = shop.stranger().await;
    let body = json!({ "station": "East", "amount": 1 });
    let call = Call::post(format!("/v1/rides/{id}/exit"), &body).key(&stranger.key);
    shop.send(call).await.refused(404, "not_found", "");
    shop.send(Call::get(format!("/v1/rides/{id}")).key(&stranger.key)).await.refused(404, "not_found", "");
    let elsewhere = Call::get(format!("/v1/rides?code={second}")).key(&stranger.key);
    assert_eq!(shop.send(elsewhere).await.json()["data"], json!([]), "who rides with others is not told");
    assert!(exit(body.clone()).await.is_success());
    assert!(exit(body).await.is_success(), "the same exit again");
    exit(json!({ "station": "East", "amount": 2 })).await.refused(409, "ride_ended", "");
    set_frozen(&shop, rider.id, true).await;
    enter(entry("y", &second)).await.refused(403, "payer_frozen", "");
    let read = shop.key(&[Scope::Read], &[], None).await;
    let call = Call::post("/v1/rides", &entry("z", &second)).key(&read);
    shop.send(call).await.refused(403, "forbidden", "");
}

#[tokio::test]
async fn a_code_is_good_for_two_minutes_at_most_unless_the_gate_says_when_it_scanned_it() {
    let shop = Shop::open().await;
    let rider = Purse::new(&shop, "17000000001").await;
    let code = shown(&shop, rider.id).await;
    let scanned = tongbao_api::wire::rfc3339(shop.engine.now());
    shop.engine.clock.set_ahead_s(150);
    let call = Call::post("/v1/rides", &entry("x", &code));
    shop.ask(call).await.refused(409, "transit_code_expired", "code");
    let mut late = entry("x", &code);
    late["scanned_at"] = json!(scanned);
    let ride = shop.ask(Call::post("/v1/rides", &late)).await;
    assert_eq!((ride.status, ride.text("/entry/at")), (201, scanned));
}

#[tokio::test]
async fn what_a_balance_cannot_pay_is_owed_and_paid_by_the_payer_or_by_the_next_top_up() {
    let shop = Shop::open().await;
    let rider = Purse::new(&shop, "17000000001").await;
    let debt = owing(&shop, rider.id).await;
    let owed = rider.ask(&shop, Call::get("/payer/v1/debts")).await.json();
    let row = &owed["data"][0];
    assert_eq!(
        (&row["id"], &row["status"], &row["reason"]),
        (&json!(debt), &json!("owed"), &json!("frozen"))
    );
    permit(&shop, &rider).await;
    let shown = rider.ask(&shop, Call::post("/payer/v1/transit_codes", &json!({}))).await;
    shown.refused(409, "debt_open", "");
    let path = format!("/payer/v1/debts/{debt}/payment");
    let other = Purse::new(&shop, "17000000002").await;
    let call = Call::post(&path, &json!({})).idempotent("1");
    other.ask(&shop, call.clone()).await.refused(404, "not_found", "");
    let before = rider.available(&shop).await;
    let paid = rider.ask(&shop, call.clone()).await;
    assert_eq!(
        (paid.status, paid.text("/status"), paid.text("/paid_by")),
        (201, "paid".to_owned(), "payer".to_owned())
    );
    assert!(rider.ask(&shop, call).await.is_replayed());
    assert_eq!(rider.available(&shop).await, before - 400);
    let told: Vec<Value> = shop.list("/v1/events").await;
    let kinds: Vec<&str> = told.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["ride.settled", "ride.owed"]);
    let sequences: Vec<i64> = told.iter().map(|event| event["sequence"].as_i64().unwrap()).collect();
    assert_eq!(sequences, [3, 2]);
}

#[tokio::test]
async fn an_account_with_a_ride_or_a_debt_is_not_closed_and_both_are_in_the_copy_of_its_data() {
    let shop = Shop::open().await;
    let rider = Purse::empty(&shop, "17000000001").await;
    let ride = riding(&shop, rider.id, "1").await;
    rider.close(&shop).await.unwrap_err().refused(409, "money_under_way", "");
    assert_eq!(out(&shop, &ride, 400).await.text("/status"), "owed");
    rider.close(&shop).await.unwrap_err().refused(409, "money_under_way", "");
    let take = Call::post("/payer/v1/own_data_copies", &json!({ "password": PASSWORD }));
    let copy = rider.ask(&shop, take).await.json();
    assert_eq!((&copy["rides"][0]["id"], &copy["debts"][0]["ride"]), (&json!(ride), &json!(ride)));
}

#[tokio::test]
async fn a_ride_whose_end_nobody_tells_is_ended_by_the_worker_after_twelve_hours() {
    let shop = Shop::open().await;
    let rider = Purse::new(&shop, "17000000001").await;
    let ride = riding(&shop, rider.id, "1").await;
    let deliveries = Deliveries::new(Sender::new(Policy::LoopbackToo).unwrap(), Arc::new(|_| Vec::new()));
    let worker = Worker::new(Arc::clone(&shop.engine), deliveries);
    let shown = async || shop.ask(Call::get(format!("/v1/rides/{ride}"))).await.json();
    shop.engine.clock.set_ahead_s(RIDE_OPEN_S - 60);
    worker.run_once().await.unwrap();
    assert_eq!(shown().await["status"], "riding");
    shop.engine.clock.set_ahead_s(RIDE_OPEN_S);
    worker.run_once().await.unwrap();
    let ended = shown().await;
    assert_eq!((&ended["status"], &ended["amount"]), (&json!("settled"), &json!(1_500)));
    assert_eq!(ended["exit"], Value::Null);
    out(&shop, &ride, 400).await.refused(409, "ride_ended", "");
}
