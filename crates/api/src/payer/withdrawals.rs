//! `/payer/v1/withdrawals`: money from the balance to a debit card, and what that costs.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tongbao_core::{
    Context, Facts, List, Refusal,
    id::WithdrawalId,
    payment::Failure,
    withdrawal::{
        Speed, Withdrawal, WithdrawalStatus,
        steps::{self, NewWithdrawal},
    },
};
use tongbao_money::Amount;
use utoipa::{IntoParams, ToSchema};

use super::{
    bearer::Bearer,
    lists::{ListOwn, own},
    once::{Asked, MoneyKey, once, text},
    proof::{PasskeyAssertion, Proof, about},
    top_ups::yuan,
};
use crate::{
    errors::{PayerErrors, PayerErrorsWithoutBody},
    json::{StrictJson, StrictQuery},
    problem::Problem,
    refusal::{fault, refused},
    state::Api,
    wire::{ListPage, parse_id, parse_param_id, rfc3339},
};

const AMOUNT_MUST: &str = "from 1 to 5000000 minor units";

/// How much is to be withdrawn.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GetWithdrawalQuote {
    /// In fen.
    #[param(minimum = 1, maximum = 5_000_000)]
    pub amount: i64,
}

/// What a withdrawal costs now.
#[derive(Serialize, ToSchema)]
pub struct WithdrawalQuote {
    /// What is to arrive, in fen.
    pub amount: i64,
    /// What it costs beside that.
    pub fee: i64,
    /// What can still be withdrawn free of charge, this amount not counted.
    pub free_left: i64,
}

/// Ask what a withdrawal costs
#[utoipa::path(get, path = "/payer/v1/withdrawal_quote", tag = "money", operation_id = "get_withdrawal_quote",
    params(GetWithdrawalQuote),
    responses((status = 200, description = "The fee", body = WithdrawalQuote), PayerErrorsWithoutBody))]
pub async fn get_withdrawal_quote(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    StrictQuery(query): StrictQuery<GetWithdrawalQuote>,
) -> Result<Response, Problem> {
    let amount = yuan(query.amount, AMOUNT_MUST)?.amount;
    let quote = api.engine.withdrawal_quote(bearer.id(), amount).map_err(|error| fault(&error))?;
    let free_left = api.engine.withdrawal_free_left(bearer.id()).map_err(|error| fault(&error))?;
    let (amount, fee, free_left) = (amount.minor(), quote.fee.minor(), free_left.minor());
    Ok(axum::Json(WithdrawalQuote { amount, fee, free_left }).into_response())
}

/// When the bank is asked to pay.
#[derive(Clone, Copy, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WithdrawalSpeed {
    /// At once.
    #[default]
    Now,
    /// On the next day, from midnight in China.
    NextDay,
}

/// A withdrawal to make.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateWithdrawal {
    /// What is to arrive, in fen.
    #[schema(minimum = 1, maximum = 5_000_000, example = 10_000)]
    pub amount: i64,
    /// To which card: `crd_…`, a debit card that is usable.
    #[schema(max_length = 64)]
    pub card: String,
    /// `now` unless given.
    #[serde(default)]
    pub speed: WithdrawalSpeed,
    /// The fee that the payer was shown, in fen. If it is another meanwhile, the withdrawal is refused.
    #[schema(minimum = 0, maximum = 5_000_000)]
    pub fee: i64,
    /// The payment password; this or `passkey`.
    #[schema(pattern = "^[0-9]{6}$")]
    #[serde(default, skip_serializing)]
    pub password: Option<String>,
    /// What a passkey has signed of this request, asked with `POST /payer/v1/passkey_challenges`; this or `password`.
    #[serde(default, skip_serializing)]
    pub passkey: Option<PasskeyAssertion>,
}

/// A withdrawal.
#[derive(Serialize, ToSchema)]
#[schema(as = Withdrawal)]
pub struct WithdrawalBody {
    /// Its id: `wdr_…`.
    pub id: String,
    /// `planned` until the next day, `processing` until the bank has answered, then `succeeded` or `failed`;
    /// `bounced` if it came back later.
    pub status: &'static str,
    /// What arrives, in fen.
    pub amount: i64,
    /// What it costs beside that.
    pub fee: i64,
    /// To which card.
    pub card: String,
    /// Why it failed.
    pub failure: Option<&'static str>,
    /// When it was asked for.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When the bank is asked.
    #[schema(format = DateTime)]
    pub due_at: String,
    /// When it was paid, failed or came back.
    #[schema(format = DateTime)]
    pub ended_at: Option<String>,
}

