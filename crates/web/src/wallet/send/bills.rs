//! The list of bills, and the page of one of them, which prints as a receipt.

use askama::Template;

use super::super::Around;
use crate::{
    amount::Amount,
    asset::PRINT_JS,
    frame::Frame,
    i18n::send::{self as words, BillKind, BillStatus, Text as T},
    moment::Moment,
    paths,
};

/// What a bill is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BillTitle {
    /// Paid to a shop.
    PaidTo(String),
    /// Came back from a shop.
    RefundFrom(String),
    /// Sent to somebody.
    SentTo(String),
    /// Sent by somebody.
    ReceivedFrom(String),
    /// Sent to somebody, and back again.
    CameBackFrom(String),
    /// Put into the balance.
    TopUp,
    /// Taken out of it.
    Withdrawal,
    /// What taking it out cost.
    WithdrawalFee,
    /// Taken out of it, and back again.
    WithdrawalBack,
    /// A share of a shop's payment.
    Shared,
    /// Something else.
    Other,
}

/// One line of the list.
#[derive(Clone, Debug)]
pub struct BillView {
    /// What it is of.
    pub title: BillTitle,
    /// What kind of bill.
    pub kind: BillKind,
    /// When.
    pub at: Moment,
    /// What it did to the balance.
    pub amount: Amount,
    /// The page with more of it, if there is one.
    pub path: Option<String>,
}

/// The bills of a month.
#[derive(Clone, Debug)]
pub struct BillsView {
    /// The month: `2026-11`.
    pub month: String,
    /// The one before, if there is one.
    pub earlier: Option<String>,
    /// The one after, if it has begun.
    pub later: Option<String>,
    /// Which kind is listed.
    pub kind: BillKind,
    /// What came in this month.
    pub income: Amount,
    /// What went out.
    pub expense: Amount,
    /// The bills of this page, newest first.
    pub bills: Vec<BillView>,
    /// The page of newer ones.
    pub newer: Option<String>,
    /// The page of older ones.
    pub older: Option<String>,
    /// Whether the month has more than are looked at.
    pub cut: bool,
}

#[derive(Template)]
#[template(path = "wallet/send/bills.html")]
struct BillsPage<'a> {
    f: &'a Frame,
    w: &'a Around,
    v: &'a BillsView,
}

/// Renders the list of bills.
pub fn render_bills(view: &BillsView, around: &Around, frame: &Frame) -> String {
    crate::rendered(&BillsPage { f: frame, w: around, v: view })
}

/// What happened to what a bill is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepWhat {
    /// The shop asked for a payment.
    Ordered,
    /// The payer tried to pay.
    Tried,
    /// That came to nothing.
    TryFailed,
    /// It was paid.
    Paid,
    /// It was closed.
    Closed,
    /// The shop gives some back.
    RefundAsked(Amount),
    /// That arrived.
    RefundArrived(Amount),
    /// That failed.
    RefundFailed,
    /// The sender sent.
    Sent,
    /// The recipient has it.
    Arrived,
    /// The recipient took it.
    Accepted,
    /// The sender took it back.
    TakenBack,
    /// The recipient sent it back.
    SentBack,
    /// Nobody took it in time.
    TimeOver,
    /// When it would go back.
    EndsAt,
}

/// A step on its way.
#[derive(Clone, Debug)]
pub struct Step {
    /// When.
    pub at: Moment,
    /// What.
    pub what: StepWhat,
}

/// One bill with all that is known of it.
#[derive(Clone, Debug)]
pub struct DetailView {
    /// What it is of.
    pub title: BillTitle,
    /// What kind of bill.
    pub kind: BillKind,
    /// What it did to the balance, or would.
    pub amount: Amount,
    /// Where it stands.
    pub status: BillStatus,
    /// Whether the reader has just sent it.
    pub just_sent: bool,
    /// More of it, in words.
    pub rows: Vec<(T, String)>,
    /// When it began.
    pub at: Moment,
    /// Its number.
    pub number: String,
    /// What happened, oldest first.
    pub steps: Vec<Step>,
    /// What the reader can do about it.
    pub deeds: Deeds,
}

/// What a reader can do about a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deeds {
    /// Nothing.
    None,
    /// Accept it.
    Accept,
    /// Accept it, or send it back.
    AcceptOrDecline,
    /// Take it back.
    TakeBack,
}

#[derive(Template)]
#[template(path = "wallet/send/bill.html")]
struct BillPage<'a> {
    f: &'a Frame,
    w: &'a Around,
    v: &'a DetailView,
}

impl BillPage<'_> {
    fn can_accept(&self) -> bool {
        matches!(self.v.deeds, Deeds::Accept | Deeds::AcceptOrDecline)
    }

    fn can_decline(&self) -> bool {
        self.v.deeds == Deeds::AcceptOrDecline
    }

    fn can_take_back(&self) -> bool {
        self.v.deeds == Deeds::TakeBack
    }

    /// The form that does something with this transfer.
    fn action(&self, deed: &str) -> String {
        self.f.href(&paths::transfer_deed(&self.v.number, deed))
    }
}

/// Renders one bill.
pub fn render_bill(view: &DetailView, around: &Around, frame: &Frame) -> String {
    crate::rendered(&BillPage { f: frame, w: around, v: view })
}
