//! `torture kill-loop`: load and harm for a while; then no more harm, and everything must come out.
//!
//! On SQLite there is one process. On PostgreSQL there are two with doors and a worker, and a proxy between them and
//! a database server of the run's own.

mod harm;
mod harmed;
mod kind;
mod world;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::{Args, ValueEnum};

use crate::{
    chance::Chance,
    output::{Failure, say},
    sandbox::directory,
    trial::{Outcome, Trial, keep},
};
use harm::Plan;
use harmed::Harmed;
use kind::Kind;
use world::World;

/// The command line of `torture kill-loop`.
#[derive(Args)]
pub(crate) struct Options {
    /// For how long to do harm, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    seconds: u64,
    /// What the instance keeps its state in
    #[arg(long, value_enum, default_value_t = Store::Sqlite)]
    store: Store,
    /// The release binary
    #[arg(long, value_name = "FILE", default_value = "target/release/tongbao")]
    binary: PathBuf,
    /// The seed of load and harm; drawn unless given
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// How many tasks ask at once
    #[arg(long, value_name = "NUMBER", default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=256))]
    tasks: u64,
    /// The pause between two harms, on average, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 1_200)]
    pause_ms: u64,
    /// Do harm of these kinds only
    #[arg(long, value_enum, value_name = "KIND", value_delimiter = ',')]
    only: Vec<Kind>,
    #[command(flatten)]
    outcome: Outcome,
}

impl Options {
    /// The command that repeats the run.
    fn command(&self, seed: u64) -> String {
        let (store, seconds, pause_ms) = (self.store.name(), self.seconds, self.pause_ms);
        let only: Vec<String> = self.only.iter().map(|kind| format!("--only {} ", kind.option())).collect();
        let only = only.concat();
        format!(
            "torture kill-loop --store {store} --seconds {seconds} --pause-ms {pause_ms} {only}--seed {seed}"
        )
    }
}

/// What an instance keeps its state in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Store {
    Sqlite,
    Postgres,
}

impl Store {
    const fn name(self) -> &'static str {
        match self {
            Store::Sqlite => "sqlite",
            Store::Postgres => "postgres",
        }
    }
}

/// Runs it; gives whether every promise was kept.
pub(crate) async fn run(options: Options) -> Result<bool, Failure> {
    let seed = options.seed.unwrap_or_else(Chance::fresh_seed);
    let command = options.command(seed);
    say(format_args!("$ {command}"));
    let (data, own) = (directory("data")?, directory("book")?);
    let mut chance = Chance::new(seed);
    let mut world = World::new(options.store, data.path(), options.seconds).await?;
    let done = torture(&options, &mut world, (data.path(), own.path()), &command, &mut chance).await;
    if !matches!(done, Ok(true)) {
        world.keep();
        keep(data, "the sandbox's files");
        keep(own, "the supervisor's book and the logs");
        say(format_args!("kill-loop: FAILED; to repeat: {command}"));
    }
    done
}

async fn torture(
    options: &Options,
    world: &mut World,
    directories: (&Path, &Path),
    command: &str,
    chance: &mut Chance,
) -> Result<bool, Failure> {
    let fleet = world.fleet(&options.binary, directories, chance)?;
    let mut trial = Trial::begin(fleet, directories.1, options.tasks, chance).await?;
    let end = Instant::now() + Duration::from_secs(options.seconds);
    let mut harmed = Harmed::new(&world.untried(&trial.fleet));
    let mut possible = world.possible(&trial.fleet);
    possible.retain(|kind| options.only.is_empty() || options.only.contains(kind));
    let plan = Plan { end, pause_mean_ms: options.pause_ms, possible };
    harm::until(&plan, world, &mut trial, &mut harmed, chance).await?;
    let found = trial.finish(chance).await?;
    let kind = format!("kill-loop {}", options.store.name());
    options.outcome.report((&kind, command), (&trial, &found), &harmed.figures(), &harmed.recoveries)?;
    Ok(trial.book.is_clean())
}
