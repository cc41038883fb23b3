//! Keys of RSA-2048: signing, verifying, and their forms in files.
//!
//! A verifying key is parsed once and then used for every request. Keys of any other size are refused where
//! they are read, because the scheme's name promises 2048 bits and sensitive fields depend on it.
//!
//! **Absent on purpose:** encrypted private keys, and PKCS#1 files. The certificate tool that merchants use
//! writes PKCS#8.

use std::fmt;

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::{KeyPair, KeySize, PublicEncryptingKey},
    signature::{KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::{authorization::SignError, certificate::Certificate, message::Request};

/// Bits and bytes of a key's modulus, and so of a signature and of an encrypted field.
const MODULUS_BITS: usize = 2_048;
pub(crate) const MODULUS_BYTES: usize = MODULUS_BITS / 8;

/// Bytes of a PEM or DER file. A certificate of RSA-2048 has about 1,500.
pub(crate) const FILE_BYTES_MAX: usize = 16_384;

/// What a signature begins with that is meant to be refused (签名探测流量).
pub const PROBE_PREFIX: &str = "WECHATPAY/SIGNTEST/";

/// Why a key, certificate or request for one cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// Not a PEM file with what was asked for.
    Pem,
    /// Not an RSA key of 2048 bits whose parts fit each other.
    NotRsa2048,
    /// Not an X.509 certificate, or one with a serial number that cannot be.
    Certificate,
    /// Not a PKCS#10 request.
    Request,
    /// A request for a certificate that is not signed by the key it names, or with SHA-1.
    RequestSignature,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeyError::Pem => "not a PEM file with what was asked for",
            KeyError::NotRsa2048 => "not an RSA key of 2048 bits",
            KeyError::Certificate => "not an X.509 certificate",
            KeyError::Request => "not a PKCS#10 certificate request",
            KeyError::RequestSignature => "the certificate request is not signed by its own key with SHA-2",
        })
    }
}

impl std::error::Error for KeyError {}

/// The content of the PEM block with one of these labels. Text before the block is skipped.
pub(crate) fn pem_content(text: &str, labels: &[&str]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    if text.len() > FILE_BYTES_MAX {
        return Err(KeyError::Pem);
    }
    let block = pem::parse(text).map_err(|_| KeyError::Pem)?;
    let known = labels.contains(&block.tag());
    let content = Zeroizing::new(block.into_contents());
    if known { Ok(content) } else { Err(KeyError::Pem) }
}

/// A PEM block with LF line ends.
pub(crate) fn pem_text(label: &str, content: &[u8]) -> String {
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    pem::encode_config(&pem::Pem::new(label, content), config)
}

/// A private key of RSA-2048. The crypto library keeps it; it is not shown by `Debug`.
pub struct SigningKey {
    pair: KeyPair,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey")
    }
}

impl SigningKey {
    /// A fresh key, from the crypto library's own source of chance. Takes a tenth of a second or more, so
    /// never on an async worker.
    pub fn generate() -> SigningKey {
        // A machine that cannot make keys cannot go on; the library fails only without memory or chance.
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("the crypto library makes a key");
        SigningKey { pair }
    }

    /// Reads an unencrypted PKCS#8 key (RFC 5208).
    pub fn from_pkcs8(der: &[u8]) -> Result<SigningKey, KeyError> {
        let pair = KeyPair::from_pkcs8(der).map_err(|_| KeyError::NotRsa2048)?;
        // The library takes no fewer than 2048 bits, and more of them are more bytes.
        if pair.public_modulus_len() == MODULUS_BYTES {
            Ok(SigningKey { pair })
        } else {
            Err(KeyError::NotRsa2048)
        }
    }

    /// Reads a `PRIVATE KEY` file, such as `apiclient_key.pem`.
    pub fn from_pem(text: &str) -> Result<SigningKey, KeyError> {
        SigningKey::from_pkcs8(&pem_content(text, &["PRIVATE KEY"])?)
    }

    /// The key as PKCS#8, to be sealed and kept.
    pub fn to_pkcs8(&self) -> Zeroizing<Vec<u8>> {
        let der: Pkcs8V1Der<'_> = self.pair.as_der().expect("a key that was read can be written");
        Zeroizing::new(der.as_ref().to_vec())
    }

    /// The key as a `PRIVATE KEY` file.
    pub fn to_pem(&self) -> Zeroizing<String> {
        Zeroizing::new(pem_text("PRIVATE KEY", &self.to_pkcs8()))
    }

    /// The public half.
    pub fn verifying_key(&self) -> VerifyingKey {
        let der: PublicKeyX509Der<'_> = self.pair.public_key().as_der().expect("a public key can be written");
        VerifyingKey::from_der(der.as_ref()).expect("the public half of a key of 2048 bits has as many")
    }

