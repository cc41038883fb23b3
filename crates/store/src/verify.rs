//! The verifier: recounts everything from the journal and the change log, and compares.
//!
//! It believes nothing that is stored twice: balances are summed from postings, chains are followed,
//! digests are computed again, stored forms are hashed and compared with the log's last word on them.

use std::collections::HashMap;

use tongbao_core::{
    Id, Record,
    ledger::{AccountKey, AccountState},
};

use crate::{
    limits::READ_ROWS_MAX,
    log::{self, Digest, Touched},
    port::{AccountLine, Fault, Page, PostingLine, Query, Store, unexpected},
};

/// What was counted, and what did not agree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Lines of the change log.
    pub changes: u64,
    /// Postings.
    pub postings: u64,
    /// Accounts.
    pub accounts: u64,
    /// Records.
    pub records: u64,
    /// The digest of the whole log.
    pub digest: Digest,
    /// What did not agree, the first [`FINDINGS_MAX`] of it.
    pub findings: Vec<String>,
}

/// After this many findings the rest says nothing new.
pub const FINDINGS_MAX: usize = 100;

impl Report {
    /// Whether everything agreed.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    fn find(&mut self, what: impl FnOnce() -> String) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(what());
        }
    }

    fn expect(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.find(what);
        }
    }
}

/// The last version and hash that the log names for each record.
type LastWord = HashMap<Id, (u32, [u8; 16])>;

/// Recounts a store. `progress` is told how many rows have been counted so far. Changes that are
/// committed meanwhile are left out: only what the log held at the start is counted.
pub fn verify(store: &dyn Store, progress: &mut dyn FnMut(u64)) -> Result<Report, Fault> {
    let mut report = Report::default();
    let mut recount = Recount::default();
    let last_word = walk_log(store, &mut report, &mut recount, progress)?;
    check_accounts(store, &mut report, &recount)?;
    check_records(store, &mut report, &last_word, progress)?;
    Ok(report)
}

/// Balances as the journal says.
#[derive(Default)]
struct Recount {
    accounts: HashMap<u64, AccountState>,
}

impl Recount {
    /// Counts one posting, and checks that it says what its accounts came to.
    fn count(&mut self, line: &PostingLine, report: &mut Report) {
        let Some(amount) = tongbao_money::Amount::new(line.amount) else {
            return report.find(|| format!("posting {} moves {}", line.number, line.amount));
        };
        let number = line.number;
        let mut side = |account: u64, credit: bool, before: u64, balance: i64| {
            let known = self.accounts.entry(account).or_default();
            report.expect(known.head == before, || {
                format!(
                    "posting {number} points back to {before}; account {account} was last touched by {}",
                    known.head
                )
            });
            let next = if credit { known.credit(number, amount) } else { known.debit(number, amount) };
            match next {
                Some(next) => *known = next,
                None => report.find(|| format!("account {account} overflows at posting {number}")),
            }
            report.expect(known.balance() == balance, || {
                format!(
                    "posting {number} says account {account} came to {balance}; it is {}",
                    known.balance()
                )
            });
        };
        side(line.debit, false, line.debit_before, line.debit_balance);
        side(line.credit, true, line.credit_before, line.credit_balance);
    }
}

fn walk_log(
    store: &dyn Store,
    report: &mut Report,
    recount: &mut Recount,
    progress: &mut dyn FnMut(u64),
) -> Result<LastWord, Fault> {
    let mut last_word = LastWord::new();
    let mut postings = Postings { store, page: Vec::new().into_iter(), last: 0 };
    let mut accounts = Accounts { store, page: Vec::new().into_iter().peekable(), last: 0 };
    let (mut last_at, mut more) = (None, true);
    while more {
        let lines = match store.read(Query::Changes(report.changes, READ_ROWS_MAX))? {
            Page::Changes(lines) => lines,
            other => return Err(unexpected(&other)),
        };
        // A page that is not full ends the log as it was; what came since is for the next count.
        more = lines.len() == READ_ROWS_MAX as usize;
        for line in lines {
            let next = report.changes + 1;
            report.expect(line.number == next, || format!("change {next} is missing"));
            report.expect(last_at.is_none_or(|last| line.at >= last), || {
                format!("change {} is before its predecessor", line.number)
            });
            last_at = Some(line.at);
            let written = postings.take(line.postings)?;
            for posting in &written {
                report.expect(posting.change == line.number, || {
                    format!("posting {} names change {}, not {}", posting.number, posting.change, line.number)
                });
                report.expect(posting.at == line.at, || {
                    format!("posting {} is not of the moment of change {}", posting.number, line.number)
                });
                recount.count(posting, report);
            }
            let highest = written.iter().map(|posting| posting.debit.max(posting.credit)).max();
            let opened = accounts.up_to(highest.unwrap_or_default())?;
            let digest = log::digest(&report.digest, &line, &written, &opened);
            report.expect(digest == line.digest, || {
                format!("the digest of change {} does not fit", line.number)
            });
            // Going on from what is written finds the next break, too, and not everything after the first.
            report.digest = line.digest;
            (report.changes, report.postings) = (line.number, postings.last);
            for touched in line.touched {
                follow(&mut last_word, &touched, line.number, report);
            }
        }
        progress(report.changes + report.postings);
    }
    // What comes after the last change that was read belongs to a change that came meanwhile, or to none.
    if let Some(stray) = postings.take(1)?.first() {
        let later = stray.change > report.changes && changed_since(store, report.changes)?;
        report.expect(later, || format!("posting {} belongs to no change", stray.number));
    }
    Ok(last_word)
}

