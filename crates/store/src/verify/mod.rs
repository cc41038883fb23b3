//! The verifier: recounts everything from the journal and the change log, and compares.
//!
//! It believes nothing that is stored twice: balances are summed from postings, chains are followed,
//! digests are computed again, stored forms are hashed and compared with the log's last word on them, and
//! the indexes of keys and lists are compared with what the records name.
//!
//! What is counted is what the log held at one moment, the beginning; rows may be ahead of it by then.

mod accounts;
mod ahead;
mod indexes;
mod journal;
mod lanes;
mod last_word;
mod records;
mod recount;
mod walk;

use foldhash::quality::RandomState;
use indexes::Sums;
use lanes::Lanes;
use recount::Recount;

use crate::{
    log::Digest,
    port::{Fault, Store},
};

/// What was counted, and what did not agree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Lines of the change log.
    pub changes: u64,
    /// Postings.
    pub postings: u64,
    /// Accounts.
    pub accounts: u64,
    /// Records.
    pub records: u64,
    /// The digest of the whole log; of several lanes, the digest of their ends.
    pub digest: Digest,
    /// What did not agree, the first [`FINDINGS_MAX`] of it.
    pub findings: Vec<String>,
}

/// After this many findings the rest says nothing new.
pub const FINDINGS_MAX: usize = 100;

impl Report {
    /// Whether everything agreed.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    fn find(&mut self, what: impl FnOnce() -> String) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(what());
        }
    }

    fn expect(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.find(what);
        }
    }
}

/// Recounts a store. `progress` is told how many rows have been counted so far. Changes that are
/// committed meanwhile are left out: only what the log held at the start is counted.
pub fn verify(store: &dyn Store, progress: &mut dyn FnMut(u64)) -> Result<Report, Fault> {
    let mut report = Report::default();
    let mut recount = Recount::default();
    let seed = RandomState::default();
    let mut lanes = Lanes::read(store, &mut report)?;
    let (named, indexes) = std::thread::scope(|scope| {
        let indexes = scope.spawn(|| Sums::of_indexes(store, &seed));
        let last_words = walk::walk(store, &mut lanes, &mut report, &mut recount, progress)?;
        recount.finish(&mut report);
        accounts::check(store, &lanes, &mut report, &recount)?;
        let named = records::check(store, &lanes, &mut report, &last_words, &seed, progress)?;
        Ok((named, indexes.join().expect("counting does not panic")?))
    })?;
    if indexes != named {
        indexes::look_for_each(store, &lanes, &mut report)?;
    }
    Ok(report)
}
