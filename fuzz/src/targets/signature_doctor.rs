//! The signature doctor: it never says that what the door refuses is right, nor the reverse, and finds what was
//! planted.

use std::sync::LazyLock;

use tongbao_channel::wechat::{
    doctor::{Case, Difference, Mistake, diagnose, visible},
    message::Request,
    signature::SigningKey,
};

use super::Target;
use crate::{bytes::Bytes, driver::reached};

/// See the module.
pub const TARGET: Target = Target {
    name: "signature_doctor",
    run: target,
    words: &[
        "GET",
        "POST",
        "/v3/pay/transactions/native",
        "?mchid=1900000001",
        "%7C",
        "%",
        "{\"a\": 1}",
        "{\"b\":\"\\u8336\"}",
        "一壶茶",
        "\\n",
        "\r\n",
        "\n",
    ],
};

/// Made once: a key takes its time.
static KEY: LazyLock<SigningKey> = LazyLock::new(SigningKey::generate);

/// Takes an input: a request, and how the text that was signed differs from its own.
pub fn target(input: &[u8]) {
    let mut bytes = Bytes::new(input);
    let (how, method, target, nonce) = (bytes.byte(), bytes.text(), bytes.text(), bytes.text());
    let timestamp_s = i64::from(bytes.short());
    let request =
        Request { method: &method, target: &target, timestamp_s, nonce: &nonce, body: bytes.clone().rest() };
    let right = request.message();
    let signed = match how % 5 {
        0 => right.clone(),
        1 => right[..right.len() - 1].to_vec(),
        2 => [right.as_slice(), b"\n"].concat(),
        3 => bytes.rest().to_vec(),
        _ => right.split(|byte| *byte == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..]),
    };
    let (key, signature) = (KEY.verifying_key(), KEY.sign(&signed));
    let case =
        Case { request, host: None, signature: &signature, key: &key, others: &[], own: Some(&signed) };
    let diagnosis = diagnose(&case);
    let fits = key.verify_request(&request, &signature).is_ok();
    assert_eq!(diagnosis.verifies, fits);
    assert_eq!(diagnosis.findings.is_empty(), fits, "{diagnosis:?}");
    assert_eq!(diagnosis.own_is_signed, Some(true));
    for finding in &diagnosis.findings {
        reached(finding.mistake.code());
        assert!(!matches!(finding.mistake, Mistake::UnknownKey | Mistake::UnknownText), "{diagnosis:?}");
    }
    let difference = Difference::first(&right, &signed);
    assert_eq!(difference.is_none(), right == signed);
    if let Some(difference) = difference {
        assert!(right.get(..difference.byte) == signed.get(..difference.byte));
        assert_ne!(right.get(difference.byte..), signed.get(difference.byte..));
    }
    assert!(visible(&signed).chars().all(|character| !character.is_control()));
}
