//! Writing what a batch came to: a statement for each table, all in one round trip.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::Statement;
use tongbao_core::{Id, KeyDigest};

use super::{
    connect::Trouble,
    facts::{TaskColumns, slices},
    session::{Parameters, Session},
    values::{account_digest, signed, spread},
};
use crate::{
    limits::ENTRIES_PER_MARK,
    log::{ChangeLine, Touched},
    port::{Fault, PostingLine},
    rows::{AccountWrite, Queued, RecordWrite, Writes},
};

/// What the batch found: it is written only over that.
#[derive(Default)]
pub(super) struct Loaded {
    /// Versions of records.
    pub(super) versions: BTreeMap<Id, u32>,
    /// Digests of accounts' names and how many entries they had, by number.
    pub(super) accounts: BTreeMap<u64, (KeyDigest, u64)>,
}

/// Writes a batch in the transaction of the session. Accounts that were not held are looked at again.
pub(super) async fn write(
    session: &Session,
    writes: &Writes,
    loaded: &Loaded,
    optimistic: bool,
) -> Result<(), Trouble> {
    let read = if optimistic { only_read(writes, loaded) } else { Vec::new() };
    let done = tokio::join!(
        biased;
        hold(session, &read),
        records(session, &writes.records, loaded),
        keys(session, writes),
        listings(session, writes),
        accounts(session, writes, loaded),
        postings(session, &writes.postings),
        marks(session, writes),
        changes(session, &writes.changes),
        tasks(session, writes),
    );
    // Of several errors the first that was sent is the cause of the others.
    done.0.and(done.1).and(done.2).and(done.3).and(done.4).and(done.5).and(done.6).and(done.7).and(done.8)
}

/// Runs a statement that must touch as many rows as were given.
async fn run(
    session: &Session,
    statement: &Statement,
    parameters: Parameters<'_>,
    expected: usize,
) -> Result<(), Trouble> {
    if expected == 0 {
        return Ok(());
    }
    let touched = session.client.execute(statement, parameters).await?;
    if touched == expected as u64 {
        return Ok(());
    }
    Err(Trouble::Again(format!("a statement touched {touched} rows of {expected}")))
}

/// Accounts that decisions looked at and did not move: digests, and how many entries they had.
fn only_read(writes: &Writes, loaded: &Loaded) -> Vec<(KeyDigest, u64)> {
    let moved: BTreeSet<u64> = writes.accounts.iter().map(|account| account.number).collect();
    let read = loaded.accounts.iter().filter(|(number, _)| !moved.contains(number));
    read.map(|(_, account)| *account).collect()
}

/// Sees to it that accounts are as they were read, and stay so until the transaction ends.
async fn hold(session: &Session, read: &[(KeyDigest, u64)]) -> Result<(), Trouble> {
    if read.is_empty() {
        return Ok(());
    }
    let digests: Vec<&[u8]> = read.iter().map(|(digest, _)| digest.as_slice()).collect();
    let entries: Vec<i64> = read.iter().map(|(_, entries)| signed(*entries)).collect();
    let held = session.client.query(&session.statements.hold_accounts, &[&digests, &entries]).await?;
    if held.len() == read.len() {
        return Ok(());
    }
    Err(Trouble::Again("an account moved after it was read".to_owned()))
}

fn integer(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

async fn records(session: &Session, records: &[RecordWrite], loaded: &Loaded) -> Result<(), Trouble> {
    let (new, mut old): (Vec<&RecordWrite>, Vec<&RecordWrite>) =
        records.iter().partition(|record| record.new);
    // In the order in which rows are locked, here and with accounts.
    old.sort_unstable_by_key(|record| (spread(record.id.uuid), record.id.bytes()));
    let before = |record: &&RecordWrite| loaded.versions.get(&record.id).copied().map_or(0, integer);
    let before: Vec<i32> = old.iter().map(before).collect();
    let (new, old) = (RecordColumns::of(&new), RecordColumns::of(&old));
    let (new_ids, old_ids) = (slices(&new.ids), slices(&old.ids));
    let statements = &session.statements;
    let new_rows: Parameters<'_> = &[&new.spreads, &new_ids, &new.versions, &new.bodies];
    let old_rows: Parameters<'_> = &[&old.spreads, &old_ids, &before, &old.versions, &old.bodies];
    let done = tokio::join!(
        biased;
        run(session, &statements.insert_records, new_rows, new_ids.len()),
        run(session, &statements.update_records, old_rows, old_ids.len()),
    );
    done.0.and(done.1)
}

struct RecordColumns<'a> {
    spreads: Vec<i16>,
    ids: Vec<[u8; 17]>,
    versions: Vec<i32>,
    bodies: Vec<&'a [u8]>,
}

