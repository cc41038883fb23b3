//! Payment codes: shown, shown again, used once, over in two windows; and the orders that shops make of them.

use proptest::prelude::*;
use tongbao_core::{
    Facts, Key, Refusal, Time, Work,
    id::{PayerId, TypedId},
    ledger::{Account, Channel},
    payer,
    payment::{Method, Payment, Status},
    payment_code::{
        self, CODES_PER_WINDOW_MAX, PaymentCode, PaymentCodeSeed, Shown, WINDOW_MS, Window, is_code,
        machine::{Void, check, use_for},
    },
    refund::Refund,
    sandbox::{self, Fault, WaitingFault},
    wechat::{
        codepay::{self, CodeState, NewCodeOrder, Reversed, Scanned},
        merchant,
        order::{self, OrderTerms, TradeType},
    },
};
use tongbao_money::Currency;
use uuid::Uuid;

use crate::{
    shop::{OPENED_MS, Shop, after, amount, another_merchant, new_payer, new_payment, new_refund, yuan},
    wechat_keys::identity,
    wechat_orders::MCHID,
};

const APPID: &str = "wx0000000000000001";
const DAY_S: i64 = 24 * 3_600;
/// 1,000 yuan: the most that needs no password.
const FREE: i64 = 100_000;

fn shop(payer_has: i64) -> Shop {
    let mut shop = Shop::open(60, payer_has);
    let new = identity(MCHID, shop.app);
    shop.books.step(after(0), |facts, cx| merchant::register(facts, cx, &new)).unwrap();
    shop
}

/// The digests that a shell would make for a window.
fn digests(payer: u8, window: Window) -> Vec<[u8; 32]> {
    let digest = |place: usize| {
        let mut digest = [payer; 32];
        digest[..8].copy_from_slice(&window.number().to_be_bytes());
        digest[8] = u8::try_from(place).unwrap();
        digest
    };
    (0..CODES_PER_WINDOW_MAX).map(digest).collect()
}

fn show_for(shop: &mut Shop, at: Time, payer: PayerId, number: u8) -> Shown {
    let window = Window::of(at);
    let digests = digests(number, window);
    shop.books.step(at, |facts, cx| payment_code::show(facts, cx, payer, window, &digests)).unwrap()
}

fn shown(shop: &mut Shop, at: Time) -> PaymentCode {
    let payer = shop.payer;
    match show_for(shop, at, payer, 1) {
        Shown::Code(_, code) => code,
        other => panic!("{other:?}"),
    }
}

fn new_order(number: &str, minor: i64, code: &PaymentCode) -> NewCodeOrder {
    let terms = OrderTerms {
        mchid: MCHID.to_owned(),
        appid: APPID.to_owned(),
        trade_type: TradeType::Micropay,
        openid: None,
        attach: None,
        goods_tag: None,
        support_fapiao: None,
        detail: None,
        scene_info: Some("{}".to_owned()),
        device_id: None,
        profit_sharing: None,
    };
    let payment =
        tongbao_core::payment::create::NewPayment { notify_url: None, ..new_payment(number, yuan(minor)) };
    NewCodeOrder { payment, terms, code: code.digest, by_public_key: false, sandbox: true }
}

fn scan(shop: &mut Shop, at: Time, new: &NewCodeOrder) -> Scanned {
    shop.books.step(at, |facts, cx| codepay::scan(facts, cx, new)).unwrap()
}

fn ordered(shop: &mut Shop, at: Time, new: &NewCodeOrder) -> Payment {
    match scan(shop, at, new) {
        Scanned::Order(payment) => *payment,
        other => panic!("{other:?}"),
    }
}

fn reverse(shop: &mut Shop, at: Time, number: &str) -> Reversed {
    shop.books.step(at, |facts, cx| codepay::reverse(facts, cx, (MCHID, APPID), number)).unwrap()
}

fn arm(shop: &mut Shop, fault: Fault) {
    let armed = WaitingFault { payer: None, fault };
    shop.books.step(after(0), |facts, cx| sandbox::arm_fault(facts, cx, armed)).unwrap();
}

fn purse(shop: &Shop) -> i64 {
    shop.books.balance(Account::PayerAvailable(shop.payer), Currency::CNY)
}

