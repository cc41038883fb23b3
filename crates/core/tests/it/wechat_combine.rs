//! Combined orders of WeChat Pay's interface: placed, paid, closed and expired as a whole, refunded singly.

use proptest::prelude::*;
use tongbao_core::{
    Facts, Key, Refusal, TaskKey, Time, Work,
    delivery::{Delivery, Dialect},
    event::{Event, Subject},
    id::{AppId, MerchantId, PayerId, WechatCombinedOrderId},
    ledger::Account,
    payer,
    payment::{
        AttemptStatus, Method, Payment, Status,
        create::create,
        steps::{Given, Prove, Shown, prove},
    },
    refund::RefundStatus,
    sandbox::{self, Fault, WaitingFault},
    wechat::{
        WechatCombinedOrder,
        combine::{
            self, Closed, CombinedTerms, NewCombinedOrder, NewSubOrder, PayCombined, Placed, ProveCombined,
            total,
        },
        merchant,
        order::{self, NewOrder, Placed as OrderPlaced, TradeType},
        refund::{self as refunds, Asked, NewOrderRefund, OrderName},
    },
};
use tongbao_money::Currency;

use crate::{
    shop::{NOTIFY_URL, Shop, after, amount, another_merchant, new_payer, new_payment, new_refund},
    wechat_keys::identity,
    wechat_orders::MCHID,
};

const OTHER_MCHID: &str = "1900000002";
const APPID: &str = "wx0000000000000001";
const DAY_S: i64 = 24 * 3_600;

/// Two merchants, the second with a fee of its own.
struct Mall {
    shop: Shop,
    other: MerchantId,
    other_app: AppId,
}

impl Mall {
    fn open(payer_has: i64) -> Mall {
        let mut shop = Shop::open(60, payer_has);
        let (other, other_app) = another_merchant(&mut shop.books, 100);
        for (mchid, app) in [(MCHID, shop.app), (OTHER_MCHID, other_app)] {
            let new = identity(mchid, app);
            shop.books.step(after(0), |facts, cx| merchant::register(facts, cx, &new)).unwrap();
        }
        Mall { shop, other, other_app }
    }

    fn place(&mut self, at: Time, new: &NewCombinedOrder) -> Result<Placed, Refusal> {
        self.shop.books.step(at, |facts, cx| combine::place(facts, cx, new))
    }

    fn placed(&mut self, at: Time, new: &NewCombinedOrder) -> WechatCombinedOrder {
        match self.place(at, new).unwrap() {
            Placed::Ready(order) => *order,
            other => panic!("{other:?}"),
        }
    }

    fn pay_by(
        &mut self,
        at: Time,
        order: WechatCombinedOrderId,
        payer: PayerId,
        method: Method,
    ) -> Result<Vec<Payment>, Refusal> {
        let ask = PayCombined { order, payer, method, shown: Shown::SandboxPhone, sandbox: true };
        self.shop.books.step(at, |facts, cx| combine::pay(facts, cx, &ask))
    }

    fn pay(&mut self, at: Time, order: WechatCombinedOrderId) -> Result<Vec<Payment>, Refusal> {
        self.pay_by(at, order, self.shop.payer, Method::Balance)
    }

    fn close(&mut self, at: Time, number: &str, named: &[(&str, &str)]) -> Closed {
        let named: Vec<_> = named.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let name = (MCHID, APPID, number);
        self.shop.books.step(at, |facts, cx| combine::close(facts, cx, name, &named)).unwrap()
    }

    fn arm(&mut self, fault: Fault) {
        let armed = WaitingFault { payer: None, fault };
        self.shop.books.step(after(0), |facts, cx| sandbox::arm_fault(facts, cx, armed)).unwrap();
    }

    fn payments(&self, order: &WechatCombinedOrder) -> Vec<Payment> {
        order.sub_orders.iter().map(|sub| self.shop.books.get(sub.payment)).collect()
    }

    fn balance(&self, account: Account) -> i64 {
        self.shop.books.balance(account, Currency::CNY)
    }

    /// Deliveries in WeChat Pay's words, and their events.
    fn told(&self) -> Vec<(Delivery, Event)> {
        let deliveries =
            self.shop.books.all::<Delivery>().filter(|delivery| delivery.dialect == Dialect::Wechat);
        deliveries.map(|delivery| (delivery.clone(), self.shop.books.get(delivery.event))).collect()
    }

