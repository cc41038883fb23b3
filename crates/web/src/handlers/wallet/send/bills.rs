//! `/wallet/bills`: what moved on the payer's accounts, a month at a time, newest first.
//!
//! Two accounts are one purse here: money that is set aside and given back has not moved. What is set aside shows when
//! its payment has succeeded.

use std::{collections::HashMap, sync::Arc};

use axum::{Extension, extract::State, response::Response};
use jiff::{
    ToSpan,
    civil::Date,
    tz::{Offset, TimeZone},
};
use tongbao_core::{
    Id, Record, Time,
    id::{Kind, MerchantId, PayerId},
    ledger::{Account, Reason},
    merchant::Merchant,
    payer::Payer,
    transfer::{Sender, Transfer},
};
use tongbao_money::Currency;
use tongbao_store::{Entry, Fault, Page, Query};

use super::{super::visitor::Visitor, who, yuan};
use crate::{
    handlers::{Pages, answer::Trouble, record_view::moment, visit::Visit},
    i18n::send::BillKind,
    paths,
    wallet::{
        Tab,
        send::{BillTitle, BillView, BillsView, render_bills},
    },
};

/// Bills of one page.
const PAGE_BILLS: usize = 20;
/// Entries of an account that are looked at for one month: more than anybody can read.
const MONTH_ENTRIES_MAX: usize = 5_000;
/// Entries read at once.
const READ_ENTRIES: u32 = 1_000;
/// China Standard Time, whose months these are.
const CHINA: Offset = Offset::constant(8);

pub(super) async fn show(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
) -> Result<Response, Trouble> {
    let visitor = Visitor::open(&pages, &visit).await?;
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
    let (mut entries, cut) = entries_of(visitor, month)?;
    let sum = |sign: i64| {
        let part = entries.iter().map(|entry| entry.amount.saturating_mul(sign).max(0));
        yuan(part.fold(0, i64::saturating_add))
    };
    let (income, expense) = (sum(1), sum(-1));
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
        income,
        expense,
        bills,
        newer: (page > 0).then(|| address(month, kind, page.saturating_sub(1))),
        older: (until < entries.len()).then(|| address(month, kind, page.saturating_add(1))),
        cut,
    })
}

fn address(month: Month, kind: BillKind, page: usize) -> String {
    let page = if page > 0 { format!("&page={page}") } else { String::new() };
    format!("{}?month={}&kind={}{page}", paths::BILLS, month.text(), kind.value())
}

/// The newest bills, whatever month they are of.
pub(super) fn newest(visitor: &Visitor, count: usize) -> Result<Vec<BillView>, Fault> {
    let mut entries = Vec::new();
    for account in accounts(visitor.payer.id) {
        let limit = u32::try_from(count.saturating_mul(3)).unwrap_or(u32::MAX);
        entries.extend(visitor.pages.engine.store.entries(account.of(Currency::CNY), None, limit)?);
    }
    entries.retain(|entry| !is_inside(entry.reason));
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.number));
    let mut names = Names::new(visitor);
    entries.iter().take(count).map(|entry| names.bill(entry)).collect()
}

const fn accounts(payer: PayerId) -> [Account; 2] {
    [Account::PayerAvailable(payer), Account::PayerHeld(payer)]
}

/// What moved in a month, newest first, and whether there was more than is looked at.
fn entries_of(visitor: &Visitor, month: Month) -> Result<(Vec<Entry>, bool), Fault> {
    let (from, until) = month.span();
    let (mut all, mut cut) = (Vec::new(), false);
    for account in accounts(visitor.payer.id) {
        let (mut after, mut seen) = (0, 0_usize);
        loop {
            let account = account.of(Currency::CNY);
            let query = Query::Movements { account, from, until, after, limit: READ_ENTRIES };
            let Page::Entries(entries) = visitor.pages.engine.store.read(query)? else {
                return Err(Fault::Unreadable("the store answered movements with another page".to_owned()));
            };
            let Some(last) = entries.last() else { break };
            (after, seen) = (last.number, seen.saturating_add(entries.len()));
            all.extend(entries);
            if seen >= MONTH_ENTRIES_MAX {
                cut = true;
                break;
            }
        }
    }
    all.retain(|entry| !is_inside(entry.reason));
    all.sort_by_key(|entry| std::cmp::Reverse(entry.number));
    Ok((all, cut))
}

