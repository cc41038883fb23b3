//! `torture kill-loop`: load and harm for a while; then no more harm, and everything must come out.
//!
//! ```text
//!   load ───────────────────────────▶ stop ──▶ settle ──▶ SIGTERM ──▶ verify ──▶ start ──▶ audit
//!   harm: kill, freeze, end, second ─▶ stop
//! ```

mod audit;
mod harm;
mod report;
mod settle;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Args;
use tempfile::TempDir;

use crate::{
    book::{Book, Broken},
    chance::Chance,
    client::Client,
    load::Load,
    output::{Failure, say},
    receiver::Receiver,
    sandbox::{Sandbox, directory},
};
use harm::Harmed;

/// The command line of `torture kill-loop`.
#[derive(Args)]
pub(crate) struct Options {
    /// For how long to do harm, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    seconds: u64,
    /// The release binary
    #[arg(long, value_name = "FILE", default_value = "target/release/tongbao")]
    binary: PathBuf,
    /// The seed of load and harm; drawn unless given
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// How many tasks ask at once
    #[arg(long, value_name = "NUMBER", default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=256))]
    tasks: u64,
}

/// Runs it; gives whether every promise was kept.
pub(crate) async fn run(options: Options) -> Result<bool, Failure> {
    let seed = options.seed.unwrap_or_else(Chance::fresh_seed);
    say(format_args!("kill-loop: seed {seed}, {} s, {} tasks", options.seconds, options.tasks));
    let (data, own) = (directory("data")?, directory("book")?);
    let done = torture(&options, data.path(), own.path(), seed).await;
    if !matches!(done, Ok(true)) {
        keep(data, "the sandbox's files");
        keep(own, "the supervisor's book and the sandbox's log");
        say(format_args!(
            "kill-loop: FAILED; to repeat: kill-loop --seconds {} --seed {seed}",
            options.seconds
        ));
    }
    done
}

fn keep(directory: TempDir, what: &str) {
    say(format_args!("kept: {what} in {}", directory.keep().display()));
}

async fn torture(options: &Options, data: &Path, own: &Path, seed: u64) -> Result<bool, Failure> {
    let mut chance = Chance::new(seed);
    let mut sandbox = Sandbox::new(&options.binary, data, &own.join("sandbox.log"), &mut chance)?;
    let keys = sandbox.start_first().await?;
    let book = Arc::new(Book::new(&own.join("acknowledged.jsonl"))?);
    let client = Client::new(&keys)?;
    let (receiver, notify_url) =
        Receiver::start(&keys.webhook_secret, Arc::clone(&book), chance.fork()).await?;
    let load = Arc::new(Load::new(client.clone(), Arc::clone(&book), keys.payers.clone(), notify_url));

    let running = load.start(options.tasks, &mut chance);
    let end = Instant::now() + Duration::from_secs(options.seconds);
    let mut harmed = Harmed::default();
    harm::until(end, &mut sandbox, &load, &mut harmed, &mut chance).await?;
    say(format_args!("kill-loop: no more harm; {} answers so far", book.sums().acknowledged));

    load.finish(running).await;
    load.use_up_faults(&mut chance).await?;
    settle::wait(&client, &book).await?;
    end_and_restart(&mut sandbox, &client, &book).await?;
    let found = audit::all(&load, &receiver).await?;
    end_and_restart(&mut sandbox, &client, &book).await?;
    if sandbox.log().contains("panicked at") {
        book.broken(Broken::Other, "the sandbox panicked; its log says where");
    }
    report::print(&harmed, &book, &found, &receiver)?;
    Ok(book.is_clean())
}

/// An orderly end, a recount, and a start.
async fn end_and_restart(sandbox: &mut Sandbox, client: &Client, book: &Book) -> Result<(), Failure> {
    let status = sandbox.terminate().await?;
    if !status.success() {
        book.broken(Broken::Other, format_args!("after SIGTERM the sandbox ended with {status}"));
    }
    if let Some(verdict) = book.judge(sandbox.verifier().verify().await) {
        say(verdict);
    }
    sandbox.restart(client).await?;
    Ok(())
}
