//! Who is signed in to the wallet, and the way every page of it is answered.

use axum::response::Response;
use tongbao_core::{
    Actor, Time,
    payer::{
        Payer,
        session::{self as sessions, Session},
    },
};
use tongbao_engine::Input;

use super::session;
use crate::{
    frame::Frame,
    handlers::{
        Pages,
        answer::{self, Trouble, see_other},
        cookie::Cookie,
        form_token::{self, Scope},
        visit::Visit,
    },
    paths,
    wallet::{Around, Tab},
};

/// A payer who is signed in.
pub(super) struct Visitor<'a> {
    /// The pages.
    pub(super) pages: &'a Pages,
    /// The request.
    pub(super) visit: &'a Visit,
    /// Who.
    pub(super) payer: Payer,
    /// The device's session.
    pub(super) session: Session,
    /// The token of the forms of this page.
    pub(super) csrf: String,
    /// When.
    pub(super) now: Time,
    payload: Vec<u8>,
    cookie: Option<Cookie>,
}

impl<'a> Visitor<'a> {
    /// The payer of this request; without one, the way to the sign-in and back. Notes the day on which the device was
    /// seen.
    pub(super) async fn open(pages: &'a Pages, visit: &'a Visit) -> Result<Visitor<'a>, Trouble> {
        let (engine, now) = (&pages.engine, pages.engine.now());
        let Some(open) = session::read(pages, visit, now)? else { return Err(away(visit)) };
        let Some(payer) = engine.store.get::<Payer>(open.payer)? else { return Err(away(visit)) };
        if open.session.seen_on != now.china_day() {
            let (id, input) = (open.session.id, Input { actor: Actor::Payer(payer.id), name: "see_session" });
            if let Err(error) = engine.run(input, move |facts, cx| sessions::see(facts, cx, id)).await {
                tracing::warn!(request_id = visit.request_id, %error, "the day of a session was not noted");
            }
        }
        let (csrf, cookie) = form_token::issue(pages, visit, Scope::Wallet, Some(&open.payload));
        Ok(Visitor { pages, visit, payer, session: open.session, csrf, now, payload: open.payload, cookie })
    }

    /// Whether the form that carried this token is one of ours, from this browser and this sign-in.
    pub(super) fn is_our_form(&self, token: &str) -> bool {
        form_token::is_right(self.pages, self.visit, Scope::Wallet, Some(&self.payload), token)
    }

    /// What every page is told, with the token of its forms.
    pub(super) fn frame(&self) -> Frame {
        self.visit.frame(self.csrf.clone())
    }

    /// What stands around a page of the wallet at this path.
    pub(super) fn around(&self, tab: Tab, here: &str) -> Around {
        Around {
            here: here.to_owned(),
            tab: Some(tab),
            sandbox: self.pages.engine.is_sandbox(),
            notice: None,
        }
    }

    /// A page.
    pub(super) fn page(&self, render: impl FnOnce(&Frame) -> String) -> Response {
        let frame = self.frame();
        let mut response = answer::html(&frame, render(&frame));
        if let Some(cookie) = &self.cookie {
            cookie.set(&mut response, self.pages);
        }
        response
    }

    /// "Go on there", with the reader's choices of language and size of text.
    pub(super) fn to(&self, path: &str) -> Response {
        see_other(&self.visit.frame("").href(path))
    }
}

/// The way to the sign-in, and back to what was asked for.
fn away(visit: &Visit) -> Trouble {
    let back = if visit.path == paths::WALLET { String::new() } else { format!("?back={}", visit.path) };
    Trouble::SignIn(visit.frame("").href(&format!("{}{back}", paths::SIGN_IN)))
}
