//! The WeChat Pay door, operation by operation.

use serde_json::{Value, json};
use tongbao_channel::wechat::certificate::CertificateList;
use tongbao_core::wechat::merchant::{self as identities, KeyMode};

use crate::api_shop::Call;
use crate::wechat_shop::{APPID, MCHID, Verify, WechatShop, new_order, order_with};

#[tokio::test]
async fn a_native_order_is_placed_paid_and_found_by_both_numbers() {
    let door = WechatShop::open().await;
    let order = order_with("order-1", &json!({ "attach": "table 7" }));
    let placed = door.ask(door.post("/v3/pay/transactions/native", &order)).await;
    let code_url = placed.text("/code_url");
    assert!(code_url.starts_with("weixin://wxpay/bizpayurl?pr="), "{code_url}");
    let open = door.query("order-1").await.json();
    let amount = json!({ "currency": "CNY", "total": 100 });
    let expected = json!({ "amount": amount, "appid": APPID, "mchid": MCHID, "out_trade_no": "order-1",
        "trade_state": "NOTPAY", "trade_state_desc": "订单未支付" });
    assert_eq!(open, expected);

    assert_eq!(door.pay(&code_url).await.json()["paid"], true);
    let reply = door.query("order-1").await;
    let paid = reply.json();
    let transaction_id = paid["transaction_id"].as_str().unwrap();
    assert!(transaction_id.len() == 28 && transaction_id.bytes().all(|digit| digit.is_ascii_digit()));
    assert_eq!(
        paid["amount"],
        json!({ "currency": "CNY", "payer_currency": "CNY", "payer_total": 100, "total": 100 })
    );
    for (field, value) in [
        ("trade_state", "SUCCESS"),
        ("trade_type", "NATIVE"),
        ("bank_type", "OTHERS"),
        ("attach", "table 7"),
        ("trade_state_desc", "支付成功"),
    ] {
        assert_eq!(paid[field], value);
    }
    assert_eq!(paid["payer"]["openid"], door.openid());
    assert!(paid["success_time"].as_str().unwrap().ends_with("+08:00"), "{paid}");
    assert_eq!(paid["promotion_detail"], json!([]));
    let by_id = door.ask(door.get(&format!("/v3/pay/transactions/id/{transaction_id}?mchid={MCHID}"))).await;
    assert_eq!(by_id.body, reply.body);
    let compact = !reply.body.windows(2).any(|pair| matches!(pair, b", " | b": " | b"\\u"));
    assert!(compact, "{reply:?}");
}

#[tokio::test]
async fn each_way_of_paying_has_its_own_answer() {
    let door = WechatShop::open().await;
    let jsapi = order_with("jsapi-1", &json!({ "payer": { "openid": door.openid() } }));
    let prepay_id = door.ask(door.post("/v3/pay/transactions/jsapi", &jsapi)).await.text("/prepay_id");
    assert!(prepay_id.len() == 36 && prepay_id.starts_with("wx20"), "{prepay_id}");
    assert_eq!(door.pay(&prepay_id).await.json()["paid"], true);
    assert_eq!(door.query("jsapi-1").await.text("/trade_type"), "JSAPI");

    let app = door.ask(door.post("/v3/pay/transactions/app", &new_order("app-01"))).await;
    assert_eq!(door.pay(&format!("prepay_id={}", app.text("/prepay_id"))).await.json()["paid"], true);
    assert_eq!(door.query("app-01").await.text("/trade_type"), "APP");

    let scene = json!({ "payer_client_ip": "127.0.0.1", "device_id": "7", "h5_info": { "type": "Wap" } });
    let h5 = order_with("order-h5", &json!({ "scene_info": scene }));
    let url = door.ask(door.post("/v3/pay/transactions/h5", &h5)).await.text("/h5_url");
    let target = url.strip_prefix(crate::api_shop::BASE_URL).unwrap();
    let page = door.send(Call::get(target)).await;
    assert_eq!(page.status, 303);
    assert!(page.headers["location"].to_str().unwrap().starts_with("/cashier/pay_"));
    assert_eq!(door.query("order-h5").await.text("/scene_info/device_id"), "7");
    door.shop.engine.clock.set_ahead_s(301);
    assert_eq!(door.send(Call::get(target)).await.status, 410, "five minutes are over");
    door.pay(&url).await.refused(409, "payment_expired", "");
    let elsewhere = Call::get("/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx");
    assert_eq!(door.send(elsewhere).await.status, 410);
}

