//! `/wallet/sign-in/passkey`: in by a passkey that the device keeps, without a number and without a code.
//!
//! The browser keeps which challenge it was given in a cookie of its own, so that nobody is signed in by what was
//! signed in another browser; the form's token sees to it that no other site sends the form. Whatever is wrong is told
//! alike.

use std::sync::Arc;

use axum::{Extension, Form, extract::State, response::Response};
use serde::Deserialize;
use tongbao_core::{Refusal, id::SignInChallengeId, limits::PASSKEY_CHALLENGE_LIFE_MS};
use tongbao_engine::{
    Error,
    passkey::{Assertion, options::request},
};
use tongbao_store::Fault;

use super::{
    super::session,
    Told,
    sign_in::{KEPT_AT, is_our_form, seat, telling, way_back},
};
use crate::{
    handlers::{
        Pages,
        answer::{Trouble, see_other},
        cookie::Cookie,
        passkey,
        sign_in::SignIn,
        visit::Visit,
    },
    i18n, paths,
};

/// Which challenge this browser was given.
const ASKED: &str = "tongbao_asked";

#[derive(Deserialize)]
pub(super) struct AskForm {
    #[serde(default)]
    csrf: String,
}

/// What the device is asked to sign.
pub(super) async fn ask(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Form(form): Form<AskForm>,
) -> Result<Response, Trouble> {
    let tell = |told| {
        let notice = i18n::told::wording(told, visit.frame("").lang);
        Ok(passkey::told(&[notice.title, notice.next].join(" ")))
    };
    let Some(party) = pages.relying_party() else { return tell(Told::PasskeySignsNobodyIn) };
    if !is_our_form(&pages, &visit, &form.csrf) {
        return tell(Told::FormExpired);
    }
    let asked = match pages.engine.ask_to_sign_in().await {
        Ok(asked) => asked,
        Err(Error::Fault(Fault::Busy | Fault::Full)) => return tell(Told::Unavailable),
        Err(Error::Fault(fault)) => return Err(fault.into()),
        Err(Error::Refused(refusal)) => return Err(Trouble::Refused(refusal)),
    };
    let mut response = passkey::options(&request(party, &asked.bytes(), &[]));
    let max_age_s = Some(PASSKEY_CHALLENGE_LIFE_MS / 1_000);
    let path = paths::SIGN_IN_PASSKEY.to_owned();
    Cookie { name: ASKED, value: asked.id.to_string(), path, max_age_s }.set(&mut response, &pages);
    Ok(response)
}

#[derive(Deserialize)]
pub(super) struct PasskeyForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    passkey: String,
    #[serde(default)]
    back: String,
}

/// The device has signed.
pub(super) async fn enter(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Form(form): Form<PasskeyForm>,
) -> Result<Response, Trouble> {
    let back = way_back(&form.back);
    let tell = |told| Ok(telling(&pages, &visit, (paths::SIGN_IN, back), told));
    if !is_our_form(&pages, &visit, &form.csrf) {
        return tell(Told::FormExpired);
    }
    let asked = visit.cookies(ASKED).find_map(|text| text.parse::<SignInChallengeId>().ok());
    let given = serde_json::from_str::<Assertion>(&form.passkey).ok();
    let Some(((party, asked), given)) = pages.relying_party().zip(asked).zip(given) else {
        return tell(Told::PasskeySignsNobodyIn);
    };
    let device = session::device(&pages, &visit);
    let signed_in = pages.engine.sign_in_by_passkey(party, asked, &given, seat(&visit, &device)).await;
    let (payer, secret) = match signed_in {
        Ok(signed_in) => signed_in,
        Err(Error::Refused(Refusal::PasskeyRefused)) => return tell(Told::PasskeySignsNobodyIn),
        Err(Error::Fault(Fault::Busy | Fault::Full)) => return tell(Told::Unavailable),
        Err(Error::Fault(fault)) => return Err(fault.into()),
        Err(Error::Refused(refusal)) => return Err(Trouble::Refused(refusal)),
    };
    let mut response = see_other(&visit.frame("").href(back));
    session::begin(&pages, &mut response, payer, (&device, &secret));
    SignIn::forget(KEPT_AT.to_owned()).set(&mut response, &pages);
    Cookie::forget(ASKED, paths::SIGN_IN_PASSKEY).set(&mut response, &pages);
    Ok(response)
}
