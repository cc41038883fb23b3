//! The wallet's pages: views that are filled by the HTTP handlers, and what stands around each of them.

pub mod account;
pub mod money;
pub mod passkeys;
pub mod send;
pub mod transit;
pub mod utility;

use crate::i18n::wallet::Text as T;

/// Where the tab bar leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// Balance and entry points.
    Home,
    /// Bills.
    Bills,
    /// Messages.
    Messages,
    /// The security centre.
    Security,
}

impl Tab {
    /// All of them, in the order of the bar.
    pub(crate) const ALL: [Tab; 4] = [Tab::Home, Tab::Bills, Tab::Messages, Tab::Security];

    pub(crate) fn path(self) -> &'static str {
        match self {
            Tab::Home => crate::paths::WALLET,
            Tab::Bills => crate::paths::BILLS,
            Tab::Messages => crate::paths::MESSAGES,
            Tab::Security => crate::paths::SECURITY,
        }
    }

    pub(crate) fn name(self) -> T {
        match self {
            Tab::Home => T::Home,
            Tab::Bills => T::Bills,
            Tab::Messages => T::Messages,
            Tab::Security => T::Security,
        }
    }
}

/// How a notice is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Done.
    Good,
    /// Something to mind.
    Warn,
    /// It did not work.
    Bad,
}

impl Tone {
    /// The CSS class.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Tone::Good => "good",
            Tone::Warn => "warn",
            Tone::Bad => "bad",
        }
    }
}

/// What a page says above its content: what happened, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// How it is meant.
    pub tone: Tone,
    /// What happened, one sentence.
    pub title: String,
    /// What the reader can do about it; may be empty.
    pub next: String,
}

/// What stands around the content of a page of the wallet. In templates it is `w`, beside the frame `f`; pages extend
/// `wallet/base.html` and fill the blocks `title` and `content`.
#[derive(Clone, Debug)]
pub struct Around {
    /// The path of the page, for the links that change language and size of text.
    pub here: String,
    /// Which tab is lit; none before the sign-in, where there is no bar.
    pub tab: Option<Tab>,
    /// Whether this is a sandbox.
    pub sandbox: bool,
    /// What is said above the content.
    pub notice: Option<Notice>,
}

impl Around {
    /// The same, saying this; without it, what it says already.
    pub(crate) fn saying(self, notice: Option<Notice>) -> Around {
        Around { notice: notice.or(self.notice), ..self }
    }
}
