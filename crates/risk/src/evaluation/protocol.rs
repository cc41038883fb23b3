//! The protocol of the Fraud Detection Handbook: a week to learn, a week in which nothing is known yet, a week that
//! is tested.
//!
//! Its rules, from chapters 3 and 5: payers ("cards") known as defrauded are taken out of the tests, day by day, as
//! far as their frauds would be known; and card precision at k is the share of defrauded payers among the k payers
//! a day with the highest scores, of which those that were found are not looked at again.

use std::collections::{BTreeMap, BTreeSet};

use super::metrics::{Caught, Scored, area_under_curve, average_precision, caught_at};

/// Days of a week: how long each of the three parts is.
const WEEK: u32 = 7;

/// How many days after the start of training the test ends.
pub const DAYS_AFTER: u32 = 3 * WEEK;

/// How many payers a day an investigator looks at (chapter 4).
const CARDS_A_DAY: usize = 100;

/// Recall is given where one in a thousand genuine payments is flagged.
const FALSE_POSITIVES_PER_MILLION: u64 = 1_000;

/// What the protocol needs to know of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The day, from any beginning.
    pub day: u32,
    /// The payer.
    pub payer: u128,
    /// How much, in minor units.
    pub minor: i64,
    /// Whether it was fraud.
    pub fraud: bool,
}

/// Which rows are learned from, and which are tested.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// Numbers of the rows to learn from.
    pub train: Vec<usize>,
    /// Numbers of the rows to test.
    pub test: Vec<usize>,
}

/// Splits rows in the order of their time, training from `start_day` on.
#[must_use]
pub fn split(rows: &[Sample], start_day: u32) -> Split {
    let mut defrauded: BTreeMap<u32, BTreeSet<u128>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.fraud) {
        defrauded.entry(row.day).or_default().insert(row.payer);
    }
    let mut found = Split::default();
    let test_from = start_day + 2 * WEEK;
    for (number, row) in rows.iter().enumerate() {
        if (start_day..start_day + WEEK).contains(&row.day) {
            found.train.push(number);
        } else if (test_from..test_from + WEEK).contains(&row.day) {
            // The frauds of the training week, and those whose label a day of the test has heard of by then.
            let is_known =
                defrauded.range(start_day..row.day - WEEK).any(|(_, payers)| payers.contains(&row.payer));
            if !is_known {
                found.test.push(number);
            }
        }
    }
    found
}

/// Card precision at `k`: the mean over the days, of rows with their scores.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts of payers, for a share")]
pub fn card_precision(scored: &[(Sample, i64)], k: usize) -> f64 {
    let mut days: BTreeMap<u32, BTreeMap<u128, (i64, bool)>> = BTreeMap::new();
    for (row, score) in scored {
        let best = days.entry(row.day).or_default().entry(row.payer).or_insert((*score, false));
        *best = (best.0.max(*score), best.1 || row.fraud);
    }
    let mut found = BTreeSet::new();
    let mut sum = 0.0;
    for payers in days.values() {
        let mut ranked: Vec<_> = payers.iter().filter(|(payer, _)| !found.contains(*payer)).collect();
        ranked.sort_by_key(|(_, (score, _))| std::cmp::Reverse(*score));
        let caught: Vec<u128> =
            ranked.iter().take(k).filter(|(_, (_, fraud))| *fraud).map(|(payer, _)| **payer).collect();
        sum += caught.len() as f64 / k as f64;
        found.extend(caught);
    }
    if days.is_empty() { 0.0 } else { sum / days.len() as f64 }
}

/// The figures of one test week.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// How many payments were tested.
    pub payments: usize,
    /// How many of them were fraud.
    pub frauds: usize,
    /// Area under the curve of recall over false positives.
    pub area_under_curve: f64,
    /// Average precision.
    pub average_precision: f64,
    /// Card precision at 100.
    pub card_precision: f64,
    /// What is caught when one in a thousand genuine payments is flagged.
    pub caught: Caught,
}

/// The figures of tested rows with their scores.
#[must_use]
pub fn figures(scored: &[(Sample, i64)]) -> Figures {
    let plain: Vec<Scored> = scored.iter().map(|(row, score)| (*score, row.fraud, row.minor)).collect();
    Figures {
        payments: scored.len(),
        frauds: scored.iter().filter(|(row, _)| row.fraud).count(),
        area_under_curve: area_under_curve(&plain),
        average_precision: average_precision(&plain),
        card_precision: card_precision(scored, CARDS_A_DAY),
        caught: caught_at(&plain, FALSE_POSITIVES_PER_MILLION),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(day: u32, payer: u128, fraud: bool) -> Sample {
        Sample { day, payer, minor: 100, fraud }
    }

    #[test]
    fn payers_known_as_defrauded_leave_the_test_when_they_would_be_known() {
        let rows = [
            row(9, 1, true),
            row(10, 2, true),
            row(11, 3, false),
            row(17, 4, true),
            row(18, 5, true),
            row(24, 1, false),
            row(24, 2, false),
            row(24, 4, false),
            row(25, 4, false),
            row(25, 5, false),
            row(26, 5, false),
            row(30, 3, false),
            row(31, 3, false),
        ];
        let found = split(&rows, 10);
        assert_eq!(found.train, [1, 2]);
        // Payer 2 is known from the training week, 4 from the second day on, 5 from the third; 1 is before its time.
        assert_eq!(found.test, [5, 7, 9, 11]);
    }

    #[test]
    fn card_precision_counts_payers_and_looks_at_none_twice() {
        let scored = [
            (row(1, 1, false), 9),
            (row(1, 1, true), 1),
            (row(1, 2, false), 8),
            (row(1, 3, true), 7),
            (row(2, 1, true), 9),
            (row(2, 3, true), 5),
            (row(2, 4, false), 4),
        ];
        // Day 1: payers 1 and 2, of which 1 is found. Day 2, without 1: payers 3 and 4, of which 3 is found.
        let found = card_precision(&scored, 2);
        assert!((found - 0.5).abs() < 1e-12, "{found}");
        assert!(card_precision(&[], 100).abs() < 1e-12);
    }
}
