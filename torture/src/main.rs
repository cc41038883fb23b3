//! Torture of the release binary: a supervisor that starts it as a child, speaks only HTTP to it, and does
//! to it what the world does to servers.
//!
//! ```text
//!   kill-loop      load and harm to processes, disk, clock, network and database; then everything acknowledged
//!                  must be there, once
//!   ha             the primary of a replicated database dies under load
//!   slow-clients   a thousand idle and slow connections; honest clients must not notice
//! ```
//! The exit code is not 0 when a promise was broken, and then the files of the run are kept.
//!
//! **Absent on purpose:** power cuts, which killing a process does not show: those are simulated under the
//! store (`crates/store/tests/it/power`).

mod book;
mod chance;
mod client;
mod disk;
mod fake_clock;
mod fleet;
mod ha;
mod kill_loop;
mod load;
mod output;
mod place;
mod process;
mod proxy;
mod receiver;
mod sandbox;
mod slow_clients;
mod trial;
mod wire;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::output::{Failure, say};

/// Tortures the release binary and checks that it keeps its promises.
#[derive(Parser)]
#[command(name = "torture", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Harm the sandbox under load in every way; nothing acknowledged may be lost or done twice
    KillLoop(kill_loop::Options),
    /// Kill the primary of a replicated PostgreSQL under load; nothing acknowledged may be lost or done twice
    Ha(ha::Options),
    /// Hold idle and slow connections; honest requests must stay quick, and offenders be closed
    SlowClients(slow_clients::Options),
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(format_args!("torture: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Runs one command; gives whether every promise was kept.
fn run(command: Command) -> Result<bool, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::KillLoop(options) => kill_loop::run(options).await,
            Command::Ha(options) => ha::run(options).await,
            Command::SlowClients(options) => slow_clients::run(options).await,
        }
    })
}
