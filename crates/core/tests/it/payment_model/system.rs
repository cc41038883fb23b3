//! The system: one payment in books of its own, told what the reference's world did.

use std::collections::BTreeMap;

use proptest_state_machine::StateMachineTest;
use tongbao_core::{
    ChangeSet, Refusal, TaskKey, Time, Work,
    event::Alarm,
    id::{AttemptId, PaymentId, RefundId},
    ledger::{Account, Channel, template},
    payment::{
        Attempt, AttemptStatus, Failure, Method, Payment, Proofs, Status, create,
        steps::{Said, held_result},
    },
    refund::{Refund, RefundStatus, steps::Said as RefundSaid},
    sandbox::{self, WaitingFault},
};
use tongbao_money::{Amount, Currency, Money};

use super::{
    checks::{self, asks_about_attempt, asks_about_refund},
    lives::Reference,
    reference::{Outcome, RefundWord, STRANGERS, Step, World},
};
use crate::shop::{Shop, after, new_payment, new_refund, yuan};

pub(super) const BANK: Account = Account::ChannelClearing(Channel::SandboxBank);

pub(super) struct System {
    pub(super) shop: Shop,
    payment: PaymentId,
    /// In the order in which the reference counts them.
    attempts: Vec<AttemptId>,
    pub(super) refunds: Vec<RefundId>,
    world: World,
}

pub(super) fn cny() -> Currency {
    Currency::CNY
}

pub(super) fn usd() -> Currency {
    Currency::parse("USD").unwrap()
}

/// The edges drawn in the documentation of the payment; one step may take two of them.
fn is_payment_edge(from: Status, to: Status) -> bool {
    use Status::{Closed, Open, Processing, Succeeded};
    match from {
        Open | Processing => true,
        Succeeded => to == Succeeded,
        Closed => to == Closed,
    }
}

fn is_refund_edge(from: RefundStatus, to: RefundStatus) -> bool {
    use RefundStatus::{Abnormal, Accepted, Failed, Processing, Succeeded};
    match from {
        Accepted => true,
        Processing => to != Accepted,
        Abnormal | Failed => to == from || to == Succeeded,
        Succeeded => to == Succeeded,
    }
}

/// When things were written down, in the order in which they must have happened.
fn times(payment: &Payment) -> Vec<Time> {
    let begun = payment.attempts.iter().map(|attempt| attempt.started_at);
    let ends = payment.succeeded_at.into_iter().chain(payment.closed_at);
    std::iter::once(payment.created_at).chain(begun).chain(ends).collect()
}

/// What the bank calls money of another payment.
fn stranger(which: usize) -> String {
    format!("movement of another payment {which}")
}

/// Puts a payment into the books that holds what the bank calls its money; its postings are those of
/// other takings.
fn put_stranger(shop: &mut Shop) {
    let (mut cx, app, new) = (shop.books.context(after(0)), shop.app, new_payment("of-another", yuan(1)));
    let (_, made) = shop.books.decide(&cx, |facts, cx| create::create(facts, cx, app, &new)).unwrap();
    let attempt = Attempt {
        id: cx.draw(),
        method: Method::SandboxBank,
        payer: shop.payer,
        status: AttemptStatus::Succeeded,
        started_at: after(0),
        failure: None,
        reference: Some(stranger(0)),
        other_references: (1..STRANGERS).map(stranger).collect(),
        contested: Vec::new(),
        fault: None,
        proofs: Proofs::NONE,
        challenge: None,
        confirmation: None,
        risk: None,
        review: None,
    };
    let paid = Payment { status: Status::Succeeded, attempts: vec![attempt], ..made.payment };
    shop.books.apply(ChangeSet { records: vec![paid.into()], ..ChangeSet::default() });
}

impl System {
    fn at(&self) -> Time {
        after(self.world.now_s)
    }

    pub(super) fn now(&self) -> Payment {
        self.shop.books.get(self.payment)
    }

