//! Accounts: whether each stores what its postings come to.

use super::{Report, lanes::Lanes, recount::Recount};
use crate::{
    cache::Map,
    limits::READ_ROWS_MAX,
    port::{AccountLine, Fault, Page, Query, Store, unexpected},
};

/// Compares what accounts store with what their postings come to.
pub(super) fn check(
    store: &dyn Store,
    lanes: &Lanes,
    report: &mut Report,
    recount: &Recount,
) -> Result<(), Fault> {
    let mut sums: Map<_, i128> = Map::default();
    let (mut after, mut seen, mut more) = (0, 0, true);
    while more {
        let lines = match store.read(Query::Accounts(after, READ_ROWS_MAX))? {
            Page::Accounts(lines) => lines,
            other => return Err(unexpected(&other)),
        };
        more = lines.len() == READ_ROWS_MAX as usize;
        after = lines.last().map_or(after, |last| last.number);
        for AccountLine { number, key, state } in lines {
            let counted = recount.accounts.get(&number).copied();
            seen += u64::from(counted.is_some());
            let counted = counted.unwrap_or_default();
            *sums.entry(key.currency).or_default() += i128::from(counted.balance());
            // An account that moved after the log was read is ahead of the count, never behind or beside it.
            let moved_since =
                state.head > 0 && !lanes.have_counted_posting(state.head) && lanes.have_grown(store)?;
            report.expect(moved_since || state == counted, || {
                format!(
                    "account {number} stores a balance of {}; its postings come to {}",
                    state.balance(),
                    counted.balance()
                )
            });
            let floor = key.account.floor();
            report.expect(floor.is_none_or(|floor| counted.balance() >= floor), || {
                format!("account {number} is below its floor")
            });
            report.accounts += 1;
        }
    }
    report.expect(seen == recount.accounts.len() as u64, || {
        "postings name accounts that do not exist".to_owned()
    });
    for (currency, sum) in sums {
        report.expect(sum == 0, || format!("debits and credits in {currency} differ by {sum}"));
    }
    Ok(())
}
