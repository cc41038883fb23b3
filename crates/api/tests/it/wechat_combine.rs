//! Combined orders at the WeChat Pay door.

use serde_json::{Value, json};
use tongbao_channel::wechat::envelope::Notification;

use crate::api_shop::{Call, Reply};
use crate::wechat_notices::Receiver;
use crate::wechat_shop::{APPID, Client, MCHID, OTHER_MCHID, WechatShop};

const NATIVE: &str = "/v3/combine-transactions/native";

fn sub(mchid: &str, number: &str, total: i64) -> Value {
    json!({
        "mchid": mchid,
        "attach": "深圳分店",
        "amount": { "total_amount": total, "currency": "CNY" },
        "out_trade_no": number,
        "description": "一壶茶",
    })
}

/// 100 fen for the merchant and 50 for another.
fn pair(number: &str) -> Value {
    json!({
        "combine_appid": APPID,
        "combine_mchid": MCHID,
        "combine_out_trade_no": number,
        "scene_info": { "device_id": "POS1:123", "payer_client_ip": "14.17.22.32" },
        "sub_orders": [sub(MCHID, &format!("{number}-part-a"), 100), sub(OTHER_MCHID, &format!("{number}-part-b"), 50)],
        "notify_url": "https://shop.example.com/notify",
    })
}

/// The same with a value at a JSON Pointer put in, or taken out where it is null.
fn with(number: &str, pointer: &str, value: &Value) -> Value {
    let mut body = pair(number);
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap();
    match parent {
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value.clone(),
        Value::Object(fields) if value.is_null() => drop(fields.remove(name)),
        Value::Object(fields) => drop(fields.insert(name.to_owned(), value.clone())),
        other => panic!("{other}"),
    }
    body
}

fn query_of(number: &str) -> String {
    format!("/v3/combine-transactions/out-trade-no/{number}")
}

fn close_body(number: &str) -> Value {
    json!({ "combine_appid": APPID, "sub_orders": [
        { "mchid": MCHID, "out_trade_no": format!("{number}-part-a") },
        { "mchid": OTHER_MCHID, "out_trade_no": format!("{number}-part-b") },
    ] })
}

/// A shop and another merchant.
async fn mall() -> (WechatShop, Client) {
    let door = WechatShop::open().await;
    let other = door.stranger().await;
    (door, other)
}

impl WechatShop {
    async fn combine(&self, body: &Value) -> Reply {
        self.ask(self.post(NATIVE, body)).await
    }

    async fn combined(&self, number: &str) -> Reply {
        self.ask(self.get(&query_of(number))).await
    }

    async fn close_combined(&self, number: &str, body: &Value) -> Reply {
        self.ask(self.post(&format!("{}/close", query_of(number)), body)).await
    }
}

#[tokio::test]
async fn a_combined_order_is_placed_paid_at_once_and_found() {
    let (door, _) = mall().await;
    let code_url = door.combine(&pair("c1")).await.text("/code_url");
    assert!(code_url.starts_with("weixin://wxpay/bizpayurl?pr="), "{code_url}");
    let part = |mchid: &str, number: &str, total: i64| {
        json!({ "amount": { "currency": "CNY", "total_amount": total }, "attach": "深圳分店",
            "mchid": mchid, "out_trade_no": number, "trade_state": "NOTPAY" })
    };
    let expected = json!({
        "combine_appid": APPID, "combine_mchid": MCHID, "combine_out_trade_no": "c1",
        "scene_info": { "device_id": "POS1:123" },
        "sub_orders": [part(MCHID, "c1-part-a", 100), part(OTHER_MCHID, "c1-part-b", 50)],
    });
    assert_eq!(door.combined("c1").await.json(), expected);

    let paid = door.pay(&code_url).await.json();
    assert_eq!(paid["paid"], true, "{paid}");
    assert_eq!((paid["payments"].as_array().unwrap().len(), paid.get("payment")), (2, None));
    let found = door.combined("c1").await.json();
    assert_eq!(found["combine_payer_info"]["openid"], door.openid());
    for (at, total) in [(0, 100), (1, 50)] {
        let part = &found["sub_orders"][at];
        let amount = json!({ "currency": "CNY", "payer_amount": total, "payer_currency": "CNY",
            "total_amount": total });
        assert_eq!(part["amount"], amount);
        for (field, value) in [("trade_state", "SUCCESS"), ("trade_type", "NATIVE"), ("bank_type", "OTHERS")]
        {
            assert_eq!(part[field], value);
        }
        assert_eq!(part["transaction_id"].as_str().unwrap().len(), 28);
        let time = part["success_time"].as_str().unwrap();
        assert!(time.len() == 29 && time.ends_with("+08:00") && &time[19..20] == ".", "{time}");
        assert_eq!(part["promotion_detail"], json!([]));
    }
    assert_ne!(found["sub_orders"][0]["transaction_id"], found["sub_orders"][1]["transaction_id"]);
}

