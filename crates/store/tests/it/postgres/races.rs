//! Several stores on one database, in each other's way.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use tongbao_core::{
    ChangeSet, Id, Key, Refusal, Task, TaskKey, Work, facts::Facts, id::PayerId, merchant::Merchant,
    payer::Payer,
};
use tongbao_store::{Fault, Outcome, Step, Store, limits::LEASE_MS, postgres::PostgresStore};

use super::Raw;
use crate::by_hand::{
    BANK, after, balance, cause, change, clean, committed, id, merchant, payer, posting, purse, put, step,
    stored_merchant, yuan,
};

/// How long something may take that takes a moment.
const PATIENCE: Duration = Duration::from_mins(1);

/// Tasks that stores lease from each other.
const TASKS: u64 = 300;

fn stores<const N: usize>() -> Option<(String, [PostgresStore; N])> {
    let url = pgtest::database()?;
    let stores = std::array::from_fn(|_| PostgresStore::open(&url).unwrap());
    Some((url, stores))
}

/// Takes a phone number for a payer unless somebody has it.
fn sign_up(number: u64, phone: u8) -> impl FnMut(&dyn Facts) -> Result<ChangeSet, tongbao_core::Stop> + Send {
    move |facts| {
        if facts.key(&Key::Phone([phone; 32]))?.is_some() {
            return Err(Refusal::NotFound("a free number").into());
        }
        let records = vec![payer(number, 1, phone).into()];
        Ok(ChangeSet {
            records,
            postings: vec![posting(BANK, purse(number), yuan(1))],
            ..ChangeSet::default()
        })
    }
}

#[test]
fn of_those_who_race_for_a_key_one_gets_it() {
    let Some((_, stores)) = stores::<4>() else { return };
    for phone in 0..60_u8 {
        let outcomes: Vec<Result<Outcome, Fault>> = thread::scope(|scope| {
            let racing: Vec<_> = (0..)
                .zip(&stores)
                .map(|(number, store)| {
                    let decide = sign_up(u64::from(phone) * 10 + number, phone);
                    scope.spawn(move || step(store, after(0), decide))
                })
                .collect();
            racing.into_iter().map(|race| race.join().unwrap()).collect()
        });
        let won = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Outcome::Committed(_)))).count();
        let lost = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Outcome::Refused(_)))).count();
        assert_eq!((won, lost), (1, 3), "{outcomes:?}");
    }
    assert_eq!(balance(&stores[0], BANK), -60);
    assert_eq!(clean(&stores[1]).changes, 60);
}

#[test]
fn versions_of_a_record_follow_each_other_whoever_writes_them() {
    let Some((_, stores)) = stores::<4>() else { return };
    put(&stores[0], after(0), vec![merchant(1, 1).into()]);
    let decide = || {
        |facts: &dyn Facts| {
            let version = facts.get::<Merchant>(id(1))?.map_or(0, |merchant| merchant.version);
            let postings = vec![posting(BANK, purse(u64::from(version)), yuan(1))];
            Ok(ChangeSet { records: vec![merchant(1, version + 1).into()], postings, ..ChangeSet::default() })
        }
    };
    thread::scope(|scope| {
        for store in &stores {
            scope.spawn(move || {
                for _ in 0..10 {
                    let ask = |_| store.step(Step { cause: cause(after(0)), decide: Box::new(decide()) });
                    let asked: Vec<_> = (0..5).map(ask).collect();
                    for answer in asked {
                        committed(answer.wait());
                    }
                }
            });
        }
    });
    assert_eq!(stored_merchant(&stores[0], 1).unwrap().version, 201);
    assert_eq!(clean(&stores[0]).changes, 201);
}

