//! Lives that went wrong once. Each was found here before it was mended.

use tongbao_core::{
    Refusal, Task, TaskKey, Time, Work,
    event::{Alarm, AlarmKind, Event, EventKind, Subject},
    id::{AttemptId, PaymentId},
    ledger::{Account, Channel, template},
    payment::{AttemptStatus, Failure, Method, Payment, Status, steps::Said},
    refund::{Refund, RefundStatus, steps::Said as RefundSaid},
    sandbox::{self, Fault, WaitingFault},
};
use tongbao_money::{Amount, Currency};

use crate::shop::{EXPIRES_IN_S, Shop, after, new_refund, yuan};

const CNY: Currency = Currency::CNY;
const BANK: Account = Account::ChannelClearing(Channel::SandboxBank);

fn paid(minor: i64, reference: Option<&str>) -> Said {
    Said::Paid { money: yuan(minor), reference: reference.map(ToOwned::to_owned) }
}

fn refund_paid() -> RefundSaid {
    RefundSaid::Paid { reference: None }
}

fn alarms(shop: &Shop) -> Vec<AlarmKind> {
    shop.books.all::<Alarm>().map(|alarm| alarm.kind).collect()
}

fn returns(shop: &Shop) -> usize {
    shop.books.all::<Refund>().filter(|refund| refund.refund_no().is_none()).count()
}

#[test]
fn a_second_movement_told_twice_goes_back_once() {
    let mut shop = Shop::open(60, 0);
    let (payment, attempt) = shop.paid_by_bank("1", 100);
    for seconds in 3..6 {
        shop.hear(after(seconds), (payment, attempt), None, &paid(100, Some("another"))).unwrap();
    }
    assert_eq!(returns(&shop), 1);
    assert_eq!(alarms(&shop), [AlarmKind::DoublePayment]);
    assert_eq!(shop.books.balance(Account::RefundsInFlight, CNY), 100);
}

#[test]
fn an_old_movement_told_again_after_a_newer_one_goes_back_once() {
    let mut shop = Shop::open(60, 0);
    let payment = shop.payment("1", 100);
    let attempt = shop.pay(after(1), payment, Method::SandboxBank).unwrap().attempts[0].id;
    for said in [paid(99, Some("a")), paid(98, Some("b")), paid(99, Some("a")), paid(98, Some("b"))] {
        shop.hear(after(2), (payment, attempt), None, &said).unwrap();
    }
    assert_eq!(returns(&shop), 2);
    shop.hear(after(3), (payment, attempt), None, &paid(100, Some("c"))).unwrap();
    shop.hear(after(4), (payment, attempt), None, &paid(99, Some("a"))).unwrap();
    let now: Payment = shop.books.get(payment);
    assert_eq!((now.status, now.paid_by().unwrap().id), (Status::Succeeded, attempt));
    assert_eq!(returns(&shop), 2);
}

#[test]
fn a_word_without_a_reference_about_settled_money_pays_nothing_out() {
    let mut shop = Shop::open(60, 0);
    let (payment, attempt) = shop.paid_by_bank("1", 100);
    shop.hear(after(3), (payment, attempt), None, &paid(100, None)).unwrap();
    assert_eq!((returns(&shop), alarms(&shop)), (0, Vec::new()));
}

#[test]
fn one_movement_in_the_name_of_two_attempts_is_booked_once() {
    let mut shop = Shop::open(60, 0);
    let payment = shop.payment("1", 100);
    let first = shop.pay(after(1), payment, Method::SandboxBank).unwrap().attempts[0].id;
    shop.hear(after(2), (payment, first), None, &Said::Failed(Failure::Declined)).unwrap();
    let second = shop.pay(after(3), payment, Method::SandboxBank).unwrap().attempts[1].id;
    shop.hear(after(4), (payment, first), None, &paid(100, Some("a"))).unwrap();
    shop.hear(after(5), (payment, second), None, &paid(100, Some("a"))).unwrap();
    assert_eq!(shop.books.balance(BANK, CNY), -100);
    assert_eq!(returns(&shop), 0);
}

