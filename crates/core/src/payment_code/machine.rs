//! The one table of what can be said to a payment code, and when.

use super::{PaymentCode, Used};
use crate::{Time, id::PaymentId};

/// Why a code cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Void {
    /// It was used, by this payment.
    Used(PaymentId),
    /// Its time is over.
    Expired,
}

/// Whether a code can be used. One that was used stays that: its time does not matter any more.
pub fn check(code: &PaymentCode, at: Time) -> Result<(), Void> {
    match code.used {
        Some(Used { payment, .. }) => Err(Void::Used(payment)),
        None if at >= code.window.expires_at() => Err(Void::Expired),
        None => Ok(()),
    }
}

/// Uses a code for a payment, once; gives its next version.
pub fn use_for(code: &PaymentCode, payment: PaymentId, at: Time) -> Result<PaymentCode, Void> {
    check(code, at)?;
    let at = at.max(code.created_at);
    Ok(PaymentCode {
        version: code.version.saturating_add(1),
        used: Some(Used { payment, at }),
        ..code.clone()
    })
}
