//! Keys that were opened, remembered for a second.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    thread::available_parallelism,
};

use tokio::sync::Semaphore;
use tongbao_channel::wechat::{
    certificate::Certificate,
    envelope::ApiV3Key,
    serial::{KeyName, Serial},
    signature::{SigningKey, VerifyingKey},
};
use tongbao_core::{
    Key, Time,
    wechat::{
        WechatMerchant, WechatPlatform,
        merchant::{KeyMode, MerchantCertificate},
    },
};
use tongbao_store::Fault;

use super::NamedKey;
use crate::{Engine, vault::Field};

/// How long a record is taken for the newest after it was looked up, in milliseconds.
const REMEMBERED_MS: i64 = 1_000;

/// Merchants remembered at once; beyond that all are forgotten, which costs each one look-up.
const MERCHANTS_REMEMBERED_MAX: usize = 10_000;

/// What was looked up, and when.
type Remembered<T> = (Time, Arc<T>);

/// See the module.
pub(crate) struct Keyring {
    platform: Mutex<Option<Remembered<PlatformKeys>>>,
    merchants: Mutex<HashMap<String, Remembered<MerchantKeys>>>,
    /// As many signatures at once as there are processors: more would only wait for each other.
    pub(super) signers: Semaphore,
}

impl Keyring {
    pub(crate) fn new() -> Keyring {
        let places = available_parallelism().map_or(1, std::num::NonZero::get);
        Keyring { platform: Mutex::default(), merchants: Mutex::default(), signers: Semaphore::new(places) }
    }
}

/// The platform's keys.
pub struct PlatformKeys {
    record: WechatPlatform,
    certificates: Vec<(Certificate, Arc<SigningKey>)>,
    public_key: NamedKey,
}

impl PlatformKeys {
    fn open(engine: &Engine, record: WechatPlatform) -> Result<PlatformKeys, Fault> {
        let key = |sealed: &str| {
            let pem = engine.vault.open(Field::WechatPlatformKey, sealed).map_err(broken)?;
            SigningKey::from_pem(&pem).map(Arc::new).map_err(broken)
        };
        let certificates = record.certificates.iter().map(|known| {
            let certificate = Certificate::from_pem(&known.certificate).map_err(broken)?;
            Ok((certificate, key(&known.key_sealed)?))
        });
        let certificates = certificates.collect::<Result<Vec<_>, Fault>>()?;
        let id = record.public_key.id.parse().map_err(broken)?;
        let public_key = NamedKey { name: KeyName::PublicKey(id), key: key(&record.public_key.key_sealed)? };
        Ok(PlatformKeys { record, certificates, public_key })
    }

    /// The key that signs for a merchant: the public key for those who have no other, or who want it; else a
    /// certificate's, if one is valid.
    pub fn signer(&self, mode: KeyMode, by_public_key: bool, world: Time) -> Option<NamedKey> {
        let public = match mode {
            KeyMode::PublicKey => true,
            KeyMode::Certificates => false,
            KeyMode::Both => by_public_key,
        };
        if public {
            return Some(self.public_key.clone());
        }
        let serial: Serial = self.record.signs_at(world)?.serial.parse().ok()?;
        let (certificate, key) = self.certificates.iter().find(|(known, _)| known.serial() == serial)?;
        Some(NamedKey { name: KeyName::Certificate(certificate.serial()), key: Arc::clone(key) })
    }

    /// The private key that this name is of, for what was encrypted with its public half.
    pub(super) fn private_key(&self, name: &KeyName) -> Option<Arc<SigningKey>> {
        match name {
            KeyName::PublicKey(_) => {
                (*name == self.public_key.name).then(|| Arc::clone(&self.public_key.key))
            }
            KeyName::Certificate(serial) => {
                let mut known = self.certificates.iter();
                known.find(|(known, _)| known.serial() == *serial).map(|(_, key)| Arc::clone(key))
            }
        }
    }

    /// The certificates that are valid now or will be.
    pub fn listed(&self, world: Time) -> impl Iterator<Item = &Certificate> {
        let certificates = self.certificates.iter().map(|(certificate, _)| certificate);
        certificates.filter(move |certificate| world <= certificate.not_after())
    }
}

