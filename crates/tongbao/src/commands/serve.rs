//! `tongbao serve`: production. No sandbox endpoints, no test payers, no clock to move.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::Args;
use tongbao_engine::Mode;

use super::block_on;
use crate::{
    config::Config,
    output::{self, Failure},
    server::{Role, Serving},
};

/// The command line of `tongbao serve`.
#[derive(Args)]
pub(crate) struct Serve {
    /// The configuration file (TOML); see docs/serve.example.toml
    #[arg(long, value_name = "FILE", env = "TONGBAO_CONFIG")]
    config: PathBuf,
    /// The address to listen on, instead of the file's; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Answer requests only; what waits to be done is done by `tongbao worker`
    #[arg(long)]
    doors_only: bool,
}

impl Serve {
    /// Serves until it is stopped.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let config = Config::read(&self.config)?;
        let instance = config.instance();
        instance.create()?;
        block_on(async {
            let mut engine = instance.engine(Mode::Production).await?;
            config.fit(&mut engine)?;
            let listen = self.listen.unwrap_or(config.listen);
            let role = if self.doors_only { Role::Doors } else { Role::Both };
            let bound = Serving { listen, tls: config.tls(), rate: config.rate }.bind()?;
            let bound = bound.with_wechat_base_url(config.wechat_base_url.clone());
            let bound =
                bound.with_role(role).with_notice(config.drain_notice()).with_sharing(config.sharing()?);
            output::line(format_args!("tongbao serves {} on {}", config.base_url, bound.address()))?;
            bound.serve(engine, &config.base_url, None).await
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
