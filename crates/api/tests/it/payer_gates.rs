//! What a session alone is not enough for, through the payers' API: payment codes, higher limits, a passkey, somebody
//! else's name; and what it is no more once it was ended from elsewhere.

use serde_json::{Value, json};
use tongbao_core::{
    id::{PayerId, TypedId as _},
    limits::{CODE_PAUSE_MS, CODE_TRIES_PER_DAY_MAX},
};
use tongbao_engine::account::Device as Seat;

use crate::{
    api_rides::permit,
    api_shop::{Call, Reply, Shop},
    payer_purse::{PASSWORD, Purse, UTILITY_ACCOUNT, last_code, token},
};

fn post(path: &str, body: &Value) -> Call {
    Call::post(format!("/payer/v1/{path}"), body)
}

/// The same payer on another device.
async fn elsewhere(shop: &Shop, payer: PayerId) -> Purse {
    let device = shop.engine.new_device_secret();
    let seat = Seat { secret: &device, name: "Another", address: None };
    let secret = shop.engine.begin_session(payer, seat).await.unwrap();
    Purse { id: payer, token: token(payer, &device, &secret), seen_as: String::new() }
}

async fn is_in(shop: &Shop, purse: &Purse) -> bool {
    let reply = purse.ask(shop, Call::get("/payer/v1/payer")).await;
    assert!(matches!(reply.status, 200 | 401), "{reply:?}");
    reply.status == 200
}

#[tokio::test]
async fn a_token_shows_payment_codes_only_after_the_password_allowed_it_there() {
    let shop = Shop::open().await;
    let purse = Purse::new(&shop, "17000000001").await;
    let show = || post("payment_codes", &json!({}));
    purse.ask(&shop, show()).await.refused(403, "payment_codes_off", "");
    let wrong = post("payment_code_permission", &json!({ "password": "000000" }));
    purse.ask(&shop, wrong).await.refused(403, "wrong_password", "");
    purse.ask(&shop, show()).await.refused(403, "payment_codes_off", "");
    permit(&shop, &purse).await;
    assert_eq!(purse.ask(&shop, show()).await.text("/digits").len(), 18);
    let other = elsewhere(&shop, purse.id).await;
    other.ask(&shop, show()).await.refused(403, "payment_codes_off", "");
    let sessions = other.ask(&shop, Call::get("/payer/v1/sessions")).await.json();
    let since = |row: &Value| (row["is_current"] == true, row["payment_codes_since"].is_string());
    let rows: Vec<_> = sessions["data"].as_array().unwrap().iter().map(since).collect();
    assert_eq!(rows, [(true, false), (false, true)], "{sessions}");
    for _ in 0..2 {
        let off = Call::new("DELETE", "/payer/v1/payment_code_permission".to_owned());
        let off = purse.ask(&shop, off).await;
        assert_eq!((off.status, &off.json()["payment_codes_since"]), (200, &Value::Null));
    }
    purse.ask(&shop, show()).await.refused(403, "payment_codes_off", "");
}

#[tokio::test]
async fn a_limit_is_lowered_by_the_session_and_raised_by_the_password() {
    let shop = Shop::open().await;
    let purse = Purse::new(&shop, "17000000001").await;
    let set = |most: Option<i64>, password: Option<&str>| {
        post("own_limits", &json!({ "per_day": most, "password": password }))
    };
    assert_eq!(purse.ask(&shop, set(Some(500), None)).await.json()["own_per_day"], 500);
    assert_eq!(purse.ask(&shop, set(Some(400), None)).await.json()["own_per_day"], 400);
    for more in [Some(401), None] {
        purse.ask(&shop, set(more, None)).await.refused(403, "password_required", "password");
        purse.ask(&shop, set(more, Some("000000"))).await.refused(403, "wrong_password", "");
        purse.ask(&shop, set(more, Some("1"))).await.refused(400, "invalid_value", "password");
        let limits = purse.ask(&shop, Call::get("/payer/v1/limits")).await.json();
        assert_eq!(limits["own_per_day"], 400);
    }
    assert_eq!(purse.ask(&shop, set(Some(401), Some(PASSWORD))).await.json()["own_per_day"], 401);
    assert_eq!(purse.ask(&shop, set(None, Some(PASSWORD))).await.json()["own_per_day"], Value::Null);
}

async fn send(shop: &Shop, from: &Purse, recipient: &str, key: &str) -> Reply {
    let body = json!({ "recipient": recipient, "amount": 1, "password": PASSWORD });
    from.ask(shop, post("transfers", &body).idempotent(key)).await
}

