//! Notices, own data and the end of the account through the payers' API; codes that do not end each other.

use serde_json::{Value, json};

use crate::{
    api_shop::{Call, Shop},
    payer_purse::{PASSWORD, Purse, last_code},
};

async fn settings(shop: &Shop, purse: &Purse) -> Value {
    purse.ask(shop, Call::get("/payer/v1/notice_settings")).await.json()
}

#[tokio::test]
async fn a_mail_address_is_named_confirmed_and_forgotten() {
    let shop = Shop::open().await;
    let purse = Purse::new(&shop, "17000000001").await;
    let name = |mail: &str| Call::post("/payer/v1/mail_address", &json!({ "mail": mail }));
    purse.ask(&shop, name("tester@localhost")).await.refused(400, "invalid_value", "mail");
    assert_eq!(purse.ask(&shop, name("tester@example.com")).await.status, 202);
    purse.ask(&shop, name("other@example.com")).await.refused(429, "code_too_soon", "");
    assert_eq!(settings(&shop, &purse).await["unconfirmed_mail_address"], "t***@example.com");
    let confirm = |code: &str| Call::post("/payer/v1/mail_address/confirmation", &json!({ "code": code }));
    purse.ask(&shop, confirm("x")).await.refused(403, "wrong_code", "");
    let code = last_code(&shop.engine);
    let confirmed = purse.ask(&shop, confirm(&code)).await.json();
    let expected = json!({
        "sms": true, "mail": true, "language": "zh", "phone": "170****0001",
        "mail_address": "t***@example.com", "unconfirmed_mail_address": null,
    });
    assert_eq!(confirmed, expected);
    let choose = json!({ "sms": false, "mail": true, "language": "en" });
    let chosen = purse.ask(&shop, Call::post("/payer/v1/notice_settings", &choose)).await.json();
    assert_eq!((&chosen["sms"], &chosen["language"]), (&json!(false), &json!("en")));
    for _ in 0..2 {
        let forgotten = purse.ask(&shop, Call::new("DELETE", "/payer/v1/mail_address".to_owned())).await;
        assert_eq!((forgotten.status, &forgotten.json()["mail_address"]), (200, &Value::Null));
    }
}

#[tokio::test]
async fn a_copy_of_the_own_data_takes_the_password_and_has_the_card_payments() {
    let shop = Shop::open().await;
    let purse = Purse::new(&shop, "17000000001").await;
    let take = |password: &str| Call::post("/payer/v1/own_data_copies", &json!({ "password": password }));
    purse.ask(&shop, take("000000")).await.refused(403, "wrong_password", "");
    let copy = purse.ask(&shop, take(PASSWORD)).await;
    assert_eq!(copy.status, 201, "{copy:?}");
    let copy = copy.json();
    assert_eq!((&copy["phone"], &copy["card_payments"]), (&json!("17000000001"), &json!([])));
    for secret in ["sealed", "digest", "$argon2id"] {
        assert!(!copy.to_string().contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn an_account_is_closed_by_two_proofs_once_it_is_empty() {
    let shop = Shop::open().await;
    let (rich, empty) = (Purse::new(&shop, "17000000001").await, Purse::empty(&shop, "17000000002").await);
    rich.close(&shop).await.unwrap_err().refused(409, "account_not_empty", "");
    let again = rich.ask(&shop, Call::get("/payer/v1/payer")).await;
    assert_eq!(again.json()["frozen_by"], Value::Null, "it is as it was");
    let wrong = json!({ "password": PASSWORD, "code": "x" });
    let wrong = Call::post("/payer/v1/account_closings", &wrong);
    empty.ask(&shop, wrong).await.refused(403, "wrong_code", "");
    assert_eq!(empty.close(&shop).await.unwrap(), json!({ "status": "closed" }));
    empty.ask(&shop, Call::get("/payer/v1/payer")).await.refused(401, "unauthenticated", "");
}

#[tokio::test]
async fn a_code_for_one_thing_ends_no_code_for_another() {
    let shop = Shop::open().await;
    let purse = Purse::new(&shop, "17000000001").await;
    let large = shop.payment("large", 600_000).await;
    let attempts = format!("/payer/v1/payments/{large}/attempts");
    let body = json!({ "method": "balance", "password": PASSWORD });
    let waits = purse.done(&shop, (&attempts, "a"), &body).await;
    let challenge = &waits["challenge"]["digest"];
    let ask = Call::post(format!("/payer/v1/payments/{large}/codes"), &json!({ "challenge": challenge }));
    assert_eq!(purse.ask(&shop, ask).await.status, 202);
    let code = last_code(&shop.engine);
    // At once, and from somebody who only knows the number.
    let entry = Call::post("/payer/v1/codes", &json!({ "phone": "17000000001" }));
    assert_eq!(shop.send(entry).await.status, 202);
    assert_ne!(last_code(&shop.engine), code, "another code was sent");
    purse.send_code(&shop, "freeze_lifting").await;
    let proof = json!({ "challenge": challenge, "code": code });
    let paid = purse.done(&shop, (&format!("/payer/v1/payments/{large}/proofs"), "b"), &proof).await;
    assert_eq!(paid["status"], "succeeded", "{paid}");
}
