//! More than the writer keeps in memory: what it has forgotten it looks up again.

use simdisk::Disk;
use tongbao_core::{ChangeSet, Record};
use tongbao_store::{Fault, limits::CACHED_RECORDS_MAX, sqlite::SqliteStore};

use crate::{
    by_hand::{after, change, committed, merchant, payer, put},
    programs,
};

/// Records made by one step.
const PER_STEP: u64 = 400;

#[test]
fn a_record_that_was_forgotten_is_found_again() {
    let disk = Disk::new(0);
    let store = SqliteStore::open_with(programs::options(&disk)).unwrap();
    put(&store, after(0), vec![payer(7, 1, 7).into()]);
    // Two generations, and what may come in with the steps that fill them.
    let records = 2 * u64::try_from(CACHED_RECORDS_MAX).unwrap() + 4 * PER_STEP;
    for first in (1..records).step_by(usize::try_from(PER_STEP).unwrap()) {
        let records: Vec<Record> =
            (first..first + PER_STEP).map(|number| merchant(number, 1).into()).collect();
        put(&store, after(0), records);
    }
    let write = |record: Record| {
        change(&store, after(1), ChangeSet { records: vec![record], ..ChangeSet::default() })
    };
    for number in [1, 2, PER_STEP, records / 2] {
        let again = write(merchant(number, 1).into());
        assert!(matches!(again, Err(Fault::Broken(_))), "{again:?}");
        committed(write(merchant(number, 2).into()));
    }
    let stolen = write(payer(8, 1, 7).into());
    assert!(matches!(stolen, Err(Fault::Broken(_))), "{stolen:?}");
    committed(write(payer(7, 2, 7).into()));
}
