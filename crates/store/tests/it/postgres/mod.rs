//! What only the store in PostgreSQL does. Without PostgreSQL these tests say so and test nothing; on a build
//! server that is a failure.

mod bank;
mod encryption;
mod faults;
mod lanes;
mod portable;
mod programs;
mod proxy;
mod races;
mod schema;

use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};
use tongbao_store::postgres::PostgresStore;

use crate::conformance::Fresh;

/// A store in an empty database.
pub(crate) fn fresh() -> Option<Fresh> {
    let url = pgtest::database()?;
    Some(Fresh::new(PostgresStore::open(&url).unwrap(), ()))
}

/// A session that goes past the store.
struct Raw {
    runtime: Runtime,
    client: Client,
}

impl Raw {
    fn connect(url: &str) -> Raw {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (client, connection) = runtime.block_on(tokio_postgres::connect(url, NoTls)).unwrap();
        runtime.spawn(connection);
        Raw { runtime, client }
    }

    /// Runs statements; gives the first column of what they return, as text.
    fn run(&self, sql: &str) -> Vec<String> {
        self.try_run(sql).unwrap()
    }

    fn try_run(&self, sql: &str) -> Result<Vec<String>, tokio_postgres::Error> {
        let answers = self.runtime.block_on(self.client.simple_query(sql))?;
        let first = |message| match message {
            SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or_default().to_owned()),
            _ => None,
        };
        Ok(answers.into_iter().filter_map(first).collect())
    }
}
