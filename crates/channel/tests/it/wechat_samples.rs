//! Keys, times and texts that the tests of the WeChat Pay dialect share.

use std::sync::LazyLock;

use tongbao_channel::wechat::{
    authority::{Authority, Occasion},
    message::Request,
    signature::{SigningKey, VerifyingKey},
};
use tongbao_core::Time;

/// 2019-04-02T20:34:20+08:00, the timestamp of the vectors in WeChat Pay's documents.
pub(crate) const NOW: Time = Time::from_ms(1_554_208_460_000);
pub(crate) const NONCE: &str = "593BEC0C930BF1AFEB40B4A08C8FB242";
pub(crate) const MCHID: &str = "1900007291";

/// Making a key takes a while, so each is made once for all tests.
pub(crate) static MERCHANT: LazyLock<SigningKey> = LazyLock::new(SigningKey::generate);
pub(crate) static PLATFORM: LazyLock<SigningKey> = LazyLock::new(SigningKey::generate);
pub(crate) static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| {
    Authority::found("Tongbao test authority", SigningKey::generate(), occasion(1)).unwrap()
});

pub(crate) fn occasion(seed: u8) -> Occasion {
    Occasion { now: NOW, random: [seed; 20] }
}

/// The public half of the key with which WeChat Pay's documents show how to sign
/// (<https://pay.weixin.qq.com/doc/v3/merchant/4012365336>).
pub(crate) fn documented_key() -> VerifyingKey {
    VerifyingKey::from_pem(
        "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAptpm+qvIDCh/9wjU26SQ
CK26ogYkBhDrYxnAaw2JbbBsp1oDbHKk+1r381NeBUG2HEFAuU+Fr72u5ot3yKdz
oF/FajAzQNKnm569/D3upKoi8mYBaST15Uig8j8qoUW1U217LL0jEHlSnHV3lcaD
TXqDpTRR4Bfz9IqOgJgFZ8/oTfEomSrjrLYef81Eyxr7ZIMQXEKKEK7V4UXKS0+/
fDsiG/cXidhzt8UbTL9vqXqxM2+IDImyO+FAc/tkBG55LmzxPto1Nq0WbnZzRM/w
Tzrd0I/8NlevxtFbphg4evlHjFNI7+GrqR87ViEwuAJJ9Je5QQjct5YJfFRWiZ5C
MQIDAQAB
-----END PUBLIC KEY-----
",
    )
    .unwrap()
}

/// RSA with 1024 bits, RSA with 3072 bits, and ECDSA on P-256, made with openssl.
pub(crate) const WRONG_KEYS: [&str; 3] = [
    "-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDELxveD+Vq8bPdSffpGB6aLIo+
1AK9oLZw7A0YKM7C/Y1SSvb+NB8pYP1n0SqcleQqh3nYEWLC+umMbRI5lZGy8OvC
LranjkzJRfVka7aWzm5Yxv7okwq1BGT+SwS1B6ownNKeXajfxbp6LK4F/u84ZNNB
ZnWlpn3cI5nok0U9nwIDAQAB
-----END PUBLIC KEY-----
",
    "-----BEGIN PUBLIC KEY-----
MIIBojANBgkqhkiG9w0BAQEFAAOCAY8AMIIBigKCAYEAv/66L8AHXoTp+6ynAgux
d0TpdVKEIijxtJIWtuezaWjMyT+5ZFiYxyvwEf9fb9OtI3yHkr22KgAj6185A1Bg
lPnMljorGg4NZepMZEfOxtwbVLAgg9lieZI0ASLJYskzseMNh+L6KqbIMjmQOqrn
BvUPR8TGdmmqUlo0iOaorfYCSYirLyoFB+Tg70ySLnWHdh6fsesC6XZsDs4QoeUR
ozriWiCXffU2UMGQvaBArLUK8a8Z475jJCqmAEckHwZLHKpYYvhs1n+houdvsLjX
l2CJXvsQpLdxORsxNNviYdE4CEqSm7D0QjMdCflZtHiUWDme/e7wNenvHCSYmWPz
v+cSNGkOD4XVftGvvQjMnLkQOoNkvOo4xl3SoRYdbvrApPiqadaCmnZMcjLPHVi3
h0+a/3QAmdiCDe60I3iCzmulwlLY4rvB1/cLrLdDSh0QYKfdPwwFclOOVmnmQi/3
jdJuExgCzL4KPr7toyL1FkO7IV6qVcs6HlbbUvauvXmjAgMBAAE=
-----END PUBLIC KEY-----
",
    "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEtVuhmTIJthraB8n1VvcP1VuyDBcO
xlbpr2MlVF2R0rMNordxCXxKLmuNfX6jqkf5GXnQXCc+1sTcRTPfLXsEug==
-----END PUBLIC KEY-----
",
];

/// A request without a body, signed at [`NOW`].
pub(crate) fn get(target: &str) -> Request<'_> {
    Request { method: "GET", target, timestamp_s: NOW.ms() / 1_000, nonce: NONCE, body: b"" }
}
