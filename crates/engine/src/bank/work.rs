//! What the worker asks of the bank, and how the answer goes back in.
//!
//! **Invariant.** What cannot be asked is unknown: the task asks again later. It is never taken for a failure.

use tokio::time::timeout;
use tongbao_channel::bank::{HolderStep, Movement};
use tongbao_core::{
    Actor, Refusal, TaskKey,
    id::{CardId, TopUpId, WithdrawalId},
    payment::{Attempt, Method, Payment, steps::Said},
    refund::{Refund, steps::Said as RefundSaid},
    top_up::{self, TopUp},
    withdrawal::{self, Withdrawal, steps::Said as PayoutSaid},
};
use tongbao_store::Fault;

use super::ANSWER_TIME;
use crate::{Engine, Error, Input};

fn input(name: &'static str) -> Input {
    Input { actor: Actor::Worker, name }
}

/// Whether something is asked for, or asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// For the first time, as far as the record knows.
    First,
    /// What became of it.
    Again,
}

impl Engine {
    /// Takes a payment's attempt from its card, or asks what became of it.
    pub(crate) async fn charge_attempt(
        &self,
        (payment, attempt): (&Payment, &Attempt),
        card: CardId,
        asked: Asked,
    ) -> Result<Said, Fault> {
        let id = attempt.id.to_string();
        let confirmation = attempt.confirmation.as_deref();
        let holder = HolderStep {
            payment: payment.id.to_string(),
            since: confirmation.map(|confirmation| confirmation.since),
            said: confirmation.and_then(|confirmation| confirmation.said),
            said_at: confirmation.and_then(|confirmation| confirmation.said_at),
        };
        let charge = self.movement(id, card, payment.money, attempt.started_at)?;
        Ok(self.charge(&Movement { holder: Some(holder), ..charge }, asked).await)
    }

    /// Asks once more what became of a payment's attempt.
    pub(crate) async fn charge_attempt_again(
        &self,
        attempt: (&Payment, &Attempt),
        card: CardId,
    ) -> Result<Said, Fault> {
        self.charge_attempt(attempt, card, Asked::Again).await
    }

    async fn charge(&self, charge: &Movement, asked: Asked) -> Said {
        let Some(bank) = &self.bank else { return Said::Unknown };
        let answer = match asked {
            Asked::First => timeout(ANSWER_TIME, bank.charge(charge)).await,
            Asked::Again => timeout(ANSWER_TIME, bank.query_charge(charge)).await,
        };
        answer.unwrap_or(Said::Unknown)
    }

    /// Takes a top-up from its card, or asks what became of it.
    pub(crate) async fn ask_top_up(&self, lease: TaskKey, id: TopUpId, asked: Asked) -> Result<(), Error> {
        let top_up = self.store.get::<TopUp>(id)?.ok_or(Error::Refused(Refusal::NotFound("top-up")))?;
        let charge = self.movement(id.to_string(), top_up.card, top_up.money, top_up.created_at)?;
        let said = self.charge(&charge, asked).await;
        let hear = move |facts: &dyn tongbao_core::Facts, cx: &mut _| {
            top_up::steps::hear(facts, cx, id, Some(lease), &said)
        };
        self.run(input("hear_top_up"), hear).await
    }

    /// Pays a withdrawal to its card, or asks what became of it.
    pub(crate) async fn ask_withdrawal(
        &self,
        lease: TaskKey,
        id: WithdrawalId,
        asked: Asked,
    ) -> Result<(), Error> {
        let withdrawal = self.store.get::<Withdrawal>(id)?;
        let withdrawal = withdrawal.ok_or(Error::Refused(Refusal::NotFound("withdrawal")))?;
        let Withdrawal { card, money, due_at, .. } = withdrawal;
        let begin =
            move |facts: &dyn tongbao_core::Facts, cx: &mut _| withdrawal::steps::begin(facts, cx, id, lease);
        if !self.step(input("begin_withdrawal"), begin).await? {
            return Ok(());
        }
        let payout = self.movement(id.to_string(), card, money, due_at)?;
        let said = match &self.bank {
            None => PayoutSaid::Unknown,
            Some(bank) => {
                let answer = match asked {
                    Asked::First => timeout(ANSWER_TIME, bank.pay_out(&payout)).await,
                    Asked::Again => timeout(ANSWER_TIME, bank.query_payout(&payout)).await,
                };
                answer.unwrap_or(PayoutSaid::Unknown)
            }
        };
        let hear = move |facts: &dyn tongbao_core::Facts, cx: &mut _| {
            withdrawal::steps::hear(facts, cx, id, Some(lease), &said)
        };
        self.run(input("hear_withdrawal"), hear).await
    }

    /// Sends a refund back to the card that its money came from, if a card it was; otherwise it is not the bank's.
    pub(crate) async fn reverse(&self, refund: &Refund) -> Result<Option<RefundSaid>, Fault> {
        let payment = self.store.get::<Payment>(refund.payment)?;
        let attempt = payment.as_ref().and_then(|payment| refund.attempt_of(payment));
        let Some(Method::Card(card)) = attempt.map(|attempt| attempt.method) else { return Ok(None) };
        let Some(bank) = &self.bank else { return Ok(Some(RefundSaid::Unknown)) };
        let reversal = self.movement(refund.id.to_string(), card, refund.money, refund.created_at)?;
        let answer = timeout(ANSWER_TIME, bank.reverse(&reversal)).await;
        Ok(Some(answer.unwrap_or(RefundSaid::Unknown)))
    }
}
