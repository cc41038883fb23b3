//! Money: limits by table, arithmetic by property.
#![expect(clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "a test may panic")]

use proptest::prelude::*;
use tongbao_money::{Amount, BasisPoints, Currency, UnknownCurrency};

fn minor(value: i64) -> Amount {
    Amount::new(value).unwrap()
}

#[test]
fn amounts_stay_within_their_range() {
    let max = Amount::MAX;
    assert_eq!(Amount::new(-1), None);
    assert_eq!(Amount::new(max.minor() + 1), None);
    assert_eq!(max.plus(minor(1)), None);
    assert_eq!(max.plus(Amount::ZERO), Some(max));
    assert_eq!(minor(1).minus(minor(2)), None);
    assert_eq!(minor(2).minus(minor(2)), Some(Amount::ZERO));
}

#[test]
fn currencies_come_from_iso_4217() {
    assert_eq!(Currency::parse("CNY").map(Currency::exponent), Ok(2));
    assert_eq!(Currency::parse("JPY").map(Currency::exponent), Ok(0));
    assert_eq!(Currency::parse("KWD").map(Currency::exponent), Ok(3));
    for wrong in ["cny", "CN", "CNYY", "ABC", "", "XAU", "¥¥¥"] {
        assert_eq!(Currency::parse(wrong), Err(UnknownCurrency), "{wrong}");
    }
}

#[test]
fn fees_round_half_up_and_never_exceed_the_amount() {
    let fee = |amount, bps| BasisPoints::new(bps).unwrap().of(minor(amount)).minor();
    assert_eq!(fee(10_000, 60), 60);
    assert_eq!(fee(83, 60), 0);
    assert_eq!(fee(84, 60), 1);
    assert_eq!(fee(1, 10_000), 1);
    assert_eq!(fee(Amount::MAX.minor(), 10_000), Amount::MAX.minor());
    assert_eq!(BasisPoints::new(10_001), None);
}

#[test]
fn a_stored_rate_is_checked_like_a_new_one() {
    let stored = |text: &str| serde_json::from_str::<BasisPoints>(text).ok();
    assert_eq!(stored("60"), BasisPoints::new(60));
    assert_eq!(stored("10000"), BasisPoints::new(10_000));
    for wrong in ["10001", "65535", "65536", "-1", "0.5", "\"60\""] {
        assert_eq!(stored(wrong), None, "{wrong}");
    }
    let told = serde_json::from_str::<BasisPoints>("10001").unwrap_err().to_string();
    assert!(told.contains("10000"), "it says what is allowed: {told}");
    assert_eq!(serde_json::to_string(&BasisPoints::new(60)).unwrap(), "60", "the stored form stays a number");
}

proptest! {
    #[test]
    fn adding_and_taking_away_agree(a in 0..=Amount::MAX.minor(), b in 0..=Amount::MAX.minor()) {
        let sum = minor(a).plus(minor(b));
        prop_assert_eq!(sum.is_some(), a + b <= Amount::MAX.minor());
        if let Some(sum) = sum {
            prop_assert_eq!(sum.minus(minor(b)), Some(minor(a)));
        }
    }

    #[test]
    fn portions_of_a_growing_part_grow_to_the_whole(
        fee in 0..=1_000_000_i64,
        (whole, part) in (1..=1_000_000_i64).prop_flat_map(|whole| (Just(whole), 0..whole)),
    ) {
        let portion = minor(fee).portion(minor(part), minor(whole)).unwrap();
        let next = minor(fee).portion(minor(part + 1), minor(whole)).unwrap();
        prop_assert!(portion <= next);
        prop_assert_eq!(minor(fee).portion(minor(whole), minor(whole)), Some(minor(fee)));
        prop_assert_eq!(minor(fee).portion(minor(part), Amount::ZERO), None);
    }
}
