//! The queue before the writer: full, drained, and shared by many threads.

use std::sync::mpsc::{Receiver, Sender, channel};

use tongbao_core::ChangeSet;
use tongbao_store::{
    Answer, Fault, Outcome, Step, Store,
    limits::{BATCH_STEPS_MAX, QUEUE_STEPS_MAX},
};

use super::Place;
use crate::by_hand::{after, cause, changes, clean, committed, merchant};

/// Keeps the writer busy from when this returns until the sender is dropped.
fn block(store: &dyn Store) -> (Sender<()>, Answer<Outcome>) {
    let (release, released): (Sender<()>, Receiver<()>) = channel();
    let (began, begun) = channel();
    let decide = move |_: &dyn tongbao_core::Facts| {
        began.send(()).unwrap();
        // Ends with an error when the test drops its end.
        assert!(released.recv().is_err());
        Ok(ChangeSet::default())
    };
    let answer = store.step(Step { cause: cause(after(0)), decide: Box::new(decide) });
    begun.recv().unwrap();
    (release, answer)
}

fn make(store: &dyn Store, number: u64) -> Answer<Outcome> {
    let change = ChangeSet { records: vec![merchant(number, 1).into()], ..ChangeSet::default() };
    store.step(Step { cause: cause(after(0)), decide: Box::new(move |_| Ok(change.clone())) })
}

#[test]
fn a_full_queue_answers_busy_and_loses_nothing_it_took() {
    let place = Place::new();
    let store = place.open();
    let (release, blocked) = block(&store);
    let many = u64::try_from(QUEUE_STEPS_MAX).unwrap();
    let taken: Vec<_> = (0..many).map(|number| make(&store, number)).collect();
    assert_eq!(make(&store, many).wait(), Err(Fault::Busy));
    assert_eq!(store.due(after(0), 1).wait(), Err(Fault::Busy));
    assert_eq!(changes(&store), [], "reads go on");
    drop(release);
    assert_eq!(blocked.wait(), Ok(Outcome::Unchanged));
    for (number, answer) in (1..).zip(taken) {
        assert_eq!(committed(answer.wait()).number, number);
    }
    assert_eq!(committed(make(&store, many).wait()).number, many + 1);
    clean(&store);
}

#[test]
fn a_store_that_is_closed_finishes_what_waits() {
    let place = Place::new();
    let store = place.open();
    let (release, blocked) = block(&store);
    let many = u64::try_from(BATCH_STEPS_MAX).unwrap() * 2 + 3;
    let taken: Vec<_> = (0..many).map(|number| make(&store, number)).collect();
    let closing = std::thread::spawn(move || drop(store));
    drop(release);
    closing.join().unwrap();
    assert_eq!(blocked.wait(), Ok(Outcome::Unchanged));
    for (number, answer) in (1..).zip(taken) {
        assert_eq!(committed(answer.wait()).number, number);
    }
    assert_eq!(clean(&place.open()).changes, many);
}

#[test]
fn a_broken_step_takes_nobody_of_its_batch_with_it() {
    let place = Place::new();
    let store = place.open();
    let (release, blocked) = block(&store);
    let before = make(&store, 1);
    let panics = store.step(Step {
        cause: cause(after(0)),
        decide: Box::new(|_| panic!("this decision panics, as the test wants it to")),
    });
    let again = make(&store, 1);
    let behind = make(&store, 2);
    drop(release);
    blocked.wait().unwrap();
    assert_eq!(committed(before.wait()).number, 1);
    for broken in [panics.wait(), again.wait()] {
        assert!(matches!(broken, Err(Fault::Broken(_))), "{broken:?}");
    }
    assert_eq!(committed(behind.wait()).number, 2);
    clean(&store);
}

#[test]
fn who_does_not_wait_for_an_answer_still_gets_the_step_taken() {
    let place = Place::new();
    let store = place.open();
    for number in 0..50 {
        drop(make(&store, number));
    }
    drop(store);
    assert_eq!(clean(&place.open()).changes, 50);
}
