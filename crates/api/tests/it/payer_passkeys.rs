//! Passkeys through the payers' API: added, asked, signed in with; and what nobody gets by a signature.

use serde_json::{Value, json};
use tongbao_core::{id::PayerId, limits::PASSKEY_CHALLENGE_LIFE_MS, payer::passkey::Algorithm};

use crate::{
    api_shop::{Call, Reply, Shop},
    authenticator::Device,
    payer_purse::{BASE_URL_OF_ANOTHER, PARTY, PASSWORD, Purse, UTILITY_ACCOUNT, assertion},
};

fn device(name: &str) -> Device {
    Device::new(Algorithm::Es256, name.as_bytes(), PARTY)
}

/// What the device signs of what a request of this payer is about.
async fn confirmed(shop: &Shop, purse: &Purse, device: &Device, about: &Value) -> Value {
    let asked = purse.ask(shop, Call::post("/payer/v1/passkey_challenges", about)).await;
    assert_eq!(asked.status, 201, "{asked:?}");
    assertion(&device.sign(&asked.text("/options/challenge")), Some(purse.id))
}

async fn ask_to_sign_in(shop: &Shop) -> (String, String) {
    let asked = shop.send(Call::post("/payer/v1/sign_in_challenges", &json!({}))).await;
    assert_eq!((asked.status, &asked.json()["options"]["allowCredentials"]), (201, &json!([])), "{asked:?}");
    (asked.text("/challenge"), asked.text("/options/challenge"))
}

async fn sign_in(shop: &Shop, challenge: &str, passkey: Value) -> Reply {
    let body = json!({ "challenge": challenge, "passkey": passkey });
    shop.send(Call::post("/payer/v1/passkey_sessions", &body)).await
}

/// Signs in with an honest device.
async fn honest(shop: &Shop, device: &Device, user: PayerId) -> Reply {
    let (challenge, bytes) = ask_to_sign_in(shop).await;
    sign_in(shop, &challenge, assertion(&device.sign(&bytes), Some(user))).await
}

#[tokio::test]
async fn a_passkey_confirms_what_was_asked_and_nothing_else() {
    let shop = Shop::open().await;
    let (one, other) = Purse::two(&shop).await;
    let device = device("one");
    one.add_passkey(&shop, &device).await;
    let recipient = other.seen_as.clone();
    let transfer = |amount: i64| json!({ "recipient": recipient, "amount": amount });
    let signed = confirmed(&shop, &one, &device, &json!({ "transfer": transfer(700) })).await;
    let send = |amount: i64, key: &'static str, signed: &Value| {
        let mut body = transfer(amount);
        body["passkey"] = signed.clone();
        Call::post("/payer/v1/transfers", &body).idempotent(key)
    };
    // Another amount; and after that the challenge is still there for the right one.
    one.ask(&shop, send(701, "a", &signed)).await.refused(403, "passkey_refused", "");
    let sent = one.ask(&shop, send(700, "b", &signed)).await;
    assert_eq!((sent.status, &sent.json()["amount"]), (201, &json!(700)), "{sent:?}");
    // Asked twice it is done once; under another key the signature is worth nothing.
    assert!(one.ask(&shop, send(700, "b", &signed)).await.is_replayed());
    one.ask(&shop, send(700, "c", &signed)).await.refused(403, "passkey_refused", "");
    // One of the two proofs, and not both.
    let mut both = transfer(1);
    (both["passkey"], both["password"]) = (signed, json!(PASSWORD));
    for body in [both, transfer(1)] {
        let call = Call::post("/payer/v1/transfers", &body).idempotent("d");
        one.ask(&shop, call).await.refused(400, "invalid_value", "password");
    }
    assert_eq!(other.available(&shop).await, crate::payer_purse::HAS + 700);
}

