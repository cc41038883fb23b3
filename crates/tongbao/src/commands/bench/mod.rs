//! `tongbao bench`: measures what this machine allows.
//!
//! Every run also probes the machine (how often it can sync a file, how many plain inserts SQLite
//! commits), so that figures can be read as ratios within one run. All work happens in a temporary
//! directory that is removed afterwards, or in a database that is named.

mod http;
mod ledger;
mod probe;
mod report;
mod risk;
mod store;
mod wechat;
mod wire;
mod world;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Args, Subcommand, ValueEnum};

use crate::{instance::database_url, judge, output::Failure};

/// The command line of `tongbao bench`.
#[derive(Args)]
pub(crate) struct Bench {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Payments committed by the store: row, postings, event and idempotency key in one durable commit each
    Store(StoreOptions),
    /// Payments created and paid from a balance over HTTP, two requests each
    Http(HttpOptions),
    /// Postings in large batches, with statements readable
    Ledger(Common),
    /// Features and score of payments, in process and on one thread
    Risk(RiskOptions),
}

/// What every benchmark takes.
#[derive(Args, Clone)]
pub(crate) struct Common {
    /// How long to measure, in seconds
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Where the temporary directory is made; the disk that is measured
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
}

impl Common {
    fn duration(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

#[derive(Args)]
struct StoreOptions {
    #[command(flatten)]
    common: Common,
    /// Callers at once, each waiting for its commit before the next
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=4_096))]
    callers: u32,
    /// Merchants the payments are spread over
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    merchants: u32,
    /// Pay everything to one merchant
    #[arg(long)]
    hot: bool,
    /// Measure the store on this PostgreSQL instead: an empty database, which is left full
    #[arg(long, value_name = "URL", value_parser = database_url)]
    postgres: Option<String>,
    /// Stores on that database, each with a connection that commits, as several processes have them
    #[arg(long, requires = "postgres", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=16))]
    stores: u32,
}

#[derive(Args)]
struct HttpOptions {
    #[command(flatten)]
    common: Common,
    /// Connections at once
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1_024))]
    connections: u32,
    /// Through which API payments are created
    #[arg(long, value_enum, default_value = "v1")]
    door: Door,
    /// Whether payments are judged by the rules and the model that the program brings along
    #[arg(long, value_name = "MODE", value_enum, default_value = "on")]
    risk: judge::Mode,
}

#[derive(Args)]
struct RiskOptions {
    /// Trees of the model
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u16).range(1..=2_000))]
    trees: u16,
    /// How often the same payments come, some 27,000 each time
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..))]
    rounds: u8,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// An API that takes payments.
#[derive(Clone, Copy, ValueEnum)]
enum Door {
    /// Our own: a secret key and an Idempotency-Key
    V1,
    /// WeChat Pay's: requests and answers signed with RSA; 60 seconds at most, because they are signed beforehand
    Wechat,
}

impl Bench {
    /// Measures and reports.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self.what {
            What::Store(options) => store::run(&options)?,
            What::Http(options) => http::run(&options)?,
            What::Ledger(common) => ledger::run(&common)?,
            What::Risk(options) => risk::run(&options)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
