//! Code payment at the WeChat Pay door, with codes from the sandbox's phone.

use serde_json::{Value, json};
use tongbao_core::payer::usage::OwnLimits;
use tongbao_money::Amount;

use crate::api_shop::{Call, Reply};
use crate::wechat_shop::{APPID, MCHID, OTHER_MCHID, WechatShop};

const CODEPAY: &str = "/v3/pay/transactions/codepay";

fn scan_body(number: &str, total: i64, code: &str) -> Value {
    json!({
        "appid": APPID,
        "mchid": MCHID,
        "description": "一壶茶",
        "out_trade_no": number,
        "attach": "桌号 7",
        "payer": { "auth_code": code },
        "amount": { "total": total, "currency": "CNY" },
        "scene_info": { "device_id": "POS-1", "device_ip": "14.17.22.32", "store_info": { "id": "0001" } },
    })
}

impl WechatShop {
    async fn show_code(&self) -> Reply {
        let body = json!({ "payer": self.shop.payer.to_string() });
        self.send(Call::post("/sandbox/phone/payment-code", &body)).await
    }

    async fn code(&self) -> String {
        let shown = self.show_code().await;
        assert_eq!(shown.status, 200, "{shown:?}");
        shown.text("/payment_code")
    }

    async fn scan(&self, body: &Value) -> Reply {
        self.ask(self.post(CODEPAY, body)).await
    }

    async fn reverse(&self, number: &str) -> Reply {
        let target = format!("/v3/pay/transactions/out-trade-no/{number}/reverse");
        self.ask(self.post(&target, &json!({ "appid": APPID, "mchid": MCHID }))).await
    }
}

#[tokio::test]
async fn the_phone_shows_a_code_that_a_shop_scans_once() {
    let door = WechatShop::open().await;
    let shown = door.show_code().await.json();
    let code = shown["payment_code"].as_str().unwrap().to_owned();
    assert!(code.len() == 18 && ("10".."16").contains(&&code[..2]), "{code}");
    assert_eq!(door.show_code().await.json(), shown, "until it is used, or its minute is over");
    let body = scan_body("order-1", 100, &code);
    let reply = door.scan(&body).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let paid = reply.json();
    for (field, value) in [
        ("trade_state", "SUCCESS"),
        ("trade_type", "MICROPAY"),
        ("trade_state_desc", "支付成功"),
        ("bank_type", "OTHERS"),
        ("attach", "桌号 7"),
        ("out_trade_no", "order-1"),
    ] {
        assert_eq!(paid[field], value, "{field}");
    }
    assert_eq!(paid["payer"]["openid"], door.openid());
    assert_eq!(paid["amount"]["payer_total"], 100);
    assert_eq!(paid["scene_info"]["device_id"], "POS-1");
    assert_eq!(door.query("order-1").await.json(), paid);
    assert_eq!(door.scan(&body).await.json(), paid, "the same again");
    assert_ne!(door.code().await, code, "the phone shows another");
    let reply = door.scan(&scan_body("order-2", 1, &code)).await;
    reply.denied(400, "INVALID_REQUEST", 268_435_456);
    assert_eq!(reply.text("/message"), "付款码已使用，请用户刷新后重新扫码");
    door.query("order-2").await.denied(404, "ORDER_NOT_EXIST", 268_512_771);
    let close = door.post("/v3/pay/transactions/out-trade-no/order-1/close", &json!({ "mchid": MCHID }));
    door.ask(close).await.denied(400, "INVALID_REQUEST", 268_449_641);
    // Nobody is notified.
    assert_eq!(door.worker().run_once().await.unwrap(), 0);
}

#[tokio::test]
async fn a_code_lives_for_two_minutes_at_most() {
    let door = WechatShop::open().await;
    let (first, begun) = (door.code().await, door.engine().now());
    door.engine().clock.set_ahead_s(60);
    let second = door.code().await;
    assert_ne!(first, second);
    assert!(door.engine().now().since_ms(begun) < 120_000);
    door.engine().clock.set_ahead_s(180);
    let reply = door.scan(&scan_body("order-1", 1, &first)).await;
    reply.denied(400, "INVALID_REQUEST", 268_435_456);
    assert_eq!(reply.text("/message"), "付款码已过期，请用户刷新后重新扫码");
    let reply = door.scan(&scan_body("order-1", 1, "134567890123456789")).await;
    reply.denied(400, "INVALID_REQUEST", 268_435_456);
    assert_eq!(reply.text("/message"), "付款码无效，请用户刷新后重新扫码");
    door.query("order-1").await.denied(404, "ORDER_NOT_EXIST", 268_512_771);
}

