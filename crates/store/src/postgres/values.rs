//! How values stand in the tables.

use tokio_postgres::Row;
use tongbao_core::{
    Id, KeyDigest, Record, Time, Work,
    ledger::{AccountKey, AccountState},
};
use uuid::Uuid;

use crate::port::{Fault, PostingLine};

/// Ends at which rows of one moment are appended.
pub(super) const SPREADS: u8 = 16;

/// At which of them the thing with this UUID stands: by its last bits, which are random.
pub(super) fn spread(uuid: Uuid) -> i16 {
    i16::from(uuid.as_bytes()[15] % SPREADS)
}

/// PostgreSQL's integers are signed; numbers fit them (see `lane`).
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// How many rows a read gives at most, for `LIMIT`.
pub(super) fn rows(limit: u32) -> i64 {
    i64::from(limit.min(crate::limits::READ_ROWS_MAX))
}

/// The digest an account is found by.
pub(super) fn account_digest(key: &AccountKey) -> KeyDigest {
    let mut digest = KeyDigest::default();
    blake3::Hasher::new().update(key.to_string().as_bytes()).finalize_xof().fill(&mut digest);
    digest
}

/// A row that this program would not have written.
pub(super) fn bad_row(what: &str) -> Fault {
    Fault::Unreadable(format!("a stored {what} cannot be read; restore a backup, do not repair by hand"))
}

/// A column by its place.
pub(super) fn column<'a, T: tokio_postgres::types::FromSql<'a>>(
    row: &'a Row,
    place: usize,
) -> Result<T, Fault> {
    row.try_get(place).map_err(|_| bad_row("value"))
}

/// A number that is not negative.
pub(super) fn number(row: &Row, place: usize) -> Result<u64, Fault> {
    column(row, place).map(unsigned)
}

pub(super) fn time(row: &Row, place: usize) -> Result<Time, Fault> {
    column(row, place).map(Time::from_ms)
}

/// Bytes of a known length.
pub(super) fn bytes<const N: usize>(row: &Row, place: usize) -> Result<[u8; N], Fault> {
    let bytes: &[u8] = column(row, place)?;
    bytes.try_into().map_err(|_| bad_row("digest"))
}

pub(super) fn uuid(row: &Row, place: usize) -> Result<Uuid, Fault> {
    bytes(row, place).map(Uuid::from_bytes)
}

pub(super) fn id(row: &Row, place: usize) -> Result<Id, Fault> {
    Id::from_bytes(column(row, place)?).ok_or_else(|| bad_row("id"))
}

/// A record, from two columns: its id and its stored form.
pub(super) fn record(row: &Row, first: usize) -> Result<(Id, Record), Fault> {
    let id = id(row, first)?;
    let record = Record::decode(id.kind, column(row, first + 1)?).map_err(|_| bad_row("record"))?;
    Ok((id, record))
}

/// An account's state, from four columns.
pub(super) fn state(row: &Row, first: usize) -> Result<AccountState, Fault> {
    Ok(AccountState {
        debits: column(row, first)?,
        credits: column(row, first + 1)?,
        entries: number(row, first + 2)?,
        head: number(row, first + 3)?,
    })
}

pub(super) fn work(row: &Row, place: usize) -> Result<Work, Fault> {
    serde_json::from_str(column(row, place)?).map_err(|_| bad_row("task"))
}

/// The columns of a posting, in the order of [`posting`].
pub(super) const POSTING: &str = "number, change, at, debit, credit, amount, reason, subject,
    debit_before, credit_before, debit_balance, credit_balance";

pub(super) fn posting(row: &Row) -> Result<PostingLine, Fault> {
    Ok(PostingLine {
        number: number(row, 0)?,
        change: number(row, 1)?,
        at: time(row, 2)?,
        debit: number(row, 3)?,
        credit: number(row, 4)?,
        amount: column(row, 5)?,
        reason: u8::try_from(column::<i16>(row, 6)?).map_err(|_| bad_row("reason"))?,
        subject: id(row, 7)?,
        debit_before: number(row, 8)?,
        credit_before: number(row, 9)?,
        debit_balance: column(row, 10)?,
        credit_balance: column(row, 11)?,
    })
}