    /// The public half as `RSAPublicKey` (RFC 8017 §A.1.1).
    pub(crate) fn public_pkcs1(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// Signs; always the same signature for the same message.
    pub fn sign_bytes(&self, message: &[u8]) -> [u8; MODULUS_BYTES] {
        let mut signature = [0; MODULUS_BYTES];
        let signed = self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature);
        signed.expect("a key of 2048 bits signs a digest of 256");
        signature
    }

    /// Signs, and writes the signature in Base64, as headers and clients have it.
    pub fn sign(&self, message: &[u8]) -> String {
        STANDARD.encode(self.sign_bytes(message))
    }
}

/// Which target the signature of a request was made over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The one in the request line.
    Received,
    /// The same before it was percent-encoded.
    Decoded,
}

/// A public key of RSA-2048, parsed.
pub struct VerifyingKey {
    key: ParsedPublicKey,
    der: Box<[u8]>,
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifyingKey")
    }
}

impl VerifyingKey {
    /// Reads a `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7).
    pub fn from_der(der: &[u8]) -> Result<VerifyingKey, KeyError> {
        if der.len() > FILE_BYTES_MAX {
            return Err(KeyError::NotRsa2048);
        }
        // The parsed key for signatures does not tell its size; the same key read for encryption does.
        let sized = PublicEncryptingKey::from_der(der).map_err(|_| KeyError::NotRsa2048)?;
        if sized.key_size_bits() != MODULUS_BITS {
            return Err(KeyError::NotRsa2048);
        }
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).map_err(|_| KeyError::NotRsa2048)?;
        Ok(VerifyingKey { key, der: der.into() })
    }

    /// Reads a `PUBLIC KEY` file, such as `pub_key.pem`, or takes the key of a `CERTIFICATE` file.
    pub fn from_pem(text: &str) -> Result<VerifyingKey, KeyError> {
        match pem_content(text, &["PUBLIC KEY"]) {
            Ok(der) => VerifyingKey::from_der(&der),
            Err(_) => Certificate::from_pem(text).map(Certificate::into_key),
        }
    }

    /// The key as a `SubjectPublicKeyInfo`.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The key as a `PUBLIC KEY` file.
    pub fn to_pem(&self) -> String {
        pem_text("PUBLIC KEY", &self.der)
    }

    /// Whether `signature` is this key's, of this message.
    pub fn verify_bytes(&self, message: &[u8], signature: &[u8]) -> Result<(), SignError> {
        self.key.verify_sig(message, signature).map_err(|_| SignError::Mismatch)
    }

    /// The same for a signature in Base64.
    pub fn verify(&self, message: &[u8], signature: &str) -> Result<(), SignError> {
        self.verify_bytes(message, &decoded(signature)?)
    }

    /// Verifies a request: over its target as received, then, if that does not fit, over the target as it
    /// was before percent-encoding.
    pub fn verify_request(&self, request: &Request<'_>, signature: &str) -> Result<Target, SignError> {
        let signature = decoded(signature)?;
        if self.verify_bytes(&request.message(), &signature).is_ok() {
            return Ok(Target::Received);
        }
        let message = request.decoded_message().ok_or(SignError::Mismatch)?;
        self.verify_bytes(&message, &signature).map(|()| Target::Decoded)
    }
}

/// The 256 bytes of a signature.
fn decoded(signature: &str) -> Result<[u8; MODULUS_BYTES], SignError> {
    let mut bytes = [0; MODULUS_BYTES];
    // Room for the padding that the decoder wants to look at before it knows the length.
    let mut buffer = [0; MODULUS_BYTES + 3];
    let length = STANDARD.decode_slice(signature, &mut buffer).map_err(|_| SignError::Signature)?;
    let read = buffer.get(..length).filter(|read| read.len() == MODULUS_BYTES).ok_or(SignError::Signature)?;
    bytes.copy_from_slice(read);
    Ok(bytes)
}

/// How a signature is spoilt that a receiver is meant to refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// It stays Base64 of 256 bytes.
    Readable,
    /// It becomes 361 characters without padding, which no decoder can read: the last one alone holds less
    /// than a byte. Receivers that decode before they compare are found out by this.
    Unreadable,
}

impl Probe {
    /// The signature with the prefix that marks a probe. It fits no message.
    pub fn spoil(self, signature: &str) -> String {
        match self {
            Probe::Readable => {
                let rest: String = signature.chars().skip(PROBE_PREFIX.len()).collect();
                format!("{PROBE_PREFIX}{rest}")
            }
            Probe::Unreadable => format!("{PROBE_PREFIX}{}", signature.trim_end_matches('=')),
        }
    }
}

/// Whether a signature says of itself that it is a probe. A receiver refuses it either way; this is for its
/// log.
pub fn is_probe(signature: &str) -> bool {
    signature.starts_with(PROBE_PREFIX)
}
