//! Whole lists and statements, page by page.

use tongbao_core::{
    List, Record,
    ledger::{Account, AccountKey},
};
use tongbao_money::Currency;
use tongbao_store::{Entry, Fault, Query};

use crate::Engine;

/// Rows of one read: few enough that other readers wait for none of them.
const PAGE: u32 = 500;

impl Engine {
    /// Everything in a list, oldest first.
    pub(super) fn all_in(&self, list: List) -> Result<Vec<Record>, Fault> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let query = Query::List { list, after, newest_first: false, limit: PAGE };
            let page = self.store.records(query)?;
            let Some(last) = page.last() else { return Ok(all) };
            after = Some(last.id().uuid);
            all.extend(page);
        }
    }

    /// Every entry of an account, newest first.
    pub(super) fn all_entries(&self, account: Account, currency: Currency) -> Result<Vec<Entry>, Fault> {
        let mut all = Vec::new();
        let mut before = None;
        loop {
            let page = self.store.entries(AccountKey { account, currency }, before, PAGE)?;
            let Some(last) = page.last() else { return Ok(all) };
            before = Some(last.number);
            all.extend(page);
        }
    }
}
