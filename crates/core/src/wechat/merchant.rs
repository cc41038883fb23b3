//! The identity of a merchant in WeChat Pay's interface: number, apps, certificates, the shared key.

use serde::{Deserialize, Serialize};

use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop, Time,
    id::{AppId, MerchantId, WechatMerchantId},
    limits::{WECHAT_APPIDS_MAX, WECHAT_CERTIFICATES_MAX},
    merchant,
};

/// With which of the platform's keys a merchant verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyMode {
    /// With platform certificates (平台证书), as merchants from before 2024 do.
    Certificates,
    /// With the public key (微信支付公钥).
    PublicKey,
    /// With either; a request names which.
    Both,
}

/// A merchant API certificate (商户API证书), as far as the platform needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MerchantCertificate {
    /// The serial number in upper-case hexadecimal digits.
    pub serial: String,
    /// The public key as a `PUBLIC KEY` file.
    pub public_key: String,
    /// The first instant at which it is valid.
    pub not_before: Time,
    /// The last instant at which it is valid.
    pub not_after: Time,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Time>,
}

impl MerchantCertificate {
    /// Whether requests may be signed with it at this instant of the world's time.
    pub fn is_usable_at(&self, world: Time) -> bool {
        self.revoked_at.is_none() && self.not_before <= world && world <= self.not_after
    }
}

/// A merchant as WeChat Pay's interface knows it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WechatMerchant {
    /// Its id.
    pub id: WechatMerchantId,
    /// How often it changed.
    pub version: u32,
    /// The merchant number (商户号).
    pub mchid: String,
    /// Who is paid.
    pub merchant: MerchantId,
    /// Which app its orders belong to.
    pub app: AppId,
    /// The official accounts, mini programs and apps that are bound to it.
    pub appids: Vec<String>,
    /// Its certificates, oldest first.
    pub certificates: Vec<MerchantCertificate>,
    /// The key it shares with the platform (`APIv3密钥`), sealed by the shell. Without it nothing is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_v3_key: Option<String>,
    /// With which keys it verifies.
    pub key_mode: KeyMode,
    /// Where it is told what others share with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharing_notify_url: Option<String>,
    /// Where it is told of complaints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complaint_address: Option<ComplaintAddress>,
    /// When it was made.
    pub created_at: Time,
}

/// Where a merchant number is told of complaints (投诉通知回调地址).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComplaintAddress {
    /// The address.
    pub url: String,
    /// Whether who has set it verifies with the public key. What is sent there is then signed with that.
    #[serde(default)]
    pub by_public_key: bool,
}

impl std::fmt::Debug for WechatMerchant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WechatMerchant({}, version {})", self.mchid, self.version)
    }
}

impl WechatMerchant {
    pub(crate) fn keys(&self) -> Vec<Key> {
        vec![Key::WechatMerchant(self.mchid.clone())]
    }
}

/// What a new identity is made of.
#[derive(Clone, Debug)]
pub struct NewWechatMerchant {
    /// The merchant number: 1 to 32 letters and digits.
    pub mchid: String,
    /// Which app of which merchant.
    pub app: AppId,
    /// The bound appids.
    pub appids: Vec<String>,
    /// Its first certificate.
    pub certificate: MerchantCertificate,
    /// The shared key, sealed.
    pub api_v3_key: Option<String>,
    /// With which keys it verifies.
    pub key_mode: KeyMode,
}

