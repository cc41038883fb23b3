//! A store of maps that checks every rule a change set must keep, and facts that have to be asked for.
//!
//! Every decision is taken twice: over facts that are all there, and over facts that answer `Need` until
//! they were asked for. Both must end in the same change set.

use std::{collections::BTreeMap, fmt::Debug, sync::Arc};

use tongbao_core::{
    ChangeSet, Context, Facts, Id, Key, KeyDigest, List, Lookup, Need, Record, Refusal, Stop, TaskKey, Time,
    Want, Work,
    facts::Entity,
    ledger::{Account, AccountKey, AccountState, Posting},
    risk,
};
use tongbao_money::Currency;
use tongbao_risk::judge::Judge;

/// More facts than any decision needs: the app, 16 endpoints, and a handful of others.
const NEEDS_MAX: usize = 40;

#[derive(Clone, Debug, Default)]
pub(crate) struct Books {
    records: BTreeMap<Id, Record>,
    keys: BTreeMap<KeyDigest, Id>,
    lists: BTreeMap<Id, Vec<List>>,
    accounts: BTreeMap<AccountKey, AccountState>,
    tasks: BTreeMap<TaskKey, Work>,
    postings: u64,
    contexts: u64,
    pub(crate) judge: Option<Arc<Judge>>,
}

impl Facts for Books {
    fn record(&self, id: Id) -> Lookup<Option<&Record>> {
        Ok(self.records.get(&id))
    }

    fn key(&self, key: &Key) -> Lookup<Option<Id>> {
        Ok(self.keys.get(&key.digest()).copied())
    }

    fn account(&self, account: &AccountKey) -> Lookup<AccountState> {
        Ok(self.accounts.get(account).copied().unwrap_or_default())
    }

    fn task(&self, task: &TaskKey) -> Lookup<bool> {
        Ok(self.tasks.contains_key(task))
    }
}

/// Facts of which nothing is loaded but what was asked for.
struct Asked<'a> {
    books: &'a Books,
    granted: Vec<Want>,
}

impl Asked<'_> {
    fn grant<T>(&self, want: Want, answer: Lookup<T>) -> Lookup<T> {
        if self.granted.contains(&want) { answer } else { Err(Need(want)) }
    }

    /// A key is loaded with the record that holds it.
    fn came_with_a_key(&self, id: Id) -> bool {
        let holder = |want: &Want| match want {
            Want::Key(key) => self.books.keys.get(&key.digest()).copied(),
            _ => None,
        };
        self.granted.iter().filter_map(holder).any(|holder| holder == id)
    }
}

impl Facts for Asked<'_> {
    fn record(&self, id: Id) -> Lookup<Option<&Record>> {
        let answer = self.books.record(id);
        if self.came_with_a_key(id) { answer } else { self.grant(Want::Record(id), answer) }
    }

    fn key(&self, key: &Key) -> Lookup<Option<Id>> {
        self.grant(Want::Key(key.clone()), self.books.key(key))
    }

    fn account(&self, account: &AccountKey) -> Lookup<AccountState> {
        self.grant(Want::Account(*account), self.books.account(account))
    }

    fn task(&self, task: &TaskKey) -> Lookup<bool> {
        self.grant(Want::Task(*task), self.books.task(task))
    }
}

fn assert_same(one: &ChangeSet, other: &ChangeSet) {
    assert_eq!(one.records, other.records, "the same facts give the same records");
    assert_eq!(one.postings, other.postings, "the same facts give the same postings");
    assert_eq!(one.tasks, other.tasks, "the same facts give the same tasks");
    assert_eq!(one.done, other.done, "the same facts end the same tasks");
}

impl Books {
    /// A context with a seed nobody else has.
    pub(crate) fn context(&mut self, at: Time) -> Context {
        self.contexts += 1;
        let mut seed = [7; 16];
        seed[..8].copy_from_slice(&self.contexts.to_be_bytes());
        Context::new(at, seed).judged_by(self.judge.clone())
    }

    /// Decides twice, over loaded facts and over facts that must be asked for; changes nothing.
    pub(crate) fn decide<T: PartialEq + Debug>(
        &self,
        cx: &Context,
        decide: impl Fn(&dyn Facts, &mut Context) -> Result<(ChangeSet, T), Stop>,
    ) -> Result<(ChangeSet, T), Refusal> {
        let loaded = decide(self, &mut cx.clone());
        let mut asked = Asked { books: self, granted: Vec::new() };
        let slowly = loop {
            match decide(&asked, &mut cx.clone()) {
                Err(Stop::Need(Need(want))) => {
                    assert!(!asked.granted.contains(&want), "{want:?} was granted and is asked for again");
                    match want {
                        Want::All(wants) => asked.granted.extend(wants),
                        want => asked.granted.push(want),
                    }
                    assert!(asked.granted.len() <= NEEDS_MAX, "a decision asks for facts without end");
                }
                other => break other,
            }
        };
        match (loaded, slowly) {
            (Ok((change, told)), Ok((other_change, other_told))) => {
                assert_same(&change, &other_change);
                assert_eq!(told, other_told);
                Ok((change, told))
            }
            (Err(Stop::Refuse(refusal)), Err(Stop::Refuse(other))) => {
                assert_eq!(refusal, other);
                Err(refusal)
            }
            (one, other) => panic!("the two ways to ask disagree: {one:?} and {other:?}"),
        }
    }

