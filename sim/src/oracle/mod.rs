//! What must be true when all is over: asked of the store, of the API, and of those outside who know the truth.

mod money;
mod things;
mod told;

use std::collections::BTreeMap;

use tongbao_core::{Id, Record, ledger::AccountKey};
use tongbao_store::{Fault, Page, PostingLine, Query, Store, verify};

use crate::sim::Sim;

/// Rows of one read.
const ROWS: u32 = 1_000;

/// Everything that the store holds.
#[derive(Default)]
pub(crate) struct Holdings {
    pub(crate) records: BTreeMap<Id, Record>,
    pub(crate) accounts: BTreeMap<AccountKey, i64>,
    /// The names of accounts by their number.
    names: BTreeMap<u64, AccountKey>,
    postings: Vec<PostingLine>,
    /// Records in the order in which they were written.
    written: Vec<Id>,
}

impl Holdings {
    /// All records of one type.
    pub(crate) fn all<T: tongbao_core::facts::Entity + 'static>(&self) -> impl Iterator<Item = &T> {
        self.records.values().filter_map(T::of)
    }

    /// The record with this id.
    pub(crate) fn get<T: tongbao_core::facts::Entity + 'static>(&self, id: T::Id) -> Option<&T> {
        self.records.get(&id.into()).and_then(T::of)
    }

    fn read(store: &dyn Store) -> Result<Holdings, Fault> {
        let mut held = Holdings::default();
        let unread = |error: &dyn std::fmt::Display| Fault::Unreadable(error.to_string());
        let mut after = None;
        while let Page::Stored(lines) = store.read(Query::Stored(after, ROWS))? {
            let Some(last) = lines.last() else { break };
            after = Some(last.id);
            for line in lines {
                let record = Record::decode(line.id.kind, &line.body).map_err(|error| unread(&error))?;
                held.records.insert(line.id, record);
            }
        }
        let mut after = 0;
        while let Page::Accounts(lines) = store.read(Query::Accounts(after, ROWS))? {
            let Some(last) = lines.last() else { break };
            after = last.number;
            for line in lines {
                held.accounts.insert(line.key, line.state.balance());
                held.names.insert(line.number, line.key);
            }
        }
        let mut after = 0;
        while let Page::Postings(lines) = store.read(Query::Postings(after, ROWS))? {
            let Some(last) = lines.last() else { break };
            after = last.number;
            held.postings.extend(lines);
        }
        let mut after = 0;
        while let Page::Changes(lines) = store.read(Query::Changes(after, ROWS))? {
            let Some(last) = lines.last() else { break };
            after = last.number;
            held.written.extend(lines.iter().flat_map(|line| &line.touched).map(|touched| touched.id));
        }
        Ok(held)
    }
}

/// Judges a world that is over.
pub(crate) fn judge(sim: &mut Sim) {
    let Some(store) = sim.backing().store() else {
        return sim.shared().lock().violated("the store is away at the end".to_owned());
    };
    let mut found = Vec::new();
    match verify::verify(&*store, &mut |_| {}) {
        Ok(report) => found.extend(report.findings.into_iter().map(|it| format!("verify: {it}"))),
        Err(fault) => found.push(format!("verify: {fault}")),
    }
    match Holdings::read(&*store) {
        Ok(held) => {
            let state = sim.shared().lock();
            money::check(&held, &state, &mut found);
            things::check(&held, &state, &mut found);
            told::check(&held, &state, &mut found);
        }
        Err(fault) => found.push(format!("the store cannot be read: {fault}")),
    }
    drop(store);
    things::ask_again(sim, &mut found);
    let mut state = sim.shared().lock();
    for finding in found {
        state.violated(finding);
    }
}
