//! The delivery of one event to one place.
//!
//! ```text
//!         sent, 2xx
//!   due ─────────────▶ done ◀──────────┐
//!    │   sent, failed        sent, 2xx │
//!    └──────────────▶ waiting ─────────┘
//!                      │  ▲ │ sent, failed, tries left
//!                      │  └─┘
//!                      └─ failed, no tries left ──▶ given up ── re-send ──▶ due
//! ```
//!
//! "Sent" is not stored: it is the lease of the task. A process that dies while sending sends again.
//!
//! **Invariants.** The event id never changes, however often it is sent. Attempts only grow.

use serde::{Deserialize, Serialize};

use crate::{
    ChangeSet, Context, Facts, Refusal, Stop, Task, TaskKey, Time, Work,
    endpoint::Endpoint,
    event::{Event, EventKind},
    id::{AppId, DeliveryId, EndpointId, EventId},
    limits::DELIVERY_ATTEMPTS_KEPT_MAX,
};

/// Seconds from a failed attempt to the next: 5 s, 30 s, 2 min, 10 min, 1 h, 3 h, 6 h, 12 h, 24 h.
/// Ten attempts over two days.
pub const RETRY_AFTER_S: [i64; 9] = [5, 30, 120, 600, 3_600, 10_800, 21_600, 43_200, 86_400];

/// The same for notifications of WeChat Pay's interface: 15 s, 15 s, 30 s, 3 min, 10 min, 20 min, three times
/// 30 min, 1 h, three times 3 h, twice 6 h. Sixteen attempts in 24 hours and four minutes, not spread.
pub const WECHAT_RETRY_AFTER_S: [i64; 15] =
    [15, 15, 30, 180, 600, 1_200, 1_800, 1_800, 1_800, 3_600, 10_800, 10_800, 10_800, 21_600, 21_600];

/// Retries are spread by this many hundredths either way, so that a receiver that comes back is not
/// met by all of them at once.
pub const JITTER_PERCENT: i64 = 20;

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// To be sent now.
    Due,
    /// Failed, to be sent again.
    Waiting,
    /// Answered with 2xx.
    Done,
    /// Failed as often as it may.
    GivenUp,
}

/// In whose words a receiver is told, and when again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// Our own: an event, signed by Standard Webhooks.
    #[default]
    Native,
    /// WeChat Pay's: a sealed envelope.
    Wechat,
}

impl Dialect {
    /// That of the payment's own address.
    pub(crate) const fn of(is_wechat: bool) -> Dialect {
        if is_wechat { Dialect::Wechat } else { Dialect::Native }
    }

    /// Whether there are words for such an event. WeChat Pay tells of no failed attempt and of no closing.
    pub const fn tells(self, kind: EventKind) -> bool {
        match (self, kind) {
            (Dialect::Native, _)
            | (
                Dialect::Wechat,
                EventKind::PaymentSucceeded
                | EventKind::RefundSucceeded
                | EventKind::RefundFailed
                | EventKind::TransferAccepted
                | EventKind::TransferReturned
                | EventKind::ShareReceived
                | EventKind::ShareReturned
                | EventKind::ComplaintCreated
                | EventKind::ComplaintChanged,
            ) => true,
            (
                Dialect::Wechat,
                EventKind::PaymentClosed
                | EventKind::PaymentFailed
                | EventKind::RideSettled
                | EventKind::RideOwed,
            ) => false,
        }
    }

    /// How long to wait after so many failed attempts, in milliseconds; none is "no more".
    fn retry_ms(self, failures: u8, sent: &Sent) -> Option<i64> {
        let at = usize::from(failures);
        match self {
            Dialect::Native => RETRY_AFTER_S.get(at).map(|base| retry_ms(*base, sent)),
            Dialect::Wechat => WECHAT_RETRY_AFTER_S.get(at).map(|base| base.saturating_mul(1_000)),
        }
    }
}

