//! The headers that sign an answer of WeChat Pay: read once, however they are written, and never two ways.

use tongbao_channel::wechat::answer::{
    Headers, NONCE, SERIAL, SIGNATURE, SIGNATURE_TYPE, TIMESTAMP, Unverified,
};

use super::Target;
use crate::driver::reached;

/// See the module.
pub const TARGET: Target = Target {
    name: "wechat_answers",
    run: target,
    words: &[
        "Wechatpay-Timestamp: 1700000000\n",
        "Wechatpay-Nonce: n\n",
        "Wechatpay-Signature: AAAA\n",
        "Wechatpay-Serial: 0A\n",
        "Wechatpay-Serial: PUB_KEY_ID_00\n",
        "Wechatpay-Signature-Type: WECHATPAY2-SHA256-RSA2048\n",
        "WECHATPAY/SIGNTEST/",
        ": ",
        "\n",
        "0",
    ],
};

/// Takes an input: as lines of headers.
pub fn target(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let lines: Vec<(&str, &str)> = text.lines().filter_map(|line| line.split_once(": ")).collect();
    match Headers::read(lines.iter().copied()) {
        Ok(read) => {
            reached("headers");
            let pairs = read.pairs();
            let again = Headers::read(pairs.iter().map(|(name, value)| (*name, value.as_str())));
            assert_eq!(again, Ok(read.clone()));
            // Names are read without regard to case, and order does not matter.
            let upper: Vec<(String, &str)> =
                lines.iter().rev().map(|(name, value)| (name.to_ascii_uppercase(), *value)).collect();
            assert_eq!(Headers::read(upper.iter().map(|(name, value)| (name.as_str(), *value))), Ok(read));
            for name in [TIMESTAMP, NONCE, SIGNATURE, SERIAL] {
                let without = lines.iter().filter(|(known, _)| !known.eq_ignore_ascii_case(name)).copied();
                assert_eq!(Headers::read(without), Err(Unverified::Missing(name)));
                let twice = lines.iter().copied().chain([(name, "x")]);
                assert_eq!(Headers::read(twice), Err(Unverified::Repeated(name)));
            }
            let typed = lines.iter().any(|(name, _)| name.eq_ignore_ascii_case(SIGNATURE_TYPE));
            reached(if typed { "typed" } else { "untyped" });
        }
        Err(error) => reached(&error.to_string()),
    }
}
