//! `torture slow-clients`: a thousand connections that send nothing, or slowly, or never read, while honest
//! clients work.
//!
//! Slow heads, slow bodies and clients that never read must be closed at their deadlines; idle connections are
//! allowed for a minute, and must not be in anybody's way. Honest requests must stay quick all the while.

mod honest;
mod offenders;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Args;
use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use tokio::{net::TcpStream, task::JoinSet};

use crate::{
    chance::Chance,
    client::Client,
    output::{Failure, say},
    place::Place,
    sandbox::{Keys, Role, Sandbox, any_address, directory},
};
use honest::{Clock, work};
use offenders::{Kind, Lives, offend};

/// Tasks that work honestly, one request at a time each.
const HONEST: u64 = 4;
/// The 99th percentile that honest requests must keep, in milliseconds: a person does not notice it.
const P99_MS_MAX: u64 = 500;
/// Slow offenders of each kind. With the idle ones they stay below the 1,024 connections that one address may
/// have, so that none is turned away at the door.
const SLOW_HEADS: u64 = 60;
const SLOW_BODIES: u64 = 60;
const NEVER_READING: u64 = 30;

/// The command line of `torture slow-clients`.
#[derive(Args)]
pub(crate) struct Options {
    /// For how long, in seconds; the longest deadline is ten
    #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(15..))]
    seconds: u64,
    /// The release binary
    #[arg(long, value_name = "FILE", default_value = "target/release/tongbao")]
    binary: PathBuf,
    /// Idle connections
    #[arg(long, value_name = "NUMBER", default_value_t = 850, value_parser = clap::value_parser!(u64).range(..=860))]
    idle: u64,
}

/// Runs it; gives whether every promise was kept.
pub(crate) async fn run(options: Options) -> Result<bool, Failure> {
    let (data, own) = (directory("data")?, directory("log")?);
    let place = Place::new(&options.binary, data.path(), &own.path().join("sandbox.log"))?;
    let address = any_address(&mut Chance::new(Chance::fresh_seed()))?;
    let mut sandbox = Sandbox::new("the sandbox", Role::Doors, place, address)?;
    let keys = sandbox.start_first().await?;
    let kept = attack(&options, &keys).await?;
    let status = sandbox.terminate().await?;
    say(sandbox.place.verify().await?);
    if !status.success() {
        say(format_args!("after SIGTERM the sandbox ended with {status}"));
        keep_log(own.path(), &sandbox);
    }
    Ok(kept && status.success())
}

fn keep_log(own: &Path, sandbox: &Sandbox) {
    say(format_args!("the log {} ends with:", own.display()));
    let log = sandbox.place.words();
    log.lines().rev().take(20).collect::<Vec<_>>().into_iter().rev().for_each(say);
}

async fn attack(options: &Options, keys: &Keys) -> Result<bool, Failure> {
    let address = keys.api.trim_start_matches("http://").to_owned();
    let end = Instant::now() + Duration::from_secs(options.seconds);
    let mut idle = Vec::new();
    for _ in 0..options.idle {
        idle.push(TcpStream::connect(&address).await?);
    }
    let (clock, lives) = (Arc::new(Clock::default()), Arc::new(Lives::default()));
    let mut tasks: JoinSet<Result<(), Failure>> = JoinSet::new();
    for number in 0..HONEST {
        tasks.spawn(work(Client::new(keys)?, number, Arc::clone(&clock), end));
    }
    let slow = [(Kind::Head, SLOW_HEADS), (Kind::Body, SLOW_BODIES), (Kind::NeverReading, NEVER_READING)];
    for (kind, count) in slow {
        for _ in 0..count {
            let (address, key) = (address.clone(), keys.secret_key.clone());
            tasks.spawn(offend(kind, address, key, Arc::clone(&lives), end));
        }
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    drop(idle);
    Ok(judge(options, &clock, &lives))
}

fn judge(options: &Options, clock: &Clock, lives: &Lives) -> bool {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header([
        "offenders",
        "closed",
        "earliest",
        "latest",
        "overstayed",
    ]);
    let mut overstayed = 0;
    let mut unseen = 0;
    for kind in Kind::ALL {
        let sums = lives.of(kind);
        overstayed += sums.overstayed;
        unseen += u32::from(sums.closed == 0);
        let seconds = |time: Option<Duration>| {
            time.map_or("-".to_owned(), |time| format!("{:.1} s", time.as_secs_f32()))
        };
        table.add_row([
            kind.name().to_owned(),
            sums.closed.to_string(),
            seconds(sums.earliest),
            seconds(sums.latest),
            sums.overstayed.to_string(),
        ]);
    }
    say(table);
    let (requests, p50_ms, p99_ms, longest_ms) = clock.figures();
    say(format_args!(
        "slow-clients: idle {}, honest requests {requests}, p50 {p50_ms} ms, p99 {p99_ms} ms, longest {longest_ms} ms, \
         overstayed {overstayed}",
        options.idle
    ));
    if p99_ms > P99_MS_MAX {
        say(format_args!("BROKEN: the p99 of honest requests is above {P99_MS_MAX} ms"));
    }
    if unseen > 0 {
        say("BROKEN: a kind of offender was never closed");
    }
    overstayed == 0 && unseen == 0 && requests > 0 && p99_ms <= P99_MS_MAX
}
