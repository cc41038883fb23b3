//! The figures of a trial: a table for people, and a file for `cargo xtask score`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use serde::Serialize;

use super::{Found, Trial};
use crate::output::{Failure, say};

/// Named figures of one kind, such as harms by their name.
pub(crate) type Figures = BTreeMap<String, u64>;

/// Where the figures go.
#[derive(Args)]
pub(crate) struct Outcome {
    /// Add the figures of this run to the results that `cargo xtask score` reads in this directory
    #[arg(long, value_name = "DIR")]
    score: Option<PathBuf>,
}

/// A result as `cargo xtask score` reads it.
#[derive(Serialize)]
struct Line<'a> {
    /// What was run: results of one kind are added up.
    kind: &'a str,
    /// The command that repeats it.
    command: &'a str,
    /// Whether every promise was kept.
    kept: bool,
    /// What is added up.
    sums: &'a Figures,
    /// Times to recover, in milliseconds, each of them.
    recoveries_ms: Vec<u128>,
}

impl Outcome {
    /// Prints the figures of a trial and keeps them. `harms` are what was done to it, by name.
    pub(crate) fn report(
        &self,
        (kind, command): (&str, &str),
        (trial, found): (&Trial, &Found),
        harms: &Figures,
        recoveries: &[Duration],
    ) -> Result<(), Failure> {
        let counts = trial.book.sums();
        let notices = trial.receiver.notices();
        let taken: u64 = notices.values().map(|notice| notice.taken).sum();
        let (p50, p99) = (percentile_ms(recoveries, 50), percentile_ms(recoveries, 99));
        let longest = percentile_ms(recoveries, 100);

        let mut table = Table::new();
        table.load_style(UTF8_FULL_CONDENSED);
        let mut row = |name: &str, value: String| {
            table.add_row([name.to_owned(), value]);
        };
        for (name, times) in harms {
            row(name, times.to_string());
        }
        row("recovery", format!("median {p50} ms, p99 {p99} ms, longest {longest} ms"));
        row("answers acknowledged", counts.acknowledged.to_string());
        row("committed, answer lost", counts.unacknowledged.to_string());
        row("payments", format!("{}, {} of them paid", found.payments, found.paid));
        row("refunds", found.refunds.to_string());
        row("answers asked for again", found.replays.to_string());
        row("events", format!("{}, received {taken} times", found.events));
        row("merchant's balance", format!("{} fen", found.pending));
        row("broken promises", (counts.lost + counts.doubled + counts.other).to_string());
        say(table);
        say(format_args!(
            "{kind}: acknowledged {}, lost {}, doubled {}, other broken promises {}, committed without an answer {}, \
             recovery p50 {p50} ms max {longest} ms",
            counts.acknowledged, counts.lost, counts.doubled, counts.other, counts.unacknowledged,
        ));

        let own = [
            ("acknowledged", counts.acknowledged),
            ("committed, answer lost", counts.unacknowledged),
            ("lost", counts.lost),
            ("doubled", counts.doubled),
            ("other broken promises", counts.other),
        ];
        let mut sums = harms.clone();
        sums.extend(own.map(|(name, count)| (name.to_owned(), count)));
        let recoveries_ms = recoveries.iter().map(Duration::as_millis).collect();
        let kept = trial.book.is_clean();
        self.write(&Line { kind, command, kept, sums: &sums, recoveries_ms })
    }

    fn write(&self, line: &Line<'_>) -> Result<(), Failure> {
        let Some(directory) = &self.score else { return Ok(()) };
        fs::create_dir_all(directory)?;
        let text = serde_json::to_string_pretty(line)?;
        Ok(fs::write(unused(directory, line.kind), text + "\n")?)
    }
}

/// A name in the directory that no file has.
fn unused(directory: &Path, kind: &str) -> PathBuf {
    let named = |number: u32| directory.join(format!("{}-{number}.json", kind.replace(' ', "-")));
    (1..u32::MAX).map(named).find(|path| !path.exists()).unwrap_or_else(|| named(0))
}

/// The time that so many of a hundred did not exceed, in milliseconds; 0 if there were none.
pub(crate) fn percentile_ms(times: &[Duration], percent: usize) -> u128 {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).map_or(0, Duration::as_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let times: Vec<Duration> = (1..=10).rev().map(Duration::from_millis).collect();
        let at = |percent| percentile_ms(&times, percent);
        assert_eq!((at(0), at(50), at(51), at(99), at(100)), (1, 5, 6, 10, 10));
        assert_eq!(percentile_ms(&[], 50), 0);
    }

    #[test]
    fn results_of_one_kind_do_not_replace_each_other() {
        let directory = tempfile::tempdir().unwrap();
        let outcome = Outcome { score: Some(directory.path().to_owned()) };
        let sums = Figures::from([("lost".to_owned(), 0)]);
        let line =
            Line { kind: "kill loop", command: "torture", kept: true, sums: &sums, recoveries_ms: vec![7] };
        outcome.write(&line).unwrap();
        outcome.write(&line).unwrap();
        for name in ["kill-loop-1.json", "kill-loop-2.json"] {
            assert!(fs::read_to_string(directory.path().join(name)).unwrap().contains("\"lost\": 0"));
        }
    }
}
