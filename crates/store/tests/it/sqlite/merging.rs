//! Entries that commits put off: found before, while and after they are merged into their tables, slice by
//! slice, and also when the store is closed in between.

use simdisk::Disk;
use tongbao_core::{ChangeSet, List, Record};
use tongbao_store::{
    Fault, Query, Store,
    model::ModelStore,
    sqlite::{Options, SqliteStore},
};

use uuid::Uuid;

use crate::{
    by_hand::{
        ALL_ROWS, BANK, after, change, clean, everything, keys, listings, payer, post, posting, purse, put,
        yuan,
    },
    programs,
};

/// Enough for several slices.
const GENERATION: usize = 300;
const STEPS: u64 = 900;

fn open(disk: &Disk) -> SqliteStore {
    let options = Options { generation_entries: GENERATION, ..programs::options(disk) };
    SqliteStore::open_with(options).unwrap()
}

/// A payer whose phone depends on the number; in another order than the ids.
fn scattered(number: u64) -> Record {
    let mut payer = payer(number, 1, 0);
    let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    payer.phone_digest[..8].copy_from_slice(&mixed.to_be_bytes());
    payer.into()
}

/// The n-th step: a payer with a key and a place in a list, or money for an earlier one.
fn take(store: &dyn Store, number: u64) {
    if number.is_multiple_of(3) {
        post(
            store,
            after(0),
            vec![posting(BANK, purse(number % 40), yuan(9)), posting(BANK, purse(5), yuan(1))],
        );
    } else {
        put(store, after(0), vec![scattered(number)]);
    }
}

#[track_caller]
fn agree(store: &dyn Store, model: &dyn Store, number: u64) {
    let listed = |store: &dyn Store, newest_first, limit| {
        store.records(Query::List { list: List::Payers, after: None, newest_first, limit }).unwrap()
    };
    for early in (1..number + 3).step_by(37) {
        let key = scattered(early).keys().remove(0);
        assert_eq!(
            store.read(Query::Key(key.clone())),
            model.read(Query::Key(key)),
            "{early} after {number}"
        );
    }
    assert_eq!(keys(store, None, 50), keys(model, None, 50));
    let (key, member) = (scattered(number / 3 + 1).keys()[0].digest(), (List::Payers.bytes(), Uuid::nil()));
    assert_eq!(keys(store, Some(key), 9), keys(model, Some(key), 9));
    assert_eq!(listings(store, Some(member), 60), listings(model, Some(member), 60));
    assert_eq!(listed(store, true, 70), listed(model, true, 70));
    assert_eq!(listed(store, false, 70), listed(model, false, 70));
    for purse in [BANK, purse(5), purse(number % 40)] {
        let account = purse.of(yuan(1).currency);
        assert_eq!(store.account(account), model.account(account));
    }
}

#[test]
fn entries_are_found_while_they_are_merged_slice_by_slice() {
    let (disk, model) = (Disk::new(1), ModelStore::default());
    let mut store = open(&disk);
    for number in 1..=STEPS {
        take(&store, number);
        take(&model, number);
        if number.is_multiple_of(5) {
            agree(&store, &model, number);
        }
        if number.is_multiple_of(71) {
            drop(store);
            store = open(&disk);
            agree(&store, &model, number);
        }
    }
    assert_eq!(everything(&store), everything(&model));
    let all = |store: &dyn Store| {
        let list = List::Payers;
        store.records(Query::List { list, after: None, newest_first: false, limit: ALL_ROWS }).unwrap()
    };
    assert_eq!(all(&store), all(&model));
    assert_eq!(clean(&store), clean(&model));
}

#[test]
fn a_key_stays_taken_while_it_is_merged() {
    let disk = Disk::new(2);
    let store = open(&disk);
    for number in 1..=STEPS / 2 {
        put(&store, after(0), vec![scattered(number)]);
        let mut thief = payer(1_000_000 + number, 1, 0);
        let Record::Payer(holder) = scattered(number / 2 + 1) else { panic!("not a payer") };
        thief.phone_digest = holder.phone_digest;
        let stolen =
            change(&store, after(0), ChangeSet { records: vec![thief.into()], ..ChangeSet::default() });
        assert!(matches!(stolen, Err(Fault::Broken(_))), "{stolen:?}");
    }
    drop(store);
    clean(&open(&disk));
}
