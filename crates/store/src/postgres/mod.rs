//! The store in PostgreSQL, or in a distributed database that speaks its protocol: any number of processes on one
//! database, each with one connection that commits batches.
//!
//! ```text
//!   callers ──▶ bounded queue ──▶ committer: load under locks, decide, write, COMMIT, answer all
//!   readers, leases ──▶ a few connections beside it
//! ```
//!
//! **Invariants.** An answered step is durable as the database understands it (`synchronous_commit = on`). Nothing
//! that another process may change is believed without holding its row; what cannot be held because it is not
//! there is settled by unique indexes. Each process numbers what it writes in a lane of its own (see `lane`).
//!
//! **Absent on purpose:** whatever distributed databases lack: sequences, triggers, advisory locks, LISTEN. And a
//! cache of rows across batches.

mod address;
mod batch;
mod committer;
mod connect;
mod encryption;
mod facts;
mod lanes;
mod lease;
mod migrate;
mod read;
mod session;
mod values;
mod walk;
mod write;

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicI64, Ordering},
    mpsc,
};

use deadpool_postgres::{Object, Pool};
use tokio::{
    runtime::{Handle, Runtime, RuntimeFlavor},
    sync::mpsc::error::TrySendError,
};
use tongbao_core::{Task, Time};

pub use migrate::{MIGRATIONS, Migration};

use crate::{
    limits::{DUE_TASKS_MAX, QUEUE_STEPS_MAX},
    port::{Answer, Fault, Outcome, Page, Query, Step, Store},
};
use batch::Job;
use committer::Committer;
use connect::{Trouble, connection};

/// Connections for reads and leases, beside the one that commits. Pages of consoles share them.
const CONNECTIONS_MAX: usize = 16;

/// Threads of the store: one for the committer, which decides; one for reads.
const THREADS: usize = 2;

/// A store in a PostgreSQL database, beside any number of others.
pub struct PostgresStore {
    jobs: Option<tokio::sync::mpsc::Sender<Job>>,
    /// Says nothing, and ends when the committer does.
    ended: Mutex<mpsc::Receiver<()>>,
    latest: Arc<AtomicI64>,
    pool: Pool,
    threads: Threads,
}

/// A store that can be read and not written: a picture of a database at one moment, also while others write it.
pub struct PostgresReader {
    client: Arc<Object>,
    threads: Threads,
}

/// The store's own threads. They end when this is dropped, also inside another runtime.
struct Threads(Option<Runtime>);

impl Threads {
    fn start() -> Result<Threads, Fault> {
        let built = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("store-postgres")
            .enable_all()
            .build();
        let runtime = built
            .map_err(|error| Fault::Stopped(format!("the threads of the store did not start: {error}")))?;
        Ok(Threads(Some(runtime)))
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = &self.0 {
            runtime.spawn(work);
        }
    }

