//! Profit sharing: every rule at its edge, and random lives in which nothing is shared or refunded twice.

use proptest::prelude::*;
use tongbao_core::{
    Record, Refusal, Time, Work,
    delivery::Delivery,
    event::{Event, EventKind},
    id::MerchantId,
    ledger::Account,
    payment::{Method, Payment},
    profit_sharing::{
        FROZEN_FOR_S, Sharing, SharingOrder, SharingReceiver, SharingReturn,
        giving_back::{self, NewReturn, OrderName, ReturnResult, Returned},
        machine::{Denied, Input, decide},
        order::{self, NewShare, NewSharingOrder, Share, Shared},
        receiver::{self, Added, NewReceiver, ReceiverAccount, ReceiverKind},
        steps,
    },
    refund::Refund,
    wechat::{
        merchant,
        order::{self as orders, NewOrder, OrderTerms, Placed, TradeType},
        transfer::SealedName,
    },
};
use tongbao_money::Currency;

use crate::{
    samples::{app, id, merchant as some_merchant, payer},
    shop::{Shop, after, amount, another_merchant, new_payment, new_refund, yuan},
    wechat_keys::identity,
    wechat_orders::MCHID,
};

const OTHER: &str = "1900000002";
const OPENID: &str = "o-of-the-payer";

/// One record of each kind that profit sharing has, with everything in it that there can be.
pub(crate) fn records() -> Vec<Record> {
    let account = ReceiverAccount::Merchant { mchid: OTHER.to_owned(), merchant: id(40) };
    let person = ReceiverAccount::Payer { openid: OPENID.to_owned(), payer: payer() };
    let share = |account, returned| Share {
        account,
        amount: amount(9),
        description: "share".to_owned(),
        detail_id: "3601".to_owned(),
        returned: amount(returned),
    };
    let mut records = vec![
        Sharing {
            id: id(41),
            version: 2,
            merchant: some_merchant(),
            payment: id(4),
            total: yuan(1_000),
            frozen: amount(5),
            shared: amount(6),
            refunded: amount(7),
            orders: 3,
            created_at: after(0),
            ends_at: after(9),
            finished_at: Some(after(8)),
        }
        .into(),
        SharingOrder {
            id: id(42),
            version: 2,
            merchant: some_merchant(),
            app: app(),
            mchid: MCHID.to_owned(),
            sharing: id(41),
            transaction_id: "4200".to_owned(),
            out_order_no: "share-1".to_owned(),
            order_id: "3008".to_owned(),
            shared: yuan(18),
            shares: vec![share(account.clone(), 2), share(person, 0)],
            finish: true,
            unfrozen: amount(3),
            description: Some("the rest".to_owned()),
            returns: 1,
            created_at: after(1),
        }
        .into(),
    ];
    records.extend(relations(account));
    records
}

fn relations(account: ReceiverAccount) -> [Record; 2] {
    [
        SharingReturn {
            id: id(43),
            version: 1,
            merchant: some_merchant(),
            order: id(42),
            order_id: "3008".to_owned(),
            out_order_no: "share-1".to_owned(),
            out_return_no: "return-1".to_owned(),
            return_id: "3008".to_owned(),
            return_mchid: OTHER.to_owned(),
            money: yuan(2),
            description: "back".to_owned(),
            result: ReturnResult::BalanceNotEnough,
            created_at: after(2),
        }
        .into(),
        SharingReceiver {
            id: id(44),
            version: 3,
            mchid: MCHID.to_owned(),
            account,
            name: Some(SealedName { sealed: "sealed".to_owned(), digest: [5; 32] }),
            relation: "CUSTOM".to_owned(),
            custom_relation: Some("landlord".to_owned()),
            deleted: true,
            created_at: after(0),
        }
        .into(),
    ]
}

struct Stall {
    shop: Shop,
    other: MerchantId,
}

