//! What was done, and how it recovered.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::kind::Kind;
use crate::{
    book::{Book, Broken},
    output::say,
    trial::Figures,
};

/// What is promised: a process that was killed serves again within this time, and so does one whose database or
/// disk came back (`reliability` F1).
const RECOVERY_MAX: Duration = Duration::from_secs(5);

/// How often at most the store is recounted during the run: that takes longer and longer, and the load goes on beside
/// it.
const RECOUNT_EVERY: Duration = Duration::from_secs(10);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Harmed {
    recounted: Option<Instant>,
    times: BTreeMap<Kind, u64>,
    /// Of the kills, those that hit a process which was still starting.
    pub(super) kills_while_starting: u64,
    pub(super) verified: u64,
    /// From each start after a death, and each end of another harm, to the first good answer.
    pub(super) recoveries: Vec<Duration>,
}

impl Harmed {
    /// Nothing yet. What this machine cannot do is said.
    pub(super) fn new(untried: &[(Kind, &str)]) -> Harmed {
        for (kind, why) in untried {
            say(format_args!("!!!! not tried: {}: {why}", kind.name()));
        }
        Harmed::default()
    }

    /// Whether it is time to recount again; then it is taken to be done.
    pub(super) fn may_recount(&mut self) -> bool {
        let may = self.recounted.is_none_or(|recounted| recounted.elapsed() > RECOUNT_EVERY);
        if may {
            self.recounted = Some(Instant::now());
        }
        may
    }

    /// One more of a kind.
    pub(super) fn note(&mut self, kind: Kind) {
        *self.times.entry(kind).or_default() += 1;
    }

    /// It serves again after so long.
    pub(super) fn recovered(&mut self, took: Duration, book: &Book) {
        self.recoveries.push(took);
        if took > RECOVERY_MAX {
            book.broken(Broken::Other, format_args!("it took {took:?} to serve again"));
        }
    }

    /// What was done, by name. What was not done has no figure.
    pub(super) fn figures(&self) -> Figures {
        let times = self.times.iter().map(|(kind, times)| (kind.name().to_owned(), *times));
        let own = [
            ("SIGKILL while starting".to_owned(), self.kills_while_starting),
            ("recounts during the run".to_owned(), self.verified),
        ];
        times.chain(own).collect()
    }
}