    /// Tells the system something and says what came of it, checking what holds for every step.
    fn tell(&mut self, tell: impl FnOnce(&mut System) -> Result<(), Refusal>) -> Outcome {
        let (before, refunds) = (self.now(), self.all_refunds());
        let count = |system: &System| system.shop.books.all::<Alarm>().count();
        let alarms = count(self);
        let told = tell(self);
        let after = self.now();
        assert!(is_payment_edge(before.status, after.status), "{:?} to {:?}", before.status, after.status);
        let written = times(&after);
        assert!(written.is_sorted(), "recorded times never decrease: {written:?}");
        for refund in self.shop.books.all::<Refund>() {
            assert!(refund.succeeded_at.is_none_or(|paid| paid >= refund.created_at));
            match refunds.get(&refund.id) {
                Some(earlier) => assert!(is_refund_edge(earlier.status, refund.status)),
                None => self.refunds.push(refund.id),
            }
        }
        for attempt in &after.attempts[before.attempts.len()..] {
            self.attempts.push(attempt.id);
        }
        let same = before == after && refunds == self.all_refunds() && alarms == count(self);
        match told {
            Err(refusal) => {
                assert!(same, "a refused input changes nothing");
                Outcome::Refused(refusal.code())
            }
            Ok(()) if same => Outcome::Same,
            Ok(()) => Outcome::Changed,
        }
    }

    fn all_refunds(&self) -> BTreeMap<RefundId, Refund> {
        self.shop.books.all::<Refund>().map(|refund| (refund.id, refund.clone())).collect()
    }

    /// Takes the task that asks about an attempt or refund, as a worker does. Who held it before holds
    /// it no more.
    fn lease(&mut self, by_task: bool, wanted: impl Fn(Work) -> bool) -> Option<(TaskKey, TaskKey)> {
        let found = self.shop.books.tasks(wanted);
        assert!(found.len() <= 1, "one thing is asked about by one task");
        let key = *found.first().filter(|_| by_task)?;
        let until = key.due_at.max(self.at()).plus_s(30);
        Some((key, self.shop.books.lease(key, until)))
    }

    fn hear(&mut self, id: AttemptId, by_task: bool, said: &Said) -> Result<(), Refusal> {
        let (at, about) = (self.at(), (self.payment, id));
        let lease = self.lease(by_task, |work| asks_about_attempt(work, id));
        if let Some((lost, _)) = lease {
            assert_eq!(self.shop.hear(at, about, Some(lost), said), Err(Refusal::LeaseLost));
        }
        self.shop.hear(at, about, lease.map(|(_, held)| held), said)?;
        let once = (self.now(), self.shop.books.size());
        self.shop.hear(at, about, None, said)?;
        assert_eq!(once, (self.now(), self.shop.books.size()), "said twice, done once");
        Ok(())
    }

    fn hear_refund(&mut self, at: usize, word: RefundWord, by_task: bool) -> Result<(), Refusal> {
        let (id, now) = (self.refunds[at], self.at());
        let said = match word {
            RefundWord::Working => RefundSaid::Working,
            RefundWord::Unknown => RefundSaid::Unknown,
            RefundWord::Paid => RefundSaid::Paid { reference: Some(format!("refund {at}")) },
            RefundWord::Failed => RefundSaid::Failed,
        };
        let lease = self.lease(by_task, |work| asks_about_refund(work, id));
        if let Some((lost, _)) = lease {
            assert_eq!(self.shop.hear_refund(now, id, Some(lost), &said), Err(Refusal::LeaseLost));
        }
        self.shop.hear_refund(now, id, lease.map(|(_, held)| held), &said)?;
        let once = (self.shop.books.get::<Refund>(id), self.shop.books.size());
        self.shop.hear_refund(now, id, None, &said)?;
        assert_eq!(once, (self.shop.books.get(id), self.shop.books.size()), "said twice, done once");
        Ok(())
    }

    fn bank_takes(&mut self, take: usize, attempt: usize, money: Money, by_task: bool) -> Outcome {
        let said = Said::Paid { money, reference: Some(format!("movement {take}")) };
        let id = self.attempts[attempt];
        self.tell(|system| system.hear(id, by_task, &said))
    }

    fn bank_repeats(&mut self, take: usize, named: bool, other: Option<usize>) -> Outcome {
        let taken = self.world.takes[take % self.world.takes.len()];
        let reference = format!("movement {}", take % self.world.takes.len());
        let other = other.and_then(|at| self.world.bank_attempt(at)).filter(|_| named);
        let id = self.attempts[other.unwrap_or(taken.attempt)];
        let said = Said::Paid { money: taken.money, reference: named.then_some(reference) };
        self.tell(|system| system.hear(id, false, &said))
    }

    fn held_is_settled(&mut self, attempt: usize, stale: bool) -> Outcome {
        let id = self.attempts[attempt];
        let stale_word = Said::Paid { money: self.now().money, reference: None };
        let said = if stale { stale_word } else { held_result(&self.now()) };
        self.tell(|system| system.hear(id, true, &said))
    }

