//! `POST …/session`: signs a payer in who knows the code. `POST …/session/end`: signs out.

use std::sync::Arc;

use axum::{
    Extension, Form,
    extract::{Path, State},
    response::Response,
};
use serde::Deserialize;
use tongbao_core::{Refusal, id::PayerId};
use tongbao_engine::{Engine, Error};

use super::{Session, Till, notice::Told};
use crate::handlers::{
    Pages,
    answer::Trouble,
    form_token::{self, Scope},
    sign_in::{SignIn, phone_number, unhurried},
    visit::Visit,
};

#[derive(Deserialize)]
pub(super) struct SessionForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    phone: String,
    #[serde(default)]
    code: String,
}

#[derive(Deserialize)]
pub(super) struct EndForm {
    #[serde(default)]
    csrf: String,
}

pub(super) async fn begin(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Path(id): Path<String>,
    Form(form): Form<SessionForm>,
) -> Result<Response, Trouble> {
    let till = Till::open(&pages, &visit, &id)?;
    if !till.is_payable() || till.payer.is_some() {
        return Ok(till.again());
    }
    if !till.is_our_form(&form.csrf) {
        return Ok(till.again_telling(Told::FormExpired, None));
    }
    let sign_in = SignIn::read(&pages, &visit);
    let Some(phone) = phone_number(&form.phone).filter(|phone| sign_in.can_try(phone, till.now)) else {
        return Ok(till.again_telling(Told::CodeExpired, None));
    };
    let code = form.code.trim();
    if let Some(payer) = unhurried(payer_with_code(&pages.engine, &phone, code)).await? {
        let mut response = till.again();
        Session::begin(&pages, payer, till.now).set(&mut response, &pages);
        form_token::fresh(&pages, Scope::Cashier).set(&mut response, &pages);
        SignIn::forget(till.path()).set(&mut response, &pages);
        return Ok(response);
    }
    let (sign_in, tries_left) = sign_in.after_wrong_code();
    let told = if tries_left == 0 { Told::CodeExpired } else { Told::WrongCode(tries_left) };
    let mut response = till.again_telling(told, None);
    sign_in.keep(&pages, till.path()).set(&mut response, &pages);
    Ok(response)
}

/// The payer with this number, if the code is right; none if either is not.
async fn payer_with_code(engine: &Engine, phone: &str, code: &str) -> Result<Option<PayerId>, Trouble> {
    let Some(payer) = engine.payer_by_phone(phone)? else { return Ok(None) };
    match engine.use_code(payer.id, code).await {
        Ok(()) => Ok(Some(payer.id)),
        Err(Error::Refused(Refusal::WrongCode)) => Ok(None),
        Err(Error::Fault(fault)) => Err(fault.into()),
        Err(Error::Refused(refusal)) => Err(Trouble::Refused(refusal)),
    }
}

pub(super) async fn end(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Path(id): Path<String>,
    Form(form): Form<EndForm>,
) -> Result<Response, Trouble> {
    let till = Till::open(&pages, &visit, &id)?;
    if till.payer.is_none() {
        return Ok(till.again());
    }
    if !till.is_our_form(&form.csrf) {
        return Ok(till.again_telling(Told::FormExpired, None));
    }
    let mut response = till.again();
    Session::end().set(&mut response, &pages);
    form_token::fresh(&pages, Scope::Cashier).set(&mut response, &pages);
    Ok(response)
}
