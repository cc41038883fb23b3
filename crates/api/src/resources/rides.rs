//! `/v1/rides`: where riders of an operator went in and out by their transit codes, and what became of the fares.
//!
//! Who rides is not told: an operator knows its rides, the payers know themselves.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tongbao_core::{
    Facts, Key, List, Refusal, Time,
    api_key::Scope,
    id::RideId,
    transit::{
        Gate, Ride, RideStatus,
        steps::{self, Entered, NewExit, NewRide},
    },
};
use tongbao_money::{Amount, Currency};
use utoipa::{IntoParams, ToSchema};

use crate::{
    caller::Caller,
    errors::{Errors, ErrorsWithoutBody, ProblemDetails},
    idempotent::{IdempotencyKey, render, respond},
    json::{StrictJson, StrictQuery},
    list::{self, Part},
    problem::{INVALID_VALUE, Problem},
    refusal::{failed, fault, refused},
    state::Api,
    wire::{ListPage, list_limit, parse_id, parse_time, read_cursor, rfc3339},
};

/// Somebody who goes in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRide {
    /// Your own number of the ride: unique for ever. The same number with the same content gives the ride it gave
    /// before; with other content it is refused.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = r"^[0-9A-Za-z_\-|*.:/@]+$",
        example = "line-2-000017"
    )]
    pub ride_no: String,
    /// The transit code that the gate scanned: 18 digits.
    #[schema(pattern = "^4[0-5][0-9]{16}$", example = "412345678901234567")]
    pub code: String,
    /// Your name of the station or stop; the payer reads it.
    #[schema(min_length = 1, max_length = 64, example = "People's Square")]
    pub station: String,
    /// What the ride costs, in fen, if you do not report its end within twelve hours; it never costs more.
    #[schema(minimum = 1, maximum = 20_000, example = 1_500)]
    pub max_amount: i64,
    /// When the gate scanned the code, if that is not now: at most ten minutes ago, and at most one minute ahead.
    #[serde(default)]
    #[schema(format = DateTime)]
    pub scanned_at: Option<String>,
}

/// Somebody who goes out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRideExit {
    /// Your name of the station or stop; the payer reads it.
    #[schema(min_length = 1, max_length = 64, example = "East Railway Station")]
    pub station: String,
    /// What the ride costs, in fen: from nothing to its `max_amount`.
    #[schema(minimum = 0, maximum = 20_000, example = 400)]
    pub amount: i64,
    /// The transit code that the gate scanned, if it scanned one. It has to be the rider's, and is used up.
    #[serde(default)]
    #[schema(pattern = "^4[0-5][0-9]{16}$")]
    pub code: Option<String>,
    /// When the gate let the rider out, if that is not now: at most ten minutes ago, and at most one minute ahead.
    #[serde(default)]
    #[schema(format = DateTime)]
    pub scanned_at: Option<String>,
}

/// A gate that was passed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Gate)]
pub struct GateBody {
    /// Where.
    pub station: String,
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
}

impl GateBody {
    /// A gate, written.
    pub(crate) fn of(gate: &Gate) -> GateBody {
        GateBody { station: gate.station.clone(), at: rfc3339(gate.at) }
    }
}

/// A ride.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ride)]
pub struct RideBody {
    /// Its id: `rid_…`.
    pub id: String,
    /// Always `ride`.
    pub object: &'static str,
    /// Your own number.
    pub ride_no: String,
    /// `riding`; `settled` once you have the fare; `owed` while the rider could not pay it.
    pub status: &'static str,
    /// Where it began.
    pub entry: GateBody,
    /// Where it ended; null before, and for ever if you did not report it in time.
    pub exit: Option<GateBody>,
    /// What it costs at most, in fen.
    pub max_amount: i64,
    /// What it costs, in fen; null while it is under way.
    pub amount: Option<i64>,
    /// Always `CNY`.
    pub currency: String,
    /// What the platform keeps of the fare, in fen; 0 until it is paid.
    pub fee: i64,
    /// When you reported its beginning.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When its fare was known.
    #[schema(format = DateTime)]
    pub ended_at: Option<String>,
    /// When the fare was paid.
    #[schema(format = DateTime)]
    pub settled_at: Option<String>,
}