/// A payment whose first attempt the bank declined and whose second holds the payer's balance.
fn declined_then_held(shop: &mut Shop) -> (Payment, [tongbao_core::id::AttemptId; 2]) {
    let payment = shop.payment("1", 100);
    let bank = shop.pay(after(1), payment, Method::SandboxBank).unwrap().attempts[0].id;
    shop.hear(after(2), (payment, bank), None, &Said::Failed(Failure::Declined)).unwrap();
    let late = WaitingFault { payer: None, fault: Fault::ResultLate };
    shop.books.step(after(2), |facts, cx| sandbox::arm_fault(facts, cx, late)).unwrap();
    let now = shop.pay(after(3), payment, Method::Balance).unwrap();
    let held = now.attempts[1].id;
    assert_eq!(shop.books.balance(Account::PayerHeld(shop.payer), CNY), 100);
    (now, [bank, held])
}

#[test]
fn held_money_is_given_back_when_another_attempt_has_paid() {
    let mut shop = Shop::open(60, 100);
    let (payment, [bank, held]) = declined_then_held(&mut shop);
    shop.hear(after(4), (payment.id, bank), None, &paid(100, Some("a"))).unwrap();
    // The worker looked at the payment before the bank's word came, and says "paid".
    shop.hear(after(5), (payment.id, held), None, &paid(100, None)).unwrap();
    assert_eq!(shop.books.balance(Account::PayerHeld(shop.payer), CNY), 0);
    assert_eq!(shop.books.balance(Account::PayerAvailable(shop.payer), CNY), 100);
    assert_eq!(returns(&shop), 0);
}

#[test]
fn a_balance_attempt_that_is_settled_hears_nothing_more() {
    let mut shop = Shop::open(60, 50);
    let payment = shop.payment("1", 100);
    let short = shop.pay(after(1), payment, Method::Balance).unwrap();
    assert_eq!(short.attempts[0].status, AttemptStatus::Failed);
    shop.hear(after(2), (payment, short.attempts[0].id), None, &paid(100, None)).unwrap();
    assert_eq!(shop.books.get::<Payment>(payment).status, Status::Open);
    assert_eq!(shop.books.balance(Account::PayerHeld(shop.payer), CNY), 0);
}

#[test]
fn no_more_of_the_fee_goes_back_than_is_refunded() {
    let mut shop = Shop::open(5_000, 0);
    let (payment, _) = shop.paid_by_bank("1", 50);
    let mut odd = Vec::new();
    for number in 0..20 {
        let refund = shop.refund(after(3), &new_refund(payment, &format!("r{number}"), 1)).unwrap();
        if number % 2 == 1 {
            odd.push(refund.id);
        }
    }
    // Every second one returned a fen of the fee; those fail.
    for id in odd {
        shop.hear_refund(after(4), id, None, &RefundSaid::Failed).unwrap();
    }
    let refund = shop.refund(after(5), &new_refund(payment, "one-more", 1)).unwrap();
    assert!(refund.fee <= refund.money.amount, "{} of the fee with a refund of 1", refund.fee.minor());
    // The merchant has nothing left, and still the refusal can be booked.
    let left = shop.books.balance(Account::MerchantPending(shop.merchant), CNY);
    let postings = template::refund(shop.merchant, yuan(left), Amount::ZERO, payment.into());
    shop.books.apply(tongbao_core::ChangeSet { postings, ..tongbao_core::ChangeSet::default() });
    shop.hear_refund(after(6), refund.id, None, &RefundSaid::Failed).unwrap();
}

#[test]
fn a_refund_paid_after_all_returns_its_part_of_the_fee() {
    let mut shop = Shop::open(60, 0);
    let (payment, _) = shop.paid_by_bank("1", 10_000);
    let refund = shop.refund(after(3), &new_refund(payment, "all", 10_000)).unwrap();
    shop.hear_refund(after(4), refund.id, None, &RefundSaid::Failed).unwrap();
    assert_eq!(shop.books.balance(Account::PlatformFees, CNY), 60);
    shop.hear_refund(after(5), refund.id, None, &refund_paid()).unwrap();
    let now: Payment = shop.books.get(payment);
    assert_eq!((now.fee_returned, shop.books.balance(Account::PlatformFees, CNY)), (now.fee, 0));
    assert_eq!(shop.books.balance(Account::MerchantPending(shop.merchant), CNY), 0);
    assert_eq!(shop.books.balance(Account::Suspense, CNY), 0);
    assert_eq!(alarms(&shop), [AlarmKind::RefundPaidAfterFailed]);
}