    /// Refunds the merchant's takings to others.
    fn drain(&mut self, minor: i64) {
        let subject = self.shop.payer.into();
        let mut postings = template::refund(self.shop.merchant, yuan(minor), Amount::ZERO, subject);
        postings.extend(template::refund_paid(BANK, yuan(minor), subject));
        self.shop.books.apply(ChangeSet { postings, ..ChangeSet::default() });
    }

    fn arm(&mut self, fault: sandbox::Fault, for_us: bool) {
        let at = self.at();
        let stranger = self.shop.books.context(at).draw();
        let waiting = WaitingFault { payer: Some(if for_us { self.shop.payer } else { stranger }), fault };
        self.shop.books.step(at, |facts, cx| sandbox::arm_fault(facts, cx, waiting)).unwrap();
    }

    fn take(&mut self, step: &Step) -> Outcome {
        let at = self.at();
        match *step {
            Step::Wait(_) | Step::ClockBack(_) => {}
            Step::Drain => self.drain(self.world.merchant_purse()),
            Step::Arm { fault, for_us } => self.arm(fault, for_us),
            Step::Pay { bank } => {
                let method = if bank { Method::SandboxBank } else { Method::Balance };
                return self.tell(|system| system.shop.pay(at, system.payment, method).map(drop));
            }
            Step::BankTakes { attempt, came, by_task } => {
                let attempt = self.world.bank_attempt(attempt).unwrap();
                return self.bank_takes(self.world.takes.len(), attempt, self.world.came(came), by_task);
            }
            Step::BankRepeats { take, named, other } => return self.bank_repeats(take, named, other),
            Step::BankTellsOfAnother { attempt, which, by_task } => {
                let id = self.attempts[self.world.bank_attempt(attempt).unwrap()];
                let reference = Some(stranger(which % STRANGERS));
                let said = Said::Paid { money: self.now().money, reference };
                return self.tell(|system| system.hear(id, by_task, &said));
            }
            Step::BankFails { attempt, by_task } => {
                let id = self.attempts[self.world.bank_attempt(attempt).unwrap()];
                return self.tell(|system| system.hear(id, by_task, &Said::Failed(Failure::Declined)));
            }
            Step::BankSaysNothing { attempt, by_task } => {
                let id = self.attempts[self.world.bank_attempt(attempt).unwrap()];
                return self.tell(|system| system.hear(id, by_task, &Said::Unknown));
            }
            Step::HeldIsSettled { attempt, stale } => {
                return self.held_is_settled(self.world.held_attempt(attempt).unwrap(), stale);
            }
            Step::Expire => {
                return self.tell(|system| {
                    system.shop.expire(at, system.payment);
                    Ok(())
                });
            }
            Step::Close => return self.tell(|system| system.shop.close(at, system.payment).map(drop)),
            Step::AskRefund { no, minor } => {
                let ask = new_refund(self.payment, &format!("refund-{no}"), minor);
                return self.tell(|system| system.shop.refund(at, &ask).map(drop));
            }
            Step::BankSaysOfRefund { refund, word, by_task } => {
                let refund = self.world.bank_refund(refund).unwrap();
                return self.tell(|system| system.hear_refund(refund, word, by_task));
            }
        }
        Outcome::Changed
    }
}

impl StateMachineTest for System {
    type SystemUnderTest = System;
    type Reference = Reference;

    fn init_test(world: &World) -> System {
        let mut shop = Shop::open(u16::try_from(world.fee_bps).unwrap(), world.payer_has);
        let (merchant, subject) = (shop.merchant, shop.payer.into());
        let postings = template::payment(BANK, merchant, yuan(world.other_takings), Amount::ZERO, subject);
        shop.books.apply(ChangeSet { postings, ..ChangeSet::default() });
        put_stranger(&mut shop);
        let (app, new) = (shop.app, new_payment("order-1", yuan(world.asked)));
        let made = shop.books.step(after(0), |facts, cx| create::create(facts, cx, app, &new)).unwrap();
        System {
            shop,
            payment: made.payment.id,
            attempts: Vec::new(),
            refunds: Vec::new(),
            world: world.clone(),
        }
    }

    fn apply(mut system: System, after: &World, step: Step) -> System {
        // The world handed over is the one after the step; the system still knows the one before.
        let outcome = system.take(&step);
        assert_eq!(outcome, after.outcome, "{step:?}");
        system.world = after.clone();
        system
    }

    fn check_invariants(system: &System, world: &World) {
        checks::check_balances(system, world);
        checks::check_payment(&system.now(), world);
        checks::check_refunds(system, world);
        checks::check_tasks(system);
        checks::check_told(system, world);
    }
}
