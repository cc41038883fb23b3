//! `/v1/app`: the app that the key belongs to, and the secret that signs webhooks to a payment's own
//! `notify_url`.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use tongbao_core::{Facts, api_key::Scope, merchant};
use utoipa::ToSchema;

use super::webhook_endpoints::NoIdempotencyKey;
use crate::{
    caller::Caller, empty::EmptyBody, errors::Errors, problem::Problem, refusal::failed, state::Api,
};

/// The new secret of an app.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AppSecret)]
pub struct AppSecretBody {
    /// The app: `app_…`.
    pub app: String,
    /// The secret that signs from now on, `whsec_…`: only in this answer.
    pub secret: String,
    /// The Ed25519 key that also signs, `whpk_…`: one for the whole installation.
    pub public_key: String,
}

/// Rotate the secret of the app
///
/// It signs the webhooks to a payment's own `notify_url`; each webhook endpoint has a secret of its own. The answer
/// holds the new secret, this once; the old one signs beside it for 24 hours. No body is needed, and no
/// `Idempotency-Key` is taken.
#[utoipa::path(post, path = "/v1/app/secret_rotation", tag = "webhooks",
    operation_id = "create_app_secret_rotation",
    responses((status = 200, description = "The new secret", body = AppSecretBody), Errors))]
pub async fn create_app_secret_rotation(
    State(api): State<Arc<Api>>,
    caller: Caller,
    _: NoIdempotencyKey,
    _: EmptyBody,
) -> Result<Response, Problem> {
    caller.may(Scope::Webhooks)?;
    let app = caller.app();
    let (text, secret) = api.engine.new_webhook_secret();
    let rotate = move |facts: &dyn Facts, cx: &mut _| merchant::rotate_secret(facts, cx, app, &secret);
    let rotated = api.engine.step(caller.input("create_app_secret_rotation"), rotate).await;
    let rotated = rotated.map_err(|error| failed(&error))?;
    let public_key = api.engine.signing_key.public_key();
    Ok(axum::Json(AppSecretBody { app: rotated.id.to_string(), secret: text, public_key }).into_response())
}
