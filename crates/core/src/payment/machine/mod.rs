//! The payment's table of states and inputs.
//!
//! Pure over the payment alone: it says what the payment becomes and what happened; [`super::steps`]
//! turns what happened into postings, events and tasks. Versions are counted there, once a step. What
//! happens to an attempt while it waits for somebody is in `waiting`.

mod waiting;

use tongbao_money::{Amount, Money};

use self::waiting::{end_challenge, end_challenges, holder_answered, must_confirm, prove};
use super::{Attempt, AttemptStatus, Failure, HolderSaid, Payment, Proof, Status};
use crate::{
    Refusal, Time,
    event::AlarmKind,
    id::AttemptId,
    limits::{ATTEMPTS_PER_PAYMENT_MAX, CHALLENGES_PER_PAYMENT_MAX, REFUNDS_PER_PAYMENT_MAX},
};

/// What can be said to a payment. `Paid`, `Contested`, `Failed`, `MustConfirm`, `RefundPaid`, `RefundFailed`
/// and `RefundPaidAfterAll` are facts and cannot be refused; the others are requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A payer begins an attempt; one with a challenge waits for proofs.
    Begin(Attempt),
    /// A proof was given for an attempt that waits for it.
    Prove(AttemptId, Proof),
    /// A challenge ends without its proofs.
    EndChallenge(AttemptId),
    /// A card's bank wants its holder to confirm, at this address.
    MustConfirm(AttemptId, String),
    /// The holder has answered the sandbox's bank.
    HolderAnswered(AttemptId, HolderSaid),
    /// The money of an attempt moved.
    Paid {
        /// Which attempt.
        attempt: AttemptId,
        /// How much came.
        money: Money,
        /// What the channel calls it.
        reference: Option<String>,
    },
    /// A channel says that an attempt was paid, by money that another payment has.
    Contested {
        /// Which attempt.
        attempt: AttemptId,
        /// What the channel calls that money.
        reference: String,
    },
    /// An attempt came to nothing.
    Failed {
        /// Which attempt.
        attempt: AttemptId,
        /// Why.
        failure: Failure,
    },
    /// The time may be over.
    Expire,
    /// The merchant wants it closed.
    Close,
    /// The merchant wants this much refunded.
    ClaimRefund(Amount),
    /// A claimed refund reached the payer.
    RefundPaid(Amount),
    /// A claimed refund failed.
    RefundFailed {
        /// The refund.
        amount: Amount,
        /// The part of the fee that had been returned with it.
        fee: Amount,
    },
    /// A refund that had failed was paid after all.
    RefundPaidAfterAll {
        /// The refund.
        amount: Amount,
        /// The part of the fee that goes back with it.
        fee: Amount,
    },
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// An attempt began.
    Began(AttemptId),
    /// The payment was paid by this attempt.
    Succeeded(AttemptId),
    /// An attempt failed while the payment was unpaid.
    AttemptFailed(AttemptId),
    /// An attempt failed that no longer mattered.
    AttemptDropped(AttemptId),
    /// The payment was closed unpaid.
    Closed,
    /// Money came that must go back.
    Unexpected(AttemptId, Money, AlarmKind),
    /// A person must look.
    Alarm(AlarmKind),
    /// A refund was claimed; this much of the fee goes back with it.
    RefundClaimed(Amount),
    /// The sum of refunds changed.
    RefundCounted,
}

/// The payment after an input, and what happened on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// What it becomes; the version is still the old one.
    pub payment: Payment,
    /// What happened, in order.
    pub happened: Vec<Happened>,
}

/// The answer to an input: `Ok(None)` means "already so".
pub type Answer = Result<Option<Next>, Refusal>;