impl<'a> RecordColumns<'a> {
    fn of(records: &[&'a RecordWrite]) -> RecordColumns<'a> {
        RecordColumns {
            spreads: records.iter().map(|record| spread(record.id.uuid)).collect(),
            ids: records.iter().map(|record| record.id.bytes()).collect(),
            versions: records.iter().map(|record| integer(record.version)).collect(),
            bodies: records.iter().map(|record| record.body.as_slice()).collect(),
        }
    }
}

async fn keys(session: &Session, writes: &Writes) -> Result<(), Trouble> {
    let digests: Vec<&[u8]> = writes.keys.iter().map(|(digest, _)| digest.as_slice()).collect();
    let ids: Vec<[u8; 17]> = writes.keys.iter().map(|(_, id)| id.bytes()).collect();
    run(session, &session.statements.insert_keys, &[&digests, &slices(&ids)], digests.len()).await
}

async fn listings(session: &Session, writes: &Writes) -> Result<(), Trouble> {
    let lists: Vec<[u8; 17]> = writes.listings.iter().map(|(list, _)| list.bytes()).collect();
    let uuids: Vec<&[u8]> = writes.listings.iter().map(|(_, uuid)| uuid.as_bytes().as_slice()).collect();
    run(session, &session.statements.insert_listings, &[&slices(&lists), &uuids], uuids.len()).await
}

async fn accounts(session: &Session, writes: &Writes, loaded: &Loaded) -> Result<(), Trouble> {
    let mut moved_at: BTreeMap<u64, i64> = BTreeMap::new();
    for line in &writes.postings {
        moved_at.extend([(line.debit, line.at.ms()), (line.credit, line.at.ms())]);
    }
    let (mut new, mut old) = (AccountColumns::default(), AccountColumns::default());
    let (mut names, mut currencies, mut floors, mut before) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let digest = |account: &AccountWrite| loaded.accounts.get(&account.number).copied().unwrap_or_default();
    let mut accounts: Vec<&AccountWrite> = writes.accounts.iter().collect();
    accounts.sort_unstable_by_key(|account| digest(account));
    for account in accounts {
        let at = moved_at.get(&account.number).copied().unwrap_or_default();
        if let Some(key) = &account.new {
            new.push(account_digest(key), account, at);
            names.push(key.to_string());
            currencies.push(key.currency.to_string());
            floors.push(key.account.floor());
        } else {
            let (digest, entries) = digest(account);
            old.push(digest, account, at);
            before.push(signed(entries));
        }
    }
    let (new_digests, old_digests) = (slices(&new.digests), slices(&old.digests));
    let statements = &session.statements;
    let new_rows: Parameters<'_> = &[
        &new_digests,
        &new.numbers,
        &names,
        &currencies,
        &floors,
        &new.debits,
        &new.credits,
        &new.entries,
        &new.heads,
        &new.moved_at,
    ];
    let old_rows: Parameters<'_> =
        &[&old_digests, &before, &old.debits, &old.credits, &old.entries, &old.heads, &old.moved_at];
    let done = tokio::join!(
        biased;
        run(session, &statements.insert_accounts, new_rows, new_digests.len()),
        run(session, &statements.update_accounts, old_rows, old_digests.len()),
    );
    done.0.and(done.1)
}

#[derive(Default)]
struct AccountColumns {
    digests: Vec<KeyDigest>,
    numbers: Vec<i64>,
    debits: Vec<i64>,
    credits: Vec<i64>,
    entries: Vec<i64>,
    heads: Vec<i64>,
    moved_at: Vec<i64>,
}

impl AccountColumns {
    fn push(&mut self, digest: KeyDigest, AccountWrite { number, state, .. }: &AccountWrite, moved_at: i64) {
        self.digests.push(digest);
        self.numbers.push(signed(*number));
        self.debits.push(state.debits);
        self.credits.push(state.credits);
        self.entries.push(signed(state.entries));
        self.heads.push(signed(state.head));
        self.moved_at.push(moved_at);
    }
}

async fn postings(session: &Session, lines: &[PostingLine]) -> Result<(), Trouble> {
    fn numbers(lines: &[PostingLine], of: impl Fn(&PostingLine) -> u64) -> Vec<i64> {
        lines.iter().map(|line| signed(of(line))).collect()
    }
    fn amounts(lines: &[PostingLine], of: impl Fn(&PostingLine) -> i64) -> Vec<i64> {
        lines.iter().map(of).collect()
    }
    let subjects: Vec<[u8; 17]> = lines.iter().map(|line| line.subject.bytes()).collect();
    let reasons: Vec<i16> = lines.iter().map(|line| i16::from(line.reason)).collect();
    let rows: Parameters<'_> = &[
        &numbers(lines, |line| line.number),
        &numbers(lines, |line| line.change),
        &amounts(lines, |line| line.at.ms()),
        &numbers(lines, |line| line.debit),
        &numbers(lines, |line| line.credit),
        &amounts(lines, |line| line.amount),
        &reasons,
        &slices(&subjects),
        &numbers(lines, |line| line.debit_before),
        &numbers(lines, |line| line.credit_before),
        &amounts(lines, |line| line.debit_balance),
        &amounts(lines, |line| line.credit_balance),
    ];
    run(session, &session.statements.insert_postings, rows, lines.len()).await
}

