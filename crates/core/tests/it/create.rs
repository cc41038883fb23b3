//! New payments and refunds: what is refused and which field is named, and asking twice.

use std::collections::BTreeMap;

use tongbao_core::{
    Refusal, Work,
    id::{AppId, PaymentId, RefundId},
    ledger::Account,
    limits::{CURRENCIES, CURRENCIES_MUST, REFUNDS_PER_PAYMENT_MAX},
    payment::{
        Item, Method, Payment, Status,
        create::{self, Created, NewPayment},
        steps::{self, Collect, Shown},
    },
    refund::{
        self, Refund,
        steps::{Created as RefundCreated, NewRefund},
    },
    sandbox::{self, Fault, WaitingFault},
};
use tongbao_money::{Amount, Currency, Money};

use crate::shop::{Shop, after, amount, another_merchant, new_payment, new_refund, yuan};

fn ask(shop: &mut Shop, seconds: i64, app: AppId, new: &NewPayment) -> Result<Created, Refusal> {
    shop.books.step(after(seconds), |facts, cx| create::create(facts, cx, app, new))
}

fn ask_refund(shop: &mut Shop, app: AppId, new: &NewRefund) -> Result<RefundCreated, Refusal> {
    shop.books.step(after(9), |facts, cx| refund::steps::create(facts, cx, app, new))
}

fn item(name: &str, quantity: u32, unit: i64) -> Item {
    Item { name: name.to_owned(), quantity, unit_amount: amount(unit) }
}

fn metadata(key: &str, value: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(key.to_owned(), value.to_owned())])
}

type Change = fn(&mut NewPayment);
type Spoil = fn(&mut NewRefund);

#[test]
fn a_field_outside_its_range_is_named() {
    let table: [(&str, Change); 30] = [
        ("order_no", |new| new.order_no = String::new()),
        ("order_no", |new| new.order_no = "a".repeat(65)),
        ("order_no", |new| new.order_no = "an order".to_owned()),
        ("order_no", |new| new.order_no = "订单1".to_owned()),
        ("order_no", |new| new.order_no = "a\n".to_owned()),
        ("amount", |new| new.money = yuan(0)),
        ("amount", |new| new.money = yuan(10_000_000_001)),
        ("amount", |new| new.money.amount = Amount::MAX),
        ("currency", |new| new.money.currency = Currency::parse("KWD").unwrap()),
        ("currency", |new| new.money.currency = Currency::parse("RUB").unwrap()),
        ("description", |new| new.description = String::new()),
        ("description", |new| new.description = "茶".repeat(257)),
        ("description", |new| new.description = "tea\u{7}".to_owned()),
        ("expires_in", |new| new.expires_in_s = 59),
        ("expires_in", |new| new.expires_in_s = 604_801),
        ("expires_in", |new| new.expires_in_s = i64::MIN),
        ("items", |new| new.items = vec![item("tea", 1, 1); 51]),
        ("items", |new| new.items = vec![item("", 1, 1)]),
        ("items", |new| new.items = vec![item("tea", 0, 1)]),
        ("items", |new| new.items = vec![item(&"t".repeat(257), 1, 1)]),
        ("items", |new| new.items = vec![item("tea", 1, 1), item("tea", 1, 10_000_000_001)]),
        ("metadata", |new| new.metadata = metadata("", "value")),
        ("metadata", |new| new.metadata = metadata(&"k".repeat(41), "value")),
        ("metadata", |new| new.metadata = metadata("key", &"v".repeat(501))),
        ("metadata", |new| {
            new.metadata = (0..21).map(|number| (number.to_string(), String::new())).collect();
        }),
        ("notify_url", |new| new.notify_url = Some(String::new())),
        ("notify_url", |new| new.notify_url = Some(format!("https://{}", "a".repeat(2_041)))),
        ("return_url", |new| new.return_url = Some("javascript:alert(1)".to_owned())),
        ("return_url", |new| new.return_url = Some("HTTPS//shop.example".to_owned())),
        ("return_url", |new| new.return_url = Some(format!("https://{}", "a".repeat(2_041)))),
    ];
    let mut shop = Shop::open(60, 0);
    for (row, (param, spoil)) in table.into_iter().enumerate() {
        let mut new = new_payment("order", yuan(100));
        spoil(&mut new);
        let app = shop.app;
        let refused = ask(&mut shop, 0, app, &new).unwrap_err();
        assert_eq!((refused.code(), refused.param()), ("invalid_value", Some(param)), "row {row}");
    }
    assert_eq!(shop.books.all::<Payment>().count(), 0);
}

