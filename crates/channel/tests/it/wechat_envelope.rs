//! Payloads sealed under an API v3 key.

use proptest::prelude::*;
use serde_json::json;
use tongbao_channel::wechat::{
    certificate::{CertificateList, ListedCertificate},
    envelope::{
        ApiV3Key, CIPHERTEXT_CHARS_MAX, Draft, Nonce, Notification, PLAINTEXT_BYTES_MAX, TooLong, Unopened,
        WrongLength,
    },
};

use crate::wechat_samples::{AUTHORITY, NOW, PLATFORM, occasion};

const KEY: &[u8; 32] = b"0123456789abcdef0123456789ABCDEF";
const NONCE: &str = "fdasflkja484";

/// 支付成功 under [`KEY`] and [`NONCE`] with `transaction`, made with OpenSSL by way of Python's cryptography.
const SEALED: &str = "8oum0aSpEovPRx84uq6nswt0FiDVlS6SGCb3dg==";

fn key() -> ApiV3Key {
    ApiV3Key::new(KEY).unwrap()
}

fn nonce() -> Nonce {
    Nonce::parse(NONCE).unwrap()
}

fn draft() -> Draft<'static> {
    Draft {
        id: "EV-2018022511223320873",
        created: NOW,
        event_type: "TRANSACTION.SUCCESS",
        summary: "支付成功",
        original_type: "transaction",
        associated_data: "transaction",
    }
}

#[test]
fn another_implementation_seals_the_same() {
    assert_eq!(key().seal(nonce(), "transaction", "支付成功".as_bytes()).as_deref(), Ok(SEALED));
    assert_eq!(key().open(NONCE, "transaction", SEALED).unwrap().as_slice(), "支付成功".as_bytes());
    assert_eq!(key().seal(nonce(), "", b"").as_deref(), Ok("78YZySSM8yrKRwszBF0SGQ=="));
    assert!(key().open(NONCE, "", "78YZySSM8yrKRwszBF0SGQ==").unwrap().is_empty());
}

#[test]
fn a_key_has_32_bytes_and_is_not_shown() {
    for length in [0, 16, 31, 33, 64] {
        assert_eq!(ApiV3Key::new(&vec![b'k'; length]).unwrap_err(), WrongLength, "{length}");
    }
    // Thirty-two characters are not 32 bytes when they are Chinese.
    assert_eq!(ApiV3Key::new("钥".repeat(32).as_bytes()).unwrap_err(), WrongLength);
    assert_eq!(format!("{:?}", key()), "ApiV3Key");
}

#[test]
fn what_was_altered_does_not_open() {
    let other = ApiV3Key::new(b"0123456789abcdef0123456789ABCDEG").unwrap();
    assert_eq!(other.open(NONCE, "transaction", SEALED), Err(Unopened));
    let huge = "A".repeat(CIPHERTEXT_CHARS_MAX + 4);
    for (nonce, associated_data, ciphertext) in [
        (NONCE, "refund", SEALED),
        (NONCE, "", SEALED),
        ("fdasflkja485", "transaction", SEALED),
        ("fdasflkja48", "transaction", SEALED),
        ("0123456789abcdef", "transaction", SEALED),
        ("", "transaction", SEALED),
        (NONCE, "transaction", ""),
        (NONCE, "transaction", "8oum"),
        (NONCE, "transaction", "8oum0aSpEovPRx84uq6nswt0FiDVlS6SGCb3"),
        (NONCE, "transaction", &SEALED[4..]),
        (NONCE, "transaction", "not Base64"),
        (NONCE, "transaction", &huge),
    ] {
        assert_eq!(
            key().open(nonce, associated_data, ciphertext),
            Err(Unopened),
            "{nonce} {associated_data}"
        );
    }
}

#[test]
fn the_longest_plaintext_fits_the_longest_ciphertext() {
    let longest = vec![0; PLAINTEXT_BYTES_MAX];
    let sealed = key().seal(nonce(), "transaction", &longest).unwrap();
    assert_eq!(sealed.len(), CIPHERTEXT_CHARS_MAX);
    assert_eq!(key().open(NONCE, "transaction", &sealed).unwrap().len(), longest.len());
    assert_eq!(key().seal(nonce(), "transaction", &vec![0; PLAINTEXT_BYTES_MAX + 1]), Err(TooLong));
}

