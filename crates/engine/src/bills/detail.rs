//! One payment, transfer or utility payment as the payers concerned see it, step by step.

use tongbao_core::{
    Id, List, Record, Time,
    facts::Entity as _,
    id::PayerId,
    payment::{Attempt, AttemptStatus, Payment, Status},
    refund::{Refund, RefundStatus},
    transfer::{ReturnReason, Transfer, TransferStatus},
    utility::{UtilityPayment, UtilityStatus},
};
use tongbao_money::Amount;
use tongbao_store::{Fault, Query};

use crate::Engine;

/// Refunds of one payment: as many as it may have.
const REFUNDS_MAX: u32 = 50;

/// How what a bill is of stands, for its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BillStatus {
    /// It is done.
    Done,
    /// Its result is not known.
    Processing,
    /// It came to nothing.
    Failed,
    /// All of it was given back.
    Refunded,
    /// Part of it was given back.
    PartlyRefunded,
    /// It waits for the other.
    Waiting,
    /// It waits for the reader.
    WaitingForYou,
    /// It went back.
    Returned,
}

impl BillStatus {
    /// The name in answers.
    pub const fn name(self) -> &'static str {
        match self {
            BillStatus::Done => "done",
            BillStatus::Processing => "processing",
            BillStatus::Failed => "failed",
            BillStatus::Refunded => "refunded",
            BillStatus::PartlyRefunded => "partly_refunded",
            BillStatus::Waiting => "waiting",
            BillStatus::WaitingForYou => "waiting_for_you",
            BillStatus::Returned => "returned",
        }
    }
}

/// What happened to what a bill is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepWhat {
    /// The shop asked for a payment.
    Ordered,
    /// The payer tried to pay.
    Tried,
    /// That came to nothing.
    TryFailed,
    /// It was paid.
    Paid,
    /// It was closed.
    Closed,
    /// The shop gives this much back.
    RefundAsked(Amount),
    /// That arrived.
    RefundArrived(Amount),
    /// That came to nothing.
    RefundFailed,
    /// It was sent.
    Sent,
    /// It can be accepted until then.
    EndsAt,
    /// The other had it at once.
    Arrived,
    /// It was accepted.
    Accepted,
    /// Its sender took it back.
    TakenBack,
    /// Its recipient, or its biller, did not want it.
    SentBack,
    /// Nobody accepted it in time.
    TimeOver,
}

impl StepWhat {
    /// The name in answers.
    pub const fn name(self) -> &'static str {
        match self {
            StepWhat::Ordered => "ordered",
            StepWhat::Tried => "tried",
            StepWhat::TryFailed => "try_failed",
            StepWhat::Paid => "paid",
            StepWhat::Closed => "closed",
            StepWhat::RefundAsked(_) => "refund_asked",
            StepWhat::RefundArrived(_) => "refund_arrived",
            StepWhat::RefundFailed => "refund_failed",
            StepWhat::Sent => "sent",
            StepWhat::EndsAt => "ends_at",
            StepWhat::Arrived => "arrived",
            StepWhat::Accepted => "accepted",
            StepWhat::TakenBack => "taken_back",
            StepWhat::SentBack => "sent_back",
            StepWhat::TimeOver => "time_over",
        }
    }

    /// How much it is about, where it is about a part.
    pub const fn amount(self) -> Option<Amount> {
        match self {
            StepWhat::RefundAsked(amount) | StepWhat::RefundArrived(amount) => Some(amount),
            StepWhat::Ordered
            | StepWhat::Tried
            | StepWhat::TryFailed
            | StepWhat::Paid
            | StepWhat::Closed
            | StepWhat::RefundFailed
            | StepWhat::Sent
            | StepWhat::EndsAt
            | StepWhat::Arrived
            | StepWhat::Accepted
            | StepWhat::TakenBack
            | StepWhat::SentBack
            | StepWhat::TimeOver => None,
        }
    }
}

/// A step of its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: Time,
    /// What.
    pub what: StepWhat,
}

