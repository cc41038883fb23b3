//! Making the keys of WeChat Pay's interface and certifying them: the platform's, and those of merchants.
//!
//! Keys of RSA take a tenth of a second each and more, so nothing here is for async workers. Nothing is stored:
//! what is made becomes an input of the core.

use tongbao_channel::wechat::{
    authority::{Authority, IssueError, Occasion, TlsLeaf},
    certificate::Certificate,
    draw,
    serial::PublicKeyId,
    signature::{SigningKey, VerifyingKey},
};
use tongbao_core::{
    id::AppId,
    wechat::{
        WechatPlatform,
        merchant::{KeyMode, MerchantCertificate, NewWechatMerchant},
        platform::{NewPlatform, PlatformCertificate, PlatformPublicKey, SealedAuthority},
    },
};
use tongbao_store::Fault;

use crate::{Engine, Mode, vault::Field};

/// The name in the platform's certificates.
pub const fn authority_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Sandbox => "Tongbao Sandbox",
        Mode::Production => "Tongbao",
    }
}

/// A platform that was founded: what to keep, and the authority that issues for merchants.
#[derive(Debug)]
pub struct Founded {
    /// What to keep.
    pub platform: NewPlatform,
    /// Issues certificates.
    pub authority: Authority,
}

/// A merchant's identity: what to keep, and what the merchant is given.
pub struct Enrolled {
    /// What to keep.
    pub merchant: NewWechatMerchant,
    /// The merchant's private key, as a file.
    pub private_key: zeroize::Zeroizing<String>,
    /// The merchant's certificate, as a file.
    pub certificate: String,
    /// The key shared with the platform.
    pub api_v3_key: String,
}

/// The same for a merchant who keeps its private key to itself.
pub struct Certified {
    /// What to keep.
    pub merchant: NewWechatMerchant,
    /// The merchant's certificate, as a file.
    pub certificate: String,
    /// The key shared with the platform.
    pub api_v3_key: String,
}

/// Who is enrolled.
#[derive(Clone, Copy, Debug)]
pub struct Enrolment<'a> {
    /// The merchant number.
    pub mchid: &'a str,
    /// The merchant's name.
    pub organization: &'a str,
    /// Which app its orders belong to.
    pub app: AppId,
    /// The bound appids.
    pub appids: &'a [String],
    /// With which keys it verifies.
    pub key_mode: KeyMode,
}

/// Keys, made side by side.
fn keys<const N: usize>() -> [SigningKey; N] {
    std::thread::scope(|scope| {
        let threads = [(); N].map(|()| scope.spawn(SigningKey::generate));
        threads.map(|thread| thread.join().expect("making a key does not panic"))
    })
}

impl Engine {
    fn occasion(&self) -> Occasion {
        let mut random = [0; 20];
        random.copy_from_slice(&self.entropy.secret()[..20]);
        Occasion { now: self.clock.world(), random }
    }

    fn seal_key(&self, key: &SigningKey) -> String {
        self.vault.seal(Field::WechatPlatformKey, &key.to_pem())
    }

    /// Makes the platform's keys: an authority, one platform certificate, the public key.
    pub fn found_wechat(&self, name: &str) -> Result<Founded, IssueError> {
        let [root, leaf, public] = keys();
        let authority = Authority::found(name, root, self.occasion())?;
        let certificate = authority.issue_platform(&leaf.verifying_key(), name, self.occasion())?;
        let platform = NewPlatform {
            authority: SealedAuthority {
                certificate: authority.certificate().to_pem(),
                key_sealed: self.vault.seal(Field::WechatPlatformKey, &authority.key_pem()),
            },
            certificate: self.kept_platform(&certificate, &leaf),
            public_key: PlatformPublicKey {
                id: PublicKeyId::draw(self.entropy.seed()).to_string(),
                public_key: public.verifying_key().to_pem(),
                key_sealed: self.seal_key(&public),
            },
        };
        Ok(Founded { platform, authority })
    }

    /// The next platform certificate, with a key of its own.
    pub fn next_wechat_certificate(
        &self,
        authority: &Authority,
        name: &str,
    ) -> Result<PlatformCertificate, IssueError> {
        let [key] = keys();
        let certificate = authority.issue_platform(&key.verifying_key(), name, self.occasion())?;
        Ok(self.kept_platform(&certificate, &key))
    }

    fn kept_platform(&self, certificate: &Certificate, key: &SigningKey) -> PlatformCertificate {
        PlatformCertificate {
            serial: certificate.serial().to_string(),
            certificate: certificate.to_pem(),
            key_sealed: self.seal_key(key),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
            retired_at: None,
        }
    }

    /// The authority of a platform that was founded before.
    pub fn wechat_authority(&self, platform: &WechatPlatform) -> Result<Authority, Fault> {
        let SealedAuthority { certificate, key_sealed } = &platform.authority;
        let key = self.vault.open(Field::WechatPlatformKey, key_sealed).map(zeroize::Zeroizing::new);
        let key = key.map_err(broken)?;
        Authority::load(certificate, &key).map_err(broken)
    }

    /// Makes a merchant's key, certificate and shared key.
    pub fn enrol_wechat(&self, authority: &Authority, who: &Enrolment<'_>) -> Result<Enrolled, IssueError> {
        let [key] = keys();
        let Certified { merchant, certificate, api_v3_key } =
            self.enrol_wechat_key(authority, who, &key.verifying_key())?;
        Ok(Enrolled { merchant, private_key: key.to_pem(), certificate, api_v3_key })
    }

    /// Makes a certificate for a key whose private half the merchant has, and a shared key.
    pub fn enrol_wechat_key(
        &self,
        authority: &Authority,
        who: &Enrolment<'_>,
        key: &VerifyingKey,
    ) -> Result<Certified, IssueError> {
        let certificate = self.certify_wechat(authority, who.mchid, who.organization, key)?;
        let api_v3_key = draw::alphanumeric(&self.entropy.secret());
        let merchant = NewWechatMerchant {
            mchid: who.mchid.to_owned(),
            app: who.app,
            appids: who.appids.to_vec(),
            certificate: kept(&certificate),
            api_v3_key: Some(self.vault.seal(Field::WechatApiV3Key, &api_v3_key)),
            key_mode: who.key_mode,
        };
        Ok(Certified { merchant, certificate: certificate.to_pem(), api_v3_key })
    }

    /// Issues a merchant's certificate.
    pub fn certify_wechat(
        &self,
        authority: &Authority,
        mchid: &str,
        organization: &str,
        key: &VerifyingKey,
    ) -> Result<Certificate, IssueError> {
        authority.issue_merchant(key, mchid, organization, self.occasion())
    }

    /// Issues a TLS certificate with which a test set-up stands for these hosts.
    pub fn certify_wechat_hosts(
        &self,
        authority: &Authority,
        hosts: &[String],
    ) -> Result<TlsLeaf, IssueError> {
        authority.issue_tls(hosts, self.occasion())
    }
}

fn broken(why: impl std::fmt::Display) -> Fault {
    Fault::Broken(format!("the authority of WeChat Pay's interface: {why}"))
}

/// What is kept of a merchant's certificate.
pub fn kept(certificate: &Certificate) -> MerchantCertificate {
    MerchantCertificate {
        serial: certificate.serial().to_string(),
        public_key: certificate.key().to_pem(),
        not_before: certificate.not_before(),
        not_after: certificate.not_after(),
        revoked_at: None,
    }
}
