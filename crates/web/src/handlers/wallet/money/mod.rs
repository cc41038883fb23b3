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
use tongbao_core::{
    Key, Refusal,
    card::{Card, Wallet},
    id::CardId,
    ledger::Account,
    payer::is_password,
};
use tongbao_engine::Error;
use tongbao_money::{Amount, Currency};
use tongbao_store::Fault;

use super::{told, visitor::Visitor};
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
        .route("/wallet/withdrawal/{withdrawal}", get(withdrawal::show))
}

/// What goes wrong beside a refusal: the page says it.
type Told<T> = Result<T, MoneyNotice>;

/// Back to a page, which says it.
fn telling(visitor: &Visitor<'_>, path: &str, what: MoneyNotice) -> Response {
    let payer = visitor.payer.id.to_string();
    visitor.to(&told::address(visitor.pages, visitor.now, (&payer, path), &what))
}

/// What stands around a page, with what it has to say.
fn around(visitor: &Visitor<'_>, path: &str) -> Around {
    let payer = visitor.payer.id.to_string();
    let what: Option<MoneyNotice> = told::read(visitor.pages, visitor.visit, visitor.now, (&payer, path));
    let said = what.map(|what| notice(&what, visitor.frame().lang));
    Around { notice: said, ..visitor.around(Tab::Home, path) }
}

/// The payer's cards that are not unbound, the default first.
pub(in crate::handlers) fn cards_of(
    pages: &Pages,
    payer: tongbao_core::id::PayerId,
) -> Result<Vec<Card>, Fault> {
    let store = &pages.engine.store;
    let Some(wallet) = store.find::<Wallet>(Key::Wallet(payer))? else { return Ok(Vec::new()) };
    wallet.cards.into_iter().filter_map(|id| store.get::<Card>(id).transpose()).collect()
}

/// The cards that money moves to and from.
fn choices(visitor: &Visitor<'_>) -> Result<Vec<Choice>, Fault> {
    let usable = cards_of(visitor.pages, visitor.payer.id)?.into_iter().filter(Card::is_usable_for_balance);
    Ok(usable.map(|card| Choice { id: card.id.to_string(), label: card.label() }).collect())
}

/// What a card is called; one that is not this payer's has no name.
fn label(visitor: &Visitor<'_>, card: CardId) -> Result<String, Fault> {
    let card = visitor.pages.engine.store.get::<Card>(card)?;
    Ok(card.filter(|card| card.payer == visitor.payer.id).map(|card| card.label()).unwrap_or_default())
}

/// What the payer has, in fen.
fn available(visitor: &Visitor<'_>) -> Result<i64, Fault> {
    let account = Account::PayerAvailable(visitor.payer.id).of(Currency::CNY);
    Ok(visitor.pages.engine.store.account(account)?.balance())
}

/// Fen as a page shows them.
fn yuan(minor: i64) -> crate::amount::Amount {
    crate::handlers::record_view::amount(minor, Currency::CNY)
}

/// An amount as people type it, `12`, `12.3` or `12.34`, in fen.
fn typed_amount(text: &str) -> Option<Amount> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "00"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) || whole.len() > 9 || fraction.len() > 2 {
        return None;
    }
    let fen: i64 = format!("{whole}{fraction:0<2}").parse().ok()?;
    Amount::new(fen).filter(|amount| !amount.is_zero())
}

/// Proves the payment password.
async fn prove(visitor: &Visitor<'_>, password: String) -> Result<Told<()>, Trouble> {
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
        Refusal::PasswordLocked { until } => MoneyNotice::PasswordLocked(until.ms()),
        Refusal::PayerFrozen => MoneyNotice::Frozen,
        Refusal::IdentityRequired => MoneyNotice::IdentityRequired,
        Refusal::LimitReached { .. } => MoneyNotice::LimitReached,
        Refusal::CardUnusable | Refusal::NotFound("card") => MoneyNotice::CardUnusable,
        Refusal::TooManyCards => MoneyNotice::TooManyCards,
        Refusal::TooManyCardChecks { until } => MoneyNotice::TooManyChecks(until.ms()),
        Refusal::FeeChanged => MoneyNotice::FeeChanged,
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

#[cfg(test)]
mod tests {
    use super::typed_amount;

    #[test]
    fn amounts_are_read_to_the_fen() {
        let table = [
            ("1", Some(100)),
            ("0.01", Some(1)),
            (" 12.3 ", Some(1_230)),
            ("12.34", Some(1_234)),
            ("00012", Some(1_200)),
            ("999999999.99", Some(99_999_999_999)),
        ];
        for (typed, fen) in table {
            assert_eq!(typed_amount(typed).map(tongbao_money::Amount::minor), fen, "{typed}");
        }
    }

    #[test]
    fn what_is_no_amount_is_none() {
        for typed in [
            "",
            "0",
            "0.00",
            "-1",
            "+1",
            "1.",
            ".5",
            "1.234",
            "1,000",
            "1e3",
            "１",
            "1 0",
            "1000000000",
            "NaN",
        ] {
            assert_eq!(typed_amount(typed), None, "{typed}");
        }
    }
}
