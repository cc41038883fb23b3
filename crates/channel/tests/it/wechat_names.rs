//! Serial numbers, ids of public keys, times, and texts from random bytes.

use proptest::prelude::*;
use tongbao_channel::wechat::{
    draw,
    serial::{KeyName, PublicKeyId, Serial, UnknownName},
    time,
};
use tongbao_core::Time;

#[test]
fn serial_numbers_are_compared_as_numbers() {
    let serial: Serial = "0A5157F09EFDC096".parse().unwrap();
    for text in [
        "A5157F09EFDC096",
        "a5157f09efdc096",
        "0000000000000000000000000000000000000000000000000A5157F09eFDC096",
    ] {
        assert_eq!(text.parse(), Ok(serial), "{text}");
    }
    assert_eq!(serial.to_string(), "0A5157F09EFDC096");
    assert_eq!(Serial::from_bytes(&[0, 0, 0x0A]), "a".parse());
    assert!("5157f09efdc096de15ebe81a47057a7232f1b8e1".parse::<Serial>().unwrap() > serial);
}

#[test]
fn what_is_no_serial_number_is_refused() {
    let long = "F".repeat(41);
    let flood = "0".repeat(1 << 20);
    for text in
        ["", "0", "00", "0x1", "-1", "+1", " 1", "1 ", "1:2", "G", "１", long.as_str(), flood.as_str()]
    {
        assert_eq!(text.parse::<Serial>(), Err(UnknownName), "{text}");
    }
    assert_eq!(Serial::from_bytes(&[]), Err(UnknownName));
    assert_eq!(Serial::from_bytes(&[0; 20]), Err(UnknownName));
    assert_eq!(Serial::from_bytes(&[1; 21]), Err(UnknownName));
}

#[test]
fn a_key_is_named_by_a_certificate_or_by_itself() {
    let id = "PUB_KEY_ID_0119000000012025112100000000000001";
    assert_eq!(id.parse(), Ok(KeyName::PublicKey(id.parse().unwrap())));
    assert_eq!(id.parse::<KeyName>().unwrap().to_string(), id);
    let serial = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1";
    assert_eq!(serial.to_lowercase().parse::<KeyName>().unwrap().to_string(), serial);
    let flood = format!("PUB_KEY_ID_{}", "1".repeat(65));
    for text in ["", "PUB_KEY_ID_", "PUB_KEY_ID_1F", "pub_key_id_1", "PUB_KEY_ID_-1", flood.as_str()] {
        assert_eq!(text.parse::<KeyName>(), Err(UnknownName), "{text}");
    }
    assert_ne!("PUB_KEY_ID_01".parse::<KeyName>(), "PUB_KEY_ID_1".parse());
}

#[test]
fn times_are_at_eight_hours_east() {
    let time = Time::from_ms(1_528_425_296_120);
    assert_eq!(time::rfc3339(time), "2018-06-08T10:34:56+08:00");
    assert_eq!(time::rfc3339_ms(time), "2018-06-08T10:34:56.120+08:00");
    for text in
        ["2018-06-08T10:34:56.12+08:00", "2018-06-08T02:34:56.120999Z", "2018-06-07T21:34:56.120-05:00"]
    {
        assert_eq!(time::parse(text), Some(time), "{text}");
    }
    for text in
        ["", "2018-06-08", "2018-06-08T10:34:56", "20180608103456", "2018-02-30T00:00:00Z", &"1".repeat(99)]
    {
        assert_eq!(time::parse(text), None, "{text}");
    }
    for edge in [i64::MIN, i64::MAX] {
        assert!(time::rfc3339(Time::from_ms(edge)).ends_with("+08:00"));
    }
}

proptest! {
    #[test]
    fn a_drawn_serial_number_has_forty_digits(random in any::<[u8; 20]>()) {
        let serial = Serial::draw(random);
        let text = serial.to_string();
        prop_assert_eq!(text.len(), 40);
        prop_assert!(text.starts_with(['4', '5', '6', '7']), "{}", text);
        prop_assert_eq!(text.to_lowercase().parse(), Ok(serial));
        prop_assert_eq!(Serial::from_bytes(serial.bytes()), Ok(serial));
    }

    #[test]
    fn a_drawn_id_has_34_digits(random in any::<[u8; 16]>()) {
        let id = PublicKeyId::draw(random);
        prop_assert_eq!(id.as_str().len(), "PUB_KEY_ID_".len() + 34);
        prop_assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn a_time_reads_back(ms in 0..253_402_214_400_000_i64) {
        let time = Time::from_ms(ms);
        prop_assert_eq!(time::parse(&time::rfc3339_ms(time)), Some(time));
        prop_assert_eq!(time::parse(&time::rfc3339(time)), Some(Time::from_ms(ms / 1_000 * 1_000)));
    }

    #[test]
    fn drawn_texts_are_letters_and_digits(random in any::<[u8; 32]>()) {
        let text = draw::alphanumeric(&random);
        prop_assert_eq!(text.len(), 32);
        prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        prop_assert_eq!(draw::hex(&random).len(), 64);
    }
}
