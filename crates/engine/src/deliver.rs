//! Delivering events: sign, send, record; one receiver never holds up another.
//!
//! Each receiver (scheme, host and port) has a few places, and a breaker that rests it after failures
//! in a row. A delivery that finds no place is put off, not waited for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tongbao_core::{
    Actor, Refusal, TaskKey, Time,
    delivery::{self, Delivery, DeliveryAttempt, DeliveryStatus, Dialect, Sent},
    endpoint::{Endpoint, EndpointStatus, WebhookSecret},
    event::Event,
    id::DeliveryId,
    merchant::App,
};
use tongbao_store::Fault;

use crate::{
    Engine, Error, Input, RenderEvent, Transport, exchange,
    webhook::{Failure, Outcome, sender, sign},
    wechat::{self, RenderOrderEvent},
};

/// Deliveries under way to one receiver at once.
const PER_RECEIVER_MAX: usize = 16;
/// How long a delivery is put off when its receiver has no place free, in milliseconds.
const BUSY_MS: i64 = 1_000;
/// Failures in a row after which a receiver is rested.
const BREAKER_FAILURES: u32 = 10;
/// For how long, in milliseconds.
const BREAKER_REST_MS: i64 = 30_000;
/// How long a receiver of WeChat Pay's interface may take to answer: five seconds, by its documents.
const WECHAT_DEADLINE: Duration = Duration::from_secs(5);
/// Receivers remembered; beyond that the ones that are idle and healthy are forgotten.
const RECEIVERS_KEPT_MAX: usize = 10_000;

struct Receiver {
    places: Arc<Semaphore>,
    failures: u32,
    rests_until: Option<Time>,
}

/// See the module.
pub struct Deliveries {
    transport: Box<dyn Transport>,
    render: RenderEvent,
    render_order: Option<RenderOrderEvent>,
    receivers: Mutex<HashMap<String, Receiver>>,
}

/// Whether there is a place.
enum Place {
    Free(OwnedSemaphorePermit),
    After(Time),
}

/// What is sent, ready to go.
struct Letter {
    url: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    deadline: Duration,
}

fn input(name: &'static str) -> Input {
    Input { actor: Actor::Worker, name }
}

fn receiver_of(url: &str) -> String {
    url::Url::parse(url).map_or_else(|_| url.to_owned(), |url| url.origin().ascii_serialization())
}

impl Deliveries {
    /// Deliveries through this transport, of events written by `render`.
    pub fn new(transport: impl Transport + 'static, render: RenderEvent) -> Deliveries {
        let transport = Box::new(transport);
        Deliveries { transport, render, render_order: None, receivers: Mutex::default() }
    }

    /// The same, also for the orders of WeChat Pay's interface.
    #[must_use]
    pub fn with_orders(self, render_order: RenderOrderEvent) -> Deliveries {
        Deliveries { render_order: Some(render_order), ..self }
    }

    /// Delivers once, or puts it off.
    pub(crate) async fn deliver(&self, engine: &Engine, lease: TaskKey, id: DeliveryId) -> Result<(), Error> {
        let found = engine.store.get::<Delivery>(id)?.ok_or(Error::Refused(Refusal::NotFound("delivery")))?;
        let receiver = receiver_of(&found.url);
        let permit = match self.place(&receiver, engine.now()) {
            Place::Free(permit) => permit,
            Place::After(until) => {
                let postpone = move |facts: &dyn tongbao_core::Facts, _: &mut _| {
                    delivery::postpone(facts, id, lease, until)
                };
                return engine.run(input("postpone_delivery"), postpone).await;
            }
        };
        let Some(letter) = self.letter(engine, &found).await? else {
            let abandon =
                move |facts: &dyn tongbao_core::Facts, _: &mut _| delivery::abandon(facts, id, lease);
            return engine.run(input("abandon_delivery"), abandon).await;
        };
        let at = engine.now();
        let Letter { url, headers, body, deadline } = letter;
        if let Some(exchanges) = &engine.exchanges {
            let mut kept = exchange::Kept::default();
            kept.extend(&body);
            let headers = headers.iter().map(|(name, value)| (*name, value.as_str()));
            let headers = exchange::mask::headers(headers);
            exchanges.sent(exchange::Letter { delivery: id, at, headers, body: kept });
        }
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let outcome = self.transport.post(&url, &headers, body, deadline).await;
        let outcome = judged(&found, outcome);
        self.note(&receiver, outcome.is_success(), engine.now());
        drop(permit);
        let sent = sent(at, &outcome, engine.entropy.seed());
        let record = move |facts: &dyn tongbao_core::Facts, _: &mut _| {
            delivery::record_attempt(facts, id, lease, &sent)
        };
        engine.run(input("record_delivery"), record).await
    }

