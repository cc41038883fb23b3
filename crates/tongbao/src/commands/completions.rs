//! `tongbao completions`: scripts for the shells.

use std::{io, process::ExitCode};

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use crate::{Cli, output::Failure};

/// The command line of `tongbao completions`.
#[derive(Args)]
pub(crate) struct Completions {
    /// Which shell
    shell: Shell,
}

impl Completions {
    /// Prints the script.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        generate(self.shell, &mut Cli::command(), "tongbao", &mut io::stdout());
        Ok(ExitCode::SUCCESS)
    }
}
