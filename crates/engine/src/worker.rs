//! The worker: leases what is due and does it. Every result goes back in as a step.
//!
//! **Invariants.** Nothing is written while a call is under way. A task is done only by a step that
//! still holds its lease, so two workers never both record one task. A worker that dies leaves its
//! leases to run out, or to be ended when the file is opened anew.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Semaphore, task::JoinSet};
use tongbao_core::{
    Actor, Refusal, Task, TaskKey, Work,
    id::{AttemptId, PaymentId, RefundId},
    payment::{self, Method, Payment, steps::Said},
    profit_sharing,
    refund::{self, Refund, Target},
    risk, transfer,
    wechat::transfer_batch,
};
use tongbao_store::Fault;

use crate::{Channels, Deliveries, Engine, Error, Input, SandboxChannels, bank::work::Asked};

/// Tasks under way at once. Each waits for one HTTP call of ten seconds at most.
const TASKS_AT_ONCE_MAX: usize = 128;

/// How often the queue is looked at when nobody says that something is due.
const POLL: Duration = Duration::from_millis(250);

/// See the module.
pub struct Worker {
    outside: Arc<Outside>,
    engine: Arc<Engine>,
}

/// What a task may need beside the engine.
struct Outside {
    deliveries: Deliveries,
    channels: Box<dyn Channels>,
}

fn input(name: &'static str) -> Input {
    Input { actor: Actor::Worker, name }
}

impl Worker {
    /// A worker for an engine.
    pub fn new(engine: Arc<Engine>, deliveries: Deliveries) -> Worker {
        Worker::with_channels(engine, deliveries, SandboxChannels)
    }

    /// The same with other channels than the sandbox's.
    pub fn with_channels(
        engine: Arc<Engine>,
        deliveries: Deliveries,
        channels: impl Channels + 'static,
    ) -> Worker {
        Worker { engine, outside: Arc::new(Outside { deliveries, channels: Box::new(channels) }) }
    }

