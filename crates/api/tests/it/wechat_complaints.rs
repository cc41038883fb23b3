//! Complaints over the door: raised by the phone, answered, told of, listed by day, and hostile input.

use std::sync::Arc;

use serde_json::{Value, json};
use tongbao_channel::wechat::sensitive::DecryptingKey;
use tongbao_core::{
    Facts,
    id::PayerId,
    ledger::Channel,
    payer::{self, NewPayer},
};
use tongbao_engine::vault::Field;
use tongbao_money::{Amount, Currency, Money};

use crate::api_shop::{Call, Reply, input, payer as some_payer};
use crate::wechat_notices::{Receiver, opened};
use crate::wechat_shop::{MCHID, OTHER_MCHID, Verify, WechatShop};

const COMPLAINTS: &str = "/v3/merchant-service/complaints-v2";
const ADDRESS: &str = "/v3/merchant-service/complaint-notifications";
const INVALID: u32 = 268_435_461;
const RANGE: u32 = 268_435_464;
const EXTRA: u32 = 270_924_358;
const UNDOCUMENTED: u32 = 268_435_456;

async fn complain(door: &WechatShop, payment: &str, kind: &str, text: &str) -> Reply {
    let payer = door.shop.payer.to_string();
    complain_as(door, &payer, payment, kind, text).await
}

async fn complain_as(door: &WechatShop, payer: &str, payment: &str, kind: &str, text: &str) -> Reply {
    let body = json!({ "payer": payer, "payment": payment, "kind": kind, "text": text });
    door.send(Call::post("/sandbox/complaints", &body)).await
}

/// A shop with a paid order and a complaint about it; the number of the complaint.
async fn shop() -> (WechatShop, String) {
    let door = WechatShop::open().await;
    door.paid("order-1").await;
    let raised = complain(&door, "order-1", "refund", "茶是凉的").await;
    assert_eq!(raised.status, 200, "{raised:?}");
    (door, raised.text("/complaint_id"))
}

async fn show(door: &WechatShop, number: &str) -> Reply {
    door.ask(door.get(&format!("{COMPLAINTS}/{number}"))).await
}

async fn act(door: &WechatShop, number: &str, what: &str, body: &Value) -> Reply {
    door.ask(door.post(&format!("{COMPLAINTS}/{number}/{what}"), body)).await
}

async fn history(door: &WechatShop, number: &str, query: &str) -> Value {
    door.ask(door.get(&format!("{COMPLAINTS}/{number}/negotiation-historys{query}"))).await.json()
}

fn today(door: &WechatShop) -> String {
    tongbao_channel::wechat::time::rfc3339(door.engine().now())[..10].to_owned()
}

async fn list(door: &WechatShop, query: &str) -> Reply {
    door.ask(door.get(&format!("{COMPLAINTS}?{query}"))).await
}

fn response(text: &str) -> Value {
    json!({ "complainted_mchid": MCHID, "response_content": text })
}

fn own() -> Value {
    json!({ "complainted_mchid": MCHID })
}

/// The history of a complaint that was answered, decided twice, completed and raised again.
async fn read_back(door: &WechatShop, number: &str) {
    let all = history(door, number, "").await;
    let types: Vec<&str> =
        all["data"].as_array().unwrap().iter().map(|turn| turn["operate_type"].as_str().unwrap()).collect();
    let expected = [
        "USER_CONTINUE_COMPLAINT",
        "MERCHANT_CONFIRM_COMPLETE",
        "MERCHANT_APPROVE_REFUND",
        "MERCHANT_REFUSE_RERUND",
        "MERCHANT_RESPONSE",
        "USER_CREATE_COMPLAINT",
    ];
    assert_eq!(types, expected);
    assert_eq!((&all["total_count"], &all["limit"], &all["offset"]), (&json!(6), &json!(100), &json!(0)));
    let refusal = &all["data"][3];
    assert_eq!((&refusal["operator"], &refusal["operate_details"]), (&json!("商家"), &json!("茶已喝完")));
    assert_eq!(all["data"][5]["operator"], "投诉人");
    let part = history(door, number, "?limit=2&offset=3").await;
    assert_eq!(part["data"].as_array().unwrap()[..], all["data"].as_array().unwrap()[3..5]);
    assert_eq!(history(door, number, "?limit=300&offset=9").await["data"], json!([]));
}

