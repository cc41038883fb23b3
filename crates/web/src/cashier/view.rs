//! What the cashier shows; filled by the HTTP handlers.

use crate::amount::Amount;
use crate::i18n::common::{MethodName, WhyNot};
use crate::moment::Moment;

/// One payment on the cashier, at one step.
#[derive(Clone, Debug)]
pub struct CashierView {
    /// Path prefix of the cashier's forms: empty unless a proxy serves the platform below a path.
    pub base: String,
    /// The payment's id, `pay_…`.
    pub payment_id: String,
    /// What the QR code beside the card says: the cashier's full address.
    pub qr_text: String,
    /// The shop's name.
    pub merchant_name: String,
    /// The shop's description of the order.
    pub description: String,
    /// The shop's number of the order.
    pub order_no: String,
    /// What is bought; may be empty.
    pub items: Vec<ItemView>,
    /// What is to be paid.
    pub amount: Amount,
    /// Seconds until the payment expires; shown while it is open.
    pub expires_in_s: u64,
    /// Whether to say that no real money moves, and where the codes arrive.
    pub sandbox: bool,
    /// Why the last attempt did not work, if it did not.
    pub notice: Option<Notice>,
    /// Where the payer is.
    pub step: Step,
}

impl CashierView {
    /// The path of this cashier, to which forms append `/code`, `/session` or `/pay`.
    pub fn path(&self) -> String {
        format!("{}/cashier/{}", self.base, self.payment_id)
    }
}

/// A line of the order.
#[derive(Clone, Debug)]
pub struct ItemView {
    /// The name of the goods.
    pub name: String,
    /// How many.
    pub quantity: u64,
    /// What they come to.
    pub amount: Option<Amount>,
}

/// The steps of the cashier.
#[derive(Clone, Debug)]
pub enum Step {
    /// The payer is not known yet.
    SignIn(SignInView),
    /// The payer chooses a method and confirms with the payment password.
    Confirm(ConfirmView),
    /// The payer's attempt waits for another proof.
    Prove(ProveView),
    /// An attempt is under way and its outcome is not known.
    Processing,
    /// A person looks at an attempt before it goes on.
    Reviewing,
    /// An attempt is under way, and the bank of the payer's card wants its holder to confirm, at this address.
    AskedByBank(String),
    /// The payment is over.
    Result(ResultView),
}

/// Sign-in by a one-time code: first the phone number, then the code.
#[derive(Clone, Debug, Default)]
pub struct SignInView {
    /// The phone number typed so far, sent back with the code; empty at first.
    pub phone: String,
    /// Whether a code was sent, so that the page asks for it.
    pub code_sent: bool,
}

/// The confirmation of a payment.
#[derive(Clone, Debug)]
pub struct ConfirmView {
    /// The payer's phone number with its middle hidden, `138****0001`.
    pub masked_phone: String,
    /// Every method, those that cannot be used with the reason.
    pub methods: Vec<MethodView>,
    /// The key of the method chosen; the first that can be used if `None`.
    pub selected_method: Option<String>,
    /// Whether the payer has a passkey that can be used here.
    pub passkey: bool,
}

impl ConfirmView {
    /// Whether `key` is the method to be marked.
    pub(crate) fn is_selected(&self, key: &str) -> bool {
        let usable = |method: &&MethodView| method.why_not.is_none();
        let wished = self
            .methods
            .iter()
            .filter(usable)
            .find(|method| Some(&method.key) == self.selected_method.as_ref());
        wished.or_else(|| self.methods.iter().find(usable)).is_some_and(|method| method.key == key)
    }

    /// Whether any method can be used.
    pub(crate) fn payable(&self) -> bool {
        self.methods.iter().any(|method| method.why_not.is_none())
    }
}

/// A proof that is still missing.
#[derive(Clone, Debug)]
pub struct ProveView {
    /// The payer's phone number with its middle hidden, to which the code was sent.
    pub masked_phone: String,
    /// Whether the payment password is missing; otherwise it is the one-time code.
    pub by_password: bool,
    /// Whether the payer has a passkey that can be used here.
    pub passkey: bool,
}

