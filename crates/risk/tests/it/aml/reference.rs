//! Streaming equals batch: what the detectors say against what their definitions say of the whole history at once,
//! written without windows that move, and slow.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use tongbao_risk::aml::{Movement, MovementKind, Party, Pattern, Thresholds};

use super::{DAY_MS, HOUR_MS, found, made_up::history};

/// Moments and accounts.
type Told = Vec<(i64, Vec<Party>)>;

fn told(movements: &[Movement], pattern: Pattern) -> Told {
    let alerts = found(&Thresholds::shipped(), &[], movements).alerts;
    let ours = alerts.into_iter().filter(|alert| alert.pattern == pattern);
    ours.map(|alert| (alert.at_ms, alert.accounts)).collect()
}

/// Tells of the same once within a span.
#[derive(Default)]
struct Once(BTreeMap<Vec<Party>, i64>);

impl Once {
    fn tell(&mut self, told: &mut Told, at_ms: i64, accounts: Vec<Party>, key: Vec<Party>, span_ms: i64) {
        if self.0.get(&key).is_none_or(|until_ms| at_ms >= *until_ms) {
            self.0.insert(key, at_ms + span_ms);
            told.push((at_ms, accounts));
        }
    }
}

/// All movements up to this one, within a span before it, itself among them.
fn before(movements: &[Movement], place: usize, span_ms: i64) -> impl Iterator<Item = &Movement> {
    let at_ms = movements[place].at_ms;
    movements[..=place].iter().filter(move |movement| movement.at_ms > at_ms - span_ms)
}

fn is_transfer(movement: &Movement) -> bool {
    movement.kind == MovementKind::Transfer && movement.from != movement.to
}

fn fan_ins(movements: &[Movement]) -> Told {
    let (mut told, mut once) = (Told::new(), Once::default());
    let ours =
        |movement: &&Movement| is_transfer(movement) && movement.from.is_payer() && movement.to.is_payer();
    for (place, last) in movements.iter().enumerate().filter(|(_, movement)| ours(movement)) {
        let window: Vec<&Movement> =
            before(movements, place, 48 * HOUR_MS).filter(ours).filter(|seen| seen.to == last.to).collect();
        let mut known = BTreeSet::new();
        let mut before_ms = i64::MIN / 2;
        for seen in movements[..=place].iter().filter(ours).filter(|seen| seen.to == last.to) {
            if seen.at_ms - before_ms >= 180 * DAY_MS {
                known.clear();
            }
            before_ms = seen.at_ms;
            if seen.at_ms <= last.at_ms - 48 * HOUR_MS {
                known.insert(seen.from);
            }
        }
        let all: BTreeSet<Party> = window.iter().map(|seen| seen.from).collect();
        let strangers: BTreeSet<Party> = all.difference(&known).copied().collect();
        let of_strangers = window.iter().filter(|seen| strangers.contains(&seen.from));
        let total: i64 = of_strangers.map(|seen| seen.minor()).sum();
        if strangers.len() >= 3 && strangers.len() * 10 >= all.len() * 7 && total >= 500_000 {
            once.tell(&mut told, last.at_ms, vec![last.to], vec![last.to], 48 * HOUR_MS);
        }
    }
    told
}

fn structurings(movements: &[Movement]) -> Told {
    let (mut told, mut once) = (Told::new(), Once::default());
    let kinds = [MovementKind::Transfer, MovementKind::TopUp, MovementKind::Withdrawal];
    let lines = [5_000_000_i64, 20_000_000, 50_000_000];
    for (place, last) in movements.iter().enumerate().filter(|(_, movement)| kinds.contains(&movement.kind)) {
        for (account, is_out) in [(last.from, true), (last.to, false)] {
            if !account.is_account() {
                continue;
            }
            let is_side = |seen: &&Movement| {
                kinds.contains(&seen.kind) && account == if is_out { seen.from } else { seen.to }
            };
            let is_below = |minor: i64, line: i64| minor < line && minor * 10 >= line * 9;
            let is_complete = lines.iter().filter(|line| is_below(last.minor(), **line)).any(|line| {
                [24, 168].into_iter().any(|hours| {
                    let large: Vec<i64> = before(movements, place, hours * HOUR_MS)
                        .filter(is_side)
                        .map(Movement::minor)
                        .filter(|minor| *minor >= line / 2)
                        .collect();
                    let below = large.iter().filter(|minor| is_below(**minor, *line)).count();
                    below >= 3 && below * 10 >= large.len() * 6
                })
            });
            if is_complete {
                let side = if is_out { vec![account] } else { vec![account, Party::Outside] };
                once.tell(&mut told, last.at_ms, vec![account], side, 7 * DAY_MS);
            }
        }
    }
    told
}

