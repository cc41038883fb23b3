//! `/wallet/sign-up`: who proved a number that nobody has chooses a payment password, and has a wallet.

use std::sync::Arc;

use axum::{Extension, Form, extract::State, response::Response};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use tongbao_core::{Refusal, limits::SIGN_UP_LIFE_MS};
use tongbao_engine::{Error, account::SessionSecret, vault};

use super::{
    super::session,
    Told, chosen,
    sign_in::{around, is_our_form, page, seat, telling, way_back, with_back},
    told_of,
};
use crate::{
    handlers::{
        Pages,
        answer::{Trouble, see_other},
        cookie::Cookie,
        visit::Visit,
    },
    i18n::{
        Phrase,
        wallet::{State as S, Text as T},
    },
    paths,
    wallet::account::{Field, FieldKind, Form as PageForm, FormView},
};

const COOKIE: &str = "tongbao_sign_up";

/// That this browser proved a number: kept by it, sealed.
pub(super) struct Proven {
    pub(super) phone: String,
    pub(super) ticket: SessionSecret,
}

impl Proven {
    /// Itself, as a cookie for the one page that reads it.
    pub(super) fn keep(&self, pages: &Pages) -> Cookie {
        let text = format!("{} {}", URL_SAFE_NO_PAD.encode(self.ticket.bytes()), self.phone);
        let value = pages.engine.vault.seal(vault::Field::Phone, &text);
        Cookie {
            name: COOKIE,
            value,
            path: paths::SIGN_UP.to_owned(),
            max_age_s: Some(SIGN_UP_LIFE_MS / 1_000),
        }
    }

    fn read(pages: &Pages, visit: &Visit) -> Option<Proven> {
        visit.cookies(COOKIE).find_map(|text| {
            let text = pages.engine.vault.open(vault::Field::Phone, text).ok()?;
            let (ticket, phone) = text.split_once(' ')?;
            let ticket = SessionSecret::from_bytes(&URL_SAFE_NO_PAD.decode(ticket).ok()?)?;
            Some(Proven { phone: phone.to_owned(), ticket })
        })
    }
}

#[derive(Deserialize)]
pub(super) struct PasswordForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
    #[serde(default)]
    back: String,
}

pub(super) async fn show(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
) -> Result<Response, Trouble> {
    let back = way_back(visit.query("back").unwrap_or_default());
    let signed_in = session::read(&pages, &visit, pages.engine.now())?.is_some();
    if signed_in || Proven::read(&pages, &visit).is_none() {
        return Ok(see_other(&visit.frame("").href(&with_back(paths::SIGN_IN, back))));
    }
    let first = Field::new("password", T::NewPassword, FieldKind::NewPassword);
    let form = PageForm {
        action: paths::SIGN_UP.to_owned(),
        hidden: vec![("back", back.to_owned())],
        fields: vec![
            Field { hint: Some(T::NewPasswordHint), ..first },
            Field::new("again", T::PasswordAgain, FieldKind::NewPassword),
        ],
        button: T::CreateWallet,
        danger: false,
    };
    let view = FormView {
        around: around(&pages, &visit, paths::SIGN_UP),
        title: T::ChoosePassword,
        intro: S::SignUpIntro.phrase(visit.frame("").lang).to_owned(),
        facts: Vec::new(),
        form: Some(form),
        sides: Vec::new(),
        links: Vec::new(),
        inbox: false,
        passkey: None,
    };
    Ok(page(&pages, &visit, &view))
}

pub(super) async fn finish(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Form(form): Form<PasswordForm>,
) -> Result<Response, Trouble> {
    let back = way_back(&form.back);
    let place = (paths::SIGN_UP, back);
    let Some(proven) = Proven::read(&pages, &visit) else {
        return Ok(telling(&pages, &visit, (paths::SIGN_IN, back), Told::CodeExpired));
    };
    if !is_our_form(&pages, &visit, &form.csrf) {
        return Ok(telling(&pages, &visit, place, Told::FormExpired));
    }
    if let Err(told) = chosen(&form.password, &form.again) {
        return Ok(telling(&pages, &visit, place, told));
    }
    let device = session::device(&pages, &visit);
    let new = (proven.phone.as_str(), form.password);
    let made = pages.engine.sign_up(new, &proven.ticket, seat(&visit, &device)).await;
    let mut response = match made {
        Ok((payer, secret)) => {
            let mut response = see_other(&visit.frame("").href(back));
            session::begin(&pages, &mut response, payer, (&device, &secret));
            response
        }
        // The ticket is old or used, or the number was taken meanwhile: from the beginning.
        Err(Error::Refused(Refusal::WrongCode | Refusal::Invalid { param: "phone", .. })) => {
            telling(&pages, &visit, (paths::SIGN_IN, back), Told::CodeExpired)
        }
        Err(error) => return Ok(telling(&pages, &visit, place, told_of(error)?)),
    };
    Cookie::forget(COOKIE, paths::SIGN_UP).set(&mut response, &pages);
    Ok(response)
}
