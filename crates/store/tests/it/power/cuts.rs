//! Power cuts, and the ends of processes, at any moment. How many is in `TONGBAO_CUTS`.

use simdisk::{Chance, Death, Disk, Image, Trouble};

use super::story::{Story, kill, open, open_beside};
use crate::{
    by_hand::changes,
    programs::{empty_store, number_from},
};

/// Power cuts, unless the environment says otherwise; of the other deaths there are fewer.
const CUTS: u32 = 1_000;
/// Trials with one story.
const TRIALS_PER_STORY: u32 = 50;
const STEPS: u64 = 30;

/// A trial: a story, a disk with nothing or an empty store on it, and where it dies.
struct Trial<'a> {
    story: &'a mut Story,
    disk: &'a Disk,
    chance: Chance,
    acknowledged: usize,
}

/// Runs as many trials as `share` of all cuts: each tells a story on a disk that dies at some operation.
fn trials(share: u32, mut then: impl FnMut(Trial<'_>)) {
    let count = (number_from("TONGBAO_CUTS", CUTS) / share).max(1);
    let (disk, empty) = (Disk::new(0), empty_store());
    let mut died = 0;
    for first in (0..count).step_by(usize::try_from(TRIALS_PER_STORY).unwrap()) {
        let mut story = Story::new(u64::from(first + share), STEPS);
        let images = [Image::default(), empty.clone()];
        let whole = images.each_ref().map(|image| [0, 1].map(|seed| operations(&story, &disk, image, seed)));
        for number in first..(first + TRIALS_PER_STORY).min(count) {
            let seed = u64::from(number) * 1_001 + u64::from(share);
            let mut chance = Chance::new(seed);
            let from = usize::try_from(chance.below(4).min(1)).unwrap();
            disk.restore(&images[from], seed);
            let whole = whole[from][usize::from(!seed.is_multiple_of(2))];
            disk.fail(1 + chance.below(whole), Trouble::Death);
            let told = story.tell(&disk);
            assert!(disk.has_failed() || told.fault.is_none());
            died += u32::from(disk.has_failed());
            then(Trial { story: &mut story, disk: &disk, chance, acknowledged: told.acknowledged });
        }
    }
    // Two threads read and write, so a story may take an operation less than the one that was counted.
    assert!(died * 20 >= count * 19, "only {died} of {count} disks died");
}

/// How many operations a story takes when nothing goes wrong.
fn operations(story: &Story, disk: &Disk, image: &Image, seed: u64) -> u64 {
    disk.restore(image, seed);
    let before = disk.operations();
    assert_eq!(story.tell(disk).fault, None);
    disk.operations() - before
}

#[test]
fn a_power_cut_loses_nothing_that_was_acknowledged_and_leaves_nothing_half_done() {
    trials(1, |trial| {
        trial.disk.revive(Death::Power);
        trial.story.check(&open(trial.disk).unwrap(), trial.acknowledged);
    });
}

#[test]
fn the_end_of_the_process_loses_nothing_and_leaves_nothing_half_done() {
    trials(3, |trial| {
        trial.disk.revive(Death::Process);
        trial.story.check(&open(trial.disk).unwrap(), trial.acknowledged);
    });
}

#[test]
fn a_second_death_while_coming_back_changes_nothing() {
    trials(4, |mut trial| {
        let death = |chance: &mut Chance| if chance.once_in(2) { Death::Power } else { Death::Process };
        for _ in 0..3 {
            trial.disk.revive(death(&mut trial.chance));
            trial.disk.fail(1 + trial.chance.below(60), Trouble::Death);
            drop(open(trial.disk));
        }
        trial.disk.revive(death(&mut trial.chance));
        trial.story.check(&open(trial.disk).unwrap(), trial.acknowledged);
    });
}

#[test]
fn what_was_seen_after_coming_back_survives_a_power_cut() {
    trials(3, |trial| {
        // The process ends between writing a commit and syncing it. The next one finds the commit and
        // answers by it: then it must stay.
        trial.disk.revive(Death::Process);
        let store = open(trial.disk).unwrap();
        let seen = changes(&store).len();
        kill(trial.disk, store, Death::Power);
        let store = open(trial.disk).unwrap();
        assert!(changes(&store).len() >= seen, "{} changes are left of {seen}", changes(&store).len());
        trial.story.check(&store, trial.acknowledged);
    });
}

#[test]
fn a_power_cut_while_the_log_is_folded_beside_the_commits_loses_nothing() {
    let disk = Disk::new(0);
    let mut story = Story::new(8, STEPS);
    let whole = operations(&story, &disk, &Image::default(), 0);
    for number in 0..(number_from("TONGBAO_CUTS", CUTS) / 4).max(1) {
        let mut chance = Chance::new(u64::from(number));
        disk.restore(&Image::default(), chance.below(1 << 20));
        // Two threads write: the operations come in another order each time, and it may end alive.
        disk.fail(1 + chance.below(whole), Trouble::Death);
        let acknowledged = match open_beside(&disk) {
            Ok(store) => story.tell_to(&store).acknowledged,
            Err(_) => 0,
        };
        disk.revive(Death::Power);
        story.check(&open(&disk).unwrap(), acknowledged);
    }
}

#[test]
fn a_story_makes_the_same_operations_every_time() {
    let disk = Disk::new(0);
    let story = Story::new(7, STEPS);
    let mut counts = (0..3).map(|_| {
        disk.restore(&Image::default(), 0);
        let before = (disk.operations(), disk.syncs());
        assert_eq!(story.tell(&disk).acknowledged, story.played.actions.len());
        (disk.operations() - before.0, disk.syncs() - before.1)
    });
    let first = counts.next();
    assert!(counts.all(|count| Some(count) == first));
}
