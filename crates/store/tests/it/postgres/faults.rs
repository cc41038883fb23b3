//! The database and the way to it fail: nothing acknowledged is lost, nothing is done twice, and nothing needs to be
//! restarted.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use pgtest::Cluster;
use simdisk::Chance;
use tongbao_core::{ChangeSet, id::MerchantId};
use tongbao_store::{Answer, Fault, Outcome, Step, Store, postgres::PostgresStore};

use super::{
    Raw,
    proxy::{Cut, Proxy},
};
use crate::by_hand::{
    BANK, after, balance, cause, clean, id, merchant, post, posting, postings, purse, yuan,
};

/// How long something may take that takes a moment.
const PATIENCE: Duration = Duration::from_mins(1);

/// Does thing `number` unless it is done: a record, and one fen for everybody to count.
fn ask(store: &dyn Store, number: u64) -> Answer<Outcome> {
    let decide = move |facts: &dyn tongbao_core::Facts| {
        if facts.record(id::<MerchantId>(number).into())?.is_some() {
            return Ok(ChangeSet::default());
        }
        let postings = vec![posting(BANK, purse(number % 3), yuan(1))];
        Ok(ChangeSet { records: vec![merchant(number, 1).into()], postings, ..ChangeSet::default() })
    };
    store.step(Step { cause: cause(after(0)), decide: Box::new(decide) })
}

/// Asks again for as long as the store says that it cannot now.
#[track_caller]
fn done(store: &dyn Store, number: u64) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match ask(store, number).wait() {
            Ok(Outcome::Committed(_) | Outcome::Unchanged) => return,
            Err(Fault::Busy | Fault::Away(_)) => {
                assert!(Instant::now() < deadline, "the store did not recover");
            }
            other => panic!("{other:?}"),
        }
        thread::yield_now();
    }
}

/// The store says that it is the database, and not its own queue.
#[track_caller]
fn is_away<T: std::fmt::Debug>(answer: Result<T, Fault>) {
    let fault = answer.unwrap_err();
    assert!(matches!(fault, Fault::Away(_)) && fault.to_string().contains("database is away"), "{fault}");
}

/// Everything from 0 is there once.
#[track_caller]
fn is_there_once(store: &dyn Store, things: u64) {
    assert_eq!(postings(store).len() as u64, things);
    assert_eq!(balance(store, BANK), -i64::try_from(things).unwrap());
    for number in 0..things {
        assert!(store.get::<tongbao_core::merchant::Merchant>(id(number)).unwrap().is_some(), "{number}");
    }
    clean(store);
}

#[test]
fn connections_that_are_killed_lose_and_double_nothing() {
    let Some(url) = pgtest::database() else { return };
    let (store, raw) = (PostgresStore::open(&url).unwrap(), Raw::connect(&url));
    let (next, kills) = (AtomicU64::new(0), 40);
    let (stop, deadline) = (AtomicU64::new(0), Instant::now() + PATIENCE);
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while stop.load(Ordering::Relaxed) == 0 && Instant::now() < deadline {
                    done(&store, next.fetch_add(1, Ordering::Relaxed));
                }
            });
        }
        let mut chance = Chance::new(7);
        let mut killed = 0;
        while killed < kills {
            // At moments that have nothing to do with what the store does.
            let before = next.load(Ordering::Relaxed);
            let wait_for = before + chance.below(25);
            while next.load(Ordering::Relaxed) < wait_for {
                assert!(Instant::now() < deadline, "nobody goes on");
                thread::yield_now();
            }
            let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                       WHERE application_name = 'tongbao' AND datname = current_database()";
            killed += raw.run(sql).len();
        }
        stop.store(1, Ordering::Relaxed);
    });
    is_there_once(&store, next.into_inner());
}

