//! Card payments (银行卡支付): which payments a payer has begun to pay by card.
//!
//! What is paid from the balance is found in its statement. What is paid by card moves between the bank and the
//! merchant only, so a record of its own lists it for the payer. **Invariant.** One for each attempt by card since
//! there are such records; it never changes. What became of the attempt is said by the payment.

use serde::{Deserialize, Serialize};

use super::{Method, Payment};
use crate::{
    ChangeSet, Context, Time,
    id::{AttemptId, CardId, CardPaymentId, PayerId, PaymentId},
};

/// An attempt to pay by card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardPayment {
    /// Its id.
    pub id: CardPaymentId,
    /// Always 1.
    pub version: u32,
    /// Who pays.
    pub payer: PayerId,
    /// What.
    pub payment: PaymentId,
    /// By which attempt at it.
    pub attempt: AttemptId,
    /// By which card.
    pub card: CardId,
    /// When it began.
    pub created_at: Time,
}

/// Notes that an attempt began, if it is one by card.
pub(super) fn note(cx: &mut Context, change: &mut ChangeSet, payment: &Payment, attempt: AttemptId) {
    let Some(attempt) = payment.attempt(attempt) else { return };
    let Method::Card(card) = attempt.method else { return };
    change.put(CardPayment {
        id: cx.draw(),
        version: 1,
        payer: attempt.payer,
        payment: payment.id,
        attempt: attempt.id,
        card,
        created_at: cx.at(),
    });
}