/// What the reader can do about a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deeds {
    /// Nothing.
    None,
    /// Take it back.
    TakeBack,
    /// Accept it, or send it back.
    AcceptOrDecline,
    /// Accept it; a merchant's is left to expire.
    Accept,
}

/// A bill and its steps.
#[derive(Clone, Debug)]
pub enum Bill {
    /// A payment that the reader paid or tried to pay.
    Payment {
        /// The payment.
        payment: Box<Payment>,
        /// The attempt of the reader's that paid it.
        paid: Option<Box<Attempt>>,
        /// How it stands.
        status: BillStatus,
        /// What happened, oldest first.
        steps: Vec<Step>,
    },
    /// A transfer of the reader's, or to it.
    Transfer {
        /// The transfer.
        transfer: Box<Transfer>,
        /// Whether the reader sent it.
        is_mine: bool,
        /// How it stands.
        status: BillStatus,
        /// What can be done about it now.
        deeds: Deeds,
        /// What happened, oldest first.
        steps: Vec<Step>,
    },
    /// A utility payment of the reader's.
    Utility {
        /// The payment.
        payment: Box<UtilityPayment>,
        /// How it stands.
        status: BillStatus,
        /// What happened, oldest first.
        steps: Vec<Step>,
    },
}

impl Engine {
    /// A payer's bill of a payment, transfer or utility payment; none if it is nothing of this payer's.
    pub fn bill(&self, me: PayerId, id: Id) -> Result<Option<Bill>, Fault> {
        match self.store.records(Query::Record(id))?.into_iter().next() {
            Some(Record::Transfer(transfer)) => Ok(self.transfer_bill(me, transfer)),
            Some(Record::Payment(payment)) => self.payment_bill(me, payment),
            Some(Record::UtilityPayment(payment)) => Ok(utility_bill(me, payment)),
            _ => Ok(None),
        }
    }

    fn transfer_bill(&self, me: PayerId, transfer: Transfer) -> Option<Bill> {
        let is_mine = transfer.sender.payer() == Some(me);
        if !is_mine && transfer.recipient != me {
            return None;
        }
        let is_open = transfer.status == TransferStatus::Offered && self.now() < transfer.expires_at;
        let status = match transfer.status {
            TransferStatus::Offered if is_mine => BillStatus::Waiting,
            TransferStatus::Offered => BillStatus::WaitingForYou,
            TransferStatus::Accepted => BillStatus::Done,
            TransferStatus::Returned(_) => BillStatus::Returned,
        };
        let deeds = match (is_open, is_mine, transfer.sender.payer()) {
            (false, ..) => Deeds::None,
            (true, true, _) => Deeds::TakeBack,
            (true, false, Some(_)) => Deeds::AcceptOrDecline,
            (true, false, None) => Deeds::Accept,
        };
        let steps = transfer_steps(&transfer);
        Some(Bill::Transfer { transfer: Box::new(transfer), is_mine, status, deeds, steps })
    }

    fn payment_bill(&self, me: PayerId, payment: Payment) -> Result<Option<Bill>, Fault> {
        let mine = |attempt: &&Attempt| attempt.payer == me;
        let paid = payment.paid_by().filter(mine).cloned();
        if !payment.attempts.iter().any(|attempt| mine(&attempt)) {
            return Ok(None);
        }
        let query = Query::List {
            list: List::RefundsOf(payment.id),
            after: None,
            newest_first: false,
            limit: REFUNDS_MAX,
        };
        let refunds = if paid.is_some() { self.store.records(query)? } else { Vec::new() };
        let refunds: Vec<&Refund> = refunds.iter().filter_map(Refund::of).collect();
        let (status, steps) = (payment_status(&payment, me), payment_steps(&payment, &refunds, me));
        let paid = paid.map(Box::new);
        Ok(Some(Bill::Payment { payment: Box::new(payment), paid, status, steps }))
    }
}