impl WithdrawalBody {
    fn of(withdrawal: &Withdrawal) -> WithdrawalBody {
        WithdrawalBody {
            id: withdrawal.id.to_string(),
            status: match withdrawal.status {
                WithdrawalStatus::Planned if withdrawal.speed == Speed::NextDay => "planned",
                WithdrawalStatus::Planned | WithdrawalStatus::Sent => "processing",
                WithdrawalStatus::Paid => "succeeded",
                WithdrawalStatus::Failed => "failed",
                WithdrawalStatus::Bounced => "bounced",
            },
            amount: withdrawal.money.amount.minor(),
            fee: withdrawal.fee.minor(),
            card: withdrawal.card.to_string(),
            failure: withdrawal.failure.map(Failure::code),
            created_at: rfc3339(withdrawal.created_at),
            due_at: rfc3339(withdrawal.due_at),
            ended_at: withdrawal.ended_at.map(rfc3339),
        }
    }
}

/// Withdraw to a card
///
/// Amount and fee leave the balance at once. The bank is asked in the background: look the withdrawal up until it is
/// no longer `processing`. One that fails or bounces brings both back.
#[utoipa::path(post, path = "/payer/v1/withdrawals", tag = "money", operation_id = "create_withdrawal",
    request_body = CreateWithdrawal,
    params(("Idempotency-Key" = String, Header, description = "Names this request; asking twice does it once.")),
    responses((status = 201, description = "The withdrawal", body = WithdrawalBody), PayerErrors),
    extensions(("x-error-codes" = json!(["wrong_password", "password_locked", "passkey_refused",
        "blocked", "passkey_needed",
        "passkeys_not_offered", "payer_frozen", "identity_required", "card_unusable", "fee_changed",
        "balance_insufficient", "limit_reached", "idempotency_key_reused"]))))]
pub async fn create_withdrawal(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    key: MoneyKey,
    StrictJson { mut value, .. }: StrictJson<CreateWithdrawal>,
) -> Result<Response, Problem> {
    let (password, passkey) = (value.password.take(), value.passkey.take());
    let proof = Proof::one(password, passkey, || about("create_withdrawal", &value))?;
    let plan = |asked: &Asked| {
        let fee = Amount::new(value.fee);
        let must = "what `GET /payer/v1/withdrawal_quote` answered";
        let new = NewWithdrawal {
            payer: bearer.id(),
            card: parse_param_id("card", &value.card)?,
            request_no: asked.number.clone(),
            money: yuan(value.amount, AMOUNT_MUST)?,
            speed: match value.speed {
                WithdrawalSpeed::Now => Speed::Now,
                WithdrawalSpeed::NextDay => Speed::NextDay,
            },
            proofs: asked.proofs,
            fee_shown: fee.ok_or_else(|| refused(&Refusal::Invalid { param: "fee", must }))?,
        };
        new.check().map_err(|refusal| refused(&refusal))?;
        Ok(move |facts: &dyn Facts, cx: &mut Context| steps::plan_proven(facts, cx, &new))
    };
    let body = |withdrawal: &Withdrawal| text(&WithdrawalBody::of(withdrawal));
    once(&api, (&bearer, "plan_withdrawal"), (key, &value, proof), plan, (StatusCode::CREATED, body)).await
}

/// Look a withdrawal up
#[utoipa::path(get, path = "/payer/v1/withdrawals/{id}", tag = "money", operation_id = "get_withdrawal",
    params(("id" = String, Path, description = "The withdrawal's id")),
    responses((status = 200, description = "The withdrawal", body = WithdrawalBody), PayerErrorsWithoutBody))]
pub async fn get_withdrawal(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id: WithdrawalId = parse_id(&id)?;
    let found = api.engine.store.get::<Withdrawal>(id).map_err(|error| fault(&error))?;
    let own = found.filter(|withdrawal| withdrawal.payer == bearer.id()).ok_or_else(Problem::not_found)?;
    Ok(axum::Json(WithdrawalBody::of(&own)).into_response())
}

/// List withdrawals, newest first
#[utoipa::path(get, path = "/payer/v1/withdrawals", tag = "money", operation_id = "list_withdrawals",
    params(ListOwn),
    responses((status = 200, description = "A page of withdrawals", body = ListPage<WithdrawalBody>),
        PayerErrorsWithoutBody))]
pub async fn list_withdrawals(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    StrictQuery(query): StrictQuery<ListOwn>,
) -> Result<Response, Problem> {
    own(&api, List::WithdrawalsOf(bearer.id()), &query, |_| true, WithdrawalBody::of)
}
