//! Opaque cursors: where a list continues, as text that clients hand back unchanged.
//!
//! A cursor is base64url (RFC 4648 §5, without padding) of one version byte and the position, whose form is
//! the list's own affair. It is not signed: a forged one can only name another position in a list that its
//! holder may read anyway, and whoever decodes one must bear any bytes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::problem::{INVALID_CURSOR, Problem};

/// The first byte. A cursor of another version is refused, not guessed at.
const VERSION: u8 = 1;

/// Bytes of a position; two ids and a time take less than 64.
pub const POSITION_BYTES_MAX: usize = 192;

/// Characters of the longest cursor: four for every three bytes.
const TEXT_MAX: usize = (POSITION_BYTES_MAX + 1).div_ceil(3) * 4;

/// The cursor for a position of at most [`POSITION_BYTES_MAX`] bytes.
pub fn encode(position: &[u8]) -> String {
    debug_assert!(position.len() <= POSITION_BYTES_MAX, "a longer position could not be decoded again");
    let mut bytes = Vec::with_capacity(position.len() + 1);
    bytes.push(VERSION);
    bytes.extend_from_slice(position);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The position that [`encode`] was given; 400 `invalid_cursor` for anything it did not make.
pub fn decode(cursor: &str) -> Result<Vec<u8>, Problem> {
    let bytes = if cursor.len() <= TEXT_MAX { URL_SAFE_NO_PAD.decode(cursor).ok() } else { None };
    match bytes.as_deref() {
        Some([VERSION, position @ ..]) if position.len() <= POSITION_BYTES_MAX => Ok(position.to_vec()),
        _ => Err(Problem::of(INVALID_CURSOR)
            .param("cursor")
            .detail("Hand back the cursor of the previous page unchanged, or start again without one.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_comes_back() {
        for length in 0..=POSITION_BYTES_MAX {
            let position: Vec<u8> = (0..=u8::MAX).rev().take(length).collect();
            let cursor = encode(&position);
            assert!(cursor.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'));
            assert_eq!(decode(&cursor).unwrap(), position);
        }
    }

    #[test]
    fn what_we_did_not_make_is_refused() {
        let good = encode(b"position");
        let padded = format!("{good}=");
        let cut = &good[..good.len() - 1];
        let long = "A".repeat(TEXT_MAX + 4);
        // "Ag" is version 2; "AR" leaves bits over; "+/" is the other alphabet.
        for cursor in ["", "Ag", "AR", "A", "+/8", "AQ==", " AQ", "通宝", &padded, cut, &long] {
            let refused = decode(cursor);
            // Cutting may leave a shorter valid cursor only if the length still fits base64; here it does not.
            assert_eq!(refused.unwrap_err().code, "invalid_cursor", "{cursor}");
        }
        assert_eq!(decode("AQ").unwrap(), b"");
    }
}