/// Whether money stays in the payer's purse: set aside, or given back.
const fn is_inside(reason: Reason) -> bool {
    matches!(reason, Reason::Hold | Reason::Release)
}

/// What kind of bill an entry is.
const fn kind_of(reason: Reason) -> BillKind {
    match reason {
        Reason::Payment => BillKind::Payment,
        Reason::RefundPaid => BillKind::Refund,
        Reason::Transfer | Reason::TransferAccepted | Reason::TransferReturned | Reason::TransferAtOnce => {
            BillKind::Transfer
        }
        Reason::TopUp => BillKind::TopUp,
        Reason::Withdrawal
        | Reason::WithdrawalFee
        | Reason::WithdrawalPaid
        | Reason::WithdrawalFeeEarned
        | Reason::WithdrawalReturned
        | Reason::WithdrawalFeeReturned
        | Reason::WithdrawalBounced => BillKind::Withdrawal,
        Reason::Share
        | Reason::ShareReturned
        | Reason::Hold
        | Reason::Release
        | Reason::Fee
        | Reason::FeeReturn
        | Reason::FeeAgain
        | Reason::Refund
        | Reason::RefundFailed
        | Reason::Unexpected
        | Reason::Return
        | Reason::Freeze
        | Reason::Unfreeze => BillKind::Other,
    }
}

/// What things are called, looked up once for a page.
pub(super) struct Names<'a> {
    visitor: &'a Visitor<'a>,
    merchants: HashMap<MerchantId, String>,
    payers: HashMap<PayerId, String>,
}

impl<'a> Names<'a> {
    pub(super) fn new(visitor: &'a Visitor<'a>) -> Names<'a> {
        Names { visitor, merchants: HashMap::new(), payers: HashMap::new() }
    }

    /// A shop's name.
    pub(super) fn merchant(&mut self, id: MerchantId) -> Result<String, Fault> {
        if let Some(known) = self.merchants.get(&id) {
            return Ok(known.clone());
        }
        let found = self.visitor.pages.engine.store.get::<Merchant>(id)?;
        let name = found.map(|merchant| merchant.name).unwrap_or_default();
        self.merchants.insert(id, name.clone());
        Ok(name)
    }

    /// Another payer, masked.
    pub(super) fn payer(&mut self, id: PayerId) -> Result<String, Fault> {
        if let Some(known) = self.payers.get(&id) {
            return Ok(known.clone());
        }
        let found = self.visitor.pages.engine.store.get::<Payer>(id)?;
        let name = found.map(|payer| who(&payer).to_string()).unwrap_or_default();
        self.payers.insert(id, name.clone());
        Ok(name)
    }

    /// Who sent a transfer.
    pub(super) fn sender(&mut self, transfer: &Transfer) -> Result<String, Fault> {
        match &transfer.sender {
            Sender::Merchant { merchant, .. } => self.merchant(*merchant),
            Sender::Payer { payer, .. } => self.payer(*payer),
        }
    }

    /// An entry as a line of the list.
    fn bill(&mut self, entry: &Entry) -> Result<BillView, Fault> {
        let (title, path) = self.title(entry)?;
        Ok(BillView {
            title,
            kind: kind_of(entry.reason),
            at: moment(entry.at),
            amount: yuan(entry.amount),
            path,
        })
    }

    /// What an entry is of, and the page that tells more.
    fn title(&mut self, entry: &Entry) -> Result<(BillTitle, Option<String>), Fault> {
        let store = &self.visitor.pages.engine.store;
        let id = entry.subject.to_string();
        let own = match entry.subject.kind {
            Kind::TopUp => Some((BillTitle::TopUp, Some(paths::top_up(&id)))),
            Kind::Withdrawal => {
                let title = match entry.reason {
                    Reason::WithdrawalFee => BillTitle::WithdrawalFee,
                    _ if entry.amount > 0 => BillTitle::WithdrawalBack,
                    _ => BillTitle::Withdrawal,
                };
                Some((title, Some(paths::withdrawal(&id))))
            }
            _ => None,
        };
        if let Some(own) = own {
            return Ok(own);
        }
        let subject = store.records(Query::Record(entry.subject))?.into_iter().next();
        let (title, bill) = match subject {
            Some(Record::Payment(payment)) => {
                (BillTitle::PaidTo(self.merchant(payment.merchant)?), Some(payment.id.into()))
            }
            Some(Record::Refund(refund)) => {
                (BillTitle::RefundFrom(self.merchant(refund.merchant)?), Some(refund.payment.into()))
            }
            Some(Record::Transfer(transfer)) => {
                let recipient = self.payer(transfer.recipient)?;
                let title = match entry.reason {
                    Reason::TransferReturned => BillTitle::CameBackFrom(recipient),
                    _ if entry.amount < 0 => BillTitle::SentTo(recipient),
                    _ => BillTitle::ReceivedFrom(self.sender(&transfer)?),
                };
                (title, Some(Id::from(transfer.id)))
            }
            _ if entry.reason == Reason::TopUp => (BillTitle::TopUp, None),
            _ if entry.reason == Reason::Share => (BillTitle::Shared, None),
            _ => (BillTitle::Other, None),
        };
        Ok((title, bill.map(|id| paths::bill(&id.to_string()))))
    }
}