#[test]
fn a_field_at_the_end_of_its_range_is_taken() {
    let table: [Change; 9] = [
        |new| new.order_no = "a".repeat(64),
        |new| new.order_no = "Az09_-|*.:/@".to_owned(),
        |new| new.money = yuan(1),
        |new| new.money = yuan(10_000_000_000),
        |new| new.description = "茶".repeat(256),
        |new| (new.expires_in_s, new.notify_url) = (60, None),
        |new| new.expires_in_s = 604_800,
        |new| {
            new.items = vec![item(&"t".repeat(256), u32::MAX, 10_000_000_000); 50];
            new.items[0].unit_amount = Amount::ZERO;
        },
        |new| {
            let entry = |number: usize| (format!("{number:040}"), "值".repeat(500));
            new.metadata = (0..20).map(entry).collect();
            new.return_url = Some(format!("http://{}", "a".repeat(2_041)));
        },
    ];
    let mut shop = Shop::open(60, 0);
    for (row, change) in table.into_iter().enumerate() {
        let mut new = new_payment(&format!("order-{row}"), yuan(100));
        change(&mut new);
        let app = shop.app;
        let created = ask(&mut shop, 0, app, &new).unwrap();
        assert!(created.new, "row {row}");
        assert_eq!(created.payment.expires_at, after(new.expires_in_s));
    }
}

#[test]
fn the_same_order_asked_for_again_is_the_same_payment() {
    let mut shop = Shop::open(60, 0);
    let (app, new) = (shop.app, new_payment("1", yuan(100)));
    let first = ask(&mut shop, 0, app, &new).unwrap();
    // Later, and from whatever state the payment is in.
    let again = ask(&mut shop, 60, app, &new).unwrap();
    assert_eq!((again.new, &again.payment), (false, &first.payment));
    let paid = shop.pay(after(61), first.payment.id, Method::SandboxBank).unwrap();
    assert_eq!(ask(&mut shop, 62, app, &new).unwrap(), Created { payment: paid, new: false });
    assert_eq!(shop.books.all::<Payment>().count(), 1);
}

#[test]
fn an_order_number_used_for_other_content_is_refused() {
    let mut shop = Shop::open(60, 0);
    let (app, new) = (shop.app, new_payment("1", yuan(100)));
    let first = ask(&mut shop, 0, app, &new).unwrap().payment.id;
    let table: [Change; 8] = [
        |new| new.money = yuan(101),
        |new| new.money.currency = Currency::parse("USD").unwrap(),
        |new| new.description = "another pot of tea".to_owned(),
        |new| new.items = vec![item("tea", 1, 100)],
        |new| new.metadata = metadata("key", "value"),
        |new| new.notify_url = None,
        |new| new.return_url = Some("https://shop.example/back".to_owned()),
        |new| new.expires_in_s += 1,
    ];
    for (row, change) in table.into_iter().enumerate() {
        let mut other = new.clone();
        change(&mut other);
        assert_eq!(ask(&mut shop, 1, app, &other), Err(Refusal::OrderNoUsed(first)), "row {row}");
    }
    let (_, stranger) = another_merchant(&mut shop.books, 0);
    let theirs = ask(&mut shop, 1, stranger, &new).unwrap();
    assert!(theirs.new && theirs.payment.id != first, "order numbers are the merchant's own");
}

#[test]
fn an_app_nobody_made_creates_nothing() {
    let mut shop = Shop::open(60, 0);
    let nobody: AppId = shop.books.context(after(0)).draw();
    let asked = ask(&mut shop, 0, nobody, &new_payment("1", yuan(100)));
    assert_eq!(asked, Err(Refusal::NotFound("app")));
}

#[test]
fn every_currency_of_the_list_is_one_and_is_taken() {
    let mut shop = Shop::open(60, 0);
    let app = shop.app;
    for code in CURRENCIES {
        let money = Money { amount: amount(100), currency: Currency::parse(code).unwrap() };
        assert!(ask(&mut shop, 0, app, &new_payment(code, money)).unwrap().new, "{code}");
        assert!(CURRENCIES_MUST.contains(code));
    }
    assert_eq!(CURRENCIES_MUST.matches(", ").count(), CURRENCIES.len() - 1);
}

