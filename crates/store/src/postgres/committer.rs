//! Between the queue and the database: one task that makes batches of what waits, and commits them.
//!
//! A batch that collides with another process is rolled back and decided again, at first whole, then in halves.
//! When the connection broke under a COMMIT, the next one looks for the batch's last change: holding the row of the
//! lane, which the old transaction held, it knows that that one has ended.
//!
//! **Invariants.** An answer is given after the commit it depends on. While the database is away whoever asks is
//! told to ask later; nothing needs to be restarted when it is back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use deadpool_postgres::Pool;
use tokio::{sync::mpsc::Receiver, time::Instant};

use super::{
    batch::{self, Decided, Job},
    connect::{Trouble, trouble_of_commit},
    facts::{Hold, Looks, digest_of_change},
    lanes::Lane,
    session::Session,
};
use crate::{
    lane::within,
    limits::BATCH_STEPS_MAX,
    port::{Fault, Outcome},
    rows::Head,
};

/// How often a batch is decided before it is halved.
const TRIES_MAX: u32 = 4;

/// After this time a batch that collides is given up instead of halved.
const WORK_TIME_MAX: Duration = Duration::from_secs(10);

/// After a collision accounts are held while batches are decided, for this long: others are at work, too.
const ALONE_AFTER: Duration = Duration::from_secs(10);

/// How long a batch may take; longer, and the connection is taken for broken.
const BATCH_TIMEOUT: Duration = Duration::from_secs(30);

/// How long it is tried to find out whether a batch was committed.
const ASCERTAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// After a connection failed none is tried for this long: who asks meanwhile is told at once.
const CONNECT_PAUSE: Duration = Duration::from_millis(200);

/// The longest pause before the first repetition; each later one may be that much longer.
const AGAIN_PAUSE_MS: u64 = 8;

/// See the module.
pub(super) struct Committer {
    pool: Pool,
    queue: Receiver<Job>,
    session: Option<Session>,
    lane: Option<Lane>,
    /// When the last change of this process was recorded, in milliseconds, for leases.
    latest: Arc<AtomicI64>,
    /// When a connection failed last, and why.
    failed: Option<(Instant, String)>,
    /// When a batch collided last.
    collided_at: Option<Instant>,
}

impl Committer {
    /// Connects, and takes a lane.
    pub(super) async fn start(
        pool: Pool,
        queue: Receiver<Job>,
        latest: Arc<AtomicI64>,
    ) -> Result<Committer, Trouble> {
        let mut committer =
            Committer { pool, queue, session: None, lane: None, latest, failed: None, collided_at: None };
        committer.ready().await?;
        Ok(committer)
    }

    /// Works until nobody can ask any more.
    pub(super) async fn run(mut self) {
        while let Some(first) = self.queue.recv().await {
            let mut jobs = vec![first];
            while jobs.len() < BATCH_STEPS_MAX
                && let Ok(job) = self.queue.try_recv()
            {
                jobs.push(job);
            }
            self.work(jobs).await;
        }
    }

    /// Does a batch: whole, or else in halves, so that what cannot be done is found and the rest is done.
    async fn work(&mut self, jobs: Vec<Job>) {
        let begun = Instant::now();
        let mut parts = vec![jobs];
        while let Some(mut part) = parts.pop() {
            let trouble = match self.batch(&mut part).await {
                Ok(outcomes) => {
                    answer(part, outcomes);
                    continue;
                }
                Err(trouble) => trouble,
            };
            let is_its_own =
                matches!(trouble, Trouble::Again(_) | Trouble::Failed(_) | Trouble::Unreadable(_));
            if is_its_own && part.len() > 1 && begun.elapsed() < WORK_TIME_MAX {
                let rest = part.split_off(part.len() / 2);
                parts.extend([rest, part]);
                continue;
            }
            tracing::warn!(?trouble, steps = part.len(), "steps were not committed");
            let fault = match trouble {
                Trouble::Failed(why) => Fault::Broken(why),
                other => other.fault(),
            };
            for job in part {
                // Whoever asked may have left.
                drop(job.reply.send(Err(fault.clone())));
            }
        }
    }

    /// Decides and commits a batch, again and again if others are in the way.
    async fn batch(&mut self, jobs: &mut [Job]) -> Result<Vec<Result<Outcome, Fault>>, Trouble> {
        let mut wanted = Looks::default();
        let mut last = Trouble::Again("not tried".to_owned());
        for tried in 0..TRIES_MAX {
            self.ready().await?;
            let alone = self.collided_at.is_none_or(|collided| collided.elapsed() > ALONE_AFTER);
            let hold = match (tried, alone) {
                (0, true) => Hold::Records,
                (0, false) => Hold::Shared,
                _ => Hold::Alone,
            };
            match self.once(jobs, &mut wanted, hold).await {
                Ok(outcomes) => return Ok(outcomes),
                Err(Trouble::Again(why)) => {
                    self.collided_at = Some(Instant::now());
                    tracing::debug!(why, "a batch is decided again");
                    pause(tried).await;
                    last = Trouble::Again(why);
                }
                Err(Trouble::LaneHeld) => {
                    tracing::warn!("an earlier connection still holds the lane; another is taken");
                    self.lane = None;
                    last = Trouble::LaneHeld;
                }
                // Nothing was committed, and another connection may do better.
                Err(Trouble::Away(why)) => {
                    tracing::warn!(why, "the connection to the database broke; nothing was committed");
                    last = Trouble::Away(why);
                }
                Err(other) => return Err(other),
            }
        }
        Err(last)
    }

