//! `/v1/refunds`: create, look up, list.
//!
//! Only refunds that the merchant asked for. The return of money that nobody asked for is the platform's own
//! affair and stands in no merchant's list.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tongbao_core::{
    Key, List, Refusal,
    api_key::Scope,
    id::{MerchantId, PaymentId, RefundId},
    refund::{
        self, Refund, RefundStatus,
        steps::{Created, NewRefund},
    },
};
use utoipa::{IntoParams, ToSchema};

use super::payments::amount;
use crate::{
    caller::Caller,
    errors::{Errors, ErrorsWithoutBody},
    idempotent::{IdempotencyKey, render, respond},
    json::{StrictJson, StrictQuery},
    list::{self, Part},
    problem::Problem,
    refusal::{fault, refused},
    state::Api,
    wire::{ListPage, list_limit, parse_id, parse_param_id, read_cursor, rfc3339},
};

/// A refund to create.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRefund {
    /// The payment: `pay_…`.
    pub payment: String,
    /// Your own number of the refund: unique for ever. The same number with the same content gives the
    /// refund it gave before; with other content it is refused.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = r"^[0-9A-Za-z_\-|*.:/@]+$",
        example = "refund-1001-1"
    )]
    pub refund_no: String,
    /// Minor units, at most what is left of the payment.
    #[schema(minimum = 1, maximum = 10_000_000_000_i64, example = 500)]
    pub amount: i64,
    /// Why; the payer reads it.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 256, example = "One cup was cold")]
    pub reason: Option<String>,
}

/// Why a refund failed.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefundFailure {
    /// The stable name: `channel_refused`.
    pub code: &'static str,
    /// What it means and what to do.
    pub message: &'static str,
}

/// A refund.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Refund)]
pub struct RefundBody {
    /// Its id: `rfd_…`.
    pub id: String,
    /// Always `refund`.
    pub object: &'static str,
    /// Of which payment.
    pub payment: String,
    /// Your own number.
    pub refund_no: String,
    /// Minor units.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
    /// `accepted`, `processing`, `succeeded`, `failed`, `abnormal`.
    pub status: &'static str,
    /// Why.
    pub reason: Option<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it reached the payer.
    #[schema(format = DateTime)]
    pub succeeded_at: Option<String>,
    /// Why it failed, if it did.
    pub failure: Option<RefundFailure>,
}

impl RefundBody {
    /// A refund as merchants see it.
    pub fn of(refund: &Refund) -> RefundBody {
        let failed = refund.status == RefundStatus::Failed;
        RefundBody {
            id: refund.id.to_string(),
            object: "refund",
            payment: refund.payment.to_string(),
            refund_no: refund.refund_no().unwrap_or_default().to_owned(),
            amount: refund.money.amount.minor(),
            currency: refund.money.currency.to_string(),
            status: refund.status.name(),
            reason: refund.reason.clone(),
            created_at: rfc3339(refund.created_at),
            succeeded_at: refund.succeeded_at.map(rfc3339),
            failure: failed.then_some(RefundFailure {
                code: "channel_refused",
                message: "The channel refused the refund; you have the money back. Refund again under a new number.",
            }),
        }
    }

    /// The same as text.
    pub fn json(refund: &Refund) -> String {
        serde_json::to_string(&RefundBody::of(refund)).unwrap_or_default()
    }
}

/// Create a refund
///
/// Answers 201 with the new refund, or 200 with the one that an equal request created before. What is
/// refunded is claimed from the payment at once: of two refunds that race for the rest, one is refused.
#[utoipa::path(post, path = "/v1/refunds", tag = "refunds", operation_id = "create_refund",
    request_body = CreateRefund,
    params(("Idempotency-Key" = Option<String>, Header,
        description = "Names this request; asking twice does it once.")),
    responses((status = 201, description = "Created", body = RefundBody),
        (status = 200, description = "An equal request created it before", body = RefundBody), Errors),
    extensions(("x-error-codes" = json!(["refund_too_large", "payment_not_paid", "payment_processing",
        "too_many_refunds", "merchant_balance_insufficient", "refund_no_used", "idempotency_key_reused"]))))]
pub async fn create_refund(
    State(api): State<Arc<Api>>,
    caller: Caller,
    key: IdempotencyKey,
    StrictJson { value, raw }: StrictJson<CreateRefund>,
) -> Result<Response, Problem> {
    caller.may(Scope::Refunds)?;
    let new = NewRefund {
        payment: parse_param_id("payment", &value.payment)?,
        refund_no: value.refund_no,
        amount: amount(value.amount)?,
        reason: value.reason,
    };
    let app = caller.app();
    let answered = api.engine.answer(
        caller.input("create_refund"),
        key.ask(app, &raw),
        move |facts, cx| refund::steps::create(facts, cx, app, &new),
        render(
            |created: &Created| if created.new { StatusCode::CREATED } else { StatusCode::OK },
            |created| RefundBody::json(&created.refund),
        ),
    );
    answered.await.map(respond).map_err(|error| fault(&error))
}

/// Whether this merchant asked for it.
fn asked_by(refund: &Refund, merchant: MerchantId) -> bool {
    refund.merchant == merchant && refund.refund_no().is_some()
}

/// Look a refund up
#[utoipa::path(get, path = "/v1/refunds/{id}", tag = "refunds", operation_id = "get_refund",
    params(("id" = String, Path, description = "The refund's id")),
    responses((status = 200, description = "The refund", body = RefundBody), ErrorsWithoutBody))]
pub async fn get_refund(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let id: RefundId = parse_id(&id)?;
    let found = api.engine.store.get::<Refund>(id).map_err(|error| fault(&error))?;
    let refund = found.filter(|refund| asked_by(refund, caller.merchant()));
    let refund = refund.ok_or_else(|| refused(&Refusal::NotFound("refund")))?;
    Ok(axum::Json(RefundBody::of(&refund)).into_response())
}

/// Which refunds to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListRefunds {
    /// Only those of this payment.
    pub payment: Option<String>,
    /// Only the one with this refund number.
    pub refund_no: Option<String>,
    /// Rows: 1 to 100, 20 unless given.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// List refunds, newest first
#[utoipa::path(get, path = "/v1/refunds", tag = "refunds", operation_id = "list_refunds",
    params(ListRefunds),
    responses((status = 200, description = "A page of refunds", body = ListPage<RefundBody>), ErrorsWithoutBody))]
pub async fn list_refunds(
    State(api): State<Arc<Api>>,
    caller: Caller,
    StrictQuery(query): StrictQuery<ListRefunds>,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let (limit, after) = (list_limit(query.limit)?, read_cursor(query.cursor.as_deref())?);
    let merchant = caller.merchant();
    let payment: Option<PaymentId> =
        query.payment.as_deref().map(|text| parse_param_id("payment", text)).transpose()?;
    let keep = |refund: &Refund| {
        asked_by(refund, merchant) && payment.is_none_or(|payment| refund.payment == payment)
    };
    if let Some(refund_no) = query.refund_no {
        let key = Key::RefundNo(merchant, refund_no);
        let found = api.engine.store.find::<Refund>(key).map_err(|error| fault(&error))?;
        let data: Vec<RefundBody> = found.iter().filter(|refund| keep(refund)).map(RefundBody::of).collect();
        return Ok(axum::Json(ListPage { data, next_cursor: None }).into_response());
    }
    let list = payment.map_or(List::Refunds(merchant), List::RefundsOf);
    let part = Part { list, after, newest_first: true, limit };
    Ok(axum::Json(list::page(api.engine.store.as_ref(), part, keep, RefundBody::of)?).into_response())
}
