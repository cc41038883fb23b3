//! `tongbao completions`: scripts for the shells.

use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use crate::{
    Cli,
    output::{self, Failure},
};

/// The command line of `tongbao completions`.
#[derive(Args)]
pub(crate) struct Completions {
    /// Which shell
    shell: Shell,
}

impl Completions {
    /// Prints the script.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let mut script = Vec::new();
        generate(self.shell, &mut Cli::command(), "tongbao", &mut script);
        output::line(String::from_utf8(script)?)?;
        Ok(ExitCode::SUCCESS)
    }
}
