//! The timeline of a payment (订单时间线): everything that is known of it, in the order of time.
//!
//! Changes, events, postings and attempts to notify are read from the store. Requests, answers and the notifications
//! as they were sent come from the memory of a sandbox, which forgets.
//!
//! **Absent on purpose:** writing anything, and production: reading the change log from a payment's beginning on is
//! for a developer's store.

mod log;
mod names;

use std::sync::Arc;

use tongbao_core::{
    Id, Key, List, Time,
    delivery::{Delivery, DeliveryAttempt, DeliveryStatus},
    event::{Event, Subject},
    facts::Entity,
    id::{DeliveryId, PaymentId},
    merchant::Merchant,
    payment::Payment,
    refund::Refund,
    risk::Assessment,
};
use tongbao_store::{Fault, PostingLine, Query};

use crate::{
    Engine,
    exchange::{Exchange, Letter},
};

pub use log::CHANGES_READ_MAX;

/// Merchants whose order numbers are looked up.
const MERCHANTS_MAX: u32 = 50;

/// Refunds of one payment: as many as there may be.
const REFUNDS_MAX: u32 = 100;

/// What is known of a payment.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// The payment as it is now.
    pub payment: Payment,
    /// Its refunds, oldest first.
    pub refunds: Vec<Refund>,
    /// What happened, oldest first.
    pub lines: Vec<Line>,
    /// Whether all of the change log that concerns it was read. If not, later lines are missing.
    pub is_whole: bool,
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct Line {
    /// When, by the sandbox's clock.
    pub at: Time,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum What {
    /// A request named it, or an answer did.
    Exchange(Arc<Exchange>),
    /// A step changed it.
    Change(Change),
    /// Risk control decided about an attempt to pay it.
    Decision(Box<Assessment>),
    /// Money moved for it.
    Posting(Posting),
    /// Its merchant is told of it.
    Event(Box<Event>),
    /// A receiver was told.
    Attempt(Box<Attempt>),
}

impl What {
    /// Of things in one instant, what comes first: the request, then what it caused.
    const fn rank(&self) -> u8 {
        match self {
            What::Exchange(_) => 0,
            What::Decision(_) => 1,
            What::Change(_) => 2,
            What::Posting(_) => 3,
            What::Event(_) => 4,
            What::Attempt(_) => 5,
        }
    }
}

/// A line of the change log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its number.
    pub number: u64,
    /// Which input.
    pub input: String,
    /// Who.
    pub actor: String,
    /// The records written, with their versions.
    pub touched: Vec<(Id, u32)>,
}

/// A posting, with the names of its accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// As it is stored.
    pub line: PostingLine,
    /// The account that gives.
    pub debit: String,
    /// The account that gets.
    pub credit: String,
    /// Why.
    pub reason: &'static str,
}

/// An attempt to notify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Of which delivery.
    pub delivery: DeliveryId,
    /// Where to.
    pub url: String,
    /// Counts from 1 among those that are kept.
    pub number: usize,
    /// Where the delivery stands now.
    pub status: DeliveryStatus,
    /// What came of it.
    pub outcome: DeliveryAttempt,
    /// When the next one is due, after the latest.
    pub next_at: Option<Time>,
    /// What was sent, if the sandbox still remembers.
    pub letter: Option<Arc<Letter>>,
}

/// The payment that an event is about, if it is about one; of several the first.
pub fn payment_of(subject: &Subject) -> Option<PaymentId> {
    match subject {
        Subject::Payment(payment) => Some(payment.id),
        Subject::Refund(refund) => Some(refund.payment),
        Subject::Complaint(complaint) => Some(complaint.payment),
        Subject::CombinedOrder(picture) => picture.payments.first().map(|payment| payment.id),
        Subject::Transfer(_) | Subject::Share(_) | Subject::TransferBatch(_) | Subject::Ride(_) => None,
    }
}