    /// The worker asks what became of held money, or fires a timer, under a lease it takes now.
    fn work(&mut self, at: Time, wanted: impl Fn(Work) -> bool) -> bool {
        let Some(due) = self.shop.books.tasks(wanted).first().copied() else { return false };
        let work = self.shop.books.all_tasks()[&due];
        let lease = self.shop.books.lease(due, at.plus_s(60));
        match work {
            Work::QueryAttempt(payment, attempt) => {
                let now: Payment = self.shop.books.get(payment);
                let said = tongbao_core::payment::steps::held_result(&now);
                self.shop.hear(at, (payment, attempt), Some(lease), &said).unwrap();
            }
            Work::ExpirePayment(payment) => self.shop.expire_under(at, payment, lease).unwrap(),
            other => panic!("{other:?}"),
        }
        true
    }
}

fn sub(mchid: &str, number: &str, minor: i64) -> NewSubOrder {
    NewSubOrder {
        mchid: mchid.to_owned(),
        out_trade_no: number.to_owned(),
        amount: amount(minor),
        description: "a pot of tea".to_owned(),
        attach: "table 7".to_owned(),
        goods_tag: None,
        detail: None,
        profit_sharing: None,
    }
}

fn new_combined(number: &str, sub_orders: Vec<NewSubOrder>) -> NewCombinedOrder {
    let terms = CombinedTerms {
        mchid: MCHID.to_owned(),
        appid: APPID.to_owned(),
        out_trade_no: number.to_owned(),
        trade_type: TradeType::Native,
        openid: None,
        scene_info: None,
        device_id: None,
        notify_url: NOTIFY_URL.to_owned(),
    };
    NewCombinedOrder { terms, sub_orders, payer: None, by_public_key: false, time_expire: None }
}

/// 100 fen for one merchant and 50 for the other.
fn pair(number: &str) -> NewCombinedOrder {
    let parts = vec![sub(MCHID, &format!("{number}-a"), 100), sub(OTHER_MCHID, &format!("{number}-b"), 50)];
    new_combined(number, parts)
}

#[test]
fn all_of_it_is_paid_in_one_step_and_told_of_once() {
    let mut mall = Mall::open(1_000);
    mall.shop.endpoint(&[]);
    let order = mall.placed(after(0), &pair("c1"));
    let payments = mall.payments(&order);
    assert_eq!(total(&payments).amount, amount(150));
    assert_eq!([payments[0].merchant, payments[1].merchant], [mall.shop.merchant, mall.other]);
    assert_eq!([payments[0].app, payments[1].app], [mall.shop.app, mall.other_app]);
    let key = Key::WechatCombinedOrder(MCHID.to_owned(), "c1".to_owned());
    assert_eq!(mall.shop.books.key(&key).unwrap(), Some(order.id.into()));
    let token = Key::WechatPrepay(order.prepay_token.clone());
    assert_eq!(mall.shop.books.key(&token).unwrap(), Some(order.id.into()));

    let paid = mall.pay(after(1), order.id).unwrap();
    assert_eq!(paid, mall.payments(&order));
    assert!(paid.iter().all(|payment| payment.status == Status::Succeeded));
    assert_eq!(mall.balance(Account::PayerAvailable(mall.shop.payer)), 850);
    // A fee of 0.6 % of 100 is one fen; of 1 % of 50 none or one, as each payment alone has it.
    let fees = paid[0].fee.minor() + paid[1].fee.minor();
    assert_eq!(mall.balance(Account::PlatformFees), fees);
    assert_eq!(mall.balance(Account::MerchantPending(mall.shop.merchant)), 100 - paid[0].fee.minor());
    assert_eq!(mall.balance(Account::MerchantPending(mall.other)), 50 - paid[1].fee.minor());

    let told = mall.told();
    assert_eq!(told.len(), 1);
    let (delivery, event) = &told[0];
    assert_eq!((delivery.url.as_str(), delivery.endpoint, delivery.app), (NOTIFY_URL, None, mall.shop.app));
    let Subject::CombinedOrder(picture) = &event.subject else { panic!("{:?}", event.subject) };
    assert_eq!((&picture.order, &picture.payments), (&order, &paid));
    // The endpoint of the first merchant's app is told of that merchant's payment, and of nothing else.
    let native: Vec<Event> = mall
        .shop
        .books
        .all::<Delivery>()
        .filter(|delivery| delivery.dialect == Dialect::Native)
        .map(|delivery| mall.shop.books.get(delivery.event))
        .collect();
    assert!(
        matches!(&native[..], [Event { subject: Subject::Payment(payment), .. }] if payment.id == paid[0].id)
    );
    assert_eq!(mall.pay(after(2), order.id), Err(Refusal::PaymentPaid));
    assert_eq!(mall.shop.books.tasks(|work| matches!(work, Work::ExpirePayment(_))), []);
}

