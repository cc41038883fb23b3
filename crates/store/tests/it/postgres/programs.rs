//! Random programs of real inputs: PostgreSQL must come to the same answers, the same digests and the same pages as
//! the model, which SQLite is compared with by the same programs.

use tongbao_store::postgres::PostgresStore;

use super::Raw;
use crate::programs::{agrees, each_program};

/// Programs, unless the environment says otherwise: what takes a minute on two cores. Each has a store of its own, and
/// most of the time goes into its connections.
const PROGRAMS: u32 = 200;

/// What empties a database. Deleting is quicker than truncating while there are so few rows.
const EMPTY: &str =
    "DELETE FROM lane; DELETE FROM record; DELETE FROM key; DELETE FROM list; DELETE FROM account;
    DELETE FROM posting; DELETE FROM mark; DELETE FROM change; DELETE FROM task";

#[test]
fn random_programs_come_to_the_same_on_postgres_and_the_model() {
    let Some(url) = pgtest::database() else { return };
    PostgresStore::migrate(&url).unwrap();
    let raw = Raw::connect(&url);
    each_program(PROGRAMS, |played, at_once| {
        raw.run(EMPTY);
        let store = PostgresStore::open(&url).unwrap();
        agrees(&store, played, at_once, true);
    });
}
