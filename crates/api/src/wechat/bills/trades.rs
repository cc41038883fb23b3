//! The lines of a trade bill: from movements of the takings to payments and refunds.
//!
//! A payment is booked as `payment`, then `fee`; a refund as `fee_return`, then `refund`, and both without its fee if
//! that is nothing. The two postings of one step stand side by side in the account.

use std::collections::HashMap;

use tongbao_channel::wechat::bill::{Deal, Trade, TradeBill, TradeSums};
use tongbao_core::{
    Id, Time,
    id::{Kind, PaymentId, RefundId, TypedId},
    ledger::Reason,
    payment::Payment,
    refund::{Refund, RefundStatus, Target},
    wechat::codepay,
};
use tongbao_store::{Entry, Fault};

use super::text::Source;
use crate::wechat::orders::BANK_TYPE;

/// A line whose fee may still come.
#[derive(Clone, Copy)]
struct Open {
    entry: Entry,
    /// What the fee did to the balance, in fen.
    fee: i64,
}

/// See the module.
pub(super) struct Trades {
    sums: TradeSums,
    /// The last payment or refund.
    open: Option<Open>,
    /// The fee that was given back last.
    returned: Option<Entry>,
    /// Refunds that failed on this day, by the number of the posting that says so; looked up when first needed.
    failures: Option<HashMap<Id, u64>>,
}

impl Trades {
    pub(super) const fn new(bill: TradeBill) -> Trades {
        Trades { sums: TradeSums::new(bill), open: None, returned: None, failures: None }
    }

    pub(super) fn heading(&self, text: &mut String) {
        self.sums.heading(text);
    }

    pub(super) const fn lines(&self) -> u64 {
        self.sums.lines()
    }

    /// Takes a movement; what came before it is written once nothing more can belong to it.
    pub(super) fn take(&mut self, source: &Source, entry: Entry, text: &mut String) -> Result<(), Fault> {
        match entry.reason {
            Reason::Fee => {
                if let Some(open) = self.open.as_mut().filter(|open| open.entry.subject == entry.subject) {
                    open.fee = entry.amount;
                }
            }
            Reason::FeeReturn => self.returned = Some(entry),
            Reason::Payment | Reason::Refund => {
                self.write(source, text)?;
                let returned = self.returned.take().filter(|fee| fee.subject == entry.subject);
                self.open = Some(Open { entry, fee: returned.map_or(0, |fee| fee.amount) });
            }
            // What is neither a payment nor a refund has its line in the fund flow bill.
            _ => {}
        }
        Ok(())
    }

    /// Writes what is left, and the sums.
    pub(super) fn end(&mut self, source: &Source, text: &mut String) -> Result<(), Fault> {
        self.write(source, text)?;
        self.sums.end(text);
        Ok(())
    }

    fn write(&mut self, source: &Source, text: &mut String) -> Result<(), Fault> {
        let Some(open) = self.open.take() else { return Ok(()) };
        match open.entry.subject.kind {
            Kind::Payment => self.payment(source, open, text),
            Kind::Refund => self.refund(source, open, text),
            _ => Ok(()),
        }
    }

    fn payment(&mut self, source: &Source, open: Open, text: &mut String) -> Result<(), Fault> {
        let id = PaymentId::from_uuid(open.entry.subject.uuid);
        let Some(payment) = source.engine.store.get::<Payment>(id)? else { return Ok(()) };
        self.line(source, open, &payment, Deal::Payment, text);
        Ok(())
    }