impl Mall {
    fn prove(
        &mut self,
        at: Time,
        order: WechatCombinedOrderId,
        (digest, given): ([u8; 32], Given),
    ) -> Result<Vec<Payment>, Refusal> {
        let ask = ProveCombined { order, payer: self.shop.payer, digest, given, sandbox: true };
        self.shop.books.step(at, |facts, cx| combine::prove(facts, cx, &ask))?
    }

    /// A combined order whose parts are small and whose whole is large, for which the password was shown.
    fn waiting(&mut self, number: &str) -> (WechatCombinedOrder, [u8; 32]) {
        let parts = vec![
            sub(MCHID, &format!("{number}-a"), 300_000),
            sub(OTHER_MCHID, &format!("{number}-b"), 300_000),
        ];
        let order = self.placed(after(0), &new_combined(number, parts));
        let (payer, shown) = (self.shop.payer, Shown::PASSWORD);
        let ask = PayCombined { order: order.id, payer, method: Method::Balance, shown, sandbox: true };
        let waits = self.shop.books.step(after(1), |facts, cx| combine::pay_proven(facts, cx, &ask));
        let waits = waits.unwrap().unwrap();
        let challenges: Vec<_> = waits.iter().map(|payment| payment.challenged(payer).unwrap().1).collect();
        assert_eq!(challenges[0], challenges[1], "they wait for the same");
        let digest = challenges[0].digest;
        (order, digest)
    }
}

#[test]
fn a_large_whole_waits_for_its_proofs_and_goes_on_as_a_whole() {
    const CODE: [u8; 32] = [9; 32];
    let mut mall = Mall::open(1_000_000);
    let (order, digest) = mall.waiting("c1");
    assert!(mall.payments(&order).iter().all(|payment| payment.status == Status::Open));
    let payer = mall.shop.payer;
    let send = |facts: &dyn Facts, cx: &mut _| {
        Ok((combine::send_code(facts, cx, (order.id, payer, &digest), CODE, None)?, ()))
    };
    mall.shop.books.step(after(2), send).unwrap();
    for (digest, given, told) in
        [([0; 32], Given::Code(CODE), Refusal::ProofVoid), (digest, Given::Code([1; 32]), Refusal::WrongCode)]
    {
        assert_eq!(mall.prove(after(3), order.id, (digest, given)), Err(told));
    }
    let paid = mall.prove(after(4), order.id, (digest, Given::Code(CODE))).unwrap();
    assert!(paid.iter().all(|payment| payment.status == Status::Succeeded));
    assert_eq!(mall.balance(Account::PayerAvailable(payer)), 400_000);
    assert_eq!(mall.told().len(), 1);
    assert_eq!(mall.prove(after(5), order.id, (digest, Given::Passkey)), Err(Refusal::PaymentPaid));
}

#[test]
fn what_waits_of_a_whole_is_proven_taken_back_and_stopped_as_a_whole() {
    let mut mall = Mall::open(1_000_000);
    let payer = mall.shop.payer;
    let (order, digest) = mall.waiting("c1");
    let part = order.sub_orders[0].payment;
    let alone = Prove { payment: part, payer, digest, given: Given::Passkey, sandbox: true };
    let told = mall.shop.books.step(after(2), |facts, cx| prove(facts, cx, &alone));
    assert_eq!(told.unwrap_err().param(), Some("payment"), "no part goes on without the others");
    mall.shop
        .books
        .step(after(3), |facts, cx| Ok((combine::take_back(facts, cx, order.id, payer)?, ())))
        .unwrap();
    let unproven = |mall: &Mall, order| {
        let all = mall.payments(order);
        all.iter().all(|payment| payment.attempts[0].status == AttemptStatus::Unproven)
    };
    assert!(unproven(&mall, &order));
    assert_eq!(mall.prove(after(4), order.id, (digest, Given::Passkey)), Err(Refusal::ProofVoid));
    let (stopped, digest) = mall.waiting("c2");
    mall.shop
        .books
        .step(after(5), |facts, cx| Ok((payer::freeze::freeze_own(facts, cx, payer)?, ())))
        .unwrap();
    assert_eq!(mall.prove(after(6), stopped.id, (digest, Given::Passkey)), Err(Refusal::PayerFrozen));
    assert!(unproven(&mall, &stopped));
    assert_eq!(mall.balance(Account::PayerAvailable(payer)), 1_000_000);
}