impl RideBody {
    /// A ride as its operator sees it.
    pub fn of(ride: &Ride) -> RideBody {
        RideBody {
            id: ride.id.to_string(),
            object: "ride",
            ride_no: ride.ride_no.clone(),
            status: ride.status.name(),
            entry: GateBody::of(&ride.entry),
            exit: ride.exit.as_ref().map(GateBody::of),
            max_amount: ride.max.minor(),
            amount: ride.fare.map(Amount::minor),
            currency: Currency::CNY.to_string(),
            fee: ride.fee().minor(),
            created_at: rfc3339(ride.created_at),
            ended_at: ride.ended_at.map(rfc3339),
            settled_at: ride.settled_at.map(rfc3339),
        }
    }

    /// The same as text.
    pub fn json(ride: &Ride) -> String {
        serde_json::to_string(&RideBody::of(ride)).unwrap_or_default()
    }
}

fn fen(param: &'static str, minor: i64) -> Result<Amount, Problem> {
    let must = "from 0 to 20000 fen";
    Amount::new(minor).ok_or_else(|| refused(&Refusal::Invalid { param, must }))
}

fn scanned_at(text: Option<&str>) -> Result<Option<Time>, Problem> {
    text.map(|text| parse_time("scanned_at", text)).transpose()
}

/// Record an entry
///
/// Answers 201 with the new ride, or 200 with the one that an equal request recorded before. A code opens one ride,
/// once. Open the gate on 2xx only.
#[utoipa::path(post, path = "/v1/rides", tag = "rides", operation_id = "create_ride",
    request_body = CreateRide,
    params(("Idempotency-Key" = Option<String>, Header,
        description = "Names this request; asking twice does it once.")),
    responses((status = 201, description = "Recorded", body = RideBody),
        (status = 200, description = "An equal request recorded it before", body = RideBody), Errors),
    extensions(("x-error-codes" = json!(["transit_code_invalid", "transit_code_expired", "transit_code_used",
        "ride_no_used", "ride_open", "debt_open", "payer_frozen", "identity_required", "limit_reached",
        "payments_used_up", "idempotency_key_reused"]))))]
pub async fn create_ride(
    State(api): State<Arc<Api>>,
    caller: Caller,
    key: IdempotencyKey,
    StrictJson { value, raw }: StrictJson<CreateRide>,
) -> Result<Response, Problem> {
    caller.may(Scope::Payments)?;
    let new = NewRide {
        ride_no: value.ride_no,
        code: api.engine.scanned_transit_code(&value.code).map_err(|refusal| refused(&refusal))?,
        station: value.station,
        max: fen("max_amount", value.max_amount)?,
        scanned_at: scanned_at(value.scanned_at.as_deref())?,
    };
    let app = caller.app();
    let answered = api.engine.answer(
        caller.input("create_ride"),
        key.ask(app, &raw),
        move |facts: &dyn Facts, cx: &mut _| steps::enter(facts, cx, app, &new),
        render(
            |entered: &Entered| if entered.new { StatusCode::CREATED } else { StatusCode::OK },
            |entered| RideBody::json(&entered.ride),
        ),
    );
    answered.await.map(respond).map_err(|error| fault(&error))
}

/// Record an exit
///
/// The fare is taken from the rider's balance in the same step: the ride is `settled`. If the balance is short, a limit
/// is reached or the account is frozen, the ride is `owed`; `ride.settled` follows when the rider has paid. The same
/// exit again is answered like the first.
#[utoipa::path(post, path = "/v1/rides/{id}/exit", tag = "rides", operation_id = "create_ride_exit",
    request_body = CreateRideExit,
    params(("id" = String, Path, description = "The ride's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Names this request; asking twice does it once.")),
    responses((status = 200, description = "The ride, settled or owed", body = RideBody), Errors),
    extensions(("x-error-codes" = json!(["ride_ended", "transit_code_invalid", "transit_code_expired",
        "transit_code_used", "idempotency_key_reused"]))))]
