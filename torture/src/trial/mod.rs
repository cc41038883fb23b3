//! What every trial has in common, whatever harm is done in it.
//!
//! ```text
//!   load ───────────────▶ stop ──▶ settle ──▶ SIGTERM ──▶ verify ──▶ start ──▶ audit
//!   harm ───▶ stop
//! ```

mod audit;
mod result;
mod settle;

use std::{path::Path, sync::Arc};

use tempfile::TempDir;
use tokio::task::JoinSet;

pub(crate) use audit::Found;
pub(crate) use result::{Figures, Outcome};

use crate::{
    book::Book,
    chance::Chance,
    client::Client,
    fleet::Fleet,
    load::Load,
    output::{Failure, say},
    receiver::Receiver,
};

/// A trial under way.
pub(crate) struct Trial {
    pub(crate) fleet: Fleet,
    pub(crate) client: Client,
    pub(crate) book: Arc<Book>,
    pub(crate) load: Arc<Load>,
    pub(crate) receiver: Arc<Receiver>,
    running: JoinSet<()>,
}

impl Trial {
    /// Starts the fleet and begins with the load. The supervisor's book goes to the directory `own`.
    pub(crate) async fn begin(
        mut fleet: Fleet,
        own: &Path,
        tasks: u64,
        chance: &mut Chance,
    ) -> Result<Trial, Failure> {
        let (keys, client) = fleet.start().await?;
        let book = Arc::new(Book::new(&own.join("acknowledged.jsonl"))?);
        let (receiver, notify_url) =
            Receiver::start(&keys.webhook_secret, Arc::clone(&book), chance.fork()).await?;
        let load = Arc::new(Load::new(client.clone(), Arc::clone(&book), keys.payers.clone(), notify_url));
        let running = load.start(tasks, chance);
        Ok(Trial { fleet, client, book, load, receiver, running })
    }

    /// No more harm: everything that was accepted must finish, add up, and be there once.
    pub(crate) async fn finish(&mut self, chance: &mut Chance) -> Result<Found, Failure> {
        say(format_args!("no more harm; {} answers so far", self.book.sums().acknowledged));
        self.load.finish(std::mem::take(&mut self.running)).await;
        self.load.use_up_faults(chance).await?;
        settle::wait(&self.client, &self.book).await?;
        self.end_and_restart().await?;
        let found = audit::all(&self.load, &self.receiver).await?;
        self.end_and_restart().await?;
        self.fleet.look_for_panics(&self.book);
        Ok(found)
    }

    async fn end_and_restart(&mut self) -> Result<(), Failure> {
        if let Some(verdict) = self.fleet.end_and_restart(&self.client, &self.book).await? {
            say(verdict);
        }
        Ok(())
    }
}

/// Keeps a directory of a trial that failed.
pub(crate) fn keep(directory: TempDir, what: &str) {
    say(format_args!("kept: {what} in {}", directory.keep().display()));
}
