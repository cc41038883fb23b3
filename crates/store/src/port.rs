//! The port: what every store does.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::sync::oneshot;
use tongbao_core::{
    Cause, ChangeSet, Facts, Id, Key, KeyDigest, List, Record, Refusal, Stop, Task, Time,
    facts::Entity,
    ledger::{AccountKey, AccountState, Reason},
};
use tongbao_money::Currency;
use uuid::Uuid;

use crate::{
    lane::{LaneEnd, LaneLine},
    log::{ChangeLine, Digest},
};

/// A decision: pure, quick, and asked again when it needs more facts.
pub type Decide = Box<dyn FnMut(&dyn Facts) -> Result<ChangeSet, Stop> + Send>;

/// One input: why, and what to decide.
pub struct Step {
    /// Who, when, which input.
    pub cause: Cause,
    /// The decision.
    pub decide: Decide,
}

/// Where state lives.
pub trait Store: Send + Sync {
    /// Looks up what `decide` asks for, applies its answer atomically, and answers once it is durable.
    fn step(&self, step: Step) -> Answer<Outcome>;
    /// Leases work that is due: tasks move to the end of their lease, under new keys.
    fn due(&self, now: Time, limit: u32) -> Answer<Vec<Task>>;
    /// For lists, pages and exports; never used to decide. Blocks for as long as the read takes.
    fn read(&self, query: Query) -> Result<Page, Fault>;
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It changed something, durably.
    Committed(Committed),
    /// It found that nothing needs to change.
    Unchanged,
    /// The answer is no; nothing changed.
    Refused(Refusal),
}

/// A commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The number of the change in the log.
    pub number: u64,
    /// The digest of the log up to it.
    pub digest: Digest,
}

/// The world failed; nothing is known to have changed unless the fault says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Too many steps wait; try again.
    Busy,
    /// There is no room on the disk; reads go on, try again later.
    Full,
    /// The database does not answer; the text says why. Whether the step was committed may not be known: who asks
    /// again does so under the same key.
    Away(String),
    /// A decision broke an invariant; it was refused, and someone should look.
    Broken(String),
    /// The store has stopped and takes no more steps; the text says why.
    Stopped(String),
    /// A read failed.
    Unreadable(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Busy => f.write_str("too many steps are waiting"),
            Fault::Full => f.write_str("the disk is full"),
            Fault::Away(why) => write!(f, "the database is away: {why}"),
            Fault::Broken(why) => write!(f, "a decision broke an invariant: {why}"),
            Fault::Stopped(why) => write!(f, "the store has stopped: {why}"),
            Fault::Unreadable(why) => write!(f, "the store cannot be read: {why}"),
        }
    }
}

impl std::error::Error for Fault {}

/// An answer that comes later.
#[derive(Debug)]
pub struct Answer<T>(oneshot::Receiver<Result<T, Fault>>);

/// The other end of an [`Answer`]. When it is dropped unused, the answer is that the writer is gone.
pub type Reply<T> = oneshot::Sender<Result<T, Fault>>;

impl<T> Answer<T> {
    /// An answer that is not there yet, and what to give it by.
    pub fn pending() -> (Reply<T>, Answer<T>) {
        let (reply, answer) = oneshot::channel();
        (reply, Answer(answer))
    }

    pub(crate) fn ready(result: Result<T, Fault>) -> Answer<T> {
        let (reply, answer) = oneshot::channel();
        // The receiver is in hand, so sending cannot fail.
        drop(reply.send(result));
        Answer(answer)
    }

    /// Waits on a thread that is not an async worker.
    pub fn wait(self) -> Result<T, Fault> {
        self.0.blocking_recv().unwrap_or_else(|_| Err(gone()))
    }
}

impl<T> Future for Answer<T> {
    type Output = Result<T, Fault>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|received| received.unwrap_or_else(|_| Err(gone())))
    }
}

fn gone() -> Fault {
    Fault::Stopped(
        "the writer ended before it answered; whether the step was applied is not known".to_owned(),
    )
}

/// What can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// The record with this id: [`Page::Records`] of none or one.
    Record(Id),
    /// The record that holds this key: [`Page::Records`] of none or one.
    Key(Key),
    /// Part of a list: [`Page::Records`].
    List {
        /// Which.
        list: List,
        /// Only what stands behind this one, in the order asked for.
        after: Option<Uuid>,
        /// Newest first, or oldest first.
        newest_first: bool,
        /// How many.
        limit: u32,
    },
    /// The state of an account: [`Page::Account`].
    Account(AccountKey),
    /// Entries of an account, newest first: [`Page::Entries`].
    Entries {
        /// Which account.
        account: AccountKey,
        /// Only entries before this one, by its number; no entries if it is not of this account.
        before: Option<u64>,
        /// How many.
        limit: u32,
    },
    /// Entries of an account in a span of time, oldest first: [`Page::Entries`]. No entries are the end of it.
    Movements {
        /// Which account.
        account: AccountKey,
        /// The first instant of the span.
        from: Time,
        /// The first instant after it.
        until: Time,
        /// Only entries after this number.
        after: u64,
        /// How many.
        limit: u32,
    },
    /// The balance of an account just after an instant: [`Page::Balance`].
    BalanceAt(AccountKey, Time),
    /// Debits and credits per currency: [`Page::Trial`].
    Trial,
    /// What waits to be done: [`Page::Backlog`].
    Backlog(Time),
    /// Lines of the change log after this number: [`Page::Changes`].
    Changes(u64, u32),
    /// Postings after this number: [`Page::Postings`].
    Postings(u64, u32),
    /// Accounts after this number: [`Page::Accounts`].
    Accounts(u64, u32),
    /// Stored forms, in an order of the store's own, after this one: [`Page::Stored`].
    Stored(Option<Id>, u32),
    /// The index of keys after this one: [`Page::Keys`].
    Keys(Option<KeyDigest>, u32),
    /// The index of lists after this member: [`Page::Listings`].
    Listings(Option<Listing>, u32),
    /// The last change of every lane that has one, in order, all of one moment: [`Page::LaneEnds`].
    LaneEnds,
    /// Lanes after this one, in order: [`Page::Lanes`].
    Lanes(Option<u32>, u32),
}