#[test]
fn a_purse_that_covers_each_part_and_not_the_whole_pays_nothing() {
    let mut mall = Mall::open(149);
    let order = mall.placed(after(0), &pair("c1"));
    let tried = mall.pay(after(1), order.id).unwrap();
    assert!(tried.iter().all(|payment| payment.status == Status::Open && payment.attempts.len() == 1));
    assert_eq!(mall.balance(Account::PayerAvailable(mall.shop.payer)), 149);
    assert_eq!(mall.told(), []);
    let top_up = |facts: &dyn Facts, _: &mut _| {
        let channel = tongbao_core::ledger::Channel::SandboxBank;
        Ok((payer::top_up(facts, mall.shop.payer, channel, crate::shop::yuan(1))?, ()))
    };
    mall.shop.books.step(after(2), top_up).unwrap();
    let paid = mall.pay(after(3), order.id).unwrap();
    assert!(paid.iter().all(|payment| payment.status == Status::Succeeded));
    assert_eq!(mall.balance(Account::PayerAvailable(mall.shop.payer)), 0);
}

#[test]
fn no_part_of_it_is_paid_closed_or_queried_alone() {
    let mut mall = Mall::open(1_000);
    let order = mall.placed(after(0), &pair("c1"));
    let part = order.sub_orders[0].payment;
    let must = "no part of a combined order, which is paid and closed as a whole";
    let alone = Refusal::Invalid { param: "payment", must };
    assert_eq!(mall.shop.pay(after(1), part, Method::Balance), Err(alone.clone()));
    assert_eq!(mall.shop.pay(after(1), part, Method::SandboxBank), Err(alone.clone()));
    assert_eq!(mall.shop.close(after(1), part), Err(alone));
    let closed = mall.shop.books.step(after(1), |facts, cx| order::close(facts, cx, MCHID, "c1-a"));
    assert_eq!(closed, Ok(order::Closed::Unknown));
    let payment: Payment = mall.shop.books.get(part);
    assert!(payment.is_order_of(MCHID) && !payment.is_single_order_of(MCHID));
    // A bank would take the parts one by one.
    let bank = mall.pay_by(after(1), order.id, mall.shop.payer, Method::SandboxBank);
    assert!(matches!(bank, Err(Refusal::Invalid { param: "method", .. })));
}

#[test]
fn only_the_payer_that_was_named_may_pay_it() {
    let mut mall = Mall::open(1_000);
    let stranger =
        mall.shop.books.step(after(0), |facts, cx| payer::create(facts, cx, &new_payer(2))).unwrap();
    let order = mall.placed(after(0), &NewCombinedOrder { payer: Some(mall.shop.payer), ..pair("c1") });
    let refused = mall.pay_by(after(1), order.id, stranger, Method::Balance);
    assert!(matches!(refused, Err(Refusal::Invalid { param: "payer", .. })));
    assert!(mall.pay(after(1), order.id).is_ok());
}

#[test]
fn a_late_result_is_the_result_of_all() {
    let mut mall = Mall::open(1_000);
    let order = mall.placed(after(0), &pair("c1"));
    mall.arm(Fault::ResultLate);
    let held = mall.pay(after(1), order.id).unwrap();
    assert!(held.iter().all(|payment| payment.status == Status::Processing));
    assert_eq!(mall.balance(Account::PayerHeld(mall.shop.payer)), 150);
    assert_eq!(mall.pay(after(2), order.id), Err(Refusal::PaymentProcessing));
    assert_eq!(mall.close(after(2), "c1", &[(MCHID, "c1-a"), (OTHER_MCHID, "c1-b")]), Closed::Paying);
    // The timer does not close what may be paid.
    assert!(mall.work(after(7 * DAY_S), |work| matches!(work, Work::ExpirePayment(_))));
    assert!(mall.payments(&order).iter().all(|payment| payment.status == Status::Processing));
    let asks = mall.shop.books.tasks(|work| matches!(work, Work::QueryAttempt(..)));
    assert_eq!(asks.len(), 1, "one task asks for all");
    assert!(mall.work(after(7 * DAY_S), |work| matches!(work, Work::QueryAttempt(..))));
    assert!(mall.payments(&order).iter().all(|payment| payment.status == Status::Succeeded));
    assert_eq!(mall.balance(Account::PayerHeld(mall.shop.payer)), 0);
    assert_eq!(mall.told().len(), 1);
}

