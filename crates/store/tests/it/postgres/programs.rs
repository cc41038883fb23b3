//! Random programs of real inputs: PostgreSQL must come to the same answers, the same digests and the same pages as
//! the model, which SQLite is compared with by programs drawn in the same way.

use std::thread;

use tongbao_store::postgres::PostgresStore;

use super::Raw;
use crate::programs::{agrees, each_program_of};

/// Programs, unless the environment says otherwise: some 140 s of processor time.
const PROGRAMS: u32 = 1_000;

/// Parts that are played side by side, each in a database of its own: most of a program's time is waiting for the
/// server.
const PARTS: u32 = 4;

/// What empties a database. Deleting is quicker than truncating while there are so few rows.
const EMPTY: &str =
    "DELETE FROM lane; DELETE FROM record; DELETE FROM key; DELETE FROM list; DELETE FROM account;
    DELETE FROM posting; DELETE FROM mark; DELETE FROM change; DELETE FROM task";

#[test]
fn random_programs_come_to_the_same_on_postgres_and_the_model() {
    if !pgtest::is_here() {
        return;
    }
    thread::scope(|scope| {
        for part in 0..PARTS {
            scope.spawn(move || play(part));
        }
    });
}

fn play(part: u32) {
    let Some(url) = pgtest::database() else { return };
    PostgresStore::migrate(&url).unwrap();
    let raw = Raw::connect(&url);
    each_program_of(part, PARTS, PROGRAMS, |played, at_once| {
        raw.run(EMPTY);
        let store = PostgresStore::open(&url).unwrap();
        agrees(&store, played, at_once, true);
    });
}