#[test]
fn a_notification_is_compact_json_in_the_order_of_the_documents() {
    let notification = Notification::seal(&draft(), &key(), nonce(), "支付成功".as_bytes()).unwrap();
    let expected = format!(
        concat!(
            r#"{{"id":"EV-2018022511223320873","create_time":"2019-04-02T20:34:20+08:00","#,
            r#""resource_type":"encrypt-resource","event_type":"TRANSACTION.SUCCESS","summary":"支付成功","#,
            r#""resource":{{"original_type":"transaction","algorithm":"AEAD_AES_256_GCM","ciphertext":"{}","#,
            r#""associated_data":"transaction","nonce":"{}"}}}}"#,
        ),
        SEALED, NONCE
    );
    let body = notification.to_json();
    assert_eq!(String::from_utf8(body.clone()).unwrap(), expected);
    let read = Notification::from_json(&body).unwrap();
    assert_eq!(read, notification);
    assert_eq!(read.resource.open(&key()).unwrap().as_slice(), "支付成功".as_bytes());
}

#[test]
fn fields_may_be_added_or_left_out_by_others() {
    let mut body = json!({
        "id": "1", "create_time": "2019-04-02T20:34:20+08:00", "resource_type": "encrypt-resource",
        "event_type": "NEW.EVENT", "new": [1],
        "resource": {"original_type": "new", "algorithm": "AEAD_AES_256_GCM", "nonce": NONCE,
                     "ciphertext": "78YZySSM8yrKRwszBF0SGQ=="},
    });
    let read = Notification::from_json(body.to_string().as_bytes()).unwrap();
    assert!(read.resource.open(&key()).unwrap().is_empty());
    body["resource"]["algorithm"] = json!("AEAD_SM4_GCM");
    let national = Notification::from_json(body.to_string().as_bytes()).unwrap();
    assert_eq!(national.resource.open(&key()), Err(Unopened));
    body["resource"] = json!(null);
    assert!(Notification::from_json(body.to_string().as_bytes()).is_err());
}

#[test]
fn a_listed_certificate_opens_for_the_merchant_it_is_for() {
    let certificate =
        AUTHORITY.issue_platform(&PLATFORM.verifying_key(), "Tongbao platform", occasion(2)).unwrap();
    let listed = ListedCertificate::seal(&certificate, &key(), nonce()).unwrap();
    let list = CertificateList { data: vec![listed.clone()] };
    let text = serde_json::to_string(&list).unwrap();
    let begin = concat!(
        r#"{"data":[{"serial_no":"4202020202020202020202020202020202020202","#,
        r#""effective_time":"2019-04-02T20:29:20+08:00","expire_time":"2024-03-31T20:34:20+08:00","#,
        r#""encrypt_certificate":{"algorithm":"AEAD_AES_256_GCM","nonce":"fdasflkja484","#,
        r#""associated_data":"certificate","ciphertext":""#,
    );
    assert!(text.starts_with(begin), "{text}");
    let opened = listed.open(&key()).unwrap().unwrap();
    assert_eq!(opened.der(), certificate.der());
    let other = ApiV3Key::new(&[b'x'; 32]).unwrap();
    assert_eq!(listed.open(&other).unwrap_err(), Unopened);
    let renamed = ListedCertificate { serial_no: "1".to_owned(), ..listed };
    assert!(renamed.open(&key()).unwrap().is_none());
}

proptest! {
    #[test]
    fn what_is_sealed_opens(
        secret in any::<[u8; 32]>(),
        random in any::<[u8; 12]>(),
        associated_data in "[a-z]{0,16}",
        plaintext in prop::collection::vec(any::<u8>(), 0..2_000),
        at in any::<prop::sample::Index>(),
    ) {
        let key = ApiV3Key::new(&secret).unwrap();
        let nonce = Nonce::draw(random);
        prop_assert!(nonce.to_string().bytes().all(|byte| byte.is_ascii_alphanumeric()));
        prop_assert_eq!(Nonce::parse(&nonce.to_string()), Some(nonce));
        let sealed = key.seal(nonce, &associated_data, &plaintext).unwrap();
        let opened = key.open(&nonce.to_string(), &associated_data, &sealed).unwrap();
        prop_assert_eq!(opened.as_slice(), plaintext.as_slice());
        // Another character at any place is another ciphertext, or none.
        let mut altered = sealed.into_bytes();
        let place = at.index(altered.len());
        altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        prop_assert_eq!(key.open(&nonce.to_string(), &associated_data, &altered), Err(Unopened));
    }
}
