//! `tongbao`: the whole platform in one binary.
//!
//! `main` reads the command line and hands over to one file per command in [`commands`].

mod carriers;
mod commands;
mod config;
mod health;
mod instance;
mod judge;
mod output;
mod seed;
mod server;
mod sharing;
mod tries;
mod wechat_seed;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

/// Tongbao, an open-source payment platform.
///
/// Start with `tongbao sandbox`: it runs the whole platform on this machine with test payers, and prints
/// what to do next.
#[derive(Parser)]
#[command(name = "tongbao", version, max_term_width = 100, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: commands::Command,
}

/// Steps allocate and free thousands of small texts; the system's allocator took a tenth of their time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is logged unless `TONGBAO_LOG` says otherwise: warnings, and what goes wrong.
const LOG_DEFAULT: &str = "warn";

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env("TONGBAO_LOG").unwrap_or_else(|_| EnvFilter::new(LOG_DEFAULT));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match Cli::parse().command.run() {
        Ok(code) => code,
        Err(error) if output::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&error);
            ExitCode::FAILURE
        }
    }
}
