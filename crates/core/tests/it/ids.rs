//! Ids: their text, what is refused, and drawing them.

use proptest::prelude::*;
use tongbao_core::{
    Context, Id, Time,
    id::{Kind, MerchantId, NotAnId, PayerId, PaymentId, TypedId},
};
use uuid::Uuid;

use crate::shop::after;

fn kinds() -> impl Strategy<Value = Kind> {
    prop::sample::select(Kind::ALL)
}

proptest! {
    #[test]
    fn an_id_reads_back_from_its_text_and_from_its_bytes(kind in kinds(), bytes in any::<[u8; 16]>()) {
        let id = Id { kind, uuid: Uuid::from_bytes(bytes) };
        let text = id.to_string();
        prop_assert_eq!(text.parse::<Id>(), Ok(id));
        prop_assert_eq!(Id::from_bytes(&id.bytes()), Some(id));
        prop_assert_eq!(text.len(), kind.prefix().len() + 27);
        let stored = serde_json::to_string(&id).unwrap();
        prop_assert_eq!(&stored, &format!("\"{text}\""));
        prop_assert_eq!(serde_json::from_str::<Id>(&stored).unwrap(), id);
    }

    #[test]
    fn ids_sort_as_their_texts_do(one in any::<[u8; 16]>(), other in any::<[u8; 16]>()) {
        let (one, other) = (Uuid::from_bytes(one), Uuid::from_bytes(other));
        let (a, b) = (PaymentId::from_uuid(one), PaymentId::from_uuid(other));
        prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
    }

    #[test]
    fn a_typed_id_takes_no_other_kind(kind in kinds(), bytes in any::<[u8; 16]>()) {
        let id = Id { kind, uuid: Uuid::from_bytes(bytes) };
        let read = id.to_string().parse::<PaymentId>();
        prop_assert_eq!(read.is_ok(), kind == Kind::Payment);
        prop_assert!(read.is_err() || Id::from(read.unwrap()) == id);
    }

    #[test]
    fn one_changed_character_is_another_id_or_none(
        bytes in any::<[u8; 16]>(), at in 0..30_usize, with in any::<char>()
    ) {
        let id = PaymentId::from_uuid(Uuid::from_bytes(bytes));
        let mut text: Vec<char> = id.to_string().chars().collect();
        text[at] = with;
        let text: String = text.into_iter().collect();
        if let Ok(read) = text.parse::<PaymentId>() {
            prop_assert_eq!(read.to_string(), text);
        }
    }

    #[test]
    fn any_text_is_refused_or_written_back_the_same(text in "\\PC{0,40}|(pay|mch)_[0-9a-z]{24,28}") {
        if let Ok(id) = text.parse::<Id>() {
            prop_assert_eq!(id.to_string(), text);
        }
    }
}

#[test]
fn each_kind_has_a_code_and_a_prefix_of_its_own() {
    for (place, kind) in Kind::ALL.iter().enumerate() {
        assert_eq!(Kind::from_code(kind.code()), Some(*kind));
        for other in &Kind::ALL[..place] {
            assert_ne!((kind.code(), kind.prefix()), (other.code(), other.prefix()));
            assert!(kind.code() != other.code() && kind.prefix() != other.prefix());
        }
    }
    assert_eq!((0..=u8::MAX).filter_map(Kind::from_code).count(), Kind::ALL.len());
}

