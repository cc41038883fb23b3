//! Batches of transfers over the door: accepted, paid by the worker, asked for, told of, and refused.

use serde_json::{Value, json};
use tongbao_channel::wechat::sensitive::{DecryptingKey, EncryptingKey};
use tongbao_core::id::{PayerId, TypedId};
use tongbao_core::ledger::Account;
use tongbao_money::Currency;
use uuid::Uuid;

use crate::api_shop::Reply;
use crate::wechat_notices::{Receiver, opened};
use crate::wechat_shop::{APPID, MCHID, WechatShop, order_with};

const BATCHES: &str = "/v3/transfer/batches";
const INVALID: u32 = 268_435_461;
const OUT_OF_RANGE: u32 = 268_435_464;
const EXTRA: u32 = 270_924_358;
/// What is left of an order of 5,000 yuan when the fee is taken.
const TAKINGS: i64 = 497_000;

/// A shop with an order of 5,000 yuan paid.
async fn shop() -> WechatShop {
    let door = WechatShop::open().await;
    let order = order_with("order-1", &json!({ "amount": { "total": 500_000 } }));
    let placed = door.ask(door.post("/v3/pay/transactions/native", &order)).await;
    assert_eq!(door.pay(&placed.text("/code_url")).await.status, 200);
    door
}

fn detail(number: &str, minor: i64, openid: &str) -> Value {
    json!({
        "out_detail_no": number,
        "transfer_amount": minor,
        "transfer_remark": "2020年4月报销",
        "openid": openid,
    })
}

/// A batch of these details, whose sums agree.
fn batch(number: &str, details: &[Value]) -> Value {
    let total: i64 = details.iter().filter_map(|detail| detail["transfer_amount"].as_i64()).sum();
    json!({
        "appid": APPID,
        "out_batch_no": number,
        "batch_name": "2019年1月深圳分部报销单",
        "batch_remark": "2019年1月深圳分部报销单",
        "total_amount": total,
        "total_num": details.len(),
        "transfer_detail_list": details,
    })
}

fn many(door: &WechatShop, count: usize, minor: i64) -> Vec<Value> {
    (0..count).map(|place| detail(&format!("D{place}"), minor, &door.openid())).collect()
}

fn with(mut body: Value, pointer: &str, value: Value) -> Value {
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if value.is_null() {
        parent.remove(field);
    } else {
        parent.insert(field.to_owned(), value);
    }
    body
}

async fn create(door: &WechatShop, body: &Value) -> Reply {
    door.ask(door.post(BATCHES, body)).await
}

async fn get(door: &WechatShop, rest: &str) -> Reply {
    door.ask(door.get(&format!("{BATCHES}/{rest}"))).await
}

/// Lets the worker do what is due, until the batch is finished.
async fn finish(door: &WechatShop, number: &str) -> Value {
    let worker = door.worker();
    for _ in 0..100 {
        let found = get(door, &format!("out-batch-no/{number}?need_query_detail=false")).await.json();
        if found["transfer_batch"]["batch_status"] == "FINISHED" {
            return found["transfer_batch"].clone();
        }
        worker.run_once().await.unwrap();
    }
    panic!("{number} does not finish");
}

fn has(door: &WechatShop, account: Account) -> i64 {
    door.engine().store.account(account.of(Currency::CNY)).unwrap().balance()
}

/// What the merchant, the platform between, and the payer have.
fn balances(door: &WechatShop) -> (i64, i64, i64) {
    let merchant = door.engine().wechat_merchant(MCHID).unwrap().unwrap().record.merchant;
    (
        has(door, Account::MerchantPending(merchant)),
        has(door, Account::TransfersInFlight),
        has(door, Account::PayerAvailable(door.shop.payer)),
    )
}

