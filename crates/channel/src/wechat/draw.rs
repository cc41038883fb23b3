//! Random bytes as the texts that the protocol wants: nonces, keys, ids.
//!
//! The bytes are the caller's, who has a source nobody can guess. Equal bytes give equal texts.

use std::fmt::Write as _;

const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Bytes as upper-case hexadecimal digits, two for each.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02X}");
        text
    })
}

/// A `nonce_str` of 32 hexadecimal digits, the longest that the documents promise to accept.
pub fn nonce(random: [u8; 16]) -> String {
    hex(&random)
}

/// As many letters and digits as there are bytes; each is worth at least 5.6 bits (256 values on 62
/// characters).
pub fn alphanumeric(random: &[u8]) -> String {
    random.iter().map(|byte| char::from(ALPHANUMERIC[usize::from(*byte) % ALPHANUMERIC.len()])).collect()
}
