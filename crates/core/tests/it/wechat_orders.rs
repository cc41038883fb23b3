//! Orders of WeChat Pay's interface: placed, placed again, paid by prepay codes, closed, refunded, told of.

use tongbao_core::{
    Facts, Key, Refusal, Time, Work,
    delivery::{self, Delivery, DeliveryAttempt, DeliveryStatus, Dialect, Sent, WECHAT_RETRY_AFTER_S},
    event::EventKind,
    payment::{Method, Payment, Status},
    refund::RefundStatus,
    sandbox::{self, Fault, WaitingFault},
    wechat::{
        merchant,
        number::PrepayCode,
        order::{self, Closed, NewOrder, OrderTerms, Placed, PrepayOver, TradeType},
        refund::{self, Asked, NewOrderRefund, OrderName},
    },
};

use crate::{
    shop::{NOTIFY_URL, Shop, after, amount, another_merchant, new_payer, new_payment, new_refund, yuan},
    wechat_keys::identity,
};

pub(crate) const MCHID: &str = "1900000001";
const APPID: &str = "wx0000000000000001";

pub(crate) fn shop() -> Shop {
    let mut shop = Shop::open(60, 1_000_000);
    let new = identity(MCHID, shop.app);
    shop.books.step(after(0), |facts, cx| merchant::register(facts, cx, &new)).unwrap();
    shop
}

pub(crate) fn new_order(number: &str, trade_type: TradeType) -> NewOrder {
    let terms = OrderTerms {
        mchid: MCHID.to_owned(),
        appid: APPID.to_owned(),
        trade_type,
        openid: None,
        attach: Some("table 7".to_owned()),
        goods_tag: None,
        support_fapiao: None,
        detail: None,
        scene_info: None,
        device_id: None,
        profit_sharing: None,
    };
    let payment = new_payment(number, yuan(100));
    NewOrder { payment, terms, payer: None, by_public_key: false, time_expire: None }
}

fn place(shop: &mut Shop, at: Time, new: &NewOrder) -> Placed {
    shop.books.step(at, |facts, cx| order::place(facts, cx, new)).unwrap()
}

pub(crate) fn placed(shop: &mut Shop, at: Time, new: &NewOrder) -> Payment {
    match place(shop, at, new) {
        Placed::Ready(payment) => *payment,
        other => panic!("{other:?}"),
    }
}

fn code(payment: &Payment) -> PrepayCode {
    payment.wechat.as_ref().unwrap().prepay_code()
}

fn check(shop: &Shop, payment: &Payment, code: &PrepayCode, at: Time) -> Result<(), PrepayOver> {
    let now: Payment = shop.books.get(payment.id);
    now.wechat.unwrap().check_code(code, at)
}

#[test]
fn an_order_is_a_payment_with_numbers_of_its_own() {
    let mut shop = shop();
    let made = placed(&mut shop, after(0), &new_order("order-1", TradeType::Native));
    let order = made.wechat.clone().unwrap();
    assert_eq!((made.status, made.version, made.merchant), (Status::Open, 1, shop.merchant));
    assert_eq!(made.expires_at, after(7 * 24 * 3_600));
    assert!(order.transaction_id.len() == 28 && order.transaction_id.bytes().all(|d| d.is_ascii_digit()));
    assert_eq!(code(&made).to_string().len(), 20);
    assert_eq!(code(&made).to_string().parse(), Ok(code(&made)));
    for key in [Key::WechatTransaction(order.transaction_id), Key::WechatPrepay(order.prepay_token)] {
        assert_eq!(shop.books.key(&key).unwrap(), Some(made.id.into()));
    }
    let other = placed(&mut shop, after(0), &new_order("order-2", TradeType::Native));
    assert_ne!(other.wechat.unwrap().transaction_id, made.wechat.unwrap().transaction_id);
}