#[test]
fn the_form_of_a_code_is_eighteen_digits_that_begin_with_ten_to_fifteen() {
    for good in ["100000000000000000", "159999999999999999", "134567890123456789"] {
        assert!(is_code(good), "{good}");
    }
    for bad in ["", "099999999999999999", "160000000000000000", "13456789012345678", "1345678901234567890"] {
        assert!(!is_code(bad), "{bad}");
    }
    for bad in ["13456789012345678x", "１34567890123456789", "13 456789012345678", "234567890123456789"] {
        assert!(!is_code(bad), "{bad}");
    }
}

#[test]
fn a_payer_has_one_seed_for_ever() {
    let mut shop = shop(0);
    let payer = shop.payer;
    let enrol = |shop: &mut Shop, payer: PayerId, sealed: &str| {
        shop.books.step(after(0), |facts, cx| payment_code::enrol(facts, cx, payer, sealed))
    };
    let first = enrol(&mut shop, payer, "first").unwrap();
    assert_eq!(enrol(&mut shop, payer, "second"), Ok(first.clone()));
    assert_eq!((first.seed_sealed.as_str(), shop.books.all::<PaymentCodeSeed>().count()), ("first", 1));
    let nobody = PayerId::from_uuid(Uuid::nil());
    assert_eq!(enrol(&mut shop, nobody, "x"), Err(Refusal::NotFound("payer")));
    let window = Window::of(after(0));
    let show =
        shop.books.step(after(0), |facts, cx| payment_code::show(facts, cx, nobody, window, &[[1; 32]]));
    assert_eq!(show, Err(Refusal::NotFound("payer")));
}

#[test]
fn a_code_is_the_same_within_its_window_and_good_for_two() {
    let mut shop = shop(0);
    let begins = Time::from_ms(OPENED_MS.div_euclid(WINDOW_MS) * WINDOW_MS);
    let first = shown(&mut shop, begins);
    assert_eq!((first.window.ends_at(), first.window.expires_at()), (begins.plus_s(60), begins.plus_s(120)));
    assert_eq!(shown(&mut shop, begins.plus_ms(59_999)), first);
    let second = shown(&mut shop, begins.plus_s(60));
    assert_ne!(second.digest, first.digest);
    for code in [&first, &second] {
        assert_eq!(check(code, begins.plus_ms(119_999)), Ok(()));
    }
    assert_eq!(check(&first, begins.plus_s(120)), Err(Void::Expired));
    assert_eq!(check(&second, begins.plus_s(120)), Ok(()));
    let payment = shop.payment("native-1", 1);
    assert_eq!(use_for(&first, payment, begins.plus_s(120)), Err(Void::Expired));
    let used = use_for(&first, payment, begins.plus_s(119)).unwrap();
    assert_eq!(used.version, 2);
    for at in [0, 119, 999] {
        assert_eq!(check(&used, begins.plus_s(at)), Err(Void::Used(payment)), "whatever the time");
    }
    // Digits of a window are given out in that window only.
    let (payer, early) = (shop.payer, Window::of(begins));
    let late = shop
        .books
        .step(begins.plus_s(60), |facts, cx| payment_code::show(facts, cx, payer, early, &digests(1, early)));
    assert_eq!(late, Ok(Shown::OtherWindow));
}

#[test]
fn a_used_code_is_followed_by_another_until_all_of_the_window_are_used() {
    let mut shop = shop(10_000);
    for number in 0..CODES_PER_WINDOW_MAX {
        let code = shown(&mut shop, after(1));
        ordered(&mut shop, after(1), &new_order(&format!("order-{number}"), 1, &code));
    }
    let payer = shop.payer;
    assert_eq!(show_for(&mut shop, after(1), payer, 1), Shown::UsedUp);
    assert_eq!(shop.books.all::<PaymentCode>().count(), CODES_PER_WINDOW_MAX);
    shown(&mut shop, after(61));
}

#[test]
fn digits_that_were_given_out_are_not_given_to_another_payer() {
    let mut shop = shop(0);
    let other = shop.books.step(after(0), |facts, cx| payer::create(facts, cx, &new_payer(2))).unwrap();
    let first = shown(&mut shop, after(0));
    // By chance the other payer's digits are the same.
    let Shown::Code(place, second) = show_for(&mut shop, after(0), other, 1) else { panic!("none") };
    assert_eq!((place, second.payer), (1, other));
    assert_ne!(second.digest, first.digest);
    let holder = shop.books.key(&Key::PaymentCode(first.digest)).unwrap();
    assert_eq!(holder, Some(first.id.into()));
    assert_eq!(first.payer, shop.payer);
}

