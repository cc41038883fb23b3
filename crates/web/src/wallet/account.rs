//! The pages of the account: forms that ask for one thing each, the security centre, devices, messages.

use askama::Template;
use serde::{Deserialize, Serialize};

use crate::{
    Moment,
    frame::Frame,
    i18n::wallet::Text as T,
    wallet::{Around, Tone},
};

/// What a page of the account says after a form was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Told {
    /// With the tries left.
    WrongCode(u8),
    /// The code is too old, or was tried too often.
    CodeExpired,
    /// With the seconds to wait.
    CodeTooSoon(u64),
    /// No more codes are sent today.
    CodesUsedUp,
    /// A code is on its way.
    CodeSent,
    /// What was typed is no phone number.
    InvalidPhone,
    /// The form is not of this sign-in.
    FormExpired,
    /// Something of ours does not work; nothing was changed.
    Unavailable,
    /// The two passwords typed are not the same.
    PasswordsDiffer,
    /// It is not six digits.
    MalformedPassword,
    /// It is too easy to guess.
    WeakPassword,
    /// With the tries left.
    WrongPassword(u8),
    /// Until then, in milliseconds since 1970.
    PasswordLocked(i64),
    /// To allow more takes the payment password.
    PasswordRequired,
    /// The payment password is another one now.
    PasswordChanged,
    /// It was set anew; passkeys and other devices are gone.
    PasswordReset,
    /// Payment codes are not shown on this device any more.
    CodesSwitchedOff,
    /// What was typed is no name.
    InvalidName,
    /// What was typed is no ID number.
    InvalidNumber,
    /// Whose number it is, is too young for an account.
    TooYoung,
    /// Name and number do not fit; with the tries left.
    WrongIdentity(u8),
    /// Until then, in milliseconds since 1970.
    IdentityLocked(i64),
    /// The person has an account.
    TooManyAccounts,
    /// The account is another person's.
    OtherPerson,
    /// No source answered.
    Unanswered,
    /// The payer is who it says.
    IdentityVerified,
    /// What was typed is no amount.
    InvalidLimit,
    /// The payer's own limits are set.
    LimitsSet,
    /// No money leaves.
    Frozen,
    /// Money may leave.
    Unfrozen,
    /// Only an operator can unfreeze.
    FrozenByOperator,
    /// A passkey can confirm payments.
    PasskeyAdded,
    /// A passkey confirms nothing any more.
    PasskeyRemoved,
    /// What the device brought was not accepted.
    PasskeyRefused,
    /// Nobody is signed in by this passkey.
    PasskeySignsNobodyIn,
    /// There are as many passkeys as there may be.
    TooManyPasskeys,
    /// What was typed is no name of a passkey.
    InvalidPasskeyName,
    /// A device is signed out.
    DeviceRemoved,
    /// What the payer wants to be told is noted.
    NoticesSet,
    /// What was typed is no mail address.
    InvalidMail,
    /// Notices go to the address.
    MailConfirmed,
    /// They go there no more.
    MailRemoved,
    /// The account cannot be closed yet.
    NotClosable(Hindrance),
}

/// Why an account cannot be closed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hindrance {
    /// There is money in it.
    Balance,
    /// Money of the payer's is under way.
    UnderWay,
    /// It is frozen.
    Frozen,
}

/// What a field of a form takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A phone number.
    Phone,
    /// Six digits from a text message.
    Code,
    /// The payment password.
    Password,
    /// The payment password, where it may be needed.
    PasswordIfNeeded,
    /// A payment password to be.
    NewPassword,
    /// A person's name.
    Name,
    /// A citizen's ID number.
    IdNumber,
    /// An amount of yuan; may stay empty.
    Yuan,
    /// A number of things; may stay empty.
    Count,
    /// A mail address.
    Mail,
    /// Yes or no: a box to tick, ticked if anything stands in it.
    Tick,
}

impl FieldKind {
    /// The attributes of the input, all of them fixed words.
    pub(crate) fn attributes(self) -> &'static str {
        match self {
            FieldKind::Phone => {
                "type=\"tel\" inputmode=\"tel\" autocomplete=\"tel\" maxlength=\"20\" required"
            }
            FieldKind::Code => {
                "class=\"big\" inputmode=\"numeric\" autocomplete=\"one-time-code\" pattern=\"[0-9]{6}\" \
                 maxlength=\"6\" required"
            }
            FieldKind::Password => {
                "class=\"big\" type=\"password\" inputmode=\"numeric\" autocomplete=\"off\" pattern=\"[0-9]{6}\" \
                 minlength=\"6\" maxlength=\"6\" required"
            }
            FieldKind::PasswordIfNeeded => {
                "class=\"big\" type=\"password\" inputmode=\"numeric\" autocomplete=\"off\" pattern=\"[0-9]{6}\" \
                 minlength=\"6\" maxlength=\"6\""
            }
            FieldKind::NewPassword => {
                "class=\"big\" type=\"password\" inputmode=\"numeric\" autocomplete=\"new-password\" \
                 pattern=\"[0-9]{6}\" minlength=\"6\" maxlength=\"6\" required"
            }
            FieldKind::Name => "autocomplete=\"name\" maxlength=\"60\" required",
            FieldKind::IdNumber => {
                "autocomplete=\"off\" autocapitalize=\"characters\" maxlength=\"24\" required"
            }
            FieldKind::Mail => "type=\"email\" autocomplete=\"email\" maxlength=\"254\" required",
            FieldKind::Tick => "type=\"checkbox\"",
            FieldKind::Count => {
                "inputmode=\"numeric\" autocomplete=\"off\" pattern=\"[0-9]{1,4}\" maxlength=\"4\""
            }
            FieldKind::Yuan => "inputmode=\"decimal\" autocomplete=\"off\" maxlength=\"12\"",
        }
    }
}