    /// Does async work and waits for it on the thread that asks. If that works for another runtime, its other tasks
    /// go on elsewhere meanwhile.
    fn wait_for<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Trouble>> + Send + 'static,
    ) -> Result<T, Fault> {
        let (done, answer) = mpsc::sync_channel(1);
        self.spawn(async move { drop(done.send(work.await)) });
        let flavor = Handle::try_current().map(|handle| handle.runtime_flavor());
        let received = match flavor {
            Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(|| answer.recv()),
            _ => answer.recv(),
        };
        match received {
            Ok(result) => result.map_err(Trouble::fault),
            Err(_) => Err(Fault::Stopped("the threads of the store have ended".to_owned())),
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Opening says what is wrong, as nobody can ask again.
fn refused(trouble: Trouble) -> Trouble {
    match trouble {
        Trouble::Away(why) | Trouble::Failed(why) | Trouble::Again(why) | Trouble::Unknown(why) => {
            Trouble::Unreadable(Fault::Stopped(format!("the database cannot be used: {why}")))
        }
        other => other,
    }
}

impl PostgresStore {
    /// Connects to the database, migrating it as needed, and takes a lane.
    pub fn open(url: &str) -> Result<PostgresStore, Fault> {
        let threads = Threads::start()?;
        let pool = connect::pool(url, CONNECTIONS_MAX)?;
        let latest = Arc::new(AtomicI64::new(0));
        let (jobs, queue) = tokio::sync::mpsc::channel(QUEUE_STEPS_MAX);
        let start = {
            let (pool, latest) = (pool.clone(), Arc::clone(&latest));
            async move {
                migrate(&pool).await?;
                Committer::start(pool, queue, latest).await
            }
        };
        let committer = threads.wait_for(async move { start.await.map_err(refused) })?;
        let (running, ended) = mpsc::channel();
        threads.spawn(async move {
            committer.run().await;
            drop(running);
        });
        Ok(PostgresStore { jobs: Some(jobs), ended: Mutex::new(ended), latest, pool, threads })
    }

    /// Brings the database to this program's schema.
    pub fn migrate(url: &str) -> Result<(), Fault> {
        let pool = connect::pool(url, 1)?;
        let threads = Threads::start()?;
        threads.wait_for(async move { migrate(&pool).await.map_err(refused) })
    }
}

async fn migrate(pool: &Pool) -> Result<(), Trouble> {
    let client = connection(pool).await?;
    let done = migrate::run(&client).await;
    if done.is_err() {
        // Closed rather than given back: it may be in the middle of a transaction.
        drop(Object::take(client));
    }
    done
}

impl Drop for PostgresStore {
    /// Lets the committer finish what waits, then closes the connections.
    fn drop(&mut self) {
        self.jobs = None;
        // Nothing is ever said: an error is how the end is told.
        while self.ended.get_mut().unwrap_or_else(PoisonError::into_inner).recv().is_ok() {}
    }
}

impl Store for PostgresStore {
    fn step(&self, step: Step) -> Answer<Outcome> {
        let (reply, answer) = Answer::pending();
        let Some(jobs) = &self.jobs else { return Answer::ready(Err(Fault::Stopped("closed".to_owned()))) };
        match jobs.try_send(Job { step, reply }) {
            Ok(()) => answer,
            Err(TrySendError::Full(_)) => Answer::ready(Err(Fault::Busy)),
            Err(TrySendError::Closed(_)) => {
                Answer::ready(Err(Fault::Stopped("the committer ended".to_owned())))
            }
        }
    }

    fn due(&self, now: Time, limit: u32) -> Answer<Vec<Task>> {
        let (reply, answer) = Answer::pending();
        let (pool, latest) = (self.pool.clone(), Time::from_ms(self.latest.load(Ordering::Relaxed)));
        self.threads.spawn(async move {
            let leased = lease::lease(&pool, now, limit.min(DUE_TASKS_MAX), latest).await;
            // Whoever asked may have left; then the lease runs out.
            drop(reply.send(leased.map_err(Trouble::fault)));
        });
        answer
    }

    fn read(&self, query: Query) -> Result<Page, Fault> {
        let pool = self.pool.clone();
        self.threads.wait_for(async move {
            let client = connection(&pool).await?;
            match read::read(&client, &query).await {
                // A connection may have broken while nobody used it.
                Err(Trouble::Away(_)) => read::read(&connection(&pool).await?, &query).await,
                page => page,
            }
        })
    }
}

impl PostgresReader {
    /// Opens an existing database to read it as it is now; its schema must be of this version.
    pub fn open(url: &str) -> Result<PostgresReader, Fault> {
        let threads = Threads::start()?;
        let pool = connect::pool(url, 1)?;
        let open = async move {
            let client = connection(&pool).await?;
            migrate::check(&client).await?;
            // One transaction for the reader's whole life: every read is of the moment of the first.
            client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
            Ok(client)
        };
        let client = threads.wait_for(async move { open.await.map_err(refused) })?;
        Ok(PostgresReader { client: Arc::new(client), threads })
    }
}

impl Store for PostgresReader {
    fn step(&self, _: Step) -> Answer<Outcome> {
        Answer::ready(Err(Fault::Stopped("opened for reading only".to_owned())))
    }

    fn due(&self, _: Time, _: u32) -> Answer<Vec<Task>> {
        Answer::ready(Err(Fault::Stopped("opened for reading only".to_owned())))
    }

    fn read(&self, query: Query) -> Result<Page, Fault> {
        let client = Arc::clone(&self.client);
        self.threads.wait_for(async move { read::read(&client, &query).await })
    }
}
