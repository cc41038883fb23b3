//! `/payer/v1/payer`, `/payer/v1/balance`, `/payer/v1/limits`: who the payer is here, what it has, how much it may pay.
//!
//! Name, number and phone number are masked, as on the pages: who bears a token is shown no more than who looks over
//! a shoulder.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tongbao_core::{
    Key, Refusal, Time,
    limits::{FEWER_FACTORS_PER_DAY_MAX, TWO_FACTORS_PER_DAY_MAX},
    payer::{
        Payer,
        freeze::By,
        identity::{Identity, Level},
        usage::{self, OwnLimits, Usage},
    },
};
use tongbao_money::Amount;
use utoipa::ToSchema;

use super::{
    bearer::{Bearer, check_password},
    once::{NoKey, created},
};
use crate::{
    errors::{PayerErrors, PayerErrorsWithoutBody},
    json::StrictJson,
    problem::Problem,
    refusal::{failed, fault, refused},
    state::Api,
    wire::rfc3339,
};

/// The payer.
#[derive(Serialize, ToSchema)]
#[schema(as = Payer)]
pub struct PayerBody {
    /// Its id: `pyr_…`.
    pub id: String,
    /// The phone number, masked.
    pub phone: String,
    /// Whether somebody has verified who it is. Nothing is paid from the balance before.
    pub is_verified: bool,
    /// The class of the account: 1, 2 or 3; null before it is verified, and for who is known by rules of the
    /// institution's own.
    pub level: Option<u8>,
    /// The name, all but its last character hidden.
    pub name: Option<String>,
    /// The ID number, masked.
    pub id_number: Option<String>,
    /// `payer` or `operator` if the account is frozen; null if not.
    pub frozen_by: Option<&'static str>,
    /// Since when.
    #[schema(format = DateTime)]
    pub frozen_at: Option<String>,
    /// Until when the payment password is locked after wrong tries.
    #[schema(format = DateTime)]
    pub password_locked_until: Option<String>,
    /// When it joined.
    #[schema(format = DateTime)]
    pub created_at: String,
}

/// The number of a level.
pub(super) const fn level_number(level: Level) -> u8 {
    match level {
        Level::One => 1,
        Level::Two => 2,
        Level::Three => 3,
    }
}

impl PayerBody {
    /// A payer as it sees itself.
    pub(super) fn of(payer: &Payer, now: Time) -> PayerBody {
        let (name, id_number) = match &payer.identity {
            Some(Identity::Verified { name_hint, number_hint, .. }) => {
                (Some(name_hint.clone()), Some(number_hint.clone()))
            }
            Some(Identity::Unverified) | None => (None, None),
        };
        PayerBody {
            id: payer.id.to_string(),
            phone: payer.phone_hint.clone(),
            is_verified: payer.identity != Some(Identity::Unverified),
            level: payer.identity.as_ref().and_then(Identity::level).map(level_number),
            name,
            id_number,
            frozen_by: payer.frozen.as_ref().map(|freeze| match freeze.by {
                By::Payer => "payer",
                By::Operator => "operator",
            }),
            frozen_at: payer.frozen.as_ref().map(|freeze| rfc3339(freeze.at)),
            password_locked_until: payer.locked_until.filter(|until| now < *until).map(rfc3339),
            created_at: rfc3339(payer.created_at),
        }
    }
}

/// The payer as it is now.
pub(super) fn again(api: &Api, bearer: &Bearer) -> Result<PayerBody, Problem> {
    let payer = api.engine.store.get::<Payer>(bearer.id()).map_err(|error| fault(&error))?;
    let payer = payer.ok_or_else(Problem::not_found)?;
    Ok(PayerBody::of(&payer, api.engine.now()))
}

/// Look yourself up
#[utoipa::path(get, path = "/payer/v1/payer", tag = "account", operation_id = "get_payer",
    responses((status = 200, description = "The payer", body = PayerBody), PayerErrorsWithoutBody))]
