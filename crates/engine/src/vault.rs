//! What only this installation may read: secrets and personal data, sealed field by field.
//!
//! All keys are derived from one master key, each for one use (BLAKE3 key derivation). Sealing is
//! AES-256-GCM with a random nonce; the field's name is authenticated with it, so a sealed phone number
//! cannot be passed off as a sealed secret.
//!
//! **Absent on purpose:** the master key in any log, error or debug output.

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, RandomizedNonceKey},
    constant_time::verify_slices_are_equal,
    hmac,
};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

/// argon2id as OWASP's password storage cheat sheet asks: 19 MiB, two passes, one lane.
const ARGON2_MEMORY_KIB: u32 = 19_456;
const ARGON2_PASSES: u32 = 2;

/// Which field a sealed text belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// A secret that signs notifications.
    WebhookSecret,
    /// A payer's phone number.
    Phone,
    /// The key that a merchant of WeChat Pay's interface shares with the platform.
    WechatApiV3Key,
    /// A private key of the platform in WeChat Pay's interface.
    WechatPlatformKey,
    /// A person's name.
    Name,
    /// A citizen's ID number.
    IdNumber,
    /// The seed of a payer's payment codes.
    PaymentCodeSeed,
    /// A transfer that a payer is about to confirm, kept by the browser.
    TransferDraft,
    /// The number of a bank card.
    CardNumber,
    /// A withdrawal that a payer is about to confirm, kept by the browser.
    WithdrawalDraft,
}

impl Field {
    const fn name(self) -> &'static [u8] {
        match self {
            Field::WebhookSecret => b"webhook secret",
            Field::Phone => b"phone",
            Field::WechatApiV3Key => b"wechat api v3 key",
            Field::WechatPlatformKey => b"wechat platform key",
            Field::Name => b"name",
            Field::IdNumber => b"id number",
            Field::PaymentCodeSeed => b"payment code seed",
            Field::TransferDraft => b"transfer draft",
            Field::CardNumber => b"card number",
            Field::WithdrawalDraft => b"withdrawal draft",
        }
    }
}

/// A sealed text that cannot be opened: another key, another field, or altered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a sealed value cannot be opened with this installation's master key")
    }
}

impl std::error::Error for Unreadable {}

/// See the module.
pub struct Vault {
    seal: RandomizedNonceKey,
    digest: [u8; 32],
    session: hmac::Key,
    pepper: [u8; 32],
    signing_seed: [u8; 32],
    key_check: [u8; 32],
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    /// A vault under this master key.
    pub fn new(master: &[u8; 32]) -> Vault {
        let derive = |purpose: &str| blake3::derive_key(purpose, master);
        let seal = RandomizedNonceKey::new(&AES_256_GCM, &derive("tongbao 2026 seal fields"));
        Vault {
            seal: seal.expect("32 bytes are a key of AES-256"),
            digest: derive("tongbao 2026 keyed digests"),
            session: hmac::Key::new(hmac::HMAC_SHA256, &derive("tongbao 2026 sessions")),
            pepper: derive("tongbao 2026 payment passwords"),
            signing_seed: derive("tongbao 2026 webhook signatures"),
            key_check: derive("tongbao 2026 key check value"),
        }
    }

    /// The check value of the master key: tells whether two keys are one, and nothing else of them.
    pub fn key_check(&self) -> [u8; 32] {
        self.key_check
    }

    /// Seals a text for a field.
    pub fn seal(&self, field: Field, text: &str) -> String {
        let mut sealed = text.as_bytes().to_vec();
        let nonce = self.seal.seal_in_place_append_tag(Aad::from(field.name()), &mut sealed);
        let nonce = nonce.expect("a text of some hundred bytes can be sealed");
        let mut bytes = nonce.as_ref().to_vec();
        bytes.append(&mut sealed);
        STANDARD_NO_PAD.encode(bytes)
    }

    /// Opens what was sealed for a field.
    pub fn open(&self, field: Field, sealed: &str) -> Result<String, Unreadable> {
        let bytes = STANDARD_NO_PAD.decode(sealed).map_err(|_| Unreadable)?;
        let (nonce, rest) = bytes.split_at_checked(aws_lc_rs::aead::NONCE_LEN).ok_or(Unreadable)?;
        let nonce = aws_lc_rs::aead::Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unreadable)?;
        let mut rest = rest.to_vec();
        let open =
            self.seal.open_in_place(nonce, Aad::from(field.name()), &mut rest).map_err(|_| Unreadable)?;
        String::from_utf8(open.to_vec()).map_err(|_| Unreadable)
    }

    /// The digest by which a value is found without being readable. `purpose` keeps uses apart.
    pub fn digest(&self, purpose: &str, value: &str) -> [u8; 32] {
        let mut hash = blake3::Hasher::new_keyed(&self.digest);
        hash.update(purpose.as_bytes()).update(&[0]).update(value.as_bytes());
        hash.finalize().into()
    }

    fn argon2(&self) -> Argon2<'_> {
        let params =
            Params::new(ARGON2_MEMORY_KIB, ARGON2_PASSES, 1, None).expect("the parameters are in range");
        Argon2::new_with_secret(&self.pepper, Algorithm::Argon2id, Version::V0x13, params)
            .expect("the pepper is of a length that argon2 takes")
    }

    /// Hashes a payment password; takes some twenty milliseconds, so never on an async worker.
    pub fn hash_password(&self, password: &str, salt: &[u8; 16]) -> String {
        let hash = self.argon2().hash_password_with_salt(password.as_bytes(), salt);
        hash.expect("a password of six digits can be hashed").to_string()
    }

    /// Whether a payment password is the hashed one; takes as long.
    pub fn is_password(&self, password: &str, hash: &str) -> bool {
        PasswordHash::new(hash)
            .is_ok_and(|hash| self.argon2().verify_password(password.as_bytes(), &hash).is_ok())
    }

    /// Signs the content of a session or form token.
    pub fn sign(&self, content: &[u8]) -> [u8; 32] {
        let tag = hmac::sign(&self.session, content);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(tag.as_ref());
        bytes
    }

    /// Whether this is our signature of the content; takes the same time either way.
    pub fn is_signature(&self, content: &[u8], signature: &[u8]) -> bool {
        hmac::verify(&self.session, content, signature).is_ok()
    }

    /// The seed of the key that signs notifications (Ed25519).
    pub fn signing_seed(&self) -> [u8; 32] {
        self.signing_seed
    }
}

/// Whether two secrets are equal, in time that does not depend on where they differ.
pub fn is_equal(left: &[u8], right: &[u8]) -> bool {
    verify_slices_are_equal(left, right).is_ok()
}