pub async fn create_ride_exit(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(id): Path<String>,
    key: IdempotencyKey,
    StrictJson { value, raw }: StrictJson<CreateRideExit>,
) -> Result<Response, Problem> {
    caller.may(Scope::Payments)?;
    let id: RideId = parse_id(&id)?;
    let scanned = value.code.as_deref().map(|code| api.engine.scanned_transit_code(code));
    let new = NewExit {
        code: scanned.transpose().map_err(|refusal| refused(&refusal))?,
        station: value.station,
        fare: fen("amount", value.amount)?,
        scanned_at: scanned_at(value.scanned_at.as_deref())?,
    };
    let app = caller.app();
    let answered = api.engine.answer(
        caller.input("create_ride_exit"),
        key.ask(app, &raw),
        move |facts: &dyn Facts, cx: &mut _| steps::exit(facts, cx, app, id, &new),
        render(|_| StatusCode::OK, RideBody::json),
    );
    answered.await.map(respond).map_err(|error| fault(&error))
}

/// Look a ride up
#[utoipa::path(get, path = "/v1/rides/{id}", tag = "rides", operation_id = "get_ride",
    params(("id" = String, Path, description = "The ride's id")),
    responses((status = 200, description = "The ride", body = RideBody), ErrorsWithoutBody))]
pub async fn get_ride(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let id: RideId = parse_id(&id)?;
    let found = api.engine.store.get::<Ride>(id).map_err(|error| fault(&error))?;
    let ride = found.filter(|ride| ride.merchant == caller.merchant());
    let ride = ride.ok_or_else(|| refused(&Refusal::NotFound("ride")))?;
    Ok(axum::Json(RideBody::of(&ride)).into_response())
}

/// Which rides to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListRides {
    /// Only those that are `riding`, `settled` or `owed`.
    pub status: Option<String>,
    /// Only the one with this ride number.
    pub ride_no: Option<String>,
    /// Only the one on which somebody is who shows this transit code at a way out. The code is not used up by that.
    pub code: Option<String>,
    /// Rows: 1 to 100, 20 unless given.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before.
    pub cursor: Option<String>,
}

fn status(name: &str) -> Result<RideStatus, Problem> {
    RideStatus::EVERY.into_iter().find(|status| status.name() == name).ok_or_else(|| {
        Problem::of(INVALID_VALUE).param("status").detail("`status` must be one of riding, settled, owed.")
    })
}

/// List rides, newest first
#[utoipa::path(get, path = "/v1/rides", tag = "rides", operation_id = "list_rides",
    params(ListRides),
    responses((status = 200, description = "A page of rides", body = ListPage<RideBody>),
        (status = 409, description = "The code is too old, or was used.", body = ProblemDetails,
            content_type = "application/problem+json"), ErrorsWithoutBody),
    extensions(("x-error-codes" = json!(["transit_code_invalid", "transit_code_expired", "transit_code_used"]))))]
pub async fn list_rides(
    State(api): State<Arc<Api>>,
    caller: Caller,
    StrictQuery(query): StrictQuery<ListRides>,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let (limit, after) = (list_limit(query.limit)?, read_cursor(query.cursor.as_deref())?);
    let (merchant, wanted) = (caller.merchant(), query.status.as_deref().map(status).transpose()?);
    let ride_no = query.ride_no;
    let keep = |ride: &Ride| {
        wanted.is_none_or(|wanted| ride.status == wanted)
            && ride_no.as_ref().is_none_or(|number| ride.ride_no == *number)
    };
    let one = match (&query.code, &ride_no) {
        (Some(code), _) => Some(api.engine.ride_of_code(merchant, code).map_err(|error| failed(&error))?),
        (None, Some(number)) => {
            let key = Key::RideNo(merchant, number.clone());
            Some(api.engine.store.find::<Ride>(key).map_err(|error| fault(&error))?)
        }
        (None, None) => None,
    };
    if let Some(found) = one {
        let data: Vec<RideBody> = found.iter().filter(|ride| keep(ride)).map(RideBody::of).collect();
        return Ok(axum::Json(ListPage { data, next_cursor: None }).into_response());
    }
    let part = Part { list: List::Rides(merchant), after, newest_first: true, limit };
    Ok(axum::Json(list::page(api.engine.store.as_ref(), part, keep, RideBody::of)?).into_response())
}