#[tokio::test]
async fn a_wrong_field_is_named() {
    let door = WechatShop::open().await;
    let goods = |fields: Value| json!({ "goods_detail": [fields] });
    let good = json!({ "merchant_goods_id": "1", "quantity": 1, "unit_price": 1 });
    let nameless = json!({ "merchant_goods_id": "", "quantity": 1, "unit_price": 1 });
    for (path, fields, field, number) in [
        ("native", json!({ "appid": null }), "/appid", 268_435_461),
        ("native", json!({ "amount": null }), "/amount", 268_435_461),
        ("native", json!({ "amount": {} }), "/amount/total", 268_435_461),
        ("native", json!({ "amount": { "total": 0 } }), "/amount/total", 268_435_464),
        ("native", json!({ "amount": { "total": -1 } }), "/amount/total", 268_435_464),
        ("native", json!({ "amount": { "total": 20_000_000_000_i64 } }), "/amount", 268_435_464),
        ("native", json!({ "amount": { "total": 1.5 } }), "/amount/total", 268_435_461),
        ("native", json!({ "amount": { "total": "1" } }), "/amount/total", 268_435_461),
        ("native", json!({ "amount": { "total": 1, "currency": "USD" } }), "/amount/currency", 268_435_461),
        ("native", json!({ "out_trade_no": "short" }), "/out_trade_no", 268_435_461),
        ("native", json!({ "out_trade_no": "a".repeat(33) }), "/out_trade_no", 268_435_461),
        ("native", json!({ "out_trade_no": "order 1" }), "/out_trade_no", 268_435_461),
        ("native", json!({ "description": "茶".repeat(128) }), "/description", 268_435_461),
        ("native", json!({ "attach": "" }), "/attach", 268_435_461),
        ("native", json!({ "notify_url": "https://shop.example.com/n?a=1" }), "/notify_url", 268_435_461),
        ("native", json!({ "notify_url": "http://192.168.0.1/n" }), "/notify_url", 268_435_461),
        ("native", json!({ "time_expire": "tomorrow" }), "/time_expire", 268_435_461),
        ("native", json!({ "colour": "red" }), "/colour", 270_924_358),
        ("native", json!({ "payer": { "openid": "o" } }), "/payer", 270_924_358),
        (
            "native",
            json!({ "scene_info": { "payer_client_ip": "::1", "h5_info": { "type": "Wap" } } }),
            "/scene_info/h5_info",
            270_924_358,
        ),
        (
            "native",
            json!({ "detail": goods(json!({ "merchant_goods_id": "1" })) }),
            "/detail/goods_detail/0/quantity",
            268_435_461,
        ),
        (
            "native",
            json!({ "detail": { "goods_detail": [good, nameless] } }),
            "/detail/goods_detail/1/merchant_goods_id",
            268_435_461,
        ),
        ("jsapi", json!({}), "/payer/openid", 268_501_013),
        ("jsapi", json!({ "payer": { "openid": "oNobody" } }), "/payer/openid", 268_435_461),
        ("h5", json!({}), "/scene_info", 268_435_461),
        ("h5", json!({ "scene_info": { "payer_client_ip": "::1" } }), "/scene_info/h5_info", 268_435_461),
    ] {
        let target = format!("/v3/pay/transactions/{path}");
        let reply = door.ask(door.post(&target, &order_with("order-1", &fields))).await;
        reply.denied(400, "PARAM_ERROR", number);
        if field != "/amount" || number != 268_435_464 {
            assert_eq!(reply.text("/detail/field"), field, "{fields}");
        }
        assert_eq!(reply.text("/detail/location"), "body");
    }
    assert_eq!(door.query("order-1").await.status, 404, "nothing was made");
}

#[tokio::test]
async fn an_order_again_follows_the_rules_of_reentry() {
    let door = WechatShop::open().await;
    let place = |order: Value| door.ask(door.post("/v3/pay/transactions/native", &order));
    let first = door.native("order-1").await;
    let second = door.native("order-1").await;
    assert_ne!(first, second);
    door.pay(&first).await.refused(400, "invalid_value", "code");
    let other = order_with("order-1", &json!({ "description": "two" }));
    place(other).await.denied(400, "INVALID_REQUEST", 268_498_688);
    assert_eq!(door.pay(&second).await.json()["paid"], true);
    place(new_order("order-1")).await.denied(400, "INVALID_REQUEST", 268_498_689);
    door.shop.payment("native-door", 100).await;
    place(new_order("native-door")).await.denied(403, "OUT_TRADE_NO_USED", 268_435_456);
    let unbound = order_with("order-2", &json!({ "appid": "wx0000000000000009" }));
    place(unbound).await.denied(400, "APPID_MCHID_NOT_MATCH", 268_445_527);
    let both = json!({ "appid": "wx0000000000000009", "payer": { "openid": door.openid() } });
    let call = door.post("/v3/pay/transactions/jsapi", &order_with("order-2", &both));
    door.ask(call).await.denied(400, "APPID_MCHID_NOT_MATCH", 268_445_527);
    let foreign = order_with("order-2", &json!({ "mchid": "1900000009" }));
    place(foreign).await.denied(400, "PARAM_ERROR", 268_435_461);
    let until = order_with("order-3", &json!({ "time_expire": "2018-06-08T10:34:56+08:00" }));
    place(until.clone()).await;
    door.shop.engine.clock.set_ahead_s(61);
    place(until).await.denied(400, "ORDER_CLOSED", 268_447_914);
    assert_eq!(door.query("order-3").await.text("/trade_state"), "NOTPAY", "until it is closed");
}

