//! `cargo xtask score`: what the proofs came to, as `docs/SCORE.md`.
//!
//! ```text
//!   program ──▶ target/score/*.json ──▶ docs/SCORE.md
//! ```
//! Each program leaves one small file for each run; runs of one kind are added up. `torture --score DIR` writes its
//! own; `cargo xtask score --run` runs a program and writes down what it said.
//!
//! **Invariants.** No figure without the command that made it. What was not run says so. A run that failed stays in
//! the count.

mod bench;
mod page;
mod programs;
mod result;

use std::fs;

use clap::Args;

use crate::run::{self, Stop};
use page::page;
use programs::Program;
use result::Outcome;

/// Where the page is kept, under the root.
const PAGE: &str = "docs/SCORE.md";

#[derive(Args)]
pub(crate) struct Options {
    /// Run this program first, and keep its figures.
    #[arg(long, value_name = "PROGRAM")]
    run: Option<Program>,
    /// How much of it: trials, seeds, programs, kills or seconds, as `--list` says.
    #[arg(long, value_name = "NUMBER", requires = "run")]
    size: Option<u64>,
    /// List the programs and what their sizes mean, and do nothing else.
    #[arg(long, conflicts_with = "run")]
    list: bool,
    /// Forget the results of all earlier runs first.
    #[arg(long)]
    fresh: bool,
}

/// Runs what is asked for, and writes the page from all results there are.
pub(crate) fn command(options: &Options) -> Result<(), Stop> {
    if options.list {
        for line in Program::all() {
            run::say(&line);
        }
        return Ok(());
    }
    let directory = run::target().join("score");
    if options.fresh && directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    let mut done = Ok(());
    if let Some(program) = options.run {
        fs::create_dir_all(&directory)?;
        done = program.run(options.size.unwrap_or_else(|| program.size()), &directory);
    }
    let outcomes = Outcome::read_all(&directory)?;
    fs::write(run::root().join(PAGE), page(&outcomes))?;
    run::say(&format!("wrote {PAGE} from {} results", outcomes.len()));
    done
}
