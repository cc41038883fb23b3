//! What the sandbox pages show; filled by the HTTP handlers.

use crate::amount::Amount;
use crate::cashier::MethodView;
use crate::i18n::common::PaymentStatus;
use crate::i18n::sandbox::{DeliveryStatus, Fault, SandboxNotice};
use crate::moment::Moment;
use crate::qr::qr_svg;

/// What every sandbox page shows at its head.
#[derive(Clone, Debug)]
pub struct ConsoleView {
    /// The sandbox's time.
    pub now: Moment,
    /// Seconds by which the sandbox's time is ahead of real time.
    pub ahead_s: u64,
    /// The answer to the button pressed last.
    pub notice: Option<SandboxNotice>,
}

/// The start page.
#[derive(Clone, Debug)]
pub struct StartView {
    /// The head of the page.
    pub console: ConsoleView,
    /// Where requests go, such as `http://127.0.0.1:8080`.
    pub api_base: String,
    /// Where the file with the keys is.
    pub keys_path: String,
    /// The seeded merchant's name.
    pub merchant_name: String,
    /// Commands to paste, in the order of a first integration.
    pub commands: Vec<CommandView>,
    /// The seeded payers.
    pub payers: Vec<PayerView>,
    /// The latest payments, newest first.
    pub payments: Vec<PaymentRow>,
}

/// A command to paste into a terminal.
#[derive(Clone, Debug)]
pub struct CommandView {
    /// What it does.
    pub purpose: CommandPurpose,
    /// The command; may have several lines.
    pub command: String,
}

/// What a command of the start page does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandPurpose {
    /// Creates a payment.
    Create,
    /// Pays it as a test payer.
    Pay,
    /// Refunds a payment.
    Refund,
    /// Receives notifications on this machine.
    Listen,
}

/// A test payer. Its phone number and password are instruments of the sandbox, not personal data.
#[derive(Clone, Debug)]
pub struct PayerView {
    /// The payer's id.
    pub id: String,
    /// The phone number, in full.
    pub phone: String,
    /// The payment password.
    pub password: String,
    /// What the payer holds.
    pub balance: Amount,
}

/// A payment in a list.
#[derive(Clone, Debug)]
pub struct PaymentRow {
    /// The payment's id.
    pub id: String,
    /// Its cashier.
    pub cashier_url: String,
    /// The merchant's number.
    pub order_no: String,
    /// What is to be paid.
    pub amount: Amount,
    /// Where it stands.
    pub status: PaymentStatus,
    /// When it was created.
    pub created_at: Moment,
}

/// The payer's phone.
#[derive(Clone, Debug)]
pub struct PhoneView {
    /// The head of the page.
    pub console: ConsoleView,
    /// Who may hold the phone.
    pub payers: Vec<PayerView>,
    /// The id of the payer who holds it.
    pub selected_payer: String,
    /// The methods offered.
    pub methods: Vec<MethodView>,
    /// What is typed in the code field, after a refusal.
    pub code: String,
    /// What will happen to the next payment.
    pub next_fault: Fault,
    /// What waits to be paid, newest first.
    pub open_payments: Vec<OpenPayment>,
    /// The payment code on the screen, if one was shown and can still be used.
    pub payment_code: Option<PaymentCodeView>,
}

/// A payment code, for a shop to scan.
#[derive(Clone, Debug)]
pub struct PaymentCodeView {
    /// Its digits.
    pub digits: String,
    /// Seconds for which it can be used.
    pub expires_in_s: u64,
}

impl PaymentCodeView {
    /// The digits in groups of four, as people read them out.
    pub(crate) fn grouped(&self) -> String {
        let digits: Vec<char> = self.digits.chars().collect();
        digits.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(" ")
    }

    /// The same as a QR code, which readers at tills read like a bar code.
    pub(crate) fn qr(&self) -> String {
        qr_svg(&self.digits)
    }
}

/// A payment that waits for a payer.
#[derive(Clone, Debug)]
pub struct OpenPayment {
    /// The payment's id.
    pub id: String,
    /// The shop's name.
    pub merchant_name: String,
    /// What is bought.
    pub description: String,
    /// What is to be paid.
    pub amount: Amount,
    /// Seconds until it expires.
    pub expires_in_s: u64,
}

/// The messages.
#[derive(Clone, Debug)]
pub struct InboxView {
    /// The head of the page.
    pub console: ConsoleView,
    /// Newest first.
    pub messages: Vec<MessageView>,
}

/// A text message as it was sent.
#[derive(Clone, Debug)]
pub struct MessageView {
    /// When it was sent.
    pub at: Moment,
    /// To whom: the phone number with its middle hidden.
    pub masked_phone: String,
    /// The text.
    pub text: String,
    /// The one-time code inside the text, to be highlighted.
    pub code: Option<String>,
    /// How it would leave the platform, where it would: "SMS 138****0001".
    pub ways: Vec<String>,
}

impl MessageView {
    /// The text before the code, the code, and the text after it; everything is "before" without a code.
    pub(crate) fn parts(&self) -> (&str, &str, &str) {
        let code = self.code.as_deref().filter(|code| !code.is_empty());
        match code.and_then(|code| self.text.find(code).map(|start| (start, start + code.len()))) {
            Some((start, end)) => (&self.text[..start], &self.text[start..end], &self.text[end..]),
            None => (&self.text, "", ""),
        }
    }
}

/// The notifications.
#[derive(Clone, Debug)]
pub struct NotificationsView {
    /// The head of the page.
    pub console: ConsoleView,
    /// Newest first.
    pub deliveries: Vec<DeliveryRow>,
    /// The address of the next page of the list, if there is one.
    pub older: Option<String>,
}

/// A notification and its attempts.
#[derive(Clone, Debug)]
pub struct DeliveryRow {
    /// The delivery's id.
    pub id: String,
    /// The event's id.
    pub event_id: String,
    /// The event's type, such as `payment.succeeded`.
    pub event_type: String,
    /// The payment that it is about, if it is about one.
    pub payment_id: Option<String>,
    /// Where it goes.
    pub url: String,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// Oldest first.
    pub attempts: Vec<AttemptRow>,
    /// When it is tried next.
    pub next_attempt_at: Option<Moment>,
    /// The body of the request, indented JSON.
    pub body: String,
}

/// One try to deliver a notification.
#[derive(Clone, Debug)]
pub struct AttemptRow {
    /// When.
    pub at: Moment,
    /// The HTTP status of the answer, if there was one.
    pub http_status: Option<u16>,
    /// What went wrong, if something did.
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

impl AttemptRow {
    /// The CSS class of the answer: only 2xx means delivered (Standard Webhooks).
    pub(crate) fn tone(&self) -> &'static str {
        match self.http_status {
            Some(200..=299) => "good",
            _ => "bad",
        }
    }

    /// The answer in short: the status, else the error.
    pub(crate) fn answer(&self) -> String {
        match (self.http_status, &self.error) {
            (Some(status), None) => status.to_string(),
            (Some(status), Some(error)) => format!("{status} {error}"),
            (None, Some(error)) => error.clone(),
            (None, None) => "–".into(),
        }
    }
}
