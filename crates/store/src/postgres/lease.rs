//! Leasing tasks that are due: beside the commits, on a connection of its own.
//!
//! A lease is a new key, which is the fence: whoever held the task under the old key holds it no more. Tasks that
//! another process is leasing at this moment are passed over. The clocks of several processes may differ: one that
//! is ahead takes a task over early, and then the other's work on it does not count.

use std::collections::BTreeMap;

use deadpool_postgres::{Object, Pool};
use tokio_postgres::types::ToSql;
use tongbao_core::{Task, TaskKey, Time};

use super::{
    connect::{Trouble, connection},
    facts::TaskColumns,
    session::{PUT_TASKS, REMOVE_TASKS},
    values::{SPREADS, column, time, uuid, work},
};
use crate::limits::LEASE_MS;

/// Candidates for each task that is asked for, so that two who ask at once both find some.
const CANDIDATES: i64 = 2;

/// Moves up to `limit` tasks that are due at `now` to the end of a lease, which begins no earlier than `latest`;
/// gives them under their new keys.
pub(super) async fn lease(pool: &Pool, now: Time, limit: u32, latest: Time) -> Result<Vec<Task>, Trouble> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let client = connection(pool).await?;
    let leased = within(&client, now, limit, latest).await;
    if leased.is_err() {
        // Closed rather than given back: it may be in the middle of its transaction.
        drop(Object::take(client));
    }
    leased
}

async fn within(client: &Object, now: Time, limit: u32, latest: Time) -> Result<Vec<Task>, Trouble> {
    let due = client.prepare_cached(&due()).await?;
    let (limit, candidates) = (i64::from(limit), i64::from(limit) * CANDIDATES);
    let parameters: [&(dyn ToSql + Sync); 3] = [&now.ms(), &candidates, &limit];
    let (begun, rows) = tokio::join!(biased; client.batch_execute("BEGIN"), client.query(&due, &parameters));
    begun?;
    let (mut old, mut leased, mut held) = (Vec::new(), Vec::new(), BTreeMap::new());
    let until = now.max(latest).plus_ms(LEASE_MS);
    for row in rows? {
        let key = TaskKey { due_at: time(&row, 0)?, id: uuid(&row, 1)? };
        old.push(key);
        let key = TaskKey { due_at: until, ..key };
        // Of two tasks about one thing the later one stays.
        held.insert(key, column::<String>(&row, 2)?);
        leased.push(Task { key, work: work(&row, 2)? });
    }
    if leased.is_empty() {
        client.batch_execute("ROLLBACK").await?;
        return Ok(leased);
    }
    let removal = client.prepare_cached(REMOVE_TASKS).await?;
    let insertion = client.prepare_cached(PUT_TASKS).await?;
    let old = TaskColumns::of(old.iter());
    let new = TaskColumns::of(held.keys());
    let works: Vec<&str> = held.values().map(String::as_str).collect();
    let (old_ids, new_ids) = (old.ids(), new.ids());
    let old: [&(dyn ToSql + Sync); 3] = [&old.spreads, &old.due_at, &old_ids];
    let new: [&(dyn ToSql + Sync); 4] = [&new.spreads, &new.due_at, &new_ids, &works];
    let (removed, inserted) =
        tokio::join!(biased; client.execute(&removal, &old), client.execute(&insertion, &new));
    removed?;
    inserted?;
    client.batch_execute("COMMIT").await?;
    Ok(leased)
}

/// The first that are due: those of every spread, merged in their order, less those that somebody else holds.
fn due() -> String {
    let of_spread =
        |spread: u8| format!("SELECT spread, due_at, id FROM task WHERE spread = {spread} AND due_at <= $1");
    let all: Vec<String> = (0..SPREADS).map(of_spread).collect();
    format!(
        "SELECT t.due_at, t.id, t.work
         FROM (SELECT spread, due_at, id FROM ({}) AS due ORDER BY due_at, id LIMIT $2) AS w
         JOIN task t ON t.spread = w.spread AND t.due_at = w.due_at AND t.id = w.id
         ORDER BY t.due_at, t.id LIMIT $3 FOR UPDATE OF t SKIP LOCKED",
        all.join(" UNION ALL ")
    )
}
