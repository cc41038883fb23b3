//! The working set of a writer: what it has loaded, with the changes of the batch on top.
//!
//! One writer owns the state, so what it has loaded once stays true until it changes it itself. The
//! working set is therefore both the facts of the batch and a cache for the next one. It writes nothing:
//! [`Working::finish`] gives what a batch writes, and the next batch may be worked out on top of that
//! while it is being committed.
//!
//! **Invariants.** A change set is checked whole before anything of it is taken over. Records and
//! accounts that changed are written once per batch. What the last two batches wrote is remembered here,
//! so rows may be looked up in a store that has not committed the last one yet.

mod looks;
mod prepare;

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use tongbao_core::{
    Cause, ChangeSet, Facts, Id, Key, KeyDigest, Lookup, Need, Record, Stop, Task, TaskKey, Time, Want, Work,
    id::Kind,
    ledger::{AccountKey, AccountState},
};
use uuid::Uuid;

pub(crate) use looks::{Attempt, Look};

use crate::{
    cache::{Cache, Map, drop_elsewhere},
    limits::{
        CACHED_ACCOUNTS_MAX, CACHED_KEYS_MAX, CACHED_PASSING_MAX, CACHED_RECORDS_MAX, LEASE_MS,
        NEEDS_PER_STEP_MAX,
    },
    log::ChangeLine,
    port::{Committed, Fault, Outcome, PostingLine, Step},
    rows::{AccountWrite, Head, Queued, RecordWrite, Rows, Tasks, Writes},
};

/// An account as the writer knows it; number 0 is not in the store yet.
#[derive(Clone, Copy, Default)]
struct Known {
    number: u64,
    state: AccountState,
    /// When it moved last, if another writer may have moved it at a time that this one has not reached yet.
    at: Time,
}

/// A record to be written at the end of the batch.
struct Dirty {
    new: bool,
    version: u32,
    body: Vec<u8>,
}

/// See the module.
pub(crate) struct Working {
    head: Head,
    records: Cache<Id, Option<Box<Record>>>,
    /// Records that come and pass: they must not push the others out.
    passing: Cache<Id, Option<Box<Record>>>,
    keys: Cache<KeyDigest, Option<Id>>,
    accounts: Cache<AccountKey, Known>,
    /// Tasks looked up, without what the batch wrote.
    tasks: Map<TaskKey, bool>,
    /// Tasks that the batch wrote so far, and those of the batch before.
    tasks_now: Tasks,
    tasks_before: Arc<Tasks>,
    /// For each kind that was asked for, the highest id that may be stored and not remembered here: the
    /// highest stored at first, and then the highest that was forgotten.
    forgotten: Map<Kind, Uuid>,
    dirty_records: Map<Id, Dirty>,
    /// Whether each is new.
    dirty_accounts: Map<AccountKey, bool>,
    /// The rest of what the batch writes.
    writes: Writes,
}

/// A change set that has been checked and worked out, ready to be taken over.
struct Ready {
    line: ChangeLine,
    postings: Vec<PostingLine>,
    accounts: Vec<(AccountKey, Known)>,
    marks: Vec<(u64, u64)>,
    records: Vec<(Box<Record>, Vec<u8>)>,
    keys: Vec<(KeyDigest, Id)>,
}

/// What a decision said.
enum Decided {
    Outcome(Outcome),
    Change(ChangeSet),
    Need(Want),
}

fn broken(why: impl Into<String>) -> Fault {
    Fault::Broken(why.into())
}

fn without_end(cause: &Cause) -> Fault {
    broken(format!("{} asks for facts without end", cause.input))
}