#[test]
fn closing_takes_all_of_it_by_exactly_its_own_parts() {
    let mut mall = Mall::open(1_000);
    let order = mall.placed(after(0), &pair("c1"));
    let own = [(OTHER_MCHID, "c1-b"), (MCHID, "c1-a")];
    for named in [
        vec![],
        vec![own[0]],
        vec![own[0], own[0]],
        vec![own[0], own[1], own[1]],
        vec![(MCHID, "c1-b"), (OTHER_MCHID, "c1-a")],
    ] {
        assert_eq!(mall.close(after(1), "c1", &named), Closed::Differs, "{named:?}");
    }
    assert_eq!(mall.close(after(1), "none", &own), Closed::Unknown);
    assert!(mall.payments(&order).iter().all(|payment| payment.status == Status::Open));
    assert_eq!([mall.close(after(1), "c1", &own), mall.close(after(2), "c1", &own)], [Closed::Done; 2]);
    assert!(mall.payments(&order).iter().all(|payment| payment.status == Status::Closed));
    assert_eq!(mall.pay(after(3), order.id), Err(Refusal::PaymentClosed));
    assert_eq!(mall.place(after(3), &pair("c1")), Ok(Placed::Over));
    assert_eq!(mall.told(), []);

    let paid = mall.placed(after(0), &pair("c2"));
    mall.pay(after(1), paid.id).unwrap();
    let own = [(MCHID, "c2-a"), (OTHER_MCHID, "c2-b")];
    assert_eq!(mall.close(after(2), "c2", &own), Closed::Paid);
}

#[test]
fn its_time_ends_for_all_of_it() {
    let mut mall = Mall::open(1_000);
    let new = NewCombinedOrder { time_expire: Some(after(60)), ..pair("c1") };
    let order = mall.placed(after(0), &new);
    assert_eq!(mall.pay(after(60), order.id), Err(Refusal::PaymentExpired));
    assert!(mall.work(after(60), |work| matches!(work, Work::ExpirePayment(_))), "it goes off too early");
    assert!(mall.payments(&order).iter().all(|payment| payment.status == Status::Open));
    let timers = mall.shop.books.tasks(|work| matches!(work, Work::ExpirePayment(_)));
    assert_eq!(timers.len(), 2, "it is set again");
    let second = Work::ExpirePayment(order.sub_orders[1].payment);
    assert!(mall.work(after(7 * DAY_S), |work| work == second), "any of its timers closes all");
    assert!(mall.payments(&order).iter().all(|payment| payment.status == Status::Closed));
    assert_eq!(mall.shop.books.tasks(|work| matches!(work, Work::ExpirePayment(_))), []);
}

#[test]
fn the_same_again_has_a_fresh_code_and_another_is_refused() {
    let mut mall = Mall::open(1_000);
    let new = pair("c1");
    let first = mall.placed(after(0), &new);
    let second = mall.placed(after(1), &NewCombinedOrder { time_expire: Some(after(90)), ..new.clone() });
    assert_eq!((second.id, second.version, &second.sub_orders), (first.id, 2, &first.sub_orders));
    assert_ne!(second.prepay().code, first.prepay().code);
    assert!(second.check_code(&first.prepay().code, after(2)).is_err(), "a code to scan is replaced");
    assert_eq!(second.check_code(&second.prepay().code, after(2)), Ok(()));
    let with = |change: fn(&mut NewCombinedOrder)| {
        let mut other = new.clone();
        change(&mut other);
        other
    };
    for other in [
        with(|new| new.sub_orders[1].amount = amount(51)),
        with(|new| new.sub_orders[1].description = "two pots".to_owned()),
        with(|new| new.sub_orders[1].attach = "table 8".to_owned()),
        with(|new| new.sub_orders[1].detail = Some("{}".to_owned())),
        with(|new| new.sub_orders[1].out_trade_no = "c1-c".to_owned()),
        with(|new| new.sub_orders.swap(0, 1)),
        with(|new| new.sub_orders.push(sub(MCHID, "c1-c", 1))),
        with(|new| new.terms.trade_type = TradeType::App),
        with(|new| new.terms.notify_url = "https://shop.example/other".to_owned()),
        with(|new| new.terms.device_id = Some("7".to_owned())),
    ] {
        assert_eq!(mall.place(after(2), &other), Ok(Placed::Differs), "{other:?}");
    }
    let shared = with(|new| new.sub_orders[0].profit_sharing = Some(true));
    assert_eq!(mall.place(after(2), &shared), Ok(Placed::SettlementDiffers));
    mall.pay(after(3), first.id).unwrap();
    assert_eq!(mall.place(after(4), &shared), Ok(Placed::Paid), "the state is judged first");
}

