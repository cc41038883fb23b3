//! `/payer/v1/bills`: what moved on the payer's accounts, and one bill step by step; `/payer/v1/messages`: what the
//! payer was told. Codes are not among the messages.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tongbao_core::{Id, List, Refusal, message::Message, payment::Method};
use tongbao_engine::bills::{Bill, BillKind, Counterparty, Month, Names, Step};
use tongbao_money::Amount;
use tongbao_store::Entry;
use utoipa::{IntoParams, ToSchema};

use super::{
    bearer::Bearer,
    lists::{ListOwn, own},
    transfers::TransferBody,
};
use crate::{
    cursor,
    errors::PayerErrorsWithoutBody,
    json::StrictQuery,
    problem::{INVALID_CURSOR, Problem},
    refusal::{fault, refused},
    state::Api,
    wire::{ListPage, list_limit, parse_id, rfc3339},
};

/// Who stands on the other side.
#[derive(Serialize, ToSchema)]
#[schema(as = Counterparty)]
pub struct CounterpartyBody {
    /// `merchant`, `payer` or `biller`.
    pub kind: &'static str,
    /// A merchant's or biller's name; a payer's verified name, all but its last character hidden.
    pub name: Option<String>,
    /// A payer's phone number, masked.
    pub phone: Option<String>,
}

impl CounterpartyBody {
    fn of(with: Counterparty) -> CounterpartyBody {
        match with {
            Counterparty::Merchant(name) => {
                CounterpartyBody { kind: "merchant", name: Some(name), phone: None }
            }
            Counterparty::Biller(name) => CounterpartyBody { kind: "biller", name: Some(name), phone: None },
            Counterparty::Payer(who) => {
                let (phone, name) = who.map(|who| (who.phone, who.name)).unzip();
                CounterpartyBody { kind: "payer", name: name.flatten(), phone }
            }
        }
    }
}

/// A line of the statement.
#[derive(Serialize, ToSchema)]
#[schema(as = BillLine)]
pub struct BillLineBody {
    /// When it moved.
    #[schema(format = DateTime)]
    pub at: String,
    /// `payment`, `refund`, `transfer`, `top_up`, `withdrawal`, `utility`, `ride` or `other`.
    pub kind: &'static str,
    /// What it is of: `paid`, `refunded`, `sent`, `received`, `came_back`, `topped_up`, `withdrawn`,
    /// `withdrawal_fee`, `withdrawal_back`, `shared`, `other`.
    pub what: &'static str,
    /// What it did to the balance, in fen: what came in is positive.
    pub amount: i64,
    /// With whom.
    pub counterparty: Option<CounterpartyBody>,
    /// What tells more: the id of a payment, transfer or utility payment, of which there is a bill, or of a top-up,
    /// withdrawal or ride.
    pub subject: Option<String>,
}

/// A page of a month's bills.
#[derive(Serialize, ToSchema)]
#[schema(as = Bills)]
pub struct BillsBody {
    /// The month, in China: `2026-11`.
    pub month: String,
    /// What came in this month, in fen.
    pub income: i64,
    /// What went out.
    pub expense: i64,
    /// The rows, the newest first.
    pub data: Vec<BillLineBody>,
    /// Give it as `cursor` to get the next page; null at the end.
    pub next_cursor: Option<String>,
    /// Whether the month has more than are looked at: 5,000 movements of an account.
    pub is_cut: bool,
}

/// Which bills to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListBills {
    /// A month in China, the present one unless given.
    #[param(pattern = "^[0-9]{4}-[0-9]{2}$", example = "2026-11")]
    pub month: Option<String>,
    /// Only those of this kind.
    pub kind: Option<String>,
    /// Rows: 1 to 100, 20 unless given.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before.
    pub cursor: Option<String>,
}

fn month(api: &Api, text: Option<&str>) -> Result<Month, Problem> {
    let Some(text) = text else { return Ok(Month::of(api.engine.now())) };
    let must = "a month such as 2026-11";
    Month::parse(text).ok_or_else(|| refused(&Refusal::Invalid { param: "month", must }))
}