#[tokio::test]
async fn a_complaint_is_answered_decided_and_completed_and_raised_again() {
    let (door, number) = shop().await;
    let pending = show(&door, &number).await.json();
    let order = door.query("order-1").await.json();
    for (field, value) in [
        ("complaint_id", json!(number)),
        ("complaint_detail", json!("茶是凉的")),
        ("complainted_mchid", json!(MCHID)),
        ("complaint_state", json!("PENDING")),
        ("payer_openid", json!(door.openid())),
        ("complaint_full_refunded", json!(false)),
        ("incoming_user_response", json!(true)),
        ("problem_type", json!("REFUND")),
        ("apply_refund_amount", json!(100)),
        ("user_complaint_times", json!(1)),
        ("complaint_media_list", json!([])),
    ] {
        assert_eq!(pending[field], value, "{field}");
    }
    let about = &pending["complaint_order_info"][0];
    assert_eq!((&about["out_trade_no"], &about["amount"]), (&json!("order-1"), &json!(100)));
    assert_eq!(about["transaction_id"], order["transaction_id"]);

    let answer = json!({
        "complainted_mchid": MCHID, "response_content": "已与用户沟通", "response_images": [],
        "jump_url": "https://shop.example.com/orders?id=1", "jump_url_text": "查看订单详情",
        "mini_program_jump_info": { "appid": "wx0000000000000001", "path": "/orders", "text": "查看" },
    });
    for _ in 0..2 {
        let answered = act(&door, &number, "response", &answer).await;
        assert_eq!((answered.status, answered.body.len()), (204, 0));
    }
    let processing = show(&door, &number).await.json();
    assert_eq!(processing["complaint_state"], "PROCESSING");
    assert_eq!(processing["incoming_user_response"], false);
    let reject = json!({ "action": "REJECT", "reject_reason": "茶已喝完", "remark": "见监控" });
    assert_eq!(act(&door, &number, "update-refund-progress", &reject).await.status, 204);
    let approve = json!({ "action": "APPROVE", "launch_refund_day": 0 });
    assert_eq!(act(&door, &number, "update-refund-progress", &approve).await.status, 204);
    let broken = act(&door, &number, "update-refund-progress", &reject).await;
    broken.denied(400, "INVALID_REQUEST", UNDOCUMENTED);
    for _ in 0..2 {
        assert_eq!(act(&door, &number, "complete", &own()).await.status, 204);
    }
    assert_eq!(show(&door, &number).await.json()["complaint_state"], "PROCESSED");
    act(&door, &number, "response", &response("x")).await.denied(400, "INVALID_REQUEST", UNDOCUMENTED);

    let again = complain(&door, order["transaction_id"].as_str().unwrap(), "other", "还没退").await;
    assert_eq!((again.text("/complaint_id"), again.text("/status")), (number.clone(), "pending".to_owned()));
    let found = show(&door, &number).await.json();
    assert_eq!((&found["user_complaint_times"], &found["problem_type"]), (&json!(2), &json!("OTHERS")));
    assert!(found.get("apply_refund_amount").is_none());
    let refused = act(&door, &number, "update-refund-progress", &approve).await;
    refused.denied(400, "INVALID_REQUEST", UNDOCUMENTED);

    read_back(&door, &number).await;
}

