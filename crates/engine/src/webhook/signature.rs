//! Standard Webhooks signatures (<https://www.standardwebhooks.com>, specification 1.0).
//!
//! The signed content is `id.timestamp.body`. The signature header carries one `v1,<base64>`
//! (HMAC-SHA256) per live secret, so that a merchant can rotate without losing a delivery, and one
//! `v1a,<base64>` (Ed25519) when the platform has a signing key. Cryptography by `aws-lc-rs`.
//!
//! Invariant: secrets and private keys never appear in `Debug`; [`Secret::expose`] and
//! [`SigningKey::expose`] are the only ways out.
//!
//! Absent on purpose: verification. Receivers use the libraries of the standard; we only send.

use std::fmt;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Header that carries the event id; the same for every attempt, so receivers can drop duplicates.
pub const ID_HEADER: &str = "webhook-id";
/// Header that carries the time of the attempt, in seconds since the Unix epoch.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// Header that carries the signatures, separated by spaces.
pub const SIGNATURE_HEADER: &str = "webhook-signature";

/// Prefix of a shared secret.
pub const SECRET_PREFIX: &str = "whsec_";
/// Prefix of an Ed25519 private key.
pub const PRIVATE_KEY_PREFIX: &str = "whsk_";
/// Prefix of an Ed25519 public key.
pub const PUBLIC_KEY_PREFIX: &str = "whpk_";

/// Shortest shared secret in bytes; Standard Webhooks asks for 24 to 64.
pub const SECRET_MIN_BYTES: usize = 24;
/// Longest shared secret in bytes; Standard Webhooks asks for 24 to 64.
pub const SECRET_MAX_BYTES: usize = 64;

/// Why a secret or key text was not accepted. Never contains the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyTextError {
    /// The text does not begin with the expected prefix.
    Prefix,
    /// What follows the prefix is not padded standard base64.
    Encoding,
    /// The decoded key has a length that the standard does not allow.
    Length,
}

impl fmt::Display for KeyTextError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Prefix => "the key does not begin with the expected prefix",
            Self::Encoding => "the key is not base64 after its prefix",
            Self::Length => "the key has the wrong length",
        })
    }
}

impl std::error::Error for KeyTextError {}

/// A secret shared with one endpoint, [`SECRET_MIN_BYTES`] to [`SECRET_MAX_BYTES`] bytes.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Makes a secret from 32 bytes, which the caller takes from a cryptographic source.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes.to_vec())
    }

    /// Reads `whsec_<base64>`.
    pub fn parse(text: &str) -> Result<Self, KeyTextError> {
        let bytes = decode(text, SECRET_PREFIX)?;
        if !(SECRET_MIN_BYTES..=SECRET_MAX_BYTES).contains(&bytes.len()) {
            return Err(KeyTextError::Length);
        }
        Ok(Self(bytes))
    }

    /// The text `whsec_<base64>` that the merchant puts into a receiver. Store it encrypted, never log it.
    pub fn expose(&self) -> String {
        encode(SECRET_PREFIX, &self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(whsec_***)")
    }
}

/// An Ed25519 key (RFC 8032) with which the platform signs for receivers that hold only the public half.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    seed: [u8; 32],
}

impl SigningKey {
    /// Makes a key from the 32-byte seed of RFC 8032, which the caller takes from a cryptographic source.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).expect("every 32-byte seed is an Ed25519 key");
        Self { pair, seed }
    }

    /// Reads `whsk_<base64 of the 32-byte seed>`.
    pub fn parse(text: &str) -> Result<Self, KeyTextError> {
        let bytes = decode(text, PRIVATE_KEY_PREFIX)?;
        Ok(Self::from_seed(bytes.try_into().map_err(|_| KeyTextError::Length)?))
    }

    /// The text `whsk_<base64 of the 32-byte seed>`. Store it encrypted, never log it.
    pub fn expose(&self) -> String {
        encode(PRIVATE_KEY_PREFIX, &self.seed)
    }

    /// The text `whpk_<base64 of the 32-byte public key>`, free to publish.
    pub fn public_key(&self) -> String {
        encode(PUBLIC_KEY_PREFIX, self.pair.public_key().as_ref())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SigningKey({})", self.public_key())
    }
}

/// The three headers of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedHeaders {
    /// Value of [`ID_HEADER`].
    pub id: String,
    /// Value of [`TIMESTAMP_HEADER`].
    pub timestamp: String,
    /// Value of [`SIGNATURE_HEADER`].
    pub signature: String,
}

impl SignedHeaders {
    /// Header names with their values, in the order of the standard.
    pub fn pairs(&self) -> [(&'static str, &str); 3] {
        [(ID_HEADER, &self.id), (TIMESTAMP_HEADER, &self.timestamp), (SIGNATURE_HEADER, &self.signature)]
    }
}

/// Signs one attempt: `v1` once per secret in the order given, then `v1a` if there is a key.
///
/// `id` is visible ASCII without a full stop (event ids are), because a full stop separates the parts of the
/// signed content. `timestamp_s` is the time of this attempt. Without secret and key the signature is empty,
/// which every receiver refuses.
pub fn sign(
    id: &str,
    timestamp_s: i64,
    body: &[u8],
    secrets: &[Secret],
    key: Option<&SigningKey>,
) -> SignedHeaders {
    let timestamp = timestamp_s.to_string();
    let content = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
    let shared = secrets.iter().map(|secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret.0);
        format!("v1,{}", STANDARD.encode(hmac::sign(&key, &content)))
    });
    let asymmetric = key.map(|key| format!("v1a,{}", STANDARD.encode(key.pair.sign(&content))));
    let signature = shared.chain(asymmetric).collect::<Vec<_>>().join(" ");
    SignedHeaders { id: id.to_owned(), timestamp, signature }
}

fn encode(prefix: &str, bytes: &[u8]) -> String {
    let mut text = prefix.to_owned();
    STANDARD.encode_string(bytes, &mut text);
    text
}

fn decode(text: &str, prefix: &str) -> Result<Vec<u8>, KeyTextError> {
    let encoded = text.strip_prefix(prefix).ok_or(KeyTextError::Prefix)?;
    STANDARD.decode(encoded).map_err(|_| KeyTextError::Encoding)
}
