//! What the change log and the journal say of a payment, read from the moment it was made.

use std::collections::{HashMap, HashSet};

use tongbao_core::{
    Id, Key, Time,
    complaint::Complaint,
    delivery::Delivery,
    event::{Event, Subject},
    id::{DeliveryId, EventId, Kind, PaymentId},
    ledger::Reason,
    payment::Payment,
    refund::Refund,
};
use tongbao_store::{ChangeLine, Fault, Page, PostingLine, Query, Store};

use super::{Change, Posting};

/// Lines of the change log that are read for one timeline. What comes later is left out, and that is said.
pub const CHANGES_READ_MAX: u64 = 50_000;

/// Postings that are read for one timeline.
const POSTINGS_READ_MAX: u64 = 100_000;

/// Lines read at once.
const PAGE: u32 = 1_000;

/// Inputs that only note what an attempt to notify came to, which has a line of its own.
const TOLD_BY_ATTEMPTS: [&str; 2] = ["record_delivery", "postpone_delivery"];

/// What was found.
#[derive(Default)]
pub(super) struct History {
    pub(super) changes: Vec<(Time, Change)>,
    pub(super) postings: Vec<Posting>,
    pub(super) events: Vec<Event>,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) is_whole: bool,
}

/// What belongs to the payment, and which of its versions have been seen.
struct Own {
    payment: PaymentId,
    /// The platform's number of it in WeChat Pay's interface.
    transaction_id: Option<String>,
    /// Each with the version that it has now.
    records: HashMap<Id, u32>,
    /// Those whose newest version has not been seen.
    open: HashSet<Id>,
    /// Looked at, and found to be another's.
    foreign: HashSet<Id>,
}

/// Reads the history of a payment.
pub(super) fn read(store: &dyn Store, payment: &Payment, refunds: &[Refund]) -> Result<History, Fault> {
    let mut own = Own {
        payment: payment.id,
        transaction_id: payment.wechat.as_ref().map(|order| order.transaction_id.clone()),
        records: HashMap::new(),
        open: HashSet::new(),
        foreign: HashSet::new(),
    };
    own.add(payment.id.into(), payment.version);
    for refund in refunds {
        own.add(refund.id.into(), refund.version);
    }
    if let Some(complaint) = store.find::<Complaint>(Key::ComplaintOf(payment.id))? {
        own.add(complaint.id.into(), complaint.version);
    }
    let mut history = History::default();
    let mut after = first_change(store, payment.created_at)?;
    let end = after.saturating_add(CHANGES_READ_MAX);
    let mut changes: HashSet<u64> = HashSet::new();
    while after < end {
        let Page::Changes(lines) = store.read(Query::Changes(after, PAGE))? else { break };
        let Some(last) = lines.last() else {
            history.is_whole = true;
            break;
        };
        after = last.number;
        for line in &lines {
            if own.take(store, line, &mut history)? {
                changes.insert(line.number);
            }
        }
        if own.open.is_empty() {
            history.is_whole = true;
            break;
        }
    }
    history.postings = postings(store, payment.created_at, &own, &changes)?;
    Ok(history)
}

impl Own {
    fn add(&mut self, id: Id, version: u32) {
        if self.records.insert(id, version).is_none() {
            self.open.insert(id);
        }
    }

    /// Takes what a line of the log has of this payment; whether it has anything.
    fn take(&mut self, store: &dyn Store, line: &ChangeLine, history: &mut History) -> Result<bool, Fault> {
        let is_own = line.touched.iter().any(|touched| self.records.contains_key(&touched.id));
        if !is_own {
            return Ok(false);
        }
        for touched in &line.touched {
            if !self.records.contains_key(&touched.id) && !self.foreign.contains(&touched.id) {
                self.meet(store, touched.id, history)?;
            }
            if self.records.get(&touched.id).is_some_and(|now| touched.version >= *now) {
                self.open.remove(&touched.id);
            }
        }
        if !TOLD_BY_ATTEMPTS.contains(&line.input.as_str()) {
            let touched = line.touched.iter().map(|touched| (touched.id, touched.version)).collect();
            let change =
                Change { number: line.number, input: line.input.clone(), actor: line.actor.clone(), touched };
            history.changes.push((line.at, change));
        }
        Ok(true)
    }

