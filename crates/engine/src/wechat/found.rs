//! Making the keys of WeChat Pay's interface: the platform's, and those of a merchant.
//!
//! Keys of RSA take a tenth of a second each and more, so nothing here is for async workers. Nothing is stored:
//! what is made becomes an input of the core.

use tongbao_channel::wechat::{
    authority::{Authority, IssueError, Occasion},
    certificate::Certificate,
    draw,
    serial::PublicKeyId,
    signature::SigningKey,
};
use tongbao_core::{
    id::AppId,
    wechat::{
        merchant::{KeyMode, MerchantCertificate, NewWechatMerchant},
        platform::{NewPlatform, PlatformCertificate, PlatformPublicKey, SealedAuthority},
    },
};

use crate::{Engine, vault::Field};

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
            certificate: PlatformCertificate {
                serial: certificate.serial().to_string(),
                certificate: certificate.to_pem(),
                key_sealed: self.seal_key(&leaf),
                not_before: certificate.not_before(),
                not_after: certificate.not_after(),
            },
            public_key: PlatformPublicKey {
                id: PublicKeyId::draw(self.entropy.seed()).to_string(),
                public_key: public.verifying_key().to_pem(),
                key_sealed: self.seal_key(&public),
            },
        };
        Ok(Founded { platform, authority })
    }

    /// Makes a merchant's key, certificate and shared key.
    pub fn enrol_wechat(&self, authority: &Authority, who: &Enrolment<'_>) -> Result<Enrolled, IssueError> {
        let [key] = keys();
        let certificate = self.issue_wechat(authority, &key, who)?;
        let api_v3_key = draw::alphanumeric(&self.entropy.secret());
        let merchant = NewWechatMerchant {
            mchid: who.mchid.to_owned(),
            app: who.app,
            appids: who.appids.to_vec(),
            certificate: kept(&certificate),
            api_v3_key: Some(self.vault.seal(Field::WechatApiV3Key, &api_v3_key)),
            key_mode: who.key_mode,
        };
        let (private_key, certificate) = (key.to_pem(), certificate.to_pem());
        Ok(Enrolled { merchant, private_key, certificate, api_v3_key })
    }

    fn issue_wechat(
        &self,
        authority: &Authority,
        key: &SigningKey,
        who: &Enrolment<'_>,
    ) -> Result<Certificate, IssueError> {
        authority.issue_merchant(&key.verifying_key(), who.mchid, who.organization, self.occasion())
    }
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
