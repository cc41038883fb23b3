//! Stored forms: whatever reads as a record is written so that it reads as the same one.
//!
//! The first byte of an input chooses the kind; the corpus holds one stored form of each.

use tongbao_core::{Id, Record, id::Kind};

use super::Target;
use crate::{bytes::Bytes, driver::reached};

/// See the module.
pub const TARGET: Target = Target {
    name: "records",
    run: target,
    words: &[
        "null",
        "\"\"",
        "0",
        "-1",
        "1",
        "4294967295",
        "[]",
        "{}",
        "\"status\":",
        "\"closed\"",
        "\"open\"",
        "\"processing\"",
        "\"succeeded\"",
        "\"version\":",
        "\"attempts\":",
        "\"reference\":\"r\"",
        "\"failure\":\"declined\"",
        "\"sandbox_bank\"",
        "\"fault\":\"result_late\"",
        ",",
        "1000000000000001",
        "9223372036854775807",
        "true",
    ],
};

/// Takes an input: a kind and a stored form.
pub fn target(input: &[u8]) {
    let mut bytes = Bytes::new(input);
    let kind = bytes.pick(Kind::ALL).expect("there are kinds");
    let Ok(record) = Record::decode(kind, bytes.rest()) else { return };
    reached(&format!("{kind:?}"));
    assert_eq!(record.id().kind, kind);
    let stored = record.encode().expect("a record has a stored form");
    let again = Record::decode(kind, &stored).expect("a stored form reads as a record");
    assert_eq!(again, record);
    assert_eq!(again.encode().expect("a record has a stored form"), stored, "two forms of one record");
    for key in record.keys() {
        reached(&format!("{kind:?} {:?}", std::mem::discriminant(&key)));
        assert_eq!(key.digest(), key.clone().digest());
    }
    for list in record.lists() {
        // A list in which it stands is one of its kind.
        assert_eq!(list.kind(), kind);
    }
    if let Record::Payment(payment) = &record {
        reached(payment.shown_status());
        assert!(payment.refundable() <= payment.money.amount);
        assert!(payment.fee_part(payment.refundable()) <= payment.fee);
        assert!(payment.latest() >= payment.created_at);
    }
    assert_eq!(record.id().to_string().parse::<Id>(), Ok(record.id()));
}
