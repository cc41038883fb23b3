//! Bills of the WeChat Pay door against the books: which day a line belongs to, what a day adds up to, and that the
//! bill of a day never changes.

use proptest::prelude::*;
use serde_json::json;
use tongbao_channel::wechat::bill::Day;
use tongbao_core::id::{MerchantId, PaymentId, RefundId};
use tongbao_core::ledger::Account;
use tongbao_core::payment::{self, Payment};
use tongbao_core::refund::{self, Refund};
use tongbao_core::{Facts, Key, List, Time};
use tongbao_money::Currency;
use tongbao_store::{Page, Query};

use crate::api_shop::{Call, input, new_payment};
use crate::wechat_bills::{HOUR_S, READY_S, date};
use crate::wechat_shop::{APPID, MCHID, WechatShop, order_with};

const UNDOCUMENTED: u32 = 268_435_456;

/// The values of a bill's lines, and those of its last line.
#[derive(Debug)]
struct Read {
    lines: Vec<Vec<String>>,
    sums: Vec<String>,
}

fn read(text: &str) -> Read {
    let mut rows: Vec<Vec<String>> = text
        .split_terminator("\r\n")
        .map(|row| row.split(',').map(|value| value.trim_start_matches('`').to_owned()).collect())
        .collect();
    let sums = rows.pop().unwrap();
    assert_eq!(rows.pop().unwrap().len(), sums.len());
    let heading = rows.remove(0);
    assert!(rows.iter().all(|row| row.len() == heading.len()));
    Read { lines: rows, sums }
}

/// Yuan as fen.
fn fen(yuan: &str) -> i64 {
    let (whole, part) = yuan.split_once('.').unwrap();
    let part = part.strip_suffix("000").unwrap_or(part);
    assert_eq!(part.len(), 2, "{yuan}");
    format!("{whole}{part}").parse().unwrap()
}

impl WechatShop {
    fn merchant(&self) -> MerchantId {
        let own = self.engine().wechat_merchant(MCHID).unwrap().unwrap();
        own.record.merchant
    }

    /// The takings just before an instant, in fen.
    fn takings_before(&self, at: Time) -> i64 {
        let account = Account::MerchantPending(self.merchant()).of(Currency::CNY);
        match self.engine().store.read(Query::BalanceAt(account, at.plus_ms(-1))).unwrap() {
            Page::Balance(balance) => balance,
            other => panic!("{other:?}"),
        }
    }

    async fn trades(&self, day: Day) -> Read {
        read(&self.bill(&format!("tradebill?bill_date={}", date(day))).await)
    }

    async fn flows(&self, day: Day) -> Read {
        read(&self.bill(&format!("fundflowbill?bill_date={}", date(day))).await)
    }

    async fn no_bill(&self, day: Day, code: &str) {
        for bill in ["tradebill", "fundflowbill"] {
            let target = format!("{bill}?bill_date={}", date(day));
            self.ask_bill(&target).await.denied(400, code, UNDOCUMENTED);
        }
    }

    /// The fund flow bill of a day must lead from the balance before it to the balance after it.
    async fn flows_add_up(&self, day: Day) -> Read {
        let flows = self.flows(day).await;
        let (mut balance, mut income, mut expenditure) = (self.takings_before(day.start()), vec![], vec![]);
        for line in &flows.lines {
            let amount = fen(&line[6]);
            match line[5].as_str() {
                "收入" => income.push(amount),
                "支出" => expenditure.push(amount),
                other => panic!("{other}"),
            }
            balance += if line[5] == "收入" { amount } else { -amount };
            assert_eq!(fen(&line[7]), balance, "{line:?}");
        }
        assert_eq!(balance, self.takings_before(day.end()));
        let (income_sum, expenditure_sum): (i64, i64) = (income.iter().sum(), expenditure.iter().sum());
        let change = self.takings_before(day.end()) - self.takings_before(day.start());
        assert_eq!(income_sum - expenditure_sum, change);
        let sums = [flows.lines.len(), income.len(), expenditure.len()].map(|count| count.to_string());
        assert_eq!([&flows.sums[0], &flows.sums[1], &flows.sums[3]], [&sums[0], &sums[1], &sums[2]]);
        assert_eq!((fen(&flows.sums[2]), fen(&flows.sums[4])), (income_sum, expenditure_sum));
        flows
    }
}

