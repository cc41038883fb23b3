//! What a step did, remembered of those involved: read off the change set, after the decision.
//!
//! **Invariants.** One place remembers, whatever was asked for: what changed is compared with what was stored, so a
//! deed is remembered once, in the commit that did it. A step that changes nothing of this kind costs one look at
//! each of its records.
//!
//! **Absent on purpose:** other currencies than yuan. What a returned transfer or a bounced withdrawal takes back: that
//! it was tried is what rules ask for.

use tongbao_money::{Currency, Money};
use tongbao_risk::{
    features::{self, Label},
    profile::{Deed, Relation},
};

use super::{
    profile::{RiskProfile, entity, seconds},
    review::Review,
};
use crate::{
    ChangeSet, Context, Facts, Id, Need, Record, Stop, Time,
    card::Card,
    complaint::Complaint,
    id::{CardId, PayerId},
    payment::{Attempt, AttemptStatus, Method, Payment},
    refund::{Refund, RefundStatus},
    top_up::{TopUp, TopUpStatus},
    transfer::{Sender, Transfer, TransferStatus},
    withdrawal::Withdrawal,
};

/// Remembers what this change does. Without a judge nothing is remembered.
pub fn follow(facts: &dyn Facts, cx: &Context, change: &mut ChangeSet) -> Result<(), Stop> {
    if cx.judge().is_none() {
        return Ok(());
    }
    let mut memory = Memory { facts, at: cx.at(), next: Vec::new() };
    for record in &change.records {
        memory.remember_all(record)?;
    }
    change.records.extend(memory.next.into_iter().map(Record::from));
    Ok(())
}

/// The profiles that this step changes.
struct Memory<'f> {
    facts: &'f dyn Facts,
    at: Time,
    next: Vec<RiskProfile>,
}

impl<'f> Memory<'f> {
    /// What a changed record says of those involved; most say nothing.
    fn remember_all(&mut self, record: &Record) -> Result<(), Need> {
        if let Record::Payment(payment) = record {
            self.payment(payment)
        } else if let Record::Refund(refund) = record {
            self.refund(refund)
        } else if let Record::Transfer(transfer) = record {
            self.transfer(transfer)
        } else if let Record::TopUp(top_up) = record {
            self.top_up(top_up)
        } else if let Record::Withdrawal(withdrawal) = record {
            self.withdrawal(withdrawal)
        } else if let Record::Complaint(complaint) = record {
            self.complaint(complaint)
        } else if let Record::Review(review) = record {
            self.review(review)
        } else {
            Ok(())
        }
    }

    fn remember(&mut self, of: Id, deed: &Deed) -> Result<(), Need> {
        if let Some(known) = self.next.iter_mut().find(|known| known.of == of) {
            known.profile.add(seconds(self.at), deed);
        } else {
            let before = RiskProfile::find(self.facts, of)?;
            self.next.push(RiskProfile::after(before, of, self.at, deed));
        }
        Ok(())
    }

    /// A payment of so much from one to the other, as features see it.
    fn paid(&self, payer: PayerId, payee: Id, money: Money) -> features::Payment {
        features::Payment {
            at_s: u32::try_from(seconds(self.at).max(0)).unwrap_or(u32::MAX),
            payer: entity(payer.into()),
            payee: entity(payee),
            amount: money.amount,
        }
    }

    /// Remembers that one paid the other.
    fn pay(&mut self, payer: PayerId, payee: Id, money: Money) -> Result<features::Payment, Need> {
        let paid = self.paid(payer, payee, money);
        let changed =
            self.next.iter().find(|known| known.of == payer.into()).map(|known| known.profile.as_payer());
        let before = match changed {
            Some(before) => before,
            None => RiskProfile::find(self.facts, payer.into())?
                .map(|known| known.profile.as_payer())
                .unwrap_or_default(),
        };
        self.remember(payer.into(), &Deed::Paid(paid))?;
        self.remember(payee, &Deed::Taken(paid, before.amount_over_mean(&paid)))?;
        Ok(paid)
    }

    fn payment(&mut self, payment: &Payment) -> Result<(), Need> {
        if payment.money.currency != Currency::CNY || payment.attempts.is_empty() {
            return Ok(());
        }
        let before = self.before::<Payment>(payment.version, payment.id)?;
        for attempt in &payment.attempts {
            let was = before.and_then(|before| before.attempt(attempt.id)).map(|before| before.status);
            match attempt.status {
                status if was == Some(status) => {}
                AttemptStatus::Succeeded => {
                    let paid = self.pay(attempt.payer, payment.merchant.into(), payment.money)?;
                    if let Some(number) = self.number(attempt)? {
                        self.remember(number, &Deed::Used(paid))?;
                        self.meet_card(attempt.payer, number)?;
                    }
                }
                AttemptStatus::Failed => {
                    let failed = Deed::Failed(payment.money.amount);
                    self.remember(attempt.payer.into(), &failed)?;
                    self.remember(payment.merchant.into(), &failed)?;
                    if let Some(number) = self.number(attempt)? {
                        self.remember(number, &failed)?;
                        self.meet_card(attempt.payer, number)?;
                    }
                }
                AttemptStatus::Challenged
                | AttemptStatus::Unproven
                | AttemptStatus::Processing
                | AttemptStatus::Returned => {}
            }
        }
        Ok(())
    }

