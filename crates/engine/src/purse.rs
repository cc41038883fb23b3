//! What a payer has here: money, cards, and what is left of the free sum of withdrawals.

use tongbao_core::{
    Key,
    card::{Card, Wallet},
    id::PayerId,
    ledger::Account,
    limits::ATTEMPTS_PER_PAYMENT_MAX,
    payer::{Payer, identity::Identity},
    payment::{Method, Payment, Status},
    withdrawal::fee::{Quote, RULE},
};
use tongbao_money::{Amount, Currency};
use tongbao_store::Fault;

use crate::Engine;

/// A payer's yuan, in fen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// What can be spent.
    pub available: i64,
    /// What is set aside for payments whose result is not known.
    pub held: i64,
}

/// A payer as another may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// The phone number, masked.
    pub phone: String,
    /// The name, all but its last character hidden; none if nobody has verified it.
    pub name: Option<String>,
}

impl Who {
    /// What another may see of this payer.
    pub fn of(payer: &Payer) -> Who {
        let name = match &payer.identity {
            Some(Identity::Verified { name_hint, .. }) => Some(name_hint.clone()),
            Some(Identity::Unverified) | None => None,
        };
        Who { phone: payer.phone_hint.clone(), name }
    }
}

/// A way to pay a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// How.
    pub method: Method,
    /// The card, if it is one.
    pub card: Option<Card>,
    /// Whether it can be used for that payment now, as far as can be known before it is tried.
    pub is_usable: bool,
}

impl Engine {
    /// The ways in which this payer can pay a payment that is open; none for another.
    pub fn ways_to_pay(&self, payment: &Payment, payer: PayerId) -> Result<Vec<Way>, Fault> {
        if payment.status != Status::Open || self.now() >= payment.payable_until() {
            return Ok(Vec::new());
        }
        // A combined order is paid as a whole.
        let open = payment.attempts_counted() < ATTEMPTS_PER_PAYMENT_MAX && payment.combined().is_none();
        let account = Account::PayerAvailable(payer).of(payment.money.currency);
        let covered = self.store.account(account)?.balance() >= payment.money.amount.minor();
        let mut ways = vec![Way { method: Method::Balance, card: None, is_usable: open && covered }];
        if self.is_sandbox() {
            ways.push(Way { method: Method::SandboxBank, card: None, is_usable: open });
        }
        let is_yuan = payment.money.currency == Currency::CNY;
        for card in self.cards_of(payer)?.into_iter().filter(Card::is_usable) {
            let method = Method::Card(card.id);
            ways.push(Way { method, card: Some(card), is_usable: open && is_yuan });
        }
        Ok(ways)
    }

    /// What a payer has in yuan.
    pub fn balance_of(&self, payer: PayerId) -> Result<Balance, Fault> {
        let balance = |account: Account| Ok(self.store.account(account.of(Currency::CNY))?.balance());
        Ok::<_, Fault>(Balance {
            available: balance(Account::PayerAvailable(payer))?,
            held: balance(Account::PayerHeld(payer))?,
        })
    }

    /// The payer's cards that are not unbound, the default first.
    pub fn cards_of(&self, payer: PayerId) -> Result<Vec<Card>, Fault> {
        let Some(wallet) = self.store.find::<Wallet>(Key::Wallet(payer))? else { return Ok(Vec::new()) };
        wallet.cards.into_iter().filter_map(|id| self.store.get::<Card>(id).transpose()).collect()
    }

    /// What it costs a payer now to withdraw this much.
    pub fn withdrawal_quote(&self, payer: PayerId, amount: Amount) -> Result<Quote, Fault> {
        Ok(RULE.quote(self.withdrawn_free(payer)?, amount))
    }

    /// What a payer may still withdraw free of charge.
    pub fn withdrawal_free_left(&self, payer: PayerId) -> Result<Amount, Fault> {
        Ok(RULE.free_sum.minus(self.withdrawn_free(payer)?).unwrap_or_default())
    }

    fn withdrawn_free(&self, payer: PayerId) -> Result<Amount, Fault> {
        let wallet = self.store.find::<Wallet>(Key::Wallet(payer))?;
        Ok(wallet.map_or(Amount::ZERO, |wallet| wallet.withdrawn_free))
    }
}
