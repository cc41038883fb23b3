//! Figures of a list of scores and what was true.
//!
//! **Invariants.** Equal scores are one threshold: no order among them is made up.

/// One scored payment: its score, whether it was fraud, what it was worth.
pub type Scored = (i64, bool, i64);

/// Groups of equal scores, the highest first.
fn groups(scored: &[Scored]) -> Vec<Vec<Scored>> {
    let mut sorted = scored.to_vec();
    sorted.sort_by_key(|&(score, ..)| std::cmp::Reverse(score));
    sorted.chunk_by(|one, other| one.0 == other.0).map(<[Scored]>::to_vec).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of payments, for a share")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn frauds(scored: &[Scored]) -> u64 {
    scored.iter().filter(|&&(_, fraud, _)| fraud).count() as u64
}

/// The area under the curve of recall over false positives: how often a fraud's score is above that of a genuine
/// payment; equal scores count half. Between 0 and 1.
#[must_use]
pub fn area_under_curve(scored: &[Scored]) -> f64 {
    let all = frauds(scored);
    let genuine = scored.len() as u64 - all;
    let (mut above, mut twice) = (0, 0);
    for group in groups(scored) {
        let here = frauds(&group);
        let others = group.len() as u64 - here;
        twice += others * (2 * above + here);
        above += here;
    }
    share(twice, 2 * all * genuine)
}

/// The average precision: precision at each threshold, weighed with the recall that the threshold adds.
#[must_use]
pub fn average_precision(scored: &[Scored]) -> f64 {
    let all = frauds(scored);
    let (mut caught, mut flagged, mut sum) = (0, 0, 0.0);
    for group in groups(scored) {
        let here = frauds(&group);
        caught += here;
        flagged += group.len() as u64;
        sum += share(here, all) * share(caught, flagged);
    }
    sum
}

/// What is caught when a share of genuine payments may be flagged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Caught {
    /// The least score that is flagged; `None` if nothing may be.
    pub threshold: Option<i64>,
    /// The share of frauds that are flagged, by count.
    pub recall: f64,
    /// The share of frauds that are flagged, by value.
    pub recall_by_value: f64,
    /// The share of what is flagged that is fraud.
    pub precision: f64,
}

/// What is caught when at most `false_positives` of a million genuine payments are flagged.
#[must_use]
pub fn caught_at(scored: &[Scored], false_positives_per_million: u64) -> Caught {
    let all = frauds(scored);
    let value = |scored: &[Scored]| -> u64 {
        let of_frauds = scored.iter().filter(|&&(_, fraud, _)| fraud);
        of_frauds.map(|&(.., minor)| minor.unsigned_abs()).fold(0, u64::saturating_add)
    };
    let (total, genuine) = (value(scored), scored.len() as u64 - all);
    let allowed = u128::from(genuine) * u128::from(false_positives_per_million) / 1_000_000;
    let (mut threshold, mut caught, mut flagged, mut saved) = (None, 0, 0, 0_u64);
    for group in groups(scored) {
        let here = frauds(&group);
        let wrongly = (flagged + group.len() as u64) - (caught + here);
        if u128::from(wrongly) > allowed {
            break;
        }
        threshold = group.first().map(|&(score, ..)| score);
        caught += here;
        flagged += group.len() as u64;
        saved = saved.saturating_add(value(&group));
    }
    Caught {
        threshold,
        recall: share(caught, all),
        recall_by_value: share(saved, total),
        precision: share(caught, flagged),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
    }

    /// Ten payments by hand; the frauds have scores 9, 7, 7 and 2.
    const TABLE: [Scored; 10] = [
        (9, true, 400),
        (8, false, 10),
        (7, true, 300),
        (7, true, 200),
        (7, false, 10),
        (5, false, 10),
        (4, false, 10),
        (3, false, 10),
        (2, true, 100),
        (1, false, 10),
    ];

    #[test]
    fn the_area_counts_pairs_in_the_right_order() {
        // Of 24 pairs: 9 beats 6; each 7 beats 4 and ties with 1; 2 beats 1.
        check(area_under_curve(&TABLE), (6.0 + 4.5 + 4.5 + 1.0) / 24.0);
        check(area_under_curve(&[(1, true, 0), (1, false, 0)]), 0.5);
        check(area_under_curve(&[(2, true, 0), (1, false, 0)]), 1.0);
        check(area_under_curve(&[(1, false, 0)]), 0.0);
        check(area_under_curve(&[]), 0.0);
    }

    #[test]
    fn the_average_precision_weighs_precision_with_added_recall() {
        // At 9: 1/1; at 7: 3/5, for half of the frauds; at 2: 4/9.
        check(average_precision(&TABLE), 0.25 * 1.0 + 0.5 * 0.6 + 0.25 * (4.0 / 9.0));
        check(average_precision(&[(1, false, 0)]), 0.0);
    }

    #[test]
    fn what_is_caught_stays_within_the_false_positives() {
        let none = caught_at(&TABLE, 0);
        assert_eq!(none.threshold, Some(9));
        check(none.recall, 0.25);
        check(none.recall_by_value, 0.4);
        check(none.precision, 1.0);
        // Two of six genuine payments.
        let two = caught_at(&TABLE, 333_334);
        assert_eq!(two.threshold, Some(7));
        check(two.recall, 0.75);
        check(two.recall_by_value, 0.9);
        check(two.precision, 0.6);
        assert_eq!(caught_at(&[(1, false, 5)], 0).threshold, None);
    }
}
