//! What a store must be able to do with rows, for [`crate::working::Working`] to do the rest.

use std::{collections::BTreeMap, sync::Arc};

use tongbao_core::{
    Id, KeyDigest, List, Record, TaskKey, Time, Work,
    id::Kind,
    ledger::{AccountKey, AccountState},
};
use uuid::Uuid;

use crate::{
    log::{ChangeLine, Digest},
    port::{Fault, PostingLine},
};

/// Where the numbering and the digest chain stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// The last change.
    pub(crate) change: u64,
    /// Its digest.
    pub(crate) digest: Digest,
    /// Its time.
    pub(crate) at: Time,
    /// The last posting.
    pub(crate) posting: u64,
    /// The last account.
    pub(crate) account: u64,
}

/// Where the working set looks up what it does not know. It may show the state before the batch that
/// was worked out last, which the working set remembers itself; never an older one.
pub(crate) trait Rows {
    fn record(&mut self, id: Id) -> Result<Option<Record>, Fault>;
    /// The highest UUID among the records of a kind; nil when there are none.
    fn highest(&mut self, kind: Kind) -> Result<Uuid, Fault>;
    fn key(&mut self, digest: &KeyDigest) -> Result<Option<Id>, Fault>;
    fn account(&mut self, key: &AccountKey) -> Result<Option<(u64, AccountState)>, Fault>;
    fn task(&mut self, key: &TaskKey) -> Result<bool, Fault>;
    /// The first tasks that are due, in order.
    fn due(&mut self, now: Time, limit: usize) -> Result<Vec<(TaskKey, Work)>, Fault>;
}

/// Tasks that a batch wrote or removed.
pub(crate) type Tasks = BTreeMap<TaskKey, Option<Queued>>;

/// A task that stands in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Queued {
    pub(crate) work: Work,
    /// Whether a worker holds it, under a lease.
    pub(crate) held: bool,
}

/// Everything that one batch of steps writes, each row once, in the order of its table.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    /// Records that are new or have a new version.
    pub(crate) records: Vec<RecordWrite>,
    /// Keys that were taken.
    pub(crate) keys: Vec<(KeyDigest, Id)>,
    /// Records that were put on a list.
    pub(crate) listings: Vec<(List, Uuid)>,
    /// Accounts that are new or have moved.
    pub(crate) accounts: Vec<AccountWrite>,
    /// Postings.
    pub(crate) postings: Vec<PostingLine>,
    /// Marks: an account, when, and the posting.
    pub(crate) marks: Vec<(u64, Time, u64)>,
    /// Lines of the change log.
    pub(crate) changes: Vec<ChangeLine>,
    /// Tasks, by key.
    pub(crate) tasks: Arc<Tasks>,
}

/// A record to be written.
#[derive(Debug)]
pub(crate) struct RecordWrite {
    pub(crate) id: Id,
    /// Whether the store has no version of it yet.
    pub(crate) new: bool,
    pub(crate) version: u32,
    pub(crate) body: Vec<u8>,
}

/// An account to be written.
#[derive(Debug)]
pub(crate) struct AccountWrite {
    pub(crate) number: u64,
    /// Its name, if the store does not have it yet.
    pub(crate) new: Option<AccountKey>,
    pub(crate) state: AccountState,
}

impl Writes {
    /// Whether there is nothing to commit.
    pub(crate) fn is_empty(&self) -> bool {
        // Everything else comes with a line of the log.
        self.changes.is_empty() && self.tasks.is_empty()
    }
}
