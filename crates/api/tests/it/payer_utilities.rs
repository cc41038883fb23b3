//! Utility bills through the payers' API.

use serde_json::{Value, json};

use crate::{
    api_shop::{Call, Shop},
    payer_purse::{BILLER, HAS, PASSWORD, Purse, UTILITY_ACCOUNT},
};

async fn look_up(shop: &Shop, purse: &Purse, body: &Value) -> crate::api_shop::Reply {
    purse.ask(shop, Call::post("/payer/v1/utility_look_ups", body)).await
}

#[tokio::test]
async fn a_bill_is_looked_up_paid_once_and_found_again() {
    let shop = Shop::open().await;
    let purse = Purse::new(&shop, "17000000001").await;
    let billers = purse.ask(&shop, Call::get("/payer/v1/billers")).await.json();
    assert_eq!(billers["data"][0]["code"], BILLER, "{billers}");
    let due = look_up(&shop, &purse, &json!({ "biller": BILLER, "account": " 10000 00001 " })).await.json();
    assert_eq!((&due["status"], &due["amount"]), (&json!("due"), &json!(8_650)), "{due}");
    let pay = json!({ "offer": due["offer"], "password": PASSWORD });
    let paid = purse.done(&shop, ("/payer/v1/utility_payments", "a"), &pay).await;
    assert_eq!((&paid["status"], &paid["account"]), (&json!("processing"), &json!("****0001")));
    // The same offer under another key is the same payment.
    let again = purse.done(&shop, ("/payer/v1/utility_payments", "b"), &pay).await;
    assert_eq!(again["id"], paid["id"]);
    assert_eq!(purse.available(&shop).await, HAS - 8_650);
    let id = paid["id"].as_str().unwrap();
    let one = purse.ask(&shop, Call::get(format!("/payer/v1/utility_payments/{id}"))).await.json();
    let list = purse.ask(&shop, Call::get("/payer/v1/utility_payments")).await.json();
    assert_eq!((&one, &list["data"], &list["next_cursor"]), (&paid, &json!([paid]), &Value::Null));
    assert!(!list.to_string().contains(UTILITY_ACCOUNT), "{list}");
    // By the payment, without the number; another's payment is none.
    let due = look_up(&shop, &purse, &json!({ "payment": id })).await.json();
    assert_eq!(due["status"], "due", "{due}");
    let other = Purse::new(&shop, "17000000002").await;
    look_up(&shop, &other, &json!({ "payment": id })).await.refused(404, "not_found", "");
}

#[tokio::test]
async fn what_is_not_due_is_said_and_what_is_no_offer_is_not_paid() {
    let shop = Shop::open().await;
    let (purse, other) = (Purse::new(&shop, "17000000001").await, Purse::new(&shop, "17000000002").await);
    for (account, status) in
        [("1000000002", "nothing_due"), ("1000000009", "no_such_account"), ("1000000006", "unanswered")]
    {
        let found = look_up(&shop, &purse, &json!({ "biller": BILLER, "account": account })).await;
        assert_eq!((found.status, found.text("/status").as_str()), (201, status), "{account}");
    }
    let unknown = json!({ "biller": "nobody", "account": UTILITY_ACCOUNT });
    assert_eq!(look_up(&shop, &purse, &unknown).await.text("/status"), "no_such_account");
    for body in [
        json!({}),
        json!({ "biller": BILLER }),
        json!({ "account": UTILITY_ACCOUNT }),
        json!({ "biller": BILLER, "account": UTILITY_ACCOUNT, "payment": "utp_1" }),
    ] {
        look_up(&shop, &purse, &body).await.refused(400, "invalid_value", "biller");
    }
    let offer = purse.offer(&shop, UTILITY_ACCOUNT).await;
    let pay = |offer: &str| {
        let body = json!({ "offer": offer, "password": PASSWORD });
        Call::post("/payer/v1/utility_payments", &body).idempotent("a")
    };
    for (who, offer) in [(&other, offer.as_str()), (&purse, ""), (&purse, &offer[1..])] {
        who.ask(&shop, pay(offer)).await.refused(400, "invalid_value", "offer");
    }
    shop.engine.clock.set_ahead_s(15 * 60);
    purse.ask(&shop, pay(&offer)).await.refused(400, "invalid_value", "offer");
    assert_eq!(purse.available(&shop).await, HAS);
}