/// Whether records of this kind come and pass, rather than being read by many steps.
pub(crate) fn passes(kind: Kind) -> bool {
    match kind {
        Kind::Payment
        | Kind::Attempt
        | Kind::Refund
        | Kind::Event
        | Kind::Delivery
        | Kind::Reply
        | Kind::Message
        | Kind::Notice
        | Kind::Alarm
        | Kind::Transfer
        | Kind::WechatTransferBatch
        | Kind::WechatTransferList
        | Kind::Sharing
        | Kind::SharingOrder
        | Kind::SharingReturn
        | Kind::WechatCombinedOrder
        | Kind::Complaint
        | Kind::TopUp
        | Kind::Withdrawal
        | Kind::UtilityPayment
        | Kind::Ride
        | Kind::TransitCode
        | Kind::Debt
        | Kind::ListedEntity
        | Kind::ListDelta
        | Kind::ListToken
        | Kind::Review
        | Kind::RiskDecision
        | Kind::Payee
        | Kind::Session
        | Kind::SignUp
        | Kind::SignInChallenge
        | Kind::CardPayment
        | Kind::Networks
        | Kind::PaymentCode => true,
        Kind::Merchant
        | Kind::RiskProfile
        | Kind::SharingReceiver
        | Kind::Card
        | Kind::CardNumber
        | Kind::Wallet
        | Kind::App
        | Kind::ApiKey
        | Kind::Payer
        | Kind::Sending
        | Kind::CollectionCode
        | Kind::Passkey
        | Kind::PasskeyRing
        | Kind::Contact
        | Kind::DataKeys
        | Kind::ListLog
        | Kind::ListSource
        | Kind::ListMember
        | Kind::Person
        | Kind::Usage
        | Kind::Rider
        | Kind::Endpoint
        | Kind::Sandbox
        | Kind::Instance
        | Kind::PaymentCodeSeed
        | Kind::WechatMerchant
        | Kind::WechatPlatform => false,
    }
}

impl Facts for Working {
    fn record(&self, id: Id) -> Lookup<Option<&Record>> {
        self.cached(id.kind).get(&id).map(Option::as_deref).ok_or(Need(Want::Record(id)))
    }

    fn key(&self, key: &Key) -> Lookup<Option<Id>> {
        self.keys.get(&key.digest()).copied().ok_or_else(|| Need(Want::Key(key.clone())))
    }

    fn account(&self, account: &AccountKey) -> Lookup<AccountState> {
        self.accounts.get(account).map(|known| known.state).ok_or(Need(Want::Account(*account)))
    }

    fn task(&self, task: &TaskKey) -> Lookup<bool> {
        let there = self.tasks.get(task).copied().ok_or(Need(Want::Task(*task)))?;
        Ok(self.tasks_now.get(task).map_or(there, Option::is_some))
    }
}

impl Working {
    pub(crate) fn new(head: Head) -> Working {
        Working {
            head,
            records: Cache::new(CACHED_RECORDS_MAX),
            passing: Cache::new(CACHED_PASSING_MAX),
            keys: Cache::new(CACHED_KEYS_MAX),
            accounts: Cache::new(CACHED_ACCOUNTS_MAX),
            tasks: Map::default(),
            tasks_now: Tasks::default(),
            tasks_before: Arc::default(),
            forgotten: Map::default(),
            dirty_records: Map::default(),
            dirty_accounts: Map::default(),
            writes: Writes::default(),
        }
    }

    /// Forgets everything: a batch was not committed.
    pub(crate) fn reset(&mut self, head: Head) {
        self.head = head;
        self.records.clear();
        self.passing.clear();
        self.keys.clear();
        self.accounts.clear();
        self.forgotten.clear();
        self.dirty_records.clear();
        self.dirty_accounts.clear();
        self.tasks_now.clear();
        self.tasks_before = Arc::default();
        self.writes = Writes::default();
    }

    /// The cache that records of this kind are kept in.
    fn cached(&self, kind: Kind) -> &Cache<Id, Option<Box<Record>>> {
        if passes(kind) { &self.passing } else { &self.records }
    }

    fn cached_mut(&mut self, kind: Kind) -> &mut Cache<Id, Option<Box<Record>>> {
        if passes(kind) { &mut self.passing } else { &mut self.records }
    }

