//! What the listener knows about a request before anyone reads it: who connected, over what, and the
//! id under which we speak of it.
//!
//! Absent on purpose: `Forwarded` and `X-Forwarded-For`. Whoever trusts a proxy decides that elsewhere;
//! here only the socket counts. A `Request-Id` sent by the client is ignored: our logs hold our own ids.

use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::{Serialize, Serializer};

/// Prefix of a request id.
const PREFIX: &[u8; 4] = b"req_";

/// Characters of a request id: the prefix and 26 for the 128 bits of a UUID.
const LENGTH: usize = 30;

/// The alphabet of Crockford's base 32 in lower case, as `TypeID` uses it.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The address of the socket's other end. Missing when a router is called without a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddr(pub SocketAddr);

/// The name of one request: `req_` and the 26 characters of a UUID version 7 (RFC 9562).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId([u8; LENGTH]);

impl RequestId {
    /// An id from the present time and ten random bytes.
    #[expect(clippy::disallowed_methods, reason = "a name for logs; nothing is decided by its time")]
    pub fn generate() -> Self {
        let unix_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_millis());
        let mut random = [0; 10];
        // Without randomness ids may repeat, which only makes a log harder to read; no reason to refuse.
        let _ = aws_lc_rs::rand::fill(&mut random);
        let millis = u64::try_from(unix_ms).unwrap_or(u64::MAX);
        Self::from_u128(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().as_u128())
    }

    /// The id that spells these 128 bits, highest first.
    pub fn from_u128(bits: u128) -> Self {
        let mut text = [0; LENGTH];
        text[..PREFIX.len()].copy_from_slice(PREFIX);
        let mut rest = bits;
        for place in text[PREFIX.len()..].iter_mut().rev() {
            *place = ALPHABET[(rest & 31) as usize];
            rest >>= 5;
        }
        Self(text)
    }

    /// The 128 bits that it spells.
    pub fn to_u128(self) -> u128 {
        let place = |digit: &u8| ALPHABET.iter().position(|known| known == digit).unwrap_or_default();
        self.0[PREFIX.len()..].iter().fold(0, |bits, digit| bits << 5 | place(digit) as u128)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("the alphabet is ASCII")
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One entry in the request's extensions instead of three, because each entry is an allocation.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// The other end of the socket.
    pub peer: SocketAddr,
    /// Our name for this request; the answer carries it in `Request-Id`.
    pub request_id: RequestId,
    /// Whether the request came over TLS.
    pub secure: bool,
}

impl Arrival {
    /// The arrival that the listener noted in a request; `None` when a router is called without a listener.
    pub fn of(extensions: &http::Extensions) -> Option<Self> {
        extensions.get::<Self>().copied()
    }
}

impl<S: Sync> FromRequestParts<S> for PeerAddr {
    type Rejection = crate::problem::Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        // Only a router mounted without the listener comes here: a fault of ours, not of the client.
        Arrival::of(&parts.extensions)
            .map(|arrival| Self(arrival.peer))
            .ok_or_else(crate::problem::Problem::internal)
    }
}

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Arrival::of(&parts.extensions).map_or_else(Self::generate, |arrival| arrival.request_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_spells_its_bits_in_crockford_base_32() {
        assert_eq!(RequestId::from_u128(0).as_str(), "req_00000000000000000000000000");
        assert_eq!(RequestId::from_u128(u128::MAX).as_str(), "req_7zzzzzzzzzzzzzzzzzzzzzzzzz");
        // The example of the `TypeID` specification: 0188bac7-4afa-78aa-bc3b-bd1eef28d881.
        let example = RequestId::from_u128(0x0188_bac7_4afa_78aa_bc3b_bd1e_ef28_d881);
        assert_eq!(example.as_str(), "req_01h2xcejqtf2nbrexx3vqjhp41");
        assert_eq!(example.to_u128(), 0x0188_bac7_4afa_78aa_bc3b_bd1e_ef28_d881);
    }

    #[test]
    fn ids_made_in_one_millisecond_differ() {
        let ids: std::collections::HashSet<_> = (0..1_000).map(|_| RequestId::generate()).collect();
        assert_eq!(ids.len(), 1_000);
    }
}
