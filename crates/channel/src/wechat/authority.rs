//! The platform's own certificate authority: merchant API certificates, platform certificates, and TLS
//! certificates for test set-ups.
//!
//! A certificate says what the platform knows of its subject. From a certificate request only the key is
//! taken, and only if the request is signed with it.
//!
//! **Absent on purpose:** revocation lists (the platform looks its certificates up by serial number), a
//! hierarchy, and memory of what was issued.

use std::{fmt, time::Duration};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, DnValue, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, PublicKeyData, SerialNumber, SignatureAlgorithm,
    SubjectPublicKeyInfo, date_time_ymd,
};
use tongbao_core::Time;
use x509_parser::{
    oid_registry::{OID_PKCS1_SHA256WITHRSA, OID_PKCS1_SHA384WITHRSA, OID_PKCS1_SHA512WITHRSA},
    prelude::{FromDer as _, X509CertificationRequest},
};
use zeroize::Zeroizing;

use super::{
    CLOCK_SKEW_S,
    certificate::Certificate,
    serial::Serial,
    signature::{KeyError, SigningKey, VerifyingKey, pem_content},
};

/// Days for which merchant and platform certificates are valid: five years, as WeChat Pay's.
pub const LEAF_DAYS: i64 = 5 * 365;

/// Days for which the authority itself is valid: twenty years, so that it outlives what it issues for
/// fifteen. What it issues later ends with it.
pub const AUTHORITY_DAYS: i64 = 20 * 365;

/// Days for which a TLS certificate is valid: below the 398 that browsers accept from public authorities.
pub const TLS_DAYS: i64 = 397;

/// Characters of a name in a certificate (RFC 5280 §A.1, `ub-common-name` and `ub-organization-name`).
pub const NAME_CHARS_MAX: usize = 64;

/// Host names in one TLS certificate. The official hosts are five.
pub const HOSTS_MAX: usize = 32;

const DAY_S: i64 = 86_400;

/// The end of year 9999, after which certificates have no dates (RFC 5280 §4.1.2.5).
const END_S: i64 = 253_402_300_799;

/// Why a certificate is not issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssueError {
    /// The key, the request or the authority's own files cannot be used.
    Key(KeyError),
    /// The certificate is not one of an authority, or the key is not its key.
    NotAuthority,
    /// The authority is not valid now.
    NotValid,
    /// A name is empty, longer than 64 characters, or has control characters; or a host is no host.
    Name,
}

impl fmt::Display for IssueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IssueError::Key(error) => error.fmt(f),
            IssueError::NotAuthority => f.write_str("not the certificate and key of an authority"),
            IssueError::NotValid => f.write_str("the authority is not valid at this time"),
            IssueError::Name => f.write_str("a name or host that cannot stand in a certificate"),
        }
    }
}

impl std::error::Error for IssueError {}

impl From<KeyError> for IssueError {
    fn from(error: KeyError) -> IssueError {
        IssueError::Key(error)
    }
}

/// When a certificate is issued and what its serial number is drawn from.
#[derive(Clone, Copy, Debug)]
pub struct Occasion {
    /// Now. Validity begins five minutes earlier, for readers whose clock is a little behind.
    pub now: Time,
    /// Bytes nobody can guess, used once.
    pub random: [u8; 20],
}

/// A certificate for TLS and its key.
#[derive(Debug)]
pub struct TlsLeaf {
    /// The certificate in PEM. Clients are told to trust the authority's.
    pub certificate_pem: String,
    /// The private key in PEM: ECDSA on P-256, from the crypto library's own source of chance.
    pub key_pem: Zeroizing<String>,
}

/// The key as the certificate library uses it, without a second copy of it.
struct Signer(SigningKey);

impl PublicKeyData for Signer {
    fn der_bytes(&self) -> &[u8] {
        self.0.public_pkcs1()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}

impl rcgen::SigningKey for Signer {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(self.0.sign_bytes(message).to_vec())
    }
}

/// A certificate authority: a certificate and its key.
pub struct Authority {
    issuer: Issuer<'static, Signer>,
    certificate: Certificate,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authority({})", self.certificate.serial())
    }
}

impl Authority {
    /// A new authority of this name with this key, signed by itself.
    pub fn found(name: &str, key: SigningKey, occasion: Occasion) -> Result<Authority, IssueError> {
        let mut params = params(&[(DnType::CommonName, name)], occasion, AUTHORITY_DAYS, END_S)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let signer = Signer(key);
        let certificate = params.self_signed(&signer).map_err(|_| IssueError::Name)?;
        Authority::new(Certificate::from_der(certificate.der())?, signer.0)
    }

    /// An authority that was founded before.
    pub fn load(certificate_pem: &str, key_pem: &str) -> Result<Authority, IssueError> {
        Authority::new(Certificate::from_pem(certificate_pem)?, SigningKey::from_pem(key_pem)?)
    }

    fn new(certificate: Certificate, key: SigningKey) -> Result<Authority, IssueError> {
        if !certificate.is_authority() || certificate.key().der() != key.verifying_key().der() {
            return Err(IssueError::NotAuthority);
        }
        let issuer = Issuer::from_ca_cert_der(&certificate.der().into(), Signer(key));
        Ok(Authority { issuer: issuer.map_err(|_| IssueError::NotAuthority)?, certificate })
    }

    /// Its own certificate, for those who are to trust it.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Its key in PEM, to be sealed and kept.
    pub fn key_pem(&self) -> Zeroizing<String> {
        self.issuer.key().0.to_pem()
    }

