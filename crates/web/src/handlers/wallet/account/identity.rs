//! `/wallet/security/identity`: real-name verification.

use axum::response::Response;
use serde::Deserialize;
use tongbao_core::payer::identity::{Identity, Level};
use tongbao_engine::identity::Checked;

use super::{Posted, Told, Visitor, around, telling, told_of};
use crate::{
    handlers::answer::Trouble,
    i18n::{
        message, phrase,
        wallet::{State as S, Text as T},
    },
    paths,
    wallet::account::{Field, FieldKind, Form as PageForm, FormView, render_form},
};

#[derive(Deserialize)]
pub(super) struct IdentityForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    number: String,
}

pub(super) async fn show(visitor: Visitor) -> Result<Response, Trouble> {
    let frame = visitor.frame();
    let (intro, facts, button) = match &visitor.payer.identity {
        Some(Identity::Verified { level, name_hint, number_hint, .. }) => {
            let class = phrase::account_class(frame.lang, message::level_name(*level));
            let facts = vec![
                (T::AccountClass, class),
                (T::Name, name_hint.clone()),
                (T::IdNumber, number_hint.clone()),
            ];
            let top = *level == Level::Three;
            let intro = if top { S::IdentityTop } else { S::IdentityDone };
            (intro, facts, (!top).then_some(T::VerifyAgain))
        }
        Some(Identity::Unverified) | None => (S::IdentityIntro, Vec::new(), Some(T::Verify)),
    };
    let number = Field::new("number", T::IdNumber, FieldKind::IdNumber);
    let form = button.map(|button| PageForm {
        action: paths::IDENTITY.to_owned(),
        hidden: Vec::new(),
        fields: vec![
            Field::new("name", T::Name, FieldKind::Name),
            Field { hint: Some(T::IdNumberHint), ..number },
        ],
        button,
        danger: false,
    });
    let view = FormView {
        around: around(&visitor, paths::IDENTITY),
        title: T::Identity,
        intro: frame.t(intro).to_owned(),
        facts,
        form,
        sides: Vec::new(),
        links: vec![(T::BackToSecurity, paths::SECURITY.to_owned())],
        inbox: false,
        passkey: None,
    };
    Ok(visitor.page(|frame| render_form(&view, frame)))
}

pub(super) async fn verify(Posted(visitor, form): Posted<IdentityForm>) -> Result<Response, Trouble> {
    let told = match visitor.pages.engine.verify_identity(visitor.payer.id, &form.name, &form.number).await {
        Ok(Checked::Verified(_)) => Told::IdentityVerified,
        Ok(Checked::Unanswered) => Told::Unanswered,
        Err(error) => told_of(error)?,
    };
    Ok(telling(&visitor, paths::IDENTITY, told))
}
