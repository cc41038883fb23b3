//! Records, keys, lists, and pages of rows.

use tongbao_core::{
    Key, List, Record,
    event::{Alarm, AlarmKind},
    id::{MerchantId, TypedId},
    merchant::Merchant,
    payer::Payer,
};
use tongbao_store::{Page, Query, Store};
use uuid::Uuid;

use crate::by_hand::{
    ALL_ROWS, BANK, after, changes, everything, id, keys, listings, merchant, payer, post, posting, postings,
    purse, put, stored, yuan,
};

pub(crate) fn records_are_found_by_id_and_by_key(store: &dyn Store) {
    put(store, after(0), vec![merchant(1, 1).into(), payer(2, 1, 7).into()]);
    assert_eq!(store.get::<Merchant>(id(1)).unwrap(), Some(merchant(1, 1)));
    assert_eq!(store.get::<Merchant>(id(2)).unwrap(), None);
    assert_eq!(store.find::<Payer>(Key::Phone([7; 32])).unwrap(), Some(payer(2, 1, 7)));
    assert_eq!(store.find::<Payer>(Key::Phone([8; 32])).unwrap(), None);
    put(store, after(1), vec![payer(2, 2, 7).into()]);
    assert_eq!(store.find::<Payer>(Key::Phone([7; 32])).unwrap(), Some(payer(2, 2, 7)));
}

const NONE: [u64; 0] = [];

fn listed(store: &dyn Store, after: Option<Uuid>, newest_first: bool, limit: u32) -> Vec<u64> {
    let found = store.records(Query::List { list: List::Merchants, after, newest_first, limit }).unwrap();
    let number = |record: &Record| (1..=9).find(|n| record.id() == id::<MerchantId>(*n).into()).unwrap();
    found.iter().map(number).collect()
}

pub(crate) fn lists_are_paged_both_ways(store: &dyn Store) {
    assert_eq!(listed(store, None, true, 10), NONE);
    // In another order than that of their ids, and one of them changed since.
    for number in [3, 1, 5, 2, 4] {
        put(store, after(0), vec![merchant(number, 1).into()]);
    }
    put(store, after(1), vec![merchant(2, 2).into()]);
    let at = |number| Some(id::<MerchantId>(number).uuid());
    assert_eq!(listed(store, None, true, 10), [5, 4, 3, 2, 1]);
    assert_eq!(listed(store, None, false, 10), [1, 2, 3, 4, 5]);
    assert_eq!(listed(store, None, true, 2), [5, 4]);
    assert_eq!(listed(store, at(4), true, 2), [3, 2]);
    assert_eq!(listed(store, at(2), true, 2), [1]);
    assert_eq!(listed(store, at(1), true, 2), NONE);
    assert_eq!(listed(store, None, false, 3), [1, 2, 3]);
    assert_eq!(listed(store, at(3), false, 3), [4, 5]);
    assert_eq!(listed(store, at(5), false, 3), NONE);
    assert_eq!(listed(store, at(9), true, 1), [5], "a cursor need not be in the list");
    assert_eq!(listed(store, None, true, 0), NONE);
}

pub(crate) fn lists_do_not_mix(store: &dyn Store) {
    let alarm = Alarm {
        id: id(3),
        version: 1,
        kind: AlarmKind::LateMoney,
        subject: id::<MerchantId>(1).into(),
        created_at: after(0),
    };
    put(store, after(0), vec![merchant(1, 1).into(), payer(2, 1, 2).into(), alarm.clone().into()]);
    let all = |list| {
        store.records(Query::List { list, after: None, newest_first: false, limit: ALL_ROWS }).unwrap()
    };
    assert_eq!(all(List::Merchants), [merchant(1, 1).into()]);
    assert_eq!(all(List::Payers), [payer(2, 1, 2).into()]);
    assert_eq!(all(List::Alarms), [alarm.into()]);
    assert_eq!(all(List::Messages), []);
    assert_eq!(all(List::Payments(id(1))), []);
}

pub(crate) fn rows_are_paged_by_number(store: &dyn Store) {
    for number in 1..=6 {
        put(store, after(0), vec![merchant(number, 1).into()]);
        let phone = u8::try_from(100 - number).unwrap();
        put(store, after(0), vec![payer(100 + number, 1, phone).into()]);
        post(store, after(0), vec![posting(BANK, purse(number), yuan(10))]);
    }
    let all = everything(store);
    let (mut index, mut members) = (Vec::new(), Vec::new());
    while let page = keys(store, index.last().map(|(digest, _)| *digest), 4)
        && !page.is_empty()
    {
        index.extend(page);
    }
    while let page = listings(store, members.last().copied(), 5)
        && !page.is_empty()
    {
        members.extend(page);
    }
    assert_eq!((index.len(), members.len()), (6, 12));
    assert_eq!((index, members), (all.keys.clone(), all.listings.clone()));
    let (mut changes, mut postings, mut accounts) = (vec![], vec![], vec![]);
    while let Page::Changes(page) = store.read(Query::Changes(changes.len() as u64, 5)).unwrap()
        && !page.is_empty()
    {
        changes.extend(page);
    }
    while let Page::Postings(page) = store.read(Query::Postings(postings.len() as u64, 4)).unwrap()
        && !page.is_empty()
    {
        postings.extend(page);
    }
    while let Page::Accounts(page) = store.read(Query::Accounts(accounts.len() as u64, 3)).unwrap()
        && !page.is_empty()
    {
        accounts.extend(page);
    }
    assert_eq!((changes, postings), (all.changes, all.postings));
    assert_eq!((accounts, stored(store, 4)), (all.accounts, all.records));
    for query in [Query::Changes(u64::MAX, 9), Query::Postings(u64::MAX, 9), Query::Accounts(u64::MAX, 9)] {
        let page = store.read(query).unwrap();
        let empty = matches!(&page, Page::Changes(lines) if lines.is_empty())
            || matches!(&page, Page::Postings(lines) if lines.is_empty())
            || matches!(&page, Page::Accounts(lines) if lines.is_empty());
        assert!(empty, "{page:?}");
    }
}

pub(crate) fn a_page_is_never_longer_than_its_limit(store: &dyn Store) {
    let limit = usize::try_from(tongbao_store::limits::READ_ROWS_MAX).unwrap();
    for _ in 0..3 {
        let postings = std::iter::repeat_n(posting(BANK, purse(1), yuan(1)), limit / 2).collect();
        post(store, after(0), postings);
    }
    assert_eq!(changes(store).len(), 3);
    assert_eq!(postings(store).len(), limit);
    let count = |query| match store.read(query).unwrap() {
        Page::Postings(lines) => lines.len(),
        Page::Entries(lines) => lines.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!(count(Query::Postings(0, u32::MAX)), limit);
    let account = purse(1).of(yuan(1).currency);
    assert_eq!(count(Query::Entries { account, before: None, limit: u32::MAX }), limit);
    assert_eq!(count(Query::Entries { account, before: None, limit: 7 }), 7);
    assert_eq!(count(Query::Entries { account, before: None, limit: 0 }), 0);
    let movements = |limit| Query::Movements { account, from: after(0), until: after(1), after: 0, limit };
    for (asked, given) in [(u32::MAX, limit), (200, 200), (129, 129), (128, 128), (7, 7), (1, 1), (0, 0)] {
        assert_eq!(count(movements(asked)), given);
    }
}
