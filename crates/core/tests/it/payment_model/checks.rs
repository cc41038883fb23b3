//! What must hold after every step: the books, the records, the tasks and what was told, each against the
//! world.

use std::collections::BTreeSet;

use tongbao_core::{
    TaskKey, Work,
    delivery::Delivery,
    event::{Alarm, Event, EventKind},
    id::{AttemptId, EventId, RefundId, TypedId},
    ledger::Account,
    payment::{AttemptStatus, Payment, Status},
    refund::{Refund, RefundStatus},
};
use uuid::Uuid;

use super::{
    reference::{BackResult, Result as TryResult, World},
    system::{BANK, System, cny, usd},
};
use crate::shop::after;

pub(super) fn asks_about_attempt(work: Work, id: AttemptId) -> bool {
    matches!(work, Work::SubmitAttempt(_, about) | Work::QueryAttempt(_, about) if about == id)
}

pub(super) fn asks_about_refund(work: Work, id: RefundId) -> bool {
    matches!(work, Work::SubmitRefund(about) | Work::QueryRefund(about) if about == id)
}

/// Every balance against what the purses of the world must hold.
pub(super) fn check_balances(system: &System, world: &World) {
    let books = &system.shop.books;
    assert!(books.totals().values().all(|total| *total == 0), "the books balance");
    let took = |currency| {
        let takes = world.takes.iter().filter(|take| take.money.currency == currency);
        takes.map(|take| take.money.amount.minor()).sum::<i64>()
    };
    let elsewhere = world.payer_has + world.other_takings - world.drained;
    let with_bank = elsewhere + took(cny()) - world.given_back_by_bank(cny());
    let dollars = took(usd()) - world.given_back_by_bank(usd());
    let expected = [
        (BANK, cny(), -with_bank),
        (BANK, usd(), -dollars),
        (Account::PayerAvailable(system.shop.payer), cny(), world.payer_purse()),
        (Account::PayerHeld(system.shop.payer), cny(), world.held()),
        (Account::MerchantPending(system.shop.merchant), cny(), world.merchant_purse()),
        (Account::PlatformFees, cny(), world.fee() - world.fee_returned()),
        (Account::RefundsInFlight, cny(), world.in_flight(cny())),
        (Account::RefundsInFlight, usd(), world.in_flight(usd())),
        (Account::Suspense, cny(), -world.uncovered()),
        (Account::Suspense, usd(), 0),
    ];
    for (account, currency, balance) in expected {
        assert_eq!(books.balance(account, currency), balance, "{account} in {currency}");
    }
}

pub(super) fn check_payment(payment: &Payment, world: &World) {
    let status = match (world.sale, world.closed_s) {
        (Some(_), _) => Status::Succeeded,
        (None, Some(_)) => Status::Closed,
        (None, None) if world.pending() => Status::Processing,
        (None, None) => Status::Open,
    };
    assert_eq!(payment.status, status);
    assert_eq!(payment.closed_at, world.closed_s.map(after));
    for (attempt, tried) in payment.attempts.iter().zip(&world.tries) {
        let expected = match tried.result {
            TryResult::Pending => AttemptStatus::Processing,
            TryResult::Failed => AttemptStatus::Failed,
            TryResult::Paid => AttemptStatus::Succeeded,
            TryResult::Returned => AttemptStatus::Returned,
        };
        assert_eq!(attempt.status, expected);
    }
    assert_eq!(payment.fee.minor(), world.fee());
    assert_eq!(payment.fee_returned.minor(), world.fee_returned());
    assert_eq!(payment.refund_claimed.minor(), world.claimed());
    assert_eq!(payment.refunded.minor(), world.refunded());
    assert!(world.lied || payment.refund_claimed <= payment.money.amount, "never more back than was paid");
    if !world.lied && world.sale.is_some() && world.claimed() == world.asked {
        assert_eq!(payment.fee_returned, payment.fee, "a full refund returns the whole fee");
    }
    let refunded = world.refunded();
    let shown = match status {
        Status::Succeeded if refunded >= world.asked => "refunded",
        Status::Succeeded if refunded > 0 => "partly_refunded",
        Status::Succeeded => "succeeded",
        Status::Closed => "closed",
        Status::Processing => "processing",
        Status::Open => "open",
    };
    assert_eq!(payment.shown_status(), shown);
}

pub(super) fn check_refunds(system: &System, world: &World) {
    assert_eq!(system.refunds.len(), world.backs.len());
    for (id, back) in system.refunds.iter().zip(&world.backs) {
        let refund: Refund = system.shop.books.get(*id);
        let expected = match back.result {
            BackResult::Accepted => RefundStatus::Accepted,
            BackResult::Processing => RefundStatus::Processing,
            BackResult::Paid => RefundStatus::Succeeded,
            BackResult::Refused => RefundStatus::Failed,
            BackResult::Stuck => RefundStatus::Abnormal,
        };
        assert_eq!(refund.status, expected);
        assert_eq!((refund.money, refund.fee.minor()), (back.money, back.fee));
        assert!(refund.fee <= refund.money.amount, "no more fee goes back than is refunded");
    }
}

/// What is not over is still being worked on, and each thing by one task.
pub(super) fn check_tasks(system: &System) {
    let (books, payment) = (&system.shop.books, system.now());
    if payment.status == Status::Open {
        let timer = books.tasks(|work| work == Work::ExpirePayment(payment.id));
        assert!(!timer.is_empty(), "an open payment has its timer");
    }
    for attempt in payment.attempts.iter().filter(|a| a.status == AttemptStatus::Processing) {
        let tasks = books.tasks(|work| asks_about_attempt(work, attempt.id));
        assert_eq!(tasks.len(), 1, "an attempt whose result is not known is asked about");
    }
    for refund in books.all::<Refund>() {
        let open = matches!(refund.status, RefundStatus::Accepted | RefundStatus::Processing);
        let tasks = books.tasks(|work| asks_about_refund(work, refund.id)).len();
        assert!(tasks <= 1 && (tasks == 1 || !open), "an open refund is asked about");
    }
}

/// What tasks are about, in the order of ids.
fn ids(tasks: &[TaskKey]) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = tasks.iter().map(|task| task.id).collect();
    ids.sort_unstable();
    ids
}

pub(super) fn check_told(system: &System, world: &World) {
    let books = &system.shop.books;
    let told = |kind| books.all::<Event>().filter(|event| event.kind == kind).count();
    let paid = world.backs.iter().filter(|b| b.no.is_some() && b.result == BackResult::Paid).count();
    assert_eq!(told(EventKind::PaymentSucceeded), usize::from(world.sale.is_some()));
    assert_eq!(told(EventKind::PaymentClosed), usize::from(world.closed_s.is_some()));
    assert_eq!(told(EventKind::RefundSucceeded), paid);
    assert_eq!(told(EventKind::RefundFailed), world.backs.iter().filter(|b| b.was_refused).count());
    assert_eq!(books.all::<Alarm>().count(), world.alarms);
    let told: BTreeSet<EventId> = books.all::<Delivery>().map(|delivery| delivery.event).collect();
    assert!(books.all::<Event>().all(|event| told.contains(&event.id)), "an event is delivered");
    let sent = books.tasks(|work| matches!(work, Work::Deliver(_)));
    assert!(
        books.all::<Delivery>().map(|delivery| delivery.id.uuid()).eq(ids(&sent)),
        "each by a task of its own"
    );
}