#[tokio::test]
async fn a_bill_can_be_had_when_its_day_is_over_and_for_three_months() {
    let door = WechatShop::open().await;
    let day = door.day(1);
    door.set_clock(day, 12 * HOUR_S);
    door.paid("order-1").await;
    door.no_bill(day, "INVALID_REQUEST").await;
    door.no_bill(door.day(2), "INVALID_REQUEST").await;
    door.no_bill(door.day(0), "NO_STATEMENT_EXIST").await;
    door.set_clock(door.day(2), 5);
    door.no_bill(day, "STATEMENT_CREATING").await;
    door.set_clock(door.day(2), READY_S);
    assert_eq!(door.trades(day).await.lines.len(), 1);
    // Nothing was asked back.
    let refunds = format!("tradebill?bill_type=REFUND&bill_date={}", date(day));
    door.ask_bill(&refunds).await.denied(400, "NO_STATEMENT_EXIST", UNDOCUMENTED);
    // Calendar months, counted from today.
    let last =
        (80..100).map(|days| door.day(days)).filter(|today| today.months_before(3) <= day).max().unwrap();
    door.set_clock(last, HOUR_S);
    assert_eq!(door.flows(day).await.lines.len(), 2);
    door.set_clock(Day::from_number(last.number() + 1).unwrap(), HOUR_S);
    door.no_bill(day, "INVALID_REQUEST").await;
    for far in ["0000-01-01", "1969-12-31", "9999-12-31"] {
        let target = format!("tradebill?bill_date={far}");
        door.ask_bill(&target).await.denied(400, "INVALID_REQUEST", UNDOCUMENTED);
    }
}

#[tokio::test]
async fn a_line_belongs_to_the_day_on_which_the_money_moved() {
    let door = WechatShop::open().await;
    let (first, second) = (door.day(1), door.day(2));
    door.set_clock(first, 23 * HOUR_S);
    let late = door.native("order-late").await;
    door.paid("order-before").await;
    door.set_clock(second, 5);
    assert_eq!(door.pay(&late).await.json()["paid"], true);
    door.refund("order-before", "refund-1", 100, 100).await;
    door.set_clock(door.day(3), READY_S);
    let numbers = |read: &Read| -> Vec<(String, String)> {
        read.lines.iter().map(|line| (line[6].clone(), line[9].clone())).collect()
    };
    let pair = |number: &str, state: &str| (number.to_owned(), state.to_owned());
    assert_eq!(numbers(&door.trades(first).await), [pair("order-before", "SUCCESS")]);
    let expected = [pair("order-late", "SUCCESS"), pair("order-before", "REFUND")];
    assert_eq!(numbers(&door.trades(second).await), expected);
    door.flows_add_up(first).await;
    door.flows_add_up(second).await;
}

#[tokio::test]
async fn what_was_not_made_through_this_interface_is_in_the_fund_flow_bill_alone() {
    let door = WechatShop::open().await;
    let day = door.day(1);
    door.set_clock(day, HOUR_S);
    let payment = door.shop.paid("v1-order", 5_000).await;
    door.set_clock(door.day(2), READY_S);
    let target = format!("tradebill?bill_date={}", date(day));
    door.ask_bill(&target).await.denied(400, "NO_STATEMENT_EXIST", UNDOCUMENTED);
    let flows = door.flows_add_up(day).await;
    assert_eq!(flows.lines.len(), 2);
    assert_eq!((flows.lines[0][1].as_str(), flows.lines[0][10].as_str()), (payment.as_str(), "v1-order"));
}

#[tokio::test]
async fn a_reversed_code_payment_is_revoked_and_not_refunded() {
    let door = WechatShop::open().await;
    let day = door.day(1);
    door.set_clock(day, HOUR_S);
    let shown = json!({ "payer": door.shop.payer.to_string() });
    let shown = door.send(Call::post("/sandbox/phone/payment-code", &shown)).await;
    let scanned = json!({ "appid": APPID, "mchid": MCHID, "description": "一壶茶", "out_trade_no": "till-1",
        "payer": { "auth_code": shown.text("/payment_code") }, "amount": { "total": 500 },
        "scene_info": { "store_info": { "id": "0001" } } });
    let paid = door.ask(door.post("/v3/pay/transactions/codepay", &scanned)).await;
    assert_eq!(paid.text("/trade_state"), "SUCCESS");
    let target = "/v3/pay/transactions/out-trade-no/till-1/reverse";
    let reversed = door.ask(door.post(target, &json!({ "appid": APPID, "mchid": MCHID }))).await;
    assert_eq!(reversed.status, 200, "{reversed:?}");
    door.set_clock(door.day(2), READY_S);
    let trades = door.trades(day).await;
    let shown: Vec<[&str; 5]> =
        trades.lines.iter().map(|line| [6, 8, 9, 16, 24].map(|column| line[column].as_str())).collect();
    let expected = [
        ["till-1", "MICROPAY", "SUCCESS", "0.00", "5.00"],
        ["till-1", "MICROPAY", "REVOKED", "5.00", "0.00"],
    ];
    assert_eq!(shown, expected);
    door.flows_add_up(day).await;
}

