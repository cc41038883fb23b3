//! One-time codes: six digits that a payer is sent and types.
//!
//! **Invariants.** A code is good once, for [`CODE_LIFE_MS`], and void after [`CODE_TRIES_MAX`] wrong ones. Its
//! digest names what it is for, so a code that signs in proves nothing else. For each purpose one waits, beside those
//! for others: whoever knows the number and asks for codes that sign in ends no code that confirms a payment. Of a
//! number's codes, [`CODES_PER_DAY_MAX`] are sent on one day in China, and no code is right there any more after
//! [`CODE_TRIES_PER_DAY_MAX`] wrong ones. What anybody may ask for (codes that sign in) and what only who is signed in
//! may ask for are counted apart, so that a stranger uses up nothing that confirms.

use serde::{Deserialize, Serialize};

use super::{Payer, known, open};
use crate::{
    ChangeSet, Context, Facts, Refusal, Stop, Time,
    id::PayerId,
    limits::{CODE_LIFE_MS, CODE_PAUSE_MS, CODE_TRIES_MAX, CODE_TRIES_PER_DAY_MAX, CODES_PER_DAY_MAX},
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

/// What a one-time code of a payer's is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodePurpose {
    /// Signing in.
    SignIn,
    /// Setting the payment password anew.
    Reset,
    /// Lifting a freeze of one's own.
    Unfreeze,
    /// Closing the account.
    Closing,
    /// Adding a passkey.
    Passkey,
    /// Proving an attempt to pay.
    Payment,
}

/// What one day in China has seen of a number's codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeDay {
    /// Which day, in days since 1970-01-01.
    day: i64,
    /// How many were sent.
    sent: u8,
    /// How many wrong ones were typed.
    wrong: u8,
}

impl CodeDay {
    pub(crate) fn is_empty(&self) -> bool {
        *self == CodeDay::default()
    }

    fn at(self, at: Time) -> CodeDay {
        let day = at.china_day();
        if self.day == day { self } else { CodeDay { day, ..CodeDay::default() } }
    }

    /// The day after one more code was sent; refused if the one before was sent a moment ago, or there were too many.
    /// What only an inbox shows (`leaves` is false) disturbs nobody and is not counted.
    pub(crate) fn send(
        self,
        before: Option<&OneTimeCode>,
        at: Time,
        leaves: bool,
    ) -> Result<CodeDay, Refusal> {
        let today = self.at(at);
        match before {
            Some(code) if at.since_ms(code.sent_at) < CODE_PAUSE_MS => Err(Refusal::CodeTooSoon),
            Some(_) | None if !leaves => Ok(today),
            Some(_) | None if today.sent >= CODES_PER_DAY_MAX => Err(Refusal::CodesOfDayUsedUp),
            Some(_) | None => Ok(CodeDay { sent: today.sent.saturating_add(1), ..today }),
        }
    }

    /// What is left of a code after this one was typed, the day then, and whether it was right; refused if none can be.
    pub(crate) fn used(
        self,
        sent: Option<&OneTimeCode>,
        at: Time,
        digest: &[u8; 32],
    ) -> Result<(Option<OneTimeCode>, CodeDay, bool), Refusal> {
        let today = self.at(at);
        let fresh =
            |code: &&OneTimeCode| at.since_ms(code.sent_at) < CODE_LIFE_MS && code.tries < CODE_TRIES_MAX;
        let counts = today.wrong < CODE_TRIES_PER_DAY_MAX;
        let code = sent.filter(fresh).filter(|_| counts).ok_or(Refusal::WrongCode)?;
        // Digests are keyed, so comparing them byte by byte tells a guesser nothing about the code.
        let right = code.digest == *digest;
        let left = (!right).then(|| OneTimeCode { tries: code.tries.saturating_add(1), ..code.clone() });
        let wrong = today.wrong.saturating_add(u8::from(!right));
        Ok((left, CodeDay { wrong, ..today }, right))
    }
}

