//! What only this installation may read: secrets and personal data, sealed field by field.
//!
//! All keys but newer data keys are derived from one master key, each for one use (BLAKE3 key derivation). Sealing is
//! AES-256-GCM with a random nonce; the field's name is authenticated with it, so a sealed phone number
//! cannot be passed off as a sealed secret.
//!
//! ```text
//!   sealed with data key 1: base64          with data key n: n.base64
//! ```
//! Data key 1 is derived; the others are drawn, and kept wrapped by another derived key. The newest seals, all of them
//! open. A process that meets a number it does not know looks for new keys in the store, once for each such text.
//!
//! **Absent on purpose:** the master key in any log, error or debug output.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

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
use tongbao_core::data_keys::{DataKeys, FIRST_KEY, WrappedKey};

/// argon2id as OWASP's password storage cheat sheet asks: 19 MiB, two passes, one lane.
const ARGON2_MEMORY_KIB: u32 = 19_456;
const ARGON2_PASSES: u32 = 2;

macro_rules! fields {
    ($($(#[$doc:meta])* $field:ident = $name:literal;)*) => {
        /// Which field a sealed text belongs to.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Field { $($(#[$doc])* $field),* }

        impl Field {
            /// All of them.
            const ALL: &[Field] = &[$(Field::$field),*];

            const fn name(self) -> &'static [u8] {
                match self { $(Field::$field => $name),* }
            }
        }
    };
}

fields! {
    /// A secret that signs notifications.
    WebhookSecret = b"webhook secret";
    /// A payer's phone number.
    Phone = b"phone";
    /// The key that a merchant of WeChat Pay's interface shares with the platform.
    WechatApiV3Key = b"wechat api v3 key";
    /// A private key of the platform in WeChat Pay's interface.
    WechatPlatformKey = b"wechat platform key";
    /// A person's name.
    Name = b"name";
    /// A citizen's ID number.
    IdNumber = b"id number";
    /// The seed of a payer's payment codes.
    PaymentCodeSeed = b"payment code seed";
    /// A transfer that a payer is about to confirm, kept by the browser.
    TransferDraft = b"transfer draft";
    /// The number of a bank card.
    CardNumber = b"card number";
    /// A one-time code on its way.
    Code = b"one-time code";
    /// A payer's mail address.
    MailAddress = b"mail address";
    /// A withdrawal that a payer is about to confirm, kept by the browser.
    WithdrawalDraft = b"withdrawal draft";
    /// The number of an account at a biller.
    BillerAccount = b"biller account";
    /// What a biller said is due, kept by the browser until it is paid.
    UtilityOffer = b"utility offer";
    /// Whom a payer has found by phone number, kept by its app until money is sent there.
    PayeeReference = b"payee reference";
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

/// Where a vault finds data keys that it does not know yet.
pub type KeySource = Box<dyn Fn() -> Option<DataKeys> + Send + Sync>;

/// See the module.
pub struct Vault {
    keys: RwLock<BTreeMap<u32, Arc<RandomizedNonceKey>>>,
    wrap: RandomizedNonceKey,
    source: Option<KeySource>,
    digest: [u8; 32],
    session: hmac::Key,
    pepper: [u8; 32],
    signing_seed: [u8; 32],
    sharing_seed: [u8; 32],
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
        let first = Arc::new(aes_key(&derive("tongbao 2026 seal fields")));
        Vault {
            keys: RwLock::new(BTreeMap::from([(FIRST_KEY, first)])),
            wrap: aes_key(&derive("tongbao 2026 wrap data keys")),
            source: None,
            digest: derive("tongbao 2026 keyed digests"),
            session: hmac::Key::new(hmac::HMAC_SHA256, &derive("tongbao 2026 sessions")),
            pepper: derive("tongbao 2026 payment passwords"),
            signing_seed: derive("tongbao 2026 webhook signatures"),
            sharing_seed: derive("tongbao 2026 list sharing"),
            key_check: derive("tongbao 2026 key check value"),
        }
    }

    /// The check value of the master key: tells whether two keys are one, and nothing else of them.
    pub fn key_check(&self) -> [u8; 32] {
        self.key_check
    }

    /// The same, looking for data keys there: the ones there are now are known afterwards.
    #[must_use]
    pub fn with_source(self, source: KeySource) -> Vault {
        let vault = Vault { source: Some(source), ..self };
        vault.look_for_keys();
        vault
    }

    /// A fresh data key of this number, wrapped: 32 bytes nobody can guess.
    pub fn wrap(&self, number: u32, key: &[u8; 32]) -> String {
        seal_with(&self.wrap, &wrapped_name(number), key)
    }

    /// Learns the keys that the source has. A wrapped key that cannot be unwrapped is of another master key, and of
    /// that somebody else complains.
    pub fn look_for_keys(&self) {
        let Some(found) = self.source.as_ref().and_then(|source| source()) else { return };
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        for WrappedKey { number, wrapped, .. } in &found.keys {
            let unwrapped = open_with(&self.wrap, &wrapped_name(*number), wrapped);
            if let Some(key) = unwrapped.ok().and_then(|key| <[u8; 32]>::try_from(key).ok()) {
                keys.insert(*number, Arc::new(aes_key(&key)));
            }
        }
    }

    /// The number of the key that seals, and the key.
    fn newest(&self) -> (u32, Arc<RandomizedNonceKey>) {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let (number, key) = keys.last_key_value().expect("the first key is always there");
        (*number, Arc::clone(key))
    }

    /// The number of the key that seals.
    pub fn newest_key(&self) -> u32 {
        self.newest().0
    }

    fn key(&self, number: u32) -> Option<Arc<RandomizedNonceKey>> {
        let known = || self.keys.read().unwrap_or_else(PoisonError::into_inner).get(&number).map(Arc::clone);
        known().or_else(|| {
            self.look_for_keys();
            known()
        })
    }

    /// Seals a text for a field.
    pub fn seal(&self, field: Field, text: &str) -> String {
        let (number, key) = self.newest();
        let sealed = seal_with(&key, field.name(), text.as_bytes());
        if number == FIRST_KEY { sealed } else { format!("{number}.{sealed}") }
    }

    /// Opens what was sealed for a field.
    pub fn open(&self, field: Field, sealed: &str) -> Result<String, Unreadable> {
        let (number, sealed) = numbered(sealed)?;
        let key = self.key(number).ok_or(Unreadable)?;
        String::from_utf8(open_with(&key, field.name(), sealed)?).map_err(|_| Unreadable)
    }

    /// A text as the newest key seals it; nothing if it is so already, or was not sealed here.
    pub fn resealed(&self, text: &str) -> Option<String> {
        let (number, _) = numbered(text).ok()?;
        if number == self.newest_key() {
            return None;
        }
        let open = |field: &Field| Some((*field, self.open(*field, text).ok()?));
        let (field, open) = Field::ALL.iter().find_map(open)?;
        Some(self.seal(field, &open))
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

    /// The seed of the keys by which risk lists are shared.
    pub fn sharing_seed(&self) -> [u8; 32] {
        self.sharing_seed
    }

    /// The seed of the key that signs notifications (Ed25519).
    pub fn signing_seed(&self) -> [u8; 32] {
        self.signing_seed
    }
}

fn aes_key(bytes: &[u8; 32]) -> RandomizedNonceKey {
    RandomizedNonceKey::new(&AES_256_GCM, bytes).expect("32 bytes are a key of AES-256")
}

/// What is authenticated with a wrapped key.
fn wrapped_name(number: u32) -> Vec<u8> {
    format!("data key {number}").into_bytes()
}

/// The number of the key that sealed a text, and the text without it.
fn numbered(sealed: &str) -> Result<(u32, &str), Unreadable> {
    match sealed.split_once('.') {
        Some((number, rest)) => Ok((number.parse().map_err(|_| Unreadable)?, rest)),
        None => Ok((FIRST_KEY, sealed)),
    }
}

fn seal_with(key: &RandomizedNonceKey, name: &[u8], content: &[u8]) -> String {
    let mut sealed = content.to_vec();
    let nonce = key.seal_in_place_append_tag(Aad::from(name), &mut sealed);
    let nonce = nonce.expect("a text of some hundred bytes can be sealed");
    let mut bytes = nonce.as_ref().to_vec();
    bytes.append(&mut sealed);
    STANDARD_NO_PAD.encode(bytes)
}

fn open_with(key: &RandomizedNonceKey, name: &[u8], sealed: &str) -> Result<Vec<u8>, Unreadable> {
    let bytes = STANDARD_NO_PAD.decode(sealed).map_err(|_| Unreadable)?;
    let (nonce, rest) = bytes.split_at_checked(aws_lc_rs::aead::NONCE_LEN).ok_or(Unreadable)?;
    let nonce = aws_lc_rs::aead::Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unreadable)?;
    let mut rest = rest.to_vec();
    let open = key.open_in_place(nonce, Aad::from(name), &mut rest).map_err(|_| Unreadable)?;
    Ok(open.to_vec())
}

/// Whether two secrets are equal, in time that does not depend on where they differ.
pub fn is_equal(left: &[u8], right: &[u8]) -> bool {
    verify_slices_are_equal(left, right).is_ok()
}