#[test]
fn what_is_not_an_id_is_refused() {
    let good = "pay_01h455vb4pex5vsknk084sn02q";
    assert!(good.parse::<PaymentId>().is_ok());
    assert_eq!(
        good.parse::<PaymentId>().unwrap().uuid(),
        Uuid::from_u128(0x0189_0a5d_ac96_774b_bcce_b302_099a_8057)
    );
    let digits = "01h455vb4pex5vsknk084sn02q";
    let mut bad = vec![
        String::new(),
        "pay_".to_owned(),
        digits.to_owned(),
        format!("_{digits}"),
        format!("pay{digits}"),
        format!("pay-{digits}"),
        format!("pay__{digits}"),
        format!("pay_pay_{digits}"),
        format!("PAY_{digits}"),
        format!("pay_{}", digits.to_uppercase()),
        format!("pay_{}", &digits[1..]),
        format!("pay_0{digits}"),
        format!(" pay_{digits}"),
        format!("pay_{digits} "),
        format!("pay_{digits}\n"),
        format!("pay_é{}", &digits[2..]),
        format!("pay_-{}", &digits[1..]),
    ];
    bad.extend("ilou".chars().map(|letter| format!("pay_{}{letter}", &digits[..25])));
    bad.extend("89abcdefghjkmnpqrstvwxyz".chars().map(|first| format!("pay_{first}{}", &digits[1..])));
    for text in bad {
        assert_eq!(text.parse::<PaymentId>(), Err(NotAnId), "{text:?}");
        assert_eq!(text.parse::<Id>(), Err(NotAnId), "{text:?}");
        assert!(serde_json::from_value::<PaymentId>(text.clone().into()).is_err(), "{text:?}");
    }
    assert_eq!(good.parse::<PayerId>(), Err(NotAnId));
    let most = format!("pay_7{}", "z".repeat(25));
    assert_eq!(most.parse::<PaymentId>().unwrap().uuid(), Uuid::max());
}

#[test]
fn bytes_that_are_not_an_id_are_refused() {
    let bytes = Id { kind: Kind::Payment, uuid: Uuid::max() }.bytes();
    assert_eq!(Id::from_bytes(&bytes[..16]), None);
    assert_eq!(Id::from_bytes(&[&bytes[..], &[0]].concat()), None);
    assert_eq!(Id::from_bytes(&[]), None);
    let mut unknown = bytes;
    unknown[0] = 0;
    assert_eq!(Id::from_bytes(&unknown), None);
}

#[test]
fn ids_of_one_decision_are_unique_and_in_the_order_drawn() {
    let mut cx = Context::new(after(0), [1; 16]);
    let drawn: Vec<MerchantId> = (0..4_096).map(|_| cx.draw()).collect();
    assert!(drawn.windows(2).all(|pair| pair[0] < pair[1]));
    for id in &drawn {
        assert_eq!((id.uuid().get_version_num(), id.uuid().get_variant()), (7, uuid::Variant::RFC4122));
        let (seconds, nanos) = id.uuid().get_timestamp().unwrap().to_unix();
        let ms = i64::try_from(seconds).unwrap() * 1_000 + i64::from(nanos / 1_000_000);
        assert_eq!(Time::from_ms(ms), after(0));
    }
}

#[test]
fn a_copy_of_a_context_draws_the_same_ids_and_another_seed_others() {
    let cx = Context::new(after(0), [1; 16]);
    let draw = |mut cx: Context| -> Vec<PaymentId> { (0..50).map(|_| cx.draw()).collect() };
    assert_eq!(draw(cx.clone()), draw(cx.clone()));
    let mut ahead = cx.clone();
    let first: PaymentId = ahead.draw();
    assert_eq!(draw(ahead)[..49], draw(cx.clone())[1..]);
    assert_eq!(first, draw(cx.clone())[0]);
    let others = draw(Context::new(after(0), [2; 16]));
    assert!(draw(cx.clone()).iter().all(|id| !others.contains(id)));
}

#[test]
fn ids_of_later_decisions_sort_behind_and_strange_clocks_do_no_harm() {
    let at = |ms: i64| -> PaymentId { Context::new(Time::from_ms(ms), [9; 16]).draw() };
    assert!(at(1) < at(2) && at(1_750_000_000_000) < at(1_750_000_000_001));
    for ms in [i64::MIN, -1, 0, i64::MAX] {
        assert_eq!(at(ms).to_string().parse::<PaymentId>(), Ok(at(ms)));
    }
}
