//! What is watched with every commit: records follow each other along the edges of their machines, versions and times
//! grow, and a thing is asked about by one task.

use std::collections::BTreeMap;

use tongbao_core::{
    ChangeSet, Record, Task, TaskKey, Time, Work,
    delivery::DeliveryStatus,
    endpoint::EndpointStatus,
    event::AlarmKind,
    id::{MerchantId, PaymentId, RefundId, TypedId},
    ledger::{Account, Posting, Reason},
    payment::{Attempt, AttemptStatus, Failure, Method, Payment, Status},
    refund::{Refund, RefundStatus},
    transfer::{ReturnReason, Transfer, TransferStatus},
};
use tongbao_money::Currency;
use tongbao_store::limits::LEASE_MS;

use crate::{agenda::Event, seen::Rare, state::State};

/// A task that is not done, and whether a worker holds it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenTask {
    work: Work,
    held: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    pub(crate) payments: BTreeMap<PaymentId, Payment>,
    refunds: BTreeMap<RefundId, Refund>,
    references: BTreeMap<String, PaymentId>,
    pub(crate) tasks: BTreeMap<TaskKey, OpenTask>,
    /// What merchants have in yuan for refunds and transfers.
    takings: BTreeMap<MerchantId, i64>,
    /// Steps that changed something.
    pub(crate) commits: u64,
}

/// The edges of the payment's machine; one step may take two of them.
fn is_payment_edge(from: Status, to: Status) -> bool {
    match from {
        Status::Open | Status::Processing => true,
        Status::Succeeded | Status::Closed => from == to,
    }
}

fn is_refund_edge(from: RefundStatus, to: RefundStatus) -> bool {
    match from {
        RefundStatus::Accepted => true,
        RefundStatus::Processing => to != RefundStatus::Accepted,
        RefundStatus::Abnormal | RefundStatus::Failed => to == from || to == RefundStatus::Succeeded,
        RefundStatus::Succeeded => to == from,
    }
}

/// When things were written down, in the order in which they must have happened.
fn times(payment: &Payment) -> Vec<Time> {
    let begun = payment.attempts.iter().map(|attempt| attempt.started_at);
    let ends = payment.succeeded_at.into_iter().chain(payment.closed_at);
    std::iter::once(payment.created_at).chain(begun).chain(ends).collect()
}

impl Watch {
    /// What channels call the money of other payments, as far as it is booked.
    pub(crate) fn references_of_others(&self, payment: PaymentId) -> Vec<String> {
        let others = self.references.iter().filter(|(_, owner)| **owner != payment);
        others.map(|(reference, _)| reference.clone()).collect()
    }

    /// A new process has ended the leases of the one before.
    pub(crate) fn end_leases(&mut self) -> bool {
        let held: Vec<TaskKey> =
            self.tasks.iter().filter(|(_, task)| task.held).map(|(key, _)| *key).collect();
        for key in &held {
            if let Some(task) = self.tasks.remove(key) {
                let due = TaskKey { due_at: key.due_at.plus_ms(-LEASE_MS), ..*key };
                self.tasks.insert(due, OpenTask { held: false, ..task });
            }
        }
        !held.is_empty()
    }

    /// Tasks were leased: each moves to the end of its lease.
    pub(crate) fn leased(&mut self, tasks: &[Task]) {
        for task in tasks {
            let before =
                self.tasks.iter().find(|(key, open)| key.id == task.key.id && open.work == task.work);
            if let Some(before) = before.map(|(key, _)| *key) {
                self.tasks.remove(&before);
            }
            self.tasks.insert(task.key, OpenTask { work: task.work, held: true });
        }
    }

    /// What a merchant has for refunds and transfers, in fen.
    pub(crate) fn takings(&self, merchant: MerchantId) -> i64 {
        self.takings.get(&merchant).copied().unwrap_or_default()
    }

    fn count_takings(&mut self, posting: &Posting) {
        let minor = posting.money.amount.minor();
        for (account, change) in [(posting.debit, minor.saturating_neg()), (posting.credit, minor)] {
            if let Account::MerchantPending(merchant) = account
                && posting.money.currency == Currency::CNY
            {
                let sum = self.takings.entry(merchant).or_default();
                *sum = sum.saturating_add(change);
            }
        }
    }

