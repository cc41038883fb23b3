//! Random programs of real inputs: the stores must come to the same answers, the same digests and the
//! same pages. The number of programs is in `TONGBAO_PROGRAMS`, and the seed they
//! are drawn from in `TONGBAO_SEED`.

mod input;
mod played;
mod readings;
mod world;

use std::{cell::RefCell, collections::BTreeMap, ffi::CString};

use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};
use simdisk::{Disk, Image};
use tongbao_store::{
    Fault, Outcome, Store,
    sqlite::{Options, SqliteStore},
};

pub(crate) use input::{Action, Answered, Asked};
pub(crate) use played::{Played, replayed};
pub(crate) use readings::compare;
pub(crate) use world::{KINDS, Op};

use crate::by_hand::{LATE, clean};

/// Programs, unless the environment says otherwise.
const PROGRAMS: u32 = 1_000;
const STEPS_MAX: usize = 40;
/// Kinds of input.
const INPUTS: usize = 24;

/// A number from the environment.
pub(crate) fn number_from(variable: &str, otherwise: u32) -> u32 {
    std::env::var(variable).map_or(otherwise, |text| text.parse().unwrap())
}

/// The store on a simulated disk, under this name.
pub(crate) fn options(disk: &Disk) -> Options {
    let vfs = Some(CString::from(disk.vfs()));
    Options { vfs, checkpoints_beside: false, ..Options::new("store.db".as_ref()) }
}

/// The same, merging its entries and folding its log often.
fn hasty(disk: &Disk, every: usize) -> Options {
    Options { generation_entries: every * 4, checkpoint_pages: 40, ..options(disk) }
}

/// What a disk holds on which an empty store was opened and closed.
pub(crate) fn empty_store() -> Image {
    let disk = Disk::new(0);
    drop(SqliteStore::open_with(options(&disk)).unwrap());
    disk.image()
}

pub(crate) fn program(steps: usize) -> impl Strategy<Value = Vec<Op>> {
    proptest::collection::vec((0..KINDS, any::<u16>(), any::<u16>(), any::<u16>()), 1..steps)
}

/// Gives a store the actions of a program, some at a time, and compares everything with the model. If the store
/// leases beside its steps, leases are asked for one by one.
#[track_caller]
pub(crate) fn agrees(store: &dyn Store, played: &Played, at_once: usize, leases_beside: bool) {
    let mut rest = played.actions.iter().zip(&played.answers).peekable();
    while rest.peek().is_some() {
        let mut asked = Vec::new();
        while asked.len() < at_once
            && let Some((action, expected)) = rest.next()
        {
            asked.push((action, expected, action.ask(store)));
            let is_lease = |action: &Action| matches!(action, Action::Due { .. });
            if leases_beside && (is_lease(action) || rest.peek().is_some_and(|(next, _)| is_lease(next))) {
                break;
            }
        }
        for (action, expected, asked) in asked {
            assert_eq!(asked.wait(), *expected, "{action:?}");
        }
    }
    readings::compare(&played.world, &played.model, store);
    assert_eq!(clean(store), clean(&played.model));
    assert_eq!(store.due(LATE, 256).wait(), played.model.due(LATE, 256).wait(), "the tasks that are left");
}

/// Plays random programs on the model, and gives each to `compare` with how many actions to ask at once.
pub(crate) fn each_program(programs: u32, compare: impl Fn(&Played, usize)) {
    each_program_of(0, 1, programs, compare);
}

/// The same for one part of so many, each of which has programs of its own.
pub(crate) fn each_program_of(part: u32, parts: u32, programs: u32, compare: impl Fn(&Played, usize)) {
    let all = number_from("TONGBAO_PROGRAMS", programs);
    let config = ProptestConfig {
        cases: all / parts + u32::from(part < all % parts),
        failure_persistence: None,
        max_shrink_iters: 2_000,
        ..ProptestConfig::default()
    };
    let seed = (u128::from(part) << 64 | u128::from(number_from("TONGBAO_SEED", 1))).to_be_bytes();
    let chance = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed, seed].concat());
    let ran =
        TestRunner::new_with_rng(config, chance).run(&(program(STEPS_MAX), 1..12_usize), |(ops, at_once)| {
            compare(&Played::of(&ops), at_once);
            Ok(())
        });
    ran.unwrap();
}

#[test]
fn random_programs_come_to_the_same_on_sqlite_and_the_model() {
    let (disk, empty) = (RefCell::new(Disk::new(0)), empty_store());
    let seen = RefCell::new(Seen::default());
    each_program(PROGRAMS, |played, at_once| {
        let disk = disk.borrow_mut();
        disk.restore(&empty, 0);
        let store = SqliteStore::open_with(hasty(&disk, at_once)).unwrap();
        agrees(&store, played, at_once, false);
        seen.borrow_mut().note(played);
    });
    seen.borrow().check();
}

/// How often each kind of input came to each kind of outcome: programs that never pay show nothing.
#[derive(Debug, Default)]
struct Seen {
    outcomes: BTreeMap<(String, &'static str), u64>,
}

impl Seen {
    fn note(&mut self, played: &Played) {
        for (action, answer) in played.actions.iter().zip(&played.answers) {
            let name = match action {
                Action::Step { input, .. } => input.name(),
                Action::Due { .. } => "Due".to_owned(),
            };
            let outcome = match answer {
                Answered::Due(Ok(tasks)) if tasks.is_empty() => "nothing due",
                Answered::Due(Ok(_)) => "leased",
                Answered::Step(Ok(Outcome::Committed(_))) => "committed",
                Answered::Step(Ok(Outcome::Unchanged)) => "unchanged",
                Answered::Step(Ok(Outcome::Refused(_))) => "refused",
                Answered::Step(Err(Fault::Broken(_))) => "broken",
                Answered::Due(Err(fault)) | Answered::Step(Err(fault)) => panic!("{fault}"),
            };
            *self.outcomes.entry((name, outcome)).or_default() += 1;
        }
    }

    fn check(&self) {
        let committed = self.outcomes.keys().filter(|(_, outcome)| *outcome == "committed").count();
        assert_eq!(committed, INPUTS, "every kind of input is committed now and then: {self:#?}");
        for outcome in ["unchanged", "refused", "leased"] {
            let times: u64 = self.outcomes.iter().filter(|((_, of), _)| *of == outcome).map(|(_, n)| n).sum();
            assert!(times > 0, "{outcome} never came: {self:#?}");
        }
    }
}
