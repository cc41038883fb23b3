//! Signing in by a passkey: nobody is signed in when the device is asked, so the challenge stands alone.
//!
//! **Invariants.** A challenge is good once, for five minutes
//! ([`PASSKEY_CHALLENGE_LIFE_MS`](crate::limits::PASSKEY_CHALLENGE_LIFE_MS)), and about signing in: what is signed
//! here confirms no payment, and no signature over a payment signs in. Whose passkey it is follows from the credential
//! alone. A closed account opens nothing. A frozen one is signed in to, as by a code: its payer lifts the freeze there.

use serde::{Deserialize, Serialize};

use super::{Challenge, Signed, digest_of, steps::has_signed};
use crate::{
    ChangeSet, Context, Facts, Refusal, Stop, Time,
    id::{PayerId, SessionId, SignInChallengeId},
    payer::{
        known,
        session::{self, SignIn},
    },
};

/// What a device is asked to sign by who is not signed in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInChallenge {
    /// Its id.
    pub id: SignInChallengeId,
    /// How often it changed: 2 once it was used.
    pub version: u32,
    /// 32 bytes that nobody could guess.
    pub nonce: [u8; 32],
    /// When it was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_at: Option<Time>,
    /// When it was asked.
    pub created_at: Time,
}

impl std::fmt::Debug for SignInChallenge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SignInChallenge({}, version {})", self.id, self.version)
    }
}

impl SignInChallenge {
    fn challenge(&self) -> Challenge {
        Challenge { nonce: self.nonce, about: digest_of("signing in", []), at: self.created_at }
    }

    /// The bytes that are signed.
    pub fn bytes(&self) -> [u8; 32] {
        self.challenge().bytes()
    }

    /// Whether it still counts.
    pub fn is_live(&self, at: Time) -> bool {
        self.used_at.is_none() && self.challenge().is_live(at)
    }
}

/// Gives the device of somebody who is not signed in something to sign.
pub fn ask_to_sign_in(cx: &mut Context, nonce: [u8; 32]) -> (ChangeSet, SignInChallenge) {
    let asked = SignInChallenge { id: cx.draw(), version: 1, nonce, used_at: None, created_at: cx.at() };
    let mut change = ChangeSet::default();
    change.put(asked.clone());
    (change, asked)
}

/// A passkey of this payer has signed a challenge: the payer is signed in on the device. The challenge is used once,
/// whatever comes of it, so a refusal is part of the answer. Every refusal is the same one.
pub fn sign_in(
    facts: &dyn Facts,
    cx: &mut Context,
    payer: PayerId,
    (asked, signed): (SignInChallengeId, &Signed),
    sign_in: &SignIn,
) -> Result<(ChangeSet, Result<SessionId, Refusal>), Stop> {
    let asked = facts.get::<SignInChallenge>(asked)?.filter(|asked| asked.is_live(cx.at()));
    // Challenges are no secrets: comparing them byte by byte tells nobody anything.
    let asked = asked.filter(|asked| asked.bytes() == signed.challenge).ok_or(Refusal::PasskeyRefused)?;
    let mut change = ChangeSet::default();
    let version = asked.version.saturating_add(1);
    change.put(SignInChallenge { version, used_at: Some(cx.at()), ..asked.clone() });
    if known(facts, payer)?.closed_at.is_some() || !has_signed(facts, cx, &mut change, payer, signed)? {
        return Ok((change, Err(Refusal::PasskeyRefused)));
    }
    let (begun, session) = session::begin(facts, cx, payer, sign_in)?;
    change.records.extend(begun.records);
    change.tasks.extend(begun.tasks);
    Ok((change, Ok(session)))
}
