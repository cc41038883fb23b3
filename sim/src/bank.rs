//! The channel, as it is in the world: it keeps a purse of its own, and what it says need not be true. The purse is
//! the truth that the books are compared with.
//!
//! **Invariants.** An attempt or a refund that it knows by its id it does once, however often it is asked. What it
//! took and what it paid out is written down here when it happens, whatever is said about it. When faults end it
//! tells the truth about everything, and tells it again.

use std::collections::BTreeMap;

use tokio::sync::oneshot;
use tongbao_core::{
    Id,
    id::{AttemptId, PaymentId, RefundId},
    payment::{Attempt, Failure, Payment, steps::Said},
    refund::{Origin, Refund, steps::Said as RefundSaid},
};
use tongbao_engine::{Call, Channels};
use tongbao_money::{Amount, Currency, Money};

use crate::{
    acts::{Act, Word},
    agenda::Event,
    canary::Canary,
    plan::Fault,
    state::{Shared, State},
};

/// How long a call waits for an answer, in milliseconds.
const CALL_MS: i64 = 15_000;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// Money that it took.
#[derive(Clone, Debug)]
pub(crate) struct Movement {
    pub(crate) reference: String,
    pub(crate) money: Money,
}

/// What it decided about an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DealStatus {
    Undecided,
    Declined,
    Took,
}

/// An attempt, as it knows it.
#[derive(Clone, Debug)]
pub(crate) struct Deal {
    pub(crate) payment: PaymentId,
    pub(crate) asked: Money,
    pub(crate) status: DealStatus,
    pub(crate) movements: Vec<Movement>,
    /// Whether it says "failed" although it took the money.
    denies: bool,
    /// The money of another payment that it names once.
    misnames: Option<String>,
    /// Whether it ever said that it failed.
    pub(crate) said_failed: bool,
}

/// A refund, as it knows it.
#[derive(Clone, Debug)]
pub(crate) struct Payout {
    pub(crate) payment: PaymentId,
    pub(crate) money: Money,
    status: PayoutStatus,
    /// Whether nobody asked for the money that goes back.
    unexpected: bool,
}

/// What it decided about a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PayoutStatus {
    Undecided,
    Refused,
    /// It says so, and pays it later.
    RefusedForNow,
    Paid,
}

impl Payout {
    /// Whether the money went out.
    pub(crate) fn is_paid(&self) -> bool {
        self.status == PayoutStatus::Paid
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Bank {
    pub(crate) deals: BTreeMap<AttemptId, Deal>,
    pub(crate) payouts: BTreeMap<RefundId, Payout>,
    /// What payers paid in for their balances.
    pub(crate) top_ups: i64,
    dead_until: tongbao_core::Time,
}

/// What it is asked.
pub(crate) struct Question {
    about: About,
    /// Whether an attempt is handed over; otherwise it is asked about.
    first: bool,
}

enum About {
    Attempt(AttemptId, PaymentId, Money, oneshot::Sender<Said>),
    Refund(Box<Refund>, oneshot::Sender<RefundSaid>),
}

/// What it answers, and to whom.
pub(crate) enum Heard {
    Attempt(oneshot::Sender<Said>, Said),
    Refund(oneshot::Sender<RefundSaid>, RefundSaid),
}

impl Heard {
    /// Gives the answer; who asked may be gone.
    pub(crate) fn give(self) {
        match self {
            Heard::Attempt(reply, said) => drop(reply.send(said)),
            Heard::Refund(reply, said) => drop(reply.send(said)),
        }
    }
}

impl Question {
    /// The line is dead.
    fn unanswered(self) -> Heard {
        match self.about {
            About::Attempt(_, _, _, reply) => Heard::Attempt(reply, Said::Unknown),
            About::Refund(_, reply) => Heard::Refund(reply, RefundSaid::Unknown),
        }
    }
}

impl Bank {
    /// What it holds of a currency, by its own count.
    pub(crate) fn holds(&self, currency: Currency) -> i64 {
        let of = |money: &Money| if money.currency == currency { money.amount.minor() } else { 0 };
        let taken: i64 = self.deals.values().flat_map(|deal| &deal.movements).map(|it| of(&it.money)).sum();
        let paid: i64 = self.payouts.values().filter(|it| it.is_paid()).map(|it| of(&it.money)).sum();
        let top_ups = if currency == Currency::CNY { self.top_ups } else { 0 };
        top_ups.saturating_add(taken).saturating_sub(paid)
    }
}

/// The way to it from the process.
pub(crate) struct Line(pub(crate) Shared);

impl Line {
    fn ask(&self, question: Question) {
        let mut state = self.0.lock();
        let dead = state.trouble && state.now < state.bank.dead_until;
        if dead || state.strikes(Fault::CallLost) {
            state.note("bank: the call is lost");
            return state.plan_in(CALL_MS, Event::BankAnswers(question.unanswered()));
        }
        if state.strikes(Fault::Dead) {
            let for_ms = state.wait_ms(3 * HOUR_MS);
            state.bank.dead_until = state.now.plus_ms(for_ms);
        }
        let after_ms = state.wait_ms(200);
        state.plan_in(after_ms, Event::BankHears(question));
    }

    async fn ask_attempt(&self, payment: &Payment, attempt: &Attempt, first: bool) -> Said {
        let (reply, answer) = oneshot::channel();
        self.ask(Question { about: About::Attempt(attempt.id, payment.id, payment.money, reply), first });
        match answer.await.unwrap_or(Said::Unknown) {
            Said::Unknown if self.0.lock().tampers(Canary::GuessesFailure) => Said::Failed(Failure::Declined),
            said => said,
        }
    }
}

impl Channels for Line {
    fn submit<'a>(&'a self, payment: &'a Payment, attempt: &'a Attempt) -> Call<'a, Said> {
        Box::pin(self.ask_attempt(payment, attempt, true))
    }

