//! Where webhooks may go, and what signs them.

use tongbao_engine::webhook::{Policy, Secret, SigningKey, address::is_forbidden, check_url, sign};

use crate::{spell, time};

#[test]
fn no_url_leads_inside() {
    let words = &[
        "https://",
        "http://",
        "127.0.0.1",
        "0x7f",
        "2130706433",
        "017700000001",
        "[::1]",
        "[::ffff:10.0.0.1]",
        "10.0.0.1",
        "example.com",
        "localhost",
        ".",
        ":",
        "8443",
        "443",
        "/",
        "@",
        "#",
        "?",
        "user:pass",
        "169.254.169.254",
        "%31",
        "１",
        "[64:ff9b::7f00:1]",
        "0",
        "1",
        "。",
    ];
    bolero::check!().with_test_time(time()).for_each(|bytes: &[u8]| {
        for text in [String::from_utf8_lossy(bytes).into_owned(), spell(bytes, words)] {
            let Ok(target) = check_url(&text, Policy::PublicOnly) else { continue };
            assert!(target.as_str().starts_with("https://"), "{text}");
            let host = target.as_str()["https://".len()..].split(['/', '?']).next().unwrap();
            let name = host.strip_prefix('[').map_or_else(
                || host.rsplit_once(':').map_or(host, |(name, _)| name).to_owned(),
                |rest| rest.split(']').next().unwrap().to_owned(),
            );
            if let Ok(address) = name.parse() {
                assert!(!is_forbidden(address), "{text} leads to {address}");
            }
            assert!(!name.ends_with("localhost"), "{text}");
        }
    });
}

#[test]
fn a_signature_depends_on_every_byte() {
    let secret = Secret::from_bytes([7; 32]);
    let key = SigningKey::from_seed([9; 32]);
    bolero::check!().with_test_time(time()).for_each(|body: &[u8]| {
        let signed = sign("evt_1", 1_700_000_000, body, std::slice::from_ref(&secret), Some(&key)).signature;
        let mut altered = body.to_vec();
        match altered.first_mut() {
            Some(first) => *first ^= 1,
            None => altered.push(0),
        }
        let other =
            sign("evt_1", 1_700_000_000, &altered, std::slice::from_ref(&secret), Some(&key)).signature;
        let both = signed.split(' ').zip(other.split(' '));
        assert_eq!(both.clone().count(), 2);
        assert!(both.into_iter().all(|(left, right)| left != right));
    });
}

#[test]
fn secrets_are_read_or_refused() {
    bolero::check!().with_test_time(time()).for_each(|bytes: &[u8]| {
        let text = spell(
            bytes,
            &["whsec_", "whsk_", "A", "b", "=", "+", "/", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", " "],
        );
        if let Ok(secret) = Secret::parse(&text) {
            assert!(Secret::parse(&secret.expose()).is_ok(), "{text}");
        }
        if let Ok(key) = SigningKey::parse(&text) {
            assert!(key.public_key().starts_with("whpk_"));
        }
    });
}
