//! `/payer/v1/sign_in_challenges`, `/payer/v1/passkey_sessions`: in by a passkey that the device keeps, without a
//! number and without a code.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use tongbao_core::{Refusal, id::SignInChallengeId, limits::PASSKEY_CHALLENGE_LIFE_MS};
use tongbao_engine::passkey::options;
use utoipa::ToSchema;

use super::{
    entry::{CameFrom, SignedInBody, device},
    once::{NoKey, created},
    proof::PasskeyAssertion,
};
use crate::{
    empty::EmptyBody,
    errors::EntryErrors,
    json::StrictJson,
    problem::Problem,
    refusal::{failed, refused},
    state::Api,
    wire::rfc3339,
};

/// What a device is to be asked.
#[derive(Serialize, ToSchema)]
pub struct SignInOptions {
    /// Names the challenge: `sic_…`.
    pub challenge: String,
    /// What is handed to the device, after its binary values were decoded: `PublicKeyCredentialRequestOptions` of Web
    /// Authentication Level 3.
    #[schema(value_type = Object)]
    pub options: serde_json::Value,
    /// Until when the answer is taken.
    #[schema(format = DateTime)]
    pub expires_at: String,
}

/// Begin to sign in by a passkey
///
/// Answers what the device is asked to sign, with any passkey that it keeps for this domain. No body is needed.
#[utoipa::path(post, path = "/payer/v1/sign_in_challenges", tag = "entry",
    operation_id = "create_sign_in_challenge", security(()),
    responses((status = 201, description = "What the device is asked to sign", body = SignInOptions), EntryErrors),
    extensions(("x-error-codes" = json!(["passkeys_not_offered"]))))]
pub async fn create_sign_in_challenge(
    State(api): State<Arc<Api>>,
    _: NoKey,
    _: EmptyBody,
) -> Result<Response, Problem> {
    let party = api.relying_party()?;
    let asked = api.engine.ask_to_sign_in().await.map_err(|error| failed(&error))?;
    Ok(created(SignInOptions {
        challenge: asked.id.to_string(),
        options: options::request(party, &asked.bytes(), &[]),
        expires_at: rfc3339(asked.created_at.plus_ms(PASSKEY_CHALLENGE_LIFE_MS)),
    }))
}

/// What a passkey has signed, and the device it is on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePasskeySession {
    /// What `POST /payer/v1/sign_in_challenges` answered as `challenge`.
    #[schema(max_length = 64)]
    pub challenge: String,
    /// What the device has signed; its `user_handle` must be there.
    pub passkey: PasskeyAssertion,
    /// As in `POST /payer/v1/sessions`.
    #[serde(default)]
    #[schema(max_length = 32)]
    pub device: Option<String>,
    /// As in `POST /payer/v1/sessions`.
    #[serde(default)]
    #[schema(max_length = 40)]
    pub device_name: Option<String>,
}

/// Sign in by a passkey
///
/// A challenge is good once, for five minutes. Whatever is wrong with what was signed is refused alike.
#[utoipa::path(post, path = "/payer/v1/passkey_sessions", tag = "entry", operation_id = "create_passkey_session",
    security(()), request_body = CreatePasskeySession,
    responses((status = 201, description = "Signed in", body = SignedInBody), EntryErrors),
    extensions(("x-error-codes" = json!(["passkey_refused", "passkeys_not_offered"]))))]
pub async fn create_passkey_session(
    State(api): State<Arc<Api>>,
    _: NoKey,
    from: CameFrom,
    StrictJson { value, .. }: StrictJson<CreatePasskeySession>,
) -> Result<Response, Problem> {
    let party = api.relying_party()?;
    let (secret, name) = device(&api, value.device.as_deref(), value.device_name)?;
    let asked: SignInChallengeId = value.challenge.parse().map_err(|_| refused(&Refusal::PasskeyRefused))?;
    let device = from.device(&secret, &name);
    let signed_in = api.engine.sign_in_by_passkey(party, asked, &value.passkey.into(), device).await;
    let (payer, session) = signed_in.map_err(|error| failed(&error))?;
    Ok(created(SignedInBody::of(&api, payer, secret, session)))
}
