//! Ids: each has one text, and a text of one kind is no id of another.

use tongbao_core::{
    Id,
    id::{Kind, PaymentId, RefundId, TypedId},
};
use uuid::Uuid;

use super::Target;
use crate::{bytes::Bytes, driver::reached};

/// See the module.
pub const TARGET: Target = Target {
    name: "ids",
    run: target,
    words: &[
        "pay_",
        "rfd_",
        "mch_",
        "evt_",
        "_",
        "0",
        "7zzzzzzzzzzzzzzzzzzzzzzzzz",
        "8",
        "i",
        "l",
        "o",
        "u",
        "A",
        "01m80hb17de009a3e0mcxcrzpx",
        "00000000000000000000000000",
    ],
};

/// Takes an input: as a text, and as a kind and a number.
pub fn target(input: &[u8]) {
    if let Ok(text) = std::str::from_utf8(input) {
        arbitrary(text);
    }
    let mut bytes = Bytes::new(input);
    let kind = bytes.pick(Kind::ALL).expect("there are kinds");
    let id = Id { kind, uuid: Uuid::from_bytes(bytes.array()) };
    assert_eq!(id.to_string().parse(), Ok(id));
    assert_eq!(id.to_string().len(), kind.prefix().len() + 1 + 26);
    assert_eq!(Id::from_bytes(&id.bytes()), Some(id));
    assert_eq!(id.to_string().parse::<PaymentId>().is_ok(), kind == PaymentId::KIND);
    // Texts sort as the ids do, so that a list by text is a list by time.
    let other = Id { kind, uuid: Uuid::from_bytes(bytes.array()) };
    assert_eq!(id.to_string().cmp(&other.to_string()), id.cmp(&other));
    if let Some(stored) = Id::from_bytes(input) {
        reached("stored");
        assert_eq!(stored.bytes().as_slice(), input);
    }
}

fn arbitrary(text: &str) {
    let Ok(id) = text.parse::<Id>() else { return };
    reached(id.kind.prefix());
    assert_eq!(id.to_string(), text);
    let (payment, refund) = (text.parse::<PaymentId>(), text.parse::<RefundId>());
    assert_eq!(payment.is_ok(), id.kind == Kind::Payment);
    assert_eq!(refund.is_ok(), id.kind == Kind::Refund);
    assert!(payment.is_err() || payment.map(Id::from) == Ok(id));
}