/// Decides.
pub fn decide(now: &Payment, input: Input, at: Time) -> Answer {
    let at = at.max(now.latest());
    match (now.status, input) {
        (Status::Open, Input::Begin(attempt)) => begin(now, attempt, at),
        (Status::Open, Input::Prove(attempt, proof)) => prove(now, attempt, proof, at),
        (Status::Processing, Input::Begin(_) | Input::Prove(..) | Input::Close) => {
            Err(Refusal::PaymentProcessing)
        }
        (Status::Succeeded, Input::Begin(_) | Input::Prove(..) | Input::Close) => Err(Refusal::PaymentPaid),
        (Status::Closed, Input::Begin(_) | Input::Prove(..)) => Err(closed_refusal(now)),
        (
            Status::Open | Status::Processing | Status::Succeeded | Status::Closed,
            Input::EndChallenge(attempt),
        ) => Ok(end_challenge(now, attempt)),
        (
            Status::Open | Status::Processing | Status::Succeeded | Status::Closed,
            Input::MustConfirm(attempt, address),
        ) => must_confirm(now, attempt, &address, at),
        (
            Status::Open | Status::Processing | Status::Succeeded | Status::Closed,
            Input::HolderAnswered(attempt, said),
        ) => holder_answered(now, attempt, said, at),
        (
            Status::Open | Status::Processing | Status::Succeeded | Status::Closed,
            Input::Paid { attempt, money, reference },
        ) => paid(now, attempt, money, reference.as_ref(), at),
        (
            Status::Open | Status::Processing | Status::Succeeded | Status::Closed,
            Input::Contested { attempt, reference },
        ) => contested(now, attempt, &reference),
        (
            Status::Open | Status::Processing | Status::Succeeded | Status::Closed,
            Input::Failed { attempt, failure },
        ) => failed(now, attempt, failure, at),
        (Status::Open, Input::Expire) if at >= now.expires_at => Ok(Some(close(now, at))),
        (Status::Open | Status::Processing | Status::Succeeded | Status::Closed, Input::Expire) => Ok(None),
        (Status::Open, Input::Close) => Ok(Some(close(now, at))),
        (Status::Closed, Input::Close) => Ok(None),
        (Status::Succeeded, Input::ClaimRefund(amount)) => claim_refund(now, amount),
        (Status::Processing, Input::ClaimRefund(_)) => Err(Refusal::PaymentProcessing),
        (Status::Open | Status::Closed, Input::ClaimRefund(_)) => Err(Refusal::NotPaid),
        (Status::Succeeded, Input::RefundPaid(amount)) => Ok(Some(refund_paid(now, amount))),
        (Status::Succeeded, Input::RefundFailed { amount, fee }) => Ok(Some(refund_failed(now, amount, fee))),
        (Status::Succeeded, Input::RefundPaidAfterAll { amount, fee }) => {
            Ok(Some(refund_paid_after_all(now, amount, fee)))
        }
        (
            Status::Open | Status::Processing | Status::Closed,
            Input::RefundPaid(_) | Input::RefundFailed { .. } | Input::RefundPaidAfterAll { .. },
        ) => Err(Refusal::NotPaid),
    }
}

/// Why a payment that is closed takes no more attempts.
pub(crate) fn closed_refusal(now: &Payment) -> Refusal {
    let by_time = now.closed_at.is_some_and(|closed| closed >= now.expires_at);
    if by_time { Refusal::PaymentExpired } else { Refusal::PaymentClosed }
}

fn begin(now: &Payment, attempt: Attempt, at: Time) -> Answer {
    if at >= now.payable_until() {
        return Err(Refusal::PaymentExpired);
    }
    if now.attempts_counted() >= ATTEMPTS_PER_PAYMENT_MAX {
        return Err(Refusal::TooManyAttempts);
    }
    let mut payment = now.clone();
    waiting::make_room(&mut payment, attempt.payer, at);
    let happened = if attempt.status == AttemptStatus::Challenged {
        let waiting = payment.attempts.len().saturating_sub(payment.attempts_counted());
        if waiting >= CHALLENGES_PER_PAYMENT_MAX {
            return Err(Refusal::TooManyAttempts);
        }
        Vec::new()
    } else {
        payment.status = Status::Processing;
        vec![Happened::Began(attempt.id)]
    };
    payment.attempts.push(Attempt { started_at: at, ..attempt });
    Ok(Some(Next { payment, happened }))
}

