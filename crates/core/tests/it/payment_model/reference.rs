//! The reference: what the outside world did to one payment, in its own words.
//!
//! It knows purses: what the bank took and gave back, what the payer and the merchant may call theirs.
//! It shares no type with the machines it is compared with, only money and the four faults.

use tongbao_core::sandbox::Fault;
use tongbao_money::{Amount, Currency, Money};

use crate::shop::{EXPIRES_IN_S, amount, yuan};

pub(super) const TRIES_MAX: usize = 20;

/// How many movements of money another payment has.
pub(super) const STRANGERS: usize = 2;

/// What came of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Records changed.
    #[default]
    Changed,
    /// It was so already.
    Same,
    /// The answer was no, with this code.
    Refused(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Result {
    Pending,
    Failed,
    Paid,
    Returned,
}

/// One attempt to pay.
#[derive(Clone, Debug)]
pub(super) struct Try {
    pub(super) bank: bool,
    pub(super) result: Result,
    /// The bank said both that it was paid and that it failed.
    pub(super) contradicted: bool,
}

/// Money the bank took; its place in the list is its reference.
#[derive(Clone, Copy, Debug)]
pub(super) struct Take {
    pub(super) attempt: usize,
    pub(super) money: Money,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BackResult {
    Accepted,
    Processing,
    Paid,
    Refused,
    Stuck,
}

/// Money on its way back: a refund, or the return of what nobody asked for.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "four facts about it that do not depend on each other")]
pub(super) struct Back {
    /// The merchant's number; none for a return.
    pub(super) no: Option<u8>,
    pub(super) money: Money,
    pub(super) fee: i64,
    pub(super) to_bank: bool,
    pub(super) result: BackResult,
    pub(super) was_refused: bool,
    pub(super) contradicted: bool,
    /// The merchant could not cover it when it was paid after all.
    pub(super) uncovered: bool,
}

impl Back {
    fn live(&self) -> bool {
        self.no.is_some() && self.result != BackResult::Refused
    }

    fn open(&self) -> bool {
        matches!(self.result, BackResult::Accepted | BackResult::Processing)
    }

    fn in_flight(&self) -> bool {
        self.open() || self.result == BackResult::Stuck
    }
}

/// What came in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Came {
    Asked,
    Less,
    More,
    Dollars,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum RefundWord {
    Working,
    Unknown,
    Paid,
    Failed,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    Wait(i64),
    /// The clock of the machine is set back.
    ClockBack(i64),
    /// The merchant's other takings are refunded to the last fen.
    Drain,
    Arm {
        fault: Fault,
        for_us: bool,
    },
    Pay {
        bank: bool,
    },
    BankTakes {
        attempt: usize,
        came: Came,
        by_task: bool,
    },
    /// An earlier word again; without its reference, or in the name of another attempt.
    BankRepeats {
        take: usize,
        named: bool,
        other: Option<usize>,
    },
    /// The bank names money that it took for another payment.
    BankTellsOfAnother {
        attempt: usize,
        which: usize,
        by_task: bool,
    },
    BankFails {
        attempt: usize,
        by_task: bool,
    },
    BankSaysNothing {
        attempt: usize,
        by_task: bool,
    },
    /// Our own ledger's word on money it holds; a stale one says "paid" whatever happened meanwhile.
    HeldIsSettled {
        attempt: usize,
        stale: bool,
    },
    Expire,
    Close,
    AskRefund {
        no: u8,
        minor: i64,
    },
    BankSaysOfRefund {
        refund: usize,
        word: RefundWord,
        by_task: bool,
    },
}

#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub(super) asked: i64,
    pub(super) fee_bps: i64,
    pub(super) payer_has: i64,
    /// What the merchant took from others and still has.
    pub(super) other_takings: i64,
    /// Refunded to others from here.
    pub(super) drained: i64,
    pub(super) now_s: i64,
    /// The latest moment that was written down.
    pub(super) latest_s: i64,
    pub(super) faults: Vec<(bool, Fault)>,
    pub(super) tries: Vec<Try>,
    pub(super) takes: Vec<Take>,
    /// Which money of another payment was told of in the name of which attempt.
    pub(super) strangers: Vec<(usize, usize)>,
    pub(super) backs: Vec<Back>,
    pub(super) sale: Option<usize>,
    pub(super) closed_s: Option<i64>,
    pub(super) alarms: usize,
    /// A refund that had failed was paid after all.
    pub(super) lied: bool,
    pub(super) outcome: Outcome,
}

impl World {
    pub(super) fn bank_attempt(&self, at: usize) -> Option<usize> {
        pick(at, self.tries.iter().map(|t| t.bank))
    }

    /// One whose money is held, or else one that is settled and must hear nothing.
    pub(super) fn held_attempt(&self, at: usize) -> Option<usize> {
        let held = pick(at, self.tries.iter().map(|t| !t.bank && t.result == Result::Pending));
        held.or_else(|| pick(at, self.tries.iter().map(|t| !t.bank)))
    }

    pub(super) fn bank_refund(&self, at: usize) -> Option<usize> {
        pick(at, self.backs.iter().map(|b| b.to_bank))
    }

    pub(super) fn came(&self, came: Came) -> Money {
        match came {
            Came::Asked => yuan(self.asked),
            Came::Less if self.asked > 1 => yuan(self.asked - 1),
            Came::Less | Came::More => yuan(self.asked + 1),
            Came::Dollars => Money { amount: amount(self.asked), currency: Currency::parse("USD").unwrap() },
        }
    }

    pub(super) fn pending(&self) -> bool {
        self.tries.iter().any(|t| t.result == Result::Pending)
    }

    pub(super) fn fee(&self) -> i64 {
        if self.sale.is_none() {
            return 0;
        }
        // Half up, by hand.
        let (whole, rest) = (self.asked * self.fee_bps / 10_000, self.asked * self.fee_bps % 10_000);
        if rest >= 5_000 { whole + 1 } else { whole }
    }

    pub(super) fn claimed(&self) -> i64 {
        self.backs.iter().filter(|b| b.live()).map(|b| b.money.amount.minor()).sum()
    }

    pub(super) fn fee_returned(&self) -> i64 {
        self.backs.iter().filter(|b| b.live()).map(|b| b.fee).sum()
    }

    pub(super) fn refunded(&self) -> i64 {
        let paid = self.backs.iter().filter(|b| b.no.is_some() && b.result == BackResult::Paid);
        paid.map(|b| b.money.amount.minor()).sum()
    }

    pub(super) fn given_back_by_bank(&self, currency: Currency) -> i64 {
        let paid = self.backs.iter().filter(|b| b.to_bank && b.result == BackResult::Paid);
        paid.filter(|b| b.money.currency == currency).map(|b| b.money.amount.minor()).sum()
    }

    pub(super) fn in_flight(&self, currency: Currency) -> i64 {
        let flying = self.backs.iter().filter(|b| b.in_flight() && b.money.currency == currency);
        flying.map(|b| b.money.amount.minor()).sum()
    }

    pub(super) fn uncovered(&self) -> i64 {
        self.backs.iter().filter(|b| b.uncovered).map(|b| b.money.amount.minor()).sum()
    }

    /// What the merchant may call its own.
    pub(super) fn merchant_purse(&self) -> i64 {
        let sold = if self.sale.is_some() { self.asked - self.fee() } else { 0 };
        let borne = self.claimed() - self.uncovered();
        self.other_takings - self.drained + sold - borne + self.fee_returned()
    }

    pub(super) fn held(&self) -> i64 {
        let held = self.tries.iter().filter(|t| !t.bank && t.result == Result::Pending).count();
        self.asked * i64::try_from(held).unwrap()
    }

    /// What the payer can spend here.
    pub(super) fn payer_purse(&self) -> i64 {
        let spent = self.sale.is_some_and(|sale| !self.tries[sale].bank);
        let back = self.backs.iter().filter(|b| !b.to_bank && b.result == BackResult::Paid);
        let back: i64 = back.map(|b| b.money.amount.minor()).sum();
        self.payer_has - self.held() - if spent { self.asked } else { 0 } + back
    }

    pub(super) fn written_s(&self) -> i64 {
        self.now_s.max(self.latest_s)
    }

    pub(super) fn over(&self) -> bool {
        self.written_s() >= EXPIRES_IN_S
    }

    pub(super) fn sell(&mut self, attempt: usize) {
        self.tries[attempt].result = Result::Paid;
        self.sale = Some(attempt);
        self.latest_s = self.written_s();
    }

    pub(super) fn close(&mut self) {
        self.latest_s = self.written_s();
        self.closed_s = Some(self.latest_s);
    }

    pub(super) fn close_if_over(&mut self) {
        if self.sale.is_none() && self.closed_s.is_none() && !self.pending() && self.over() {
            self.close();
        }
    }

    pub(super) fn unsold(&self) -> bool {
        self.sale.is_none() && self.closed_s.is_none()
    }
}

impl Back {
    pub(super) fn new(no: Option<u8>, money: Money, to_bank: bool) -> Back {
        Back {
            no,
            money,
            fee: Amount::ZERO.minor(),
            to_bank,
            result: BackResult::Accepted,
            was_refused: false,
            contradicted: false,
            uncovered: false,
        }
    }
}

/// The `at`-th, counted round and round, of those that are wanted.
fn pick(at: usize, wanted: impl Iterator<Item = bool>) -> Option<usize> {
    let all: Vec<usize> = wanted.enumerate().filter(|(_, wanted)| *wanted).map(|(place, _)| place).collect();
    (!all.is_empty()).then(|| all[at % all.len()])
}
