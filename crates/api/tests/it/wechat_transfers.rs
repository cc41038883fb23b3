//! Merchant transfers over the door: offered, confirmed by the phone, cancelled, too late, told of.

use serde_json::{Value, json};
use tongbao_channel::wechat::sensitive::{DecryptingKey, EncryptingKey};
use tongbao_core::ledger::Account;
use tongbao_money::Currency;

use crate::api_shop::{Call, Reply, payer};
use crate::wechat_notices::{Receiver, opened};
use crate::wechat_shop::{APPID, MCHID, Verify, WechatShop};

const BILLS: &str = "/v3/fund-app/mch-transfer/transfer-bills";
const INVALID: u32 = 268_435_461;
const EXTRA: u32 = 270_924_358;

fn new_bill(door: &WechatShop, number: &str) -> Value {
    json!({
        "appid": APPID,
        "out_bill_no": number,
        "transfer_scene_id": "1000",
        "openid": door.openid(),
        "transfer_amount": 60,
        "transfer_remark": "2020年4月报销",
        "transfer_scene_report_infos": [{ "info_type": "活动名称", "info_content": "新会员有礼" }],
    })
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    if value.is_null() {
        body.as_object_mut().unwrap().remove(field);
    } else {
        body[field] = value;
    }
    body
}

/// A shop with an order of 100 fen paid, so with 99 fen to spend: the fee is one.
async fn shop() -> WechatShop {
    let door = WechatShop::open().await;
    door.paid("order-1").await;
    door
}

async fn create(door: &WechatShop, body: &Value) -> Reply {
    door.ask(door.post(BILLS, body)).await
}

async fn query(door: &WechatShop, number: &str) -> Reply {
    door.ask(door.get(&format!("{BILLS}/out-bill-no/{number}"))).await
}

async fn cancel(door: &WechatShop, number: &str) -> Reply {
    let target = format!("{BILLS}/out-bill-no/{number}/cancel");
    // As wechatpayv3 does: a POST that says it is JSON and has no body.
    door.ask(door.client.signed(door.engine(), "POST", &target, b"")).await
}

async fn confirm(door: &WechatShop, package: &str) -> Reply {
    let body = json!({ "payer": door.shop.payer.to_string(), "package": package });
    door.send(Call::post("/sandbox/phone/confirm-transfer", &body)).await
}

fn merchant_has(door: &WechatShop) -> i64 {
    let merchant = door.engine().wechat_merchant(MCHID).unwrap().unwrap().record.merchant;
    let account = Account::MerchantPending(merchant).of(Currency::CNY);
    door.engine().store.account(account).unwrap().balance()
}

fn payer_has(door: &WechatShop) -> i64 {
    let account = Account::PayerAvailable(door.shop.payer).of(Currency::CNY);
    door.engine().store.account(account).unwrap().balance()
}

