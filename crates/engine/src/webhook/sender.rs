//! One attempt to deliver a webhook over HTTP.
//!
//! Invariants: nothing is sent to an address the policy forbids (literal addresses are judged before, names
//! in the connector, see [`lookup`](super::lookup)); no redirect is followed; no proxy is used, because a
//! proxy would resolve the name out of our sight; an attempt ends by its deadline and reads at most
//! [`RESPONSE_MAX_BYTES`] of body, never decompressed.
//!
//! Idle connections are kept for a short while and used again; they lead to addresses that were judged when
//! they were opened. HTTP/1.1 only: one POST at a time per connection needs no more.
//!
//! Absent on purpose: retries, of any kind. One call is at most one request.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, CONTENT_TYPE};
use reqwest::{Certificate, Client, Response};
use tokio::time::{Instant, timeout_at};

use super::lookup::{GuardedResolver, Lookup, SystemLookup};
use super::outcome::{Failure, Outcome};
use super::signature::SignedHeaders;
use super::target::{Policy, Target, check_url};

/// Longest attempt, from lookup to the last byte read (reliability design, section 9).
pub const DEADLINE: Duration = Duration::from_secs(10);
/// Longest time for lookup, TCP and TLS together; a receiver that needs more is down or far too slow.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Most bytes of an answer's body that are read (reliability design, section 9).
pub const RESPONSE_MAX_BYTES: u32 = 64 * 1_024;

/// Idle connections kept per receiver; the concurrency allowed per endpoint is of this order.
const IDLE_PER_HOST_MAX: usize = 4;
/// How long an idle connection is kept: less than the defaults after which common servers close theirs (gunicorn 2 s,
/// Node and Apache 5 s). What is written to a connection that is being closed is lost, and an attempt with it.
const IDLE_TIMEOUT: Duration = Duration::from_secs(1);
/// Names the sender and its version, so that receivers can recognise it in their logs.
const USER_AGENT: &str = concat!("Tongbao-Webhooks/", env!("CARGO_PKG_VERSION"));

/// How a [`Sender`] behaves.
pub struct Settings {
    /// How far it may reach.
    pub policy: Policy,
    /// Longest attempt; [`DEADLINE`] unless changed.
    pub deadline: Duration,
    /// Longest time to connect; [`CONNECT_TIMEOUT`] unless changed.
    pub connect_timeout: Duration,
    /// Where names become addresses; the system's resolver unless changed.
    pub lookup: Arc<dyn Lookup>,
    /// Certificate authorities trusted besides those of the system.
    pub extra_roots: Vec<Certificate>,
}

impl Settings {
    /// The settings of service.
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            deadline: DEADLINE,
            connect_timeout: CONNECT_TIMEOUT,
            lookup: Arc::new(SystemLookup::new()),
            extra_roots: Vec::new(),
        }
    }
}

/// Sends webhooks. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Sender {
    client: Client,
    policy: Policy,
    deadline: Duration,
}

impl Sender {
    /// A sender with the settings of service. Fails where the system offers no certificate authority.
    pub fn new(policy: Policy) -> Result<Self, reqwest::Error> {
        Self::with(Settings::new(policy))
    }

    /// A sender with other settings. Fails as [`Sender::new`] does.
    pub fn with(settings: Settings) -> Result<Self, reqwest::Error> {
        let Settings { policy, deadline, connect_timeout, lookup, extra_roots } = settings;
        let client = Client::builder()
            .dns_resolver(GuardedResolver { policy, lookup })
            .tls_certs_merge(extra_roots)
            .https_only(policy == Policy::PublicOnly)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .http1_only()
            .connect_timeout(connect_timeout)
            .pool_max_idle_per_host(IDLE_PER_HOST_MAX)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .user_agent(USER_AGENT)
            .build()?;
        Ok(Self { client, policy, deadline })
    }

    /// Makes one attempt: POST `body` (JSON) with `headers` to `url`. Never fails otherwise than in the
    /// [`Outcome`]; always returns within the deadline.
    pub async fn send(&self, url: &str, headers: &SignedHeaders, body: impl Into<reqwest::Body>) -> Outcome {
        self.send_within(url, &headers.pairs(), body, self.deadline).await
    }

    /// The same with any headers and within another time, which is not more than that of the settings.
    pub async fn send_within(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
        deadline: Duration,
    ) -> Outcome {
        let started_at = Instant::now();
        let ends_at = started_at + deadline.min(self.deadline);
        let mut outcome = match check_url(url, self.policy) {
            Ok(target) => self.exchange(target, headers, body.into(), ends_at).await,
            Err(refusal) => Outcome::from_failure(Failure::Forbidden(refusal)),
        };
        outcome.duration_ms = u32::try_from(started_at.elapsed().as_millis()).unwrap_or(u32::MAX);
        outcome
    }

    async fn exchange(
        &self,
        target: Target,
        headers: &[(&str, &str)],
        body: reqwest::Body,
        ends_at: Instant,
    ) -> Outcome {
        let mut request = self
            .client
            .post(target.into_url())
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT_ENCODING, "identity");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        match timeout_at(ends_at, request.body(body).send()).await {
            Err(_) => Outcome::from_failure(Failure::Timeout),
            Ok(Err(error)) => Outcome::from_failure(Failure::from_error(&error)),
            Ok(Ok(mut response)) => {
                let mut outcome = Outcome::from_head(response.status(), response.headers());
                outcome.response_bytes = drain(&mut response, ends_at).await;
                outcome
            }
        }
    }
}

/// Reads the body to its end, so that the connection can be used again, or to the limit or the deadline, at
/// which the connection is closed. Returns the bytes read, at most [`RESPONSE_MAX_BYTES`].
async fn drain(response: &mut Response, ends_at: Instant) -> u32 {
    let mut read_bytes = 0;
    while read_bytes < RESPONSE_MAX_BYTES {
        let Ok(Ok(Some(chunk))) = timeout_at(ends_at, response.chunk()).await else { break };
        let chunk_bytes = u32::try_from(chunk.len()).unwrap_or(RESPONSE_MAX_BYTES);
        read_bytes = RESPONSE_MAX_BYTES.min(read_bytes.saturating_add(chunk_bytes));
    }
    read_bytes
}
