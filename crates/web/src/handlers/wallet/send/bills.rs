//! `/wallet/bills`: what moved on the payer's accounts, a month at a time, newest first.
//!
//! What counts as moved says [`tongbao_engine::bills`].

use axum::response::Response;
use tongbao_core::{
    Id,
    id::{Kind, MerchantId, PayerId},
    transfer::Transfer,
};
use tongbao_engine::bills::{self, Counterparty, Month, What};
use tongbao_store::{Entry, Fault};

use super::{super::visitor::Visitor, shown_who, yuan};
use crate::{
    handlers::{answer::Trouble, record_view::moment},
    i18n::send::BillKind,
    paths,
    wallet::{
        Tab,
        send::{BillTitle, BillView, BillsView, render_bills},
    },
};

/// Bills of one page.
const PAGE_BILLS: usize = 20;

pub(super) async fn show(visitor: Visitor) -> Result<Response, Trouble> {
    let view = view(&visitor)?;
    let here = address(Month::parse(&view.month).unwrap_or(Month::of(visitor.now)), view.kind, 0);
    let around = visitor.around(Tab::Bills, &here);
    Ok(visitor.page(|frame| render_bills(&view, &around, frame)))
}

fn view(visitor: &Visitor) -> Result<BillsView, Fault> {
    let present = Month::of(visitor.now);
    let asked = visitor.visit.query("month").and_then(Month::parse).filter(|month| *month <= present);
    let month = asked.unwrap_or(present);
    let wanted = visitor.visit.query("kind");
    let kind = BillKind::EVERY.into_iter().find(|kind| Some(kind.value()) == wanted).unwrap_or(BillKind::All);
    let page: usize = visitor.visit.query("page").and_then(|page| page.parse().ok()).unwrap_or(0);
    let moved = visitor.pages.engine.moved_in(visitor.payer.id, month)?;
    let (income, expense) = moved.sums();
    let mut entries = moved.entries;
    entries.retain(|entry| kind == BillKind::All || kind_of(entry.reason) == kind);
    let from = page.saturating_mul(PAGE_BILLS).min(entries.len());
    let until = from.saturating_add(PAGE_BILLS).min(entries.len());
    let mut names = Names::new(visitor);
    let shown = entries.get(from..until).unwrap_or_default();
    let bills = shown.iter().map(|entry| names.bill(entry)).collect::<Result<_, Fault>>()?;
    let joined = Month::of(visitor.payer.created_at);
    let other = |month: Month| address(month, kind, 0);
    Ok(BillsView {
        month: month.text(),
        earlier: (month > joined).then(|| other(month.before())),
        later: (month < present).then(|| other(month.after())),
        kind,
        income: yuan(income),
        expense: yuan(expense),
        bills,
        newer: (page > 0).then(|| address(month, kind, page.saturating_sub(1))),
        older: (until < entries.len()).then(|| address(month, kind, page.saturating_add(1))),
        cut: moved.cut,
    })
}

fn address(month: Month, kind: BillKind, page: usize) -> String {
    let page = if page > 0 { format!("&page={page}") } else { String::new() };
    format!("{}?month={}&kind={}{page}", paths::BILLS, month.text(), kind.value())
}

/// The newest bills, whatever month they are of.
pub(super) fn newest(visitor: &Visitor, count: usize) -> Result<Vec<BillView>, Fault> {
    let entries = visitor.pages.engine.moved_last(visitor.payer.id, count)?;
    let mut names = Names::new(visitor);
    entries.iter().map(|entry| names.bill(entry)).collect()
}

/// What kind of bill an entry is.
const fn kind_of(reason: tongbao_core::ledger::Reason) -> BillKind {
    match bills::BillKind::of(reason) {
        bills::BillKind::Payment => BillKind::Payment,
        bills::BillKind::Refund => BillKind::Refund,
        bills::BillKind::Transfer => BillKind::Transfer,
        bills::BillKind::TopUp => BillKind::TopUp,
        bills::BillKind::Withdrawal => BillKind::Withdrawal,
        bills::BillKind::Utility => BillKind::Utility,
        bills::BillKind::Ride => BillKind::Ride,
        bills::BillKind::Other => BillKind::Other,
    }
}

/// What things are called, looked up once for a page.
pub(super) struct Names<'a>(bills::Names<'a>);

/// What another is called.
fn called(with: Counterparty) -> String {
    match with {
        Counterparty::Merchant(name) | Counterparty::Biller(name) => name,
        Counterparty::Payer(who) => who.map(|who| shown_who(who).to_string()).unwrap_or_default(),
    }
}

impl<'a> Names<'a> {
    pub(super) fn new(visitor: &'a Visitor) -> Names<'a> {
        Names(bills::Names::new(&visitor.pages.engine))
    }

    /// A shop's name.
    pub(super) fn merchant(&mut self, id: MerchantId) -> Result<String, Fault> {
        self.0.merchant(id).map(called)
    }

    /// Another payer, masked.
    pub(super) fn payer(&mut self, id: PayerId) -> Result<String, Fault> {
        self.0.payer(id).map(called)
    }

    /// Who sent a transfer.
    pub(super) fn sender(&mut self, transfer: &Transfer) -> Result<String, Fault> {
        self.0.sender(transfer).map(called)
    }

    /// An entry as a line of the list.
    fn bill(&mut self, entry: &Entry) -> Result<BillView, Fault> {
        let line = self.0.line(entry)?;
        let name = line.with.map(called).unwrap_or_default();
        let title = match line.what {
            What::Paid => BillTitle::PaidTo(name),
            What::Refunded => BillTitle::RefundFrom(name),
            What::Sent => BillTitle::SentTo(name),
            What::Received => BillTitle::ReceivedFrom(name),
            What::CameBack => BillTitle::CameBackFrom(name),
            What::ToppedUp => BillTitle::TopUp,
            What::Withdrawn => BillTitle::Withdrawal,
            What::WithdrawalFee => BillTitle::WithdrawalFee,
            What::WithdrawalBack => BillTitle::WithdrawalBack,
            What::Shared => BillTitle::Shared,
            What::Other => BillTitle::Other,
        };
        Ok(BillView {
            title,
            kind: kind_of(entry.reason),
            at: moment(entry.at),
            amount: yuan(entry.amount),
            path: line.subject.map(page_of),
        })
    }
}

/// The page that tells more of something.
fn page_of(subject: Id) -> String {
    let id = subject.to_string();
    match subject.kind {
        Kind::TopUp => paths::top_up(&id),
        Kind::Withdrawal => paths::withdrawal(&id),
        Kind::UtilityPayment => paths::utility(&id),
        Kind::Ride => paths::ride(&id),
        _ => paths::bill(&id),
    }
}
