//! The load: tasks that create, pay, refund, close and look up, each request repeated until it is answered.
//!
//! One task works on one order at a time, and nobody else touches that order, so what the next answer may
//! be is known.

mod order;
mod replay;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{task::JoinSet, time::sleep};

pub(crate) use replay::same_again;

use crate::{
    book::{Book, Broken},
    chance::Chance,
    client::{Ask, Client},
    output::Failure,
    sandbox::Payer,
};
use order::Order;

/// How long a task pauses after an order, on average. With sixteen tasks that makes some hundreds of requests
/// a second: enough that every kill interrupts some, and the audit at the end stays short.
const PAUSE_MEAN_MS: u64 = 40;
/// Answers among which one is asked for again.
const REPLAYED_OF: usize = 500;

/// What all tasks share.
pub(crate) struct Load {
    pub(crate) client: Client,
    pub(crate) book: Arc<Book>,
    pub(crate) payers: Vec<Payer>,
    /// Where notifications of the payments go.
    pub(crate) notify_url: String,
    stop: AtomicBool,
}

impl Load {
    /// A load that has not begun.
    pub(crate) fn new(client: Client, book: Arc<Book>, payers: Vec<Payer>, notify_url: String) -> Load {
        Load { client, book, payers, notify_url, stop: AtomicBool::new(false) }
    }

    /// Begins with so many tasks.
    pub(crate) fn start(self: &Arc<Load>, tasks: u64, chance: &mut Chance) -> JoinSet<()> {
        let mut running = JoinSet::new();
        for number in 1..=tasks {
            running.spawn(work(Arc::clone(self), number, chance.fork()));
        }
        running
    }

    /// Lets every task finish the order it works on.
    pub(crate) async fn finish(&self, mut running: JoinSet<()>) {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = running.join_next().await {
            if let Err(error) = ended {
                self.book.broken(Broken::Other, format_args!("a task of the load failed: {error}"));
            }
        }
    }

    /// Uses up the faults that still wait, so that the attempts of the audit go well.
    pub(crate) async fn use_up_faults(&self, chance: &mut Chance) -> Result<(), Failure> {
        // Arming one more is the way to be told of all.
        let body = json!({"fault": "duplicate_notification"});
        let answer = self.client.ask(&Ask::post("/sandbox/faults", Some(&body), None)).await?;
        let waiting = answer.read::<Value>()?;
        let count = waiting.get("faults").and_then(Value::as_array).map_or(0, Vec::len);
        for number in 0..count {
            Order::new(self, format!("last-{number}"), chance).use_up_a_fault().await?;
        }
        Ok(())
    }
}

async fn work(load: Arc<Load>, number: u64, mut chance: Chance) {
    let mut orders = 0_u64;
    while !load.stop.load(Ordering::Relaxed) {
        orders += 1;
        let done = Order::new(&load, format!("{number}-{orders}"), &mut chance).live().await;
        load.book.judge(done);
        if chance.percent(10)
            && let Some(kept) = chance.pick(&load.book.latest(REPLAYED_OF))
        {
            same_again(&load.client, &load.book, kept).await;
        }
        sleep(Duration::from_millis(chance.wait_ms(PAUSE_MEAN_MS))).await;
    }
}