#[tokio::test]
async fn a_batch_is_accepted_whole_and_paid_in_turns_until_it_is_finished() {
    let (door, receiver) = (shop().await, Receiver::start());
    let before = balances(&door);
    assert_eq!(before.0, TAKINGS);
    let body = with(batch("B1", &many(&door, 120, 3)), "/notify_url", json!(receiver.url()));
    let made = create(&door, &body).await.json();
    assert_eq!((&made["out_batch_no"], &made["batch_status"]), (&json!("B1"), &json!("ACCEPTED")));
    let id = made["batch_id"].as_str().unwrap().to_owned();
    assert!(made["create_time"].as_str().unwrap().contains('.'), "{made}");
    assert_eq!(balances(&door), (TAKINGS - 360, 360, before.2));
    assert_eq!(create(&door, &body).await.json(), made, "asked twice, done once");
    assert_eq!(balances(&door), (TAKINGS - 360, 360, before.2));

    door.worker().run_once().await.unwrap();
    let begun = get(&door, &format!("batch-id/{id}?need_query_detail=true")).await.json();
    assert!(begun.get("transfer_detail_list").is_none());
    let begun = &begun["transfer_batch"];
    assert_eq!((&begun["batch_status"], &begun["success_num"]), (&json!("PROCESSING"), &json!(50)));
    let waiting = get(&door, "out-batch-no/B1/details/out-detail-no/D119").await.json();
    assert_eq!(waiting["detail_status"], "PROCESSING");
    assert_eq!(balances(&door), (TAKINGS - 360, 210, before.2 + 150));

    let found = finish(&door, "B1").await;
    for (field, value) in [
        ("mchid", json!(MCHID)),
        ("appid", json!(APPID)),
        ("batch_id", json!(id)),
        ("batch_type", json!("API")),
        ("total_amount", json!(360)),
        ("total_num", json!(120)),
        ("success_amount", json!(360)),
        ("success_num", json!(120)),
        ("fail_amount", json!(0)),
        ("fail_num", json!(0)),
    ] {
        assert_eq!(found[field], value, "{field}");
    }
    assert_eq!(balances(&door), (TAKINGS - 360, 0, before.2 + 360));
    door.worker().run_once().await.unwrap();
    let taken = receiver.taken();
    assert_eq!(taken.len(), 1, "the batch is told of once");
    let (notice, plain) = opened(&door, &taken[0]);
    assert_eq!(notice.event_type, "MCHTRANSFER.BATCH.FINISHED");
    assert_eq!((&plain["batch_status"], &plain["success_num"]), (&json!("FINISHED"), &json!(120)));
    assert_eq!(plain["batch_id"], json!(id));
    // The native door tells of each transfer, not of the batch.
    let events = door.shop.list("/v1/events?type=transfer.accepted&limit=100").await;
    assert!(events[0]["data"]["transfer"]["batch"].as_str().unwrap().starts_with("wxb_"), "{}", events[0]);
}

#[tokio::test]
async fn details_that_nobody_can_have_fail_and_give_their_money_back() {
    let door = shop().await;
    let before = balances(&door);
    let gone = door.engine().wechat_openid(APPID, PayerId::from_uuid(Uuid::from_u128(7)));
    let own = door.openid();
    let details = [detail("D0", 1, "o123"), detail("D1", 20, &own), detail("D2", 300, &gone)];
    let id = create(&door, &batch("B1", &details)).await.text("/batch_id");
    let found = finish(&door, "B1").await;
    assert_eq!((&found["success_amount"], &found["fail_amount"]), (&json!(20), &json!(301)));
    assert_eq!((&found["success_num"], &found["fail_num"]), (&json!(1), &json!(2)));
    assert_eq!(balances(&door), (TAKINGS - 20, 0, before.2 + 20));
    for (number, status, reason) in [
        ("D0", "FAIL", json!("OPENID_INVALID")),
        ("D1", "SUCCESS", Value::Null),
        ("D2", "FAIL", json!("ACCOUNT_NOT_EXIST")),
    ] {
        let one = get(&door, &format!("out-batch-no/B1/details/out-detail-no/{number}")).await.json();
        assert_eq!((&one["detail_status"], &one["fail_reason"]), (&json!(status), &reason), "{number}");
        let detail_id = one["detail_id"].as_str().unwrap();
        assert!(detail_id.len() == 40 && detail_id.starts_with("1040"));
        let by_id = get(&door, &format!("batch-id/{id}/details/detail-id/{detail_id}")).await.json();
        assert_eq!(by_id, one);
        for field in ["initiate_time", "update_time", "openid", "transfer_remark", "mchid", "appid"] {
            assert!(one[field].is_string(), "{field}");
        }
    }
    for (wanted, numbers) in [
        ("ALL", vec!["D0", "D1", "D2"]),
        ("SUCCESS", vec!["D1"]),
        ("FAIL", vec!["D0", "D2"]),
        ("WAIT_PAY", vec![]),
    ] {
        let target =
            format!("out-batch-no/B1?need_query_detail=true&detail_status={wanted}&limit=20&offset=0");
        let page = get(&door, &target).await.json();
        let lines = page["transfer_detail_list"].as_array().unwrap();
        let found: Vec<_> = lines.iter().map(|line| line["out_detail_no"].as_str().unwrap()).collect();
        assert_eq!((found, &page["limit"]), (numbers, &json!(20)), "{wanted}");
    }
}