    /// Works until `stop` resolves, then lets the tasks under way finish.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let room = Arc::new(Semaphore::new(TASKS_AT_ONCE_MAX));
        let mut under_way = JoinSet::new();
        tokio::pin!(stop);
        loop {
            let free = u32::try_from(room.available_permits()).unwrap_or_default();
            let tasks =
                if free == 0 { Ok(Vec::new()) } else { self.engine.store.due(self.engine.now(), free).await };
            let idle = match tasks {
                Ok(tasks) => {
                    let idle = tasks.is_empty();
                    for task in tasks {
                        // As many tasks were leased as there was room for.
                        let Ok(permit) = Arc::clone(&room).try_acquire_owned() else { continue };
                        let (engine, outside) = (Arc::clone(&self.engine), Arc::clone(&self.outside));
                        under_way.spawn(async move {
                            perform(&engine, &outside, &task).await;
                            drop(permit);
                        });
                    }
                    idle
                }
                Err(Fault::Stopped(why)) => {
                    tracing::error!(why, "the store has stopped; the worker ends");
                    break;
                }
                Err(fault) => {
                    tracing::warn!(%fault, "the task queue could not be read; trying again");
                    true
                }
            };
            while under_way.try_join_next().is_some() {}
            let wait = if idle { POLL } else { Duration::from_millis(1) };
            tokio::select! {
                () = &mut stop => break,
                () = self.engine.wake.notified(), if idle => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        while under_way.join_next().await.is_some() {}
    }

    /// Does everything that is due now, once, and returns how much that was. For tests and tools.
    pub async fn run_once(&self) -> Result<usize, Fault> {
        let tasks = self.engine.store.due(self.engine.now(), u32::MAX).await?;
        for task in &tasks {
            self.perform(task).await;
        }
        Ok(tasks.len())
    }

    /// Does one task that was leased. For who decides alone when what is done: the simulator.
    pub async fn perform(&self, task: &Task) {
        perform(&self.engine, &self.outside, task).await;
    }
}

async fn perform(engine: &Engine, outside: &Outside, task: &Task) {
    let (key, work) = (task.key, task.work);
    let done = match work {
        Work::ExpirePayment(id) => {
            let expire = move |facts: &dyn tongbao_core::Facts, cx: &mut tongbao_core::Context| {
                payment::steps::expire(facts, cx, id, key)
            };
            engine.run(input("expire_payment"), expire).await
        }
        Work::SubmitAttempt(payment, attempt) => {
            ask_channel(engine, outside, key, (payment, attempt, true)).await
        }
        Work::QueryAttempt(payment, attempt) => {
            ask_channel(engine, outside, key, (payment, attempt, false)).await
        }
        Work::SubmitRefund(refund) | Work::QueryRefund(refund) => {
            ask_refund(engine, outside, key, refund).await
        }
        Work::Deliver(delivery) => outside.deliveries.deliver(engine, key, delivery).await,
        Work::ExpireTransfer(id) => {
            let expire = move |facts: &dyn tongbao_core::Facts, cx: &mut tongbao_core::Context| {
                transfer::steps::expire(facts, cx, id, key)
            };
            engine.run(input("expire_transfer"), expire).await
        }
        Work::Unfreeze(id) => {
            let unfreeze = move |facts: &dyn tongbao_core::Facts, cx: &mut tongbao_core::Context| {
                profit_sharing::steps::unfreeze(facts, cx, id, key)
            };
            engine.run(input("unfreeze"), unfreeze).await
        }
        Work::PayTransferBatch(id) => {
            let pay = move |facts: &dyn tongbao_core::Facts, cx: &mut tongbao_core::Context| {
                transfer_batch::pay(facts, cx, id, key)
            };
            engine.run(input("pay_transfer_batch"), pay).await
        }
        Work::Notify(id) => engine.plan_notices(key, id).await,
        Work::SendNotice(id) => engine.send_notice(key, id).await,
        Work::SubmitTopUp(id) => engine.ask_top_up(key, id, Asked::First).await,
        Work::QueryTopUp(id) => engine.ask_top_up(key, id, Asked::Again).await,
        Work::SubmitWithdrawal(id) => engine.ask_withdrawal(key, id, Asked::First).await,
        Work::QueryWithdrawal(id) => engine.ask_withdrawal(key, id, Asked::Again).await,
        Work::PayBiller(id) => engine.ask_biller(key, id, Asked::First).await,
        Work::QueryBiller(id) => engine.ask_biller(key, id, Asked::Again).await,
        Work::EndReview(id) => {
            let expire = move |facts: &dyn tongbao_core::Facts, cx: &mut tongbao_core::Context| {
                risk::review::expire(facts, cx, id, key)
            };
            engine.run(input("end_review"), expire).await
        }
        Work::EndRide(id) => engine.end_ride(key, id).await,
    };
    match done {
        // Another worker has it, or did it: its lease ran out here.
        Ok(()) | Err(Error::Refused(Refusal::LeaseLost)) => {}
        Err(error) => {
            tracing::warn!(task = ?work, %error, "a task failed; it is tried again when its lease ends");
        }
    }
}

/// Hands an attempt to its channel, or asks what became of it, and feeds the answer back in.
async fn ask_channel(
    engine: &Engine,
    outside: &Outside,
    lease: TaskKey,
    (id, attempt, first): (PaymentId, AttemptId, bool),
) -> Result<(), Error> {
    let found = engine.store.get::<Payment>(id)?;
    let tried = found.as_ref().and_then(|payment| Some((payment, payment.attempt(attempt)?)));
    let said = match tried {
        None => return Err(Error::Refused(Refusal::NotFound("attempt"))),
        Some((payment, tried)) => match tried.method {
            Method::Balance => payment::steps::held_result(payment),
            Method::SandboxBank if first => outside.channels.submit(payment, tried).await,
            Method::SandboxBank => outside.channels.query(payment, tried).await,
            // What a sandbox was told to do with an attempt goes before what its card does.
            Method::Card(_) if tried.fault.is_some() && first => {
                outside.channels.submit(payment, tried).await
            }
            Method::Card(_) if tried.fault.is_some() => outside.channels.query(payment, tried).await,
            Method::Card(card) => {
                let asked = if first { Asked::First } else { Asked::Again };
                engine.charge_attempt((payment, tried), card, asked).await?
            }
        },
    };
    let name = if matches!(said, Said::Unknown) { "hear_nothing" } else { "hear_attempt" };
    engine
        .run(input(name), move |facts, cx| payment::steps::hear(facts, cx, (id, attempt), Some(lease), &said))
        .await
}

/// Hands a refund to its channel, or asks what became of it, and feeds the answer back in.
async fn ask_refund(engine: &Engine, outside: &Outside, lease: TaskKey, id: RefundId) -> Result<(), Error> {
    let refund = engine.store.get::<Refund>(id)?.ok_or(Error::Refused(Refusal::NotFound("refund")))?;
    let said = match refund.target {
        // A refund to a balance is paid in the step that makes it; nothing is left to ask.
        Target::Balance(_) => refund::steps::Said::Paid { reference: None },
        Target::Channel(tongbao_core::ledger::Channel::SandboxBank) => match engine.reverse(&refund).await? {
            Some(said) => said,
            None => outside.channels.refund(&refund).await,
        },
    };
    engine
        .run(input("hear_refund"), move |facts, cx| refund::steps::hear(facts, cx, id, Some(lease), &said))
        .await
}