pub async fn get_payer(State(api): State<Arc<Api>>, bearer: Bearer) -> Response {
    axum::Json(PayerBody::of(bearer.payer(), api.engine.now())).into_response()
}

/// What the payer has, in minor units.
#[derive(Serialize, ToSchema)]
#[schema(as = PayerBalance)]
pub struct BalanceBody {
    /// ISO 4217: CNY.
    pub currency: &'static str,
    /// What can be spent.
    pub available: i64,
    /// What is set aside for payments whose result is not known yet.
    pub held: i64,
}

/// Look the balance up
#[utoipa::path(get, path = "/payer/v1/balance", tag = "account", operation_id = "get_balance",
    responses((status = 200, description = "The balance", body = BalanceBody), PayerErrorsWithoutBody))]
pub async fn get_balance(State(api): State<Arc<Api>>, bearer: Bearer) -> Result<Response, Problem> {
    let balance = api.engine.balance_of(bearer.id()).map_err(|error| fault(&error))?;
    let body = BalanceBody { currency: "CNY", available: balance.available, held: balance.held };
    Ok(axum::Json(body).into_response())
}

/// How much of a limit is used, in fen.
#[derive(Serialize, ToSchema)]
pub struct LimitUsed {
    /// What was paid under it.
    pub used: i64,
    /// The most.
    pub most: i64,
}

impl LimitUsed {
    fn of(used: Amount, most: Amount) -> LimitUsed {
        LimitUsed { used: used.minor(), most: most.minor() }
    }
}

/// What may be paid from the balance, in fen. Where the law limits, there is a level (article 11 and 24 of
/// announcement 2015 no. 43 of the People's Bank of China).
#[derive(Serialize, ToSchema)]
#[schema(as = Limits)]
pub struct LimitsBody {
    /// All payments ever, at level 1; null at others.
    pub total: Option<LimitUsed>,
    /// This year's payments, at levels 2 and 3; null at others.
    pub per_year: Option<LimitUsed>,
    /// Today's payments with two proofs; null without a level.
    pub per_day_two_proofs: Option<LimitUsed>,
    /// Today's payments with fewer; null without a level.
    pub per_day_fewer_proofs: Option<LimitUsed>,
    /// What the payer allows itself in one payment; null if it has set nothing.
    pub own_per_payment: Option<i64>,
    /// What the payer allows itself in a day; null if it has set nothing.
    pub own_per_day: Option<i64>,
    /// How many payments the payer allows itself in a day; null if it has set nothing.
    pub own_count_per_day: Option<u32>,
}

fn limits(api: &Api, payer: &Payer) -> Result<LimitsBody, Problem> {
    let usage = api.engine.store.find::<Usage>(Key::UsageOf(payer.id)).map_err(|error| fault(&error))?;
    let counted = usage.map(|usage| usage.at(api.engine.now())).unwrap_or_default();
    let level = payer.identity.as_ref().and_then(Identity::level);
    let of_level = level.map(|level| usage::of_level(level, &counted));
    let line = |wanted: bool| {
        let wanted = of_level.filter(|(limit, ..)| (*limit == usage::Limit::Total) == wanted);
        wanted.map(|(_, used, most)| LimitUsed::of(used, most))
    };
    let own = payer.own_limits.unwrap_or_default();
    Ok(LimitsBody {
        total: line(true),
        per_year: line(false),
        per_day_two_proofs: level.map(|_| LimitUsed::of(counted.two_factors, TWO_FACTORS_PER_DAY_MAX)),
        per_day_fewer_proofs: level.map(|_| LimitUsed::of(counted.fewer_factors, FEWER_FACTORS_PER_DAY_MAX)),
        own_per_payment: own.per_payment.map(Amount::minor),
        own_per_day: own.per_day.map(Amount::minor),
        own_count_per_day: own.count_per_day,
    })
}