fn paid(now: &Payment, id: AttemptId, money: Money, reference: Option<&String>, at: Time) -> Answer {
    let attempt = now.attempt(id).ok_or(Refusal::NotFound("attempt"))?;
    if said_before(now, attempt, reference) {
        return Ok(None);
    }
    let wrong_amount = money != now.money;
    Ok(Some(match now.status {
        Status::Open | Status::Processing if !wrong_amount => {
            let mut payment = Payment {
                status: Status::Succeeded,
                fee: now.fee_rate.of(now.money.amount),
                succeeded_at: Some(at),
                ..now.clone()
            };
            settle(&mut payment, id, AttemptStatus::Succeeded, None, reference);
            end_challenges(&mut payment);
            Next { payment, happened: vec![Happened::Succeeded(id)] }
        }
        Status::Open | Status::Processing => {
            let mut next = unexpected(now, id, money, reference, AlarmKind::WrongAmount);
            next.happened.push(Happened::AttemptFailed(id));
            reopen(&mut next, at);
            next
        }
        Status::Succeeded => dropped(unexpected(now, id, money, reference, AlarmKind::DoublePayment), id),
        Status::Closed => dropped(unexpected(now, id, money, reference, AlarmKind::LateMoney), id),
    }))
}

/// Whether these words tell of money that is booked already. One movement of money has one reference,
/// whichever attempts it is told of; a word without a reference cannot be shown to tell of another
/// movement than the one known, and what cannot be shown to have come is not sent back.
fn said_before(now: &Payment, attempt: &Attempt, reference: Option<&String>) -> bool {
    let settled = match attempt.status {
        AttemptStatus::Succeeded | AttemptStatus::Returned => true,
        AttemptStatus::Challenged
        | AttemptStatus::Unproven
        | AttemptStatus::Processing
        | AttemptStatus::Failed => false,
    };
    let Some(reference) = reference else { return settled };
    // References are a channel's, not a method's: several cards may share one.
    let channel = attempt.method.channel();
    let mut same_channel = now.attempts.iter().filter(|other| other.method.channel() == channel);
    same_channel.any(|other| other.references().any(|known| known == reference))
        || (settled && attempt.reference.is_none())
}

/// One movement of money has one reference, so this money is booked, for the other payment. Booking it
/// here too would make money of nothing, and taking the word for a failure would be a guess: the attempt
/// stays as it is, and a person is told once.
fn contested(now: &Payment, id: AttemptId, reference: &str) -> Answer {
    let attempt = now.attempt(id).ok_or(Refusal::NotFound("attempt"))?;
    if attempt.contested.iter().any(|known| known == reference) {
        return Ok(None);
    }
    let mut payment = now.clone();
    for attempt in payment.attempts.iter_mut().filter(|attempt| attempt.id == id) {
        attempt.contested.push(reference.to_owned());
    }
    Ok(Some(Next { payment, happened: vec![Happened::Alarm(AlarmKind::ReferenceClaimedTwice)] }))
}

/// The attempt itself no longer matters: what it had set aside is free.
fn dropped(mut next: Next, id: AttemptId) -> Next {
    next.happened.push(Happened::AttemptDropped(id));
    next
}

fn unexpected(
    now: &Payment,
    id: AttemptId,
    money: Money,
    reference: Option<&String>,
    kind: AlarmKind,
) -> Next {
    let mut payment = now.clone();
    let failure = (kind == AlarmKind::WrongAmount).then_some(Failure::WrongAmount);
    // The attempt that paid the payment stays the one that paid it, whatever else comes in its name.
    if now.paid_by().is_none_or(|paid| paid.id != id) {
        settle(&mut payment, id, AttemptStatus::Returned, failure, reference);
    } else {
        for paid in payment.attempts.iter_mut().filter(|attempt| attempt.id == id) {
            paid.other_references.extend(reference.cloned());
        }
    }
    Next { payment, happened: vec![Happened::Unexpected(id, money, kind)] }
}