    /// A record that was written together with one of this payment: an event of it and its deliveries are its own.
    fn meet(&mut self, store: &dyn Store, id: Id, history: &mut History) -> Result<(), Fault> {
        match id.kind {
            Kind::Event => {
                let event =
                    EventId::try_from(id).ok().map(|id| store.get::<Event>(id)).transpose()?.flatten();
                if let Some(event) = event.filter(|event| self.is_about(&event.subject)) {
                    self.add(id, event.version);
                    history.events.push(event);
                    return Ok(());
                }
            }
            Kind::Delivery => {
                let delivery = DeliveryId::try_from(id).ok().map(|id| store.get::<Delivery>(id));
                if let Some(delivery) = delivery.transpose()?.flatten()
                    && let Some(event) = store.get::<Event>(delivery.event)?
                    && self.is_about(&event.subject)
                {
                    self.add(id, delivery.version);
                    history.deliveries.push(delivery);
                    return Ok(());
                }
            }
            _ => {}
        }
        self.foreign.insert(id);
        Ok(())
    }

    fn is_about(&self, subject: &Subject) -> bool {
        match subject {
            Subject::Payment(payment) => payment.id == self.payment,
            Subject::Refund(refund) => refund.payment == self.payment,
            Subject::Complaint(complaint) => complaint.payment == self.payment,
            Subject::CombinedOrder(picture) => {
                picture.payments.iter().any(|payment| payment.id == self.payment)
            }
            Subject::Share(share) => self.transaction_id.as_ref() == Some(&share.transaction_id),
            Subject::Transfer(_) | Subject::TransferBatch(_) | Subject::Ride(_) => false,
        }
    }
}

/// The postings of the changes that were found, and all others whose subject belongs to the payment.
fn postings(store: &dyn Store, from: Time, own: &Own, changes: &HashSet<u64>) -> Result<Vec<Posting>, Fault> {
    let Some(last_change) = changes.iter().max() else { return Ok(Vec::new()) };
    let mut after = first_posting(store, from)?;
    let end = after.saturating_add(POSTINGS_READ_MAX);
    let (mut found, mut names) = (Vec::new(), HashMap::new());
    while after < end {
        let Page::Postings(lines) = store.read(Query::Postings(after, PAGE))? else { break };
        let Some(last) = lines.last() else { break };
        after = last.number;
        let is_over = last.change > *last_change;
        // One change may move money for two payments of a combined order.
        let is_anothers = |subject: Id| {
            matches!(subject.kind, Kind::Payment | Kind::Refund) && !own.records.contains_key(&subject)
        };
        let of_ours = |line: &&PostingLine| changes.contains(&line.change) && !is_anothers(line.subject);
        for line in lines.iter().filter(of_ours) {
            found.push(Posting {
                debit: account(store, &mut names, line.debit)?,
                credit: account(store, &mut names, line.credit)?,
                reason: Reason::from_code(line.reason).map_or("unknown", Reason::name),
                line: line.clone(),
            });
        }
        if is_over {
            break;
        }
    }
    Ok(found)
}

/// The name of the account with this number.
fn account(store: &dyn Store, names: &mut HashMap<u64, String>, number: u64) -> Result<String, Fault> {
    if let Some(name) = names.get(&number) {
        return Ok(name.clone());
    }
    let Page::Accounts(lines) = store.read(Query::Accounts(number.saturating_sub(1), 1))? else {
        return Ok(String::new());
    };
    let name = lines.first().map(|line| line.key.to_string()).unwrap_or_default();
    names.insert(number, name.clone());
    Ok(name)
}

/// The number of the last change before an instant.
fn first_change(store: &dyn Store, from: Time) -> Result<u64, Fault> {
    last_before(|after| match store.read(Query::Changes(after, 1))? {
        Page::Changes(lines) => Ok(lines.first().is_some_and(|line| line.at < from)),
        _ => Ok(false),
    })
}

/// The number of the last posting before an instant.
fn first_posting(store: &dyn Store, from: Time) -> Result<u64, Fault> {
    last_before(|after| match store.read(Query::Postings(after, 1))? {
        Page::Postings(lines) => Ok(lines.first().is_some_and(|line| line.at < from)),
        _ => Ok(false),
    })
}

/// The number of the last line that is early, by halves: times never go back, and `is_early(n)` tells of the line after
/// number `n`.
fn last_before(is_early: impl Fn(u64) -> Result<bool, Fault>) -> Result<u64, Fault> {
    if !is_early(0)? {
        return Ok(0);
    }
    let mut low = 0_u64;
    let mut step = 1_u64;
    while is_early(low.saturating_add(step))? {
        low = low.saturating_add(step);
        step = step.saturating_mul(2);
    }
    let mut high = low.saturating_add(step);
    // The line after `low` is early, that after `high` is not.
    while high.saturating_sub(low) > 1 {
        let middle = low.midpoint(high);
        if is_early(middle)? {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(high)
}
