//! Loading the facts of a whole batch at once, under locks, in one round trip.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::{Row, Statement};
use tongbao_core::{
    Id, KeyDigest, Record, TaskKey, Time,
    id::Kind,
    ledger::{AccountKey, AccountState},
};

use super::{
    connect::Trouble,
    session::{Parameters, Session},
    values::{account_digest, bad_row, bytes, column, id, number, record, spread, state, time, uuid},
    write::Loaded,
};
use crate::{
    port::Fault,
    working::{Look, Working, passes},
};

/// What is to be looked up, each once, in the order in which rows are locked.
#[derive(Clone, Debug, Default)]
pub(super) struct Looks {
    records: BTreeSet<Id>,
    keys: BTreeSet<KeyDigest>,
    accounts: BTreeMap<KeyDigest, AccountKey>,
    tasks: BTreeSet<TaskKey>,
}

impl Looks {
    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty() && self.keys.is_empty() && self.accounts.is_empty() && self.tasks.is_empty()
    }

    fn add(&mut self, look: Look) {
        match look {
            Look::Record(id) | Look::NewRecord(id) => drop(self.records.insert(id)),
            Look::Key(digest) | Look::NewKey(digest) => drop(self.keys.insert(digest)),
            Look::Account(key) => drop(self.accounts.insert(account_digest(&key), key)),
            Look::Task(key) => drop(self.tasks.insert(key)),
        }
    }

    pub(super) fn extend(&mut self, looks: Vec<Look>) {
        for look in looks {
            self.add(look);
        }
    }

    pub(super) fn join(&mut self, other: Looks) {
        self.records.extend(other.records);
        self.keys.extend(other.keys);
        self.accounts.extend(other.accounts);
        self.tasks.extend(other.tasks);
    }
}

/// What was found.
pub(super) struct Found {
    records: BTreeMap<Id, Record>,
    keys: Keys,
    accounts: Accounts,
    tasks: BTreeSet<TaskKey>,
}

impl Found {
    /// Tells the working set, also of what is not there.
    pub(super) fn tell(self, looks: &Looks, working: &mut Working, loaded: &mut Loaded) {
        for digest in &looks.keys {
            working.learn_key(*digest, self.keys.get(digest).copied());
        }
        for (digest, key) in &looks.accounts {
            let found = self.accounts.get(digest).copied();
            loaded.accounts.extend(found.map(|(number, state, _)| (number, (*digest, state.entries))));
            working.learn_account(*key, found);
        }
        for key in &looks.tasks {
            working.learn_task(*key, self.tasks.contains(key));
        }
        for id in looks.records.iter().filter(|id| !self.records.contains_key(id)) {
            working.learn_record(*id, None);
        }
        for (id, record) in self.records {
            loaded.versions.insert(id, record.version());
            working.learn_record(id, Some(record));
        }
    }
}

/// Whether records of this kind are read by many steps and rarely changed: locked so that others may read them, too.
/// A step that does change one asks for more; if that collides it is decided again, alone with what it reads.
fn is_shared(kind: Kind) -> bool {
    // A payer is written by each right password.
    !passes(kind) && kind != Kind::Payer
}

/// Which of the rows that are looked up are held until the transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// None: to find out what there is to hold.
    Nothing,
    /// Records and tasks, those that are rarely changed together with others who read them. Nearly all accounts are
    /// written, and that only over the state that was read; the rest is looked at again then.
    Records,
    /// Accounts, too.
    Shared,
    /// All, and nothing together with others.
    Alone,
}

/// Ids as two columns.
struct Ids {
    spreads: Vec<i16>,
    bytes: Vec<[u8; 17]>,
}

impl Ids {
    fn of(ids: &[Id]) -> Ids {
        let (spreads, bytes) = ids.iter().map(|id| (spread(id.uuid), id.bytes())).unzip();
        Ids { spreads, bytes }
    }
}

/// Looks up, in the transaction of the session. With `begin`, that transaction begins here, holding the lane.
pub(super) async fn load(
    session: &Session,
    looks: &Looks,
    begin: Option<u32>,
    hold: Hold,
) -> Result<Found, Trouble> {
    let begins = async {
        match begin {
            Some(lane) => begin_holding(session, lane).await,
            None => Ok(()),
        }
    };
    // All are sent before the first is answered, and locks are taken in this order.
    let (begun, records, keys, accounts, tasks) = tokio::join!(
        biased;
        begins,
        records(session, looks, hold),
        keys(session, looks),
        accounts(session, looks, hold),
        tasks(session, looks, hold),
    );
    begun?;
    Ok(Found { records: records?, keys: keys?, accounts: accounts?, tasks: tasks? })
}

/// Begins a transaction that holds the lane.
async fn begin_holding(session: &Session, lane: u32) -> Result<(), Trouble> {
    let lane = i32::try_from(lane).unwrap_or(i32::MAX);
    let row: Parameters<'_> = &[&lane];
    let (begun, held) = tokio::join!(
        biased;
        session.client.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED"),
        rows(session, &session.statements.lock_lane, row, true),
    );
    begun?;
    match held {
        Err(Trouble::Again(_)) => Err(Trouble::LaneHeld),
        Ok(lanes) if lanes.is_empty() => Err(Trouble::LaneHeld),
        held => held.map(drop),
    }
}

