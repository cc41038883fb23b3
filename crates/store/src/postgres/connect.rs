//! Connections: what a URL says, TLS, and what an error of the database means.

use std::{sync::Arc, time::Duration};

use deadpool_postgres::{
    Hook, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, Timeouts,
};
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::{
    Config, Error,
    config::{Host, SslMode},
    error::SqlState,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::port::Fault;

/// How long making a connection may take, and how long a read waits for one of the pool.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection may be silent before it is probed, and how long what was sent may stay unconfirmed: a
/// database machine that vanished is noticed within this time and not after the two hours of TCP.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
const UNCONFIRMED_MAX: Duration = Duration::from_secs(15);

/// Rows are found by key, also right after a table was made, when the planner knows nothing of it yet. An engine
/// that lacks such a setting needs none.
const NESTED_LOOPS: [&str; 2] = ["SET enable_hashjoin = off", "SET enable_mergejoin = off"];

/// Makes a pool of at most this many connections.
pub(super) fn pool(url: &str, connections_max: usize) -> Result<Pool, Fault> {
    let config = config(url)?;
    let is_encrypted = config.get_ssl_mode() != SslMode::Disable;
    let tls = MakeRustlsConnect::new(tls(is_encrypted)?);
    let recycling_method = RecyclingMethod::Fast;
    let manager = Manager::from_config(config, tls, ManagerConfig { recycling_method });
    let prepare = Hook::async_fn(|client: &mut deadpool_postgres::ClientWrapper, _| {
        Box::pin(async move {
            for setting in NESTED_LOOPS {
                if let Err(error) = client.batch_execute(setting).await {
                    tracing::debug!(%error, setting, "the database has no such setting");
                }
            }
            Ok(())
        })
    });
    let patience = Some(CONNECT_TIMEOUT);
    let pool = Pool::builder(manager)
        .max_size(connections_max)
        .runtime(Runtime::Tokio1)
        .timeouts(Timeouts { wait: patience, create: patience, recycle: patience })
        .post_create(prepare)
        .build();
    pool.map_err(|error| Fault::Stopped(format!("no connections to PostgreSQL can be made: {error}")))
}

/// What the URL says, with deadlines. Unless the URL says otherwise, what leaves the machine is encrypted.
fn config(url: &str) -> Result<Config, Fault> {
    let parsed: Result<Config, Error> = url.parse();
    let mut config = parsed.map_err(|error| Fault::Stopped(format!("the URL of the database: {error}")))?;
    if !url.contains("sslmode=") {
        let mode = if stays_here(&config) { SslMode::Disable } else { SslMode::Require };
        config.ssl_mode(mode);
    }
    config.connect_timeout(CONNECT_TIMEOUT).keepalives_idle(KEEPALIVE_IDLE);
    config.keepalives_interval(KEEPALIVE_IDLE / 2).keepalives_retries(2).tcp_user_timeout(UNCONFIRMED_MAX);
    if config.get_application_name().is_none() {
        config.application_name("tongbao");
    }
    Ok(config)
}

fn stays_here(config: &Config) -> bool {
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    })
}

/// Trusts the authorities of the system, or those in `SSL_CERT_FILE`; they are read only if they are needed.
fn tls(is_encrypted: bool) -> Result<ClientConfig, Fault> {
    let mut roots = RootCertStore::empty();
    if is_encrypted {
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        for error in found.errors {
            tracing::warn!(%error, "a certificate of the system cannot be read");
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = versions.map_err(|error| Fault::Stopped(format!("TLS: {error}")))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// A connection of the pool.
pub(super) async fn connection(pool: &Pool) -> Result<Object, Trouble> {
    pool.get().await.map_err(|error| match error {
        PoolError::Backend(error) => trouble(&error),
        other => Trouble::Away(other.to_string()),
    })
}

/// Why something did not work.
#[derive(Clone, Debug)]
pub(super) enum Trouble {
    /// Somebody else was quicker or in the way: decide again.
    Again(String),
    /// The database is not there, and nothing was committed.
    Away(String),
    /// The connection broke while the commit was under way.
    Unknown(String),
    /// An earlier connection of this process has not ended, and holds the lane.
    LaneHeld,
    /// There is no room.
    Full,
    /// The database says no, and would say so again.
    Failed(String),
    /// A row cannot be read.
    Unreadable(Fault),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Trouble {
        trouble(&error)
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Trouble {
        Trouble::Unreadable(fault)
    }
}

impl Trouble {
    /// What whoever waits is told.
    pub(super) fn fault(self) -> Fault {
        match self {
            Trouble::Again(_) | Trouble::Away(_) | Trouble::Unknown(_) | Trouble::LaneHeld => Fault::Busy,
            Trouble::Full => Fault::Full,
            Trouble::Failed(why) => Fault::Unreadable(why),
            Trouble::Unreadable(fault) => fault,
        }
    }
}

/// An error with what is behind it, without the values of rows.
fn text(error: &Error) -> String {
    match error.as_db_error() {
        Some(error) => format!("{} ({})", error.message(), error.code().code()),
        None => std::error::Error::source(error)
            .map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}")),
    }
}

/// What an error of a statement means, other than COMMIT.
pub(super) fn trouble(error: &Error) -> Trouble {
    // Without a word of the database it is the connection that failed.
    let Some(state) = error.code() else { return Trouble::Away(text(error)) };
    if is_conflict(state) {
        return Trouble::Again(text(error));
    }
    if *state == SqlState::DISK_FULL {
        return Trouble::Full;
    }
    let code = state.code();
    // Connections (08), an end or a start of the server (57P), no connection left (53300), a server that has
    // become a standby (25006), a statement prepared before a migration (0A000): another connection helps.
    let is_away =
        code.starts_with("08") || code.starts_with("57P") || ["53300", "25006", "0A000"].contains(&code);
    if is_away { Trouble::Away(text(error)) } else { Trouble::Failed(text(error)) }
}

/// What an error of COMMIT means: unless the database says that it did not commit, nothing is known.
pub(super) fn trouble_of_commit(error: &Error) -> Trouble {
    match error.code() {
        Some(state) if is_conflict(state) => Trouble::Again(text(error)),
        _ => Trouble::Unknown(text(error)),
    }
}

fn is_conflict(state: &SqlState) -> bool {
    [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::UNIQUE_VIOLATION,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::QUERY_CANCELED,
    ]
    .contains(state)
}
