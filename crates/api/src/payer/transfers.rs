//! `/payer/v1/transfers`: money to another payer, at once or to be accepted within a day; and `collection_payments`,
//! what is paid to a code that was scanned.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tongbao_core::{
    ChangeSet, Context, Facts, List, Refusal, Stop,
    collection::{self, Collected, PayCode},
    id::{PayerId, TransferId},
    transfer::{
        Transfer, TransferStatus,
        send::{self, NewTransfer, Way},
        steps,
    },
};
use utoipa::{IntoParams, ToSchema};

use super::{
    bearer::Bearer,
    lists::{ListOwn, own},
    once::{Asked, MoneyKey, once, text},
    payees,
    proof::{PasskeyAssertion, Proof, about},
    top_ups::yuan,
};
use crate::{
    empty::EmptyBody,
    errors::{PayerErrors, PayerErrorsWithoutBody},
    json::{StrictJson, StrictQuery},
    problem::Problem,
    refusal::{fault, refused},
    state::Api,
    wire::{ListPage, parse_id, rfc3339},
};

const AMOUNT_MUST: &str = "from 1 to 10000000000 minor units";

/// When the recipient has the money.
#[derive(Clone, Copy, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransferWay {
    /// At once.
    #[default]
    AtOnce,
    /// When the recipient accepts it, within a day; otherwise it comes back.
    ToBeAccepted,
}

/// A transfer to make.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTransfer {
    /// To whom: `recipient` of a payee, as a look-up or the list of payees answered it.
    #[schema(max_length = 512)]
    pub recipient: String,
    /// In fen.
    #[schema(minimum = 1, maximum = 10_000_000_000_i64, example = 5_200)]
    pub amount: i64,
    /// What for; the recipient reads it.
    #[serde(default)]
    #[schema(max_length = 50)]
    pub note: String,
    /// `at_once` unless given.
    #[serde(default)]
    pub way: TransferWay,
    /// The payment password; this or `passkey`.
    #[schema(pattern = "^[0-9]{6}$")]
    #[serde(default, skip_serializing)]
    pub password: Option<String>,
    /// What a passkey has signed of this request, asked with `POST /payer/v1/passkey_challenges`; this or `password`.
    #[serde(default, skip_serializing)]
    pub passkey: Option<PasskeyAssertion>,
}

/// What is paid to a collection code.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCollectionPayment {
    /// The token of the code that was scanned.
    #[schema(max_length = 32)]
    pub token: String,
    /// In fen; what the owner asks for, if it asks for an amount.
    #[schema(minimum = 1, maximum = 50_000, example = 1_500)]
    pub amount: i64,
    /// What for; the recipient reads it.
    #[serde(default)]
    #[schema(max_length = 50)]
    pub note: String,
    /// The payment password; this or `passkey`.
    #[schema(pattern = "^[0-9]{6}$")]
    #[serde(default, skip_serializing)]
    pub password: Option<String>,
    /// What a passkey has signed of this request, asked with `POST /payer/v1/passkey_challenges`; this or `password`.
    #[serde(default, skip_serializing)]
    pub passkey: Option<PasskeyAssertion>,
}

/// A transfer.
#[derive(Serialize, ToSchema)]
#[schema(as = PayerTransfer)]
pub struct TransferBody {
    /// Its id: `trf_…`.
    pub id: String,
    /// `sent` or `received`.
    pub direction: &'static str,
    /// The other payer: `pyr_…`; null if a merchant sent it.
    pub counterparty: Option<String>,
    /// In minor units.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
    /// What for.
    pub note: String,
    /// `offered`, `accepted` or `returned`.
    pub status: &'static str,
    /// Why it was returned: `withdrawn`, `declined` or `expired`.
    pub return_reason: Option<&'static str>,
    /// Whether a collection code was scanned for it.
    pub by_code: bool,
    /// When it was sent.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// The instant from which it cannot be accepted.
    #[schema(format = DateTime)]
    pub expires_at: String,
    /// When it was accepted or returned.
    #[schema(format = DateTime)]
    pub ended_at: Option<String>,
}

impl TransferBody {
    /// A transfer as this payer sees it.
    pub(super) fn of(transfer: &Transfer, me: PayerId) -> TransferBody {
        let is_mine = transfer.sender.payer() == Some(me);
        let other = if is_mine { Some(transfer.recipient) } else { transfer.sender.payer() };
        TransferBody {
            id: transfer.id.to_string(),
            direction: if is_mine { "sent" } else { "received" },
            counterparty: other.map(|payer| payer.to_string()),
            amount: transfer.money.amount.minor(),
            currency: transfer.money.currency.to_string(),
            note: transfer.remark.clone(),
            status: transfer.status.name(),
            return_reason: match transfer.status {
                TransferStatus::Offered | TransferStatus::Accepted => None,
                TransferStatus::Returned(reason) => Some(reason.name()),
            },
            by_code: transfer.collection.is_some(),
            created_at: rfc3339(transfer.created_at),
            expires_at: rfc3339(transfer.expires_at),
            ended_at: transfer.ended_at.map(rfc3339),
        }
    }
}

