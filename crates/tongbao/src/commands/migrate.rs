//! `tongbao migrate`: brings the database to this program's schema.

use std::process::ExitCode;

use clap::Args;
use tongbao_store::{
    postgres::{self, PostgresStore},
    sqlite::{MIGRATIONS, SqliteStore},
};

use super::Place;
use crate::output::{self, Failure};

/// The command line of `tongbao migrate`.
#[derive(Args)]
pub(crate) struct Migrate {
    #[command(flatten)]
    data: Place,
}

impl Migrate {
    /// Migrates; opening the store does it.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let instance = self.data.instance();
        if let Some(url) = instance.server() {
            PostgresStore::migrate(url)?;
            let newest = postgres::MIGRATIONS.last().map_or(0, |last| last.number);
            output::line(format_args!("the database is at migration {newest}"))?;
            return Ok(ExitCode::SUCCESS);
        }
        instance.create()?;
        drop(SqliteStore::open(&instance.database())?);
        let newest = MIGRATIONS.last().map_or(0, |last| last.number);
        output::line(format_args!("{} is at migration {newest}", instance.database().display()))?;
        Ok(ExitCode::SUCCESS)
    }
}
