//! What is inside a signature of RSA: the private key's work undone with the public key.
//!
//! Only public numbers are computed with, so nothing has to take the same time.

use aws_lc_rs::digest::{self, Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA224, SHA256, SHA384, SHA512};
use num_bigint::BigUint;
use x509_parser::{prelude::FromDer as _, public_key::PublicKey, x509::SubjectPublicKeyInfo};

use super::mistake::Mistake;
use crate::wechat::{
    draw,
    signature::{MODULUS_BYTES, VerifyingKey},
};

/// The beginnings of `DigestInfo` (RFC 8017 §9.2, note 1), with what computes them. MD5 is recognised and not
/// computed.
const DIGEST_INFOS: [(&[u8], Option<&Algorithm>, Mistake); 6] = [
    (
        b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14",
        Some(&SHA1_FOR_LEGACY_USE_ONLY),
        Mistake::DigestSha1,
    ),
    (b"\x30\x20\x30\x0c\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x05\x05\x00\x04\x10", None, Mistake::DigestMd5),
    (SHA256_INFO, Some(&SHA256), Mistake::DigestOther),
    (
        b"\x30\x2d\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x04\x05\x00\x04\x1c",
        Some(&SHA224),
        Mistake::DigestOther,
    ),
    (
        b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30",
        Some(&SHA384),
        Mistake::DigestOther,
    ),
    (
        b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40",
        Some(&SHA512),
        Mistake::DigestOther,
    ),
];

const SHA256_INFO: &[u8] = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";

/// Salts of PSS that libraries use beside the longest possible one: as long as the digest, or 20 bytes.
const SALT_BYTES_MAX: usize = 64;

/// The last byte of PSS padding (RFC 8017 §9.1.1).
const PSS_TRAILER: u8 = 0xBC;

/// What was found.
#[derive(Clone, Debug)]
pub enum Inside {
    /// A digest of SHA-256, padded as it should be.
    Sha256(Vec<u8>),
    /// A digest of another algorithm, padded as it should be.
    OtherDigest {
        /// What computes it, if this library does.
        algorithm: Option<&'static Algorithm>,
        /// Which mistake that is.
        mistake: Mistake,
        /// The digest.
        digest: Vec<u8>,
    },
    /// Bytes without the name of an algorithm: the work of "encrypt with the private key".
    Bare(Vec<u8>),
    /// Padding of PSS.
    Pss {
        /// The digest's algorithm.
        algorithm: &'static Algorithm,
        /// `H` of the standard.
        hash: Vec<u8>,
        /// The salt.
        salt: Vec<u8>,
    },
    /// Noise: another key made it.
    Foreign,
}

impl Inside {
    /// Which mistake its form is, if it is one.
    pub(super) fn mistake(&self) -> Option<Mistake> {
        match self {
            Inside::Sha256(_) | Inside::Foreign => None,
            Inside::OtherDigest { mistake, .. } => Some(*mistake),
            Inside::Bare(_) => Some(Mistake::DigestUnnamed),
            Inside::Pss { .. } => Some(Mistake::PaddingPss),
        }
    }

    /// Whether it was made over this text.
    pub(super) fn is_of(&self, text: &[u8]) -> bool {
        match self {
            Inside::Sha256(expected) => digest::digest(&SHA256, text).as_ref() == expected,
            Inside::OtherDigest { algorithm, digest: expected, .. } => {
                algorithm.is_some_and(|algorithm| digest::digest(algorithm, text).as_ref() == expected)
            }
            Inside::Bare(bytes) => {
                let digest = digest::digest(&SHA256, text);
                let is_hex = || draw::hex(digest.as_ref()).as_bytes().eq_ignore_ascii_case(bytes);
                digest.as_ref() == bytes || bytes == text || is_hex()
            }
            Inside::Pss { algorithm, hash, salt } => {
                let mut whole = vec![0; 8];
                whole.extend_from_slice(digest::digest(algorithm, text).as_ref());
                whole.extend_from_slice(salt);
                digest::digest(algorithm, &whole).as_ref() == hash
            }
            Inside::Foreign => false,
        }
    }
}