/// Whoever has the id: a payer that was neither found nor paid before is nobody here.
fn unfound() -> Problem {
    let must = "what a look-up answered in the last 15 minutes, or a payee that you have sent money to";
    refused(&Refusal::Invalid { param: "recipient", must })
}

/// Send money to another payer
#[utoipa::path(post, path = "/payer/v1/transfers", tag = "transfers", operation_id = "create_transfer",
    request_body = CreateTransfer,
    params(("Idempotency-Key" = String, Header, description = "Names this request; asking twice does it once.")),
    responses((status = 201, description = "The transfer", body = TransferBody), PayerErrors),
    extensions(("x-error-codes" = json!(["wrong_password", "password_locked", "passkey_refused",
        "blocked", "passkey_needed", "passkeys_not_offered", "payer_frozen", "identity_required",
        "limit_reached", "payments_used_up",
        "balance_insufficient", "idempotency_key_reused"]))))]
pub async fn create_transfer(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    key: MoneyKey,
    StrictJson { mut value, .. }: StrictJson<CreateTransfer>,
) -> Result<Response, Problem> {
    let (password, passkey) = (value.password.take(), value.passkey.take());
    let proof = Proof::one(password, passkey, || about("create_transfer", &value))?;
    let me = bearer.id();
    let plan = |asked: &Asked| {
        let new = NewTransfer {
            number: asked.number.clone(),
            sender: me,
            recipient: payees::recipient(&api, &bearer, &value.recipient)?.ok_or_else(unfound)?,
            money: yuan(value.amount, AMOUNT_MUST)?,
            note: value.note.trim().to_owned(),
            way: match value.way {
                TransferWay::AtOnce => Way::AtOnce,
                TransferWay::ToBeAccepted => Way::ToBeAccepted,
            },
            collection: None,
            proofs: asked.proofs,
        };
        new.check().map_err(|refusal| refused(&refusal))?;
        Ok(move |facts: &dyn Facts, cx: &mut Context| send::send_proven(facts, cx, &new))
    };
    let body = move |transfer: &Transfer| text(&TransferBody::of(transfer, me));
    once(&api, (&bearer, "create_transfer"), (key, &value, proof), plan, (StatusCode::CREATED, body)).await
}

/// What was paid to a collection code.
#[derive(Serialize, ToSchema)]
#[schema(as = Collected)]
pub struct CollectedBody {
    /// The id of the transfer or payment; its bill tells more.
    pub id: String,
    /// `transfer` to a person, `payment` to a shop.
    pub kind: &'static str,
    /// In fen.
    pub amount: i64,
    /// The transfer; null if it is a payment.
    pub transfer: Option<TransferBody>,
}

impl CollectedBody {
    fn of(collected: &Collected, me: PayerId) -> CollectedBody {
        let (kind, money, transfer) = match collected {
            Collected::Transfer(transfer) => {
                ("transfer", transfer.money, Some(TransferBody::of(transfer, me)))
            }
            Collected::Payment(payment) => ("payment", payment.money, None),
        };
        CollectedBody { id: collected.id().to_string(), kind, amount: money.amount.minor(), transfer }
    }
}

/// Pay to a collection code
///
/// A person's is a transfer that the person has at once, a shop's a payment from the balance. Codes take at most 500
/// yuan a day from one payer.
#[utoipa::path(post, path = "/payer/v1/collection_payments", tag = "codes",
    operation_id = "create_collection_payment", request_body = CreateCollectionPayment,
    params(("Idempotency-Key" = String, Header, description = "Names this request; asking twice does it once.")),
    responses((status = 201, description = "What was paid", body = CollectedBody), PayerErrors),
    extensions(("x-error-codes" = json!(["wrong_password", "password_locked", "passkey_refused",
        "blocked", "passkey_needed", "passkeys_not_offered", "payer_frozen", "identity_required",
        "limit_reached", "payments_used_up",
        "collection_limit", "balance_insufficient", "idempotency_key_reused"]))))]
pub async fn create_collection_payment(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    key: MoneyKey,
    StrictJson { mut value, .. }: StrictJson<CreateCollectionPayment>,
) -> Result<Response, Problem> {
    let (password, passkey) = (value.password.take(), value.passkey.take());
    let proof = Proof::one(password, passkey, || about("create_collection_payment", &value))?;
    let me = bearer.id();
    let plan = |asked: &Asked| {
        let pay = PayCode {
            number: asked.number.clone(),
            payer: me,
            amount: yuan(value.amount, AMOUNT_MUST)?.amount,
            note: value.note.trim().to_owned(),
            proofs: asked.proofs,
            token: value.token.clone(),
        };
        Ok(move |facts: &dyn Facts, cx: &mut Context| collection::pay_proven(facts, cx, &pay))
    };
    let body = move |collected: &Collected| text(&CollectedBody::of(collected, me));
    let answer = (StatusCode::CREATED, body);
    once(&api, (&bearer, "pay_collection_code"), (key, &value, proof), plan, answer).await
}

/// Look a transfer up
#[utoipa::path(get, path = "/payer/v1/transfers/{id}", tag = "transfers", operation_id = "get_transfer",
    params(("id" = String, Path, description = "The transfer's id")),
    responses((status = 200, description = "The transfer", body = TransferBody), PayerErrorsWithoutBody))]
