//! A payment from its creation to the last fen of its refunds, and what the books say of it.

use serde_json::{Value, json};
use tongbao_api::event_body::render_event;
use tongbao_core::event::Event;
use tongbao_core::id::EventId;
use tongbao_core::ledger::Account;
use tongbao_money::Currency;
use tongbao_store::verify::verify;

use crate::api_shop::{BASE_URL, Call, PAYER_HAS, Shop};

/// What the platform takes of 10,000 fen and of 5,000 fen at 0.60 %.
const FEES: (i64, i64) = (60, 30);

async fn refund(shop: &Shop, payment: &str, refund_no: &str, amount: i64) -> crate::api_shop::Reply {
    let body = json!({ "payment": payment, "refund_no": refund_no, "amount": amount, "reason": "Cold" });
    shop.ask(Call::post("/v1/refunds", &body)).await
}

/// The merchant's only balance: available, pending, frozen.
async fn balance(shop: &Shop, query: &str) -> (i64, i64, i64) {
    let rows = shop.list(&format!("/v1/balance{query}")).await;
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!(row["currency"], "CNY");
    let minor = |name: &str| row[name].as_i64().unwrap();
    (minor("available"), minor("pending"), minor("frozen"))
}

/// All rows of a list, page by page.
async fn pages(shop: &Shop, path: &str, limit: usize) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = shop.ask(Call::get(format!("{path}limit={limit}{cursor}"))).await.json();
        let data = page["data"].as_array().unwrap();
        assert!(data.len() <= limit && (!data.is_empty() || rows.is_empty()), "{page}");
        rows.extend(data.clone());
        let Some(next) = page["next_cursor"].as_str() else { return rows };
        assert_eq!(data.len(), limit, "a page that is not the last is full");
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test]
async fn what_is_paid_and_refunded_adds_up() {
    let shop = Shop::open().await;
    let opened = shop.ask(Call::get("/v1/balance")).await;
    assert_eq!(opened.status, 200);
    let before = tongbao_api::wire::rfc3339(shop.engine.now());
    shop.engine.clock.set_ahead_s(60);
    let payment = shop.paid("order-1", 10_000).await;
    shop.paid("order-2", 5_000).await;
    let between = tongbao_api::wire::rfc3339(shop.engine.now());
    shop.engine.clock.set_ahead_s(120);

    let first = refund(&shop, &payment, "r-1", 4_000).await.json();
    assert_eq!(
        (&first["status"], &first["currency"], &first["failure"]),
        (&json!("succeeded"), &json!("CNY"), &Value::Null)
    );
    assert_eq!(
        shop.ask(Call::get(format!("/v1/refunds/{}", first["id"].as_str().unwrap()))).await.json(),
        first
    );
    assert_eq!(refund(&shop, &payment, "r-2", 6_000).await.status, 201);
    refund(&shop, &payment, "r-3", 1).await.refused(409, "refund_too_large", "amount");
    let paid = shop.ask(Call::get(format!("/v1/payments/{payment}"))).await.json();
    assert_eq!(
        (&paid["status"], &paid["amount_refunded"], &paid["fee"]),
        (&json!("refunded"), &json!(10_000), &json!(0))
    );

    assert_eq!(balance(&shop, "").await, (0, 5_000 - FEES.1, 0));
    assert_eq!(balance(&shop, &format!("?at={between}")).await, (0, 15_000 - FEES.0 - FEES.1, 0));
    assert_eq!(balance(&shop, &format!("?at={before}")).await, (0, 0, 0));
    let payer = shop.engine.store.account(Account::PayerAvailable(shop.payer).of(Currency::CNY)).unwrap();
    assert_eq!(payer.balance(), PAYER_HAS - 5_000);
    let report = verify(shop.engine.store.as_ref(), &mut |_| {}).unwrap();
    assert!(report.is_clean() && report.postings > 0, "{report:?}");
}

