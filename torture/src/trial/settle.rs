//! After the harm: everything that was accepted must finish within a bounded time.
//!
//! A task that a dead process held stays leased for a minute of the sandbox's time. The clock of the sandbox
//! is moved ahead instead of waiting for that minute; by less than five minutes in all, because receivers
//! refuse signatures that are further from their own time.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    book::{Book, Broken},
    client::{Ask, Client},
    output::{Failure, say},
    wire::{Payment, Refund},
};

/// Everything must have finished by then.
const SETTLE_MAX: Duration = Duration::from_mins(1);
/// Results that are late, and first repetitions of notifications, come within so much time.
const BEFORE_MOVING: Duration = Duration::from_secs(8);
/// A little more than a lease, in seconds.
const MOVE_S: i64 = 61;
const MOVES_MAX: u32 = 3;
/// How often it is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What is not finished yet.
#[derive(Debug, PartialEq, Eq)]
struct Unfinished {
    payments: usize,
    refunds: usize,
    deliveries: usize,
}

/// Waits until no payment, refund or notification is under way; what does not finish is a broken promise.
pub(super) async fn wait(client: &Client, book: &Book) -> Result<(), Failure> {
    let begun = Instant::now();
    let (mut moved, mut moves) = (begun, 0);
    loop {
        let unfinished = look(client, book).await?;
        if unfinished == (Unfinished { payments: 0, refunds: 0, deliveries: 0 }) {
            say(format_args!("all is settled after {:.1} s", begun.elapsed().as_secs_f32()));
            return Ok(());
        }
        if begun.elapsed() > SETTLE_MAX {
            book.broken(
                Broken::Other,
                format_args!("not finished after {} s: {unfinished:?}", SETTLE_MAX.as_secs()),
            );
            return Ok(());
        }
        if moved.elapsed() > BEFORE_MOVING && moves < MOVES_MAX {
            say(format_args!("{unfinished:?}; moving the clock by {MOVE_S} s"));
            let body = json!({"advance_s": MOVE_S});
            client.ask(&Ask::post("/sandbox/clock", Some(&body), None)).await?;
            (moved, moves) = (Instant::now(), moves + 1);
        }
        sleep(LOOK_EVERY).await;
    }
}

async fn look(client: &Client, book: &Book) -> Result<Unfinished, Failure> {
    let payments: Vec<Payment> = client.all("/v1/payments?status=processing").await?;
    let mut refunds = 0;
    for known in book.refunds().values().filter(|known| known.status != "succeeded") {
        let refund: Refund = client.get(&format!("/v1/refunds/{}", known.id)).await?;
        book.see_refund(&refund);
        refunds += usize::from(refund.status != "succeeded");
    }
    let due: Vec<Value> = client.all("/v1/deliveries?status=due").await?;
    let waiting: Vec<Value> = client.all("/v1/deliveries?status=waiting").await?;
    Ok(Unfinished { payments: payments.len(), refunds, deliveries: due.len() + waiting.len() })
}
