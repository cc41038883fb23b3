//! `/v1/balance`: what the merchant has, now or at a past moment, and the entries that made it so.
//!
//! Absent on purpose: one picture of all accounts at one instant. Each account is read by itself, so money that
//! moves between two of them while they are read may be seen in both or in neither; entries are exact.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tongbao_core::{
    Refusal, Time,
    api_key::Scope,
    id::MerchantId,
    ledger::{Account, AccountKey, Purpose},
    limits::{CURRENCIES, CURRENCIES_MUST},
};
use tongbao_money::Currency;
use tongbao_store::{Entry, Fault, Page, Query};
use utoipa::{IntoParams, ToSchema};

use crate::{
    caller::Caller,
    cursor,
    errors::ErrorsWithoutBody,
    json::StrictQuery,
    problem::{INVALID_CURSOR, INVALID_VALUE, Problem},
    refusal::{fault, refused},
    state::Api,
    wire::{ListPage, list_limit, parse_time, rfc3339},
};

/// What a merchant has in one currency, in minor units.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Balance)]
pub struct BalanceBody {
    /// ISO 4217.
    pub currency: String,
    /// Settled, and free to be paid out.
    pub available: i64,
    /// Taken in, not settled yet. Refunds are taken from here.
    pub pending: i64,
    /// May not move.
    pub frozen: i64,
}

/// What a merchant has, one row for each currency it ever used; CNY is always there.
#[derive(Debug, Serialize, ToSchema)]
pub struct Balances {
    /// The rows.
    pub data: Vec<BalanceBody>,
}

/// At which moment.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GetBalance {
    /// The balance just after this moment (RFC 3339), instead of now.
    #[param(format = DateTime, example = "2026-01-02T03:04:05Z")]
    pub at: Option<String>,
}

/// Reads the code of a currency that payments are taken in.
pub(super) fn currency(code: &str) -> Result<Currency, Problem> {
    let known = CURRENCIES.contains(&code).then(|| Currency::parse(code).ok()).flatten();
    known.ok_or_else(|| refused(&Refusal::Invalid { param: "currency", must: CURRENCIES_MUST }))
}

/// Look the balance up
#[utoipa::path(get, path = "/v1/balance", tag = "balance", operation_id = "get_balance",
    params(GetBalance),
    responses((status = 200, description = "The balance in each currency", body = Balances), ErrorsWithoutBody))]
pub async fn get_balance(
    State(api): State<Arc<Api>>,
    caller: Caller,
    StrictQuery(query): StrictQuery<GetBalance>,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let at = query.at.as_deref().map(|text| parse_time("at", text)).transpose()?;
    if at.is_some_and(|at| at > api.engine.now()) {
        let detail = "`at` must not lie in the future: what will be there then is not known.";
        return Err(Problem::of(INVALID_VALUE).param("at").detail(detail));
    }
    let row = |code: &&str| {
        let currency = Currency::parse(code).ok()?;
        balance(&api, caller.merchant(), currency, at).transpose()
    };
    let data: Result<Vec<BalanceBody>, Fault> = CURRENCIES.iter().filter_map(row).collect();
    let data = data.map_err(|error| fault(&error))?;
    Ok(axum::Json(Balances { data }).into_response())
}

/// The row of one currency; none when the merchant never used it.
fn balance(
    api: &Api,
    merchant: MerchantId,
    currency: Currency,
    at: Option<Time>,
) -> Result<Option<BalanceBody>, Fault> {
    let mut used = currency == Currency::CNY;
    let mut of = |account: Account| {
        let account = account.of(currency);
        let state = api.engine.store.account(account)?;
        used |= state.entries > 0;
        match at {
            Some(at) if state.entries > 0 => balance_at(api, account, at),
            Some(_) | None => Ok(state.balance()),
        }
    };
    let row = BalanceBody {
        currency: currency.to_string(),
        available: of(Account::MerchantAvailable(merchant))?,
        pending: of(Account::MerchantPending(merchant))?,
        frozen: of(Account::MerchantFrozen(merchant))?,
    };
    Ok(used.then_some(row))
}

fn balance_at(api: &Api, account: AccountKey, at: Time) -> Result<i64, Fault> {
    match api.engine.store.read(Query::BalanceAt(account, at))? {
        Page::Balance(balance) => Ok(balance),
        _ => Err(Fault::Unreadable("the store answered a balance with another page".to_owned())),
    }
}