/// What the sandbox's bank says, without a worker that asks it.
async fn bank_says_paid(door: &WechatShop, out_trade_no: &str) {
    let payment =
        door.shop.engine.store.find::<Payment>(Key::OrderNo(door.merchant(), out_trade_no.to_owned()));
    let payment = payment.unwrap().unwrap();
    let (id, attempt, money): (PaymentId, _, _) = (payment.id, payment.attempts[0].id, payment.money);
    let said = payment::steps::Said::Paid { money, reference: Some(format!("bank-{out_trade_no}")) };
    let hear =
        move |facts: &dyn Facts, cx: &mut _| payment::steps::hear(facts, cx, (id, attempt), None, &said);
    door.engine().run(input("hear_attempt"), hear).await.unwrap();
}

async fn bank_says(door: &WechatShop, out_refund_no: &str, said: refund::steps::Said) {
    let refund =
        door.shop.engine.store.find::<Refund>(Key::RefundNo(door.merchant(), out_refund_no.to_owned()));
    let id: RefundId = refund.unwrap().unwrap().id;
    let hear = move |facts: &dyn Facts, cx: &mut _| refund::steps::hear(facts, cx, id, None, &said);
    door.engine().run(input("hear_refund"), hear).await.unwrap();
}

#[tokio::test]
async fn the_bill_of_a_day_stays_what_it_was_whatever_happens_later() {
    use refund::steps::Said;
    let door = WechatShop::open().await;
    let (first, second, third) = (door.day(1), door.day(2), door.day(3));
    door.set_clock(first, HOUR_S);
    let order = order_with("order-1", &json!({ "amount": { "total": 100_000 } }));
    let placed = door.ask(door.post("/v3/pay/transactions/native", &order)).await;
    let body = json!({ "payer": door.shop.payer.to_string(), "code": placed.text("/code_url"),
        "method": "sandbox_bank" });
    door.send(Call::post("/sandbox/phone/pay", &body)).await;
    bank_says_paid(&door, "order-1").await;
    for refund in ["waits", "fails", "fails-later", "fails-and-is-paid"] {
        assert_eq!(door.refund("order-1", refund, 1_000, 100_000).await["status"], "PROCESSING");
    }
    let paid = || Said::Paid { reference: None };
    bank_says(&door, "fails", Said::Failed).await;
    bank_says(&door, "fails-and-is-paid", Said::Failed).await;
    bank_says(&door, "fails-and-is-paid", paid()).await;
    door.refund("order-1", "is-paid", 1_000, 100_000).await;
    bank_says(&door, "is-paid", paid()).await;

    door.set_clock(second, READY_S);
    let bills = async |day: Day| {
        let mut texts = Vec::new();
        for kind in ["tradebill?", "tradebill?bill_type=REFUND&", "fundflowbill?"] {
            texts.push(door.bill(&format!("{kind}bill_date={}", date(day))).await);
        }
        texts
    };
    let of_first = bills(first).await;
    let states: Vec<(String, String)> =
        door.trades(first).await.lines.into_iter().map(|line| (line[15].clone(), line[19].clone())).collect();
    let expected = [
        ("0", ""),
        ("waits", "PROCESSING"),
        ("fails", "FAIL"),
        ("fails-later", "PROCESSING"),
        ("fails-and-is-paid", "SUCCESS"),
        ("is-paid", "SUCCESS"),
    ];
    assert_eq!(states, expected.map(|(number, state)| (number.to_owned(), state.to_owned())));

    // The next day brings word of the others, and a second thought.
    bank_says(&door, "waits", paid()).await;
    bank_says(&door, "fails-later", Said::Failed).await;
    bank_says(&door, "fails", paid()).await;
    door.set_clock(third, READY_S);
    assert_eq!(bills(first).await, of_first);
    // On the second day money moved, but nothing was asked for.
    let target = format!("tradebill?bill_date={}", date(second));
    door.ask_bill(&target).await.denied(400, "NO_STATEMENT_EXIST", UNDOCUMENTED);
    let kinds: Vec<String> =
        door.flows_add_up(second).await.lines.into_iter().map(|line| line[4].clone()).collect();
    assert_eq!(kinds, ["退款关闭", "扣除交易手续费", "退还交易手续费", "退款"]);
    door.flows_add_up(first).await;
}

/// An order of a random day, with what is asked back of it: parts of a hundredth.
#[derive(Clone, Debug)]
struct Order {
    amount: i64,
    refunds: Vec<i64>,
    through_v1: bool,
    /// Frozen until it is shared with others.
    is_frozen: bool,
}