#[tokio::test]
async fn closing_is_answered_with_a_signed_204_however_often() {
    let door = WechatShop::open().await;
    let target = |number: &str| format!("/v3/pay/transactions/out-trade-no/{number}/close");
    let close = |number: &str| door.ask(door.post(&target(number), &json!({ "mchid": MCHID })));
    door.native("order-1").await;
    for _ in 0..2 {
        let reply = close("order-1").await;
        assert_eq!((reply.status, reply.body.len()), (204, 0));
        assert!(!reply.headers.contains_key("content-type"));
    }
    assert_eq!(door.query("order-1").await.text("/trade_state"), "CLOSED");
    door.ask(door.post("/v3/pay/transactions/native", &new_order("order-1"))).await.denied(
        400,
        "ORDER_CLOSED",
        268_447_914,
    );
    close("order-0").await.denied(404, "ORDER_NOT_EXIST", 268_512_771);
    door.paid("order-2").await;
    close("order-2").await.denied(400, "ORDER_PAID", 268_449_538);
    let code = door.native("order-3").await;
    let body = json!({ "payer": door.shop.payer.to_string(), "code": code, "method": "sandbox_bank" });
    door.send(Call::post("/sandbox/phone/pay", &body)).await;
    close("order-3").await.denied(400, "USERPAYING", 268_435_456);
    let other = door.post(&target("order-3"), &json!({ "mchid": "1900000009" }));
    door.ask(other).await.denied(400, "PARAM_ERROR", 268_435_461);
}

#[tokio::test]
async fn an_order_number_may_hold_what_urls_escape() {
    let door = WechatShop::open().await;
    door.native("AB|C*D_E-F").await;
    let raw = format!("/v3/pay/transactions/out-trade-no/AB|C*D_E-F?mchid={MCHID}");
    let escaped = raw.replace('|', "%7C");
    for (sent, signed) in [(&raw, &raw), (&escaped, &escaped), (&escaped, &raw)] {
        let authorization = door.client.authorization(door.engine(), "GET", signed, b"");
        let call = door.get(sent).header("authorization", authorization);
        assert_eq!(door.ask(call).await.text("/out_trade_no"), "AB|C*D_E-F", "{sent} signed as {signed}");
    }
    let authorization = door.client.authorization(door.engine(), "GET", &escaped, b"");
    door.ask(door.get(&raw).header("authorization", authorization)).await.denied(
        401,
        "SIGN_ERROR",
        268_443_699,
    );
}

#[tokio::test]
async fn an_order_is_found_by_its_own_merchant_only() {
    let door = WechatShop::open().await;
    let stranger = door.stranger().await;
    door.paid("order-1").await;
    let transaction_id = door.query("order-1").await.text("/transaction_id");
    let engine = door.engine();
    for path in ["out-trade-no/order-1".to_owned(), format!("id/{transaction_id}")] {
        let own = format!("/v3/pay/transactions/{path}?mchid={}", stranger.mchid);
        let reply = door.send(stranger.signed(engine, "GET", &own, b"")).await;
        reply.denied(404, "ORDER_NOT_EXIST", 268_512_771);
        let foreign = format!("/v3/pay/transactions/{path}?mchid={MCHID}");
        let reply = door.send(stranger.signed(engine, "GET", &foreign, b"")).await;
        reply.denied(400, "PARAM_ERROR", 268_435_461);
    }
    for query in ["", "?mchid=", "?mchid=1&mchid=2", &format!("?mchid={MCHID}&x=1")] {
        let target = format!("/v3/pay/transactions/out-trade-no/order-1{query}");
        assert_eq!(door.ask(door.get(&target)).await.status, 400, "{query}");
    }
    // An order that was not paid has no transaction id yet.
    door.native("order-2").await;
    let token = door.shop.engine.store.find::<tongbao_core::payment::Payment>(tongbao_core::Key::OrderNo(
        door.engine().wechat_merchant(MCHID).unwrap().unwrap().record.merchant,
        "order-2".to_owned(),
    ));
    let hidden = token.unwrap().unwrap().wechat.unwrap().transaction_id;
    let target = format!("/v3/pay/transactions/id/{hidden}?mchid={MCHID}");
    door.ask(door.get(&target)).await.denied(404, "ORDER_NOT_EXIST", 268_512_771);
}

