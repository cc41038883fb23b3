//! `/payer/v1/payees`: whom the payer may send money to. One is found by phone number, counted whether somebody has it
//! or not, so that nobody can try out numbers; a name that is compared counts like one.
//!
//! **Invariant.** A payer's id alone finds nobody: who knows one, as a merchant does, is told no name and no number
//! by it. A payee is named by the reference that a look-up has answered, good for this payer and a quarter of an hour,
//! or by its id once the payer has sent money there.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tongbao_core::{
    Key, List, Refusal, facts::Entity as _, id::PayerId, payer::Payer, transfer::payee::Payee,
};
use tongbao_engine::{phone::phone_number, purse::Who};
use tongbao_store::Query;
use utoipa::ToSchema;

use super::{
    bearer::Bearer,
    once::{NoKey, created},
};
use crate::{
    errors::{PayerErrors, PayerErrorsWithoutBody},
    json::StrictJson,
    problem::Problem,
    refusal::{failed, fault, refused},
    state::Api,
};

/// Payees listed: as many as a payer picks from.
const PAYEES_MAX: u32 = 100;

/// Somebody whom money can be sent to.
#[derive(Serialize, ToSchema)]
#[schema(as = Payee)]
pub struct PayeeBody {
    /// What a transfer takes as `recipient`, and a name check in its path: the id, `pyr_…`, of who was sent money
    /// before; otherwise a reference for this payer, good for a quarter of an hour.
    pub recipient: String,
    /// The phone number, masked.
    pub phone: String,
    /// The verified name, all but its last character hidden; null if nobody has verified it.
    pub name: Option<String>,
    /// Whether the payer has sent money there before. Warn before the first time.
    pub is_known: bool,
}

impl PayeeBody {
    fn of(payer: &Payer, recipient: String, is_known: bool) -> PayeeBody {
        let Who { phone, name } = Who::of(payer);
        PayeeBody { recipient, phone, name, is_known }
    }
}

/// Whether a payer's account is still there.
fn is_here(payer: &Payer) -> bool {
    payer.closed_at.is_none()
}

/// Payees.
#[derive(Serialize, ToSchema)]
pub struct Payees {
    /// The rows, the newest first.
    pub data: Vec<PayeeBody>,
}

/// List payees, newest first
///
/// Those whom the payer has sent money to: the last hundred.
#[utoipa::path(get, path = "/payer/v1/payees", tag = "transfers", operation_id = "list_payees",
    responses((status = 200, description = "The payees", body = Payees), PayerErrorsWithoutBody))]
pub async fn list_payees(State(api): State<Arc<Api>>, bearer: Bearer) -> Result<Response, Problem> {
    let store = &api.engine.store;
    let list = List::Payees(bearer.id());
    let query = Query::List { list, after: None, newest_first: true, limit: PAYEES_MAX };
    let mut data = Vec::new();
    for known in store.records(query).map_err(|error| fault(&error))?.iter().filter_map(Payee::of) {
        let payee = store.get::<Payer>(known.recipient).map_err(|error| fault(&error))?;
        data.extend(payee.filter(is_here).map(|payee| PayeeBody::of(&payee, payee.id.to_string(), true)));
    }
    Ok(axum::Json(Payees { data }).into_response())
}

/// A number that somebody may have.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePayeeLookUp {
    /// 11 digits of mainland China, or `+` and up to 15 digits of another country.
    #[schema(max_length = 32, example = "17000000002")]
    pub phone: String,
}

/// Look a payee up
///
/// Fifteen times a day, names that are compared among them. Nobody has the number: 404.
#[utoipa::path(post, path = "/payer/v1/payee_look_ups", tag = "transfers", operation_id = "create_payee_look_up",
    request_body = CreatePayeeLookUp,
    responses((status = 201, description = "Who has the number", body = PayeeBody), PayerErrors),
    extensions(("x-error-codes" = json!(["look_ups_used_up"]))))]
pub async fn create_payee_look_up(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    _: NoKey,
    StrictJson { value, .. }: StrictJson<CreatePayeeLookUp>,
) -> Result<Response, Problem> {
    let must = "11 digits of mainland China, or + and up to 15 digits of another country";
    let phone = phone_number(&value.phone);
    let phone = phone.ok_or_else(|| refused(&Refusal::Invalid { param: "phone", must }))?;
    let found = api.engine.look_up_payee(bearer.id(), &phone).await.map_err(|error| failed(&error))?;
    let missing = || refused(&Refusal::NotFound("payee"));
    let found = found.ok_or_else(missing)?;
    let payee = api.engine.store.get::<Payer>(found).map_err(|error| fault(&error))?;
    let payee = payee.filter(is_here).ok_or_else(missing)?;
    let is_known = is_known(&api, &bearer, found)?;
    let recipient = if is_known { found.to_string() } else { api.engine.seal_payee(bearer.id(), found) };
    Ok(created(PayeeBody::of(&payee, recipient, is_known)))
}

/// Whether a payer has sent money to another.
fn is_known(api: &Api, bearer: &Bearer, id: PayerId) -> Result<bool, Problem> {
    let known = api.engine.store.find::<Payee>(Key::Payee(bearer.id(), id)).map_err(|error| fault(&error))?;
    Ok(known.is_some())
}

/// Whom a text names that a payer sends; none, whoever has the id, unless the payer has found or paid it.
pub(super) fn recipient(api: &Api, bearer: &Bearer, text: &str) -> Result<Option<PayerId>, Problem> {
    if let Some(found) = api.engine.open_payee(bearer.id(), text) {
        return Ok(Some(found));
    }
    let Ok(id) = text.parse::<PayerId>() else { return Ok(None) };
    Ok(is_known(api, bearer, id)?.then_some(id))
}

/// The character that is hidden in a payee's name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateNameCheck {
    /// The first character of the name.
    #[schema(min_length = 1, max_length = 8)]
    pub surname: String,
}

/// Whether it is right.
#[derive(Serialize, ToSchema)]
pub struct NameCheck {
    /// Whether the payee's verified name begins with it.
    pub is_right: bool,
}

/// Check a payee's name
///
/// It counts as a look-up, right or wrong. A payee without a verified name has none that could be right.
#[utoipa::path(post, path = "/payer/v1/payees/{recipient}/name_checks", tag = "transfers",
    operation_id = "create_name_check",
    params(("recipient" = String, Path, description = "The payee, as a look-up or the list answered it")),
    request_body = CreateNameCheck,
    responses((status = 201, description = "Whether it is right", body = NameCheck), PayerErrors),
    extensions(("x-error-codes" = json!(["look_ups_used_up"]))))]
pub async fn create_name_check(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    _: NoKey,
    Path(text): Path<String>,
    StrictJson { value, .. }: StrictJson<CreateNameCheck>,
) -> Result<Response, Problem> {
    let missing = || refused(&Refusal::NotFound("payee"));
    let id = recipient(&api, &bearer, &text)?.ok_or_else(missing)?;
    let payee = api.engine.store.get::<Payer>(id).map_err(|error| fault(&error))?;
    let payee = payee.filter(is_here).ok_or_else(missing)?;
    let is_right = api.engine.is_surname(bearer.id(), &payee, &value.surname).await;
    Ok(created(NameCheck { is_right: is_right.map_err(|error| failed(&error))? }))
}
