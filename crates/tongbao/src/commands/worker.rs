//! `tongbao worker`: does what waits to be done (notifications, channels, timers) and opens no door.
//!
//! It reads the file that `tongbao serve` reads. Any number of them may work on one database of a server; a SQLite
//! database belongs to one process, and a worker is refused while another has it.
//!
//! **Absent on purpose:** a mode. The database says whether it is a sandbox or production.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::Args;

use super::block_on;
use crate::{
    config::Config,
    output::{self, Failure},
    server::Serving,
};

/// Why a worker is refused beside a process that has the file.
const ALONE: &str = "a SQLite database belongs to one process, and `tongbao serve` works by itself";

/// The command line of `tongbao worker`.
#[derive(Args)]
pub(crate) struct Worker {
    /// The configuration file of `tongbao serve` (TOML); see docs/serve.example.toml
    #[arg(long, value_name = "FILE", env = "TONGBAO_CONFIG")]
    config: PathBuf,
    /// Where to answer for its health, instead of the file's `worker_listen`; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
}

impl Worker {
    /// Works until it is stopped.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let config = Config::read(&self.config)?;
        let instance = config.instance();
        block_on(async {
            let mode = instance.mode()?;
            let mut engine = instance.engine(mode).await.map_err(|error| match instance.server() {
                Some(_) => error,
                None => format!("{error}; {ALONE}").into(),
            })?;
            config.fit(&mut engine)?;
            let listen = self.listen.unwrap_or(config.worker_listen);
            let bound = Serving { listen, tls: None, rate: config.rate }.bind()?;
            let bound = bound.with_sharing(config.sharing()?);
            output::line(format_args!(
                "tongbao works for {}; health on {}",
                config.base_url,
                bound.address()
            ))?;
            bound.work(engine, &config.base_url).await
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