#[tokio::test]
async fn a_passkey_pays_a_large_payment_a_bill_and_a_withdrawal() {
    let shop = Shop::open().await;
    let purse = Purse::new(&shop, "17000000001").await;
    let device = device("pays");
    purse.add_passkey(&shop, &device).await;
    let large = shop.payment("large", 600_000).await;
    let attempts = format!("/payer/v1/payments/{large}/attempts");
    let waits = purse.done(&shop, (&attempts, "a"), &json!({ "method": "balance" })).await;
    let challenge = &waits["challenge"]["digest"];
    let passkey = confirmed(&shop, &purse, &device, &json!({ "payment": { "challenge": challenge } })).await;
    let proof = json!({ "challenge": challenge, "passkey": passkey });
    let paid = purse.done(&shop, (&format!("/payer/v1/payments/{large}/proofs"), "b"), &proof).await;
    assert_eq!(paid["status"], "succeeded", "{paid}");

    let mut bill = json!({ "offer": purse.offer(&shop, UTILITY_ACCOUNT).await });
    let passkey = confirmed(&shop, &purse, &device, &json!({ "utility_payment": bill })).await;
    bill["passkey"] = passkey;
    let bill = purse.done(&shop, ("/payer/v1/utility_payments", "c"), &bill).await;
    assert_eq!(bill["status"], "processing", "{bill}");

    let card = purse.bind(&shop, crate::payer_purse::CARD).await;
    let mut withdrawal = json!({ "amount": 100, "card": card, "fee": 0 });
    let passkey = confirmed(&shop, &purse, &device, &json!({ "withdrawal": withdrawal })).await;
    withdrawal["passkey"] = passkey;
    let withdrawal = purse.done(&shop, ("/payer/v1/withdrawals", "d"), &withdrawal).await;
    assert_eq!(withdrawal["status"], "processing", "{withdrawal}");
}

#[tokio::test]
async fn what_a_passkey_is_to_confirm_is_one_thing_and_there_must_be_one() {
    let shop = Shop::open().await;
    let purse = Purse::new(&shop, "17000000001").await;
    let ask = |body: Value| Call::post("/payer/v1/passkey_challenges", &body);
    let payment = json!({ "challenge": "00".repeat(32) });
    purse.ask(&shop, ask(json!({ "payment": payment }))).await.refused(404, "not_found", "");
    purse.add_passkey(&shop, &device("one")).await;
    let transfer = json!({ "recipient": purse.id.to_string(), "amount": 1 });
    for body in [json!({}), json!({ "payment": payment, "transfer": transfer })] {
        purse.ask(&shop, ask(body)).await.refused(400, "invalid_value", "payment");
    }
    let wrong = json!({ "payment": { "challenge": "zz".repeat(32) } });
    purse.ask(&shop, ask(wrong)).await.refused(400, "invalid_value", "challenge");
}

#[tokio::test]
async fn who_signs_in_by_a_passkey_is_who_it_belongs_to() {
    let shop = Shop::open().await;
    let (one, other) = (Purse::new(&shop, "17000000001").await, Purse::new(&shop, "17000000002").await);
    let (mine, others) = (device("mine"), device("others"));
    one.add_passkey(&shop, &mine).await;
    other.add_passkey(&shop, &others).await;
    let signed_in = honest(&shop, &mine, one.id).await;
    assert_eq!((signed_in.status, signed_in.text("/payer")), (201, one.id.to_string()), "{signed_in:?}");
    let payer = shop.send(Call::get("/payer/v1/payer").key(&signed_in.text("/token"))).await;
    assert_eq!(payer.text("/id"), one.id.to_string());
    // The passkey says whose it is, and no other's name is put on it, nor none.
    honest(&shop, &mine, other.id).await.refused(403, "passkey_refused", "");
    let (challenge, bytes) = ask_to_sign_in(&shop).await;
    sign_in(&shop, &challenge, assertion(&mine.sign(&bytes), None)).await.refused(403, "passkey_refused", "");
}

#[tokio::test]
async fn a_sign_in_cannot_be_replayed_moved_or_kept() {
    let shop = Shop::open().await;
    let purse = Purse::new(&shop, "17000000001").await;
    let device = device("one");
    purse.add_passkey(&shop, &device).await;
    let refused = |reply: Reply| reply.refused(403, "passkey_refused", "");
    // The same again.
    let (challenge, bytes) = ask_to_sign_in(&shop).await;
    let signed = assertion(&device.sign(&bytes), Some(purse.id));
    assert_eq!(sign_in(&shop, &challenge, signed.clone()).await.status, 201);
    refused(sign_in(&shop, &challenge, signed.clone()).await);
    // For another challenge, and for none that there is.
    let (another, _) = ask_to_sign_in(&shop).await;
    refused(sign_in(&shop, &another, signed.clone()).await);
    for challenge in ["", "x", "sic_00000000000000000000000000", &purse.id.to_string()] {
        refused(sign_in(&shop, challenge, signed.clone()).await);
    }
    // What was signed to confirm something, and the other way round.
    let recipient = purse.id.to_string();
    let transfer = json!({ "transfer": { "recipient": recipient, "amount": 1 } });
    let confirmation = confirmed(&shop, &purse, &device, &transfer).await;
    refused(sign_in(&shop, &another, confirmation).await);
    // By another key under the same name, and under a name that nobody has.
    let (challenge, bytes) = ask_to_sign_in(&shop).await;
    for forger in [self::device("one"), self::device("two")] {
        refused(sign_in(&shop, &challenge, assertion(&forger.sign(&bytes), Some(purse.id))).await);
    }
    // Too late.
    let signed = assertion(&device.sign(&bytes), Some(purse.id));
    shop.engine.clock.set_ahead_s(PASSKEY_CHALLENGE_LIFE_MS / 1_000);
    refused(sign_in(&shop, &challenge, signed).await);
}