/// What came of one attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryAttempt {
    /// When it was sent.
    pub at: Time,
    /// The HTTP status answered, if there was an answer.
    pub http_status: Option<u16>,
    /// The name of the failure; none is success.
    pub failure: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: u32,
}

/// The delivery of one event to one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// How often it changed.
    pub version: u32,
    /// Whose event.
    pub app: AppId,
    /// Which event.
    pub event: EventId,
    /// Which endpoint; none is the payment's own `notify_url`.
    pub endpoint: Option<EndpointId>,
    /// Where to.
    pub url: String,
    /// In whose words.
    #[serde(default)]
    pub dialect: Dialect,
    /// Whether the first attempt that is answered carries a signature that must be refused.
    #[serde(default)]
    pub probe: bool,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// How many attempts of the schedule failed.
    pub failures: u8,
    /// The latest attempts, oldest first.
    pub attempts: Vec<DeliveryAttempt>,
    /// When it is sent next.
    pub next_at: Option<Time>,
    /// When it was planned.
    pub created_at: Time,
}

/// What the sender saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The attempt.
    pub attempt: DeliveryAttempt,
    /// What the receiver asked for with `Retry-After`, in seconds.
    pub retry_after_s: Option<u32>,
    /// A number from 0 to 100, drawn by the shell, that spreads retries.
    pub jitter: u8,
}

impl Delivery {
    /// A delivery that is due now.
    pub fn new(cx: &mut Context, event: &Event, endpoint: Option<EndpointId>, url: String) -> Delivery {
        Delivery {
            id: cx.draw(),
            version: 1,
            app: event.app,
            event: event.id,
            endpoint,
            url,
            dialect: Dialect::Native,
            probe: false,
            status: DeliveryStatus::Due,
            failures: 0,
            attempts: Vec::new(),
            next_at: Some(cx.at()),
            created_at: cx.at(),
        }
    }

    /// Whether the next attempt is to carry a signature that must be refused. One that nobody answered was no probe:
    /// the receiver may never have seen it.
    pub fn is_probe(&self) -> bool {
        self.probe && self.attempts.iter().all(|attempt| attempt.http_status.is_none())
    }

    /// Whether it is done or given up: only a re-send changes it then.
    pub fn is_over(&self) -> bool {
        match self.status {
            DeliveryStatus::Due | DeliveryStatus::Waiting => false,
            DeliveryStatus::Done | DeliveryStatus::GivenUp => true,
        }
    }

    /// The delivery after an attempt. `None` when the attempt changes nothing any more.
    pub fn after(&self, sent: &Sent) -> Option<Delivery> {
        let delivered = sent.attempt.failure.is_none();
        let mut next = Delivery { version: self.version.saturating_add(1), next_at: None, ..self.clone() };
        if next.attempts.len() >= DELIVERY_ATTEMPTS_KEPT_MAX {
            next.attempts.remove(0);
        }
        next.attempts.push(sent.attempt.clone());
        match (self.status, delivered) {
            (DeliveryStatus::Due | DeliveryStatus::Waiting, true) => next.status = DeliveryStatus::Done,
            (DeliveryStatus::Due | DeliveryStatus::Waiting, false) => {
                let wait_ms = self.dialect.retry_ms(self.failures, sent);
                next.failures = self.failures.saturating_add(1);
                next.next_at = wait_ms.map(|ms| sent.attempt.at.plus_ms(ms));
                next.status =
                    if next.next_at.is_some() { DeliveryStatus::Waiting } else { DeliveryStatus::GivenUp };
            }
            (DeliveryStatus::Done | DeliveryStatus::GivenUp, _) => return None,
        }
        Some(next)
    }
}

