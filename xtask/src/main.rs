//! The repository's own tool, run as `cargo xtask <command>`.
//!
//! `tidy` checks the house rules, `test` runs everything a change must pass, `openapi` writes the
//! generated API document, `score` the page of what the proofs came to, `tools` fetches the programs the others need.
//!
//! Invariants: every command can be run by hand and prints what it runs; what the build server runs
//! is `cargo xtask test` and nothing more.
//!
//! Absent on purpose: releases and deployment, which need rights a test run must not have.

mod openapi;
mod run;
mod score;
mod test;
mod tidy;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::run::Stop;

/// Tongbao's own tool: house rules, the test run, generated files.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check the house rules of docs/STYLE.md on the whole tree.
    Tidy(tidy::Options),
    /// Run every check and every test; the last line counts them.
    Test(test::Options),
    /// Write openapi/tongbao.json from the code, or check that it is in step.
    Openapi(openapi::Options),
    /// Write docs/SCORE.md from the results of programs that were run, or run one.
    Score(score::Options),
    /// Find or install the programs that the stages of `test` need.
    Tools,
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Tidy(options) => tidy::command(&options),
        Command::Test(options) => test::command(&options),
        Command::Openapi(options) => openapi::command(&options),
        Command::Score(options) => score::command(&options),
        Command::Tools => tools::command(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // The last line has been printed.
        Err(Stop::Told) => ExitCode::FAILURE,
        Err(stop) => {
            run::say(&stop.to_string());
            ExitCode::FAILURE
        }
    }
}