    fn place(&self, receiver: &str, now: Time) -> Place {
        let mut receivers = self.receivers.lock().unwrap_or_else(PoisonError::into_inner);
        if receivers.len() >= RECEIVERS_KEPT_MAX {
            receivers
                .retain(|_, known| known.failures > 0 || known.places.available_permits() < PER_RECEIVER_MAX);
        }
        let known = receivers.entry(receiver.to_owned()).or_insert_with(|| Receiver {
            places: Arc::new(Semaphore::new(PER_RECEIVER_MAX)),
            failures: 0,
            rests_until: None,
        });
        if let Some(until) = known.rests_until.filter(|until| now < *until) {
            return Place::After(until);
        }
        match Arc::clone(&known.places).try_acquire_owned() {
            Ok(permit) => Place::Free(permit),
            Err(_) => Place::After(now.plus_ms(BUSY_MS)),
        }
    }

    /// Counts failures in a row. After a rest one failure is enough for the next.
    fn note(&self, receiver: &str, delivered: bool, now: Time) {
        let mut receivers = self.receivers.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = receivers.get_mut(receiver) else { return };
        known.failures = if delivered { 0 } else { known.failures.saturating_add(1) };
        known.rests_until = (known.failures >= BREAKER_FAILURES).then(|| now.plus_ms(BREAKER_REST_MS));
    }

    /// What to send; nothing when the endpoint is gone or was switched off.
    async fn letter(&self, engine: &Engine, delivery: &Delivery) -> Result<Option<Letter>, Error> {
        let gone = Error::Refused(Refusal::NotFound("event"));
        let event = engine.store.get::<Event>(delivery.event)?.ok_or(gone)?;
        match delivery.dialect {
            Dialect::Native => self.native_letter(engine, delivery, &event),
            Dialect::Wechat => self.wechat_letter(engine, delivery, &event).await,
        }
    }

    async fn wechat_letter(
        &self,
        engine: &Engine,
        delivery: &Delivery,
        event: &Event,
    ) -> Result<Option<Letter>, Error> {
        let missing = || Fault::Broken("nobody writes notifications of orders".to_owned());
        let render = self.render_order.as_ref().ok_or_else(missing)?;
        let Some(notice) = render(engine, event) else { return Ok(None) };
        let sealed = wechat::seal(engine, delivery, event, &notice).await?;
        Ok(sealed.map(|sealed| Letter {
            url: delivery.url.clone(),
            headers: sealed.headers,
            body: sealed.body,
            deadline: WECHAT_DEADLINE,
        }))
    }

    fn native_letter(
        &self,
        engine: &Engine,
        delivery: &Delivery,
        event: &Event,
    ) -> Result<Option<Letter>, Error> {
        let Some(secrets) = secrets(engine, delivery)? else { return Ok(None) };
        let secrets = engine.live_secrets(&secrets, engine.now());
        let secrets = secrets.map_err(|unreadable| Fault::Broken(unreadable.to_string()))?;
        let body = (self.render)(event);
        // Receivers compare it with their own clock, which a sandbox cannot move.
        let timestamp_s = engine.clock.world().ms().div_euclid(1_000);
        let headers = sign(&event.id.to_string(), timestamp_s, &body, &secrets, Some(&engine.signing_key));
        let headers = headers.pairs().map(|(name, value)| (name, value.to_owned())).to_vec();
        Ok(Some(Letter { url: delivery.url.clone(), headers, body, deadline: sender::DEADLINE }))
    }
}

/// What an outcome means in the delivery's dialect. WeChat Pay's takes 200 and 204 for success and nothing
/// else; and who takes a signature that had to be refused has failed.
fn judged(delivery: &Delivery, mut outcome: Outcome) -> Outcome {
    match (delivery.dialect, outcome.status) {
        (Dialect::Wechat, Some(200 | 204)) if delivery.is_probe() => {
            outcome.failure = Some(Failure::ProbeAccepted);
        }
        (Dialect::Wechat, Some(status)) if outcome.is_success() && !matches!(status, 200 | 204) => {
            outcome.failure = Some(Failure::Http(status));
        }
        (Dialect::Native | Dialect::Wechat, _) => {}
    }
    outcome
}

/// The secrets that sign for a delivery; none when its endpoint takes nothing any more. A re-send asked
/// for by hand goes to a disabled endpoint, too: that is how one is tried again.
fn secrets(engine: &Engine, delivery: &Delivery) -> Result<Option<Vec<WebhookSecret>>, Error> {
    let Some(id) = delivery.endpoint else {
        return Ok(engine.store.get::<App>(delivery.app)?.map(|app| app.secrets));
    };
    let endpoint = engine.store.get::<Endpoint>(id)?;
    let by_hand = delivery.status == DeliveryStatus::Due && !delivery.attempts.is_empty();
    Ok(endpoint.and_then(|endpoint| match endpoint.status {
        EndpointStatus::Enabled => Some(endpoint.secrets),
        EndpointStatus::Disabled if by_hand => Some(endpoint.secrets),
        EndpointStatus::Disabled | EndpointStatus::Deleted => None,
    }))
}

fn sent(at: Time, outcome: &Outcome, random: [u8; 16]) -> Sent {
    let attempt = DeliveryAttempt {
        at,
        http_status: outcome.status,
        failure: outcome.failure.map(|failure| failure.name().to_owned()),
        duration_ms: outcome.duration_ms,
    };
    Sent { attempt, retry_after_s: outcome.retry_after_s, jitter: random[0] % 101 }
}
