//! Who is signed in to the wallet, and the way every page of it is answered.

use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts, response::Response};
use tongbao_core::{
    Time,
    payer::{Payer, session::Session},
};

use super::{session, told};
use crate::{
    frame::Frame,
    handlers::{
        Pages,
        answer::{self, Trouble, see_other},
        cookie::Cookie,
        form_token::{self, Scope},
        visit::Visit,
    },
    i18n, paths,
    wallet::{Around, Tab, account::Told},
};

/// A payer who is signed in.
pub(super) struct Visitor {
    /// The pages.
    pub(super) pages: Arc<Pages>,
    /// The request.
    pub(super) visit: Arc<Visit>,
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

impl FromRequestParts<Arc<Pages>> for Visitor {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, pages: &Arc<Pages>) -> Result<Visitor, Trouble> {
        let visit = parts.extensions.get::<Arc<Visit>>().expect("every request of a page was read");
        Visitor::open(Arc::clone(pages), Arc::clone(visit)).await
    }
}

impl Visitor {
    /// The payer of this request; without one, the way to the sign-in and back. Notes the day on which the device was
    /// seen.
    async fn open(pages: Arc<Pages>, visit: Arc<Visit>) -> Result<Visitor, Trouble> {
        let now = pages.engine.now();
        let Some(open) = session::read(&pages, &visit, now)? else { return Err(away(&visit)) };
        pages.engine.see(&open.session).await;
        let (csrf, cookie) = form_token::issue(&pages, &visit, Scope::Wallet, Some(&open.payload));
        let session::Open { payer, session, payload } = open;
        Ok(Visitor { pages, visit, payer, session, csrf, now, payload, cookie })
    }

    /// Whether the form that carried this token is one of ours, from this browser and this sign-in.
    pub(super) fn is_our_form(&self, token: &str) -> bool {
        form_token::is_right(&self.pages, &self.visit, Scope::Wallet, Some(&self.payload), token)
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
            notice: self.form_expired().then(|| i18n::told::wording(Told::FormExpired, self.frame().lang)),
        }
    }

    /// A page.
    pub(super) fn page(&self, render: impl FnOnce(&Frame) -> String) -> Response {
        let frame = self.frame();
        let mut response = answer::html(&frame, render(&frame));
        if let Some(cookie) = &self.cookie {
            cookie.set(&mut response, &self.pages);
        }
        response
    }

    /// "Go on there", with the reader's choices of language and size of text. That a form was not taken is said there.
    pub(super) fn to(&self, path: &str) -> Response {
        if self.form_expired() {
            return self.expired(path);
        }
        see_other(&self.visit.frame("").href(path))
    }

    /// "Go on there", where it is said that the form was not taken.
    pub(super) fn expired(&self, path: &str) -> Response {
        let address = told::expired(&self.pages, self.now, (&self.payer.id.to_string(), path));
        see_other(&self.visit.frame("").href(&address))
    }

    fn form_expired(&self) -> bool {
        told::is_expired(&self.pages, &self.visit, self.now, &self.payer.id.to_string())
    }
}

/// The way to the sign-in, and back to what was asked for.
fn away(visit: &Visit) -> Trouble {
    let back = if visit.path == paths::WALLET { String::new() } else { format!("?back={}", visit.path) };
    Trouble::SignIn(visit.frame("").href(&format!("{}{back}", paths::SIGN_IN)))
}
