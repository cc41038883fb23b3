//! A day on a disk that may fail: real steps in batches that are always the same, and what must be left
//! of them afterwards.

use std::{
    collections::HashMap,
    sync::mpsc::{Receiver, Sender, channel},
};

use simdisk::{Chance, Death, Disk, Trouble};
use tongbao_core::{ChangeSet, Facts, Task};
use tongbao_store::{
    Answer, Fault, Outcome, Step, Store,
    model::ModelStore,
    sqlite::{Options, SqliteStore},
};

use crate::{
    by_hand::{LATE, after, cause, changes, clean},
    programs::{self, Action, Answered, KINDS, Op, Played},
};

/// More tasks than any story leaves.
const TASKS_MAX: u32 = 256;

/// See the module.
pub(crate) struct Story {
    pub(crate) played: Played,
    /// How many actions each batch has.
    batches: Vec<usize>,
    expected: HashMap<usize, Expected>,
}

/// What the first so many actions leave.
struct Expected {
    model: ModelStore,
    tasks: Vec<Task>,
}

/// What became of a story: how many of its actions were answered well, and the fault that ended it.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) acknowledged: usize,
    pub(crate) fault: Option<Fault>,
}

/// The store on a disk, folding its log and merging its entries all the time: on some disks each
/// generation at once, on others in slices.
pub(crate) fn open(disk: &Disk) -> Result<SqliteStore, Fault> {
    SqliteStore::open_with(often(disk))
}

/// The same, folding the log on a thread of its own.
pub(crate) fn open_beside(disk: &Disk) -> Result<SqliteStore, Fault> {
    SqliteStore::open_with(Options { checkpoints_beside: true, ..often(disk) })
}

fn often(disk: &Disk) -> Options {
    let generation_entries = if disk.seed().is_multiple_of(2) { 25 } else { 100 };
    Options { checkpoint_pages: 9, generation_entries, ..programs::options(disk) }
}

/// Keeps the writer busy until the sender is dropped; `None` if the writer is gone.
fn hold_up(store: &dyn Store) -> Option<(Sender<()>, Answer<Outcome>)> {
    let (release, released): (Sender<()>, Receiver<()>) = channel();
    let (began, begun) = channel();
    let decide = move |_: &dyn Facts| {
        began.send(()).unwrap();
        assert!(released.recv().is_err(), "nothing is ever sent");
        Ok(ChangeSet::default())
    };
    let answer = store.step(Step { cause: cause(after(0)), decide: Box::new(decide) });
    begun.recv().ok().map(|()| (release, answer))
}

impl Story {
    /// The story of this seed.
    pub(crate) fn new(seed: u64, steps: u64) -> Story {
        let mut chance = Chance::new(seed);
        let number = |chance: &mut Chance| u16::try_from(chance.below(1 << 16)).unwrap();
        let mut op = || -> Op {
            let kind = u8::try_from(chance.below(u64::from(KINDS))).unwrap();
            (kind, number(&mut chance), number(&mut chance), number(&mut chance))
        };
        let ops: Vec<Op> = (0..steps).map(|_| op()).collect();
        let played = Played::of(&ops);
        let mut batches = Vec::new();
        while batches.iter().sum::<usize>() < played.actions.len() {
            let left = played.actions.len() - batches.iter().sum::<usize>();
            let size = if chance.once_in(2) { 1 } else { 1 + chance.below(6) };
            batches.push(usize::try_from(size).unwrap().min(left));
        }
        Story { played, batches, expected: HashMap::new() }
    }

    /// Opens a store on the disk and does it all, until the end or the first fault. Whatever is answered
    /// well must be as the model says.
    #[track_caller]
    pub(crate) fn tell(&self, disk: &Disk) -> Told {
        match open(disk) {
            Ok(store) => self.tell_to(&store),
            Err(fault) => Told { acknowledged: 0, fault: Some(fault) },
        }
    }

