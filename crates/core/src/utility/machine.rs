//! The utility payment's table of states and inputs, pure over the payment alone.

use super::{Failure, UtilityPayment, UtilityStatus};
use crate::{Time, event::AlarmKind};

/// What can be said to a utility payment. All of it is fact, which cannot be refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The biller works on it, or gives no answer.
    Working,
    /// The biller has booked it.
    Paid {
        /// What the biller calls the booking.
        reference: String,
    },
    /// The biller has not, and will not.
    Failed(Failure),
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// The biller was asked.
    Sent,
    /// The biller has the money.
    Paid,
    /// The payer has it back.
    Failed,
    /// The biller booked what nobody asked for: what it had refused, or once more.
    Surplus,
    /// Nothing moved, and a person must look.
    Alarm(AlarmKind),
}

/// The payment after an input, still with the old version, and what happened; `None` is "already so".
pub fn decide(now: &UtilityPayment, input: Input, at: Time) -> Option<(UtilityPayment, Happened)> {
    // Nothing happens to a payment before it was made, whatever the clock does.
    let ended_at = Some(at.max(now.created_at));
    match (now.status, input) {
        (UtilityStatus::Planned, Input::Working) => {
            Some((UtilityPayment { status: UtilityStatus::Sent, ..now.clone() }, Happened::Sent))
        }
        (UtilityStatus::Sent | UtilityStatus::Paid | UtilityStatus::Failed, Input::Working)
        | (UtilityStatus::Failed, Input::Failed(_)) => None,
        (UtilityStatus::Planned | UtilityStatus::Sent, Input::Paid { reference }) => {
            let (status, reference) = (UtilityStatus::Paid, Some(reference));
            Some((UtilityPayment { status, reference, ended_at, ..now.clone() }, Happened::Paid))
        }
        (UtilityStatus::Planned | UtilityStatus::Sent, Input::Failed(failure)) => {
            let (status, failure) = (UtilityStatus::Failed, Some(failure));
            Some((UtilityPayment { status, failure, ended_at, ..now.clone() }, Happened::Failed))
        }
        (UtilityStatus::Paid | UtilityStatus::Failed, Input::Paid { reference }) => surplus(now, reference),
        (UtilityStatus::Paid, Input::Failed(_)) => (!now.contradicted).then(|| {
            let kind = AlarmKind::UtilityFailedAfterPaid;
            (UtilityPayment { contradicted: true, ..now.clone() }, Happened::Alarm(kind))
        }),
    }
}

/// A booking of one that has ended: the known one told again, or another.
fn surplus(now: &UtilityPayment, reference: String) -> Option<(UtilityPayment, Happened)> {
    if now.reference.iter().chain(&now.surplus).any(|known| *known == reference) {
        return None;
    }
    let mut next = now.clone();
    next.surplus.push(reference);
    Some((next, Happened::Surplus))
}
