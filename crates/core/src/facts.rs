//! What a decision may look at, and how it asks for more.

use crate::{
    Id, Key, Record, Refusal, TaskKey,
    id::TypedId,
    ledger::{AccountKey, AccountState},
};

/// What a decision is based on, as far as the store has loaded it. A question about something not
/// loaded is answered by [`Need`]; the store loads it and asks the decision again, within the step.
pub trait Facts {
    /// The record with this id, if there is one.
    fn record(&self, id: Id) -> Lookup<Option<&Record>>;
    /// The record that holds this key, if one does.
    fn key(&self, key: &Key) -> Lookup<Option<Id>>;
    /// The state of an account; one that was never used is at zero.
    fn account(&self, account: &AccountKey) -> Lookup<AccountState>;
    /// Whether this task is still there under exactly this key: not done, not leased to another.
    fn task(&self, task: &TaskKey) -> Lookup<bool>;
}

/// An answer from the facts.
pub type Lookup<T> = Result<T, Need>;

/// "Load this and ask again."
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need(pub Want);

/// Something to load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// A record by id.
    Record(Id),
    /// A record by key, and the record itself.
    Key(Key),
    /// The state of an account.
    Account(AccountKey),
    /// Whether a task is there.
    Task(TaskKey),
    /// Several things at once, so that a decision that knows what it will ask for is not asked again for
    /// each of them.
    All(Vec<Want>),
}

/// Why a decision gave no change set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It needs to know more.
    Need(Need),
    /// The answer is no.
    Refuse(Refusal),
}

impl From<Need> for Stop {
    fn from(need: Need) -> Stop {
        Stop::Need(need)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop::Refuse(refusal)
    }
}

/// A type of record that can be asked for by its own id.
pub trait Entity: Sized {
    /// Its id.
    type Id: TypedId;
    /// The record as this type.
    fn of(record: &Record) -> Option<&Self>;
}

impl dyn Facts + '_ {
    /// The record with this id, as its own type.
    pub fn get<T: Entity>(&self, id: T::Id) -> Lookup<Option<&T>> {
        Ok(self.record(id.into())?.and_then(T::of))
    }

    /// The record that holds this key, as its own type.
    pub fn find<T: Entity>(&self, key: &Key) -> Lookup<Option<&T>> {
        match self.key(key)? {
            Some(id) => Ok(self.record(id)?.and_then(T::of)),
            None => Ok(None),
        }
    }
}
