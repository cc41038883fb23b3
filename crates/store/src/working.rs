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

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use tongbao_core::{
    Cause, ChangeSet, Facts, Id, Key, KeyDigest, Lookup, Need, Record, Stop, Task, TaskKey, Time, Want, Work,
    id::Kind,
    ledger::{AccountKey, AccountState, Posting},
};

use uuid::Uuid;

use crate::{
    cache::{Cache, Map, drop_elsewhere},
    limits::{
        CACHED_ACCOUNTS_MAX, CACHED_KEYS_MAX, CACHED_PASSING_MAX, CACHED_RECORDS_MAX, ENTRIES_PER_MARK,
        LEASE_MS, NEEDS_PER_STEP_MAX,
    },
    log::{self, ChangeLine, Touched},
    port::{Committed, Fault, Outcome, PostingLine, Step},
    rows::{AccountWrite, Head, Queued, RecordWrite, Rows, Tasks, Writes},
};

/// An account as the writer knows it; number 0 is not in the store yet.
#[derive(Clone, Copy, Default)]
struct Known {
    number: u64,
    state: AccountState,
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
    /// Tasks looked up for the step.
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

fn broken(why: impl Into<String>) -> Fault {
    Fault::Broken(why.into())
}

/// Whether records of this kind come and pass, rather than being read by many steps.
fn passes(kind: Kind) -> bool {
    match kind {
        Kind::Payment
        | Kind::Attempt
        | Kind::Refund
        | Kind::Event
        | Kind::Delivery
        | Kind::Reply
        | Kind::Message
        | Kind::Alarm
        | Kind::Transfer
        | Kind::WechatTransferBatch
        | Kind::WechatTransferList
        | Kind::Sharing
        | Kind::SharingOrder
        | Kind::SharingReturn
        | Kind::WechatCombinedOrder
        | Kind::Complaint
        | Kind::PaymentCode => true,
        Kind::Merchant
        | Kind::SharingReceiver
        | Kind::App
        | Kind::ApiKey
        | Kind::Payer
        | Kind::Endpoint
        | Kind::Sandbox
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
        self.tasks.get(task).copied().ok_or(Need(Want::Task(*task)))
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
            let facts: &dyn Facts = &*self;
            let decided = catch_unwind(AssertUnwindSafe(|| (step.decide)(facts)));
            match decided.map_err(|_| broken(format!("{} panicked", step.cause.input)))? {
                Ok(change) if change.is_empty() => return Ok(Outcome::Unchanged),
                Ok(change) => return self.apply(rows, &step.cause, change),
                Err(Stop::Refuse(refusal)) => return Ok(Outcome::Refused(refusal)),
                Err(Stop::Need(Need(want))) => self.load(rows, &want)?,
            }
        }
        Err(broken(format!("{} asks for facts without end", step.cause.input)))
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
                let written = self.tasks_now.get(task).or_else(|| self.tasks_before.get(task));
                let there = match written {
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
            let stored = rows.account(account)?;
            let known = stored.map_or_else(Known::default, |(number, state)| Known { number, state });
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

    /// Checks a change set and works out everything it writes; nothing is taken over yet.
    fn prepare(
        &mut self,
        rows: &mut dyn Rows,
        cause: &Cause,
        changed: Vec<Record>,
        posted: &[Posting],
    ) -> Result<Ready, Fault> {
        let mut records = Vec::with_capacity(changed.len());
        let mut keys = Vec::new();
        for record in changed {
            if records.iter().any(|(known, _): &(Box<Record>, Vec<u8>)| known.id() == record.id()) {
                return Err(broken(format!("{} is written twice in one change", record.id())));
            }
            self.check_record(rows, &record, &mut keys)?;
            let body = record.encode().map_err(|error| broken(format!("{}: {error}", record.id())))?;
            records.push((Box::new(record), body));
        }
        let touched =
            |(record, body): &(Box<Record>, Vec<u8>)| Touched::of(record.id(), record.version(), body);
        let mut line = ChangeLine {
            number: self.head.change + 1,
            // Recorded times never decrease, whatever the clock does.
            at: cause.at.max(self.head.at),
            actor: cause.actor.to_string(),
            input: cause.input.to_owned(),
            touched: records.iter().map(touched).collect(),
            postings: u32::try_from(posted.len()).map_err(|_| broken("too many postings"))?,
            digest: [0; 32],
        };
        let (postings, accounts, marks) = self.post(rows, &line, posted)?;
        let opened = accounts.iter().filter(|(_, known)| known.number > self.head.account);
        let opened: Vec<(u64, AccountKey)> = opened.map(|(key, known)| (known.number, *key)).collect();
        line.digest = log::digest(&self.head.digest, &line, &postings, &opened);
        Ok(Ready { line, postings, accounts, marks, records, keys })
    }

    /// A record must follow its stored version by one, and may only take keys that are free.
    fn check_record(
        &mut self,
        rows: &mut dyn Rows,
        record: &Record,
        keys: &mut Vec<(KeyDigest, Id)>,
    ) -> Result<(), Fault> {
        let id = record.id();
        self.load_record(rows, id)?;
        let before = self.cached(id.kind).get(&id).and_then(Option::as_deref);
        let expected = before.map_or(1, |before| before.version().saturating_add(1));
        if record.version() != expected {
            return Err(broken(format!("{id} is written as version {}, not {expected}", record.version())));
        }
        let held = before.map(Record::keys).unwrap_or_default();
        for key in record.keys().iter().filter(|key| !held.contains(key)) {
            let digest = key.digest();
            if let Some(holder) = self.load_key(rows, &digest)? {
                return Err(broken(format!("{id} takes a key that {holder} holds")));
            }
            if keys.iter().any(|(taken, _)| *taken == digest) {
                return Err(broken(format!("{id} takes a key that is taken in the same change")));
            }
            keys.push((digest, id));
        }
        Ok(())
    }

    /// Works out posting lines and the accounts after them.
    #[expect(clippy::type_complexity, reason = "three parts of one answer, taken apart at once")]
    fn post(
        &mut self,
        rows: &mut dyn Rows,
        line: &ChangeLine,
        postings: &[Posting],
    ) -> Result<(Vec<PostingLine>, Vec<(AccountKey, Known)>, Vec<(u64, u64)>), Fault> {
        let mut accounts: Vec<(AccountKey, Known)> = Vec::new();
        let mut places: Map<AccountKey, usize> = Map::default();
        let (mut lines, mut marks) = (Vec::with_capacity(postings.len()), Vec::new());
        let mut fresh = self.head.account;
        for (number, posting) in (self.head.posting + 1..).zip(postings) {
            if posting.money.amount.is_zero() || posting.debit == posting.credit {
                return Err(broken(format!("posting for {} moves nothing", posting.subject)));
            }
            let mut place = |working: &mut Working, key: AccountKey| -> Result<usize, Fault> {
                if let Some(place) = places.get(&key) {
                    return Ok(*place);
                }
                let mut known = working.load_account(rows, &key)?;
                if known.number == 0 {
                    fresh += 1;
                    known.number = fresh;
                }
                places.insert(key, accounts.len());
                accounts.push((key, known));
                Ok(accounts.len() - 1)
            };
            let (debit, credit) = (place(self, posting.debit_key())?, place(self, posting.credit_key())?);
            let (from, to) = (accounts[debit].1, accounts[credit].1);
            let overflow = || broken(format!("an account of posting {number} overflows"));
            let amount = posting.money.amount;
            accounts[debit].1.state = from.state.debit(number, amount).ok_or_else(overflow)?;
            accounts[credit].1.state = to.state.credit(number, amount).ok_or_else(overflow)?;
            let after = [accounts[debit].1, accounts[credit].1];
            marks.extend(
                after.iter().filter(|a| a.state.entries % ENTRIES_PER_MARK == 0).map(|a| (a.number, number)),
            );
            lines.push(PostingLine {
                number,
                change: line.number,
                at: line.at,
                debit: from.number,
                credit: to.number,
                amount: amount.minor(),
                reason: posting.reason.code(),
                subject: posting.subject,
                debit_before: from.state.head,
                credit_before: to.state.head,
                debit_balance: after[0].state.balance(),
                credit_balance: after[1].state.balance(),
            });
        }
        for (key, known) in &accounts {
            if key.account.floor().is_some_and(|floor| known.state.balance() < floor) {
                return Err(broken(format!("{} would fall below its floor", key.account.purpose().name())));
            }
        }
        Ok((lines, accounts, marks))
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
            self.head.account = self.head.account.max(known.number);
            self.accounts.put(key, known);
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