    /// A merchant API certificate (商户API证书): its common name is the merchant's number.
    pub fn issue_merchant(
        &self,
        key: &VerifyingKey,
        mchid: &str,
        organization: &str,
        occasion: Occasion,
    ) -> Result<Certificate, IssueError> {
        let names = [(DnType::CommonName, mchid), (DnType::OrganizationName, organization)];
        self.issue(key, &names, occasion)
    }

    /// A platform certificate (平台证书), for a key that signs answers and notifications.
    pub fn issue_platform(
        &self,
        key: &VerifyingKey,
        name: &str,
        occasion: Occasion,
    ) -> Result<Certificate, IssueError> {
        self.issue(key, &[(DnType::CommonName, name)], occasion)
    }

    fn issue(
        &self,
        key: &VerifyingKey,
        names: &[(DnType, &str)],
        occasion: Occasion,
    ) -> Result<Certificate, IssueError> {
        let mut params = self.leaf_params(names, occasion, LEAF_DAYS)?;
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
            KeyUsagePurpose::DataEncipherment,
        ];
        let subject = SubjectPublicKeyInfo::from_der(key.der()).map_err(|_| KeyError::NotRsa2048)?;
        let certificate = params.signed_by(&subject, &self.issuer).map_err(|_| IssueError::Name)?;
        Ok(Certificate::from_der(certificate.der())?)
    }

    /// A certificate with which a test set-up can stand for these hosts (names or IP addresses).
    pub fn issue_tls(&self, hosts: &[String], occasion: Occasion) -> Result<TlsLeaf, IssueError> {
        if !(1..=HOSTS_MAX).contains(&hosts.len()) || !hosts.iter().all(|host| is_host(host)) {
            return Err(IssueError::Name);
        }
        let named = CertificateParams::new(hosts).map_err(|_| IssueError::Name)?;
        let mut params = self.leaf_params(&[], occasion, TLS_DAYS)?;
        params.subject_alt_names = named.subject_alt_names;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().expect("the crypto library makes a key");
        let certificate = params.signed_by(&key, &self.issuer).map_err(|_| IssueError::Name)?;
        Ok(TlsLeaf { certificate_pem: certificate.pem(), key_pem: Zeroizing::new(key.serialize_pem()) })
    }

    fn leaf_params(
        &self,
        names: &[(DnType, &str)],
        occasion: Occasion,
        days: i64,
    ) -> Result<CertificateParams, IssueError> {
        if !self.certificate.is_valid_at(occasion.now) {
            return Err(IssueError::NotValid);
        }
        let mut params = params(names, occasion, days, seconds(self.certificate.not_after()))?;
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        Ok(params)
    }
}

/// The key of a PKCS#10 request (RFC 2986), if the request is signed with it. Its subject and extensions are
/// not looked at.
pub fn requested_key(request_pem: &str) -> Result<VerifyingKey, KeyError> {
    let der = pem_content(request_pem, &["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"])?;
    let (rest, request) = X509CertificationRequest::from_der(&der).map_err(|_| KeyError::Request)?;
    if !rest.is_empty() {
        return Err(KeyError::Request);
    }
    // First the key, because the library would take smaller ones and other kinds.
    let key = VerifyingKey::from_der(request.certification_request_info.subject_pki.raw)?;
    let strong = [OID_PKCS1_SHA256WITHRSA, OID_PKCS1_SHA384WITHRSA, OID_PKCS1_SHA512WITHRSA];
    if !strong.contains(&request.signature_algorithm.algorithm) || request.verify_signature().is_err() {
        return Err(KeyError::RequestSignature);
    }
    Ok(key)
}

/// What all certificates have: a subject, a validity, a serial number.
fn params(
    names: &[(DnType, &str)],
    occasion: Occasion,
    days: i64,
    until_s: i64,
) -> Result<CertificateParams, IssueError> {
    let mut subject = DistinguishedName::new();
    if !names.is_empty() {
        let country = "CN".try_into().expect("two letters are printable");
        subject.push(DnType::CountryName, DnValue::PrintableString(country));
    }
    for (kind, name) in names {
        if !is_name(name) {
            return Err(IssueError::Name);
        }
        subject.push(kind.clone(), *name);
    }
    let now_s = seconds(occasion.now);
    let mut params = CertificateParams::default();
    params.distinguished_name = subject;
    // Instants before 1970 and after 9999 become those.
    let since = |seconds: i64| Duration::from_secs(u64::try_from(seconds.min(END_S)).unwrap_or_default());
    params.not_before = date_time_ymd(1970, 1, 1) + since(now_s.saturating_sub(CLOCK_SKEW_S));
    params.not_after = date_time_ymd(1970, 1, 1) + since(now_s.saturating_add(days * DAY_S).min(until_s));
    params.serial_number = Some(SerialNumber::from_slice(Serial::draw(occasion.random).bytes()));
    Ok(params)
}

fn is_name(name: &str) -> bool {
    let length = name.chars().count();
    (1..=NAME_CHARS_MAX).contains(&length) && !name.chars().any(char::is_control)
}

/// A host name of at most 253 characters (RFC 1035 §2.3.4), with a wildcard perhaps, or an IP address.
fn is_host(host: &str) -> bool {
    let fits = (1..=253).contains(&host.len());
    fits && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-*:".contains(&byte))
}

fn seconds(time: Time) -> i64 {
    time.ms().div_euclid(1_000)
}
