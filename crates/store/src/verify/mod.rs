//! The verifier: recounts everything from the journal and the change log, and compares.
//!
//! It believes nothing that is stored twice: balances are summed from postings, chains are followed,
//! digests are computed again, stored forms are hashed and compared with the log's last word on them, and
//! the indexes of keys and lists are compared with what the records name.

mod ahead;
mod indexes;
mod records;

use std::sync::mpsc::Receiver;

use foldhash::quality::RandomState;
use indexes::Sums;
use tongbao_core::{
    Id,
    ledger::{AccountKey, AccountState},
};

use crate::{
    cache::Map,
    limits::READ_ROWS_MAX,
    log::{self, ChangeLine, Digest, Touched},
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
type LastWord = Map<Id, (u32, [u8; 16])>;

/// Recounts a store. `progress` is told how many rows have been counted so far. Changes that are
/// committed meanwhile are left out: only what the log held at the start is counted.
pub fn verify(store: &dyn Store, progress: &mut dyn FnMut(u64)) -> Result<Report, Fault> {
    let mut report = Report::default();
    let mut recount = Recount::default();
    let seed = RandomState::default();
    let (named, indexes) = std::thread::scope(|scope| {
        let indexes = scope.spawn(|| Sums::of_indexes(store, &seed));
        let last_word = walk_log(store, &mut report, &mut recount, progress)?;
        check_accounts(store, &mut report, &recount)?;
        let named = records::check(store, &mut report, &last_word, &seed, progress)?;
        Ok((named, indexes.join().expect("counting does not panic")?))
    })?;
    if indexes != named {
        indexes::look_for_each(store, &mut report)?;
    }
    Ok(report)
}

/// Balances as the journal says.
#[derive(Default)]
struct Recount {
    accounts: Map<u64, AccountState>,
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
    std::thread::scope(|scope| {
        let lines = ahead::changes(scope, store);
        let postings = ahead::postings(scope, store);
        let postings = Postings { store, ahead: postings, page: Vec::new().into_iter(), last: 0 };
        walk_lines(store, lines, postings, report, recount, progress)
    })
}

fn walk_lines(
    store: &dyn Store,
    pages: Receiver<Result<Vec<ChangeLine>, Fault>>,
    mut postings: Postings<'_>,
    report: &mut Report,
    recount: &mut Recount,
    progress: &mut dyn FnMut(u64),
) -> Result<LastWord, Fault> {
    let mut last_word = LastWord::default();
    let mut accounts = Accounts { store, page: Vec::new().into_iter().peekable(), last: 0 };
    let mut last_at = None;
    for lines in pages {
        for line in lines? {
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
    ahead: Receiver<Result<Vec<PostingLine>, Fault>>,
    page: std::vec::IntoIter<PostingLine>,
    last: u64,
}

impl Postings<'_> {
    fn take(&mut self, count: u32) -> Result<Vec<PostingLine>, Fault> {
        let mut taken = Vec::with_capacity(count as usize);
        while taken.len() < count as usize {
            let Some(line) = self.page.next() else {
                // What was read ahead may end before what was written since.
                let lines = match self.ahead.recv() {
                    Ok(lines) => lines?,
                    Err(_) => ahead::posting_lines(self.store, self.last)?,
                };
                if lines.is_empty() {
                    break;
                }
                self.page = lines.into_iter();
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

/// Whether the log has grown since: only then may rows be ahead of it.
fn changed_since(store: &dyn Store, number: u64) -> Result<bool, Fault> {
    match store.read(Query::Changes(number, 1))? {
        Page::Changes(lines) => Ok(!lines.is_empty()),
        other => Err(unexpected(&other)),
    }
}