    fn refund(&mut self, source: &Source, open: Open, text: &mut String) -> Result<(), Fault> {
        let store = &source.engine.store;
        let id = RefundId::from_uuid(open.entry.subject.uuid);
        let Some(refund) = store.get::<Refund>(id)? else { return Ok(()) };
        let (Some(order), Some(out_refund_no)) = (&refund.wechat, refund.refund_no()) else { return Ok(()) };
        let failed = self.failed(source, &refund)?;
        if !is_first(source, &open.entry, &refund, failed)? {
            return Ok(());
        }
        let Some(payment) = store.get::<Payment>(refund.payment)? else { return Ok(()) };
        let succeeded_at = refund.succeeded_at.filter(|at| *at < source.day.end());
        let status = match (succeeded_at, failed) {
            (Some(_), _) => RefundStatus::Succeeded,
            (None, Some(_)) => RefundStatus::Failed,
            (None, None) => RefundStatus::Processing,
        };
        let from_code = payment.wechat.as_ref().is_some_and(|order| order.code.is_some());
        let is_reversal = from_code && codepay::is_reversal(out_refund_no);
        let deal =
            Deal::Refund { refund_id: &order.refund_id, out_refund_no, status, succeeded_at, is_reversal };
        self.line(source, open, &payment, deal, text);
        Ok(())
    }

    /// The number of the posting by which a refund failed on this day. One to a balance never fails.
    fn failed(&mut self, source: &Source, refund: &Refund) -> Result<Option<u64>, Fault> {
        match refund.target {
            Target::Balance(_) => return Ok(None),
            Target::Channel(_) => {}
        }
        let failures = match self.failures.take() {
            Some(failures) => failures,
            None => failures_of(source)?,
        };
        let failed = failures.get(&refund.id.into()).copied();
        self.failures = Some(failures);
        Ok(failed)
    }

    fn line(&mut self, source: &Source, open: Open, payment: &Payment, deal: Deal<'_>, text: &mut String) {
        let Some(order) = payment.wechat.as_ref().filter(|_| payment.is_order_of(&source.mchid)) else {
            return;
        };
        let (terms, paid) = (&order.terms, payment.paid_by());
        let named = || paid.map(|paid| source.engine.wechat_openid(&terms.appid, paid.payer));
        let openid = terms.openid.clone().or_else(named).unwrap_or_default();
        let trade = Trade {
            at: open.entry.at,
            appid: &terms.appid,
            mchid: &terms.mchid,
            device_id: terms.device_id.as_deref().unwrap_or_default(),
            transaction_id: &order.transaction_id,
            out_trade_no: &payment.order_no,
            openid: &openid,
            kind: terms.trade_type.name(),
            bank_type: BANK_TYPE,
            description: &payment.description,
            attach: terms.attach.as_deref().unwrap_or_default(),
            fee: -open.fee,
            fee_rate: payment.fee_rate,
            amount: open.entry.amount.saturating_abs(),
            deal,
        };
        self.sums.line(text, &trade);
    }
}

/// The refunds that failed on the day, with the first posting that says so.
fn failures_of(source: &Source) -> Result<HashMap<Id, u64>, Fault> {
    let (mut failures, mut after) = (HashMap::new(), 0);
    loop {
        let page = source.page(after)?;
        let Some(last) = page.last() else { return Ok(failures) };
        after = last.number;
        for entry in page.iter().filter(|entry| entry.reason == Reason::RefundFailed) {
            failures.entry(entry.subject).or_insert(entry.number);
        }
    }
}

/// Whether a posting is the one by which the refund was accepted: one that failed and was paid after all is taken
/// twice, and has its line on the first day.
fn is_first(source: &Source, entry: &Entry, refund: &Refund, failed: Option<u64>) -> Result<bool, Fault> {
    if refund.created_at >= source.day.start() {
        return Ok(failed.is_none_or(|failed| entry.number < failed));
    }
    // It was accepted before this day, or in the step that crossed midnight.
    let (from, until) = (refund.created_at, Time::from_ms(i64::MAX));
    let mut after = 0;
    loop {
        let page = source.engine.store.movements(source.account, (from, until), after, 100)?;
        let Some(last) = page.last() else { return Ok(false) };
        after = last.number;
        let taken = |found: &&Entry| found.reason == Reason::Refund && found.subject == entry.subject;
        if let Some(first) = page.iter().find(taken) {
            return Ok(first.number == entry.number);
        }
    }
}
