//! Passkeys: keys in a payer's devices, each with its public half here, that sign what the payer confirms after the
//! device has made sure who holds it (Web Authentication Level 3, W3C).
//!
//! **Invariants.** A payer has one challenge at a time, and a new one ends the one before. A challenge is made of the
//! digest of what is confirmed, so a signature over it tells what was confirmed and is good for nothing else; it is
//! good once, for [`PASSKEY_CHALLENGE_LIFE_MS`]. A passkey that was removed proves nothing, and its credential is never
//! taken up again, by whomever.
//!
//! **Absent on purpose:** signatures. The shell verifies them, as it does passwords, and says what it found.

mod sign_in;
mod steps;

use serde::{Deserialize, Serialize};

pub(super) use self::steps::remove_all;
pub use self::{
    sign_in::{SignInChallenge, ask_to_sign_in, sign_in},
    steps::{NewPasskey, Signed, ask, ask_to_register, prove, register, remove},
};
use crate::{
    Key, Time,
    id::{PasskeyId, PasskeyRingId, PayerId},
    limits::{PASSKEY_CHALLENGE_LIFE_MS, PASSKEY_NAME_CHARS_MAX},
};

/// How a passkey signs: the three that browsers' documents ask for (COSE algorithms -7, -8 and -257, RFC 9053 and
/// RFC 8812).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
}

impl Algorithm {
    /// All of them, the one that is liked best first.
    pub const ALL: [Algorithm; 3] = [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256];

    /// Its number in the registry of COSE algorithms (IANA).
    pub const fn number(self) -> i64 {
        match self {
            Algorithm::Es256 => -7,
            Algorithm::EdDsa => -8,
            Algorithm::Rs256 => -257,
        }
    }

    /// The one with this number.
    pub fn from_number(number: i64) -> Option<Algorithm> {
        Algorithm::ALL.into_iter().find(|known| known.number() == number)
    }
}

/// A passkey of a payer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkey {
    /// Its id.
    pub id: PasskeyId,
    /// How often it changed.
    pub version: u32,
    /// Whose.
    pub payer: PayerId,
    /// What the device calls it: the credential id, in base64url.
    pub credential: String,
    /// How it signs.
    pub algorithm: Algorithm,
    /// The public key: `SubjectPublicKeyInfo` (RFC 5280) in base64url.
    pub public_key: String,
    /// The device's count of signatures, as it told last; zero on devices that do not count.
    pub sign_count: u32,
    /// Whether the device may give copies of it to other devices of the payer.
    pub backup_eligible: bool,
    /// What the payer calls it.
    pub name: String,
    /// The day on which it proved something last, in days since 1970-01-01 in Asia/Shanghai.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_on: Option<i64>,
    /// When the payer removed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<Time>,
    /// When it was registered.
    pub created_at: Time,
}

impl Passkey {
    pub(crate) fn keys(&self) -> Vec<Key> {
        vec![Key::Passkey(blake3::hash(self.credential.as_bytes()).into())]
    }

    fn next(&self) -> Passkey {
        Passkey { version: self.version.saturating_add(1), ..self.clone() }
    }
}

/// What a payer's device is asked to sign.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// 32 bytes that nobody could guess.
    pub nonce: [u8; 32],
    /// Digest of what is confirmed.
    pub about: [u8; 32],
    /// When it was asked.
    pub at: Time,
}

impl std::fmt::Debug for Challenge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Challenge(at {:?})", self.at)
    }
}

impl Challenge {
    /// The bytes that are signed: a digest of chance and of what is confirmed.
    pub fn bytes(&self) -> [u8; 32] {
        let mut hash = blake3::Hasher::new_derive_key("tongbao 2026 passkey challenge");
        hash.update(&self.nonce).update(&self.about);
        hash.finalize().into()
    }

    /// Whether it still counts.
    pub fn is_live(&self, at: Time) -> bool {
        at.since_ms(self.at) < PASSKEY_CHALLENGE_LIFE_MS
    }
}

/// What is kept of a payer's passkeys as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyRing {
    /// Its id.
    pub id: PasskeyRingId,
    /// How often it changed.
    pub version: u32,
    /// Whose.
    pub payer: PayerId,
    /// The passkeys that are not removed, in the order of their making.
    pub passkeys: Vec<PasskeyId>,
    /// The challenge that waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<Challenge>,
}

/// A digest of what is confirmed: which kind of thing, then each of its parts with its length before it, so that no two
/// things have one digest.
pub fn digest_of<'a>(kind: &'a str, parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut hash = blake3::Hasher::new_derive_key("tongbao 2026 what a payer confirms");
    for part in std::iter::once(kind.as_bytes()).chain(parts) {
        hash.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes()).update(part);
    }
    hash.finalize().into()
}

/// Whether a text can be the name of a passkey: short, and with nothing in it that is not seen.
pub fn is_name(text: &str) -> bool {
    let chars = text.chars().take(PASSKEY_NAME_CHARS_MAX.saturating_add(1)).count();
    (1..=PASSKEY_NAME_CHARS_MAX).contains(&chars) && crate::transfer::send::is_note(text)
}
