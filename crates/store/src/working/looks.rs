//! For a store that loads the facts of a whole batch at once: what a step would have to look up, instead of
//! looking it up.

use tongbao_core::{
    ChangeSet, Id, KeyDigest, Record, TaskKey, Time, Want, Work,
    id::Kind,
    ledger::{AccountKey, AccountState},
};
use uuid::Uuid;

use super::{Decided, Known, Working, without_end};
use crate::{
    limits::NEEDS_PER_STEP_MAX,
    port::{Fault, Outcome, Step},
    rows::Rows,
};

/// Something to look up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Look {
    /// A record.
    Record(Id),
    /// A key, and the record it leads to.
    Key(KeyDigest),
    /// An account.
    Account(AccountKey),
    /// A task.
    Task(TaskKey),
    /// A record that is about to be made: surely absent, unless a decision is broken or somebody was quicker.
    NewRecord(Id),
    /// A key that is about to be taken; the same.
    NewKey(KeyDigest),
}

impl Look {
    fn is_new(&self) -> bool {
        matches!(self, Look::NewRecord(_) | Look::NewKey(_))
    }
}

/// What became of a step that was tried over what is known.
pub(crate) enum Attempt {
    /// It is decided, and taken over.
    Done(Result<Outcome, Fault>),
    /// It needs these first; nothing was taken over.
    Missing(Vec<Look>),
}

impl Working {
    /// Decides a step over what is known, and takes it over. If `trusting`, what is new is taken for new without
    /// a look: the store refuses what is not when it is written, and whoever trusted asks again without.
    pub(crate) fn attempt(&mut self, step: &mut Step, trusting: bool) -> Attempt {
        for _ in 0..NEEDS_PER_STEP_MAX {
            match self.decide(step) {
                Err(fault) => return Attempt::Done(Err(fault)),
                Ok(Decided::Outcome(outcome)) => return Attempt::Done(Ok(outcome)),
                Ok(Decided::Need(want)) => {
                    let missing = self.missing(&want);
                    if !missing.is_empty() {
                        return Attempt::Missing(missing);
                    }
                }
                Ok(Decided::Change(change)) => {
                    let mut missing = self.missing_for(&change);
                    if trusting {
                        missing = self.trust(missing);
                    }
                    if !missing.is_empty() {
                        return Attempt::Missing(missing);
                    }
                    return Attempt::Done(self.apply(&mut NoRows, &step.cause, change));
                }
            }
        }
        Attempt::Done(Err(without_end(&step.cause)))
    }

    /// What a step would need if it were decided now; nothing is taken over.
    pub(crate) fn probe(&mut self, step: &mut Step, trusting: bool) -> Vec<Look> {
        let mut missing = match self.decide(step) {
            Ok(Decided::Need(want)) => self.missing(&want),
            Ok(Decided::Change(change)) => self.missing_for(&change),
            Ok(Decided::Outcome(_)) | Err(_) => Vec::new(),
        };
        // Nothing is written yet, so there is nothing yet that would be refused.
        missing.retain(|look| !(trusting && look.is_new()));
        missing
    }

    /// Takes what is new for new if nothing else is missing, so that it is surely written now; gives what is
    /// still missing.
    fn trust(&mut self, missing: Vec<Look>) -> Vec<Look> {
        let (new, others): (Vec<Look>, Vec<Look>) = missing.into_iter().partition(Look::is_new);
        if others.is_empty() {
            for look in new {
                match look {
                    Look::NewRecord(id) => self.learn_record(id, None),
                    Look::NewKey(digest) => self.learn_key(digest, None),
                    Look::Record(_) | Look::Key(_) | Look::Account(_) | Look::Task(_) => {}
                }
            }
        }
        others
    }

    fn missing(&mut self, want: &Want) -> Vec<Look> {
        let mut missing = Vec::new();
        self.note_missing(want, &mut missing);
        missing
    }

