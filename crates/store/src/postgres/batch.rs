//! One batch: facts for all its steps, decisions one on top of the other, one write.
//!
//! ```text
//!   try each in order ──▶ something is missing: ask the others, too ──▶ load all of it ─┐
//!         ▲──────────────────────────────────────────────────────────────────────────────┘
//!   all decided ──▶ write ──▶ (the committer) COMMIT
//! ```
//!
//! **Invariants.** What was loaded is locked until the transaction ends, or found unchanged before it does. Steps are
//! decided in the order in which they came.

use super::{
    connect::Trouble,
    facts::{Hold, Looks, load},
    lanes::Lane,
    session::Session,
    write::{Loaded, write},
};
use crate::{
    limits::NEEDS_PER_STEP_MAX,
    port::{Fault, Outcome, Reply, Step},
    rows::Head,
    working::{Attempt, Working},
};

/// A step, and who waits for it.
pub(super) struct Job {
    pub(super) step: Step,
    pub(super) reply: Reply<Outcome>,
}

/// A batch that is decided, and written but not committed.
pub(super) struct Decided {
    /// An outcome for each step.
    pub(super) outcomes: Vec<Result<Outcome, Fault>>,
    /// Where the lane stands after it.
    pub(super) head: Head,
}

/// Decides and writes a batch in a new transaction. `wanted` is what earlier tries asked for; it is loaded first,
/// and what this one asks for is added. Who holds nothing alone takes what is new for new, too.
pub(super) async fn run(
    session: &Session,
    lane: &Lane,
    jobs: &mut [Job],
    wanted: &mut Looks,
    hold: Hold,
) -> Result<Decided, Trouble> {
    let mut batch = Batch::new(session, lane, hold);
    if hold == Hold::Shared {
        // Others are at work: what is held piece by piece would make deadlocks, so it is found out before what.
        let mut scout = Batch::new(session, lane, Hold::Nothing);
        scout.decide_all(jobs, wanted).await?;
        batch.begin = scout.begin;
    }
    let outcomes = batch.decide_all(jobs, wanted).await?;
    let is_broken = |outcome: &Result<Outcome, Fault>| matches!(outcome, Err(Fault::Broken(_)));
    if batch.is_trusting() && outcomes.iter().any(is_broken) {
        let why = "a decision broke an invariant, unless what it took for new is not";
        return Err(Trouble::Again(why.to_owned()));
    }
    let (writes, head) = batch.working.finish();
    if batch.begin.is_some() && !writes.is_empty() {
        batch.load(&Looks::default()).await?;
    }
    Box::pin(write(session, &writes, &batch.loaded, hold == Hold::Records)).await?;
    Ok(Decided { outcomes, head })
}

struct Batch<'a> {
    session: &'a Session,
    /// The lane to hold, while the transaction has not begun.
    begin: Option<u32>,
    working: Working,
    loaded: Loaded,
    hold: Hold,
}

impl<'a> Batch<'a> {
    fn new(session: &'a Session, lane: &Lane, hold: Hold) -> Batch<'a> {
        let (working, loaded) = (Working::new(lane.head), Loaded::default());
        Batch { session, begin: Some(lane.number), working, loaded, hold }
    }

    fn is_trusting(&self) -> bool {
        self.hold != Hold::Alone
    }

    async fn load(&mut self, looks: &Looks) -> Result<(), Trouble> {
        let found = Box::pin(load(self.session, looks, self.begin.take(), self.hold)).await?;
        found.tell(looks, &mut self.working, &mut self.loaded);
        Ok(())
    }

    /// Decides every step, loading what they want.
    async fn decide_all(
        &mut self,
        jobs: &mut [Job],
        wanted: &mut Looks,
    ) -> Result<Vec<Result<Outcome, Fault>>, Trouble> {
        if !wanted.is_empty() {
            self.load(wanted).await?;
        }
        let mut outcomes: Vec<Result<Outcome, Fault>> = Vec::with_capacity(jobs.len());
        let mut rounds = 0;
        while outcomes.len() < jobs.len() {
            let decided = outcomes.len();
            let missing = self.decide(jobs, &mut outcomes);
            if missing.is_empty() {
                continue;
            }
            rounds = if outcomes.len() > decided { 0 } else { rounds + 1 };
            if rounds > NEEDS_PER_STEP_MAX {
                let input = jobs[decided].step.cause.input;
                outcomes.push(Err(Fault::Broken(format!("{input} asks for facts without end"))));
                continue;
            }
            self.load(&missing).await?;
            wanted.join(missing);
        }
        Ok(outcomes)
    }

    /// Decides as many steps as can be; gives what the rest needs to be loaded first.
    fn decide(&mut self, jobs: &mut [Job], outcomes: &mut Vec<Result<Outcome, Fault>>) -> Looks {
        let (mut missing, trusting) = (Looks::default(), self.is_trusting());
        let mut rest = jobs.iter_mut().skip(outcomes.len());
        for job in rest.by_ref() {
            match self.working.attempt(&mut job.step, trusting) {
                Attempt::Done(outcome) => outcomes.push(outcome),
                Attempt::Missing(looks) => {
                    missing.extend(looks);
                    break;
                }
            }
        }
        for job in rest {
            let looks = self.working.probe(&mut job.step, trusting);
            missing.extend(looks);
        }
        missing
    }
}
