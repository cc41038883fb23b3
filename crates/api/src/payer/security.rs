//! Who the payer is, its payment password, and freezing: what the security centre of the pages does.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tongbao_core::Refusal;
use tongbao_engine::{Error, account::Purpose, identity::Checked};
use utoipa::ToSchema;

use super::{
    account::{PayerBody, again, level_number},
    bearer::{Bearer, check_password},
    entry::CodeBody,
    once::{NoKey, created},
};
use crate::{
    empty::EmptyBody,
    errors::PayerErrors,
    json::StrictJson,
    problem::Problem,
    refusal::{failed, refused},
    state::Api,
};

/// Why it was refused, with the fields named as they are here.
fn misfit(error: &Error) -> Problem {
    let Error::Refused(Refusal::Invalid { param, must }) = *error else { return failed(error) };
    let param = match param {
        "password" => "new_password",
        "number" | "age" => "id_number",
        param => param,
    };
    refused(&Refusal::Invalid { param, must })
}

/// Who the payer says it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateIdentityVerification {
    /// The name, as on the ID card.
    #[schema(max_length = 64)]
    pub name: String,
    /// The ID number: 18 characters.
    #[schema(max_length = 32)]
    pub id_number: String,
}

/// What became of it.
#[derive(Serialize, ToSchema)]
pub struct IdentityVerification {
    /// `verified`, or `unanswered` if no source gave an answer: try again later.
    pub status: &'static str,
    /// The class of the account that follows: 1, 2 or 3.
    pub level: Option<u8>,
}

/// Verify who you are
///
/// Sources outside are asked whether name and number belong together; the more confirm it, the higher the level. Wrong
/// ones are counted: five lock this for a day.
#[utoipa::path(post, path = "/payer/v1/identity_verifications", tag = "security",
    operation_id = "create_identity_verification", request_body = CreateIdentityVerification,
    responses((status = 201, description = "What became of it", body = IdentityVerification), PayerErrors),
    extensions(("x-error-codes" = json!(["wrong_identity", "identity_locked", "too_many_accounts"]))))]
pub async fn create_identity_verification(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    _: NoKey,
    StrictJson { value, .. }: StrictJson<CreateIdentityVerification>,
) -> Result<Response, Problem> {
    let checked = api.engine.verify_identity(bearer.id(), &value.name, &value.id_number).await;
    let body = match checked.map_err(|error| misfit(&error))? {
        Checked::Verified(level) => {
            IdentityVerification { status: "verified", level: Some(level_number(level)) }
        }
        Checked::Unanswered => IdentityVerification { status: "unanswered", level: None },
    };
    Ok(created(body))
}

/// The payment password, and another.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePasswordChange {
    /// The one that is good now.
    #[schema(pattern = "^[0-9]{6}$")]
    pub password: String,
    /// The one that is to be: six digits, not all equal and not a run such as 123456.
    #[schema(pattern = "^[0-9]{6}$")]
    pub new_password: String,
}

/// Change the payment password
///
/// All sessions but the one that asks end. Payment codes are off on that one, too.
#[utoipa::path(post, path = "/payer/v1/password_changes", tag = "security", operation_id = "create_password_change",
    request_body = CreatePasswordChange,
    responses((status = 201, description = "The payer", body = PayerBody), PayerErrors),
    extensions(("x-error-codes" = json!(["wrong_password", "password_locked"]))))]
pub async fn create_password_change(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    _: NoKey,
    StrictJson { value, .. }: StrictJson<CreatePasswordChange>,
) -> Result<Response, Problem> {
    check_password("password", &value.password)?;
    check_password("new_password", &value.new_password)?;
    let whose = (bearer.id(), bearer.session().id);
    let changed = api.engine.change_password(whose, value.password, value.new_password).await;
    changed.map_err(|error| misfit(&error))?;
    Ok(created(again(&api, &bearer)?))
}

/// What a code is to confirm.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CodePurpose {
    /// Setting the payment password anew.
    PasswordReset,
    /// Lifting a freeze.
    FreezeLifting,
    /// Closing the account.
    AccountClosing,
    /// Adding a passkey.
    Passkey,
}

/// For what a code is asked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSecurityCode {
    /// What it is to confirm. A code is good for that only.
    pub purpose: CodePurpose,
}

