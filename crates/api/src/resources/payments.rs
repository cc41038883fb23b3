//! `/v1/payments`: create, look up, list, close.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tongbao_core::{
    Key, List, Refusal, Time, Want,
    api_key::Scope,
    id::PaymentId,
    limits::EXPIRES_IN_S_DEFAULT,
    payment::{
        self, Item, Payment,
        create::{Created, NewPayment},
    },
};
use tongbao_engine::webhook::check_url;
use tongbao_money::{Amount, Money};
use utoipa::{IntoParams, ToSchema};

use super::balance::currency;
use crate::{
    caller::Caller,
    empty::EmptyBody,
    errors::{Errors, ErrorsWithoutBody},
    idempotent::{IdempotencyKey, render, respond},
    json::{StrictJson, StrictQuery},
    list::{self, Part},
    problem::{INVALID_VALUE, Problem},
    refusal::{fault, refused},
    state::Api,
    wire::{self, ListPage, list_limit, parse_id, read_cursor, rfc3339},
};

/// A line of goods.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Item)]
#[serde(deny_unknown_fields)]
pub struct ItemBody {
    /// What it is.
    #[schema(min_length = 1, max_length = 256)]
    pub name: String,
    /// How many.
    #[schema(minimum = 1)]
    pub quantity: u32,
    /// The price of one, in minor units.
    #[schema(minimum = 0, maximum = 10_000_000_000_i64)]
    pub unit_amount: i64,
}

impl ItemBody {
    /// A line of goods as it is answered.
    pub(crate) fn of(item: &Item) -> ItemBody {
        ItemBody { name: item.name.clone(), quantity: item.quantity, unit_amount: item.unit_amount.minor() }
    }
}

/// A payment to create.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePayment {
    /// Your own number of the order: unique for ever. The same number with the same content gives the
    /// payment it gave before; with other content it is refused.
    #[schema(min_length = 1, max_length = 64, pattern = r"^[0-9A-Za-z_\-|*.:/@]+$", example = "order-1001")]
    pub order_no: String,
    /// Minor units: 1999 is ¥19.99.
    #[schema(minimum = 1, maximum = 10_000_000_000_i64, example = 1999)]
    pub amount: i64,
    /// ISO 4217: one of CNY, USD, EUR, HKD, JPY, GBP, SGD, KRW, AUD, CAD, CHF, THB, MYR, MOP, TWD.
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", example = "CNY")]
    pub currency: String,
    /// What it is for; the payer reads it.
    #[schema(min_length = 1, max_length = 256, example = "Two cups of tea")]
    pub description: String,
    /// The goods, for the payer to read. They need not add up to the amount.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub items: Vec<ItemBody>,
    /// Where this payment's events are sent, beside the app's webhook endpoints.
    #[serde(default)]
    #[schema(max_length = 2048)]
    pub notify_url: Option<String>,
    /// Where the payer goes afterwards.
    #[serde(default)]
    #[schema(max_length = 2048)]
    pub return_url: Option<String>,
    /// For how many seconds it may be paid: 60 to 604800, 1800 unless given.
    #[serde(default)]
    #[schema(minimum = 60, maximum = 604_800)]
    pub expires_in: Option<i64>,
    /// Whatever you want kept with it: at most 20 entries.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

/// Why the last attempt failed.
#[derive(Debug, Serialize, ToSchema)]
pub struct LastFailure {
    /// The stable name: `declined`, `insufficient_balance`, `wrong_amount`, `card_expired`,
    /// `not_confirmed`, `blocked`.
    pub code: &'static str,
    /// What it means and what to do.
    pub message: &'static str,
}

/// A payment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payment)]
pub struct PaymentBody {
    /// Its id: `pay_…`.
    pub id: String,
    /// Always `payment`.
    pub object: &'static str,
    /// `open`, `processing`, `succeeded`, `partly_refunded`, `refunded`, `closed`.
    pub status: &'static str,
    /// Minor units.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
    /// Your own number.
    pub order_no: String,
    /// What it is for.
    pub description: String,
    /// The goods.
    pub items: Vec<ItemBody>,
    /// What you wanted kept with it.
    pub metadata: BTreeMap<String, String>,
    /// The page where the payer pays.
    pub cashier_url: String,
    /// The text of the QR code that the payer scans.
    pub qr_text: String,
    /// Where its events are sent.
    pub notify_url: Option<String>,
    /// Where the payer goes afterwards.
    pub return_url: Option<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Until when it may be paid.
    #[schema(format = DateTime)]
    pub expires_at: String,
    /// When it was paid.
    #[schema(format = DateTime)]
    pub succeeded_at: Option<String>,
    /// When it was closed.
    #[schema(format = DateTime)]
    pub closed_at: Option<String>,
    /// How much of it reached the payer again, in minor units.
    pub amount_refunded: i64,
    /// The platform's fee, less what went back with refunds, in minor units.
    pub fee: i64,
    /// How it was paid.
    pub method: Option<&'static str>,
    /// By whom.
    pub payer: Option<String>,
    /// Why the last attempt failed, if it did.
    pub last_failure: Option<LastFailure>,
}