/// The wait before the next attempt, in milliseconds: the schedule's, spread by the jitter;
/// `Retry-After` may stretch it to twice that, and never shortens it.
fn retry_ms(base_s: i64, sent: &Sent) -> i64 {
    let spread =
        i64::from(sent.jitter.min(100)).saturating_mul(JITTER_PERCENT).saturating_mul(2).div_euclid(100);
    let percent = 100_i64.saturating_sub(JITTER_PERCENT).saturating_add(spread);
    let wait_ms = base_s.saturating_mul(10).saturating_mul(percent);
    // The spread comes before what was asked for: who asks for a minute is left alone for a minute.
    let asked_ms = sent.retry_after_s.map_or(wait_ms, |asked_s| i64::from(asked_s).saturating_mul(1_000));
    asked_ms.clamp(wait_ms, wait_ms.saturating_mul(2))
}

/// Records an attempt: the delivery's next state, its next task, and what it says of the endpoint.
/// The worker must still hold `lease`.
pub fn record_attempt(
    facts: &dyn Facts,
    id: DeliveryId,
    lease: TaskKey,
    sent: &Sent,
) -> Result<ChangeSet, Stop> {
    lease.held(facts)?;
    let mut change = ChangeSet { done: vec![lease], ..ChangeSet::default() };
    let delivery = facts.get::<Delivery>(id)?.ok_or(Refusal::NotFound("delivery"))?;
    let Some(next) = delivery.after(sent) else { return Ok(change) };
    if let Some(due_at) = next.next_at {
        change.tasks.push(Task::new(due_at, Work::Deliver(id)));
    }
    if let Some(endpoint) = delivery.endpoint {
        let endpoint = facts.get::<Endpoint>(endpoint)?;
        let delivered = sent.attempt.failure.is_none();
        change
            .records
            .extend(endpoint.and_then(|e| e.after_delivery(sent.attempt.at, delivered)).map(Into::into));
    }
    change.put(next);
    Ok(change)
}

/// Puts a delivery off without an attempt: its receiver is busy or was cut off for a while.
pub fn postpone(facts: &dyn Facts, id: DeliveryId, lease: TaskKey, until: Time) -> Result<ChangeSet, Stop> {
    lease.held(facts)?;
    let mut change = ChangeSet { done: vec![lease], ..ChangeSet::default() };
    if let Some(delivery) = facts.get::<Delivery>(id)?.filter(|delivery| !delivery.is_over()) {
        let version = delivery.version.saturating_add(1);
        change.tasks.push(Task::new(until, Work::Deliver(id)));
        change.put(Delivery { version, next_at: Some(until), ..delivery.clone() });
    }
    Ok(change)
}

/// Gives a task up whose delivery needs no sending: its endpoint was deleted or disabled.
pub fn abandon(facts: &dyn Facts, id: DeliveryId, lease: TaskKey) -> Result<ChangeSet, Stop> {
    lease.held(facts)?;
    let mut change = ChangeSet { done: vec![lease], ..ChangeSet::default() };
    if let Some(delivery) = facts.get::<Delivery>(id)?.filter(|delivery| !delivery.is_over()) {
        let version = delivery.version.saturating_add(1);
        change.put(Delivery { version, status: DeliveryStatus::GivenUp, next_at: None, ..delivery.clone() });
    }
    Ok(change)
}

/// Sends a delivery again, now, whatever became of it; the event id stays.
pub fn resend(
    facts: &dyn Facts,
    cx: &Context,
    app: AppId,
    id: DeliveryId,
) -> Result<(ChangeSet, Delivery), Stop> {
    let delivery = facts.get::<Delivery>(id)?.filter(|delivery| delivery.app == app);
    let delivery = delivery.ok_or(Refusal::NotFound("delivery"))?;
    let mut change = ChangeSet::default();
    if let Some(due_at) = delivery.next_at {
        change.done.push(Task::new(due_at, Work::Deliver(id)).key);
    }
    let next = Delivery {
        version: delivery.version.saturating_add(1),
        status: DeliveryStatus::Due,
        failures: 0,
        next_at: Some(cx.at()),
        ..delivery.clone()
    };
    change.tasks.push(Task::new(cx.at(), Work::Deliver(id)));
    change.put(next.clone());
    Ok((change, next))
}
