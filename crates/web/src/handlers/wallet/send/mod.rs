//! Home, payment code, transfers, collection code and bills: `/wallet`, `/wallet/code`, `/wallet/transfer`,
//! `/wallet/collect`, `/wallet/bills`, and `/c/{token}`, which stands in printed codes.

mod bill;
mod bills;
mod code;
mod collect;
mod draft;
mod home;
mod transfer;

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::State,
    response::Response,
    routing::{get, post},
};
use serde::Deserialize;
use tongbao_core::{
    Refusal,
    payer::{Payer, identity::Identity},
};
use tongbao_engine::Error;
use tongbao_money::{Amount as Fen, Currency};
use tongbao_store::Fault;

use self::draft::Told;
use super::visitor::Visitor;
use crate::{
    handlers::{Pages, answer::Trouble, record_view::amount, visit::Visit},
    paths,
    wallet::send::Who,
};

pub(super) fn routes() -> Router<Arc<Pages>> {
    // Who comes to the address of a form with a GET, by reloading or by hand, is shown its page again.
    let deed = |deed: &str| paths::transfer_deed("{transfer}", deed);
    Router::new()
        .route(paths::WALLET, get(home::show))
        .route(paths::BALANCE, post(home::hide).get(back_home))
        .route(paths::PAYMENT_CODE, get(code::show).post(code::ask))
        .route(paths::TRANSFER, get(transfer::show))
        .route(paths::TRANSFER_PAYEE, post(transfer::payee).get(back_to_transfer))
        .route(paths::TRANSFER_AMOUNT, post(transfer::amount).get(back_to_transfer))
        .route(paths::TRANSFER_SEND, post(transfer::send).get(back_to_transfer))
        .route(&deed("acceptance"), post(bill::accept).get(bill::back))
        .route(&deed("refusal"), post(bill::decline).get(bill::back))
        .route(&deed("withdrawal"), post(bill::take_back).get(bill::back))
        .route(paths::COLLECT, get(collect::show).post(collect::make))
        .route(paths::COLLECT_AMOUNT, post(collect::fix).get(collect::back))
        .route(&paths::collection_code("{token}"), get(collect::scanned))
        .route(&paths::collection("{token}"), get(collect::pay).post(collect::amount))
        .route(paths::BILLS, get(bills::show))
        .route(&paths::bill("{bill}"), get(bill::show))
}

/// A form with nothing in it but its token.
#[derive(Deserialize)]
struct BareForm {
    #[serde(default)]
    csrf: String,
}

async fn back_home(Extension(visit): Extension<Arc<Visit>>) -> Response {
    crate::handlers::answer::see_other(&visit.frame("").href(paths::WALLET))
}

async fn back_to_transfer(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
) -> Result<Response, Trouble> {
    Visitor::open(&pages, &visit).await.map(|visitor| visitor.to(paths::TRANSFER))
}

/// A payer as another may see it.
fn who(payer: &Payer) -> Who {
    let name = match &payer.identity {
        Some(Identity::Verified { name_hint, .. }) => Some(name_hint.clone()),
        Some(Identity::Unverified) | None => None,
    };
    Who { phone: payer.phone_hint.clone(), name }
}

/// What is typed as yuan, in fen: up to nine digits, and up to two behind a point.
fn fen(typed: &str) -> Option<Fen> {
    let (whole, part) = typed.trim().split_once('.').unwrap_or((typed.trim(), "0"));
    let is_digits =
        |text: &str, max| (1..=max).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(whole, 9) || !is_digits(part, 2) {
        return None;
    }
    let minor = format!("{whole}{part:0<2}").parse().ok()?;
    Fen::new(minor).filter(|fen| !fen.is_zero())
}

/// An amount of yuan as it is shown.
fn yuan(minor: i64) -> crate::Amount {
    amount(minor, Currency::CNY)
}

/// What a step that failed means to the payer; only where nothing can have happened is it told that nothing was.
fn told_of(error: Error) -> Result<Told, Trouble> {
    let refusal = match error {
        // Nothing of the step was taken up.
        Error::Fault(Fault::Busy | Fault::Full) => return Ok(Told::Busy),
        Error::Fault(fault) => return Err(fault.into()),
        Error::Refused(refusal) => refusal,
    };
    Ok(match refusal {
        Refusal::WrongPassword { tries_left } => Told::WrongPassword(tries_left),
        Refusal::PasswordLocked { until } => Told::PasswordLocked(until),
        Refusal::BalanceInsufficient => Told::BalanceInsufficient,
        Refusal::LookUpsUsedUp => Told::LookUpsUsedUp,
        Refusal::CollectionLimit { left } => Told::CollectionLimit(left),
        Refusal::PayerFrozen => Told::Frozen,
        Refusal::IdentityRequired => Told::IdentityRequired,
        Refusal::LimitReached { left, .. } => Told::LimitReached(left),
        Refusal::Invalid { param: "recipient", .. } => Told::Yourself,
        Refusal::Invalid { param: "note", .. } => Told::BadNote,
        Refusal::Invalid { param: "amount", .. } => Told::AmountChanged,
        Refusal::NotFound(_) => return Err(Trouble::NotFound),
        other => return Err(Trouble::Refused(other)),
    })
}

#[cfg(test)]
mod tests {
    use super::{Fen, fen};

    #[test]
    fn yuan_are_read_as_people_type_them() {
        for (typed, minor) in [
            ("1", 100),
            ("0.01", 1),
            ("0.1", 10),
            (" 12.34 ", 1_234),
            ("007", 700),
            ("999999999.99", 99_999_999_999),
        ] {
            assert_eq!(fen(typed), Fen::new(minor), "{typed}");
        }
        for typed in [
            "",
            "0",
            "0.00",
            ".",
            "1.",
            ".5",
            "1.234",
            "-1",
            "+1",
            "1,000",
            "1e3",
            "１",
            "1000000000",
            "1.0.0",
            "¥1",
        ] {
            assert_eq!(fen(typed), None, "{typed}");
        }
    }
}
