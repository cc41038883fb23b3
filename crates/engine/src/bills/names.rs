//! What the lines of a statement are called: the shop, the other payer.

use std::collections::HashMap;

use tongbao_core::{
    Id, Record,
    id::{Kind, MerchantId, PayerId},
    ledger::Reason,
    merchant::Merchant,
    payer::Payer,
    transfer::{Sender, Transfer},
};
use tongbao_store::{Entry, Fault, Query};

use crate::{Engine, purse::Who};

/// Who stands on the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counterparty {
    /// A shop, by its name.
    Merchant(String),
    /// A biller, by its name.
    Biller(String),
    /// Another payer, masked; none if it is not known any more.
    Payer(Option<Who>),
}

/// What a line is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Paid to a shop.
    Paid,
    /// Came back from a shop.
    Refunded,
    /// Sent to somebody.
    Sent,
    /// Sent by somebody.
    Received,
    /// Sent to somebody, and back again.
    CameBack,
    /// Put into the balance.
    ToppedUp,
    /// Taken out of it.
    Withdrawn,
    /// What taking it out cost.
    WithdrawalFee,
    /// Taken out of it, and back again.
    WithdrawalBack,
    /// A share of a shop's payment.
    Shared,
    /// Something else.
    Other,
}

impl What {
    /// The name in answers.
    pub const fn name(self) -> &'static str {
        match self {
            What::Paid => "paid",
            What::Refunded => "refunded",
            What::Sent => "sent",
            What::Received => "received",
            What::CameBack => "came_back",
            What::ToppedUp => "topped_up",
            What::Withdrawn => "withdrawn",
            What::WithdrawalFee => "withdrawal_fee",
            What::WithdrawalBack => "withdrawal_back",
            What::Shared => "shared",
            What::Other => "other",
        }
    }
}

/// An entry, told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is of.
    pub what: What,
    /// With whom.
    pub with: Option<Counterparty>,
    /// The payment, transfer, top-up or withdrawal that tells more.
    pub subject: Option<Id>,
}

/// What things are called, looked up once for a page.
pub struct Names<'a> {
    engine: &'a Engine,
    merchants: HashMap<MerchantId, String>,
    payers: HashMap<PayerId, Option<Who>>,
}

impl<'a> Names<'a> {
    /// Nothing looked up yet.
    pub fn new(engine: &'a Engine) -> Names<'a> {
        Names { engine, merchants: HashMap::new(), payers: HashMap::new() }
    }

    /// A shop.
    pub fn merchant(&mut self, id: MerchantId) -> Result<Counterparty, Fault> {
        if let Some(known) = self.merchants.get(&id) {
            return Ok(Counterparty::Merchant(known.clone()));
        }
        let found = self.engine.store.get::<Merchant>(id)?;
        let name = found.map(|merchant| merchant.name).unwrap_or_default();
        self.merchants.insert(id, name.clone());
        Ok(Counterparty::Merchant(name))
    }

    /// Another payer, masked.
    pub fn payer(&mut self, id: PayerId) -> Result<Counterparty, Fault> {
        if let Some(known) = self.payers.get(&id) {
            return Ok(Counterparty::Payer(known.clone()));
        }
        let found = self.engine.store.get::<Payer>(id)?.as_ref().map(Who::of);
        self.payers.insert(id, found.clone());
        Ok(Counterparty::Payer(found))
    }

    /// Who sent a transfer.
    pub fn sender(&mut self, transfer: &Transfer) -> Result<Counterparty, Fault> {
        match &transfer.sender {
            Sender::Merchant { merchant, .. } => self.merchant(*merchant),
            Sender::Payer { payer, .. } => self.payer(*payer),
        }
    }

    /// An entry of a payer's account, told.
    pub fn line(&mut self, entry: &Entry) -> Result<Line, Fault> {
        let own = match entry.subject.kind {
            Kind::TopUp => Some(What::ToppedUp),
            Kind::Withdrawal if entry.reason == Reason::WithdrawalFee => Some(What::WithdrawalFee),
            Kind::Withdrawal if entry.amount > 0 => Some(What::WithdrawalBack),
            Kind::Withdrawal => Some(What::Withdrawn),
            _ => None,
        };
        if let Some(what) = own {
            return Ok(Line { what, with: None, subject: Some(entry.subject) });
        }
        let subject = self.engine.store.records(Query::Record(entry.subject))?.into_iter().next();
        let (what, with, subject): (What, Option<Counterparty>, Option<Id>) = match subject {
            Some(Record::Payment(payment)) => {
                (What::Paid, Some(self.merchant(payment.merchant)?), Some(payment.id.into()))
            }
            Some(Record::Refund(refund)) => {
                (What::Refunded, Some(self.merchant(refund.merchant)?), Some(refund.payment.into()))
            }
            Some(Record::Transfer(transfer)) => {
                let (what, with) = match entry.reason {
                    Reason::TransferReturned => (What::CameBack, self.payer(transfer.recipient)?),
                    _ if entry.amount < 0 => (What::Sent, self.payer(transfer.recipient)?),
                    _ => (What::Received, self.sender(&transfer)?),
                };
                (what, Some(with), Some(transfer.id.into()))
            }
            Some(Record::UtilityPayment(payment)) => {
                let what = if entry.amount < 0 { What::Paid } else { What::CameBack };
                (what, Some(Counterparty::Biller(payment.biller_name)), Some(entry.subject))
            }
            Some(Record::Ride(ride)) => {
                (What::Paid, Some(self.merchant(ride.merchant)?), Some(entry.subject))
            }
            _ if entry.reason == Reason::TopUp => (What::ToppedUp, None, None),
            _ if entry.reason == Reason::Share => (What::Shared, None, None),
            _ => (What::Other, None, None),
        };
        Ok(Line { what, with, subject })
    }
}
