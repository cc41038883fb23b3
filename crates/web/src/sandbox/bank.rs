//! The page of the sandbox's bank on which the holder of a card confirms a payment.

use askama::Template;

use crate::amount::Amount;
use crate::frame::Frame;
use crate::i18n::common;
use crate::i18n::sandbox::Text as T;

/// A payment that waits for the word of a card's holder.
#[derive(Clone, Debug)]
pub struct HolderView {
    /// The page's own path, to which its form is posted.
    pub path: String,
    /// The path that leads back to the cashier.
    pub cashier: String,
    /// The bank and the last four digits of the card.
    pub card: String,
    /// The shop's name.
    pub merchant_name: String,
    /// What is to be paid.
    pub amount: Amount,
    /// Whether the bank still waits.
    pub waits: bool,
}

#[derive(Template)]
#[template(path = "sandbox/bank.html")]
struct HolderPage<'a> {
    f: &'a Frame,
    v: &'a HolderView,
}

/// Renders the bank's page.
pub fn render_holder(view: &HolderView, frame: &Frame) -> String {
    crate::rendered(&HolderPage { f: frame, v: view })
}
