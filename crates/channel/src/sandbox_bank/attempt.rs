//! The bank without cards: answers as it was told to when the attempt began.

use tongbao_core::{
    payment::{Attempt, Failure, Payment, steps::Said},
    refund::{Refund, steps::Said as RefundSaid},
    sandbox::Fault,
};

use super::reference;

fn paid(payment: &Payment, attempt: &Attempt) -> Said {
    Said::Paid { money: payment.money, reference: Some(reference(attempt.id)) }
}

/// The answer to a new attempt.
pub fn submit(payment: &Payment, attempt: &Attempt) -> Said {
    match attempt.fault {
        None | Some(Fault::DuplicateNotification | Fault::SignatureProbe) => paid(payment, attempt),
        Some(Fault::Declined) => Said::Failed(Failure::Declined),
        Some(Fault::InsufficientBalance) => Said::Failed(Failure::InsufficientBalance),
        Some(Fault::ResultLate) => Said::Unknown,
    }
}

/// The answer to a query about an attempt that was submitted before: a late result is there by now.
pub fn query(payment: &Payment, attempt: &Attempt) -> Said {
    match attempt.fault {
        Some(Fault::ResultLate) => paid(payment, attempt),
        None
        | Some(
            Fault::Declined
            | Fault::InsufficientBalance
            | Fault::DuplicateNotification
            | Fault::SignatureProbe,
        ) => submit(payment, attempt),
    }
}

/// The answer to a refund, new or asked about: it is paid at once.
pub fn refund(refund: &Refund) -> RefundSaid {
    RefundSaid::Paid { reference: Some(reference(refund.id)) }
}