impl PaymentBody {
    /// A payment as merchants see it.
    pub fn of(payment: &Payment, base_url: &str) -> PaymentBody {
        let cashier_url = format!("{base_url}/cashier/{}", payment.id);
        let paid = payment.paid_by();
        let failure = payment.attempts.last().and_then(|last| last.failure);
        PaymentBody {
            id: payment.id.to_string(),
            object: "payment",
            status: payment.shown_status(),
            amount: payment.money.amount.minor(),
            currency: payment.money.currency.to_string(),
            order_no: payment.order_no.clone(),
            description: payment.description.clone(),
            items: payment.items.iter().map(ItemBody::of).collect(),
            metadata: payment.metadata.clone(),
            qr_text: cashier_url.clone(),
            cashier_url,
            notify_url: payment.notify_url.clone(),
            return_url: payment.return_url.clone(),
            created_at: rfc3339(payment.created_at),
            expires_at: rfc3339(payment.expires_at),
            succeeded_at: payment.succeeded_at.map(rfc3339),
            closed_at: payment.closed_at.map(rfc3339),
            amount_refunded: payment.refunded.minor(),
            fee: payment.fee.minus(payment.fee_returned).unwrap_or_default().minor(),
            method: paid.map(|attempt| attempt.method.name()),
            payer: paid.map(|attempt| attempt.payer.to_string()),
            last_failure: failure
                .map(|failure| LastFailure { code: failure.code(), message: failure.message() }),
        }
    }

    /// The same as text.
    pub fn json(payment: &Payment, base_url: &str) -> String {
        serde_json::to_string(&PaymentBody::of(payment, base_url)).unwrap_or_default()
    }
}

/// Reads minor units; what they must be is the core's to say.
pub(crate) fn amount(minor: i64) -> Result<Amount, Problem> {
    let must = "from 1 to 10000000000 minor units";
    Amount::new(minor).ok_or_else(|| refused(&Refusal::Invalid { param: "amount", must }))
}

impl CreatePayment {
    fn read(self, api: &Api) -> Result<NewPayment, Problem> {
        let money = Money { amount: amount(self.amount)?, currency: currency(&self.currency)? };
        if let Some(url) = &self.notify_url {
            check_url(url, api.engine.mode.webhook_policy()).map_err(|refusal| {
                Problem::of(INVALID_VALUE).param("notify_url").detail(refusal.to_string())
            })?;
        }
        let item = |item: ItemBody| {
            let must = "lines with a unit_amount from 0 to 10000000000 minor units";
            let unit_amount = Amount::new(item.unit_amount)
                .ok_or_else(|| refused(&Refusal::Invalid { param: "items", must }))?;
            Ok(Item { name: item.name, quantity: item.quantity, unit_amount })
        };
        Ok(NewPayment {
            order_no: self.order_no,
            money,
            description: self.description,
            items: self.items.into_iter().map(item).collect::<Result<_, Problem>>()?,
            metadata: self.metadata,
            notify_url: self.notify_url,
            return_url: self.return_url,
            expires_in_s: self.expires_in.unwrap_or(EXPIRES_IN_S_DEFAULT),
        })
    }
}

/// Create a payment
///
/// Answers 201 with the new payment, or 200 with the one that an equal request created before.
#[utoipa::path(post, path = "/v1/payments", tag = "payments", operation_id = "create_payment",
    request_body = CreatePayment,
    params(("Idempotency-Key" = Option<String>, Header,
        description = "Names this request; asking twice does it once.")),
    responses((status = 201, description = "Created", body = PaymentBody),
        (status = 200, description = "An equal request created it before", body = PaymentBody), Errors),
    extensions(("x-error-codes" = json!(["order_no_used", "idempotency_key_reused"]))))]
pub async fn create_payment(
    State(api): State<Arc<Api>>,
    caller: Caller,
    key: IdempotencyKey,
    StrictJson { value, raw }: StrictJson<CreatePayment>,
) -> Result<Response, Problem> {
    caller.may(Scope::Payments)?;
    let new = value.read(&api)?;
    let (app, shared) = (caller.app(), Arc::clone(&api));
    let want = vec![
        Want::Record(app.into()),
        Want::Record(caller.merchant().into()),
        Want::Key(Key::OrderNo(caller.merchant(), new.order_no.clone())),
    ];
    let answered = api.engine.answer_wanting(
        caller.input("create_payment"),
        key.ask(app, &raw),
        want,
        move |facts, cx| payment::create::create(facts, cx, app, &new),
        render(
            |created: &Created| if created.new { StatusCode::CREATED } else { StatusCode::OK },
            move |created| PaymentBody::json(&created.payment, &shared.base_url),
        ),
    );
    answered.await.map(respond).map_err(|error| fault(&error))
}