fn collect(shop: &mut Shop, seconds: i64, new: &NewPayment) -> Result<Created, Refusal> {
    let (app, by) = (shop.app, Collect { payer: shop.payer, shown: Shown::SandboxPhone, sandbox: true });
    shop.books.step(after(seconds), |facts, cx| steps::collect(facts, cx, app, new, &by))
}

#[test]
fn what_a_shop_collects_is_made_and_paid_in_one_step() {
    let mut shop = Shop::open(60, 10_000);
    let new = new_payment("1", yuan(10_000));
    let first = collect(&mut shop, 0, &new).unwrap();
    assert_eq!((first.new, first.payment.status, first.payment.version), (true, Status::Succeeded, 1));
    let again = collect(&mut shop, 1, &new).unwrap();
    assert_eq!(again, Created { new: false, ..first.clone() });
    let other = NewPayment { description: "other".to_owned(), ..new };
    assert_eq!(collect(&mut shop, 1, &other), Err(Refusal::OrderNoUsed(first.payment.id)));
    let balance = |account| shop.books.balance(account, Currency::CNY);
    assert_eq!(balance(Account::PayerAvailable(shop.payer)), 0);
    assert_eq!(balance(Account::MerchantPending(shop.merchant)), 9_940);
    assert_eq!(shop.books.tasks(|work| matches!(work, Work::ExpirePayment(_))), []);
}

#[test]
fn what_a_shop_cannot_collect_stays_open_with_its_timer() {
    let mut shop = Shop::open(60, 99);
    let short = collect(&mut shop, 0, &new_payment("1", yuan(100))).unwrap().payment;
    assert_eq!((short.status, short.attempts.len()), (Status::Open, 1));
    let timers = shop.books.tasks(|work| work == Work::ExpirePayment(short.id));
    assert_eq!(timers.iter().map(|key| key.due_at).collect::<Vec<_>>(), [short.expires_at]);
    assert_eq!(shop.pay(after(1), short.id, Method::SandboxBank).unwrap().version, 2);
}

#[test]
fn what_a_shop_collects_late_is_held_and_then_paid() {
    let mut shop = Shop::open(60, 100);
    let late = WaitingFault { payer: None, fault: Fault::ResultLate };
    shop.books.step(after(0), |facts, cx| sandbox::arm_fault(facts, cx, late)).unwrap();
    let waits = collect(&mut shop, 0, &new_payment("1", yuan(100))).unwrap().payment;
    assert_eq!(waits.status, Status::Processing);
    assert_eq!(shop.books.balance(Account::PayerHeld(shop.payer), Currency::CNY), 100);
    let said = steps::held_result(&waits);
    shop.hear(after(5), (waits.id, waits.attempts[0].id), None, &said).unwrap();
    assert_eq!(shop.books.get::<Payment>(waits.id).status, Status::Succeeded);
    assert_eq!(shop.books.balance(Account::PayerHeld(shop.payer), Currency::CNY), 0);
}

#[test]
fn another_merchants_payment_is_not_found() {
    let mut shop = Shop::open(60, 0);
    let (payment, _) = shop.paid_by_bank("1", 100);
    let (_, stranger) = another_merchant(&mut shop.books, 0);
    let not_found = Refusal::NotFound("payment");
    let refund = ask_refund(&mut shop, stranger, &new_refund(payment, "r", 1));
    assert_eq!(refund, Err(not_found.clone()));
    let closed = shop.books.step(after(9), |facts, cx| steps::close(facts, cx, stranger, payment));
    assert_eq!(closed, Err(not_found.clone()));
    let nowhere: PaymentId = shop.books.context(after(0)).draw();
    let app = shop.app;
    let closed = shop.books.step(after(9), |facts, cx| steps::close(facts, cx, app, nowhere));
    assert_eq!(closed, Err(not_found), "and one that never was looks the same");
}

