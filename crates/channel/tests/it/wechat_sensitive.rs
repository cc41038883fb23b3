//! Fields encrypted for one side.

use proptest::prelude::*;
use tongbao_channel::wechat::{
    envelope::TooLong,
    sensitive::{DecryptingKey, EncryptingKey, FIELD_BYTES_MAX, Undecryptable},
};

use crate::wechat_samples::{MERCHANT, PLATFORM};

#[test]
fn a_field_has_at_most_214_bytes() {
    let encrypting = EncryptingKey::new(&PLATFORM.verifying_key());
    let decrypting = DecryptingKey::new(&PLATFORM);
    assert_eq!(FIELD_BYTES_MAX, 214);
    for field in [String::new(), "张三".to_owned(), "x".repeat(214)] {
        let encrypted = encrypting.encrypt(&field).unwrap();
        assert_eq!(encrypted.len(), 344);
        assert_ne!(encrypting.encrypt(&field).unwrap(), encrypted);
        assert_eq!(decrypting.decrypt(&encrypted).unwrap().as_str(), field);
    }
    assert_eq!(encrypting.encrypt(&"x".repeat(215)), Err(TooLong));
    assert_eq!(encrypting.encrypt(&"张".repeat(72)), Err(TooLong));
}

#[test]
fn what_was_not_encrypted_for_us_is_one_error() {
    let encrypted = EncryptingKey::new(&PLATFORM.verifying_key()).encrypt("张三").unwrap();
    let decrypting = DecryptingKey::new(&PLATFORM);
    let zeros = format!("{}==", "A".repeat(342));
    let not_base64 = "%".repeat(344);
    let huge = "A".repeat(1 << 20);
    let shifted = format!("{}{}", &encrypted[4..], &encrypted[..4]);
    for text in ["", "张三", &encrypted[4..], &zeros, &not_base64, &huge, &shifted] {
        assert_eq!(decrypting.decrypt(text), Err(Undecryptable));
    }
    assert_eq!(DecryptingKey::new(&MERCHANT).decrypt(&encrypted), Err(Undecryptable));
}

proptest! {
    // Each case decrypts once, which takes about a millisecond.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_is_encrypted_decrypts(field in "\\PC{0,50}") {
        let encrypted = EncryptingKey::new(&PLATFORM.verifying_key()).encrypt(&field).unwrap();
        let decrypted = DecryptingKey::new(&PLATFORM).decrypt(&encrypted).unwrap();
        prop_assert_eq!(decrypted.as_str(), field);
    }
}
