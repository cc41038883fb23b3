//! Opening, closing, and who else may have the file open.

use std::collections::BTreeSet;

use tongbao_core::{ChangeSet, Refusal, Task, Work, payer::Payer};
use tongbao_store::{
    Fault, Outcome, Step, Store,
    sqlite::{Options, SqliteReader, SqliteStore},
};

use super::Place;
use crate::by_hand::{
    BANK, after, balance, cause, change, changes, clean, committed, everything, id, merchant, payer, post,
    posting, purse, put, step, stored_merchant, yuan,
};

#[test]
fn what_was_committed_is_there_after_reopening() {
    let place = Place::new();
    let store = place.open();
    put(&store, after(0), vec![merchant(1, 1).into(), payer(2, 1, 7).into()]);
    post(&store, after(9), vec![posting(BANK, purse(2), yuan(500)), posting(purse(2), purse(3), yuan(200))]);
    let before = everything(&store);
    drop(store);

    let store = place.open();
    assert_eq!(everything(&store), before);
    // The chain goes on where it ended; times do not go back, and keys are still taken.
    let next = put(&store, after(3), vec![merchant(1, 2).into()]);
    assert_eq!(next.number, 3);
    assert_eq!(changes(&store)[2].at, after(9));
    let taken =
        change(&store, after(9), ChangeSet { records: vec![payer(4, 1, 7).into()], ..ChangeSet::default() });
    assert!(matches!(taken, Err(Fault::Broken(_))), "{taken:?}");
    post(&store, after(9), vec![posting(purse(3), purse(5), yuan(200))]);
    assert_eq!((balance(&store, purse(3)), balance(&store, purse(5))), (0, 200));
    assert_eq!(clean(&store).changes, 4);
}

#[test]
fn records_are_found_after_reopening_whatever_the_order_of_their_ids() {
    let place = Place::new();
    let store = place.open();
    for number in [5, 1, 9, 3] {
        put(&store, after(0), vec![merchant(number, 1).into()]);
    }
    drop(store);
    for version in 2..5 {
        let store = place.open();
        for number in [9, 3, 5, 1] {
            put(&store, after(0), vec![merchant(number, version).into()]);
        }
        put(&store, after(0), vec![merchant(10 * u64::from(version), 1).into()]);
    }
    clean(&place.open());
}

#[test]
fn tasks_that_a_worker_held_are_due_at_once_after_reopening() {
    let place = Place::new();
    let store = place.open();
    let timer = |seconds, number| Task::new(after(seconds), Work::ExpirePayment(id(number)));
    let tasks = vec![timer(1, 1), timer(2, 2), timer(900, 3)];
    committed(change(&store, after(0), ChangeSet { tasks, ..ChangeSet::default() }));
    let held = store.due(after(5), 10).wait().unwrap();
    assert_eq!(held.len(), 2);
    assert_eq!(store.due(after(5), 10).wait().unwrap(), []);
    drop(store);

    let store = place.open();
    let again = store.due(after(5), 10).wait().unwrap();
    let works = |tasks: &[Task]| tasks.iter().map(|task| task.work.task_id()).collect::<BTreeSet<_>>();
    assert_eq!(works(&again), works(&held), "and the timer of later stays where it is");
    drop(store);

    // A key of the worker that is gone is nobody's.
    let store = place.open();
    let key = held[0].key;
    let finished = step(&store, after(6), move |facts| {
        let is_mine = facts.task(&key)?;
        if is_mine {
            Ok(ChangeSet { done: vec![key], ..ChangeSet::default() })
        } else {
            Err(Refusal::LeaseLost.into())
        }
    });
    assert_eq!(finished, Ok(Outcome::Refused(Refusal::LeaseLost)));
    assert_eq!(store.due(after(900), 10).wait().unwrap().len(), 3);
}

