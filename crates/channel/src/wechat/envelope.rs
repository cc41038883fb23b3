//! `AEAD_AES_256_GCM`: payloads sealed under the key that merchant and platform share (`APIv3密钥`).
//!
//! The nonce is a text of twelve characters, the associated data a short word; the tag of 16 bytes follows
//! the ciphertext, and all of it is Base64. What is altered anywhere does not open.
//!
//! **Absent on purpose:** why something did not open, which would help who altered it. `AEAD_SM4_GCM`.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce as RawNonce, UnboundKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use tongbao_core::Time;
use zeroize::Zeroizing;

use super::{draw, time};

/// The algorithm's name in JSON.
pub const ALGORITHM: &str = "AEAD_AES_256_GCM";

/// The `resource_type` of every notification.
pub const RESOURCE_TYPE: &str = "encrypt-resource";

/// Bytes of an API v3 key.
pub const KEY_BYTES: usize = 32;

/// Characters of a ciphertext in Base64: string(1048576) in the table of notification fields.
pub const CIPHERTEXT_CHARS_MAX: usize = 1_048_576;

/// Bytes of the tag behind a ciphertext (NIST SP 800-38D).
const TAG_BYTES: usize = 16;

/// Bytes that can be sealed: what fits the limit in Base64, less the tag.
pub const PLAINTEXT_BYTES_MAX: usize = CIPHERTEXT_CHARS_MAX / 4 * 3 - TAG_BYTES;

/// An API v3 key has 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongLength;

impl fmt::Display for WrongLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an APIv3 key has 32 bytes")
    }
}

impl std::error::Error for WrongLength {}

/// A plaintext longer than [`PLAINTEXT_BYTES_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the plaintext is too long to be sealed or encrypted")
    }
}

impl std::error::Error for TooLong {}

/// Another key, nonce or associated data, or a ciphertext that was altered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unopened;

impl fmt::Display for Unopened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the sealed content cannot be opened with this key")
    }
}

impl std::error::Error for Unopened {}

/// A nonce of twelve visible characters. Under one key, none may be used twice; 68 bits of chance make that
/// unlikely for thousands of millions of notifications.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Nonce([u8; NONCE_LEN]);

impl Nonce {
    /// A nonce of letters and digits from random bytes.
    pub fn draw(random: [u8; NONCE_LEN]) -> Nonce {
        let mut characters = [0; NONCE_LEN];
        characters.copy_from_slice(draw::alphanumeric(&random).as_bytes());
        Nonce(characters)
    }

    /// Reads a nonce that somebody else has drawn.
    pub fn parse(text: &str) -> Option<Nonce> {
        text.as_bytes()
            .try_into()
            .ok()
            .map(Nonce)
            .filter(|_| text.bytes().all(|byte| byte.is_ascii_graphic()))
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{}", char::from(*byte)))
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nonce({self})")
    }
}

/// An API v3 key. It is overwritten when it is dropped, and not shown by `Debug`.
pub struct ApiV3Key(Zeroizing<[u8; KEY_BYTES]>);

impl fmt::Debug for ApiV3Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiV3Key")
    }
}

impl ApiV3Key {
    /// Takes the key's characters as bytes.
    pub fn new(bytes: &[u8]) -> Result<ApiV3Key, WrongLength> {
        bytes.try_into().map(|bytes| ApiV3Key(Zeroizing::new(bytes))).map_err(|_| WrongLength)
    }

    /// Seals. The caller has drawn the nonce for this one use.
    pub fn seal(&self, nonce: Nonce, associated_data: &str, plaintext: &[u8]) -> Result<String, TooLong> {
        if plaintext.len() > PLAINTEXT_BYTES_MAX {
            return Err(TooLong);
        }
        let mut sealed = Vec::with_capacity(plaintext.len() + TAG_BYTES);
        sealed.extend_from_slice(plaintext);
        let nonce = RawNonce::assume_unique_for_key(nonce.0);
        let done = self.cipher().seal_in_place_append_tag(nonce, Aad::from(associated_data), &mut sealed);
        done.expect("a megabyte is far below what AES-GCM seals");
        Ok(STANDARD.encode(sealed))
    }