    /// Runs one step: decides, and takes the change set over. A fault means that nothing of the step was
    /// taken over.
    pub(crate) fn step(&mut self, rows: &mut dyn Rows, mut step: Step) -> Result<Outcome, Fault> {
        self.tasks.clear();
        for _ in 0..NEEDS_PER_STEP_MAX {
            match self.decide(&mut step)? {
                Decided::Outcome(outcome) => return Ok(outcome),
                Decided::Change(change) => return self.apply(rows, &step.cause, change),
                Decided::Need(want) => self.load(rows, &want)?,
            }
        }
        Err(without_end(&step.cause))
    }

    /// Asks a decision once, over what is known.
    fn decide(&self, step: &mut Step) -> Result<Decided, Fault> {
        let decided = catch_unwind(AssertUnwindSafe(|| (step.decide)(self)));
        Ok(match decided.map_err(|_| broken(format!("{} panicked", step.cause.input)))? {
            Ok(change) if change.is_empty() => Decided::Outcome(Outcome::Unchanged),
            Ok(change) => Decided::Change(change),
            Err(Stop::Refuse(refusal)) => Decided::Outcome(Outcome::Refused(refusal)),
            Err(Stop::Need(Need(want))) => Decided::Need(want),
        })
    }

    fn load(&mut self, rows: &mut dyn Rows, want: &Want) -> Result<(), Fault> {
        match want {
            Want::Record(id) => self.load_record(rows, *id),
            Want::Key(key) => match self.load_key(rows, &key.digest())? {
                Some(id) => self.load_record(rows, id),
                None => Ok(()),
            },
            Want::Account(account) => self.load_account(rows, account).map(drop),
            Want::Task(task) => {
                let there = match self.tasks_before.get(task) {
                    Some(work) => work.is_some(),
                    None => rows.task(task)?,
                };
                self.tasks.insert(*task, there);
                Ok(())
            }
            Want::All(wants) => wants.iter().try_for_each(|want| self.load(rows, want)),
        }
    }

    fn load_record(&mut self, rows: &mut dyn Rows, id: Id) -> Result<(), Fault> {
        if !self.cached_mut(id.kind).revive(&id) {
            // Ids grow with time, so a new one is nearly always above those: no need to look.
            let forgotten = match self.forgotten.get(&id.kind) {
                Some(forgotten) => *forgotten,
                None => rows.highest(id.kind)?,
            };
            self.forgotten.insert(id.kind, forgotten);
            let record = if id.uuid > forgotten { None } else { rows.record(id)? };
            self.cached_mut(id.kind).put(id, record.map(Box::new));
        }
        Ok(())
    }

    fn load_key(&mut self, rows: &mut dyn Rows, digest: &KeyDigest) -> Result<Option<Id>, Fault> {
        if !self.keys.revive(digest) {
            let id = rows.key(digest)?;
            self.keys.put(*digest, id);
        }
        Ok(self.keys.get(digest).copied().flatten())
    }

    fn load_account(&mut self, rows: &mut dyn Rows, account: &AccountKey) -> Result<Known, Fault> {
        if !self.accounts.revive(account) {
            let known = rows.account(account)?.map_or_else(Known::default, |(number, state)| Known {
                number,
                state,
                ..Known::default()
            });
            self.accounts.put(*account, known);
        }
        Ok(self.accounts.get(account).copied().unwrap_or_default())
    }

    fn apply(&mut self, rows: &mut dyn Rows, cause: &Cause, change: ChangeSet) -> Result<Outcome, Fault> {
        let ChangeSet { records, postings, tasks, done } = change;
        let ready = self.prepare(rows, cause, records, &postings)?;
        let committed = Committed { number: ready.line.number, digest: ready.line.digest };
        self.take_over(ready);
        self.tasks_now.extend(done.into_iter().map(|key| (key, None)));
        let queued = |task: Task| (task.key, Some(Queued { work: task.work, held: false }));
        self.tasks_now.extend(tasks.into_iter().map(queued));
        Ok(Outcome::Committed(committed))
    }