#[test]
fn numbers_of_parts_are_order_numbers_of_their_merchants() {
    let mut mall = Mall::open(1_000);
    mall.shop.payment("native-1", 100);
    let taken = |number: &str| Ok(Placed::Taken(number.to_owned()));
    let with_first = |mchid: &str, number: &str| {
        new_combined("c1", vec![sub(mchid, number, 100), sub(OTHER_MCHID, "c1-b", 50)])
    };
    assert_eq!(mall.place(after(0), &with_first(MCHID, "native-1")), taken("native-1"));
    assert_eq!(mall.place(after(0), &with_first(OTHER_MCHID, "c1-b")), taken("c1-b"));
    let unknown = mall.place(after(0), &with_first("1", "c1-a"));
    assert_eq!(unknown, Ok(Placed::UnknownMerchant("1".to_owned())));
    let mut unbound = pair("c1");
    unbound.terms.appid = "wx2".to_owned();
    assert_eq!(mall.place(after(0), &unbound), Ok(Placed::AppidNotBound(MCHID.to_owned())));
    assert!(mall.shop.books.all::<WechatCombinedOrder>().next().is_none(), "nothing was made of those");
    // Two merchant numbers of one merchant share its numbers.
    let second = identity("1900000003", mall.shop.app);
    mall.shop.books.step(after(0), |facts, cx| merchant::register(facts, cx, &second)).unwrap();
    let twice = new_combined("c1", vec![sub(MCHID, "same-1", 1), sub("1900000003", "same-1", 1)]);
    assert_eq!(mall.place(after(0), &twice), taken("same-1"));
    // Once placed, its numbers are taken for everything else; the number of the whole is another space.
    mall.placed(after(0), &pair("c1"));
    let app = mall.shop.app;
    let same = new_payment("c1-a", crate::shop::yuan(100));
    let native = mall.shop.books.step(after(1), |facts, cx| create(facts, cx, app, &same));
    assert!(matches!(native, Err(Refusal::OrderNoUsed(_))));
    let single = |number: &str| {
        let sub = sub(MCHID, number, 100);
        let terms = tongbao_core::wechat::order::OrderTerms {
            mchid: MCHID.to_owned(),
            appid: APPID.to_owned(),
            trade_type: TradeType::Native,
            openid: None,
            attach: Some(sub.attach),
            goods_tag: None,
            support_fapiao: None,
            detail: None,
            scene_info: None,
            device_id: None,
            profit_sharing: None,
        };
        let payment = new_payment(number, crate::shop::yuan(100));
        NewOrder { payment, terms, payer: None, by_public_key: false, time_expire: None }
    };
    let (part, whole) = (single("c1-a"), single("c1"));
    let step = mall.shop.books.step(after(1), |facts, cx| order::place(facts, cx, &part));
    assert_eq!(step, Ok(OrderPlaced::Taken));
    let step = mall.shop.books.step(after(1), |facts, cx| order::place(facts, cx, &whole));
    assert!(matches!(step, Ok(OrderPlaced::Ready(_))));
}

#[test]
fn its_parts_are_from_two_to_ten_and_not_too_dear() {
    let mut mall = Mall::open(1_000);
    let parts = |count: usize| (0..count).map(|at| sub(MCHID, &format!("part-{at}"), 1)).collect::<Vec<_>>();
    for count in [0, 1, 11] {
        let refused = mall.place(after(0), &new_combined("c1", parts(count)));
        assert!(matches!(refused, Err(Refusal::Invalid { param: "sub_orders", .. })), "{count}");
    }
    let mut dear = parts(2);
    dear[1].amount = amount(1_000_000_001);
    assert!(mall.place(after(0), &new_combined("c1", dear.clone())).is_err());
    dear[1].amount = amount(0);
    assert!(mall.place(after(0), &new_combined("c1", dear)).is_err());
    let order = mall.placed(after(0), &new_combined("c1", parts(10)));
    let paid = mall.pay(after(1), order.id).unwrap();
    assert_eq!(paid.len(), 10);
    assert_eq!(mall.balance(Account::PayerAvailable(mall.shop.payer)), 990);
}