#[test]
fn a_refund_paid_after_all_that_nobody_covers_rests_in_suspense_and_returns_no_fee() {
    let mut shop = Shop::open(60, 0);
    let (payment, _) = shop.paid_by_bank("1", 10_000);
    let first = shop.refund(after(3), &new_refund(payment, "all", 10_000)).unwrap();
    shop.hear_refund(after(4), first.id, None, &RefundSaid::Failed).unwrap();
    let again = shop.refund(after(5), &new_refund(payment, "again", 10_000)).unwrap();
    shop.hear_refund(after(6), first.id, None, &refund_paid()).unwrap();
    shop.hear_refund(after(7), again.id, None, &refund_paid()).unwrap();
    assert_eq!(shop.books.balance(Account::Suspense, CNY), -10_000);
    assert_eq!(shop.books.balance(Account::PlatformFees, CNY), 0);
    assert_eq!(shop.books.get::<Refund>(first.id).fee, Amount::ZERO);
    let now: Payment = shop.books.get(payment);
    assert_eq!(now.shown_status(), "refunded", "more than all was refunded");
    let more = shop.refund(after(8), &new_refund(payment, "more", 1));
    assert_eq!(more, Err(Refusal::RefundTooLarge { left: 0 }));
}

#[test]
fn a_channel_that_says_working_a_hundred_times_is_asked_by_one_task() {
    let mut shop = Shop::open(60, 0);
    let (payment, attempt) = shop.paid_by_bank("1", 100);
    let refund = shop.refund(after(3), &new_refund(payment, "r", 100)).unwrap();
    for seconds in 4..104 {
        shop.hear_refund(after(seconds), refund.id, None, &RefundSaid::Working).unwrap();
        shop.hear(after(seconds), (payment, attempt), None, &Said::Unknown).unwrap();
    }
    assert_eq!(shop.books.get::<Refund>(refund.id).status, RefundStatus::Processing);
    let of_refund = |work| matches!(work, Work::SubmitRefund(_) | Work::QueryRefund(_));
    assert_eq!(shop.books.tasks(of_refund).len(), 1);
    assert_eq!(shop.books.tasks(|work| matches!(work, Work::QueryAttempt(..))).len(), 0);
}

#[test]
fn a_settled_attempt_whose_submission_got_no_answer_is_asked_about_no_more() {
    let mut shop = Shop::open(60, 0);
    let (payment, attempt) = shop.paid_by_bank("1", 100);
    let submission = shop.books.tasks(|work| matches!(work, Work::SubmitAttempt(..)))[0];
    shop.hear(after(9), (payment, attempt), Some(submission), &Said::Unknown).unwrap();
    assert!(
        shop.books.tasks(|work| matches!(work, Work::SubmitAttempt(..) | Work::QueryAttempt(..))).is_empty()
    );
}

#[test]
fn a_timer_that_goes_off_too_early_is_set_again() {
    let mut shop = Shop::open(60, 0);
    let payment = shop.payment("1", 100);
    shop.expire(after(EXPIRES_IN_S - 1), payment);
    let timer = Task::new(after(EXPIRES_IN_S), Work::ExpirePayment(payment)).key;
    assert_eq!(shop.books.tasks(|_| true), [timer]);
    shop.expire(after(EXPIRES_IN_S), payment);
    assert_eq!(shop.books.get::<Payment>(payment).status, Status::Closed);
    assert!(shop.books.tasks(|work| work == Work::ExpirePayment(payment)).is_empty());
}

