//! `/wallet/security/codes`: whether payment codes are shown on this device. They pay small sums without the payment
//! password, so that is asked for once, here; the next sign-in on the device switches them off.

use axum::response::Response;
use serde::Deserialize;
use tongbao_core::payer::is_password;

use super::{Posted, Told, Visitor, around, telling, told_of};
use crate::{
    handlers::answer::Trouble,
    i18n::wallet::{State as S, Text as T},
    paths,
    wallet::account::{Field, FieldKind, Form as PageForm, FormView, render_form},
};

#[derive(Deserialize)]
pub(super) struct SwitchForm {
    #[serde(default)]
    password: String,
}

pub(super) async fn show(visitor: Visitor) -> Result<Response, Trouble> {
    let frame = visitor.frame();
    let on = visitor.session.shows_codes(&visitor.payer);
    let form = |action: &str, fields, button| PageForm {
        action: action.to_owned(),
        hidden: Vec::new(),
        fields,
        button,
        danger: false,
    };
    let password = Field::new("password", T::Password, FieldKind::Password);
    let mut links = vec![(T::BackToSecurity, paths::SECURITY.to_owned())];
    if on {
        links.insert(0, (T::Codes, paths::PAYMENT_CODE.to_owned()));
    }
    let view = FormView {
        around: around(&visitor, paths::CODE_SWITCH),
        title: T::Codes,
        intro: frame.t(if on { S::CodesOnIntro } else { S::CodesIntro }).to_owned(),
        facts: Vec::new(),
        form: Some(if on {
            form(paths::CODE_SWITCH_OFF, Vec::new(), T::SwitchOff)
        } else {
            form(paths::CODE_SWITCH, vec![password], T::SwitchOn)
        }),
        sides: Vec::new(),
        links,
        inbox: false,
        passkey: None,
    };
    Ok(visitor.page(|frame| render_form(&view, frame)))
}

/// Who comes here wants to show a code.
pub(super) async fn switch_on(Posted(visitor, form): Posted<SwitchForm>) -> Result<Response, Trouble> {
    if !is_password(&form.password) {
        return Ok(telling(&visitor, paths::CODE_SWITCH, Told::MalformedPassword));
    }
    let (payer, session) = (visitor.payer.id, visitor.session.id);
    match visitor.pages.engine.switch_codes_on(payer, session, form.password).await {
        Ok(_) => Ok(visitor.to(paths::PAYMENT_CODE)),
        Err(error) => Ok(telling(&visitor, paths::CODE_SWITCH, told_of(error)?)),
    }
}

pub(super) async fn switch_off(Posted(visitor, _): Posted) -> Result<Response, Trouble> {
    let told = match visitor.pages.engine.switch_codes_off(visitor.payer.id, visitor.session.id).await {
        Ok(_) => Told::CodesSwitchedOff,
        Err(error) => told_of(error)?,
    };
    Ok(telling(&visitor, paths::CODE_SWITCH, told))
}
