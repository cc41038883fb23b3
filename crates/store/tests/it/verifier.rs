//! The verifier beside a store that does not stand still.

use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};

use tongbao_core::{Task, Time};
use tongbao_store::{Answer, Fault, Outcome, Page, Query, Step, Store, model::ModelStore};

use crate::by_hand::{BANK, after, changes, clean, merchant, post, posting, purse, put, yuan};

/// A store in which something is committed before every read.
#[derive(Default)]
struct Growing {
    inner: ModelStore,
    reads: AtomicU64,
    one_at_a_time: Mutex<()>,
}

impl Store for Growing {
    fn step(&self, step: Step) -> Answer<Outcome> {
        self.inner.step(step)
    }

    fn due(&self, now: Time, limit: u32) -> Answer<Vec<Task>> {
        self.inner.due(now, limit)
    }

    fn read(&self, query: Query) -> Result<Page, Fault> {
        let reads = self.reads.fetch_add(1, Ordering::Relaxed);
        assert!(reads < 1_000, "whoever runs after a store that grows never arrives");
        // The verifier reads on several threads; the next version is made by one of them at a time.
        let _one_at_a_time = self.one_at_a_time.lock();
        let mut next = merchant(1, 1);
        next.version = u32::try_from(changes(&self.inner).len() / 2 + 1).unwrap();
        put(&self.inner, after(0), vec![next.into()]);
        post(&self.inner, after(0), vec![posting(BANK, purse(reads), yuan(5))]);
        self.inner.read(query)
    }
}

#[test]
fn the_verifier_comes_to_an_end_while_the_store_grows() {
    let store = Growing::default();
    let report = clean(&store);
    assert!(report.changes >= 2, "{report:?}");
    let all = clean(&store.inner);
    assert!(all.changes > report.changes);
}

#[test]
fn the_verifier_tells_how_far_it_has_come() {
    let store = ModelStore::default();
    put(&store, after(0), vec![merchant(1, 1).into()]);
    post(&store, after(0), vec![posting(BANK, purse(1), yuan(5))]);
    let mut told = Vec::new();
    let report = tongbao_store::verify::verify(&store, &mut |rows| told.push(rows)).unwrap();
    assert!(told.is_sorted());
    assert_eq!(told.last(), Some(&(report.changes + report.postings + report.records)));
}
