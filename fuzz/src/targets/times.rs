//! Times in parameters: what is read is written so that it is read again as the same instant.

use tongbao_api::wire::{parse_time, rfc3339};
use tongbao_core::Time;

use super::Target;
use crate::{bytes::Bytes, driver::reached};

/// The first and the last instant of RFC 3339, whose years have four digits, in milliseconds.
const FIRST_MS: i64 = -62_167_219_200_000;
const LAST_MS: i64 = 253_402_207_200_000;

/// See the module.
pub const TARGET: Target = Target {
    name: "times",
    run: target,
    words: &[
        "2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05.678+08:00",
        "9999-12-31T23:59:59Z",
        "0001-01-01",
        "T",
        "Z",
        "+08:00",
        "-12:34",
        ":60",
        "24:00",
        ".123456789",
        "[Asia/Shanghai]",
        "02-29",
        "-",
        ":",
        " ",
    ],
};

/// Takes an input: as a text, and as an instant.
pub fn target(input: &[u8]) {
    if let Ok(text) = std::str::from_utf8(input) {
        match parse_time("at", text) {
            Ok(at) => {
                reached(if text.contains('.') { "with a fraction" } else { "whole" });
                assert_eq!(parse_time("at", &rfc3339(at)), Ok(at), "{text}");
            }
            Err(problem) => {
                assert_eq!((problem.code, problem.param.as_deref()), ("invalid_value", Some("at")));
            }
        }
    }
    let ms = Bytes::new(input).long().rem_euclid(LAST_MS - FIRST_MS) + FIRST_MS;
    let at = Time::from_ms(ms);
    let text = rfc3339(at);
    assert_eq!(parse_time("at", &text), Ok(at), "{text}");
    assert_eq!((text.len(), text.as_bytes()[10], text.ends_with('Z')), (24, b'T', true), "{text}");
    let later = Time::from_ms(ms.saturating_add(1));
    assert!(ms + 1 >= LAST_MS || rfc3339(later) > text, "{text} does not sort before the next instant");
}