#[tokio::test]
async fn above_a_thousand_yuan_the_payer_finishes_on_the_phone() {
    let door = WechatShop::open().await;
    let code = door.code().await;
    let body = scan_body("dear-1", 100_001, &code);
    let waits = door.scan(&body).await.json();
    assert_eq!((&waits["trade_state"], &waits["trade_type"]), (&json!("USERPAYING"), &json!("MICROPAY")));
    assert_eq!(door.query("dear-1").await.json(), waits);
    assert_eq!(door.scan(&body).await.json(), waits);
    let other = door.code().await;
    door.scan(&scan_body("dear-1", 100_001, &other)).await.denied(400, "USERPAYING", 268_435_456);
    // An attempt that fails leaves the rest of the time to the payer.
    let fault = json!({ "fault": "insufficient_balance" });
    assert!(door.send(Call::post("/sandbox/faults", &fault)).await.is_success());
    let tried = door.pay(&code).await.json();
    assert_eq!(
        (&tried["paid"], &tried["payment"]["last_failure"]["code"]),
        (&json!(false), &json!("insufficient_balance"))
    );
    assert_eq!(door.query("dear-1").await.text("/trade_state"), "USERPAYING");
    let bank = json!({ "payer": door.shop.payer.to_string(), "code": code, "method": "sandbox_bank" });
    assert_eq!(door.send(Call::post("/sandbox/phone/pay", &bank)).await.status, 200);
    assert_eq!(door.query("dear-1").await.text("/trade_state"), "USERPAYING");
    door.reverse("dear-1").await.denied(400, "USERPAYING", 268_435_456);
    door.worker().run_once().await.unwrap();
    assert_eq!(door.query("dear-1").await.text("/trade_state"), "SUCCESS");
    assert_eq!(door.scan(&body).await.text("/trade_state"), "SUCCESS");
}

#[tokio::test]
async fn a_payer_who_does_not_finish_has_not_paid() {
    let door = WechatShop::open().await;
    let code = door.code().await;
    let body = scan_body("dear-1", 100_001, &code);
    assert_eq!(door.scan(&body).await.text("/trade_state"), "USERPAYING");
    door.engine().clock.set_ahead_s(301);
    assert_eq!(door.scan(&body).await.text("/trade_state"), "PAYERROR");
    assert_eq!(door.pay(&code).await.text("/code"), "payment_expired");
    let next = door.code().await;
    assert_eq!(door.scan(&scan_body("dear-1", 100_001, &next)).await.text("/trade_state"), "USERPAYING");
    let reversed = door.reverse("dear-1").await;
    assert_eq!(reversed.json(), json!({ "appid": APPID, "mchid": MCHID, "out_trade_no": "dear-1" }));
    assert_eq!(door.query("dear-1").await.text("/trade_state"), "REVOKED");
    assert_eq!(door.pay(&next).await.text("/code"), "payment_closed");
    door.scan(&scan_body("dear-1", 100_001, &next)).await.denied(400, "ORDER_CLOSED", 268_447_914);
}

