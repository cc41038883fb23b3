//! What a decision changes, as data.
//!
//! A [`ChangeSet`] is all that one step does: the next versions of the records it touched, postings,
//! tasks to do later (calls to make, hooks to send, timers), and tasks that are done with. The store
//! applies all of it in one durable commit, or none of it.
//!
//! **Invariants.** A record's version is one more than the stored one. A posting is balanced by its
//! shape. Accounts respect their floors after the whole set is applied.
//!
//! **Absent on purpose:** any other way to change something.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Facts, Record, Refusal, Stop, Time,
    id::{
        AppId, AttemptId, DeliveryId, MessageId, NoticeId, PayerId, PaymentId, RefundId, ReviewId, RideId,
        SharingId, TopUpId, TransferId, TypedId, UtilityPaymentId, WechatTransferBatchId, WithdrawalId,
    },
    ledger::Posting,
};

/// Everything one decision changes.
#[derive(Clone, Debug, Default)]
pub struct ChangeSet {
    /// The next version of each record touched; version 1 is a new one.
    pub records: Vec<Record>,
    /// Money that moves.
    pub postings: Vec<Posting>,
    /// Work for later.
    pub tasks: Vec<Task>,
    /// Work that needs doing no more; one that is gone already is no error.
    pub done: Vec<TaskKey>,
}

impl ChangeSet {
    /// Nothing to change.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.postings.is_empty() && self.tasks.is_empty() && self.done.is_empty()
    }

    /// Adds a record.
    pub fn put(&mut self, record: impl Into<Record>) {
        self.records.push(record.into());
    }
}

/// Work that is due at a time: an outbox row when that is now, a timer when it is later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Where it stands in the queue.
    pub key: TaskKey,
    /// What is to be done.
    pub work: Work,
}

impl Task {
    /// `work`, due at `due_at`.
    pub fn new(due_at: Time, work: Work) -> Task {
        Task { key: TaskKey { due_at, id: work.task_id() }, work }
    }
}

/// A task's place in the queue. Leasing a task moves it to a later `due_at`: whoever held it under
/// the old key holds it no more. The key is the fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskKey {
    /// When it is due, or when its lease ends.
    pub due_at: Time,
    /// Which one.
    pub id: Uuid,
}

impl TaskKey {
    /// Refuses a worker whose lease of this task has ended: another one does it, or did.
    pub(crate) fn held(&self, facts: &dyn Facts) -> Result<(), Stop> {
        if facts.task(self)? { Ok(()) } else { Err(Refusal::LeaseLost.into()) }
    }
}

/// What a worker is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Close the payment unless it was paid.
    ExpirePayment(PaymentId),
    /// Hand an attempt to its channel.
    SubmitAttempt(PaymentId, AttemptId),
    /// Ask the channel what became of an attempt.
    QueryAttempt(PaymentId, AttemptId),
    /// Hand a refund to its channel.
    SubmitRefund(RefundId),
    /// Ask the channel what became of a refund.
    QueryRefund(RefundId),
    /// Send an event to one place.
    Deliver(DeliveryId),
    /// Return the transfer unless it was accepted.
    ExpireTransfer(TransferId),
    /// Unfreeze what was not shared of a payment.
    Unfreeze(SharingId),
    /// Pay the next details of a batch of transfers.
    PayTransferBatch(WechatTransferBatchId),
    /// Ask the bank to take a top-up from its card.
    SubmitTopUp(TopUpId),
    /// Ask the bank what became of a top-up.
    QueryTopUp(TopUpId),
    /// Ask the bank to pay a withdrawal to its card.
    SubmitWithdrawal(WithdrawalId),
    /// Ask the bank what became of a withdrawal.
    QueryWithdrawal(WithdrawalId),
    /// Plan the notices of a message.
    Notify(MessageId),
    /// Send a notice.
    SendNotice(NoticeId),
    /// Ask a biller to take a utility payment.
    PayBiller(UtilityPaymentId),
    /// Ask a biller what became of a utility payment.
    QueryBiller(UtilityPaymentId),
    /// End a review that nobody decided.
    EndReview(ReviewId),
    /// End a ride whose end nobody told.
    EndRide(RideId),
}

impl Work {
    /// The id of the task: that of what it is about. A thing has one task of a kind at a time.
    pub fn task_id(self) -> Uuid {
        match self {
            Work::EndReview(review) => review.uuid(),
            Work::Notify(message) => message.uuid(),
            Work::SendNotice(notice) => notice.uuid(),
            Work::ExpirePayment(payment) => payment.uuid(),
            Work::SubmitAttempt(_, attempt) | Work::QueryAttempt(_, attempt) => attempt.uuid(),
            Work::SubmitRefund(refund) | Work::QueryRefund(refund) => refund.uuid(),
            Work::Deliver(delivery) => delivery.uuid(),
            Work::ExpireTransfer(transfer) => transfer.uuid(),
            Work::Unfreeze(sharing) => sharing.uuid(),
            Work::PayTransferBatch(batch) => batch.uuid(),
            Work::SubmitTopUp(top_up) | Work::QueryTopUp(top_up) => top_up.uuid(),
            Work::SubmitWithdrawal(withdrawal) | Work::QueryWithdrawal(withdrawal) => withdrawal.uuid(),
            Work::PayBiller(payment) | Work::QueryBiller(payment) => payment.uuid(),
            Work::EndRide(ride) => ride.uuid(),
        }
    }
}

/// Who caused a step; kept in the change log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A merchant's app, by secret key.
    App(AppId),
    /// A payer on a page.
    Payer(PayerId),
    /// Somebody on a page who has no account yet.
    Visitor,
    /// A person at the command line of the machine.
    Operator,
    /// A worker doing a task.
    Worker,
    /// A developer on a sandbox page.
    Developer,
}

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Actor::App(id) => id.fmt(f),
            Actor::Payer(id) => id.fmt(f),
            Actor::Visitor => f.write_str("visitor"),
            Actor::Operator => f.write_str("operator"),
            Actor::Worker => f.write_str("worker"),
            Actor::Developer => f.write_str("developer"),
        }
    }
}

/// Why a step was taken: kept in the change log beside what it changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    /// When.
    pub at: Time,
    /// Who.
    pub actor: Actor,
    /// Which input, as `<verb>_<resource>`.
    pub input: &'static str,
}
