//! The ledger's postings in the order of their times, as they stood at one moment, with the accounts behind their
//! numbers.
//!
//! Several processes may have written a PostgreSQL store, each in a lane of its own; their postings are merged by
//! time. What is committed after the beginning is left out.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, VecDeque},
};

use tongbao_core::{Time, ledger::AccountKey};
use tongbao_store::{
    Page, PostingLine, Query, Store,
    lane::{before_first, lane_of},
    limits::READ_ROWS_MAX,
};

use crate::output::Failure;

/// Postings kept of all lanes together, so that many lanes take no more memory than one.
const ROWS_AHEAD: usize = 100_000;

struct Lane {
    number: u32,
    /// The last change that counts.
    end: u64,
    after: u64,
    rows: VecDeque<PostingLine>,
    is_over: bool,
}

/// See the module.
pub(super) struct Journal<'a> {
    store: &'a dyn Store,
    accounts: HashMap<u64, AccountKey>,
    lanes: Vec<Lane>,
    page_rows: u32,
    /// The next of each lane, by time.
    heads: BinaryHeap<Reverse<(Time, u64, usize)>>,
}

/// A store answers what it is asked.
fn other_page() -> Failure {
    "the store answered with another page than was asked for".into()
}

impl Journal<'_> {
    /// Fixes the moment and reads the accounts.
    pub(super) fn open(store: &dyn Store) -> Result<Journal<'_>, Failure> {
        let Page::LaneEnds(ends) = store.read(Query::LaneEnds)? else { return Err(other_page()) };
        let lane = |number: u32, end: u64| Lane {
            number,
            end,
            after: before_first(number),
            rows: VecDeque::new(),
            is_over: false,
        };
        let lanes: Vec<Lane> = ends.iter().map(|end| lane(lane_of(end.number), end.number)).collect();
        let rows = u32::try_from(ROWS_AHEAD / lanes.len().max(1)).unwrap_or(READ_ROWS_MAX);
        let page_rows = rows.clamp(100, READ_ROWS_MAX);
        let accounts = accounts(store)?;
        let mut journal = Journal { store, accounts, lanes, page_rows, heads: BinaryHeap::new() };
        for place in 0..journal.lanes.len() {
            journal.advance(place)?;
        }
        Ok(journal)
    }

    /// The next posting.
    pub(super) fn next(&mut self) -> Result<Option<PostingLine>, Failure> {
        let Some(Reverse((.., place))) = self.heads.pop() else { return Ok(None) };
        let posting = self.lanes.get_mut(place).and_then(|lane| lane.rows.pop_front());
        self.advance(place)?;
        Ok(posting)
    }

    /// The account behind a number.
    pub(super) fn account(&self, number: u64) -> Result<AccountKey, Failure> {
        let found = self.accounts.get(&number).copied();
        found.ok_or_else(|| format!("postings name account {number}, which there is not").into())
    }

    /// Sees to it that the next posting of a lane is at hand.
    fn advance(&mut self, place: usize) -> Result<(), Failure> {
        let Some(lane) = self.lanes.get_mut(place) else { return Ok(()) };
        if lane.rows.is_empty() && !lane.is_over {
            let Page::Postings(rows) = self.store.read(Query::Postings(lane.after, self.page_rows))? else {
                return Err(other_page());
            };
            lane.is_over = rows.len() < self.page_rows as usize;
            for row in rows {
                if lane_of(row.number) != lane.number || row.change > lane.end {
                    lane.is_over = true;
                    break;
                }
                lane.after = row.number;
                lane.rows.push_back(row);
            }
        }
        if let Some(next) = lane.rows.front() {
            self.heads.push(Reverse((next.at, next.number, place)));
        }
        Ok(())
    }
}

fn accounts(store: &dyn Store) -> Result<HashMap<u64, AccountKey>, Failure> {
    let (mut accounts, mut after) = (HashMap::new(), 0);
    loop {
        let Page::Accounts(lines) = store.read(Query::Accounts(after, READ_ROWS_MAX))? else {
            return Err(other_page());
        };
        let Some(last) = lines.last() else { return Ok(accounts) };
        after = last.number;
        accounts.extend(lines.into_iter().map(|line| (line.number, line.key)));
    }
}