#[tokio::test]
async fn each_way_of_paying_has_its_own_code_and_its_page() {
    let (door, _) = mall().await;
    let mut jsapi = pair("jsapi");
    jsapi["combine_payer_info"] = json!({ "openid": door.openid() });
    let placed = door.ask(door.post("/v3/combine-transactions/jsapi", &jsapi)).await;
    let prepay_id = placed.text("/prepay_id");
    assert!(prepay_id.len() == 36 && prepay_id.starts_with("wx20"), "{prepay_id}");
    assert_eq!(door.pay(&format!("prepay_id={prepay_id}")).await.json()["paid"], true);
    assert_eq!(door.combined("jsapi").await.text("/sub_orders/1/trade_type"), "JSAPI");

    let app = door.ask(door.post("/v3/combine-transactions/app", &pair("app-1"))).await;
    assert_eq!(door.pay(&app.text("/prepay_id")).await.json()["paid"], true);

    let h5 = with("h5-1", "/scene_info/h5_info", &json!({ "type": "Wap" }));
    let url = door.ask(door.post("/v3/combine-transactions/h5", &h5)).await.text("/h5_url");
    let target = url.strip_prefix(crate::api_shop::BASE_URL).unwrap();
    let page = door.send(Call::new("GET", target)).await;
    assert_eq!(page.status, 303, "{page:?}");
    let cashier = page.headers["location"].to_str().unwrap().to_owned();
    assert!(cashier.starts_with("/cashier/wxc_"), "{cashier}");
    assert_eq!(door.pay(&format!("https://pay.example{cashier}")).await.json()["paid"], true);
    assert_eq!(door.combined("h5-1").await.text("/sub_orders/0/trade_type"), "MWEB");
}

#[tokio::test]
async fn its_one_notification_says_what_a_query_answers() {
    let ((door, _), receiver) = (mall().await, Receiver::start());
    let body = with("c1", "/notify_url", &json!(receiver.url()));
    let code_url = door.combine(&body).await.text("/code_url");
    assert_eq!(door.pay(&code_url).await.json()["paid"], true);
    door.worker().run_once().await.unwrap();
    let taken = receiver.taken();
    assert_eq!(taken.len(), 1);
    let (headers, bytes) = &taken[0];
    assert!(door.client.believes(door.engine(), headers, bytes), "{headers:?}");
    let notice = Notification::from_json(bytes).unwrap();
    assert_eq!(
        (notice.event_type.as_str(), notice.resource.original_type.as_str(), notice.summary.as_str()),
        ("TRANSACTION.SUCCESS", "transaction", "支付成功")
    );
    let plain = notice.resource.open(&door.client.api_v3_key).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&plain).unwrap(), door.combined("c1").await.json());
    // The event is no event of the app's list: each payment has its own there.
    let events = door.shop.list("/v1/events").await;
    let subjects: Vec<bool> = events.iter().map(|event| event["data"]["payment"].is_object()).collect();
    assert_eq!(subjects, [true], "{events:?}");
}

#[tokio::test]
async fn the_rules_of_placing_again_hold_for_the_whole() {
    let (door, _) = mall().await;
    let first = door.combine(&pair("c1")).await.text("/code_url");
    let second = door.combine(&pair("c1")).await.text("/code_url");
    assert_ne!(first, second);
    assert_eq!(door.pay(&first).await.status, 400, "it was replaced");
    let dearer = with("c1", "/sub_orders/1/amount/total_amount", &json!(51));
    door.combine(&dearer).await.denied(400, "INVALID_REQUEST", 268_498_688);
    let shared = with("c1", "/sub_orders/1/settle_info", &json!({ "profit_sharing": true }));
    let reply = door.combine(&shared).await;
    reply.denied(400, "INVALID_REQUEST", 268_498_688);
    assert_eq!(reply.text("/message"), "重复下单且结算信息不一致");
    let taken = with("c2", "/sub_orders/0/out_trade_no", &json!("c1-part-a"));
    door.combine(&taken).await.denied(403, "OUT_TRADE_NO_USED", 268_435_456);
    let single = crate::wechat_shop::new_order("c1-other");
    assert_eq!(door.ask(door.post("/v3/pay/transactions/native", &single)).await.status, 200);
    let single = crate::wechat_shop::order_with("c1-part-a", &json!({}));
    let used = door.ask(door.post("/v3/pay/transactions/native", &single)).await;
    used.denied(403, "OUT_TRADE_NO_USED", 268_435_456);

    assert_eq!(door.pay(&second).await.json()["paid"], true);
    door.combine(&pair("c1")).await.denied(400, "INVALID_REQUEST", 268_498_689);
    door.close_combined("c1", &close_body("c1")).await.denied(400, "ORDER_PAID", 268_449_538);
}

