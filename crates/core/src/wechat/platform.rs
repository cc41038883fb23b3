//! What the platform signs with in WeChat Pay's interface: its authority, its certificates, its public key.

use serde::{Deserialize, Serialize};

use crate::{ChangeSet, Context, Facts, Key, Refusal, Stop, Time, id::WechatPlatformId};

/// Certificates that may be valid at once: the one in use, and the one that follows it.
pub const PLATFORM_CERTIFICATES_MAX: usize = 2;

/// How long before its end a certificate is no longer signed with, if another can be: the last five days,
/// by the guide to replacing platform certificates.
pub const LAST_DAYS_MS: i64 = 5 * 24 * 3_600 * 1_000;

/// The authority that issued all certificates.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedAuthority {
    /// Its own certificate, as a file.
    pub certificate: String,
    /// Its private key, sealed by the shell.
    pub key_sealed: String,
}

/// A platform certificate (平台证书) and its key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformCertificate {
    /// The serial number in upper-case hexadecimal digits.
    pub serial: String,
    /// The certificate, as a file.
    pub certificate: String,
    /// Its private key, sealed by the shell.
    pub key_sealed: String,
    /// The first instant at which it is valid.
    pub not_before: Time,
    /// The last instant at which it is valid.
    pub not_after: Time,
    /// Since when it signs no more, because the next one took over before its time. It is listed on, so that
    /// what it has signed can be verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<Time>,
}

impl PlatformCertificate {
    /// Whether it may sign at this instant of the world's time.
    fn may_sign_at(&self, world: Time) -> bool {
        self.retired_at.is_none() && self.not_before <= world && world <= self.not_after
    }
}

/// The public key (微信支付公钥) and its private half.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformPublicKey {
    /// `PUB_KEY_ID_` and digits.
    pub id: String,
    /// The public half, as a file.
    pub public_key: String,
    /// The private half, sealed by the shell.
    pub key_sealed: String,
}

/// The platform's keys. There is one such record.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WechatPlatform {
    /// Its id.
    pub id: WechatPlatformId,
    /// How often it changed.
    pub version: u32,
    /// Who issued the certificates.
    pub authority: SealedAuthority,
    /// Platform certificates, oldest first.
    pub certificates: Vec<PlatformCertificate>,
    /// The public key.
    pub public_key: PlatformPublicKey,
    /// When it was made.
    pub created_at: Time,
}

macro_rules! shown_as {
    ($($name:ident by $field:ident;)*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({:?})", stringify!($name), self.$field)
            }
        }
    )*};
}

shown_as! {
    PlatformCertificate by serial;
    PlatformPublicKey by id;
    WechatPlatform by version;
}

impl std::fmt::Debug for SealedAuthority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealedAuthority")
    }
}

impl WechatPlatform {
    /// The certificate that signs at this instant of the world's time: of those that are valid and not retired
    /// the oldest that is not in its last five days, else the one that is valid longest.
    pub fn signs_at(&self, world: Time) -> Option<&PlatformCertificate> {
        let valid = || self.certificates.iter().filter(move |known| known.may_sign_at(world));
        let settled = valid().find(|known| known.not_after.since_ms(world) > LAST_DAYS_MS);
        settled.or_else(|| valid().max_by_key(|known| known.not_after))
    }
}

/// What the platform's keys are at first.
#[derive(Clone, Debug)]
pub struct NewPlatform {
    /// Who issued the certificate.
    pub authority: SealedAuthority,
    /// The first certificate.
    pub certificate: PlatformCertificate,
    /// The public key.
    pub public_key: PlatformPublicKey,
}

/// Keeps the platform's first keys.
pub fn found(
    facts: &dyn Facts,
    cx: &mut Context,
    new: &NewPlatform,
) -> Result<(ChangeSet, WechatPlatformId), Stop> {
    if facts.key(&Key::WechatPlatform)?.is_some() {
        return Err(Refusal::Invalid { param: "platform", must: "founded once" }.into());
    }
    let id = cx.draw();
    let mut change = ChangeSet::default();
    change.put(WechatPlatform {
        id,
        version: 1,
        authority: new.authority.clone(),
        certificates: vec![new.certificate.clone()],
        public_key: new.public_key.clone(),
        created_at: cx.at(),
    });
    Ok((change, id))
}

/// Adds the certificate that follows. Those that have ended go; of more than two, the retired ones go, too.
pub fn add_certificate(
    facts: &dyn Facts,
    world: Time,
    certificate: &PlatformCertificate,
) -> Result<ChangeSet, Stop> {
    let now = known(facts)?;
    let mut certificates = now.certificates.clone();
    certificates.retain(|known| world <= known.not_after);
    if certificates.len() >= PLATFORM_CERTIFICATES_MAX {
        certificates.retain(|known| known.retired_at.is_none());
    }
    if certificates.len() >= PLATFORM_CERTIFICATES_MAX {
        return Err(
            Refusal::Invalid { param: "certificate", must: "added while at most one is valid" }.into()
        );
    }
    certificates.push(certificate.clone());
    let mut change = ChangeSet::default();
    change.put(WechatPlatform { version: now.version.saturating_add(1), certificates, ..now.clone() });
    Ok(change)
}

/// Lets the newest certificate sign from now on and retires the others. Merchants must have had time to download
/// the new one.
pub fn switch_certificate(facts: &dyn Facts, world: Time) -> Result<ChangeSet, Stop> {
    let now = known(facts)?;
    let mut certificates = now.certificates.clone();
    let older = match certificates.split_last_mut() {
        Some((newest, older)) if newest.may_sign_at(world) && !older.is_empty() => older,
        _ => return Err(Refusal::Invalid { param: "certificate", must: "added before it takes over" }.into()),
    };
    let mut change = ChangeSet::default();
    if older.iter().any(|known| known.retired_at.is_none()) {
        for known in older {
            known.retired_at = known.retired_at.or(Some(world));
        }
        change.put(WechatPlatform { version: now.version.saturating_add(1), certificates, ..now.clone() });
    }
    Ok(change)
}

/// The platform's keys.
fn known(facts: &dyn Facts) -> Result<&WechatPlatform, Stop> {
    let found = facts.find::<WechatPlatform>(&Key::WechatPlatform)?;
    Ok(found.ok_or(Refusal::NotFound("WeChat Pay platform"))?)
}