fn kind(text: Option<&str>) -> Result<Option<BillKind>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let must = "payment, refund, transfer, top_up, withdrawal, utility, ride or other";
    let found = BillKind::EVERY.into_iter().find(|kind| kind.name() == text);
    found.map(Some).ok_or_else(|| refused(&Refusal::Invalid { param: "kind", must }))
}

/// The number of the entry after which the page begins.
fn before(text: Option<&str>) -> Result<Option<u64>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let bytes = cursor::decode(text)?;
    let bytes: [u8; 8] = bytes.try_into().map_err(|_| {
        Problem::of(INVALID_CURSOR).param("cursor").detail("Use `next_cursor` of the page before, unchanged.")
    })?;
    Ok(Some(u64::from_be_bytes(bytes)))
}

/// List bills of a month, newest first
///
/// Money that is set aside and given back has not moved.
#[utoipa::path(get, path = "/payer/v1/bills", tag = "bills", operation_id = "list_bills",
    params(ListBills),
    responses((status = 200, description = "A page of bills", body = BillsBody), PayerErrorsWithoutBody))]
pub async fn list_bills(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    StrictQuery(query): StrictQuery<ListBills>,
) -> Result<Response, Problem> {
    let limit = usize::try_from(list_limit(query.limit)?).unwrap_or(usize::MAX);
    let (month, kind) = (month(&api, query.month.as_deref())?, kind(query.kind.as_deref())?);
    let before = before(query.cursor.as_deref())?;
    let moved = api.engine.moved_in(bearer.id(), month).map_err(|error| fault(&error))?;
    let (income, expense) = moved.sums();
    let wanted = |entry: &&Entry| {
        kind.is_none_or(|kind| BillKind::of(entry.reason) == kind)
            && before.is_none_or(|before| entry.number < before)
    };
    let rows: Vec<&Entry> = moved.entries.iter().filter(wanted).take(limit.saturating_add(1)).collect();
    let page = rows.get(..limit.min(rows.len())).unwrap_or_default();
    let next = page.last().filter(|_| rows.len() > limit);
    let mut names = Names::new(&api.engine);
    let mut data = Vec::new();
    for entry in page {
        let line = names.line(entry).map_err(|error| fault(&error))?;
        data.push(BillLineBody {
            at: rfc3339(entry.at),
            kind: BillKind::of(entry.reason).name(),
            what: line.what.name(),
            amount: entry.amount,
            counterparty: line.with.map(CounterpartyBody::of),
            subject: line.subject.map(|id| id.to_string()),
        });
    }
    Ok(axum::Json(BillsBody {
        month: month.text(),
        income,
        expense,
        data,
        next_cursor: next.map(|entry| cursor::encode(&entry.number.to_be_bytes())),
        is_cut: moved.cut,
    })
    .into_response())
}

/// A step in the life of what a bill is of.
#[derive(Serialize, ToSchema)]
#[schema(as = BillStep)]
pub struct BillStepBody {
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
    /// What happened, as in `paid`, `refund_arrived`, `accepted`.
    pub what: &'static str,
    /// How much it is about, where it is about a part, in minor units.
    pub amount: Option<i64>,
}

impl BillStepBody {
    fn of(step: &Step) -> BillStepBody {
        let amount = step.what.amount().map(Amount::minor);
        BillStepBody { at: rfc3339(step.at), what: step.what.name(), amount }
    }
}

/// A payment, transfer or utility payment of the payer's.
#[derive(Serialize, ToSchema)]
#[schema(as = Bill)]
pub struct BillBody {
    /// The id of the payment, transfer or utility payment.
    pub id: String,
    /// `payment`, `transfer` or `utility`.
    pub kind: &'static str,
    /// `done`, `processing`, `failed`, `refunded`, `partly_refunded`, `waiting`, `waiting_for_you`, `returned`.
    pub status: &'static str,
    /// In minor units.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
    /// With whom.
    pub counterparty: CounterpartyBody,
    /// What a payment was for, and of a utility payment what the biller calls the time that is paid for; null for a
    /// transfer.
    pub description: Option<String>,
    /// The shop's number of the order; null for what has none.
    pub order_no: Option<String>,
    /// How a payment was paid.
    pub method: Option<&'static str>,
    /// A transfer, whole.
    pub transfer: Option<TransferBody>,
    /// What happened, the oldest first.
    pub steps: Vec<BillStepBody>,
}

