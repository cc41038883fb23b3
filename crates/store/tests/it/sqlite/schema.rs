//! The schema: what it refuses by itself, and which versions of it.

use rusqlite::Connection;
use tongbao_store::{
    Fault,
    sqlite::{MIGRATIONS, SqliteReader, SqliteStore},
};

use super::Place;
use crate::by_hand::{BANK, after, clean, merchant, payer, post, posting, purse, put, yuan};

/// A closed store with a bit of everything in its tables, and a connection that goes past it.
fn raw(place: &Place) -> Connection {
    let options = tongbao_store::sqlite::Options {
        generation_entries: 1,
        ..tongbao_store::sqlite::Options::new(&place.file())
    };
    let store = SqliteStore::open_with(options).unwrap();
    put(&store, after(0), vec![merchant(1, 1).into(), payer(2, 1, 2).into()]);
    post(&store, after(0), (0..130).map(|_| posting(BANK, purse(2), yuan(5))).collect());
    post(&store, after(0), vec![posting(purse(2), purse(3), yuan(5))]);
    put(&store, after(0), vec![merchant(4, 1).into()]);
    drop(store);
    Connection::open(place.file()).unwrap()
}

#[test]
fn what_was_written_once_stays() {
    let place = Place::new();
    let raw = raw(&place);
    for sql in [
        "UPDATE posting SET amount = amount + 1 WHERE number = 1",
        "DELETE FROM posting WHERE number = 1",
        "UPDATE change SET input = 'other' WHERE number = 1",
        "DELETE FROM change WHERE number = 1",
        "UPDATE mark SET posting = 1",
        "DELETE FROM mark",
        "DELETE FROM record",
        "UPDATE key SET record = zeroblob(17)",
    ] {
        let error = raw.execute(sql, []).expect_err(sql).to_string();
        assert!(
            error.contains("only appended to") || error.contains("not removed") || error.contains("stays"),
            "{error}"
        );
    }
    drop(raw);
    clean(&place.open());
}

#[test]
fn the_tables_refuse_what_can_never_be_right() {
    let place = Place::new();
    let raw = raw(&place);
    let columns = "number, change, at, debit, credit, amount, reason, subject, debit_before, credit_before,
                   debit_balance, credit_balance";
    let posting = |values: &str| format!("INSERT INTO posting ({columns}) VALUES ({values})");
    for sql in [
        posting("900, 2, 0, 1, 2, 0, 1, zeroblob(17), 1, 1, 0, 0"),
        posting("900, 2, 0, 1, 1, 5, 1, zeroblob(17), 1, 1, 0, 0"),
        posting("900, 2, 0, 1, 2, 5, 1, zeroblob(17), 900, 1, 0, 0"),
        posting("900, 2, 0, 1, 2, 5, 1, zeroblob(16), 1, 1, 0, 0"),
        posting("900, 2, 0, 1, 2, 'five', 1, zeroblob(17), 1, 1, 0, 0"),
        "UPDATE account SET debits = credits + 1 WHERE floor = 0".to_owned(),
        "UPDATE account SET credits = -1 WHERE floor IS NULL".to_owned(),
        "INSERT INTO account SELECT 99, name, 0, 0, 0, 0, NULL FROM account WHERE number = 1".to_owned(),
        "INSERT INTO key SELECT digest, zeroblob(17) FROM key".to_owned(),
        "INSERT INTO record VALUES (1, zeroblob(17), 0, x'7b7d')".to_owned(),
        "INSERT INTO record VALUES (1, zeroblob(16), 1, x'7b7d')".to_owned(),
        "INSERT INTO displaced VALUES (zeroblob(17), 0, x'7b7d')".to_owned(),
    ] {
        let error = raw.execute(&sql, []).expect_err(&sql).to_string();
        assert!(error.contains("constraint failed") || error.contains("cannot store"), "{error}");
    }
}

#[track_caller]
fn is_stopped<T>(opened: Result<T, Fault>, says: &str) {
    let Err(Fault::Stopped(why)) = opened else { panic!("it was opened, or failed otherwise") };
    assert!(why.contains(says), "{why}");
}

#[test]
fn a_migration_that_was_applied_with_other_content_is_refused() {
    let place = Place::new();
    raw(&place).execute("UPDATE migration SET digest = 'other' WHERE number = 1", []).unwrap();
    is_stopped(SqliteStore::open(&place.file()), "was applied with other content");
    is_stopped(SqliteReader::open(&place.file()), "was applied with other content");
}

#[test]
fn a_newer_database_is_refused() {
    let place = Place::new();
    let next = MIGRATIONS.last().unwrap().number + 1;
    raw(&place).execute("INSERT INTO migration VALUES (?1, 'from the future', 'digest')", [next]).unwrap();
    is_stopped(SqliteStore::open(&place.file()), "use a newer program");
    is_stopped(SqliteReader::open(&place.file()), "use a newer program");
}

#[test]
fn an_empty_file_is_migrated_by_the_writer_and_refused_by_the_reader() {
    let place = Place::new();
    std::fs::write(place.file(), "").unwrap();
    is_stopped(SqliteReader::open(&place.file()), "run `tongbao migrate`");
    drop(place.open());
    assert_eq!(clean(&SqliteReader::open(&place.file()).unwrap()).changes, 0);
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let place = Place::new();
    std::fs::write(place.file(), "this is a letter to the bank, and not a database at all. ".repeat(100))
        .unwrap();
    is_stopped(SqliteStore::open(&place.file()), "not a database");
    is_stopped(SqliteReader::open(&place.file()), "not a database");
}
