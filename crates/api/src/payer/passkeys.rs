//! `/payer/v1/passkeys`: the payer's passkeys, adding one and removing one, and asking one to confirm a request.
//!
//! A passkey is added in two requests: the payment password gets what the device is asked for, and the second brings
//! what the device has made. What a device is told is `PublicKeyCredentialCreationOptions` or `…RequestOptions` of Web
//! Authentication Level 3 as JSON, binary values in base64url.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tongbao_core::{
    Refusal, Time, id::PasskeyId, limits::PASSKEY_CHALLENGE_LIFE_MS, payer::passkey::Passkey,
};
use tongbao_engine::passkey::{Registration, options, verify::Binary};
use utoipa::ToSchema;

use super::{
    bearer::{Bearer, check_password},
    once::{NoKey, created},
    payments,
    proof::about,
    sessions::day,
    transfers::{CreateCollectionPayment, CreateTransfer},
    utilities::CreateUtilityPayment,
    withdrawals::CreateWithdrawal,
};
use crate::{
    errors::{PayerErrors, PayerErrorsWithoutBody},
    json::StrictJson,
    problem::{Kind, Problem},
    refusal::{failed, fault, refused},
    state::Api,
    wire::{parse_id, rfc3339},
};

/// This instance is reached where browsers offer no passkeys.
pub const PASSKEYS_NOT_OFFERED: Kind =
    Kind::new(http::StatusCode::CONFLICT, "passkeys_not_offered", "There are no passkeys here");

/// A passkey.
#[derive(Serialize, ToSchema)]
#[schema(as = Passkey)]
pub struct PasskeyBody {
    /// Its id: `psk_…`.
    pub id: String,
    /// What the payer calls it.
    pub name: String,
    /// The day on which it was used last, in China: `2026-11-22`; null if never.
    #[schema(format = Date)]
    pub used_on: Option<String>,
    /// When it was removed; null if it was not.
    #[schema(format = DateTime)]
    pub removed_at: Option<String>,
    /// When it was added.
    #[schema(format = DateTime)]
    pub created_at: String,
}

impl PasskeyBody {
    fn of(passkey: &Passkey) -> PasskeyBody {
        PasskeyBody {
            id: passkey.id.to_string(),
            name: passkey.name.clone(),
            used_on: passkey.used_on.map(day),
            removed_at: passkey.removed_at.map(rfc3339),
            created_at: rfc3339(passkey.created_at),
        }
    }
}

/// The payer's passkeys.
#[derive(Serialize, ToSchema)]
pub struct Passkeys {
    /// The rows, the oldest first.
    pub data: Vec<PasskeyBody>,
}

/// List passkeys, oldest first
#[utoipa::path(get, path = "/payer/v1/passkeys", tag = "security", operation_id = "list_passkeys",
    responses((status = 200, description = "Those that are not removed", body = Passkeys), PayerErrorsWithoutBody))]
pub async fn list_passkeys(State(api): State<Arc<Api>>, bearer: Bearer) -> Result<Response, Problem> {
    let passkeys = api.engine.passkeys(bearer.id()).map_err(|error| fault(&error))?;
    Ok(axum::Json(Passkeys { data: passkeys.iter().map(PasskeyBody::of).collect() }).into_response())
}

/// What a device is to be asked.
#[derive(Serialize, ToSchema)]
pub struct PasskeyOptions {
    /// What is handed to the device, after its binary values were decoded.
    #[schema(value_type = Object)]
    pub options: serde_json::Value,
    /// Until when the answer is taken. Asking again ends this.
    #[schema(format = DateTime)]
    pub expires_at: String,
}

impl PasskeyOptions {
    fn of(options: serde_json::Value, asked_at: Time) -> PasskeyOptions {
        PasskeyOptions { options, expires_at: rfc3339(asked_at.plus_ms(PASSKEY_CHALLENGE_LIFE_MS)) }
    }
}

