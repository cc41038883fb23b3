//! Ids, accounts, cursors, times, numbers: what has a text form comes back as it went.

use tongbao_api::{cursor, wire};
use tongbao_core::{Id, Record, id::Kind, ledger::AccountKey, payment::create::is_order_no};
use tongbao_money::{Amount, BasisPoints, Currency};

use crate::{spell, time};

#[test]
fn ids_come_back_as_they_went() {
    let words =
        &["pay_", "rfd_", "01", "7", "8", "z", "i", "Z", "_", "0000000000", "01k9yq3vx2e8gtm4d6w7zr5hbn"];
    bolero::check!().with_test_time(time()).for_each(|bytes: &[u8]| {
        for text in [String::from_utf8_lossy(bytes).into_owned(), spell(bytes, words)] {
            if let Ok(id) = text.parse::<Id>() {
                assert_eq!(id.to_string(), text);
            }
        }
        if let Some(id) = Id::from_bytes(bytes) {
            assert_eq!(id.to_string().parse(), Ok(id));
            assert_eq!(id.bytes(), bytes);
        }
    });
}

#[test]
fn account_names_come_back_as_they_went() {
    let words = &[
        "payer/",
        "merchant/",
        "platform/",
        "channel/",
        "sandbox_bank",
        "/available",
        "/held",
        "/pending",
        "fees",
        "suspense",
        "/CNY",
        "/XXX",
        "/",
        "pyr_01k9yq3vx2e8gtm4d6w7zr5hbn",
        "mch_01k9yq3vx2e8gtm4d6w7zr5hbn",
        "/clearing",
    ];
    bolero::check!().with_test_time(time()).for_each(|bytes: &[u8]| {
        let text = spell(bytes, words);
        if let Ok(account) = text.parse::<AccountKey>() {
            assert_eq!(account.to_string(), text);
        }
    });
}

#[test]
fn cursors_come_back_and_foreign_ones_are_refused() {
    bolero::check!().with_test_time(time()).for_each(|bytes: &[u8]| {
        let position = &bytes[..bytes.len().min(cursor::POSITION_BYTES_MAX)];
        assert_eq!(cursor::decode(&cursor::encode(position)).unwrap(), position);
        if let Err(problem) = cursor::decode(&String::from_utf8_lossy(bytes)) {
            assert_eq!(problem.status, 400);
        }
    });
}

#[test]
fn times_are_read_or_refused() {
    let words =
        &["2026", "-", "11", "22", "T", "00", ":", "Z", "+08:00", ".5", "99", " ", "-9999", "24:00:60"];
    bolero::check!().with_test_time(time()).for_each(|bytes: &[u8]| {
        for text in [String::from_utf8_lossy(bytes).into_owned(), spell(bytes, words)] {
            if let Ok(at) = wire::parse_time("at", &text) {
                assert_eq!(wire::parse_time("at", &wire::rfc3339(at)).unwrap(), at, "{text}");
            }
        }
    });
}

#[test]
fn amounts_stay_in_range_and_a_portion_never_exceeds_the_whole() {
    bolero::check!().with_test_time(time()).with_type::<(i64, i64, u16)>().for_each(|(a, b, bps)| {
        let (Some(left), Some(right)) = (Amount::new(*a), Amount::new(*b)) else { return };
        assert_eq!(
            left.plus(right).map(Amount::minor),
            a.checked_add(*b).filter(|sum| *sum <= Amount::MAX.minor())
        );
        assert_eq!(left.minus(right).map(Amount::minor), Some(a - b).filter(|rest| *rest >= 0));
        if let Some(rate) = BasisPoints::new(*bps) {
            assert!(rate.of(left) <= left);
        }
        let part = left.min(right);
        let whole = left.max(right);
        if !whole.is_zero() {
            assert!(left.portion(part, whole).is_some_and(|portion| portion <= left));
        }
    });
}

#[test]
fn currencies_and_order_numbers_are_read_or_refused() {
    bolero::check!().with_test_time(time()).for_each(|bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        if let Ok(currency) = Currency::parse(&text) {
            assert_eq!(currency.code(), text);
        }
        assert_eq!(
            is_order_no(&text),
            is_order_no(&text) && text.is_ascii() && (1..=64).contains(&text.len())
        );
    });
}

#[test]
fn stored_forms_are_read_or_refused() {
    let words = &[
        "{",
        "}",
        "\"id\":",
        "\"pay_01k9yq3vx2e8gtm4d6w7zr5hbn\"",
        ",",
        "\"version\":",
        "1",
        "[",
        "]",
        "null",
    ];
    bolero::check!().with_test_time(time()).for_each(|bytes: &[u8]| {
        let spelled = spell(bytes, words);
        for kind in Kind::ALL {
            for stored in [bytes, spelled.as_bytes()] {
                if let Ok(record) = Record::decode(*kind, stored) {
                    let again = record.encode().unwrap();
                    assert_eq!(Record::decode(*kind, &again).unwrap(), record);
                }
            }
        }
    });
}