/// A merchant's keys.
pub struct MerchantKeys {
    /// The merchant.
    pub record: WechatMerchant,
    /// The key shared with the platform, if the merchant has set one.
    pub api_v3_key: Option<ApiV3Key>,
    certificates: Vec<(Serial, VerifyingKey)>,
}

impl MerchantKeys {
    fn open(engine: &Engine, record: WechatMerchant) -> Result<MerchantKeys, Fault> {
        let read = |known: &MerchantCertificate| {
            let serial: Serial = known.serial.parse().map_err(broken)?;
            Ok((serial, VerifyingKey::from_pem(&known.public_key).map_err(broken)?))
        };
        let certificates = record.certificates.iter().map(read).collect::<Result<_, Fault>>()?;
        let open = |sealed: &String| {
            let key = engine.vault.open(Field::WechatApiV3Key, sealed).map_err(broken)?;
            ApiV3Key::new(key.as_bytes()).map_err(broken)
        };
        let api_v3_key = record.api_v3_key.as_ref().map(open).transpose()?;
        Ok(MerchantKeys { record, api_v3_key, certificates })
    }

    /// All its certificates, oldest first, with their keys; also those that requests may not be signed with.
    pub fn certificates(&self) -> impl Iterator<Item = (&MerchantCertificate, &VerifyingKey)> {
        self.record.certificates.iter().zip(self.certificates.iter().map(|(_, key)| key))
    }

    /// The key of its certificate with this serial number, if requests may be signed with it now.
    pub fn verifier(&self, serial: Serial, world: Time) -> Option<&VerifyingKey> {
        let mut pairs = self.certificates.iter().zip(&self.record.certificates);
        let (found, _) = pairs.find(|((known, _), state)| *known == serial && state.is_usable_at(world))?;
        Some(&found.1)
    }
}

fn broken(why: impl std::fmt::Display) -> Fault {
    Fault::Broken(format!("a key of WeChat Pay's interface: {why}"))
}

fn is_fresh(looked_up: Time, now: Time) -> bool {
    (0..REMEMBERED_MS).contains(&now.since_ms(looked_up))
}

impl Engine {
    /// The platform's keys in WeChat Pay's interface, if it has any.
    pub fn wechat_platform(&self) -> Result<Option<Arc<PlatformKeys>>, Fault> {
        let now = self.now();
        let known = self.wechat.platform.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, keys)) = known.as_ref().filter(|(at, _)| is_fresh(*at, now)) {
            return Ok(Some(Arc::clone(keys)));
        }
        let Some(record) = self.store.find::<WechatPlatform>(Key::WechatPlatform)? else { return Ok(None) };
        let keys = match known {
            Some((_, keys)) if keys.record.version == record.version => keys,
            _ => Arc::new(PlatformKeys::open(self, record)?),
        };
        let remembered = Some((now, Arc::clone(&keys)));
        *self.wechat.platform.lock().unwrap_or_else(PoisonError::into_inner) = remembered;
        Ok(Some(keys))
    }

    /// Makes the next look-up read the platform's keys anew.
    pub(super) fn forget_wechat_platform(&self) {
        *self.wechat.platform.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The merchant with this number and its keys. Unknown numbers are not remembered, so a new merchant can
    /// begin at once and guesses fill no memory.
    pub fn wechat_merchant(&self, mchid: &str) -> Result<Option<Arc<MerchantKeys>>, Fault> {
        let now = self.now();
        let known = self.wechat.merchants.lock().unwrap_or_else(PoisonError::into_inner).get(mchid).cloned();
        if let Some((_, keys)) = known.as_ref().filter(|(at, _)| is_fresh(*at, now)) {
            return Ok(Some(Arc::clone(keys)));
        }
        let found = self.store.find::<WechatMerchant>(Key::WechatMerchant(mchid.to_owned()))?;
        let Some(record) = found else { return Ok(None) };
        let keys = match known {
            Some((_, keys)) if keys.record.version == record.version => keys,
            _ => Arc::new(MerchantKeys::open(self, record)?),
        };
        let mut merchants = self.wechat.merchants.lock().unwrap_or_else(PoisonError::into_inner);
        if merchants.len() >= MERCHANTS_REMEMBERED_MAX {
            merchants.clear();
        }
        merchants.insert(mchid.to_owned(), (now, Arc::clone(&keys)));
        Ok(Some(keys))
    }
}
