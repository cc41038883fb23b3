//! `/payer/v1/cards`: the payer's bank cards. A number goes to its bank and into the vault, and is never answered.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tongbao_core::{
    Refusal,
    card::{Card, CardKind, CardStatus, number, steps::Arrange},
    id::CardId,
    payer::id_number::IdNumber,
};
use tongbao_engine::{
    bank::{Binding, Holder},
    identity::plain_name,
    phone::phone_number,
};
use utoipa::ToSchema;

use super::{
    bearer::Bearer,
    once::{NoKey, created},
};
use crate::{
    errors::{PayerErrors, PayerErrorsWithoutBody},
    json::StrictJson,
    problem::{Kind, Problem},
    refusal::{failed, fault, refused},
    state::Api,
    wire::{parse_id, rfc3339},
};

/// The bank says that number, name, ID number and phone number do not belong together.
pub const CARD_NOT_CONFIRMED: Kind =
    Kind::new(StatusCode::CONFLICT, "card_not_confirmed", "The bank did not confirm the card");
/// The bank wants the security code of a credit card, or another one.
pub const WRONG_SECURITY_CODE: Kind = Kind::new(
    StatusCode::CONFLICT,
    "wrong_security_code",
    "The security code of the card is missing or wrong",
);
/// The bank gave no answer.
pub const BANK_UNANSWERED: Kind =
    Kind::new(StatusCode::SERVICE_UNAVAILABLE, "bank_unanswered", "The bank gave no answer");

/// Seconds after which a bank that gave no answer may be asked again.
const BANK_AGAIN_S: u32 = 60;

/// A card.
#[derive(Serialize, ToSchema)]
#[schema(as = Card)]
pub struct CardBody {
    /// Its id: `crd_…`.
    pub id: String,
    /// The bank's name, as the bank gave it.
    pub bank: String,
    /// `debit` or `credit`. A credit card pays for purchases only.
    pub kind: &'static str,
    /// The last four digits of its number.
    pub last_four: String,
    /// `usable`, `disabled`, or `unbound`.
    pub status: &'static str,
    /// When it was bound last.
    #[schema(format = DateTime)]
    pub bound_at: String,
}

impl CardBody {
    fn of(card: &Card) -> CardBody {
        CardBody {
            id: card.id.to_string(),
            bank: card.bank.clone(),
            kind: match card.kind {
                CardKind::Debit => "debit",
                CardKind::Credit => "credit",
            },
            last_four: card.last_four.clone(),
            status: match card.status {
                CardStatus::Usable => "usable",
                CardStatus::Disabled => "disabled",
                CardStatus::Unbound => "unbound",
            },
            bound_at: rfc3339(card.bound_at),
        }
    }
}

/// The payer's cards.
#[derive(Serialize, ToSchema)]
pub struct Cards {
    /// The rows, the default first.
    pub data: Vec<CardBody>,
}

fn cards(api: &Api, bearer: &Bearer) -> Result<Cards, Problem> {
    let cards = api.engine.cards_of(bearer.id()).map_err(|error| fault(&error))?;
    Ok(Cards { data: cards.iter().map(CardBody::of).collect() })
}

/// List cards, the default first
#[utoipa::path(get, path = "/payer/v1/cards", tag = "cards", operation_id = "list_cards",
    responses((status = 200, description = "The cards that are bound", body = Cards), PayerErrorsWithoutBody))]
pub async fn list_cards(State(api): State<Arc<Api>>, bearer: Bearer) -> Result<Response, Problem> {
    Ok(axum::Json(cards(&api, &bearer)?).into_response())
}

/// A card to bind: the four things that its bank compares.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCard {
    /// The number on it.
    #[schema(max_length = 32)]
    pub number: String,
    /// The phone number that the bank knows.
    #[schema(max_length = 32)]
    pub phone: String,
    /// The owner's name. A payer who is verified leaves it out: the verified one is used.
    #[serde(default)]
    #[schema(max_length = 64)]
    pub name: Option<String>,
    /// The owner's ID number; as with the name.
    #[serde(default)]
    #[schema(max_length = 32)]
    pub id_number: Option<String>,
    /// The three digits on the back of a credit card, of which its bank wants to know them. They are kept nowhere.
    #[serde(default)]
    #[schema(max_length = 3)]
    pub security_code: Option<String>,
}

fn invalid(param: &'static str, must: &'static str) -> Problem {
    refused(&Refusal::Invalid { param, must })
}

