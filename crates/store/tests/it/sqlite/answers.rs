//! Answers reach whoever waits, whatever became of the runtime in which the store was opened.

use tokio::runtime::{Builder, Runtime};
use tongbao_core::ChangeSet;
use tongbao_store::{Outcome, Step, Store, sqlite::SqliteStore};

use super::Place;
use crate::by_hand::{after, cause, clean, committed, merchant};

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).build().unwrap()
}

fn make(store: &SqliteStore, runtime: &Runtime, number: u64) -> Outcome {
    let change = ChangeSet { records: vec![merchant(number, 1).into()], ..ChangeSet::default() };
    let decide = Box::new(move |_: &dyn tongbao_core::Facts| Ok(change.clone()));
    let answer = store.step(Step { cause: cause(after(0)), decide });
    runtime.block_on(runtime.spawn(answer)).unwrap().unwrap()
}

#[test]
fn a_store_outlives_the_runtime_it_was_opened_in() {
    let place = Place::new();
    let first = runtime();
    let store = first.block_on(async { place.open() });
    assert_eq!(committed(Ok(make(&store, &first, 1))).number, 1);
    let second = runtime();
    assert_eq!(committed(Ok(make(&store, &second, 2))).number, 2);
    first.shutdown_background();
    assert_eq!(committed(Ok(make(&store, &second, 3))).number, 3);
    drop(second);
    let decide = Box::new(|_: &dyn tongbao_core::Facts| Ok(ChangeSet::default()));
    assert_eq!(store.step(Step { cause: cause(after(0)), decide }).wait(), Ok(Outcome::Unchanged));
    clean(&store);
}

#[test]
fn a_runtime_that_nobody_drives_holds_no_answer_up() {
    let place = Place::new();
    let idle = Builder::new_current_thread().build().unwrap();
    let store = idle.block_on(async { place.open() });
    assert_eq!(committed(Ok(make(&store, &runtime(), 1))).number, 1);
}
