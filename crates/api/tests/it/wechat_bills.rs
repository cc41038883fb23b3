//! Bills of the WeChat Pay door: their text, their digest, their download.

use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::{Value, json};
use tongbao_channel::wechat::bill::Day;

use crate::api_shop::{BASE_URL, Call, Reply};
use crate::wechat_shop::{APPID, Client, MCHID, WechatShop, order_with};

pub(crate) const HOUR_S: i64 = 3_600;
/// When the bill of the day before can be had in a sandbox.
pub(crate) const READY_S: i64 = 60;

const INVALID: u32 = 268_435_461;
const UNDOCUMENTED: u32 = 268_435_456;

impl WechatShop {
    /// The day after so many days, in Beijing.
    pub(crate) fn day(&self, days: i32) -> Day {
        Day::from_number(Day::of(self.engine().clock.world()).number() + days).unwrap()
    }

    /// Moves the sandbox's clock to so many seconds after the beginning of a day.
    pub(crate) fn set_clock(&self, day: Day, second: i64) {
        let clock = &self.engine().clock;
        let ahead_ms = day.start().plus_s(second).since_ms(clock.world());
        clock.set_ahead_s(ahead_ms.div_euclid(1_000) + 1);
        assert!(clock.now() >= day.start().plus_s(second));
    }

    /// Asks for a bill, by its path and query.
    pub(crate) async fn ask_bill(&self, target: &str) -> Reply {
        self.ask(self.get(&format!("/v3/bill/{target}"))).await
    }

    /// The file behind a `download_url`, which must have the digest that was told.
    pub(crate) async fn fetch(&self, offered: &Reply) -> Vec<u8> {
        assert_eq!(offered.status, 200, "{:?}", offered.json());
        let reply = self.send(self.get(&target_of(offered))).await;
        assert_eq!(reply.status, 200, "{:?}", String::from_utf8_lossy(&reply.body));
        assert!(!reply.headers.keys().any(|name| name.as_str().starts_with("wechatpay-")), "{reply:?}");
        assert!(reply.headers["request-id"].to_str().unwrap().ends_with("-0"));
        let file = match reply.headers["content-type"].to_str().unwrap() {
            "text/plain" => reply.body,
            "application/gzip" => {
                let mut plain = Vec::new();
                GzDecoder::new(reply.body.as_slice()).read_to_end(&mut plain).unwrap();
                plain
            }
            other => panic!("{other}"),
        };
        assert_eq!(offered.text("/hash_type"), "SHA1");
        assert_eq!(offered.text("/hash_value"), sha1(&file));
        file
    }

    /// The text of a bill, without the mark at its beginning.
    pub(crate) async fn bill(&self, target: &str) -> String {
        let offered = self.ask_bill(target).await;
        let text = String::from_utf8(self.fetch(&offered).await).unwrap();
        text.strip_prefix('\u{feff}').unwrap().to_owned()
    }

    pub(crate) async fn refund(
        &self,
        out_trade_no: &str,
        out_refund_no: &str,
        refund: i64,
        total: i64,
    ) -> Value {
        let amount = json!({ "refund": refund, "total": total, "currency": "CNY" });
        let body = json!({ "out_trade_no": out_trade_no, "out_refund_no": out_refund_no,
            "reason": "凉了,`\"", "amount": amount });
        let reply = self.ask(self.post("/v3/refund/domestic/refunds", &body)).await;
        assert_eq!(reply.status, 200, "{:?}", reply.json());
        reply.json()
    }

    /// An order that was placed for native paying and paid from the balance.
    pub(crate) async fn paid_order(&self, order: &Value) -> Value {
        let placed = self.ask(self.post("/v3/pay/transactions/native", order)).await;
        assert_eq!(placed.status, 200, "{:?}", placed.json());
        assert_eq!(self.pay(&placed.text("/code_url")).await.json()["paid"], true);
        self.query(order["out_trade_no"].as_str().unwrap()).await.json()
    }
}

