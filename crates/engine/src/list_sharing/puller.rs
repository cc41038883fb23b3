//! Pulling all sources, again and again.
//!
//! **Invariants.** A source that fails holds up no other. What several processes pull at once is taken once: a step
//! takes a delta only after the one before it.

use std::{sync::Arc, time::Duration};

use reqwest::{Client, redirect::Policy};

use super::{Member, PullFailure, Settings, SharingKeys, member::Pull};
use crate::Engine;

/// Seconds between two pulls, unless the operator says otherwise: what a source takes back is ended here a minute
/// later.
pub const PULL_INTERVAL_S: u32 = 60;
/// How long a source may take to answer: twice what its listener gives a request.
const ANSWER_S: u64 = 30;
const CONNECT_S: u64 = 5;

/// See the module.
pub struct Puller {
    engine: Arc<Engine>,
    settings: Arc<Settings>,
    keys: SharingKeys,
    client: Client,
}

impl Puller {
    /// A puller of the members that have a URL. Fails where the system offers no certificate authority.
    pub fn new(engine: Arc<Engine>, settings: Arc<Settings>) -> Result<Puller, reqwest::Error> {
        let client = Client::builder()
            .timeout(Duration::from_secs(ANSWER_S))
            .connect_timeout(Duration::from_secs(CONNECT_S))
            .redirect(Policy::none())
            .no_proxy()
            .build()?;
        Ok(Puller { keys: engine.sharing_keys(), engine, settings, client })
    }

    /// Pulls until the stop; a pull that is under way is given up, and what it had taken stays taken.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        let pulls = async {
            loop {
                self.pull_all().await;
                tokio::time::sleep(Duration::from_secs(self.settings.pull_interval_s.into())).await;
            }
        };
        tokio::select! {
            () = stop => {}
            () = pulls => {}
        }
    }

    /// Pulls each source once.
    pub async fn pull_all(&self) {
        for source in self.settings.members.iter().filter(|member| member.url.is_some()) {
            if let Err(failure) = self.pull(source).await {
                let (source, why) = (source.name.as_str(), failure.to_string());
                tracing::warn!(source, why, "a source of shared lists could not be pulled");
            }
        }
    }

    /// Pulls a source once.
    pub async fn pull(&self, source: &Member) -> Result<(), PullFailure> {
        let Some(url) = source.url.as_deref() else { return Ok(()) };
        let (engine, client, keys) = (self.engine.as_ref(), &self.client, &self.keys);
        Pull { engine, client, keys, name: &self.settings.name, source, url }.run().await
    }
}
