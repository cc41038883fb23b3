//! Two threads between the queue and the file: one decides, one commits.
//!
//! The *decider* takes what waits, runs each step over the working set, and hands what the batch writes to
//! the *committer*; while that one writes and syncs, the next batch is worked out on top. No timer: under
//! little load a step has a commit to itself at once. Under much load the decider hands over as soon as the
//! committer waits for it, so that both are busy.
//!
//! **Invariants.** Batches are committed in the order in which they were decided. An answer is given after
//! the commit of its batch, also one that changed nothing: it may rest on the batch before. When a commit
//! fails, what was decided on top of it fails with it: each batch carries the number of failures its
//! decider knew of.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
    mpsc::{Receiver, SendError, SyncSender},
};

use tokio::runtime::{Handle, RuntimeFlavor};
use tongbao_core::{Task, Time};

use super::{
    rows::SqliteRows,
    tables::{Prepared, Tables},
};
use crate::{
    limits::{BATCH_STEPS_MAX, BATCH_STEPS_MIN},
    port::{Fault, Outcome, Reply, Step},
    rows::Head,
    working::Working,
};

/// What the decider is asked for.
pub(super) enum Job {
    Step(Step, Reply<Outcome>),
    Due(Time, u32, Reply<Vec<Task>>),
}

/// An answer that waits for the commit.
enum Waiting {
    Step(Reply<Outcome>, Result<Outcome, Fault>),
    Due(Reply<Vec<Task>>, Result<Vec<Task>, Fault>),
}

impl Waiting {
    /// Gives the answer; whoever asked may have left.
    fn answer(self) {
        match self {
            Waiting::Step(reply, outcome) => drop(reply.send(outcome)),
            Waiting::Due(reply, tasks) => drop(reply.send(tasks)),
        }
    }

    /// The fault that is not the decision's own.
    fn world_failed(&self) -> Option<&Fault> {
        match self {
            Waiting::Step(_, Err(Fault::Broken(_)) | Ok(_)) | Waiting::Due(_, Ok(_)) => None,
            Waiting::Step(_, Err(fault)) | Waiting::Due(_, Err(fault)) => Some(fault),
        }
    }

    fn fail(self, fault: &Fault) {
        match self {
            Waiting::Step(reply, _) => drop(reply.send(Err(fault.clone()))),
            Waiting::Due(reply, _) => drop(reply.send(Err(fault.clone()))),
        }
    }
}

/// The answers of a batch, given when this is dropped, wherever that is.
struct Answers(Vec<Waiting>);

impl Drop for Answers {
    fn drop(&mut self) {
        self.0.drain(..).for_each(Waiting::answer);
    }
}

/// The runtime this is called in, if its threads work by themselves: see [`Committer::new`].
pub(super) fn runtime() -> Option<Handle> {
    Handle::try_current().ok().filter(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread)
}

/// A batch that was decided.
pub(super) struct Batch {
    writes: Prepared,
    waiting: Vec<Waiting>,
    /// Where the chain stands after it.
    head: Head,
    /// How many commits had failed when it was decided.
    failures: u64,
}

/// What the committer tells the decider.
#[derive(Debug)]
pub(super) struct Standing {
    chain: Mutex<Chain>,
    /// Whether it waits for a batch; only a hint.
    committer_waits: AtomicBool,
}

/// Where the committed chain stands, and how many commits have failed.
#[derive(Clone, Copy, Debug)]
struct Chain {
    durable: Head,
    failures: u64,
}

impl Standing {
    pub(super) fn at(durable: Head) -> Arc<Standing> {
        let chain = Mutex::new(Chain { durable, failures: 0 });
        Arc::new(Standing { chain, committer_waits: AtomicBool::new(true) })
    }

    fn chain(&self) -> MutexGuard<'_, Chain> {
        self.chain.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See the module.
pub(super) struct Decider<'a> {
    rows: SqliteRows<'a>,
    working: Working,
    queue: Receiver<Job>,
    batches: SyncSender<Batch>,
    standing: Arc<Standing>,
    failures: u64,
}