#[tokio::test]
async fn a_page_of_another_origin_cannot_use_the_real_device() {
    let shop = Shop::open().await;
    let purse = Purse::new(&shop, "17000000001").await;
    let mut device = device("one");
    purse.add_passkey(&shop, &device).await;
    let wrongs: [fn(&mut Device); 5] = [
        |device| device.flags = 0,
        |device| device.origin = BASE_URL_OF_ANOTHER.to_owned(),
        |device| device.rp_id = "evil.example".to_owned(),
        |device| device.flags = 1,
        |device| device.extra = json!({ "crossOrigin": true }),
    ];
    for wrong in wrongs {
        let honest_self = (device.origin.clone(), device.rp_id.clone(), device.flags, device.extra.clone());
        wrong(&mut device);
        honest(&shop, &device, purse.id).await.refused(403, "passkey_refused", "");
        (device.origin, device.rp_id, device.flags, device.extra) = honest_self;
    }
    assert_eq!(honest(&shop, &device, purse.id).await.status, 201);
}

#[tokio::test]
async fn a_removed_passkey_signs_nobody_in_and_a_frozen_account_only_that() {
    let shop = Shop::open().await;
    let (purse, other) = Purse::two(&shop).await;
    let (lost, kept) = (device("lost"), device("kept"));
    let id = purse.add_passkey(&shop, &lost).await;
    for _ in 0..=30 {
        shop.tick();
    }
    purse.add_passkey(&shop, &kept).await;
    // Signed before it was removed, sent after.
    let (challenge, bytes) = ask_to_sign_in(&shop).await;
    let signed = assertion(&lost.sign(&bytes), Some(purse.id));
    let remove = Call::new("DELETE", format!("/payer/v1/passkeys/{id}"));
    assert_eq!(purse.ask(&shop, remove).await.status, 200);
    sign_in(&shop, &challenge, signed).await.refused(403, "passkey_refused", "");
    honest(&shop, &lost, purse.id).await.refused(403, "passkey_refused", "");
    // Who froze the account signs in to lift it; nothing is paid.
    assert_eq!(purse.ask(&shop, Call::post("/payer/v1/freezes", &json!({}))).await.status, 201);
    let signed_in = honest(&shop, &kept, purse.id).await;
    assert_eq!(signed_in.status, 201, "{signed_in:?}");
    let body = json!({ "recipient": other.seen_as, "amount": 1, "password": PASSWORD });
    let send = Call::post("/payer/v1/transfers", &body).idempotent("a").key(&signed_in.text("/token"));
    shop.send(send).await.refused(403, "payer_frozen", "");
}

#[tokio::test]
async fn a_closed_account_is_not_signed_in_to() {
    let shop = Shop::open().await;
    let purse = Purse::empty(&shop, "17000000001").await;
    let device = device("one");
    purse.add_passkey(&shop, &device).await;
    let (challenge, bytes) = ask_to_sign_in(&shop).await;
    let signed = assertion(&device.sign(&bytes), Some(purse.id));
    purse.close(&shop).await.unwrap();
    sign_in(&shop, &challenge, signed).await.refused(403, "passkey_refused", "");
    honest(&shop, &device, purse.id).await.refused(403, "passkey_refused", "");
}

#[tokio::test]
async fn at_an_address_there_are_no_passkeys_and_the_answer_says_so() {
    let shop = Shop::at("http://127.0.0.1:8080").await;
    let purse = Purse::new(&shop, "17000000001").await;
    let ask = Call::post("/payer/v1/sign_in_challenges", &json!({}));
    shop.send(ask).await.refused(409, "passkeys_not_offered", "");
    let body = json!({ "password": PASSWORD, "code": "000000" });
    let begin = Call::post("/payer/v1/passkey_registrations", &body);
    purse.ask(&shop, begin).await.refused(409, "passkeys_not_offered", "");
    assert_eq!(purse.ask(&shop, Call::get("/payer/v1/passkeys")).await.json(), json!({ "data": [] }));
}
