//! Histories that proptest makes up: few accounts, so that they meet, and amounts and gaps at which something happens.

use proptest::prelude::*;
use tongbao_money::{Amount, Currency, Money};
use tongbao_risk::{
    aml::{Movement, MovementKind, Party, Tie, TieKind, Ties},
    features::EntityId,
};

use super::{HOUR_MS, MINUTE_MS, NOON_MS, merchant, payer};

fn party() -> impl Strategy<Value = Party> {
    prop_oneof![
        20 => (1..8_u128).prop_map(payer),
        3 => (1..3_u128).prop_map(merchant),
        1 => Just(Party::Outside),
    ]
}

fn fen() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => Just(4_900_000_i64),
        8 => Just(600_000_i64),
        4 => 520_000..620_000_i64,
        2 => 100_000..600_000_i64,
        1 => Just(10_000_i64),
        1 => 0..=Amount::MAX.minor(),
    ]
}

/// Gaps of nothing to hours; some of them days, and one a season.
fn gap() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => Just(0_i64),
        8 => 0..30 * MINUTE_MS,
        16 => 0..4 * HOUR_MS,
        2 => 0..60 * HOUR_MS,
        1 => 0..2_400 * HOUR_MS,
    ]
}

/// One movement after another.
pub(super) fn history(most: usize) -> impl Strategy<Value = Vec<Movement>> {
    let kind = prop_oneof![
        6 => Just(MovementKind::Transfer),
        2 => prop::sample::select(MovementKind::ALL.as_slice()),
    ];
    let tie = prop::option::of(0..3_u128);
    let movement = (gap(), kind, party(), party(), fen(), prop::option::of(fen()), tie);
    prop::collection::vec(movement, 1..most).prop_map(|drawn| {
        let (mut at_ms, mut movements) = (NOON_MS, Vec::new());
        for (place, (gap_ms, kind, from, to, fen, left, device)) in drawn.into_iter().enumerate() {
            at_ms += gap_ms;
            let money = Money { amount: Amount::new(fen).unwrap(), currency: Currency::CNY };
            let left = left.and_then(Amount::new);
            let ties = Ties { device, ..Ties::default() };
            let id = EntityId(place as u128);
            movements.push(Movement { at_ms, id, kind, from, to, money, left, ties });
        }
        movements
    })
}

type Keys = (Option<u128>, Option<u128>, Option<u128>, Option<u128>);
type Anything = (i64, u64, MovementKind, Party, Party, i64, &'static str, Keys);

/// Anything at all: times from the first to the last, all currencies.
pub(super) fn anything() -> impl Strategy<Value = Vec<Movement>> {
    let time = prop_oneof![Just(i64::MIN), Just(i64::MAX), any::<i64>(), NOON_MS..NOON_MS + HOUR_MS];
    let currency = prop::sample::select(vec!["CNY", "USD", "JPY", "KWD"]);
    let kind = prop::sample::select(MovementKind::ALL.as_slice());
    let keys = || prop::option::of(0..2_u128);
    let ties = (keys(), keys(), keys(), keys());
    let movement = (time, any::<u64>(), kind, party(), party(), fen(), currency, ties);
    let made = |(at_ms, id, kind, from, to, fen, currency, ties): Anything| {
        let currency = Currency::parse(currency).unwrap();
        let (device, address, card, identity) = ties;
        let money = Money { amount: Amount::new(fen).unwrap(), currency };
        let (ties, id) = (Ties { device, address, card, identity }, EntityId(u128::from(id)));
        Movement { at_ms, id, kind, from, to, money, left: Some(money.amount), ties }
    };
    prop::collection::vec(movement.prop_map(made), 0..200)
}

/// Ties among the payers.
pub(super) fn ties() -> impl Strategy<Value = Vec<(Party, Tie)>> {
    let tie = (1..9_u128, prop::sample::select(TieKind::ALL.as_slice()), 0..3_u128);
    prop::collection::vec(tie.prop_map(|(who, kind, key)| (payer(who), Tie { kind, key })), 0..12)
}
