//! Reads: lists, and the rows themselves for the verifier.

use std::collections::HashMap;

use deadpool_postgres::Object;
use tokio_postgres::{Row, types::ToSql};
use tongbao_core::{Id, KeyDigest, List, Record, Time};
use tongbao_money::Currency;
use uuid::Uuid;

use super::{
    connect::Trouble,
    lanes,
    values::{
        POSTING, SPREADS, bad_row, bytes, column, id, number, posting, record, rows, signed, spread, state,
        time, uuid,
    },
    walk,
};
use crate::{
    lane::before_first,
    log::{ChangeLine, Touched},
    port::{AccountLine, Backlog, Fault, Listing, Page, Query, RecordLine, TrialLine},
};

/// Answers a query.
pub(super) async fn read(client: &Object, query: &Query) -> Result<Page, Trouble> {
    Ok(match query {
        Query::Record(id) => Page::Records(by_ids(client, &[*id]).await?),
        Query::Key(key) => Page::Records(by_key(client, &key.digest()).await?),
        Query::List { list, after, newest_first, limit } => {
            Page::Records(listed(client, *list, *after, *newest_first, *limit).await?)
        }
        Query::Account(account) => Page::Account(walk::account(client, account).await?.1),
        Query::Entries { account, before, limit } => {
            Page::Entries(walk::entries(client, account, *before, *limit).await?)
        }
        Query::Movements { account, from, until, after, limit } => {
            Page::Entries(walk::movements(client, account, (*from, *until), *after, *limit).await?)
        }
        Query::BalanceAt(account, at) => Page::Balance(walk::balance_at(client, account, *at).await?),
        Query::Trial => Page::Trial(trial(client).await?),
        Query::Backlog(now) => Page::Backlog(backlog(client, *now).await?),
        Query::Changes(after, limit) => {
            let sql = "SELECT number, at, actor, input, touched, postings, digest FROM change
                       WHERE number > $1 ORDER BY number LIMIT $2";
            Page::Changes(all(client, sql, &[&signed(*after), &rows(*limit)], change).await?)
        }
        Query::Postings(after, limit) => {
            let sql = format!("SELECT {POSTING} FROM posting WHERE number > $1 ORDER BY number LIMIT $2");
            Page::Postings(all(client, &sql, &[&signed(*after), &rows(*limit)], posting).await?)
        }
        Query::Accounts(after, limit) => {
            let sql = "SELECT number, name, debits, credits, entries, head FROM account
                       WHERE number > $1 ORDER BY number LIMIT $2";
            Page::Accounts(all(client, sql, &[&signed(*after), &rows(*limit)], account).await?)
        }
        Query::Stored(after, limit) => Page::Stored(stored(client, *after, *limit).await?),
        Query::Keys(after, limit) => {
            let sql = "SELECT digest, record FROM key WHERE digest > $1 ORDER BY digest LIMIT $2";
            let from = after.map(Vec::from).unwrap_or_default();
            Page::Keys(all(client, sql, &[&from, &rows(*limit)], key).await?)
        }
        Query::Listings(after, limit) => {
            let sql =
                "SELECT list, uuid FROM list WHERE (list, uuid) > ($1, $2) ORDER BY list, uuid LIMIT $3";
            let from =
                after.map(|(list, uuid)| (Vec::from(list), uuid.as_bytes().to_vec())).unwrap_or_default();
            Page::Listings(all(client, sql, &[&from.0, &from.1, &rows(*limit)], listing).await?)
        }
        Query::LaneEnds => {
            Page::LaneEnds(all(client, lanes::ENDS, &[&signed(before_first(1))], lanes::end).await?)
        }
        Query::Lanes(after, limit) => {
            let sql = "SELECT number, opening, ends FROM lane WHERE number > $1 ORDER BY number LIMIT $2";
            let from = after.map_or(-1, |after| i32::try_from(after).unwrap_or(i32::MAX));
            Page::Lanes(all(client, sql, &[&from, &rows(*limit)], lanes::line).await?)
        }
    })
}

async fn all<T>(
    client: &Object,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
    map: impl Fn(&Row) -> Result<T, Fault>,
) -> Result<Vec<T>, Trouble> {
    let statement = client.prepare_cached(sql).await?;
    let rows = client.query(&statement, parameters).await?;
    Ok(rows.iter().map(map).collect::<Result<_, _>>()?)
}

