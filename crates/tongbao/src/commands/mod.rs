//! One file per command.

mod backup;
mod bench;
mod completions;
mod keys;
mod listen;
mod migrate;
mod openapi;
mod payer;
mod quick_start;
mod receive;
mod risk;
mod sandbox;
mod serve;
mod verify;
mod wechat;
mod worker;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};

use crate::{
    instance::{Instance, database_url},
    output::Failure,
};

/// Where a sandbox keeps its files unless told otherwise.
const SANDBOX_DIRECTORY: &str = "./tongbao-data/sandbox";

/// Where the URL of a database server is read from, if no option names it: command lines can be seen by everybody.
pub(crate) const DATABASE_VARIABLE: &str = "TONGBAO_DATABASE";

/// The commands.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the whole platform on this machine with test payers, and print what to do next
    Sandbox(sandbox::Sandbox),
    /// Run in production, by a configuration file
    Serve(serve::Serve),
    /// Do what waits to be done, beside processes that serve; by the same configuration file
    Worker(worker::Worker),
    /// Receive notifications, check their signatures and print them
    Receive(receive::Receive),
    /// Forward the sandbox's events to a local URL, printing each
    Listen(listen::Listen),
    /// Recount every balance and the digest chain; the exit code tells whether they agree
    Verify(verify::Verify),
    /// Copy the store to a file, also while it is written, and recount the copy
    Backup(backup::Backup),
    /// Make a new instance of a backup
    Restore(backup::Restore),
    /// Bring the database to this program's schema
    Migrate(migrate::Migrate),
    /// Make and revoke merchants' secret keys
    Keys(keys::Keys),
    /// Freeze and unfreeze payers' accounts
    Payer(payer::Payer),
    /// Enroll merchants of WeChat Pay's interface, and change their certificates and the platform's
    Wechat(wechat::Wechat),
    /// Train and judge models of risk
    Risk(risk::Risk),
    /// Measure this machine: how many payments the platform commits on it
    Bench(bench::Bench),
    /// Print an OpenAPI document of the API
    Openapi(openapi::Openapi),
    /// Print a completion script for a shell
    Completions(completions::Completions),
}

impl Command {
    /// Runs it.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self {
            Command::Sandbox(sandbox) => sandbox.run(),
            Command::Serve(serve) => serve.run(),
            Command::Worker(worker) => worker.run(),
            Command::Receive(receive) => receive.run(),
            Command::Listen(listen) => listen.run(),
            Command::Verify(verify) => verify.run(),
            Command::Backup(backup) => backup.run(),
            Command::Restore(restore) => restore.run(),
            Command::Migrate(migrate) => migrate.run(),
            Command::Keys(keys) => keys.run(),
            Command::Payer(payer) => payer.run(),
            Command::Wechat(wechat) => wechat.run(),
            Command::Risk(risk) => risk.run(),
            Command::Bench(bench) => bench.run(),
            Command::Openapi(openapi) => openapi.run(),
            Command::Completions(completions) => completions.run(),
        }
    }
}

/// Which instance a command is about.
#[derive(Args)]
pub(crate) struct Place {
    /// The instance's directory
    #[arg(long, value_name = "DIR", env = "TONGBAO_DATA", default_value = SANDBOX_DIRECTORY, global = true)]
    data: PathBuf,
    /// The URL of the database, if a server has it (PostgreSQL, or what speaks its protocol)
    #[arg(long, value_name = "URL", env = DATABASE_VARIABLE, hide_env_values = true)]
    #[arg(value_parser = database_url, global = true)]
    database: Option<String>,
}

impl Place {
    fn instance(&self) -> Instance {
        Instance::at(&self.data).on_server(self.database.clone())
    }
}

/// Threads for async work: one core is left to the store, which decides and commits on threads of its own.
/// Measured on two cores, with one thread instead of two: a fifth more payments over HTTP at 64 connections, a
/// tenth more at 256.
pub(crate) fn worker_threads() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1))
}

/// Runs async work.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(worker_threads()).enable_all().build();
    runtime.map_err(|error| format!("cannot start the async runtime: {error}"))?.block_on(work)
}