/// A field of a form.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name, and its id.
    pub name: &'static str,
    /// What it asks for.
    pub(crate) label: T,
    /// What it takes.
    pub kind: FieldKind,
    /// What stands in it.
    pub value: String,
    /// What helps to fill it in.
    pub(crate) hint: Option<T>,
}

impl Field {
    pub(crate) fn new(name: &'static str, label: T, kind: FieldKind) -> Field {
        Field { name, label, kind, value: String::new(), hint: None }
    }
}

/// A form.
#[derive(Clone, Debug)]
pub struct Form {
    /// Where it leads.
    pub action: String,
    /// Fields that are not seen.
    pub hidden: Vec<(&'static str, String)>,
    /// Fields that are.
    pub fields: Vec<Field>,
    /// What its button does.
    pub(crate) button: T,
    /// Whether the button should be pressed with care.
    pub danger: bool,
}

/// A page with one form, and what is said before it.
#[derive(Clone, Debug)]
pub struct FormView {
    /// What stands around it.
    pub around: Around,
    /// What it is about.
    pub(crate) title: T,
    /// What to know before.
    pub intro: String,
    /// What is known, as name and value.
    pub(crate) facts: Vec<(T, String)>,
    /// The form; none where there is nothing to be done.
    pub form: Option<Form>,
    /// Smaller things that can be done instead: forms without fields.
    pub sides: Vec<Form>,
    /// Where else to go.
    pub(crate) links: Vec<(T, String)>,
    /// Whether to point at the sandbox's inbox.
    pub inbox: bool,
    /// The way back after signing in by a passkey, where that is offered.
    pub passkey: Option<String>,
}

#[derive(Template)]
#[template(path = "wallet/form.html")]
struct FormPage<'a> {
    f: &'a Frame,
    w: &'a Around,
    v: &'a FormView,
}

/// Renders a page with a form.
pub fn render_form(view: &FormView, frame: &Frame) -> String {
    crate::rendered(&FormPage { f: frame, w: &view.around, v: view })
}

/// A line of the security centre.
#[derive(Clone, Debug)]
pub struct SecurityRow {
    /// What it is about.
    pub(crate) name: T,
    /// How it stands.
    pub state: String,
    /// How that is meant; none is neither good nor bad.
    pub tone: Option<Tone>,
    /// Where it leads.
    pub path: &'static str,
}

/// The security centre.
#[derive(Clone, Debug)]
pub struct SecurityView {
    /// What stands around it.
    pub around: Around,
    /// Who is signed in: the phone number, masked.
    pub masked_phone: String,
    /// Its lines.
    pub rows: Vec<SecurityRow>,
}

#[derive(Template)]
#[template(path = "wallet/security.html")]
struct SecurityPage<'a> {
    f: &'a Frame,
    w: &'a Around,
    v: &'a SecurityView,
}

/// Renders the security centre.
pub fn render_security(view: &SecurityView, frame: &Frame) -> String {
    crate::rendered(&SecurityPage { f: frame, w: &view.around, v: view })
}

/// A device on which the payer is signed in.
#[derive(Clone, Debug)]
pub struct DeviceRow {
    /// The id of its session.
    pub id: String,
    /// What kind of device; may be empty.
    pub name: String,
    /// The day it was seen last: `2026-11-22`.
    pub seen_on: String,
    /// When the payer signed in there last.
    pub signed_in_at: Moment,
    /// Whether it is the one that asks.
    pub is_this: bool,
}

/// The devices.
#[derive(Clone, Debug)]
pub struct DevicesView {
    /// What stands around them.
    pub around: Around,
    /// Those on which the payer is signed in, newest first.
    pub devices: Vec<DeviceRow>,
}

#[derive(Template)]
#[template(path = "wallet/devices.html")]
struct DevicesPage<'a> {
    f: &'a Frame,
    w: &'a Around,
    v: &'a DevicesView,
}

/// Renders the devices.
pub fn render_devices(view: &DevicesView, frame: &Frame) -> String {
    crate::rendered(&DevicesPage { f: frame, w: &view.around, v: view })
}

/// A message to the payer.
#[derive(Clone, Debug)]
pub struct MessageRow {
    /// When.
    pub at: Moment,
    /// What it says.
    pub text: String,
}

/// The messages.
#[derive(Clone, Debug)]
pub struct MessagesView {
    /// What stands around them.
    pub around: Around,
    /// Newest first.
    pub messages: Vec<MessageRow>,
    /// The path of the page with older ones.
    pub older: Option<String>,
}

#[derive(Template)]
#[template(path = "wallet/messages.html")]
struct MessagesPage<'a> {
    f: &'a Frame,
    w: &'a Around,
    v: &'a MessagesView,
}

/// Renders the messages.
pub fn render_messages(view: &MessagesView, frame: &Frame) -> String {
    crate::rendered(&MessagesPage { f: frame, w: &view.around, v: view })
}
