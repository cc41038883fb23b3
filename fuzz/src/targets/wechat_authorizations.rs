//! `Authorization` of WeChat Pay's interface: what is read is what was written, and the doctor reads what the door
//! reads.

use tongbao_channel::wechat::{
    authorization::{Authorization, HEADER_BYTES_MAX, MCHID_BYTES_MAX, NONCE_BYTES_MAX, SignError},
    doctor::read_header,
};
use tongbao_core::Time;

use super::Target;
use crate::driver::reached;

/// See the module.
pub const TARGET: Target = Target {
    name: "wechat_authorizations",
    run: target,
    words: &[
        "WECHATPAY2-SHA256-RSA2048 ",
        "WECHATPAY2-SM2-WITH-SM3 ",
        "mchid=\"1900000001\"",
        "nonce_str=\"n\"",
        "timestamp=\"1700000000\"",
        "timestamp=\"1700000000000\"",
        "serial_no=\"0A\"",
        "signature=\"",
        "\",",
        ",",
        " ",
        "\t",
        "=",
        "\\",
        "通",
    ],
};

/// Takes an input: as the text of a header.
pub fn target(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (items, findings) = read_header(&[text]);
    for finding in &findings {
        reached(finding.mistake.code());
    }
    match Authorization::parse(text) {
        Ok(read) => {
            reached("a header");
            assert!(text.len() <= HEADER_BYTES_MAX);
            assert!((1..=MCHID_BYTES_MAX).contains(&read.mchid().len()));
            assert!((1..=NONCE_BYTES_MAX).contains(&read.nonce().len()));
            let written = read.to_string();
            assert_eq!(Authorization::parse(&written), Ok(read), "{written}");
            assert_eq!(findings, [], "the doctor finds fault with what the door takes");
            assert_eq!(items.mchid.as_deref(), Some(read.mchid()));
            assert_eq!(items.nonce.as_deref(), Some(read.nonce()));
            assert_eq!(items.timestamp_s(), Some(read.timestamp_s()));
            assert_eq!(items.signature.as_deref(), Some(read.signature()));
            // Its own second is always in time, and one that is an hour away never.
            let own = Time::from_ms(read.timestamp_s() * 1_000);
            assert_eq!(read.check_time(own), Ok(()));
            assert_eq!(read.check_time(own.plus_s(3_600)), Err(SignError::Timestamp));
        }
        Err(error) => {
            reached(error.text());
            let is_named = matches!(error, SignError::Serial | SignError::Signature);
            assert!(
                is_named || !findings.is_empty(),
                "the doctor has no word for what the door refuses: {error}"
            );
        }
    }
}