    /// Decides and commits a batch once.
    async fn once(
        &mut self,
        jobs: &mut [Job],
        wanted: &mut Looks,
        hold: Hold,
    ) -> Result<Vec<Result<Outcome, Fault>>, Trouble> {
        let (Some(session), Some(lane)) = (self.session.take(), self.lane) else {
            return Err(Trouble::Away("not connected".to_owned()));
        };
        let work = batch::run(&session, &lane, jobs, wanted, hold);
        let decided = match tokio::time::timeout(BATCH_TIMEOUT, work).await {
            Ok(decided) => decided,
            Err(_) => Err(Trouble::Away("the database does not answer".to_owned())),
        };
        let Decided { outcomes, head } = match decided {
            Ok(decided) => decided,
            Err(trouble) => {
                if !matches!(trouble, Trouble::Away(_)) {
                    self.roll_back(session).await;
                }
                return Err(trouble);
            }
        };
        // Whatever is written comes with a line of the log.
        if head == lane.head {
            self.roll_back(session).await;
            return Ok(outcomes);
        }
        let sent = tokio::time::timeout(BATCH_TIMEOUT, session.client.batch_execute("COMMIT")).await;
        let committed = match sent {
            Ok(done) => done.map_err(|error| trouble_of_commit(&error)),
            Err(_) => Err(Trouble::Unknown("the database does not answer".to_owned())),
        };
        match committed {
            Ok(()) => self.session = Some(session),
            Err(Trouble::Unknown(why)) => {
                drop(session);
                tracing::warn!(why, "the connection to the database broke under a commit");
                self.ascertain(&head, why).await?;
            }
            Err(trouble) => {
                self.roll_back(session).await;
                return Err(trouble);
            }
        }
        self.advance(head);
        Ok(outcomes)
    }

    fn advance(&mut self, head: Head) {
        self.lane = self.lane.map(|lane| Lane { head, ..lane });
        self.latest.store(head.at.ms(), Ordering::Relaxed);
    }

    /// Ends a transaction that is not to be committed; keeps the connection if it is still good.
    async fn roll_back(&mut self, session: Session) {
        let done = tokio::time::timeout(BATCH_TIMEOUT, session.client.batch_execute("ROLLBACK")).await;
        self.session = Some(session).filter(|_| matches!(done, Ok(Ok(()))));
    }

    /// Sees to it that there is a connection and a lane.
    async fn ready(&mut self) -> Result<(), Trouble> {
        self.session.take_if(|session| session.client.is_closed());
        if self.session.is_some() && self.lane.is_some_and(|lane| !lane.is_full()) {
            return Ok(());
        }
        if let Some((_, why)) = self.failed.as_ref().filter(|(at, _)| at.elapsed() < CONNECT_PAUSE) {
            return Err(Trouble::Away(why.clone()));
        }
        let done = self.connect().await;
        let why = done.as_ref().err().map(|trouble| match trouble {
            Trouble::Away(why) => why.clone(),
            _ => "a connection failed a moment ago".to_owned(),
        });
        self.failed = why.map(|why| (Instant::now(), why));
        done
    }

    async fn connect(&mut self) -> Result<(), Trouble> {
        let session = Session::open(&self.pool).await?;
        let lane = match self.lane {
            Some(lane) if lane.is_full() => Lane::open(&session).await?,
            Some(lane) if lane.is_whole(&session).await? => lane,
            Some(lane) => {
                let (number, change) = (lane.number, within(lane.head.change));
                tracing::error!(lane = number, change, "the database lacks the last commits of this process");
                Lane::open(&session).await?
            }
            None => Lane::open(&session).await?,
        };
        self.latest.fetch_max(lane.head.at.ms(), Ordering::Relaxed);
        (self.session, self.lane) = (Some(session), Some(lane));
        Ok(())
    }

    /// Finds out whether the batch that ends with this head was committed. If that cannot be found out, the lane is
    /// left: the old transaction may still commit in it.
    async fn ascertain(&mut self, head: &Head, why: String) -> Result<(), Trouble> {
        let deadline = Instant::now() + ASCERTAIN_TIMEOUT;
        while Instant::now() < deadline {
            match self.look_for(head).await {
                Ok(true) => return Ok(()),
                Ok(false) => return Err(Trouble::Again("the commit had not happened".to_owned())),
                Err(trouble) => tracing::warn!(?trouble, "whether a commit happened is not known yet"),
            }
            tokio::time::sleep(CONNECT_PAUSE).await;
        }
        self.lane = None;
        Err(Trouble::Unknown(why))
    }

    /// Whether the change at this head is there, asked after the transaction that would have written it has ended.
    async fn look_for(&mut self, head: &Head) -> Result<bool, Trouble> {
        let session = Session::open(&self.pool).await?;
        let lane = self.lane.map_or(0, |lane| i32::try_from(lane.number).unwrap_or(i32::MAX));
        session.client.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED").await?;
        session.client.query(&session.statements.lock_lane, &[&lane]).await?;
        let found = digest_of_change(&session, head.change).await?;
        self.roll_back(session).await;
        Ok(found == Some(head.digest))
    }
}

fn answer(jobs: Vec<Job>, outcomes: Vec<Result<Outcome, Fault>>) {
    for (job, outcome) in jobs.into_iter().zip(outcomes) {
        if let Err(Fault::Broken(why)) = &outcome {
            tracing::error!(why, "a decision broke an invariant and was refused");
        }
        // Whoever asked may have left.
        drop(job.reply.send(outcome));
    }
}

/// Waits a little, and not as long as the other one does.
async fn pause(tried: u32) {
    use std::hash::{BuildHasher, Hasher};
    let chance = foldhash::quality::RandomState::default().build_hasher().finish();
    let longest_ms = AGAIN_PAUSE_MS * u64::from(tried + 1);
    tokio::time::sleep(Duration::from_millis(chance % longest_ms)).await;
}
