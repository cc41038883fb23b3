//! `tongbao sandbox`: the whole platform on this machine, for developers.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use clap::Args;
use tongbao_api::listener::development_certificate;
use tongbao_core::{Key, sandbox::Sandbox as Settings};
use tongbao_engine::{Engine, Mode};

use super::{block_on, quick_start};
use crate::{
    config::{Rate, base_url},
    instance::{Instance, database_url},
    judge,
    output::{self, Failure},
    seed::{self, SandboxFile},
    server::{Bound, Serving},
};

/// The command line of `tongbao sandbox`.
#[derive(Args)]
pub(crate) struct Sandbox {
    /// Where its files are kept; a restart finds everything there
    #[arg(long, value_name = "DIR", env = "TONGBAO_SANDBOX_DATA", default_value = super::SANDBOX_DIRECTORY)]
    data: PathBuf,
    /// The URL of the database, if a server has it (PostgreSQL, or what speaks its protocol)
    #[arg(long, value_name = "URL", env = super::DATABASE_VARIABLE, hide_env_values = true)]
    #[arg(value_parser = database_url)]
    database: Option<String>,
    /// The address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", env = "TONGBAO_SANDBOX_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Speak TLS with a certificate made for development, kept in DIR/tls
    #[arg(long)]
    tls: bool,
    /// Where clients reach the sandbox, `localhost` unless given; several processes on one database have one
    #[arg(long, value_name = "URL", env = "TONGBAO_SANDBOX_BASE_URL", value_parser = base_url)]
    base_url: Option<String>,
    /// Where SDKs of WeChat Pay reach the sandbox, if not at its address: bills are offered for download there
    #[arg(long, value_name = "URL", env = "TONGBAO_SANDBOX_WECHAT_BASE_URL", value_parser = base_url)]
    wechat_base_url: Option<String>,
    /// Whether payments are judged by the rules and the model that the program brings along
    #[arg(long, value_name = "MODE", value_enum, default_value = "on")]
    risk: judge::Mode,
}

impl Sandbox {
    /// Serves until it is stopped.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let instance = Instance::at(&self.data).on_server(self.database);
        instance.create()?;
        block_on(async {
            let mut engine = instance.engine(Mode::Sandbox).await?;
            judge::Risk::shipped(self.risk).fit(&mut engine)?;
            let names = ["localhost".to_owned(), self.listen.ip().to_string()];
            let certificate = || development_certificate(&instance.directory().join("tls"), &names);
            let tls = self.tls.then(certificate).transpose()?;
            let bound = Serving { listen: self.listen, tls, rate: Rate::sandbox() }.bind()?;
            let bound = bound.with_wechat_base_url(self.wechat_base_url);
            let scheme = if self.tls { "https" } else { "http" };
            let base_url = self.base_url.unwrap_or_else(|| own_address(scheme, bound.address()));
            let file = prepare(&engine, &instance.directory().join("sandbox.json"), &base_url).await?;
            output::line(quick_start::text(&file, &self.data))?;
            serve(bound, engine, &base_url, &file, &self.data).await
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Where a sandbox is reached that was not told: by name where the name leads there, because browsers offer passkeys at
/// names only. The address answers, too.
fn own_address(scheme: &str, bound: SocketAddr) -> String {
    let ip = bound.ip();
    let is_named = ip == Ipv4Addr::LOCALHOST || ip == Ipv6Addr::LOCALHOST || ip.is_unspecified();
    if is_named { format!("{scheme}://localhost:{}", bound.port()) } else { format!("{scheme}://{bound}") }
}

async fn serve(
    bound: Bound,
    engine: Arc<Engine>,
    base_url: &str,
    file: &SandboxFile,
    directory: &Path,
) -> Result<(), Failure> {
    let notes = quick_start::notes(file, directory);
    bound.serve(engine, base_url, Some(notes)).await
}

/// Fills a new sandbox, or finds what an old one holds; its file tells the present address.
async fn prepare(engine: &Arc<Engine>, path: &Path, base_url: &str) -> Result<SandboxFile, Failure> {
    if engine.store.find::<Settings>(Key::Sandbox)?.is_none() {
        let seed = seed::sandbox(engine, base_url)?;
        // First the files: what is committed and not in them could never be used.
        seed.write(path)?;
        seed.sow(engine).await?;
        return Ok(seed.file);
    }
    let mut file = if path.exists() {
        SandboxFile::read(path)?
    } else {
        let gone = path.display();
        return Err(
            format!("{gone} is gone, and the secret key with it; start a new sandbox elsewhere").into()
        );
    };
    base_url.clone_into(&mut file.api);
    file.write(path)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::own_address;

    #[test]
    fn a_sandbox_on_loopback_is_reached_by_name() {
        for (bound, reached) in [
            ("127.0.0.1:8080", "http://localhost:8080"),
            ("[::1]:8080", "http://localhost:8080"),
            ("0.0.0.0:8080", "http://localhost:8080"),
            ("127.0.0.2:8080", "http://127.0.0.2:8080"),
            ("192.0.2.7:80", "http://192.0.2.7:80"),
        ] {
            assert_eq!(own_address("http", bound.parse().unwrap()), reached);
        }
    }
}
