//! The programs that the score knows, and what is taken from what they say.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ValueEnum;
use serde_json::Value;

use super::bench;
use super::result::{Outcome, numbers_of};
use crate::run::{self, Stop};
use crate::test::schemathesis;
use crate::tools;

/// A program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Program {
    /// Harm to one process on SQLite, for so many seconds
    KillSqlite,
    /// Harm to three processes on PostgreSQL and to it, for so many seconds
    KillPostgres,
    /// SIGKILL and nothing else, close together, to one process on SQLite, for so many seconds
    SigkillSqlite,
    /// The same to three processes on PostgreSQL
    SigkillPostgres,
    /// Deaths of the primary of a replicated PostgreSQL, so many
    Ha,
    /// Power cuts of the simulated disk under the SQLite store, so many
    PowerCuts,
    /// Random programs on all stores, so many
    Programs,
    /// Simulated worlds, so many
    Sim,
    /// Canaries, each looked for in the simulator
    Canaries,
    /// Fuzz targets, so many seconds each
    Fuzz,
    /// Requests made up from the OpenAPI document
    Schemathesis,
    /// What the SQLite store commits, for so many seconds
    BenchSqlite,
    /// What a PostgreSQL commits for pgbench, and for the platform, for so many seconds each
    BenchPostgres,
}

impl Program {
    /// One line for each: name, size unless given, meaning.
    pub(super) fn all() -> Vec<String> {
        let line = |program: &Self| {
            let value = program.to_possible_value();
            let help = value.as_ref().and_then(|value| value.get_help().map(ToString::to_string));
            format!("{:16} {:>6}  {}", program.name(), program.size(), help.unwrap_or_default())
        };
        Self::value_variants().iter().map(line).collect()
    }

    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// How much of it unless told otherwise: what a build server runs.
    pub(super) const fn size(self) -> u64 {
        match self {
            Self::KillSqlite | Self::KillPostgres | Self::SigkillSqlite | Self::SigkillPostgres => 60,
            Self::Ha => 3,
            Self::PowerCuts | Self::Programs | Self::Sim => 1_000,
            Self::Canaries | Self::Schemathesis => 1,
            Self::Fuzz | Self::BenchSqlite => 10,
            Self::BenchPostgres => 30,
        }
    }

    /// Runs so much of it and keeps what it came to.
    pub(super) fn run(self, size: u64, directory: &Path) -> Result<(), Stop> {
        let size = size.to_string();
        match self {
            Self::KillSqlite => torture(&["kill-loop", "--store", "sqlite", "--seconds", &size], directory),
            Self::KillPostgres => {
                torture(&["kill-loop", "--store", "postgres", "--seconds", &size], directory)
            }
            Self::SigkillSqlite => sigkill("sqlite", &size, directory),
            Self::SigkillPostgres => sigkill("postgres", &size, directory),
            Self::Ha => torture(&["ha", "--kills", &size], directory),
            Self::PowerCuts => power_cuts(&size, directory),
            Self::Programs => programs(&size, directory),
            Self::Sim => sim(&["--seeds", &format!("0..{size}"), "--all-rare"], "sim", directory),
            Self::Canaries => sim(&["--canaries", "--seeds", "0..1"], "canaries", directory),
            Self::Fuzz => fuzz(&size, directory),
            Self::Schemathesis => made_up(directory),
            Self::BenchSqlite => bench::sqlite(&size, directory),
            Self::BenchPostgres => bench::postgres(&size, directory),
        }
    }
}

/// A release binary. What is proven about a build for debugging is not what is given away.
pub(super) fn release(package: &str) -> Result<PathBuf, Stop> {
    run::succeed(&mut run::cargo(["build", "--release", "--package", package]))?;
    Ok(run::target().join("release").join(package))
}

fn torture(arguments: &[&str], directory: &Path) -> Result<(), Stop> {
    let tongbao = release("tongbao")?;
    let mut command = run::program(release("torture")?);
    run::succeed(command.args(arguments).arg("--binary").arg(tongbao).arg("--score").arg(directory))
}

fn sigkill(store: &str, size: &str, directory: &Path) -> Result<(), Stop> {
    let dense = ["--only", "kill", "--pause-ms", "50"];
    torture(&[&["kill-loop", "--store", store, "--seconds", size][..], &dense].concat(), directory)
}

fn power_cuts(size: &str, directory: &Path) -> Result<(), Stop> {
    let mut command = tests_of_the_store("power::cuts");
    command.env("TONGBAO_CUTS", size);
    let cuts: u64 = size.parse().unwrap_or_default();
    // `cuts.rs`: in one test each trial is a power cut, in another each of a third of them is a death and a power cut.
    let sums = [("power cuts", cuts + cuts / 3), ("deaths of the simulated process", cuts / 3 * 2)];
    counted("power-cuts", command, &sums, directory)
}

fn programs(size: &str, directory: &Path) -> Result<(), Stop> {
    // Without a server the tests of PostgreSQL would be skipped, and the figure would say too much.
    tools::postgresql()?;
    let mut command = tests_of_the_store("programs");
    command.env("TONGBAO_PROGRAMS", size);
    counted("programs", command, &[("programs", size.parse().unwrap_or_default())], directory)
}

