//! Bank cards of payers.
//!
//! A card's number stands in a record of its own, sealed by the shell ([`CardNumber`]); everything else names the
//! card by ids and shows its last four digits. A payer's cards, and what is counted over all of them, are in the
//! payer's [`Wallet`].
//!
//! **Invariants.** A number has one record, and a payer one card of that number: who unbinds a card and binds it again
//! has the card from before. The wallet lists the cards that are not unbound, each once, the default first.
//!
//! **Absent on purpose:** the three digits on a card's back (PCI DSS 4.0, requirement 3.3: not kept after
//! authorization), and a card's number outside [`CardNumber`]. A number stays sealed after its card was unbound,
//! because a refund or a withdrawal may still be on its way to it.

pub mod number;
pub mod steps;

use serde::{Deserialize, Serialize};
use tongbao_money::Amount;

use crate::{
    Key, List, Time,
    id::{CardId, CardNumberId, PayerId, WalletId},
};

/// What a card draws on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardKind {
    /// The owner's own money.
    Debit,
    /// Credit of the bank. It pays for purchases; it neither tops up nor takes withdrawals.
    Credit,
}

/// Whether a card can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardStatus {
    /// It can.
    Usable,
    /// The payer has switched it off.
    Disabled,
    /// The payer has it here no more.
    Unbound,
}

/// A payer's card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Its id.
    pub id: CardId,
    /// How often it changed.
    pub version: u32,
    /// Whose it is.
    pub payer: PayerId,
    /// The token of its number.
    pub number: CardNumberId,
    /// The bank's name, as the bank gave it.
    pub bank: String,
    /// What it draws on.
    pub kind: CardKind,
    /// The last four digits of its number.
    pub last_four: String,
    /// Whether it can be used.
    pub status: CardStatus,
    /// When it was bound last.
    pub bound_at: Time,
}

impl Card {
    /// The bank and the last digits: `招商银行 ··6789`.
    pub fn label(&self) -> String {
        format!("{} ··{}", self.bank, self.last_four)
    }

    /// Whether it pays for purchases.
    pub fn is_usable(&self) -> bool {
        self.status == CardStatus::Usable
    }

    /// Whether money goes to it and from it to a balance.
    pub fn is_usable_for_balance(&self) -> bool {
        self.is_usable() && self.kind == CardKind::Debit
    }

    pub(crate) fn keys(&self) -> Vec<Key> {
        vec![Key::CardOf(self.payer, self.number)]
    }

    pub(crate) fn lists(&self) -> Vec<List> {
        vec![List::CardsOf(self.payer)]
    }
}

/// A card's number. The token of a card is the id of this record.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardNumber {
    /// Its id.
    pub id: CardNumberId,
    /// How often it changed: once, and once for each time it was sealed anew.
    pub version: u32,
    /// Keyed digest of the number, to find the same card by.
    pub number_digest: [u8; 32],
    /// The number, sealed by the shell.
    pub number_sealed: String,
    /// When it was first seen.
    pub created_at: Time,
}

impl std::fmt::Debug for CardNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CardNumber({}, version {})", self.id, self.version)
    }
}

/// What is kept of a payer's cards as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wallet {
    /// Its id.
    pub id: WalletId,
    /// How often it changed.
    pub version: u32,
    /// Whose it is.
    pub payer: PayerId,
    /// The cards that are not unbound, the default first.
    pub cards: Vec<CardId>,
    /// Checks with a bank since `checks_since` that did not end in a bound card.
    pub checks: u8,
    /// When the first of those checks was asked for.
    pub checks_since: Option<Time>,
    /// How much was withdrawn free of charge, in fen.
    pub withdrawn_free: Amount,
}

impl Wallet {
    pub(crate) fn next(&self) -> Wallet {
        Wallet { version: self.version.saturating_add(1), ..self.clone() }
    }
}