#[tokio::test]
async fn a_bill_waits_for_its_recipient_who_confirms_it_on_the_phone() {
    let (door, receiver) = (shop().await, Receiver::start());
    let purse = payer_has(&door);
    let body = with(new_bill(&door, "T1"), "notify_url", json!(receiver.url()));
    let made = create(&door, &body).await.json();
    assert_eq!((&made["out_bill_no"], &made["state"]), (&json!("T1"), &json!("WAIT_USER_CONFIRM")));
    let bill_no = made["transfer_bill_no"].as_str().unwrap().to_owned();
    let package = made["package_info"].as_str().unwrap().to_owned();
    assert!(bill_no.len() == 40 && made["create_time"].as_str().unwrap().ends_with("+08:00"), "{made}");
    assert_eq!((merchant_has(&door), payer_has(&door)), (39, purse));
    assert_eq!(create(&door, &body).await.json(), made, "asked twice, done once");
    let waiting = query(&door, "T1").await.json();
    assert_eq!(waiting["state"], "WAIT_USER_CONFIRM");

    let confirmed = confirm(&door, &package).await;
    assert_eq!((confirmed.status, confirmed.text("/transfer/status")), (200, "accepted".to_owned()));
    assert_eq!(confirm(&door, &bill_no).await.status, 200, "by its number, and once only");
    assert_eq!((merchant_has(&door), payer_has(&door)), (39, purse + 60));
    let found = query(&door, "T1").await.json();
    let by_id = door.ask(door.get(&format!("{BILLS}/transfer-bill-no/{bill_no}"))).await.json();
    assert_eq!(found, by_id);
    for (field, value) in [
        ("mch_id", json!(MCHID)),
        ("appid", json!(APPID)),
        ("state", json!("SUCCESS")),
        ("transfer_amount", json!(60)),
        ("transfer_remark", json!("2020年4月报销")),
        ("openid", json!(door.openid())),
        ("transfer_bill_no", json!(bill_no)),
    ] {
        assert_eq!(found[field], value, "{field}");
    }
    assert!(found.get("user_name").is_none() && found.get("fail_reason").is_none());
    let again = create(&door, &body).await.json();
    assert_eq!((&again["state"], again.get("package_info")), (&json!("SUCCESS"), None));

    door.worker().run_once().await.unwrap();
    let taken = receiver.taken();
    assert_eq!(taken.len(), 1);
    let (notice, plain) = opened(&door, &taken[0]);
    assert_eq!(notice.event_type, "MCHTRANSFER.BILL.FINISHED");
    assert_eq!(notice.resource.original_type, "mch_payment");
    assert_eq!((&plain["mch_id"], &plain["mchid"]), (&json!(MCHID), &json!(MCHID)));
    for field in ["out_bill_no", "transfer_bill_no", "state", "transfer_amount", "openid", "update_time"] {
        assert_eq!(plain[field], found[field], "{field}");
    }
}

#[tokio::test]
async fn a_bill_is_cancelled_until_it_is_confirmed() {
    let door = shop().await;
    let made = create(&door, &new_bill(&door, "T1")).await;
    let cancelled = cancel(&door, "T1").await.json();
    assert_eq!((&cancelled["state"], &cancelled["out_bill_no"]), (&json!("CANCELLED"), &json!("T1")));
    assert!(cancelled["update_time"].is_string() && cancelled["transfer_bill_no"].is_string());
    assert_eq!(cancel(&door, "T1").await.json(), cancelled, "asked twice, done once");
    assert_eq!(merchant_has(&door), 99);
    confirm(&door, &made.text("/package_info")).await.refused(409, "transfer_returned", "");
    let again = create(&door, &new_bill(&door, "T1")).await.json();
    assert_eq!(again["state"], "CANCELLED", "its number is spent");

    let second = create(&door, &new_bill(&door, "T2")).await;
    assert_eq!(confirm(&door, &second.text("/package_info")).await.status, 200);
    cancel(&door, "T2").await.denied(400, "INVALID_REQUEST", 268_435_456);
    cancel(&door, "T9").await.denied(404, "NOT_FOUND", 268_435_456);
    let target = format!("{BILLS}/out-bill-no/T2/cancel");
    door.ask(door.post(&target, &json!({ "mchid": MCHID }))).await.denied(400, "PARAM_ERROR", EXTRA);
}

#[tokio::test]
async fn a_bill_that_nobody_confirms_fails_after_a_day_and_is_forgotten_after_thirty() {
    let (door, receiver) = (shop().await, Receiver::start());
    let body = with(new_bill(&door, "T1"), "notify_url", json!(receiver.url()));
    let package = create(&door, &body).await.text("/package_info");
    let worker = door.worker();
    worker.run_once().await.unwrap();
    assert_eq!(query(&door, "T1").await.json()["state"], "WAIT_USER_CONFIRM");
    door.shop.engine.clock.set_ahead_s(24 * 3_600 + 1);
    confirm(&door, &package).await.refused(409, "transfer_returned", "");
    worker.run_once().await.unwrap();
    let found = query(&door, "T1").await.json();
    assert_eq!((&found["state"], &found["fail_reason"]), (&json!("FAIL"), &json!("OVERDUE_CLOSE")));
    assert_eq!(merchant_has(&door), 99);
    worker.run_once().await.unwrap();
    let (_, plain) = opened(&door, &receiver.taken()[0]);
    assert_eq!((&plain["state"], &plain["fail_reason"]), (&json!("FAIL"), &json!("OVERDUE_CLOSE")));
    door.shop.engine.clock.set_ahead_s(30 * 24 * 3_600 + 2);
    query(&door, "T1").await.denied(404, "NOT_FOUND", 268_435_456);
}

