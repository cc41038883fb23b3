//! What each step does to the world: a few lines for each, by someone who knows payments and has never
//! seen the machines.

use tongbao_core::sandbox::Fault;
use tongbao_money::Money;

use super::reference::{
    Back, BackResult, Outcome, RefundWord, Result, STRANGERS, Step, TRIES_MAX, Take, Try, World,
};
use crate::shop::{EXPIRES_IN_S, yuan};

impl World {
    fn pay(&mut self, bank: bool) -> Outcome {
        if self.sale.is_some() {
            return Outcome::Refused("payment_already_paid");
        }
        if let Some(closed_s) = self.closed_s {
            let by_time = closed_s >= EXPIRES_IN_S;
            return Outcome::Refused(if by_time { "payment_expired" } else { "payment_closed" });
        }
        if self.pending() {
            return Outcome::Refused("payment_processing");
        }
        if self.over() {
            return Outcome::Refused("payment_expired");
        }
        if self.tries.len() >= TRIES_MAX {
            return Outcome::Refused("too_many_attempts");
        }
        let waiting = self.faults.iter().position(|(for_us, _)| *for_us);
        let fault = waiting.map(|at| self.faults.remove(at).1);
        let short = self.payer_purse() < self.asked;
        self.latest_s = self.written_s();
        self.tries.push(Try { bank, result: Result::Pending, contradicted: false });
        let this = self.tries.len() - 1;
        match fault {
            _ if bank => {}
            Some(Fault::Declined | Fault::InsufficientBalance) => self.tries[this].result = Result::Failed,
            _ if short => self.tries[this].result = Result::Failed,
            Some(Fault::ResultLate) => {}
            Some(Fault::DuplicateNotification | Fault::SignatureProbe) | None => self.sell(this),
        }
        Outcome::Changed
    }

    fn bank_takes(&mut self, attempt: usize, money: Money) -> Outcome {
        self.takes.push(Take { attempt, money });
        if self.unsold() && money == yuan(self.asked) {
            self.sell(attempt);
            return Outcome::Changed;
        }
        if self.sale != Some(attempt) {
            self.tries[attempt].result = Result::Returned;
        }
        self.alarms += 1;
        self.backs.push(Back::new(None, money, true));
        self.close_if_over();
        Outcome::Changed
    }

    /// Money is where it was: with the other payment. A person is called once for each claim.
    fn bank_tells_of_another(&mut self, attempt: usize, which: usize) -> Outcome {
        if self.strangers.contains(&(attempt, which)) {
            return Outcome::Same;
        }
        self.strangers.push((attempt, which));
        self.alarms += 1;
        Outcome::Changed
    }

    fn bank_fails(&mut self, attempt: usize) -> Outcome {
        let one = &mut self.tries[attempt];
        match one.result {
            Result::Pending => one.result = Result::Failed,
            Result::Paid if !one.contradicted => {
                one.contradicted = true;
                self.alarms += 1;
            }
            Result::Paid | Result::Failed | Result::Returned => return Outcome::Same,
        }
        self.close_if_over();
        Outcome::Changed
    }

    fn held_is_settled(&mut self, attempt: usize, stale: bool) -> Outcome {
        if self.tries[attempt].result != Result::Pending {
            return Outcome::Same;
        }
        if self.unsold() {
            self.sell(attempt);
        } else if stale {
            self.tries[attempt].result = Result::Returned;
            self.alarms += 1;
        } else {
            self.tries[attempt].result = Result::Failed;
        }
        Outcome::Changed
    }

    /// The part of the fee that is due back when this much more is refunded: in step with the sum refunded,
    /// all of it with the last fen.
    pub(super) fn fee_due(&self, minor: i64) -> i64 {
        self.fee() * (self.claimed() + minor).min(self.asked) / self.asked - self.fee_returned()
    }

    /// The part that goes back with the refund: never more than the refund.
    fn fee_part(&self, minor: i64) -> i64 {
        self.fee_due(minor).clamp(0, minor)
    }