    fn query<'a>(&'a self, payment: &'a Payment, attempt: &'a Attempt) -> Call<'a, Said> {
        Box::pin(self.ask_attempt(payment, attempt, false))
    }

    fn refund<'a>(&'a self, refund: &'a Refund) -> Call<'a, RefundSaid> {
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            self.ask(Question { about: About::Refund(Box::new(refund.clone()), reply), first: true });
            answer.await.unwrap_or(RefundSaid::Unknown)
        })
    }
}

impl State {
    /// The bank hears a question and answers it, or does not.
    pub(crate) fn bank_hears(&mut self, question: Question) {
        let Question { about, first } = question;
        let heard = match about {
            About::Attempt(id, payment, asked, reply) => {
                let said = self.bank_says(id, (payment, asked), first);
                self.note(&format!("bank: of {id} {said:?}"));
                Heard::Attempt(reply, said)
            }
            About::Refund(refund, reply) => {
                let said = self.bank_refunds(&refund);
                self.note(&format!("bank: of {} {said:?}", refund.id));
                Heard::Refund(reply, said)
            }
        };
        if self.strikes(Fault::AnswerLost) {
            let lost = match heard {
                Heard::Attempt(reply, _) => Heard::Attempt(reply, Said::Unknown),
                Heard::Refund(reply, _) => Heard::Refund(reply, RefundSaid::Unknown),
            };
            return self.plan_in(CALL_MS, Event::BankAnswers(lost));
        }
        let slow = self.strikes(Fault::AnswerSlow);
        let after_ms = self.wait_ms(200).saturating_add(if slow { 70_000 } else { 0 });
        self.plan_in(after_ms, Event::BankAnswers(heard));
    }

    fn bank_says(&mut self, id: AttemptId, (payment, asked): (PaymentId, Money), first: bool) -> Said {
        let is_new = !self.bank.deals.contains_key(&id);
        if is_new {
            let status = DealStatus::Undecided;
            let (denies, misnames, movements) = (false, None, Vec::new());
            let deal = Deal { payment, asked, status, movements, denies, misnames, said_failed: false };
            self.bank.deals.insert(id, deal);
            if !first || self.chance.percent(8) {
                // Who asks about what it never heard of is told so, and it will not hear of it any more.
                self.bank_decline(id);
            } else if self.strikes(Fault::DecidesLate) {
                let after_ms = self.wait_ms(20 * MINUTE_MS);
                self.plan_in(after_ms, Event::BankDecides(id.into()));
            } else {
                self.bank_takes(id);
            }
        }
        let Some(deal) = self.bank.deals.get_mut(&id) else { return Said::Unknown };
        let said = match (deal.status, deal.movements.first()) {
            (DealStatus::Took, Some(first)) if !deal.denies => {
                let named = deal.misnames.take().unwrap_or_else(|| first.reference.clone());
                Said::Paid { money: first.money, reference: Some(named) }
            }
            (DealStatus::Undecided, _) => Said::Unknown,
            (DealStatus::Declined | DealStatus::Took, _) => Said::Failed(Failure::Declined),
        };
        deal.said_failed |= matches!(said, Said::Failed(_));
        said
    }

