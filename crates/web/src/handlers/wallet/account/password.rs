//! `/wallet/security/password` and `…/reset`: another payment password, by the old one or by who the payer is.

use axum::response::Response;
use serde::Deserialize;
use tongbao_core::payer::{CodePurpose, identity::Identity, is_password};
use tongbao_engine::account::Purpose;

use super::{Posted, Told, Visitor, around, chosen, send_code_to, telling, told_of};
use crate::{
    handlers::answer::Trouble,
    i18n::wallet::{State as S, Text as T},
    paths,
    wallet::account::{Field, FieldKind, Form as PageForm, FormView, render_form},
};

#[derive(Deserialize)]
pub(super) struct ChangeForm {
    #[serde(default)]
    old: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
}

#[derive(Deserialize)]
pub(super) struct ResetForm {
    #[serde(default)]
    code: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    number: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
}

fn new_password() -> [Field; 2] {
    let first = Field::new("password", T::NewPassword, FieldKind::NewPassword);
    let first = Field { hint: Some(T::NewPasswordHint), ..first };
    [first, Field::new("again", T::PasswordAgain, FieldKind::NewPassword)]
}

pub(super) async fn show_change(visitor: Visitor) -> Result<Response, Trouble> {
    let old = Field::new("old", T::OldPassword, FieldKind::Password);
    let form = PageForm {
        action: paths::PASSWORD.to_owned(),
        hidden: Vec::new(),
        fields: std::iter::once(old).chain(new_password()).collect(),
        button: T::ChangePassword,
        danger: false,
    };
    let view = FormView {
        around: around(&visitor, paths::PASSWORD),
        title: T::ChangePassword,
        intro: String::new(),
        facts: Vec::new(),
        form: Some(form),
        sides: Vec::new(),
        links: vec![
            (T::BackToSecurity, paths::SECURITY.to_owned()),
            (T::ForgotPassword, paths::RESET.to_owned()),
        ],
        inbox: false,
        passkey: None,
    };
    Ok(visitor.page(|frame| render_form(&view, frame)))
}

pub(super) async fn change(Posted(visitor, form): Posted<ChangeForm>) -> Result<Response, Trouble> {
    let tell = |path, told| Ok(telling(&visitor, path, told));
    if !is_password(&form.old) {
        return tell(paths::PASSWORD, Told::MalformedPassword);
    }
    if let Err(told) = chosen(&form.password, &form.again) {
        return tell(paths::PASSWORD, told);
    }
    let whose = (visitor.payer.id, visitor.session.id);
    match visitor.pages.engine.change_password(whose, form.old, form.password).await {
        Ok(()) => tell(paths::SECURITY, Told::PasswordChanged),
        Err(error) => tell(paths::PASSWORD, told_of(error)?),
    }
}

pub(super) async fn show_reset(visitor: Visitor) -> Result<Response, Trouble> {
    let frame = visitor.frame();
    let verified = matches!(visitor.payer.identity, Some(Identity::Verified { .. }));
    let bare = |action: &str, button| PageForm {
        action: action.to_owned(),
        hidden: Vec::new(),
        fields: Vec::new(),
        button,
        danger: false,
    };
    let known = [
        Field::new("code", T::Code, FieldKind::Code),
        Field::new("name", T::Name, FieldKind::Name),
        Field::new("number", T::IdNumber, FieldKind::IdNumber),
    ];
    let form = PageForm {
        fields: known.into_iter().chain(new_password()).collect(),
        ..bare(paths::RESET, T::ResetPassword)
    };
    let code_sent = visitor.payer.code_for(CodePurpose::Reset).is_some();
    let first = if code_sent { form } else { bare("/wallet/security/reset/code", T::SendCode) };
    let again = code_sent.then(|| bare("/wallet/security/reset/code", T::ResendCode));
    let view = FormView {
        around: around(&visitor, paths::RESET),
        title: T::ResetPassword,
        intro: frame.t(if verified { S::ResetIntro } else { S::ResetNeedsIdentity }).to_owned(),
        facts: Vec::new(),
        form: verified.then_some(first),
        sides: again.filter(|_| verified).into_iter().collect(),
        links: vec![(T::BackToSecurity, paths::SECURITY.to_owned())],
        inbox: verified && code_sent && visitor.pages.engine.is_sandbox(),
        passkey: None,
    };
    Ok(visitor.page(|frame| render_form(&view, frame)))
}

pub(super) async fn send_code(Posted(visitor, _): Posted) -> Result<Response, Trouble> {
    send_code_to(&visitor, Purpose::Reset, paths::RESET).await
}

pub(super) async fn reset(Posted(visitor, form): Posted<ResetForm>) -> Result<Response, Trouble> {
    let tell = |path, told| Ok(telling(&visitor, path, told));
    if let Err(told) = chosen(&form.password, &form.again) {
        return tell(paths::RESET, told);
    }
    let proofs = (form.name.as_str(), form.number.as_str(), form.code.trim());
    let whose = (visitor.payer.id, visitor.session.id);
    match visitor.pages.engine.reset_password(whose, proofs, form.password).await {
        Ok(()) => tell(paths::SECURITY, Told::PasswordReset),
        Err(error) => tell(paths::RESET, told_of(error)?),
    }
}
