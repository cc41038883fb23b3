//! Signatures of webhooks: receivers of the standard accept them, and nothing that differs by one byte.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue};
use standardwebhooks::Webhook;
use tongbao_engine::{
    auth::hex,
    webhook::{Secret, SignedHeaders, SigningKey, sign},
};

use super::Target;
use crate::{bytes::Bytes, driver::reached};

/// See the module.
pub const TARGET: Target = Target {
    name: "signatures",
    run: target,
    words: &["{\"id\":\"evt_1\"}", ".", "v1,", "v1a,", " ", "\"", "通宝"],
};

/// Takes an input: secrets, a body, and where to alter one byte of what is sent.
pub fn target(input: &[u8]) {
    let mut bytes = Bytes::new(input);
    let (old, new) = (Secret::from_bytes(bytes.array()), Secret::from_bytes(bytes.array()));
    let key = SigningKey::from_seed(bytes.array());
    let id = format!("evt_{}", hex(&bytes.array::<4>()));
    let (what, at, bits) = (bytes.byte(), bytes.short(), bytes.byte().max(1));
    // The library that verifies reads bodies as texts.
    let body = String::from_utf8_lossy(bytes.rest()).into_owned().into_bytes();
    let now_s = now_s();
    let sent = sign(&id, now_s, &body, &[new.clone(), old.clone()], Some(&key));
    for secret in [&old, &new] {
        assert!(verifies(secret, &sent, &body), "a receiver with a live secret refuses");
    }
    assert!(verifies_publicly(&key, &sent, &body), "a receiver with the public key refuses");
    let shared = sign(&id, now_s, &body, std::slice::from_ref(&old), None);
    let public = sign(&id, now_s, &body, &[], Some(&key));
    altered((shared, public), (&old, &key), (what, at, bits), &body);
}

#[expect(clippy::disallowed_methods, reason = "the library that verifies compares with the machine's clock")]
fn now_s() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// One byte of body, id, time or signature is another one.
fn altered(
    (shared, public): (SignedHeaders, SignedHeaders),
    (secret, key): (&Secret, &SigningKey),
    (what, at, bits): (u8, u16, u8),
    body: &[u8],
) {
    for (sent, verify) in [(shared, 0), (public, 1)] {
        let mut sent = sent;
        let mut body = body.to_vec();
        let changed = match what % 4 {
            0 => alter(&mut body, at, bits),
            1 => alter_text(&mut sent.id, at, bits),
            2 => alter_text(&mut sent.timestamp, at, bits),
            _ => alter_text(&mut sent.signature, at, bits),
        };
        if !changed {
            continue;
        }
        reached(&format!("altered {} {verify}", what % 4));
        let accepted =
            if verify == 0 { verifies(secret, &sent, &body) } else { verifies_publicly(key, &sent, &body) };
        assert!(!accepted, "an altered notification verifies: {sent:?}");
    }
}

fn alter(bytes: &mut [u8], at: u16, bits: u8) -> bool {
    let length = bytes.len().max(1);
    bytes.get_mut(usize::from(at) % length).map(|byte| *byte ^= bits).is_some()
}

/// The same for a text, if it stays one that can stand in a header.
fn alter_text(text: &mut String, at: u16, bits: u8) -> bool {
    let mut bytes = text.clone().into_bytes();
    alter(&mut bytes, at, bits);
    let Ok(other) = String::from_utf8(bytes) else { return false };
    if HeaderValue::from_str(&other).is_err() {
        return false;
    }
    *text = other;
    true
}

fn verifies(secret: &Secret, sent: &SignedHeaders, body: &[u8]) -> bool {
    let mut headers = HeaderMap::new();
    for (name, value) in sent.pairs() {
        let Ok(value) = HeaderValue::from_str(value) else { return false };
        headers.insert(name, value);
    }
    Webhook::new(&secret.expose()).is_ok_and(|webhook| webhook.verify(body, &headers).is_ok())
}

/// What a receiver does that holds only the public key.
fn verifies_publicly(key: &SigningKey, sent: &SignedHeaders, body: &[u8]) -> bool {
    let public = key.public_key();
    let Ok(public) = STANDARD.decode(public.trim_start_matches("whpk_")) else { return false };
    let content = [sent.id.as_bytes(), b".", sent.timestamp.as_bytes(), b".", body].concat();
    let signatures = sent.signature.split(' ').filter_map(|part| part.strip_prefix("v1a,"));
    let mut decoded = signatures.filter_map(|text| STANDARD.decode(text).ok());
    decoded.any(|signature| UnparsedPublicKey::new(&ED25519, &public).verify(&content, &signature).is_ok())
}
