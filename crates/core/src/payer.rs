//! Payers: who they are, and the proofs they give before money moves.
//!
//! A try at the password is counted before it is checked, so any number of guesses at once gets no
//! more than [`PASSWORD_TRIES_MAX`] checked.

use serde::{Deserialize, Serialize};
use tongbao_money::Money;

use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop, Time,
    id::PayerId,
    ledger::{Channel, template},
    limits::{CODE_LIFE_MS, CODE_PAUSE_MS, CODE_TRIES_MAX, PASSWORD_LOCK_MS, PASSWORD_TRIES_MAX},
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

/// Who pays.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payer {
    /// Its id.
    pub id: PayerId,
    /// How often it changed.
    pub version: u32,
    /// The phone number, sealed by the shell.
    pub phone_sealed: String,
    /// Keyed digest of the phone number, to find the payer by.
    pub phone_digest: [u8; 32],
    /// The phone number, masked: `138****0001`.
    pub phone_hint: String,
    /// The payment password as an argon2id PHC string.
    pub password: String,
    /// Tries at the password since the last right one.
    pub password_tries: u8,
    /// When the password may be tried again.
    pub locked_until: Option<Time>,
    /// The code sent last, until it is used.
    pub code: Option<OneTimeCode>,
    /// When the payer joined.
    pub created_at: Time,
}

impl std::fmt::Debug for Payer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Payer({}, version {})", self.id, self.version)
    }
}

impl Payer {
    fn next(&self) -> Payer {
        Payer { version: self.version.saturating_add(1), ..self.clone() }
    }
}

/// What a new payer is made of.
#[derive(Clone)]
pub struct NewPayer {
    /// The phone number, sealed.
    pub phone_sealed: String,
    /// Its keyed digest.
    pub phone_digest: [u8; 32],
    /// The number, masked.
    pub phone_hint: String,
    /// argon2id PHC string of the payment password.
    pub password: String,
}

/// Makes a payer; a phone number has one payer.
pub fn create(facts: &dyn Facts, cx: &mut Context, new: &NewPayer) -> Result<(ChangeSet, PayerId), Stop> {
    if facts.key(&Key::Phone(new.phone_digest))?.is_some() {
        return Err(Refusal::Invalid { param: "phone", must: "a number that no other payer has" }.into());
    }
    let id = cx.draw();
    let mut change = ChangeSet::default();
    change.put(Payer {
        id,
        version: 1,
        phone_sealed: new.phone_sealed.clone(),
        phone_digest: new.phone_digest,
        phone_hint: new.phone_hint.clone(),
        password: new.password.clone(),
        password_tries: 0,
        locked_until: None,
        code: None,
        created_at: cx.at(),
    });
    Ok((change, id))
}

/// The payer with this id.
pub fn known(facts: &dyn Facts, id: PayerId) -> Result<&Payer, Stop> {
    Ok(facts.get::<Payer>(id)?.ok_or(Refusal::NotFound("payer"))?)
}

/// A channel took money in for a payer's balance.
pub fn top_up(facts: &dyn Facts, id: PayerId, channel: Channel, money: Money) -> Result<ChangeSet, Stop> {
    let payer = known(facts, id)?;
    let postings = template::top_up(channel, payer.id, money, payer.id.into());
    Ok(ChangeSet { postings, ..ChangeSet::default() })
}

/// Sends a one-time code: keeps its digest, and the message when there is an inbox to show it in.
pub fn send_code(
    facts: &dyn Facts,
    cx: &mut Context,
    id: PayerId,
    digest: [u8; 32],
    inbox: Option<String>,
) -> Result<ChangeSet, Stop> {
    let payer = known(facts, id)?;
    if payer.code.as_ref().is_some_and(|code| cx.at().since_ms(code.sent_at) < CODE_PAUSE_MS) {
        return Err(Refusal::CodeTooSoon.into());
    }
    let mut change = ChangeSet::default();
    let code = Some(OneTimeCode { digest, sent_at: cx.at(), tries: 0 });
    change.put(Payer { code, ..payer.next() });
    if let Some(code) = inbox {
        change.put(message::create(cx, id, payer.phone_hint.clone(), Text::SignInCode(code)));
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
    let fresh =
        |code: &&OneTimeCode| cx.at().since_ms(code.sent_at) < CODE_LIFE_MS && code.tries < CODE_TRIES_MAX;
    let Some(code) = payer.code.as_ref().filter(fresh) else { return Err(Refusal::WrongCode.into()) };
    // Digests are keyed, so comparing them byte by byte tells a guesser nothing about the code.
    let right = code.digest == *digest;
    let left = (!right).then(|| OneTimeCode { tries: code.tries.saturating_add(1), ..code.clone() });
    let mut change = ChangeSet::default();
    change.put(Payer { code: left, ..payer.next() });
    Ok((change, right))
}

/// Counts a try at the password before it is checked; gives the PHC string to check against and the
/// tries left after this one.
pub fn try_password(facts: &dyn Facts, cx: &Context, id: PayerId) -> Result<(ChangeSet, String, u8), Stop> {
    let payer = known(facts, id)?;
    let locked = payer.locked_until.filter(|until| cx.at() < *until);
    if let Some(until) = locked {
        return Err(Refusal::PasswordLocked { until }.into());
    }
    // After a lock has passed the count starts again.
    let before = if payer.locked_until.is_some() { 0 } else { payer.password_tries };
    let tries = before.saturating_add(1);
    let locked_until = (tries >= PASSWORD_TRIES_MAX).then(|| cx.at().plus_ms(PASSWORD_LOCK_MS));
    let mut change = ChangeSet::default();
    change.put(Payer { password_tries: tries, locked_until, ..payer.next() });
    Ok((change, payer.password.clone(), PASSWORD_TRIES_MAX.saturating_sub(tries)))
}

/// The password was right: the count starts again.
pub fn password_was_right(facts: &dyn Facts, change: &mut ChangeSet, id: PayerId) -> Result<(), Stop> {
    let payer = known(facts, id)?;
    if payer.password_tries > 0 || payer.locked_until.is_some() {
        change.put(Payer { password_tries: 0, locked_until: None, ..payer.next() });
    }
    Ok(())
}
