//! Where an instance under torture lives: its files, its database and its clock; and the commands that are run on
//! them.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{fake_clock::FakeClock, output::Failure, process::Recipe};

/// Findings of a recount that are shown; the database is kept for more.
const SHOWN_LINES_MAX: usize = 6;

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    binary: PathBuf,
    /// The instance's directory.
    pub(crate) data: PathBuf,
    /// What its processes say.
    pub(crate) log: PathBuf,
    /// The URL of the database, if it is not the SQLite file in the directory.
    pub(crate) database: Option<String>,
    /// The same for a recount, which goes past whatever is between the processes and their database.
    pub(crate) recounted_at: Option<String>,
    /// Where clients reach the instance, whichever process answers; where this process listens unless given.
    pub(crate) base_url: Option<String>,
    /// What its processes take for the time, if that can be faked.
    pub(crate) clock: Option<FakeClock>,
}

impl Place {
    /// A directory with a SQLite database.
    pub(crate) fn new(binary: &Path, data: &Path, log: &Path) -> Result<Place, Failure> {
        let binary = fs::canonicalize(binary).map_err(|error| {
            let build = "cargo build --release -p tongbao";
            format!("{}: {error}; build it with: {build}", binary.display())
        })?;
        let (data, log) = (data.to_owned(), log.to_owned());
        Ok(Place { binary, data, log, database: None, recounted_at: None, base_url: None, clock: None })
    }

    /// How `tongbao <command>` is run on it.
    pub(crate) fn recipe(&self, command: &str) -> Recipe {
        let mut recipe = Recipe::new(&self.binary, &self.log).with([command]);
        if let Some(clock) = &self.clock {
            recipe.environment = clock.environment();
        }
        recipe
    }

    /// The arguments that name directory and database.
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        arguments(&self.data, self.database.as_ref())
    }

    /// Recounts everything; `Ok` holds the verdict, and the error what was found.
    pub(crate) async fn verify(&self) -> Result<String, Failure> {
        let mut command = Command::new(&self.binary);
        command.arg("verify").args(arguments(&self.data, self.recounted_at.as_ref())).stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.output()).await??;
        let verdict = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if output.status.success() && verdict.starts_with("verify: clean") {
            return Ok(verdict);
        }
        let said: Vec<String> = String::from_utf8_lossy(&output.stderr)
            .lines()
            .take(SHOWN_LINES_MAX)
            .map(str::to_owned)
            .collect();
        let said = said.join("; ");
        Err(format!("tongbao verify ended with {}: {verdict} {said}", output.status).into())
    }

    /// All that its processes have said so far.
    pub(crate) fn words(&self) -> String {
        fs::read(&self.log).map(|said| String::from_utf8_lossy(&said).into_owned()).unwrap_or_default()
    }
}

fn arguments(data: &Path, database: Option<&String>) -> Vec<OsString> {
    let mut arguments = vec!["--data".into(), data.into()];
    if let Some(url) = database {
        arguments.extend(["--database".into(), url.into()]);
    }
    arguments
}
