//! The dialect of WeChat Pay API v3 (微信支付), mainland merchants: headers, signatures, sealed payloads.
//!
//! Both sides are here. A door that plays WeChat Pay reads [`authorization::Authorization`], verifies a
//! [`message::Request`], and answers with [`answer::Headers`]; a channel that calls WeChat Pay does the
//! reverse. The algorithms are RSASSA-PKCS1-v1.5 with SHA-256 and keys of 2048 bits, AES-256-GCM under the
//! merchant's API v3 key, and RSAES-OAEP with SHA-1 for single fields.
//!
//! **Always true:** what is signed is the bytes that were received or are sent, never a parsed and rewritten
//! form of them. Every length that a stranger chooses has a limit. No error text holds a key, a plaintext or
//! a signature.
//!
//! **Absent on purpose:** sockets, clocks and storage; the time and random bytes are arguments, except for
//! what the crypto library draws itself for keys and paddings. Orders and refunds. The Chinese
//! national algorithms: their scheme is recognised and refused, see
//! [`authorization::SignError::SchemeNotSupported`].

pub mod answer;
pub mod authority;
pub mod authorization;
pub mod bill;
pub mod certificate;
pub mod doctor;
pub mod draw;
pub mod envelope;
pub mod error;
pub mod message;
pub mod sensitive;
pub mod serial;
pub mod signature;
pub mod time;

/// How far a timestamp may be from the reader's clock, either way: five minutes, for requests, answers and
/// notifications alike (WeChat Pay's rules for signing and verifying).
pub const CLOCK_SKEW_S: i64 = 300;

/// Whether a timestamp is within [`CLOCK_SKEW_S`] of now.
pub(crate) fn is_timely(timestamp_s: i64, now: tongbao_core::Time) -> bool {
    now.ms().div_euclid(1_000).abs_diff(timestamp_s) <= CLOCK_SKEW_S.unsigned_abs()
}