#[test]
fn a_connection_that_breaks_under_a_commit_is_asked_what_became_of_it() {
    let Some(url) = pgtest::database() else { return };
    let server = url.rsplit(':').next().unwrap().split('/').next().unwrap().parse().unwrap();
    let proxy = Proxy::start(server);
    let store =
        PostgresStore::open(&url.replace(&format!(":{server}/"), &format!(":{}/", proxy.port))).unwrap();
    for (number, cut) in (0..30).zip([Cut::Before, Cut::After, Cut::None].into_iter().cycle()) {
        proxy.cut_next(cut);
        // Several share the commit that is cut, and each gets its own answer.
        let answers: Vec<_> = (0..4).map(|part| ask(&store, number * 4 + part)).collect();
        for answer in answers {
            let outcome = answer.wait();
            assert!(matches!(outcome, Ok(Outcome::Committed(_))), "{number}: {outcome:?}");
        }
    }
    assert_eq!(proxy.cuts(), 20);
    is_there_once(&store, 120);
    assert_eq!(clean(&store).changes, 120);
}

#[test]
fn while_the_database_is_away_the_store_says_so_and_recovers() {
    if !pgtest::is_here() {
        return;
    }
    let cluster = Cluster::start();
    let store = PostgresStore::open(&cluster.database()).unwrap();
    let mut number = 0;
    for crash in [false, true] {
        done(&store, number);
        if crash {
            cluster.crash();
        } else {
            cluster.stop();
        }
        for _ in 0..5 {
            is_away(ask(&store, number + 1).wait());
            is_away(store.due(after(0), 1).wait());
            is_away(store.read(tongbao_store::Query::Trial));
        }
        cluster.resume();
        done(&store, number + 1);
        number += 2;
    }
    is_there_once(&store, number);
    // The lane went on where it was.
    let page = store.read(tongbao_store::Query::Lanes(None, 10));
    assert!(matches!(page, Ok(tongbao_store::Page::Lanes(lanes)) if lanes.len() == 1));
}

#[test]
fn commits_that_the_database_lost_are_noticed_and_the_lane_is_left() {
    let Some(url) = pgtest::database() else { return };
    let (store, raw) = (PostgresStore::open(&url).unwrap(), Raw::connect(&url));
    post(&store, after(0), vec![posting(BANK, purse(1), yuan(5))]);
    // As after a fail-over to a copy that had not heard of it yet.
    raw.run("DELETE FROM change; DELETE FROM posting; DELETE FROM account");
    raw.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE application_name = 'tongbao' AND datname = current_database()",
    );
    done(&store, 0);
    let page = store.read(tongbao_store::Query::Lanes(None, 10));
    assert!(matches!(page, Ok(tongbao_store::Page::Lanes(lanes)) if lanes.len() == 2));
    is_there_once(&store, 1);
}

#[test]
fn an_earlier_connection_that_still_holds_the_lane_is_left_behind() {
    let Some(url) = pgtest::database() else { return };
    let (store, raw) = (PostgresStore::open(&url).unwrap(), Raw::connect(&url));
    done(&store, 0);
    raw.run("BEGIN; SELECT number FROM lane FOR UPDATE");
    done(&store, 1);
    raw.run("ROLLBACK");
    done(&store, 2);
    is_there_once(&store, 3);
}

#[test]
fn a_broken_decision_spoils_nobody_elses() {
    let Some(url) = pgtest::database() else { return };
    let store = PostgresStore::open(&url).unwrap();
    done(&store, 0);
    // The second takes what the first has taken by then, without a look.
    let broken = ChangeSet { records: vec![merchant(0, 1).into()], ..ChangeSet::default() };
    let decide = move |_: &dyn tongbao_core::Facts| Ok(broken.clone());
    let first = ask(&store, 1);
    let second = store.step(Step { cause: cause(after(0)), decide: Box::new(decide) });
    let third = ask(&store, 2);
    assert!(matches!(first.wait(), Ok(Outcome::Committed(_))));
    assert!(matches!(second.wait(), Err(Fault::Broken(_))));
    assert!(matches!(third.wait(), Ok(Outcome::Committed(_))));
    is_there_once(&store, 3);
}
