//! From log-odds to 0–999: thousandths of the probability of fraud.
//!
//! A model's own log-odds are right on what it learned from. On payments it has not seen, a straight line through
//! them (Platt, 1999) is fitted: the expected number of frauds is then the number there was.

use serde::{Deserialize, Serialize};

use super::{MICRO, probability};

/// The highest score.
const SCORE_MAX: u16 = 999;

/// Rounds of Newton's method; it stands still after about ten.
const ROUNDS: usize = 50;

/// A line through log-odds, in millionths: slope and offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calibration {
    slope_micro: i64,
    offset_micro: i64,
}

impl Calibration {
    /// Log-odds as they are.
    pub const NONE: Calibration = Calibration { slope_micro: 1_000_000, offset_micro: 0 };

    /// Fits the line to scores (millionths of log-odds) of payments of which it is known whether they were fraud.
    /// Without frauds, or with nothing else, there is nothing to fit.
    #[must_use]
    pub fn fit(scored: &[(i64, bool)]) -> Calibration {
        let frauds = scored.iter().filter(|(_, fraud)| *fraud).count();
        if frauds == 0 || frauds == scored.len() {
            return Calibration::NONE;
        }
        let (mut slope, mut offset) = (1.0, 0.0);
        for _ in 0..ROUNDS {
            let (step_slope, step_offset) = newton(scored, slope, offset);
            slope -= step_slope;
            offset -= step_offset;
        }
        // A line that falls would turn the model round: then the scores are no use, and stay as they are.
        if !(slope > 0.0 && slope < SLOPE_MAX && offset.abs() < OFFSET_MAX) {
            return Calibration::NONE;
        }
        #[expect(clippy::cast_possible_truncation, reason = "both are bounded above")]
        let micro = |number: f64| libm::round(number * MICRO) as i64;
        Calibration { slope_micro: micro(slope), offset_micro: micro(offset) }
    }

    /// The probability of fraud, from 0 to 1.
    #[must_use]
    pub fn probability(&self, log_odds_micro: i64) -> f64 {
        probability(self.line(log_odds_micro))
    }

    /// The score from 0 to 999.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
    pub fn score(&self, log_odds_micro: i64) -> u16 {
        let thousandths = self.probability(log_odds_micro) * f64::from(SCORE_MAX + 1);
        (libm::floor(thousandths) as u16).min(SCORE_MAX)
    }

    #[expect(clippy::cast_precision_loss, reason = "millions of millionths, not more")]
    fn line(&self, log_odds_micro: i64) -> f64 {
        (self.slope_micro as f64 / MICRO) * (log_odds_micro as f64 / MICRO) + self.offset_micro as f64 / MICRO
    }
}

const SLOPE_MAX: f64 = 100.0;
const OFFSET_MAX: f64 = 1_000.0;

/// The step of Newton's method for the likelihood of the labels.
fn newton(scored: &[(i64, bool)], slope: f64, offset: f64) -> (f64, f64) {
    /// Keeps the matrix invertible where all scores are equal.
    const RIDGE: f64 = 1e-9;
    let (mut by_slope, mut by_offset) = (0.0, 0.0);
    let (mut both, mut slopes, mut offsets) = (0.0, RIDGE, RIDGE);
    for &(score, fraud) in scored {
        #[expect(clippy::cast_precision_loss, reason = "millions of millionths, not more")]
        let score = score as f64 / MICRO;
        let expected = probability(slope * score + offset);
        let (first, second) = (expected - f64::from(u8::from(fraud)), expected * (1.0 - expected));
        by_slope += first * score;
        by_offset += first;
        slopes += second * score * score;
        offsets += second;
        both += second * score;
    }
    let determinant = slopes * offsets - both * both;
    if determinant.abs() < RIDGE * RIDGE {
        return (0.0, 0.0);
    }
    (
        (offsets * by_slope - both * by_offset) / determinant,
        (slopes * by_offset - both * by_slope) / determinant,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Payments whose true log-odds are 2 · score − 1, a thousand at each score.
    fn scored() -> Vec<(i64, bool)> {
        let mut found = Vec::new();
        for step in -6..=6 {
            let frauds = probability(f64::from(2 * step - 1)) * 1_000.0;
            found.extend((0..1_000).map(|number| (i64::from(step) * 1_000_000, f64::from(number) < frauds)));
        }
        found
    }

    #[test]
    fn the_line_is_found_and_expects_as_many_frauds_as_there_were() {
        let scored = scored();
        let found = Calibration::fit(&scored);
        assert!((found.slope_micro - 2_000_000).abs() < 30_000, "{found:?}");
        assert!((found.offset_micro + 1_000_000).abs() < 30_000, "{found:?}");
        let expected: f64 = scored.iter().map(|(score, _)| found.probability(*score)).sum();
        let frauds: f64 = scored.iter().map(|(_, fraud)| f64::from(u8::from(*fraud))).sum();
        assert!((expected - frauds).abs() < 0.1, "{expected} {frauds}");
    }

    #[test]
    fn scores_are_thousandths_and_rise_with_the_log_odds() {
        assert_eq!(Calibration::NONE.score(0), 500);
        assert_eq!(Calibration::NONE.score(i64::MIN), 0);
        assert_eq!(Calibration::NONE.score(i64::MAX), SCORE_MAX);
        let found = Calibration::fit(&scored());
        let scores: Vec<u16> = (-90..90).map(|step| found.score(step * 100_000)).collect();
        assert!(scores.is_sorted());
    }

    #[test]
    fn what_cannot_be_fitted_stays_as_it_is() {
        assert_eq!(Calibration::fit(&[]), Calibration::NONE);
        assert_eq!(Calibration::fit(&[(5, false), (7, false)]), Calibration::NONE);
        let turned: Vec<(i64, bool)> = scored().into_iter().map(|(score, fraud)| (-score, fraud)).collect();
        assert_eq!(Calibration::fit(&turned), Calibration::NONE);
    }
}
