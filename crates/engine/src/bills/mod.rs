//! Bills: what moved on a payer's accounts, and what became of it, for pages and for the API of payers alike.
//!
//! Two accounts are one purse here: money that is set aside and given back has not moved. What is set aside shows when
//! its payment has succeeded. To anybody but the payers concerned there is no such bill.

mod detail;
mod month;
mod names;

use tongbao_core::{
    id::PayerId,
    ledger::{Account, Reason},
};
use tongbao_money::Currency;
use tongbao_store::{Entry, Fault, Page, Query};

pub use self::{
    detail::{Bill, BillStatus, Deeds, Step, StepWhat},
    month::Month,
    names::{Counterparty, Line, Names, What},
};
use crate::Engine;

/// Entries of an account that are looked at for one month: more than anybody can read.
const MONTH_ENTRIES_MAX: usize = 5_000;
/// Entries read at once.
const READ_ENTRIES: u32 = 1_000;

/// What kind of bill something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BillKind {
    /// A payment to a shop.
    Payment,
    /// What a shop gave back.
    Refund,
    /// Sent, or received.
    Transfer,
    /// Put into the balance.
    TopUp,
    /// Taken out of it.
    Withdrawal,
    /// Paid to a biller, or back from one.
    Utility,
    /// Paid for a ride.
    Ride,
    /// Anything else.
    Other,
}

impl BillKind {
    /// All of them.
    pub const EVERY: [BillKind; 8] = [
        BillKind::Payment,
        BillKind::Refund,
        BillKind::Transfer,
        BillKind::TopUp,
        BillKind::Withdrawal,
        BillKind::Utility,
        BillKind::Ride,
        BillKind::Other,
    ];

    /// The name in requests and answers.
    pub const fn name(self) -> &'static str {
        match self {
            BillKind::Payment => "payment",
            BillKind::Refund => "refund",
            BillKind::Transfer => "transfer",
            BillKind::TopUp => "top_up",
            BillKind::Withdrawal => "withdrawal",
            BillKind::Utility => "utility",
            BillKind::Ride => "ride",
            BillKind::Other => "other",
        }
    }

    /// What kind of bill comes of money that moved for this reason.
    pub const fn of(reason: Reason) -> BillKind {
        match reason {
            Reason::Payment => BillKind::Payment,
            Reason::RefundPaid => BillKind::Refund,
            Reason::Transfer
            | Reason::TransferAccepted
            | Reason::TransferReturned
            | Reason::TransferAtOnce => BillKind::Transfer,
            Reason::TopUp => BillKind::TopUp,
            Reason::Withdrawal
            | Reason::WithdrawalFee
            | Reason::WithdrawalPaid
            | Reason::WithdrawalFeeEarned
            | Reason::WithdrawalReturned
            | Reason::WithdrawalFeeReturned
            | Reason::WithdrawalBounced => BillKind::Withdrawal,
            Reason::Utility | Reason::UtilityPaid | Reason::UtilityReturned => BillKind::Utility,
            Reason::Fare | Reason::FareFee => BillKind::Ride,
            Reason::Share
            | Reason::ShareReturned
            | Reason::Hold
            | Reason::Release
            | Reason::Fee
            | Reason::FeeReturn
            | Reason::FeeAgain
            | Reason::Refund
            | Reason::RefundFailed
            | Reason::Unexpected
            | Reason::Return
            | Reason::Freeze
            | Reason::Unfreeze => BillKind::Other,
        }
    }
}

/// What moved in a month.
#[derive(Clone, Debug)]
pub struct Moved {
    /// The entries, newest first.
    pub entries: Vec<Entry>,
    /// Whether there were more than are looked at.
    pub cut: bool,
}

impl Moved {
    /// What came in, and what went out, in fen; both are zero or more.
    pub fn sums(&self) -> (i64, i64) {
        let sum = |sign: i64| {
            let part = self.entries.iter().map(|entry| entry.amount.saturating_mul(sign).max(0));
            part.fold(0, i64::saturating_add)
        };
        (sum(1), sum(-1))
    }
}

const fn accounts(payer: PayerId) -> [Account; 2] {
    [Account::PayerAvailable(payer), Account::PayerHeld(payer)]
}

/// Whether money stays in the payer's purse: set aside, or given back.
const fn is_inside(reason: Reason) -> bool {
    matches!(reason, Reason::Hold | Reason::Release)
}

impl Engine {
    /// The newest that moved, whatever month it is of.
    pub fn moved_last(&self, payer: PayerId, count: usize) -> Result<Vec<Entry>, Fault> {
        let mut entries = Vec::new();
        for account in accounts(payer) {
            let limit = u32::try_from(count.saturating_mul(3)).unwrap_or(u32::MAX);
            entries.extend(self.store.entries(account.of(Currency::CNY), None, limit)?);
        }
        entries.retain(|entry| !is_inside(entry.reason));
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.number));
        entries.truncate(count);
        Ok(entries)
    }

    /// What moved in a month.
    pub fn moved_in(&self, payer: PayerId, month: Month) -> Result<Moved, Fault> {
        let (from, until) = month.span();
        let mut moved = Moved { entries: Vec::new(), cut: false };
        for account in accounts(payer) {
            let (mut after, mut seen) = (0, 0_usize);
            loop {
                let account = account.of(Currency::CNY);
                let query = Query::Movements { account, from, until, after, limit: READ_ENTRIES };
                let Page::Entries(entries) = self.store.read(query)? else {
                    return Err(Fault::Unreadable(
                        "the store answered movements with another page".to_owned(),
                    ));
                };
                let Some(last) = entries.last() else { break };
                (after, seen) = (last.number, seen.saturating_add(entries.len()));
                moved.entries.extend(entries);
                if seen >= MONTH_ENTRIES_MAX {
                    moved.cut = true;
                    break;
                }
            }
        }
        moved.entries.retain(|entry| !is_inside(entry.reason));
        moved.entries.sort_by_key(|entry| std::cmp::Reverse(entry.number));
        Ok(moved)
    }
}
