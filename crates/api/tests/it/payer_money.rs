//! Money through the payers' API: moved once, proven each time, and frozen at once.

use serde_json::{Value, json};
use tongbao_core::{Key, idempotency::Reply as Kept, payer::Payer};

use crate::{
    api_shop::{Call, Shop},
    payer_purse::{CARD, HAS, PASSWORD, Purse, last_code},
};

async fn two(shop: &Shop) -> (Purse, Purse) {
    Purse::two(shop).await
}

fn transfer(to: &Purse, amount: i64, password: &str) -> Call {
    let body = json!({ "recipient": to.seen_as, "amount": amount, "password": password });
    Call::post("/payer/v1/transfers", &body)
}

fn tries(shop: &Shop, purse: &Purse) -> u8 {
    shop.engine.store.get::<Payer>(purse.id).unwrap().unwrap().password_tries
}

#[tokio::test]
async fn a_wrong_password_is_counted_and_not_kept_under_the_key() {
    let shop = Shop::open().await;
    let (one, other) = two(&shop).await;
    for left in [4, 3] {
        let reply = one.ask(&shop, transfer(&other, 500, "246802").idempotent("k")).await;
        reply.refused(403, "wrong_password", "");
        assert!(reply.text("/detail").contains(&format!("{left} tries")), "{reply:?}");
    }
    one.ask(&shop, transfer(&other, 500, "24680").idempotent("k")).await.refused(
        400,
        "invalid_value",
        "password",
    );
    assert_eq!(tries(&shop, &one), 2);
    let first = one.ask(&shop, transfer(&other, 500, PASSWORD).idempotent("k")).await;
    assert_eq!((first.status, tries(&shop, &one)), (201, 0), "{first:?}");
    // The session may read what was answered, so no proof is asked for again.
    let again = one.ask(&shop, transfer(&other, 500, "246802").idempotent("k")).await;
    assert!(again.is_replayed() && again.body == first.body && tries(&shop, &one) == 0);
    assert_eq!(one.available(&shop).await, HAS - 500);
    assert_eq!(other.available(&shop).await, HAS + 500);
}

#[tokio::test]
async fn what_is_kept_says_nothing_of_the_password() {
    let shop = Shop::open().await;
    let (one, other) = two(&shop).await;
    assert_eq!(one.ask(&shop, transfer(&other, 500, PASSWORD).idempotent("a")).await.status, 201);
    let change = json!({ "password": PASSWORD, "new_password": "246802" });
    assert_eq!(one.ask(&shop, Call::post("/payer/v1/password_changes", &change)).await.status, 201);
    assert_eq!(one.ask(&shop, transfer(&other, 500, "246802").idempotent("b")).await.status, 201);
    let kept = |key: &str| {
        let key = Key::Idempotency(one.id.into(), key.to_owned());
        shop.engine.store.find::<Kept>(key).unwrap().unwrap().request
    };
    assert_eq!(kept("a"), kept("b"), "the requests differ in their passwords only");
}

#[tokio::test]
async fn a_refusal_of_the_decision_is_kept_under_the_key() {
    let shop = Shop::open().await;
    let (one, other) = two(&shop).await;
    let first = one.ask(&shop, transfer(&other, HAS + 1, PASSWORD).idempotent("k")).await;
    first.refused(409, "balance_insufficient", "");
    assert_eq!(tries(&shop, &one), 0, "the password was right");
    other.ask(&shop, transfer(&one, 1_000, PASSWORD).idempotent("k")).await;
    let again = one.ask(&shop, transfer(&other, HAS + 1, PASSWORD).idempotent("k")).await;
    assert!(again.is_replayed() && again.status == 409, "{again:?}");
}