    #[track_caller]
    pub(crate) fn tell_to(&self, store: &dyn Store) -> Told {
        let mut acknowledged = 0;
        for size in &self.batches {
            let range = acknowledged..acknowledged + size;
            let answers = ask_together(store, &self.played.actions[range.clone()]);
            let fault = answers.iter().find_map(|answer| world_failed(answer.fault()));
            if let Some(fault) = fault {
                let all = answers.iter().all(|answer| world_failed(answer.fault()).is_some());
                assert!(all, "a batch fails as a whole: {answers:?}");
                return Told { acknowledged, fault: Some(fault) };
            }
            assert_eq!(answers, self.played.answers[range]);
            acknowledged += size;
        }
        Told { acknowledged, fault: None }
    }

    /// Where the batch that begins at `from` ends.
    fn end_of_batch(&self, from: usize) -> usize {
        let mut end = 0;
        for size in &self.batches {
            if end == from {
                return end + size;
            }
            end += size;
        }
        end
    }

    fn expected(&mut self, actions: usize) -> &Expected {
        let Story { expected, played, .. } = self;
        expected.entry(actions).or_insert_with(|| {
            let known = &played.actions[..actions];
            let tasks = all_tasks(&programs::replayed(known));
            Expected { model: programs::replayed(known), tasks }
        })
    }

    /// Checks what a store holds after a death: everything that was acknowledged; of the batch that was
    /// under way all or nothing; and nothing else. Takes all tasks.
    #[track_caller]
    pub(crate) fn check(&mut self, store: &dyn Store, acknowledged: usize) {
        let report = clean(store);
        let tasks = all_tasks(store);
        let mut differ = Vec::new();
        for actions in [acknowledged, self.end_of_batch(acknowledged)] {
            let expected = self.expected(actions);
            let lines = changes(&expected.model);
            let digest = lines.last().map_or([0; 32], |line| line.digest);
            if (report.changes, report.digest) == (lines.len() as u64, digest) && tasks == expected.tasks {
                if actions % 7 == 0 {
                    self.compare(store, actions);
                }
                return;
            }
            differ.push((actions, lines.len()));
        }
        panic!(
            "the store has {} changes and {} tasks; after so many actions there are so many changes: {differ:?}",
            report.changes,
            tasks.len()
        );
    }

    /// Compares every page but the backlog, as the tasks were taken.
    #[track_caller]
    fn compare(&mut self, store: &dyn Store, actions: usize) {
        let Story { expected, played, .. } = self;
        let known = programs::replayed(&played.actions[..actions]);
        known.due(LATE, TASKS_MAX).wait().unwrap();
        assert!(expected.contains_key(&actions));
        programs::compare(&played.world, &known, store);
    }
}

/// Takes all tasks. In the order of their ids: a store that comes back has ended leases, which the model of
/// a day without a death has not.
fn all_tasks(store: &dyn Store) -> Vec<Task> {
    let mut tasks = store.due(LATE, TASKS_MAX).wait().unwrap();
    tasks.sort_unstable_by_key(|task| task.key.id);
    tasks
}

/// The fault, if it is of the world and not of the decision.
fn world_failed(fault: Option<&Fault>) -> Option<Fault> {
    match fault {
        None | Some(Fault::Broken(_)) => None,
        Some(fault @ (Fault::Stopped(_) | Fault::Full)) => Some(fault.clone()),
        Some(fault @ (Fault::Busy | Fault::Away(_) | Fault::Unreadable(_))) => {
            panic!("not among what may come: {fault}")
        }
    }
}

/// Asks for all of it in one batch.
fn ask_together(store: &dyn Store, actions: &[Action]) -> Vec<Answered> {
    let held_up = if actions.len() > 1 { hold_up(store) } else { None };
    let asked: Vec<_> = actions.iter().map(|action| action.ask(store)).collect();
    if let Some((release, answer)) = held_up {
        drop(release);
        drop(answer.wait());
    }
    asked.into_iter().map(programs::Asked::wait).collect()
}

/// Cuts the power, or ends the process, before anything else can happen: a store that is dropped in peace
/// would tidy up.
pub(crate) fn kill(disk: &Disk, store: impl Store, death: Death) {
    disk.fail(1, Trouble::Death);
    drop(store);
    disk.revive(death);
}
