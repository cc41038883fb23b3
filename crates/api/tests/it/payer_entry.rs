//! From a phone number to a session: what is told to whom, and what ends a token.

use serde_json::{Value, json};

use crate::{
    api_shop::{Call, Reply, Shop},
    payer_purse::{PASSWORD, Purse, last_code},
};

async fn ask_for_code(shop: &Shop, phone: &str) -> Reply {
    shop.send(Call::post("/payer/v1/codes", &json!({ "phone": phone }))).await
}

async fn sign_in(shop: &Shop, phone: &str, more: &Value) -> Reply {
    assert_eq!(ask_for_code(shop, phone).await.status, 202);
    let mut body = json!({ "phone": phone, "code": last_code(&shop.engine), "device_name": "Test phone" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    shop.send(Call::post("/payer/v1/sessions", &body)).await
}

/// Lets the pause between two codes pass.
fn pause(shop: &Shop) {
    for _ in 0..=30 {
        shop.tick();
    }
}

#[tokio::test]
async fn somebody_new_signs_up_verifies_and_is_limited_as_the_law_says() {
    let shop = Shop::open().await;
    let proven = sign_in(&shop, "17000000011", &json!({})).await;
    assert_eq!((proven.status, proven.json()["token"].is_null()), (200, true));
    let ticket = proven.text("/sign_up");
    let choose = |password: &str| {
        let body = json!({ "phone": "17000000011", "sign_up": ticket, "password": password });
        Call::post("/payer/v1/payers", &body)
    };
    shop.send(choose("123456")).await.refused(400, "invalid_value", "password");
    shop.send(choose("12345")).await.refused(400, "invalid_value", "password");
    let made = shop.send(choose("135790")).await;
    assert_eq!(made.status, 201, "{made:?}");
    shop.send(choose("135790")).await.refused(403, "wrong_code", "");
    let token = made.text("/token");
    let get = |path: &str| Call::get(format!("/payer/v1/{path}")).key(&token);
    let payer = shop.send(get("payer")).await.json();
    assert_eq!((&payer["is_verified"], &payer["phone"]), (&json!(false), &json!("170****0011")));
    let who = json!({ "name": "测试乙", "id_number": "990000199001010033" });
    let verify = Call::post("/payer/v1/identity_verifications", &who).key(&token);
    assert_eq!(shop.send(verify).await.json(), json!({ "status": "verified", "level": 2 }));
    let payer = shop.send(get("payer")).await.json();
    assert_eq!((&payer["level"], &payer["name"]), (&json!(2), &json!("**乙")));
    assert!(!payer.to_string().contains("990000199001010033"), "{payer}");
    let limits = shop.send(get("limits")).await.json();
    assert_eq!(limits["per_year"], json!({ "used": 0, "most": 10_000_000 }));
    assert_eq!(limits["per_day_two_proofs"]["most"], 500_000);
}

#[tokio::test]
async fn a_number_that_nobody_has_is_answered_like_one_that_somebody_has() {
    let shop = Shop::open().await;
    Purse::new(&shop, "17000000001").await;
    let (known, unknown) = ("17000000001", "17000000012");
    let first = (ask_for_code(&shop, known).await, ask_for_code(&shop, unknown).await);
    assert_eq!((first.0.status, first.0.json()), (first.1.status, first.1.json()));
    // Too soon, told to neither.
    let again = (ask_for_code(&shop, known).await, ask_for_code(&shop, unknown).await);
    assert_eq!((again.0.status, again.0.json()), (again.1.status, again.1.json()));
    assert_eq!(again.0.status, 202);
    let wrong = |phone: &str| Call::post("/payer/v1/sessions", &json!({ "phone": phone, "code": "x" }));
    for _ in 0..7 {
        for phone in [known, unknown] {
            shop.send(wrong(phone)).await.refused(403, "wrong_code", "");
        }
    }
    // Void after five wrong ones, for either.
    let code = last_code(&shop.engine);
    for phone in [known, unknown] {
        let body = json!({ "phone": phone, "code": code });
        shop.send(Call::post("/payer/v1/sessions", &body)).await.refused(403, "wrong_code", "");
    }
}

#[tokio::test]
async fn signing_in_again_on_a_device_ends_its_token_and_no_other() {
    let shop = Shop::open().await;
    let elsewhere = Purse::new(&shop, "17000000001").await;
    let first = sign_in(&shop, "17000000001", &json!({})).await;
    assert_eq!(first.status, 201, "{first:?}");
    let (old, device) = (first.text("/token"), first.text("/device"));
    pause(&shop);
    let second = sign_in(&shop, "17000000001", &json!({ "device": device })).await;
    let token = second.text("/token");
    assert_eq!(second.text("/device"), device);
    let payer = |token: &str| Call::get("/payer/v1/payer").key(token);
    shop.send(payer(&old)).await.refused(401, "unauthenticated", "");
    assert_eq!(shop.send(payer(&token)).await.status, 200);
    let sessions = elsewhere.ask(&shop, Call::get("/payer/v1/sessions")).await.json();
    assert_eq!(sessions["data"].as_array().unwrap().len(), 2, "{sessions}");
    let id = sessions["data"].as_array().unwrap().iter().find(|session| session["is_current"] == false);
    let path = format!("/payer/v1/sessions/{}", id.unwrap()["id"].as_str().unwrap());
    assert_eq!(elsewhere.ask(&shop, Call::new("DELETE", path)).await.status, 200);
    shop.send(payer(&token)).await.refused(401, "unauthenticated", "");
}

#[tokio::test]
async fn a_token_is_over_after_thirty_days_and_a_device_opens_nothing_by_itself() {
    let shop = Shop::open().await;
    let purse = Purse::new(&shop, "17000000001").await;
    let signed_in = sign_in(&shop, "17000000001", &json!({})).await;
    let device = signed_in.text("/device");
    shop.send(Call::get("/payer/v1/payer").key(&device)).await.refused(401, "unauthenticated", "");
    shop.engine.clock.set_ahead_s(30 * 24 * 3_600 + 60);
    purse.ask(&shop, Call::get("/payer/v1/payer")).await.refused(401, "unauthenticated", "");
}

#[tokio::test]
async fn what_is_wrong_is_named_as_the_request_names_it() {
    let shop = Shop::open().await;
    let purse = Purse::new(&shop, "17000000001").await;
    let weak = json!({ "password": PASSWORD, "new_password": "111111" });
    let change = Call::post("/payer/v1/password_changes", &weak);
    purse.ask(&shop, change).await.refused(400, "invalid_value", "new_password");
    for (name, id_number, param) in [
        ("甲", "990000199001010017", "name"),
        ("测试甲", "990000199001010018", "id_number"),
        ("测试戊", "990000202402290018", "id_number"),
    ] {
        let who = json!({ "name": name, "id_number": id_number });
        let verify = Call::post("/payer/v1/identity_verifications", &who);
        purse.ask(&shop, verify).await.refused(400, "invalid_value", param);
    }
}

#[tokio::test]
async fn names_of_devices_cannot_turn_the_text_around_them() {
    let shop = Shop::open().await;
    Purse::new(&shop, "17000000001").await;
    for name in ["\u{202e}evil", "a\nb", &"x".repeat(41)] {
        let reply = sign_in(&shop, "17000000001", &json!({ "device_name": name })).await;
        reply.refused(400, "invalid_value", "device_name");
    }
    let reply = sign_in(&shop, "17000000001", &json!({ "device": "AAAA" })).await;
    reply.refused(400, "invalid_value", "device");
}

#[tokio::test]
async fn a_payer_has_an_allowance_of_its_own() {
    let shop = Shop::open().await;
    let (one, other) = (Purse::new(&shop, "17000000001").await, Purse::new(&shop, "17000000002").await);
    let mut refused = None;
    for _ in 0..400 {
        let reply = one.ask(&shop, Call::get("/payer/v1/payer")).await;
        if reply.status == 429 {
            refused = Some(reply);
            break;
        }
    }
    let refused = refused.unwrap();
    refused.refused(429, "rate_limited", "");
    let other = other.ask(&shop, Call::get("/payer/v1/payer")).await;
    assert_eq!(other.status, 200);
    for (reply, remaining) in [(&refused, "0"), (&other, "59")] {
        let told = |name: &str| reply.headers[name].to_str().unwrap().to_owned();
        let expected = ("60".to_owned(), remaining.to_owned());
        assert_eq!((told("ratelimit-limit"), told("ratelimit-remaining")), expected);
    }
}

#[tokio::test]
async fn a_sign_in_from_a_network_that_was_not_used_before_is_told_to_the_payer() {
    let shop = Shop::open().await;
    let purse = Purse::new(&shop, "17000000001").await;
    let mut device = None;
    // The same network twice, another address of it, another network, and the first again.
    let journey = ["192.0.2.7:1", "192.0.2.7:2", "192.0.2.200:1", "198.51.100.7:1", "192.0.2.9:1"];
    for peer in journey.into_iter().chain(["[2001:db8:1::1]:1", "[2001:db8:1:2::3]:1"]) {
        assert_eq!(ask_for_code(&shop, "17000000001").await.status, 202);
        let body = json!({ "phone": "17000000001", "code": last_code(&shop.engine), "device": device });
        let call = Call { peer: peer.parse().unwrap(), ..Call::post("/payer/v1/sessions", &body) };
        let signed_in = shop.send(call).await;
        assert_eq!(signed_in.status, 201, "{signed_in:?}");
        device = Some(signed_in.text("/device"));
        pause(&shop);
    }
    let messages = purse.ask(&shop, Call::get("/payer/v1/messages")).await.json();
    let kinds: Vec<&str> = messages["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["kind"].as_str().unwrap())
        .collect();
    // The newest first: IPv6, the other network, this device, and the one that was there before.
    assert_eq!(kinds, ["new_network", "new_network", "new_device", "new_device"]);
}
