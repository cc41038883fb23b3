//! Large-value reporting: what a customer received or sent in a day, from a sum on.
//!
//! Sums are per customer, calendar day in Asia/Shanghai, currency and direction. A line of the table is in force from
//! its day on, and until the day before `until`, so yesterday's movements are judged by yesterday's figures.
//!
//! **Absent on purpose:** exchange rates (each currency has its own line), customers who are the same person under
//! several accounts (a report names accounts), and any claim about the law: each line says how far its figure was
//! followed back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tongbao_money::Currency;

use super::{
    day::{day_of, start_of},
    movement::{Movement, MovementKind, Party},
};

/// Whose movements a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Customer {
    /// Payers: natural persons.
    Payer,
    /// Merchants: all others.
    Merchant,
}

/// How far a figure was followed back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Checked {
    /// It was read in the notice that is in force.
    Notice,
    /// It was read in the press.
    Press,
    /// It is from memory.
    Memory,
}

impl Checked {
    /// The name in tables and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Checked::Notice => "notice",
            Checked::Press => "press",
            Checked::Memory => "memory",
        }
    }
}

/// A calendar day in a table, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Day(pub i64);

impl TryFrom<String> for Day {
    type Error = jiff::Error;

    fn try_from(text: String) -> Result<Day, jiff::Error> {
        let date: jiff::civil::Date = text.parse()?;
        let instant = date.to_zoned(jiff::tz::TimeZone::UTC)?.timestamp();
        Ok(Day(instant.as_second().div_euclid(24 * 3_600)))
    }
}

/// A sum from which on a customer's day is reported.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LargeValueLine {
    /// Its name in reports.
    pub id: String,
    /// Whose movements.
    pub customer: Customer,
    /// Which movements.
    pub kinds: Vec<MovementKind>,
    /// In which currency.
    pub currency: Currency,
    /// From how much on, in whole units of the currency.
    pub at_least: i64,
    /// The first day it is in force.
    pub from: Day,
    /// The first day it is in force no more.
    #[serde(default)]
    pub until: Option<Day>,
    /// Where it comes from.
    pub source: String,
    /// How far it was followed back.
    pub checked: Checked,
}

impl LargeValueLine {
    fn at_least_minor(&self) -> i64 {
        let unit = 10_i64.checked_pow(u32::from(self.currency.exponent())).unwrap_or(i64::MAX);
        self.at_least.saturating_mul(unit)
    }

    fn is_about(&self, movement: &Movement, day: i64) -> bool {
        self.currency == movement.money.currency
            && self.kinds.contains(&movement.kind)
            && self.from.0 <= day
            && self.until.is_none_or(|until| day < until.0)
    }

    fn is_customer(&self, party: Party) -> bool {
        match self.customer {
            Customer::Payer => matches!(party, Party::Payer(_)),
            Customer::Merchant => matches!(party, Party::Merchant(_)),
        }
    }
}

/// Which way money went, seen from a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// It was received.
    In,
    /// It was sent.
    Out,
}

impl Direction {
    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Direction::In => "in",
            Direction::Out => "out",
        }
    }
}

/// A day of a customer that is reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LargeValue {
    /// The place of its line in the table.
    pub line: usize,
    /// Which customer.
    pub customer: Party,
    /// Which way.
    pub direction: Direction,
    /// The first instant of the day, in milliseconds since 1970.
    pub day_ms: i64,
    /// How many movements.
    pub movements: u64,
    /// What they come to, in minor units of the line's currency.
    pub minor: i64,
    /// The largest of them.
    pub largest_minor: i64,
}

/// Adds days up.
#[derive(Clone, Debug)]
pub(super) struct LargeValues {
    lines: Vec<LargeValueLine>,
    day: i64,
    sums: BTreeMap<(usize, Party, Direction), (u64, i64, i64)>,
}

impl LargeValues {
    pub(super) const fn new(lines: Vec<LargeValueLine>) -> LargeValues {
        LargeValues { lines, day: i64::MIN, sums: BTreeMap::new() }
    }

    /// Takes a movement over. Those of another day than the one before end that day.
    pub(super) fn see(&mut self, movement: &Movement, reported: &mut Vec<LargeValue>) {
        let day = day_of(movement.at_ms);
        if day != self.day {
            self.end_day(reported);
            self.day = day;
        }
        if movement.from == movement.to {
            return;
        }
        for (number, line) in self.lines.iter().enumerate().filter(|(_, line)| line.is_about(movement, day)) {
            for (party, direction) in [(movement.to, Direction::In), (movement.from, Direction::Out)] {
                if line.is_customer(party) {
                    let sum = self.sums.entry((number, party, direction)).or_default();
                    let minor = movement.minor();
                    *sum = (sum.0 + 1, sum.1.saturating_add(minor), sum.2.max(minor));
                }
            }
        }
    }

    /// Reports what the day came to.
    pub(super) fn end_day(&mut self, reported: &mut Vec<LargeValue>) {
        for ((number, customer, direction), (movements, minor, largest_minor)) in
            std::mem::take(&mut self.sums)
        {
            let is_large = self.lines.get(number).is_some_and(|line| minor >= line.at_least_minor());
            if is_large {
                let day_ms = start_of(self.day);
                let line = number;
                reported.push(LargeValue {
                    line,
                    customer,
                    direction,
                    day_ms,
                    movements,
                    minor,
                    largest_minor,
                });
            }
        }
    }
}
