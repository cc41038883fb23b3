//! Connections, and what an error of the database means.

use deadpool_postgres::{
    Hook, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, Timeouts,
};
use tokio_postgres::{Error, error::SqlState};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    address::{Address, CONNECT_TIMEOUT},
    encryption::{advice, tls},
};
use crate::port::Fault;

/// Rows are found by key, also right after a table was made, when the planner knows nothing of it yet. An engine
/// that lacks such a setting needs none.
const NESTED_LOOPS: [&str; 2] = ["SET enable_hashjoin = off", "SET enable_mergejoin = off"];

/// Makes a pool of at most this many connections.
pub(super) fn pool(url: &str, connections_max: usize) -> Result<Pool, Fault> {
    let address = Address::parse(url)?;
    let tls = MakeRustlsConnect::new(tls(&address)?);
    let recycling_method = RecyclingMethod::Fast;
    let manager = Manager::from_config(address.config, tls, ManagerConfig { recycling_method });
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

/// A connection of the pool. Whatever keeps it from being made, nothing was done by it.
pub(super) async fn connection(pool: &Pool) -> Result<Object, Trouble> {
    pool.get().await.map_err(|error| {
        Trouble::Away(match error {
            PoolError::Backend(error) => text(&error),
            PoolError::Timeout(_) => "it gave no connection in time".to_owned(),
            other => other.to_string(),
        })
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
            Trouble::Again(_) => Fault::Busy,
            Trouble::Away(why) | Trouble::Unknown(why) => Fault::Away(why),
            Trouble::LaneHeld => Fault::Away("an earlier connection has not ended".to_owned()),
            Trouble::Full => Fault::Full,
            Trouble::Failed(why) => Fault::Unreadable(why),
            Trouble::Unreadable(fault) => fault,
        }
    }
}

/// An error with what is behind it and what to do about it, without the values of rows.
fn text(error: &Error) -> String {
    let said = match error.as_db_error() {
        Some(error) => format!("{} ({})", error.message(), error.code().code()),
        None => std::error::Error::source(error)
            .map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}")),
    };
    advice(error).map_or_else(|| said.clone(), |advice| format!("{advice} ({said})"))
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
