//! `tongbao backup` and `tongbao restore`: a consistent copy of the store, and an instance made of one.
//!
//! The master key is not in a backup: whoever has both can read what is sealed. Keep it elsewhere.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use tongbao_store::{sqlite::SqliteReader, verify::verify};

use super::Place;
use crate::{
    instance::Instance,
    output::{self, Failure},
};

/// The command line of `tongbao backup`.
#[derive(Args)]
pub(crate) struct Backup {
    #[command(flatten)]
    data: Place,
    /// The file to write; it must not exist
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

/// The command line of `tongbao restore`.
#[derive(Args)]
pub(crate) struct Restore {
    /// The backup
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// The directory of the new instance; it must have no database yet
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

impl Backup {
    /// Copies, also beside a running instance, and recounts the copy.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let instance = self.data.instance();
        if self.to.exists() {
            return Err(format!("{} exists already", self.to.display()).into());
        }
        let bar = output::progress("copying");
        let copied = instance.file_reader()?.copy_to(&self.to);
        bar.finish_and_clear();
        if let Err(error) = copied.map_err(Failure::from).and_then(|()| recount(&self.to)) {
            // Half a backup must not be taken for one; it was not there before.
            drop(fs::remove_file(&self.to));
            return Err(error);
        }
        let key = instance.master_key_file();
        output::line(format_args!(
            "backed up to {}; keep {} too, elsewhere",
            self.to.display(),
            key.display()
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Restore {
    /// Copies the backup into place and recounts it.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        recount(&self.from)?;
        let instance = Instance::at(&self.data);
        instance.create()?;
        let target = instance.database();
        if target.exists() {
            return Err(format!("{} has a database already", self.data.display()).into());
        }
        let fresh = target.with_extension("new");
        fs::copy(&self.from, &fresh)?;
        fs::File::open(&fresh)?.sync_all()?;
        fs::rename(&fresh, &target)?;
        let key = instance.master_key_file();
        output::line(format_args!(
            "restored to {}; put the master key at {}",
            target.display(),
            key.display()
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// A copy that does not add up is no backup.
fn recount(file: &Path) -> Result<(), Failure> {
    let reader = SqliteReader::open(file)?;
    let bar = output::progress("rows recounted");
    let report = verify(&reader, &mut |rows| bar.set_position(rows))?;
    bar.finish_and_clear();
    match report.findings.first() {
        None => Ok(()),
        Some(first) => Err(format!("{} does not add up: {first}", file.display()).into()),
    }
}
