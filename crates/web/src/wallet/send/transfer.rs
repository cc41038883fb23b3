//! The pages of a transfer in their order: to whom, how much, confirm; and the collection code.

use askama::Template;

use super::super::{Around, Notice, Tone};
use crate::{
    amount::Amount,
    frame::Frame,
    i18n::{
        Lang,
        send::{self as words, Text as T},
    },
    moment::Moment,
    paths,
    qr::qr_svg,
};

/// Another payer, as far as the reader may know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// The phone number, masked; empty of a shop.
    pub phone: String,
    /// The name, masked, or that of a shop; none of who is not verified.
    pub name: Option<String>,
}

impl std::fmt::Display for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.name {
            Some(name) if self.phone.is_empty() => f.write_str(name),
            Some(name) => write!(f, "{name} ({})", self.phone),
            None => f.write_str(&self.phone),
        }
    }
}

/// What did not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendNotice {
    /// What the device brought was not accepted.
    PasskeyRefused,
    /// With the tries left.
    WrongPassword(u8),
    /// Until then.
    PasswordLocked(Moment),
    /// It has six digits.
    MalformedPassword,
    /// The form is too old, or not ours.
    FormExpired,
    /// Too much to do.
    Busy,
    /// It is no phone number.
    BadPhone,
    /// Nobody has this number.
    NoSuchPayee,
    /// The number is the reader's.
    Yourself,
    /// No more today.
    LookUpsUsedUp,
    /// It is no amount.
    BadAmount,
    /// It is no note.
    BadNote,
    /// The name is another.
    WrongSurname,
    /// Not enough money.
    BalanceInsufficient,
    /// It does not go on.
    Blocked,
    /// Only a passkey confirms it.
    PasskeyNeeded,
    /// The reader's account is frozen.
    Frozen,
    /// Nobody knows who the reader is.
    IdentityRequired,
    /// With what is left.
    LimitReached(Amount),
    /// With what collection codes may still take today.
    CollectionLimit(Amount),
    /// The owner of the code asks for another amount now.
    AmountChanged,
}

/// The words of a notice.
pub fn notice(told: &SendNotice, lang: Lang) -> Notice {
    let (title, next) = words::notice(lang, told);
    Notice { tone: Tone::Bad, title, next }
}

/// Somebody to whom the reader has sent money before.
#[derive(Clone, Debug)]
pub struct PayeeView {
    /// Where the transfer goes on.
    pub path: String,
    /// Who.
    pub who: Who,
}

/// To whom?
#[derive(Clone, Debug)]
pub struct StartView {
    /// To whom the reader has sent money before, newest first.
    pub payees: Vec<PayeeView>,
}

#[derive(Template)]
#[template(path = "wallet/send/start.html")]
struct StartPage<'a> {
    f: &'a Frame,
    w: &'a Around,
    v: &'a StartView,
}

/// Renders "to whom?".
pub fn render_start(view: &StartView, around: &Around, frame: &Frame) -> String {
    crate::rendered(&StartPage { f: frame, w: around, v: view })
}

/// How much?
#[derive(Clone, Debug)]
pub struct AmountView {
    /// The path of the form.
    pub action: String,
    /// The transfer so far, sealed.
    pub draft: String,
    /// To whom.
    pub who: Who,
    /// Whether a collection code was scanned: then it is there at once and nothing is checked.
    pub by_code: bool,
    /// What the owner of the code asks for.
    pub fixed: Option<Amount>,
    /// Whether the reader has never sent money there.
    pub first_time: bool,
    /// The amount typed before.
    pub amount: String,
    /// The note typed before.
    pub note: String,
    /// Whether it is to be accepted.
    pub to_be_accepted: bool,
}

#[derive(Template)]
#[template(path = "wallet/send/amount.html")]
struct AmountPage<'a> {
    f: &'a Frame,
    w: &'a Around,
    v: &'a AmountView,
}

/// Renders "how much?".
pub fn render_amount(view: &AmountView, around: &Around, frame: &Frame) -> String {
    crate::rendered(&AmountPage { f: frame, w: around, v: view })
}

/// Really?
#[derive(Clone, Debug)]
pub struct ConfirmView {
    /// The transfer, sealed.
    pub draft: String,
    /// To whom.
    pub who: Who,
    /// How much.
    pub amount: Amount,
    /// What for; may be empty.
    pub note: String,
    /// Whether it is to be accepted.
    pub to_be_accepted: bool,
    /// Whether a collection code was scanned.
    pub by_code: bool,
    /// Whether the reader has never sent money there.
    pub first_time: bool,
    /// Where something can be changed.
    pub back: String,
    /// Where the script learns what a passkey is asked to sign; none without a passkey.
    pub passkey: Option<String>,
}

#[derive(Template)]
#[template(path = "wallet/send/confirm.html")]
struct ConfirmPage<'a> {
    f: &'a Frame,
    w: &'a Around,
    v: &'a ConfirmView,
}

/// Renders "really?".
pub fn render_confirm(view: &ConfirmView, around: &Around, frame: &Frame) -> String {
    crate::rendered(&ConfirmPage { f: frame, w: around, v: view })
}

/// The reader's collection code.
#[derive(Clone, Debug)]
pub struct CollectView {
    /// The address in the code; none before it was made.
    pub address: Option<String>,
    /// Whose it is.
    pub who: Who,
    /// What is asked for.
    pub fixed: Option<Amount>,
}

#[derive(Template)]
#[template(path = "wallet/send/collect.html")]
struct CollectPage<'a> {
    f: &'a Frame,
    w: &'a Around,
    v: &'a CollectView,
    qr: String,
}

/// Renders the reader's collection code.
pub fn render_collect(view: &CollectView, around: &Around, frame: &Frame) -> String {
    let qr = view.address.as_deref().map(qr_svg).unwrap_or_default();
    crate::rendered(&CollectPage { f: frame, w: around, v: view, qr })
}
