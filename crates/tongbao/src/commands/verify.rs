//! `tongbao verify`: recounts every balance and the digest chain, also beside a running instance.

use std::process::ExitCode;

use clap::Args;
use tongbao_engine::auth::hex;
use tongbao_store::verify::verify;

use super::Place;
use crate::output::{self, Failure};

/// The command line of `tongbao verify`.
#[derive(Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    data: Place,
}

impl Verify {
    /// Recounts; the exit code tells whether everything agreed.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let reader = self.data.instance().reader()?;
        let bar = output::progress("rows recounted");
        let report = verify(reader.as_ref(), &mut |rows| bar.set_position(rows))?;
        bar.finish_and_clear();
        for finding in &report.findings {
            output::note(format_args!("finding: {finding}"));
        }
        let verdict = if report.is_clean() { "clean" } else { "NOT CLEAN" };
        output::line(format_args!(
            "verify: {verdict}: {} changes, {} postings, {} accounts, {} records, {} findings, digest {}",
            report.changes,
            report.postings,
            report.accounts,
            report.records,
            report.findings.len(),
            hex(&report.digest)
        ))?;
        Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
