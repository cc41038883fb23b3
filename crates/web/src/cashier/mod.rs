//! The cashier: one page on which a payer signs in, confirms, waits and sees the result.
//!
//! The page is complete without scripts; scripts count down, watch the result and stop a second press. Its forms are
//! `POST {path}/code` (`phone`), `POST {path}/session` (`phone`, `code`), `POST {path}/session/end`,
//! `POST {path}/pay` (`method`, `password`), `POST {path}/proof` (`code` or `password`), `POST {path}/proof/code` and
//! `POST {path}/proof/end`, each with `csrf`. Absent on purpose: any decision; the page shows what
//! the view says.

mod view;

use askama::Template;

pub use self::view::{
    CashierView, ConfirmView, ItemView, MethodDetail, MethodView, Notice, Outcome, ProveView, ResultView,
    SignInView, Step,
};
use crate::asset::{COUNTDOWN_JS, PASSKEY_JS, POLL_STATUS_JS, SUBMIT_ONCE_JS};
use crate::frame::Frame;
use crate::i18n::cashier::Text as T;
use crate::i18n::notice::{Wording, wording};
use crate::i18n::{common, passkey, phrase};
use crate::qr::qr_svg;

/// The query parameter with which a cashier forgets the phone number typed so far.
pub(crate) const CHANGE_PHONE: &str = "change_phone";

#[derive(Template)]
#[template(path = "cashier/page.html")]
struct CashierPage<'a> {
    f: &'a Frame,
    v: &'a CashierView,
    here: String,
    notice: Option<Wording>,
    qr: String,
}

impl CashierPage<'_> {
    /// Whether the payment can still be paid, so that time and QR code matter.
    fn is_open(&self) -> bool {
        matches!(self.v.step, Step::SignIn(_) | Step::Confirm(_) | Step::Prove(_))
    }

    /// The address of a form of this cashier.
    fn action(&self, form: &str) -> String {
        self.f.href(&format!("{}/{form}", self.here))
    }

    /// Whether a passkey may stand in for the password.
    fn takes_passkey(&self) -> bool {
        match &self.v.step {
            Step::Confirm(confirm) => confirm.passkey && confirm.payable(),
            Step::Prove(prove) => prove.passkey,
            Step::SignIn(_) | Step::Processing | Step::Reviewing | Step::AskedByBank(_) | Step::Result(_) => {
                false
            }
        }
    }

    /// The bank's page, if a browser may go there: on the web, or a page of this platform, which keeps the reader's
    /// choices.
    fn bank(&self, address: &str) -> Option<String> {
        match address {
            own if own.starts_with('/') && !own.starts_with("//") => Some(self.f.href(own)),
            web if web.starts_with("https://") || web.starts_with("http://") => Some(web.to_owned()),
            _ => None,
        }
    }

    /// Whether the page waits for a result.
    fn is_waiting(&self) -> bool {
        matches!(self.v.step, Step::Processing | Step::Reviewing | Step::AskedByBank(_))
    }

    /// The address at which the payer starts over with another phone number.
    fn change_phone(&self) -> String {
        self.f.href(&format!("{}?{CHANGE_PHONE}=1", self.here))
    }

    /// `14:59`, or hours before it.
    fn countdown(&self) -> String {
        let seconds = self.v.expires_in_s;
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        if hours > 0 {
            format!("{hours}:{minutes:02}:{seconds:02}")
        } else {
            format!("{minutes:02}:{seconds:02}")
        }
    }
}

/// Renders the cashier.
pub fn render_cashier(view: &CashierView, frame: &Frame) -> String {
    let page = CashierPage {
        f: frame,
        v: view,
        here: view.path(),
        notice: view.notice.as_ref().map(|notice| wording(notice, frame.lang)),
        qr: qr_svg(&view.qr_text),
    };
    crate::rendered(&page)
}