/// Two proofs: whoever adds a passkey can pay with it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePasskeyRegistration {
    /// The payment password.
    #[schema(pattern = "^[0-9]{6}$")]
    pub password: String,
    /// The code that was sent for `passkey`.
    #[schema(max_length = 16)]
    pub code: String,
}

/// Begin to add a passkey
///
/// Answers what the device is asked to make.
#[utoipa::path(post, path = "/payer/v1/passkey_registrations", tag = "security",
    operation_id = "create_passkey_registration", request_body = CreatePasskeyRegistration,
    responses((status = 201, description = "What the device is asked to make", body = PasskeyOptions), PayerErrors),
    extensions(("x-error-codes" = json!(["wrong_password", "password_locked", "wrong_code", "too_many_passkeys",
        "passkeys_not_offered"]))))]
pub async fn create_passkey_registration(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    _: NoKey,
    StrictJson { value, .. }: StrictJson<CreatePasskeyRegistration>,
) -> Result<Response, Problem> {
    check_password("password", &value.password)?;
    let party = api.relying_party()?;
    let challenge = api.engine.ask_for_new_passkey(bearer.id(), value.password, value.code.trim()).await;
    let challenge = challenge.map_err(|error| failed(&error))?;
    let passkeys = api.engine.passkeys(bearer.id()).map_err(|error| fault(&error))?;
    let options = options::creation(party, &challenge.bytes(), bearer.payer(), &passkeys);
    Ok(created(PasskeyOptions::of(options, challenge.at)))
}

/// What a device has made: its `rawId`, and what methods of its `AuthenticatorAttestationResponse` give, in base64url.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyCredential {
    /// `rawId`.
    #[schema(value_type = String, max_length = 1_400)]
    pub credential_id: Binary,
    /// `clientDataJSON`.
    #[schema(value_type = String, max_length = 4_096)]
    pub client_data_json: Binary,
    /// `getAuthenticatorData()`.
    #[schema(value_type = String, max_length = 4_096)]
    pub authenticator_data: Binary,
    /// `getPublicKey()`.
    #[schema(value_type = String, max_length = 2_048)]
    pub public_key: Binary,
    /// `getPublicKeyAlgorithm()`.
    pub public_key_algorithm: i64,
}

impl From<PasskeyCredential> for Registration {
    fn from(made: PasskeyCredential) -> Registration {
        Registration {
            id: made.credential_id,
            client: made.client_data_json,
            authenticator: made.authenticator_data,
            public_key: made.public_key,
            algorithm: made.public_key_algorithm,
        }
    }
}

/// A passkey to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePasskey {
    /// What the payer calls it: 1 to 30 characters.
    #[schema(min_length = 1, max_length = 30, example = "My phone")]
    pub name: String,
    /// What the device has made.
    pub credential: PasskeyCredential,
}

/// Add a passkey
///
/// What `POST /payer/v1/passkey_registrations` asked for, within five minutes. The payer is told by a message.
#[utoipa::path(post, path = "/payer/v1/passkeys", tag = "security", operation_id = "create_passkey",
    request_body = CreatePasskey,
    responses((status = 201, description = "The passkey", body = PasskeyBody), PayerErrors),
    extensions(("x-error-codes" = json!(["passkey_refused", "too_many_passkeys", "passkeys_not_offered"]))))]
pub async fn create_passkey(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    _: NoKey,
    StrictJson { value, .. }: StrictJson<CreatePasskey>,
) -> Result<Response, Problem> {
    let (party, new) = (api.relying_party()?, value.credential.into());
    let id = api.engine.register_passkey(bearer.id(), party, &new, value.name.trim()).await;
    let passkey = api.engine.store.get::<Passkey>(id.map_err(|error| failed(&error))?);
    let passkey = passkey.map_err(|error| fault(&error))?.ok_or_else(Problem::not_found)?;
    Ok(created(PasskeyBody::of(&passkey)))
}

