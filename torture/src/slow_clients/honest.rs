//! Clients that behave: they create payments and look them up, one request after the other, each timed.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use serde_json::json;
use tokio::time::sleep;

use crate::{
    client::{Ask, Client},
    output::Failure,
    wire::Payment,
};

/// The pause between two requests.
const PAUSE: Duration = Duration::from_millis(5);
/// Digits kept of each time; three tell 1.23 ms from 1.24 ms.
const DIGITS: u8 = 3;

/// The times of all honest requests, in microseconds.
pub(super) struct Clock(Mutex<Histogram<u64>>);

impl Default for Clock {
    fn default() -> Clock {
        Clock(Mutex::new(Histogram::new(DIGITS).expect("three is a number of digits that histograms take")))
    }
}

impl Clock {
    fn note(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).saturating_record(micros);
    }

    /// How many there were, the 50th and 99th percentile and the longest, in milliseconds, rounded up.
    pub(super) fn figures(&self) -> (u64, u64, u64, u64) {
        let times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ms = |micros: u64| micros.div_ceil(1_000);
        (times.len(), ms(times.value_at_quantile(0.5)), ms(times.value_at_quantile(0.99)), ms(times.max()))
    }
}

/// Works until the end.
pub(super) async fn work(
    client: Client,
    number: u64,
    clock: Arc<Clock>,
    end: Instant,
) -> Result<(), Failure> {
    let mut orders = 0_u64;
    while Instant::now() < end {
        orders += 1;
        let name = format!("honest-{number}-{orders}");
        let body = json!({"order_no": name, "amount": 100, "currency": "CNY", "description": "a pot of tea"});
        let created = timed(&client, &clock, &Ask::post("/v1/payments", Some(&body), Some(name))).await?;
        let payment: Payment = serde_json::from_str(&created)?;
        timed(&client, &clock, &Ask::get(format!("/v1/payments/{}", payment.id))).await?;
        sleep(PAUSE).await;
    }
    Ok(())
}

/// Asks once; an honest request is answered at the first try.
async fn timed(client: &Client, clock: &Clock, ask: &Ask) -> Result<String, Failure> {
    let begun = Instant::now();
    let answer = client.ask(ask).await?;
    clock.note(begun.elapsed());
    if answer.is_success() && answer.tries == 1 {
        return Ok(answer.body);
    }
    Err(format!("an honest request was answered {answer:?}").into())
}