/// Every path of transfers that ends with the last one and begins where that goes, by trying all.
fn closes(movements: &[Movement], path: &mut Vec<Movement>, hops: usize) -> bool {
    let first = path[path.len() - 1];
    let last = path[0];
    if first.from == last.to {
        return (3..=6).contains(&path.len());
    }
    if hops == 0 {
        return false;
    }
    for earlier in movements.iter().filter(|movement| is_transfer(movement)) {
        let fits = earlier.to == first.from
            && earlier.at_ms < first.at_ms
            && earlier.at_ms > last.at_ms - 72 * HOUR_MS
            && earlier.minor() >= first.minor()
            && earlier.minor() * 85 <= last.minor() * 100
            && earlier.minor() >= 100_000
            && earlier.from.is_account()
            && path.iter().all(|later| later.from != earlier.from);
        if fits {
            path.push(*earlier);
            if closes(movements, path, hops - 1) {
                return true;
            }
            path.pop();
        }
    }
    false
}

/// The moments at which a cycle closes. Which one is told of where several close is not part of the definition.
fn cycle_moments(movements: &[Movement]) -> BTreeSet<i64> {
    let closing = movements.iter().enumerate().filter(|(_, last)| {
        is_transfer(last) && last.from.is_account() && last.to.is_account() && last.minor() >= 100_000
    });
    closing
        .filter(|(place, last)| closes(&movements[..*place], &mut vec![**last], 5))
        .map(|(_, last)| last.at_ms)
        .collect()
}

/// Amounts small enough that products of the reference do not overflow; times apart, so that the order is one.
fn tame(mut movements: Vec<Movement>) -> Vec<Movement> {
    for (place, movement) in (0..).zip(&mut movements) {
        movement.at_ms += place;
        if movement.minor() > 60_000_000 {
            movement.money.amount = tongbao_money::Amount::new(4_800_000).unwrap();
        }
    }
    movements
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn fan_in_is_what_its_definition_says(movements in history(120)) {
        let movements = tame(movements);
        let mut table = Thresholds::shipped();
        // Seven payers make no fan of ten.
        (table.fan_in.counterparties_min, table.fan_in.total_min_yuan) = (3, 5_000);
        let alerts = found(&table, &[], &movements).alerts;
        let ours = alerts.into_iter().filter(|alert| alert.pattern == Pattern::FanIn);
        let streamed: Told = ours.map(|alert| (alert.at_ms, alert.accounts)).collect();
        prop_assert_eq!(streamed, fan_ins(&movements));
    }

    #[test]
    fn structuring_is_what_its_definition_says(movements in history(100)) {
        let movements = tame(movements);
        prop_assert_eq!(told(&movements, Pattern::Structuring), structurings(&movements));
    }

    #[test]
    fn cycles_are_found_where_trying_all_paths_finds_one(movements in history(60)) {
        let movements = tame(movements);
        let streamed: BTreeSet<i64> =
            told(&movements, Pattern::Cycle).into_iter().map(|(at_ms, _)| at_ms).collect();
        let all = cycle_moments(&movements);
        prop_assert!(streamed.is_subset(&all), "{:?} {:?}", streamed, all);
        // The first is never muted.
        prop_assert_eq!(streamed.first(), all.first());
    }
}
