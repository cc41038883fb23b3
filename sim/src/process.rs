//! The process: the real engine, workers and API, and whatever they are in the middle of. It runs on this one thread,
//! one poll at a time, and ends by being dropped.

use std::{
    collections::{BTreeMap, VecDeque},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

use tongbao_api::{Api, event_body::render_event, openapi};
use tongbao_engine::{Deliveries, Engine, Mode, Worker};
use tongbao_store::Fault;

use crate::{
    acts::Doors,
    bank::Line,
    found::MASTER_KEY,
    receivers::Post,
    state::{Shared, SimClock, SimEntropy},
    store::{Backing, Desk},
};

/// Where instances say they are reached.
pub(crate) const BASE_URL: &str = "https://pay.example";

type Job = Pin<Box<dyn Future<Output = ()>>>;

/// The jobs that can go on.
#[derive(Default)]
struct Ready(Mutex<VecDeque<u64>>);

impl Ready {
    fn push(&self, job: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(job);
    }

    fn pop(&self) -> Option<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

/// Wakes one job.
struct Bell(u64, Arc<Ready>);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.1.push(self.0);
    }
}

/// See the module.
pub(crate) struct Process {
    pub(crate) doors: Doors,
    pub(crate) workers: Vec<Arc<Worker>>,
    jobs: BTreeMap<u64, Job>,
    begun: u64,
    ready: Arc<Ready>,
}

impl Process {
    /// Starts one over what is kept.
    pub(crate) fn start(shared: &Shared, backing: &Arc<Backing>, workers: i64) -> Result<Process, Fault> {
        let desk = Desk { shared: shared.clone(), backing: Arc::clone(backing) };
        let mut engine = Engine::new(Arc::new(desk), Mode::Sandbox, &MASTER_KEY)?;
        engine.clock = Arc::new(SimClock(shared.clone()));
        engine.entropy = Arc::new(SimEntropy(shared.clone()));
        let engine = Arc::new(engine);
        let workers = (0..workers).map(|_| {
            let deliveries = Deliveries::new(Post(shared.clone()), render_event(BASE_URL));
            let deliveries = deliveries.with_orders(Arc::new(|_, _| None));
            Arc::new(Worker::with_channels(Arc::clone(&engine), deliveries, Line(shared.clone())))
        });
        let workers = workers.collect();
        let api = Api::new(Arc::clone(&engine), BASE_URL);
        let doors = Doors { engine, router: openapi::router(api) };
        Ok(Process { doors, workers, jobs: BTreeMap::new(), begun: 0, ready: Arc::default() })
    }

    /// Begins a job.
    pub(crate) fn begin(&mut self, job: impl Future<Output = ()> + 'static) {
        self.begun = self.begun.saturating_add(1);
        self.jobs.insert(self.begun, Box::pin(job));
        self.ready.push(self.begun);
    }

    /// Goes on with every job that can, until all of them wait.
    pub(crate) fn go_on(&mut self) {
        while let Some(number) = self.ready.pop() {
            let Some(job) = self.jobs.get_mut(&number) else { continue };
            let waker = Waker::from(Arc::new(Bell(number, Arc::clone(&self.ready))));
            if let Poll::Ready(()) = job.as_mut().poll(&mut Context::from_waker(&waker)) {
                self.jobs.remove(&number);
            }
        }
    }
}
