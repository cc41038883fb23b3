//! Detectors of money laundering, from outside.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "a test that panics has done its work, and its numbers are small"
)]

mod cases;
mod large_values;
mod made_up;
mod patterns;
mod properties;
mod reference;
mod table;
mod worlds;

use tongbao_money::{Amount, Currency, Money};
use tongbao_risk::{
    aml::{Alert, Found, Monitor, Movement, MovementKind, Party, Pattern, Thresholds, Tie, Ties},
    features::EntityId,
};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Noon of 2026-03-02 in Asia/Shanghai.
const NOON_MS: i64 = 1_772_424_000_000;

fn payer(number: u128) -> Party {
    Party::Payer(EntityId(number))
}

fn merchant(number: u128) -> Party {
    Party::Merchant(EntityId(number))
}

fn yuan(yuan: i64) -> Money {
    Money { amount: Amount::new(yuan * 100).unwrap(), currency: Currency::CNY }
}

/// A history that is written down by hand.
#[derive(Default)]
struct Play {
    ties: Vec<(Party, Tie)>,
    movements: Vec<Movement>,
}

impl Play {
    /// Adds a movement so many milliseconds after noon.
    fn add(
        &mut self,
        after_ms: i64,
        kind: MovementKind,
        from: Party,
        to: Party,
        money: Money,
    ) -> &mut Movement {
        let id = EntityId(self.movements.len() as u128);
        let (at_ms, ties) = (NOON_MS + after_ms, Ties::default());
        self.movements.push(Movement { at_ms, id, kind, from, to, money, left: None, ties });
        self.movements.last_mut().unwrap()
    }

    fn sends(&mut self, after_ms: i64, from: Party, to: Party, amount: i64) {
        self.add(after_ms, MovementKind::Transfer, from, to, yuan(amount));
    }

    fn withdraws(&mut self, after_ms: i64, from: Party, amount: i64) {
        self.add(after_ms, MovementKind::Withdrawal, from, Party::Outside, yuan(amount));
    }

    /// What is found by the shipped table, in the order of time.
    fn found(&mut self) -> Found {
        self.movements.sort_by_key(|movement| movement.at_ms);
        found(&Thresholds::shipped(), &self.ties, &self.movements)
    }

    fn alerts(&mut self, pattern: Pattern) -> Vec<Alert> {
        self.found().alerts.into_iter().filter(|alert| alert.pattern == pattern).collect()
    }
}

fn found(table: &Thresholds, ties: &[(Party, Tie)], movements: &[Movement]) -> Found {
    let (mut monitor, mut found) = (Monitor::new(table), Found::default());
    for (account, tie) in ties {
        monitor.tie(*account, *tie);
    }
    for movement in movements {
        monitor.see(*movement, &mut found);
    }
    monitor.finish(&mut found);
    found
}

fn figure(alert: &Alert, name: &str) -> i64 {
    let found = alert.figures.iter().find(|figure| figure.name == name);
    found.unwrap_or_else(|| panic!("{name} is not among {:?}", alert.figures)).value
}
