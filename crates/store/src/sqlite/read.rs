//! Reads: lists, statements, and the rows themselves for the verifier.

use std::sync::PoisonError;

use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use tongbao_core::{
    Id, KeyDigest, List, Record, Time,
    ledger::{AccountKey, AccountState, Reason},
};
use uuid::Uuid;

use super::{
    deferred::{Deferred, Shared},
    indexes, records,
    rows::{decode, load_tail, signed, state, unsigned},
};
use crate::{
    lane::{LaneEnd, LaneLine},
    limits::{ENTRIES_PER_MARK, READ_ROWS_MAX},
    log::{ChangeLine, Touched},
    port::{AccountLine, Backlog, Entry, Fault, Page, PostingLine, Query, TrialLine},
};

const POSTING_COLUMNS: &str = "number, change, at, debit, credit, amount, reason, subject,
    debit_before, credit_before, debit_balance, credit_balance";

fn unreadable(error: &rusqlite::Error) -> Fault {
    Fault::Unreadable(error.to_string())
}

pub(super) fn bad(what: &'static str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Blob, what.into())
}

pub(super) fn all<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, Fault> {
    let rows = connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_map(params, map).and_then(Iterator::collect));
    rows.map_err(|error| unreadable(&error))
}

pub(super) fn one<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    map: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, Fault> {
    let row =
        connection.prepare_cached(sql).and_then(|mut statement| statement.query_row(params, map).optional());
    row.map_err(|error| unreadable(&error))
}

/// A connection, and what its tables do not hold yet.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) connection: &'a Connection,
    pub(super) deferred: &'a Shared,
}