#[test]
fn the_same_order_again_has_a_fresh_code_and_another_is_refused() {
    let mut shop = shop();
    let new = new_order("order-1", TradeType::Native);
    let first = placed(&mut shop, after(0), &new);
    let again = NewOrder { time_expire: Some(after(90)), ..new.clone() };
    let second = placed(&mut shop, after(1), &again);
    assert_eq!((second.id, second.version), (first.id, 2));
    assert_eq!(second.wechat.as_ref().unwrap().time_expire, None, "the first one stands");
    assert_ne!(code(&second), code(&first));

    let terms = |change: fn(&mut OrderTerms)| {
        let mut other = new.clone();
        change(&mut other.terms);
        other
    };
    let mut dearer = new.clone();
    dearer.payment.money = yuan(101);
    let mut renamed = new.clone();
    renamed.payment.description = "two pots".to_owned();
    let mut readdressed = new.clone();
    readdressed.payment.notify_url = Some("https://shop.example/other".to_owned());
    for other in [
        dearer,
        renamed,
        readdressed,
        terms(|terms| terms.trade_type = TradeType::App),
        terms(|terms| terms.attach = None),
        terms(|terms| terms.openid = Some("o".to_owned())),
        terms(|terms| terms.detail = Some("{}".to_owned())),
        terms(|terms| terms.profit_sharing = Some(true)),
    ] {
        assert_eq!(place(&mut shop, after(2), &other), Placed::Differs, "{other:?}");
    }
    assert_eq!(
        place(&mut shop, after(2), &terms(|terms| terms.appid = "wx2".to_owned())),
        Placed::AppidNotBound
    );
    assert_eq!(
        place(&mut shop, after(2), &terms(|terms| terms.mchid = "1".to_owned())),
        Placed::UnknownMerchant
    );
}

#[test]
fn an_order_number_is_spent_by_paying_closing_and_time() {
    let mut shop = shop();
    let paid = new_order("paid", TradeType::App);
    let payment = placed(&mut shop, after(0), &paid);
    shop.pay(after(1), payment.id, Method::Balance).unwrap();
    assert_eq!(place(&mut shop, after(2), &paid), Placed::Paid);
    let closed = new_order("closed", TradeType::App);
    let payment = placed(&mut shop, after(0), &closed);
    shop.close(after(1), payment.id).unwrap();
    assert_eq!(place(&mut shop, after(2), &closed), Placed::Over);
    let expiring = NewOrder { time_expire: Some(after(60)), ..new_order("expired", TradeType::App) };
    placed(&mut shop, after(0), &expiring);
    placed(&mut shop, after(59), &expiring);
    assert_eq!(place(&mut shop, after(60), &expiring), Placed::Over);
    // A payment of the native door has its number too.
    shop.payment("native", 100);
    assert_eq!(place(&mut shop, after(1), &new_order("native", TradeType::App)), Placed::Taken);
}

#[test]
fn the_native_door_does_not_take_an_order_for_its_own() {
    let mut shop = shop();
    let mut new = new_order("order-1", TradeType::Native);
    new.payment.expires_in_s = 7 * 24 * 3_600;
    let made = placed(&mut shop, after(0), &new);
    let app = shop.app;
    let same = new.payment.clone();
    let again =
        shop.books.step(after(1), |facts, cx| tongbao_core::payment::create::create(facts, cx, app, &same));
    assert_eq!(again, Err(Refusal::OrderNoUsed(made.id)));
}

#[test]
fn a_time_is_moved_into_its_limits_and_ends_paying_not_the_order() {
    const DAY_S: i64 = 24 * 3_600;
    let mut shop = shop();
    for (number, asked, until, closes) in [
        ("soon", 1, 60, 7 * DAY_S),
        ("late", 8 * DAY_S, 8 * DAY_S, 8 * DAY_S + 1),
        ("never", 400 * DAY_S, 90 * DAY_S, 90 * DAY_S + 1),
    ] {
        let time_expire = Some(after(asked));
        let made =
            placed(&mut shop, after(0), &NewOrder { time_expire, ..new_order(number, TradeType::App) });
        assert_eq!((made.payable_until(), made.expires_at), (after(until), after(closes)), "{number}");
        let late = shop.pay(after(until), made.id, Method::Balance);
        assert_eq!(late, Err(Refusal::PaymentExpired), "{number}");
        assert_eq!(shop.books.get::<Payment>(made.id).status, Status::Open, "{number}");
        shop.expire(after(closes), made.id);
        assert_eq!(shop.books.get::<Payment>(made.id).status, Status::Closed, "{number}");
    }
}