fn new_refund(out_trade_no: &str, out_refund_no: &str, part: i64) -> Value {
    let amount = json!({ "refund": part, "total": 100, "currency": "CNY" });
    json!({ "out_trade_no": out_trade_no, "out_refund_no": out_refund_no, "amount": amount })
}

const REFUNDS: &str = "/v3/refund/domestic/refunds";

#[tokio::test]
async fn a_refund_is_made_once_and_found() {
    let door = WechatShop::open().await;
    door.paid("order-1").await;
    let mut body = new_refund("order-1", "R@1", 40);
    body["reason"] = json!("凉了");
    let made = door.ask(door.post(REFUNDS, &body)).await.json();
    assert_eq!((&made["status"], &made["channel"]), (&json!("SUCCESS"), &json!("ORIGINAL")));
    assert_eq!((&made["amount"]["refund"], &made["amount"]["total"]), (&json!(40), &json!(100)));
    assert_eq!(made["refund_id"].as_str().unwrap().len(), 29);
    let state = door.query("order-1").await;
    assert_eq!(state.text("/trade_state"), "REFUND");
    assert_eq!(made["transaction_id"], state.text("/transaction_id"));
    assert_eq!(door.ask(door.post(REFUNDS, &body)).await.json(), made, "asked again");
    assert_eq!(door.ask(door.get(&format!("{REFUNDS}/R%401"))).await.json(), made);

    let other = new_refund("order-1", "R@1", 41);
    door.ask(door.post(REFUNDS, &other)).await.denied(400, "INVALID_REQUEST", 268_498_688);
    let more = new_refund("order-1", "R2", 61);
    let reply = door.ask(door.post(REFUNDS, &more)).await;
    assert_eq!((reply.status, reply.text("/message").as_str()), (400, "申请退款金额超过订单可退金额"));
    let mut rest = new_refund("order-1", "R3", 60);
    rest["transaction_id"] = made["transaction_id"].clone();
    rest["out_trade_no"] = json!("other-order");
    assert_eq!(door.ask(door.post(REFUNDS, &rest)).await.status, 200, "the platform's number wins");
    let reply = door.ask(door.post(REFUNDS, &new_refund("order-1", "R4", 1))).await;
    assert_eq!((reply.status, reply.text("/message").as_str()), (400, "订单已全额退款"));
}

