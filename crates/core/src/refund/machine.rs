//! The refund's table of states and inputs, pure over the refund alone.

use super::{Origin, Refund, RefundStatus};
use crate::{Time, event::AlarmKind};

/// What a channel can say of a refund. All are facts; none can be refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// It took the refund and works on it.
    Working,
    /// The money went out.
    Paid {
        /// What the channel calls it.
        reference: Option<String>,
    },
    /// It refused.
    Failed,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// The channel has it.
    HandedOver,
    /// It reached the payer.
    Paid,
    /// It had failed, and reached the payer after all.
    PaidAfterAll,
    /// It failed, and the merchant has its money back.
    Failed,
    /// Nothing moved, and a person must look.
    Alarm(AlarmKind),
}

/// The refund after an input, still with the old version, and what happened; `None` is "already so".
pub fn decide(now: &Refund, input: Input, at: Time) -> Option<(Refund, Happened)> {
    // Nothing happens to a refund before it was made, whatever the clock does.
    let at = at.max(now.created_at);
    let becomes = |status| Refund { status, ..now.clone() };
    match (now.status, input) {
        (RefundStatus::Accepted, Input::Working) => {
            Some((becomes(RefundStatus::Processing), Happened::HandedOver))
        }
        (
            RefundStatus::Processing
            | RefundStatus::Succeeded
            | RefundStatus::Failed
            | RefundStatus::Abnormal,
            Input::Working,
        )
        | (RefundStatus::Succeeded, Input::Paid { .. })
        | (RefundStatus::Failed | RefundStatus::Abnormal, Input::Failed) => None,
        (
            RefundStatus::Accepted | RefundStatus::Processing | RefundStatus::Abnormal,
            Input::Paid { reference },
        ) => Some((paid(now, reference, at), Happened::Paid)),
        (RefundStatus::Failed, Input::Paid { reference }) => {
            Some((paid(now, reference, at), Happened::PaidAfterAll))
        }
        (RefundStatus::Accepted | RefundStatus::Processing, Input::Failed) => Some(match now.origin {
            Origin::Merchant(_) => (becomes(RefundStatus::Failed), Happened::Failed),
            // Not ours to keep: it stays booked as in flight until a person has found its way back.
            Origin::Unexpected => (becomes(RefundStatus::Abnormal), Happened::Alarm(AlarmKind::ReturnFailed)),
        }),
        (RefundStatus::Succeeded, Input::Failed) => (!now.contradicted).then(|| {
            let next = Refund { contradicted: true, ..now.clone() };
            (next, Happened::Alarm(AlarmKind::RefundFailedAfterPaid))
        }),
    }
}

fn paid(now: &Refund, reference: Option<String>, at: Time) -> Refund {
    Refund { status: RefundStatus::Succeeded, reference, succeeded_at: Some(at), ..now.clone() }
}
