//! The writer thread: takes everything that queued up while the last commit was synced, and shares the
//! next one among it. No timer: under little load a step has a commit to itself at once.

use std::sync::mpsc::Receiver;

use tongbao_core::{Task, Time};

use super::rows::SqliteRows;
use crate::{
    limits::{BATCH_STEPS_MAX, LEASE_MS},
    port::{Fault, Outcome, Reply, Step},
    rows::Head,
    working::Working,
};

/// What the writer is asked for.
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

    fn fail(self, fault: &Fault) {
        match self {
            Waiting::Step(reply, _) => drop(reply.send(Err(fault.clone()))),
            Waiting::Due(reply, _) => drop(reply.send(Err(fault.clone()))),
        }
    }
}

/// See the module.
pub(super) struct Writer<'a> {
    rows: SqliteRows<'a>,
    working: Working,
    queue: Receiver<Job>,
    durable: Head,
}

impl Writer<'_> {
    pub(super) fn new(rows: SqliteRows<'_>, head: Head, queue: Receiver<Job>) -> Writer<'_> {
        Writer { rows, working: Working::new(head), queue, durable: head }
    }

    /// Works until nobody can ask any more, or a write fails.
    pub(super) fn run(mut self) {
        let mut jobs = Vec::with_capacity(BATCH_STEPS_MAX);
        while let Ok(first) = self.queue.recv() {
            jobs.push(first);
            jobs.extend(self.queue.try_iter().take(BATCH_STEPS_MAX - 1));
            if let Err(Fault::Stopped(why)) = self.batch(&mut jobs) {
                tracing::error!(why, "a write failed; the store takes no more steps");
                return;
            }
        }
    }

    fn batch(&mut self, jobs: &mut Vec<Job>) -> Result<(), Fault> {
        let mut waiting = Vec::with_capacity(jobs.len());
        let done =
            self.rows.begin().and_then(|()| self.work(jobs, &mut waiting)).and_then(|()| self.rows.commit());
        match done {
            Ok(()) => {
                self.durable = self.working.rest();
                waiting.into_iter().for_each(Waiting::answer);
                Ok(())
            }
            Err(fault) => {
                for waiting in waiting {
                    waiting.fail(&fault);
                }
                for job in jobs.drain(..) {
                    match job {
                        Job::Step(_, reply) => drop(reply.send(Err(fault.clone()))),
                        Job::Due(_, _, reply) => drop(reply.send(Err(fault.clone()))),
                    }
                }
                self.working.reset(self.durable);
                self.rows.rollback()?;
                Err(fault)
            }
        }
    }

    fn work(&mut self, jobs: &mut Vec<Job>, waiting: &mut Vec<Waiting>) -> Result<(), Fault> {
        for job in jobs.drain(..) {
            match job {
                Job::Step(step, reply) => {
                    let outcome = self.working.step(&mut self.rows, step);
                    let failed =
                        outcome.as_ref().err().filter(|fault| !matches!(fault, Fault::Broken(_))).cloned();
                    if let Err(Fault::Broken(why)) = &outcome {
                        tracing::error!(why, "a decision broke an invariant and was refused");
                    }
                    waiting.push(Waiting::Step(reply, outcome));
                    failed.map_or(Ok(()), Err)?;
                }
                Job::Due(now, limit, reply) => {
                    let until = now.max(self.working.last_at()).plus_ms(LEASE_MS);
                    let tasks = self.rows.lease(now, until, limit);
                    let failed = tasks.as_ref().err().cloned();
                    waiting.push(Waiting::Due(reply, tasks));
                    failed.map_or(Ok(()), Err)?;
                }
            }
        }
        self.working.flush(&mut self.rows)
    }
}