fn failed(now: &Payment, id: AttemptId, failure: Failure, at: Time) -> Answer {
    let attempt = now.attempt(id).ok_or(Refusal::NotFound("attempt"))?;
    let mut payment = now.clone();
    match attempt.status {
        // Of one that waits for proofs a channel knows nothing, so it has nothing to say.
        AttemptStatus::Challenged
        | AttemptStatus::Unproven
        | AttemptStatus::Failed
        | AttemptStatus::Returned => Ok(None),
        AttemptStatus::Succeeded if attempt.failure.is_some() => Ok(None),
        AttemptStatus::Succeeded => {
            let reference = attempt.reference.clone();
            settle(&mut payment, id, AttemptStatus::Succeeded, Some(failure), reference.as_ref());
            Ok(Some(Next { payment, happened: vec![Happened::Alarm(AlarmKind::FailedAfterPaid)] }))
        }
        AttemptStatus::Processing => {
            settle(&mut payment, id, AttemptStatus::Failed, Some(failure), None);
            let happened = match now.status {
                Status::Open | Status::Processing => Happened::AttemptFailed(id),
                Status::Succeeded | Status::Closed => Happened::AttemptDropped(id),
            };
            let mut next = Next { payment, happened: vec![happened] };
            reopen(&mut next, at);
            Ok(Some(next))
        }
    }
}

/// After an attempt came to nothing the payment is open again, or closed if its time is over.
fn reopen(next: &mut Next, at: Time) {
    let waits = next.payment.pending().is_some();
    match next.payment.status {
        Status::Processing | Status::Open if waits => {}
        Status::Processing | Status::Open if at >= next.payment.expires_at => {
            let closed = close(&next.payment, at);
            next.payment = closed.payment;
            next.happened.extend(closed.happened);
        }
        Status::Processing | Status::Open => next.payment.status = Status::Open,
        Status::Succeeded | Status::Closed => {}
    }
}

fn close(now: &Payment, at: Time) -> Next {
    let mut payment = Payment { status: Status::Closed, closed_at: Some(at), ..now.clone() };
    end_challenges(&mut payment);
    Next { payment, happened: vec![Happened::Closed] }
}

fn settle(
    payment: &mut Payment,
    id: AttemptId,
    status: AttemptStatus,
    failure: Option<Failure>,
    reference: Option<&String>,
) {
    for attempt in payment.attempts.iter_mut().filter(|attempt| attempt.id == id) {
        attempt.status = status;
        attempt.failure = failure;
        attempt.challenge = None;
        let known = attempt.reference.take().filter(|known| reference != Some(known));
        attempt.other_references.extend(known);
        attempt.reference = reference.cloned();
    }
}

fn claim_refund(now: &Payment, amount: Amount) -> Answer {
    if now.refund_count >= REFUNDS_PER_PAYMENT_MAX {
        return Err(Refusal::TooManyRefunds);
    }
    let left = now.refundable();
    let claimed = now.refund_claimed.plus(amount).filter(|claimed| *claimed <= now.money.amount);
    let Some(claimed) = claimed else { return Err(Refusal::RefundTooLarge { left: left.minor() }) };
    let fee = now.fee_part(amount);
    let payment = Payment {
        refund_claimed: claimed,
        refund_count: now.refund_count.saturating_add(1),
        fee_returned: now.fee_returned.plus(fee).unwrap_or(now.fee),
        ..now.clone()
    };
    Ok(Some(Next { payment, happened: vec![Happened::RefundClaimed(fee)] }))
}

fn refund_paid(now: &Payment, amount: Amount) -> Next {
    let refunded = now.refunded.plus(amount).unwrap_or(Amount::MAX);
    Next { payment: Payment { refunded, ..now.clone() }, happened: vec![Happened::RefundCounted] }
}

fn refund_failed(now: &Payment, amount: Amount, fee: Amount) -> Next {
    let payment = Payment {
        refund_claimed: now.refund_claimed.minus(amount).unwrap_or_default(),
        fee_returned: now.fee_returned.minus(fee).unwrap_or_default(),
        ..now.clone()
    };
    Next { payment, happened: vec![Happened::RefundCounted] }
}

fn refund_paid_after_all(now: &Payment, amount: Amount, fee: Amount) -> Next {
    let payment = Payment {
        refund_claimed: now.refund_claimed.plus(amount).unwrap_or(Amount::MAX),
        fee_returned: now.fee_returned.plus(fee).unwrap_or(now.fee),
        refunded: now.refunded.plus(amount).unwrap_or(Amount::MAX),
        ..now.clone()
    };
    Next { payment, happened: vec![Happened::RefundCounted] }
}