#[tokio::test]
async fn a_refund_that_cannot_be_says_why() {
    let door = WechatShop::open().await;
    door.paid("order-1").await;
    door.native("order-2").await;
    let with = |fields: Value| {
        let mut body = new_refund("order-1", "R1", 40);
        for (name, value) in fields.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    let from = json!([{ "account": "AVAILABLE", "amount": 1 }]);
    let amount = |refund: i64, total: i64| json!({ "amount": { "refund": refund, "total": total, "currency": "CNY" } });
    for (body, status, code) in [
        (new_refund("order-0", "R1", 1), 404, "RESOURCE_NOT_EXISTS"),
        (new_refund("order-2", "R1", 1), 404, "RESOURCE_NOT_EXISTS"),
        (with(amount(1, 99)), 400, "INVALID_REQUEST"),
        (with(amount(0, 100)), 400, "PARAM_ERROR"),
        (with(json!({ "amount": { "refund": 1, "total": 100 } })), 400, "PARAM_ERROR"),
        (
            with(json!({ "amount": { "refund": 2, "total": 100, "currency": "CNY", "from": from } })),
            400,
            "PARAM_ERROR",
        ),
        (with(json!({ "out_refund_no": "R 1" })), 400, "PARAM_ERROR"),
        (with(json!({ "reason": "茶".repeat(81) })), 400, "PARAM_ERROR"),
        (with(json!({ "funds_account": "POCKET" })), 400, "PARAM_ERROR"),
        (with(json!({ "sub_mchid": "1" })), 400, "PARAM_ERROR"),
        (with(json!({ "notify_url": "ftp://shop.example.com" })), 400, "PARAM_ERROR"),
    ] {
        let reply = door.ask(door.post(REFUNDS, &body)).await;
        assert_eq!((reply.status, reply.text("/code").as_str()), (status, code), "{body}");
    }
    door.ask(door.get(&format!("{REFUNDS}/R1"))).await.denied(404, "RESOURCE_NOT_EXISTS", 268_435_456);
}

#[tokio::test]
async fn certificates_come_sealed_and_the_first_of_them_has_signed_the_answer() {
    let mut door = WechatShop::open().await;
    let reply = door.ask(door.get("/v3/certificates?algorithm_type=RSA")).await;
    let list: CertificateList = serde_json::from_slice(&reply.body).unwrap();
    let [listed] = list.data.as_slice() else { panic!("{} came", list.data.len()) };
    let opened = listed.open(&door.client.api_v3_key).unwrap().unwrap();
    assert_eq!(reply.headers["wechatpay-serial"], opened.serial().to_string());
    assert_eq!(listed.encrypt_certificate.associated_data, "certificate");
    for (target, status) in [("?algorithm_type=SM2", 404), ("?algorithm_type=X", 400), ("?x=1", 400)] {
        assert_eq!(door.ask(door.get(&format!("/v3/certificates{target}"))).await.status, status, "{target}");
    }
    door.set_key_mode(KeyMode::PublicKey).await;
    door.client.verify = Verify::PublicKey;
    door.ask(door.get("/v3/certificates")).await.denied(404, "RESOURCE_NOT_EXISTS", 268_435_456);
}

#[tokio::test]
async fn the_answering_key_is_chosen_by_the_request_and_by_what_the_merchant_may_use() {
    let mut door = WechatShop::open().await;
    // Whether the merchant asks for the public key, what it may use, and which key signs.
    for (asks, mode, signs) in [
        (Verify::Certificates, KeyMode::Both, Verify::Certificates),
        (Verify::PublicKey, KeyMode::Both, Verify::PublicKey),
        (Verify::Certificates, KeyMode::PublicKey, Verify::PublicKey),
        (Verify::PublicKey, KeyMode::Certificates, Verify::Certificates),
    ] {
        door.set_key_mode(mode).await;
        door.client.verify = asks;
        let call = door.post("/v3/pay/transactions/native", &new_order("order-1"));
        door.client.verify = signs;
        assert_eq!(door.ask(call).await.status, 200, "{asks:?} {mode:?}");
    }
}

#[tokio::test]
async fn what_is_documented_and_not_served_is_refused_and_what_is_neither_is_a_page() {
    let door = WechatShop::open().await;
    for (method, target) in [
        ("GET", "/v3/bill/sub-merchant-fundflowbill?bill_date=2026-01-02"),
        ("POST", "/v3/pay/partner/transactions/native"),
        ("POST", "/v3/refund/domestic/refunds/1/apply-abnormal-refund"),
        ("GET", "/v3/profitsharing/merchant-configs/1900000009"),
        ("POST", "/v3/fund-app/mch-transfer/elecsign/out-bill-no"),
        ("POST", "/v3/transfer/bill-receipt"),
        ("POST", "/v3/transfer-detail/electronic-receipts"),
        ("POST", "/v3/merchant-service/images/upload"),
    ] {
        let call = door.client.signed(door.engine(), method, target, b"");
        door.ask(call).await.denied(403, "NO_AUTH", 268_435_456);
        let unsigned = Call::new(method, target).header("accept", "*/*").header("user-agent", "test");
        door.ask(unsigned).await.denied(401, "SIGN_ERROR", 268_443_699);
    }
    for target in ["/v3/nothing", "/v3/pay/transactions", "/v3/pay/transactions/native/more"] {
        let page = door.send(door.get(target)).await;
        assert_eq!(
            (page.status, &page.headers["content-type"]),
            (404, &"text/html; charset=utf-8".parse().unwrap())
        );
        assert!(!page.headers.contains_key("wechatpay-signature"), "{target}");
    }
    let wrong = door.client.signed(door.engine(), "PUT", "/v3/pay/transactions/native", b"");
    door.ask(wrong).await.denied(405, "INVALID_REQUEST", 268_435_456);
}

#[tokio::test]
async fn a_merchant_without_a_shared_key_gets_no_certificates() {
    let door = WechatShop::open().await;
    door.identity(|facts, _| {
        let now = identities::known(facts, MCHID)?.clone();
        let mut change = tongbao_core::ChangeSet::default();
        change.put(tongbao_core::wechat::WechatMerchant {
            version: now.version + 1,
            api_v3_key: None,
            ..now
        });
        Ok(change)
    })
    .await;
    door.ask(door.get("/v3/certificates")).await.denied(400, "INVALID_REQUEST", 268_435_456);
    // Orders need no such key.
    door.native("order-1").await;
}