#[tokio::test]
async fn a_name_is_read_with_the_key_that_the_request_names_and_given_back_encrypted() {
    let mut door = shop().await;
    for (number, verify) in [("T1", Verify::PublicKey), ("T2", Verify::Certificates)] {
        door.client.verify = verify;
        let (name, key) = door.client.platform_key();
        let encrypt = |text: &str| json!(EncryptingKey::new(&key).encrypt(text).unwrap());
        let named = |body: &Value| door.post(BILLS, body).header("wechatpay-serial", name.to_string());
        let body = with(new_bill(&door, number), "transfer_amount", json!(30));
        let body = with(body, "user_name", encrypt("张三"));
        assert_eq!(door.ask(named(&body)).await.status, 200);
        let again = with(body.clone(), "user_name", encrypt("张三"));
        assert_eq!(door.ask(named(&again)).await.status, 200, "the same name, encrypted anew");
        let other = with(body.clone(), "user_name", encrypt("李四"));
        door.ask(named(&other)).await.denied(400, "ALREADY_EXISTS", 268_435_456);
        let found = query(&door, number).await.text("/user_name");
        assert_eq!(*DecryptingKey::new(&door.client.key).decrypt(&found).unwrap(), "张三");
        let long = with(body.clone(), "user_name", encrypt(&"三".repeat(65)));
        door.ask(named(&long)).await.denied(400, "PARAM_ERROR", INVALID);
        // For another key, for no key that was named, and not encrypted at all.
        let foreign = EncryptingKey::new(&door.client.key.verifying_key()).encrypt("张三").unwrap();
        let mut unnamed = door.post(BILLS, &again);
        unnamed.headers.retain(|(name, _)| *name != "wechatpay-serial");
        for call in [
            named(&with(body.clone(), "user_name", json!(foreign))),
            named(&with(body.clone(), "user_name", json!("张三"))),
            named(&again).header("wechatpay-serial", "0102"),
            unnamed,
        ] {
            let reply = door.ask(call).await;
            reply.denied(400, "PARAM_ERROR", INVALID);
            assert_eq!(reply.text("/message"), "请确认待处理的消息是否为加密后的密文");
        }
    }
}