/// A merchant with a fee, another that may receive, and the payer who may, too.
fn stall(fee_bps: u16) -> Stall {
    let mut shop = Shop::open(fee_bps, 1_000_000);
    let (other, app) = another_merchant(&mut shop.books, 0);
    for new in [identity(MCHID, shop.app), identity(OTHER, app)] {
        shop.books.step(after(0), |facts, cx| merchant::register(facts, cx, &new)).unwrap();
    }
    let mut stall = Stall { shop, other };
    assert_eq!(stall.add(&merchant_receiver()), Added::Done);
    assert_eq!(stall.add(&stall.person_receiver()), Added::Done);
    stall
}

fn named(digest: u8) -> SealedName {
    SealedName { sealed: "sealed".to_owned(), digest: [digest; 32] }
}

fn merchant_receiver() -> NewReceiver {
    NewReceiver {
        mchid: MCHID.to_owned(),
        account: OTHER.to_owned(),
        payer: None,
        name: Some(named(1)),
        relation: "SUPPLIER".to_owned(),
        custom_relation: None,
    }
}

impl Stall {
    fn person_receiver(&self) -> NewReceiver {
        let payer = Some(self.shop.payer);
        NewReceiver { account: OPENID.to_owned(), payer, name: None, ..merchant_receiver() }
    }

    fn add(&mut self, new: &NewReceiver) -> Added {
        self.shop.books.step(after(0), |facts, cx| receiver::add(facts, cx, new)).unwrap()
    }

    /// An order of so many fen that was paid after `paid_s` seconds.
    fn paid(&mut self, number: &str, minor: i64, profit_sharing: Option<bool>) -> Payment {
        let terms = OrderTerms {
            mchid: MCHID.to_owned(),
            appid: "wx0000000000000001".to_owned(),
            trade_type: TradeType::Native,
            openid: None,
            attach: None,
            goods_tag: None,
            support_fapiao: None,
            detail: None,
            scene_info: None,
            device_id: None,
            profit_sharing,
        };
        let payment = new_payment(number, yuan(minor));
        let new = NewOrder { payment, terms, payer: None, by_public_key: false, time_expire: None };
        let placed = self.shop.books.step(after(0), |facts, cx| orders::place(facts, cx, &new)).unwrap();
        let Placed::Ready(placed) = placed else { panic!("{placed:?}") };
        self.shop.pay(after(0), placed.id, Method::Balance).unwrap()
    }

    fn share(&mut self, at: Time, new: &NewSharingOrder) -> Shared {
        self.shop.books.step(at, |facts, cx| order::create(facts, cx, new)).unwrap()
    }

    fn give_back(&mut self, at: Time, new: &NewReturn) -> Returned {
        self.shop.books.step(at, |facts, cx| giving_back::create(facts, cx, new)).unwrap()
    }

    fn sharing(&self, payment: &Payment) -> Sharing {
        self.shop.books.all::<Sharing>().find(|sharing| sharing.payment == payment.id).unwrap().clone()
    }

    /// Fires the timer of a sharing, if it is still there.
    fn time_over(&mut self, at: Time, sharing: &Sharing) {
        let found = self.shop.books.tasks(|work| work == Work::Unfreeze(sharing.id));
        let Some(due) = found.first().copied() else { return };
        let lease = self.shop.books.lease(due, due.due_at.max(at).plus_s(60));
        let id = sharing.id;
        self.shop.books.step(at, |facts, cx| Ok((steps::unfreeze(facts, cx, id, lease)?, ()))).unwrap();
    }

    fn balance(&self, account: Account) -> i64 {
        self.shop.books.balance(account, Currency::CNY)
    }

    /// What the merchant has frozen and pending, and what the other merchant has.
    fn balances(&self) -> (i64, i64, i64) {
        let own = self.shop.merchant;
        let (frozen, pending) = (Account::MerchantFrozen(own), Account::MerchantPending(own));
        (self.balance(frozen), self.balance(pending), self.balance(Account::MerchantPending(self.other)))
    }
}

fn number_of(payment: &Payment) -> String {
    payment.wechat.as_ref().unwrap().transaction_id.clone()
}

fn to_merchant(minor: i64) -> NewShare {
    NewShare {
        kind: ReceiverKind::Merchant,
        account: OTHER.to_owned(),
        name: None,
        amount: amount(minor),
        description: "supplies".to_owned(),
    }
}