#[test]
fn a_scanned_code_pays_at_once_and_once() {
    let mut shop = shop(1_000);
    let code = shown(&mut shop, after(0));
    let new = new_order("order-1", 100, &code);
    let paid = ordered(&mut shop, after(1), &new);
    assert_eq!((paid.status, paid.version), (Status::Succeeded, 1));
    assert_eq!(codepay::state(&paid, after(1)), Some(CodeState::Paid));
    assert_eq!(
        (purse(&shop), shop.books.tasks(|work| matches!(work, Work::ExpirePayment(_)))),
        (900, vec![])
    );
    assert_eq!(shop.books.get::<PaymentCode>(code.id).used.unwrap().payment, paid.id);
    assert_eq!(
        ordered(&mut shop, after(500), &new),
        paid,
        "the same again tells the same, also when it is over"
    );
    // Another shop that has seen the digits has nothing of them.
    let stolen = new_order("order-2", 1, &code);
    assert_eq!(scan(&mut shop, after(2), &stolen), Scanned::UsedCode);
    assert!(shop.books.key(&Key::OrderNo(shop.merchant, "order-2".to_owned())).unwrap().is_none());
    let next = shown(&mut shop, after(2));
    assert_eq!(scan(&mut shop, after(3), &new_order("order-1", 100, &next)), Scanned::Paid);
    assert_eq!(shop.books.get::<PaymentCode>(next.id).used, None, "it was not needed");
    assert_eq!(purse(&shop), 900);
}

#[test]
fn a_code_that_is_unknown_or_over_makes_no_order() {
    let mut shop = shop(1_000);
    let code = shown(&mut shop, after(0));
    let unknown = NewCodeOrder { code: [9; 32], ..new_order("order-1", 1, &code) };
    assert_eq!(scan(&mut shop, after(1), &unknown), Scanned::UnknownCode);
    let late = code.window.expires_at();
    assert_eq!(scan(&mut shop, late, &new_order("order-1", 1, &code)), Scanned::ExpiredCode);
    assert_eq!(shop.books.all::<Payment>().count(), 0);
    assert_eq!(reverse(&mut shop, late, "order-1"), Reversed::Unknown);
}

#[test]
fn not_enough_money_uses_the_code_and_another_code_may_try_again() {
    let mut shop = shop(99);
    let code = shown(&mut shop, after(0));
    let new = new_order("order-1", 100, &code);
    assert_eq!(scan(&mut shop, after(1), &new), Scanned::NotEnough);
    let found = shop.books.key(&Key::OrderNo(shop.merchant, "order-1".to_owned())).unwrap().unwrap();
    let failed: Payment = shop.books.get(found.try_into().unwrap());
    assert_eq!((failed.status, codepay::state(&failed, after(2))), (Status::Open, Some(CodeState::Failed)));
    assert_eq!(shop.books.tasks(|work| matches!(work, Work::ExpirePayment(_))).len(), 1);
    let payer = shop.payer;
    let money =
        |facts: &dyn Facts, _: &mut _| Ok((payer::top_up(facts, payer, Channel::SandboxBank, yuan(1))?, ()));
    shop.books.step(after(2), money).unwrap();
    assert_eq!(scan(&mut shop, after(3), &new), Scanned::NotEnough, "asking again tries nothing");
    // The shop was told no; the payer cannot make it a yes alone.
    assert_eq!(shop.pay(after(3), failed.id, Method::Balance), Err(Refusal::PaymentExpired));
    let next = shown(&mut shop, after(4));
    assert_eq!(scan(&mut shop, after(4), &new_order("order-1", 99, &next)), Scanned::Differs);
    let paid = ordered(&mut shop, after(5), &new_order("order-1", 100, &next));
    assert_eq!((paid.id, paid.status, paid.attempts.len()), (failed.id, Status::Succeeded, 2));
    assert_eq!((purse(&shop), shop.books.tasks(|work| matches!(work, Work::ExpirePayment(_)))), (0, vec![]));
}

#[test]
fn a_declined_code_is_a_failed_order() {
    let mut shop = shop(1_000);
    let code = shown(&mut shop, after(0));
    arm(&mut shop, Fault::Declined);
    let new = new_order("order-1", 100, &code);
    let failed = ordered(&mut shop, after(1), &new);
    assert_eq!(codepay::state(&failed, after(2)), Some(CodeState::Failed));
    assert_eq!(ordered(&mut shop, after(3), &new), failed);
    assert_eq!(purse(&shop), 1_000);
}