    fn ask_refund(&mut self, no: u8, minor: i64) -> Outcome {
        if minor == 0 {
            return Outcome::Refused("invalid_value");
        }
        if let Some(earlier) = self.backs.iter().find(|b| b.no == Some(no)) {
            let again = earlier.money.amount.minor() == minor;
            return if again { Outcome::Same } else { Outcome::Refused("refund_no_used") };
        }
        let Some(sale) = self.sale else {
            let waits = self.unsold() && self.pending();
            return Outcome::Refused(if waits { "payment_processing" } else { "payment_not_paid" });
        };
        if self.claimed() + minor > self.asked {
            return Outcome::Refused("refund_too_large");
        }
        let fee = self.fee_part(minor);
        if self.merchant_purse() + fee < minor {
            return Outcome::Refused("merchant_balance_insufficient");
        }
        let to_bank = self.tries[sale].bank;
        let result = if to_bank { BackResult::Accepted } else { BackResult::Paid };
        self.backs.push(Back { fee, result, ..Back::new(Some(no), yuan(minor), to_bank) });
        Outcome::Changed
    }

    fn bank_says_of_refund(&mut self, at: usize, word: RefundWord) -> Outcome {
        let minor = self.backs[at].money.amount.minor();
        let (fee, purse) = (self.fee_part(minor), self.merchant_purse());
        let back = &mut self.backs[at];
        match (word, back.result) {
            (RefundWord::Working | RefundWord::Unknown, BackResult::Accepted) => {
                back.result = BackResult::Processing;
            }
            (RefundWord::Paid, BackResult::Refused) => {
                back.uncovered = purse + fee < minor;
                back.fee = if back.uncovered { 0 } else { fee };
                back.result = BackResult::Paid;
                self.alarms += 1;
                self.lied = true;
            }
            (RefundWord::Paid, BackResult::Accepted | BackResult::Processing | BackResult::Stuck) => {
                back.result = BackResult::Paid;
            }
            (RefundWord::Failed, BackResult::Accepted | BackResult::Processing) if back.no.is_some() => {
                back.result = BackResult::Refused;
                back.was_refused = true;
            }
            (RefundWord::Failed, BackResult::Accepted | BackResult::Processing) => {
                back.result = BackResult::Stuck;
                self.alarms += 1;
            }
            (RefundWord::Failed, BackResult::Paid) if !back.contradicted => {
                back.contradicted = true;
                self.alarms += 1;
            }
            _ => return Outcome::Same,
        }
        Outcome::Changed
    }

    pub(super) fn take(&mut self, step: &Step) -> Outcome {
        match *step {
            Step::Wait(seconds) => self.now_s += seconds,
            Step::ClockBack(seconds) => self.now_s = (self.now_s - seconds).max(0),
            Step::Drain => self.drained += self.merchant_purse(),
            Step::Arm { fault, for_us } => self.faults.push((for_us, fault)),
            Step::Pay { bank } => return self.pay(bank),
            Step::BankTakes { attempt, came, .. } => {
                return self.bank_takes(self.bank_attempt(attempt).unwrap(), self.came(came));
            }
            Step::BankTellsOfAnother { attempt, which, .. } => {
                return self.bank_tells_of_another(self.bank_attempt(attempt).unwrap(), which % STRANGERS);
            }
            Step::BankRepeats { .. } | Step::BankSaysNothing { .. } => return Outcome::Same,
            Step::BankFails { attempt, .. } => return self.bank_fails(self.bank_attempt(attempt).unwrap()),
            Step::HeldIsSettled { attempt, stale } => {
                return self.held_is_settled(self.held_attempt(attempt).unwrap(), stale);
            }
            Step::Expire => {
                let before = self.closed_s;
                self.close_if_over();
                return if self.closed_s == before { Outcome::Same } else { Outcome::Changed };
            }
            Step::Close if self.sale.is_some() => return Outcome::Refused("payment_already_paid"),
            Step::Close if self.closed_s.is_some() => return Outcome::Same,
            Step::Close if self.pending() => return Outcome::Refused("payment_processing"),
            Step::Close => self.close(),
            Step::AskRefund { no, minor } => return self.ask_refund(no, minor),
            Step::BankSaysOfRefund { refund, word, .. } => {
                return self.bank_says_of_refund(self.bank_refund(refund).unwrap(), word);
            }
        }
        Outcome::Changed
    }
}
