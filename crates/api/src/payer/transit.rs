//! `/payer/v1/transit_codes`, what the payer shows a gate; `/payer/v1/rides`, and `/payer/v1/debts`, what of them is
//! owed.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::Serialize;
use tongbao_core::{
    List, Refusal,
    id::{DebtId, RideId},
    merchant::Merchant,
    transit::{
        Debt, Ride,
        debt::{self, CollectedBy},
    },
};
use tongbao_money::Amount;
use utoipa::ToSchema;

use super::{
    bearer::Bearer,
    codes::used_up,
    lists::{ListOwn, own},
    once::{Asked, MoneyKey, NoKey, created, once, text},
    proof::Proof,
};
use crate::{
    empty::EmptyBody,
    errors::{PayerErrors, PayerErrorsWithoutBody},
    json::StrictQuery,
    problem::Problem,
    refusal::{failed, fault, refused},
    resources::rides::GateBody,
    state::Api,
    wire::{ListPage, parse_id, rfc3339},
};

/// A transit code.
#[derive(Serialize, ToSchema)]
#[schema(as = TransitCode)]
pub struct TransitCodeBody {
    /// Its 18 digits, to be shown as a QR code.
    pub digits: String,
    /// When the next one is to be asked for.
    #[schema(format = DateTime)]
    pub changes_at: String,
    /// From when on this one is worth nothing.
    #[schema(format = DateTime)]
    pub expires_at: String,
}

/// Show a transit code
///
/// The one of this minute, and the next after it was used. A gate that scans it lets the payer in or out; the fare is
/// taken from the balance when the ride is over. Payment codes have to be switched on where it is shown. No body is
/// needed.
#[utoipa::path(post, path = "/payer/v1/transit_codes", tag = "rides", operation_id = "create_transit_code",
    responses((status = 201, description = "The code", body = TransitCodeBody), PayerErrors),
    extensions(("x-error-codes" = json!(["codes_used_up", "debt_open", "identity_required", "payer_frozen",
        "payment_codes_off"]))))]
pub async fn create_transit_code(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    _: NoKey,
    _: EmptyBody,
) -> Result<Response, Problem> {
    let shown = api
        .engine
        .show_transit_code(bearer.id(), bearer.session().id)
        .await
        .map_err(|error| failed(&error))?;
    let code = shown.ok_or_else(used_up)?;
    Ok(created(TransitCodeBody {
        changes_at: rfc3339(code.changes_at),
        expires_at: rfc3339(code.expires_at),
        digits: code.digits,
    }))
}

/// A ride of the payer's.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnRide)]
pub struct OwnRideBody {
    /// Its id: `rid_…`.
    pub id: String,
    /// The operator's name; null in lists.
    pub operator: Option<String>,
    /// `riding`, `settled` or `owed`.
    pub status: &'static str,
    /// Where it began.
    pub entry: GateBody,
    /// Where it ended; null before, and for ever if the operator did not tell.
    pub exit: Option<GateBody>,
    /// What it costs at most, in fen.
    pub max_amount: i64,
    /// What it costs, in fen; null while it is under way.
    pub amount: Option<i64>,
    /// The debt that its fare became: `dbt_…`.
    pub debt: Option<String>,
    /// When its fare was known.
    #[schema(format = DateTime)]
    pub ended_at: Option<String>,
    /// When the fare was paid.
    #[schema(format = DateTime)]
    pub settled_at: Option<String>,
}

impl OwnRideBody {
    fn of(ride: &Ride) -> OwnRideBody {
        OwnRideBody {
            id: ride.id.to_string(),
            operator: None,
            status: ride.status.name(),
            entry: GateBody::of(&ride.entry),
            exit: ride.exit.as_ref().map(GateBody::of),
            max_amount: ride.max.minor(),
            amount: ride.fare.map(Amount::minor),
            debt: ride.debt.map(|debt| debt.to_string()),
            ended_at: ride.ended_at.map(rfc3339),
            settled_at: ride.settled_at.map(rfc3339),
        }
    }
}

/// List rides, newest first
#[utoipa::path(get, path = "/payer/v1/rides", tag = "rides", operation_id = "list_rides",
    params(ListOwn),
    responses((status = 200, description = "A page of rides", body = ListPage<OwnRideBody>),
        PayerErrorsWithoutBody))]
