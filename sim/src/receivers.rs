//! The merchants' ends of notifications: they check each signature, keep what they took, and behave as receivers do.

use std::{collections::BTreeMap, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue};
use standardwebhooks::Webhook;
use tokio::sync::oneshot;
use tongbao_core::Time;
use tongbao_engine::{
    Call, Transport,
    webhook::{Failure, Outcome},
};

use crate::{
    agenda::Event,
    canary::Canary,
    found::WEBHOOK_SECRET,
    plan::Fault,
    seen::Rare,
    state::{Shared, State},
};

/// For how long a receiver is away on average, in milliseconds.
const DEAD_MS: i64 = 150 * 3_600_000;

/// A notification on its way.
pub(crate) struct Letter {
    url: String,
    host: String,
    event: String,
    headers: HeaderMap,
    body: Vec<u8>,
    deadline_ms: i64,
    reply: oneshot::Sender<Outcome>,
}

impl Letter {
    /// Tells the sender what came of it, if it still lives.
    pub(crate) fn answer(self, outcome: Outcome) {
        drop(self.reply.send(outcome));
    }
}

/// What a receiver knows of one event.
#[derive(Clone, Debug, Default)]
pub(crate) struct Taken {
    /// How often it came.
    pub(crate) times: u64,
    /// Whether the receiver said that it took it, as far as it knows.
    pub(crate) acknowledged: bool,
    /// What it said.
    pub(crate) body: Vec<u8>,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Receivers {
    /// By address and event.
    pub(crate) taken: BTreeMap<(String, String), Taken>,
    dead_until: BTreeMap<String, Time>,
}

/// The way to receivers from the process.
pub(crate) struct Post(pub(crate) Shared);

impl Transport for Post {
    fn post<'a>(
        &'a self,
        url: &'a str,
        headers: &'a [(&'a str, &'a str)],
        body: Vec<u8>,
        deadline: Duration,
    ) -> Call<'a, Outcome> {
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            let host = url.trim_start_matches("https://").split('/').next().unwrap_or_default().to_owned();
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                if let (Ok(name), Ok(value)) =
                    (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
                {
                    map.insert(name, value);
                }
            }
            let named = map.get("webhook-id").and_then(|value| value.to_str().ok());
            let event = named.unwrap_or_default().to_owned();
            let deadline_ms = i64::try_from(deadline.as_millis()).unwrap_or(i64::MAX);
            self.send(Letter { url: url.to_owned(), host, event, headers: map, body, deadline_ms, reply });
            answer.await.unwrap_or_else(|_| failed(Failure::Broken))
        })
    }
}

impl Post {
    fn send(&self, letter: Letter) {
        let mut state = self.0.lock();
        let after_ms = state.wait_ms(50);
        if state.tampers(Canary::AcknowledgesUnsent) {
            return state.plan_in(after_ms, Event::LetterAnswered(letter, answered(200, None)));
        }
        state.plan_in(after_ms, Event::LetterArrives(letter));
    }
}

fn failed(failure: Failure) -> Outcome {
    Outcome { status: None, failure: Some(failure), retry_after_s: None, response_bytes: 0, duration_ms: 1 }
}

fn answered(status: u16, retry_after_s: Option<u32>) -> Outcome {
    let failure = match status {
        200..=299 => None,
        300..=399 => Some(Failure::Redirect),
        status => Some(Failure::Http(status)),
    };
    Outcome { status: Some(status), failure, retry_after_s, response_bytes: 0, duration_ms: 1 }
}

impl State {
    /// A notification reaches its receiver.
    pub(crate) fn letter_arrives(&mut self, letter: Letter) {
        let dead = self.receivers.dead_until.get(&letter.host).is_some_and(|until| self.now < *until);
        if self.strikes(Fault::ReceiverDead) {
            let for_ms = self.wait_ms(DEAD_MS);
            let until = self.now.plus_ms(for_ms);
            self.receivers.dead_until.insert(letter.host.clone(), until);
        }
        let (outcome, takes) = if self.trouble && dead {
            (failed(Failure::Connect), false)
        } else if self.strikes(Fault::ReceiverErrs) {
            let status = self.chance.pick(&[500, 503, 429, 400]).unwrap_or(500);
            (answered(status, (status == 429).then_some(60)), false)
        } else if self.strikes(Fault::ReceiverHangs) {
            (failed(Failure::Timeout), false)
        } else if self.strikes(Fault::ReceiverRedirects) {
            (answered(302, None), false)
        } else if self.strikes(Fault::ReceiverBreaks) {
            (failed(Failure::Broken), true)
        } else {
            (answered(204, None), true)
        };
        self.note(&format!("{}: {} {:?}", letter.host, letter.event, outcome.status));
        if takes {
            self.take(&letter, outcome.is_success());
        }
        let hangs = outcome.failure == Some(Failure::Timeout);
        let after_ms = if hangs { letter.deadline_ms } else { self.wait_ms(50) };
        self.plan_in(after_ms, Event::LetterAnswered(letter, outcome));
    }

    fn take(&mut self, letter: &Letter, acknowledged: bool) {
        if !is_signed(letter) {
            self.violated(format!("{} was sent with a signature that does not fit", letter.event));
        }
        let key = (letter.url.clone(), letter.event.clone());
        let taken = self.receivers.taken.entry(key).or_default();
        taken.times = taken.times.saturating_add(1);
        let (times, known) = (taken.times, taken.acknowledged);
        taken.acknowledged |= acknowledged;
        let differs = times > 1 && taken.body != letter.body;
        taken.body.clone_from(&letter.body);
        if differs {
            self.violated(format!("{} was told in two ways", letter.event));
        }
        if known {
            self.see(Rare::ToldAgainAfterTaken);
        }
    }
}

/// Whether one of the signatures in the header is the one that the library of Standard Webhooks makes. (Its own check
/// compares the timestamp with a real clock.)
fn is_signed(letter: &Letter) -> bool {
    let header = |name| letter.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let (Some(signatures), Some(timestamp)) = (header("webhook-signature"), header("webhook-timestamp"))
    else {
        return false;
    };
    let (Ok(webhook), Ok(timestamp)) = (Webhook::new(WEBHOOK_SECRET), timestamp.parse()) else {
        return false;
    };
    let signed = webhook.sign(&letter.event, timestamp, &letter.body);
    signed.is_ok_and(|signed| signatures.split(' ').any(|one| one == signed))
}
