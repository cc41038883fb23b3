//! The steps of cards: a check with the bank is counted, a card is bound, arranged, switched off, unbound.

use tongbao_money::Amount;

use super::{Card, CardKind, CardNumber, CardStatus, Wallet};
use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop,
    bank::BankTold,
    id::{CardId, PayerId},
    limits::{CARD_CHECKS_MAX, CARD_CHECKS_WINDOW_MS, CARDS_PER_PAYER_MAX},
    message::{self, Text},
    payer,
};

/// A card that its bank knows as this payer's.
#[derive(Clone, PartialEq, Eq)]
pub struct NewCard {
    /// Keyed digest of its number.
    pub number_digest: [u8; 32],
    /// Its number, sealed.
    pub number_sealed: String,
    /// The last four digits.
    pub last_four: String,
    /// The bank's name.
    pub bank: String,
    /// What it draws on.
    pub kind: CardKind,
}

/// What a payer does with a bound card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arrange {
    /// Makes it the default.
    First,
    /// Moves it one place towards the default.
    Earlier,
    /// Switches it off.
    Disable,
    /// Switches it on.
    Enable,
    /// Has it here no more.
    Unbind,
}

/// The payer's wallet, if one was needed so far.
pub fn wallet(facts: &dyn Facts, payer: PayerId) -> Result<Option<&Wallet>, Stop> {
    Ok(facts.find::<Wallet>(&Key::Wallet(payer))?)
}

/// The payer's wallet as it will be after this step: the stored one with the next version, or a new one.
pub(crate) fn next_wallet(facts: &dyn Facts, cx: &mut Context, payer: PayerId) -> Result<Wallet, Stop> {
    // Drawn in any case, so that the ids of one decision do not depend on what was there.
    let id = cx.draw();
    Ok(wallet(facts, payer)?.map_or_else(
        || Wallet {
            id,
            version: 1,
            payer,
            cards: Vec::new(),
            checks: 0,
            checks_since: None,
            withdrawn_free: Amount::ZERO,
        },
        Wallet::next,
    ))
}

/// The payer's card with this id. To anybody else there is no such card.
pub fn owned(facts: &dyn Facts, payer: PayerId, id: CardId) -> Result<&Card, Stop> {
    let card = facts.get::<Card>(id)?.filter(|card| card.payer == payer);
    Ok(card.ok_or(Refusal::NotFound("card"))?)
}

/// The same, if it can be used to pay.
pub fn usable(facts: &dyn Facts, payer: PayerId, id: CardId) -> Result<&Card, Stop> {
    let card = owned(facts, payer, id)?;
    if card.is_usable() { Ok(card) } else { Err(Refusal::CardUnusable.into()) }
}

/// The same, if it can be used to move money to and from a balance.
pub fn usable_for_balance(facts: &dyn Facts, payer: PayerId, id: CardId) -> Result<&Card, Stop> {
    let card = usable(facts, payer, id)?;
    if card.is_usable_for_balance() { Ok(card) } else { Err(Refusal::CardUnusable.into()) }
}

/// Counts a check with the bank before it is made, so that nobody finds out the owner of a card by guessing.
pub fn count_check(facts: &dyn Facts, cx: &mut Context, payer: PayerId) -> Result<ChangeSet, Stop> {
    payer::able(facts, payer)?;
    let mut wallet = next_wallet(facts, cx, payer)?;
    if wallet.cards.len() >= CARDS_PER_PAYER_MAX {
        return Err(Refusal::TooManyCards.into());
    }
    let since = wallet.checks_since.filter(|since| cx.at().since_ms(*since) < CARD_CHECKS_WINDOW_MS);
    match since {
        Some(since) if wallet.checks >= CARD_CHECKS_MAX => {
            let until = since.plus_ms(CARD_CHECKS_WINDOW_MS);
            return Err(Refusal::TooManyCardChecks { until }.into());
        }
        Some(_) => wallet.checks = wallet.checks.saturating_add(1),
        None => (wallet.checks, wallet.checks_since) = (1, Some(cx.at())),
    }
    let mut change = ChangeSet::default();
    change.put(wallet);
    Ok(change)
}

/// Binds a card that the bank has confirmed, and uncounts the check. A card that is bound stays as it is.
pub fn bind(
    facts: &dyn Facts,
    cx: &mut Context,
    payer: PayerId,
    new: &NewCard,
) -> Result<(ChangeSet, Card), Stop> {
    let owner = payer::able(facts, payer)?;
    let mut change = ChangeSet::default();
    let mut wallet = next_wallet(facts, cx, payer)?;
    wallet.checks = wallet.checks.saturating_sub(1);
    let (number_id, card_id) = (cx.draw(), cx.draw());
    let number = facts.find::<CardNumber>(&Key::CardNumber(new.number_digest))?;
    let before = match number {
        Some(number) => facts.find::<Card>(&Key::CardOf(payer, number.id))?,
        None => None,
    };
    if let Some(bound) = before.filter(|card| card.status != CardStatus::Unbound) {
        change.put(wallet);
        return Ok((change, bound.clone()));
    }
    if wallet.cards.len() >= CARDS_PER_PAYER_MAX {
        return Err(Refusal::TooManyCards.into());
    }
    if number.is_none() {
        change.put(CardNumber {
            id: number_id,
            version: 1,
            number_digest: new.number_digest,
            number_sealed: new.number_sealed.clone(),
            created_at: cx.at(),
        });
    }
    let card = Card {
        id: before.map_or(card_id, |card| card.id),
        version: before.map_or(0, |card| card.version).saturating_add(1),
        payer,
        number: number.map_or(number_id, |number| number.id),
        bank: new.bank.clone(),
        kind: new.kind,
        last_four: new.last_four.clone(),
        status: CardStatus::Usable,
        bound_at: cx.at(),
    };
    wallet.cards.push(card.id);
    change.put(wallet);
    change.put(message::tell(cx, owner, Text::Bank(BankTold::CardBound { card: card.label() })));
    change.put(card.clone());
    Ok((change, card))
}

/// Arranges a bound card. What is so already stays so.
pub fn arrange(
    facts: &dyn Facts,
    cx: &mut Context,
    (payer, id): (PayerId, CardId),
    what: Arrange,
) -> Result<ChangeSet, Stop> {
    let card = owned(facts, payer, id)?;
    let mut change = ChangeSet::default();
    if card.status == CardStatus::Unbound {
        return if what == Arrange::Unbind { Ok(change) } else { Err(Refusal::NotFound("card").into()) };
    }
    let mut wallet = next_wallet(facts, cx, payer)?;
    let place = wallet.cards.iter().position(|known| *known == id).unwrap_or_default();
    let status = match what {
        Arrange::First | Arrange::Earlier => {
            if place > 0 {
                let to = if what == Arrange::First { 0 } else { place.saturating_sub(1) };
                wallet.cards.get_mut(to..=place).unwrap_or_default().rotate_right(1);
                change.put(wallet);
            }
            return Ok(change);
        }
        Arrange::Disable => CardStatus::Disabled,
        Arrange::Enable => CardStatus::Usable,
        Arrange::Unbind => {
            wallet.cards.retain(|known| *known != id);
            change.put(wallet);
            CardStatus::Unbound
        }
    };
    if card.status != status {
        change.put(Card { version: card.version.saturating_add(1), status, ..card.clone() });
    }
    Ok(change)
}