#[test]
fn above_the_free_amount_the_payer_types_the_password() {
    let mut shop = shop(2 * FREE);
    let stranger = shop.books.step(after(0), |facts, cx| payer::create(facts, cx, &new_payer(2))).unwrap();
    let free = shown(&mut shop, after(0));
    let paid = ordered(&mut shop, after(0), &new_order("free-1", FREE, &free));
    assert_eq!(paid.status, Status::Succeeded);
    shop.refund(after(0), &new_refund(paid.id, "back", FREE)).unwrap();

    let code = shown(&mut shop, after(0));
    let new = new_order("dear-1", FREE + 1, &code);
    let waits = ordered(&mut shop, after(1), &new);
    assert_eq!((waits.status, waits.attempts.len(), waits.version), (Status::Open, 0, 1));
    assert_eq!(codepay::state(&waits, after(300)), Some(CodeState::Paying));
    assert_eq!(codepay::state(&waits, after(301)), Some(CodeState::Failed));
    assert_eq!(ordered(&mut shop, after(2), &new), waits, "asked again");
    let other = shown(&mut shop, after(2));
    assert_eq!(scan(&mut shop, after(2), &new_order("dear-1", FREE + 1, &other)), Scanned::Paying);
    let own = std::mem::replace(&mut shop.payer, stranger);
    assert!(matches!(shop.pay(after(3), waits.id, Method::Balance), Err(Refusal::Invalid { .. })));
    shop.payer = own;
    let paid = shop.pay(after(4), waits.id, Method::Balance).unwrap();
    assert_eq!(codepay::state(&paid, after(4)), Some(CodeState::Paid));
    assert_eq!(ordered(&mut shop, after(5), &new), paid);
    assert_eq!(purse(&shop), FREE - 1);

    let slow = shown(&mut shop, after(70));
    let late = ordered(&mut shop, after(70), &new_order("dear-2", FREE + 1, &slow));
    assert_eq!(shop.pay(after(370), late.id, Method::Balance), Err(Refusal::PaymentExpired));
    let again = shown(&mut shop, after(371));
    let waits = ordered(&mut shop, after(371), &new_order("dear-2", FREE + 1, &again));
    assert_eq!((waits.id, codepay::state(&waits, after(372))), (late.id, Some(CodeState::Paying)));
}

#[test]
fn a_late_result_is_waited_for() {
    let mut shop = shop(1_000);
    let code = shown(&mut shop, after(0));
    arm(&mut shop, Fault::ResultLate);
    let new = new_order("order-1", 100, &code);
    let held = ordered(&mut shop, after(1), &new);
    assert_eq!((held.status, codepay::state(&held, after(9))), (Status::Processing, Some(CodeState::Paying)));
    assert_eq!(reverse(&mut shop, after(2), "order-1"), Reversed::Paying, "nobody knows what to reverse");
    let next = shown(&mut shop, after(2));
    assert_eq!(scan(&mut shop, after(2), &new_order("order-1", 100, &next)), Scanned::Paying);
    let said = tongbao_core::payment::steps::held_result(&held);
    shop.hear(after(6), (held.id, held.attempts[0].id), None, &said).unwrap();
    assert_eq!(ordered(&mut shop, after(7), &new).status, Status::Succeeded);
    assert_eq!(reverse(&mut shop, after(8), "order-1"), Reversed::Done);
    assert_eq!(purse(&shop), 1_000);
}