#[tokio::test]
async fn the_details_of_a_batch_are_read_in_pages() {
    let door = shop().await;
    create(&door, &batch("B1", &many(&door, 130, 1))).await;
    finish(&door, "B1").await;
    for (offset, limit, first, count) in [(0, 100, "D0", 100), (100, 100, "D100", 30), (130, 20, "", 0)] {
        let target = format!("out-batch-no/B1?need_query_detail=true&offset={offset}&limit={limit}");
        let page = get(&door, &target).await.json();
        let lines = page["transfer_detail_list"].as_array().unwrap();
        assert_eq!((lines.len(), &page["offset"]), (count, &json!(offset)));
        assert_eq!(lines.first().map_or("", |line| line["out_detail_no"].as_str().unwrap()), first);
    }
    for (query, number) in [
        ("need_query_detail=true&limit=19", INVALID),
        ("need_query_detail=true&limit=101", INVALID),
        ("need_query_detail=true&offset=-1", INVALID),
        ("need_query_detail=yes", INVALID),
        ("need_query_detail=true&detail_status=INIT", INVALID),
        ("need_query_detail=true&need_query_detail=true", INVALID),
        ("need_query_detail=true&mchid=1", EXTRA),
    ] {
        get(&door, &format!("out-batch-no/B1?{query}")).await.denied(400, "PARAM_ERROR", number);
    }
    assert_eq!(get(&door, "out-batch-no/B1").await.text("/code"), "PARAM_ERROR");
}

#[tokio::test]
async fn a_thousand_details_with_names_are_one_request_and_nobody_else_may_send_as_much() {
    let door = shop().await;
    let (name, key) = door.client.platform_key();
    let encrypted = EncryptingKey::new(&key).encrypt("张三").unwrap();
    let details: Vec<_> = many(&door, 1_000, 30)
        .into_iter()
        .map(|detail| with(detail, "/user_name", json!(encrypted)))
        .collect();
    let body = batch("B1", &details);
    assert!(body.to_string().len() > 400_000, "more than other requests may have");
    let reply = door.ask(door.post(BATCHES, &body).header("wechatpay-serial", name.to_string())).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let found = finish(&door, "B1").await;
    assert_eq!((&found["success_num"], &found["success_amount"]), (&json!(1_000), &json!(30_000)));
    let one = get(&door, "out-batch-no/B1/details/out-detail-no/D999").await.text("/user_name");
    assert_eq!(*DecryptingKey::new(&door.client.key).decrypt(&one).unwrap(), "张三");
    // The same names, encrypted anew, are the same; another is not.
    let other = EncryptingKey::new(&key).encrypt("李四").unwrap();
    for (text, status) in [(EncryptingKey::new(&key).encrypt("张三").unwrap(), 200), (other, 400)] {
        let again = with(body.clone(), "/transfer_detail_list/999/user_name", json!(text));
        let reply = door.ask(door.post(BATCHES, &again).header("wechatpay-serial", name.to_string())).await;
        assert_eq!(reply.status, status, "{:?}", reply.json());
    }
    let large = with(body, "/batch_name", json!("a".repeat(1024 * 1024)));
    assert_eq!(create(&door, &large).await.status, 413);
    let order = order_with("order-2", &json!({ "detail": { "receipt_id": "a".repeat(100_000) } }));
    assert_eq!(door.ask(door.post("/v3/pay/transactions/native", &order)).await.status, 413);
}