#[test]
fn a_worker_that_lost_its_lease_closes_nothing() {
    let mut shop = Shop::open(60, 0);
    let payment = shop.payment("1", 100);
    let timer = Task::new(after(EXPIRES_IN_S), Work::ExpirePayment(payment)).key;
    let first = shop.books.lease(timer, after(EXPIRES_IN_S + 60));
    let second = shop.books.lease(first, after(EXPIRES_IN_S + 120));
    for lost in [timer, first] {
        let told = shop.expire_under(after(EXPIRES_IN_S + 61), payment, lost);
        assert_eq!(told, Err(Refusal::LeaseLost));
    }
    assert_eq!(shop.books.get::<Payment>(payment).status, Status::Open);
    assert_eq!(shop.books.tasks(|_| true), [second], "it is the other worker's");
    shop.expire_under(after(EXPIRES_IN_S + 61), payment, second).unwrap();
    assert_eq!(shop.books.get::<Payment>(payment).status, Status::Closed);
}

/// A payment at the bank that waits for its result, and the task that asks about it, held by a worker.
fn waits_at_the_bank(shop: &mut Shop) -> ((PaymentId, AttemptId), TaskKey) {
    let payment = shop.payment("2", 100);
    let attempt = shop.pay(after(1), payment, Method::SandboxBank).unwrap().attempts[0].id;
    let task = shop.books.tasks(|work| work == Work::SubmitAttempt(payment, attempt))[0];
    ((payment, attempt), shop.books.lease(task, after(61)))
}

#[test]
fn money_that_another_payment_has_is_not_booked_again_and_is_asked_about_slowly() {
    let mut shop = Shop::open(60, 0);
    shop.paid_by_bank("1", 100);
    let (about, lease) = waits_at_the_bank(&mut shop);
    let said = paid(100, Some("r of 1"));
    let before = shop.books.size().1;
    shop.hear(after(2), about, Some(lease), &said).unwrap();
    assert_eq!(shop.books.size().1, before, "nothing is posted");
    assert_eq!((returns(&shop), alarms(&shop)), (0, vec![AlarmKind::ReferenceClaimedTwice]));
    let now: Payment = shop.books.get(about.0);
    assert_eq!((now.status, now.attempts[0].status), (Status::Processing, AttemptStatus::Processing));
    assert_eq!(now.attempts[0].references().count(), 0, "the reference stays the other payment's");
    // The channel says the same every time it is asked: one alarm, and a question an hour.
    for hour in 1..4 {
        let tasks = shop.books.tasks(|work| work == Work::QueryAttempt(about.0, about.1));
        let [query] = tasks[..] else { panic!("one task asks: {tasks:?}") };
        assert_eq!(query.due_at, after(2).plus_s(hour * 3_600));
        let lease = shop.books.lease(query, query.due_at.plus_s(60));
        shop.hear(query.due_at, about, Some(lease), &said).unwrap();
    }
    assert_eq!(alarms(&shop), [AlarmKind::ReferenceClaimedTwice]);
    // In the end the channel names this payment's own money.
    shop.hear(after(90_000), about, None, &paid(100, Some("its own"))).unwrap();
    assert_eq!(shop.books.get::<Payment>(about.0).status, Status::Succeeded);
    assert_eq!(shop.books.balance(BANK, CNY), -200);
}

#[test]
fn money_that_another_payment_has_is_not_booked_for_a_payment_that_is_over_either() {
    for over in ["closed", "paid"] {
        let mut shop = Shop::open(60, 0);
        shop.paid_by_bank("1", 100);
        let (about, lease) = waits_at_the_bank(&mut shop);
        let end = if over == "paid" { paid(100, Some("mine")) } else { Said::Failed(Failure::Declined) };
        shop.hear(after(EXPIRES_IN_S), about, Some(lease), &end).unwrap();
        let (before, postings) = (shop.books.get::<Payment>(about.0), shop.books.size().1);
        for seconds in 1..4 {
            shop.hear(after(EXPIRES_IN_S + seconds), about, None, &paid(100, Some("r of 1"))).unwrap();
        }
        let now: Payment = shop.books.get(about.0);
        assert_eq!((now.status, now.paid_by()), (before.status, before.paid_by().map(|_| &now.attempts[0])));
        assert_eq!((shop.books.size().1, returns(&shop)), (postings, 0), "{over}");
        assert_eq!(alarms(&shop), [AlarmKind::ReferenceClaimedTwice], "{over}");
        assert!(shop.books.tasks(|work| matches!(work, Work::QueryAttempt(..))).is_empty(), "{over}");
    }
}

