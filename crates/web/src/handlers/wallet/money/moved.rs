//! What became of a top-up or a withdrawal, as its page shows it.

use tongbao_core::{
    top_up::{TopUp, TopUpStatus},
    withdrawal::{Speed, Withdrawal, WithdrawalStatus},
};
use tongbao_store::Fault;

use super::{label, yuan};
use crate::{
    handlers::{record_view::moment, wallet::visitor::Visitor},
    wallet::money::{MoveState, MoveView},
};

pub(super) fn top_up(visitor: &Visitor, top_up: &TopUp) -> Result<MoveView, Fault> {
    Ok(MoveView {
        id: top_up.id.to_string(),
        is_withdrawal: false,
        state: match top_up.status {
            TopUpStatus::Planned | TopUpStatus::Sent => MoveState::Asking,
            TopUpStatus::Paid => MoveState::ToppedUp,
            TopUpStatus::Failed => MoveState::TopUpFailed(top_up.failure),
        },
        amount: yuan(top_up.money.amount.minor()),
        fee: None,
        card: label(visitor, top_up.card)?,
        at: moment(top_up.created_at),
    })
}

pub(super) fn withdrawal(visitor: &Visitor, withdrawal: &Withdrawal) -> Result<MoveView, Fault> {
    let waits = withdrawal.speed == Speed::NextDay && visitor.now < withdrawal.due_at;
    Ok(MoveView {
        id: withdrawal.id.to_string(),
        is_withdrawal: true,
        state: match withdrawal.status {
            WithdrawalStatus::Planned if waits => MoveState::Tomorrow,
            WithdrawalStatus::Planned | WithdrawalStatus::Sent => MoveState::Asking,
            WithdrawalStatus::Paid => MoveState::Withdrawn,
            WithdrawalStatus::Failed => MoveState::WithdrawalFailed(withdrawal.failure),
            WithdrawalStatus::Bounced => MoveState::WithdrawalBounced,
        },
        amount: yuan(withdrawal.money.amount.minor()),
        fee: Some(yuan(withdrawal.fee.minor())),
        card: label(visitor, withdrawal.card)?,
        at: moment(withdrawal.created_at),
    })
}
