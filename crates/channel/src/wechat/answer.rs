//! The headers that sign an answer of WeChat Pay, or a notification that it sends.
//!
//! Every 2xx is signed, a 204 over an empty body. Error answers are signed with all headers or with none:
//! some clients verify as soon as one is there. Downloads of bills and images are not signed.

use std::fmt;

use tongbao_core::Time;

use super::{
    authorization::{SCHEME, timestamp},
    draw, is_timely, message,
    serial::KeyName,
    signature::{Probe, SigningKey, VerifyingKey},
};

/// The header with the time of signing, in seconds.
pub const TIMESTAMP: &str = "Wechatpay-Timestamp";
/// The header with the nonce.
pub const NONCE: &str = "Wechatpay-Nonce";
/// The header with the signature in Base64.
pub const SIGNATURE: &str = "Wechatpay-Signature";
/// The header with the name of the key that signed. In a request: of the key that fields are encrypted for.
pub const SERIAL: &str = "Wechatpay-Serial";
/// The header with the scheme.
pub const SIGNATURE_TYPE: &str = "Wechatpay-Signature-Type";

/// Bytes of one of these headers, more than any of them needs.
const VALUE_BYTES_MAX: usize = 512;

/// Why an answer or notification is not to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unverified {
    /// This header is missing.
    Missing(&'static str),
    /// This header is there twice.
    Repeated(&'static str),
    /// This header cannot be read.
    Unreadable(&'static str),
    /// It was signed more than five minutes from the reader's clock.
    Timestamp,
    /// The signature does not fit.
    Mismatch,
}

impl fmt::Display for Unverified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unverified::Missing(header) => write!(f, "the header {header} is missing"),
            Unverified::Repeated(header) => write!(f, "the header {header} is there twice"),
            Unverified::Unreadable(header) => write!(f, "the header {header} cannot be read"),
            Unverified::Timestamp => f.write_str("signed more than five minutes from this clock"),
            Unverified::Mismatch => f.write_str("the signature does not fit"),
        }
    }
}

impl std::error::Error for Unverified {}

/// The headers, with a signature made or to be verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headers {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub timestamp_s: i64,
    /// The nonce.
    pub nonce: String,
    /// The signature in what should be Base64.
    pub signature: String,
    /// Which key signed.
    pub key: KeyName,
}

impl Headers {
    /// Signs a body as sent now.
    pub fn sign(key: &SigningKey, name: KeyName, now: Time, random: [u8; 16], body: &[u8]) -> Headers {
        let timestamp_s = now.ms().div_euclid(1_000);
        let nonce = draw::nonce(random);
        let signature = key.sign(&message::answer(timestamp_s, &nonce, body));
        Headers { timestamp_s, nonce, signature, key: name }
    }

    /// The same headers with a signature that is meant to be refused.
    #[must_use]
    pub fn spoilt(self, probe: Probe) -> Headers {
        Headers { signature: probe.spoil(&self.signature), ..self }
    }

    /// Names and values, to be sent.
    pub fn pairs(&self) -> [(&'static str, String); 5] {
        [
            (TIMESTAMP, self.timestamp_s.to_string()),
            (NONCE, self.nonce.clone()),
            (SIGNATURE, self.signature.clone()),
            (SERIAL, self.key.to_string()),
            (SIGNATURE_TYPE, SCHEME.to_owned()),
        ]
    }

    /// Finds the headers among all of an answer or notification. `Wechatpay-Signature-Type` may be missing,
    /// but not name another scheme.
    pub fn read<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Headers, Unverified> {
        const NAMES: [&str; 5] = [TIMESTAMP, NONCE, SIGNATURE, SERIAL, SIGNATURE_TYPE];
        let mut found = [None; NAMES.len()];
        for (name, value) in headers {
            let Some(at) = NAMES.iter().position(|known| known.eq_ignore_ascii_case(name)) else { continue };
            if value.is_empty() || value.len() > VALUE_BYTES_MAX {
                return Err(Unverified::Unreadable(NAMES[at]));
            }
            if found[at].replace(value).is_some() {
                return Err(Unverified::Repeated(NAMES[at]));
            }
        }
        let [timestamp_text, nonce, signature, serial, scheme] = found;
        if scheme.is_some_and(|scheme| scheme != SCHEME) {
            return Err(Unverified::Unreadable(SIGNATURE_TYPE));
        }
        let text = timestamp_text.ok_or(Unverified::Missing(TIMESTAMP))?;
        let serial = serial.ok_or(Unverified::Missing(SERIAL))?;
        Ok(Headers {
            timestamp_s: timestamp(text).ok_or(Unverified::Unreadable(TIMESTAMP))?,
            nonce: nonce.ok_or(Unverified::Missing(NONCE))?.to_owned(),
            signature: signature.ok_or(Unverified::Missing(SIGNATURE))?.to_owned(),
            key: serial.parse().map_err(|_| Unverified::Unreadable(SERIAL))?,
        })
    }

    /// Whether the body was signed by this key within five minutes of now. The caller has found the key by
    /// its name in [`Headers::key`].
    pub fn verify(&self, key: &VerifyingKey, now: Time, body: &[u8]) -> Result<(), Unverified> {
        if !is_timely(self.timestamp_s, now) {
            return Err(Unverified::Timestamp);
        }
        let message = message::answer(self.timestamp_s, &self.nonce, body);
        key.verify(&message, &self.signature).map_err(|_| Unverified::Mismatch)
    }
}