fn bill_body(names: &mut Names, bearer: &Bearer, bill: Bill) -> Result<BillBody, tongbao_store::Fault> {
    Ok(match bill {
        Bill::Payment { payment, paid, status, steps } => BillBody {
            id: payment.id.to_string(),
            kind: "payment",
            status: status.name(),
            amount: payment.money.amount.minor(),
            currency: payment.money.currency.to_string(),
            counterparty: CounterpartyBody::of(names.merchant(payment.merchant)?),
            description: Some(payment.description),
            order_no: Some(payment.order_no),
            method: paid.map(|attempt| attempt.method.name()),
            transfer: None,
            steps: steps.iter().map(BillStepBody::of).collect(),
        },
        Bill::Transfer { transfer, is_mine, status, steps, .. } => {
            let with = if is_mine { names.payer(transfer.recipient)? } else { names.sender(&transfer)? };
            BillBody {
                id: transfer.id.to_string(),
                kind: "transfer",
                status: status.name(),
                amount: transfer.money.amount.minor(),
                currency: transfer.money.currency.to_string(),
                counterparty: CounterpartyBody::of(with),
                description: None,
                order_no: None,
                method: None,
                transfer: Some(TransferBody::of(&transfer, bearer.id())),
                steps: steps.iter().map(BillStepBody::of).collect(),
            }
        }
        Bill::Utility { payment, status, steps } => BillBody {
            id: payment.id.to_string(),
            kind: "utility",
            status: status.name(),
            amount: payment.money.amount.minor(),
            currency: payment.money.currency.to_string(),
            counterparty: CounterpartyBody::of(Counterparty::Biller(payment.biller_name)),
            description: Some(payment.period),
            order_no: None,
            method: Some(Method::Balance.name()),
            transfer: None,
            steps: steps.iter().map(BillStepBody::of).collect(),
        },
    })
}

/// Look a bill up
///
/// A payment that the payer paid or tried to pay, a transfer that it sent or was sent, or a utility payment, with its
/// steps. Of others' attempts at the same order nothing is told.
#[utoipa::path(get, path = "/payer/v1/bills/{id}", tag = "bills", operation_id = "get_bill",
    params(("id" = String, Path, description = "The id of a payment, transfer or utility payment")),
    responses((status = 200, description = "The bill", body = BillBody), PayerErrorsWithoutBody))]
pub async fn get_bill(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id: Id = parse_id(&id)?;
    let bill = api.engine.bill(bearer.id(), id).map_err(|error| fault(&error))?;
    let bill = bill.ok_or_else(|| refused(&Refusal::NotFound("bill")))?;
    let body = bill_body(&mut Names::new(&api.engine), &bearer, bill).map_err(|error| fault(&error))?;
    Ok(axum::Json(body).into_response())
}

/// What the payer was told.
#[derive(Serialize, ToSchema)]
#[schema(as = Message)]
pub struct MessageBody {
    /// Its id: `msg_…`.
    pub id: String,
    /// When.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// What it is about: `bank`, `transfer`, `payment`, `utility`, `ride`, `account`, `new_device`,
    /// `identity_verified`, `password_changed`, `passkey_added`, `passkey_removed`, `frozen`, `unfrozen`.
    pub kind: &'static str,
}

/// List messages, newest first
///
/// What each says in words stands in the wallet; the things themselves are looked up where they are.
#[utoipa::path(get, path = "/payer/v1/messages", tag = "account", operation_id = "list_messages",
    params(ListOwn),
    responses((status = 200, description = "A page of messages", body = ListPage<MessageBody>),
        PayerErrorsWithoutBody))]
pub async fn list_messages(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    StrictQuery(query): StrictQuery<ListOwn>,
) -> Result<Response, Problem> {
    let wire = |message: &Message| MessageBody {
        id: message.id.to_string(),
        created_at: rfc3339(message.created_at),
        kind: message.text.name(),
    };
    own(&api, List::MessagesOf(bearer.id()), &query, |_: &Message| true, wire)
}