#[tokio::test]
async fn a_merchant_is_told_at_the_address_that_it_has_set() {
    let mut door = WechatShop::open().await;
    door.client.verify = Verify::PublicKey;
    let (receiver, elsewhere) = (Receiver::start(), Receiver::start());
    let none = door.ask(door.get(ADDRESS)).await;
    none.denied(404, "RESOURCE_NOT_EXISTS", UNDOCUMENTED);
    let put = |url: &str| {
        let body = json!({ "url": url }).to_string();
        door.client.signed(door.engine(), "PUT", ADDRESS, body.as_bytes())
    };
    door.ask(put(&receiver.url())).await.denied(404, "RESOURCE_NOT_EXISTS", UNDOCUMENTED);
    let create = |url: &str| door.post(ADDRESS, &json!({ "url": url }));
    let set = json!({ "mchid": MCHID, "url": elsewhere.url() });
    for _ in 0..2 {
        assert_eq!(door.ask(create(&elsewhere.url())).await.json(), set);
    }
    door.ask(create(&receiver.url())).await.denied(400, "INVALID_REQUEST", UNDOCUMENTED);
    assert_eq!(door.ask(door.get(ADDRESS)).await.json(), set);
    assert_eq!(door.ask(put(&receiver.url())).await.json()["url"], json!(receiver.url()));
    assert_eq!(door.ask(door.get(ADDRESS)).await.json()["url"], json!(receiver.url()));

    door.paid("order-1").await;
    let number = complain(&door, "order-1", "refund", "茶是凉的").await.text("/complaint_id");
    assert_eq!(complain(&door, "order-1", "refund", "茶是凉的").await.status, 200, "asked twice, done once");
    assert_eq!(act(&door, &number, "complete", &own()).await.status, 204);
    let worker = door.worker();
    worker.run_once().await.unwrap();
    let mut told: Vec<(String, String, Value)> = Vec::new();
    for taken in receiver.taken() {
        let (notice, plain) = opened(&door, &taken);
        assert_eq!(notice.resource.original_type, "complaint");
        told.push((notice.event_type, notice.summary, plain));
    }
    told.sort_by(|one, other| one.0.cmp(&other.0));
    let plain = |action: &str| json!({ "complaint_id": number, "action_type": action });
    let expected = [
        ("COMPLAINT.CREATE", "产生新投诉", plain("CREATE_COMPLAINT")),
        ("COMPLAINT.STATE_CHANGE", "投诉状态变化", plain("MERCHANT_CONFIRM_COMPLETE")),
    ];
    assert_eq!(told, expected.map(|(kind, summary, plain)| (kind.to_owned(), summary.to_owned(), plain)));

    let delete = door.client.signed(door.engine(), "DELETE", ADDRESS, b"");
    assert_eq!(door.ask(delete).await.status, 204);
    door.ask(door.get(ADDRESS)).await.denied(404, "RESOURCE_NOT_EXISTS", UNDOCUMENTED);
    assert_eq!(complain(&door, "order-1", "refund", "茶是凉的").await.json()["times"], 2);
    worker.run_once().await.unwrap();
    assert!(receiver.taken().is_empty() && elsewhere.taken().is_empty());
    // The native door tells of all of it in its own words.
    let changed = door.shop.list("/v1/events?type=complaint.changed").await;
    assert_eq!(changed.len(), 2);
    let event = door.shop.list("/v1/events?type=complaint.created").await.remove(0);
    let told = &event["data"]["complaint"];
    assert_eq!((&told["complaint_id"], &told["action"]), (&json!(number), &json!("complained")));
    assert_eq!((&told["text"], &told["kind"]), (&json!("茶是凉的"), &json!("refund")));
}

/// A payer whose phone number the vault can open, with ten yuan.
async fn reachable(door: &WechatShop, phone: &str) -> PayerId {
    let new = NewPayer {
        phone_sealed: door.engine().vault.seal(Field::Phone, phone),
        phone_digest: [77; 32],
        phone_hint: "138****0077".to_owned(),
        password: "$argon2id$".to_owned(),
    };
    let make = move |facts: &dyn Facts, cx: &mut _| payer::create(facts, cx, &new);
    let id = door.engine().step(input("create_payer"), make).await.unwrap();
    let money = Money { amount: Amount::new(1_000).unwrap(), currency: Currency::CNY };
    let top_up = move |facts: &dyn Facts, _: &mut _| payer::top_up(facts, id, Channel::SandboxBank, money);
    door.engine().run(input("top_up"), top_up).await.unwrap();
    id
}

