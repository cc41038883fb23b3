//! `/payer/v1/own_data_copies` and `/payer/v1/account_closings`: a copy of everything kept about the payer, and the end
//! of the account.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header::CONTENT_TYPE};
use serde::{Deserialize, Serialize};
use tongbao_core::payer::closing::Hindrance;
use utoipa::ToSchema;

use super::{
    bearer::{Bearer, check_password},
    once::{NoKey, created},
};
use crate::{
    errors::PayerErrors,
    json::StrictJson,
    problem::{Kind, Problem},
    refusal::failed,
    state::Api,
};

/// There is money in the account that is to be closed.
pub const ACCOUNT_NOT_EMPTY: Kind =
    Kind::new(StatusCode::CONFLICT, "account_not_empty", "There is money in the account");
/// Money of the payer's is under way, and the account cannot be closed.
pub const MONEY_UNDER_WAY: Kind =
    Kind::new(StatusCode::CONFLICT, "money_under_way", "Money of the payer's is under way");

/// The payment password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateOwnDataCopy {
    /// The payment password.
    #[schema(pattern = "^[0-9]{6}$")]
    pub password: String,
}

/// Take a copy of your data
///
/// Everything that is kept about the payer, unmasked, as one JSON document. It is given as this answer and kept
/// nowhere; the payer is told by all media that it was taken.
#[utoipa::path(post, path = "/payer/v1/own_data_copies", tag = "security", operation_id = "create_own_data_copy",
    request_body = CreateOwnDataCopy,
    responses((status = 201, description = "The copy", body = serde_json::Value), PayerErrors),
    extensions(("x-error-codes" = json!(["wrong_password", "password_locked"]))))]
pub async fn create_own_data_copy(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    _: NoKey,
    StrictJson { value, .. }: StrictJson<CreateOwnDataCopy>,
) -> Result<Response, Problem> {
    check_password("password", &value.password)?;
    let copy = api.engine.take_own_data(bearer.id(), value.password).await;
    let copy = copy.map_err(|error| failed(&error))?;
    Ok((StatusCode::CREATED, [(CONTENT_TYPE, "application/json")], copy).into_response())
}

/// Two proofs.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAccountClosing {
    /// The payment password.
    #[schema(pattern = "^[0-9]{6}$")]
    pub password: String,
    /// The code that was sent for `account_closing`.
    #[schema(max_length = 16)]
    pub code: String,
}

/// That the account is closed.
#[derive(Serialize, ToSchema)]
pub struct AccountClosing {
    /// `closed`.
    pub status: &'static str,
}

/// Close the account, for good
///
/// All of its sessions end, this one among them. There must be no money in it, and none under way.
#[utoipa::path(post, path = "/payer/v1/account_closings", tag = "security", operation_id = "create_account_closing",
    request_body = CreateAccountClosing,
    responses((status = 201, description = "It is closed", body = AccountClosing), PayerErrors),
    extensions(("x-error-codes" = json!(["wrong_password", "password_locked", "wrong_code", "payer_frozen",
        "account_not_empty", "money_under_way"]))))]
pub async fn create_account_closing(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    _: NoKey,
    StrictJson { value, .. }: StrictJson<CreateAccountClosing>,
) -> Result<Response, Problem> {
    check_password("password", &value.password)?;
    let closed = api.engine.close_account(bearer.id(), value.password, value.code.trim()).await;
    match closed.map_err(|error| failed(&error))? {
        Ok(()) => Ok(created(AccountClosing { status: "closed" })),
        Err(Hindrance::Balance) => {
            Err(Problem::of(ACCOUNT_NOT_EMPTY).detail("Withdraw or send what is in it, then close it."))
        }
        Err(Hindrance::UnderWay) => Err(Problem::of(MONEY_UNDER_WAY)
            .detail("Wait until top-ups, withdrawals, transfers and utility payments have ended.")),
    }
}