#[tokio::test]
async fn closing_names_every_part_and_closes_all() {
    let (door, other) = mall().await;
    let code_url = door.combine(&pair("c1")).await.text("/code_url");
    let mut half = close_body("c1");
    half["sub_orders"].as_array_mut().unwrap().pop();
    door.close_combined("c1", &half).await.denied(400, "INVALID_REQUEST", 268_498_688);
    door.close_combined("c9", &close_body("c9")).await.denied(404, "ORDER_NOT_EXIST", 268_512_771);
    let target = format!("{}/close", query_of("c1"));
    let call = other.signed(door.engine(), "POST", &target, close_body("c1").to_string().as_bytes());
    door.send(call).await.denied(404, "ORDER_NOT_EXIST", 268_512_771);
    for _ in 0..2 {
        let closed = door.close_combined("c1", &close_body("c1")).await;
        assert_eq!((closed.status, closed.body.len()), (204, 0));
    }
    assert_eq!(door.combined("c1").await.text("/sub_orders/1/trade_state"), "CLOSED");
    assert_eq!(door.pay(&code_url).await.text("/code"), "payment_closed");
    door.combine(&pair("c1")).await.denied(400, "ORDER_CLOSED", 268_447_914);
}

#[tokio::test]
async fn a_part_is_no_order_to_query_or_close_and_is_refunded_by_its_own_merchant() {
    let (door, other) = mall().await;
    let code_url = door.combine(&pair("c1")).await.text("/code_url");
    door.query("c1-part-a").await.denied(404, "ORDER_NOT_EXIST", 268_512_771);
    let close = door.post("/v3/pay/transactions/out-trade-no/c1-part-a/close", &json!({ "mchid": MCHID }));
    door.ask(close).await.denied(404, "ORDER_NOT_EXIST", 268_512_771);
    assert_eq!(door.pay(&code_url).await.json()["paid"], true);
    let found = door.combined("c1").await.json();
    let id = found["sub_orders"][0]["transaction_id"].as_str().unwrap();
    let by_id = door.ask(door.get(&format!("/v3/pay/transactions/id/{id}?mchid={MCHID}"))).await;
    by_id.denied(404, "ORDER_NOT_EXIST", 268_512_771);

    let refund = json!({ "out_trade_no": "c1-part-b", "out_refund_no": "R1",
        "amount": { "refund": 20, "total": 50, "currency": "CNY" } });
    let path = "/v3/refund/domestic/refunds";
    door.ask(door.post(path, &refund)).await.denied(404, "RESOURCE_NOT_EXISTS", 268_435_456);
    let call = other.signed(door.engine(), "POST", path, refund.to_string().as_bytes());
    let made = door.send(call).await;
    assert_eq!((made.status, made.text("/status").as_str()), (200, "SUCCESS"), "{made:?}");
    let found = door.combined("c1").await.json();
    assert_eq!(found["sub_orders"][0]["trade_state"], "SUCCESS");
    assert_eq!(found["sub_orders"][1]["trade_state"], "REFUND");
}

