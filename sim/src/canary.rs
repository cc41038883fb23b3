//! Canaries: bugs that are planted between the process and its store, channel or receivers, one at a time. A checker
//! that does not notice them checks nothing.
//!
//! **Absent on purpose:** a switch in the platform's own code. What a canary does it does from outside: it alters what
//! a decision sees, what it answers, or what becomes of that.

use std::cell::OnceCell;

use tongbao_core::{
    ChangeSet, Facts, Id, Key, Lookup, Record, TaskKey, Work,
    id::Kind,
    ledger::{AccountKey, AccountState, Reason},
    payment::{AttemptStatus, Payment},
};
use tongbao_money::Amount;

use crate::{chance::Chance, state::State};

macro_rules! canaries {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $rate:literal;)*) => {
        /// A planted bug.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Canary { $($(#[$doc])* $name),* }

        impl Canary {
            /// All of them.
            pub(crate) const ALL: &[Canary] = &[$(Canary::$name),*];

            /// What it does.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Canary::$name => $text),* }
            }

            /// How often, in a hundred chances.
            const fn rate(self) -> u64 {
                match self { $(Canary::$name => $rate),* }
            }
        }
    };
}

canaries! {
    /// The store answers a step that it did not commit.
    DropsCommit = "a commit is answered and not made", 3;
    /// A change set is written without its tasks.
    LosesTask = "a task is lost", 5;
    /// Postings are written twice.
    BooksTwice = "postings are written twice", 3;
    /// A fee is not posted.
    SkipsFee = "a fee is not taken", 20;
    /// A worker that lost its lease still counts as holding it.
    IgnoresFence = "a lost lease still counts", 100;
    /// The answer to a request is not kept.
    ForgetsReply = "an answer is not kept under its key", 20;
    /// An event is recorded without its deliveries.
    DropsDelivery = "an event is told to nobody", 5;
    /// A notification counts as delivered that was not sent.
    AcknowledgesUnsent = "a notification counts as sent that was not", 10;
    /// A refund is not compared with the refunds before it.
    IgnoresRefunds = "refunds before are not counted", 60;
    /// What a channel said before is not remembered, so the same money is booked again.
    ForgetsReferences = "the same money is booked again", 60;
    /// A channel that does not answer counts as one that failed.
    GuessesFailure = "no answer counts as a failure", 50;
    /// A payer's balance is not looked at.
    IgnoresBalance = "a balance is not looked at", 60;
    /// A refund that failed is not given back to the merchant.
    KeepsFailedRefund = "a failed refund is not given back", 60;
}

/// A canary at work.
pub(crate) struct Tampering {
    canary: Canary,
    chance: Chance,
    /// How often it did what it does.
    pub(crate) times: u64,
}

impl Tampering {
    /// A canary in a world.
    pub(crate) const fn new(canary: Canary, seed: u64) -> Tampering {
        Tampering { canary, chance: Chance::new(seed ^ 0xCA4A_1207), times: 0 }
    }
}

impl State {
    /// Whether this canary is in this world and does its work now.
    pub(crate) fn tampers(&mut self, canary: Canary) -> bool {
        let Some(tampering) = self.tampering.as_mut().filter(|found| found.canary == canary) else {
            return false;
        };
        let does = tampering.chance.percent(canary.rate());
        tampering.times = tampering.times.saturating_add(u64::from(does));
        does
    }

    /// The canary that tampers with this step, if one does.
    pub(crate) fn tampers_with_step(&mut self) -> Option<Canary> {
        let canary = self.tampering.as_ref().map(|found| found.canary)?;
        let in_steps = match canary {
            Canary::AcknowledgesUnsent | Canary::GuessesFailure => false,
            Canary::DropsCommit
            | Canary::LosesTask
            | Canary::BooksTwice
            | Canary::SkipsFee
            | Canary::IgnoresFence
            | Canary::ForgetsReply
            | Canary::DropsDelivery
            | Canary::IgnoresRefunds
            | Canary::ForgetsReferences
            | Canary::IgnoresBalance
            | Canary::KeepsFailedRefund => true,
        };
        (in_steps && self.tampers(canary)).then_some(canary)
    }
}

/// What a change set becomes.
pub(crate) fn changed(canary: Canary, mut change: ChangeSet) -> ChangeSet {
    match canary {
        Canary::DropsCommit => return ChangeSet::default(),
        Canary::LosesTask => change.tasks.clear(),
        Canary::BooksTwice => change.postings.extend(change.postings.clone()),
        Canary::SkipsFee => change.postings.retain(|posting| posting.reason != Reason::Fee),
        Canary::ForgetsReply => change.records.retain(|record| record.id().kind != Kind::Reply),
        Canary::DropsDelivery => {
            change.records.retain(|record| record.id().kind != Kind::Delivery || record.version() > 1);
            change.tasks.retain(|task| !matches!(task.work, Work::Deliver(_)));
        }
        Canary::KeepsFailedRefund => {
            let back = [Reason::RefundFailed, Reason::FeeAgain];
            change.postings.retain(|posting| !back.contains(&posting.reason));
        }
        Canary::IgnoresFence
        | Canary::AcknowledgesUnsent
        | Canary::IgnoresRefunds
        | Canary::ForgetsReferences
        | Canary::GuessesFailure
        | Canary::IgnoresBalance => {}
    }
    change
}

/// Facts as a canary shows them to a decision.
pub(crate) struct Shown<'a> {
    facts: &'a dyn Facts,
    canary: Canary,
    payments: [OnceCell<Record>; 12],
}

impl<'a> Shown<'a> {
    /// These facts, shown by this canary.
    pub(crate) fn new(facts: &'a dyn Facts, canary: Canary) -> Shown<'a> {
        Shown { facts, canary, payments: Default::default() }
    }

    fn altered(&self, payment: &Payment) -> Option<Payment> {
        let mut payment = payment.clone();
        match self.canary {
            Canary::IgnoresRefunds if !payment.refund_claimed.is_zero() => {
                payment.refund_claimed = Amount::ZERO;
            }
            Canary::ForgetsReferences if payment.paid_by().is_some() => {
                for attempt in &mut payment.attempts {
                    attempt.other_references.clear();
                    if attempt.status == AttemptStatus::Returned {
                        attempt.status = AttemptStatus::Failed;
                    }
                    attempt.reference = attempt.reference.take().map(|known| format!("{known}/altered"));
                }
            }
            _ => return None,
        }
        Some(payment)
    }
}

impl Facts for Shown<'_> {
    fn record(&self, id: Id) -> Lookup<Option<&Record>> {
        let found = self.facts.record(id)?;
        let Some(Record::Payment(payment)) = found else { return Ok(found) };
        let Some(altered) = self.altered(payment) else { return Ok(found) };
        let known = self.payments.iter().filter_map(OnceCell::get).find(|record| record.id() == id);
        if known.is_some() {
            return Ok(known);
        }
        let free = self.payments.iter().find(|cell| cell.get().is_none());
        Ok(free.map(|cell| cell.get_or_init(|| altered.into())).or(found))
    }

    fn key(&self, key: &Key) -> Lookup<Option<Id>> {
        self.facts.key(key)
    }

    fn account(&self, account: &AccountKey) -> Lookup<AccountState> {
        let state = self.facts.account(account)?;
        let more = i64::from(self.canary == Canary::IgnoresBalance).saturating_mul(1_000_000_000);
        Ok(AccountState { credits: state.credits.saturating_add(more), ..state })
    }

    fn task(&self, task: &TaskKey) -> Lookup<bool> {
        Ok(self.facts.task(task)? || self.canary == Canary::IgnoresFence)
    }
}