fn sha1(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, bytes);
    tongbao_channel::wechat::draw::hex(digest.as_ref()).to_ascii_lowercase()
}

/// Path and query of a `download_url`.
fn target_of(offered: &Reply) -> String {
    offered.text("/download_url").strip_prefix(BASE_URL).unwrap().to_owned()
}

pub(crate) fn date(day: Day) -> String {
    let number = Day::from_number(day.number()).unwrap();
    let text = tongbao_channel::wechat::time::date_time(number.start());
    text.split_once(' ').unwrap().0.to_owned()
}

/// `2018-06-08T10:34:56+08:00` as bills have it.
fn bill_time(rfc3339: &Value) -> String {
    rfc3339.as_str().unwrap().strip_suffix("+08:00").unwrap().replace('T', " ")
}

/// A shop where 100 yuan were paid and 25 of them asked back, and it is the day after.
struct Traded {
    door: WechatShop,
    date: String,
    order: Value,
    refund: Value,
}

impl Traded {
    async fn open() -> Traded {
        let door = WechatShop::open().await;
        let day = door.day(1);
        door.set_clock(day, 10 * HOUR_S);
        let scene = json!({ "payer_client_ip": "127.0.0.1", "device_id": "till 7" });
        let order = json!({ "amount": { "total": 10_000 }, "attach": "桌,`7", "scene_info": scene });
        let order = door.paid_order(&order_with("order-1", &order)).await;
        door.set_clock(day, 11 * HOUR_S);
        let refund = door.refund("order-1", "R@1", 2_500, 10_000).await;
        door.set_clock(door.day(2), READY_S);
        Traded { date: date(day), door, order, refund }
    }

    fn text(&self, pointer: &str) -> String {
        self.order.pointer(pointer).unwrap().as_str().unwrap().to_owned()
    }

    /// The columns that both kinds of line begin with.
    fn first(&self, at: &str, state: &str, amount: &str) -> String {
        let (id, openid) = (self.text("/transaction_id"), self.text("/payer/openid"));
        format!(
            "`{at},`{APPID},`{MCHID},`0,`till 7,`{id},`order-1,`{openid},`NATIVE,`{state},`OTHERS,`CNY,\
             `{amount},`0.00,"
        )
    }
}

const FIRST: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,\
    付款银行,货币种类,应结订单金额,代金券金额,";
const REFUND: &str = "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,";
const SUMS: &str =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n";

#[tokio::test]
async fn a_trade_bill_has_the_documented_columns_and_sums() {
    let traded = Traded::open().await;
    let Traded { door, date, order, refund } = &traded;
    let (paid_at, asked_at) = (bill_time(&order["success_time"]), bill_time(&refund["create_time"]));
    assert!(paid_at.starts_with(date.as_str()) && asked_at.starts_with(date.as_str()));
    let refund_id = refund["refund_id"].as_str().unwrap();
    let payment = traded.first(&paid_at, "SUCCESS", "100.00");
    let back = traded.first(&asked_at, "REFUND", "0.00");
    let refunded = format!("`{refund_id},`R@1,`25.00,`0.00,`ORIGINAL,`SUCCESS,");
    let goods = "`一壶茶,`桌，｀7,";

    let all = door.bill(&format!("tradebill?bill_date={date}")).await;
    let expected = format!(
        "{FIRST}{REFUND}商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\r\n\
         {payment}`0,`0,`0.00,`0.00,`,`,{goods}`0.60000,`0.60%,`100.00,`0.00,`\r\n\
         {back}{refunded}{goods}`-0.15000,`0.60%,`0.00,`25.00,`\r\n\
         {SUMS}`2,`100.00,`25.00,`0.00,`0.45000,`100.00,`25.00\r\n"
    );
    assert_eq!(all, expected);
    assert_eq!(door.bill(&format!("tradebill?bill_date={date}&bill_type=ALL&tar_type=GZIP")).await, expected);

    let success = door.bill(&format!("tradebill?bill_date={date}&bill_type=SUCCESS")).await;
    let expected = format!(
        "{FIRST}商品名称,商户数据包,手续费,费率,订单金额,费率备注\r\n\
         {payment}{goods}`0.60000,`0.60%,`100.00,`\r\n\
         总交易单数,应结订单总金额,手续费总金额,订单总金额\r\n`1,`100.00,`0.60000,`100.00\r\n"
    );
    assert_eq!(success, expected);

    let refunds = door.bill(&format!("tradebill?bill_date={date}&bill_type=REFUND")).await;
    let received_at = bill_time(&refund["success_time"]);
    let expected = format!(
        "{FIRST}退款申请时间,退款成功时间,{REFUND}商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\r\n\
         {back}`{asked_at},`{received_at},{refunded}{goods}`-0.15000,`0.60%,`0.00,`25.00,`\r\n\
         {SUMS}`1,`0.00,`25.00,`0.00,`-0.15000,`0.00,`25.00\r\n"
    );
    assert_eq!(refunds, expected);
}