/// A list, as [`List::bytes`] names it, and the uuid of a member.
pub type Listing = ([u8; 17], Uuid);

/// What was read.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each variant is documented by its content")]
pub enum Page {
    Records(Vec<Record>),
    Account(AccountState),
    Entries(Vec<Entry>),
    Balance(i64),
    Trial(Vec<TrialLine>),
    Backlog(Backlog),
    Changes(Vec<ChangeLine>),
    Postings(Vec<PostingLine>),
    Accounts(Vec<AccountLine>),
    Stored(Vec<RecordLine>),
    Keys(Vec<(KeyDigest, Id)>),
    Listings(Vec<Listing>),
    LaneEnds(Vec<LaneEnd>),
    Lanes(Vec<LaneLine>),
}

/// One line of an account's statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The posting's number.
    pub number: u64,
    /// When it was committed.
    pub at: Time,
    /// What it did to the balance, in minor units: credits are positive.
    pub amount: i64,
    /// The balance after it.
    pub balance: i64,
    /// Why.
    pub reason: Reason,
    /// For what.
    pub subject: Id,
}

/// Debits and credits of one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrialLine {
    /// Which currency.
    pub currency: Currency,
    /// Sum of all debits.
    pub debits: i128,
    /// Sum of all credits.
    pub credits: i128,
}

/// What waits to be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Tasks that are due.
    pub due: u64,
    /// Tasks in all.
    pub tasks: u64,
    /// How long the oldest due task has waited, in milliseconds.
    pub oldest_ms: i64,
}

/// A posting as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostingLine {
    /// Its number: 1, 2, 3, …
    pub number: u64,
    /// The change that wrote it.
    pub change: u64,
    /// When.
    pub at: Time,
    /// The number of the account that gives.
    pub debit: u64,
    /// The number of the account that gets.
    pub credit: u64,
    /// Minor units.
    pub amount: i64,
    /// Code of the reason.
    pub reason: u8,
    /// For what.
    pub subject: Id,
    /// The posting before, of the account that gives; 0 is none.
    pub debit_before: u64,
    /// The posting before, of the account that gets; 0 is none.
    pub credit_before: u64,
    /// The balance of the account that gives, after it.
    pub debit_balance: i64,
    /// The balance of the account that gets, after it.
    pub credit_balance: i64,
}

/// An account as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountLine {
    /// Its number, in the order of first use.
    pub number: u64,
    /// Which account.
    pub key: AccountKey,
    /// Its state.
    pub state: AccountState,
}

/// A record as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordLine {
    /// Its id.
    pub id: Id,
    /// Its version.
    pub version: u32,
    /// Its stored form.
    pub body: Vec<u8>,
}

impl dyn Store + '_ {
    /// The record with this id, as its own type.
    pub fn get<T: Entity + Clone>(&self, id: T::Id) -> Result<Option<T>, Fault> {
        self.records(Query::Record(id.into())).map(|found| found.first().and_then(T::of).cloned())
    }

    /// The record that holds this key, as its own type.
    pub fn find<T: Entity + Clone>(&self, key: Key) -> Result<Option<T>, Fault> {
        self.records(Query::Key(key)).map(|found| found.first().and_then(T::of).cloned())
    }

    /// The records that a query finds.
    pub fn records(&self, query: Query) -> Result<Vec<Record>, Fault> {
        match self.read(query)? {
            Page::Records(records) => Ok(records),
            other => Err(unexpected(&other)),
        }
    }

    /// The state of an account.
    pub fn account(&self, account: AccountKey) -> Result<AccountState, Fault> {
        match self.read(Query::Account(account))? {
            Page::Account(state) => Ok(state),
            other => Err(unexpected(&other)),
        }
    }

    /// Entries of an account, newest first.
    pub fn entries(&self, account: AccountKey, before: Option<u64>, limit: u32) -> Result<Vec<Entry>, Fault> {
        self.read_entries(Query::Entries { account, before, limit })
    }

    /// Entries of an account in `from..until` after a number, oldest first.
    pub fn movements(
        &self,
        account: AccountKey,
        (from, until): (Time, Time),
        after: u64,
        limit: u32,
    ) -> Result<Vec<Entry>, Fault> {
        self.read_entries(Query::Movements { account, from, until, after, limit })
    }

    fn read_entries(&self, query: Query) -> Result<Vec<Entry>, Fault> {
        match self.read(query)? {
            Page::Entries(entries) => Ok(entries),
            other => Err(unexpected(&other)),
        }
    }
}

/// A store that answers a question with the page of another is broken.
pub(crate) fn unexpected(page: &Page) -> Fault {
    let name = format!("{page:?}").split('(').next().unwrap_or_default().to_owned();
    Fault::Unreadable(format!("the store answered with {name}, which was not asked for"))
}
