//! The page of passkeys in the security centre.

use askama::Template;

use crate::{Moment, frame::Frame, i18n::passkey::Text as T, wallet::Around};

/// A passkey of the payer.
#[derive(Clone, Debug)]
pub struct PasskeyRow {
    /// Its id.
    pub id: String,
    /// What the payer calls it.
    pub name: String,
    /// The day it was used last: `2026-11-22`; none if never.
    pub used_on: Option<String>,
    /// When it was added.
    pub created_at: Moment,
}

/// Whether a passkey can be added, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adding {
    /// It can.
    Possible,
    /// There are as many as there may be.
    Full,
    /// The site is reached at an IP address.
    AtAddress,
    /// The site is reached without TLS.
    WithoutTls,
}

/// The passkeys.
#[derive(Clone, Debug)]
pub struct PasskeysView {
    /// What stands around them.
    pub around: Around,
    /// Those that are not removed, in the order of their making.
    pub passkeys: Vec<PasskeyRow>,
    /// Whether one can be added.
    pub adding: Adding,
    /// Whether the code that adds one was sent.
    pub code_sent: bool,
    /// What kind of device this is: offered as a name.
    pub device: String,
}

#[derive(Template)]
#[template(path = "wallet/passkeys.html")]
struct PasskeysPage<'a> {
    f: &'a Frame,
    w: &'a Around,
    v: &'a PasskeysView,
}

/// Renders the passkeys.
pub fn render_passkeys(view: &PasskeysView, frame: &Frame) -> String {
    crate::rendered(&PasskeysPage { f: frame, w: &view.around, v: view })
}
