//! The bank of cards: the port, and how cards and movements of money are asked about.
//!
//! **Invariants.** No call to the bank is made inside a step, and none without its intent committed before: a check
//! of a card is counted, a movement of money is a record. The movement's id is the bank's idempotency key, so a
//! worker that died after asking asks again. No answer in time is "unknown", never a failure.

pub(crate) mod work;

use std::{future::ready, time::Duration};

use tongbao_channel::bank::{Checked, Movement};
pub use tongbao_channel::{bank::Holder, sandbox_bank::card as sandbox_card};
use tongbao_core::{
    Actor, Facts, Time,
    card::{
        self, Card, CardNumber,
        steps::{Arrange, NewCard},
    },
    id::{CardId, CardNumberId, PayerId},
    payer::{
        Payer,
        identity::{Identity, Person},
    },
    payment::steps::Said,
    refund::steps::Said as RefundSaid,
    withdrawal::steps::Said as PayoutSaid,
};
use tongbao_money::Money;
use tongbao_store::Fault;
use zeroize::Zeroizing;

use crate::{Call, Engine, Error, Input, vault::Field};

/// How long a bank may take to answer; a lease is six times as long.
pub const ANSWER_TIME: Duration = Duration::from_secs(10);

/// Speaks to banks about cards. The same question may be asked any number of times: the id in it is the bank's
/// idempotency key.
pub trait Bank: Send + Sync {
    /// Whether a card is this person's. Moves nothing.
    fn check<'a>(&'a self, holder: &'a Holder) -> Call<'a, Checked>;
    /// Takes money from a card, for a payment or a top-up.
    fn charge<'a>(&'a self, charge: &'a Movement) -> Call<'a, Said>;
    /// Asks what became of a charge.
    fn query_charge<'a>(&'a self, charge: &'a Movement) -> Call<'a, Said>;
    /// Pays money to a card.
    fn pay_out<'a>(&'a self, payout: &'a Movement) -> Call<'a, PayoutSaid>;
    /// Asks what became of a payout, also whether it came back.
    fn query_payout<'a>(&'a self, payout: &'a Movement) -> Call<'a, PayoutSaid>;
    /// Sends money back to the card it was taken from, or asks what became of that.
    fn reverse<'a>(&'a self, reversal: &'a Movement) -> Call<'a, RefundSaid>;
}

/// The bank of the sandbox, which needs no wire.
#[derive(Clone, Copy, Debug, Default)]
pub struct SandboxBank;

impl Bank for SandboxBank {
    fn check<'a>(&'a self, holder: &'a Holder) -> Call<'a, Checked> {
        Box::pin(ready(sandbox_card::check(holder)))
    }

    fn charge<'a>(&'a self, charge: &'a Movement) -> Call<'a, Said> {
        Box::pin(ready(sandbox_card::charge(charge)))
    }

    fn query_charge<'a>(&'a self, charge: &'a Movement) -> Call<'a, Said> {
        Box::pin(ready(sandbox_card::charge(charge)))
    }

    fn pay_out<'a>(&'a self, payout: &'a Movement) -> Call<'a, PayoutSaid> {
        Box::pin(ready(sandbox_card::pay_out(payout)))
    }

    fn query_payout<'a>(&'a self, payout: &'a Movement) -> Call<'a, PayoutSaid> {
        Box::pin(ready(sandbox_card::pay_out(payout)))
    }

    fn reverse<'a>(&'a self, reversal: &'a Movement) -> Call<'a, RefundSaid> {
        Box::pin(ready(sandbox_card::reverse(reversal)))
    }
}

/// A person's name and ID number.
pub type PersonText = (String, String);

/// What became of the wish to bind a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Binding {
    /// It is bound.
    Bound(Box<Card>),
    /// The bank says that the four factors do not belong together.
    Wrong,
    /// The card is a credit card, of which the bank wants the security code as well.
    SecurityCodeNeeded,
    /// The security code is not the card's.
    WrongSecurityCode,
    /// The bank gave no answer.
    Unknown,
}