#[tokio::test]
async fn a_phone_number_is_encrypted_for_the_merchant_or_left_out() {
    let (door, number) = shop().await;
    assert!(show(&door, &number).await.json().get("payer_phone").is_none(), "the vault cannot open this one");
    let payer = reachable(&door, "13800000077").await.to_string();
    let code = door.native("order-2").await;
    let body = json!({ "payer": payer, "code": code });
    assert_eq!(door.send(Call::post("/sandbox/phone/pay", &body)).await.json()["paid"], true);
    let raised = complain_as(&door, &payer, "order-2", "service_not_working", "没有生效").await;
    let found = show(&door, &raised.text("/complaint_id")).await.json();
    let phone = found["payer_phone"].as_str().unwrap();
    assert_eq!(*DecryptingKey::new(&door.client.key).decrypt(phone).unwrap(), "13800000077");
    assert_eq!(found["problem_type"], "SERVICE_NOT_WORK");
}

#[tokio::test]
async fn complaints_are_listed_by_day_newest_first() {
    let (door, first) = shop().await;
    let begin = today(&door);
    for order in ["order-2", "order-3"] {
        door.paid(order).await;
        door.shop.tick();
        assert_eq!(complain(&door, order, "other", "凉").await.status, 200);
    }
    let range = format!("begin_date={begin}&end_date={}", today(&door));
    let all = list(&door, &format!("limit=10&offset=0&{range}&complainted_mchid={MCHID}")).await.json();
    assert_eq!((&all["total_count"], &all["limit"], &all["offset"]), (&json!(3), &json!(10), &json!(0)));
    let orders: Vec<&Value> = all["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| &found["complaint_order_info"][0]["out_trade_no"])
        .collect();
    assert_eq!(orders, ["order-3", "order-2", "order-1"]);
    assert_eq!(all["data"][2], show(&door, &first).await.json());
    let part = list(&door, &format!("{range}&limit=1&offset=1")).await.json();
    assert_eq!((&part["data"][0], &part["total_count"]), (&all["data"][1], &json!(3)));
    assert_eq!(list(&door, &format!("{range}&offset=4294967295")).await.json()["data"], json!([]));
    let empty = list(&door, "begin_date=2001-01-01&end_date=2001-01-31").await.json();
    assert_eq!((&empty["total_count"], &empty["data"]), (&json!(0), &json!([])));
    // Of a later day nothing is there yet; and what is asked for from 30 days before still holds these.
    door.shop.engine.clock.set_ahead_s(24 * 3_600 * 3);
    let later = today(&door);
    let after = list(&door, &format!("begin_date={later}&end_date={later}")).await.json();
    assert_eq!(after["total_count"], 0);
    let wide = list(&door, &format!("begin_date={begin}&end_date={later}")).await.json();
    assert_eq!(wide["total_count"], 3);
}

#[tokio::test]
async fn a_list_has_its_limits() {
    let (door, number) = shop().await;
    let day = today(&door);
    let range = format!("begin_date={day}&end_date={day}");
    for (query, number, field) in [
        (format!("end_date={day}"), INVALID, "begin_date"),
        (format!("begin_date={day}"), INVALID, "end_date"),
        (format!("begin_date=2026-1-1&end_date={day}"), INVALID, "begin_date"),
        ("begin_date=2026-02-01&end_date=2026-02-30".to_owned(), INVALID, "end_date"),
        ("begin_date=2026-02-02&end_date=2026-02-01".to_owned(), INVALID, "end_date"),
        ("begin_date=2026-01-01&end_date=2026-02-01".to_owned(), INVALID, "end_date"),
        (format!("{range}&limit=0"), RANGE, "limit"),
        (format!("{range}&limit=51"), RANGE, "limit"),
        (format!("{range}&limit=-1"), INVALID, "limit"),
        (format!("{range}&offset=x"), INVALID, "offset"),
        (format!("{range}&offset=4294967296"), INVALID, "offset"),
        (format!("{range}&mchid={MCHID}"), EXTRA, "mchid"),
        (format!("{range}&limit=1&limit=2"), INVALID, "limit"),
    ] {
        let reply = list(&door, &query).await;
        reply.denied(400, "PARAM_ERROR", number);
        assert!(reply.text("/detail/field").contains(field), "{query}: {:?}", reply.json());
    }
    let other = list(&door, &format!("{range}&complainted_mchid={OTHER_MCHID}")).await;
    assert_eq!((other.status, other.text("/code")), (400, "PARAM_ERROR".to_owned()));
    for query in ["?limit=0", "?limit=301"] {
        let target = format!("{COMPLAINTS}/{number}/negotiation-historys{query}");
        door.ask(door.get(&target)).await.denied(400, "PARAM_ERROR", RANGE);
    }
    let extra = door.ask(door.get(&format!("{COMPLAINTS}/{number}?x=1"))).await;
    extra.denied(400, "PARAM_ERROR", EXTRA);
    for unknown in ["2002", "%00", "%E6%8A%95", "%FF", &"9".repeat(4_000)] {
        let reply = show(&door, unknown).await;
        assert!(reply.status == 404 || reply.status == 400, "{unknown}: {reply:?}");
    }
}

#[tokio::test]
async fn what_a_merchant_sends_has_its_limits() {
    let (door, number) = shop().await;
    let images = |count: usize| json!(vec!["file1.jpg"; count]);
    let long = "茶".repeat(201);
    for (what, body, number_of, field) in [
        ("response", own(), INVALID, "response_content"),
        ("response", response(""), RANGE, "response_content"),
        ("response", response(&long), RANGE, "response_content"),
        ("response", response("a\u{7}b"), RANGE, "response_content"),
        ("response", json!({ "response_content": "x" }), INVALID, "complainted_mchid"),
        ("response", with(response("x"), "response_images", images(1)), INVALID, "response_images"),
        ("response", with(response("x"), "response_images", images(5)), INVALID, "response_images"),
        ("response", with(response("x"), "response_images", json!("x")), INVALID, "response_images"),
        ("response", with(response("x"), "jump_url_text", json!("看")), INVALID, "jump_url"),
        ("response", with(response("x"), "jump_url", json!("javascript:alert(1)")), RANGE, "jump_url"),
        ("response", with(response("x"), "mini_program_jump_info", json!({})), INVALID, "appid"),
        ("response", with(response("x"), "money", json!(1)), EXTRA, "money"),
        ("complete", json!({}), INVALID, "complainted_mchid"),
        ("complete", with(own(), "x", json!(1)), EXTRA, "x"),
        ("update-refund-progress", json!({}), INVALID, "action"),
        ("update-refund-progress", json!({ "action": "MAYBE" }), INVALID, "action"),
        ("update-refund-progress", json!({ "action": "REJECT" }), INVALID, "reject_reason"),
        (
            "update-refund-progress",
            json!({ "action": "APPROVE", "reject_reason": "x" }),
            EXTRA,
            "reject_reason",
        ),
        (
            "update-refund-progress",
            json!({ "action": "REJECT", "reject_reason": "x", "launch_refund_day": 1 }),
            EXTRA,
            "launch_refund_day",
        ),
        (
            "update-refund-progress",
            json!({ "action": "APPROVE", "launch_refund_day": 366 }),
            RANGE,
            "launch_refund_day",
        ),
        (
            "update-refund-progress",
            json!({ "action": "APPROVE", "launch_refund_day": -1 }),
            INVALID,
            "launch_refund_day",
        ),
        (
            "update-refund-progress",
            json!({ "action": "REJECT", "reject_reason": "x", "reject_media_list": ["a"] }),
            INVALID,
            "reject_media_list",
        ),
    ] {
        let reply = act(&door, &number, what, &body).await;
        reply.denied(400, "PARAM_ERROR", number_of);
        assert!(reply.text("/detail/field").contains(field), "{body}: {:?}", reply.json());
    }
    let other = json!({ "complainted_mchid": OTHER_MCHID });
    let reply = act(&door, &number, "complete", &other).await;
    assert_eq!((reply.status, reply.text("/code")), (400, "PARAM_ERROR".to_owned()));
    for url in ["ftp://shop.example.com", "not a url", "", "https://shop.example.com/?x=1"] {
        let reply = door.ask(door.post(ADDRESS, &json!({ "url": url }))).await;
        reply.denied(400, "PARAM_ERROR", INVALID);
    }
    assert_eq!(show(&door, &number).await.json()["complaint_state"], "PENDING", "nothing of this was done");
    assert_eq!(history(&door, &number, "").await["total_count"], 1);
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

#[tokio::test]
async fn a_complaint_is_raised_by_who_has_paid_and_seen_by_who_was_paid() {
    let (door, number) = shop().await;
    let stranger = door.stranger().await;
    for (method, target, body) in [
        ("GET", format!("{COMPLAINTS}/{number}"), String::new()),
        ("GET", format!("{COMPLAINTS}/{number}/negotiation-historys"), String::new()),
        (
            "POST",
            format!("{COMPLAINTS}/{number}/complete"),
            json!({ "complainted_mchid": OTHER_MCHID }).to_string(),
        ),
        (
            "POST",
            format!("{COMPLAINTS}/{number}/response"),
            json!({ "complainted_mchid": OTHER_MCHID, "response_content": "x" }).to_string(),
        ),
        (
            "POST",
            format!("{COMPLAINTS}/{number}/update-refund-progress"),
            json!({ "action": "APPROVE" }).to_string(),
        ),
    ] {
        let reply = door.send(stranger.signed(door.engine(), method, &target, body.as_bytes())).await;
        reply.denied(404, "RESOURCE_NOT_EXISTS", UNDOCUMENTED);
    }
    let day = today(&door);
    let target = format!("{COMPLAINTS}?begin_date={day}&end_date={day}");
    let theirs = door.send(stranger.signed(door.engine(), "GET", &target, b"")).await.json();
    assert_eq!(theirs["total_count"], 0);

    let other = some_payer(door.engine(), 2, 0).await.to_string();
    complain_as(&door, &other, "order-1", "other", "x").await.refused(404, "not_found", "");
    complain(&door, "order-9", "other", "x").await.refused(404, "not_found", "");
    door.native("order-2").await;
    complain(&door, "order-2", "other", "x").await.refused(409, "payment_not_paid", "");
    complain(&door, "order-1", "other", "").await.refused(400, "invalid_value", "text");
    complain(&door, "order-1", "other", &"x".repeat(201)).await.refused(400, "invalid_value", "text");
    assert_eq!(complain(&door, "order-1", "anger", "x").await.status, 400);
    complain_as(&door, "nobody", "order-1", "other", "x").await.refused(400, "invalid_value", "payer");

    // Pictures are not served; a complaint has no other method.
    let upload = door.ask(door.post("/v3/merchant-service/images/upload", &json!({}))).await;
    upload.denied(403, "NO_AUTH", UNDOCUMENTED);
    let deleted = door.client.signed(door.engine(), "DELETE", &format!("{COMPLAINTS}/{number}"), b"");
    assert_eq!(door.send(deleted).await.status, 405);
}

#[tokio::test]
async fn a_refund_shows_in_the_complaint_and_the_timeline_shows_the_complaint() {
    let (door, number) = shop().await;
    let refund = json!({
        "out_trade_no": "order-1", "out_refund_no": "R1",
        "amount": { "refund": 100, "total": 100, "currency": "CNY" },
    });
    assert_eq!(door.ask(door.post("/v3/refund/domestic/refunds", &refund)).await.status, 200);
    assert_eq!(show(&door, &number).await.json()["complaint_full_refunded"], true);
    let engine = Arc::clone(&door.shop.engine);
    let payment = engine.payment_named("order-1").unwrap().unwrap();
    let timeline = door.send(Call::get(format!("/sandbox/payments/{payment}/timeline"))).await.json();
    assert!(timeline.to_string().contains("complaint.created"), "{timeline}");
}
