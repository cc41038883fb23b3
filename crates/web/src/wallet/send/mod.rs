//! Home, payment code, transfers, collection code and bills, as the handlers fill them.
//!
//! Everything here is a value to be shown. Absent on purpose: decisions, and ids that the page does not need.

mod bills;
mod transfer;

use askama::Template;

pub use self::{
    bills::{BillTitle, BillView, BillsView, Deeds, DetailView, Step, StepWhat, render_bill, render_bills},
    transfer::{
        AmountView, CollectView, ConfirmView, PayeeView, SendNotice, StartView, Who, notice, render_amount,
        render_collect, render_confirm, render_start,
    },
};
use super::Around;
use crate::{
    amount::Amount,
    asset::ROTATE_CODE_JS,
    barcode::barcode_svg,
    frame::Frame,
    i18n::send::{self as words, Text as T},
    moment::Moment,
    paths,
    qr::qr_svg,
};

/// A transfer that waits for the reader.
#[derive(Clone, Debug)]
pub struct WaitingView {
    /// Its id.
    pub id: String,
    /// Who sent it.
    pub from: String,
    /// How much.
    pub amount: Amount,
    /// Until when it can be accepted.
    pub until: Moment,
}

/// The wallet's first page.
#[derive(Clone, Debug)]
pub struct HomeView {
    /// The reader's phone number, masked.
    pub masked_phone: String,
    /// What can be spent; none while it is hidden.
    pub balance: Option<Amount>,
    /// What is set aside, if anything is and the balance is shown.
    pub held: Option<Amount>,
    /// Transfers that wait for the reader.
    pub waiting: Vec<WaitingView>,
    /// The newest bills.
    pub recent: Vec<BillView>,
}

#[derive(Template)]
#[template(path = "wallet/send/home.html")]
struct HomePage<'a> {
    f: &'a Frame,
    w: &'a Around,
    v: &'a HomeView,
}

/// Where the tiles lead, and the lines of their pictures on a ground of 24 by 24.
const TILES: [(&str, T, &str); 8] = [
    (paths::PAYMENT_CODE, T::Code, "M4 5v14M8 5v14M11.5 5v14M15 5v14M20 5v14"),
    (paths::TRANSFER, T::Transfer, "M4 9h15l-4-4M20 15H5l4 4"),
    (paths::COLLECT, T::Collect, "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h3v3m3-3v6h-6"),
    (paths::TOP_UP, T::TopUp, "M12 4v12m-5-5 5 5 5-5M5 20h14"),
    (paths::WITHDRAWAL, T::Withdraw, "M12 16V4M7 9l5-5 5 5M5 20h14"),
    (paths::CARDS, T::Cards, "M3 6h18v12H3zM3 10h18M7 15h4"),
    (paths::UTILITIES, T::Utilities, "M12 3c4 5 6 8 6 11a6 6 0 0 1-12 0c0-3 2-6 6-11zM13 10l-3 4h4l-3 4"),
    (paths::TRANSIT, T::Transit, "M6 4h12v12H6zM6 10h12M9 13h0M15 13h0M8 16l-2 4M16 16l2 4"),
];

/// Renders the wallet's first page.
pub fn render_home(view: &HomeView, around: &Around, frame: &Frame) -> String {
    crate::rendered(&HomePage { f: frame, w: around, v: view })
}

/// A payment code on the screen.
#[derive(Clone, Debug)]
pub struct CodeShown {
    /// Its digits.
    pub digits: String,
    /// When the next one is due, in seconds.
    pub changes_in_s: u64,
}

impl CodeShown {
    /// The digits in groups, as people read them out.
    pub(crate) fn grouped(&self) -> String {
        let groups = self.digits.as_bytes().chunks(4).map(String::from_utf8_lossy);
        groups.collect::<Vec<_>>().join(" ")
    }
}

/// The page that shows the payer's code to a shop.
#[derive(Clone, Debug)]
pub struct CodeView {
    /// The code, once it was asked for.
    pub shown: Option<CodeShown>,
    /// Whether those of this minute are used up.
    pub used_up: bool,
}

#[derive(Template)]
#[template(path = "wallet/send/code.html")]
struct CodePage<'a> {
    f: &'a Frame,
    w: &'a Around,
    v: &'a CodeView,
    bars: String,
    qr: String,
}

/// Renders the page with the payment code.
pub fn render_code(view: &CodeView, around: &Around, frame: &Frame) -> String {
    let digits = view.shown.as_ref().map(|shown| shown.digits.as_str());
    let page = CodePage {
        f: frame,
        w: around,
        v: view,
        bars: digits.map(barcode_svg).unwrap_or_default(),
        qr: digits.map(qr_svg).unwrap_or_default(),
    };
    crate::rendered(&page)
}