pub async fn list_rides(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    StrictQuery(query): StrictQuery<ListOwn>,
) -> Result<Response, Problem> {
    own(&api, List::RidesOf(bearer.id()), &query, |_: &Ride| true, OwnRideBody::of)
}

/// Look a ride up
#[utoipa::path(get, path = "/payer/v1/rides/{id}", tag = "rides", operation_id = "get_ride",
    params(("id" = String, Path, description = "The ride's id")),
    responses((status = 200, description = "The ride", body = OwnRideBody), PayerErrorsWithoutBody))]
pub async fn get_ride(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id: RideId = parse_id(&id)?;
    let found = api.engine.store.get::<Ride>(id).map_err(|error| fault(&error))?;
    let ride = found.filter(|ride| ride.payer == bearer.id());
    let ride = ride.ok_or_else(|| refused(&Refusal::NotFound("ride")))?;
    let operator = api.engine.store.get::<Merchant>(ride.merchant).map_err(|error| fault(&error))?;
    let operator = operator.map(|operator| operator.name);
    Ok(axum::Json(OwnRideBody { operator, ..OwnRideBody::of(&ride) }).into_response())
}

/// A fare that is or was owed.
#[derive(Serialize, ToSchema)]
#[schema(as = Debt)]
pub struct DebtBody {
    /// Its id: `dbt_…`.
    pub id: String,
    /// For which ride.
    pub ride: String,
    /// In fen.
    pub amount: i64,
    /// Why it could not be paid after the ride: `balance`, `limit` or `frozen`.
    pub reason: &'static str,
    /// `owed` or `paid`.
    pub status: &'static str,
    /// What paid it: `top_up` or `payer`; null while it is owed.
    pub paid_by: Option<&'static str>,
    /// Since when it is owed.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it was paid.
    #[schema(format = DateTime)]
    pub paid_at: Option<String>,
}

impl DebtBody {
    fn of(debt: &Debt) -> DebtBody {
        DebtBody {
            id: debt.id.to_string(),
            ride: debt.ride.to_string(),
            amount: debt.money.amount.minor(),
            reason: debt.reason.name(),
            status: if debt.is_open() { "owed" } else { "paid" },
            paid_by: debt.paid_by.map(CollectedBy::name),
            created_at: rfc3339(debt.created_at),
            paid_at: debt.paid_at.map(rfc3339),
        }
    }
}

/// List debts, newest first
///
/// At most one of them is owed: nobody rides who owes a fare.
#[utoipa::path(get, path = "/payer/v1/debts", tag = "rides", operation_id = "list_debts",
    params(ListOwn),
    responses((status = 200, description = "A page of debts", body = ListPage<DebtBody>), PayerErrorsWithoutBody))]
pub async fn list_debts(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    StrictQuery(query): StrictQuery<ListOwn>,
) -> Result<Response, Problem> {
    own(&api, List::DebtsOf(bearer.id()), &query, |_: &Debt| true, DebtBody::of)
}

/// Pay a debt from the balance
///
/// One that was paid already, by a top-up for example, is answered as it is. No body is needed.
#[utoipa::path(post, path = "/payer/v1/debts/{id}/payment", tag = "rides", operation_id = "create_debt_payment",
    params(("id" = String, Path, description = "The debt's id"),
        ("Idempotency-Key" = String, Header, description = "Names this request; asking twice does it once.")),
    responses((status = 201, description = "The debt, paid", body = DebtBody), PayerErrors),
    extensions(("x-error-codes" = json!(["balance_insufficient", "payer_frozen", "identity_required", "limit_reached",
        "payments_used_up", "idempotency_key_reused"]))))]
pub async fn create_debt_payment(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    Path(id): Path<String>,
    key: MoneyKey,
    _: EmptyBody,
) -> Result<Response, Problem> {
    let (payer, id): (_, DebtId) = (bearer.id(), parse_id(&id)?);
    let plan = |_: &Asked| {
        Ok(move |facts: &dyn tongbao_core::Facts, cx: &mut tongbao_core::Context| {
            debt::pay(facts, cx, payer, id).map(|(change, debt)| (change, Ok(debt)))
        })
    };
    let body = |debt: &Debt| text(&DebtBody::of(debt));
    once(&api, (&bearer, "pay_debt"), (key, &(), Proof::None), plan, (StatusCode::CREATED, body)).await
}
