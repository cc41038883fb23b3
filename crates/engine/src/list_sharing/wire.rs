//! Messages between institutions, and the signature on a request.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tongbao_core::Time;
use tongbao_risk::sharing::{Chain, Delta};

use super::{CLOCK_SKEW_MS, Member, SharingKeys, is_signed};
use crate::auth::hex;

/// The header with the name of the member who asks.
pub const MEMBER_HEADER: &str = "sharing-member";
/// The header with the time of the request, in milliseconds since 1970.
pub const TIMESTAMP_HEADER: &str = "sharing-timestamp";
/// The header with 128 random bits in hexadecimal.
pub const NONCE_HEADER: &str = "sharing-nonce";
/// The header with the signature (Ed25519) in hexadecimal.
pub const SIGNATURE_HEADER: &str = "sharing-signature";

/// Bytes from hexadecimal digits, if there are exactly so many.
pub fn bytes_of<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// A page of deltas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the name in the answer: a page has deltas")]
pub struct Deltas {
    /// The deltas after the number that was asked for, in their order.
    pub deltas: Vec<Delta>,
    /// The number of the last of them, or the one that was asked for.
    pub number: u64,
    /// The digest of the chain up to there.
    pub digest: String,
    /// The number of the newest delta there is.
    pub latest: u64,
    /// When this was said, in milliseconds since 1970.
    pub at_ms: i64,
    /// The source's signature of all that.
    pub signature: String,
}

impl Deltas {
    pub(super) fn signed(
        keys: &SharingKeys,
        name: &str,
        deltas: Vec<Delta>,
        chain: Chain,
        latest: u64,
        at: Time,
    ) -> Deltas {
        let signature = keys.sign(&chain.signed_bytes(name, latest, at.ms()));
        Deltas { deltas, number: chain.number, digest: hex(&chain.digest), latest, at_ms: at.ms(), signature }
    }

    /// Where the chain ends with these, if they follow the end that was known, nothing is missing or held back, and the
    /// source has said so now; otherwise what is wrong with them.
    pub fn follow(&self, known: Chain, source: &Member, now: Time) -> Result<Chain, &'static str> {
        let chain = self.deltas.iter().try_fold(known, |chain, delta| chain.followed_by(delta));
        let chain = chain.map_err(|_| "a delta does not follow the ones before it")?;
        if chain.number != self.number || hex(&chain.digest) != self.digest {
            return Err("the deltas are not those that the source has signed");
        }
        if now.since_ms(Time::from_ms(self.at_ms)).saturating_abs() > CLOCK_SKEW_MS {
            return Err("the answer is too old, or the clocks differ");
        }
        let bytes = chain.signed_bytes(&source.name, self.latest, self.at_ms);
        if !is_signed(&bytes, &self.signature, &source.signing_key) {
            return Err("the signature is not the source's");
        }
        if self.latest < chain.number || (self.deltas.is_empty() && self.latest > chain.number) {
            return Err("there are newer deltas that were held back");
        }
        Ok(chain)
    }
}

/// Values that a member asks about: blinded points, 64 hexadecimal digits each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The points.
    pub elements: Vec<String>,
}

/// The same points, evaluated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluated {
    /// The points, in their order.
    pub elements: Vec<String>,
    /// The proof that the published key was used: 128 hexadecimal digits.
    pub proof: String,
}

/// How many entries of a source are about values of a member's, by the name of their category.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hits {
    /// The counts, from the beginning on.
    pub hits: BTreeMap<String, u64>,
}

/// What is signed of a request.
#[derive(Clone, Copy, Debug)]
pub struct SignedRequest<'a> {
    /// Who asks.
    pub member: &'a str,
    /// Who is asked.
    pub source: &'a str,
    /// The method, as in `GET`.
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// 128 random bits.
    pub nonce: &'a str,
    /// The body.
    pub body: &'a [u8],
}

impl SignedRequest<'_> {
    fn bytes(&self) -> Vec<u8> {
        let body = blake3::hash(self.body).to_hex();
        let at = self.at_ms.to_string();
        let parts = [self.member, self.source, self.method, self.target, &at, self.nonce, body.as_str()];
        // None of the parts has a line feed in it: names, methods and targets are of HTTP's tokens.
        format!("tongbao list sharing request 1\n{}", parts.join("\n")).into_bytes()
    }

    /// The signature of it.
    pub fn sign(&self, keys: &SharingKeys) -> String {
        keys.sign(&self.bytes())
    }

    /// Whether this member has signed it, just now.
    pub fn is_by(&self, member: &Member, signature: &str, now: Time) -> bool {
        let is_now = now.since_ms(Time::from_ms(self.at_ms)).saturating_abs() <= CLOCK_SKEW_MS;
        is_now
            && bytes_of::<16>(self.nonce).is_some()
            && is_signed(&self.bytes(), signature, &member.signing_key)
    }
}