    fn bank_decline(&mut self, id: AttemptId) {
        if let Some(deal) = self.bank.deals.get_mut(&id) {
            // Whatever way it is told of from here on, it is told of as failed.
            (deal.status, deal.said_failed) = (DealStatus::Declined, true);
        }
    }

    fn bank_takes(&mut self, id: AttemptId) {
        let Some(asked) = self.bank.deals.get(&id).map(|deal| (deal.payment, deal.asked)) else { return };
        let (payment, asked) = asked;
        let mut money = asked;
        if self.strikes(Fault::WrongAmount) {
            let minor = asked.amount.minor();
            let wrong =
                if minor > 1 && self.chance.percent(50) { minor - 1 } else { minor.saturating_mul(3) };
            money.amount = Amount::new(wrong).unwrap_or(asked.amount);
        } else if self.strikes(Fault::WrongCurrency) {
            money.currency = Currency::parse("USD").unwrap_or(Currency::CNY);
        }
        let mut movements = vec![Movement { reference: format!("bank/{id}/1"), money }];
        if self.strikes(Fault::TakesTwice) {
            movements.push(Movement { reference: format!("bank/{id}/2"), money: asked });
        }
        let others = self.watch.references_of_others(payment);
        let misnames = if others.is_empty() || !self.strikes(Fault::WrongReference) {
            None
        } else {
            self.chance.pick(&others)
        };
        let denies = self.strikes(Fault::DeniesTaking);
        if let Some(deal) = self.bank.deals.get_mut(&id) {
            (deal.status, deal.denies, deal.misnames) = (DealStatus::Took, denies, misnames);
            deal.movements = movements;
        }
        if denies || self.chance.percent(50) {
            self.bank_notifies(id.into(), denies);
        }
    }

    /// Notifications about what was decided: once, often, late; and in the end a lie.
    fn bank_notifies(&mut self, about: Id, late: bool) {
        let late = late || self.strikes(Fault::TellsLate);
        let mean_ms = if late { 2 * HOUR_MS } else { 1_000 };
        let times = if self.strikes(Fault::Repeats) { 4 } else { 1 };
        let truths = self.bank_truths(about);
        for word in truths {
            for _ in 0..times {
                let after_ms = self.wait_ms(mean_ms);
                self.act_in(after_ms, Act::Tell(word.clone()));
            }
        }
        let lies = match about.kind {
            tongbao_core::id::Kind::Attempt => self.strikes(Fault::DeniesPaid),
            _ => self.strikes(Fault::DeniesRefund),
        };
        if lies && let Some(word) = self.bank_lie(about) {
            let after_ms = self.wait_ms(mean_ms).saturating_add(2_000);
            self.act_in(after_ms, Act::Tell(word));
        }
    }

    /// Everything that is true about an attempt or a refund and can be told.
    fn bank_truths(&self, about: Id) -> Vec<Word> {
        if let Ok(id) = AttemptId::try_from(about) {
            let Some(deal) = self.bank.deals.get(&id) else { return Vec::new() };
            let told = |said| Word::Attempt(deal.payment, id, said);
            return match deal.status {
                DealStatus::Undecided => Vec::new(),
                DealStatus::Declined => vec![told(Said::Failed(Failure::Declined))],
                DealStatus::Took => {
                    let paid =
                        |it: &Movement| Said::Paid { money: it.money, reference: Some(it.reference.clone()) };
                    deal.movements.iter().map(|it| told(paid(it))).collect()
                }
            };
        }
        let Ok(id) = RefundId::try_from(about) else { return Vec::new() };
        let Some(payout) = self.bank.payouts.get(&id) else { return Vec::new() };
        match payout.status {
            PayoutStatus::Undecided => Vec::new(),
            PayoutStatus::Refused | PayoutStatus::RefusedForNow => {
                vec![Word::Refund(id, RefundSaid::Failed)]
            }
            PayoutStatus::Paid => {
                vec![Word::Refund(id, RefundSaid::Paid { reference: Some(format!("bank/{id}")) })]
            }
        }
    }