#[tokio::test]
async fn a_batch_has_its_limits() {
    let door = shop().await;
    let own = door.openid();
    let good = batch("B1", &[detail("D0", 60, &own), detail("D1", 40, &own)]);
    let second = |field: &str| format!("/transfer_detail_list/1/{field}");
    for (field, value) in [
        ("/appid", json!("wx with blanks and far too long a text")),
        ("/out_batch_no", json!("B-1")),
        ("/out_batch_no", json!("B".repeat(33))),
        ("/out_batch_no", json!("")),
        ("/batch_name", json!("茶".repeat(33))),
        ("/batch_remark", json!("a\u{7}b")),
        ("/batch_remark", Value::Null),
        ("/transfer_scene_id", json!("1".repeat(37))),
        ("/notify_url", json!("https://shop.example.com/notify?x=1")),
        ("/total_amount", json!(101)),
        ("/total_amount", json!("100")),
        ("/total_num", json!(1)),
        ("/total_num", json!(-2)),
        ("/transfer_detail_list", json!([])),
        ("/transfer_detail_list", json!({})),
        ("/transfer_detail_list", Value::Null),
        (&second("out_detail_no"), json!("D0")),
        (&second("out_detail_no"), json!("D 1")),
        (&second("openid"), json!("o".repeat(129))),
        (&second("openid"), json!("")),
        (&second("transfer_remark"), json!("茶".repeat(33))),
        (&second("transfer_amount"), json!(0.5)),
        (&second("user_name"), json!("")),
    ] {
        let reply = create(&door, &with(good.clone(), field, value.clone())).await;
        reply.denied(400, "PARAM_ERROR", INVALID);
        let (blamed, name) = (reply.text("/detail/field"), field.rsplit('/').next().unwrap());
        assert!(blamed.contains(name), "{field} {value}: {blamed}");
    }
    for minor in [0, -40, i64::MIN, i64::MAX] {
        let reply = create(&door, &with(good.clone(), &second("transfer_amount"), json!(minor))).await;
        reply.denied(400, "PARAM_ERROR", OUT_OF_RANGE);
    }
    let sealed =
        with(batch("B1", &[detail("D0", 60, &own)]), "/transfer_detail_list/0/user_name", json!("三"));
    let reply = create(&door, &sealed).await;
    reply.denied(400, "PARAM_ERROR", INVALID);
    assert_eq!(reply.text("/message"), "请确认待处理的消息是否为加密后的密文");
    // Of the names all are there or none is.
    let half = batch("B1", &[detail("D0", 60, &own), with(detail("D1", 60, &own), "/user_name", json!("x"))]);
    let reply = create(&door, &half).await;
    reply.denied(400, "PARAM_ERROR", INVALID);
    assert_eq!(reply.text("/detail/field"), "/transfer_detail_list/1/user_name");
    // No sum of amounts is too large to be compared.
    let dear = batch("B1", &[detail("D0", 10_000_000_001, &own)]);
    create(&door, &dear).await.denied(400, "PARAM_ERROR", INVALID);
    for field in ["/mchid".to_owned(), second("user_id_card")] {
        create(&door, &with(good.clone(), &field, json!("1"))).await.denied(400, "PARAM_ERROR", EXTRA);
    }
    let unnamed = batch("B1", &[detail("D0", 200_000, &own)]);
    create(&door, &unnamed).await.denied(400, "PARAM_ERROR", INVALID);
    let unbound = create(&door, &with(good.clone(), "/appid", json!("wx0000000000000009"))).await;
    unbound.denied(400, "APPID_MCHID_NOT_MATCH", 268_445_527);
    let many = batch("B1", &many(&door, 1_001, 1));
    create(&door, &many).await.denied(400, "PARAM_ERROR", INVALID);
    let short =
        batch("B1", &[detail("D0", 199_999, &own), detail("D1", 199_999, &own), detail("D2", 97_003, &own)]);
    create(&door, &short).await.denied(403, "NOT_ENOUGH", 268_435_456);
    assert_eq!(balances(&door).0, TAKINGS, "nothing of this moved anything");
    assert_eq!(create(&door, &good).await.status, 200);
    let differs = create(&door, &with(good, "/batch_name", json!("another"))).await;
    differs.denied(400, "ALREADY_EXISTS", 268_435_456);
    assert_eq!(balances(&door).0, TAKINGS - 100);
}

#[tokio::test]
async fn a_batch_is_seen_by_its_merchant_for_thirty_days() {
    let door = shop().await;
    let id = create(&door, &batch("B1", &many(&door, 1, 5))).await.text("/batch_id");
    finish(&door, "B1").await;
    let one = get(&door, "out-batch-no/B1/details/out-detail-no/D0").await.text("/detail_id");
    let stranger = door.stranger().await;
    let targets = [
        format!("{BATCHES}/batch-id/{id}?need_query_detail=true"),
        format!("{BATCHES}/out-batch-no/B1?need_query_detail=true"),
        format!("{BATCHES}/batch-id/{id}/details/detail-id/{one}"),
        format!("{BATCHES}/out-batch-no/B1/details/out-detail-no/D0"),
    ];
    for target in &targets {
        let reply = door.send(stranger.signed(door.engine(), "GET", target, b"")).await;
        reply.denied(404, "NOT_FOUND", 268_435_456);
        assert_eq!(door.ask(door.get(target)).await.status, 200, "{target}");
    }
    for unknown in [
        "out-batch-no/B2?need_query_detail=false".to_owned(),
        "batch-id/1?need_query_detail=false".to_owned(),
        "out-batch-no/B1/details/out-detail-no/D1".to_owned(),
        format!("batch-id/{id}/details/detail-id/D0"),
    ] {
        get(&door, &unknown).await.denied(404, "NOT_FOUND", 268_435_456);
    }
    for wrong in ["out-batch-no/B-1?need_query_detail=false", "out-batch-no/B1/details/out-detail-no/%7C"] {
        get(&door, wrong).await.denied(400, "PARAM_ERROR", INVALID);
    }
    // A detail is no bill, though it has a number of its own.
    let bill = door.ask(door.get("/v3/fund-app/mch-transfer/transfer-bills/out-bill-no/D0")).await;
    bill.denied(404, "NOT_FOUND", 268_435_456);
    door.shop.engine.clock.set_ahead_s(30 * 24 * 3_600 + 60);
    for target in &targets {
        door.ask(door.get(target)).await.denied(404, "NOT_FOUND", 268_435_456);
    }
}
