//! Signatures, checked with the reference library of the standard and with the verifier of `aws-lc-rs`.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use standardwebhooks::Webhook;
use tongbao_engine::webhook::signature::{KeyTextError, Secret, SignedHeaders, SigningKey, sign};

const ID: &str = "evt_01k3zq6r8mfd2vk1k0a7h9xw5c";
const BODY: &[u8] = "{\"type\":\"payment.succeeded\",\"note\":\"通宝\"}".as_bytes();

#[expect(clippy::disallowed_methods, reason = "the reference library compares with the real time")]
fn now_s() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is after 1970");
    i64::try_from(since_epoch.as_secs()).expect("the time fits")
}

fn header_map(headers: &SignedHeaders) -> HeaderMap {
    let pairs = headers.pairs().into_iter();
    pairs.map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value"))).collect()
}

fn is_accepted(secret: &Secret, headers: &SignedHeaders, body: &[u8]) -> bool {
    let reference = Webhook::new(&secret.expose()).expect("the reference library reads our secret");
    reference.verify(body, &header_map(headers)).is_ok()
}

#[test]
fn the_reference_library_accepts_a_signature_under_each_of_two_live_secrets() {
    let (old, new, other) =
        (Secret::from_bytes([1; 32]), Secret::from_bytes([2; 32]), Secret::from_bytes([3; 32]));
    let headers = sign(ID, now_s(), BODY, &[new.clone(), old.clone()], None);
    assert!(is_accepted(&old, &headers, BODY));
    assert!(is_accepted(&new, &headers, BODY));
    assert!(!is_accepted(&other, &headers, BODY));
}

#[test]
fn an_alteration_of_body_id_time_or_signature_is_refused() {
    let secret = Secret::from_bytes([7; 32]);
    let headers = sign(ID, now_s(), BODY, std::slice::from_ref(&secret), None);
    for position in 0..BODY.len() {
        let mut body = BODY.to_vec();
        body[position] ^= 1;
        assert!(!is_accepted(&secret, &headers, &body), "byte {position}");
    }
    assert!(!is_accepted(&secret, &SignedHeaders { id: "evt_other".to_owned(), ..headers.clone() }, BODY));
    let later = (now_s() + 1).to_string();
    assert!(!is_accepted(&secret, &SignedHeaders { timestamp: later, ..headers.clone() }, BODY));
    let signature = headers.signature.replacen("v1,", "v2,", 1);
    assert!(!is_accepted(&secret, &SignedHeaders { signature, ..headers.clone() }, BODY));
    assert!(is_accepted(&secret, &headers, BODY));
}

#[test]
fn our_signature_equals_that_of_the_reference_library() {
    let secret = Secret::parse("whsec_dGhpcnR5LXR3by1ieXRlcy1vZi10ZXN0LXNlY3JldCE=").expect("a secret");
    let headers = sign(ID, 1_760_000_000, BODY, std::slice::from_ref(&secret), None);
    let reference = Webhook::new(&secret.expose()).expect("a secret");
    assert_eq!(headers.signature, reference.sign(ID, 1_760_000_000, BODY).expect("the body is text"));
    assert_eq!(headers.timestamp, "1760000000");
    assert_eq!(headers.id, ID);
}

#[test]
fn the_asymmetric_signature_verifies_under_the_published_key_and_stands_last() {
    let key = SigningKey::from_seed([9; 32]);
    let secrets = [Secret::from_bytes([1; 32]), Secret::from_bytes([2; 32])];
    let headers = sign(ID, 1_760_000_000, BODY, &secrets, Some(&key));
    let parts: Vec<_> = headers.signature.split(' ').collect();
    assert_eq!(parts.len(), 3);
    assert!(parts[0].starts_with("v1,") && parts[1].starts_with("v1,"));

    let signature = STANDARD.decode(parts[2].strip_prefix("v1a,").expect("v1a stands last")).expect("base64");
    let public_key = key.public_key();
    let public_key = STANDARD.decode(public_key.strip_prefix("whpk_").expect("a prefix")).expect("base64");
    let verifier = UnparsedPublicKey::new(&ED25519, public_key);
    let mut content = [format!("{ID}.1760000000.").as_bytes(), BODY].concat();
    verifier.verify(&content, &signature).expect("the signature is good");
    content[ID.len() + 1] ^= 1;
    assert!(verifier.verify(&content, &signature).is_err());
}

#[test]
fn the_public_key_is_the_one_that_rfc_8032_gives_for_its_first_test_seed() {
    let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let key = SigningKey::from_seed(from_hex(seed));
    assert_eq!(key.public_key(), format!("whpk_{}", STANDARD.encode(from_hex(public))));
}

fn from_hex(text: &str) -> [u8; 32] {
    std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("hexadecimal"))
}

#[test]
fn keys_survive_writing_and_reading() {
    let secret = Secret::from_bytes([5; 32]);
    assert_eq!(Secret::parse(&secret.expose()).expect("our own text").expose(), secret.expose());
    let key = SigningKey::from_seed([5; 32]);
    assert_eq!(SigningKey::parse(&key.expose()).expect("our own text").public_key(), key.public_key());
}

#[test]
fn key_texts_with_wrong_prefix_encoding_or_length_are_refused() {
    let secret = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![0; bytes]));
    assert!(Secret::parse(&secret(24)).is_ok());
    assert!(Secret::parse(&secret(64)).is_ok());
    for (text, error) in [
        (secret(23), KeyTextError::Length),
        (secret(65), KeyTextError::Length),
        ("whsec_".to_owned(), KeyTextError::Length),
        (secret(32).replace("whsec_", ""), KeyTextError::Prefix),
        (secret(32).replace("whsec_", "whsk_"), KeyTextError::Prefix),
        ("whsec_not base64".to_owned(), KeyTextError::Encoding),
    ] {
        assert_eq!(Secret::parse(&text).err(), Some(error), "{text}");
    }
    assert_eq!(SigningKey::parse(&secret(32)).err(), Some(KeyTextError::Prefix));
    let long = format!("whsk_{}", STANDARD.encode([0; 33]));
    assert_eq!(SigningKey::parse(&long).err(), Some(KeyTextError::Length));
}

#[test]
fn debug_output_shows_no_secret() {
    let secret = Secret::from_bytes([5; 32]);
    let key = SigningKey::from_seed([5; 32]);
    assert_eq!(format!("{secret:?}"), "Secret(whsec_***)");
    assert_eq!(format!("{key:?}"), format!("SigningKey({})", key.public_key()));
    assert!(!format!("{key:?}").contains(key.expose().trim_start_matches("whsk_")));
}