/// Records in the order of their ids here; those that are not there are left out.
async fn by_ids(client: &Object, ids: &[Id]) -> Result<Vec<Record>, Trouble> {
    let spreads: Vec<i16> = ids.iter().map(|id| spread(id.uuid)).collect();
    let bytes: Vec<[u8; 17]> = ids.iter().map(|id| id.bytes()).collect();
    let bytes: Vec<&[u8]> = bytes.iter().map(<[u8; 17]>::as_slice).collect();
    let sql = "SELECT r.id, r.body FROM unnest($1::smallint[], $2::bytea[]) AS w(spread, id)
               JOIN record r ON r.spread = w.spread AND r.id = w.id";
    let found = all(client, sql, &[&spreads, &bytes], |row| record(row, 0)).await?;
    let mut found: HashMap<Id, Record> = found.into_iter().collect();
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

async fn by_key(client: &Object, digest: &KeyDigest) -> Result<Vec<Record>, Trouble> {
    let sql = "SELECT r.id, r.body FROM key k
               JOIN record r ON r.spread = (get_byte(k.record, 16) & 15) AND r.id = k.record WHERE k.digest = $1";
    all(client, sql, &[&digest.as_slice()], |row| record(row, 0).map(|(_, record)| record)).await
}

async fn listed(
    client: &Object,
    list: List,
    after: Option<Uuid>,
    newest_first: bool,
    limit: u32,
) -> Result<Vec<Record>, Trouble> {
    let (sql, edge) = if newest_first {
        ("SELECT uuid FROM list WHERE list = $1 AND uuid < $2 ORDER BY uuid DESC LIMIT $3", Uuid::max())
    } else {
        ("SELECT uuid FROM list WHERE list = $1 AND uuid > $2 ORDER BY uuid LIMIT $3", Uuid::nil())
    };
    let (list_name, from) = (list.bytes(), after.unwrap_or(edge));
    let parameters: [&(dyn ToSql + Sync); 3] =
        [&list_name.as_slice(), &from.as_bytes().as_slice(), &rows(limit)];
    let uuids = all(client, sql, &parameters, |row| uuid(row, 0)).await?;
    // An id is the list's kind and the UUID.
    let ids: Vec<Id> = uuids.into_iter().map(|uuid| Id { kind: list.kind(), uuid }).collect();
    by_ids(client, &ids).await
}

async fn trial(client: &Object) -> Result<Vec<TrialLine>, Trouble> {
    let sql = "SELECT currency, sum(debits)::text, sum(credits)::text FROM account GROUP BY currency";
    let mut lines = all(client, sql, &[], |row| {
        let sum = |place| column::<String>(row, place)?.parse().map_err(|_| bad_row("sum"));
        let currency = Currency::parse(column(row, 0)?).map_err(|_| bad_row("currency"))?;
        Ok(TrialLine { currency, debits: sum(1)?, credits: sum(2)? })
    })
    .await?;
    lines.sort_by_key(|line| line.currency);
    Ok(lines)
}

async fn backlog(client: &Object, now: Time) -> Result<Backlog, Trouble> {
    let sql = "SELECT count(*), count(*) FILTER (WHERE due_at <= $1), min(due_at) FROM task";
    let found = all(client, sql, &[&now.ms()], |row| -> Result<Backlog, Fault> {
        let oldest: Option<i64> = column(row, 2)?;
        let oldest_ms = oldest.map_or(0, |due_at| now.since_ms(Time::from_ms(due_at)).max(0));
        Ok(Backlog { tasks: number(row, 0)?, due: number(row, 1)?, oldest_ms })
    })
    .await?;
    Ok(found.into_iter().next().unwrap_or_default())
}

fn change(row: &Row) -> Result<ChangeLine, Fault> {
    Ok(ChangeLine {
        number: number(row, 0)?,
        at: time(row, 1)?,
        actor: column(row, 2)?,
        input: column(row, 3)?,
        touched: Touched::decode(column(row, 4)?).ok_or_else(|| bad_row("change"))?,
        postings: u32::try_from(column::<i32>(row, 5)?).map_err(|_| bad_row("change"))?,
        digest: bytes(row, 6)?,
    })
}

fn account(row: &Row) -> Result<AccountLine, Fault> {
    let key = column::<&str>(row, 1)?.parse().map_err(|_| bad_row("account"))?;
    Ok(AccountLine { number: number(row, 0)?, key, state: state(row, 2)? })
}

fn key(row: &Row) -> Result<(KeyDigest, Id), Fault> {
    Ok((bytes(row, 0)?, id(row, 1)?))
}

fn listing(row: &Row) -> Result<Listing, Fault> {
    Ok((bytes(row, 0)?, uuid(row, 1)?))
}

/// Stored forms in the order of ids: those of every spread, merged.
async fn stored(client: &Object, after: Option<Id>, limit: u32) -> Result<Vec<RecordLine>, Trouble> {
    let of_spread =
        |spread: u8| format!("SELECT id, version, body FROM record WHERE spread = {spread} AND id > $1");
    let spreads: Vec<String> = (0..SPREADS).map(of_spread).collect();
    let sql =
        format!("SELECT id, version, body FROM ({}) AS r ORDER BY id LIMIT $2", spreads.join(" UNION ALL "));
    let after = after.map(|id| id.bytes().to_vec()).unwrap_or_default();
    all(client, &sql, &[&after, &rows(limit)], |row| {
        let version = u32::try_from(column::<i32>(row, 1)?).map_err(|_| bad_row("version"))?;
        Ok(RecordLine { id: id(row, 0)?, version, body: column(row, 2)? })
    })
    .await
}
