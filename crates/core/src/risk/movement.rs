//! Movements of a payer's money that are no payments: transfers, withdrawals, top-ups. What was decided about them is a
//! record of its own, because what is refused leaves nothing else.
//!
//! **Invariants.** A movement that goes on and its decision are in one change set. One that is asked for again is not
//! judged again.
//!
//! **Absent on purpose:** holding a movement: what a person would look at is refused, and the payer asks customer
//! service. A challenge of a top-up: its card was proven when it was bound, and the money stays with the payer; it is
//! noted.

use serde::{Deserialize, Serialize};
use tongbao_money::Money;
use tongbao_risk::choices::Operation;

use super::{Asked, Assessment, Decision, assess};
use crate::{
    ChangeSet, Context, Facts, List, Refusal, Stop, Time,
    id::{PayerId, RiskDecisionId},
    payer,
    payment::{Proof, Proofs},
};

/// What was decided about a movement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskDecision {
    /// Its id.
    pub id: RiskDecisionId,
    /// Always 1: what was decided stays.
    pub version: u32,
    /// Who asked.
    pub payer: PayerId,
    /// For what.
    pub operation: Operation,
    /// The payer's own number of the movement.
    pub number: String,
    /// How much.
    pub money: Money,
    /// What was decided, and why.
    pub assessment: Assessment,
    /// Whether it was refused.
    pub refused: bool,
    /// When.
    pub at: Time,
}

impl RiskDecision {
    pub(crate) fn lists(&self) -> Vec<List> {
        vec![List::RiskDecisionsOf(self.payer)]
    }
}

/// Judges a movement before `then` does it; none is judged that was asked for before.
pub(crate) fn judged<T>(
    facts: &dyn Facts,
    cx: &mut Context,
    (asked, number, proofs): (Option<Asked<'_>>, &str, Proofs),
    then: impl FnOnce(&mut Context) -> Result<(ChangeSet, Result<T, Refusal>), Stop>,
) -> Result<(ChangeSet, Result<T, Refusal>), Stop> {
    let Some(asked) = asked else { return then(cx) };
    let Some(assessment) = assess(facts, cx, &asked)? else { return then(cx) };
    let refusal = refusal(asked.operation, assessment.decision, proofs);
    let decision = RiskDecision {
        id: cx.draw(),
        version: 1,
        payer: asked.payer.id,
        operation: asked.operation,
        number: number.to_owned(),
        money: asked.money,
        assessment,
        refused: refusal.is_some(),
        at: cx.at(),
    };
    let (mut change, told) = match refusal {
        None => then(cx)?,
        Some(refusal) => {
            let mut change = ChangeSet::default();
            if proofs.has(Proof::Password) {
                payer::password_was_right(facts, &mut change, asked.payer.id)?;
            }
            (change, Err(refusal))
        }
    };
    if told.is_ok() || decision.refused {
        change.put(decision);
    }
    Ok((change, told))
}

/// The answer to what does not go on.
fn refusal(operation: Operation, decision: Decision, proofs: Proofs) -> Option<Refusal> {
    match decision {
        Decision::Allow | Decision::ChallengePassword => None,
        Decision::ChallengeCode | Decision::ChallengePasskey => {
            let is_met = proofs.has(Proof::Passkey) || operation == Operation::TopUp;
            (!is_met).then_some(Refusal::PasskeyNeeded)
        }
        Decision::Review | Decision::Block => Some(Refusal::Blocked),
    }
}
