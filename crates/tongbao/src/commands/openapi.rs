//! `tongbao openapi`: prints the document that the API also serves.

use std::process::ExitCode;

use crate::output::{self, Failure};

pub(crate) fn run() -> Result<ExitCode, Failure> {
    output::line(tongbao_api::openapi::document().to_pretty_json()?)?;
    Ok(ExitCode::SUCCESS)
}
