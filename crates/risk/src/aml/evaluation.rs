//! How well the detectors do in a made-up world: of the schemes how many are found, and how many alerts are false.
//!
//! A scheme is found if an alert of its own pattern names one of its accounts, from its beginning to two days after
//! its end. An alert is false if it names no account of any scheme, and comes after the warm-up. False alerts are
//! counted against the accounts that no scheme has.

use std::collections::BTreeSet;

use super::{
    Alert, Found, Monitor, Pattern, Thresholds,
    generator::{History, START_MS, WARM_UP_DAYS, World},
    movement::Party,
    table::days_ms,
};

/// How long after its end a scheme may be found.
const FOUND_WITHIN_DAYS: i64 = 2;

/// What one detector did in one world or in several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Score {
    /// Which.
    pub pattern: Pattern,
    /// Schemes that were planted.
    pub schemes: usize,
    /// Schemes that were found.
    pub found: usize,
    /// Alerts after the warm-up.
    pub alerts: usize,
    /// Of these, false ones.
    pub false_alerts: usize,
    /// Accounts that no scheme has.
    pub ordinary_accounts: usize,
}

impl Score {
    /// The part of the schemes that was found, 0 to 1.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    pub fn recall(&self) -> f64 {
        self.found as f64 / self.schemes.max(1) as f64
    }

    /// False alerts for each ten thousand ordinary accounts, over the whole time after the warm-up.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    pub fn false_per_10_000(&self) -> f64 {
        self.false_alerts as f64 * 10_000.0 / self.ordinary_accounts.max(1) as f64
    }

    /// The two together: as if the worlds were one.
    #[must_use]
    pub fn and(&self, other: &Score) -> Score {
        Score {
            pattern: self.pattern,
            schemes: self.schemes + other.schemes,
            found: self.found + other.found,
            alerts: self.alerts + other.alerts,
            false_alerts: self.false_alerts + other.false_alerts,
            ordinary_accounts: self.ordinary_accounts + other.ordinary_accounts,
        }
    }
}

/// Judges what was found in a world. `progress` is told each movement.
pub fn judge(history: &History, table: &Thresholds, progress: &mut dyn FnMut()) -> (Found, Vec<Alert>) {
    let mut monitor = Monitor::new(table);
    let mut found = Found::default();
    for (account, tie) in &history.ties {
        monitor.tie(*account, *tie);
    }
    for movement in &history.movements {
        monitor.see(*movement, &mut found);
        progress();
    }
    monitor.finish(&mut found);
    let false_alerts = false_alerts(history, &found.alerts);
    (found, false_alerts)
}

/// The alerts after the warm-up that name no account of a scheme.
fn false_alerts(history: &History, alerts: &[Alert]) -> Vec<Alert> {
    let schemes = history.schemes.iter();
    let planted: BTreeSet<Party> =
        schemes.flat_map(|scheme| scheme.accounts.iter().chain(&scheme.helpers).copied()).collect();
    let is_false =
        |alert: &&Alert| is_judged(alert) && !alert.accounts.iter().any(|account| planted.contains(account));
    alerts.iter().filter(is_false).cloned().collect()
}

fn is_judged(alert: &Alert) -> bool {
    alert.at_ms >= START_MS + days_ms(i64::from(WARM_UP_DAYS))
}

/// The score of each detector in a world of this size.
#[must_use]
pub fn scores(
    world: &World,
    history: &History,
    table: &Thresholds,
    progress: &mut dyn FnMut(),
) -> Vec<Score> {
    let (found, false_alerts) = judge(history, table, progress);
    let world = world.at_least_possible();
    let schemes = history.schemes.iter();
    let planted: BTreeSet<Party> =
        schemes.flat_map(|scheme| scheme.accounts.iter().chain(&scheme.helpers).copied()).collect();
    let ordinary_accounts = (world.payers + world.merchants) as usize - planted.len();
    Pattern::ALL
        .into_iter()
        .map(|pattern| {
            let schemes: Vec<_> = history.schemes.iter().filter(|scheme| scheme.pattern == pattern).collect();
            let alerts: Vec<&Alert> =
                found.alerts.iter().filter(|alert| alert.pattern == pattern && is_judged(alert)).collect();
            let finds = |scheme: &&&super::generator::Scheme| {
                let until_ms = scheme.until_ms + days_ms(FOUND_WITHIN_DAYS);
                alerts.iter().any(|alert| {
                    (scheme.from_ms..=until_ms).contains(&alert.at_ms)
                        && alert.accounts.iter().any(|account| scheme.accounts.contains(account))
                })
            };
            Score {
                pattern,
                schemes: schemes.len(),
                found: schemes.iter().filter(finds).count(),
                alerts: alerts.len(),
                false_alerts: false_alerts.iter().filter(|alert| alert.pattern == pattern).count(),
                ordinary_accounts,
            }
        })
        .collect()
}