#[test]
fn reversing_returns_what_was_paid_and_closes_what_was_not() {
    let mut shop = shop(2 * FREE);
    let code = shown(&mut shop, after(0));
    let paid = ordered(&mut shop, after(0), &new_order("paid-1", 100, &code));
    assert_eq!(
        [reverse(&mut shop, after(1), "paid-1"), reverse(&mut shop, after(2), "paid-1")],
        [Reversed::Done; 2]
    );
    let now: Payment = shop.books.get(paid.id);
    assert_eq!((codepay::state(&now, after(2)), now.refunded), (Some(CodeState::Reversed), amount(100)));
    assert_eq!((purse(&shop), shop.books.all::<Refund>().count()), (2 * FREE, 1));
    assert_eq!(scan(&mut shop, after(3), &new_order("paid-1", 100, &code)), Scanned::Over);

    let code = shown(&mut shop, after(3));
    let waits = ordered(&mut shop, after(3), &new_order("dear-1", FREE + 1, &code));
    assert_eq!(reverse(&mut shop, after(4), "dear-1"), Reversed::Done);
    let now: Payment = shop.books.get(waits.id);
    assert_eq!((now.status, codepay::state(&now, after(5))), (Status::Closed, Some(CodeState::Reversed)));
    assert_eq!(shop.pay(after(5), waits.id, Method::Balance), Err(Refusal::PaymentClosed));
    assert_eq!(reverse(&mut shop, after(6), "dear-1"), Reversed::Done);

    let code = shown(&mut shop, after(6));
    let part = ordered(&mut shop, after(6), &new_order("part-1", 100, &code));
    shop.refund(after(7), &new_refund(part.id, "R1", 1)).unwrap();
    assert_eq!(reverse(&mut shop, after(8), "part-1"), Reversed::Refunded);

    let code = shown(&mut shop, after(8));
    ordered(&mut shop, after(8), &new_order("late-1", 100, &code));
    assert_eq!(reverse(&mut shop, after(7 * DAY_S + 9), "late-1"), Reversed::TooLate);
    assert_eq!(reverse(&mut shop, after(7 * DAY_S + 8), "late-1"), Reversed::Done);
}

#[test]
fn reversing_is_for_orders_of_codes_and_closing_for_others() {
    let mut shop = shop(1_000);
    let code = shown(&mut shop, after(0));
    ordered(&mut shop, after(0), &new_order("code-1", 1, &code));
    let close = shop.books.step(after(1), |facts, cx| order::close(facts, cx, MCHID, "code-1"));
    assert_eq!(close, Ok(order::Closed::MustReverse));
    let other = shop.books.step(after(1), |facts, cx| codepay::reverse(facts, cx, (MCHID, "wx2"), "code-1"));
    assert_eq!(other, Ok(Reversed::OtherApp));
    shop.payment("native", 1);
    assert_eq!(reverse(&mut shop, after(1), "native"), Reversed::Unknown);
    let terms = OrderTerms { trade_type: TradeType::Native, ..new_order("qr-1", 1, &code).terms };
    let payment = new_payment("qr-1", yuan(1));
    let new = order::NewOrder { payment, terms, payer: None, by_public_key: false, time_expire: None };
    shop.books.step(after(1), |facts, cx| order::place(facts, cx, &new)).unwrap();
    assert_eq!(reverse(&mut shop, after(2), "qr-1"), Reversed::NotFromCode);
    let next = shown(&mut shop, after(2));
    for number in ["qr-1", "native"] {
        assert_eq!(scan(&mut shop, after(2), &new_order(number, 1, &next)), Scanned::Taken);
    }
    assert_eq!(shop.books.get::<PaymentCode>(next.id).used, None);
    let (_, app) = another_merchant(&mut shop.books, 0);
    let second = identity("1900000002", app);
    shop.books.step(after(2), |facts, cx| merchant::register(facts, cx, &second)).unwrap();
    let mut stranger = new_order("other-1", 1, &next);
    stranger.terms.mchid = "1".to_owned();
    assert_eq!(scan(&mut shop, after(2), &stranger), Scanned::UnknownMerchant);
    stranger.terms.mchid = MCHID.to_owned();
    stranger.terms.appid = "wx2".to_owned();
    assert_eq!(scan(&mut shop, after(2), &stranger), Scanned::AppidNotBound);
}

#[test]
fn a_reversal_takes_the_fee_back_with_it() {
    let mut shop = shop(1_000);
    let code = shown(&mut shop, after(0));
    let paid = ordered(&mut shop, after(0), &new_order("order-1", 1_000, &code));
    let pending = Account::MerchantPending(shop.merchant);
    let before = shop.books.balance(pending, Currency::CNY);
    assert_eq!(before, 1_000 - paid.fee.minor());
    assert_eq!(reverse(&mut shop, after(4), "order-1"), Reversed::Done);
    assert_eq!(shop.books.balance(pending, Currency::CNY), 0);
}

/// What may happen around one order number.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Show,
    Scan { code: usize, dear: bool },
    Finish,
    Reverse,
    Ask,
    Expire,
    Arm(Fault),
    Wait(i64),
}

