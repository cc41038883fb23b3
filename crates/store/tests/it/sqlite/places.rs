//! Records that would stand at the same place, and files from before records had places.

use rusqlite::Connection;
use tongbao_core::{
    ChangeSet, Id,
    id::{MerchantId, TypedId},
    merchant::Merchant,
};
use tongbao_store::{Fault, Store};
use uuid::Uuid;

use super::Place;
use crate::by_hand::{START_MS, after, change, clean, everything, merchant, payer, put, stored};

/// Merchants made in one millisecond whose ids end alike.
fn alike(number: u128, version: u32) -> Merchant {
    let moment = u128::try_from(START_MS).unwrap() << 80;
    let id = MerchantId::from_uuid(Uuid::from_u128(moment | number << 40 | 7));
    Merchant { id, ..merchant(1, version) }
}

fn get(store: &dyn Store, id: MerchantId) -> Option<Merchant> {
    store.get::<Merchant>(id).unwrap()
}

fn count(place: &Place, table: &str) -> i64 {
    let raw = Connection::open(place.file()).unwrap();
    raw.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

#[test]
fn records_with_the_same_place_are_all_kept() {
    let place = Place::new();
    let store = place.open();
    for number in 0..5 {
        put(&store, after(0), vec![alike(number, 1).into()]);
    }
    put(&store, after(0), vec![merchant(9, 1).into()]);
    put(&store, after(0), (0..5).map(|number| alike(number, 2).into()).collect());
    assert_eq!((count(&place, "record"), count(&place, "displaced")), (2, 4));
    drop(store);
    let store = place.open();
    for number in 0..5 {
        let (first, next) = (alike(number, 1), alike(number, 2));
        assert_eq!(get(&store, next.id), Some(next));
        let change_set = ChangeSet { records: vec![first.into()], ..ChangeSet::default() };
        let again = change(&store, after(0), change_set);
        assert!(matches!(again, Err(Fault::Broken(_))), "{again:?}");
    }
    for at_a_time in [1, 2, 3, 6, 7] {
        let found: Vec<(Id, u32)> =
            stored(&store, at_a_time).iter().map(|line| (line.id, line.version)).collect();
        let mut expected: Vec<(Id, u32)> = (0..5).map(|number| (alike(number, 2).id.into(), 2)).collect();
        expected.push((merchant(9, 1).id.into(), 1));
        expected.sort_unstable();
        assert_eq!(found, expected, "{at_a_time} at a time");
    }
    clean(&store);
}

#[test]
fn a_file_from_before_records_had_places_is_read_and_written() {
    let place = Place::new();
    let store = place.open();
    put(&store, after(0), (1..6).map(|number| merchant(number, 1).into()).collect());
    put(&store, after(0), vec![payer(7, 1, 7).into(), merchant(1, 2).into()]);
    let before = everything(&store);
    drop(store);
    let raw = Connection::open(place.file()).unwrap();
    raw.execute_batch(
        "INSERT INTO displaced SELECT id, version, body FROM record;
         DROP TABLE record;
         DROP TRIGGER displaced_is_not_removed;
         ALTER TABLE displaced RENAME TO record;
         CREATE TRIGGER record_is_not_removed BEFORE DELETE ON record
         BEGIN SELECT RAISE(ABORT, 'records are not removed'); END;
         DELETE FROM migration WHERE number = 3;",
    )
    .unwrap();
    drop(raw);
    let store = place.open();
    assert_eq!((count(&place, "record"), count(&place, "displaced")), (0, 6));
    assert_eq!(everything(&store), before);
    put(&store, after(1), vec![merchant(1, 3).into(), merchant(2, 2).into(), merchant(8, 1).into()]);
    assert_eq!((count(&place, "record"), count(&place, "displaced")), (1, 6));
    assert_eq!(get(&store, merchant(1, 3).id), Some(merchant(1, 3)));
    assert_eq!(get(&store, merchant(8, 1).id), Some(merchant(8, 1)));
    clean(&store);
}