    fn meet_card(&mut self, payer: PayerId, number: Id) -> Result<(), Need> {
        self.remember(payer.into(), &Deed::Met(Relation::Card, entity(number)))?;
        self.remember(number, &Deed::Met(Relation::Payer, entity(payer.into())))
    }

    /// The number of the card of an attempt.
    fn number(&self, attempt: &Attempt) -> Result<Option<Id>, Need> {
        let Method::Card(card) = attempt.method else { return Ok(None) };
        self.number_of(card)
    }

    fn number_of(&self, card: CardId) -> Result<Option<Id>, Need> {
        Ok(self.facts.get::<Card>(card)?.map(|card| card.number.into()))
    }

    fn refund(&mut self, refund: &Refund) -> Result<(), Need> {
        let before = self.before::<Refund>(refund.version, refund.id)?;
        let is_new = refund.status == RefundStatus::Succeeded
            && before.is_none_or(|before| before.status != RefundStatus::Succeeded);
        if !is_new || refund.money.currency != Currency::CNY {
            return Ok(());
        }
        let Some(payment) = self.facts.get::<Payment>(refund.payment)? else { return Ok(()) };
        let Some(payer) = payment.paid_by().map(|attempt| attempt.payer) else { return Ok(()) };
        let merchant = Id::from(payment.merchant);
        let amount = refund.money.amount;
        self.remember(payer.into(), &Deed::Refunded(amount, Some(entity(merchant))))?;
        self.remember(merchant, &Deed::Refunded(amount, None))
    }

    fn transfer(&mut self, transfer: &Transfer) -> Result<(), Need> {
        let before = self.before::<Transfer>(transfer.version, transfer.id)?;
        let recipient = Id::from(transfer.recipient);
        if transfer.money.currency != Currency::CNY {
            return Ok(());
        }
        if let (None, Sender::Payer { payer, .. }) = (before, &transfer.sender) {
            self.pay(*payer, recipient, transfer.money)?;
        }
        let has_it = |status| status == TransferStatus::Accepted;
        if has_it(transfer.status) && !before.is_some_and(|before| has_it(before.status)) {
            self.remember(recipient, &Deed::Received(transfer.money.amount))?;
        }
        Ok(())
    }

    fn top_up(&mut self, top_up: &TopUp) -> Result<(), Need> {
        let before = self.before::<TopUp>(top_up.version, top_up.id)?;
        let is_new = top_up.status == TopUpStatus::Paid
            && before.is_none_or(|before| before.status != TopUpStatus::Paid);
        if is_new && top_up.money.currency == Currency::CNY {
            self.remember(top_up.payer.into(), &Deed::Received(top_up.money.amount))?;
            self.remember(top_up.payer.into(), &Deed::ToppedUp(top_up.money.amount))?;
        }
        Ok(())
    }

    fn withdrawal(&mut self, withdrawal: &Withdrawal) -> Result<(), Need> {
        if withdrawal.version == 1 && withdrawal.money.currency == Currency::CNY {
            self.remember(withdrawal.payer.into(), &Deed::Withdrew(withdrawal.money.amount))?;
        }
        Ok(())
    }

    fn complaint(&mut self, complaint: &Complaint) -> Result<(), Need> {
        if complaint.version == 1 {
            self.remember(complaint.payer.into(), &Deed::Complained)?;
            self.remember(complaint.merchant.into(), &Deed::Complained)?;
        }
        Ok(())
    }

    /// What a person found says what the payment was.
    fn review(&mut self, review: &Review) -> Result<(), Need> {
        let before = self.before::<Review>(review.version, review.id)?;
        let found = review.ended.as_ref().filter(|_| before.is_some_and(|before| before.ended.is_none()));
        let Some(fraud) = found.and_then(|ended| ended.finding.label()) else { return Ok(()) };
        let Some(payment) = self.facts.get::<Payment>(review.payment)? else { return Ok(()) };
        let Some(attempt) = payment.attempt(review.attempt) else { return Ok(()) };
        let merchant = Id::from(payment.merchant);
        let mut paid = self.paid(attempt.payer, merchant, payment.money);
        let at_s = paid.at_s;
        paid.at_s = u32::try_from(seconds(attempt.started_at).max(0)).unwrap_or(u32::MAX);
        let ratio = attempt.risk.as_ref().and_then(|risk| risk.feature("amount_over_mean"));
        let amount_over_mean = ratio.unwrap_or(1.0);
        let label = Deed::Labelled(Label { at_s, payment: paid, amount_over_mean, fraud });
        self.remember(attempt.payer.into(), &label)?;
        self.remember(merchant, &label)?;
        match self.number(attempt)? {
            Some(number) => self.remember(number, &label),
            None => Ok(()),
        }
    }

    /// The record as it is stored; none of a new one.
    fn before<T: crate::facts::Entity>(&self, version: u32, id: T::Id) -> Result<Option<&'f T>, Need> {
        if version <= 1 { Ok(None) } else { self.facts.get::<T>(id) }
    }
}
