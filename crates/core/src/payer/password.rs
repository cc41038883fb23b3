//! The payment password: tries are counted before they are checked.

use super::{
    CodePurpose, Payer,
    identity::{self, Claim},
    known, passkey,
    session::SignedOut,
};
use crate::{
    ChangeSet, Context, Facts, Refusal, Stop,
    id::{PayerId, SessionId},
    limits::{PASSWORD_LOCK_MS, PASSWORD_TRIES_MAX},
    message::{self, Text},
};

/// Digits of a payment password.
pub const PASSWORD_DIGITS: usize = 6;

/// Whether a text has the form of a payment password.
pub fn is_password(text: &str) -> bool {
    text.len() == PASSWORD_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a payment password is too easy to guess to be chosen: equal digits, or a run up or down. (Passwords that
/// were chosen before stay good.)
pub fn is_weak(password: &str) -> bool {
    let steps = |step: i16| {
        let pairs = password.bytes().zip(password.bytes().skip(1));
        pairs.map(|(left, right)| i16::from(right).saturating_sub(i16::from(left))).all(|found| found == step)
    };
    [0, 1, -1].into_iter().any(steps)
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

/// Puts another password in the place of the old one, which was found right. `hash` is an argon2id PHC string. All
/// sessions end but the one on which it is done. Passkeys stay: each was added by the password and a code.
pub fn change_password(
    facts: &dyn Facts,
    cx: &mut Context,
    (id, session): (PayerId, SessionId),
    hash: &str,
) -> Result<ChangeSet, Stop> {
    let payer = known(facts, id)?;
    let mut change = ChangeSet::default();
    change.put(message::tell(cx, payer, Text::PasswordChanged));
    change.put(with_password(cx, payer, hash, session));
    Ok(change)
}

/// Sets the password anew for who has forgotten it and can say who the payer is: name, ID number and a one-time
/// code. A wrong code or identity is counted, so a refusal is part of the answer. The lock of the password ends. So do
/// all passkeys, and all sessions but the one on which it is done: whoever had the old password may have made them.
pub fn reset_password(
    facts: &dyn Facts,
    cx: &mut Context,
    (id, session): (PayerId, SessionId),
    (code, claim): (&[u8; 32], &Claim),
    hash: &str,
) -> Result<(ChangeSet, Result<(), Refusal>), Stop> {
    let payer = known(facts, id)?;
    payer.identity_tries.open(cx.at())?;
    let (typed, right) = payer.next().typed(CodePurpose::Reset, cx.at(), code)?;
    let mut change = ChangeSet::default();
    if !right {
        change.put(typed);
        return Ok((change, Err(Refusal::WrongCode)));
    }
    if !identity::is_of(facts, payer, claim)? {
        let identity_tries = payer.identity_tries.after_wrong(cx.at());
        let told = identity_tries.refusal();
        change.put(Payer { identity_tries, ..typed });
        return Ok((change, Err(told)));
    }
    change.put(message::tell(cx, payer, Text::PasswordChanged));
    passkey::remove_all(facts, cx, &mut change, payer)?;
    let (identity_tries, codes) = (identity::Tries::default(), typed.codes);
    change.put(Payer { codes, identity_tries, ..with_password(cx, payer, hash, session) });
    Ok((change, Ok(())))
}

fn with_password(cx: &Context, payer: &Payer, hash: &str, but: SessionId) -> Payer {
    let signed_out = Some(SignedOut { at: cx.at(), but });
    Payer { password: hash.to_owned(), password_tries: 0, locked_until: None, signed_out, ..payer.next() }
}
