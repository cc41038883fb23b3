//! `/wallet/cards`: the list, binding, and what is done with a card.

use axum::{extract::Path, response::Response};
use serde::Deserialize;
use tongbao_core::{
    card::{CardKind, CardStatus, number, steps::Arrange},
    id::CardId,
    limits::CARDS_PER_PAYER_MAX,
    payer::{id_number::IdNumber, identity::Identity},
};
use tongbao_engine::{
    Error,
    bank::{Binding, Holder, sandbox_card},
    identity::plain_name,
};

use super::{MoneyNotice, Posted, Told, around, cards_of, refused, telling, worded};
use crate::{
    handlers::{answer::Trouble, sign_in::phone_number, wallet::visitor::Visitor},
    paths,
    wallet::money::{BindView, CardView, CardsView, TestCardView, render_bind, render_cards},
};

pub(super) async fn show(visitor: Visitor) -> Result<Response, Trouble> {
    let cards = cards_of(&visitor.pages, visitor.payer.id)?;
    let is_full = cards.len() >= CARDS_PER_PAYER_MAX;
    let cards = cards.into_iter().map(|card| CardView {
        id: card.id.to_string(),
        label: card.label(),
        is_credit: card.kind == CardKind::Credit,
        is_off: card.status == CardStatus::Disabled,
    });
    let view = CardsView { cards: cards.collect(), is_full };
    let around = around(&visitor, paths::CARDS);
    Ok(visitor.page(|frame| render_cards(&view, &around, frame)))
}

pub(super) async fn form(visitor: Visitor) -> Result<Response, Trouble> {
    let holder = match &visitor.payer.identity {
        Some(Identity::Verified { name_hint, number_hint, .. }) => {
            Some((name_hint.clone(), number_hint.clone()))
        }
        Some(Identity::Unverified) | None => None,
    };
    let test_cards = if visitor.pages.engine.is_sandbox() { sandbox_card::CARDS.as_slice() } else { &[] };
    let test_cards =
        test_cards.iter().map(|card| TestCardView { number: card.number, behaviour: card.behaviour });
    let view = BindView { holder, test_cards: test_cards.collect() };
    let around = around(&visitor, paths::BIND_CARD);
    Ok(visitor.page(|frame| render_bind(&view, &around, frame)))
}

#[derive(Deserialize)]
pub(super) struct BindForm {
    #[serde(default)]
    number: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    id_number: String,
    #[serde(default)]
    phone: String,
    #[serde(default)]
    security_code: String,
}

pub(super) async fn bind(Posted(visitor, form): Posted<BindForm>) -> Result<Response, Trouble> {
    let told = match holder(&visitor, &form)? {
        Err(told) => told,
        Ok(holder) => match visitor.pages.engine.bind_card(visitor.payer.id, holder).await {
            Ok(Binding::Bound(_)) => return Ok(telling(&visitor, paths::CARDS, MoneyNotice::CardBound)),
            Ok(Binding::Wrong) => MoneyNotice::CardWrong,
            Ok(Binding::SecurityCodeNeeded) => MoneyNotice::SecurityCodeNeeded,
            Ok(Binding::WrongSecurityCode) => MoneyNotice::WrongSecurityCode,
            Ok(Binding::Unknown) => MoneyNotice::CardUnknown,
            Err(error) => worded(error)?,
        },
    };
    Ok(telling(&visitor, paths::BIND_CARD, told))
}

/// The four factors: name and ID number are those that were verified, where some were.
fn holder(visitor: &Visitor, form: &BindForm) -> Result<Told<Holder>, Trouble> {
    let Some(card_number) = number::parse(&form.number) else { return Ok(Err(MoneyNotice::BadCardNumber)) };
    let known = visitor.pages.engine.identity_of(&visitor.payer)?;
    let (name, id_number) = if let Some(known) = known {
        known
    } else {
        let Some(name) = plain_name(&form.name) else { return Ok(Err(MoneyNotice::BadName)) };
        let Some(id_number) = IdNumber::parse(&form.id_number) else {
            return Ok(Err(MoneyNotice::BadIdNumber));
        };
        (name, id_number.text().to_owned())
    };
    let Some(phone) = phone_number(&form.phone) else { return Ok(Err(MoneyNotice::BadPhone)) };
    let holder = Holder::new(card_number, name, id_number, phone);
    let code = form.security_code.trim();
    Ok(match code {
        "" => Ok(holder),
        code if number::is_security_code(code) => Ok(holder.with_security_code(code.to_owned())),
        _ => Err(MoneyNotice::WrongSecurityCode),
    })
}

pub(super) async fn arrange(
    Path((card, deed)): Path<(String, String)>,
    Posted(visitor, _): Posted,
) -> Result<Response, Trouble> {
    let card: CardId = card.parse().map_err(|_| Trouble::NotFound)?;
    let what = match deed.as_str() {
        "default" => Arrange::First,
        "earlier" => Arrange::Earlier,
        "disable" => Arrange::Disable,
        "enable" => Arrange::Enable,
        "unbind" => Arrange::Unbind,
        _ => return Err(Trouble::NotFound),
    };
    match visitor.pages.engine.arrange_card(visitor.payer.id, card, what).await {
        Ok(()) if what == Arrange::Unbind => Ok(telling(&visitor, paths::CARDS, MoneyNotice::CardUnbound)),
        Ok(()) => Ok(visitor.to(paths::CARDS)),
        Err(Error::Refused(refusal)) => Ok(telling(&visitor, paths::CARDS, refused(refusal)?)),
        Err(error) => Ok(telling(&visitor, paths::CARDS, worded(error)?)),
    }
}

/// Who comes to the address of a form with a GET is shown the list.
pub(super) async fn back(visitor: Visitor) -> Result<Response, Trouble> {
    Ok(visitor.to(paths::CARDS))
}