fn to_person(minor: i64) -> NewShare {
    let (kind, account) = (ReceiverKind::Payer, OPENID.to_owned());
    NewShare { kind, account, ..to_merchant(minor) }
}

fn new_order(payment: &Payment, number: &str, shares: Vec<NewShare>, finish: bool) -> NewSharingOrder {
    NewSharingOrder {
        mchid: MCHID.to_owned(),
        transaction_id: number_of(payment),
        out_order_no: number.to_owned(),
        shares,
        finish,
        description: None,
    }
}

fn new_return(order: &str, number: &str, minor: i64) -> NewReturn {
    NewReturn {
        mchid: MCHID.to_owned(),
        order: OrderName::OutOrderNo(order.to_owned()),
        out_return_no: number.to_owned(),
        return_mchid: OTHER.to_owned(),
        amount: amount(minor),
        description: "too much".to_owned(),
    }
}

#[track_caller]
fn made(shared: Shared) -> SharingOrder {
    let Shared::Made(order) = shared else { panic!("{shared:?}") };
    *order
}

#[test]
fn what_is_paid_for_sharing_is_frozen_less_the_fee_and_nothing_else_is() {
    let mut stall = stall(60);
    stall.paid("plain", 1_000, None);
    stall.paid("declined", 1_000, Some(false));
    assert_eq!(stall.balances(), (0, 1_988, 0));
    let payment = stall.paid("shared", 1_000, Some(true));
    assert_eq!(stall.balances(), (994, 1_988, 0));
    let sharing = stall.sharing(&payment);
    assert_eq!(
        (sharing.frozen, sharing.unsplit(), sharing.ends_at),
        (amount(994), amount(994), after(FROZEN_FOR_S))
    );
    let plain = stall.paid("plain-2", 1_000, None);
    let refused = stall.share(after(60), &new_order(&plain, "S1", vec![to_merchant(1)], false));
    assert_eq!(refused, Shared::NotForSharing);
}

#[test]
fn shares_go_to_their_receivers_and_the_rest_is_unfrozen() {
    let mut stall = stall(60);
    let payment = stall.paid("order", 1_000, Some(true));
    let purse = stall.balance(Account::PayerAvailable(stall.shop.payer));
    let first = new_order(&payment, "S1", vec![to_merchant(200), to_person(50)], false);
    let order = made(stall.share(after(60), &first));
    assert_eq!(stall.balances(), (744, 0, 200));
    assert_eq!(stall.balance(Account::PayerAvailable(stall.shop.payer)), purse + 50);
    assert_eq!((order.shares.len(), order.shared, order.unfrozen), (2, yuan(250), amount(0)));
    assert_eq!(made(stall.share(after(61), &first)), order, "asked twice, done once");
    for differs in [
        new_order(&payment, "S1", vec![to_merchant(201), to_person(50)], false),
        new_order(&payment, "S1", vec![to_merchant(200)], false),
        new_order(&payment, "S1", vec![to_merchant(200), to_person(50)], true),
        new_order(&payment, "S1", vec![to_person(50), to_merchant(200)], false),
    ] {
        assert_eq!(stall.share(after(61), &differs), Shared::Differs);
    }
    // Thirty hundredths of the payment in all, to the fen.
    let more = |number: &str, minor, finish| new_order(&payment, number, vec![to_merchant(minor)], finish);
    assert_eq!(stall.share(after(61), &more("S2", 51, false)), Shared::Denied(Denied::AboveRatio));
    let second = made(stall.share(after(61), &more("S2", 50, true)));
    assert_eq!((second.unfrozen, stall.balances()), (amount(694), (0, 694, 250)));
    assert_eq!(stall.share(after(62), &more("S3", 1, false)), Shared::Denied(Denied::Finished));
    assert!(stall.shop.books.tasks(|work| matches!(work, Work::Unfreeze(_))).is_empty());
    let kinds: Vec<EventKind> = stall.shop.books.all::<Event>().map(|event| event.kind).collect();
    let received = EventKind::ShareReceived;
    assert_eq!(kinds, [EventKind::PaymentSucceeded, received, received], "persons are not told");
}

