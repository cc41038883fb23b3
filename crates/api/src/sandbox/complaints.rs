//! `POST /sandbox/complaints`: a test payer complains about a payment, as with a phone.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use tongbao_core::{
    Actor, Facts, Refusal,
    complaint::{
        ProblemKind,
        steps::{self, NewComplaint},
    },
};
use tongbao_engine::Input;

use crate::{
    json::StrictJson,
    problem::Problem,
    refusal::{failed, fault, refused},
    resources::complaints::ComplaintBody,
    state::Api,
    wire::parse_param_id,
};

/// Who complains about what.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateComplaint {
    payer: String,
    /// The payment's id, or the number of the order in WeChat Pay's interface.
    payment: String,
    kind: ProblemKind,
    text: String,
}

pub(super) async fn create(
    State(api): State<Arc<Api>>,
    StrictJson { value, .. }: StrictJson<CreateComplaint>,
) -> Result<Response, Problem> {
    let payer = parse_param_id("payer", &value.payer)?;
    let found = api.engine.payment_named(&value.payment).map_err(|error| fault(&error))?;
    let payment = found.ok_or_else(|| refused(&Refusal::NotFound("payment")))?;
    let new = NewComplaint { payer, payment, kind: value.kind, text: value.text };
    let input = Input { actor: Actor::Payer(payer), name: "create_complaint" };
    let raise = move |facts: &dyn Facts, cx: &mut _| steps::raise(facts, cx, &new);
    let complaint = api.engine.step(input, raise).await.map_err(|error| failed(&error))?;
    let told = complaint.told(false).ok_or_else(|| refused(&Refusal::NotFound("complaint")))?;
    Ok(axum::Json(ComplaintBody::of(&told)).into_response())
}