fn order() -> impl Strategy<Value = Order> {
    let refunds = prop::collection::vec(1..=100_i64, 0..4);
    let (through_v1, is_frozen) = (prop::bool::weighted(0.2), prop::bool::weighted(0.3));
    (1..60_000_i64, refunds, through_v1, is_frozen)
        .prop_map(|(amount, refunds, through_v1, is_frozen)| Order { amount, refunds, through_v1, is_frozen })
}

/// What a day should add up to, from what requests were answered with.
#[derive(Debug, Default, PartialEq)]
struct Expected {
    lines: usize,
    orders: i64,
    refunds: i64,
}

async fn trade(door: &WechatShop, name: &str, orders: &[Order]) -> Expected {
    let mut expected = Expected::default();
    for (at, order) in orders.iter().enumerate() {
        let number = format!("{name}-{at}");
        if order.through_v1 {
            door.shop.ask(Call::post("/v1/payments", &new_payment(&number, order.amount))).await;
            door.shop.paid(&format!("{number}-v1"), order.amount).await;
            continue;
        }
        let settle = json!({ "profit_sharing": order.is_frozen });
        let content = json!({ "amount": { "total": order.amount }, "settle_info": settle });
        let paid = door.paid_order(&order_with(&number, &content)).await;
        expected.orders += paid["amount"]["payer_total"].as_i64().unwrap();
        expected.lines += 1;
        for (part, share) in order.refunds.iter().enumerate() {
            let refund = (order.amount * share / 100).max(1);
            let amount = json!({ "refund": refund, "total": order.amount, "currency": "CNY" });
            let body = json!({ "out_trade_no": number, "out_refund_no": format!("{number}-{part}"),
                "amount": amount });
            // Too much is refused, and then it is not in the bill.
            let reply = door.ask(door.post("/v3/refund/domestic/refunds", &body)).await;
            if reply.is_success() {
                expected.refunds += reply.json()["amount"]["refund"].as_i64().unwrap();
                expected.lines += 1;
            }
        }
    }
    expected
}

/// The fees of all orders of the interface, less what was given back, in fen.
fn fees(door: &WechatShop) -> i64 {
    let list = List::Payments(door.merchant());
    let query = Query::List { list, after: None, newest_first: true, limit: 1_000 };
    let records = door.engine().store.records(query).unwrap();
    let payments = records.iter().filter_map(|record| match record {
        tongbao_core::Record::Payment(payment) => payment.wechat.as_ref().map(|_| payment),
        _ => None,
    });
    payments.map(|payment| payment.fee.minor() - payment.fee_returned.minor()).sum()
}

async fn a_day_adds_up(before: &[Order], on_the_day: &[Order], after: &[Order]) {
    let door = WechatShop::open().await;
    let day = door.day(2);
    door.set_clock(door.day(1), 20 * HOUR_S);
    trade(&door, "before", before).await;
    let fees_before = fees(&door);
    door.set_clock(day, HOUR_S);
    let expected = trade(&door, "order", on_the_day).await;
    let fees_of_the_day = fees(&door) - fees_before;
    door.set_clock(door.day(3), HOUR_S);
    trade(&door, "after", after).await;
    if on_the_day.is_empty() {
        return door.no_bill(day, "NO_STATEMENT_EXIST").await;
    }
    door.flows_add_up(day).await;
    if expected.lines == 0 {
        return;
    }
    let trades = door.trades(day).await;
    let column = |at: usize| trades.lines.iter().map(|line| fen(&line[at])).sum::<i64>();
    let found = Expected { lines: trades.lines.len(), orders: column(24), refunds: column(16) };
    assert_eq!(found, expected);
    assert_eq!(column(22), fees_of_the_day);
    let sums = &trades.sums;
    assert_eq!(sums[0], expected.lines.to_string());
    let [settled, refunds, coupons, fees, orders, asked] = [1, 2, 3, 4, 5, 6].map(|at| fen(&sums[at]));
    assert_eq!(
        (settled, orders, refunds, asked),
        (expected.orders, expected.orders, expected.refunds, expected.refunds)
    );
    assert_eq!((fees, coupons), (fees_of_the_day, 0));
}

proptest! {
    // Each case is a shop with dozens of signed requests.
    #![proptest_config(ProptestConfig { cases: 8, max_shrink_iters: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_random_day_adds_up_to_the_books(
        before in prop::collection::vec(order(), 0..3),
        on_the_day in prop::collection::vec(order(), 0..8),
        after in prop::collection::vec(order(), 0..2),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(a_day_adds_up(&before, &on_the_day, &after));
    }
}