/// Send yourself a code
///
/// To the payer's own number: ten a day at most, those that confirm payments among them.
#[utoipa::path(post, path = "/payer/v1/security_codes", tag = "security", operation_id = "create_security_code",
    request_body = CreateSecurityCode,
    responses((status = 202, description = "A code is on its way", body = CodeBody), PayerErrors),
    extensions(("x-error-codes" = json!(["code_too_soon", "codes_of_day_used_up"]))))]
pub async fn create_security_code(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    _: NoKey,
    StrictJson { value, .. }: StrictJson<CreateSecurityCode>,
) -> Result<Response, Problem> {
    let purpose = match value.purpose {
        CodePurpose::PasswordReset => Purpose::Reset,
        CodePurpose::FreezeLifting => Purpose::Unfreeze,
        CodePurpose::AccountClosing => Purpose::Closing,
        CodePurpose::Passkey => Purpose::Passkey,
    };
    api.engine.send_code_for(bearer.id(), purpose).await.map_err(|error| failed(&error))?;
    Ok((StatusCode::ACCEPTED, axum::Json(CodeBody::sent())).into_response())
}

/// Who the payer is, a code, and a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePasswordReset {
    /// The code that was sent for `password_reset`.
    #[schema(max_length = 16)]
    pub code: String,
    /// The verified name.
    #[schema(max_length = 64)]
    pub name: String,
    /// The verified ID number.
    #[schema(max_length = 32)]
    pub id_number: String,
    /// The password that is to be: six digits, not all equal and not a run such as 123456.
    #[schema(pattern = "^[0-9]{6}$")]
    pub new_password: String,
}

/// Set the payment password anew
///
/// For who has forgotten it: by name, ID number and a one-time code. Its lock ends. All passkeys are removed, and all
/// sessions but the one that asks end. Payment codes are off on that one, too.
#[utoipa::path(post, path = "/payer/v1/password_resets", tag = "security", operation_id = "create_password_reset",
    request_body = CreatePasswordReset,
    responses((status = 201, description = "The payer", body = PayerBody), PayerErrors),
    extensions(("x-error-codes" = json!(["wrong_code", "wrong_identity", "identity_locked"]))))]
pub async fn create_password_reset(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    _: NoKey,
    StrictJson { value, .. }: StrictJson<CreatePasswordReset>,
) -> Result<Response, Problem> {
    check_password("new_password", &value.new_password)?;
    let proofs = (value.name.as_str(), value.id_number.as_str(), value.code.trim());
    let whose = (bearer.id(), bearer.session().id);
    let reset = api.engine.reset_password(whose, proofs, value.new_password).await;
    reset.map_err(|error| misfit(&error))?;
    Ok(created(again(&api, &bearer)?))
}

/// Freeze the account
///
/// At once and without proof: no money leaves it any more, and what comes is received. No body is needed.
#[utoipa::path(post, path = "/payer/v1/freezes", tag = "security", operation_id = "create_freeze",
    responses((status = 201, description = "The payer", body = PayerBody), PayerErrors))]
pub async fn create_freeze(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    _: NoKey,
    _: EmptyBody,
) -> Result<Response, Problem> {
    api.engine.freeze_own(bearer.id()).await.map_err(|error| failed(&error))?;
    Ok(created(again(&api, &bearer)?))
}

/// Two proofs.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateFreezeLifting {
    /// The payment password.
    #[schema(pattern = "^[0-9]{6}$")]
    pub password: String,
    /// The code that was sent for `freeze_lifting`.
    #[schema(max_length = 16)]
    pub code: String,
}

/// Lift a freeze of your own
///
/// What an operator froze stays frozen.
#[utoipa::path(post, path = "/payer/v1/freeze_liftings", tag = "security", operation_id = "create_freeze_lifting",
    request_body = CreateFreezeLifting,
    responses((status = 201, description = "The payer", body = PayerBody), PayerErrors),
    extensions(("x-error-codes" = json!(["wrong_code", "wrong_password", "password_locked", "payer_frozen"]))))]
pub async fn create_freeze_lifting(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    _: NoKey,
    StrictJson { value, .. }: StrictJson<CreateFreezeLifting>,
) -> Result<Response, Problem> {
    check_password("password", &value.password)?;
    let lifted = api.engine.unfreeze_own(bearer.id(), value.password, value.code.trim()).await;
    lifted.map_err(|error| failed(&error))?;
    Ok(created(again(&api, &bearer)?))
}