#[test]
fn prepay_codes_live_as_long_as_documented() {
    let mut shop = shop();
    for (number, trade_type, life_s, replaced) in [
        ("native", TradeType::Native, 7_200, Err(PrepayOver::Replaced)),
        ("jsapi", TradeType::Jsapi, 7_200, Ok(())),
        ("app", TradeType::App, 7_200, Ok(())),
        ("h5", TradeType::H5, 300, Ok(())),
    ] {
        let new = new_order(number, trade_type);
        let made = placed(&mut shop, after(0), &new);
        let first = code(&made);
        assert_eq!(check(&shop, &made, &first, after(life_s - 1)), Ok(()), "{number}");
        assert_eq!(check(&shop, &made, &first, after(life_s)), Err(PrepayOver::Expired), "{number}");
        let second = code(&placed(&mut shop, after(1), &new));
        assert_eq!(check(&shop, &made, &first, after(2)), replaced, "{number}");
        assert_eq!(check(&shop, &made, &second, after(life_s)), Ok(()), "{number}");
        let future = PrepayCode { sequence: 3, ..second.clone() };
        assert_eq!(check(&shop, &made, &future, after(2)), Err(PrepayOver::Replaced), "{number}");
        let none = PrepayCode { sequence: 0, ..second };
        assert_eq!(check(&shop, &made, &none, after(2)), Err(PrepayOver::Replaced), "{number}");
        for _ in 0..8 {
            placed(&mut shop, after(3), &new);
        }
        assert_eq!(check(&shop, &made, &first, after(4)), Err(PrepayOver::Replaced), "{number}");
    }
}

#[test]
fn only_the_payer_that_was_named_may_pay() {
    let mut shop = shop();
    let stranger =
        shop.books.step(after(0), |facts, cx| tongbao_core::payer::create(facts, cx, &new_payer(2))).unwrap();
    let new = NewOrder { payer: Some(stranger), ..new_order("order-1", TradeType::Jsapi) };
    let made = placed(&mut shop, after(0), &new);
    let must = "the one for whom the order was placed";
    let paid = shop.pay(after(1), made.id, Method::Balance);
    assert_eq!(paid, Err(Refusal::Invalid { param: "payer", must }));
    shop.payer = stranger;
    assert!(shop.pay(after(2), made.id, Method::SandboxBank).is_ok());
}

#[test]
fn closing_answers_what_became_of_the_order() {
    let mut shop = shop();
    let close = |shop: &mut Shop, number: &str| {
        shop.books.step(after(5), |facts, cx| order::close(facts, cx, MCHID, number)).unwrap()
    };
    placed(&mut shop, after(0), &new_order("open", TradeType::Native));
    assert_eq!([close(&mut shop, "open"), close(&mut shop, "open")], [Closed::Done, Closed::Done]);
    assert_eq!(close(&mut shop, "none"), Closed::Unknown);
    shop.payment("native", 100);
    assert_eq!(close(&mut shop, "native"), Closed::Unknown);
    let paying = placed(&mut shop, after(0), &new_order("paying", TradeType::Native));
    shop.pay(after(1), paying.id, Method::SandboxBank).unwrap();
    assert_eq!(close(&mut shop, "paying"), Closed::Paying);
    let paid = placed(&mut shop, after(0), &new_order("paid", TradeType::Native));
    shop.pay(after(1), paid.id, Method::Balance).unwrap();
    assert_eq!(close(&mut shop, "paid"), Closed::Paid);
}

fn new_order_refund(number: &str, order: OrderName, part: i64) -> NewOrderRefund {
    NewOrderRefund {
        mchid: MCHID.to_owned(),
        order,
        out_refund_no: number.to_owned(),
        refund: amount(part),
        total: amount(100),
        reason: None,
        notify_url: None,
    }
}

fn ask(shop: &mut Shop, at: Time, new: &NewOrderRefund) -> Result<Asked, Refusal> {
    shop.books.step(at, |facts, cx| refund::create(facts, cx, new))
}

#[test]
fn a_refund_is_made_by_either_number_and_once() {
    let mut shop = shop();
    let paid = placed(&mut shop, after(0), &new_order("paid", TradeType::Native));
    shop.pay(after(1), paid.id, Method::Balance).unwrap();
    let by_own = || OrderName::OutTradeNo("paid".to_owned());
    let transaction_id = paid.wechat.unwrap().transaction_id;
    let by_ours = new_order_refund("2", OrderName::TransactionId(transaction_id.clone()), 60);
    let first = new_order_refund("1", by_own(), 40);
    let Asked::Made(made) = ask(&mut shop, after(2), &first).unwrap() else { panic!("refused") };
    assert_eq!(made.status, RefundStatus::Succeeded);
    let order = made.wechat.clone().unwrap();
    assert_eq!((order.refund_id.len(), order.total, order.transaction_id), (29, amount(100), transaction_id));
    assert_eq!(shop.books.key(&Key::WechatRefund(order.refund_id)).unwrap(), Some(made.id.into()));
    assert_eq!(ask(&mut shop, after(3), &first), Ok(Asked::Made(made.clone())), "asked again");
    let other = NewOrderRefund { refund: amount(41), ..first.clone() };
    assert_eq!(ask(&mut shop, after(3), &other), Err(Refusal::RefundNoUsed(made.id)));
    assert!(matches!(ask(&mut shop, after(4), &by_ours), Ok(Asked::Made(_))));
    let more = new_order_refund("3", by_own(), 1);
    assert_eq!(ask(&mut shop, after(5), &more), Err(Refusal::RefundTooLarge { left: 0 }));
}