/// Which of the merchant's accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BalancePurpose {
    /// Settled.
    Available,
    /// Not settled yet.
    Pending,
    /// May not move.
    Frozen,
}

impl BalancePurpose {
    fn account(self, merchant: MerchantId) -> Account {
        match self {
            BalancePurpose::Available => Account::MerchantAvailable(merchant),
            BalancePurpose::Pending => Account::MerchantPending(merchant),
            BalancePurpose::Frozen => Account::MerchantFrozen(merchant),
        }
    }
}

/// Which entries to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListBalanceEntries {
    /// Of which account; `pending` unless given.
    #[param(inline)]
    pub purpose: Option<BalancePurpose>,
    /// In which currency; `CNY` unless given.
    #[param(example = "CNY")]
    pub currency: Option<String>,
    /// Rows: 1 to 100, 20 unless given.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// One line of a merchant's account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BalanceEntry)]
pub struct BalanceEntryBody {
    /// The number of the posting in the platform's journal.
    pub id: String,
    /// When it was booked.
    #[schema(format = DateTime)]
    pub at: String,
    /// What it did to the balance, in minor units; negative took away.
    pub amount: i64,
    /// The balance after it, in minor units.
    pub balance_after: i64,
    /// Why: `payment`, `fee`, `refund`, `fee_return`, `refund_failed`, `fee_again`, `transfer`,
    /// `transfer_returned`, `freeze`, `unfreeze`, `share`, `share_returned`, `fare`, `fare_fee`.
    pub reason: &'static str,
    /// The payment, refund, transfer or other thing it was booked for.
    pub subject: String,
    /// `available`, `pending` or `frozen`.
    pub purpose: &'static str,
    /// ISO 4217.
    pub currency: String,
}

impl BalanceEntryBody {
    fn of(entry: &Entry, purpose: Purpose, currency: Currency) -> BalanceEntryBody {
        BalanceEntryBody {
            id: entry.number.to_string(),
            at: rfc3339(entry.at),
            amount: entry.amount,
            balance_after: entry.balance,
            reason: entry.reason.name(),
            subject: entry.subject.to_string(),
            purpose: purpose.name(),
            currency: currency.to_string(),
        }
    }
}

/// List the entries of one balance, newest first
#[utoipa::path(get, path = "/v1/balance/entries", tag = "balance", operation_id = "list_balance_entries",
    params(ListBalanceEntries),
    responses((status = 200, description = "A page of entries", body = ListPage<BalanceEntryBody>), ErrorsWithoutBody))]
pub async fn list_balance_entries(
    State(api): State<Arc<Api>>,
    caller: Caller,
    StrictQuery(query): StrictQuery<ListBalanceEntries>,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let limit = list_limit(query.limit)?;
    let before = query.cursor.as_deref().map(read_number).transpose()?;
    let currency = currency(query.currency.as_deref().unwrap_or("CNY"))?;
    let account = query.purpose.unwrap_or(BalancePurpose::Pending).account(caller.merchant());
    // One more than asked for tells whether another page follows.
    let found = api.engine.store.entries(account.of(currency), before, limit.saturating_add(1));
    let mut entries = found.map_err(|error| fault(&error))?;
    let more = entries.len() > limit as usize;
    entries.truncate(limit as usize);
    let last = entries.last().filter(|_| more);
    let next_cursor = last.map(|entry| cursor::encode(&entry.number.to_be_bytes()));
    let wire = |entry: &Entry| BalanceEntryBody::of(entry, account.purpose(), currency);
    let data: Vec<BalanceEntryBody> = entries.iter().map(wire).collect();
    Ok(axum::Json(ListPage { data, next_cursor }).into_response())
}

/// The number of the posting after which a list goes on.
fn read_number(text: &str) -> Result<u64, Problem> {
    let bytes = cursor::decode(text)?;
    let number = bytes.try_into().map(u64::from_be_bytes).ok();
    // The store counts postings in 63 bits.
    number.filter(|number| i64::try_from(*number).is_ok()).ok_or_else(|| {
        Problem::of(INVALID_CURSOR).param("cursor").detail("Use `next_cursor` of the page before, unchanged.")
    })
}
