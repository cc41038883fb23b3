//! `/wallet/security/freeze`: freezing at once, and unfreezing by password and code.

use axum::response::Response;
use serde::Deserialize;
use tongbao_core::{
    Refusal,
    payer::{CodePurpose, freeze::By, is_password},
};
use tongbao_engine::{Error, account::Purpose};

use super::{Posted, Told, Visitor, around, send_code_to, telling, told_of};
use crate::{
    handlers::{answer::Trouble, record_view::moment},
    i18n::wallet::{State as S, Text as T},
    paths,
    wallet::account::{Field, FieldKind, Form as PageForm, FormView, render_form},
};

#[derive(Deserialize)]
pub(super) struct UnfreezeForm {
    #[serde(default)]
    code: String,
    #[serde(default)]
    password: String,
}

pub(super) async fn show(visitor: Visitor) -> Result<Response, Trouble> {
    let frame = visitor.frame();
    let bare = |action: &str, button, danger| PageForm {
        action: action.to_owned(),
        hidden: Vec::new(),
        fields: Vec::new(),
        button,
        danger,
    };
    let code_sent = visitor.payer.code_for(CodePurpose::Unfreeze).is_some();
    let send = |button| bare("/wallet/security/freeze/code", button, false);
    let (intro, form, sides) = match &visitor.payer.frozen {
        None => (S::FreezeIntro, Some(bare(paths::FREEZE, T::FreezeNow, true)), Vec::new()),
        Some(freeze) if freeze.by == By::Operator => (S::FrozenByOperator, None, Vec::new()),
        Some(_) if !code_sent => (S::UnfreezeIntro, Some(send(T::SendCode)), Vec::new()),
        Some(_) => {
            let fields = vec![
                Field::new("code", T::Code, FieldKind::Code),
                Field::new("password", T::Password, FieldKind::Password),
            ];
            let form = PageForm { fields, ..bare("/wallet/security/freeze/end", T::Unfreeze, false) };
            (S::UnfreezeIntro, Some(form), vec![send(T::ResendCode)])
        }
    };
    let since = visitor.payer.frozen.as_ref();
    let own = since.is_some_and(|freeze| freeze.by == By::Payer);
    let view = FormView {
        around: around(&visitor, paths::FREEZE),
        title: T::Freeze,
        intro: frame.t(intro).to_owned(),
        facts: since.map(|freeze| (T::FrozenSince, moment(freeze.at).text())).into_iter().collect(),
        form,
        sides,
        links: vec![(T::BackToSecurity, paths::SECURITY.to_owned())],
        inbox: own && code_sent && visitor.pages.engine.is_sandbox(),
        passkey: None,
    };
    Ok(visitor.page(|frame| render_form(&view, frame)))
}

pub(super) async fn freeze(Posted(visitor, _): Posted) -> Result<Response, Trouble> {
    let told = match visitor.pages.engine.freeze_own(visitor.payer.id).await {
        Ok(()) => Told::Frozen,
        Err(error) => told_of(error)?,
    };
    Ok(telling(&visitor, paths::FREEZE, told))
}

pub(super) async fn send_code(Posted(visitor, _): Posted) -> Result<Response, Trouble> {
    send_code_to(&visitor, Purpose::Unfreeze, paths::FREEZE).await
}

pub(super) async fn unfreeze(Posted(visitor, form): Posted<UnfreezeForm>) -> Result<Response, Trouble> {
    let tell = |told| Ok(telling(&visitor, paths::FREEZE, told));
    if !is_password(&form.password) {
        return tell(Told::MalformedPassword);
    }
    let lifted = visitor.pages.engine.unfreeze_own(visitor.payer.id, form.password, form.code.trim()).await;
    match lifted {
        Ok(()) => tell(Told::Unfrozen),
        Err(Error::Refused(Refusal::WrongCode)) => tell(Told::CodeExpired),
        Err(error) => tell(told_of(error)?),
    }
}