fn holder(api: &Api, bearer: &Bearer, asked: &CreateCard) -> Result<Holder, Problem> {
    let card_number =
        number::parse(&asked.number).ok_or_else(|| invalid("number", "the number of a bank card"))?;
    let known = api.engine.identity_of(bearer.payer()).map_err(|error| fault(&error))?;
    let (name, id_number) = if let Some(known) = known {
        known
    } else {
        let name = plain_name(asked.name.as_deref().unwrap_or_default());
        let id_number = IdNumber::parse(asked.id_number.as_deref().unwrap_or_default());
        let must = "an ID number of 18 characters whose check character fits";
        (
            name.ok_or_else(|| invalid("name", "2 to 50 letters"))?,
            id_number.ok_or_else(|| invalid("id_number", must))?.text().to_owned(),
        )
    };
    let phone = phone_number(&asked.phone).ok_or_else(|| invalid("phone", "a phone number"))?;
    let holder = Holder::new(card_number, name, id_number, phone);
    match asked.security_code.as_deref() {
        None => Ok(holder),
        Some(code) if number::is_security_code(code) => Ok(holder.with_security_code(code.to_owned())),
        Some(_) => Err(invalid("security_code", "three digits")),
    }
}

/// Bind a card
///
/// Its bank is asked whether number, name, ID number and phone number belong together. That is counted: five checks
/// that come to nothing, in a day, are the most. A card that is bound already is answered as it is.
#[utoipa::path(post, path = "/payer/v1/cards", tag = "cards", operation_id = "create_card",
    request_body = CreateCard,
    responses((status = 201, description = "The card", body = CardBody), PayerErrors),
    extensions(("x-error-codes" = json!(["card_not_confirmed", "wrong_security_code", "bank_unanswered",
        "too_many_cards", "too_many_card_checks"]))))]
pub async fn create_card(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    _: NoKey,
    StrictJson { value, .. }: StrictJson<CreateCard>,
) -> Result<Response, Problem> {
    let holder = holder(&api, &bearer, &value)?;
    match api.engine.bind_card(bearer.id(), holder).await.map_err(|error| failed(&error))? {
        Binding::Bound(card) => Ok(created(CardBody::of(&card))),
        Binding::Wrong => Err(Problem::of(CARD_NOT_CONFIRMED)
            .detail("Number, name, ID number and phone number do not belong together. Correct them.")),
        Binding::SecurityCodeNeeded => Err(Problem::of(WRONG_SECURITY_CODE)
            .param("security_code")
            .detail("It is a credit card: send the three digits on its back, too.")),
        Binding::WrongSecurityCode => Err(Problem::of(WRONG_SECURITY_CODE)
            .param("security_code")
            .detail("The three digits are not those on the back of this card. Correct them.")),
        Binding::Unknown => Err(Problem::of(BANK_UNANSWERED)
            .detail("Whether the card is yours is not known. Try again later; the try was counted.")
            .retry_after_s(BANK_AGAIN_S)),
    }
}

/// What is to be done with a card.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CardDeed {
    /// Make it the default.
    First,
    /// Move it one place towards the default.
    Earlier,
    /// Switch it off.
    Disable,
    /// Switch it on.
    Enable,
}

/// What is to be done.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCardArrangement {
    /// Which.
    pub deed: CardDeed,
}

/// Arrange a card
///
/// What is so already stays so.
#[utoipa::path(post, path = "/payer/v1/cards/{id}/arrangements", tag = "cards",
    operation_id = "create_card_arrangement",
    params(("id" = String, Path, description = "The card's id")),
    request_body = CreateCardArrangement,
    responses((status = 201, description = "The cards as they are now", body = Cards), PayerErrors))]
pub async fn create_card_arrangement(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    _: NoKey,
    Path(id): Path<String>,
    StrictJson { value, .. }: StrictJson<CreateCardArrangement>,
) -> Result<Response, Problem> {
    let id: CardId = parse_id(&id)?;
    let what = match value.deed {
        CardDeed::First => Arrange::First,
        CardDeed::Earlier => Arrange::Earlier,
        CardDeed::Disable => Arrange::Disable,
        CardDeed::Enable => Arrange::Enable,
    };
    api.engine.arrange_card(bearer.id(), id, what).await.map_err(|error| failed(&error))?;
    Ok(created(cards(&api, &bearer)?))
}

/// Unbind a card
///
/// What is on its way to it arrives. Unbinding twice is answered like unbinding once.
#[utoipa::path(delete, path = "/payer/v1/cards/{id}", tag = "cards", operation_id = "delete_card",
    params(("id" = String, Path, description = "The card's id")),
    responses((status = 200, description = "The unbound card", body = CardBody), PayerErrorsWithoutBody))]
pub async fn delete_card(
    State(api): State<Arc<Api>>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id: CardId = parse_id(&id)?;
    let unbound = api.engine.arrange_card(bearer.id(), id, Arrange::Unbind).await;
    unbound.map_err(|error| failed(&error))?;
    let card = api.engine.store.get::<Card>(id).map_err(|error| fault(&error))?;
    Ok(axum::Json(CardBody::of(&card.ok_or_else(Problem::not_found)?)).into_response())
}
