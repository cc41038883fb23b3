//! What a store must be able to do with rows, for [`crate::working::Working`] to do the rest.

use tongbao_core::{
    Id, KeyDigest, List, Record, Task, TaskKey, Time,
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

/// Rows within one transaction: reads see the writes before them.
pub(crate) trait Rows {
    fn record(&mut self, id: Id) -> Result<Option<Record>, Fault>;
    /// The highest UUID among the records of a kind; nil when there are none.
    fn highest(&mut self, kind: Kind) -> Result<Uuid, Fault>;
    fn key(&mut self, digest: &KeyDigest) -> Result<Option<Id>, Fault>;
    fn account(&mut self, key: &AccountKey) -> Result<Option<(u64, AccountState)>, Fault>;
    fn task(&mut self, key: &TaskKey) -> Result<bool, Fault>;

    fn insert_record(&mut self, id: Id, version: u32, body: &[u8]) -> Result<(), Fault>;
    fn update_record(&mut self, id: Id, version: u32, body: &[u8]) -> Result<(), Fault>;
    fn insert_key(&mut self, digest: &KeyDigest, id: Id) -> Result<(), Fault>;
    fn insert_listing(&mut self, list: List, uuid: Uuid) -> Result<(), Fault>;
    fn insert_account(&mut self, number: u64, key: &AccountKey, state: AccountState) -> Result<(), Fault>;
    fn update_account(&mut self, number: u64, state: AccountState) -> Result<(), Fault>;
    fn insert_posting(&mut self, line: &PostingLine) -> Result<(), Fault>;
    fn insert_mark(&mut self, account: u64, at: Time, posting: u64) -> Result<(), Fault>;
    fn insert_change(&mut self, line: &ChangeLine) -> Result<(), Fault>;
    fn insert_task(&mut self, task: &Task) -> Result<(), Fault>;
    fn remove_task(&mut self, key: &TaskKey) -> Result<(), Fault>;
}