#[tokio::test]
async fn a_transfer_is_accepted_declined_or_taken_back_by_whom_it_concerns() {
    let shop = Shop::open().await;
    let (one, other) = two(&shop).await;
    let offer = |key: &'static str| {
        let body = json!({ "recipient": other.seen_as, "amount": 100, "way": "to_be_accepted",
            "note": "茶", "password": PASSWORD });
        Call::post("/payer/v1/transfers", &body).idempotent(key)
    };
    let deed = |id: &str, deed: &str, key: &'static str| {
        Call::post(format!("/payer/v1/transfers/{id}/{deed}"), &json!({})).idempotent(key)
    };
    let first = one.ask(&shop, offer("1")).await.text("/id");
    one.ask(&shop, deed(&first, "acceptance", "2")).await.refused(404, "not_found", "");
    other.ask(&shop, deed(&first, "withdrawal", "3")).await.refused(404, "not_found", "");
    assert_eq!(other.ask(&shop, deed(&first, "acceptance", "4")).await.text("/status"), "accepted");
    one.ask(&shop, deed(&first, "withdrawal", "5")).await.refused(409, "transfer_accepted", "");
    let second = one.ask(&shop, offer("6")).await.text("/id");
    assert_eq!(other.ask(&shop, deed(&second, "refusal", "7")).await.text("/return_reason"), "declined");
    let third = one.ask(&shop, offer("8")).await.text("/id");
    assert_eq!(one.ask(&shop, deed(&third, "withdrawal", "9")).await.text("/return_reason"), "withdrawn");
    assert_eq!((one.available(&shop).await, other.available(&shop).await), (HAS - 100, HAS + 100));
    let bill = one.ask(&shop, Call::get(format!("/payer/v1/bills/{first}"))).await.json();
    let steps: Vec<&Value> = bill["steps"].as_array().unwrap().iter().map(|step| &step["what"]).collect();
    assert_eq!((steps, &bill["status"]), (vec![&json!("sent"), &json!("accepted")], &json!("done")));
    assert_eq!(bill["counterparty"]["phone"], "170****0002");
    assert_eq!(bill["transfer"]["note"], "茶");
}

#[tokio::test]
async fn who_freezes_pays_nothing_and_lifts_it_by_two_proofs() {
    let shop = Shop::open().await;
    let (one, other) = two(&shop).await;
    let post = |path: &str, body: Value| Call::post(format!("/payer/v1/{path}"), &body);
    assert_eq!(one.ask(&shop, post("freezes", json!({}))).await.text("/frozen_by"), "payer");
    let refused = one.ask(&shop, transfer(&other, 1, PASSWORD).idempotent("1")).await;
    refused.refused(403, "payer_frozen", "");
    let payment = shop.payment("frozen", 100).await;
    let pay = json!({ "method": "balance", "password": PASSWORD });
    let pay = post(&format!("payments/{payment}/attempts"), pay);
    one.ask(&shop, pay.clone().idempotent("2")).await.refused(403, "payer_frozen", "");
    one.ask(&shop, post("security_codes", json!({ "purpose": "freeze_lifting" }))).await;
    let code = last_code(&shop.engine);
    let lift = |code: &str| post("freeze_liftings", json!({ "password": PASSWORD, "code": code }));
    let wrong = if code == "000000" { "000001" } else { "000000" };
    one.ask(&shop, lift(wrong)).await.refused(403, "wrong_code", "");
    assert_eq!(one.ask(&shop, lift(&code)).await.json()["frozen_by"], Value::Null);
    assert_eq!(one.ask(&shop, pay.idempotent("3")).await.text("/status"), "succeeded");
}