    /// Opens what was sealed with the same nonce and associated data.
    pub fn open(
        &self,
        nonce: &str,
        associated_data: &str,
        ciphertext: &str,
    ) -> Result<Zeroizing<Vec<u8>>, Unopened> {
        if ciphertext.len() > CIPHERTEXT_CHARS_MAX {
            return Err(Unopened);
        }
        let nonce = Nonce::parse(nonce).ok_or(Unopened)?;
        let mut bytes = Zeroizing::new(STANDARD.decode(ciphertext).map_err(|_| Unopened)?);
        let nonce = RawNonce::assume_unique_for_key(nonce.0);
        let opened = self.cipher().open_in_place(nonce, Aad::from(associated_data), &mut bytes);
        let length = opened.map_err(|_| Unopened)?.len();
        bytes.truncate(length);
        Ok(bytes)
    }

    fn cipher(&self) -> LessSafeKey {
        let key = UnboundKey::new(&AES_256_GCM, self.0.as_slice());
        LessSafeKey::new(key.expect("32 bytes are a key of AES-256"))
    }
}

/// A sealed payload. Fields stand in the order in which WeChat Pay writes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// What is inside: `transaction`, `refund`, `mch_payment`, `profitsharing`, …
    pub original_type: String,
    /// Always [`ALGORITHM`].
    pub algorithm: String,
    /// In Base64.
    pub ciphertext: String,
    /// A short word, `transaction` or `refund`. When reading, missing is the same as empty.
    #[serde(default)]
    pub associated_data: String,
    /// Twelve characters.
    pub nonce: String,
}

impl Resource {
    /// The plaintext.
    pub fn open(&self, key: &ApiV3Key) -> Result<Zeroizing<Vec<u8>>, Unopened> {
        if self.algorithm != ALGORITHM {
            return Err(Unopened);
        }
        key.open(&self.nonce, &self.associated_data, &self.ciphertext)
    }
}

/// The body of a notification. Fields stand in the order in which WeChat Pay writes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// The notification's own id, the same at every attempt; string(36).
    pub id: String,
    /// When what it tells of happened.
    pub create_time: String,
    /// Always [`RESOURCE_TYPE`].
    pub resource_type: String,
    /// `TRANSACTION.SUCCESS`, `REFUND.SUCCESS`, …
    pub event_type: String,
    /// A few Chinese words, such as 支付成功; string(64).
    #[serde(default)]
    pub summary: String,
    /// What happened, sealed.
    pub resource: Resource,
}

/// A notification before it is sealed.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    /// See [`Notification::id`].
    pub id: &'a str,
    /// See [`Notification::create_time`].
    pub created: Time,
    /// See [`Notification::event_type`].
    pub event_type: &'a str,
    /// See [`Notification::summary`].
    pub summary: &'a str,
    /// See [`Resource::original_type`].
    pub original_type: &'a str,
    /// See [`Resource::associated_data`]; not empty, because an SDK demands it.
    pub associated_data: &'a str,
}

impl Notification {
    /// A notification with this plaintext, for the merchant with this key.
    pub fn seal(
        draft: &Draft<'_>,
        key: &ApiV3Key,
        nonce: Nonce,
        plaintext: &[u8],
    ) -> Result<Notification, TooLong> {
        Ok(Notification {
            id: draft.id.to_owned(),
            create_time: time::rfc3339(draft.created),
            resource_type: RESOURCE_TYPE.to_owned(),
            event_type: draft.event_type.to_owned(),
            summary: draft.summary.to_owned(),
            resource: Resource {
                original_type: draft.original_type.to_owned(),
                algorithm: ALGORITHM.to_owned(),
                ciphertext: key.seal(nonce, draft.associated_data, plaintext)?,
                associated_data: draft.associated_data.to_owned(),
                nonce: nonce.to_string(),
            },
        })
    }

    /// The body to sign and send: compact JSON without escapes that JSON does not need, so that a receiver
    /// who writes it again gets the same bytes.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts alone are always JSON")
    }

    /// Reads a body. Fields that are not known are skipped.
    pub fn from_json(body: &[u8]) -> Result<Notification, serde_json::Error> {
        serde_json::from_slice(body)
    }
}
