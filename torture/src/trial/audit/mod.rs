//! The audit at the end: the sandbox against the supervisor's book.

mod money;
mod notices;
mod payers;
mod things;

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::{
    book::Kept,
    load::{Load, same_again},
    output::Failure,
    receiver::Receiver,
};

/// Requests under way at once while answers are asked for again.
const REPLAYS_AT_ONCE: usize = 16;

/// How much was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) payments: usize,
    pub(crate) paid: usize,
    pub(crate) refunds: usize,
    pub(crate) events: usize,
    pub(crate) replays: usize,
    /// The merchant's balance, in fen.
    pub(crate) pending: i64,
}

/// Compares everything. The payers' balances come last, because finding them out moves them.
pub(super) async fn all(load: &Arc<Load>, receiver: &Receiver) -> Result<Found, Failure> {
    let things = things::compare(load).await?;
    let pending = money::compare(load, &things).await?;
    let events = notices::compare(load, receiver, &things).await?;
    let replays = replay_all(load).await?;
    payers::compare(load, &things).await?;
    Ok(Found {
        payments: things.payments.len(),
        paid: things.paid().count(),
        refunds: things.refunds.len(),
        events,
        replays,
        pending,
    })
}

/// Asks for every answer again that was given under a key.
async fn replay_all(load: &Arc<Load>) -> Result<usize, Failure> {
    let kept = load.book.kept();
    let mut under_way = JoinSet::new();
    for part in kept.chunks(kept.len().div_ceil(REPLAYS_AT_ONCE).max(1)) {
        let (load, part): (Arc<Load>, Vec<Kept>) = (Arc::clone(load), part.to_vec());
        under_way.spawn(async move {
            for kept in &part {
                same_again(&load.client, &load.book, kept).await;
            }
        });
    }
    while let Some(done) = under_way.join_next().await {
        done?;
    }
    Ok(kept.len())
}