#[tokio::test]
async fn a_large_payment_waits_for_a_code_of_its_own() {
    let shop = Shop::open().await;
    let (one, _) = two(&shop).await;
    let payment = shop.payment("large", 600_000).await;
    let path = format!("/payer/v1/payments/{payment}");
    let pay = json!({ "method": "balance", "password": PASSWORD });
    let waits = one.done(&shop, (&format!("{path}/attempts"), "1"), &pay).await;
    assert_eq!((&waits["status"], &waits["challenge"]["given"]), (&json!("open"), &json!(["password"])));
    let digest = waits["challenge"]["digest"].as_str().unwrap().to_owned();
    let send = Call::post(format!("{path}/codes"), &json!({ "challenge": digest }));
    assert_eq!(one.ask(&shop, send).await.status, 202);
    let code = last_code(&shop.engine);
    let prove = |digest: &str, code: &str, key: &'static str| {
        let body = json!({ "challenge": digest, "code": code });
        Call::post(format!("{path}/proofs"), &body).idempotent(key)
    };
    // Of another digest, and without either proof.
    one.ask(&shop, prove(&"0".repeat(64), &code, "2")).await.refused(409, "proof_void", "");
    let empty = Call::post(format!("{path}/proofs"), &json!({ "challenge": digest })).idempotent("3");
    one.ask(&shop, empty).await.refused(400, "invalid_value", "password");
    let paid = one.ask(&shop, prove(&digest, &code, "4")).await;
    assert_eq!((paid.text("/status"), &paid.json()["is_mine"]), ("succeeded".to_owned(), &json!(true)));
    // The proof died with it.
    one.ask(&shop, prove(&digest, &code, "5")).await.refused(409, "payment_already_paid", "");
    assert_eq!(one.available(&shop).await, HAS - 600_000);
}

#[tokio::test]
async fn a_shop_sees_nothing_of_a_payer_but_its_id() {
    let shop = Shop::open().await;
    let (one, other) = two(&shop).await;
    let card = one.bind(&shop, CARD).await;
    let payment = shop.payment("seen", 100).await;
    let pay = json!({ "method": card, "password": PASSWORD });
    let asked = one.done(&shop, (&format!("/payer/v1/payments/{payment}/attempts"), "1"), &pay).await;
    assert_eq!(asked["status"], "processing");
    let seen = shop.ask(Call::get(format!("/v1/payments/{payment}"))).await.json().to_string();
    for hidden in ["170****0001", "17000000001", "0013", &card] {
        assert!(!seen.contains(hidden), "{seen}");
    }
    // Nor does another payer who knows the payment's id.
    let seen = other.ask(&shop, Call::get(format!("/payer/v1/payments/{payment}"))).await.json().to_string();
    for hidden in ["170****0001", &one.id.to_string(), &card] {
        assert!(!seen.contains(hidden), "{seen}");
    }
}

#[tokio::test]
async fn card_numbers_are_never_answered() {
    let shop = Shop::open().await;
    let (one, _) = two(&shop).await;
    one.bind(&shop, CARD).await;
    let listed = one.ask(&shop, Call::get("/payer/v1/cards")).await.json();
    assert_eq!(listed["data"][0]["last_four"], "0013");
    assert!(!listed.to_string().contains(CARD), "{listed}");
}

#[tokio::test]
async fn bills_come_in_pages_and_by_kind() {
    let shop = Shop::open().await;
    let (one, other) = two(&shop).await;
    for key in ["1", "2", "3"] {
        one.ask(&shop, transfer(&other, 100, PASSWORD).idempotent(key)).await;
    }
    let page = one.ask(&shop, Call::get("/payer/v1/bills?kind=transfer&limit=2")).await.json();
    assert_eq!((page["data"].as_array().unwrap().len(), &page["expense"]), (2, &json!(300)));
    assert_eq!((&page["data"][0]["what"], &page["data"][0]["amount"]), (&json!("sent"), &json!(-100)));
    let next = page["next_cursor"].as_str().unwrap();
    let path = format!("/payer/v1/bills?kind=transfer&limit=2&cursor={next}");
    let rest = one.ask(&shop, Call::get(path)).await.json();
    assert_eq!((rest["data"].as_array().unwrap().len(), rest["next_cursor"].is_null()), (1, true));
    one.ask(&shop, Call::get("/payer/v1/bills?month=2026-13")).await.refused(400, "invalid_value", "month");
    one.ask(&shop, Call::get("/payer/v1/bills?kind=rent")).await.refused(400, "invalid_value", "kind");
    one.ask(&shop, Call::get("/payer/v1/bills?cursor=AQ")).await.refused(400, "invalid_cursor", "cursor");
}