#[tokio::test]
async fn a_bill_has_its_limits() {
    let door = shop().await;
    let good = new_bill(&door, "T1");
    let report = json!({ "info_type": "活动名称", "info_content": "新会员有礼" });
    for (field, value) in [
        ("appid", json!("wx with blanks and far too long a text")),
        ("out_bill_no", json!("T-1")),
        ("out_bill_no", json!("T".repeat(33))),
        ("out_bill_no", json!("")),
        ("transfer_scene_id", json!("1".repeat(37))),
        ("openid", json!("o123")),
        ("openid", json!("o".repeat(65))),
        ("transfer_remark", json!("茶".repeat(33))),
        ("transfer_remark", json!("a\u{7}b")),
        ("user_recv_perception", json!("")),
        ("notify_url", json!("https://shop.example.com/notify?x=1")),
        ("notify_url", json!("not a url")),
        ("transfer_scene_report_infos", json!([])),
        ("transfer_scene_report_infos", json!(vec![report.clone(); 11])),
        ("transfer_scene_report_infos", json!([{ "info_type": "", "info_content": "x" }])),
        ("transfer_scene_report_infos", Value::Null),
        ("transfer_amount", Value::Null),
        ("transfer_amount", json!("60")),
        ("transfer_amount", json!(0.5)),
    ] {
        let reply = create(&door, &with(good.clone(), field, value.clone())).await;
        reply.denied(400, "PARAM_ERROR", INVALID);
        let blamed = reply.text("/detail/field");
        assert!(blamed.contains(field), "{field} {value}: {blamed}");
    }
    for minor in [0, -1, i64::MAX] {
        let reply = create(&door, &with(good.clone(), "transfer_amount", json!(minor))).await;
        reply.denied(400, "PARAM_ERROR", 268_435_464);
    }
    create(&door, &with(good.clone(), "mchid", json!(MCHID))).await.denied(400, "PARAM_ERROR", EXTRA);
    // A name must be given from 2,000 yuan on and must not be below 0.3 yuan.
    create(&door, &with(good.clone(), "transfer_amount", json!(200_000))).await.denied(
        400,
        "PARAM_ERROR",
        INVALID,
    );
    let named = with(with(good.clone(), "transfer_amount", json!(29)), "user_name", json!("x"));
    create(&door, &named).await.denied(400, "PARAM_ERROR", EXTRA);
    let unbound = create(&door, &with(good.clone(), "appid", json!("wx0000000000000009"))).await;
    unbound.denied(400, "APPID_MCHID_NOT_MATCH", 268_445_527);
    let reply = create(&door, &with(good.clone(), "transfer_amount", json!(100))).await;
    reply.denied(403, "NOT_ENOUGH", 268_435_456);
    assert_eq!(merchant_has(&door), 99, "nothing of this moved anything");
    assert_eq!(create(&door, &good).await.status, 200);
    let differs = create(&door, &with(good, "transfer_amount", json!(61))).await;
    differs.denied(400, "ALREADY_EXISTS", 268_435_456);
    assert_eq!(differs.text("/message"), "单号已存在但信息不一致");
}

#[tokio::test]
async fn a_bill_is_seen_by_its_merchant_and_confirmed_by_its_recipient_only() {
    let door = shop().await;
    let made = create(&door, &new_bill(&door, "T1")).await;
    let (package, bill_no) = (made.text("/package_info"), made.text("/transfer_bill_no"));
    let stranger = door.stranger().await;
    for target in [format!("{BILLS}/out-bill-no/T1"), format!("{BILLS}/transfer-bill-no/{bill_no}")] {
        let reply = door.send(stranger.signed(door.engine(), "GET", &target, b"")).await;
        reply.denied(404, "NOT_FOUND", 268_435_456);
    }
    let target = format!("{BILLS}/out-bill-no/T1/cancel");
    let reply = door.send(stranger.signed(door.engine(), "POST", &target, b"{}")).await;
    reply.denied(404, "NOT_FOUND", 268_435_456);
    let other = payer(door.engine(), 2, 0).await;
    let body = json!({ "payer": other.to_string(), "package": package });
    door.send(Call::post("/sandbox/phone/confirm-transfer", &body)).await.refused(404, "not_found", "");
    for unknown in ["", "x", "AAAAAAAAAAAAAAAAAAAAAA==", "trf_01h455vb4pex5vsknk084sn02q"] {
        confirm(&door, unknown).await.refused(404, "not_found", "");
    }
    query(&door, "T-1").await.denied(400, "PARAM_ERROR", INVALID);
    let extra = door.ask(door.get(&format!("{BILLS}/out-bill-no/T1?mchid={MCHID}"))).await;
    extra.denied(400, "PARAM_ERROR", EXTRA);
    assert_eq!(merchant_has(&door), 39);
    // The native door tells of it in its own words.
    let cancelled = cancel(&door, "T1").await;
    assert_eq!(cancelled.status, 200);
    let event = door.shop.list("/v1/events?type=transfer.returned").await.remove(0);
    assert_eq!(event["data"]["transfer"]["transfer_no"], "T1");
    assert_eq!(event["data"]["transfer"]["return_reason"], "withdrawn");
    let elecsign = door.ask(door.post("/v3/fund-app/mch-transfer/elecsign/out-bill-no", &json!({}))).await;
    elecsign.denied(403, "NO_AUTH", 268_435_456);
}
