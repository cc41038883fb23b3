//! Benchmarks: what the platform commits, and beside it what the same server commits for `pgbench`.
//!
//! **Invariant.** A ratio is taken of two figures of one run on one machine.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use pgtest::Cluster;
use serde_json::Value;

use super::programs::{finish, release, repeatable, told};
use super::result::Outcome;
use crate::run::{self, Stop};
use crate::tools;

/// What `pgbench` is asked for: its standard transaction, on so many hundred thousand accounts, by so many clients.
const SCALE: &str = "50";
const CLIENTS: &str = "16";

/// A server as one that holds money is set: every commit is on the disk.
const SETTINGS: [(&str, &str); 5] = [
    ("fsync", "on"),
    ("synchronous_commit", "on"),
    ("shared_buffers", "'512MB'"),
    ("max_wal_size", "'4GB'"),
    ("checkpoint_timeout", "'15min'"),
];

/// The SQLite store.
pub(super) fn sqlite(size: &str, directory: &Path) -> Result<(), Stop> {
    let mut command = run::program(release("tongbao")?);
    command.args(["bench", "store", "--seconds", size, "--json"]);
    let (value, kept) = told(&mut command)?;
    let mut shown = BTreeMap::new();
    flatten("", &value, &mut |name, value| drop(shown.insert(name, value)));
    let command = repeatable(&command);
    finish(
        &Outcome { kind: "bench sqlite".to_owned(), command, kept, shown, ..Outcome::default() },
        directory,
    )
}

/// The PostgreSQL store, spread over merchants, with one hot merchant, and as two processes; `pgbench` before them.
pub(super) fn postgres(size: &str, directory: &Path) -> Result<(), Stop> {
    tools::postgresql()?;
    let tongbao = release("tongbao")?;
    let cluster = Cluster::start_with(&SETTINGS);
    let tps = pgbench(&cluster, size)?;
    let mut shown = BTreeMap::from([("pgbench, transactions a second".to_owned(), format!("{tps:.0}"))]);
    let mut all_kept = true;
    for (name, more) in
        [("spread", &[][..]), ("hot merchant", &["--hot"]), ("two processes, spread", &["--stores", "2"])]
    {
        let mut command = run::program(&tongbao);
        command.args(["bench", "store", "--seconds", size, "--json", "--postgres", &cluster.database()]);
        let (value, kept) = told(command.args(more))?;
        all_kept &= kept;
        let figure = |field: &str| value.get(field).and_then(Value::as_f64).unwrap_or_default();
        let rate = figure("commits_per_s");
        shown.insert(format!("{name}, payments a second"), format!("{rate:.0}"));
        shown.insert(format!("{name}, times pgbench"), format!("{:.1}", rate / tps));
        shown.insert(format!("{name}, p99"), format!("{} ms", figure("p99_ms")));
    }
    let command = format!("cargo xtask score --run bench-postgres --size {size}");
    let kind = "bench postgres".to_owned();
    finish(&Outcome { kind, command, kept: all_kept, shown, ..Outcome::default() }, directory)
}

/// Transactions a second of the standard transaction.
fn pgbench(cluster: &Cluster, size: &str) -> Result<f64, Stop> {
    let url = cluster.database();
    let program = cluster.programs().join("pgbench");
    run::capture(Command::new(&program).args(["--initialize", "--quiet", "--scale", SCALE, &url]))?;
    let mut command = Command::new(&program);
    command.args(["--client", CLIENTS, "--jobs", "2", "--time", size, &url]);
    let text = run::capture(&mut command)?;
    match transactions_a_second(&text) {
        Some(tps) => Ok(tps),
        None => run::failed(format!("pgbench said no tps: {text}")),
    }
}

fn transactions_a_second(text: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix("tps = "))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The leaves of an object, named by their paths.
fn flatten(name: &str, value: &Value, leaf: &mut impl FnMut(String, String)) {
    match value {
        Value::Object(members) => {
            for (member, value) in members {
                let path = if name.is_empty() { member.clone() } else { format!("{name}.{member}") };
                flatten(&path, value, leaf);
            }
        }
        Value::String(text) => leaf(name.to_owned(), text.clone()),
        other => leaf(name.to_owned(), other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_are_named_by_their_paths() {
        let mut leaves = Vec::new();
        let value = serde_json::json!({"rate": 5, "probe": {"cpu": "x"}});
        flatten("", &value, &mut |name, value| leaves.push((name, value)));
        leaves.sort();
        let text = |text: &str| text.to_owned();
        assert_eq!(leaves, [(text("probe.cpu"), text("x")), (text("rate"), text("5"))]);
    }

    #[test]
    fn the_rate_is_read_from_what_pgbench_prints() {
        let text = "number of clients: 16\ntps = 1234.567890 (without initial connection time)\n";
        assert_eq!(transactions_a_second(text), Some(1_234.567_89));
        assert_eq!(transactions_a_second("latency average = 1 ms"), None);
    }
}
