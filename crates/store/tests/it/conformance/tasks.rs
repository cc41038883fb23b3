//! The task queue: due, leased, done.

use tongbao_core::{ChangeSet, Refusal, Task, TaskKey, Time, Work};
use tongbao_store::{
    Backlog, Outcome, Store,
    limits::{DUE_TASKS_MAX, LEASE_MS},
};

use crate::by_hand::{LATE, after, backlog, change, committed, everything, id, merchant, put, step};

/// A timer for the payment with this number.
fn timer(seconds: i64, number: u64) -> Task {
    Task::new(after(seconds), Work::ExpirePayment(id(number)))
}

#[track_caller]
fn plan(store: &dyn Store, tasks: Vec<Task>) {
    committed(change(store, after(0), ChangeSet { tasks, ..ChangeSet::default() }));
}

fn due(store: &dyn Store, now: Time) -> Vec<Task> {
    store.due(now, 100).wait().unwrap()
}

/// The same task at the end of a lease that began at `now`.
fn leased(task: &Task, now: Time) -> Task {
    Task { key: TaskKey { due_at: now.plus_ms(LEASE_MS), ..task.key }, work: task.work }
}

/// Does away with a task if it is still under this key.
fn finish(store: &dyn Store, at: Time, key: TaskKey) -> Outcome {
    let finished = step(store, at, move |facts| {
        if !facts.task(&key)? {
            return Err(Refusal::LeaseLost.into());
        }
        Ok(ChangeSet { done: vec![key], ..ChangeSet::default() })
    });
    finished.unwrap()
}

pub(crate) fn due_tasks_come_oldest_first_and_no_more_than_asked_for(store: &dyn Store) {
    plan(store, vec![timer(30, 1), timer(10, 2), timer(20, 3), timer(10, 4), timer(99, 5)]);
    assert_eq!(due(store, after(9)), []);
    let now = after(30);
    let first = store.due(now, 3).wait().unwrap();
    assert_eq!(first, [leased(&timer(10, 2), now), leased(&timer(10, 4), now), leased(&timer(20, 3), now)]);
    assert_eq!(due(store, now), [leased(&timer(30, 1), now)]);
    assert_eq!(due(store, now), []);

    let many = usize::try_from(DUE_TASKS_MAX).unwrap() + 10;
    plan(store, (0..many as u64).map(|number| timer(40, 1_000 + number)).collect());
    assert_eq!(store.due(after(40), u32::MAX).wait().unwrap().len(), many - 10);
    assert_eq!(store.due(after(40), 0).wait().unwrap(), []);
}

pub(crate) fn a_lease_moves_a_task_under_a_new_key(store: &dyn Store) {
    plan(store, vec![timer(10, 1)]);
    let lines = everything(store).changes;
    let held = due(store, after(12));
    assert_eq!(held, [leased(&timer(10, 1), after(12))]);
    assert_eq!(finish(store, after(13), timer(10, 1).key), Outcome::Refused(Refusal::LeaseLost));
    assert_eq!(everything(store).changes, lines, "a lease is no change of state");
    assert!(matches!(finish(store, after(13), held[0].key), Outcome::Committed(_)));
    assert_eq!(due(store, LATE), []);
}

pub(crate) fn an_expired_lease_is_leased_again(store: &dyn Store) {
    plan(store, vec![timer(10, 1)]);
    let first = due(store, after(12));
    let end = after(12).plus_ms(LEASE_MS);
    assert_eq!(due(store, end.plus_ms(-1)), [], "a lease holds to its end");
    let second = due(store, end);
    assert_eq!(second, [leased(&timer(10, 1), end)]);
    assert_eq!(finish(store, end, first[0].key), Outcome::Refused(Refusal::LeaseLost));
    assert!(matches!(finish(store, end, second[0].key), Outcome::Committed(_)));
    assert_eq!(due(store, LATE), []);
}

pub(crate) fn a_task_that_is_done_under_its_old_key_stays(store: &dyn Store) {
    plan(store, vec![timer(10, 1)]);
    let held = due(store, after(12));
    // Nobody asked whether the key is still good: nothing happens to the task.
    let done = vec![timer(10, 1).key];
    committed(change(store, after(13), ChangeSet { done, ..ChangeSet::default() }));
    assert_eq!(due(store, LATE).len(), 1);
    assert_eq!(held.len(), 1);
}

pub(crate) fn the_key_is_the_fence(store: &dyn Store) {
    plan(store, vec![timer(10, 1)]);
    let held = due(store, after(12));
    let mut answers = Vec::new();
    for _ in 0..5 {
        answers.push(finish(store, after(13), held[0].key));
    }
    let committed = answers.iter().filter(|outcome| matches!(outcome, Outcome::Committed(_))).count();
    let refused = answers.iter().filter(|outcome| **outcome == Outcome::Refused(Refusal::LeaseLost)).count();
    assert_eq!((committed, refused), (1, 4));
}

pub(crate) fn a_task_under_the_same_key_is_replaced(store: &dyn Store) {
    let submit = Task::new(after(10), Work::SubmitAttempt(id(1), id(2)));
    let query = Task::new(after(10), Work::QueryAttempt(id(1), id(2)));
    assert_eq!(submit.key, query.key);
    plan(store, vec![submit]);
    plan(store, vec![query.clone()]);
    assert_eq!(backlog(store, LATE).tasks, 1);
    assert_eq!(due(store, after(10)), [leased(&query, after(10))]);
}

pub(crate) fn removing_a_task_that_is_gone_is_no_error(store: &dyn Store) {
    let done = vec![timer(10, 1).key, timer(10, 1).key];
    committed(change(store, after(0), ChangeSet { done, ..ChangeSet::default() }));
    assert_eq!(backlog(store, LATE), Backlog::default());
}

pub(crate) fn a_lease_outlasts_a_clock_that_is_behind(store: &dyn Store) {
    plan(store, vec![timer(10, 1)]);
    put(store, after(500), vec![merchant(1, 1).into()]);
    // A worker whose clock is behind the log leases from the log's last moment on.
    assert_eq!(due(store, after(20)), [leased(&timer(10, 1), after(500))]);
    assert_eq!(due(store, after(510)), []);
}

pub(crate) fn the_backlog_counts_what_waits(store: &dyn Store) {
    assert_eq!(backlog(store, after(0)), Backlog::default());
    plan(store, vec![timer(10, 1), timer(10, 2), timer(25, 3)]);
    assert_eq!(backlog(store, after(9)), Backlog { due: 0, tasks: 3, oldest_ms: 0 });
    assert_eq!(backlog(store, after(15)), Backlog { due: 2, tasks: 3, oldest_ms: 5_000 });
    due(store, after(15));
    assert_eq!(backlog(store, after(25)), Backlog { due: 1, tasks: 3, oldest_ms: 0 });
}

pub(crate) fn a_task_can_be_moved_in_one_change(store: &dyn Store) {
    plan(store, vec![timer(10, 1)]);
    let moved = ChangeSet { done: vec![timer(10, 1).key], tasks: vec![timer(50, 1)], ..ChangeSet::default() };
    committed(change(store, after(1), moved));
    assert_eq!(due(store, after(49)), []);
    // Put back under the key that is done in the same change, it stays.
    let kept = ChangeSet { done: vec![timer(50, 1).key], tasks: vec![timer(50, 1)], ..ChangeSet::default() };
    committed(change(store, after(2), kept));
    assert_eq!(due(store, after(50)), [leased(&timer(50, 1), after(50))]);
}
