//! The names of keys: serial numbers of certificates, and ids of public keys.
//!
//! A serial number is a number. SDKs write it in upper or lower case and with or without leading zeros, so
//! it is read into bytes before anything is compared. A public key's id is a text and is compared exactly.

use std::{fmt, str::FromStr};

use super::draw;

/// Bytes of a certificate's serial number (RFC 5280 §4.1.2.2).
pub const SERIAL_BYTES_MAX: usize = 20;

/// Characters of a serial number as a stranger may write it: forty digits, and some leading zeros.
const SERIAL_CHARS_MAX: usize = 64;

/// What a public key's id begins with.
pub const PUBLIC_KEY_PREFIX: &str = "PUB_KEY_ID_";

/// Digits after the prefix. All published examples have 34; nothing says that it must be so.
const PUBLIC_KEY_DIGITS: usize = 34;
const PUBLIC_KEY_DIGITS_MAX: usize = 64;

/// Neither a serial number nor a public key's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownName;

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("neither a certificate's serial number nor a public key's id")
    }
}

impl std::error::Error for UnknownName {}

/// A certificate's serial number, greater than zero, of at most twenty bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial([u8; SERIAL_BYTES_MAX]);

impl Serial {
    /// A serial number of exactly forty digits from random bytes, 158 bits of them: no leading zero, which
    /// some SDKs would lose, and no sign bit, which would make it longer.
    pub fn draw(random: [u8; SERIAL_BYTES_MAX]) -> Serial {
        let mut bytes = random;
        bytes[0] = bytes[0] & 0x3F | 0x40;
        Serial(bytes)
    }

    /// Reads the big-endian bytes of a certificate's serial number.
    pub fn from_bytes(bytes: &[u8]) -> Result<Serial, UnknownName> {
        let first = bytes.iter().position(|byte| *byte != 0).ok_or(UnknownName)?;
        let number = &bytes[first..];
        let start = SERIAL_BYTES_MAX.checked_sub(number.len()).ok_or(UnknownName)?;
        let mut all = [0; SERIAL_BYTES_MAX];
        all[start..].copy_from_slice(number);
        Ok(Serial(all))
    }

    /// Its bytes, big-endian, without leading zeros.
    pub fn bytes(&self) -> &[u8] {
        let first = self.0.iter().position(|byte| *byte != 0).unwrap_or_default();
        &self.0[first..]
    }
}

impl FromStr for Serial {
    type Err = UnknownName;

    /// Reads hexadecimal digits in either case.
    fn from_str(text: &str) -> Result<Serial, UnknownName> {
        if text.len() > SERIAL_CHARS_MAX || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(UnknownName);
        }
        let digits = text.trim_start_matches('0');
        // An odd number of digits has half a byte in front.
        let padded = format!("{}{digits}", if digits.len() % 2 == 1 { "0" } else { "" });
        let pairs = (0..padded.len()).step_by(2).map(|at| u8::from_str_radix(&padded[at..at + 2], 16));
        Serial::from_bytes(&pairs.collect::<Result<Vec<u8>, _>>().map_err(|_| UnknownName)?)
    }
}

impl fmt::Display for Serial {
    /// Upper-case digits, two for each byte, as `openssl x509 -serial` prints them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&draw::hex(self.bytes()))
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Serial({self})")
    }
}

/// The id of a public key that stands for the platform: `PUB_KEY_ID_` and decimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKeyId(Box<str>);

impl PublicKeyId {
    /// An id of 34 digits from random bytes.
    pub fn draw(random: [u8; 16]) -> PublicKeyId {
        let number = u128::from_be_bytes(random) % 10_u128.pow(34);
        PublicKeyId(format!("{PUBLIC_KEY_PREFIX}{number:0PUBLIC_KEY_DIGITS$}").into())
    }

    /// The id with its prefix.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PublicKeyId {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<PublicKeyId, UnknownName> {
        let digits = text.strip_prefix(PUBLIC_KEY_PREFIX).ok_or(UnknownName)?;
        let fits = (1..=PUBLIC_KEY_DIGITS_MAX).contains(&digits.len());
        let decimal = digits.bytes().all(|digit| digit.is_ascii_digit());
        if fits && decimal { Ok(PublicKeyId(text.into())) } else { Err(UnknownName) }
    }
}

impl fmt::Display for PublicKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What `Wechatpay-Serial` names: the key that signed an answer, or that a field was encrypted for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyName {
    /// The key in the platform certificate with this serial number (平台证书).
    Certificate(Serial),
    /// The public key with this id (微信支付公钥).
    PublicKey(PublicKeyId),
}

impl FromStr for KeyName {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<KeyName, UnknownName> {
        match text.parse() {
            Ok(id) => Ok(KeyName::PublicKey(id)),
            Err(UnknownName) => text.parse().map(KeyName::Certificate),
        }
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyName::Certificate(serial) => serial.fmt(f),
            KeyName::PublicKey(id) => id.fmt(f),
        }
    }
}