/// A way to pay.
#[derive(Clone, Debug)]
pub struct MethodView {
    /// The value of the form field `method`, such as `balance`.
    pub key: String,
    /// What it is called.
    pub name: MethodName,
    /// What stands below the name.
    pub detail: MethodDetail,
    /// Why it cannot be used; `None` if it can.
    pub why_not: Option<WhyNot>,
}

/// What stands below a method's name.
#[derive(Clone, Debug)]
pub enum MethodDetail {
    /// Nothing.
    None,
    /// What the account holds.
    Balance(Amount),
    /// A card or account with most of its number hidden, `招商银行 ··6789`.
    Instrument(String),
}

/// How a payment ended.
#[derive(Clone, Debug)]
pub struct ResultView {
    /// The end.
    pub outcome: Outcome,
    /// Where the shop wants the payer back, if it said so. Only `http` and `https` addresses become a link.
    pub return_url: Option<String>,
}

impl ResultView {
    /// The shop's address if a browser may follow it: never `javascript:` or another scheme.
    pub(crate) fn safe_return_url(&self) -> Option<&str> {
        let url = self.return_url.as_deref()?;
        let lower = url.get(..8).unwrap_or(url).to_ascii_lowercase();
        (lower.starts_with("https://") || lower.starts_with("http://")).then_some(url)
    }
}

/// The ends of a payment.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Paid.
    Succeeded {
        /// When.
        paid_at: Moment,
        /// With what, if the payer may know.
        method: Option<MethodName>,
    },
    /// Paid, and some of it given back.
    PartlyRefunded {
        /// How much was given back so far.
        refunded: Amount,
    },
    /// Paid, and all of it given back.
    Refunded {
        /// How much was given back.
        refunded: Amount,
    },
    /// Closed by the shop before it was paid.
    Closed,
    /// Not paid in time.
    Expired,
}

/// Why something did not work. The sentences are in the table of notices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The payment password is wrong.
    WrongPassword {
        /// How often it may be tried before it locks.
        tries_left: u32,
    },
    /// The payment password was wrong too often.
    PasswordLocked {
        /// When it may be tried again.
        until: Moment,
    },
    /// The payment password is not six digits.
    MalformedPassword,
    /// The account holds too little.
    InsufficientBalance {
        /// What is missing.
        short_by: Amount,
    },
    /// A limit of payments from the balance would be passed.
    LimitReached {
        /// What may still be paid under it.
        left: Amount,
    },
    /// Nobody has verified yet who the payer is.
    IdentityRequired,
    /// The channel or the bank said no.
    Declined,
    /// There is too little on the card.
    CardInsufficient,
    /// The card is no longer valid.
    CardExpired,
    /// The bank was not told by the card's holder to pay.
    NotConfirmed,
    /// The platform has refused the payment.
    Blocked,
    /// As many payments were made from the balance today as a day may have.
    PaymentsUsedUp,
    /// What waited for a proof waits no more.
    ProofVoid,
    /// What the device brought was not accepted.
    PasskeyRefused,
    /// The method cannot be used now.
    MethodUnavailable,
    /// The payment has had as many attempts as it may have.
    AttemptsUsedUp,
    /// The bank charged another amount, which is on its way back.
    MoneyReturned,
    /// The payer's account is frozen.
    AccountFrozen,
    /// The one-time code is wrong.
    WrongCode {
        /// How often it may be tried.
        tries_left: u32,
    },
    /// The one-time code is too old, or was tried too often.
    CodeExpired,
    /// No more codes are sent today.
    CodesUsedUp,
    /// A code was sent a moment ago.
    CodeTooSoon {
        /// Seconds until another may be asked for.
        wait_s: u64,
    },
    /// Too many requests from this payer or address.
    TooManyAttempts {
        /// Seconds until the next is taken.
        wait_s: u64,
    },
    /// The text is not a phone number.
    InvalidPhone,
    /// The sign-in is over.
    SessionEnded,
    /// The anti-forgery token does not match.
    FormExpired,
    /// The payment is paid already.
    AlreadyPaid,
    /// Something of ours does not work; nothing was charged.
    TemporarilyUnavailable,
}