pub async fn get_transfer(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (id, me): (TransferId, _) = (parse_id(&id)?, bearer.id());
    let found = api.engine.store.get::<Transfer>(id).map_err(|error| fault(&error))?;
    let mine = |transfer: &Transfer| transfer.recipient == me || transfer.sender.payer() == Some(me);
    let transfer = found.filter(mine).ok_or_else(Problem::not_found)?;
    Ok(axum::Json(TransferBody::of(&transfer, me)).into_response())
}

/// Which direction.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// What the payer sent.
    Sent,
    /// What it was sent.
    Received,
}

/// Which transfers to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListTransfers {
    /// `sent` or `received`.
    #[param(inline)]
    pub direction: Direction,
    /// Rows: 1 to 100, 20 unless given.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// List transfers, newest first
#[utoipa::path(get, path = "/payer/v1/transfers", tag = "transfers", operation_id = "list_transfers",
    params(ListTransfers),
    responses((status = 200, description = "A page of transfers", body = ListPage<TransferBody>),
        PayerErrorsWithoutBody))]
pub async fn list_transfers(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    StrictQuery(query): StrictQuery<ListTransfers>,
) -> Result<Response, Problem> {
    let me = bearer.id();
    let list = match query.direction {
        Direction::Sent => List::TransfersBy(me),
        Direction::Received => List::TransfersTo(me),
    };
    let query = ListOwn { limit: query.limit, cursor: query.cursor };
    own(&api, list, &query, |_: &Transfer| true, |transfer| TransferBody::of(transfer, me))
}

/// What a payer does about a transfer.
type Deed = fn(&dyn Facts, &mut Context, PayerId, TransferId) -> Result<(ChangeSet, Transfer), Stop>;

async fn done(
    api: &Arc<Api>,
    (bearer, name): (&Bearer, &'static str),
    key: MoneyKey,
    id: &str,
    deed: Deed,
) -> Result<Response, Problem> {
    let (id, me): (TransferId, _) = (parse_id(id)?, bearer.id());
    let plan = |_: &Asked| {
        Ok(move |facts: &dyn Facts, cx: &mut Context| {
            deed(facts, cx, me, id).map(|(change, transfer)| (change, Ok(transfer)))
        })
    };
    let body = move |transfer: &Transfer| text(&TransferBody::of(transfer, me));
    once(api, (bearer, name), (key, &(), Proof::None), plan, (StatusCode::OK, body)).await
}

/// Accept a transfer
///
/// Accepting twice is answered like accepting once. No body is needed.
#[utoipa::path(post, path = "/payer/v1/transfers/{id}/acceptance", tag = "transfers",
    operation_id = "create_transfer_acceptance",
    params(("id" = String, Path, description = "The transfer's id"),
        ("Idempotency-Key" = String, Header, description = "Names this request; asking twice does it once.")),
    responses((status = 200, description = "The transfer", body = TransferBody), PayerErrors),
    extensions(("x-error-codes" = json!(["transfer_returned", "idempotency_key_reused"]))))]
pub async fn create_transfer_acceptance(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    key: MoneyKey,
    Path(id): Path<String>,
    _: EmptyBody,
) -> Result<Response, Problem> {
    done(&api, (&bearer, "accept_transfer"), key, &id, steps::accept).await
}

/// Decline a transfer
///
/// It goes back to its sender. A merchant's cannot be declined: it is left to expire. No body is needed.
#[utoipa::path(post, path = "/payer/v1/transfers/{id}/refusal", tag = "transfers",
    operation_id = "create_transfer_refusal",
    params(("id" = String, Path, description = "The transfer's id"),
        ("Idempotency-Key" = String, Header, description = "Names this request; asking twice does it once.")),
    responses((status = 200, description = "The transfer", body = TransferBody), PayerErrors),
    extensions(("x-error-codes" = json!(["transfer_accepted", "idempotency_key_reused"]))))]
pub async fn create_transfer_refusal(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    key: MoneyKey,
    Path(id): Path<String>,
    _: EmptyBody,
) -> Result<Response, Problem> {
    done(&api, (&bearer, "decline_transfer"), key, &id, steps::decline).await
}

/// Take a transfer back
///
/// As long as it was not accepted. No body is needed.
#[utoipa::path(post, path = "/payer/v1/transfers/{id}/withdrawal", tag = "transfers",
    operation_id = "create_transfer_withdrawal",
    params(("id" = String, Path, description = "The transfer's id"),
        ("Idempotency-Key" = String, Header, description = "Names this request; asking twice does it once.")),
    responses((status = 200, description = "The transfer", body = TransferBody), PayerErrors),
    extensions(("x-error-codes" = json!(["transfer_accepted", "idempotency_key_reused"]))))]
pub async fn create_transfer_withdrawal(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    key: MoneyKey,
    Path(id): Path<String>,
    _: EmptyBody,
) -> Result<Response, Problem> {
    done(&api, (&bearer, "take_transfer_back"), key, &id, steps::take_back).await
}
