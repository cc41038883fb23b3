//! Certificates, and requests for them: what is taken comes back to the byte, and fits the key that it names.

use tongbao_channel::wechat::{authority::requested_key, certificate::Certificate, signature::VerifyingKey};

use super::Target;
use crate::driver::reached;

/// See the module.
pub const TARGET: Target = Target {
    name: "wechat_certificates",
    run: target,
    words: &[
        "-----BEGIN CERTIFICATE REQUEST-----\n",
        "-----END CERTIFICATE REQUEST-----\n",
        "-----BEGIN CERTIFICATE-----\n",
        "\x30\x0d",
        "\x02\x01",
        "\x06\x09",
        "\x05\x00",
        "\x17\x0d",
        "\x18\x0f",
    ],
};

/// Takes an input: as the bytes of a certificate, and as the text of a request.
pub fn target(input: &[u8]) {
    match Certificate::from_der(input) {
        Ok(certificate) => {
            reached("a certificate");
            assert_eq!(certificate.der(), input);
            let again = Certificate::from_pem(&certificate.to_pem()).expect("it was read before");
            assert_eq!(again.der(), input);
            assert_eq!(again.serial(), certificate.serial());
            assert_eq!(certificate.serial().to_string().parse(), Ok(certificate.serial()));
            let (from, until) = (certificate.not_before(), certificate.not_after());
            assert_eq!(certificate.is_valid_at(from), from <= until);
            assert!(!certificate.is_valid_at(until.plus_ms(1)) || until.plus_ms(1) == until);
            check(certificate.key(), input);
        }
        Err(error) => reached(&format!("certificate: {error}")),
    }
    let Ok(text) = std::str::from_utf8(input) else { return };
    match requested_key(text) {
        Ok(key) => {
            reached("a request");
            let again = VerifyingKey::from_pem(&key.to_pem()).expect("it was read before");
            assert_eq!(again.der(), key.der());
        }
        Err(error) => reached(&format!("request: {error}")),
    }
}

/// The key of a certificate stands in it, and reads back.
fn check(key: &VerifyingKey, certificate: &[u8]) {
    assert!(certificate.windows(key.der().len()).any(|part| part == key.der()));
    let again = VerifyingKey::from_der(key.der()).expect("it was read before");
    assert_eq!(again.der(), key.der());
}