async fn marks(session: &Session, writes: &Writes) -> Result<(), Trouble> {
    // The last mark of an account stands at the last full hundred and twenty-eight of its entries, the one before
    // it so many entries earlier.
    let entries = writes
        .accounts
        .iter()
        .map(|account| (account.number, account.state.entries - account.state.entries % ENTRIES_PER_MARK));
    let mut entries: BTreeMap<u64, u64> = entries.collect();
    let (mut accounts, mut times, mut counts, mut postings) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (account, at, posting) in writes.marks.iter().rev() {
        let entry = entries.entry(*account).or_default();
        accounts.push(signed(*account));
        times.push(at.ms());
        counts.push(signed(*entry));
        postings.push(signed(*posting));
        *entry = entry.saturating_sub(ENTRIES_PER_MARK);
    }
    let rows: Parameters<'_> = &[&accounts, &times, &counts, &postings];
    run(session, &session.statements.insert_marks, rows, accounts.len()).await
}

async fn changes(session: &Session, lines: &[ChangeLine]) -> Result<(), Trouble> {
    let numbers: Vec<i64> = lines.iter().map(|line| signed(line.number)).collect();
    let times: Vec<i64> = lines.iter().map(|line| line.at.ms()).collect();
    let actors: Vec<&str> = lines.iter().map(|line| line.actor.as_str()).collect();
    let inputs: Vec<&str> = lines.iter().map(|line| line.input.as_str()).collect();
    let touched: Vec<Vec<u8>> = lines.iter().map(|line| Touched::encode(&line.touched)).collect();
    let postings: Vec<i32> = lines.iter().map(|line| integer(line.postings)).collect();
    let digests: Vec<&[u8]> = lines.iter().map(|line| line.digest.as_slice()).collect();
    let rows: Parameters<'_> = &[&numbers, &times, &actors, &inputs, &touched, &postings, &digests];
    run(session, &session.statements.insert_changes, rows, lines.len()).await
}

async fn tasks(session: &Session, writes: &Writes) -> Result<(), Trouble> {
    let gone =
        TaskColumns::of(writes.tasks.iter().filter(|(_, queued)| queued.is_none()).map(|(key, _)| key));
    let put = writes.tasks.iter().filter_map(|(key, queued)| queued.map(|queued| (key, queued)));
    let columns = TaskColumns::of(put.clone().map(|(key, _)| key));
    let work: Result<Vec<String>, _> =
        put.map(|(_, Queued { work, .. })| serde_json::to_string(&work)).collect();
    let work = work.map_err(|error| Trouble::Unreadable(Fault::Broken(error.to_string())))?;
    let (gone_ids, ids) = (gone.ids(), columns.ids());
    let statements = &session.statements;
    let put_rows: Parameters<'_> = &[&columns.spreads, &columns.due_at, &ids, &work];
    let gone_rows: Parameters<'_> = &[&gone.spreads, &gone.due_at, &gone_ids];
    let removed = async {
        // One that is gone already is no error.
        if !gone_ids.is_empty() {
            session.client.execute(&statements.remove_tasks, gone_rows).await?;
        }
        Ok(())
    };
    let done = tokio::join!(biased; removed, run(session, &statements.put_tasks, put_rows, ids.len()));
    done.0.and(done.1)
}