#[test]
fn a_refund_that_cannot_be_says_why() {
    const YEAR_S: i64 = 365 * 24 * 3_600;
    let mut shop = shop();
    let by_own = |number: &str| OrderName::OutTradeNo(number.to_owned());
    let paid = placed(&mut shop, after(0), &new_order("paid", TradeType::Native));
    let unpaid = placed(&mut shop, after(0), &new_order("open", TradeType::Native));
    shop.pay(after(1), paid.id, Method::Balance).unwrap();
    let (native, _) = shop.paid_by_bank("native", 100);
    let stranger = NewOrderRefund { mchid: "2".to_owned(), ..new_order_refund("1", by_own("paid"), 1) };
    let (_, app) = another_merchant(&mut shop.books, 0);
    let new = identity("2", app);
    shop.books.step(after(0), |facts, cx| merchant::register(facts, cx, &new)).unwrap();
    let transaction_id = paid.wechat.unwrap().transaction_id;
    for (new, at, becomes) in [
        (new_order_refund("1", by_own("none"), 1), 2, Asked::UnknownOrder),
        (new_order_refund("1", by_own("open"), 1), 2, Asked::UnknownOrder),
        (new_order_refund("1", by_own("native"), 1), 2, Asked::UnknownOrder),
        (
            NewOrderRefund { order: OrderName::TransactionId(transaction_id), ..stranger.clone() },
            2,
            Asked::UnknownOrder,
        ),
        (stranger, 2, Asked::UnknownOrder),
        (
            NewOrderRefund { total: amount(99), ..new_order_refund("1", by_own("paid"), 1) },
            2,
            Asked::TotalDiffers,
        ),
        (new_order_refund("1", by_own("paid"), 1), YEAR_S + 2, Asked::TooLate),
    ] {
        assert_eq!(ask(&mut shop, after(at), &new), Ok(becomes), "{new:?}");
    }
    assert_eq!(shop.books.get::<Payment>(unpaid.id).refund_count, 0);
    // One that was made in time is found for ever.
    let first = new_order_refund("1", by_own("paid"), 1);
    let Asked::Made(made) = ask(&mut shop, after(YEAR_S + 1), &first).unwrap() else { panic!("too late") };
    assert_eq!(ask(&mut shop, after(YEAR_S + 2), &first), Ok(Asked::Made(made)));
    assert!(shop.refund(after(3), &new_refund(native, "9", 1)).unwrap().wechat.is_none());
}

#[test]
fn the_native_door_refunds_an_order_under_a_refund_id_too() {
    let mut shop = shop();
    let paid = placed(&mut shop, after(0), &new_order("paid", TradeType::Native));
    shop.pay(after(1), paid.id, Method::Balance).unwrap();
    let made = shop.refund(after(2), &new_refund(paid.id, "1", 10)).unwrap();
    assert_eq!(made.wechat.unwrap().out_trade_no, "paid");
}

/// The deliveries to addresses of payments and refunds, in the order of their making.
fn told(shop: &Shop) -> Vec<Delivery> {
    shop.books.all::<Delivery>().filter(|delivery| delivery.endpoint.is_none()).cloned().collect()
}

