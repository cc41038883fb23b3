//! `tongbao openapi`: prints a document that the API also serves.

use std::process::ExitCode;

use clap::Args;

use crate::output::{self, Failure};

/// The command line of `tongbao openapi`.
#[derive(Args)]
pub(crate) struct Openapi {
    /// The document of the payers' API instead of the merchants'
    #[arg(long)]
    payer: bool,
}

impl Openapi {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        let document =
            if self.payer { tongbao_api::payer::document() } else { tongbao_api::openapi::document() };
        output::line(document.to_pretty_json()?)?;
        Ok(ExitCode::SUCCESS)
    }
}