fn utility_bill(me: PayerId, payment: UtilityPayment) -> Option<Bill> {
    if payment.payer != me {
        return None;
    }
    let (status, end) = match payment.status {
        UtilityStatus::Planned | UtilityStatus::Sent => (BillStatus::Processing, None),
        UtilityStatus::Paid => (BillStatus::Done, Some(StepWhat::Paid)),
        UtilityStatus::Failed => (BillStatus::Returned, Some(StepWhat::SentBack)),
    };
    let ended = end.zip(payment.ended_at).map(|(what, at)| step(at, what));
    let steps = std::iter::once(step(payment.created_at, StepWhat::Sent)).chain(ended).collect();
    Some(Bill::Utility { payment: Box::new(payment), status, steps })
}

const fn step(at: Time, what: StepWhat) -> Step {
    Step { at, what }
}

fn transfer_steps(transfer: &Transfer) -> Vec<Step> {
    let ended = transfer.ended_at.unwrap_or(transfer.created_at);
    let last = match transfer.status {
        TransferStatus::Offered => step(transfer.expires_at, StepWhat::EndsAt),
        // One that arrived at once had no time to be accepted in.
        TransferStatus::Accepted if transfer.expires_at == transfer.created_at => {
            step(ended, StepWhat::Arrived)
        }
        TransferStatus::Accepted => step(ended, StepWhat::Accepted),
        TransferStatus::Returned(ReturnReason::Withdrawn) => step(ended, StepWhat::TakenBack),
        TransferStatus::Returned(ReturnReason::Declined) => step(ended, StepWhat::SentBack),
        TransferStatus::Returned(ReturnReason::Expired) => step(ended, StepWhat::TimeOver),
    };
    vec![step(transfer.created_at, StepWhat::Sent), last]
}

fn payment_status(payment: &Payment, me: PayerId) -> BillStatus {
    let is_mine = payment.paid_by().is_some_and(|attempt| attempt.payer == me);
    match payment.status {
        Status::Succeeded if is_mine && payment.refunded >= payment.money.amount => BillStatus::Refunded,
        Status::Succeeded if is_mine && !payment.refunded.is_zero() => BillStatus::PartlyRefunded,
        Status::Succeeded if is_mine => BillStatus::Done,
        Status::Processing if payment.pending().is_some_and(|attempt| attempt.payer == me) => {
            BillStatus::Processing
        }
        Status::Open | Status::Processing | Status::Succeeded | Status::Closed => BillStatus::Failed,
    }
}

/// What the payer did and what came of it; other payers' attempts at the same order are theirs.
fn payment_steps(payment: &Payment, refunds: &[&Refund], me: PayerId) -> Vec<Step> {
    let mut steps = vec![step(payment.created_at, StepWhat::Ordered)];
    for attempt in payment.attempts.iter().filter(|attempt| attempt.payer == me) {
        steps.push(step(attempt.started_at, StepWhat::Tried));
        match attempt.status {
            AttemptStatus::Succeeded => {
                steps.extend(payment.succeeded_at.map(|at| step(at, StepWhat::Paid)));
            }
            AttemptStatus::Unproven | AttemptStatus::Failed | AttemptStatus::Returned => {
                steps.push(step(attempt.started_at, StepWhat::TryFailed));
            }
            AttemptStatus::Challenged | AttemptStatus::Processing => {}
        }
    }
    steps.extend(payment.closed_at.map(|at| step(at, StepWhat::Closed)));
    for refund in refunds {
        let amount = refund.money.amount;
        steps.push(step(refund.created_at, StepWhat::RefundAsked(amount)));
        match refund.status {
            RefundStatus::Succeeded => {
                let at = refund.succeeded_at.unwrap_or(refund.created_at);
                steps.push(step(at, StepWhat::RefundArrived(amount)));
            }
            RefundStatus::Failed => steps.push(step(refund.created_at, StepWhat::RefundFailed)),
            RefundStatus::Accepted | RefundStatus::Processing | RefundStatus::Abnormal => {}
        }
    }
    steps.sort_by_key(|step| step.at);
    steps
}
