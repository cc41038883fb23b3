//! Accounts and their entries: statements, and balances in the past.
//!
//! An account's entries are a chain that leads back, through the lanes of all processes. It is walked by the
//! database, in one statement. Times never go back along it; numbers may, because lanes differ.

use deadpool_postgres::Object;
use tongbao_core::{
    Time,
    ledger::{AccountKey, AccountState, Reason},
};

use super::{
    connect::Trouble,
    values::{POSTING, account_digest, bad_row, number, posting, signed, state},
};
use crate::{
    limits::{ENTRIES_PER_MARK, READ_ROWS_MAX},
    port::{Entry, Fault, PostingLine},
};

/// Walks back from posting `$2` along account `$1`: at most `$3` postings, up to the first before `$4`, up to
/// posting `$5` or, if `$6`, up to the first that is not numbered above it.
const WALK: &str = "WITH RECURSIVE walk AS (
        SELECT p.*, 1::bigint AS step FROM posting p WHERE p.number = $2
        UNION ALL
        SELECT p.*, w.step + 1 FROM walk w
        JOIN posting p ON p.number = CASE WHEN w.debit = $1 THEN w.debit_before ELSE w.credit_before END
        WHERE w.step < $3 AND w.at >= $4 AND CASE WHEN $6 THEN w.number > $5 ELSE w.number <> $5 END
    )";

/// Where a walk ends.
#[derive(Clone, Copy)]
struct End {
    /// After so many postings.
    steps: u64,
    /// At the first before this time.
    from: Time,
    /// At this posting.
    posting: u64,
    /// Or at the first that is not numbered above it.
    by_number: bool,
}

impl End {
    const NONE: End = End { steps: u64::MAX, from: Time::from_ms(i64::MIN), posting: 0, by_number: false };
}

/// An account's number and state; 0 and zeros if it was never used.
pub(super) async fn account(client: &Object, key: &AccountKey) -> Result<(u64, AccountState), Trouble> {
    let sql = "SELECT number, debits, credits, entries, head FROM account WHERE digest = $1";
    let sql = client.prepare_cached(sql).await?;
    let row = client.query_opt(&sql, &[&account_digest(key).as_slice()]).await?;
    let Some(row) = row else { return Ok((0, AccountState::default())) };
    Ok((number(&row, 0)?, state(&row, 1)?))
}

/// A posting by its number.
async fn posting_at(client: &Object, wanted: u64) -> Result<Option<PostingLine>, Trouble> {
    let sql = client.prepare_cached(&format!("SELECT {POSTING} FROM posting WHERE number = $1")).await?;
    let row = client.query_opt(&sql, &[&signed(wanted)]).await?;
    Ok(row.as_ref().map(posting).transpose()?)
}

/// The postings of a walk, newest first.
async fn walk(client: &Object, account: u64, head: u64, end: End) -> Result<Vec<PostingLine>, Trouble> {
    let sql = client.prepare_cached(&format!("{WALK} SELECT {POSTING} FROM walk ORDER BY step")).await?;
    let (account, head, steps) = (signed(account), signed(head), signed(end.steps));
    let rows = client
        .query(&sql, &[&account, &head, &steps, &end.from.ms(), &signed(end.posting), &end.by_number])
        .await?;
    Ok(rows.iter().map(posting).collect::<Result<_, Fault>>()?)
}

/// What a posting is for one of its accounts.
fn entry(line: &PostingLine, account: u64) -> Result<Entry, Fault> {
    let reason = Reason::from_code(line.reason).ok_or_else(|| bad_row("reason"))?;
    let (amount, balance) = if line.debit == account {
        (-line.amount, line.debit_balance)
    } else {
        (line.amount, line.credit_balance)
    };
    Ok(Entry { number: line.number, at: line.at, amount, balance, reason, subject: line.subject })
}

