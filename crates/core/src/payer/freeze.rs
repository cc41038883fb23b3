//! Freezing: no money leaves a frozen payer's accounts; what comes is received.
//!
//! Who froze decides who may unfreeze: a payer its own freeze, after new proofs; an operator any.

use serde::{Deserialize, Serialize};

use super::{CodePurpose, Payer, known};
use crate::{
    ChangeSet, Context, Facts, Refusal, Stop, Time,
    id::PayerId,
    limits::REASON_CHARS_MAX,
    message::{self, Text},
};

/// Who froze.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The payer, at once and without proof: a stolen phone must not wait for a password.
    Payer,
    /// An operator, for a reason.
    Operator,
}

/// That a payer is frozen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    /// Who froze.
    pub by: By,
    /// Why; an operator must say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Since when.
    pub at: Time,
}

/// The payer freezes itself. A payer that is frozen stays as it is.
pub fn freeze_own(facts: &dyn Facts, cx: &mut Context, id: PayerId) -> Result<ChangeSet, Stop> {
    let payer = known(facts, id)?;
    if payer.frozen.is_some() {
        return Ok(ChangeSet::default());
    }
    Ok(put(cx, payer, Some(Freeze { by: By::Payer, reason: None, at: cx.at() }), Text::Frozen))
}

/// The payer lifts its own freeze by a one-time code, after the password was found right. What an operator froze
/// stays frozen. The tries at the password start again and a wrong code is counted whatever comes of it, so a
/// refusal is part of the answer.
pub fn unfreeze_own(
    facts: &dyn Facts,
    cx: &mut Context,
    id: PayerId,
    code: &[u8; 32],
) -> Result<(ChangeSet, Result<(), Refusal>), Stop> {
    let payer = known(facts, id)?;
    let proven = Payer { password_tries: 0, locked_until: None, ..payer.next() };
    let mut change = ChangeSet::default();
    let (proven, right) = match proven.clone().typed(CodePurpose::Unfreeze, cx.at(), code) {
        Ok(typed) => typed,
        Err(refusal) => {
            change.put(proven);
            return Ok((change, Err(refusal)));
        }
    };
    let own = payer.frozen.as_ref().is_none_or(|freeze| freeze.by != By::Operator);
    let told = match (right, own) {
        (false, _) => Err(Refusal::WrongCode),
        (true, false) => Err(Refusal::PayerFrozen),
        (true, true) => Ok(()),
    };
    if told.is_ok() && payer.frozen.is_some() {
        change.put(message::tell(cx, payer, Text::Unfrozen));
    }
    let frozen = payer.frozen.clone().filter(|_| told.is_err());
    change.put(Payer { frozen, ..proven });
    Ok((change, told))
}

/// An operator freezes a payer; a freeze of the payer's own becomes the operator's.
pub fn freeze(facts: &dyn Facts, cx: &mut Context, id: PayerId, reason: &str) -> Result<ChangeSet, Stop> {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > REASON_CHARS_MAX {
        return Err(Refusal::Invalid { param: "reason", must: "1 to 256 characters" }.into());
    }
    let payer = known(facts, id)?;
    let freeze = Freeze { by: By::Operator, reason: Some(reason.to_owned()), at: cx.at() };
    Ok(put(cx, payer, Some(freeze), Text::Frozen))
}

/// An operator lifts a freeze, whoever froze. A payer that is not frozen stays as it is.
pub fn unfreeze(facts: &dyn Facts, cx: &mut Context, id: PayerId) -> Result<ChangeSet, Stop> {
    let payer = known(facts, id)?;
    if payer.frozen.is_none() {
        return Ok(ChangeSet::default());
    }
    Ok(put(cx, payer, None, Text::Unfrozen))
}

fn put(cx: &mut Context, payer: &Payer, frozen: Option<Freeze>, text: Text) -> ChangeSet {
    let mut change = ChangeSet::default();
    change.put(message::tell(cx, payer, text));
    change.put(Payer { frozen, ..payer.next() });
    change
}
