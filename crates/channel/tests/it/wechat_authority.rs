//! Issuing certificates.

use rcgen::{CertificateParams, DnType, IsCa, KeyPair, PKCS_RSA_SHA256, PKCS_RSA_SHA512};
use tongbao_channel::wechat::{
    authority::{AUTHORITY_DAYS, Authority, IssueError, LEAF_DAYS, Occasion, requested_key},
    certificate::Certificate,
    signature::{KeyError, VerifyingKey},
};
use tongbao_core::Time;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::wechat_samples::{AUTHORITY, MCHID, MERCHANT, NOW, PLATFORM, WRONG_KEYS, occasion};

const DAY_S: i64 = 86_400;

fn issue(occasion: Occasion) -> Result<Certificate, IssueError> {
    AUTHORITY.issue_merchant(&MERCHANT.verifying_key(), MCHID, "示例商户", occasion)
}

#[test]
fn a_merchant_certificate_names_the_merchant_and_its_key() {
    let certificate = issue(occasion(0xFF)).unwrap();
    assert_eq!(certificate.serial().to_string(), format!("7F{}", "FF".repeat(19)));
    assert_eq!(certificate.key().der(), MERCHANT.verifying_key().der());
    assert_eq!(certificate.not_before(), NOW.plus_s(-300));
    assert_eq!(certificate.not_after(), NOW.plus_s(LEAF_DAYS * DAY_S));
    assert!(!certificate.is_authority() && AUTHORITY.certificate().is_authority());
    assert!(certificate.is_valid_at(NOW) && !certificate.is_valid_at(NOW.plus_s(-301)));
    let (_, parsed) = X509Certificate::from_der(certificate.der()).unwrap();
    assert_eq!(parsed.subject().to_string(), format!("C=CN, CN={MCHID}, O=示例商户"));
    assert_eq!(parsed.issuer().to_string(), "C=CN, CN=Tongbao test authority");
    let (_, authority) = X509Certificate::from_der(AUTHORITY.certificate().der()).unwrap();
    parsed.verify_signature(Some(authority.public_key())).unwrap();
    authority.verify_signature(None).unwrap();
}

#[test]
fn a_certificate_reads_back_from_its_file() {
    let certificate = issue(occasion(3)).unwrap();
    let read = Certificate::from_pem(&certificate.to_pem()).unwrap();
    assert_eq!(read.der(), certificate.der());
    assert_eq!(VerifyingKey::from_pem(&certificate.to_pem()).unwrap().der(), MERCHANT.verifying_key().der());
    let longer = [certificate.der(), b"\0"].concat();
    for der in [&longer, &certificate.der()[1..], &[], &vec![0x30; 20_000]] {
        assert_eq!(Certificate::from_der(der).unwrap_err(), KeyError::Certificate);
    }
    assert_eq!(Certificate::from_pem(&MERCHANT.verifying_key().to_pem()).unwrap_err(), KeyError::Pem);
}

#[test]
fn an_authority_goes_on_after_it_was_put_away() {
    let (certificate, key) = (AUTHORITY.certificate().to_pem(), AUTHORITY.key_pem());
    let loaded = Authority::load(&certificate, &key).unwrap();
    let again = loaded.issue_platform(&PLATFORM.verifying_key(), "Platform", occasion(4)).unwrap();
    let first = AUTHORITY.issue_platform(&PLATFORM.verifying_key(), "Platform", occasion(4)).unwrap();
    assert_eq!(again.der(), first.der());
    let other = Authority::load(&certificate, &MERCHANT.to_pem());
    assert_eq!(other.unwrap_err(), IssueError::NotAuthority);
    let leaf = issue(occasion(5)).unwrap().to_pem();
    assert_eq!(Authority::load(&leaf, &MERCHANT.to_pem()).unwrap_err(), IssueError::NotAuthority);
}

#[test]
fn nothing_outlives_the_authority() {
    let end = NOW.plus_s(AUTHORITY_DAYS * DAY_S);
    assert_eq!(AUTHORITY.certificate().not_after(), end);
    let at = |now: Time| issue(Occasion { now, random: [6; 20] });
    assert_eq!(at(end).unwrap().not_after(), end);
    for now in [end.plus_s(1), NOW.plus_s(-301), Time::from_ms(i64::MIN), Time::from_ms(i64::MAX)] {
        assert_eq!(at(now).unwrap_err(), IssueError::NotValid);
    }
}

#[test]
fn names_have_between_1_and_64_characters() {
    let key = PLATFORM.verifying_key();
    for name in ["", "a\nb", "a\0", &"字".repeat(65)] {
        assert_eq!(
            AUTHORITY.issue_platform(&key, name, occasion(7)).unwrap_err(),
            IssueError::Name,
            "{name}"
        );
    }
    AUTHORITY.issue_platform(&key, &"字".repeat(64), occasion(7)).unwrap();
}

