//! The change log and its chain of digests.

use tongbao_core::{ChangeSet, Task, Work};
use tongbao_store::{Digest, Outcome, Store, model::ModelStore};

use crate::by_hand::{
    BANK, after, change, changes, clean, committed, id, merchant, payer, post, posting, postings, purse, put,
    yuan,
};

pub(crate) fn every_change_leaves_one_line(store: &dyn Store) {
    put(store, after(0), vec![merchant(1, 1).into(), payer(2, 1, 2).into()]);
    assert_eq!(change(store, after(1), ChangeSet::default()), Ok(Outcome::Unchanged));
    let tasks = vec![Task::new(after(60), Work::ExpirePayment(id(9)))];
    let postings = vec![posting(BANK, purse(2), yuan(9)), posting(purse(2), purse(3), yuan(4))];
    let last = committed(change(store, after(2), ChangeSet { postings, tasks, ..ChangeSet::default() }));
    let lines = changes(store);
    assert_eq!(lines.iter().map(|line| line.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((lines[0].at, lines[1].at), (after(0), after(2)));
    assert_eq!((lines[0].actor.as_str(), lines[0].input.as_str()), ("worker", "act_by_hand"));
    let touched: Vec<_> = lines[0].touched.iter().map(|touched| (touched.id, touched.version)).collect();
    assert_eq!(touched, [(merchant(1, 1).id.into(), 1), (payer(2, 1, 2).id.into(), 1)]);
    assert_eq!((lines[0].postings, lines[1].postings), (0, 2));
    assert_eq!(lines[1].digest, last.digest);
    let report = clean(store);
    assert_eq!((report.changes, report.postings, report.accounts, report.records), (2, 2, 3, 2));
    assert_eq!(report.digest, last.digest);
}

pub(crate) fn digests_depend_on_everything_before(store: &dyn Store) {
    // The same last step over histories that differ in one thing each.
    let last = |store: &dyn Store, name: u64, money: i64, seconds: i64| -> Digest {
        put(store, after(seconds), vec![merchant(name, 1).into()]);
        post(store, after(10), vec![posting(BANK, purse(1), yuan(money))]);
        put(store, after(20), vec![merchant(9, 1).into()]).digest
    };
    let model = |name, money, seconds| last(&ModelStore::default(), name, money, seconds);
    let digest = last(store, 1, 100, 0);
    assert_eq!(digest, model(1, 100, 0), "equal histories have equal digests");
    for other in [model(2, 100, 0), model(1, 101, 0), model(1, 100, 1)] {
        assert_ne!(digest, other);
    }
}

pub(crate) fn digests_cover_who_is_behind_an_account_number(store: &dyn Store) {
    let digest = post(store, after(0), vec![posting(BANK, purse(1), yuan(100))]).digest;
    let other = ModelStore::default();
    assert_ne!(digest, post(&other, after(0), vec![posting(BANK, purse(2), yuan(100))]).digest);
}

pub(crate) fn recorded_times_never_decrease(store: &dyn Store) {
    for seconds in [10, 20, 5, -1_000, 15, 20, 30] {
        post(store, after(seconds), vec![posting(BANK, purse(1), yuan(1))]);
    }
    let expected = [10, 20, 20, 20, 20, 20, 30].map(after);
    assert_eq!(changes(store).iter().map(|line| line.at).collect::<Vec<_>>(), expected);
    assert_eq!(postings(store).iter().map(|line| line.at).collect::<Vec<_>>(), expected);
}
