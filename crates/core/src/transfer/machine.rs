//! The transfer's table of states and inputs, pure over the transfer alone.

use super::{ReturnReason, Transfer, TransferStatus};
use crate::{Refusal, Time};

/// What can be said to a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The recipient takes it.
    Accept,
    /// The recipient does not want it.
    Decline,
    /// The sender wants it back.
    Withdraw,
    /// The time may be over.
    Expire,
}

/// The transfer after an input, still with the old version; `Ok(None)` is "already so".
pub fn decide(now: &Transfer, input: Input, at: Time) -> Result<Option<Transfer>, Refusal> {
    // Nothing happens to a transfer before it was made, whatever the clock does.
    let at = at.max(now.created_at);
    let over = at >= now.expires_at;
    let ends = |status| Ok(Some(Transfer { status, ended_at: Some(at), ..now.clone() }));
    match (now.status, input) {
        (TransferStatus::Offered, Input::Accept) if over => Err(Refusal::TransferReturned),
        (TransferStatus::Offered, Input::Accept) => ends(TransferStatus::Accepted),
        // The sender has it back either way; who asked for it is told that it was asked.
        (TransferStatus::Offered, Input::Withdraw) => ends(TransferStatus::Returned(ReturnReason::Withdrawn)),
        // So has it when the recipient declines, be it late.
        (TransferStatus::Offered, Input::Decline) => ends(TransferStatus::Returned(ReturnReason::Declined)),
        (TransferStatus::Offered, Input::Expire) if over => {
            ends(TransferStatus::Returned(ReturnReason::Expired))
        }
        (TransferStatus::Offered | TransferStatus::Accepted | TransferStatus::Returned(_), Input::Expire)
        | (TransferStatus::Accepted, Input::Accept)
        | (TransferStatus::Returned(ReturnReason::Withdrawn), Input::Withdraw)
        | (TransferStatus::Returned(ReturnReason::Declined), Input::Decline) => Ok(None),
        (TransferStatus::Accepted, Input::Withdraw | Input::Decline) => Err(Refusal::TransferAccepted),
        (TransferStatus::Returned(_), Input::Accept)
        | (TransferStatus::Returned(ReturnReason::Expired | ReturnReason::Declined), Input::Withdraw)
        | (TransferStatus::Returned(ReturnReason::Expired | ReturnReason::Withdrawn), Input::Decline) => {
            Err(Refusal::TransferReturned)
        }
    }
}
