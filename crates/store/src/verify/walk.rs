//! The change log from its beginning: chains of digests, what each change wrote, and what that comes to.

use std::thread;

use tongbao_core::{Time, ledger::AccountKey};

use super::{
    Report, ahead,
    journal::{Accounts, Postings},
    lanes::Lanes,
    last_word::{LastWords, LogWords},
    recount::Recount,
};
use crate::{
    lane::{before_first, lane_of},
    log::{self, ChangeLine, Digest},
    port::{Fault, PostingLine, Store},
};

/// One change, and everything its digest covers.
struct Item {
    line: ChangeLine,
    written: Vec<PostingLine>,
    opened: Vec<(u64, AccountKey)>,
    before: Digest,
}

/// See the module.
pub(super) fn walk(
    store: &dyn Store,
    lanes: &mut Lanes,
    report: &mut Report,
    recount: &mut Recount,
    progress: &mut dyn FnMut(u64),
) -> Result<LastWords, Fault> {
    thread::scope(|scope| {
        let pages = ahead::changes(scope, store);
        let postings = Postings::new(ahead::postings(scope, store));
        let mut walk = Walk {
            store,
            lanes,
            report,
            accounts: Accounts::new(store),
            postings,
            at: None,
            words: LogWords::default(),
        };
        let mut gathered = Vec::new();
        for lines in pages {
            gathered = walk.check(&gathered, recount, lines?)?;
            progress(walk.report.changes + walk.report.postings);
        }
        walk.check(&gathered, recount, Vec::new())?;
        walk.finish()
    })
}

struct Walk<'a> {
    store: &'a dyn Store,
    lanes: &'a mut Lanes,
    report: &'a mut Report,
    accounts: Accounts<'a>,
    postings: Postings,
    /// The time of the change before, in the same lane.
    at: Option<Time>,
    words: LogWords,
}

impl Walk<'_> {
    /// Finds everything that these changes wrote.
    fn gather(&mut self, lines: Vec<ChangeLine>) -> Result<Vec<Item>, Fault> {
        let mut items = Vec::with_capacity(lines.len());
        for line in lines {
            if !self.lanes.contain(line.number) {
                continue;
            }
            let lane = lane_of(line.number);
            let counted = self.lanes.enter(line.number, self.report);
            if counted.change == before_first(lane) {
                self.leave(Some(lane))?;
                self.at = None;
            }
            let next = counted.change + 1;
            self.report.expect(line.number == next, || format!("change {next} is missing"));
            self.report.expect(self.at.is_none_or(|before| line.at >= before), || {
                format!("change {} is before its predecessor", line.number)
            });
            self.at = Some(line.at);
            let written = self.postings.take(lane, line.postings)?;
            let opened = self.accounts.opened(lane, &written)?;
            let last = written.last().map_or(counted.posting, |posting| posting.number);
            self.lanes.advance(&line, last, self.report);
            self.report.changes += 1;
            self.report.postings += written.len() as u64;
            items.push(Item { line, written, opened, before: counted.digest });
        }
        Ok(items)
    }

    /// Counts changes and gathers those that come next; computes the digests beside that.
    fn check(
        &mut self,
        items: &[Item],
        recount: &mut Recount,
        next: Vec<ChangeLine>,
    ) -> Result<Vec<Item>, Fault> {
        let (misfits, next) = thread::scope(|scope| {
            let misfits = scope.spawn(|| {
                let misfits = items.iter().filter(|item| !fits(item));
                misfits.map(|item| item.line.number).collect::<Vec<u64>>()
            });
            for item in items {
                self.count(item, recount);
            }
            let next = self.gather(next);
            (misfits.join().expect("computing digests does not panic"), next)
        });
        for number in misfits {
            self.report.find(|| format!("the digest of change {number} does not fit"));
        }
        next
    }

    fn count(&mut self, Item { line, written, .. }: &Item, recount: &mut Recount) {
        for posting in written {
            self.report.expect(posting.change == line.number, || {
                format!("posting {} names change {}, not {}", posting.number, posting.change, line.number)
            });
            self.report.expect(posting.at == line.at, || {
                format!("posting {} is not of the moment of change {}", posting.number, line.number)
            });
            recount.count(posting, self.report);
        }
        line.touched.iter().for_each(|touched| self.words.hear(touched));
    }

    /// Postings that no change called for belong to one that came meanwhile, or to none.
    fn leave(&mut self, lane: Option<u32>) -> Result<(), Fault> {
        while let Some(posting) = self.postings.leave(lane)? {
            let later = !self.lanes.contain(posting.change) && self.lanes.have_grown(self.store)?;
            self.report.expect(later, || format!("posting {} belongs to no change", posting.number));
        }
        Ok(())
    }

    fn finish(mut self) -> Result<LastWords, Fault> {
        self.leave(None)?;
        self.lanes.finish(self.report);
        Ok(self.words.settle())
    }
}

fn fits(Item { line, written, opened, before }: &Item) -> bool {
    log::digest(before, line, written, opened) == line.digest
}