/// A month of China's calendar, by its first day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Month(Date);

impl Month {
    /// The month of an instant.
    fn of(at: Time) -> Month {
        let stamp = jiff::Timestamp::from_millisecond(at.ms()).unwrap_or_default();
        Month(stamp.to_zoned(TimeZone::fixed(CHINA)).date().first_of_month())
    }

    /// Reads `2026-11`; years of four digits.
    fn parse(text: &str) -> Option<Month> {
        let (year, month) =
            text.split_once('-').filter(|(year, month)| year.len() == 4 && month.len() == 2)?;
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits(year) || !is_digits(month) {
            return None;
        }
        Date::new(year.parse().ok()?, month.parse().ok()?, 1)
            .ok()
            .filter(|date| date.year() >= 1_970)
            .map(Month)
    }

    fn text(self) -> String {
        self.0.strftime("%Y-%m").to_string()
    }

    fn before(self) -> Month {
        Month(self.0.saturating_sub(1.month()))
    }

    fn after(self) -> Month {
        Month(self.0.saturating_add(1.month()))
    }

    /// Its first instant, and the first after it.
    fn span(self) -> (Time, Time) {
        let start = |month: Month| {
            let zoned = month.0.to_zoned(TimeZone::fixed(CHINA));
            Time::from_ms(zoned.map_or(i64::MAX, |zoned| zoned.timestamp().as_millisecond()))
        };
        (start(self), start(self.after()))
    }
}

#[cfg(test)]
mod tests {
    use tongbao_core::Time;

    use super::Month;

    #[test]
    fn months_begin_at_midnight_in_china() {
        let month = Month::parse("2026-11").unwrap();
        let (from, until) = month.span();
        assert_eq!((from.ms(), until.ms()), (1_793_462_400_000, 1_796_054_400_000));
        assert_eq!(Month::of(from), month);
        assert_eq!(Month::of(from.plus_ms(-1)), month.before());
        assert_eq!(Month::of(until.plus_ms(-1)), month);
        assert_eq!(Month::of(until), month.after());
        assert_eq!(
            (month.before().text(), month.after().text()),
            ("2026-10".to_owned(), "2026-12".to_owned())
        );
        assert_eq!(Month::parse("2026-12").unwrap().after().text(), "2027-01");
        assert_eq!(Month::of(Time::from_ms(0)).text(), "1970-01");
    }

    #[test]
    fn what_is_no_month_is_none() {
        for text in
            ["", "2026", "2026-13", "2026-00", "2026-1", "-026-01", "１９９９-01", "1969-12", "2026-11-01"]
        {
            assert_eq!(Month::parse(text), None, "{text}");
        }
    }
}
