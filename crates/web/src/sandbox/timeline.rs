//! What the page of a payment's timeline shows.

use super::view::ConsoleView;
use crate::{
    amount::Amount,
    i18n::{
        common::PaymentStatus,
        timeline::{BlockName, LineKind},
    },
    moment::Moment,
};

/// The timeline.
#[derive(Clone, Debug)]
pub struct TimelineView {
    /// The head of the page.
    pub console: ConsoleView,
    /// What was found, if something was asked for.
    pub found: Option<FoundTimeline>,
    /// Whether something was asked for that there is not.
    pub is_unknown: bool,
}

/// A payment and what happened to it.
#[derive(Clone, Debug)]
pub struct FoundTimeline {
    /// The payment's id.
    pub id: String,
    /// The merchant's number.
    pub order_no: String,
    /// WeChat Pay's number of it, if it is an order of that interface.
    pub transaction_id: Option<String>,
    /// What is to be paid.
    pub amount: Amount,
    /// Where it stands.
    pub status: PaymentStatus,
    /// Its cashier.
    pub cashier_url: String,
    /// The same as JSON.
    pub json_url: String,
    /// Whether all of the change log was read.
    pub is_whole: bool,
    /// Oldest first.
    pub rows: Vec<TimelineRow>,
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct TimelineRow {
    /// When.
    pub at: Moment,
    /// What sort of thing.
    pub kind: LineKind,
    /// In short: a request line, the name of an input, two accounts.
    pub title: String,
    /// What came of it: a status, an amount, a version.
    pub result: String,
    /// The CSS class of the dot.
    pub tone: &'static str,
    /// A second line in small print.
    pub note: String,
    /// What can be unfolded.
    pub blocks: Vec<(BlockName, String)>,
}