/// The codes that were sent last for other purposes than signing in, each until it is used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Codes {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reset: Option<OneTimeCode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unfreeze: Option<OneTimeCode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    closing: Option<OneTimeCode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    passkey: Option<OneTimeCode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payment: Option<OneTimeCode>,
    /// The day of the codes that sign in.
    #[serde(default, skip_serializing_if = "CodeDay::is_empty")]
    entering: CodeDay,
    /// The day of all others.
    #[serde(default, skip_serializing_if = "CodeDay::is_empty")]
    confirming: CodeDay,
}

impl Codes {
    pub(super) fn is_empty(&self) -> bool {
        *self == Codes::default()
    }

    /// Those of an account whose number saw this day on its way there.
    pub(super) fn entered(entering: CodeDay) -> Codes {
        Codes { entering, ..Codes::default() }
    }

    const fn day(&self, purpose: CodePurpose) -> CodeDay {
        if matches!(purpose, CodePurpose::SignIn) { self.entering } else { self.confirming }
    }
}

impl Payer {
    /// The code that was sent last for this purpose, until it is used.
    pub const fn code_for(&self, purpose: CodePurpose) -> Option<&OneTimeCode> {
        match purpose {
            CodePurpose::SignIn => self.code.as_ref(),
            CodePurpose::Reset => self.codes.reset.as_ref(),
            CodePurpose::Unfreeze => self.codes.unfreeze.as_ref(),
            CodePurpose::Closing => self.codes.closing.as_ref(),
            CodePurpose::Passkey => self.codes.passkey.as_ref(),
            CodePurpose::Payment => self.codes.payment.as_ref(),
        }
    }

    /// The same payer after a code for this purpose was typed, and whether it was right; refused if none can be.
    pub(super) fn typed(
        self,
        purpose: CodePurpose,
        at: Time,
        digest: &[u8; 32],
    ) -> Result<(Payer, bool), Refusal> {
        let (left, day, right) = self.codes.day(purpose).used(self.code_for(purpose), at, digest)?;
        Ok((self.with_code(purpose, left, day), right))
    }

    /// The same payer with this code, or none, for this purpose, after this day.
    fn with_code(mut self, purpose: CodePurpose, code: Option<OneTimeCode>, day: CodeDay) -> Payer {
        match purpose {
            CodePurpose::SignIn => self.code = code,
            CodePurpose::Reset => self.codes.reset = code,
            CodePurpose::Unfreeze => self.codes.unfreeze = code,
            CodePurpose::Closing => self.codes.closing = code,
            CodePurpose::Passkey => self.codes.passkey = code,
            CodePurpose::Payment => self.codes.payment = code,
        }
        if purpose == CodePurpose::SignIn {
            self.codes.entering = day;
        } else {
            self.codes.confirming = day;
        }
        self
    }
}

/// Sends a one-time code: keeps its digest, and the message when there is an inbox to show it in.
pub fn send_code(
    facts: &dyn Facts,
    cx: &mut Context,
    (id, purpose): (PayerId, CodePurpose),
    digest: [u8; 32],
    inbox: Option<Text>,
) -> Result<ChangeSet, Stop> {
    let payer = open(facts, id)?;
    let day = payer.codes.day(purpose).send(payer.code_for(purpose), cx.at(), inbox.is_none())?;
    let mut change = ChangeSet::default();
    let code = Some(OneTimeCode { digest, sent_at: cx.at(), tries: 0 });
    change.put(payer.next().with_code(purpose, code, day));
    if let Some(text) = inbox {
        change.put(message::tell(cx, payer, text));
    }
    Ok(change)
}

/// Whether a code was right. A wrong one is counted, so the step that refuses it also changes state.
pub fn use_code(
    facts: &dyn Facts,
    cx: &Context,
    (id, purpose): (PayerId, CodePurpose),
    digest: &[u8; 32],
) -> Result<(ChangeSet, bool), Stop> {
    let (payer, right) = known(facts, id)?.next().typed(purpose, cx.at(), digest)?;
    let mut change = ChangeSet::default();
    change.put(payer);
    Ok((change, right))
}