impl Engine {
    /// The payment that a text names: its id, the merchant's order number, WeChat Pay's number of the order, or the
    /// id or number of one of its refunds.
    pub fn payment_named(&self, text: &str) -> Result<Option<PaymentId>, Fault> {
        let text = text.trim();
        if let Ok(id) = text.parse::<Id>() {
            if let Ok(id) = PaymentId::try_from(id) {
                return Ok(self.store.get::<Payment>(id)?.map(|payment| payment.id));
            }
            let refund = id.try_into().ok().map(|id| self.store.get::<Refund>(id)).transpose()?.flatten();
            return Ok(refund.map(|refund| refund.payment));
        }
        let of_wechat = [Key::WechatTransaction(text.to_owned())];
        for key in of_wechat {
            if let Some(payment) = self.store.find::<Payment>(key)? {
                return Ok(Some(payment.id));
            }
        }
        if let Some(refund) = self.store.find::<Refund>(Key::WechatRefund(text.to_owned()))? {
            return Ok(Some(refund.payment));
        }
        let merchants =
            Query::List { list: List::Merchants, after: None, newest_first: false, limit: MERCHANTS_MAX };
        for record in self.store.records(merchants)? {
            let Some(merchant) = Merchant::of(&record) else { continue };
            if let Some(payment) = self.store.find::<Payment>(Key::OrderNo(merchant.id, text.to_owned()))? {
                return Ok(Some(payment.id));
            }
            if let Some(refund) = self.store.find::<Refund>(Key::RefundNo(merchant.id, text.to_owned()))? {
                return Ok(Some(refund.payment));
            }
        }
        Ok(None)
    }

    /// The timeline of a payment. Reads much, so not for async workers.
    pub fn timeline(&self, id: PaymentId) -> Result<Option<Timeline>, Fault> {
        let Some(payment) = self.store.get::<Payment>(id)? else { return Ok(None) };
        let refunds =
            Query::List { list: List::RefundsOf(id), after: None, newest_first: false, limit: REFUNDS_MAX };
        let refunds: Vec<Refund> =
            self.store.records(refunds)?.iter().filter_map(Refund::of).cloned().collect();
        let history = log::read(self.store.as_ref(), &payment, &refunds)?;
        let mut lines = Vec::new();
        for delivery in &history.deliveries {
            lines.extend(self.attempts(delivery));
        }
        let line = |at, what| Line { at, what };
        lines.extend(history.changes.into_iter().map(|(at, change)| line(at, What::Change(change))));
        lines.extend(
            history.postings.into_iter().map(|posting| line(posting.line.at, What::Posting(posting))),
        );
        lines.extend(
            history.events.into_iter().map(|event| line(event.created_at, What::Event(Box::new(event)))),
        );
        let decided =
            payment.attempts.iter().filter_map(|attempt| Some((attempt.started_at, attempt.risk.clone()?)));
        lines.extend(decided.map(|(at, risk)| line(at, What::Decision(risk))));
        let names = names::Names::of(&payment, &refunds);
        let exchanges = self.exchanges.iter().flat_map(crate::exchange::Exchanges::all);
        let own = exchanges.filter(|exchange| names.stand_in(exchange));
        lines.extend(own.map(|exchange| line(exchange.at, What::Exchange(exchange))));
        lines.sort_by_key(|line| (line.at, line.what.rank()));
        Ok(Some(Timeline { payment, refunds, lines, is_whole: history.is_whole }))
    }

    fn attempts(&self, delivery: &Delivery) -> Vec<Line> {
        let count = delivery.attempts.len();
        let line = |(number, attempt): (usize, &DeliveryAttempt)| {
            let exchanges = self.exchanges.as_ref();
            let letter = exchanges.and_then(|exchanges| exchanges.letter(delivery.id, attempt.at));
            let what = Attempt {
                delivery: delivery.id,
                url: delivery.url.clone(),
                number: number + 1,
                status: delivery.status,
                outcome: attempt.clone(),
                next_at: delivery.next_at.filter(|_| number + 1 == count),
                letter,
            };
            Line { at: attempt.at, what: What::Attempt(Box::new(what)) }
        };
        delivery.attempts.iter().enumerate().map(line).collect()
    }
}
