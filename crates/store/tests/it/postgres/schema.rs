//! The schema: what it refuses by itself, and how it comes to be.

use std::thread;

use tongbao_store::{
    Fault,
    postgres::{MIGRATIONS, PostgresReader, PostgresStore},
};

use super::Raw;
use crate::by_hand::{BANK, after, clean, merchant, payer, post, posting, purse, put, yuan};

#[track_caller]
fn is_stopped<T>(opened: Result<T, Fault>, says: &str) {
    let Err(Fault::Stopped(why)) = opened else { panic!("it was opened, or failed otherwise") };
    assert!(why.contains(says), "{why}");
}

#[test]
fn the_tables_refuse_what_can_never_be_right() {
    let Some(url) = pgtest::database() else { return };
    let store = PostgresStore::open(&url).unwrap();
    put(&store, after(0), vec![merchant(1, 1).into(), payer(2, 1, 2).into()]);
    post(&store, after(0), vec![posting(BANK, purse(2), yuan(5)), posting(purse(2), purse(3), yuan(5))]);
    let raw = Raw::connect(&url);
    for sql in [
        "UPDATE posting SET amount = 0",
        "UPDATE posting SET credit = debit",
        "UPDATE account SET debits = credits + 1 WHERE floor = 0",
        "UPDATE account SET credits = -1 WHERE floor IS NULL",
        "UPDATE account SET number = 1",
        "INSERT INTO key SELECT digest, record FROM key",
        "UPDATE record SET version = 0",
        "INSERT INTO record SELECT spread, id, version, body FROM record",
        "UPDATE lane SET opening = ''",
    ] {
        let error = raw.try_run(sql).expect_err(sql);
        assert!(error.code().unwrap().code().starts_with("23"), "{sql}: {error}");
    }
    clean(&store);
}

#[test]
fn processes_that_start_at_once_migrate_once() {
    let Some(url) = pgtest::database() else { return };
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| PostgresStore::migrate(&url).unwrap());
        }
    });
    let applied = Raw::connect(&url).run("SELECT count(*) FROM migration");
    assert_eq!(applied, [MIGRATIONS.len().to_string()]);
}

#[test]
fn a_migration_that_was_interrupted_is_resumed() {
    let Some(url) = pgtest::database() else { return };
    PostgresStore::migrate(&url).unwrap();
    // An engine that commits each statement for itself may stop after any of them.
    Raw::connect(&url).run("DELETE FROM migration; DROP TABLE mark; DROP TABLE task");
    is_stopped(PostgresReader::open(&url), "run `tongbao migrate`");
    let store = PostgresStore::open(&url).unwrap();
    post(&store, after(0), vec![posting(BANK, purse(2), yuan(5))]);
    clean(&PostgresReader::open(&url).unwrap());
}

#[test]
fn a_migration_that_was_applied_with_other_content_is_refused() {
    let Some(url) = pgtest::database() else { return };
    PostgresStore::migrate(&url).unwrap();
    Raw::connect(&url).run("UPDATE migration SET digest = 'other' WHERE number = 1");
    is_stopped(PostgresStore::open(&url), "was applied with other content");
    is_stopped(PostgresReader::open(&url), "was applied with other content");
}

#[test]
fn a_database_for_newer_programs_is_refused_and_one_that_was_only_widened_is_not() {
    let Some(url) = pgtest::database() else { return };
    PostgresStore::migrate(&url).unwrap();
    let (raw, known) = (Raw::connect(&url), MIGRATIONS.last().unwrap().number);
    raw.run(&format!("INSERT INTO migration VALUES ({}, 'a column more', 'digest', {known})", known + 1));
    drop(PostgresStore::open(&url).unwrap());
    raw.run(&format!(
        "INSERT INTO migration VALUES ({}, 'a column less', 'digest', {})",
        known + 2,
        known + 2
    ));
    is_stopped(PostgresStore::open(&url), "use a newer one");
    is_stopped(PostgresReader::open(&url), "use a newer one");
}

#[test]
fn an_empty_database_is_migrated_by_the_writer_and_refused_by_the_reader() {
    let Some(url) = pgtest::database() else { return };
    is_stopped(PostgresReader::open(&url), "run `tongbao migrate`");
    drop(PostgresStore::open(&url).unwrap());
    assert_eq!(clean(&PostgresReader::open(&url).unwrap()).changes, 0);
}

#[test]
fn what_is_no_database_is_refused() {
    is_stopped(PostgresStore::open("postgres://127.0.0.1:1/nobody"), "cannot be used");
    is_stopped(PostgresStore::open("not a url"), "the URL of the database");
}

#[test]
fn a_reader_writes_nothing_and_keeps_to_its_moment() {
    let Some(url) = pgtest::database() else { return };
    let store = PostgresStore::open(&url).unwrap();
    put(&store, after(0), vec![merchant(1, 1).into()]);
    let picture = PostgresReader::open(&url).unwrap();
    assert_eq!(clean(&picture).changes, 1);
    put(&store, after(1), vec![merchant(1, 2).into()]);
    assert_eq!((clean(&picture).changes, clean(&store).changes), (1, 2));
    let refused = crate::by_hand::change(&picture, after(2), tongbao_core::ChangeSet::default());
    is_stopped(refused, "for reading only");
}