/// Look a payment up
#[utoipa::path(get, path = "/v1/payments/{id}", tag = "payments", operation_id = "get_payment",
    params(("id" = String, Path, description = "The payment's id")),
    responses((status = 200, description = "The payment", body = PaymentBody), ErrorsWithoutBody))]
pub async fn get_payment(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let id: PaymentId = parse_id(&id)?;
    let found = api.engine.store.get::<Payment>(id).map_err(|error| fault(&error))?;
    let payment = found.filter(|payment| payment.merchant == caller.merchant());
    let payment = payment.ok_or_else(|| refused(&Refusal::NotFound("payment")))?;
    Ok(axum::Json(PaymentBody::of(&payment, &api.base_url)).into_response())
}

/// Which payments to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListPayments {
    /// Only the one with this order number.
    pub order_no: Option<String>,
    /// Only those with this status.
    pub status: Option<String>,
    /// Only those made at or after this time (RFC 3339).
    #[param(format = DateTime)]
    pub created_from: Option<String>,
    /// Only those made before this time (RFC 3339).
    #[param(format = DateTime)]
    pub created_to: Option<String>,
    /// Rows: 1 to 100, 20 unless given.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// The statuses that merchants see.
const STATUSES: [&str; 6] = ["open", "processing", "succeeded", "partly_refunded", "refunded", "closed"];

fn status_filter(status: Option<&str>) -> Result<(), Problem> {
    match status {
        Some(status) if !STATUSES.contains(&status) => Err(Problem::of(INVALID_VALUE)
            .param("status")
            .detail("`status` must be open, processing, succeeded, partly_refunded, refunded or closed.")),
        _ => Ok(()),
    }
}

/// List payments, newest first
#[utoipa::path(get, path = "/v1/payments", tag = "payments", operation_id = "list_payments",
    params(ListPayments),
    responses((status = 200, description = "A page of payments", body = ListPage<PaymentBody>), ErrorsWithoutBody))]
pub async fn list_payments(
    State(api): State<Arc<Api>>,
    caller: Caller,
    StrictQuery(query): StrictQuery<ListPayments>,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let (limit, after) = (list_limit(query.limit)?, read_cursor(query.cursor.as_deref())?);
    status_filter(query.status.as_deref())?;
    let from =
        query.created_from.as_deref().map(|text| wire::parse_time("created_from", text)).transpose()?;
    let to = query.created_to.as_deref().map(|text| wire::parse_time("created_to", text)).transpose()?;
    let merchant = caller.merchant();
    let keep = move |payment: &Payment| {
        query.status.as_deref().is_none_or(|status| payment.shown_status() == status)
            && from.is_none_or(|from: Time| payment.created_at >= from)
            && to.is_none_or(|to: Time| payment.created_at < to)
    };
    let wire = |payment: &Payment| PaymentBody::of(payment, &api.base_url);
    if let Some(order_no) = query.order_no {
        let key = Key::OrderNo(merchant, order_no);
        let found = api.engine.store.find::<Payment>(key).map_err(|error| fault(&error))?;
        let data: Vec<PaymentBody> = found.iter().filter(|payment| keep(payment)).map(wire).collect();
        return Ok(axum::Json(ListPage { data, next_cursor: None }).into_response());
    }
    let part = Part { list: List::Payments(merchant), after, newest_first: true, limit };
    Ok(axum::Json(list::page(api.engine.store.as_ref(), part, keep, wire)?).into_response())
}

/// Close a payment
///
/// Nobody can pay it any more. Closing twice is answered like closing once. A payment whose result is
/// not known yet cannot be closed. No body is needed.
#[utoipa::path(post, path = "/v1/payments/{id}/closure", tag = "payments", operation_id = "create_payment_closure",
    params(("id" = String, Path, description = "The payment's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Names this request; asking twice does it once.")),
    responses((status = 200, description = "The closed payment", body = PaymentBody), Errors),
    extensions(("x-error-codes" = json!(["payment_already_paid", "payment_processing", "idempotency_key_reused"]))))]
pub async fn create_payment_closure(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(id): Path<String>,
    key: IdempotencyKey,
    _: EmptyBody,
) -> Result<Response, Problem> {
    caller.may(Scope::Payments)?;
    let id: PaymentId = parse_id(&id)?;
    let (app, shared) = (caller.app(), Arc::clone(&api));
    let answered = api.engine.answer(
        caller.input("create_payment_closure"),
        key.ask(app, &[]),
        move |facts, cx| payment::steps::close(facts, cx, app, id),
        render(|_| StatusCode::OK, move |payment: &Payment| PaymentBody::json(payment, &shared.base_url)),
    );
    answered.await.map(respond).map_err(|error| fault(&error))
}