    /// How many open tasks ask about the same as this one.
    fn asking(&self, work: Work) -> usize {
        self.tasks.values().filter(|task| task.work.task_id() == work.task_id()).count()
    }
}

impl State {
    /// A step was committed.
    pub(crate) fn committed(&mut self, input: &str, change: &ChangeSet) {
        self.watch.commits = self.watch.commits.saturating_add(1);
        for key in &change.done {
            self.watch.tasks.remove(key);
        }
        for task in &change.tasks {
            self.watch.tasks.insert(task.key, OpenTask { work: task.work, held: false });
            let alone = !matches!(task.work, Work::ExpirePayment(_) | Work::ExpireTransfer(_));
            if alone && self.watch.asking(task.work) > 1 {
                self.violated(format!("{input}: {:?} is asked for by two tasks", task.work));
            }
            let at = self.world_time(task.key.due_at);
            self.looks_at(at);
        }
        self.see_postings(change);
        let paid = self.count_becoming(change, Status::Succeeded);
        let closed = self.count_becoming(change, Status::Closed);
        if paid > 1 {
            self.see(Rare::CombinedPaid);
        }
        if closed > 1 {
            self.see(Rare::CombinedClosed);
        }
        for record in &change.records {
            self.watch_record(record);
        }
        match input {
            "postpone_delivery" => self.see(Rare::Postponed),
            "expire_payment" if change.records.is_empty() && self.expired_while_processing(change) => {
                self.see(Rare::TimerWhileProcessing);
            }
            "unfreeze" if !change.postings.is_empty() => self.see(Rare::Unfrozen),
            "reverse_order" => self.see(Rare::Reversed),
            _ => {}
        }
    }

    /// Plans that a worker looks then, or soon after.
    pub(crate) fn looks_at(&mut self, at: Time) {
        let last = self.plan.workers.saturating_sub(1);
        let worker = usize::try_from(self.chance.between(0, last)).unwrap_or_default();
        let after_ms = self.chance.between(1, 40);
        let epoch = self.epoch;
        self.agenda.plan(at.plus_ms(after_ms), Event::Looks(epoch, worker));
    }

    fn expired_while_processing(&self, change: &ChangeSet) -> bool {
        let waits = |key: &TaskKey| {
            let mut payments = self.watch.payments.values();
            payments.any(|payment| payment.id.uuid() == key.id && payment.status == Status::Processing)
        };
        change.done.iter().any(waits)
    }

    fn count_becoming(&self, change: &ChangeSet, status: Status) -> usize {
        let becomes = |record: &&Record| {
            let Record::Payment(payment) = record else { return false };
            let before = self.watch.payments.get(&payment.id).map(|before| before.status);
            payment.status == status && before != Some(status)
        };
        change.records.iter().filter(becomes).count()
    }

    fn see_postings(&mut self, change: &ChangeSet) {
        change.postings.iter().for_each(|posting| self.watch.count_takings(posting));
        let has = |reason| change.postings.iter().any(|posting| posting.reason == reason);
        let uncovered =
            |posting: &Posting| posting.debit == Account::Suspense && posting.reason == Reason::Refund;
        if change.postings.iter().any(uncovered) {
            self.see(Rare::Uncovered);
        }
        if has(Reason::Hold) {
            self.see(Rare::Held);
        }
        if has(Reason::Share) {
            self.see(Rare::Shared);
        }
        if has(Reason::Unfreeze) && has(Reason::Refund) {
            self.see(Rare::RefundFromFrozen);
        }
    }

