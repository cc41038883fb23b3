//! The pages of the sandbox, for the developer who integrates: start, phone, inbox, notifications.
//!
//! Every page works without scripts. Absent on purpose: anything that production could reach; the handlers of these
//! pages exist in the sandbox only.

mod view;

use askama::Template;

pub use self::view::{
    AttemptRow, CommandPurpose, CommandView, ConsoleView, DeliveryRow, InboxView, MessageView,
    NotificationsView, OpenPayment, PayerView, PaymentRow, PhoneView, StartView,
};
use crate::asset::COPY_JS;
use crate::cashier::MethodDetail;
use crate::frame::Frame;
use crate::i18n::sandbox::{Fault, Text as T};
use crate::i18n::{common, phrase};
use crate::paths;

impl CommandPurpose {
    fn title(self) -> T {
        match self {
            Self::Create => T::CommandCreate,
            Self::Query => T::CommandQuery,
            Self::Refund => T::CommandRefund,
            Self::Listen => T::CommandListen,
            Self::Endpoint => T::CommandEndpoint,
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