#[test]
fn frozen_money_is_unfrozen_on_request_or_after_thirty_days() {
    let mut stall = stall(60);
    let (first, second) = (stall.paid("1", 1_000, Some(true)), stall.paid("2", 500, Some(true)));
    let mut request = new_order(&first, "U1", Vec::new(), true);
    request.description = Some("done".to_owned());
    let order = made(stall.share(after(1), &request));
    assert_eq!((order.unfrozen, stall.balances()), (amount(994), (497, 994, 0)));
    assert_eq!(made(stall.share(after(2), &request)), order, "asked twice, done once");
    let again = new_order(&first, "U2", Vec::new(), true);
    assert_eq!(stall.share(after(2), &again), Shared::Denied(Denied::Finished));
    let sharing = stall.sharing(&second);
    stall.time_over(after(FROZEN_FOR_S).plus_ms(-1), &sharing);
    assert_eq!(stall.balances(), (497, 994, 0), "too early");
    stall.time_over(after(FROZEN_FOR_S), &sharing);
    assert_eq!(stall.balances(), (0, 1_491, 0));
    assert_eq!(stall.sharing(&second).finished_at, Some(after(FROZEN_FOR_S)));
    let lease = tongbao_core::TaskKey { due_at: after(1), id: uuid::Uuid::nil() };
    let lost =
        stall.shop.books.step(after(1), |facts, cx| Ok((steps::unfreeze(facts, cx, sharing.id, lease)?, ())));
    assert_eq!(lost, Err(Refusal::LeaseLost));
}

#[test]
fn refunds_are_taken_from_what_is_frozen_and_later_from_the_rest() {
    let mut stall = stall(60);
    stall.paid("plain", 10_000, None);
    let (_, plain, _) = stall.balances();
    let payment = stall.paid("order", 1_000, Some(true));
    made(stall.share(after(60), &new_order(&payment, "S1", vec![to_merchant(300)], false)));
    stall.shop.refund(after(61), &new_refund(payment.id, "R1", 500)).unwrap();
    // Three fen of the fee go back with it.
    assert_eq!(stall.balances(), (994 - 300 - 497, plain, 300));
    let refused = stall.shop.refund(after(62), &new_refund(payment.id, "R2", 300));
    assert_eq!(refused, Err(Refusal::MerchantBalance), "what is not frozen needs unfreezing first");
    made(stall.share(after(63), &new_order(&payment, "U1", Vec::new(), true)));
    stall.shop.refund(after(64), &new_refund(payment.id, "R2", 500)).unwrap();
    assert_eq!(stall.balances(), (0, plain + 994 - 300 - 994, 300));
    // An order that was refunded whole has nothing to share.
    let whole = stall.paid("whole", 1_000, Some(true));
    stall.shop.refund(after(61), &new_refund(whole.id, "R3", 1_000)).unwrap();
    assert_eq!(stall.sharing(&whole).unsplit(), amount(0));
    let refused = stall.share(after(62), &new_order(&whole, "S2", vec![to_merchant(1)], false));
    assert_eq!(refused, Shared::Denied(Denied::NotEnough));
}