/// Whether a text can be a merchant number or an appid: string(32) in every table of the interface.
pub fn is_number(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Gives an app an identity in WeChat Pay's interface; a merchant number has one for ever.
pub fn register(
    facts: &dyn Facts,
    cx: &mut Context,
    new: &NewWechatMerchant,
) -> Result<(ChangeSet, WechatMerchantId), Stop> {
    let invalid = |param, must| Err(Refusal::Invalid { param, must }.into());
    if !is_number(&new.mchid) {
        return invalid("mchid", "1 to 32 letters or digits");
    }
    if !(1..=WECHAT_APPIDS_MAX).contains(&new.appids.len()) || !new.appids.iter().all(|id| is_number(id)) {
        return invalid("appids", "1 to 50 texts of 1 to 32 letters or digits");
    }
    if facts.key(&Key::WechatMerchant(new.mchid.clone()))?.is_some() {
        return invalid("mchid", "a number that no other merchant has");
    }
    let app = merchant::app(facts, new.app)?;
    let id = cx.draw();
    let mut change = ChangeSet::default();
    change.put(WechatMerchant {
        id,
        version: 1,
        mchid: new.mchid.clone(),
        merchant: app.merchant,
        app: app.id,
        appids: new.appids.clone(),
        certificates: vec![new.certificate.clone()],
        api_v3_key: new.api_v3_key.clone(),
        key_mode: new.key_mode,
        sharing_notify_url: None,
        complaint_address: None,
        created_at: cx.at(),
    });
    Ok((change, id))
}

/// Adds a certificate: both sign until the older one ends or is revoked.
pub fn add_certificate(
    facts: &dyn Facts,
    mchid: &str,
    certificate: &MerchantCertificate,
) -> Result<ChangeSet, Stop> {
    let now = known(facts, mchid)?;
    if now.certificates.iter().any(|known| known.serial == certificate.serial) {
        return Err(Refusal::Invalid { param: "serial", must: "one that is not known yet" }.into());
    }
    if now.certificates.len() >= WECHAT_CERTIFICATES_MAX {
        return Err(Refusal::Invalid { param: "certificate", must: "one of at most 32 in all" }.into());
    }
    let mut next = next(now);
    next.certificates.push(certificate.clone());
    let mut change = ChangeSet::default();
    change.put(next);
    Ok(change)
}

/// Revokes a certificate from now on; one that is revoked stays so.
pub fn revoke_certificate(
    facts: &dyn Facts,
    cx: &Context,
    mchid: &str,
    serial: &str,
) -> Result<ChangeSet, Stop> {
    let mut next = next(known(facts, mchid)?);
    let found = next.certificates.iter_mut().find(|known| known.serial == serial);
    let certificate = found.ok_or(Refusal::NotFound("certificate"))?;
    let mut change = ChangeSet::default();
    if certificate.revoked_at.is_none() {
        certificate.revoked_at = Some(cx.at());
        change.put(next);
    }
    Ok(change)
}

/// Changes with which keys a merchant verifies.
pub fn set_key_mode(facts: &dyn Facts, mchid: &str, key_mode: KeyMode) -> Result<ChangeSet, Stop> {
    let now = known(facts, mchid)?;
    let mut change = ChangeSet::default();
    if now.key_mode != key_mode {
        change.put(WechatMerchant { key_mode, ..next(now) });
    }
    Ok(change)
}

/// Sets where a merchant is told what others share with it; none is nowhere.
pub fn set_sharing_notify_url(facts: &dyn Facts, mchid: &str, url: Option<&str>) -> Result<ChangeSet, Stop> {
    let now = known(facts, mchid)?;
    let mut change = ChangeSet::default();
    if now.sharing_notify_url.as_deref() != url {
        change.put(WechatMerchant { sharing_notify_url: url.map(ToOwned::to_owned), ..next(now) });
    }
    Ok(change)
}

/// What is done with the address for complaints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressChange {
    /// Set it where none is set.
    Create(ComplaintAddress),
    /// Set it in place of another.
    Replace(ComplaintAddress),
    /// Set none.
    Delete,
}

/// What became of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressChanged {
    /// It is as was asked for, now or before.
    Done,
    /// Another one is set.
    Exists,
    /// None is set.
    Missing,
}

/// Changes where a merchant number is told of complaints.
pub fn change_complaint_address(
    facts: &dyn Facts,
    mchid: &str,
    change: &AddressChange,
) -> Result<(ChangeSet, AddressChanged), Stop> {
    let now = known(facts, mchid)?;
    let wanted = match (change, &now.complaint_address) {
        (AddressChange::Create(wanted), Some(known)) if known.url != wanted.url => {
            return Ok((ChangeSet::default(), AddressChanged::Exists));
        }
        (AddressChange::Replace(_), None) => return Ok((ChangeSet::default(), AddressChanged::Missing)),
        (AddressChange::Create(wanted) | AddressChange::Replace(wanted), _) => Some(wanted.clone()),
        (AddressChange::Delete, _) => None,
    };
    let mut changes = ChangeSet::default();
    if now.complaint_address != wanted {
        changes.put(WechatMerchant { complaint_address: wanted, ..next(now) });
    }
    Ok((changes, AddressChanged::Done))
}

/// The merchant with this number.
pub fn known<'a>(facts: &'a dyn Facts, mchid: &str) -> Result<&'a WechatMerchant, Stop> {
    let found = facts.find::<WechatMerchant>(&Key::WechatMerchant(mchid.to_owned()))?;
    Ok(found.ok_or(Refusal::NotFound("WeChat Pay merchant"))?)
}

fn next(now: &WechatMerchant) -> WechatMerchant {
    WechatMerchant { version: now.version.saturating_add(1), ..now.clone() }
}
