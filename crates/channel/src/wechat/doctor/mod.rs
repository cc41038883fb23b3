//! The signature doctor (签名诊断): why the signature of a request does not fit, found by trying the mistakes that
//! are made.
//!
//! A signature of RSA can be opened with the public key: either what comes out has the form of a padded digest,
//! then the right private key made it and the digest tells what it was made over; or it is noise, then another
//! key did. So the key and the text are judged apart, and thousands of texts can be compared for the price of a
//! hash each.
//!
//! **Always true:** nothing here decides whether a request is accepted; the door does that with
//! [`VerifyingKey`] alone. Work is bounded, whatever is sent.
//!
//! **Absent on purpose:** looking up merchants and certificates, and private keys: a signature is public, and so
//! is all that is shown here.

mod bodies;
mod difference;
mod header;
mod inside;
mod mistake;
mod targets;
mod texts;

use num_bigint::BigUint;

use super::{message::Request, serial::Serial, signature::VerifyingKey};

pub use difference::{Difference, visible};
pub use header::{HeaderItems, read_header};
pub use inside::{Inside, open};
pub use mistake::{Finding, Mistake};

/// Decimal digits of the largest serial number, of 160 bits.
const DECIMAL_DIGITS_MAX: usize = 49;

/// Whose key it is that is tried when the named one did not make the signature.
#[derive(Clone, Copy, Debug)]
pub struct OtherKey<'a> {
    /// What it is called in the finding: a merchant number and a serial number.
    pub name: &'a str,
    /// Whether it belongs to the merchant that the request names.
    pub is_own: bool,
    /// The key.
    pub key: &'a VerifyingKey,
}

/// What is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The request as the platform received it.
    pub request: Request<'a>,
    /// The host that was asked, if it is known.
    pub host: Option<&'a str>,
    /// The signature as it stood in the header.
    pub signature: &'a str,
    /// The key of the certificate that the header names.
    pub key: &'a VerifyingKey,
    /// Keys that it may have been mistaken for.
    pub others: &'a [OtherKey<'a>],
    /// The text that the developer signed, if it was given.
    pub own: Option<&'a [u8]>,
}

/// What came out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// Whether the door takes the signature.
    pub verifies: bool,
    /// Whether the signature was made over the developer's own text by the named key as it should be; `None`
    /// without such a text.
    pub own_is_signed: Option<bool>,
    /// What went wrong; empty if the signature fits.
    pub findings: Vec<Finding>,
}

/// The serial number that a text writes in decimal digits, as some libraries print it.
pub fn decimal_serial(text: &str) -> Option<Serial> {
    if text.is_empty() || text.len() > DECIMAL_DIGITS_MAX || !text.bytes().all(|digit| digit.is_ascii_digit())
    {
        return None;
    }
    let number = BigUint::parse_bytes(text.as_bytes(), 10)?;
    Serial::from_bytes(&number.to_bytes_be()).ok()
}

/// Looks at the signature of a request.
pub fn diagnose(case: &Case<'_>) -> Diagnosis {
    let strict = case.key.verify_request(&case.request, case.signature);
    if strict.is_ok() {
        let own_is_signed = case.own.map(|own| case.key.verify(own, case.signature).is_ok());
        return Diagnosis { verifies: true, own_is_signed, findings: Vec::new() };
    }
    let mut findings = Vec::new();
    let Some(signature) = header::lenient_signature(case.signature, &mut findings) else {
        return Diagnosis { verifies: false, own_is_signed: case.own.map(|_| false), findings };
    };
    let mut inside = inside::open(case.key, &signature);
    if matches!(inside, Inside::Foreign) {
        inside = by_another(case, &signature, &mut findings);
    }
    let own_is_signed = case.own.map(|own| matches!(inside, Inside::Sha256(_)) && inside.is_of(own));
    findings.extend(inside.mistake().map(Finding::of));
    if matches!(inside, Inside::Foreign) {
        findings.push(Finding::of(Mistake::UnknownKey));
    } else {
        findings.extend(texts::mistakes(case, &inside));
    }
    Diagnosis { verifies: false, own_is_signed, findings }
}

/// Opens the signature with the first of the other keys that made it.
fn by_another(case: &Case<'_>, signature: &[u8], findings: &mut Vec<Finding>) -> Inside {
    for other in case.others {
        let inside = inside::open(other.key, signature);
        if !matches!(inside, Inside::Foreign) {
            let mistake =
                if other.is_own { Mistake::KeyOfOtherCertificate } else { Mistake::KeyOfOtherMerchant };
            findings.push(Finding::about(mistake, other.name));
            return inside;
        }
    }
    Inside::Foreign
}
