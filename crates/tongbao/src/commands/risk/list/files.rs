//! Lists from files and to files.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use clap::Args;
use tongbao_engine::{
    Engine,
    risk_list::{self, Imported},
};

use crate::{
    instance::Instance,
    output::{self, Failure},
};

/// The command line of `tongbao risk list import`.
#[derive(Args)]
pub(super) struct Import {
    /// The file; its first line names the columns: kind, value, list, category, reason, and from, until, evidence if
    /// there are such
    file: PathBuf,
    /// Who says so
    #[arg(long)]
    author: String,
    /// Let members of the list sharing learn of the entries: phones, cards and addresses
    #[arg(long)]
    share: bool,
    /// Write the lines that were not taken there (CSV), instead of printing them
    #[arg(long, value_name = "FILE")]
    rejected: Option<PathBuf>,
}

impl Import {
    /// Fails unless every line was taken.
    pub(super) async fn run(self, engine: &Arc<Engine>) -> Result<ExitCode, Failure> {
        let file = File::open(&self.file).map_err(|error| named(&self.file, &error))?;
        let bar = output::progress("lines");
        let mut tell = |so_far: &Imported| bar.set_position(so_far.lines);
        let imported = engine.import_lists(BufReader::new(file), &self.author, self.share, &mut tell).await;
        bar.finish_and_clear();
        let imported = imported.map_err(|error| named(&self.file, &error))?;
        self.tell_rejected(&imported)?;
        let Imported { lines, added, known, blank, rejected } = &imported;
        let rejected = rejected.len();
        output::line(format_args!(
            "{lines} lines: {added} added, {known} known, {blank} blank, {rejected} rejected, 1 names the columns"
        ))?;
        Ok(if rejected == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn tell_rejected(&self, imported: &Imported) -> Result<(), Failure> {
        let mut out: Box<dyn Write> = match &self.rejected {
            Some(path) => {
                let file = File::create(path).map_err(|error| named(path, &error))?;
                Box::new(BufWriter::new(file))
            }
            None if imported.rejected.is_empty() => return Ok(()),
            None => Box::new(BufWriter::new(io::stderr().lock())),
        };
        writeln!(out, "line,why")?;
        for rejected in &imported.rejected {
            writeln!(out, "{},{}", rejected.line, rejected.flaw)?;
        }
        out.flush()?;
        Ok(())
    }
}

fn named(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    format!("{}: {error}", path.display()).into()
}

/// The command line of `tongbao risk list export`.
#[derive(Args)]
pub(super) struct Export {
    /// Write there instead of to standard output
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// Also what other institutions say, what is over, who wrote and who ended it; no import takes such a file
    #[arg(long)]
    all: bool,
}

impl Export {
    /// Writes the file.
    pub(super) fn run(&self, instance: &Instance) -> Result<ExitCode, Failure> {
        let engine = instance.looking_engine()?;
        let what =
            if self.all { risk_list::Export::Everything } else { risk_list::Export::Own(engine.now()) };
        let out: Box<dyn Write> = match &self.to {
            Some(path) => Box::new(File::create(path).map_err(|error| named(path, &error))?),
            None => Box::new(io::stdout().lock()),
        };
        let bar = output::progress("entries");
        let count = what.write(engine.store.as_ref(), out, &mut |count| bar.set_position(count))?;
        bar.finish_and_clear();
        output::note(format_args!("{count} entries"));
        Ok(ExitCode::SUCCESS)
    }
}
