//! The sandbox's settings: faults wait for their attempt, the clock moves ahead only.

use tongbao_core::{
    Refusal,
    limits::{SANDBOX_ADVANCE_S_MAX, SANDBOX_FAULTS_MAX},
    payment::{
        Method,
        steps::{self, Pay, Shown},
    },
    sandbox::{self, Fault, Sandbox, WaitingFault},
};

use crate::shop::{Shop, after};

fn arm(shop: &mut Shop, waiting: WaitingFault) -> Result<Sandbox, Refusal> {
    shop.books.step(after(0), |facts, cx| sandbox::arm_fault(facts, cx, waiting))
}

fn advance(shop: &mut Shop, seconds: i64) -> Result<Sandbox, Refusal> {
    shop.books.step(after(0), |facts, cx| sandbox::advance_clock(facts, cx, seconds))
}

#[test]
fn faults_are_used_in_their_order_by_the_attempts_they_wait_for() {
    let mut shop = Shop::open(0, 1_000);
    let (us, stranger) = (Some(shop.payer), Some(shop.books.context(after(0)).draw()));
    for (payer, fault) in
        [(stranger, Fault::ResultLate), (us, Fault::Declined), (None, Fault::InsufficientBalance)]
    {
        arm(&mut shop, WaitingFault { payer, fault }).unwrap();
    }
    for (order, fault) in [("1", Some(Fault::Declined)), ("2", Some(Fault::InsufficientBalance)), ("3", None)]
    {
        let payment = shop.payment(order, 100);
        let paid = shop.pay(after(1), payment, Method::Balance).unwrap();
        assert_eq!(paid.attempts[0].fault, fault);
    }
    let left = shop.books.all::<Sandbox>().next().unwrap();
    assert_eq!(left.faults, [WaitingFault { payer: stranger, fault: Fault::ResultLate }]);
}

#[test]
fn an_attempt_that_is_refused_or_not_of_a_sandbox_leaves_faults_waiting() {
    let mut shop = Shop::open(0, 1_000);
    arm(&mut shop, WaitingFault { payer: None, fault: Fault::Declined }).unwrap();
    let closed = shop.payment("1", 100);
    shop.close(after(1), closed).unwrap();
    assert_eq!(shop.pay(after(2), closed, Method::Balance), Err(Refusal::PaymentClosed));
    let payment = shop.payment("2", 100);
    let shown = Shown::PASSWORD;
    let ask = Pay { payment, payer: shop.payer, method: Method::Balance, shown, sandbox: false };
    let paid = shop.books.step(after(2), |facts, cx| steps::pay(facts, cx, &ask)).unwrap();
    assert_eq!(paid.shown_status(), "succeeded");
    assert_eq!(shop.books.all::<Sandbox>().next().unwrap().faults.len(), 1);
}

#[test]
fn a_duplicated_notification_is_one_event_delivered_twice() {
    use tongbao_core::{delivery::Delivery, event::Event};
    let mut shop = Shop::open(0, 1_000);
    arm(&mut shop, WaitingFault { payer: None, fault: Fault::DuplicateNotification }).unwrap();
    let payment = shop.payment("1", 100);
    shop.pay(after(1), payment, Method::Balance).unwrap();
    let event = shop.books.all::<Event>().next().unwrap().id;
    assert_eq!(shop.books.all::<Event>().count(), 1);
    assert_eq!(shop.books.all::<Delivery>().map(|sent| sent.event).collect::<Vec<_>>(), [event, event]);
}

#[test]
fn a_store_is_marked_as_a_sandboxs_once() {
    let mut shop = Shop::open(0, 0);
    for _ in 0..2 {
        shop.books.step(after(0), |facts, cx| Ok((sandbox::mark(facts, cx)?, ()))).unwrap();
        assert_eq!(shop.books.all::<Sandbox>().map(|settings| settings.version).collect::<Vec<_>>(), [1]);
    }
    assert_eq!(advance(&mut shop, 60).unwrap().version, 2, "the mark is the record of the settings");
}

#[test]
fn no_more_than_a_hundred_faults_wait() {
    let mut shop = Shop::open(0, 0);
    let waiting = WaitingFault { payer: None, fault: Fault::Declined };
    for number in 1..=SANDBOX_FAULTS_MAX {
        assert_eq!(arm(&mut shop, waiting).unwrap().faults.len(), number);
    }
    assert_eq!(arm(&mut shop, waiting).unwrap_err().param(), Some("fault"));
}

#[test]
fn the_clock_is_moved_ahead_ten_years_in_all_and_never_back() {
    let mut shop = Shop::open(0, 0);
    for bad in [0, -1, i64::MIN, SANDBOX_ADVANCE_S_MAX + 1, i64::MAX] {
        assert_eq!(advance(&mut shop, bad).unwrap_err().param(), Some("advance_s"), "{bad}");
    }
    assert_eq!(advance(&mut shop, 1).unwrap().advanced_s, 1);
    assert_eq!(advance(&mut shop, 59).unwrap().advanced_s, 60);
    assert_eq!(advance(&mut shop, SANDBOX_ADVANCE_S_MAX - 60).unwrap().advanced_s, SANDBOX_ADVANCE_S_MAX);
    assert!(advance(&mut shop, 1).is_err());
    assert_eq!(shop.books.all::<Sandbox>().count(), 1, "a sandbox has one record of settings");
}
