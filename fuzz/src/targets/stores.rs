//! Programs on two stores: the model and SQLite must give the same answers, the same digests and the same rows.
//!
//! SQLite works on a simulated disk in memory and is given several steps at once, which then share a commit.

use std::{cell::RefCell, ffi::CString};

use simdisk::{Disk, Image};
use tongbao_core::Time;
use tongbao_store::{
    Page, Query, RecordLine, Store,
    model::ModelStore,
    sqlite::{Options, SqliteStore},
    verify::verify,
};

use super::Target;
use crate::{
    bytes::Bytes,
    driver::reached,
    shop::{Action, Answered, World},
};

/// Longest program.
const STEPS_MAX: usize = 60;
/// Payments of a program.
const PAYMENTS_MAX: usize = 6;
/// More rows than any program writes.
const ROWS: u32 = 10_000;
/// Later than anything in a program.
const LATE: Time = Time::from_ms(2_000_000_000_000);

/// See the module.
pub const TARGET: Target = Target { name: "stores", run: target, words: super::actions::TARGET.words };

thread_local! {
    /// One disk for each thread, and what it holds on which an empty store was opened and closed.
    static DISK: RefCell<Option<(Disk, Image)>> = const { RefCell::new(None) };
}

/// Takes an input: how many steps at once, and a program.
pub fn target(input: &[u8]) {
    let mut bytes = Bytes::new(input);
    let at_once = usize::from(bytes.byte() % 12) + 1;
    let (model, mut world) = (ModelStore::default(), World::new(PAYMENTS_MAX));
    let mut played = world.open(&model);
    for _ in 0..STEPS_MAX {
        if bytes.is_empty() {
            break;
        }
        played.push(world.act(&model, bytes.array()));
    }
    DISK.with_borrow_mut(|disk| {
        let (disk, empty) = disk.get_or_insert_with(new_disk);
        disk.restore(empty, 0);
        let sqlite = open(disk);
        agrees(&sqlite, &played, at_once);
        same_rows(&model, &sqlite);
        drop(sqlite);
        // What was committed is there for the next process, which ends the leases of the one before.
        model.end_leases();
        same_rows(&model, &open(disk));
    });
}

fn new_disk() -> (Disk, Image) {
    let disk = Disk::new(0);
    drop(open(&disk));
    let image = disk.image();
    (disk, image)
}

fn open(disk: &Disk) -> SqliteStore {
    let vfs = Some(CString::from(disk.vfs()));
    SqliteStore::open_with(Options { vfs, ..Options::new("store.db".as_ref()) })
        .expect("nothing is wrong with the disk")
}

fn agrees(sqlite: &dyn Store, played: &[(Action, Answered)], at_once: usize) {
    for part in played.chunks(at_once) {
        let asked: Vec<_> = part.iter().map(|(action, _)| action.ask(sqlite)).collect();
        for ((action, expected), asked) in part.iter().zip(asked) {
            assert_eq!(asked.wait(), *expected, "{action:?}");
        }
    }
    reached(&format!("{at_once} at once, {} steps", played.len() / 8));
}

fn same_rows(model: &dyn Store, sqlite: &dyn Store) {
    let questions = [
        Query::Trial,
        Query::Changes(0, ROWS),
        Query::Changes(2, 3),
        Query::Postings(0, ROWS),
        Query::Accounts(0, ROWS),
        Query::Backlog(LATE),
    ];
    for question in questions {
        assert_eq!(sqlite.read(question.clone()), model.read(question.clone()), "{question:?}");
    }
    assert_eq!(stored(sqlite), stored(model));
    let (one, two) = (verify(model, &mut |_| ()), verify(sqlite, &mut |_| ()));
    assert_eq!(one, two);
    assert!(one.is_ok_and(|report| report.is_clean()));
}

/// All records by their ids: each store has an order of its own.
fn stored(store: &dyn Store) -> Vec<RecordLine> {
    let Ok(Page::Stored(mut lines)) = store.read(Query::Stored(None, ROWS)) else {
        panic!("stored forms cannot be read");
    };
    lines.sort_unstable_by_key(|line| line.id);
    lines
}
