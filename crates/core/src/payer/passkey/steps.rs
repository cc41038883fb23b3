//! Asking for a passkey, taking one up, letting it prove something, removing it.

use super::{Algorithm, Challenge, Passkey, PasskeyRing, is_name};
use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop,
    id::{PasskeyId, PayerId},
    limits::PASSKEYS_PER_PAYER_MAX,
    message::{self, Text},
    payer::{CodePurpose, Payer, known, open},
};

/// A passkey as a device has made it and the shell has read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPasskey {
    /// The challenge that the device was given.
    pub challenge: [u8; 32],
    /// Digest of what that challenge must be about.
    pub about: [u8; 32],
    /// The credential id, in base64url.
    pub credential: String,
    /// How it signs.
    pub algorithm: Algorithm,
    /// The public key: `SubjectPublicKeyInfo` in base64url.
    pub public_key: String,
    /// The device's count of signatures.
    pub sign_count: u32,
    /// Whether it may be copied to other devices of the payer.
    pub backup_eligible: bool,
    /// What the payer calls it.
    pub name: String,
}

/// That a passkey signed a challenge: the shell has found the signature right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Which passkey.
    pub passkey: PasskeyId,
    /// The challenge that was signed.
    pub challenge: [u8; 32],
    /// The device's count of signatures.
    pub sign_count: u32,
}

fn ring(facts: &dyn Facts, payer: PayerId) -> Result<Option<&PasskeyRing>, Stop> {
    Ok(facts.find::<PasskeyRing>(&Key::PasskeyRing(payer))?)
}

fn next_ring(facts: &dyn Facts, cx: &mut Context, payer: PayerId) -> Result<PasskeyRing, Stop> {
    // Drawn in any case, so that a decision that is asked twice draws the same.
    let fresh = cx.draw();
    Ok(match ring(facts, payer)? {
        Some(ring) => PasskeyRing { version: ring.version.saturating_add(1), ..ring.clone() },
        None => PasskeyRing { id: fresh, version: 1, payer, passkeys: Vec::new(), challenge: None },
    })
}

/// Gives a payer's device something to sign: a challenge about what is to be confirmed. One that waited ends.
pub fn ask(
    facts: &dyn Facts,
    cx: &mut Context,
    payer: PayerId,
    (nonce, about): ([u8; 32], [u8; 32]),
) -> Result<(ChangeSet, Challenge), Stop> {
    let payer = known(facts, payer)?.id;
    let mut next = next_ring(facts, cx, payer)?;
    let challenge = Challenge { nonce, about, at: cx.at() };
    next.challenge = Some(challenge.clone());
    let mut change = ChangeSet::default();
    change.put(next);
    Ok((change, challenge))
}

/// The same for a new passkey, by a one-time code of which `code` is the digest, after the payment password was found
/// right: whoever adds a passkey can pay with it what needs both. The tries at the password start again and a wrong
/// code is counted whatever comes of it, so a refusal is part of the answer.
pub fn ask_to_register(
    facts: &dyn Facts,
    cx: &mut Context,
    (payer, code): (PayerId, &[u8; 32]),
    what: ([u8; 32], [u8; 32]),
) -> Result<(ChangeSet, Result<Challenge, Refusal>), Stop> {
    let full = ring(facts, payer)?.is_some_and(|ring| ring.passkeys.len() >= PASSKEYS_PER_PAYER_MAX);
    let known = open(facts, payer)?;
    let proven = Payer { password_tries: 0, locked_until: None, ..known.next() };
    let mut change = ChangeSet::default();
    // A code that is typed where there is no room is good for when there is.
    let typed = if full {
        Err(Refusal::TooManyPasskeys)
    } else {
        proven.clone().typed(CodePurpose::Passkey, cx.at(), code)
    };
    let (after, told) = match typed {
        Ok((after, true)) => (after, Ok(())),
        Ok((after, false)) => (after, Err(Refusal::WrongCode)),
        Err(refusal) => (proven, Err(refusal)),
    };
    let told = match told {
        Ok(()) => {
            let (asked, challenge) = ask(facts, cx, payer, what)?;
            change = asked;
            Ok(challenge)
        }
        Err(refusal) => Err(refusal),
    };
    change.put(after);
    Ok((change, told))
}

/// The ring without its challenge, if that one is `given`, still counts and is about this; refused otherwise.
fn answered(
    facts: &dyn Facts,
    cx: &mut Context,
    payer: PayerId,
    (given, about): (&[u8; 32], &[u8; 32]),
) -> Result<PasskeyRing, Stop> {
    let mut next = next_ring(facts, cx, payer)?;
    let asked = next.challenge.take().filter(|asked| asked.is_live(cx.at()));
    // Challenges are no secrets, and digests: comparing them byte by byte tells nobody anything.
    let fits = asked.is_some_and(|asked| asked.bytes() == *given && asked.about == *about);
    if fits { Ok(next) } else { Err(Refusal::PasskeyRefused.into()) }
}

