//! `torture ha`: PostgreSQL with synchronous replication and automatic failover, whose primary dies under load, again
//! and again.
//!
//! ```text
//!   load ──────────────────────────────────────────────────────────▶ stop ──▶ settle, verify, audit
//!   kill the primary's machine ──▶ first new payment ──▶ the machine comes back ──▶ again
//! ```
//! Each "machine" is a loopback address with PostgreSQL, Patroni and, in a cluster of three, etcd. All of its
//! processes get SIGKILL at once.
//!
//! **Absent on purpose:** a network that splits: all machines share one loopback device.

mod cluster;
mod machine;
mod programs;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Args;
use serde_json::json;
use tokio::time::sleep;

use crate::{
    book::Broken,
    chance::Chance,
    client::Ask,
    fleet::Fleet,
    output::{Failure, say},
    sandbox::{Role, directory},
    trial::{Figures, Outcome, Trial, keep},
    wire::Payment,
};
use cluster::{Cluster, Size};
use programs::Programs;

/// How long the load runs before a kill, at least and at most.
const BEFORE_MIN_MS: u64 = 2_000;
const BEFORE_MAX_MS: u64 = 6_000;

/// A try of the probe; a request that hangs must not hide that the next would be answered.
const PROBE_MAX: Duration = Duration::from_millis(500);

/// The command line of `torture ha`.
#[derive(Args)]
pub(crate) struct Options {
    /// How often the primary is killed
    #[arg(long, value_name = "NUMBER", default_value_t = 5)]
    kills: u32,
    /// How many machines have a PostgreSQL
    #[arg(long, value_name = "NUMBER", default_value_t = 3, value_parser = clap::value_parser!(u8).range(2..=3))]
    machines: u8,
    /// How many of them have an etcd, too: all, or the first, which then is never killed with it
    #[arg(long, value_name = "NUMBER", default_value_t = 3, value_parser = etcds)]
    etcds: u8,
    /// The release binary
    #[arg(long, value_name = "FILE", default_value = "target/release/tongbao")]
    binary: PathBuf,
    /// The seed of load and harm; drawn unless given
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// How many tasks ask at once
    #[arg(long, value_name = "NUMBER", default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=256))]
    tasks: u64,
    #[command(flatten)]
    outcome: Outcome,
}

fn etcds(text: &str) -> Result<u8, String> {
    match text.parse() {
        Ok(count @ (1 | 3)) => Ok(count),
        _ => Err("1 or 3: of two, both would have to live".to_owned()),
    }
}

/// Runs it; gives whether every promise was kept.
pub(crate) async fn run(options: Options) -> Result<bool, Failure> {
    let seed = options.seed.unwrap_or_else(Chance::fresh_seed);
    let (kills, machines, etcds) = (options.kills, options.machines, options.etcds);
    let command = format!("torture ha --kills {kills} --machines {machines} --etcds {etcds} --seed {seed}");
    say(format_args!("$ {command}"));
    if etcds == 3 && machines < 3 {
        return Err("three etcds need three machines".into());
    }
    let programs = Programs::find()?;
    let (data, own, machines_directory) = (directory("data")?, directory("book")?, directory("machines")?);
    let mut chance = Chance::new(seed);
    let size = Size { machines, etcds };
    let mut cluster = Cluster::start(&programs, machines_directory.path(), size, &mut chance).await?;
    let done = torture(&options, &mut cluster, (data.path(), own.path()), &command, &mut chance).await;
    if !matches!(done, Ok(true)) {
        keep(data, "the sandbox's files");
        keep(own, "the supervisor's book and the logs");
        keep(machines_directory, "the machines' files and logs");
        say(format_args!("ha: FAILED; to repeat: {command}"));
    }
    done
}

async fn torture(
    options: &Options,
    cluster: &mut Cluster,
    directories: (&Path, &Path),
    command: &str,
    chance: &mut Chance,
) -> Result<bool, Failure> {
    let roles = [Role::Doors, Role::Doors, Role::Worker];
    let url = cluster.url();
    let fleet = Fleet::new(&options.binary, directories, Some((&url, &url)), &roles, chance)?;
    let mut trial = Trial::begin(fleet, directories.1, options.tasks, chance).await?;
    let mut recoveries = Vec::new();
    for number in 1..=options.kills {
        sleep(Duration::from_millis(chance.between(BEFORE_MIN_MS, BEFORE_MAX_MS))).await;
        let killed = cluster.kill_primary().await?;
        let took = first_payment(&trial, number, Instant::now()).await?;
        say(format_args!(
            "{number}: {killed} was killed; a new payment was committed {:.1} s later",
            took.as_secs_f32()
        ));
        recoveries.push(took);
        cluster.revive().await?;
        for member in &mut trial.fleet.members {
            if let Err(why) = member.process.still_runs() {
                trial.book.broken(Broken::Other, format_args!("the primary was killed: {why}"));
                member.restart(&trial.client).await?;
            }
        }
    }
    let found = trial.finish(chance).await?;
    let harms = Figures::from([("primaries killed".to_owned(), options.kills.into())]);
    options.outcome.report(("ha", command), (&trial, &found), &harms, &recoveries)?;
    Ok(trial.book.is_clean())
}

/// Asks for a payment that nobody asked for before, until it is acknowledged; gives how long that was after the kill.
async fn first_payment(trial: &Trial, number: u32, killed: Instant) -> Result<Duration, Failure> {
    let name = format!("after-kill-{number}");
    let body =
        json!({"order_no": name, "amount": 1, "currency": "CNY", "description": "a pot of tea 一壶茶"});
    let ask = Ask::post("/v1/payments", Some(&body), Some(name));
    let answer = trial.client.with_patience(PROBE_MAX).ask(&ask).await?;
    let took = killed.elapsed();
    Arc::clone(&trial.book).keep(&ask, &answer);
    let payment: Payment = answer.read()?;
    trial.book.see_payment(&payment);
    Ok(took)
}
