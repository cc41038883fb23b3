//! `/wallet/security/data` and `…/closing`: a copy of everything kept about the payer, and the end of the account.
//!
//! The form of the copy is the one form of the pages whose answer is not a way to a GET: what it answers is not to be
//! had a second time.

use axum::{
    body::Body,
    http::{
        HeaderValue,
        header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use tongbao_core::{
    Refusal,
    payer::{CodePurpose, closing::Hindrance as Why, is_password},
};
use tongbao_engine::{Error, account::Purpose};

use super::{Posted, Told, Visitor, around, send_code_to, telling, told_of};
use crate::{
    handlers::answer::{Trouble, see_other},
    i18n::wallet::{State as S, Text as T},
    paths,
    wallet::account::{Field, FieldKind, Form as PageForm, FormView, Hindrance, render_form},
};

/// The proofs that these forms ask for.
#[derive(Deserialize)]
pub(super) struct ProofForm {
    #[serde(default)]
    code: String,
    #[serde(default)]
    password: String,
}

fn form(action: &str, fields: Vec<Field>, button: T, danger: bool) -> PageForm {
    PageForm { action: action.to_owned(), hidden: Vec::new(), fields, button, danger }
}

fn password() -> Field {
    Field::new("password", T::Password, FieldKind::Password)
}

fn view(visitor: &Visitor, path: &str, title: T, intro: S, form: PageForm) -> FormView {
    FormView {
        around: around(visitor, path),
        title,
        intro: visitor.frame().t(intro).to_owned(),
        facts: vec![(T::SignedInAs, visitor.payer.phone_hint.clone())],
        form: Some(form),
        sides: Vec::new(),
        links: vec![(T::BackToSecurity, paths::SECURITY.to_owned())],
        inbox: false,
        passkey: None,
    }
}

pub(super) async fn show(visitor: Visitor) -> Result<Response, Trouble> {
    let form = form(paths::OWN_DATA, vec![password()], T::Download, false);
    let view = view(&visitor, paths::OWN_DATA, T::OwnData, S::OwnDataIntro, form);
    Ok(visitor.page(|frame| render_form(&view, frame)))
}

pub(super) async fn take(Posted(visitor, form): Posted<ProofForm>) -> Result<Response, Trouble> {
    if !is_password(&form.password) {
        return Ok(telling(&visitor, paths::OWN_DATA, Told::MalformedPassword));
    }
    let copy = match visitor.pages.engine.take_own_data(visitor.payer.id, form.password).await {
        Ok(copy) => copy,
        Err(error) => return Ok(telling(&visitor, paths::OWN_DATA, told_of(error)?)),
    };
    let mut response = Body::from(copy).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let name = HeaderValue::from_static("attachment; filename=\"tongbao-my-data.json\"");
    headers.insert(CONTENT_DISPOSITION, name);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

pub(super) async fn show_closing(visitor: Visitor) -> Result<Response, Trouble> {
    let code_sent = visitor.payer.code_for(CodePurpose::Closing).is_some();
    let send = |button| form(paths::CLOSING_CODE, Vec::new(), button, false);
    let mut view = if code_sent {
        let code = Field::new("code", T::Code, FieldKind::Code);
        let close = form(paths::CLOSING, vec![code, password()], T::CloseNow, true);
        view(&visitor, paths::CLOSING, T::Closing, S::ClosingCodeIntro, close)
    } else {
        view(&visitor, paths::CLOSING, T::Closing, S::ClosingIntro, send(T::SendCode))
    };
    if code_sent {
        view.sides.push(send(T::ResendCode));
        view.inbox = visitor.pages.engine.is_sandbox();
    }
    Ok(visitor.page(|frame| render_form(&view, frame)))
}

pub(super) async fn send_code(Posted(visitor, _): Posted) -> Result<Response, Trouble> {
    send_code_to(&visitor, Purpose::Closing, paths::CLOSING).await
}

pub(super) async fn close(Posted(visitor, form): Posted<ProofForm>) -> Result<Response, Trouble> {
    let tell = |told| Ok(telling(&visitor, paths::CLOSING, told));
    if !is_password(&form.password) {
        return tell(Told::MalformedPassword);
    }
    let closed = visitor.pages.engine.close_account(visitor.payer.id, form.password, form.code.trim()).await;
    match closed {
        // Nobody is signed in any more.
        Ok(Ok(())) => Ok(see_other(&visitor.visit.frame("").href(paths::SIGN_IN))),
        Ok(Err(Why::Balance)) => tell(Told::NotClosable(Hindrance::Balance)),
        Ok(Err(Why::UnderWay)) => tell(Told::NotClosable(Hindrance::UnderWay)),
        Err(Error::Refused(Refusal::PayerFrozen)) => tell(Told::NotClosable(Hindrance::Frozen)),
        Err(error) => tell(told_of(error)?),
    }
}