#[test]
fn an_address_of_an_order_is_told_of_success_only_and_in_its_own_words() {
    let mut shop = shop();
    shop.endpoint(&[]);
    let closed = placed(&mut shop, after(0), &new_order("closed", TradeType::Native));
    shop.close(after(1), closed.id).unwrap();
    assert_eq!(told(&shop), [], "WeChat Pay tells of no closing");
    let paid = placed(&mut shop, after(0), &new_order("paid", TradeType::Native));
    shop.pay(after(1), paid.id, Method::Balance).unwrap();
    let elsewhere = Some("https://shop.example/refunds".to_owned());
    let by_own = OrderName::OutTradeNo("paid".to_owned());
    let first = NewOrderRefund { notify_url: elsewhere.clone(), ..new_order_refund("1", by_own.clone(), 1) };
    ask(&mut shop, after(2), &first).unwrap();
    ask(&mut shop, after(3), &new_order_refund("2", by_own, 1)).unwrap();
    let told = told(&shop);
    assert!(told.iter().all(|delivery| delivery.dialect == Dialect::Wechat && !delivery.probe));
    let urls: Vec<&str> = told.iter().map(|delivery| delivery.url.as_str()).collect();
    assert_eq!(urls, [NOTIFY_URL, elsewhere.as_deref().unwrap(), NOTIFY_URL]);
    let native = shop.books.all::<Delivery>().filter(|delivery| delivery.dialect == Dialect::Native).count();
    assert_eq!(native, 4, "the app's endpoint is told of all of it, in ours");
    let tells = |kind: &&EventKind| Dialect::Wechat.tells(**kind);
    let words: Vec<&EventKind> = EventKind::ALL.iter().filter(tells).collect();
    assert_eq!(
        words,
        [
            &EventKind::PaymentSucceeded,
            &EventKind::RefundSucceeded,
            &EventKind::RefundFailed,
            &EventKind::TransferAccepted,
            &EventKind::TransferReturned,
            &EventKind::ShareReceived,
            &EventKind::ShareReturned,
            &EventKind::ComplaintCreated,
            &EventKind::ComplaintChanged,
        ]
    );
}

#[test]
fn a_notification_of_an_order_is_tried_for_a_day_by_the_documented_schedule() {
    let mut shop = shop();
    let paid = placed(&mut shop, after(0), &new_order("paid", TradeType::Native));
    shop.pay(after(1), paid.id, Method::Balance).unwrap();
    let id = told(&shop)[0].id;
    let mut waits = Vec::new();
    loop {
        let found = shop.books.tasks(|work| work == Work::Deliver(id));
        let Some(due) = found.first().copied() else { break };
        let lease = shop.books.lease(due, due.due_at.plus_s(60));
        let failure = Some("http".to_owned());
        let attempt = DeliveryAttempt { at: due.due_at, http_status: Some(500), failure, duration_ms: 1 };
        // Neither chance nor the receiver moves it.
        let sent = Sent { attempt, retry_after_s: Some(9_999), jitter: 100 };
        shop.books
            .step(due.due_at, |facts, _| Ok((delivery::record_attempt(facts, id, lease, &sent)?, ())))
            .unwrap();
        let next: Delivery = shop.books.get(id);
        waits.extend(next.next_at.map(|next| next.since_ms(due.due_at) / 1_000));
    }
    assert_eq!(waits, WECHAT_RETRY_AFTER_S);
    assert_eq!(waits.iter().sum::<i64>(), 24 * 3_600 + 4 * 60);
    assert_eq!(shop.books.get::<Delivery>(id).status, DeliveryStatus::GivenUp);
}

#[test]
fn a_probe_goes_first_to_the_address_of_an_order_and_nowhere_else() {
    let mut shop = shop();
    shop.endpoint(&[]);
    let paid = placed(&mut shop, after(0), &new_order("paid", TradeType::Native));
    let armed = WaitingFault { payer: None, fault: Fault::SignatureProbe };
    shop.books.step(after(0), |facts, cx| sandbox::arm_fault(facts, cx, armed)).unwrap();
    let payment = shop.pay(after(1), paid.id, Method::Balance).unwrap();
    assert_eq!(payment.status, Status::Succeeded, "it goes wrong for the receiver only");
    let probes: Vec<bool> = shop.books.all::<Delivery>().map(Delivery::is_probe).collect();
    assert_eq!(probes.iter().filter(|probe| **probe).count(), 1);
    let first = told(&shop).remove(0);
    assert!(first.is_probe());
    let attempt = |at_s, http_status, failure: &str| DeliveryAttempt {
        at: after(at_s),
        http_status,
        failure: Some(failure.to_owned()),
        duration_ms: 1,
    };
    let sent = |attempt| Sent { attempt, retry_after_s: None, jitter: 0 };
    let lost = first.after(&sent(attempt(1, None, "broken"))).unwrap();
    assert!(lost.is_probe() && lost.next_at == Some(after(16)), "nobody has refused it yet");
    let after_it = lost.after(&sent(attempt(16, Some(401), "http"))).unwrap();
    assert!(!after_it.is_probe() && after_it.next_at == Some(after(31)));
}