/// Opens a signature with a public key.
pub fn open(key: &VerifyingKey, signature: &[u8]) -> Inside {
    let Some(encoded) = raised(key, signature) else { return Inside::Foreign };
    padded(&encoded).or_else(|| pss(&encoded)).unwrap_or(Inside::Foreign)
}

/// The signature to the power of the public exponent (RSAVP1, RFC 8017 §5.2.2), at full length.
fn raised(key: &VerifyingKey, signature: &[u8]) -> Option<[u8; MODULUS_BYTES]> {
    let (_, info) = SubjectPublicKeyInfo::from_der(key.der()).ok()?;
    let PublicKey::RSA(numbers) = info.parsed().ok()? else { return None };
    let modulus = BigUint::from_bytes_be(numbers.modulus);
    let number = BigUint::from_bytes_be(signature);
    if number >= modulus || modulus == BigUint::ZERO {
        return None;
    }
    let bytes = number.modpow(&BigUint::from_bytes_be(numbers.exponent), &modulus).to_bytes_be();
    let mut encoded = [0; MODULUS_BYTES];
    let start = MODULUS_BYTES.checked_sub(bytes.len())?;
    encoded[start..].copy_from_slice(&bytes);
    Some(encoded)
}

/// `00 01 FF … FF 00` and the content (EMSA-PKCS1-v1_5, RFC 8017 §9.2).
fn padded(encoded: &[u8]) -> Option<Inside> {
    let rest = encoded.strip_prefix(b"\x00\x01")?;
    let end = rest.iter().position(|byte| *byte != 0xFF).filter(|filled| *filled >= 8)?;
    let (0, content) = rest[end..].split_first().map(|(first, content)| (*first, content))? else {
        return None;
    };
    if let Some(digest) = content.strip_prefix(SHA256_INFO).filter(|digest| digest.len() == 32) {
        return Some(Inside::Sha256(digest.to_vec()));
    }
    let named = DIGEST_INFOS.iter().find_map(|(info, algorithm, mistake)| {
        let digest = content.strip_prefix(*info)?.to_vec();
        Some(Inside::OtherDigest { algorithm: *algorithm, mistake: *mistake, digest })
    });
    Some(named.unwrap_or_else(|| Inside::Bare(content.to_vec())))
}

/// Padding of PSS (RFC 8017 §9.1) with SHA-256, or with SHA-1, which one language has as its default.
fn pss(encoded: &[u8]) -> Option<Inside> {
    [&SHA256, &SHA1_FOR_LEGACY_USE_ONLY].into_iter().find_map(|algorithm| pss_with(encoded, algorithm))
}

fn pss_with(encoded: &[u8], algorithm: &'static Algorithm) -> Option<Inside> {
    let (PSS_TRAILER, rest) = encoded.split_last().map(|(last, rest)| (*last, rest))? else { return None };
    let (masked, hash) = rest.split_at(rest.len().checked_sub(algorithm.output_len())?);
    let mask = mgf1(algorithm, hash, masked.len());
    let mut block: Vec<u8> = masked.iter().zip(&mask).map(|(byte, mask)| byte ^ mask).collect();
    *block.first_mut()? &= 0x7F;
    let one = block.iter().position(|byte| *byte != 0).filter(|one| block[*one] == 1)?;
    let salt = &block[one + 1..];
    (one == 0 || salt.len() <= SALT_BYTES_MAX).then(|| Inside::Pss {
        algorithm,
        hash: hash.to_vec(),
        salt: salt.to_vec(),
    })
}

/// The mask generation function (RFC 8017 §B.2.1).
fn mgf1(algorithm: &'static Algorithm, seed: &[u8], length: usize) -> Vec<u8> {
    let mut mask = Vec::with_capacity(length + algorithm.output_len());
    let mut counter: u32 = 0;
    while mask.len() < length {
        let mut block = seed.to_vec();
        block.extend_from_slice(&counter.to_be_bytes());
        mask.extend_from_slice(digest::digest(algorithm, &block).as_ref());
        counter = counter.wrapping_add(1);
    }
    mask.truncate(length);
    mask
}
