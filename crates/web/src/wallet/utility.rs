//! Utility payments, as the handlers fill their pages.
//!
//! Absent on purpose: numbers of accounts at billers, but on the page that confirms one.

use askama::Template;
use serde::{Deserialize, Serialize};
use tongbao_core::utility::{Failure, Utility};
use tongbao_engine::utility::sandbox_billers::Behaviour;

use super::{Around, Notice, Tone};
use crate::{
    amount::Amount,
    asset::PRINT_JS,
    frame::Frame,
    i18n::{
        Lang,
        utility::{self as words, Text as T},
    },
    moment::Moment,
    paths,
};

/// What a page says of what was done; carried over a redirect, so it holds numbers and no texts. Instants are
/// milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UtilityNotice {
    /// With the tries left.
    WrongPassword(u8),
    /// Until then.
    PasswordLocked(i64),
    /// It has six digits.
    MalformedPassword,
    /// What the device brought was not accepted.
    PasskeyRefused,
    /// What was due must be asked for again.
    OfferExpired,
    /// Too much to do; nothing was done.
    Busy,
    /// The account is frozen.
    Frozen,
    /// Nobody knows who the payer is.
    IdentityRequired,
    /// A limit of the account would be passed; this much is left, in fen.
    LimitReached(i64),
    /// There is less than is due.
    BalanceInsufficient,
    /// The biller has no such account.
    NoSuchAccount,
    /// Nothing is due.
    NothingDue,
    /// The biller gave no answer.
    NoAnswer,
    /// As many payments were made today as may be.
    PaymentsUsedUp,
    /// No more accounts are looked up today.
    LookUpsUsedUp,
    /// The biller asks for more than may be paid at once.
    AmountTooLarge,
}

/// The words of a notice.
pub fn notice(told: &UtilityNotice, lang: Lang) -> Notice {
    let (title, next) = words::notice(lang, told);
    let tone = if *told == UtilityNotice::NothingDue { Tone::Good } else { Tone::Bad };
    Notice { tone, title, next }
}

/// A biller to choose.
#[derive(Clone, Debug)]
pub struct BillerView {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What it supplies.
    pub utility: Utility,
}

impl BillerView {
    fn kind(&self, lang: Lang) -> &'static str {
        words::utility(lang, self.utility)
    }
}

/// An account that was paid for before.
#[derive(Clone, Debug)]
pub struct KnownView {
    /// The payment that tells the account.
    pub payment: String,
    /// The biller.
    pub biller: String,
    /// Its last digits.
    pub account: String,
}

/// An account for trying things out.
#[derive(Clone, Copy, Debug)]
pub struct TestAccountView {
    /// Its number.
    pub number: &'static str,
    /// What the biller does with it.
    pub behaviour: Behaviour,
}

impl TestAccountView {
    fn what(&self, lang: Lang) -> &'static str {
        words::behaviour(lang, self.behaviour)
    }
}

/// The page on which an account is given.
#[derive(Clone, Debug)]
pub struct UtilitiesView {
    /// Who takes payments.
    pub billers: Vec<BillerView>,
    /// Which is chosen.
    pub chosen: String,
    /// Accounts that were paid for before, the last first.
    pub known: Vec<KnownView>,
    /// Accounts of the sandbox; none in production.
    pub tests: Vec<TestAccountView>,
}

/// What is due, before it is paid.
#[derive(Clone, Debug)]
pub struct OfferView {
    /// What is paid, sealed.
    pub offer: String,
    /// The biller.
    pub biller: String,
    /// The account.
    pub account: String,
    /// The holder's name, masked.
    pub holder: String,
    /// The time that is paid for.
    pub period: String,
    /// How much is due.
    pub amount: Amount,
    /// What the payer has.
    pub balance: Amount,
    /// Whether that is enough.
    pub is_enough: bool,
    /// Where the script learns what a passkey is asked to sign, if the payer has one.
    pub passkey: Option<String>,
}

/// Where a utility payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UtilityState {
    /// The biller was asked, or is about to be.
    Asking,
    /// The biller has it.
    Paid,
    /// The payer has it back.
    Failed(Failure),
}

/// What became of a utility payment.
#[derive(Clone, Debug)]
pub struct UtilityView {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub state: UtilityState,
    /// The biller.
    pub biller: String,
    /// What it supplies.
    pub utility: Utility,
    /// The last digits of the account.
    pub account: String,
    /// The time that is paid for.
    pub period: String,
    /// How much.
    pub amount: Amount,
    /// When it was paid from the balance.
    pub at: Moment,
    /// When its result was known.
    pub ended_at: Option<Moment>,
    /// What the biller calls it.
    pub reference: Option<String>,
}

impl UtilityView {
    fn title(&self) -> T {
        match self.state {
            UtilityState::Asking => T::Asking,
            UtilityState::Paid => T::Paid,
            UtilityState::Failed(_) => T::Failed,
        }
    }

    fn is_asking(&self) -> bool {
        self.state == UtilityState::Asking
    }

    fn kind(&self, lang: Lang) -> &'static str {
        words::utility(lang, self.utility)
    }

    /// Why it was not paid, if it was not.
    fn reason(&self, lang: Lang) -> &'static str {
        match self.state {
            UtilityState::Failed(why) => words::failure(lang, why),
            UtilityState::Asking | UtilityState::Paid => "",
        }
    }

    /// The mark above the title.
    fn mark(&self) -> &'static str {
        match self.state {
            UtilityState::Asking => "",
            UtilityState::Paid => "good",
            UtilityState::Failed(_) => "over",
        }
    }
}

#[derive(Template)]
#[template(path = "wallet/utility/start.html")]
struct StartPage<'a> {
    f: &'a Frame,
    w: &'a Around,
    v: &'a UtilitiesView,
}

#[derive(Template)]
#[template(path = "wallet/utility/confirm.html")]
struct ConfirmPage<'a> {
    f: &'a Frame,
    w: &'a Around,
    v: &'a OfferView,
}

#[derive(Template)]
#[template(path = "wallet/utility/payment.html")]
struct PaymentPage<'a> {
    f: &'a Frame,
    w: &'a Around,
    v: &'a UtilityView,
}

/// Renders the page on which an account is given.
pub fn render_utilities(view: &UtilitiesView, around: &Around, frame: &Frame) -> String {
    crate::rendered(&StartPage { f: frame, w: around, v: view })
}

/// Renders what is due.
pub fn render_offer(view: &OfferView, around: &Around, frame: &Frame) -> String {
    crate::rendered(&ConfirmPage { f: frame, w: around, v: view })
}

/// Renders what became of a utility payment; it prints as a receipt.
pub fn render_utility(view: &UtilityView, around: &Around, frame: &Frame) -> String {
    crate::rendered(&PaymentPage { f: frame, w: around, v: view })
}
