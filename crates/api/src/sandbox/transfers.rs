//! `POST /sandbox/phone/confirm-transfer`: a test payer accepts a transfer, as with a phone.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tongbao_core::{
    Actor, Facts, Refusal,
    id::{PayerId, TransferId},
    transfer::{self, Transfer},
};
use tongbao_engine::{Error, Input};

use crate::{
    json::StrictJson,
    problem::Problem,
    refusal::{failed, fault, refused},
    resources::transfers::TransferBody,
    state::Api,
    wire::parse_param_id,
};

/// Who accepts which transfer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfirmTransfer {
    payer: String,
    /// Its `package_info`, its `transfer_bill_no` or its id.
    package: String,
}

/// What became of it.
#[derive(Debug, Serialize)]
struct ConfirmedBody {
    transfer: TransferBody,
}

/// Accepts a transfer as a payer who shows no proof.
pub async fn accept(api: &Api, payer: PayerId, id: TransferId) -> Result<Transfer, Error> {
    let input = Input { actor: Actor::Payer(payer), name: "accept_transfer" };
    let accept = move |facts: &dyn Facts, cx: &mut _| transfer::steps::accept(facts, cx, payer, id);
    api.engine.step(input, accept).await
}

pub(super) async fn confirm(
    State(api): State<Arc<Api>>,
    StrictJson { value, .. }: StrictJson<ConfirmTransfer>,
) -> Result<Response, Problem> {
    let payer = parse_param_id("payer", &value.payer)?;
    let found = api.engine.find_transfer(&value.package).map_err(|error| fault(&error))?;
    let found = found.ok_or_else(|| refused(&Refusal::NotFound("transfer")))?;
    let transfer = accept(&api, payer, found.id).await.map_err(|error| failed(&error))?;
    Ok(axum::Json(ConfirmedBody { transfer: TransferBody::of(&transfer) }).into_response())
}