async fn records(session: &Session, looks: &Looks, hold: Hold) -> Result<BTreeMap<Id, Record>, Trouble> {
    let (shared, own): (Vec<Id>, Vec<Id>) =
        looks.records.iter().partition(|id| hold != Hold::Alone && is_shared(id.kind));
    let (shared, own) = (Ids::of(&shared), Ids::of(&own));
    let (shared_ids, own_ids) = (slices(&shared.bytes), slices(&own.bytes));
    let shared: Parameters<'_> = &[&shared.spreads, &shared_ids];
    let own: Parameters<'_> = &[&own.spreads, &own_ids];
    let statements = &session.statements;
    let (share, lock) = match hold {
        Hold::Nothing => (&statements.records, &statements.records),
        Hold::Records | Hold::Shared | Hold::Alone => (&statements.share_records, &statements.lock_records),
    };
    let (shared, own) = tokio::join!(
        biased;
        rows(session, share, shared, !shared_ids.is_empty()),
        rows(session, lock, own, !own_ids.is_empty()),
    );
    Ok(shared?.iter().chain(&own?).map(|row| record(row, 0)).collect::<Result<_, Fault>>()?)
}

type Keys = BTreeMap<KeyDigest, Id>;

/// Keys need no lock: where one leads never changes. The record it leads to is asked for next, if it leads anywhere.
async fn keys(session: &Session, looks: &Looks) -> Result<Keys, Trouble> {
    let digests: Vec<&[u8]> = looks.keys.iter().map(<[u8; 16]>::as_slice).collect();
    let row: Parameters<'_> = &[&digests];
    let found = rows(session, &session.statements.keys, row, !digests.is_empty()).await?;
    let key = |row: &Row| Ok((bytes(row, 0)?, id(row, 1)?));
    Ok(found.iter().map(key).collect::<Result<_, Fault>>()?)
}

type Accounts = BTreeMap<KeyDigest, (u64, AccountState, Time)>;

async fn accounts(session: &Session, looks: &Looks, hold: Hold) -> Result<Accounts, Trouble> {
    let statements = &session.statements;
    let statement = match hold {
        Hold::Nothing | Hold::Records => &statements.accounts,
        Hold::Shared | Hold::Alone => &statements.lock_accounts,
    };
    let digests: Vec<&[u8]> = looks.accounts.keys().map(<[u8; 16]>::as_slice).collect();
    let row: Parameters<'_> = &[&digests];
    let found = rows(session, statement, row, !digests.is_empty()).await?;
    let account = |row: &Row| Ok((bytes(row, 0)?, (number(row, 1)?, state(row, 2)?, time(row, 6)?)));
    Ok(found.iter().map(account).collect::<Result<_, Fault>>()?)
}

async fn tasks(session: &Session, looks: &Looks, hold: Hold) -> Result<BTreeSet<TaskKey>, Trouble> {
    let columns = TaskColumns::of(looks.tasks.iter());
    let ids = columns.ids();
    let row: Parameters<'_> = &[&columns.spreads, &columns.due_at, &ids];
    let statements = &session.statements;
    let statement = if hold == Hold::Nothing { &statements.tasks } else { &statements.lock_tasks };
    let found = rows(session, statement, row, !ids.is_empty()).await?;
    let task = |row: &Row| Ok(TaskKey { due_at: time(row, 0)?, id: uuid(row, 1)? });
    Ok(found.iter().map(task).collect::<Result<_, Fault>>()?)
}

async fn rows(
    session: &Session,
    statement: &Statement,
    parameters: Parameters<'_>,
    is_needed: bool,
) -> Result<Vec<Row>, Trouble> {
    if is_needed { Ok(session.client.query(statement, parameters).await?) } else { Ok(Vec::new()) }
}

/// Bytes as parameters want them.
pub(super) fn slices<const N: usize>(all: &[[u8; N]]) -> Vec<&[u8]> {
    all.iter().map(<[u8; N]>::as_slice).collect()
}

/// Keys of tasks as three columns.
pub(super) struct TaskColumns {
    pub(super) spreads: Vec<i16>,
    pub(super) due_at: Vec<i64>,
    ids: Vec<[u8; 16]>,
}

impl TaskColumns {
    pub(super) fn of<'a>(keys: impl Iterator<Item = &'a TaskKey> + Clone) -> TaskColumns {
        TaskColumns {
            spreads: keys.clone().map(|key| spread(key.id)).collect(),
            due_at: keys.clone().map(|key| key.due_at.ms()).collect(),
            ids: keys.map(|key| *key.id.as_bytes()).collect(),
        }
    }

    pub(super) fn ids(&self) -> Vec<&[u8]> {
        slices(&self.ids)
    }
}

/// The digest of a change, if it is there.
pub(super) async fn digest_of_change(session: &Session, change: u64) -> Result<Option<[u8; 32]>, Trouble> {
    let number = super::values::signed(change);
    let row = session.client.query_opt(&session.statements.change_digest, &[&number]).await?;
    let digest: Option<Vec<u8>> = row.map(|row| column(&row, 0)).transpose()?;
    Ok(digest.map(|digest| digest.try_into().map_err(|_| bad_row("digest"))).transpose()?)
}