#[tokio::test]
async fn no_bank_pays_it_and_no_part_is_paid_alone() {
    let (door, _) = mall().await;
    let code_url = door.combine(&pair("c1")).await.text("/code_url");
    let payer = door.shop.payer.to_string();
    let bank = json!({ "payer": payer, "code": code_url, "method": "sandbox_bank" });
    let reply = door.send(Call::post("/sandbox/phone/pay", &bank)).await;
    assert_eq!((reply.status, reply.text("/param").as_str()), (400, "method"), "{reply:?}");
    let payments = door.shop.list("/v1/payments").await;
    let id = payments[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(door.pay(&id).await.text("/param"), "payment");
    let closing = Call::post(format!("/v1/payments/{id}/closure"), &json!({})).idempotent("close-1");
    let closing = door.shop.ask(closing).await;
    assert_eq!((closing.status, closing.text("/param").as_str()), (400, "payment"), "{closing:?}");
    assert_eq!(door.combined("c1").await.text("/sub_orders/0/trade_state"), "NOTPAY");
}

#[tokio::test]
async fn a_body_that_is_wrong_names_the_field() {
    let (door, _) = mall().await;
    let many: Vec<Value> = (0..11).map(|at| sub(MCHID, &format!("part-{at}"), 1)).collect();
    let twice = json!([sub(MCHID, "part-1", 1), sub(MCHID, "part-1", 2)]);
    for (pointer, value, field) in [
        ("/combine_appid", json!(null), "/combine_appid"),
        ("/combine_out_trade_no", json!("c"), "/combine_out_trade_no"),
        ("/combine_out_trade_no", json!("c 1"), "/combine_out_trade_no"),
        ("/notify_url", json!("https://shop.example.com/?a=b"), "/notify_url"),
        ("/scene_info/payer_client_ip", json!(null), "/scene_info/payer_client_ip"),
        ("/scene_info/h5_info", json!({ "type": "Wap" }), "/scene_info/h5_info"),
        ("/combine_payer_info", json!({ "openid": "o" }), "/combine_payer_info"),
        ("/sub_orders", json!([]), "/sub_orders"),
        ("/sub_orders", json!([sub(MCHID, "part-1", 1)]), "/sub_orders"),
        ("/sub_orders", json!(many), "/sub_orders"),
        ("/sub_orders", twice, "/sub_orders"),
        ("/sub_orders", json!("no"), "/sub_orders"),
        ("/sub_orders/1/attach", json!(null), "/sub_orders/1/attach"),
        ("/sub_orders/1/mchid", json!(null), "/sub_orders/1/mchid"),
        ("/sub_orders/1/sub_mchid", json!("1"), "/sub_orders/1/sub_mchid"),
        ("/sub_orders/1/out_trade_no", json!("short"), "/sub_orders/1/out_trade_no"),
        ("/sub_orders/1/description", json!("茶".repeat(128)), "/sub_orders/1/description"),
        ("/sub_orders/1/detail", json!("茶".repeat(6_001)), "/sub_orders/1/detail"),
        ("/sub_orders/1/amount/currency", json!("USD"), "/sub_orders/1/amount/currency"),
        ("/sub_orders/1/amount/total_amount", json!(0), "/sub_orders/1/amount/total_amount"),
        ("/sub_orders/1/amount/total_amount", json!(1_000_000_001), "/sub_orders/1/amount/total_amount"),
        ("/sub_orders/1/amount/total_amount", json!(1.5), "/sub_orders/1/amount/total_amount"),
        ("/sub_orders/1/amount/total_amount", json!(i64::MAX), "/sub_orders/1/amount/total_amount"),
        (
            "/sub_orders/1/settle_info",
            json!({ "subsidy_amount": 10 }),
            "/sub_orders/1/settle_info/subsidy_amount",
        ),
        ("/time_expire", json!("tomorrow"), "/time_expire"),
        ("/time_start", json!("yesterday"), "/time_start"),
        ("/support_fapiao", json!(true), "/support_fapiao"),
    ] {
        let reply = door.combine(&with("c1", pointer, &value)).await;
        assert_eq!(
            (reply.status, reply.text("/code").as_str()),
            (400, "PARAM_ERROR"),
            "{pointer}: {reply:?}"
        );
        assert_eq!(reply.text("/detail/field"), field, "{pointer}");
    }
}

#[tokio::test]
async fn a_merchant_app_or_payer_that_is_not_there_is_told() {
    let (door, _) = mall().await;
    for (pointer, value, code) in [
        ("/combine_mchid", json!(OTHER_MCHID), "PARAM_ERROR"),
        ("/combine_appid", json!("wx9"), "APPID_MCHID_NOT_MATCH"),
        ("/sub_orders/1/mchid", json!("1900000009"), "MCH_NOT_EXISTS"),
    ] {
        let reply = door.combine(&with("c1", pointer, &value)).await;
        assert_eq!((reply.status, reply.text("/code").as_str()), (400, code), "{pointer}: {reply:?}");
    }
    let jsapi = door.ask(door.post("/v3/combine-transactions/jsapi", &pair("c1"))).await;
    jsapi.denied(400, "PARAM_ERROR", 268_501_013);
    let mut stranger = pair("c1");
    stranger["combine_payer_info"] = json!({ "openid": "o-nobody" });
    let jsapi = door.ask(door.post("/v3/combine-transactions/jsapi", &stranger)).await;
    assert_eq!(jsapi.text("/detail/field"), "/combine_payer_info/openid");
    let h5 = door.ask(door.post("/v3/combine-transactions/h5", &pair("c1"))).await;
    assert_eq!(h5.text("/detail/field"), "/scene_info/h5_info");
    door.combined("c1").await.denied(404, "ORDER_NOT_EXIST", 268_512_771);
}

#[tokio::test]
async fn a_query_and_a_closing_are_read_strictly() {
    let (door, _) = mall().await;
    let odd = door.ask(door.get(&query_of("c"))).await;
    assert_eq!((odd.status, odd.text("/code").as_str()), (400, "PARAM_ERROR"));
    let query = door.ask(door.get(&format!("{}?mchid={MCHID}", query_of("c1")))).await;
    query.denied(400, "PARAM_ERROR", 270_924_358);
    for body in
        [json!({}), json!({ "combine_appid": APPID }), json!({ "combine_appid": APPID, "sub_orders": [{}] })]
    {
        let reply = door.close_combined("c1", &body).await;
        assert_eq!((reply.status, reply.text("/code").as_str()), (400, "PARAM_ERROR"), "{body}");
    }
}