#[test]
fn each_part_is_refunded_by_its_own_merchant() {
    let mut mall = Mall::open(1_000);
    let order = mall.placed(after(0), &pair("c1"));
    mall.pay(after(1), order.id).unwrap();
    let ask = |mchid: &str, number: &str, part: i64| NewOrderRefund {
        mchid: mchid.to_owned(),
        order: OrderName::OutTradeNo(number.to_owned()),
        out_refund_no: format!("R-{mchid}"),
        refund: amount(part),
        total: amount(50),
        reason: None,
        notify_url: None,
    };
    let mut refund = |new: &NewOrderRefund| {
        mall.shop.books.step(after(2), |facts, cx| refunds::create(facts, cx, new)).unwrap()
    };
    assert_eq!(refund(&ask(MCHID, "c1-b", 20)), Asked::UnknownOrder, "it is the other's");
    let Asked::Made(made) = refund(&ask(OTHER_MCHID, "c1-b", 20)) else { panic!("refused") };
    assert_eq!((made.status, made.merchant), (RefundStatus::Succeeded, mall.other));
    assert_eq!(mall.balance(Account::PayerAvailable(mall.shop.payer)), 870);
    let payments = mall.payments(&order);
    assert_eq!([payments[0].refunded.minor(), payments[1].refunded.minor()], [0, 20]);
    assert_eq!(mall.told().len(), 1, "a part has no address of its own");
    let native = mall.shop.refund(after(3), &new_refund(payments[0].id, "1", 100)).unwrap();
    assert_eq!(native.wechat.unwrap().out_trade_no, "c1-a");
}

#[test]
fn faults_for_receivers_reach_the_address_of_the_whole() {
    for (fault, deliveries, probes) in [(Fault::DuplicateNotification, 2, 0), (Fault::SignatureProbe, 1, 1)] {
        let mut mall = Mall::open(1_000);
        let order = mall.placed(after(0), &pair("c1"));
        mall.arm(fault);
        mall.pay(after(1), order.id).unwrap();
        let told = mall.told();
        let probed = told.iter().filter(|(delivery, _)| delivery.is_probe()).count();
        assert_eq!((told.len(), probed), (deliveries, probes), "{fault:?}");
    }
}

/// What may happen to a combined order, in any sequence.
#[derive(Clone, Copy, Debug)]
enum Deed {
    PlaceAgain,
    Pay,
    PayPart(u8),
    Close,
    ClosePart(u8),
    Timer(u8),
    Ask,
    Arm(Fault),
    TopUp(i64),
    Refund(u8, i64),
    Wait(i64),
}

fn deeds() -> impl Strategy<Value = Deed> {
    let faults = prop_oneof![
        1 => Just(Fault::Declined),
        1 => Just(Fault::InsufficientBalance),
        3 => Just(Fault::ResultLate),
        1 => Just(Fault::DuplicateNotification),
    ];
    prop_oneof![
        1 => Just(Deed::PlaceAgain),
        4 => Just(Deed::Pay),
        1 => any::<u8>().prop_map(Deed::PayPart),
        1 => Just(Deed::Close),
        1 => any::<u8>().prop_map(Deed::ClosePart),
        2 => any::<u8>().prop_map(Deed::Timer),
        3 => Just(Deed::Ask),
        2 => faults.prop_map(Deed::Arm),
        2 => (1..200_i64).prop_map(Deed::TopUp),
        2 => (any::<u8>(), 1..120_i64).prop_map(|(part, minor)| Deed::Refund(part, minor)),
        3 => prop_oneof![Just(1), Just(60), Just(DAY_S), Just(7 * DAY_S)].prop_map(Deed::Wait),
    ]
}

impl Mall {
    fn part(order: &WechatCombinedOrder, number: u8) -> usize {
        usize::from(number) % order.sub_orders.len()
    }

