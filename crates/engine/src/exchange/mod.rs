//! What passed between a developer's program and a sandbox: requests with their answers, notifications as they were
//! sent, and requests whose signature did not fit.
//!
//! **Invariants.** All of it is in memory and bounded, and only a sandbox has any. Secrets are taken out of headers
//! before they are kept. What is shown passes [`mask::shown`].
//!
//! **Absent on purpose:** anything that decides, and anything that must survive a restart: what happened is in the
//! change log.

pub mod mask;

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tongbao_channel::wechat::message;
use tongbao_core::{
    Time,
    id::{DeliveryId, MerchantId},
};

/// Requests kept, with their answers.
pub const EXCHANGES_MAX: usize = 500;
/// Notifications kept.
pub const LETTERS_MAX: usize = 200;
/// Refused requests kept, and as many that were pasted.
pub const SIGNED_MAX: usize = 20;
/// Bytes kept of the body of a request, answer or notification: with the numbers above, 11 MB at the worst.
pub const BODY_KEPT_MAX: usize = 8 * 1024;
/// Bytes kept of the body of a request whose signature did not fit: all that the door reads.
pub const SIGNED_BODY_MAX: usize = 64 * 1024;
/// Bytes kept of a target. Longer ones name no order.
const TARGET_KEPT_MAX: usize = 2 * 1024;

/// The first bytes of a body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// As they came.
    pub bytes: Vec<u8>,
    /// Whether there were more.
    pub is_cut: bool,
}

impl Kept {
    /// Keeps more of it, as far as there is room.
    pub fn extend(&mut self, data: &[u8]) {
        let room = BODY_KEPT_MAX.saturating_sub(self.bytes.len());
        self.is_cut |= data.len() > room;
        self.bytes.extend_from_slice(&data[..data.len().min(room)]);
    }
}

/// Headers, with their secrets taken out.
pub type Headers = Vec<(String, String)>;

/// What the platform signed of an answer or notification of WeChat Pay's interface, if these headers are of one and all
/// of its body was kept.
pub fn signed_text(headers: &Headers, body: &Kept) -> Option<String> {
    let value = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value);
    let (time, nonce) = (value("wechatpay-timestamp")?, value("wechatpay-nonce")?);
    let text = message::answer(time.parse().ok()?, nonce, &body.bytes);
    (!body.is_cut).then(|| String::from_utf8_lossy(&text).into_owned())
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Those that matter.
    pub headers: Headers,
    /// How long it took, in milliseconds.
    pub took_ms: u32,
}

/// One request and its answer.
#[derive(Debug)]
pub struct Exchange {
    /// When it came, by the sandbox's clock.
    pub at: Time,
    /// Who asked, if that is known.
    pub merchant: Option<MerchantId>,
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Those that matter.
    pub headers: Headers,
    asked: Mutex<Kept>,
    answer: Mutex<Option<Answer>>,
    answered: Mutex<Kept>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Exchange {
    /// A request that has just come.
    pub fn new(
        at: Time,
        merchant: Option<MerchantId>,
        method: &str,
        target: &str,
        headers: Headers,
    ) -> Exchange {
        let target = target.chars().take(TARGET_KEPT_MAX).collect();
        Exchange {
            at,
            merchant,
            method: method.to_owned(),
            target,
            headers,
            asked: Mutex::default(),
            answer: Mutex::default(),
            answered: Mutex::default(),
        }
    }

    /// Keeps part of the request's body.
    pub fn ask(&self, data: &[u8]) {
        lock(&self.asked).extend(data);
    }

    /// Keeps the head of the answer.
    pub fn answer_with(&self, answer: Answer) {
        *lock(&self.answer) = Some(answer);
    }

    /// Keeps part of the answer's body.
    pub fn answer_more(&self, data: &[u8]) {
        lock(&self.answered).extend(data);
    }

    /// The request's body.
    pub fn request_body(&self) -> Kept {
        lock(&self.asked).clone()
    }

    /// The answer; none if there has been none yet, or if nobody waited for it.
    pub fn answer(&self) -> Option<Answer> {
        lock(&self.answer).clone()
    }

    /// The answer's body.
    pub fn answer_body(&self) -> Kept {
        lock(&self.answered).clone()
    }
}

/// A notification as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Of which delivery.
    pub delivery: DeliveryId,
    /// When, by the sandbox's clock; the attempt has the same time.
    pub at: Time,
    /// Those that were sent.
    pub headers: Headers,
    /// What was sent.
    pub body: Kept,
}