#[tokio::test]
async fn the_entries_tell_how_the_balance_came_about() {
    let shop = Shop::open().await;
    let payment = shop.paid("order-1", 10_000).await;
    let refunded = refund(&shop, &payment, "r-1", 5_000).await.text("/id");
    let entries = shop.list("/v1/balance/entries").await;
    let told: Vec<(i64, &str, &str)> = entries
        .iter()
        .rev()
        .map(|entry| {
            (
                entry["amount"].as_i64().unwrap(),
                entry["reason"].as_str().unwrap(),
                entry["subject"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        (10_000, "payment", payment.as_str()),
        (-FEES.0, "fee", &payment),
        (FEES.0 / 2, "fee_return", &refunded),
        (-5_000, "refund", &refunded),
    ];
    assert_eq!(told, expected);
    let mut sum = 0;
    for entry in entries.iter().rev() {
        sum += entry["amount"].as_i64().unwrap();
        assert_eq!(entry["balance_after"], sum);
        assert_eq!((&entry["purpose"], &entry["currency"]), (&json!("pending"), &json!("CNY")));
    }
    assert_eq!(balance(&shop, "").await, (0, sum, 0));
    for limit in 1..=5 {
        assert_eq!(pages(&shop, "/v1/balance/entries?", limit).await, entries);
    }
    assert_eq!(shop.list("/v1/balance/entries?purpose=available").await, Vec::<Value>::new());
    assert_eq!(shop.list("/v1/balance/entries?currency=USD").await, Vec::<Value>::new());
}

#[tokio::test]
async fn lists_can_be_read_page_by_page_and_filtered() {
    let shop = Shop::open().await;
    let payment = shop.paid("order-1", 1_000).await;
    let other = shop.paid("order-2", 1_000).await;
    for number in 0..5 {
        let of = if number < 3 { &payment } else { &other };
        shop.tick();
        assert_eq!(refund(&shop, of, &format!("r-{number}"), 10).await.status, 201);
    }
    let all = shop.list("/v1/refunds").await;
    let numbers: Vec<&str> = all.iter().map(|refund| refund["refund_no"].as_str().unwrap()).collect();
    assert_eq!(numbers, ["r-4", "r-3", "r-2", "r-1", "r-0"]);
    assert_eq!(pages(&shop, "/v1/refunds?", 2).await, all);
    assert_eq!(shop.list(&format!("/v1/refunds?payment={payment}")).await, all[2..]);
    assert_eq!(shop.list("/v1/refunds?refund_no=r-3").await, all[1..2]);
    assert_eq!(shop.list(&format!("/v1/refunds?refund_no=r-3&payment={payment}")).await, all[..0]);
    assert_eq!(shop.list("/v1/payments?order_no=order-2").await.len(), 1);
    assert_eq!(shop.list("/v1/payments?status=partly_refunded").await.len(), 2);
    assert_eq!(shop.list("/v1/payments?created_to=2020-01-01T00:00:00Z").await.len(), 0);

    let mut events = pages(&shop, "/v1/events?order=asc&", 3).await;
    let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds[..2], ["payment.succeeded"; 2]);
    assert_eq!(kinds[2..], ["refund.succeeded"; 5]);
    assert_eq!(pages(&shop, "/v1/events?type=refund.succeeded&order=asc&", 3).await, events[2..]);
    events.reverse();
    assert_eq!(pages(&shop, "/v1/events?", 3).await, events);
}

#[tokio::test]
async fn an_event_is_rendered_for_webhooks_as_it_is_looked_up() {
    let shop = Shop::open().await;
    let payment = shop.paid("order-1", 1_000).await;
    refund(&shop, &payment, "r-1", 10).await;
    let render = render_event(BASE_URL);
    let events = shop.list("/v1/events").await;
    assert_eq!(events.len(), 2);
    for event in events {
        let id: EventId = event["id"].as_str().unwrap().parse().unwrap();
        let looked_up = shop.ask(Call::get(format!("/v1/events/{id}"))).await;
        let stored = shop.engine.store.get::<Event>(id).unwrap().unwrap();
        assert_eq!(render(&stored), looked_up.body);
        assert_eq!(looked_up.json(), event);
    }
    let paid = &shop.list("/v1/events?type=payment.succeeded").await[0];
    // The event keeps the payment as it was then; the payment itself has been refunded in part since.
    assert_eq!(paid["data"]["payment"]["id"], payment);
    assert_eq!(paid["data"]["payment"]["status"], "succeeded");
    assert_eq!(paid["data"]["payment"]["cashier_url"], format!("{BASE_URL}/cashier/{payment}"));
    assert_eq!(shop.list("/v1/events?type=refund.succeeded").await[0]["data"]["refund"]["refund_no"], "r-1");
}