    fn act(&mut self, at: Time, new: &NewCombinedOrder, order: &WechatCombinedOrder, deed: Deed) -> i64 {
        let own: Vec<(&str, &str)> =
            order.sub_orders.iter().map(|sub| (sub.mchid.as_str(), sub.out_trade_no.as_str())).collect();
        match deed {
            Deed::PlaceAgain => drop(self.place(at, new)),
            Deed::Pay => drop(self.pay(at, order.id)),
            Deed::PayPart(number) => {
                let part = order.sub_orders[Mall::part(order, number)].payment;
                assert!(self.shop.pay(at, part, Method::Balance).is_err());
            }
            Deed::Close => drop(self.close(at, &order.terms.out_trade_no, &own)),
            Deed::ClosePart(number) => {
                let part = order.sub_orders[Mall::part(order, number)].payment;
                assert!(self.shop.close(at, part).is_err());
            }
            Deed::Timer(number) => {
                let part = order.sub_orders[Mall::part(order, number)].payment;
                let due = |task: &TaskKey| task.due_at <= at;
                let works = self.shop.books.tasks(|work| work == Work::ExpirePayment(part));
                if works.first().is_some_and(due) {
                    assert!(self.work(at, |work| work == Work::ExpirePayment(part)));
                }
            }
            Deed::Ask => drop(self.work(at, |work| matches!(work, Work::QueryAttempt(..)))),
            Deed::Arm(fault) => self.arm(fault),
            Deed::TopUp(minor) => {
                let (payer, money) = (self.shop.payer, crate::shop::yuan(minor));
                let channel = tongbao_core::ledger::Channel::SandboxBank;
                let top_up =
                    |facts: &dyn Facts, _: &mut _| Ok((payer::top_up(facts, payer, channel, money)?, ()));
                self.shop.books.step(at, top_up).unwrap();
                return minor;
            }
            Deed::Refund(number, minor) => {
                let part = Mall::part(order, number);
                let payment = order.sub_orders[part].payment;
                if self.shop.books.get::<Payment>(payment).merchant == self.shop.merchant {
                    let refund_no = format!("R{}", self.shop.books.size().0);
                    drop(self.shop.refund(at, &new_refund(payment, &refund_no, minor)));
                }
            }
            Deed::Wait(_) => {}
        }
        0
    }

    /// What holds for the parts of an order whatever happened to it.
    fn check(&self, order: &WechatCombinedOrder, brought: i64) {
        let payments = self.payments(order);
        let statuses: Vec<Status> = payments.iter().map(|payment| payment.status).collect();
        assert!(statuses.iter().all(|status| *status == statuses[0]), "{statuses:?}");
        let attempts: Vec<usize> = payments.iter().map(|payment| payment.attempts.len()).collect();
        assert!(attempts.iter().all(|count| *count == attempts[0]), "{attempts:?}");
        assert!(self.shop.books.totals().values().all(|sum| *sum == 0), "money was made");
        let whole = total(&payments).amount.minor();
        let refunded: i64 = payments.iter().map(|payment| payment.refunded.minor()).sum();
        let spent = if statuses[0] == Status::Succeeded { whole - refunded } else { 0 };
        let purse = Account::PayerAvailable(self.shop.payer);
        let held = if statuses[0] == Status::Processing { whole } else { 0 };
        assert_eq!(self.balance(Account::PayerHeld(self.shop.payer)), held);
        assert_eq!(self.balance(purse), brought - spent - held);
        let events: std::collections::BTreeSet<_> = self.told().iter().map(|(_, event)| event.id).collect();
        assert_eq!(events.len(), usize::from(statuses[0] == Status::Succeeded));
        if matches!(statuses[0], Status::Succeeded | Status::Closed) {
            assert_eq!(self.shop.books.tasks(|work| matches!(work, Work::QueryAttempt(..))), []);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_its_parts_go_together(
        amounts in prop::collection::vec((any::<bool>(), 1..120_i64), 2..5),
        purse in 0..400_i64,
        lives in prop::collection::vec(deeds(), 1..40),
    ) {
        let mut mall = Mall::open(purse.max(1));
        let mchid = |own| if own { MCHID } else { OTHER_MCHID };
        let parts = amounts.iter().enumerate();
        let parts = parts.map(|(at, (own, minor))| sub(mchid(*own), &format!("part-{at}"), *minor));
        let new = NewCombinedOrder { time_expire: Some(after(8 * DAY_S)), ..new_combined("c1", parts.collect()) };
        let order = mall.placed(after(0), &new);
        let (mut at, mut brought) = (after(0), purse.max(1));
        for deed in lives {
            if let Deed::Wait(seconds) = deed {
                at = at.plus_s(seconds);
            }
            brought += mall.act(at, &new, &order, deed);
            mall.check(&order, brought);
        }
    }
}
