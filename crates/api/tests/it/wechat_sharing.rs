//! Profit sharing over the door: receivers, shares, unfreezing, returns, refunds, and who is told.

use serde_json::{Value, json};
use tongbao_channel::wechat::sensitive::{DecryptingKey, EncryptingKey};
use tongbao_channel::wechat::serial::KeyName;

use crate::api_shop::{Call, Reply};
use crate::wechat_notices::Receiver;
use crate::wechat_shop::{APPID, Client, OTHER_MCHID, WechatShop, order_with};

const ADD: &str = "/v3/profitsharing/receivers/add";
const DELETE: &str = "/v3/profitsharing/receivers/delete";
const ORDERS: &str = "/v3/profitsharing/orders";
const UNFREEZE: &str = "/v3/profitsharing/orders/unfreeze";
const RETURNS: &str = "/v3/profitsharing/return-orders";
const INVALID: u32 = 268_435_461;
const EXTRA: u32 = 270_924_358;
const UNDOCUMENTED: u32 = 268_435_456;
const REENTRY_DIFFERS: u32 = 268_498_688;

struct Stall {
    door: WechatShop,
    /// Another merchant, which receives.
    other: Client,
    ahead_s: i64,
}

impl Stall {
    /// Two receivers, and no order yet.
    async fn open() -> Stall {
        let door = WechatShop::open().await;
        let other = door.stranger().await;
        let stall = Stall { door, other, ahead_s: 0 };
        assert_eq!(stall.add(&stall.merchant_receiver()).await.status, 200);
        assert_eq!(stall.add(&stall.person_receiver()).await.status, 200);
        stall
    }

    fn encrypted(&self, name: &str) -> (KeyName, Value) {
        let (named, key) = self.door.client.platform_key();
        (named, json!(EncryptingKey::new(&key).encrypt(name).unwrap()))
    }

    /// Sends a body with names in it: the request says for which key they were encrypted.
    async fn post(&self, target: &str, body: &Value) -> Reply {
        let (named, _) = self.encrypted("x");
        self.door.ask(self.door.post(target, body).header("wechatpay-serial", named.to_string())).await
    }

    async fn add(&self, body: &Value) -> Reply {
        self.post(ADD, body).await
    }

    fn merchant_receiver(&self) -> Value {
        json!({
            "appid": APPID, "type": "MERCHANT_ID", "account": OTHER_MCHID,
            "name": self.encrypted("茶叶供应商").1, "relation_type": "SUPPLIER",
        })
    }

    fn person_receiver(&self) -> Value {
        json!({
            "appid": APPID, "type": "PERSONAL_OPENID", "account": self.door.openid(),
            "relation_type": "CUSTOM", "custom_relation": "房东",
        })
    }

    /// An order of 1,000 fen, paid more than a minute ago; its transaction id.
    async fn paid(&mut self, number: &str, profit_sharing: bool) -> String {
        let fields = json!({
            "amount": { "total": 1_000 }, "settle_info": { "profit_sharing": profit_sharing },
        });
        let order = order_with(number, &fields);
        let placed = self.door.ask(self.door.post("/v3/pay/transactions/native", &order)).await;
        assert_eq!(self.door.pay(&placed.text("/code_url")).await.json()["paid"], true);
        self.wait(61);
        self.door.query(number).await.text("/transaction_id")
    }

    fn wait(&mut self, seconds: i64) {
        self.ahead_s += seconds;
        self.door.shop.engine.clock.set_ahead_s(self.ahead_s);
    }

    fn order(&self, transaction: &str, number: &str, finish: bool) -> Value {
        json!({
            "appid": APPID, "transaction_id": transaction, "out_order_no": number,
            "receivers": [
                { "type": "MERCHANT_ID", "account": OTHER_MCHID, "amount": 200, "description": "茶叶" },
                {
                    "type": "PERSONAL_OPENID", "account": self.door.openid(), "amount": 50,
                    "description": "房租",
                },
            ],
            "unfreeze_unsplit": finish,
        })
    }

    async fn unsplit(&self, transaction: &str) -> Value {
        let target = format!("/v3/profitsharing/transactions/{transaction}/amounts");
        let answer = self.door.ask(self.door.get(&target)).await.json();
        assert_eq!(answer["transaction_id"], transaction);
        answer["unsplit_amount"].clone()
    }

    /// What the native door says the shop has: pending, and frozen.
    async fn balance(&self) -> (i64, i64) {
        let row = self.door.shop.list("/v1/balance").await.remove(0);
        (row["pending"].as_i64().unwrap(), row["frozen"].as_i64().unwrap())
    }