#[tokio::test]
async fn not_enough_money_is_said_and_another_code_tries_again() {
    let door = WechatShop::open().await;
    let code = door.code().await;
    let fault = json!({ "fault": "insufficient_balance" });
    assert!(door.send(Call::post("/sandbox/faults", &fault)).await.is_success());
    let body = scan_body("order-1", 100, &code);
    door.scan(&body).await.denied(403, "NOT_ENOUGH", 268_435_456);
    door.scan(&body).await.denied(403, "NOT_ENOUGH", 268_435_456);
    assert_eq!(door.query("order-1").await.text("/trade_state"), "PAYERROR");
    let next = door.code().await;
    assert_eq!(door.scan(&scan_body("order-1", 100, &next)).await.text("/trade_state"), "SUCCESS");
    let more = door.code().await;
    door.scan(&scan_body("order-1", 100, &more)).await.denied(400, "INVALID_REQUEST", 268_498_689);
    let fault = json!({ "fault": "declined" });
    assert!(door.send(Call::post("/sandbox/faults", &fault)).await.is_success());
    assert_eq!(door.scan(&scan_body("order-2", 100, &more)).await.text("/trade_state"), "PAYERROR");
    let fault = json!({ "fault": "result_late" });
    assert!(door.send(Call::post("/sandbox/faults", &fault)).await.is_success());
    let late = door.code().await;
    assert_eq!(door.scan(&scan_body("order-3", 100, &late)).await.text("/trade_state"), "USERPAYING");
}

#[tokio::test]
async fn reversing_gives_the_money_back() {
    let door = WechatShop::open().await;
    let code = door.code().await;
    assert_eq!(door.scan(&scan_body("order-1", 100, &code)).await.text("/trade_state"), "SUCCESS");
    for _ in 0..2 {
        let reversed = door.reverse("order-1").await;
        assert_eq!((reversed.status, reversed.text("/out_trade_no").as_str()), (200, "order-1"));
    }
    assert_eq!(door.query("order-1").await.text("/trade_state"), "REVOKED");
    let refunds = door.shop.list("/v1/refunds").await;
    assert_eq!(
        (refunds.len(), &refunds[0]["amount"], &refunds[0]["status"]),
        (1, &json!(100), &json!("succeeded"))
    );
    door.reverse("order-9").await.denied(404, "ORDER_NOT_EXIST", 268_512_771);
    door.native("order-2").await;
    door.reverse("order-2").await.denied(400, "INVALID_REQUEST", 268_435_456);
    let code = door.code().await;
    door.scan(&scan_body("order-2", 100, &code)).await.denied(403, "OUT_TRADE_NO_USED", 268_435_456);
    let target = "/v3/pay/transactions/out-trade-no/order-1/reverse";
    let other = door.ask(door.post(target, &json!({ "appid": "wx9", "mchid": MCHID }))).await;
    other.denied(400, "APPID_MCHID_NOT_MATCH", 268_445_527);
    for body in [json!({}), json!({ "mchid": MCHID }), json!({ "appid": APPID, "mchid": OTHER_MCHID })] {
        let reply = door.ask(door.post(target, &body)).await;
        assert_eq!((reply.status, reply.text("/code").as_str()), (400, "PARAM_ERROR"), "{body}");
    }
}

