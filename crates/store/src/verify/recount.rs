//! Balances as the journal says.
//!
//! Each posting points back to the one before it of either account. In one lane those come in their order; an
//! account that several lanes write is followed along its chain from lane to lane, so a posting waits here until
//! the one before it has been read.

use std::collections::BTreeMap;

use tongbao_core::ledger::AccountState;
use tongbao_money::Amount;

use super::Report;
use crate::{cache::Map, port::PostingLine};

/// What a posting does to one of its accounts.
#[derive(Clone, Copy, Debug)]
struct Side {
    amount: Amount,
    credit: bool,
    /// What it says the account came to.
    balance: i64,
}

/// See the module.
#[derive(Default)]
pub(super) struct Recount {
    pub(super) accounts: Map<u64, AccountState>,
    /// By account, the posting before, and its own number.
    waiting: BTreeMap<(u64, u64, u64), Side>,
}

impl Recount {
    /// Counts one posting, and checks that it says what its accounts came to.
    pub(super) fn count(&mut self, line: &PostingLine, report: &mut Report) {
        let Some(amount) = Amount::new(line.amount) else {
            return report.find(|| format!("posting {} moves {}", line.number, line.amount));
        };
        let debit = Side { amount, credit: false, balance: line.debit_balance };
        let credit = Side { amount, credit: true, balance: line.credit_balance };
        self.side(line.debit, line.debit_before, line.number, debit, report);
        self.side(line.credit, line.credit_before, line.number, credit, report);
    }

    fn side(&mut self, account: u64, before: u64, number: u64, side: Side, report: &mut Report) {
        if self.accounts.get(&account).map_or(0, |known| known.head) == before {
            self.follow(account, number, side, report);
        } else {
            self.waiting.insert((account, before, number), side);
        }
    }

    /// Counts a posting and those that waited for it.
    fn follow(&mut self, account: u64, number: u64, side: Side, report: &mut Report) {
        let (mut number, mut side) = (number, side);
        loop {
            self.apply(account, number, side, report);
            if self.waiting.is_empty() {
                return;
            }
            let next = self.waiting.range((account, number, 0)..=(account, number, u64::MAX)).next();
            let Some((key, _)) = next else { return };
            let key = *key;
            let Some(next) = self.waiting.remove(&key) else { return };
            (number, side) = (key.2, next);
        }
    }

    fn apply(&mut self, account: u64, number: u64, side: Side, report: &mut Report) {
        let known = self.accounts.entry(account).or_default();
        let next =
            if side.credit { known.credit(number, side.amount) } else { known.debit(number, side.amount) };
        match next {
            Some(next) => *known = next,
            None => report.find(|| format!("account {account} overflows at posting {number}")),
        }
        report.expect(known.balance() == side.balance, || {
            format!(
                "posting {number} says account {account} came to {}; it is {}",
                side.balance,
                known.balance()
            )
        });
    }

    /// All postings have been read: those that still wait point back to none, or to one that another points back
    /// to. They are counted all the same, so that one break is one finding.
    pub(super) fn finish(&mut self, report: &mut Report) {
        while let Some((account, before, number)) = self.first_waiting() {
            let Some(side) = self.waiting.remove(&(account, before, number)) else { return };
            let head = self.accounts.get(&account).map_or(0, |known| known.head);
            report.find(|| {
                format!(
                    "posting {number} points back to {before}; account {account} was last touched by {head}"
                )
            });
            self.follow(account, number, side, report);
        }
    }

    /// Of the first account that has postings waiting, the one with the lowest number.
    fn first_waiting(&self) -> Option<(u64, u64, u64)> {
        let ((account, _, _), _) = self.waiting.first_key_value()?;
        let of_account = self.waiting.range((*account, 0, 0)..=(*account, u64::MAX, u64::MAX));
        of_account.map(|(key, _)| *key).min_by_key(|(_, _, number)| *number)
    }
}