    async fn query(&self, number: &str, transaction: &str) -> Reply {
        self.door.ask(self.door.get(&format!("{ORDERS}/{number}?transaction_id={transaction}"))).await
    }
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

#[tokio::test]
async fn an_order_is_shared_and_the_rest_unfrozen() {
    let mut stall = Stall::open().await;
    let transaction = stall.paid("order-1", true).await;
    assert_eq!((stall.balance().await, stall.unsplit(&transaction).await), ((0, 994), json!(994)));
    let body = stall.order(&transaction, "P-1_|*@", false);
    let made = stall.post(ORDERS, &body).await.json();
    assert_eq!((&made["state"], &made["transaction_id"]), (&json!("FINISHED"), &json!(transaction)));
    assert_eq!(made["order_id"].as_str().unwrap().len(), 28);
    let first = &made["receivers"][0];
    for (field, value) in [
        ("amount", json!(200)),
        ("description", json!("茶叶")),
        ("type", json!("MERCHANT_ID")),
        ("account", json!(OTHER_MCHID)),
        ("result", json!("SUCCESS")),
    ] {
        assert_eq!(first[field], value, "{field}");
    }
    assert!(
        first["detail_id"].is_string()
            && first["create_time"].is_string()
            && first["finish_time"].is_string()
    );
    assert_ne!(first["detail_id"], made["receivers"][1]["detail_id"]);
    assert_eq!((stall.balance().await, stall.unsplit(&transaction).await), ((0, 744), json!(744)));
    assert_eq!(stall.post(ORDERS, &body).await.json(), made, "asked twice, done once");
    let found = stall.query("P-1_|*@", &transaction).await.json();
    assert_eq!(found, made);
    let other = with(body, "/unfreeze_unsplit", json!(true));
    stall.post(ORDERS, &other).await.denied(400, "INVALID_REQUEST", REENTRY_DIFFERS);

    let unfreeze =
        json!({ "transaction_id": transaction, "out_order_no": "U1", "description": "解冻全部剩余资金" });
    let done = stall.door.ask(stall.door.post(UNFREEZE, &unfreeze)).await.json();
    assert_eq!(done["receivers"][0]["amount"], 744);
    assert_eq!(done["receivers"][0]["description"], "解冻全部剩余资金");
    assert_eq!(
        stall.door.ask(stall.door.post(UNFREEZE, &unfreeze)).await.json(),
        done,
        "asked twice, done once"
    );
    assert_eq!((stall.balance().await, stall.unsplit(&transaction).await), ((744, 0), json!(0)));
    let again = with(unfreeze, "/out_order_no", json!("U2"));
    let reply = stall.door.ask(stall.door.post(UNFREEZE, &again)).await;
    reply.denied(400, "INVALID_REQUEST", UNDOCUMENTED);
    assert_eq!(reply.text("/message"), "订单已完结分账，不支持分账");
}

#[tokio::test]
async fn a_request_that_breaks_a_rule_moves_nothing() {
    let mut stall = Stall::open().await;
    let plain = stall.paid("order-1", false).await;
    let transaction = stall.paid("order-2", true).await;
    let good = stall.order(&transaction, "P1", false);
    let check = async |body: Value, status: u16, code: &str, text: &str| {
        let reply = stall.post(ORDERS, &body).await;
        reply.denied(status, code, UNDOCUMENTED);
        assert_eq!(reply.text("/message"), text);
    };
    check(stall.order(&plain, "P1", false), 400, "INVALID_REQUEST", "非分账订单不支持分账").await;
    check(stall.order("4200", "P1", false), 404, "RESOURCE_NOT_EXISTS", "订单不存在").await;
    let above = with(good.clone(), "/receivers/0/amount", json!(251));
    check(above, 403, "RULE_LIMIT", "分账金额超出最大分账比例").await;
    let stranger = with(good.clone(), "/receivers/0/account", json!("1900000009"));
    check(stranger, 400, "INVALID_REQUEST", "分账接收方关系不存在").await;
    let named = with(good.clone(), "/receivers/0/name", stall.encrypted("别的名字").1);
    check(named, 400, "INVALID_REQUEST", "微信用户姓名与实名不一致").await;
    let foreign = with(good.clone(), "/receivers/1/account", json!("o123"));
    check(foreign, 400, "INVALID_REQUEST", "appid与openid不匹配").await;
    for (pointer, value, number) in [
        ("/out_order_no", json!("P 1"), INVALID),
        ("/out_order_no", json!("P".repeat(65)), INVALID),
        ("/transaction_id", json!("4".repeat(33)), INVALID),
        ("/receivers", json!([]), INVALID),
        ("/receivers", json!(vec![good["receivers"][0].clone(); 51]), INVALID),
        ("/receivers", json!(vec![good["receivers"][0].clone(); 2]), INVALID),
        ("/receivers", Value::Null, INVALID),
        ("/receivers/0/amount", json!(0), 268_435_464),
        ("/receivers/0/amount", json!(-1), 268_435_464),
        ("/receivers/0/amount", json!(i64::MAX), 268_435_464),
        ("/receivers/0/amount", json!(1.5), INVALID),
        ("/receivers/0/description", json!("茶".repeat(81)), INVALID),
        ("/receivers/0/account", json!("1".repeat(65)), INVALID),
        ("/receivers/0/type", json!("PERSONAL_SUB_OPENID"), INVALID),
        ("/receivers/0/name", json!("not encrypted"), INVALID),
        ("/receivers/0/sub_mchid", json!("1"), EXTRA),
        ("/unfreeze_unsplit", json!("true"), INVALID),
        ("/unfreeze_unsplit", Value::Null, INVALID),
        ("/sub_mchid", json!("1"), EXTRA),
    ] {
        let reply = stall.post(ORDERS, &with(good.clone(), pointer, value.clone())).await;
        assert_eq!(reply.status, 400, "{pointer} {value}: {reply:?}");
        reply.denied(400, "PARAM_ERROR", number);
    }
    let unbound = with(good.clone(), "/appid", json!("wx0000000000000009"));
    stall.post(ORDERS, &unbound).await.denied(400, "APPID_MCHID_NOT_MATCH", 268_445_527);
    assert_eq!(stall.balance().await, (994, 994));
    stall.query("P1", &transaction).await.denied(404, "RESOURCE_NOT_EXISTS", UNDOCUMENTED);
    assert_eq!(stall.post(ORDERS, &good).await.status, 200);
    stall.query("P1", &plain).await.denied(404, "RESOURCE_NOT_EXISTS", UNDOCUMENTED);
    stall.door.ask(stall.door.get(&format!("{ORDERS}/P1"))).await.denied(400, "PARAM_ERROR", INVALID);
    let target = format!("{ORDERS}/P1?transaction_id={transaction}");
    let reply = stall.door.send(stall.other.signed(stall.door.engine(), "GET", &target, b"")).await;
    reply.denied(404, "RESOURCE_NOT_EXISTS", UNDOCUMENTED);
    let target = format!("/v3/profitsharing/transactions/{plain}/amounts");
    stall.door.ask(stall.door.get(&target)).await.denied(400, "INVALID_REQUEST", UNDOCUMENTED);
    let bills = stall.door.ask(stall.door.get("/v3/profitsharing/bills?bill_date=2026-01-02")).await;
    bills.denied(403, "NO_AUTH", UNDOCUMENTED);
}

#[tokio::test]
async fn nothing_is_shared_in_the_first_minute_and_nothing_is_frozen_after_thirty_days() {
    let mut stall = Stall::open().await;
    let order = order_with("order-1", &json!({ "settle_info": { "profit_sharing": true } }));
    let placed = stall.door.ask(stall.door.post("/v3/pay/transactions/native", &order)).await;
    stall.door.pay(&placed.text("/code_url")).await;
    let transaction = stall.door.query("order-1").await.text("/transaction_id");
    let body = with(stall.order(&transaction, "P1", false), "/receivers/0/amount", json!(1));
    let body = with(body, "/receivers/1/amount", json!(1));
    let reply = stall.post(ORDERS, &body).await;
    reply.denied(400, "INVALID_REQUEST", UNDOCUMENTED);
    assert_eq!(reply.text("/message"), "订单处理中，请稍后重试");
    stall.wait(61);
    assert_eq!(stall.post(ORDERS, &body).await.status, 200, "the number is not spent");
    stall.wait(30 * 24 * 3_600);
    stall.door.worker().run_once().await.unwrap();
    assert_eq!((stall.balance().await, stall.unsplit(&transaction).await), ((97, 0), json!(0)));
}

#[tokio::test]
async fn a_refund_is_taken_from_what_is_frozen() {
    let mut stall = Stall::open().await;
    let transaction = stall.paid("order-1", true).await;
    assert_eq!(stall.post(ORDERS, &stall.order(&transaction, "P1", false)).await.status, 200);
    let refund = async |number: &str, minor: i64| {
        let amount = json!({ "refund": minor, "total": 1_000, "currency": "CNY" });
        let body = json!({ "out_trade_no": "order-1", "out_refund_no": number, "amount": amount });
        stall.door.ask(stall.door.post("/v3/refund/domestic/refunds", &body)).await
    };
    assert_eq!(refund("R1", 500).await.status, 200);
    assert_eq!((stall.balance().await, stall.unsplit(&transaction).await), ((0, 247), json!(247)));
    refund("R2", 300).await.denied(403, "NOT_ENOUGH", UNDOCUMENTED);
    let more = with(stall.order(&transaction, "P2", false), "/receivers/0/amount", json!(1));
    stall.post(ORDERS, &more).await.denied(403, "RULE_LIMIT", UNDOCUMENTED);
    assert_eq!(stall.balance().await, (0, 247));
}

#[tokio::test]
async fn a_receiver_is_added_with_a_relation_and_deleted() {
    let mut stall = Stall::open().await;
    let added = stall.add(&stall.merchant_receiver()).await.json();
    let name = added["name"].as_str().unwrap();
    assert_eq!(*DecryptingKey::new(&stall.door.client.key).decrypt(name).unwrap(), "茶叶供应商");
    assert_eq!(added["relation_type"], "SUPPLIER");
    let person = stall.add(&stall.person_receiver()).await.json();
    assert_eq!(person, with(stall.person_receiver(), "/appid", Value::Null));
    for (pointer, value) in [
        ("/name", Value::Null),
        ("/name", json!("not encrypted")),
        ("/account", json!("1900000009")),
        ("/account", json!("")),
        ("/type", json!("PERSONAL_SUB_OPENID")),
        ("/relation_type", json!("FRIEND")),
        ("/relation_type", json!("CUSTOM")),
    ] {
        let reply = stall.add(&with(stall.merchant_receiver(), pointer, value.clone())).await;
        assert_eq!((reply.status, reply.text("/code")), (400, "PARAM_ERROR".to_owned()), "{pointer} {value}");
    }
    let custom = with(stall.merchant_receiver(), "/custom_relation", json!("x"));
    stall.add(&custom).await.denied(400, "PARAM_ERROR", EXTRA);
    let long = with(stall.person_receiver(), "/custom_relation", json!("房".repeat(11)));
    stall.add(&long).await.denied(400, "PARAM_ERROR", INVALID);
    let own = with(stall.merchant_receiver(), "/account", json!(crate::wechat_shop::MCHID));
    stall.add(&own).await.denied(400, "INVALID_REQUEST", UNDOCUMENTED);
    let foreign = with(stall.person_receiver(), "/account", json!("o123"));
    stall.add(&foreign).await.denied(400, "INVALID_REQUEST", UNDOCUMENTED);

    let transaction = stall.paid("order-1", true).await;
    let delete = json!({ "appid": APPID, "type": "MERCHANT_ID", "account": OTHER_MCHID });
    for _ in 0..2 {
        let deleted = stall.door.ask(stall.door.post(DELETE, &delete)).await.json();
        assert_eq!(deleted, with(delete.clone(), "/appid", Value::Null));
    }
    let order = stall.order(&transaction, "P1", false);
    stall.post(ORDERS, &order).await.denied(400, "INVALID_REQUEST", UNDOCUMENTED);
    assert_eq!(stall.add(&stall.merchant_receiver()).await.status, 200);
    assert_eq!(stall.post(ORDERS, &order).await.status, 200);
}

#[tokio::test]
async fn a_receiver_gives_back_and_both_merchants_are_told() {
    let (mut stall, own, others) = (Stall::open().await, Receiver::start(), Receiver::start());
    for (mchid, receiver) in [(crate::wechat_shop::MCHID, &own), (OTHER_MCHID, &others)] {
        let body = json!({ "mchid": mchid, "notify_url": receiver.url() });
        assert_eq!(stall.door.send(Call::post("/sandbox/profit-sharing-url", &body)).await.status, 204);
    }
    let transaction = stall.paid("order-1", true).await;
    let made = stall.post(ORDERS, &stall.order(&transaction, "P1", true)).await.json();
    assert_eq!(made["receivers"][2]["amount"], 744, "what was unfrozen with it");
    let give = json!({
        "out_order_no": "P1", "out_return_no": "B1", "return_mchid": OTHER_MCHID, "amount": 150,
        "description": "用户退款",
    });
    let given = stall.door.ask(stall.door.post(RETURNS, &give)).await.json();
    assert_eq!((&given["result"], &given["amount"]), (&json!("SUCCESS"), &json!(150)));
    assert_eq!((&given["order_id"], given.get("fail_reason")), (&made["order_id"], None));
    assert_eq!(stall.door.ask(stall.door.post(RETURNS, &give)).await.json(), given, "asked twice, done once");
    // With the empty first item that wechatpayv3 sends.
    let found = stall.door.ask(stall.door.get(&format!("{RETURNS}/B1?&out_order_no=P1"))).await.json();
    assert_eq!((found, stall.balance().await), (given, (894, 0)));
    let check = async |pointer: &str, value: Value, status: u16, code: &str, number: u32| {
        let body = with(with(give.clone(), "/out_return_no", json!("B2")), pointer, value);
        stall.door.ask(stall.door.post(RETURNS, &body)).await.denied(status, code, number);
    };
    check("/amount", json!(51), 400, "INVALID_REQUEST", UNDOCUMENTED).await;
    check("/amount", json!(0), 400, "PARAM_ERROR", 268_435_464).await;
    check("/out_return_no", json!("B1 "), 400, "PARAM_ERROR", INVALID).await;
    check("/out_order_no", json!("P9"), 404, "RESOURCE_NOT_EXISTS", UNDOCUMENTED).await;
    check("/out_order_no", Value::Null, 400, "PARAM_ERROR", INVALID).await;
    check("/return_mchid", json!("1900000009"), 400, "INVALID_REQUEST", UNDOCUMENTED).await;
    let other = with(give.clone(), "/amount", json!(1));
    let differs = stall.door.ask(stall.door.post(RETURNS, &other)).await;
    differs.denied(400, "INVALID_REQUEST", REENTRY_DIFFERS);
    stall.door.ask(stall.door.get(&format!("{RETURNS}/B9?out_order_no=P1"))).await.denied(
        404,
        "RESOURCE_NOT_EXISTS",
        UNDOCUMENTED,
    );

    stall.door.worker().run_once().await.unwrap();
    let (received, back) = (others.taken(), own.taken());
    assert_eq!((received.len(), back.len()), (1, 1));
    for (client, taken, summary, account, amount) in [
        (&stall.other, &received[0], "分账", OTHER_MCHID, 200),
        (&stall.door.client, &back[0], "分账回退", crate::wechat_shop::MCHID, 150),
    ] {
        assert!(client.believes(stall.door.engine(), &taken.0, &taken.1));
        let notice = tongbao_channel::wechat::envelope::Notification::from_json(&taken.1).unwrap();
        assert_eq!((notice.event_type.as_str(), notice.summary.as_str()), ("PROFITSHARING", summary));
        assert_eq!(notice.resource.original_type, "profitsharing");
        let plain: Value =
            serde_json::from_slice(&notice.resource.open(&client.api_v3_key).unwrap()).unwrap();
        assert_eq!(plain["mchid"], crate::wechat_shop::MCHID);
        assert_eq!((&plain["transaction_id"], &plain["out_order_no"]), (&json!(transaction), &json!("P1")));
        assert_eq!(
            (&plain["receiver"]["account"], &plain["receiver"]["amount"]),
            (&json!(account), &json!(amount))
        );
        assert_eq!(plain["receiver"]["type"], "MERCHANT_ID");
    }
    let event = stall.door.shop.list("/v1/events?type=share.returned").await.remove(0);
    assert_eq!(event["data"]["share"]["amount"], 150);
    let refused = json!({ "mchid": OTHER_MCHID, "notify_url": "ftp://shop.example.com" });
    let reply = stall.door.send(Call::post("/sandbox/profit-sharing-url", &refused)).await;
    reply.refused(400, "invalid_value", "notify_url");
}

#[tokio::test]
async fn fifty_receivers_fit_into_one_request() {
    let mut stall = Stall::open().await;
    let transaction = stall.paid("order-1", true).await;
    let mut receivers = Vec::new();
    for number in 0..50_u8 {
        let payer = crate::api_shop::payer(stall.door.engine(), 100 + number, 0).await;
        let account = json!(stall.door.engine().wechat_openid(APPID, payer));
        let body = with(stall.person_receiver(), "/account", account.clone());
        assert_eq!(stall.add(&body).await.status, 200);
        receivers
            .push(json!({ "type": "PERSONAL_OPENID", "account": account, "amount": 6, "description": "x" }));
    }
    let body = with(stall.order(&transaction, "P1", true), "/receivers", json!(receivers));
    let made = stall.post(ORDERS, &body).await.json();
    assert_eq!(made["receivers"].as_array().unwrap().len(), 51);
    assert_eq!(stall.balance().await, (694, 0));
}
