//! Filtered lists: pages of records in the order of their making.

use tongbao_core::{List, Record, facts::Entity};
use tongbao_store::{Query, Store};
use uuid::Uuid;

use crate::{
    problem::Problem,
    refusal::fault,
    wire::{LIST_SCANNED_MAX, ListPage, cursor_after},
};

/// Records read at a time while filtering.
const CHUNK: u32 = 100;

/// Which part of a list is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// Which list.
    pub list: List,
    /// After this one.
    pub after: Option<Uuid>,
    /// Newest first, or oldest first.
    pub newest_first: bool,
    /// How many rows.
    pub limit: u32,
}

/// Reads part of a list, leaving out what `keep` does not want. Looks at a bounded number of records:
/// when few match, the page is short and its cursor goes on behind the last one looked at.
pub fn page<T: Entity, W>(
    store: &dyn Store,
    part: Part,
    keep: impl Fn(&T) -> bool,
    wire: impl Fn(&T) -> W,
) -> Result<ListPage<W>, Problem> {
    let (mut data, mut after, mut scanned) = (Vec::new(), part.after, 0);
    loop {
        let query = Query::List { list: part.list, after, newest_first: part.newest_first, limit: CHUNK };
        let records: Vec<Record> = store.records(query).map_err(|error| fault(&error))?;
        let end = records.len() < CHUNK as usize;
        for (at, record) in records.iter().enumerate() {
            after = Some(record.id().uuid);
            scanned += 1;
            data.extend(T::of(record).filter(|row| keep(row)).map(&wire));
            let last = end && at + 1 == records.len();
            let full = data.len() >= part.limit as usize || scanned >= LIST_SCANNED_MAX;
            if full && !last {
                return Ok(ListPage { data, next_cursor: after.map(cursor_after) });
            }
        }
        if end {
            return Ok(ListPage { data, next_cursor: None });
        }
    }
}