    fn watch_record(&mut self, record: &Record) {
        match record {
            Record::Payment(payment) => self.watch_payment(payment),
            Record::Refund(refund) => self.watch_refund(refund),
            Record::Alarm(alarm) => self.see(match alarm.kind {
                // No payer of a simulated world has a card.
                AlarmKind::TopUpUnexpected
                | AlarmKind::WithdrawalPaidAfterFailed
                | AlarmKind::WithdrawalPaidTwice
                | AlarmKind::WithdrawalFailedAfterPaid
                | AlarmKind::UtilityPaidUnasked
                | AlarmKind::UtilityFailedAfterPaid => return,
                AlarmKind::LateMoney => Rare::LateMoney,
                AlarmKind::DoublePayment => Rare::DoublePayment,
                AlarmKind::WrongAmount => Rare::WrongAmount,
                AlarmKind::ReferenceClaimedTwice => Rare::ReferenceClaimedTwice,
                AlarmKind::FailedAfterPaid => Rare::FailedAfterPaid,
                AlarmKind::RefundPaidAfterFailed => Rare::RefundPaidAfterFailed,
                AlarmKind::RefundFailedAfterPaid => Rare::RefundFailedAfterPaid,
                AlarmKind::ReturnFailed => Rare::ReturnFailed,
            }),
            Record::Delivery(delivery) if delivery.status == DeliveryStatus::GivenUp => {
                self.see(Rare::GivenUp);
            }
            Record::Endpoint(endpoint) if endpoint.status == EndpointStatus::Disabled => {
                self.see(Rare::EndpointDisabled);
            }
            Record::WechatTransferBatch(batch) => {
                if batch.version > 2 {
                    self.see(Rare::BatchInSteps);
                }
                if !batch.failed.is_empty() {
                    self.see(Rare::BatchDetailFailed);
                }
            }
            Record::Payer(payer) if payer.locked_until.is_some() => self.see(Rare::PasswordLocked),
            Record::Transfer(Transfer { status, .. })
                if *status == TransferStatus::Returned(ReturnReason::Expired) =>
            {
                self.see(Rare::TransferExpired);
            }
            _ => {}
        }
    }

    fn watch_payment(&mut self, payment: &Payment) {
        let id = payment.id;
        if let Some(before) = self.watch.payments.get(&id) {
            let (from, to) = (before.status, payment.status);
            let follows = payment.version == before.version.saturating_add(1)
                && is_payment_edge(from, to)
                && payment.attempts.len() >= before.attempts.len()
                && payment.money == before.money;
            if !follows {
                self.violated(format!("{id} went from {from:?} to {to:?} or lost what it had"));
            }
            if (from, to) == (Status::Processing, Status::Closed) {
                self.see(Rare::ClosedByFailure);
            }
        }
        for attempt in &payment.attempts {
            let before = self.watch.payments.get(&id).and_then(|before| before.attempt(attempt.id));
            let fails = attempt.status == AttemptStatus::Failed
                && attempt.method == Method::SandboxBank
                && before.is_none_or(|before| before.status != AttemptStatus::Failed);
            let said = || self.bank.deals.get(&attempt.id).is_some_and(|deal| deal.said_failed);
            if fails && attempt.failure == Some(Failure::Declined) && !said() {
                self.violated(format!("{} counts as declined, which the bank never said", attempt.id));
            }
        }
        if !times(payment).is_sorted() {
            self.violated(format!("times of {id} decrease"));
        }
        let failed = |attempt: &Attempt| attempt.status == AttemptStatus::Failed;
        if payment.status == Status::Succeeded && payment.attempts.iter().any(failed) {
            self.see(Rare::PaidAfterFailing);
        }
        for reference in payment.attempts.iter().flat_map(Attempt::references) {
            let owner = self.watch.references.insert(reference.clone(), id);
            if owner.is_some_and(|owner| owner != id) {
                self.violated(format!("{reference} is booked for two payments"));
            }
        }
        self.watch.payments.insert(id, payment.clone());
    }

    fn watch_refund(&mut self, refund: &Refund) {
        let id = refund.id;
        if let Some(before) = self.watch.refunds.get(&id) {
            let (from, to) = (before.status, refund.status);
            if refund.version != before.version.saturating_add(1) || !is_refund_edge(from, to) {
                self.violated(format!("{id} went from {from:?} to {to:?}"));
            }
            if (from, to) == (RefundStatus::Abnormal, RefundStatus::Succeeded) {
                self.see(Rare::AbnormalPaid);
            }
        }
        if refund.succeeded_at.is_some_and(|paid| paid < refund.created_at) {
            self.violated(format!("{id} was paid before it was made"));
        }
        self.watch.refunds.insert(id, refund.clone());
    }
}
