//! Reading and writing the `Authorization` header.

use proptest::prelude::*;
use tongbao_channel::wechat::{
    authorization::{Authorization, HEADER_BYTES_MAX, SCHEME, SignError},
    serial::Serial,
};

use crate::wechat_samples::{MCHID, NONCE, NOW};

const SERIAL: &str = "408B07E79B8269FEC3D5D3E6AB8ED163A6A380DB";

fn items() -> Vec<String> {
    vec![
        format!("mchid=\"{MCHID}\""),
        format!("nonce_str=\"{NONCE}\""),
        "timestamp=\"1554208460\"".to_owned(),
        format!("serial_no=\"{SERIAL}\""),
        format!("signature=\"{}\"", "A".repeat(344)),
    ]
}

fn header(items: &[String]) -> String {
    format!("{SCHEME} {}", items.join(","))
}

#[track_caller]
fn check(header: &str, expected: SignError) {
    assert_eq!(Authorization::parse(header), Err(expected), "{header}");
}

/// The header with the item at `index` written otherwise.
#[track_caller]
fn check_item(index: usize, item: &str, expected: SignError) {
    let mut items = items();
    item.clone_into(&mut items[index]);
    check(&header(&items), expected);
}

#[test]
fn items_stand_in_any_order() {
    let parsed = |items: &[String]| {
        let text = header(items);
        let read = Authorization::parse(&text).unwrap();
        assert_eq!((read.mchid(), read.nonce(), read.timestamp_s()), (MCHID, NONCE, 1_554_208_460));
        assert_eq!(read.serial(), SERIAL.parse::<Serial>().unwrap());
        assert_eq!(read.signature(), "A".repeat(344));
    };
    let mut items = items();
    for _ in 0..items.len() {
        items.rotate_left(1);
        parsed(&items);
        let backwards: Vec<_> = items.iter().rev().cloned().collect();
        parsed(&backwards);
    }
}

#[test]
fn a_serial_number_may_be_in_lower_case_and_blanks_may_follow_commas() {
    let lower = header(&items()).replace(SERIAL, &SERIAL.to_lowercase());
    let spaced = header(&items()).replace(',', " ,\t ");
    let short = header(&items()).replace(NONCE, "fi2paym2f");
    let scheme = header(&items()).replace(SCHEME, &SCHEME.to_lowercase());
    for text in [lower, spaced, short, scheme] {
        assert_eq!(Authorization::parse(&text).unwrap().serial().to_string(), SERIAL, "{text}");
    }
}

#[test]
fn another_scheme_is_refused_and_the_national_one_by_name() {
    let text = header(&items());
    check(&text.replace(SCHEME, "WECHATPAY2-SM2-WITH-SM3"), SignError::SchemeNotSupported);
    check(&text.replace(SCHEME, "WECHATPAY-BRAND-SHA256-RSA2048"), SignError::Scheme);
    check("Bearer sk_test_1", SignError::Scheme);
    check(SCHEME, SignError::Format);
    check("", SignError::Format);
}

#[test]
fn every_item_is_there_once() {
    for index in 0..items().len() {
        let mut fewer = items();
        fewer.remove(index);
        check(&header(&fewer), SignError::Format);
        let mut more = items();
        more.push(more[index].clone());
        check(&header(&more), SignError::Format);
    }
    let mut unknown = items();
    unknown.push("token=\"1\"".to_owned());
    check(&header(&unknown), SignError::Format);
    check(&format!("{},", header(&items())), SignError::Format);
    check(&header(&items()).replacen(' ', "  ", 1), SignError::Format);
}

#[test]
fn values_are_quoted_and_of_visible_ascii() {
    for mchid in [
        "mchid=1900007291",
        "mchid=\"1900007291",
        "mchid=\"\"",
        "mchid=\"",
        "mchid",
        "mchid =\"1\"",
        "mchid=\"1 2\"",
        "mchid=\"1\"2\"",
        "mchid=\"1\\2\"",
        "mchid=\"1\n2\"",
        "mchid=\"1\0\"",
        "mchid=\"商户\"",
        "mchid=\"123456789012345678901234567890123\"",
    ] {
        check_item(0, mchid, SignError::Format);
    }
    check_item(1, "nonce_str=\"\"", SignError::Format);
    check_item(1, &format!("nonce_str=\"{}\"", "n".repeat(65)), SignError::Format);
    for timestamp in ["", "-1", "+1", "01", "1.0", "1e9", "99999999999", "１５５４２０８４６０", "x"]
    {
        check_item(2, &format!("timestamp=\"{timestamp}\""), SignError::Format);
    }
    for serial in ["", "0", "XYZ", "PUB_KEY_ID_0119000000012025112100000000000001", &"F".repeat(41)] {
        check_item(3, &format!("serial_no=\"{serial}\""), SignError::Serial);
    }
    for signature in ["", "AAAA", &"A".repeat(343), &"A".repeat(345)] {
        check_item(4, &format!("signature=\"{signature}\""), SignError::Signature);
    }
}

#[test]
fn a_flood_is_refused_by_its_length() {
    let flood = format!("{},{}", header(&items()), "a=\"1\",".repeat(HEADER_BYTES_MAX));
    check(&flood, SignError::Format);
    check(&" ".repeat(HEADER_BYTES_MAX * 4), SignError::Format);
}

#[test]
fn five_minutes_either_way_are_timely() {
    let text = header(&items());
    let read = Authorization::parse(&text).unwrap();
    for (offset_ms, expected) in [
        (0, Ok(())),
        (300_999, Ok(())),
        (301_000, Err(SignError::Timestamp)),
        (-300_000, Ok(())),
        (-300_001, Err(SignError::Timestamp)),
        (i64::MAX, Err(SignError::Timestamp)),
        (i64::MIN, Err(SignError::Timestamp)),
    ] {
        assert_eq!(read.check_time(NOW.plus_ms(offset_ms)), expected, "{offset_ms}");
    }
}

#[test]
fn what_cannot_be_read_is_not_written() {
    let serial: Serial = SERIAL.parse().unwrap();
    let signature = "A".repeat(344);
    for (mchid, nonce, timestamp_s) in
        [("1\",nonce_str=\"2", "n", 1), ("1", "n\r\nX: y", 1), ("1", "n,m", 1), ("1", "n", -1), ("", "n", 1)]
    {
        let refused = Authorization::new(mchid, nonce, timestamp_s, serial, &signature);
        assert_eq!(refused, Err(SignError::Format), "{mchid} {nonce}");
    }
    assert_eq!(Authorization::new("1", "n", 1, serial, "A"), Err(SignError::Signature));
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        mchid in "[0-9A-Za-z_]{1,32}",
        nonce in "[0-9A-Za-z]{1,64}",
        timestamp_s in 0..9_999_999_999_i64,
        serial in any::<[u8; 20]>().prop_map(Serial::draw),
        signature in "[A-Za-z0-9+/]{344}",
    ) {
        let written = Authorization::new(&mchid, &nonce, timestamp_s, serial, &signature).unwrap();
        let text = written.to_string();
        prop_assert_eq!(Authorization::parse(&text), Ok(written));
        prop_assert!(text.len() <= HEADER_BYTES_MAX);
    }

    #[test]
    fn no_header_is_too_strange_to_be_answered(text in "\\PC{0,200}", at in 0..100_usize) {
        let _ = Authorization::parse(&text);
        let mut strange = header(&items());
        strange.insert_str(at.min(strange.len()), &text);
        let _ = Authorization::parse(&strange);
    }
}