fn tests_of_the_store(filter: &str) -> Command {
    run::cargo(["test", "--release", "--package", "tongbao-store", "--test", "it", filter])
}

/// The command as it is typed at the repository's root, wherever that is.
pub(super) fn repeatable(command: &Command) -> String {
    run::spelled(command).replace(&format!("{}/", run::root().display()), "")
}

/// Runs a command that says nothing but whether it succeeded.
fn counted(kind: &str, mut command: Command, sums: &[(&str, u64)], directory: &Path) -> Result<(), Stop> {
    run::announce(&command);
    let mut passed = 0;
    let kept = run::listen(&mut command, |line| {
        run::say(line);
        passed += u64::from(line.ends_with("... ok"));
    })?;
    if passed == 0 {
        return run::failed("no test was run");
    }
    let sums = sums.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    finish(
        &Outcome { kind: kind.to_owned(), command: repeatable(&command), kept, sums, ..Outcome::default() },
        directory,
    )
}

/// Runs a program that prints one object of JSON; gives it and whether it succeeded.
pub(super) fn told(command: &mut Command) -> Result<(Value, bool), Stop> {
    run::announce(command);
    let mut text = String::new();
    let kept = run::listen(command, |line| {
        run::say(line);
        text.push_str(line);
        text.push('\n');
    })?;
    let object = text.find('{').and_then(|from| text.get(from..));
    let value = object.and_then(|text| serde_json::from_str(text).ok());
    value.map_or_else(|| run::failed("it printed no JSON"), |value| Ok((value, kept)))
}

fn sim(arguments: &[&str], kind: &str, directory: &Path) -> Result<(), Stop> {
    let mut command = run::program(release("sim")?);
    command.args(arguments).arg("--json");
    let (value, kept) = told(&mut command)?;
    let mut sums = numbers_of(&value);
    for (group, members) in [("fault", "faults"), ("rare", "rare_states")] {
        let members = numbers_of(value.get(members).unwrap_or(&Value::Null));
        sums.extend(members.into_iter().map(|(name, count)| (format!("{group}: {name}"), count)));
    }
    // Maxima and counts of kinds do not add up.
    sums.retain(|name, _| {
        !matches!(name.as_str(), "slowest_heal_ms" | "rare_states_seen" | "rare_states_in_all")
    });
    let failed = value.get("failed_seeds").and_then(Value::as_array).map_or(0, Vec::len);
    sums.insert("failed seeds".to_owned(), u64::try_from(failed).unwrap_or(u64::MAX));
    let canaries = value.get("canaries").and_then(Value::as_object).into_iter().flatten();
    let shown = canaries.map(|(name, sighting)| {
        let seed = sighting.get("seed").and_then(Value::as_u64);
        (name.clone(), seed.map_or("never".to_owned(), |seed| format!("seed {seed}")))
    });
    let (shown, command) = (shown.collect(), repeatable(&command));
    finish(&Outcome { kind: kind.to_owned(), command, kept, sums, shown, ..Outcome::default() }, directory)
}

/// The driver writes `fuzz NAME: seed S, N executions, …` past the test harness, to standard error.
fn fuzz(size: &str, directory: &Path) -> Result<(), Stop> {
    let mut command = run::cargo(["test", "--release", "--package", "fuzz"]);
    command.env("FUZZ_SECONDS", size);
    run::announce(&command);
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let (targets, executions) = executions(&text);
    run::say(&format!("{targets} targets, {executions} executions"));
    let sums = [("targets run".to_owned(), targets), ("executions".to_owned(), executions)].into();
    let (command, kept) = (repeatable(&command), output.status.success());
    finish(&Outcome { kind: "fuzz".to_owned(), command, kept, sums, ..Outcome::default() }, directory)
}

fn executions(text: &str) -> (u64, u64) {
    let counts = text.lines().filter_map(|line| {
        let mut parts = line.strip_prefix("fuzz ")?.split(", ");
        parts.find_map(|part| part.strip_suffix(" executions")?.parse::<u64>().ok())
    });
    counts.fold((0, 0), |(targets, sum), count| (targets + 1, sum + count))
}

fn made_up(directory: &Path) -> Result<(), Stop> {
    let done = schemathesis::conform(&release("tongbao")?);
    let kept = done.is_ok();
    let sums = [("runs".to_owned(), 1), ("runs with a finding".to_owned(), u64::from(!kept))].into();
    let command = "cargo xtask test --only schemathesis".to_owned();
    finish(
        &Outcome { kind: "schemathesis".to_owned(), command, kept, sums, ..Outcome::default() },
        directory,
    )?;
    done
}

pub(super) fn finish(outcome: &Outcome, directory: &Path) -> Result<(), Stop> {
    outcome.write(directory)?;
    if outcome.kept { Ok(()) } else { run::failed(format!("{} found something", outcome.kind)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executions_of_all_targets_are_added() {
        let text = "running 2 tests\nfuzz ids: seed 7, 1200 executions, 3 places, 4 inputs\n\
                    fuzz json: seed 8, 34 executions, 1 places, 1 inputs\ntest result: ok. 2 passed\n";
        assert_eq!(executions(text), (2, 1_234));
        assert_eq!(executions("test result: ok"), (0, 0));
    }
}
