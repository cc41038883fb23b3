//! `POST …/code`: sends a one-time code to a phone number.
//!
//! A number that nobody has is answered as one that somebody has, in words and in time: asking tells nobody who has an
//! account here.

use std::sync::Arc;

use axum::{
    Extension, Form,
    extract::{Path, State},
    response::Response,
};
use serde::Deserialize;
use tongbao_core::Refusal;
use tongbao_engine::{Engine, Error};
use tongbao_store::Fault;

use super::{Till, notice::Told};
use crate::handlers::{
    Pages,
    answer::Trouble,
    sign_in::{SignIn, phone_number, unhurried},
    visit::Visit,
};

#[derive(Deserialize)]
pub(super) struct CodeForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    phone: String,
}

pub(super) async fn send(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Path(id): Path<String>,
    Form(form): Form<CodeForm>,
) -> Result<Response, Trouble> {
    let till = Till::open(&pages, &visit, &id)?;
    if !till.is_payable() || till.payer.is_some() {
        return Ok(till.again());
    }
    if !till.is_our_form(&form.csrf) {
        return Ok(till.again_telling(Told::FormExpired, None));
    }
    let telling = |told, sign_in: &SignIn| {
        let mut response = till.again_telling(told, None);
        sign_in.keep(&pages, till.path()).set(&mut response, &pages);
        response
    };
    let Some(phone) = phone_number(&form.phone) else {
        return Ok(telling(Told::InvalidPhone, &SignIn::typed(&form.phone)));
    };
    if !pages.engine.can_send_codes() {
        // The engine would say so for known numbers only.
        return Ok(telling(Told::TemporarilyUnavailable, &SignIn::typed(&phone)));
    }
    let before = SignIn::read(&pages, &visit);
    if let Some(wait_s) = before.wait_s(&phone, till.now) {
        return Ok(telling(Told::CodeTooSoon(wait_s), &before));
    }
    if !unhurried(send_if_known(&pages.engine, &phone)).await? {
        return Ok(telling(Told::TemporarilyUnavailable, &SignIn::typed(&phone)));
    }
    let mut response = till.again();
    SignIn::sent(phone, till.now).keep(&pages, till.path()).set(&mut response, &pages);
    Ok(response)
}

/// Whether a code is on its way, or would be if the number were known.
async fn send_if_known(engine: &Engine, phone: &str) -> Result<bool, Trouble> {
    let Some(payer) = engine.payer_by_phone(phone)? else { return Ok(true) };
    match engine.send_code(payer.id).await {
        // Another browser asked for one a moment ago: that one is good here too.
        Ok(()) | Err(Error::Refused(Refusal::CodeTooSoon)) => Ok(true),
        Err(Error::Fault(Fault::Busy | Fault::Full)) => Ok(false),
        Err(Error::Fault(fault)) => Err(fault.into()),
        Err(Error::Refused(refusal)) => Err(Trouble::Refused(refusal)),
    }
}
