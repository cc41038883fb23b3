//! `tongbao listen`: fetches events and forwards each to a local URL, signed like a notification.

use std::{collections::HashSet, process::ExitCode, time::Duration};

use clap::Args;
use reqwest::{Client, StatusCode};
use serde_json::Value;
use tongbao_engine::{
    Clock, SystemClock,
    webhook::{Secret, sign},
};

use super::{Place, block_on};
use crate::{
    output::{self, Failure},
    seed::SandboxFile,
};

/// How often new events are asked for.
const POLL: Duration = Duration::from_millis(500);

/// How long the local server may take.
const FORWARD_TIMEOUT: Duration = Duration::from_secs(10);

/// The command line of `tongbao listen`.
#[derive(Args)]
pub(crate) struct Listen {
    #[command(flatten)]
    data: Place,
    /// The local URL that events are sent to
    #[arg(long, value_name = "URL")]
    forward_to: String,
    /// Begin with the events there are, not with the next one
    #[arg(long)]
    from_start: bool,
    /// End after this many events
    #[arg(long, value_name = "N")]
    count: Option<u64>,
}

impl Listen {
    /// Forwards until it is stopped.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let sandbox = SandboxFile::read(&self.data.instance().directory().join("sandbox.json"))?;
        let secret =
            Secret::parse(&sandbox.webhook_secret).map_err(|_| "sandbox.json holds no webhook secret")?;
        let client = Client::builder().timeout(FORWARD_TIMEOUT).no_proxy().build()?;
        block_on(async {
            let mut source = Source { client: client.clone(), sandbox, seen: HashSet::new() };
            if !self.from_start {
                source.skip().await?;
            }
            output::note(format_args!("forwarding events to {}", self.forward_to));
            let mut left = self.count;
            while left != Some(0) {
                let events = source.next().await?;
                if events.is_empty() {
                    tokio::time::sleep(POLL).await;
                }
                for event in events {
                    forward(&client, &self.forward_to, &secret, &event).await?;
                    left = left.map(|left| left.saturating_sub(1));
                    if left == Some(0) {
                        break;
                    }
                }
            }
            Ok(())
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The list of events, and those that were seen. Ids say when a request came, not when it was committed, so
/// a place in the list is not enough: an event can appear behind one that was seen.
struct Source {
    client: Client,
    sandbox: SandboxFile,
    seen: HashSet<String>,
}

impl Source {
    /// Marks all there is as seen.
    async fn skip(&mut self) -> Result<(), Failure> {
        self.next().await.map(drop)
    }

    /// The events that were not seen before, oldest first.
    async fn next(&mut self) -> Result<Vec<Value>, Failure> {
        let (mut fresh, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let page = self.page(cursor.as_deref()).await?;
            let events = page["data"].as_array().cloned().unwrap_or_default();
            let before = fresh.len();
            let count = events.len();
            fresh.extend(
                events
                    .into_iter()
                    .filter(|event| event["id"].as_str().is_some_and(|id| self.seen.insert(id.to_owned()))),
            );
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            // A page of which something was seen is followed by pages that were seen.
            if cursor.is_none() || fresh.len() - before < count {
                break;
            }
        }
        fresh.reverse();
        Ok(fresh)
    }

    async fn page(&self, cursor: Option<&str>) -> Result<Value, Failure> {
        let mut url = format!("{}/v1/events?limit=100", self.sandbox.api);
        if let Some(cursor) = cursor {
            url.push_str("&cursor=");
            url.push_str(cursor);
        }
        let answer = self.client.get(url).bearer_auth(&self.sandbox.secret_key).send().await;
        let answer = answer.map_err(|error| format!("the sandbox does not answer: {error}"))?;
        if answer.status() != StatusCode::OK {
            return Err(format!("the sandbox answered {}: {}", answer.status(), answer.text().await?).into());
        }
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    }
}

async fn forward(client: &Client, url: &str, secret: &Secret, event: &Value) -> Result<(), Failure> {
    let body = serde_json::to_vec(event)?;
    let id = event["id"].as_str().unwrap_or_default();
    let timestamp_s = SystemClock::default().world().ms().div_euclid(1_000);
    let headers = sign(id, timestamp_s, &body, std::slice::from_ref(secret), None);
    let mut request = client.post(url).header("content-type", "application/json");
    for (name, value) in headers.pairs() {
        request = request.header(name, value);
    }
    let answer = match request.body(body).send().await {
        Ok(answer) => answer.status().to_string(),
        Err(error) => format!("no answer: {error}"),
    };
    output::line(format_args!("{} {id} → {answer}", event["type"].as_str().unwrap_or("event")))
}
