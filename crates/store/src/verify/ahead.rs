//! Pages that a thread reads while the ones before are counted.
//!
//! A page that is not full ends what is read: rows as they were; what came since is for the next count.

use std::{
    sync::mpsc::{Receiver, sync_channel},
    thread::Scope,
};

use tongbao_core::Id;

use crate::{
    limits::READ_ROWS_MAX,
    log::ChangeLine,
    port::{Fault, Page, PostingLine, Query, RecordLine, Store, unexpected},
};

/// Pages that wait to be counted.
const PAGES_AHEAD: usize = 2;

/// The change log from its beginning.
pub(super) fn changes<'scope>(
    scope: &'scope Scope<'scope, '_>,
    store: &'scope dyn Store,
) -> Receiver<Result<Vec<ChangeLine>, Fault>> {
    let mut last = 0;
    pages(scope, move || {
        let lines = match store.read(Query::Changes(last, READ_ROWS_MAX))? {
            Page::Changes(lines) => lines,
            other => return Err(unexpected(&other)),
        };
        last = lines.last().map_or(last, |line| line.number);
        Ok(lines)
    })
}

/// The journal from its beginning.
pub(super) fn postings<'scope>(
    scope: &'scope Scope<'scope, '_>,
    store: &'scope dyn Store,
) -> Receiver<Result<Vec<PostingLine>, Fault>> {
    let mut last = 0;
    pages(scope, move || {
        let lines = posting_lines(store, last)?;
        last = lines.last().map_or(last, |line| line.number);
        Ok(lines)
    })
}

/// One page of the journal.
pub(super) fn posting_lines(store: &dyn Store, after: u64) -> Result<Vec<PostingLine>, Fault> {
    match store.read(Query::Postings(after, READ_ROWS_MAX))? {
        Page::Postings(lines) => Ok(lines),
        other => Err(unexpected(&other)),
    }
}

/// All records as they are stored.
pub(super) fn records<'scope>(
    scope: &'scope Scope<'scope, '_>,
    store: &'scope dyn Store,
) -> Receiver<Result<Vec<RecordLine>, Fault>> {
    let mut after: Option<Id> = None;
    pages(scope, move || {
        let lines = match store.read(Query::Stored(after, READ_ROWS_MAX))? {
            Page::Stored(lines) => lines,
            other => return Err(unexpected(&other)),
        };
        after = lines.last().map(|last| last.id);
        Ok(lines)
    })
}

fn pages<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    mut next: impl FnMut() -> Result<Vec<T>, Fault> + Send + 'scope,
) -> Receiver<Result<Vec<T>, Fault>> {
    let (sender, receiver) = sync_channel(PAGES_AHEAD);
    scope.spawn(move || {
        loop {
            let page = next();
            let more = page.as_ref().is_ok_and(|rows| rows.len() == READ_ROWS_MAX as usize);
            // Whoever counted may have left after a failure.
            if sender.send(page).is_err() || !more {
                return;
            }
        }
    });
    receiver
}