#[test]
fn a_bad_refund_is_refused_and_its_field_named() {
    let mut shop = Shop::open(60, 0);
    let (payment, _) = shop.paid_by_bank("1", 100);
    let bad: [(&str, Spoil); 7] = [
        ("refund_no", |new| new.refund_no = String::new()),
        ("refund_no", |new| new.refund_no = "r".repeat(65)),
        ("refund_no", |new| new.refund_no = "r r".to_owned()),
        ("amount", |new| new.amount = Amount::ZERO),
        ("reason", |new| new.reason = Some(String::new())),
        ("reason", |new| new.reason = Some("r".repeat(257))),
        ("reason", |new| new.reason = Some("a\tb".to_owned())),
    ];
    let app = shop.app;
    for (row, (param, spoil)) in bad.into_iter().enumerate() {
        let mut new = new_refund(payment, "r", 1);
        spoil(&mut new);
        let refused = ask_refund(&mut shop, app, &new).unwrap_err();
        assert_eq!((refused.code(), refused.param()), ("invalid_value", Some(param)), "row {row}");
    }
    let too_large = ask_refund(&mut shop, app, &new_refund(payment, "r", 101)).unwrap_err();
    assert_eq!(
        (too_large.clone(), too_large.param()),
        (Refusal::RefundTooLarge { left: 100 }, Some("amount"))
    );
    assert_eq!(shop.books.all::<Refund>().count(), 0);
}

#[test]
fn the_same_refund_asked_for_again_is_the_same_one_and_other_content_is_refused() {
    let mut shop = Shop::open(60, 0);
    let ((payment, _), (other, _)) = (shop.paid_by_bank("1", 100), shop.paid_by_bank("2", 100));
    let (app, new) = (shop.app, new_refund(payment, "r", 40));
    let first = ask_refund(&mut shop, app, &new).unwrap();
    assert!(first.new);
    let again = ask_refund(&mut shop, app, &new).unwrap();
    assert_eq!((again.new, &again.refund), (false, &first.refund));
    let used = Err(Refusal::RefundNoUsed(first.refund.id));
    let reason = Some("broken".to_owned());
    for changed in [
        NewRefund { amount: amount(41), ..new.clone() },
        NewRefund { payment: other, ..new.clone() },
        NewRefund { reason, ..new },
    ] {
        assert_eq!(ask_refund(&mut shop, app, &changed), used);
    }
    let taken = shop.books.balance(Account::RefundsInFlight, Currency::CNY);
    assert_eq!((taken, shop.books.all::<Refund>().count()), (40, 1));
}

#[test]
fn a_payment_has_at_most_fifty_refunds() {
    let mut shop = Shop::open(0, 0);
    let (payment, _) = shop.paid_by_bank("1", 1_000);
    let app = shop.app;
    for number in 0..REFUNDS_PER_PAYMENT_MAX {
        ask_refund(&mut shop, app, &new_refund(payment, &number.to_string(), 1)).unwrap();
    }
    let more = ask_refund(&mut shop, app, &new_refund(payment, "more", 1));
    assert_eq!(more, Err(Refusal::TooManyRefunds));
    let again = ask_refund(&mut shop, app, &new_refund(payment, "0", 1)).unwrap();
    assert!(!again.new, "asking again for one of them is no new one");
}

#[test]
fn a_refund_nobody_asked_for_is_not_found() {
    let mut shop = Shop::open(0, 0);
    let nowhere: RefundId = shop.books.context(after(0)).draw();
    let told = shop.hear_refund(after(1), nowhere, None, &refund::steps::Said::Failed);
    assert_eq!(told, Err(Refusal::NotFound("refund")));
    let payment = shop.payment("1", 100);
    let attempt = shop.books.context(after(0)).draw();
    let paid = steps::Said::Paid { money: yuan(100), reference: None };
    assert_eq!(shop.hear(after(1), (payment, attempt), None, &paid), Err(Refusal::NotFound("attempt")));
}

#[test]
fn refunds_through_a_channel_keep_their_currency() {
    let mut shop = Shop::open(100, 0);
    let money = Money { amount: amount(500), currency: Currency::parse("JPY").unwrap() };
    let app = shop.app;
    let payment = ask(&mut shop, 0, app, &new_payment("1", money)).unwrap().payment.id;
    let attempt = shop.pay(after(1), payment, Method::SandboxBank).unwrap().attempts[0].id;
    let paid = steps::Said::Paid { money, reference: Some("a".to_owned()) };
    shop.hear(after(2), (payment, attempt), None, &paid).unwrap();
    let refund = ask_refund(&mut shop, app, &new_refund(payment, "r", 500)).unwrap().refund;
    assert_eq!((refund.money, refund.fee), (money, amount(5)));
    assert_eq!(shop.books.balance(Account::RefundsInFlight, money.currency), 500);
    assert_eq!(shop.books.balance(Account::RefundsInFlight, Currency::CNY), 0);
}