#[tokio::test]
async fn a_scan_that_is_wrong_names_the_field_and_uses_no_code() {
    let door = WechatShop::open().await;
    let code = door.code().await;
    for (pointer, value, field) in [
        ("/payer", json!(null), "/payer"),
        ("/payer/auth_code", json!("12"), "/payer/auth_code"),
        ("/payer/auth_code", json!("１３４５６７８９０１２３４５６７８９"), "/payer/auth_code"),
        ("/payer/auth_code", json!("284567890123456789"), "/payer/auth_code"),
        ("/payer/auth_code", json!("1345678901234567' OR 1=1"), "/payer/auth_code"),
        ("/payer/openid", json!("o"), "/payer/openid"),
        ("/amount/total", json!(0), "/amount/total"),
        ("/amount/total", json!(-1), "/amount/total"),
        ("/amount/currency", json!("USD"), "/amount/currency"),
        ("/scene_info", json!(null), "/scene_info"),
        ("/scene_info/store_info", json!(null), "/scene_info/store_info"),
        ("/scene_info/store_info", json!({}), "/scene_info/store_info"),
        ("/scene_info/store_info/id", json!("shop-1"), "/scene_info/store_info/id"),
        ("/scene_info/payer_client_ip", json!("1.2.3.4"), "/scene_info/payer_client_ip"),
        ("/out_trade_no", json!("short"), "/out_trade_no"),
        ("/notify_url", json!("https://shop.example.com/notify"), "/notify_url"),
        ("/time_expire", json!("2030-01-01T00:00:00+08:00"), "/time_expire"),
        ("/detail", json!({ "goods_detail": [] }), "/detail/goods_detail"),
    ] {
        let mut body = scan_body("order-1", 100, &code);
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        if value.is_null() {
            parent.remove(name);
        } else {
            parent.insert(name.to_owned(), value);
        }
        let reply = door.scan(&body).await;
        assert_eq!(
            (reply.status, reply.text("/code").as_str()),
            (400, "PARAM_ERROR"),
            "{pointer}: {reply:?}"
        );
        assert_eq!(reply.text("/detail/field"), field, "{pointer}");
        assert!(!String::from_utf8_lossy(&reply.body).contains(&code), "the digits are not told again");
    }
    let mut goods = scan_body("order-1", 100, &code);
    let line = json!({ "merchant_goods_id": "1", "wxpay_goods_id": "2", "goods_name": "茶",
        "quantity": 1, "unit_price": 100 });
    goods["detail"] = json!({ "cost_price": 100, "goods_detail": [line] });
    assert_eq!(door.scan(&goods).await.text("/trade_state"), "SUCCESS", "the code was not used up");
    let nobody = json!({ "payer": "pyr_00000000000000000000000000" });
    let reply = door.send(Call::post("/sandbox/phone/payment-code", &nobody)).await;
    assert_eq!(reply.status, 404, "{reply:?}");
    let junk = json!({ "payer": "?" });
    assert_eq!(door.send(Call::post("/sandbox/phone/payment-code", &junk)).await.status, 400);
}

#[tokio::test]
async fn many_scans_of_one_code_pay_one_order() {
    let door = WechatShop::open().await;
    let code = door.code().await;
    let scans = (0..8).map(|at| {
        let body = scan_body(&format!("order-{at}"), 100, &code);
        door.ask(door.post(CODEPAY, &body))
    });
    let replies = futures_join(scans).await;
    let paid = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(paid, 1, "{replies:?}");
    assert!(replies.iter().all(|reply| matches!(reply.status, 200 | 400)));
}

/// All of these at once.
async fn futures_join<F: Future<Output = Reply>>(futures: impl Iterator<Item = F>) -> Vec<Reply> {
    let mut pending: Vec<_> = futures.map(Box::pin).collect();
    let mut done: Vec<Reply> = Vec::new();
    std::future::poll_fn(|cx| {
        pending.retain_mut(|future| match future.as_mut().poll(cx) {
            std::task::Poll::Ready(reply) => {
                done.push(reply);
                false
            }
            std::task::Poll::Pending => true,
        });
        if pending.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done
}

#[tokio::test]
async fn a_payer_who_froze_its_account_after_the_code_was_shown_pays_nothing_and_the_shop_is_told_so() {
    let door = WechatShop::open().await;
    let (code, payer) = (door.code().await, door.shop.payer);
    door.engine().freeze_own(payer).await.unwrap();
    let reply = door.scan(&scan_body("order-1", 1, &code)).await;
    reply.denied(403, "ACCOUNT_ERROR", 268_435_456);
    assert_eq!(reply.text("/message"), "用户账户异常，请换一种付款方式");
    door.query("order-1").await.denied(404, "ORDER_NOT_EXIST", 268_512_771);
    // Nor is another code shown.
    door.show_code().await.refused(403, "payer_frozen", "");
}

#[tokio::test]
async fn a_limit_of_the_payer_s_own_is_told_to_the_shop_as_a_rule() {
    let door = WechatShop::open().await;
    let (code, payer) = (door.code().await, door.shop.payer);
    let own = OwnLimits { per_payment: Amount::new(100), ..OwnLimits::default() };
    door.engine().set_own_limits(payer, own, None).await.unwrap();
    let reply = door.scan(&scan_body("order-1", 101, &code)).await;
    reply.denied(403, "RULE_LIMIT", 268_435_456);
    door.query("order-1").await.denied(404, "ORDER_NOT_EXIST", 268_512_771);
    assert_eq!(door.scan(&scan_body("order-1", 100, &code)).await.status, 200);
}