#[test]
fn a_task_is_leased_to_one_and_done_once() {
    let Some((_, stores)) = stores::<4>() else { return };
    let tasks: Vec<Task> =
        (0..TASKS).map(|number| Task::new(after(1), Work::ExpirePayment(id(number)))).collect();
    committed(change(&stores[0], after(0), ChangeSet { tasks, ..ChangeSet::default() }));
    let (done, deadline) = (AtomicU32::new(0), Instant::now() + PATIENCE);
    thread::scope(|scope| {
        for store in &stores {
            scope.spawn(|| {
                while u64::from(done.load(Ordering::Relaxed)) < TASKS {
                    assert!(Instant::now() < deadline, "somebody does not go on");
                    for task in store.due(after(5), 20).wait().unwrap() {
                        assert!(task.key.due_at >= after(5).plus_ms(LEASE_MS));
                        assert!(finish(store, task.key));
                        assert!(!finish(store, task.key), "it is done");
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(u64::from(done.into_inner()), TASKS);
    assert_eq!(stores[1].due(after(1_000), 100).wait(), Ok(Vec::new()));
}

/// Does a task if it is still under this key.
fn finish(store: &dyn Store, key: TaskKey) -> bool {
    let outcome = step(store, after(6), move |facts| {
        if !facts.task(&key)? {
            return Err(Refusal::LeaseLost.into());
        }
        let postings = vec![posting(BANK, purse(1), yuan(1))];
        Ok(ChangeSet { done: vec![key], postings, ..ChangeSet::default() })
    });
    matches!(outcome, Ok(Outcome::Committed(_)))
}

#[test]
fn who_lost_a_lease_to_another_process_does_nothing() {
    let Some((_, [first, second])) = stores::<2>() else { return };
    let tasks = vec![Task::new(after(1), Work::ExpirePayment(id(1)))];
    committed(change(&first, after(0), ChangeSet { tasks, ..ChangeSet::default() }));
    let held = first.due(after(2), 10).wait().unwrap();
    assert_eq!(second.due(after(3), 10).wait(), Ok(Vec::new()));
    // The second clock is a minute ahead.
    let taken_over = second.due(after(63), 10).wait().unwrap();
    assert!(!finish(&first, held[0].key));
    assert!(finish(&second, taken_over[0].key));
    assert!(!finish(&second, taken_over[0].key));
}

#[test]
fn a_deadlock_is_decided_again() {
    let Some(url) = pgtest::database() else { return };
    let name = url.rsplit('/').next().unwrap();
    // Sooner than the store gives up waiting for a lock.
    Raw::connect(&url).run(&format!("ALTER DATABASE {name} SET deadlock_timeout = '20ms'"));
    let (store, raw) = (PostgresStore::open(&url).unwrap(), Raw::connect(&url));
    // It is the store that is to find out, and to give way.
    raw.run("SET deadlock_timeout = '1min'");
    put(&store, after(0), vec![payer(1, 1, 1).into(), payer(2, 1, 2).into()]);
    let (holds_first, other_waits) = (mpsc::channel(), mpsc::channel());
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let mut signals = Some((holds_first.0, other_waits.1));
    let answer = store.step(Step {
        cause: cause(after(1)),
        decide: Box::new(move |facts| {
            facts.get::<Payer>(id(1))?;
            count.fetch_add(1, Ordering::Relaxed);
            // The first record is held now; go on when somebody waits for it who holds the second.
            if let Some((holds_first, other_waits)) = signals.take() {
                holds_first.send(()).unwrap();
                other_waits.recv_timeout(PATIENCE).unwrap();
            }
            facts.get::<Payer>(id(2))?;
            Ok(ChangeSet {
                records: vec![payer(1, 2, 1).into(), payer(2, 2, 2).into()],
                ..ChangeSet::default()
            })
        }),
    });
    holds_first.1.recv_timeout(PATIENCE).unwrap();
    let hold = |number| {
        let bytes = Id::from(id::<PayerId>(number)).bytes();
        let hex = u128::from_be_bytes(bytes[1..].try_into().unwrap());
        let hex = format!("{:02x}{hex:032x}", bytes[0]);
        format!("SELECT 1 FROM record WHERE id = '\\x{hex}' FOR UPDATE")
    };
    raw.run(&format!("BEGIN; {}", hold(2)));
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            let mine = raw.try_run(&hold(1));
            raw.run("ROLLBACK");
            mine
        });
        // Until it waits, which another session can see.
        let (watching, deadline) = (Raw::connect(&url), Instant::now() + PATIENCE);
        let waits = "SELECT count(*) FROM pg_stat_activity
                     WHERE wait_event_type = 'Lock' AND datname = current_database()";
        while watching.run(waits) != ["1"] {
            assert!(Instant::now() < deadline, "nobody waits");
            thread::yield_now();
        }
        other_waits.0.send(()).unwrap();
        committed(answer.wait());
        other.join().unwrap().expect("the store was the one that gave way");
    });
    assert!(asked.load(Ordering::Relaxed) >= 2, "it was decided again");
    let version = |number| (&store as &dyn Store).get::<Payer>(id(number)).unwrap().unwrap().version;
    assert_eq!((version(1), version(2)), (2, 2));
    clean(&store);
}