/// Entries of an account, newest first.
pub(super) async fn entries(
    client: &Object,
    key: &AccountKey,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<Entry>, Trouble> {
    let (number, state) = account(client, key).await?;
    let head = match before {
        None => state.head,
        // A cursor names an entry of this account; the walk goes on from the one before it.
        Some(seen) => match posting_at(client, seen).await? {
            Some(line) if line.debit == number => line.debit_before,
            Some(line) if line.credit == number => line.credit_before,
            _ => return Ok(Vec::new()),
        },
    };
    if limit == 0 {
        return Ok(Vec::new());
    }
    let steps = u64::from(limit.min(READ_ROWS_MAX));
    let lines = walk(client, number, head, End { steps, ..End::NONE }).await?;
    Ok(lines.iter().map(|line| entry(line, number)).collect::<Result<_, _>>()?)
}

/// Entries of an account in a span of time, oldest first. Chains lead back only, so a page begins at a mark behind
/// it, and what is read is turned round: at most two marks' entries too many, and those of the cursor's instant.
pub(super) async fn movements(
    client: &Object,
    key: &AccountKey,
    (from, until): (Time, Time),
    after: u64,
    limit: u32,
) -> Result<Vec<Entry>, Trouble> {
    let (number, state) = account(client, key).await?;
    let limit = limit.min(READ_ROWS_MAX);
    if limit == 0 {
        return Ok(Vec::new());
    }
    let seen = posting_at(client, after).await?.filter(|line| line.debit == number || line.credit == number);
    let (head, end) = match seen {
        // What comes after an entry from before the span is all of the span.
        Some(line) if line.at >= from => {
            let place = place_of(client, number, &state, &line).await?;
            let mark = mark_of_entry(client, number, line.at, place + u64::from(limit)).await?;
            (mark, End { from, posting: after, ..End::NONE })
        }
        // A number that is no entry's of this account, such as 0, is taken as it is.
        seen => {
            let by_number = if seen.is_some() { 0 } else { after };
            let skipped = u64::from(limit - 1).div_ceil(ENTRIES_PER_MARK);
            let mark = mark_since(client, number, from, by_number, skipped).await?;
            (mark, End { from, posting: by_number, by_number: true, ..End::NONE })
        }
    };
    let lines = walk(client, number, head.unwrap_or(state.head), end).await?;
    let is_behind = |line: &&PostingLine| {
        let is_after = if end.by_number { line.number > end.posting } else { line.number != end.posting };
        is_after && line.at >= from && line.at < until
    };
    let within = lines.iter().rev().filter(is_behind).take(limit as usize);
    Ok(within.map(|line| entry(line, number)).collect::<Result<_, _>>()?)
}

/// The how-many-th entry of its account a posting is: counted from the next mark, or from the end of the chain.
async fn place_of(
    client: &Object,
    account: u64,
    state: &AccountState,
    line: &PostingLine,
) -> Result<u64, Trouble> {
    let sql = "SELECT entry, posting FROM mark WHERE account = $1 AND at > $2 ORDER BY at, entry LIMIT 1";
    let sql = client.prepare_cached(sql).await?;
    let mark = client.query_opt(&sql, &[&signed(account), &line.at.ms()]).await?;
    let (place, head) = match &mark {
        Some(row) => (number(row, 0)?, number(row, 1)?),
        None => (state.entries, state.head),
    };
    let end = End { from: line.at, posting: line.number, ..End::NONE };
    let since = walk(client, account, head, end).await?.len() as u64;
    Ok((place + 1).saturating_sub(since))
}

/// The first mark at or behind an entry's place. No mark before `at` is.
async fn mark_of_entry(client: &Object, account: u64, at: Time, place: u64) -> Result<Option<u64>, Trouble> {
    let sql =
        "SELECT posting FROM mark WHERE account = $1 AND at >= $2 AND entry >= $3 ORDER BY at, entry LIMIT 1";
    let sql = client.prepare_cached(sql).await?;
    let mark = client.query_opt(&sql, &[&signed(account), &at.ms(), &signed(place)]).await?;
    Ok(mark.map(|row| number(&row, 0)).transpose()?)
}

/// The mark with at least so many others between itself and the beginning of a span.
async fn mark_since(
    client: &Object,
    account: u64,
    from: Time,
    after: u64,
    skipped: u64,
) -> Result<Option<u64>, Trouble> {
    let sql = "SELECT posting FROM mark WHERE account = $1 AND at >= $2 AND posting > $3
               ORDER BY at, entry LIMIT 1 OFFSET $4";
    let sql = client.prepare_cached(sql).await?;
    let mark =
        client.query_opt(&sql, &[&signed(account), &from.ms(), &signed(after), &signed(skipped)]).await?;
    Ok(mark.map(|row| number(&row, 0)).transpose()?)
}

/// The balance of an account just after an instant.
pub(super) async fn balance_at(client: &Object, key: &AccountKey, at: Time) -> Result<i64, Trouble> {
    let (number, state) = account(client, key).await?;
    // The first mark after the instant bounds the walk; without one the end of the chain does.
    let mark = mark_since(client, number, at.plus_ms(1), 0, 0).await?;
    let end = End { from: at.plus_ms(1), ..End::NONE };
    let lines = walk(client, number, mark.unwrap_or(state.head), end).await?;
    let last = lines.last().filter(|line| line.at <= at);
    Ok(last.map(|line| entry(line, number)).transpose()?.map_or(0, |entry| entry.balance))
}