/// A request of WeChat Pay's interface as it came, for the signature doctor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignedRequest {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The host that was asked.
    pub host: Option<String>,
    /// The values of `Authorization`.
    pub authorization: Vec<String>,
    /// The body.
    pub body: Vec<u8>,
    /// The text that the developer says was signed.
    pub own: Option<Vec<u8>>,
}

/// A [`SignedRequest`] that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptRequest {
    /// Counts from 1.
    pub number: u64,
    /// When it came, by the world's clock.
    pub at: Time,
    /// What the door refused it with; none if it was pasted.
    pub refused: Option<String>,
    /// The request.
    pub request: SignedRequest,
}

/// See the module.
#[derive(Default)]
pub struct Exchanges {
    all: Mutex<VecDeque<Arc<Exchange>>>,
    letters: Mutex<VecDeque<Arc<Letter>>>,
    refused: Mutex<VecDeque<Arc<KeptRequest>>>,
    pasted: Mutex<VecDeque<Arc<KeptRequest>>>,
    number: AtomicU64,
}

/// Adds to the end, and forgets the oldest beyond `max`.
fn push<T>(ring: &Mutex<VecDeque<Arc<T>>>, max: usize, new: T) -> Arc<T> {
    let new = Arc::new(new);
    let mut ring = lock(ring);
    while ring.len() >= max {
        ring.pop_front();
    }
    ring.push_back(Arc::clone(&new));
    new
}

impl Exchanges {
    /// Keeps a request that has just come; its answer is told to what is given back.
    pub fn begin(&self, exchange: Exchange) -> Arc<Exchange> {
        push(&self.all, EXCHANGES_MAX, exchange)
    }

    /// Keeps a notification.
    pub(crate) fn sent(&self, letter: Letter) {
        push(&self.letters, LETTERS_MAX, letter);
    }

    /// Keeps a request that the door refused, or one that was pasted; gives its number.
    pub fn keep(&self, at: Time, refused: Option<String>, mut request: SignedRequest) -> u64 {
        request.body.truncate(SIGNED_BODY_MAX);
        if let Some(own) = &mut request.own {
            own.truncate(SIGNED_BODY_MAX);
        }
        let number = self.number.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let ring = if refused.is_some() { &self.refused } else { &self.pasted };
        push(ring, SIGNED_MAX, KeptRequest { number, at, refused, request });
        number
    }

    /// All exchanges, oldest first.
    pub fn all(&self) -> Vec<Arc<Exchange>> {
        lock(&self.all).iter().cloned().collect()
    }

    /// The notification that one attempt sent.
    pub fn letter(&self, delivery: DeliveryId, at: Time) -> Option<Arc<Letter>> {
        let letters = lock(&self.letters);
        letters.iter().rev().find(|letter| letter.delivery == delivery && letter.at == at).cloned()
    }

    /// The requests that the door refused for their signature, newest first.
    pub fn refused(&self) -> Vec<Arc<KeptRequest>> {
        lock(&self.refused).iter().rev().cloned().collect()
    }

    /// The kept request with this number, refused or pasted.
    pub fn kept(&self, number: u64) -> Option<Arc<KeptRequest>> {
        let found = |ring: &Mutex<VecDeque<Arc<KeptRequest>>>| {
            lock(ring).iter().find(|kept| kept.number == number).cloned()
        };
        found(&self.refused).or_else(|| found(&self.pasted))
    }
}
