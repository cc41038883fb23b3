//! Reading the indexes whole, for the verifier: their tables together with what is not merged yet.

use rusqlite::{Connection, params};
use tongbao_core::{Id, KeyDigest};
use uuid::Uuid;

use super::{
    deferred::Deferred,
    read::{all, bad},
};
use crate::{
    limits::READ_ROWS_MAX,
    port::{Fault, Listing},
};

/// Keys after this one, in order.
pub(super) fn keys(
    connection: &Connection,
    recent: &Deferred,
    after: Option<KeyDigest>,
    limit: u32,
) -> Result<Vec<(KeyDigest, Id)>, Fault> {
    let limit = limit.min(READ_ROWS_MAX);
    let sql = "SELECT digest, record FROM key WHERE digest > ?1 ORDER BY digest LIMIT ?2";
    let from = after.map(Vec::from).unwrap_or_default();
    let mut keys = all(connection, sql, params![from, limit], |row| {
        let id: [u8; 17] = row.get(1)?;
        Ok((row.get(0)?, Id::from_bytes(&id).ok_or_else(|| bad("a key's record"))?))
    })?;
    let to = whole(&keys, limit).map(|(digest, _)| *digest);
    keys.extend(recent.keys_within(after, to));
    Ok(ordered(keys, limit))
}

/// Members of lists after this one, in order.
pub(super) fn listings(
    connection: &Connection,
    recent: &Deferred,
    after: Option<Listing>,
    limit: u32,
) -> Result<Vec<Listing>, Fault> {
    let limit = limit.min(READ_ROWS_MAX);
    let sql = "SELECT list, uuid FROM list WHERE (list, uuid) > (?1, ?2) ORDER BY list, uuid LIMIT ?3";
    let bytes = after.map(|(list, uuid)| (list, *uuid.as_bytes()));
    let (list, uuid) = bytes.map_or((Vec::new(), Vec::new()), |(list, uuid)| (list.into(), uuid.into()));
    let mut listings =
        all(connection, sql, params![list, uuid, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let to = whole(&listings, limit).copied();
    listings.extend(recent.listings_within(bytes, to));
    let uuid = |(list, uuid)| (list, Uuid::from_bytes(uuid));
    Ok(ordered(listings, limit).into_iter().map(uuid).collect())
}

/// The last row of a page that is full: what is not merged yet and stands behind it is for the next page.
fn whole<T>(page: &[T], limit: u32) -> Option<&T> {
    if page.len() == limit as usize { page.last() } else { None }
}

/// The first `limit` in order; what was merged a moment ago is there twice.
fn ordered<T: Ord>(mut page: Vec<T>, limit: u32) -> Vec<T> {
    page.sort_unstable();
    page.dedup();
    page.truncate(limit as usize);
    page
}