#[test]
fn a_refusal_after_a_reference_of_another_payment_settles_the_attempt() {
    let mut shop = Shop::open(60, 0);
    shop.paid_by_bank("1", 100);
    let (about, lease) = waits_at_the_bank(&mut shop);
    shop.hear(after(2), about, Some(lease), &paid(100, Some("r of 1"))).unwrap();
    shop.hear(after(3), about, None, &Said::Failed(Failure::Declined)).unwrap();
    assert_eq!(shop.books.get::<Payment>(about.0).status, Status::Open);
}

#[test]
fn a_payment_that_opens_again_after_its_timer_went_off_has_a_timer_again() {
    let mut shop = Shop::open(60, 0);
    let payment = shop.payment("1", 100);
    let attempt = shop.pay(after(1), payment, Method::SandboxBank).unwrap().attempts[0].id;
    shop.expire(after(EXPIRES_IN_S), payment);
    // The clock was set back meanwhile.
    shop.hear(after(2), (payment, attempt), None, &Said::Failed(Failure::Declined)).unwrap();
    assert_eq!(shop.books.get::<Payment>(payment).status, Status::Open);
    assert_eq!(shop.books.tasks(|work| work == Work::ExpirePayment(payment)).len(), 1);
}

#[test]
fn what_is_written_down_never_goes_back_in_time() {
    let mut shop = Shop::open(60, 500);
    let payment = shop.payment("1", 100);
    let attempt = shop.pay(after(100), payment, Method::SandboxBank).unwrap().attempts[0].id;
    shop.hear(after(90), (payment, attempt), None, &Said::Failed(Failure::Declined)).unwrap();
    let second = shop.pay(after(80), payment, Method::Balance).unwrap();
    assert_eq!(second.attempts[1].started_at, after(100));
    assert_eq!(second.succeeded_at, Some(after(100)));
    let paid_back = shop.refund(Time::from_ms(0), &new_refund(payment, "r", 100)).unwrap();
    assert_eq!(paid_back.succeeded_at, Some(paid_back.created_at));
}

#[test]
fn an_attempt_that_fails_for_good_is_told_before_the_closing_it_brings() {
    let mut shop = Shop::open(60, 0);
    for (order, said) in [("1", Said::Failed(Failure::Declined)), ("2", paid(99, Some("wrong")))] {
        let payment = shop.payment(order, 100);
        let attempt = shop.pay(after(1), payment, Method::SandboxBank).unwrap().attempts[0].id;
        shop.hear(after(EXPIRES_IN_S), (payment, attempt), None, &said).unwrap();
    }
    // Ids of one decision sort in the order drawn.
    let told: Vec<EventKind> = shop.books.all::<Event>().map(|event| event.kind).collect();
    let (failed, closed) = (EventKind::PaymentFailed, EventKind::PaymentClosed);
    assert_eq!(told.iter().filter(|kind| **kind == failed).count(), 2);
    assert_eq!(told.iter().filter(|kind| **kind == closed).count(), 2);
    let of = |shop: &Shop, order: usize| -> Vec<EventKind> {
        let payment = shop.books.all::<Payment>().nth(order).unwrap().id;
        let about = |event: &&Event| match &event.subject {
            Subject::Payment(subject) => subject.id == payment,
            Subject::Refund(_)
            | Subject::Transfer(_)
            | Subject::TransferBatch(_)
            | Subject::Ride(_)
            | Subject::Share(_)
            | Subject::Complaint(_)
            | Subject::CombinedOrder(_) => false,
        };
        let mut events: Vec<Event> = shop.books.all::<Event>().filter(about).cloned().collect();
        events.sort_by_key(|event| event.id);
        events.iter().map(|event| event.kind).collect()
    };
    assert_eq!(of(&shop, 0), [failed, closed]);
    assert_eq!(of(&shop, 1), [failed, closed]);
}