    /// Moves up to `limit` due tasks to the end of a lease, and gives them under their new keys.
    pub(crate) fn lease(&mut self, rows: &mut dyn Rows, now: Time, limit: usize) -> Result<Vec<Task>, Fault> {
        let until = now.max(self.head.at).plus_ms(LEASE_MS);
        let written = self.tasks_before.len() + self.tasks_now.len();
        let mut due: BTreeMap<TaskKey, Work> = rows.due(now, limit + written)?.into_iter().collect();
        for (key, queued) in self.tasks_before.iter().chain(&self.tasks_now) {
            match queued {
                Some(queued) if key.due_at <= now => due.insert(*key, queued.work),
                Some(_) => None,
                None => due.remove(key),
            };
        }
        let lease = |(key, work): (TaskKey, Work)| {
            let leased = TaskKey { due_at: until, ..key };
            self.tasks_now.insert(key, None);
            self.tasks_now.insert(leased, Some(Queued { work, held: true }));
            Task { key: leased, work }
        };
        Ok(due.into_iter().take(limit).map(lease).collect())
    }

    fn take_over(&mut self, ready: Ready) {
        let Ready { line, postings, accounts, marks, records, keys } = ready;
        for (record, body) in records {
            let (id, version) = (record.id(), record.version());
            if version == 1 {
                let lists = record.lists().into_iter();
                self.writes.listings.extend(lists.map(|list| (list, id.uuid)));
            }
            let new = version == 1 || self.dirty_records.get(&id).is_some_and(|dirty| dirty.new);
            self.dirty_records.insert(id, Dirty { new, version, body });
            self.cached_mut(id.kind).put(id, Some(record));
        }
        for (digest, id) in keys {
            self.writes.keys.push((digest, id));
            self.keys.put(digest, Some(id));
        }
        for (key, known) in accounts {
            let new = self.accounts.get(&key).is_none_or(|before| before.number == 0);
            *self.dirty_accounts.entry(key).or_default() |= new;
            if new {
                self.head.account = self.head.account.max(known.number);
            }
            self.accounts.put(key, Known { at: line.at, ..known });
        }
        self.head.posting += u64::from(line.postings);
        (self.head.change, self.head.digest, self.head.at) = (line.number, line.digest, line.at);
        self.writes.marks.extend(marks.into_iter().map(|(account, posting)| (account, line.at, posting)));
        self.writes.postings.extend(postings);
        self.writes.changes.push(line);
    }

    /// Ends the batch: gives what it writes, and where the chain stands after it.
    pub(crate) fn finish(&mut self) -> (Writes, Head) {
        let mut writes = std::mem::take(&mut self.writes);
        let record = |(id, Dirty { new, version, body })| RecordWrite { id, new, version, body };
        writes.records = self.dirty_records.drain().map(record).collect();
        // In the order of the table, so that neighbours share a page while it is at hand.
        writes.records.sort_unstable_by_key(|record| record.id);
        for (key, new) in self.dirty_accounts.drain() {
            let known = self.accounts.get(&key).copied().unwrap_or_default();
            let new = new.then_some(key);
            writes.accounts.push(AccountWrite { number: known.number, new, state: known.state });
        }
        writes.accounts.sort_unstable_by_key(|account| account.number);
        self.tasks_before = Arc::new(std::mem::take(&mut self.tasks_now));
        writes.tasks = Arc::clone(&self.tasks_before);
        for gone in [self.records.age(), self.passing.age()].into_iter().flatten() {
            for id in gone.keys() {
                self.forgotten.entry(id.kind).and_modify(|highest| *highest = id.uuid.max(*highest));
            }
            drop_elsewhere(gone);
        }
        self.keys.age().into_iter().for_each(drop_elsewhere);
        self.accounts.age().into_iter().for_each(drop_elsewhere);
        (writes, self.head)
    }
}
