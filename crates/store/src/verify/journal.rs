//! The journal and the accounts, each in the order of its numbers, as the change log calls for them.

use std::{iter::Peekable, sync::mpsc::Receiver, vec};

use tongbao_core::ledger::AccountKey;

use crate::{
    lane::{before_first, lane_of},
    limits::READ_ROWS_MAX,
    port::{AccountLine, Fault, Page, PostingLine, Query, Store, unexpected},
};

/// Postings, pages of which are read ahead.
pub(super) struct Postings {
    ahead: Receiver<Result<Vec<PostingLine>, Fault>>,
    page: Peekable<vec::IntoIter<PostingLine>>,
}

impl Postings {
    pub(super) fn new(ahead: Receiver<Result<Vec<PostingLine>, Fault>>) -> Postings {
        Postings { ahead, page: Vec::new().into_iter().peekable() }
    }

    fn peek(&mut self) -> Result<Option<&PostingLine>, Fault> {
        while self.page.peek().is_none() {
            match self.ahead.recv() {
                Ok(lines) => self.page = lines?.into_iter().peekable(),
                Err(_) => return Ok(None),
            }
        }
        Ok(self.page.peek())
    }

    /// The next of a lane, as many as a change wrote; fewer if there are no more.
    pub(super) fn take(&mut self, lane: u32, count: u32) -> Result<Vec<PostingLine>, Fault> {
        let mut taken = Vec::with_capacity(count as usize);
        while taken.len() < count as usize && self.peek()?.is_some_and(|line| lane_of(line.number) == lane) {
            taken.extend(self.page.next());
        }
        Ok(taken)
    }

    /// The next that is left over before a lane begins, or at the end.
    pub(super) fn leave(&mut self, lane: Option<u32>) -> Result<Option<PostingLine>, Fault> {
        self.peek()?;
        Ok(self.page.next_if(|line| lane.is_none_or(|lane| lane_of(line.number) < lane)))
    }
}

/// Accounts, which are numbered in the order of their first postings.
pub(super) struct Accounts<'a> {
    store: &'a dyn Store,
    page: Peekable<vec::IntoIter<AccountLine>>,
    last: u64,
}

impl Accounts<'_> {
    pub(super) fn new(store: &dyn Store) -> Accounts<'_> {
        Accounts { store, page: Vec::new().into_iter().peekable(), last: 0 }
    }

    /// Those that these postings opened.
    pub(super) fn opened(
        &mut self,
        lane: u32,
        written: &[PostingLine],
    ) -> Result<Vec<(u64, AccountKey)>, Fault> {
        let named = written.iter().flat_map(|line| [line.debit, line.credit]);
        let highest = named.filter(|account| lane_of(*account) == lane).max().unwrap_or_default();
        if self.last < before_first(lane) {
            (self.last, self.page) = (before_first(lane), Vec::new().into_iter().peekable());
        }
        let mut opened = Vec::new();
        while self.last < highest {
            if self.page.peek().is_none() {
                match self.store.read(Query::Accounts(self.last, READ_ROWS_MAX))? {
                    Page::Accounts(lines) if lines.is_empty() => break,
                    Page::Accounts(lines) => self.page = lines.into_iter().peekable(),
                    other => return Err(unexpected(&other)),
                }
            }
            let Some(line) = self.page.next_if(|line| line.number <= highest) else { break };
            self.last = line.number;
            opened.push((line.number, line.key));
        }
        Ok(opened)
    }
}
