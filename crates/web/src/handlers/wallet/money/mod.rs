//! Cards, top-up and withdrawal.
//!
//! Money moves after the payment password, which is given in the form that names card, amount and fee. Each form has a
//! number of its own, so pressing twice moves money once. What a payer typed of a card or of itself is not shown again.

mod cards;
mod moved;
mod top_up;
mod withdrawal;

use std::sync::Arc;

use axum::{
    Router,
    extract::Path,
    response::Response,
    routing::{get, post},
};
use tongbao_core::{Refusal, card::Card, id::CardId, payer::is_password};
use tongbao_engine::Error;
use tongbao_store::Fault;

use super::{
    posted::Posted,
    told,
    visitor::Visitor,
    yuan::{shown as yuan, typed_sum},
};
use crate::{
    handlers::{Pages, answer::Trouble},
    paths,
    wallet::{
        Around, Tab,
        money::{Choice, MoneyNotice, notice},
    },
};

pub(super) fn routes() -> Router<Arc<Pages>> {
    Router::new()
        .route(paths::CARDS, get(cards::show))
        .route(paths::BIND_CARD, get(cards::form).post(cards::bind))
        .route("/wallet/cards/{card}/{deed}", post(cards::arrange).get(cards::back))
        .route(paths::TOP_UP, get(top_up::form).post(top_up::begin))
        .route("/wallet/top-up/{top_up}", get(top_up::show))
        .route(paths::WITHDRAWAL, get(withdrawal::form).post(withdrawal::ask))
        .route(paths::WITHDRAWAL_CONFIRM, get(withdrawal::confirm).post(withdrawal::begin))
        .route(paths::WITHDRAWAL_PASSKEY, post(withdrawal::ask_passkey).get(withdrawal::form))
        .route("/wallet/withdrawal/{withdrawal}", get(withdrawal::show))
}

/// What goes wrong beside a refusal: the page says it.
type Told<T> = Result<T, MoneyNotice>;

/// Back to a page, which says it.
fn telling(visitor: &Visitor, path: &str, what: MoneyNotice) -> Response {
    let payer = visitor.payer.id.to_string();
    visitor.to(&told::address(&visitor.pages, visitor.now, (&payer, path), &what))
}

/// What stands around a page, with what it has to say.
fn around(visitor: &Visitor, path: &str) -> Around {
    let payer = visitor.payer.id.to_string();
    let what: Option<MoneyNotice> = told::read(&visitor.pages, &visitor.visit, visitor.now, (&payer, path));
    visitor.around(Tab::Home, path).saying(what.map(|what| notice(&what, visitor.frame().lang)))
}

/// The payer's cards that are not unbound, the default first.
pub(in crate::handlers) fn cards_of(
    pages: &Pages,
    payer: tongbao_core::id::PayerId,
) -> Result<Vec<Card>, Fault> {
    pages.engine.cards_of(payer)
}

/// The cards that money moves to and from.
fn choices(visitor: &Visitor) -> Result<Vec<Choice>, Fault> {
    let usable = cards_of(&visitor.pages, visitor.payer.id)?.into_iter().filter(Card::is_usable_for_balance);
    Ok(usable.map(|card| Choice { id: card.id.to_string(), label: card.label() }).collect())
}

/// What a card is called; one that is not this payer's has no name.
fn label(visitor: &Visitor, card: CardId) -> Result<String, Fault> {
    let card = visitor.pages.engine.store.get::<Card>(card)?;
    Ok(card.filter(|card| card.payer == visitor.payer.id).map(|card| card.label()).unwrap_or_default())
}

/// What the payer has, in fen.
fn available(visitor: &Visitor) -> Result<i64, Fault> {
    Ok(visitor.pages.engine.balance_of(visitor.payer.id)?.available)
}

/// Proves the payment password.
async fn prove(visitor: &Visitor, password: String) -> Result<Told<()>, Trouble> {
    if !is_password(&password) {
        return Ok(Err(MoneyNotice::MalformedPassword));
    }
    match visitor.pages.engine.prove_password(visitor.payer.id, password).await {
        Ok(()) => Ok(Ok(())),
        Err(error) => worded(error).map(Err),
    }
}

/// What an error means to the payer.
fn worded(error: Error) -> Result<MoneyNotice, Trouble> {
    match error {
        // Nothing of the step was taken up.
        Error::Fault(Fault::Busy | Fault::Full) => Ok(MoneyNotice::Busy),
        Error::Fault(fault) => Err(fault.into()),
        Error::Refused(refusal) => refused(refusal),
    }
}

/// What a refusal means to the payer. What no form of ours asks for is an error.
fn refused(refusal: Refusal) -> Result<MoneyNotice, Trouble> {
    Ok(match refusal {
        Refusal::WrongPassword { tries_left } => MoneyNotice::WrongPassword(tries_left),
        Refusal::PasskeyRefused => MoneyNotice::PasskeyRefused,
        Refusal::PasswordLocked { until } => MoneyNotice::PasswordLocked(until.ms()),
        Refusal::PayerFrozen => MoneyNotice::Frozen,
        Refusal::IdentityRequired => MoneyNotice::IdentityRequired,
        Refusal::LimitReached { .. } => MoneyNotice::LimitReached,
        Refusal::CardUnusable | Refusal::NotFound("card") => MoneyNotice::CardUnusable,
        Refusal::TooManyCards => MoneyNotice::TooManyCards,
        Refusal::TooManyCardChecks { until } => MoneyNotice::TooManyChecks(until.ms()),
        Refusal::FeeChanged => MoneyNotice::FeeChanged,
        Refusal::Blocked => MoneyNotice::Blocked,
        Refusal::PasskeyNeeded => MoneyNotice::PasskeyNeeded,
        Refusal::BalanceInsufficient => MoneyNotice::BalanceInsufficient,
        Refusal::Invalid { param: "amount", .. } => MoneyNotice::BadAmount,
        // A form that was filled in, sent, and filled in again in another window.
        Refusal::Invalid { param: "request", .. } => MoneyNotice::FormExpired,
        refusal => return Err(Trouble::Refused(refusal)),
    })
}

/// The id in the path; what is no id is nothing that is there.
fn path_id<T: std::str::FromStr>(Path(text): &Path<String>) -> Result<T, Trouble> {
    text.parse().map_err(|_| Trouble::NotFound)
}
