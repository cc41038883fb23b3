//! Single fields that only one side may read, such as names and account numbers (敏感信息字段).
//!
//! RSAES-OAEP with SHA-1 and MGF1-SHA-1 and an empty label (RFC 8017 §7.1), in Base64. SHA-1 is what the
//! protocol asks for; OAEP does not depend on collisions being hard. A request names the key in
//! `Wechatpay-Serial`. Answers are encrypted for the merchant's certificate.

use std::fmt;

use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey,
    PublicEncryptingKey,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::{
    envelope::TooLong,
    signature::{MODULUS_BYTES, SigningKey, VerifyingKey},
};

/// Bytes of a field: the modulus less two digests of SHA-1 and two bytes (RFC 8017 §7.1.1).
pub const FIELD_BYTES_MAX: usize = MODULUS_BYTES - 2 * 20 - 2;

/// Characters of an encrypted field.
const CIPHERTEXT_CHARS: usize = MODULUS_BYTES.div_ceil(3) * 4;

/// A field that cannot be decrypted: for another key, or not encrypted at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undecryptable;

impl Undecryptable {
    /// The `message` of the `PARAM_ERROR` that answers it.
    pub const TEXT: &'static str = "请确认待处理的消息是否为加密后的密文";
}

impl fmt::Display for Undecryptable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Undecryptable::TEXT)
    }
}

impl std::error::Error for Undecryptable {}

/// Encrypts fields for the owner of a key.
#[derive(Debug)]
pub struct EncryptingKey(OaepPublicEncryptingKey);

impl EncryptingKey {
    /// For the owner of this public key.
    pub fn new(key: &VerifyingKey) -> EncryptingKey {
        let key = PublicEncryptingKey::from_der(key.der())
            .and_then(|key| OaepPublicEncryptingKey::new(key).map_err(Into::into));
        EncryptingKey(key.expect("a public key that was read once is read again"))
    }

    /// The field in Base64; never the same twice.
    pub fn encrypt(&self, field: &str) -> Result<String, TooLong> {
        if field.len() > FIELD_BYTES_MAX {
            return Err(TooLong);
        }
        let mut ciphertext = [0; MODULUS_BYTES];
        let encrypted = self.0.encrypt(&OAEP_SHA1_MGF1SHA1, field.as_bytes(), &mut ciphertext, None);
        Ok(STANDARD.encode(encrypted.expect("a field that fits the modulus can be encrypted")))
    }
}

/// Decrypts fields that were encrypted for us.
#[derive(Debug)]
pub struct DecryptingKey(OaepPrivateDecryptingKey);

impl DecryptingKey {
    /// With this private key.
    pub fn new(key: &SigningKey) -> DecryptingKey {
        let key = PrivateDecryptingKey::from_pkcs8(&key.to_pkcs8())
            .map_err(Into::into)
            .and_then(OaepPrivateDecryptingKey::new);
        DecryptingKey(key.expect("a private key that was read once is read again"))
    }

    /// The field. Everything that goes wrong is the same error, so that nobody can decrypt by asking.
    pub fn decrypt(&self, ciphertext: &str) -> Result<Zeroizing<String>, Undecryptable> {
        if ciphertext.len() != CIPHERTEXT_CHARS {
            return Err(Undecryptable);
        }
        let bytes = STANDARD.decode(ciphertext).map_err(|_| Undecryptable)?;
        if bytes.len() != MODULUS_BYTES {
            return Err(Undecryptable);
        }
        let mut plaintext = Zeroizing::new([0; MODULUS_BYTES]);
        let field = self.0.decrypt(&OAEP_SHA1_MGF1SHA1, &bytes, plaintext.as_mut_slice(), None);
        let field = field.map_err(|_| Undecryptable)?;
        let text = std::str::from_utf8(field).map_err(|_| Undecryptable)?;
        Ok(Zeroizing::new(text.to_owned()))
    }
}