#[test]
fn a_request_needs_a_relation_a_minute_and_a_place() {
    let mut stall = stall(0);
    let payment = stall.paid("order", 900_000, Some(true));
    let one = |number: &str| new_order(&payment, number, vec![to_merchant(1)], false);
    assert_eq!(stall.share(after(60).plus_ms(-1), &one("S0")), Shared::Denied(Denied::TooSoon));
    for number in 0..50 {
        made(stall.share(after(60), &one(&format!("S{number}"))));
    }
    assert_eq!(stall.share(after(60), &one("S50")), Shared::Denied(Denied::TooMany));
    made(stall.share(after(60), &new_order(&payment, "U1", Vec::new(), true)));
    let payment = stall.paid("order-2", 1_000, Some(true));
    let with = |share: NewShare| new_order(&payment, "T1", vec![share], false);
    let stranger = NewShare { account: "1900000003".to_owned(), ..to_merchant(1) };
    assert_eq!(stall.share(after(60), &with(stranger)), Shared::NoRelation);
    let misnamed = NewShare { name: Some(named(2)), ..to_merchant(1) };
    assert_eq!(stall.share(after(60), &with(misnamed)), Shared::NameDiffers);
    let delete = |facts: &dyn tongbao_core::Facts, _: &mut _| {
        Ok((receiver::delete(facts, MCHID, ReceiverKind::Merchant, OTHER)?, ()))
    };
    stall.shop.books.step(after(60), delete).unwrap();
    stall.shop.books.step(after(60), delete).unwrap();
    assert_eq!(stall.share(after(60), &with(to_merchant(1))), Shared::NoRelation);
    assert_eq!(stall.add(&merchant_receiver()), Added::Done);
    assert_eq!(stall.add(&merchant_receiver()), Added::Done, "twice is once");
    made(stall.share(after(60), &with(NewShare { name: Some(named(1)), ..to_merchant(1) })));
    let unknown = NewReceiver { account: "1".to_owned(), ..merchant_receiver() };
    assert_eq!(stall.add(&unknown), Added::UnknownAccount);
    let unknown = NewReceiver { payer: Some(id(99)), ..stall.person_receiver() };
    assert_eq!(stall.add(&unknown), Added::UnknownAccount);
    let itself = NewReceiver { account: MCHID.to_owned(), ..merchant_receiver() };
    assert_eq!(stall.add(&itself), Added::Itself);
    let receivers: Vec<u32> = stall.shop.books.all::<SharingReceiver>().map(|known| known.version).collect();
    assert_eq!(receivers, [3, 1]);
    for wrong in [
        new_order(&payment, "", vec![to_merchant(1)], false),
        new_order(&payment, "T2", Vec::new(), false),
        new_order(&payment, "T2", vec![to_merchant(1), to_merchant(2)], false),
        new_order(&payment, "T2", vec![to_merchant(0)], false),
        new_order(&payment, "T2", (0..51).map(to_merchant).collect(), false),
    ] {
        let refused = stall.shop.books.step(after(60), |facts, cx| order::create(facts, cx, &wrong));
        assert!(matches!(refused, Err(Refusal::Invalid { .. })), "{refused:?}");
    }
    let unknown = NewSharingOrder { transaction_id: "4200".to_owned(), ..with(to_merchant(1)) };
    assert_eq!(
        stall.share(after(60), &NewSharingOrder { out_order_no: "T3".to_owned(), ..unknown }),
        Shared::UnknownPayment
    );
}

#[test]
fn a_receiver_gives_back_what_it_has_of_its_share_and_no_more() {
    let mut stall = stall(0);
    let payment = stall.paid("order", 1_000, Some(true));
    let url = |facts: &dyn tongbao_core::Facts, _: &mut _| {
        Ok((merchant::set_sharing_notify_url(facts, MCHID, Some("https://shop.example/shares"))?, ()))
    };
    stall.shop.books.step(after(0), url).unwrap();
    made(stall.share(after(60), &new_order(&payment, "S1", vec![to_merchant(200), to_person(100)], false)));
    let first = new_return("S1", "B1", 150);
    let Returned::Made(given) = stall.give_back(after(61), &first) else { panic!("it was not made") };
    assert_eq!((given.result, stall.balances()), (ReturnResult::Succeeded, (700, 150, 50)));
    assert_eq!(stall.give_back(after(62), &first), Returned::Made(given.clone()), "asked twice, done once");
    assert_eq!(
        stall.give_back(after(62), &NewReturn { amount: amount(1), ..first.clone() }),
        Returned::Differs
    );
    let by_id = NewReturn { order: OrderName::OrderId(given.order_id.clone()), ..new_return("S1", "B2", 51) };
    assert_eq!(stall.give_back(after(62), &by_id), Returned::TooLarge);
    assert_eq!(stall.give_back(after(62), &new_return("S9", "B2", 1)), Returned::UnknownOrder);
    let person = NewReturn { return_mchid: OPENID.to_owned(), ..new_return("S1", "B2", 1) };
    assert_eq!(stall.give_back(after(62), &person), Returned::NoShare);
    let late = after(60).plus_s(180 * 24 * 3_600).plus_ms(1);
    assert_eq!(stall.give_back(late, &new_return("S1", "B2", 1)), Returned::TooLate);
    // What came back is the merchant's own and not shared again; the greatest share counts it.
    let more = new_order(&payment, "S2", vec![to_merchant(1)], false);
    assert_eq!(stall.share(after(62), &more), Shared::Denied(Denied::AboveRatio));
    let told: Vec<&str> = stall.shop.books.all::<Delivery>().map(|delivery| delivery.url.as_str()).collect();
    assert!(told.contains(&"https://shop.example/shares"), "{told:?}");
    assert_eq!(stall.shop.books.all::<SharingReturn>().count(), 1);
}

