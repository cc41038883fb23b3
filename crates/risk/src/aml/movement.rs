//! What detectors look at: money that moved, between whom, and what is known of who moved it.

use serde::{Deserialize, Serialize};
use tongbao_money::{Amount, Money};

use crate::features::EntityId;

/// Who has money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// A payer's account.
    Payer(EntityId),
    /// A merchant's account.
    Merchant(EntityId),
    /// Whoever is behind a bank or a biller: nobody who could be told apart.
    Outside,
}

impl Party {
    /// Whether it is a payer's account.
    #[must_use]
    pub const fn is_payer(self) -> bool {
        matches!(self, Party::Payer(_))
    }

    /// Whether it is an account here.
    #[must_use]
    pub const fn is_account(self) -> bool {
        !matches!(self, Party::Outside)
    }

    /// Its bytes, for digests: one for the kind, sixteen for the id.
    #[must_use]
    pub fn bytes(self) -> [u8; 17] {
        let (kind, id) = match self {
            Party::Payer(id) => (1, id.0),
            Party::Merchant(id) => (2, id.0),
            Party::Outside => (0, 0),
        };
        let mut bytes = [kind; 17];
        bytes[1..].copy_from_slice(&id.to_be_bytes());
        bytes
    }
}

/// Why money moved. At one instant, movements are looked at in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MovementKind {
    /// From a payer's bank to its balance.
    TopUp,
    /// From a merchant back to a payer.
    Refund,
    /// From an account to an account.
    Transfer,
    /// From a payer to a merchant.
    Payment,
    /// From a payer to a biller.
    Utility,
    /// From a payer's balance to its bank.
    Withdrawal,
}

impl MovementKind {
    /// All of them.
    pub const ALL: [MovementKind; 6] = [
        MovementKind::TopUp,
        MovementKind::Refund,
        MovementKind::Transfer,
        MovementKind::Payment,
        MovementKind::Utility,
        MovementKind::Withdrawal,
    ];

    /// The name in tables and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            MovementKind::TopUp => "top_up",
            MovementKind::Refund => "refund",
            MovementKind::Transfer => "transfer",
            MovementKind::Payment => "payment",
            MovementKind::Utility => "utility",
            MovementKind::Withdrawal => "withdrawal",
        }
    }
}

/// What two accounts may have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TieKind {
    /// The device that somebody is signed in on.
    Device,
    /// The network address.
    Address,
    /// The bank card.
    Card,
    /// The verified person.
    Identity,
}

impl TieKind {
    /// All of them.
    pub const ALL: [TieKind; 4] = [TieKind::Device, TieKind::Address, TieKind::Card, TieKind::Identity];

    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            TieKind::Device => "device",
            TieKind::Address => "address",
            TieKind::Card => "card",
            TieKind::Identity => "identity",
        }
    }
}

/// One thing that an account has: an opaque digest under a key of its keeper's, or a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tie {
    /// What kind of thing.
    pub kind: TieKind,
    /// Which.
    pub key: u128,
}

/// What is known of who moved the money: its sender, but for top-ups and refunds their recipient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ties {
    /// The device.
    pub device: Option<u128>,
    /// The network address.
    pub address: Option<u128>,
    /// The bank card.
    pub card: Option<u128>,
    /// The verified person.
    pub identity: Option<u128>,
}

impl Ties {
    /// Those that are known.
    pub fn known(&self) -> impl Iterator<Item = Tie> {
        let keys = [self.device, self.address, self.card, self.identity];
        TieKind::ALL.into_iter().zip(keys).filter_map(|(kind, key)| Some(Tie { kind, key: key? }))
    }
}

/// Money that moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Movement {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// By what it is found again; in the history of a ledger, the number of its posting.
    pub id: EntityId,
    /// Why.
    pub kind: MovementKind,
    /// Who had it.
    pub from: Party,
    /// Who has it.
    pub to: Party,
    /// How much.
    pub money: Money,
    /// What is left in the sender's balance after it, in the same currency, if that is known.
    pub left: Option<Amount>,
    /// What is known of who moved it.
    pub ties: Ties,
}

impl Movement {
    /// Who moved it: whose ties it has.
    #[must_use]
    pub const fn actor(&self) -> Party {
        match self.kind {
            MovementKind::TopUp | MovementKind::Refund => self.to,
            MovementKind::Transfer
            | MovementKind::Payment
            | MovementKind::Utility
            | MovementKind::Withdrawal => self.from,
        }
    }

    /// How much, in minor units.
    #[must_use]
    pub const fn minor(&self) -> i64 {
        self.money.amount.minor()
    }

    /// By what movements of one instant are ordered, so that the order in which they were told does not matter.
    pub(super) fn order(&self) -> impl Ord + use<> {
        (self.kind, self.id, self.from, self.to, self.money.currency, self.minor(), self.left)
    }

    /// What is kept of it.
    pub(super) const fn seen(&self) -> Evidence {
        Evidence {
            at_ms: self.at_ms,
            id: self.id,
            kind: self.kind,
            from: self.from,
            to: self.to,
            minor: self.minor(),
        }
    }
}

/// A movement that an alert rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// By what it is found again.
    pub id: EntityId,
    /// Why.
    pub kind: MovementKind,
    /// Who had it.
    pub from: Party,
    /// Who has it.
    pub to: Party,
    /// How much, in minor units of the table's currency.
    pub minor: i64,
}