    fn bank_lie(&mut self, about: Id) -> Option<Word> {
        if let Ok(id) = AttemptId::try_from(about) {
            let deal = self.bank.deals.get_mut(&id)?;
            deal.said_failed = true;
            return Some(Word::Attempt(deal.payment, id, Said::Failed(Failure::Declined)));
        }
        RefundId::try_from(about).ok().map(|id| Word::Refund(id, RefundSaid::Failed))
    }

    fn bank_refunds(&mut self, refund: &Refund) -> RefundSaid {
        let id = refund.id;
        let is_new = !self.bank.payouts.contains_key(&id);
        if is_new {
            let unexpected = refund.origin == Origin::Unexpected;
            let (payment, money) = (refund.payment, refund.money);
            let status = if self.strikes(Fault::RefusesRefund) {
                PayoutStatus::Refused
            } else if self.strikes(Fault::RefusesThenPays) {
                PayoutStatus::RefusedForNow
            } else if self.strikes(Fault::DecidesLate) {
                PayoutStatus::Undecided
            } else {
                PayoutStatus::Paid
            };
            self.bank.payouts.insert(id, Payout { payment, money, status, unexpected });
            match status {
                PayoutStatus::Undecided | PayoutStatus::RefusedForNow => {
                    let after_ms = self.wait_ms(20 * MINUTE_MS);
                    self.plan_in(after_ms, Event::BankDecides(id.into()));
                }
                PayoutStatus::Paid => self.bank_notifies(id.into(), false),
                PayoutStatus::Refused => {}
            }
        }
        match self.bank.payouts.get(&id).map(|payout| payout.status) {
            Some(PayoutStatus::Paid) => RefundSaid::Paid { reference: Some(format!("bank/{id}")) },
            Some(PayoutStatus::Refused | PayoutStatus::RefusedForNow) => RefundSaid::Failed,
            Some(PayoutStatus::Undecided) | None => RefundSaid::Working,
        }
    }

    /// The bank makes up its mind.
    pub(crate) fn bank_decides(&mut self, about: Id) {
        self.note(&format!("bank: decides {about}"));
        if let Ok(id) = AttemptId::try_from(about) {
            if self.bank.deals.get(&id).is_some_and(|deal| deal.status == DealStatus::Undecided) {
                if self.chance.percent(20) { self.bank_decline(id) } else { self.bank_takes(id) }
            }
        } else if let Ok(id) = RefundId::try_from(about)
            && let Some(payout) = self.bank.payouts.get_mut(&id)
            && matches!(payout.status, PayoutStatus::Undecided | PayoutStatus::RefusedForNow)
        {
            payout.status = PayoutStatus::Paid;
            self.bank_notifies(about, false);
        }
    }

    /// Faults end: whatever is undecided is decided, and the truth about everything is told, also what was told
    /// before, as when a bill is read. A person has found a way for half of the returns that were refused.
    pub(crate) fn bank_heals(&mut self) {
        for deal in self.bank.deals.values_mut() {
            (deal.denies, deal.misnames) = (false, None);
        }
        let attempts: Vec<Id> = self.bank.deals.keys().map(|id| (*id).into()).collect();
        let refunds: Vec<RefundId> = self.bank.payouts.keys().copied().collect();
        for id in &refunds {
            let half = self.chance.percent(50);
            let Some(payout) = self.bank.payouts.get_mut(id) else { continue };
            let found = payout.status == PayoutStatus::Refused && payout.unexpected && half;
            if found || payout.status == PayoutStatus::RefusedForNow {
                payout.status = PayoutStatus::Paid;
            }
        }
        for about in attempts.into_iter().chain(refunds.into_iter().map(Id::from)) {
            self.bank_decides(about);
            for word in self.bank_truths(about) {
                let after_ms = self.wait_ms(MINUTE_MS);
                self.act_in(after_ms, Act::Tell(word));
            }
        }
    }
}