fn follow(last_word: &mut LastWord, touched: &Touched, change: u64, report: &mut Report) {
    let before =
        last_word.insert(touched.id, (touched.version, touched.body)).map_or(0, |(version, _)| version);
    report.expect(touched.version == before + 1, || {
        format!("change {change} writes version {} of {} after version {before}", touched.version, touched.id)
    });
}

/// The journal in order, a page at a time.
struct Postings<'a> {
    store: &'a dyn Store,
    page: std::vec::IntoIter<PostingLine>,
    last: u64,
}

impl Postings<'_> {
    fn take(&mut self, count: u32) -> Result<Vec<PostingLine>, Fault> {
        let mut taken = Vec::with_capacity(count as usize);
        while taken.len() < count as usize {
            let Some(line) = self.page.next() else {
                match self.store.read(Query::Postings(self.last, READ_ROWS_MAX))? {
                    Page::Postings(lines) if lines.is_empty() => break,
                    Page::Postings(lines) => self.page = lines.into_iter(),
                    other => return Err(unexpected(&other)),
                }
                continue;
            };
            self.last = line.number;
            taken.push(line);
        }
        Ok(taken)
    }
}

/// The accounts in the order of their numbers, which is that of their first postings.
struct Accounts<'a> {
    store: &'a dyn Store,
    page: std::iter::Peekable<std::vec::IntoIter<AccountLine>>,
    last: u64,
}

impl Accounts<'_> {
    /// Those that were not given yet, up to this number.
    fn up_to(&mut self, number: u64) -> Result<Vec<(u64, AccountKey)>, Fault> {
        let mut opened = Vec::new();
        while self.last < number {
            if self.page.peek().is_none() {
                match self.store.read(Query::Accounts(self.last, READ_ROWS_MAX))? {
                    Page::Accounts(lines) if lines.is_empty() => break,
                    Page::Accounts(lines) => self.page = lines.into_iter().peekable(),
                    other => return Err(unexpected(&other)),
                }
            }
            let Some(line) = self.page.next_if(|line| line.number <= number) else { break };
            self.last = line.number;
            opened.push((line.number, line.key));
        }
        Ok(opened)
    }
}

fn check_accounts(store: &dyn Store, report: &mut Report, recount: &Recount) -> Result<(), Fault> {
    let mut sums: HashMap<_, i128> = HashMap::new();
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
            let moved_since = state.head > report.postings && changed_since(store, report.changes)?;
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

fn check_records(
    store: &dyn Store,
    report: &mut Report,
    last_word: &LastWord,
    progress: &mut dyn FnMut(u64),
) -> Result<(), Fault> {
    let (mut after, mut known, mut more) = (None, 0, true);
    while more {
        let lines = match store.read(Query::Stored(after, READ_ROWS_MAX))? {
            Page::Stored(lines) => lines,
            other => return Err(unexpected(&other)),
        };
        more = lines.len() == READ_ROWS_MAX as usize;
        after = lines.last().map(|last| last.id);
        for line in lines {
            report.records += 1;
            let Some((version, body)) = last_word.get(&line.id) else {
                // Written after the log was read, if it is new; a record that no change wrote, if not.
                let new = Record::decode(line.id.kind, &line.body)
                    .is_ok_and(|record| record.version() == line.version);
                report.expect(new && changed_since(store, report.changes)?, || {
                    format!("no change wrote {}", line.id)
                });
                continue;
            };
            known += 1;
            let stored = Touched::of(line.id, line.version, &line.body);
            let agrees = line.version == *version && stored.body == *body;
            let newer = line.version > *version && changed_since(store, report.changes)?;
            report.expect(agrees || newer, || format!("{} is not as its last change left it", line.id));
        }
        progress(report.changes + report.postings + report.records);
    }
    report.expect(known == last_word.len(), || "records that changes wrote are gone".to_owned());
    Ok(())
}

/// Whether the log has grown since: only then may rows be ahead of it.
fn changed_since(store: &dyn Store, number: u64) -> Result<bool, Fault> {
    match store.read(Query::Changes(number, 1))? {
        Page::Changes(lines) => Ok(!lines.is_empty()),
        other => Err(unexpected(&other)),
    }
}