/// A request for a certificate of a merchant's key, with this signature algorithm.
fn request(algorithm: &'static rcgen::SignatureAlgorithm) -> rcgen::CertificateSigningRequest {
    let key = KeyPair::from_pem_and_sign_algo(&MERCHANT.to_pem(), algorithm).unwrap();
    let mut params = CertificateParams::new(["evil.example".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "someone else");
    params.serialize_request(&key).unwrap()
}

#[test]
fn a_request_gives_its_key_and_nothing_else() {
    for algorithm in [&PKCS_RSA_SHA256, &PKCS_RSA_SHA512] {
        let key = requested_key(&request(algorithm).pem().unwrap()).unwrap();
        assert_eq!(key.der(), MERCHANT.verifying_key().der());
        let certificate = AUTHORITY.issue_merchant(&key, MCHID, "示例商户", occasion(8)).unwrap();
        assert!(!certificate.is_authority());
        let (_, parsed) = X509Certificate::from_der(certificate.der()).unwrap();
        assert!(parsed.subject().to_string().contains(MCHID));
        assert!(parsed.subject_alternative_name().unwrap().is_none());
    }
}

#[test]
fn a_request_that_its_key_did_not_sign_is_refused() {
    let der = request(&PKCS_RSA_SHA256).der().to_vec();
    let pem = |der: &[u8]| pem_of("CERTIFICATE REQUEST", der);
    let mut forged = der.clone();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(requested_key(&pem(&forged)).unwrap_err(), KeyError::RequestSignature);
    let name = der.windows(12).position(|window| window == b"someone else").unwrap();
    let mut renamed = der.clone();
    renamed[name] ^= 1;
    assert_eq!(requested_key(&pem(&renamed)).unwrap_err(), KeyError::RequestSignature);
    for broken in [&der[..der.len() - 1], &der[1..], &[]] {
        assert_eq!(requested_key(&pem(broken)).unwrap_err(), KeyError::Request);
    }
    assert_eq!(requested_key(&pem(&[&der[..], b"\0"].concat())).unwrap_err(), KeyError::Request);
    assert_eq!(requested_key(&MERCHANT.verifying_key().to_pem()).unwrap_err(), KeyError::Pem);
    assert_eq!(requested_key(&"A".repeat(1 << 20)).unwrap_err(), KeyError::Pem);
}

#[test]
fn a_request_for_a_key_of_another_kind_is_refused() {
    let key = KeyPair::generate().unwrap();
    let request = CertificateParams::default().serialize_request(&key).unwrap();
    assert_eq!(requested_key(&request.pem().unwrap()).unwrap_err(), KeyError::NotRsa2048);
    assert_eq!(requested_key(SMALL_REQUEST).unwrap_err(), KeyError::NotRsa2048);
    // The keys that are refused here are those that are refused alone.
    assert!(WRONG_KEYS.iter().all(|pem| VerifyingKey::from_pem(pem).is_err()));
}

/// A request for RSA with 1024 bits, made with openssl.
const SMALL_REQUEST: &str = "-----BEGIN CERTIFICATE REQUEST-----
MIIBVDCBvgIBADAVMRMwEQYDVQQDDAoxOTAwMDAwMDAxMIGfMA0GCSqGSIb3DQEB
AQUAA4GNADCBiQKBgQDELxveD+Vq8bPdSffpGB6aLIo+1AK9oLZw7A0YKM7C/Y1S
Svb+NB8pYP1n0SqcleQqh3nYEWLC+umMbRI5lZGy8OvCLranjkzJRfVka7aWzm5Y
xv7okwq1BGT+SwS1B6ownNKeXajfxbp6LK4F/u84ZNNBZnWlpn3cI5nok0U9nwID
AQABoAAwDQYJKoZIhvcNAQELBQADgYEAc3D0PkxncXzJyubdGfrOM6o4D2vyt9Qm
9mHFQXiTbeYoxV2cSZT38cnOXvEAxagxWyOmqyFQYY/p1CCWdmGQt3IPtB0JUBY+
hWdNZfb5m4AxmhgHwEJIyZRau1LxssONxof3G0cgFvMfHuWjyEuzU8Zesi0yxLz0
xlGCxdeLU8U=
-----END CERTIFICATE REQUEST-----
";

fn pem_of(label: &str, der: &[u8]) -> String {
    pem::encode(&pem::Pem::new(label, der))
}

#[test]
fn a_tls_certificate_is_for_its_hosts_only() {
    let hosts = ["api.mch.weixin.qq.com", "*.example.com", "127.0.0.1", "::1"].map(str::to_owned);
    let leaf = AUTHORITY.issue_tls(&hosts, occasion(9)).unwrap();
    KeyPair::from_pem(&leaf.key_pem).unwrap();
    let der = pem::parse(&leaf.certificate_pem).unwrap().into_contents();
    let (_, parsed) = X509Certificate::from_der(&der).unwrap();
    let names = parsed.subject_alternative_name().unwrap().unwrap();
    assert_eq!(names.value.general_names.len(), hosts.len());
    assert!(parsed.extended_key_usage().unwrap().unwrap().value.server_auth);
    let (_, authority) = X509Certificate::from_der(AUTHORITY.certificate().der()).unwrap();
    parsed.verify_signature(Some(authority.public_key())).unwrap();
    for wrong in ["", "a b", "a\n", "例子", &"a".repeat(254)] {
        assert_eq!(AUTHORITY.issue_tls(&[wrong.to_owned()], occasion(9)).unwrap_err(), IssueError::Name);
    }
    assert_eq!(AUTHORITY.issue_tls(&[], occasion(9)).unwrap_err(), IssueError::Name);
    let many = vec!["a".to_owned(); 33];
    assert_eq!(AUTHORITY.issue_tls(&many, occasion(9)).unwrap_err(), IssueError::Name);
}