    fn note_missing(&mut self, want: &Want, missing: &mut Vec<Look>) {
        match want {
            Want::Record(id) => {
                if !self.cached_mut(id.kind).revive(id) {
                    missing.push(Look::Record(*id));
                }
            }
            Want::Key(key) => {
                let digest = key.digest();
                if !self.keys.revive(&digest) {
                    missing.push(Look::Key(digest));
                } else if let Some(id) = self.keys.get(&digest).copied().flatten() {
                    self.note_missing(&Want::Record(id), missing);
                }
            }
            Want::Account(account) => {
                if !self.accounts.revive(account) {
                    missing.push(Look::Account(*account));
                }
            }
            Want::Task(task) => {
                if !self.tasks.contains_key(task) {
                    missing.push(Look::Task(*task));
                }
            }
            Want::All(wants) => wants.iter().for_each(|want| self.note_missing(want, missing)),
        }
    }

    /// What must be known before a change set can be checked.
    fn missing_for(&mut self, change: &ChangeSet) -> Vec<Look> {
        let mut missing = Vec::new();
        for record in &change.records {
            let id = record.id();
            if !self.cached_mut(id.kind).revive(&id) {
                let is_new = record.version() == 1;
                missing.push(if is_new { Look::NewRecord(id) } else { Look::Record(id) });
            }
            let before = self.cached(id.kind).get(&id).and_then(Option::as_deref);
            let held = before.map(Record::keys).unwrap_or_default();
            for key in record.keys().iter().filter(|key| !held.contains(key)) {
                let digest = key.digest();
                if !self.keys.revive(&digest) {
                    missing.push(Look::NewKey(digest));
                }
            }
        }
        for posting in &change.postings {
            for account in [posting.debit_key(), posting.credit_key()] {
                if !self.accounts.revive(&account) {
                    missing.push(Look::Account(account));
                }
            }
        }
        missing
    }

    /// Takes note of a record, or that there is none; what is known already may have changed and stays.
    pub(crate) fn learn_record(&mut self, id: Id, record: Option<Record>) {
        let known = self.cached_mut(id.kind);
        if !known.revive(&id) {
            known.put(id, record.map(Box::new));
        }
    }

    /// Takes note of where a key leads; the same.
    pub(crate) fn learn_key(&mut self, digest: KeyDigest, id: Option<Id>) {
        if !self.keys.revive(&digest) {
            self.keys.put(digest, id);
        }
    }

    /// Takes note of an account: its number, its state and when it moved last; the same.
    pub(crate) fn learn_account(&mut self, key: AccountKey, found: Option<(u64, AccountState, Time)>) {
        if !self.accounts.revive(&key) {
            let known = found.map_or_else(Known::default, |(number, state, at)| Known { number, state, at });
            self.accounts.put(key, known);
        }
    }

    /// Takes note whether a task is there, without what the batch wrote.
    pub(crate) fn learn_task(&mut self, key: TaskKey, there: bool) {
        self.tasks.insert(key, there);
    }
}

/// Rows for what must have been loaded before.
struct NoRows;

fn not_loaded<T>() -> Result<T, Fault> {
    Err(Fault::Broken("a fact was not loaded before it was needed".to_owned()))
}

impl Rows for NoRows {
    fn record(&mut self, _: Id) -> Result<Option<Record>, Fault> {
        not_loaded()
    }

    fn highest(&mut self, _: Kind) -> Result<Uuid, Fault> {
        not_loaded()
    }

    fn key(&mut self, _: &KeyDigest) -> Result<Option<Id>, Fault> {
        not_loaded()
    }

    fn account(&mut self, _: &AccountKey) -> Result<Option<(u64, AccountState)>, Fault> {
        not_loaded()
    }

    fn task(&mut self, _: &TaskKey) -> Result<bool, Fault> {
        not_loaded()
    }

    fn due(&mut self, _: Time, _: usize) -> Result<Vec<(TaskKey, Work)>, Fault> {
        not_loaded()
    }
}