/// Look the limits up
#[utoipa::path(get, path = "/payer/v1/limits", tag = "account", operation_id = "get_limits",
    responses((status = 200, description = "The limits", body = LimitsBody), PayerErrorsWithoutBody))]
pub async fn get_limits(State(api): State<Arc<Api>>, bearer: Bearer) -> Result<Response, Problem> {
    Ok(axum::Json(limits(&api, bearer.payer())?).into_response())
}

/// Limits of the payer's own; what is null or left out is not limited.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateOwnLimits {
    /// The most in one payment, in fen.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 99_999_999_999_i64)]
    pub per_payment: Option<i64>,
    /// The most in a day, in fen.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 99_999_999_999_i64)]
    pub per_day: Option<i64>,
    /// The most payments in a day.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 9_999)]
    pub count_per_day: Option<u32>,
    /// The payment password; needed if one of them is raised or removed.
    #[serde(default)]
    #[schema(pattern = "^[0-9]{6}$")]
    pub password: Option<String>,
}

/// The most payments of a day that a payer's own limit can be: what the field of its page takes.
const OWN_COUNT_MAX: u32 = 9_999;

/// The most that a payer's own limit can be, in fen: what the field of its page takes, nine digits of yuan. The schema
/// above takes a literal only; a test compares them.
const OWN_LIMIT_MAX: i64 = 99_999_999_999;

fn own_limit(param: &'static str, minor: Option<i64>) -> Result<Option<Amount>, Problem> {
    let Some(minor) = minor else { return Ok(None) };
    let amount = Amount::new(minor).filter(|amount| amount.minor() <= OWN_LIMIT_MAX);
    let must = "from 0 to 99999999999 minor units, or null";
    amount.map(Some).ok_or_else(|| refused(&Refusal::Invalid { param, must }))
}

/// Set limits of your own
///
/// They hold below what the law allows, at once. Zero allows nothing. To lower them takes the session only; to raise or
/// remove one takes the payment password.
#[utoipa::path(post, path = "/payer/v1/own_limits", tag = "account", operation_id = "create_own_limits",
    request_body = CreateOwnLimits,
    responses((status = 201, description = "The limits as they are now", body = LimitsBody), PayerErrors),
    extensions(("x-error-codes" = json!(["password_required", "wrong_password", "password_locked"]))))]
pub async fn create_own_limits(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    _: NoKey,
    StrictJson { value, .. }: StrictJson<CreateOwnLimits>,
) -> Result<Response, Problem> {
    if value.count_per_day.is_some_and(|count| count > OWN_COUNT_MAX) {
        let must = "from 0 to 9999, or null";
        return Err(refused(&Refusal::Invalid { param: "count_per_day", must }));
    }
    let own = OwnLimits {
        per_payment: own_limit("per_payment", value.per_payment)?,
        per_day: own_limit("per_day", value.per_day)?,
        count_per_day: value.count_per_day,
    };
    if let Some(password) = &value.password {
        check_password("password", password)?;
    }
    let payer = bearer.id();
    let set = api.engine.set_own_limits(payer, own, value.password).await;
    set.map_err(|error| failed(&error))?;
    let payer = api.engine.store.get::<Payer>(payer).map_err(|error| fault(&error))?;
    Ok(created(limits(&api, &payer.ok_or_else(Problem::not_found)?)?))
}

#[cfg(test)]
mod tests {
    use super::{OWN_COUNT_MAX, OWN_LIMIT_MAX};

    #[test]
    fn the_document_names_the_limits_that_are_checked() {
        let document = serde_json::to_value(crate::payer::document()).unwrap();
        let of = |field: &str| {
            let schema = &document["components"]["schemas"]["CreateOwnLimits"]["properties"][field];
            schema["maximum"].as_i64()
        };
        assert_eq!((of("per_payment"), of("per_day")), (Some(OWN_LIMIT_MAX), Some(OWN_LIMIT_MAX)));
        assert_eq!(of("count_per_day"), Some(OWN_COUNT_MAX.into()));
    }
}
