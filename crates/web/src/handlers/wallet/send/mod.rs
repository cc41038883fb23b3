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
    response::Response,
    routing::{get, post},
};
use tongbao_core::{Refusal, payer::Payer};
use tongbao_engine::{Error, purse};
use tongbao_store::Fault;

use self::draft::Told;
use super::{
    posted::Posted,
    visitor::Visitor,
    yuan::{plain, shown as yuan, typed_sum},
};
use crate::{
    handlers::{Pages, answer::Trouble, visit::Visit},
    paths,
    wallet::send::Who,
};

pub(super) fn routes() -> Router<Arc<Pages>> {
    // Who comes to the address of a form with a GET, by reloading or by hand, is shown its page again.
    Router::new()
        .route(paths::WALLET, get(home::show))
        .route(paths::BALANCE, post(home::hide).get(back_home))
        .route(paths::PAYMENT_CODE, get(code::show).post(code::ask))
        .route(paths::TRANSFER, get(transfer::show))
        .route(paths::TRANSFER_PAYEE, post(transfer::payee).get(back_to_transfer))
        .route(paths::TRANSFER_AMOUNT, post(transfer::amount).get(back_to_transfer))
        .route(paths::TRANSFER_SEND, post(transfer::send).get(back_to_transfer))
        .route(paths::TRANSFER_PASSKEY, post(transfer::ask_passkey).get(back_to_transfer))
        .route(&paths::transfer_deed("{transfer}", "{deed}"), post(bill::act).get(bill::back))
        .route(paths::COLLECT, get(collect::show).post(collect::make))
        .route(paths::COLLECT_AMOUNT, post(collect::fix).get(collect::back))
        .route(&paths::collection_code("{token}"), get(collect::scanned))
        .route(&paths::collection("{token}"), get(collect::pay).post(collect::amount))
        .route(paths::BILLS, get(bills::show))
        .route(&paths::bill("{bill}"), get(bill::show))
}

async fn back_home(Extension(visit): Extension<Arc<Visit>>) -> Response {
    crate::handlers::answer::see_other(&visit.frame("").href(paths::WALLET))
}

async fn back_to_transfer(visitor: Visitor) -> Result<Response, Trouble> {
    Ok(visitor.to(paths::TRANSFER))
}

/// A payer as another may see it.
fn who(payer: &Payer) -> Who {
    shown_who(purse::Who::of(payer))
}

/// The same for the page.
fn shown_who(who: purse::Who) -> Who {
    Who { phone: who.phone, name: who.name }
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
        Refusal::PasskeyRefused => Told::PasskeyRefused,
        Refusal::PasswordLocked { until } => Told::PasswordLocked(until),
        Refusal::Blocked => Told::Blocked,
        Refusal::PasskeyNeeded => Told::PasskeyNeeded,
        Refusal::BalanceInsufficient => Told::BalanceInsufficient,
        Refusal::LookUpsUsedUp => Told::LookUpsUsedUp,
        Refusal::CollectionLimit { left } => Told::CollectionLimit(left),
        Refusal::PayerFrozen => Told::Frozen,
        Refusal::IdentityRequired => Told::IdentityRequired,
        // As many payments were made today as may be: nothing is left.
        Refusal::PaymentsUsedUp => Told::LimitReached(0),
        Refusal::LimitReached { left, .. } => Told::LimitReached(left),
        Refusal::Invalid { param: "recipient", .. } => Told::Yourself,
        Refusal::Invalid { param: "note", .. } => Told::BadNote,
        Refusal::Invalid { param: "amount", .. } => Told::AmountChanged,
        Refusal::NotFound(_) => return Err(Trouble::NotFound),
        other => return Err(Trouble::Refused(other)),
    })
}
