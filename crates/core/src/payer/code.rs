//! One-time codes: six digits that a payer is sent and types.
//!
//! **Invariants.** A code is good once, for [`CODE_LIFE_MS`], and void after [`CODE_TRIES_MAX`] wrong ones. Its
//! digest names what it is for, so a code that signs in proves nothing else.

use serde::{Deserialize, Serialize};

use super::{Payer, known, open};
use crate::{
    ChangeSet, Context, Facts, Refusal, Stop, Time,
    id::PayerId,
    limits::{CODE_LIFE_MS, CODE_PAUSE_MS, CODE_TRIES_MAX},
    message::{self, Text},
};

/// A one-time code that was sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneTimeCode {
    /// Keyed digest of the code.
    pub digest: [u8; 32],
    /// When it was sent.
    pub sent_at: Time,
    /// How many wrong codes were typed since.
    pub tries: u8,
}

impl std::fmt::Debug for OneTimeCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OneTimeCode(sent_at {:?}, tries {})", self.sent_at, self.tries)
    }
}

/// Sends a one-time code: keeps its digest, and the message when there is an inbox to show it in.
pub fn send_code(
    facts: &dyn Facts,
    cx: &mut Context,
    id: PayerId,
    digest: [u8; 32],
    inbox: Option<Text>,
) -> Result<ChangeSet, Stop> {
    let payer = open(facts, id)?;
    may_send(payer.code.as_ref(), cx.at())?;
    let mut change = ChangeSet::default();
    let code = Some(OneTimeCode { digest, sent_at: cx.at(), tries: 0 });
    change.put(Payer { code, ..payer.next() });
    if let Some(text) = inbox {
        change.put(message::tell(cx, payer, text));
    }
    Ok(change)
}

/// Whether a code was right. A wrong one is counted, so the step that refuses it also changes state.
pub fn use_code(
    facts: &dyn Facts,
    cx: &Context,
    id: PayerId,
    digest: &[u8; 32],
) -> Result<(ChangeSet, bool), Stop> {
    let payer = known(facts, id)?;
    let (code, right) = used(payer.code.as_ref(), cx.at(), digest)?;
    let mut change = ChangeSet::default();
    change.put(Payer { code, ..payer.next() });
    Ok((change, right))
}

/// What is left of a code after this one was typed, and whether it was right; refused if none can be.
pub(crate) fn used(
    sent: Option<&OneTimeCode>,
    at: Time,
    digest: &[u8; 32],
) -> Result<(Option<OneTimeCode>, bool), Refusal> {
    let fresh = |code: &&OneTimeCode| at.since_ms(code.sent_at) < CODE_LIFE_MS && code.tries < CODE_TRIES_MAX;
    let Some(code) = sent.filter(fresh) else { return Err(Refusal::WrongCode) };
    // Digests are keyed, so comparing them byte by byte tells a guesser nothing about the code.
    let right = code.digest == *digest;
    let left = (!right).then(|| OneTimeCode { tries: code.tries.saturating_add(1), ..code.clone() });
    Ok((left, right))
}

/// Whether another code may be sent already.
pub(crate) fn may_send(before: Option<&OneTimeCode>, at: Time) -> Result<(), Refusal> {
    match before {
        Some(code) if at.since_ms(code.sent_at) < CODE_PAUSE_MS => Err(Refusal::CodeTooSoon),
        Some(_) | None => Ok(()),
    }
}