#[test]
fn a_return_that_its_receiver_cannot_pay_has_failed_for_good() {
    let mut stall = stall(0);
    let payment = stall.paid("order", 1_000, Some(true));
    made(stall.share(after(60), &new_order(&payment, "S1", vec![to_merchant(200)], false)));
    // The receiver shares nothing itself; it has paid the money out by a refund of a payment of its own.
    let (other, money) = (stall.other, yuan(150));
    let spend = |_: &dyn tongbao_core::Facts, _: &mut tongbao_core::Context| {
        let taken = tongbao_core::ledger::template::transfer(
            Account::MerchantPending(other),
            money,
            id::<tongbao_core::id::TransferId>(9).into(),
        );
        Ok((tongbao_core::ChangeSet { postings: taken, ..Default::default() }, ()))
    };
    stall.shop.books.step(after(61), spend).unwrap();
    let Returned::Made(failed) = stall.give_back(after(62), &new_return("S1", "B1", 51)) else {
        panic!("no")
    };
    assert_eq!((failed.result, stall.balances()), (ReturnResult::BalanceNotEnough, (800, 0, 50)));
    assert_eq!(stall.give_back(after(63), &new_return("S1", "B1", 51)), Returned::Made(failed));
    let Returned::Made(paid) = stall.give_back(after(63), &new_return("S1", "B2", 50)) else { panic!("no") };
    assert_eq!((paid.result, stall.balances()), (ReturnResult::Succeeded, (800, 50, 0)));
}

#[test]
fn a_finished_sharing_answers_every_input() {
    let stall_sharing = records().remove(0);
    let Record::Sharing(finished) = stall_sharing else { panic!("the first is one") };
    let open = Sharing { finished_at: None, ..finished.clone() };
    let share = Input::Share { amount: amount(1), finish: false };
    assert_eq!(decide(&finished, share, after(100)), Err(Denied::Finished));
    assert_eq!(decide(&finished, Input::Refund(amount(1)), after(100)), Ok(None));
    assert_eq!(decide(&finished, Input::Expire, after(100)), Ok(None));
    assert_eq!(decide(&open, Input::Refund(amount(6)), after(100)), Err(Denied::NotEnough));
    assert_eq!(decide(&open, Input::Expire, after(8)), Ok(None));
    let next = decide(&open, Input::Expire, after(9)).unwrap().unwrap();
    assert_eq!((next.unfrozen, next.sharing.frozen), (amount(5), amount(0)));
    assert_eq!(finished.unsplit(), amount(0));
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Share,
    ShareAndFinish,
    Unfreeze,
    Refund,
    Return,
    Timer,
    Wait,
}

fn deeds() -> impl Strategy<Value = Vec<(Deed, usize, u8, i64)>> {
    let deed = prop_oneof![
        5 => Just(Deed::Share),
        1 => Just(Deed::ShareAndFinish),
        1 => Just(Deed::Unfreeze),
        4 => Just(Deed::Refund),
        3 => Just(Deed::Return),
        1 => Just(Deed::Timer),
        1 => Just(Deed::Wait),
    ];
    prop::collection::vec((deed, 0..2_usize, 0..12_u8, 1..600_i64), 1..50)
}

