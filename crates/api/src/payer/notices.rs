//! `/payer/v1/notice_settings` and `/payer/v1/mail_address`: what the payer is told by SMS and mail, and where mail
//! goes.
//!
//! What may be a thief's doing is told by all media, whatever was chosen. Nothing but a code is sent to an address that
//! was not confirmed.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tongbao_core::{
    Key,
    notice::{
        Language,
        contact::{Choice, Contact},
    },
};
use utoipa::ToSchema;

use super::{
    bearer::Bearer,
    entry::CodeBody,
    once::{NoKey, created},
};
use crate::{
    errors::{PayerErrors, PayerErrorsWithoutBody},
    json::StrictJson,
    problem::Problem,
    refusal::{failed, fault},
    state::Api,
};

/// In which language notices are written.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoticeLanguage {
    /// Chinese.
    Zh,
    /// English.
    En,
}

/// How the payer is told news.
#[derive(Serialize, ToSchema)]
pub struct NoticeSettings {
    /// News by SMS.
    pub sms: bool,
    /// News by mail, where an address was confirmed.
    pub mail: bool,
    /// The language of all notices.
    pub language: NoticeLanguage,
    /// Where SMS go: the phone number, masked.
    pub phone: String,
    /// Where mail goes: the address, masked; null if none was confirmed.
    pub mail_address: Option<String>,
    /// The address that waits for its code, masked.
    pub unconfirmed_mail_address: Option<String>,
}

fn settings(api: &Api, bearer: &Bearer) -> Result<NoticeSettings, Problem> {
    let contact = api.engine.store.find::<Contact>(Key::ContactOf(bearer.id()));
    let contact = contact.map_err(|error| fault(&error))?;
    let Choice { sms, mail, language } = contact.as_ref().map(|known| known.choice).unwrap_or_default();
    let (confirmed, asked) = contact.map(|known| (known.mail, known.asked)).unwrap_or_default();
    let waits = asked.filter(|asked| asked.code.is_some()).map(|asked| asked.address.hint);
    Ok(NoticeSettings {
        sms,
        mail,
        language: match language {
            Language::Zh => NoticeLanguage::Zh,
            Language::En => NoticeLanguage::En,
        },
        phone: bearer.payer().phone_hint.clone(),
        mail_address: confirmed.map(|mail| mail.hint),
        unconfirmed_mail_address: waits,
    })
}

/// Look up how you are told news
#[utoipa::path(get, path = "/payer/v1/notice_settings", tag = "security", operation_id = "get_notice_settings",
    responses((status = 200, description = "The settings", body = NoticeSettings), PayerErrorsWithoutBody))]
pub async fn get_notice_settings(State(api): State<Arc<Api>>, bearer: Bearer) -> Result<Response, Problem> {
    Ok(axum::Json(settings(&api, &bearer)?).into_response())
}

/// What the payer wants.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateNoticeSettings {
    /// News by SMS.
    pub sms: bool,
    /// News by mail, once an address was confirmed.
    pub mail: bool,
    /// The language of all notices.
    pub language: NoticeLanguage,
}

/// Choose how you are told news
#[utoipa::path(post, path = "/payer/v1/notice_settings", tag = "security", operation_id = "create_notice_settings",
    request_body = CreateNoticeSettings,
    responses((status = 201, description = "The settings as they are now", body = NoticeSettings), PayerErrors))]
pub async fn create_notice_settings(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    _: NoKey,
    StrictJson { value, .. }: StrictJson<CreateNoticeSettings>,
) -> Result<Response, Problem> {
    let language = match value.language {
        NoticeLanguage::Zh => Language::Zh,
        NoticeLanguage::En => Language::En,
    };
    let choice = Choice { sms: value.sms, mail: value.mail, language };
    api.engine.choose_notices(bearer.id(), choice).await.map_err(|error| failed(&error))?;
    Ok(created(settings(&api, &bearer)?))
}

/// An address to confirm.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateMailAddress {
    /// The address.
    #[schema(max_length = 254, example = "tester@example.com")]
    pub mail: String,
}

/// Name a mail address
///
/// A code is sent there; the address before stays until it is confirmed.
#[utoipa::path(post, path = "/payer/v1/mail_address", tag = "security", operation_id = "create_mail_address",
    request_body = CreateMailAddress,
    responses((status = 202, description = "A code is on its way", body = CodeBody), PayerErrors),
    extensions(("x-error-codes" = json!(["code_too_soon", "codes_of_day_used_up"]))))]
pub async fn create_mail_address(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    _: NoKey,
    StrictJson { value, .. }: StrictJson<CreateMailAddress>,
) -> Result<Response, Problem> {
    api.engine.ask_mail(bearer.id(), &value.mail).await.map_err(|error| failed(&error))?;
    Ok((StatusCode::ACCEPTED, axum::Json(CodeBody::sent())).into_response())
}

/// The code that was sent there.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateMailConfirmation {
    /// The six digits.
    #[schema(max_length = 16)]
    pub code: String,
}

/// Confirm the mail address
///
/// The one that was named last. The payer is told by a message, at both addresses.
#[utoipa::path(post, path = "/payer/v1/mail_address/confirmation", tag = "security",
    operation_id = "create_mail_confirmation", request_body = CreateMailConfirmation,
    responses((status = 201, description = "The settings as they are now", body = NoticeSettings), PayerErrors),
    extensions(("x-error-codes" = json!(["wrong_code"]))))]
pub async fn create_mail_confirmation(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    _: NoKey,
    StrictJson { value, .. }: StrictJson<CreateMailConfirmation>,
) -> Result<Response, Problem> {
    let confirmed = api.engine.confirm_mail(bearer.id(), value.code.trim()).await;
    confirmed.map_err(|error| failed(&error))?;
    Ok(created(settings(&api, &bearer)?))
}

/// Forget the mail address
///
/// No mail is sent any more. Forgetting twice is answered like forgetting once.
#[utoipa::path(delete, path = "/payer/v1/mail_address", tag = "security", operation_id = "delete_mail_address",
    responses((status = 200, description = "The settings as they are now", body = NoticeSettings),
        PayerErrorsWithoutBody))]
pub async fn delete_mail_address(State(api): State<Arc<Api>>, bearer: Bearer) -> Result<Response, Problem> {
    api.engine.remove_mail(bearer.id()).await.map_err(|error| failed(&error))?;
    Ok(axum::Json(settings(&api, &bearer)?).into_response())
}
