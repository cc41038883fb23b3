//! Every single operation of a day fails, one after the other: once, and from then on. And a full disk.

use simdisk::{Death, Disk, Image, Trouble};
use tongbao_core::ChangeSet;
use tongbao_store::{Fault, Query, Store, sqlite::SqliteStore};

use super::story::{Story, kill, open};
use crate::{
    by_hand::{BANK, LATE, after, balance, change, changes, clean, post, posting, purse, trial, yuan},
    programs,
};

const STEPS: u64 = 14;

/// Fails the n-th operation of a day, for n = 1, 2, 3, … until the day passes without; gives how many
/// operations that were.
fn fail_each(trouble: Trouble) -> u64 {
    let disk = Disk::new(0);
    let mut story = Story::new(11, STEPS);
    for number in 1.. {
        disk.restore(&Image::default(), 2);
        disk.fail(number, trouble);
        let told = story.tell(&disk);
        if !disk.has_failed() {
            assert_eq!(told.fault, None);
            return number - 1;
        }
        assert!(matches!(told.fault, None | Some(Fault::Stopped(_))), "operation {number}: {told:?}");
        // The next process finds all that was acknowledged. What it finds, it may answer by: so that
        // stays even if the power goes now, although a sync has failed before.
        disk.revive(Death::Process);
        let store = open(&disk).unwrap_or_else(|fault| panic!("after operation {number}: {fault}"));
        let seen = changes(&store).len();
        kill(&disk, store, Death::Power);
        let store = open(&disk).unwrap();
        assert!(changes(&store).len() >= seen, "operation {number}: {seen} changes were seen");
        story.check(&store, told.acknowledged);
    }
    unreachable!("the day ends")
}

#[test]
fn any_operation_may_fail_once() {
    assert!(fail_each(Trouble::ErrorOnce) > 100);
}

#[test]
fn any_operation_may_be_the_first_of_many_to_fail() {
    assert!(fail_each(Trouble::ErrorsFrom) > 100);
}

#[test]
fn after_a_failed_write_every_step_is_refused() {
    let disk = Disk::new(1);
    let story = Story::new(12, STEPS);
    let store = open(&disk).unwrap();
    disk.fail(5, Trouble::ErrorOnce);
    assert!(matches!(story.tell_to(&store).fault, Some(Fault::Stopped(_))));
    for action in &story.played.actions {
        let fault = action.ask(&store).wait().fault().cloned();
        assert!(matches!(fault, Some(Fault::Stopped(_))), "{fault:?}");
    }
    // Reading goes on.
    assert_eq!(trial(&store), []);
}

#[test]
fn a_full_disk_refuses_steps_and_goes_on_when_there_is_room_again() {
    /// Bytes that somebody frees each time.
    const FREED: usize = 12_000;
    let disk = Disk::new(2);
    let story = Story::new(13, 60);
    let store = open(&disk).unwrap();
    let mut times_full = 0;
    for (action, expected) in story.played.actions.iter().zip(&story.played.answers) {
        loop {
            let answer = action.ask(&store).wait();
            if answer.fault() != Some(&Fault::Full) {
                assert_eq!(answer, *expected);
                break;
            }
            times_full += 1;
            assert!(store.read(Query::Backlog(LATE)).is_ok());
            clean(&store);
            disk.set_capacity(Some(disk.used() + FREED));
        }
        // Somebody else fills the disk.
        if times_full < 15 {
            disk.set_capacity(Some(disk.used() + FREED / 4));
        } else {
            disk.set_capacity(None);
        }
    }
    assert!(times_full >= 15, "{times_full} times full");
    assert_eq!(clean(&store), clean(&story.played.model));
    programs::compare(&story.played.world, &story.played.model, &store);
}

#[test]
fn a_transfer_that_a_full_disk_refused_has_not_happened() {
    let disk = Disk::new(4);
    let store = open(&disk).unwrap();
    post(&store, after(0), vec![posting(BANK, purse(0), yuan(10_000))]);
    let (mut moved, mut times_full) = (0, 0);
    for number in 1..80 {
        let postings =
            vec![posting(purse(0), purse(number % 9 + 1), yuan(7)), posting(BANK, purse(0), yuan(1))];
        let transfer = ChangeSet { postings, ..ChangeSet::default() };
        while change(&store, after(1), transfer.clone()) == Err(Fault::Full) {
            times_full += 1;
            assert_eq!(balance(&store, purse(0)), 10_000 - 6 * moved);
            clean(&store);
            disk.set_capacity(Some(disk.used() + 9_000));
        }
        moved += 1;
        assert_eq!(balance(&store, purse(0)), 10_000 - 6 * moved);
        disk.set_capacity(Some(disk.used() + 5_000));
    }
    assert!(times_full > 20, "{times_full} times full");
    clean(&store);
}

#[test]
fn a_disk_is_full_also_when_only_the_index_of_the_log_cannot_grow() {
    let disk = Disk::new(5);
    let store = SqliteStore::open_with(programs::options(&disk)).unwrap();
    // The index grows by a region when the log has some four thousand pages. Each step is tried with a little more
    // room, so there it finds enough for its pages, and not for that.
    let mut number = 0;
    while disk.regions_refused() == 0 {
        number += 1;
        assert!(number < 5_000, "the log never grew so long");
        let postings = vec![posting(BANK, purse(number), yuan(5)); 40];
        let transfer = ChangeSet { postings, ..ChangeSet::default() };
        let mut room = disk.used();
        disk.set_capacity(Some(room));
        while let Err(fault) = change(&store, after(0), transfer.clone()) {
            assert_eq!(fault, Fault::Full);
            assert_eq!(balance(&store, purse(number)), 0);
            room += 12_000;
            disk.set_capacity(Some(room));
        }
        assert_eq!(balance(&store, purse(number)), 200);
    }
    disk.set_capacity(None);
    let report = clean(&store);
    drop(store);
    assert_eq!(clean(&open(&disk).unwrap()), report);
}

#[test]
fn a_disk_that_is_full_from_the_start_lets_no_store_open() {
    let disk = Disk::new(3);
    disk.set_capacity(Some(20_000));
    assert_eq!(open(&disk).err(), Some(Fault::Full));
    disk.set_capacity(None);
    assert_eq!(clean(&open(&disk).unwrap()).changes, 0);
}