impl Reader<'_> {
    fn deferred<T>(&self, look: impl FnOnce(&Deferred) -> T) -> T {
        look(&self.deferred.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until what every commit seen so far has put off is shown, too: at most for the commit that is
    /// under way. Whoever reads the log and then balances must not find them behind it.
    fn wait_for_publication(self) {
        let publishing = self.deferred(Deferred::publishing);
        drop(publishing.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Answers a query. What is not merged yet is looked at before the tables are.
pub(super) fn read(reader: Reader<'_>, query: &Query) -> Result<Page, Fault> {
    let connection = reader.connection;
    match query {
        Query::Record(id) => Ok(Page::Records(record(connection, *id)?.into_iter().collect())),
        Query::Key(key) => {
            let id = match reader.deferred(|deferred| deferred.key(&key.digest())) {
                Some(id) => Some(id),
                None => stored_key(connection, &key.digest())?,
            };
            let found = id.map(|id| record(connection, id)).transpose()?.flatten();
            Ok(Page::Records(found.into_iter().collect()))
        }
        Query::List { list, after, newest_first, limit } => {
            listed(reader, *list, *after, *newest_first, *limit).map(Page::Records)
        }
        Query::Account(account) => Ok(Page::Account(account_state(reader, account)?.1)),
        Query::Entries { account, before, limit } => {
            entries(reader, account, *before, *limit).map(Page::Entries)
        }
        Query::Movements { account, from, until, after, limit } => {
            movements(reader, account, (*from, *until), *after, *limit).map(Page::Entries)
        }
        Query::BalanceAt(account, at) => balance_at(reader, account, *at).map(Page::Balance),
        Query::Trial => within(connection, || trial(connection)).map(Page::Trial),
        Query::Backlog(now) => backlog(connection, *now).map(Page::Backlog),
        Query::Changes(after, limit) => {
            let lines = changes(connection, *after, *limit)?;
            reader.wait_for_publication();
            Ok(Page::Changes(lines))
        }
        Query::Postings(after, limit) => postings(connection, *after, *limit).map(Page::Postings),
        // Held for the page, so that no state is merged and forgotten between table and memory.
        Query::Accounts(after, limit) => {
            reader.deferred(|recent| accounts(connection, recent, *after, *limit)).map(Page::Accounts)
        }
        Query::Stored(after, limit) => records::stored(connection, *after, *limit).map(Page::Stored),
        Query::Keys(after, limit) => {
            let page = reader.deferred(|recent| indexes::keys(connection, recent, *after, *limit));
            page.map(Page::Keys)
        }
        Query::Listings(after, limit) => {
            let page = reader.deferred(|recent| indexes::listings(connection, recent, *after, *limit));
            page.map(Page::Listings)
        }
        Query::LaneEnds => {
            let ends = lane_ends(connection)?;
            reader.wait_for_publication();
            Ok(Page::LaneEnds(ends))
        }
        Query::Lanes(after, limit) => Ok(Page::Lanes(LaneLine::single(*after, *limit))),
    }
}

fn within<T>(connection: &Connection, work: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    if !connection.is_autocommit() {
        return work();
    }
    let transaction = connection.unchecked_transaction().map_err(|error| unreadable(&error))?;
    let result = work()?;
    transaction.finish().map_err(|error| unreadable(&error))?;
    Ok(result)
}

fn stored_key(connection: &Connection, digest: &KeyDigest) -> Result<Option<Id>, Fault> {
    let sql = "SELECT record FROM key WHERE digest = ?1";
    let id: Option<[u8; 17]> = one(connection, sql, [digest], |row| row.get(0))?;
    id.map(|id| Id::from_bytes(&id).ok_or_else(|| unreadable(&bad("a key")))).transpose()
}

fn record(connection: &Connection, id: Id) -> Result<Option<Record>, Fault> {
    let parameters = params![records::place(id), id.bytes()];
    let body: Option<Vec<u8>> = one(connection, records::FIND, parameters, |row| row.get(0))?;
    body.map(|body| decode(id, &body)).transpose()
}

fn listed(
    reader: Reader<'_>,
    list: List,
    after: Option<Uuid>,
    newest_first: bool,
    limit: u32,
) -> Result<Vec<Record>, Fault> {
    let connection = reader.connection;
    let (sql, edge) = if newest_first {
        ("SELECT uuid FROM list WHERE list = ?1 AND uuid < ?2 ORDER BY uuid DESC LIMIT ?3", Uuid::max())
    } else {
        ("SELECT uuid FROM list WHERE list = ?1 AND uuid > ?2 ORDER BY uuid LIMIT ?3", Uuid::nil())
    };
    let from = after.unwrap_or(edge);
    let limit = limit.min(READ_ROWS_MAX);
    let mut uuids = reader.deferred(|deferred| deferred.listed(list, from, newest_first, limit));
    let merged = all(connection, sql, params![list.bytes(), from.as_bytes(), limit], |row| row.get(0))?;
    uuids.extend(merged.into_iter().map(Uuid::from_bytes));
    uuids.sort_unstable();
    uuids.dedup();
    if newest_first {
        uuids.reverse();
    }
    uuids.truncate(limit as usize);
    // An id is the list's kind and the UUID.
    let ids = uuids.into_iter().map(|uuid| Id { kind: list.kind(), uuid });
    ids.filter_map(|id| record(connection, id).transpose()).collect()
}

fn account_state(reader: Reader<'_>, account: &AccountKey) -> Result<(u64, AccountState), Fault> {
    // An account's number never changes, so it may be looked up before the state that is not merged yet.
    let sql = "SELECT number FROM account WHERE name = ?1";
    let number = one(reader.connection, sql, [account.to_string()], |row| row.get(0).map(unsigned))?;
    let Some(number) = number else { return Ok((0, AccountState::default())) };
    if let Some(state) = reader.deferred(|deferred| deferred.account(number)) {
        return Ok((number, state));
    }
    let sql = "SELECT debits, credits, entries, head FROM account WHERE number = ?1";
    let stored = one(reader.connection, sql, [signed(number)], |row| state(row, 0))?;
    Ok((number, stored.unwrap_or_default()))
}

fn posting(connection: &Connection, number: u64) -> Result<Option<PostingLine>, Fault> {
    let sql = format!("SELECT {POSTING_COLUMNS} FROM posting WHERE number = ?1");
    one(connection, &sql, [signed(number)], posting_line)
}

/// Walks an account's postings back from `head`, newest first, for as long as `keep` says so. Without a
/// transaction around it: postings never change, and one begun before `head` was known might lack it.
fn walk(
    connection: &Connection,
    account: u64,
    head: u64,
    mut keep: impl FnMut(&Entry) -> bool,
) -> Result<Vec<Entry>, Fault> {
    let (mut entries, mut next) = (Vec::new(), head);
    while let Some(line) = posting(connection, next)? {
        let (entry, before) = entry(&line, account)?;
        if !keep(&entry) {
            break;
        }
        entries.push(entry);
        next = before;
    }
    Ok(entries)
}

/// What a posting is for one of its accounts, and the account's posting before it.
fn entry(line: &PostingLine, account: u64) -> Result<(Entry, u64), Fault> {
    let reason = Reason::from_code(line.reason).ok_or_else(|| unreadable(&bad("a posting's reason")))?;
    let (amount, balance, before) = if line.debit == account {
        (-line.amount, line.debit_balance, line.debit_before)
    } else {
        (line.amount, line.credit_balance, line.credit_before)
    };
    Ok((Entry { number: line.number, at: line.at, amount, balance, reason, subject: line.subject }, before))
}

fn entries(
    reader: Reader<'_>,
    account: &AccountKey,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<Entry>, Fault> {
    let connection = reader.connection;
    let (number, state) = account_state(reader, account)?;
    let head = match before {
        None => state.head,
        // A cursor names an entry of this account; the walk goes on from the one before it.
        Some(seen) => match posting(connection, seen)? {
            Some(line) if line.debit == number => line.debit_before,
            Some(line) if line.credit == number => line.credit_before,
            _ => return Ok(Vec::new()),
        },
    };
    let mut left = limit.min(READ_ROWS_MAX);
    walk(connection, number, head, |_| {
        let more = left > 0;
        left = left.saturating_sub(1);
        more
    })
}

/// Chains lead back only. So a page begins at the mark that has at least `limit` entries between itself and
/// `after`, or at the end of the chain, and what is read is turned round: at most two marks' entries too many.
fn movements(
    reader: Reader<'_>,
    account: &AccountKey,
    (from, until): (Time, Time),
    after: u64,
    limit: u32,
) -> Result<Vec<Entry>, Fault> {
    let connection = reader.connection;
    let (number, state) = account_state(reader, account)?;
    let limit = limit.min(READ_ROWS_MAX);
    if limit == 0 {
        return Ok(Vec::new());
    }
    // Times follow numbers, so marks before that of `after` need not be looked at.
    let seen = posting(connection, after)?.map_or(from, |line| line.at.max(from));
    let skipped = u64::from(limit - 1).div_ceil(ENTRIES_PER_MARK);
    let sql = "SELECT posting FROM mark WHERE account = ?1 AND at >= ?2 AND posting > ?3
               ORDER BY at, posting LIMIT 1 OFFSET ?4";
    let parameters = params![signed(number), seen.ms(), signed(after), signed(skipped)];
    let mark = one(connection, sql, parameters, |row| row.get(0))?;
    let head = mark.map_or(state.head, unsigned);
    let mut entries = walk(connection, number, head, |entry| entry.at >= from && entry.number > after)?;
    entries.reverse();
    entries.retain(|entry| entry.at < until);
    entries.truncate(limit as usize);
    Ok(entries)
}

fn balance_at(reader: Reader<'_>, account: &AccountKey, at: Time) -> Result<i64, Fault> {
    let connection = reader.connection;
    let (number, state) = account_state(reader, account)?;
    // The first mark after the instant bounds the walk; without one the end of the chain does.
    let sql = "SELECT posting FROM mark WHERE account = ?1 AND at > ?2 ORDER BY at, posting LIMIT 1";
    let mark = one(connection, sql, params![signed(number), at.ms()], |row| row.get(0))?;
    let mut next = mark.map_or(state.head, unsigned);
    while let Some(line) = posting(connection, next)? {
        let (entry, before) = entry(&line, number)?;
        if entry.at <= at {
            return Ok(entry.balance);
        }
        next = before;
    }
    Ok(0)
}

/// The sums of one moment: with the tail of that moment, and not with what is in memory by now.
fn trial(connection: &Connection) -> Result<Vec<TrialLine>, Fault> {
    let (recent, _) = load_tail(connection)?;
    let mut lines: Vec<TrialLine> = Vec::new();
    let mut after = 0;
    loop {
        let page = accounts(connection, &recent, after, READ_ROWS_MAX)?;
        let Some(last) = page.last() else { break };
        after = last.number;
        for account in page {
            let currency = account.key.currency;
            let at = lines.iter().position(|line| line.currency == currency).unwrap_or_else(|| {
                lines.push(TrialLine { currency, debits: 0, credits: 0 });
                lines.len() - 1
            });
            lines[at].debits += i128::from(account.state.debits);
            lines[at].credits += i128::from(account.state.credits);
        }
    }
    lines.sort_by_key(|line| line.currency);
    Ok(lines)
}

fn backlog(connection: &Connection, now: Time) -> Result<Backlog, Fault> {
    let sql = "SELECT (SELECT count(*) FROM task), (SELECT count(*) FROM task WHERE due_at <= ?1),
                      (SELECT min(due_at) FROM task)";
    let found = one(connection, sql, [now.ms()], |row| {
        let oldest: Option<i64> = row.get(2)?;
        let oldest_ms = oldest.map_or(0, |due_at| now.since_ms(Time::from_ms(due_at)).max(0));
        Ok(Backlog { tasks: unsigned(row.get(0)?), due: unsigned(row.get(1)?), oldest_ms })
    })?;
    Ok(found.unwrap_or_default())
}

fn lane_ends(connection: &Connection) -> Result<Vec<LaneEnd>, Fault> {
    let sql = "SELECT number, digest FROM change ORDER BY number DESC LIMIT 1";
    all(connection, sql, [], |row| Ok(LaneEnd { number: unsigned(row.get(0)?), digest: row.get(1)? }))
}

fn changes(connection: &Connection, after: u64, limit: u32) -> Result<Vec<ChangeLine>, Fault> {
    let sql = "SELECT number, at, actor, input, touched, postings, digest FROM change
               WHERE number > ?1 ORDER BY number LIMIT ?2";
    all(connection, sql, params![signed(after), limit.min(READ_ROWS_MAX)], |row| {
        let touched: Vec<u8> = row.get(4)?;
        Ok(ChangeLine {
            number: unsigned(row.get(0)?),
            at: Time::from_ms(row.get(1)?),
            actor: row.get(2)?,
            input: row.get(3)?,
            touched: Touched::decode(&touched).ok_or_else(|| bad("a change's records"))?,
            postings: row.get(5)?,
            digest: row.get(6)?,
        })
    })
}

fn posting_line(row: &Row<'_>) -> rusqlite::Result<PostingLine> {
    let subject: [u8; 17] = row.get(7)?;
    Ok(PostingLine {
        number: unsigned(row.get(0)?),
        change: unsigned(row.get(1)?),
        at: Time::from_ms(row.get(2)?),
        debit: unsigned(row.get(3)?),
        credit: unsigned(row.get(4)?),
        amount: row.get(5)?,
        reason: row.get(6)?,
        subject: Id::from_bytes(&subject).ok_or_else(|| bad("a posting's subject"))?,
        debit_before: unsigned(row.get(8)?),
        credit_before: unsigned(row.get(9)?),
        debit_balance: row.get(10)?,
        credit_balance: row.get(11)?,
    })
}

fn postings(connection: &Connection, after: u64, limit: u32) -> Result<Vec<PostingLine>, Fault> {
    let sql = format!("SELECT {POSTING_COLUMNS} FROM posting WHERE number > ?1 ORDER BY number LIMIT ?2");
    all(connection, &sql, params![signed(after), limit.min(READ_ROWS_MAX)], posting_line)
}

fn accounts(
    connection: &Connection,
    recent: &Deferred,
    after: u64,
    limit: u32,
) -> Result<Vec<AccountLine>, Fault> {
    let sql = "SELECT number, name, debits, credits, entries, head FROM account
               WHERE number > ?1 ORDER BY number LIMIT ?2";
    all(connection, sql, params![signed(after), limit.min(READ_ROWS_MAX)], |row| {
        let name: String = row.get(1)?;
        let key = name.parse().map_err(|_| bad("an account's name"))?;
        let number = unsigned(row.get(0)?);
        let stored = state(row, 2)?;
        Ok(AccountLine { number, key, state: recent.account(number).unwrap_or(stored) })
    })
}
