//! Asking the sandbox over HTTP, again and again until it answers; where several processes serve it, each try asks
//! the next of them.
//!
//! **Invariant.** A request that is repeated is the same to the byte, its `Idempotency-Key` included.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use http::{Method, header::CONTENT_TYPE};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::sleep;

use crate::{output::Failure, sandbox::Keys, wire::Page};

/// Longer than the sandbox is ever frozen; a request in flight when it dies ends at once.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// How long to wait before the same request is sent again.
const AGAIN_AFTER: Duration = Duration::from_millis(25);
/// After this long without an answer the sandbox is taken for stuck. Several restarts fit into it, or a change of
/// the database's primary.
const ANSWERED_WITHIN: Duration = Duration::from_mins(2);
/// How long a look at whether it answers may take.
const LOOK_MAX: Duration = Duration::from_millis(500);

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Option<String>,
    /// The `Idempotency-Key`.
    pub(crate) key: Option<String>,
}

impl Ask {
    /// A look-up.
    pub(crate) fn get(path: impl Into<String>) -> Ask {
        Ask { method: Method::GET, path: path.into(), body: None, key: None }
    }

    /// A request that changes something.
    pub(crate) fn post(path: impl Into<String>, body: Option<&Value>, key: Option<String>) -> Ask {
        let body = body.map(ToString::to_string);
        Ask { method: Method::POST, path: path.into(), body, key }
    }
}

/// An answer that settles the matter: done, or refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    /// Whether it says that it was given before.
    pub(crate) replayed: bool,
    /// How often it was asked for; more than once means that answers were lost.
    pub(crate) tries: u32,
}

impl Answer {
    /// Whether the request was fulfilled.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What the body says.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        let body = &self.body;
        serde_json::from_str(body).map_err(|error| format!("{error} in the answer {body}").into())
    }
}

/// A client of the sandbox.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    apis: Arc<[String]>,
    next: Arc<AtomicUsize>,
    unavailable: Arc<AtomicU64>,
    secret_key: String,
    patience: Duration,
}

impl Client {
    /// A client with the keys of the sandbox.
    pub(crate) fn new(keys: &Keys) -> Result<Client, Failure> {
        // The sandbox is on this machine, whatever proxy the environment names.
        let http = reqwest::Client::builder().no_proxy().timeout(ANSWER_MAX).build()?;
        let (next, unavailable) = (Arc::default(), Arc::default());
        let (apis, secret_key) = (Arc::from([keys.api.clone()]), keys.secret_key.clone());
        Ok(Client { http, apis, next, unavailable, secret_key, patience: ANSWER_MAX })
    }

    /// The same client of these processes.
    pub(crate) fn of(&self, apis: Vec<String>) -> Client {
        Client { apis: apis.into(), ..self.clone() }
    }

    /// The same client of one process.
    pub(crate) fn only(&self, api: String) -> Client {
        self.of(vec![api])
    }

    /// The same client, waiting so long for the answer to one try.
    pub(crate) fn with_patience(&self, patience: Duration) -> Client {
        Client { patience, ..self.clone() }
    }

    /// How often it was answered 503 so far.
    pub(crate) fn unavailable(&self) -> u64 {
        self.unavailable.load(Ordering::Relaxed)
    }

    /// Asks until there is an answer. A lost connection, a timeout, 408, 429 and 5xx are none; 500 is told
    /// to the caller as a failure, because nothing may break.
    pub(crate) async fn ask(&self, ask: &Ask) -> Result<Answer, Failure> {
        let deadline = Instant::now() + ANSWERED_WITHIN;
        let mut tries = 0;
        while Instant::now() < deadline {
            tries += 1;
            match self.once(ask, self.patience).await {
                Some(answer) if answer.status == 500 => {
                    return Err(format!("{} {} was answered {answer:?}", ask.method, ask.path).into());
                }
                Some(answer) if !matches!(answer.status, 408 | 429 | 502..) => {
                    return Ok(Answer { tries, ..answer });
                }
                Some(_) | None => sleep(AGAIN_AFTER).await,
            }
        }
        Err(format!("{} {} got no answer in {} s", ask.method, ask.path, ANSWERED_WITHIN.as_secs()).into())
    }

    /// Sends a request once; nothing when no whole answer came.
    async fn once(&self, ask: &Ask, within: Duration) -> Option<Answer> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let api = self.apis.iter().cycle().nth(turn % self.apis.len().max(1))?;
        let url = format!("{api}{}", ask.path);
        let mut request = self.http.request(ask.method.clone(), url).timeout(within);
        if ask.path.starts_with("/v1/") {
            request = request.bearer_auth(&self.secret_key);
        }
        if let Some(key) = &ask.key {
            request = request.header("Idempotency-Key", key);
        }
        if let Some(body) = &ask.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        if status == 503 {
            self.unavailable.fetch_add(1, Ordering::Relaxed);
        }
        let replayed = response.headers().get("Idempotency-Replayed").is_some_and(|value| value == "true");
        let body = response.text().await.ok()?;
        Some(Answer { status, body, replayed, tries: 1 })
    }

    /// Whether a look-up is answered 200 now.
    pub(crate) async fn answers(&self, path: &str) -> bool {
        self.once(&Ask::get(path), LOOK_MAX).await.is_some_and(|answer| answer.status == 200)
    }

    /// Looks something up.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let answer = self.ask(&Ask::get(path)).await?;
        if answer.status != 200 {
            return Err(format!("GET {path} was answered {answer:?}").into());
        }
        answer.read()
    }

    /// Reads a list to its end, page by page.
    pub(crate) async fn all<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, Failure> {
        let mut rows = Vec::new();
        let mut cursor = String::new();
        let joint = if path.contains('?') { '&' } else { '?' };
        loop {
            let page: Page = self.get(&format!("{path}{joint}limit=100{cursor}")).await?;
            for row in page.data {
                rows.push(serde_json::from_value(row)?);
            }
            match page.next_cursor {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(rows),
            }
        }
    }
}
