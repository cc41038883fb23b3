//! X.509 certificates of RSA-2048 keys, and the list in which the platform gives out its own.
//!
//! **Absent on purpose:** chains and revocation. A merchant's certificate is the one that the platform has
//! kept for it; a platform's certificate came under the merchant's API v3 key.

use std::fmt;

use serde::{Deserialize, Serialize};
use tongbao_core::Time;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::{
    envelope::{ALGORITHM, ApiV3Key, Nonce, TooLong, Unopened},
    serial::Serial,
    signature::{FILE_BYTES_MAX, KeyError, VerifyingKey, pem_content, pem_text},
    time,
};

/// `associated_data` of a sealed certificate. Never empty: an SDK skips entries without it.
const ASSOCIATED_DATA: &str = "certificate";

/// A certificate that was read, with what is asked of it.
pub struct Certificate {
    der: Box<[u8]>,
    serial: Serial,
    not_before: Time,
    not_after: Time,
    is_authority: bool,
    key: VerifyingKey,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.serial)
    }
}

impl Certificate {
    /// Reads one certificate and nothing after it.
    pub fn from_der(der: &[u8]) -> Result<Certificate, KeyError> {
        if der.len() > FILE_BYTES_MAX {
            return Err(KeyError::Certificate);
        }
        let (rest, parsed) = X509Certificate::from_der(der).map_err(|_| KeyError::Certificate)?;
        if !rest.is_empty() {
            return Err(KeyError::Certificate);
        }
        let serial = Serial::from_bytes(parsed.raw_serial()).map_err(|_| KeyError::Certificate)?;
        let instant = |seconds: i64| Time::from_ms(seconds.saturating_mul(1_000));
        let validity = parsed.validity();
        Ok(Certificate {
            der: der.into(),
            serial,
            not_before: instant(validity.not_before.timestamp()),
            not_after: instant(validity.not_after.timestamp()),
            is_authority: parsed.is_ca(),
            key: VerifyingKey::from_der(parsed.public_key().raw)?,
        })
    }

    /// Reads a `CERTIFICATE` file, such as `apiclient_cert.pem`.
    pub fn from_pem(text: &str) -> Result<Certificate, KeyError> {
        Certificate::from_der(&pem_content(text, &["CERTIFICATE"])?)
    }

    /// The certificate as it was read.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate as a `CERTIFICATE` file.
    pub fn to_pem(&self) -> String {
        pem_text("CERTIFICATE", &self.der)
    }

    /// Its serial number.
    pub fn serial(&self) -> Serial {
        self.serial
    }

    /// The first instant at which it is valid.
    pub fn not_before(&self) -> Time {
        self.not_before
    }

    /// The last instant at which it is valid.
    pub fn not_after(&self) -> Time {
        self.not_after
    }

    /// Whether it is valid at this instant.
    pub fn is_valid_at(&self, now: Time) -> bool {
        self.not_before <= now && now <= self.not_after
    }

    /// Whether it may issue others.
    pub fn is_authority(&self) -> bool {
        self.is_authority
    }

    /// The key that it certifies.
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The key that it certifies, alone.
    pub fn into_key(self) -> VerifyingKey {
        self.key
    }
}

/// The answer of `GET /v3/certificates`. Fields stand in the order in which WeChat Pay writes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateList {
    /// One entry for each certificate that is in use or soon will be.
    pub data: Vec<ListedCertificate>,
}

/// A platform certificate in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedCertificate {
    /// The serial number, in upper-case digits.
    pub serial_no: String,
    /// The first instant of validity.
    pub effective_time: String,
    /// The last instant of validity.
    pub expire_time: String,
    /// The certificate's PEM text, sealed.
    pub encrypt_certificate: SealedCertificate,
}

/// A PEM text sealed under the merchant's API v3 key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedCertificate {
    /// Always [`ALGORITHM`].
    pub algorithm: String,
    /// Twelve characters.
    pub nonce: String,
    /// `certificate`.
    pub associated_data: String,
    /// In Base64.
    pub ciphertext: String,
}

impl ListedCertificate {
    /// An entry for this certificate, for the merchant with this key.
    pub fn seal(
        certificate: &Certificate,
        key: &ApiV3Key,
        nonce: Nonce,
    ) -> Result<ListedCertificate, TooLong> {
        let ciphertext = key.seal(nonce, ASSOCIATED_DATA, certificate.to_pem().as_bytes())?;
        Ok(ListedCertificate {
            serial_no: certificate.serial.to_string(),
            effective_time: time::rfc3339(certificate.not_before),
            expire_time: time::rfc3339(certificate.not_after),
            encrypt_certificate: SealedCertificate {
                algorithm: ALGORITHM.to_owned(),
                nonce: nonce.to_string(),
                associated_data: ASSOCIATED_DATA.to_owned(),
                ciphertext,
            },
        })
    }

    /// Opens an entry; `None` if what is in it is not a certificate with the listed serial number.
    pub fn open(&self, key: &ApiV3Key) -> Result<Option<Certificate>, Unopened> {
        let sealed = &self.encrypt_certificate;
        if sealed.algorithm != ALGORITHM {
            return Err(Unopened);
        }
        let text = key.open(&sealed.nonce, &sealed.associated_data, &sealed.ciphertext)?;
        let certificate = std::str::from_utf8(&text).ok().and_then(|text| Certificate::from_pem(text).ok());
        Ok(certificate.filter(|found| self.serial_no.parse() == Ok(found.serial)))
    }
}