impl Engine {
    /// Asks the bank whether a card is the payer's, and binds it if it is. `holder` has a number that
    /// [`card::number::parse`] took. The check is counted first; a bound card uncounts it.
    pub async fn bind_card(&self, payer: PayerId, holder: Holder) -> Result<Binding, Error> {
        let Some(bank) = &self.bank else { return Ok(Binding::Unknown) };
        let input = |name| Input { actor: Actor::Payer(payer), name };
        let count = move |facts: &dyn Facts, cx: &mut _| card::steps::count_check(facts, cx, payer);
        self.run(input("count_card_check"), count).await?;
        let checked = tokio::time::timeout(ANSWER_TIME, bank.check(&holder)).await;
        let (bank, kind) = match checked {
            Ok(Checked::Right { bank, kind }) => (bank, kind),
            Ok(Checked::Wrong) => return Ok(Binding::Wrong),
            Ok(Checked::SecurityCodeNeeded) => return Ok(Binding::SecurityCodeNeeded),
            Ok(Checked::WrongSecurityCode) => return Ok(Binding::WrongSecurityCode),
            Ok(Checked::Unknown) | Err(_) => return Ok(Binding::Unknown),
        };
        let number = holder.card_number;
        let new = NewCard {
            number_digest: self.vault.digest("card number", &number),
            number_sealed: self.vault.seal(Field::CardNumber, &number),
            last_four: card::number::last_four(&number),
            bank,
            kind,
        };
        let bind = move |facts: &dyn Facts, cx: &mut _| card::steps::bind(facts, cx, payer, &new);
        let card = self.step(input("bind_card"), bind).await?;
        Ok(Binding::Bound(Box::new(card)))
    }

    /// Arranges a payer's card.
    pub async fn arrange_card(&self, payer: PayerId, id: CardId, what: Arrange) -> Result<(), Error> {
        let name = match what {
            Arrange::First | Arrange::Earlier => "order_card",
            Arrange::Disable => "disable_card",
            Arrange::Enable => "enable_card",
            Arrange::Unbind => "unbind_card",
        };
        let input = Input { actor: Actor::Payer(payer), name };
        self.run(input, move |facts, cx| card::steps::arrange(facts, cx, (payer, id), what)).await
    }

    /// The verified name and ID number of a payer, where some were verified.
    pub fn identity_of(&self, payer: &Payer) -> Result<Option<PersonText>, Fault> {
        let Some(Identity::Verified { person, .. }) = &payer.identity else { return Ok(None) };
        let Some(person) = self.store.get::<Person>(*person)? else { return Ok(None) };
        let open = |field, sealed: &str| match self.vault.open(field, sealed) {
            Ok(text) => Ok(text),
            Err(unreadable) => Err(Fault::Unreadable(unreadable.to_string())),
        };
        let name = open(Field::Name, &person.name_sealed)?;
        Ok(Some((name, open(Field::IdNumber, &person.number_sealed)?)))
    }

    /// What the bank is told of money that moves between it and a card.
    pub(crate) fn movement(
        &self,
        id: String,
        card: CardId,
        money: Money,
        began_at: Time,
    ) -> Result<Movement, Fault> {
        let lost = |what: &str| Fault::Unreadable(format!("{what} of {card} is not there"));
        let token = self.store.get::<Card>(card)?.ok_or_else(|| lost("the record"))?.number;
        let card_number = self.card_number(token)?.ok_or_else(|| lost("the number"))?;
        Ok(Movement { id, card_number, money, began_at, asked_at: self.now(), holder: None })
    }

    fn card_number(&self, token: CardNumberId) -> Result<Option<Zeroizing<String>>, Fault> {
        let Some(number) = self.store.get::<CardNumber>(token)? else { return Ok(None) };
        let opened = self.vault.open(Field::CardNumber, &number.number_sealed);
        let opened = opened.map_err(|unreadable| Fault::Unreadable(unreadable.to_string()))?;
        Ok(Some(Zeroizing::new(opened)))
    }
}
