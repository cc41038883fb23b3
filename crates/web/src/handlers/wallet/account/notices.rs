//! `/wallet/security/notices` and `…/mail`: what the payer is told by SMS and mail, and where mail goes.

use axum::response::Response;
use serde::Deserialize;
use tongbao_core::{
    Key, Refusal,
    notice::{
        Language,
        contact::{Choice, Contact},
    },
};
use tongbao_engine::Error;
use tongbao_store::Fault;

use super::{Posted, Told, Visitor, around, telling, told_of};
use crate::{
    handlers::answer::Trouble,
    i18n::wallet::{State as S, Text as T},
    paths,
    wallet::account::{Field, FieldKind, Form as PageForm, FormView, render_form},
};

/// The query that asks for the form of the address again, though one waits for its code.
const AGAIN: &str = "again";

/// A box that is not ticked is not sent.
#[derive(Deserialize)]
pub(super) struct ChoiceForm {
    #[serde(default)]
    sms: String,
    #[serde(default)]
    mail: String,
    #[serde(default)]
    english: String,
}

#[derive(Deserialize)]
pub(super) struct MailForm {
    #[serde(default)]
    mail: String,
}

#[derive(Deserialize)]
pub(super) struct CodeForm {
    #[serde(default)]
    code: String,
}

fn contact(visitor: &Visitor) -> Result<Option<Contact>, Fault> {
    visitor.pages.engine.store.find(Key::ContactOf(visitor.payer.id))
}

fn tick(name: &'static str, label: T, is_ticked: bool) -> Field {
    let value = if is_ticked { "1".to_owned() } else { String::new() };
    Field { value, ..Field::new(name, label, FieldKind::Tick) }
}

fn form(action: &str, fields: Vec<Field>, button: T) -> PageForm {
    PageForm { action: action.to_owned(), hidden: Vec::new(), fields, button, danger: false }
}

pub(super) async fn show(visitor: Visitor) -> Result<Response, Trouble> {
    let (frame, known) = (visitor.frame(), contact(&visitor)?);
    let choice = known.as_ref().map(|known| known.choice).unwrap_or_default();
    let mail = known.and_then(|known| known.mail).map(|mail| mail.hint);
    let mut fields = vec![tick("sms", T::NewsBySms, choice.sms)];
    fields.extend(mail.is_some().then(|| tick("mail", T::NewsByMail, choice.mail)));
    fields.push(tick("english", T::InEnglish, choice.language == Language::En));
    let change = if mail.is_some() { T::ChangeMail } else { T::AddMail };
    let view = FormView {
        around: around(&visitor, paths::NOTICES),
        title: T::Notices,
        intro: frame.t(S::NoticesIntro).to_owned(),
        facts: vec![
            (T::Phone, visitor.payer.phone_hint.clone()),
            (T::MailAddress, mail.clone().unwrap_or_else(|| frame.t(S::NoMail).to_owned())),
        ],
        form: Some(form(paths::NOTICES, fields, T::SetLimits)),
        sides: mail.iter().map(|_| form(paths::MAIL_END, Vec::new(), T::RemoveMail)).collect(),
        links: vec![(change, paths::MAIL.to_owned()), (T::BackToSecurity, paths::SECURITY.to_owned())],
        inbox: false,
        passkey: None,
    };
    Ok(visitor.page(|frame| render_form(&view, frame)))
}

pub(super) async fn choose(Posted(visitor, form): Posted<ChoiceForm>) -> Result<Response, Trouble> {
    let known = contact(&visitor)?;
    // Without an address there is no box for it, and the choice stays.
    let kept = known.as_ref().is_none_or(|known| known.mail.is_none());
    let before = known.map(|known| known.choice).unwrap_or_default();
    let choice = Choice {
        sms: !form.sms.is_empty(),
        mail: if kept { before.mail } else { !form.mail.is_empty() },
        language: if form.english.is_empty() { Language::Zh } else { Language::En },
    };
    let told = match visitor.pages.engine.choose_notices(visitor.payer.id, choice).await {
        Ok(()) => Told::NoticesSet,
        Err(error) => told_of(error)?,
    };
    Ok(telling(&visitor, paths::NOTICES, told))
}

pub(super) async fn show_mail(visitor: Visitor) -> Result<Response, Trouble> {
    let frame = visitor.frame();
    let asked = contact(&visitor)?.and_then(|known| known.asked).filter(|asked| asked.code.is_some());
    let asked = asked.filter(|_| visitor.visit.query(AGAIN).is_none());
    let offered = visitor.pages.engine.can_send_mail();
    let address = Field { hint: Some(T::MailHint), ..Field::new("mail", T::MailAddress, FieldKind::Mail) };
    let first = form(paths::MAIL, vec![address], T::SendCode);
    let (intro, main) = match (&asked, offered) {
        (_, false) => (S::MailUnavailable, None),
        (None, true) => (S::MailIntro, Some(first)),
        (Some(_), true) => {
            let code = Field::new("code", T::MailCode, FieldKind::Code);
            (S::MailCodeIntro, Some(form(paths::MAIL_CODE, vec![code], T::Continue)))
        }
    };
    let again = asked.is_some().then(|| (T::ChangeMail, format!("{}?{AGAIN}=1", paths::MAIL)));
    let back = (T::BackToNotices, paths::NOTICES.to_owned());
    let view = FormView {
        around: around(&visitor, paths::MAIL),
        title: T::MailAddress,
        intro: frame.t(intro).to_owned(),
        facts: asked.iter().map(|asked| (T::MailAddress, asked.address.hint.clone())).collect(),
        form: main,
        sides: Vec::new(),
        links: again.into_iter().chain([back]).collect(),
        inbox: asked.is_some() && visitor.pages.engine.is_sandbox(),
        passkey: None,
    };
    Ok(visitor.page(|frame| render_form(&view, frame)))
}

pub(super) async fn ask_mail(Posted(visitor, form): Posted<MailForm>) -> Result<Response, Trouble> {
    let told = match visitor.pages.engine.ask_mail(visitor.payer.id, &form.mail).await {
        Ok(()) => Told::CodeSent,
        Err(Error::Refused(Refusal::CodeTooSoon)) => {
            Told::CodeTooSoon(tongbao_core::limits::CODE_PAUSE_MS.unsigned_abs() / 1_000)
        }
        Err(error) => told_of(error)?,
    };
    Ok(telling(&visitor, paths::MAIL, told))
}

pub(super) async fn confirm_mail(Posted(visitor, form): Posted<CodeForm>) -> Result<Response, Trouble> {
    match visitor.pages.engine.confirm_mail(visitor.payer.id, form.code.trim()).await {
        Ok(()) => Ok(telling(&visitor, paths::NOTICES, Told::MailConfirmed)),
        Err(error) => Ok(telling(&visitor, paths::MAIL, told_of(error)?)),
    }
}

pub(super) async fn remove_mail(Posted(visitor, _): Posted) -> Result<Response, Trouble> {
    let had_one = contact(&visitor)?.is_some_and(|known| known.mail.is_some());
    match visitor.pages.engine.remove_mail(visitor.payer.id).await {
        Ok(()) if had_one => Ok(telling(&visitor, paths::NOTICES, Told::MailRemoved)),
        Ok(()) => Ok(visitor.to(paths::MAIL)),
        Err(error) => Ok(telling(&visitor, paths::NOTICES, told_of(error)?)),
    }
}