#[test]
fn keys_stay_taken_in_a_store_that_learns_them_beside_its_first_steps() {
    /// More changes than are looked through while a store is opened.
    const CHANGES: u64 = 20_400;
    let place = Place::new();
    let holder = |number: u64, key: u64| {
        let mut phone_digest = [0; 32];
        phone_digest[..8].copy_from_slice(&key.to_be_bytes());
        let payer = Payer { phone_digest, ..payer(number, 1, 0) };
        ChangeSet { records: vec![payer.into()], ..ChangeSet::default() }
    };
    let take = |store: &dyn Store, first: u64, count: u64| {
        let ask = |number| {
            let change = holder(number, number);
            store.step(Step { cause: cause(after(0)), decide: Box::new(move |_| Ok(change.clone())) })
        };
        let answers: Vec<_> = (first..first + count).map(ask).collect();
        for answer in answers {
            committed(answer.wait());
        }
    };
    // Small generations, so that most keys are in their table.
    let options = || Options { generation_entries: 500, ..Options::new(&place.file()) };
    let store = SqliteStore::open_with(options()).unwrap();
    for first in (1..=CHANGES).step_by(400) {
        take(&store, first, 400);
    }
    drop(store);

    let store = SqliteStore::open_with(options()).unwrap();
    // At once, and again and again while the others are being learned and new ones come.
    for (number, new) in (1..CHANGES).step_by(300).zip(CHANGES + 401..) {
        let refused = change(&store, after(0), holder(CHANGES * 2 + number, number));
        assert!(matches!(refused, Err(Fault::Broken(_))), "key {number}: {refused:?}");
        take(&store, new, 1);
    }
    clean(&store);
}

#[track_caller]
fn is_refused(opened: Result<SqliteStore, Fault>) {
    let Err(Fault::Stopped(why)) = opened else { panic!("a second writer was let in") };
    assert!(why.contains("another process writes this store"), "{why}");
}

#[test]
fn a_second_writer_is_kept_out_until_the_first_is_gone() {
    let place = Place::new();
    let first = place.open();
    is_refused(SqliteStore::open(&place.file()));
    put(&first, after(0), vec![merchant(1, 1).into()]);
    drop(first);
    assert_eq!(stored_merchant(&place.open(), 1), Some(merchant(1, 1)));
}

#[cfg(unix)]
#[test]
fn a_second_writer_by_another_name_of_the_file_is_kept_out() {
    let (place, elsewhere) = (Place::new(), Place::new());
    let _first = place.open();
    std::os::unix::fs::symlink(place.file(), elsewhere.file()).unwrap();
    is_refused(SqliteStore::open(&elsewhere.file()));
}

#[test]
fn a_reader_beside_the_writer_sees_what_was_committed() {
    let place = Place::new();
    let store = place.open();
    for number in 1..=20 {
        put(&store, after(0), vec![merchant(number, 1).into()]);
        post(&store, after(0), vec![posting(BANK, purse(number), yuan(10))]);
        let reader = SqliteReader::open(&place.file()).unwrap();
        assert_eq!(everything(&reader), everything(&store));
        assert_eq!(stored_merchant(&reader, number), Some(merchant(number, 1)));
        assert_eq!(balance(&reader, purse(number)), 10);
        clean(&reader);
    }
}

#[test]
fn a_reader_keeps_its_picture_while_the_writer_goes_on() {
    let place = Place::new();
    let store = place.open();
    post(&store, after(0), vec![posting(BANK, purse(1), yuan(10))]);
    let reader = SqliteReader::open(&place.file()).unwrap();
    let before = everything(&reader);
    post(&store, after(1), vec![posting(purse(1), purse(2), yuan(10))]);
    assert_eq!(everything(&reader), before);
    assert_eq!((balance(&reader, purse(1)), balance(&store, purse(1))), (10, 0));
    clean(&reader);
}

#[test]
fn a_reader_takes_no_steps() {
    let place = Place::new();
    let store = place.open();
    let reader = SqliteReader::open(&place.file()).unwrap();
    let refused =
        change(&reader, after(0), ChangeSet { records: vec![merchant(1, 1).into()], ..ChangeSet::default() });
    assert!(matches!(refused, Err(Fault::Stopped(_))), "{refused:?}");
    assert!(matches!(reader.due(after(0), 1).wait(), Err(Fault::Stopped(_))));
    assert_eq!(changes(&store), []);
}

#[test]
fn a_reader_reads_a_file_that_nobody_writes() {
    let place = Place::new();
    let store = place.open();
    put(&store, after(0), vec![merchant(1, 1).into()]);
    let before = everything(&store);
    drop(store);
    assert_eq!(everything(&SqliteReader::open(&place.file()).unwrap()), before);
    assert!(SqliteReader::open(&place.beside("nothing.db")).is_err(), "a reader makes no file");
    assert!(!place.beside("nothing.db").exists());
}