fn deeds() -> impl Strategy<Value = Deed> {
    let faults =
        prop_oneof![Just(Fault::Declined), Just(Fault::InsufficientBalance), Just(Fault::ResultLate),];
    prop_oneof![
        4 => Just(Deed::Show),
        5 => (0..6_usize, prop::bool::weighted(0.3)).prop_map(|(code, dear)| Deed::Scan { code, dear }),
        2 => Just(Deed::Finish),
        1 => Just(Deed::Reverse),
        2 => Just(Deed::Ask),
        1 => Just(Deed::Expire),
        2 => faults.prop_map(Deed::Arm),
        3 => prop_oneof![Just(1), Just(60), Just(300), Just(7 * DAY_S)].prop_map(Deed::Wait),
    ]
}

struct Life {
    shop: Shop,
    at: Time,
    codes: Vec<PaymentCode>,
}

impl Life {
    fn payments(&self) -> Vec<Payment> {
        self.shop.books.all::<Payment>().cloned().collect()
    }

    fn act(&mut self, deed: Deed) {
        let at = self.at;
        match deed {
            Deed::Show => {
                let payer = self.shop.payer;
                if let Shown::Code(_, code) = show_for(&mut self.shop, at, payer, 1) {
                    self.codes.push(code);
                }
            }
            Deed::Scan { code, dear } => {
                let Some(code) = self.codes.iter().rev().nth(code).cloned() else { return };
                let minor = if dear { FREE + 1 } else { 100 };
                let new = new_order(if dear { "dear-1" } else { "order-1" }, minor, &code);
                let before = self.shop.books.get::<PaymentCode>(code.id);
                let told = scan(&mut self.shop, at, &new);
                let after = self.shop.books.get::<PaymentCode>(code.id);
                if before.used.is_some() || check(&before, at).is_err() {
                    assert_eq!(before, after, "a code that is over is not changed, {told:?}");
                }
            }
            Deed::Finish => {
                for payment in self.payments() {
                    let state = codepay::state(&payment, at);
                    let paid = self.shop.pay(at, payment.id, Method::Balance);
                    let waits = payment.status == Status::Open && state == Some(CodeState::Paying);
                    assert!(waits || paid.is_err(), "{payment:?}");
                }
            }
            Deed::Reverse => {
                for number in ["order-1", "dear-1"] {
                    reverse(&mut self.shop, at, number);
                }
            }
            Deed::Ask => {
                for payment in self.payments() {
                    if let Some(attempt) = payment.pending() {
                        let said = tongbao_core::payment::steps::held_result(&payment);
                        self.shop.hear(at, (payment.id, attempt.id), None, &said).unwrap();
                    }
                }
            }
            Deed::Expire => {
                for payment in self.payments() {
                    self.shop.expire(at, payment.id);
                }
            }
            Deed::Arm(fault) => arm(&mut self.shop, fault),
            Deed::Wait(seconds) => self.at = at.plus_s(seconds),
        }
    }

    fn check(&self, brought: i64) {
        assert!(self.shop.books.totals().values().all(|sum| *sum == 0), "money was made");
        let payments = self.payments();
        let (mut spent, mut held) = (0, 0);
        for payment in &payments {
            let whole = payment.money.amount.minor();
            match payment.status {
                Status::Succeeded => spent += whole - payment.refunded.minor(),
                Status::Processing => held += whole,
                Status::Open | Status::Closed => {}
            }
            let tried = self.codes_of(payment);
            let immediate = payment.money.amount.minor() <= FREE;
            assert!(!immediate || payment.attempts.len() == tried, "each attempt has a code of its own");
        }
        assert_eq!(purse(&self.shop), brought - spent - held);
        for code in self.shop.books.all::<PaymentCode>() {
            let known = |used| payments.iter().any(|payment| payment.id == used);
            assert!(code.used.is_none_or(|used| known(used.payment)));
        }
    }

    fn codes_of(&self, payment: &Payment) -> usize {
        let used = |code: &&PaymentCode| code.used.is_some_and(|used| used.payment == payment.id);
        self.shop.books.all::<PaymentCode>().filter(used).count()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_a_code_is_used_once_and_only_what_was_told_is_paid(
        purse in prop_oneof![Just(99), Just(100), Just(1_000), Just(3 * FREE)],
        lives in prop::collection::vec(deeds(), 1..50),
    ) {
        let mut life = Life { shop: shop(purse), at: after(0), codes: Vec::new() };
        for deed in lives {
            life.act(deed);
            life.check(purse);
        }
    }
}
