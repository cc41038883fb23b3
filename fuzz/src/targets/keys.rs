//! Texts of webhook secrets and signing keys: one text for each key, nothing secret in debug output.

use tongbao_engine::webhook::{
    Secret, SigningKey,
    signature::{KeyTextError, PUBLIC_KEY_PREFIX, SECRET_MAX_BYTES, SECRET_MIN_BYTES},
};

use super::Target;
use crate::{bytes::Bytes, driver::reached};

/// See the module.
pub const TARGET: Target = Target {
    name: "keys",
    run: target,
    words: &[
        "whsec_",
        "whsk_",
        "whpk_",
        "=",
        "==",
        "AAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "+",
        "/",
        "-",
        " ",
        "\n",
    ],
};

/// Takes an input: as a text, and as the bytes of keys.
pub fn target(input: &[u8]) {
    if let Ok(text) = std::str::from_utf8(input) {
        match Secret::parse(text) {
            Ok(secret) => {
                reached("a secret");
                assert_eq!(secret.expose(), text);
                assert!(!format!("{secret:?}").contains(text.trim_start_matches("whsec_")));
                let bytes = text.trim_start_matches("whsec_").trim_end_matches('=').len() * 3 / 4;
                assert!((SECRET_MIN_BYTES..=SECRET_MAX_BYTES).contains(&bytes), "{bytes} bytes");
            }
            Err(why) => reached(told(why)),
        }
        match SigningKey::parse(text) {
            Ok(key) => {
                reached("a signing key");
                assert_eq!(key.expose(), text);
                check_debug(&key);
            }
            Err(why) => reached(&format!("signing {}", told(why))),
        }
    }
    let bytes = Bytes::new(input).array();
    let secret = Secret::from_bytes(bytes);
    assert_eq!(Secret::parse(&secret.expose()).map(|read| read.expose()), Ok(secret.expose()));
    assert_eq!(SigningKey::parse(&secret.expose()).err(), Some(KeyTextError::Prefix));
    let key = SigningKey::from_seed(bytes);
    assert_eq!(SigningKey::parse(&key.expose()).map(|read| read.public_key()), Ok(key.public_key()));
    assert!(key.public_key().starts_with(PUBLIC_KEY_PREFIX));
    check_debug(&key);
}

fn told(why: KeyTextError) -> &'static str {
    match why {
        KeyTextError::Prefix => "prefix",
        KeyTextError::Encoding => "encoding",
        KeyTextError::Length => "length",
    }
}

fn check_debug(key: &SigningKey) {
    let secret = key.expose();
    assert!(!format!("{key:?}").contains(secret.trim_start_matches("whsk_")));
}