impl Decider<'_> {
    pub(super) fn new(
        rows: SqliteRows<'_>,
        queue: Receiver<Job>,
        batches: SyncSender<Batch>,
        standing: Arc<Standing>,
    ) -> Decider<'_> {
        let durable = standing.chain().durable;
        Decider { rows, working: Working::new(durable), queue, batches, standing, failures: 0 }
    }

    /// Works until nobody can ask any more, a look-up fails, or the committer has stopped.
    pub(super) fn run(mut self) {
        while let Ok(first) = self.queue.recv() {
            self.catch_up();
            let mut waiting = Vec::new();
            if let Err(fault) = self.batch(first, &mut waiting) {
                tracing::error!(%fault, "a look-up failed; the store takes no more steps");
                return waiting.into_iter().for_each(|waiting| waiting.fail(&fault));
            }
            let (writes, head) = self.working.finish();
            self.rows.take(writes.keys.iter().map(|(digest, _)| digest));
            let batch = Batch { writes: Prepared::of(writes), waiting, head, failures: self.failures };
            if let Err(SendError(batch)) = self.batches.send(batch) {
                let fault = Fault::Stopped("the writer has stopped after a failure".to_owned());
                return batch.waiting.into_iter().for_each(|waiting| waiting.fail(&fault));
            }
        }
    }

    /// Decides what waits. After a fault none of it counts.
    fn batch(&mut self, first: Job, waiting: &mut Vec<Waiting>) -> Result<(), Fault> {
        let mut next = Some(first);
        while let Some(job) = next {
            waiting.push(self.decide(job));
            if let Some(fault) = waiting.last().and_then(Waiting::world_failed) {
                return Err(fault.clone());
            }
            next = if self.is_enough(waiting.len()) { None } else { self.queue.try_recv().ok() };
        }
        Ok(())
    }

    fn is_enough(&self, steps: usize) -> bool {
        steps >= BATCH_STEPS_MAX
            || steps >= BATCH_STEPS_MIN && self.standing.committer_waits.load(Ordering::Relaxed)
    }

    /// Forgets what was decided on top of a commit that failed.
    fn catch_up(&mut self) {
        let chain = *self.standing.chain();
        if chain.failures != self.failures {
            self.failures = chain.failures;
            self.working.reset(chain.durable);
        }
    }

    fn decide(&mut self, job: Job) -> Waiting {
        match job {
            Job::Step(step, reply) => {
                let outcome = self.working.step(&mut self.rows, step);
                if let Err(Fault::Broken(why)) = &outcome {
                    tracing::error!(why, "a decision broke an invariant and was refused");
                }
                Waiting::Step(reply, outcome)
            }
            Job::Due(now, limit, reply) => {
                Waiting::Due(reply, self.working.lease(&mut self.rows, now, limit as usize))
            }
        }
    }
}

/// See the module.
pub(super) struct Committer<'a> {
    tables: Tables<'a>,
    batches: Receiver<Batch>,
    standing: Arc<Standing>,
    runtime: Option<Handle>,
    /// Why the last commit failed that failed.
    fault: Fault,
}

impl Committer<'_> {
    /// Answers are given inside `runtime`, where those who wait are: from this thread each of them would
    /// wake a thread of the runtime, which then takes the processor that this one works on.
    pub(super) fn new(
        tables: Tables<'_>,
        batches: Receiver<Batch>,
        standing: Arc<Standing>,
        runtime: Option<Handle>,
    ) -> Committer<'_> {
        Committer { tables, batches, standing, runtime, fault: Fault::Busy }
    }

    fn answer(&self, waiting: Vec<Waiting>) {
        let answers = Answers(waiting);
        match &self.runtime {
            // A runtime that has ended drops the task, and that answers, too.
            Some(runtime) => drop(runtime.spawn(async move { drop(answers) })),
            None => drop(answers),
        }
    }

    /// Works until the decider is gone, or a write fails for good.
    pub(super) fn run(mut self) {
        while let Ok(batch) = self.batches.recv() {
            self.standing.committer_waits.store(false, Ordering::Relaxed);
            if let Err(Fault::Stopped(why)) = self.commit(batch) {
                tracing::error!(why, "a write failed; the store takes no more steps");
                return;
            }
            self.standing.committer_waits.store(true, Ordering::Relaxed);
        }
    }

    fn commit(&mut self, batch: Batch) -> Result<(), Fault> {
        let Batch { writes, waiting, head, failures } = batch;
        let on_top_of_a_failure = failures != self.standing.chain().failures;
        let done = if on_top_of_a_failure { Err(self.fault.clone()) } else { self.tables.commit(writes) };
        match done {
            Ok(()) => {
                self.standing.chain().durable = head;
                // What is committed stands; a disk that fails now is not written to any more.
                let folded = self.tables.checkpoint_within();
                self.answer(waiting);
                folded.and_then(|()| self.tables.checkpoint_beside())
            }
            Err(fault) => {
                // Before the answers: whoever asks again must find a decider that knows.
                if !on_top_of_a_failure {
                    self.standing.chain().failures += 1;
                }
                self.fault = fault.clone();
                for waiting in waiting {
                    waiting.fail(&fault);
                }
                Err(fault)
            }
        }
    }
}
