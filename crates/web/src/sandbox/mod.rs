//! The pages of the sandbox, for the developer who integrates: start, phone, inbox, notifications, signature doctor,
//! timeline.
//!
//! Every page works without scripts. Absent on purpose: anything that production could reach; the handlers of these
//! pages exist in the sandbox only.

mod bank;
mod signature;
mod timeline;
mod view;

use askama::Template;

pub use self::bank::{HolderView, render_holder};
pub use self::signature::{
    DifferenceView, ExaminedView, FindingRow, OwnTextView, RefusedRow, SignatureFormView, SignatureView,
};
pub use self::timeline::{FoundTimeline, TimelineRow, TimelineView};
pub use self::view::{
    AttemptRow, CommandPurpose, CommandView, ConsoleView, DeliveryRow, InboxView, MessageView,
    NotificationsView, OpenPayment, PayerView, PaymentCodeView, PaymentRow, PhoneView, StartView,
};
use crate::asset::COPY_JS;
use crate::cashier::MethodDetail;
use crate::frame::Frame;
use crate::i18n::sandbox::{Fault, Text as T};
use crate::i18n::{common, phrase, signature::Text as S, timeline::Text as L};
use crate::paths;

impl CommandPurpose {
    fn title(self) -> T {
        match self {
            Self::Create => T::CommandCreate,
            Self::Pay => T::CommandPay,
            Self::Refund => T::CommandRefund,
            Self::Listen => T::CommandListen,
        }
    }
}

/// Declares a page of the console: all share the head, which reads `here` and `console`.
macro_rules! console_page {
    ($name:ident, $view:ty, $template:literal, $render:ident, $here:expr, $doc:literal) => {
        #[derive(Template)]
        #[template(path = $template)]
        struct $name<'a> {
            f: &'a Frame,
            v: &'a $view,
            here: &'a str,
        }

        #[doc = $doc]
        pub fn $render(view: &$view, frame: &Frame) -> String {
            crate::rendered(&$name { f: frame, v: view, here: $here })
        }
    };
}

console_page!(
    StartPage,
    StartView,
    "sandbox/start.html",
    render_start,
    paths::START,
    "Renders the start page."
);
console_page!(
    PhonePage,
    PhoneView,
    "sandbox/phone.html",
    render_phone,
    paths::PHONE,
    "Renders the payer's phone."
);
console_page!(
    InboxPage,
    InboxView,
    "sandbox/inbox.html",
    render_inbox,
    paths::INBOX,
    "Renders the messages."
);
console_page!(
    NotificationsPage,
    NotificationsView,
    "sandbox/notifications.html",
    render_notifications,
    paths::NOTIFICATIONS,
    "Renders the notifications to the merchant."
);
console_page!(
    SignaturePage,
    SignatureView,
    "sandbox/signature.html",
    render_signature,
    paths::SIGNATURE,
    "Renders the signature doctor."
);
console_page!(
    TimelinePage,
    TimelineView,
    "sandbox/timeline.html",
    render_timeline,
    paths::TIMELINE,
    "Renders the timeline of a payment."
);