/// What must hold of a payment and its sharing at every moment.
fn check(stall: &Stall, payment: &Payment) -> Result<(), TestCaseError> {
    let (now, sharing) = (stall.shop.books.get::<Payment>(payment.id), stall.sharing(payment));
    let of = |order: &&SharingOrder| order.sharing == sharing.id;
    let orders: Vec<&SharingOrder> = stall.shop.books.all::<SharingOrder>().filter(of).collect();
    let shared: i64 = orders.iter().flat_map(|order| &order.shares).map(|share| share.amount.minor()).sum();
    prop_assert_eq!(shared, sharing.shared.minor(), "the shares add up");
    prop_assert!(shared * 10 <= now.money.amount.minor() * 3, "never above the greatest share");
    let taken = now.money.amount.minor() - now.fee.minor();
    let used = sharing.frozen.minor() + shared + sharing.refunded.minor();
    prop_assert!(used <= taken, "{used} of {taken}");
    if sharing.finished_at.is_none() {
        prop_assert_eq!(used, taken, "every fen is frozen, shared or refunded");
        let net = now.refund_claimed.minor() - now.fee_returned.minor();
        prop_assert_eq!(sharing.refunded.minor(), net, "refunds come from what is frozen");
    }
    prop_assert!(now.refund_claimed <= now.money.amount);
    for share in orders.iter().flat_map(|order| &order.shares) {
        prop_assert!(share.returned <= share.amount);
    }
    Ok(())
}

proptest! {
    #[test]
    fn nothing_is_shared_or_refunded_that_was_not_taken(deeds in deeds()) {
        let mut stall = stall(60);
        let payments = [stall.paid("1", 1_001, Some(true)), stall.paid("2", 777, Some(true))];
        let purse = stall.balance(Account::PayerAvailable(stall.shop.payer));
        let mut ahead_s = 0;
        for (deed, which, number, minor) in deeds {
            let (at, payment) = (after(ahead_s), &payments[which]);
            let name = format!("N{number}");
            let shares = vec![to_merchant(minor), to_person(minor / 3 + 1)];
            match deed {
                Deed::Share => drop(stall.share(at, &new_order(payment, &name, shares, false))),
                Deed::ShareAndFinish => drop(stall.share(at, &new_order(payment, &name, shares, true))),
                Deed::Unfreeze => drop(stall.share(at, &new_order(payment, &name, Vec::new(), true))),
                Deed::Refund => drop(stall.shop.refund(at, &new_refund(payment.id, &name, minor))),
                Deed::Return => drop(stall.give_back(at, &new_return(&name, &format!("B{number}"), minor / 4 + 1))),
                Deed::Timer => { let sharing = stall.sharing(payment); stall.time_over(at, &sharing); }
                Deed::Wait => ahead_s += minor * 60,
            }
            payments.iter().try_for_each(|payment| check(&stall, payment))?;
            let frozen: i64 = payments.iter().map(|payment| stall.sharing(payment).frozen.minor()).sum();
            let all = stall.shop.books.all::<SharingOrder>().flat_map(|order| &order.shares);
            let (mut to_other, mut to_payer) = (0, 0);
            for share in all {
                match share.account {
                    ReceiverAccount::Merchant { .. } => to_other += share.amount.minor() - share.returned.minor(),
                    ReceiverAccount::Payer { .. } => to_payer += share.amount.minor(),
                }
            }
            let refunded: i64 = stall.shop.books.all::<Refund>().map(|refund| refund.money.amount.minor()).sum();
            let (has_frozen, _, other_has) = stall.balances();
            prop_assert_eq!((has_frozen, other_has), (frozen, to_other));
            let payer_has = stall.balance(Account::PayerAvailable(stall.shop.payer));
            prop_assert_eq!(payer_has, purse + to_payer + refunded);
            prop_assert!(stall.shop.books.totals().values().all(|total| *total == 0));
        }
    }
}