#[tokio::test]
async fn who_knows_an_id_is_told_nothing_by_it() {
    let shop = Shop::open().await;
    let (me, other) = (Purse::new(&shop, "17000000001").await, Purse::new(&shop, "17000000002").await);
    let nobody = PayerId::from_uuid(uuid::Uuid::from_u128(7)).to_string();
    for (number, recipient) in
        [other.id.to_string(), nobody, "x".to_owned(), String::new()].iter().enumerate()
    {
        let sent = send(&shop, &me, recipient, &number.to_string()).await;
        sent.refused(400, "invalid_value", "recipient");
        let name = json!({ "surname": "测" });
        let checked = me.ask(&shop, post(&format!("payees/{recipient}x/name_checks"), &name)).await;
        checked.refused(404, "not_found", "");
    }
    let checked =
        me.ask(&shop, post(&format!("payees/{}/name_checks", other.id), &json!({ "surname": "测" })));
    checked.await.refused(404, "not_found", "");
    let found = me.ask(&shop, post("payee_look_ups", &json!({ "phone": "17000000002" }))).await;
    let reference = found.text("/recipient");
    assert!(!reference.contains("pyr_") && found.json()["is_known"] == false, "{found:?}");
    let checked =
        me.ask(&shop, post(&format!("payees/{reference}/name_checks"), &json!({ "surname": "测" })));
    assert_eq!(checked.await.status, 201);
    let stranger = Purse::new(&shop, "17000000003").await;
    send(&shop, &stranger, &reference, "1").await.refused(400, "invalid_value", "recipient");
    assert_eq!(send(&shop, &me, &reference, "a").await.status, 201);
    assert_eq!(send(&shop, &me, &other.id.to_string(), "b").await.status, 201, "it is known now");
    let payees = me.ask(&shop, Call::get("/payer/v1/payees")).await;
    assert_eq!(payees.text("/data/0/recipient"), other.id.to_string());
}

#[tokio::test]
async fn another_password_ends_the_other_tokens() {
    let shop = Shop::open().await;
    let purse = Purse::new(&shop, "17000000001").await;
    permit(&shop, &purse).await;
    let other = elsewhere(&shop, purse.id).await;
    let body = json!({ "password": PASSWORD, "new_password": "246802" });
    assert_eq!(purse.ask(&shop, post("password_changes", &body)).await.status, 201);
    assert!(is_in(&shop, &purse).await && !is_in(&shop, &other).await);
    let sessions = purse.ask(&shop, Call::get("/payer/v1/sessions")).await.json();
    assert_eq!(sessions["data"].as_array().unwrap().len(), 1);
    purse.ask(&shop, post("payment_codes", &json!({}))).await.refused(403, "payment_codes_off", "");
}

#[tokio::test]
async fn a_closed_account_is_opened_by_no_token() {
    let shop = Shop::open().await;
    let purse = Purse::empty(&shop, "17000000001").await;
    let other = elsewhere(&shop, purse.id).await;
    purse.close(&shop).await.unwrap();
    assert!(!is_in(&shop, &purse).await && !is_in(&shop, &other).await);
}

/// Until another code may be asked for.
fn wait(shop: &Shop) {
    for _ in 0..=CODE_PAUSE_MS / 1_000 {
        shop.tick();
    }
}

#[tokio::test]
async fn wrong_codes_of_a_day_are_answered_as_wrong_codes() {
    let shop = Shop::open().await;
    let purse = Purse::new(&shop, "17000000001").await;
    let try_code = |code: &str| post("sessions", &json!({ "phone": "17000000001", "code": code }));
    for number in 0..CODE_TRIES_PER_DAY_MAX {
        if number % 5 == 0 {
            wait(&shop);
            assert_eq!(shop.send(post("codes", &json!({ "phone": "17000000001" }))).await.status, 202);
        }
        shop.send(try_code("x")).await.refused(403, "wrong_code", "");
    }
    wait(&shop);
    assert_eq!(shop.send(post("codes", &json!({ "phone": "17000000001" }))).await.status, 202);
    let code = last_code(&shop.engine);
    shop.send(try_code(&code)).await.refused(403, "wrong_code", "");
    assert!(is_in(&shop, &purse).await, "who is in stays in");
}

#[tokio::test]
async fn a_utility_payment_has_a_bill() {
    let shop = Shop::open().await;
    let (purse, other) = Purse::two(&shop).await;
    let offer = json!({ "offer": purse.offer(&shop, UTILITY_ACCOUNT).await, "password": PASSWORD });
    let paid = purse.done(&shop, ("/payer/v1/utility_payments", "1"), &offer).await;
    let path = format!("/payer/v1/bills/{}", paid["id"].as_str().unwrap());
    let bill = purse.ask(&shop, Call::get(path.as_str())).await.json();
    assert_eq!((&bill["kind"], &bill["status"]), (&json!("utility"), &json!("processing")), "{bill}");
    assert_eq!((&bill["counterparty"]["kind"], &bill["amount"]), (&json!("biller"), &paid["amount"]));
    assert_eq!(bill["steps"][0]["what"], "sent");
    let lines = purse.ask(&shop, Call::get("/payer/v1/bills?kind=utility")).await;
    assert_eq!(lines.text("/data/0/counterparty/kind"), "biller");
    assert_eq!(lines.text("/data/0/subject"), paid["id"].as_str().unwrap());
    other.ask(&shop, Call::get(path.as_str())).await.refused(404, "not_found", "");
}
