//! Copies made while the store is written.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use tongbao_store::sqlite::{Options, SqliteReader, SqliteStore};

use super::Place;
use crate::by_hand::{
    BANK, after, changes, clean, merchant, post, posting, purse, put, stored_merchant, yuan,
};

#[test]
fn a_copy_made_while_the_store_is_written_is_whole() {
    let place = Place::new();
    let options = Options { generation_entries: 40, ..Options::new(&place.file()) };
    let store = SqliteStore::open_with(options).unwrap();
    put(&store, after(0), vec![merchant(1, 1).into()]);
    let done = AtomicBool::new(false);
    let copies: Vec<_> = (0..5).map(|number| place.beside(&format!("copy {number}.db"))).collect();
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 1;
            while !done.load(Ordering::Relaxed) {
                number += 1;
                put(&store, after(0), vec![merchant(number, 1).into()]);
                post(&store, after(0), vec![posting(BANK, purse(number), yuan(10))]);
            }
        });
        let copied = copies.iter().map(|copy| SqliteReader::open(&place.file()).unwrap().copy_to(copy));
        let copied: Vec<_> = copied.collect();
        done.store(true, Ordering::Relaxed);
        assert_eq!(copied, vec![Ok(()); copies.len()]);
    });
    let lines = changes(&store);
    let mut before = 0;
    for copy in copies {
        // A copy is a store like any other, and the beginning of the one it was made of.
        let read = clean(&SqliteReader::open(&copy).unwrap());
        let store = SqliteStore::open(&copy).unwrap();
        let report = clean(&store);
        assert_eq!(read, report);
        assert!(report.changes >= before.max(1));
        before = report.changes;
        let last = usize::try_from(report.changes).unwrap() - 1;
        assert_eq!(report.digest, lines[last].digest);
        put(&store, after(0), vec![merchant(1_000_000, 1).into()]);
        assert_eq!(clean(&store).changes, report.changes + 1);
    }
}

#[test]
fn a_copy_does_not_overwrite_a_file() {
    let place = Place::new();
    let store = place.open();
    put(&store, after(0), vec![merchant(1, 1).into()]);
    let taken = place.beside("taken.db");
    std::fs::write(&taken, "something that must stay").unwrap();
    assert!(SqliteReader::open(&place.file()).unwrap().copy_to(&taken).is_err());
    assert_eq!(std::fs::read_to_string(&taken).unwrap(), "something that must stay");
    assert_eq!(stored_merchant(&store, 1), Some(merchant(1, 1)));
}
