//! The withdrawal's table of states and inputs, pure over the withdrawal alone.

use super::{Withdrawal, WithdrawalStatus};
use crate::{Time, event::AlarmKind, payment::Failure};

/// What can be said to a withdrawal. All but [`Input::Stop`] are facts, which cannot be refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// It works on it, or gives no answer.
    Working,
    /// The payer's account was frozen before the bank was asked.
    Stop,
    /// The money went out.
    Paid {
        /// What the bank calls the payout.
        reference: Option<String>,
    },
    /// It paid nothing.
    Failed(Failure),
    /// The money went out and came back.
    Bounced {
        /// What the bank calls the payout that came back.
        reference: Option<String>,
    },
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// The bank was asked.
    Sent,
    /// It arrived.
    Paid,
    /// It arrived after the payer had the money back.
    PaidAfterAll,
    /// It went out once more than it was asked for.
    PaidTwice,
    /// What went out once more came back.
    SurplusBack,
    /// Nothing went out.
    Failed,
    /// It came back before it was known as paid.
    CameBack,
    /// It came back after it was known as paid.
    Bounced,
    /// A payout that was never known as paid came back: nothing moved.
    Noted,
    /// Nothing moved, and a person must look.
    Alarm(AlarmKind),
}

/// The withdrawal after an input, still with the old version, and what happened; `None` is "already so".
pub fn decide(now: &Withdrawal, input: Input, at: Time) -> Option<(Withdrawal, Happened)> {
    // Nothing happens to a withdrawal before it was made, whatever the clock does.
    let at = at.max(now.created_at);
    match (now.status, input) {
        (WithdrawalStatus::Planned, Input::Working) => {
            Some((Withdrawal { status: WithdrawalStatus::Sent, ..now.clone() }, Happened::Sent))
        }
        (WithdrawalStatus::Planned, Input::Stop) => {
            Some((ended(now, WithdrawalStatus::Failed, at), Happened::Failed))
        }
        (
            WithdrawalStatus::Sent
            | WithdrawalStatus::Paid
            | WithdrawalStatus::Failed
            | WithdrawalStatus::Bounced,
            Input::Working | Input::Stop,
        )
        | (WithdrawalStatus::Failed | WithdrawalStatus::Bounced, Input::Failed(_)) => None,
        (WithdrawalStatus::Planned | WithdrawalStatus::Sent, Input::Paid { reference }) => {
            Some((paid(now, reference, at), Happened::Paid))
        }
        (WithdrawalStatus::Failed, Input::Paid { reference }) => {
            let back = |name| now.bounced.contains(name);
            let known = reference.as_ref().map_or(!now.bounced.is_empty(), back);
            (!known).then(|| (paid(now, reference, at), Happened::PaidAfterAll))
        }
        (WithdrawalStatus::Bounced, Input::Paid { reference }) => {
            let new = is_another(now, reference.as_ref());
            new.then(|| (paid(now, reference, at), Happened::PaidAfterAll))
        }
        (WithdrawalStatus::Paid, Input::Paid { reference }) => paid_twice(now, reference),
        (WithdrawalStatus::Planned | WithdrawalStatus::Sent, Input::Failed(failure)) => {
            let ended = ended(now, WithdrawalStatus::Failed, at);
            Some((Withdrawal { failure: Some(failure), ..ended }, Happened::Failed))
        }
        (WithdrawalStatus::Paid, Input::Failed(_)) => (!now.contradicted).then(|| {
            let kind = AlarmKind::WithdrawalFailedAfterPaid;
            (Withdrawal { contradicted: true, ..now.clone() }, Happened::Alarm(kind))
        }),
        (WithdrawalStatus::Planned | WithdrawalStatus::Sent, Input::Bounced { reference }) => {
            Some((bounced(now, reference, at), Happened::CameBack))
        }
        (
            WithdrawalStatus::Paid | WithdrawalStatus::Failed | WithdrawalStatus::Bounced,
            Input::Bounced { reference },
        ) => came_back(now, reference, at),
    }
}

fn ended(now: &Withdrawal, status: WithdrawalStatus, at: Time) -> Withdrawal {
    Withdrawal { status, ended_at: Some(at), ..now.clone() }
}

fn paid(now: &Withdrawal, reference: Option<String>, at: Time) -> Withdrawal {
    Withdrawal { reference, failure: None, ..ended(now, WithdrawalStatus::Paid, at) }
}

fn bounced(now: &Withdrawal, reference: Option<String>, at: Time) -> Withdrawal {
    let mut next = ended(now, WithdrawalStatus::Bounced, at);
    let payout = reference.or_else(|| next.reference.take());
    next.bounced.extend(payout);
    next.reference = None;
    next
}

/// Whether this names a payout that is not known. A word without a name cannot be shown to tell of another payout than
/// the one known.
fn is_another(now: &Withdrawal, reference: Option<&String>) -> bool {
    let known = || now.reference.iter().chain(&now.bounced).chain(&now.surplus);
    reference.is_some_and(|reference| known().next().is_some() && known().all(|known| known != reference))
}

/// "Paid", of one that is paid: the same payout told again, or another, which nobody asked for.
fn paid_twice(now: &Withdrawal, reference: Option<String>) -> Option<(Withdrawal, Happened)> {
    // A payout without a name cannot be told from this one.
    if now.reference.is_none() || !is_another(now, reference.as_ref()) {
        return None;
    }
    let mut next = now.clone();
    next.surplus.extend(reference);
    Some((next, Happened::PaidTwice))
}

/// A payout came back: the one asked for, one that nobody asked for, one that is known to have come back, or one that
/// was never told of as paid. The last moves nothing and is remembered, in case "paid" comes late.
fn came_back(now: &Withdrawal, reference: Option<String>, at: Time) -> Option<(Withdrawal, Happened)> {
    let is_paid = now.status == WithdrawalStatus::Paid;
    let Some(name) = &reference else {
        return is_paid.then(|| (bounced(now, reference, at), Happened::Bounced));
    };
    if now.bounced.contains(name) {
        return None;
    }
    let mut next = now.clone();
    if now.surplus.contains(name) {
        next.surplus.retain(|known| known != name);
        next.bounced.push(name.clone());
        return Some((next, Happened::SurplusBack));
    }
    if is_paid && now.reference.as_ref().is_none_or(|known| known == name) {
        return Some((bounced(now, reference, at), Happened::Bounced));
    }
    next.bounced.push(name.clone());
    Some((next, Happened::Noted))
}