    /// Decides and applies.
    pub(crate) fn step<T: PartialEq + Debug>(
        &mut self,
        at: Time,
        decide: impl Fn(&dyn Facts, &mut Context) -> Result<(ChangeSet, T), Stop>,
    ) -> Result<T, Refusal> {
        let cx = self.context(at);
        let (change, told) = self.decide(&cx, |facts, cx| {
            let (mut change, told) = decide(facts, cx)?;
            risk::follow(facts, cx, &mut change)?;
            Ok((change, told))
        })?;
        self.apply(change);
        Ok(told)
    }

    /// Takes a change set over, whole, after checking it.
    pub(crate) fn apply(&mut self, change: ChangeSet) {
        let mut touched = Vec::new();
        for record in change.records {
            assert!(!touched.contains(&record.id()), "{} stands twice in one change set", record.id());
            touched.push(record.id());
            self.put(record);
        }
        for posting in &change.postings {
            self.post(posting);
        }
        for posting in &change.postings {
            for key in [posting.debit_key(), posting.credit_key()] {
                let balance = self.accounts[&key].balance();
                let above = key.account.floor().is_none_or(|floor| balance >= floor);
                assert!(above, "{key} is at {balance}, below its floor");
            }
        }
        for key in &change.done {
            self.tasks.remove(key);
        }
        for task in change.tasks {
            assert_eq!(task.key.id, task.work.task_id(), "a task stands under the id of its work");
            self.tasks.insert(task.key, task.work);
        }
    }

    fn put(&mut self, record: Record) {
        let id = record.id();
        let before = self.records.get(&id);
        let expected = before.map_or(1, |before| before.version() + 1);
        assert_eq!(record.version(), expected, "{id} must follow its stored version");
        let keys = record.keys();
        for kept in before.map(Record::keys).unwrap_or_default() {
            assert!(keys.contains(&kept), "{id} lets go of a key: {kept:?}");
        }
        for (place, key) in keys.iter().enumerate() {
            assert!(!keys[..place].contains(key), "{id} holds a key twice: {key:?}");
            let holder = *self.keys.entry(key.digest()).or_insert(id);
            assert_eq!(holder, id, "{id} takes a key that another holds: {key:?}");
        }
        let lists = self.lists.entry(id).or_insert_with(|| record.lists());
        assert_eq!(*lists, record.lists(), "{id} changes its lists");
        self.records.insert(id, record);
    }

    fn post(&mut self, posting: &Posting) {
        assert!(!posting.money.amount.is_zero(), "a posting moves something");
        assert_ne!(posting.debit, posting.credit, "a posting moves it elsewhere");
        self.postings += 1;
        let (number, amount) = (self.postings, posting.money.amount);
        let debit = self.accounts.entry(posting.debit_key()).or_default();
        *debit = debit.debit(number, amount).unwrap();
        let credit = self.accounts.entry(posting.credit_key()).or_default();
        *credit = credit.credit(number, amount).unwrap();
    }

    /// Moves a task to the end of a lease, as a worker does that takes it.
    pub(crate) fn lease(&mut self, key: TaskKey, until: Time) -> TaskKey {
        let work = self.tasks.remove(&key).unwrap();
        let held = TaskKey { due_at: until, ..key };
        let there = self.tasks.insert(held, work);
        assert!(there.is_none_or(|other| other == work), "a lease takes no other task's place");
        held
    }

    /// The tasks of which `wanted` is true, by when they are due.
    pub(crate) fn tasks(&self, wanted: impl Fn(Work) -> bool) -> Vec<TaskKey> {
        self.tasks.iter().filter(|(_, work)| wanted(**work)).map(|(key, _)| *key).collect()
    }

    /// All tasks.
    pub(crate) fn all_tasks(&self) -> &BTreeMap<TaskKey, Work> {
        &self.tasks
    }

    /// The record with this id, as its own type.
    pub(crate) fn get<T: Entity + Clone>(&self, id: T::Id) -> T {
        T::of(&self.records[&id.into()]).unwrap().clone()
    }

    /// All records of one type, in the order of their ids.
    pub(crate) fn all<T: Entity + 'static>(&self) -> impl Iterator<Item = &T> {
        self.records.values().filter_map(|record| T::of(record))
    }

    /// Credits minus debits.
    pub(crate) fn balance(&self, account: Account, currency: Currency) -> i64 {
        self.accounts.get(&account.of(currency)).map_or(0, AccountState::balance)
    }

    /// How many records, postings and tasks there are: none of them is ever taken away unseen.
    pub(crate) fn size(&self) -> (usize, u64, usize) {
        (self.records.len(), self.postings, self.tasks.len())
    }

    /// The sum of all balances, by currency: zero, or money was made.
    pub(crate) fn totals(&self) -> BTreeMap<Currency, i64> {
        let mut totals = BTreeMap::new();
        for (key, state) in &self.accounts {
            *totals.entry(key.currency).or_default() += state.balance();
        }
        totals
    }
}

#[test]
fn a_worker_that_lost_its_lease_is_told_so_by_the_key() {
    let mut books = Books::default();
    let work = Work::SubmitRefund(books.context(Time::from_ms(0)).draw());
    let task = tongbao_core::Task::new(Time::from_ms(5), work);
    books.apply(ChangeSet { tasks: vec![task.clone()], ..ChangeSet::default() });
    let held = books.lease(task.key, Time::from_ms(30));
    assert_eq!(books.task(&task.key), Ok(false));
    assert_eq!(books.task(&held), Ok(true));
}
