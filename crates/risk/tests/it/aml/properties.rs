//! What holds for every history.

use proptest::{prelude::*, strategy::ValueTree};
use tongbao_risk::aml::{Alert, Found, Monitor, Pattern, Thresholds, cases};

use super::{
    found,
    made_up::{anything, history, ties},
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn nothing_panics_and_everything_is_counted(ties in ties(), movements in anything()) {
        let (mut monitor, mut found) = (Monitor::new(&Thresholds::shipped()), Found::default());
        for (account, tie) in &ties {
            monitor.tie(*account, *tie);
        }
        for movement in &movements {
            monitor.see(*movement, &mut found);
        }
        let looked = monitor.finish(&mut found);
        prop_assert_eq!(looked.movements, movements.len() as u64);
        prop_assert!(found.alerts.is_sorted_by_key(|alert| alert.at_ms));
        for alert in &found.alerts {
            prop_assert!(alert.accounts.is_sorted() && !alert.accounts.is_empty());
            prop_assert!(!alert.evidence.is_empty() && alert.evidence.is_sorted_by_key(|seen| seen.at_ms));
        }
    }

    #[test]
    fn the_order_within_an_instant_does_not_matter(
        ties in ties(),
        movements in history(120),
        seed in any::<u64>(),
    ) {
        // Coarser times, so that many are of one instant.
        let coarse = |at_ms: i64| at_ms - at_ms % 3_600_000;
        let mut one: Vec<_> = movements;
        for movement in &mut one {
            movement.at_ms = coarse(movement.at_ms);
        }
        let mut other = one.clone();
        let mix = |id: u128| (id as u64 ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        other.sort_by_key(|movement| (movement.at_ms, mix(movement.id.0)));
        let table = Thresholds::shipped();
        prop_assert_eq!(found(&table, &ties, &one), found(&table, &ties, &other));
    }

    #[test]
    fn what_comes_later_changes_nothing_that_was_found(
        ties in ties(),
        movements in history(120),
        cut in 0..120_usize,
    ) {
        let table = Thresholds::shipped();
        let all = found(&table, &ties, &movements).alerts;
        let begun = movements.get(..cut).unwrap_or(&movements);
        let end_ms = begun.last().map_or(i64::MIN, |last| last.at_ms);
        // The last instant of the beginning may go on in the rest.
        let before = |alerts: Vec<_>| -> Vec<Alert> {
            alerts.into_iter().filter(|alert: &Alert| alert.at_ms < end_ms).collect()
        };
        prop_assert_eq!(before(found(&table, &ties, begun).alerts), before(all));
    }

    #[test]
    fn cases_share_no_account_and_lose_no_alert(ties in ties(), movements in history(150)) {
        let alerts = found(&Thresholds::shipped(), &ties, &movements).alerts;
        let (count, cases) = (alerts.len(), cases(alerts));
        prop_assert_eq!(cases.iter().map(|case| case.alerts.len()).sum::<usize>(), count);
        let mut seen = std::collections::BTreeSet::new();
        for case in &cases {
            prop_assert!(case.accounts.iter().all(|account| seen.insert(*account)));
            prop_assert_eq!(case.id.0, case.alerts[0].id().0);
        }
    }
}

#[test]
fn made_up_histories_complete_patterns_so_the_properties_say_something() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut table = Thresholds::shipped();
    (table.fan_in.counterparties_min, table.fan_in.total_min_yuan) = (3, 5_000);
    let mut seen = std::collections::BTreeMap::new();
    for _ in 0..60 {
        let movements = history(120).new_tree(&mut runner).unwrap().current();
        for alert in found(&table, &[], &movements).alerts {
            *seen.entry(alert.pattern).or_insert(0) += 1;
        }
    }
    for pattern in [Pattern::Structuring, Pattern::FanIn, Pattern::Cycle, Pattern::DormantBurst] {
        assert!(seen.get(&pattern).is_some_and(|count| *count > 10), "{pattern}: {seen:?}");
    }
}
