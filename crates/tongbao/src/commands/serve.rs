//! `tongbao serve`: production. No sandbox endpoints, no test payers, no clock to move.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use tongbao_engine::Mode;

use super::block_on;
use crate::{
    config::Config,
    instance::Instance,
    output::{self, Failure},
    server::Serving,
};

/// The command line of `tongbao serve`.
#[derive(Args)]
pub(crate) struct Serve {
    /// The configuration file (TOML); see docs/serve.example.toml
    #[arg(long, value_name = "FILE", env = "TONGBAO_CONFIG")]
    config: PathBuf,
}

impl Serve {
    /// Serves until it is stopped.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let config = Config::read(&self.config)?;
        let instance = Instance::at(&config.data);
        instance.create()?;
        block_on(async {
            let engine = instance.engine(Mode::Production)?;
            let serving = Serving { listen: config.listen, tls: config.tls(), rate: config.rate };
            let bound = serving.bind()?.with_wechat_base_url(config.wechat_base_url.clone());
            output::line(format_args!("tongbao serves {} on {}", config.base_url, bound.address()))?;
            bound.serve(engine, &config.base_url, None).await
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
