//! Decisions that break the rules: refused as broken, without a trace, and the store goes on.

use tongbao_core::{ChangeSet, Facts, Need, Record, Stop, Task, Want, Work, ledger::Posting};
use tongbao_money::{Amount, Currency, Money};
use tongbao_store::{Fault, Store};

use crate::by_hand::{
    BANK, after, balance, change, committed, everything, id, merchant, payer, post, posting, purse, put,
    step, yuan,
};

/// A change set with a bit of everything in it that is right, so that something could be left behind.
fn innocent() -> ChangeSet {
    let work = Work::ExpirePayment(id(77));
    ChangeSet {
        records: vec![merchant(70, 1).into(), payer(71, 1, 71).into()],
        postings: vec![posting(BANK, purse(71), yuan(900)), posting(purse(71), purse(72), yuan(300))],
        tasks: vec![Task::new(after(30), work)],
        done: vec![Task::new(after(10), Work::ExpirePayment(id(9))).key],
    }
}

/// Whether a decision is refused as broken, leaves everything as it was, and the store goes on.
#[track_caller]
fn is_broken(store: &dyn Store, decide: impl FnMut(&dyn Facts) -> Result<ChangeSet, Stop> + Send + 'static) {
    put(store, after(0), vec![merchant(1, 1).into(), payer(2, 1, 2).into()]);
    post(store, after(0), vec![posting(BANK, purse(2), yuan(100))]);
    let timer = Task::new(after(10), Work::ExpirePayment(id(9)));
    committed(change(store, after(0), ChangeSet { tasks: vec![timer], ..ChangeSet::default() }));
    let before = everything(store);

    let outcome = step(store, after(1), decide);
    assert!(matches!(outcome, Err(Fault::Broken(_))), "{outcome:?}");
    assert_eq!(everything(store), before);

    let next = committed(change(store, after(2), innocent()));
    assert_eq!(next.number, 4);
    assert_eq!((balance(store, purse(71)), balance(store, purse(72))), (600, 300));
    assert_eq!(balance(store, purse(2)), 100);
}

#[track_caller]
fn change_is_broken(store: &dyn Store, broken: ChangeSet) {
    is_broken(store, move |_| Ok(broken.clone()));
}

#[track_caller]
fn record_is_broken(store: &dyn Store, record: impl Into<Record>) {
    let mut change = innocent();
    change.put(record);
    change_is_broken(store, change);
}

#[track_caller]
fn posting_is_broken(store: &dyn Store, posting: Posting) {
    let mut change = innocent();
    change.postings.push(posting);
    change_is_broken(store, change);
}

pub(crate) fn a_decision_that_panics_changes_nothing(store: &dyn Store) {
    is_broken(store, |facts| {
        facts.record(merchant(1, 1).id.into())?;
        panic!("this decision panics, as the test wants it to");
    });
}

pub(crate) fn a_decision_that_asks_without_end_changes_nothing(store: &dyn Store) {
    is_broken(store, |_| Err(Need(Want::Record(merchant(1, 1).id.into())).into()));
}

pub(crate) fn a_new_record_has_version_one(store: &dyn Store) {
    record_is_broken(store, merchant(3, 2));
}

pub(crate) fn a_version_is_not_skipped(store: &dyn Store) {
    record_is_broken(store, merchant(1, 3));
}

pub(crate) fn a_version_is_not_written_twice(store: &dyn Store) {
    record_is_broken(store, merchant(1, 1));
}

pub(crate) fn a_record_is_written_once_in_a_change(store: &dyn Store) {
    // The innocent part makes the same record, with the same version.
    record_is_broken(store, merchant(70, 1));
}

pub(crate) fn a_key_that_is_taken_stays_where_it_is(store: &dyn Store) {
    record_is_broken(store, payer(3, 1, 2));
}

pub(crate) fn two_records_of_a_change_cannot_take_one_key(store: &dyn Store) {
    record_is_broken(store, payer(73, 1, 71));
}

pub(crate) fn a_posting_of_nothing_is_refused(store: &dyn Store) {
    posting_is_broken(store, posting(BANK, purse(2), yuan(0)));
}

pub(crate) fn a_posting_to_its_own_account_is_refused(store: &dyn Store) {
    posting_is_broken(store, posting(purse(2), purse(2), yuan(1)));
}

pub(crate) fn a_balance_does_not_fall_below_its_floor(store: &dyn Store) {
    posting_is_broken(store, posting(purse(2), BANK, yuan(101)));
}

pub(crate) fn an_account_does_not_overflow(store: &dyn Store) {
    let most = Money { amount: Amount::MAX, currency: Currency::CNY };
    let postings = std::iter::repeat_n(posting(BANK, purse(2), most), 9_300).collect();
    change_is_broken(store, ChangeSet { postings, ..innocent() });
}

pub(crate) fn a_dip_below_the_floor_within_a_change_is_allowed(store: &dyn Store) {
    post(store, after(0), vec![posting(BANK, purse(2), yuan(100))]);
    post(store, after(1), vec![posting(purse(2), purse(3), yuan(250)), posting(BANK, purse(2), yuan(150))]);
    assert_eq!((balance(store, purse(2)), balance(store, purse(3))), (0, 250));
}