/// Takes up a passkey that a device has made for a challenge. A challenge is used once, whatever comes of it, so a
/// refusal is part of the answer.
pub fn register(
    facts: &dyn Facts,
    cx: &mut Context,
    payer: PayerId,
    new: &NewPasskey,
) -> Result<(ChangeSet, Result<PasskeyId, Refusal>), Stop> {
    let mut next = answered(facts, cx, payer, (&new.challenge, &new.about))?;
    let passkey = Passkey {
        id: cx.draw(),
        version: 1,
        payer,
        credential: new.credential.clone(),
        algorithm: new.algorithm,
        public_key: new.public_key.clone(),
        sign_count: new.sign_count,
        backup_eligible: new.backup_eligible,
        name: new.name.clone(),
        used_on: None,
        removed_at: None,
        created_at: cx.at(),
    };
    let mut taken = false;
    for key in passkey.keys() {
        taken |= facts.key(&key)?.is_some();
    }
    let refusal = if !is_name(&new.name) {
        Some(Refusal::Invalid { param: "name", must: "1 to 30 characters that are seen" })
    } else if taken {
        // Somebody has it, or had it: nobody is told whose it is.
        Some(Refusal::PasskeyRefused)
    } else if next.passkeys.len() >= PASSKEYS_PER_PAYER_MAX {
        Some(Refusal::TooManyPasskeys)
    } else {
        None
    };
    let mut change = ChangeSet::default();
    if let Some(refusal) = refusal {
        change.put(next);
        return Ok((change, Err(refusal)));
    }
    let id = passkey.id;
    next.passkeys.push(id);
    change.put(message::tell(cx, known(facts, payer)?, Text::PasskeyAdded(passkey.name.clone())));
    change.put(next);
    change.put(passkey);
    Ok((change, Ok(id)))
}

/// A passkey has signed what the payer confirms. The challenge is used once, whatever comes of it, so a refusal is part
/// of the answer. A device that counts its signatures counts on; one whose count stands still or goes back is a copy of
/// another (Web Authentication Level 3, section 7.2).
pub fn prove(
    facts: &dyn Facts,
    cx: &mut Context,
    payer: PayerId,
    signed: &Signed,
    about: &[u8; 32],
) -> Result<(ChangeSet, Result<(), Refusal>), Stop> {
    let next = answered(facts, cx, payer, (&signed.challenge, about))?;
    let mut change = ChangeSet::default();
    change.put(next);
    let counts = has_signed(facts, cx, &mut change, payer, signed)?;
    Ok((change, if counts { Ok(()) } else { Err(Refusal::PasskeyRefused) }))
}

/// Whether a signature that was found right is of a passkey that counts; notes its count and the day.
pub(super) fn has_signed(
    facts: &dyn Facts,
    cx: &Context,
    change: &mut ChangeSet,
    payer: PayerId,
    signed: &Signed,
) -> Result<bool, Stop> {
    let found = facts.get::<Passkey>(signed.passkey)?;
    let found = found.filter(|passkey| passkey.payer == payer && passkey.removed_at.is_none());
    let counts_on = |passkey: &&Passkey| {
        let counts = signed.sign_count > 0 || passkey.sign_count > 0;
        !counts || signed.sign_count > passkey.sign_count
    };
    let Some(passkey) = found.filter(counts_on) else { return Ok(false) };
    let used_on = Some(cx.at().china_day());
    if (passkey.sign_count, passkey.used_on) != (signed.sign_count, used_on) {
        change.put(Passkey { sign_count: signed.sign_count, used_on, ..passkey.next() });
    }
    Ok(true)
}

/// Removes a payer's passkey; one of another payer, or one that was removed, is not found.
pub fn remove(facts: &dyn Facts, cx: &mut Context, payer: PayerId, id: PasskeyId) -> Result<ChangeSet, Stop> {
    let found = facts.get::<Passkey>(id)?;
    let found = found.filter(|passkey| passkey.payer == payer && passkey.removed_at.is_none());
    let passkey = found.ok_or(Refusal::NotFound("passkey"))?;
    let mut next = next_ring(facts, cx, payer)?;
    next.passkeys.retain(|known| *known != id);
    // What waits to be signed may be on its way from the device that was lost.
    next.challenge = None;
    let mut change = ChangeSet::default();
    change.put(message::tell(cx, known(facts, payer)?, Text::PasskeyRemoved(passkey.name.clone())));
    change.put(next);
    change.put(Passkey { removed_at: Some(cx.at()), ..passkey.next() });
    Ok(change)
}

/// Removes all of a payer's passkeys, and what waits to be signed. Of each the payer is told.
pub(in crate::payer) fn remove_all(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    payer: &Payer,
) -> Result<(), Stop> {
    let Some(ring) = ring(facts, payer.id)? else { return Ok(()) };
    for id in &ring.passkeys {
        let Some(passkey) = facts.get::<Passkey>(*id)? else { continue };
        change.put(message::tell(cx, payer, Text::PasskeyRemoved(passkey.name.clone())));
        change.put(Passkey { removed_at: Some(cx.at()), ..passkey.next() });
    }
    if !ring.passkeys.is_empty() || ring.challenge.is_some() {
        let version = ring.version.saturating_add(1);
        change.put(PasskeyRing { version, passkeys: Vec::new(), challenge: None, ..ring.clone() });
    }
    Ok(())
}