#[tokio::test]
async fn a_fund_flow_bill_has_each_movement_with_the_balance_after_it() {
    let traded = Traded::open().await;
    let Traded { door, date, order, refund } = &traded;
    let text = door.bill(&format!("fundflowbill?bill_date={date}&account_type=BASIC")).await;
    let (paid_at, asked_at) = (bill_time(&order["success_time"]), bill_time(&refund["create_time"]));
    let (order_id, refund_id) = (traded.text("/transaction_id"), refund["refund_id"].as_str().unwrap());
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(
        lines[0],
        "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),\
         资金变更提交申请人,备注,业务凭证号"
    );
    let numbers: Vec<&str> = lines[1..5].iter().map(|line| line.split(",`").nth(2).unwrap()).collect();
    for (at, number) in numbers.iter().enumerate() {
        let day = date.replace('-', "");
        assert!(number.len() == 28 && number.starts_with(&day) && number.bytes().all(|b| b.is_ascii_digit()));
        assert!(!numbers[..at].contains(number), "each has its own");
    }
    let api = format!("{MCHID}API");
    for (line, at, id, business, kind, moved, applicant, note, voucher) in [
        (1, &paid_at, order_id.as_str(), "交易", "交易", "收入,`100.00,`100.00", "system", "", "order-1"),
        (2, &paid_at, &order_id, "交易", "扣除交易手续费", "支出,`0.60,`99.40", "system", "", "order-1"),
        (3, &asked_at, refund_id, "退款", "退还交易手续费", "收入,`0.15,`99.55", "system", "", "R@1"),
        (4, &asked_at, refund_id, "退款", "退款", "支出,`25.00,`74.55", &api, "凉了，｀\"", "R@1"),
    ] {
        let number = numbers[line - 1];
        let expected =
            format!("`{at},`{id},`{number},`{business},`{kind},`{moved},`{applicant},`{note},`{voucher}");
        assert_eq!(lines[line], expected);
    }
    let sums = ["资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额", "`4,`2,`100.15,`2,`25.60", ""];
    assert_eq!(lines[5..], sums);
    for other in ["OPERATION", "FEES"] {
        let target = format!("fundflowbill?bill_date={date}&account_type={other}");
        door.ask_bill(&target).await.denied(400, "NO_STATEMENT_EXIST", UNDOCUMENTED);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_request_for_a_bill_is_named() {
    let Traded { door, date, .. } = Traded::open().await;
    for (target, field) in [
        ("tradebill".to_owned(), "bill_date"),
        ("tradebill?bill_date=".to_owned(), "bill_date"),
        ("tradebill?bill_date=2026-02-30".to_owned(), "bill_date"),
        ("tradebill?bill_date=2026-1-02".to_owned(), "bill_date"),
        ("tradebill?bill_date=20260102".to_owned(), "bill_date"),
        ("tradebill?bill_date=-026-01-02".to_owned(), "bill_date"),
        ("tradebill?bill_date=2026-01-02T00:00:00Z".to_owned(), "bill_date"),
        ("tradebill?bill_date=%EF%BC%92026-01".to_owned(), "bill_date"),
        (format!("tradebill?bill_date={date}&bill_type=all"), "bill_type"),
        (format!("tradebill?bill_date={date}&bill_type="), "bill_type"),
        (format!("tradebill?bill_date={date}&tar_type=ZIP"), "tar_type"),
        (format!("fundflowbill?bill_date={date}&tar_type="), "tar_type"),
        (format!("fundflowbill?bill_date={date}&account_type=basic"), "account_type"),
        ("fundflowbill".to_owned(), "bill_date"),
    ] {
        let reply = door.ask_bill(&target).await;
        reply.denied(400, "PARAM_ERROR", INVALID);
        assert_eq!(reply.text("/detail/field"), field, "{target}");
        assert_eq!(reply.text("/detail/location"), "query", "{target}");
    }
    for target in [
        format!("tradebill?bill_date={date}&colour=red"),
        format!("fundflowbill?bill_date={date}&bill_type=ALL"),
        format!("fundflowbill?bill_date={date}&sub_mchid={MCHID}"),
    ] {
        door.ask_bill(&target).await.denied(400, "PARAM_ERROR", 270_924_358);
    }
    let twice = format!("tradebill?bill_date={date}&bill_date={date}");
    door.ask_bill(&twice).await.denied(400, "PARAM_ERROR", INVALID);
    let of_partner = format!("tradebill?bill_date={date}&sub_mchid={MCHID}");
    door.ask_bill(&of_partner).await.denied(403, "NO_AUTH", UNDOCUMENTED);
    let coupons = format!("tradebill?bill_date={date}&bill_type=RECHARGE_REFUND");
    door.ask_bill(&coupons).await.denied(400, "NO_STATEMENT_EXIST", UNDOCUMENTED);
    for path in ["/v3/bill/tradebill", "/v3/bill/fundflowbill", "/v3/billdownload/file"] {
        door.ask(door.post(path, &json!({}))).await.denied(405, "INVALID_REQUEST", UNDOCUMENTED);
    }
    let partner = "sub-merchant-fundflowbill?sub_mchid=1";
    door.ask_bill(partner).await.denied(403, "NO_AUTH", UNDOCUMENTED);
}

/// Signs a download with another target than the one that is sent.
fn signed_over(door: &WechatShop, client: &Client, sent: &str, signed: &str) -> Call {
    let header = client.authorization(door.engine(), "GET", signed, b"");
    door.get(sent).header("authorization", header)
}

#[tokio::test]
async fn a_download_is_for_the_merchant_who_asked_and_for_five_minutes() {
    let Traded { door, date, .. } = Traded::open().await;
    let stranger = door.stranger().await;
    let offered = door.ask_bill(&format!("tradebill?bill_date={date}")).await;
    let url = offered.text("/download_url");
    let target = target_of(&offered);
    let token = target.strip_prefix("/v3/billdownload/file?token=").unwrap().to_owned();
    assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{token}");

    // Whoever has not signed, or signed something else, gets nothing.
    let mut bare = door.get(&target);
    bare.headers.retain(|(name, _)| *name != "authorization");
    door.ask(bare).await.denied(401, "SIGN_ERROR", 268_443_699);
    for signed in [format!("{target}A"), format!("https://elsewhere.example{target}"), "/".to_owned()] {
        let call = signed_over(&door, &door.client, &target, &signed);
        door.ask(call).await.denied(401, "SIGN_ERROR", 268_443_699);
    }
    // A right signature of another merchant does not help.
    let foreign = door.send(stranger.signed(door.engine(), "GET", &target, b"")).await;
    foreign.denied(400, "PARAM_ERROR", INVALID);
    assert_eq!(foreign.text("/detail/field"), "token");

    let altered = [
        String::new(),
        "x".to_owned(),
        token[1..].to_owned(),
        format!("{token}A"),
        token.chars().rev().collect(),
        format!("B{}", &token[1..]),
        "A".repeat(10_000),
    ];
    for token in altered {
        let call = door.get(&format!("/v3/billdownload/file?token={token}"));
        door.ask(call).await.denied(400, "PARAM_ERROR", INVALID);
    }
    door.ask(door.get("/v3/billdownload/file")).await.denied(400, "PARAM_ERROR", INVALID);
    let more = door.get(&format!("{target}&x=1"));
    door.ask(more).await.denied(400, "PARAM_ERROR", 270_924_358);

    // One SDK signs the whole address.
    let whole = signed_over(&door, &door.client, &target, &url);
    assert_eq!(door.send(whole.clone()).await.status, 200);
    door.ask(whole).await.denied(401, "SIGN_ERROR", 268_443_699);
    let elsewhere = format!("{BASE_URL}/v3/bill/tradebill?bill_date={date}");
    let order = signed_over(&door, &door.client, &elsewhere[BASE_URL.len()..], &elsewhere);
    door.ask(order).await.denied(401, "SIGN_ERROR", 268_443_699);

    for _ in 0..2 {
        door.fetch(&offered).await;
    }
    door.set_clock(door.day(2), READY_S + 290);
    door.fetch(&offered).await;
    door.set_clock(door.day(2), READY_S + 400);
    let over = door.ask(door.get(&target)).await;
    over.denied(400, "INVALID_REQUEST", UNDOCUMENTED);
    assert!(over.text("/message").contains("已失效"));
}

#[tokio::test]
async fn downloads_can_be_offered_under_another_address() {
    let Traded { door, date, .. } = Traded::open().await;
    let api = tongbao_api::Api::new(std::sync::Arc::clone(&door.shop.engine), BASE_URL);
    let official = "https://api.mch.weixin.qq.com";
    let quota = tongbao_api::rate::Quota::new(100, 100);
    let router = tongbao_api::wechat::router_with(api, quota, official);
    let ask = door.get(&format!("/v3/bill/tradebill?bill_date={date}"));
    let offered = crate::api_shop::send(router.clone(), ask).await;
    let url = offered.text("/download_url");
    let target = url.strip_prefix(official).unwrap();
    assert_eq!(crate::api_shop::send(router.clone(), door.get(target)).await.status, 200);
    let whole = signed_over(&door, &door.client, target, &url);
    assert_eq!(crate::api_shop::send(router, whole).await.status, 200);
}

#[tokio::test]
async fn a_bill_of_many_pages_is_whole() {
    let door = WechatShop::open().await;
    door.set_clock(door.day(1), HOUR_S);
    // An order with fifty refunds is a hundred movements: the fee goes back in parts.
    for order in 0..12 {
        let number = format!("order-{order}");
        let amount = json!({ "amount": { "total": 50_000 } });
        door.paid_order(&order_with(&number, &amount)).await;
        for refund in 0..50 {
            door.refund(&number, &format!("{number}-{refund}"), 1_000, 50_000).await;
        }
    }
    door.set_clock(door.day(2), READY_S);
    let date = date(door.day(1));
    let text = door.bill(&format!("tradebill?bill_date={date}&tar_type=GZIP")).await;
    assert_eq!(text.lines().count(), 12 * 51 + 3);
    assert!(text.ends_with("\r\n`612,`6000.00,`6000.00,`0.00,`0.00000,`6000.00,`6000.00\r\n"));
    let text = door.bill(&format!("fundflowbill?bill_date={date}&tar_type=GZIP")).await;
    assert_eq!(text.lines().count(), 12 * 102 + 3);
    assert!(text.ends_with("\r\n`1224,`612,`6036.00,`612,`6036.00\r\n"));
}