/// Remove a passkey
///
/// It proves nothing any more, here and on the pages. The payer is told by a message.
#[utoipa::path(delete, path = "/payer/v1/passkeys/{id}", tag = "security", operation_id = "delete_passkey",
    params(("id" = String, Path, description = "The passkey's id")),
    responses((status = 200, description = "The removed passkey", body = PasskeyBody), PayerErrorsWithoutBody))]
pub async fn delete_passkey(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id: PasskeyId = parse_id(&id)?;
    api.engine.remove_passkey(bearer.id(), id).await.map_err(|error| failed(&error))?;
    let removed = api.engine.store.get::<Passkey>(id).map_err(|error| fault(&error))?;
    Ok(axum::Json(PasskeyBody::of(&removed.ok_or_else(Problem::not_found)?)).into_response())
}

/// A payment's challenge.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmedPayment {
    /// The `digest` of the payment's `challenge`.
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    pub challenge: String,
}

/// What a passkey is to confirm: one of these, as it will be asked for, without a proof.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePasskeyChallenge {
    /// For `POST /payer/v1/payments/{id}/proofs`.
    #[serde(default)]
    pub payment: Option<ConfirmedPayment>,
    /// For `POST /payer/v1/transfers`.
    #[serde(default)]
    pub transfer: Option<CreateTransfer>,
    /// For `POST /payer/v1/collection_payments`.
    #[serde(default)]
    pub collection_payment: Option<CreateCollectionPayment>,
    /// For `POST /payer/v1/withdrawals`.
    #[serde(default)]
    pub withdrawal: Option<CreateWithdrawal>,
    /// For `POST /payer/v1/utility_payments`.
    #[serde(default)]
    pub utility_payment: Option<CreateUtilityPayment>,
}

impl CreatePasskeyChallenge {
    /// The digest of the one thing that is to be confirmed.
    fn about(&self) -> Result<[u8; 32], Problem> {
        let digests = [
            self.payment.as_ref().map(|payment| payments::digest(&payment.challenge)),
            self.transfer.as_ref().map(|body| about("create_transfer", body)),
            self.collection_payment.as_ref().map(|body| about("create_collection_payment", body)),
            self.withdrawal.as_ref().map(|body| about("create_withdrawal", body)),
            self.utility_payment.as_ref().map(|body| about("create_utility_payment", body)),
        ];
        let mut digests = digests.into_iter().flatten();
        if let (Some(digest), None) = (digests.next(), digests.next()) {
            return digest;
        }
        let must = "given, or another of the fields, and only one";
        Err(refused(&Refusal::Invalid { param: "payment", must }))
    }
}

/// Ask a passkey to confirm a request
///
/// Answers what the device is asked to sign. What it signs is good for this request only, once, for five minutes; the
/// fields must be the same there. A proof within them is not looked at.
#[utoipa::path(post, path = "/payer/v1/passkey_challenges", tag = "security",
    operation_id = "create_passkey_challenge", request_body = CreatePasskeyChallenge,
    responses((status = 201, description = "What the device is asked to sign", body = PasskeyOptions), PayerErrors),
    extensions(("x-error-codes" = json!(["passkeys_not_offered"]))))]
pub async fn create_passkey_challenge(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    _: NoKey,
    StrictJson { value, .. }: StrictJson<CreatePasskeyChallenge>,
) -> Result<Response, Problem> {
    let (party, about) = (api.relying_party()?, value.about()?);
    let passkeys = api.engine.passkeys(bearer.id()).map_err(|error| fault(&error))?;
    if passkeys.is_empty() {
        return Err(refused(&Refusal::NotFound("passkey")));
    }
    let challenge = api.engine.ask_passkey(bearer.id(), about).await.map_err(|error| failed(&error))?;
    let options = options::request(party, &challenge.bytes(), &passkeys);
    Ok(created(PasskeyOptions::of(options, challenge.at)))
}
