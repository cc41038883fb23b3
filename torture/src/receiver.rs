//! The merchant's end of notifications: checks each signature with the Standard Webhooks library, keeps what
//! it said, and now and then refuses one, so that it has to come again.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{Router, body::Bytes, extract::State, routing::post};
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::net::TcpListener;

use crate::{
    book::{Book, Broken},
    chance::Chance,
    output::Failure,
};

/// First receipts that are refused, in percent. Rare, so that the sender's rest after ten failures in a row
/// never begins.
const REFUSED_PERCENT: u64 = 4;

/// What was said of one event.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    /// The event.
    pub(crate) event: Value,
    /// How often it was received and taken.
    pub(crate) taken: u64,
}

/// See the module.
pub(crate) struct Receiver {
    webhook: Webhook,
    book: Arc<Book>,
    inner: Mutex<(BTreeMap<String, Notice>, Chance)>,
}

impl Receiver {
    /// Begins to receive; gives the address for `notify_url`.
    pub(crate) async fn start(
        webhook_secret: &str,
        book: Arc<Book>,
        chance: Chance,
    ) -> Result<(Arc<Receiver>, String), Failure> {
        let webhook = Webhook::new(webhook_secret)?;
        let inner = Mutex::new((BTreeMap::new(), chance));
        let receiver = Arc::new(Receiver { webhook, book, inner });
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let url = format!("http://{}/notices", listener.local_addr()?);
        let router = Router::new().route("/notices", post(receive)).with_state(Arc::clone(&receiver));
        // It ends with the supervisor.
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok((receiver, url))
    }

    fn inner(&self) -> MutexGuard<'_, (BTreeMap<String, Notice>, Chance)> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that was received so far, by event id.
    pub(crate) fn notices(&self) -> BTreeMap<String, Notice> {
        self.inner().0.clone()
    }

    /// Whether the signature is right and only the time is not: clocks jump here. A receiver in the world would
    /// refuse it, and it would come again.
    fn is_signed_at_another_time(&self, body: &[u8], headers: &HeaderMap) -> bool {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let named = (text("webhook-id"), text("webhook-timestamp"), text("webhook-signature"));
        let (Some(id), Some(timestamp), Some(signatures)) = named else { return false };
        let Ok(timestamp_s) = timestamp.parse() else { return false };
        let signature = self.webhook.sign(id, timestamp_s, body);
        signature.is_ok_and(|signature| signatures.split(' ').any(|one| one == signature))
    }

    fn take(&self, headers: &HeaderMap, body: &[u8]) -> StatusCode {
        if self.webhook.verify(body, headers).is_err() && !self.is_signed_at_another_time(body, headers) {
            self.book.broken(Broken::Other, "a notification with a wrong signature");
            return StatusCode::UNAUTHORIZED;
        }
        let event: Value = serde_json::from_slice(body).unwrap_or_default();
        let id = event.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let named = headers.get("webhook-id").is_some_and(|value| value.as_bytes() == id.as_bytes());
        if id.is_empty() || !named {
            self.book
                .broken(Broken::Other, format_args!("the notification {event} is not named by its header"));
        }
        let (notices, chance) = &mut *self.inner();
        let notice = notices.entry(id).or_insert_with(|| Notice { event: Value::Null, taken: 0 });
        if notice.event != event && !notice.event.is_null() {
            let first = &notice.event;
            self.book.broken(Broken::Other, format_args!("one event, two contents: {first} and {event}"));
        }
        let first = notice.event.is_null();
        notice.event = event;
        if first && chance.percent(REFUSED_PERCENT) {
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        notice.taken = notice.taken.saturating_add(1);
        StatusCode::NO_CONTENT
    }
}

async fn receive(State(receiver): State<Arc<Receiver>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    receiver.take(&headers, &body)
}
