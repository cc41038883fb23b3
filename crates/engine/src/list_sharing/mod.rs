//! Sharing risk lists with other institutions: keys, messages, what a source answers, and how a member pulls.
//!
//! ```text
//!   member ── GET deltas after n ──▶ source        signed by the member; the answer's end is signed by the source
//!   member ── POST blinded points ─▶ source        counted, then evaluated
//!   member ── PUT hits ────────────▶ source        how many of its entries were about values of ours
//! ```
//! **Invariants.** Members are known by public keys that an operator has written down; nobody else is answered. No
//! value and no hash of one leaves this process: what is asked about is blinded. A delta is taken only under the
//! signature of its source, after all before it.
//!
//! **Absent on purpose:** a list of who is listed. Who wants to know of a value must have it.

mod member;
mod puller;
mod source;
mod wire;

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use tongbao_risk::sharing::{Evaluator, Refused, SharedKind, Token};

pub use self::{
    member::PullFailure,
    puller::{PULL_INTERVAL_S, Puller},
    source::{Counted, DELTAS_PER_PAGE},
    wire::{
        Asked, Deltas, Evaluated, Hits, MEMBER_HEADER, NONCE_HEADER, SIGNATURE_HEADER, SignedRequest,
        TIMESTAMP_HEADER, bytes_of,
    },
};
use crate::{Engine, auth::hex};

/// How far the clocks of two institutions may differ, in milliseconds; a message is as long good.
pub const CLOCK_SKEW_MS: i64 = 5 * 60 * 1_000;

/// Another institution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name, as all members use it.
    pub name: String,
    /// What its messages are signed with (Ed25519).
    pub signing_key: [u8; 32],
    /// What its evaluations are checked by (ristretto255).
    pub evaluation_key: [u8; 32],
    /// Where its lists are pulled from, without a slash at the end; not at all unless given.
    pub url: Option<String>,
}

/// The sharing as an operator has set it up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Our own name.
    pub name: String,
    /// The others.
    pub members: Vec<Member>,
    /// Values that one member may ask about in a day.
    pub per_member_per_day: u32,
    /// Seconds between two pulls of a source.
    pub pull_interval_s: u32,
}

impl Settings {
    /// The member of this name.
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }
}

/// Our own keys of the sharing; they follow from the master key.
pub struct SharingKeys {
    signing: Ed25519KeyPair,
    evaluator: Evaluator,
}

impl fmt::Debug for SharingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharingKeys")
    }
}

impl SharingKeys {
    pub(crate) fn new(seed: &[u8; 32]) -> SharingKeys {
        let signing = blake3::derive_key("tongbao 2026 list sharing signatures", seed);
        let evaluation = blake3::derive_key("tongbao 2026 list sharing evaluations", seed);
        SharingKeys {
            signing: Ed25519KeyPair::from_seed_unchecked(&signing)
                .expect("every 32-byte seed is an Ed25519 key"),
            evaluator: Evaluator::new(&evaluation)
                .expect("a key follows from every seed but for one in 2^250"),
        }
    }

    /// What others check our signatures by: 64 hexadecimal digits.
    pub fn signing_key(&self) -> String {
        hex(self.signing.public_key().as_ref())
    }

    /// What others check our evaluations by: 64 hexadecimal digits.
    pub fn evaluation_key(&self) -> String {
        hex(&self.evaluator.public_key())
    }

    /// The token of a value of ours, for an entry that is to be shared.
    pub fn token(&self, kind: SharedKind, value: &str) -> Result<Token, Refused> {
        self.evaluator.token(kind, value)
    }

    fn sign(&self, bytes: &[u8]) -> String {
        hex(self.signing.sign(bytes).as_ref())
    }
}

/// Whether this is a signature of these bytes under a member's key.
fn is_signed(bytes: &[u8], signature: &str, key: &[u8; 32]) -> bool {
    let Some(signature) = bytes_of::<64>(signature) else { return false };
    UnparsedPublicKey::new(&ED25519, key).verify(bytes, &signature).is_ok()
}

impl Engine {
    /// Our own keys of the sharing.
    pub fn sharing_keys(&self) -> SharingKeys {
        SharingKeys::new(&self.vault.sharing_seed())
    }
}
