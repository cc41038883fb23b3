//! Risk lists: who or what is blocked, watched or allowed, since when, until when, by whom and why.
//!
//! An *entity* is what a payment can be judged by and a person can name: a payer, a device, a card, an address, a
//! phone number, a payee. All entries about one entity stand in one record, the [`ListedEntity`], which is found by
//! one key; so a decision that knows its entities asks for one key each, and mostly hears that there is none.
//!
//! ```text
//!   add ──▶ entry (from … until) ──▶ live while from ≤ now < until ──▶ over
//!                   └── end ──────────────────────────────────────────▶ over at once
//! ```
//! **Invariants.** An entry never changes but that it is ended, once, with author and reason. Its number is used for
//! no other entry of the entity. Whether it is live follows from the time of the decision, so nothing has to happen
//! when it expires. An entry of another institution blocks only by law ([`Category::is_legal`]), and never allows.
//!
//! **Absent on purpose:** phone and card numbers (their keyed digests stand here), and what a decision makes of a
//! standing.

mod standing;
mod steps;

use std::net::{IpAddr, Ipv6Addr};

use serde::{Deserialize, Serialize};

pub(super) use self::steps::fresh;
pub use self::{
    standing::{Mark, Standing, standing, wants},
    steps::{Added, EndEntry, NewEntry, add, add_all, end},
};
use crate::{
    Id, Key, List, Time,
    id::{ListedEntityId, PayerId},
};

/// The kinds of entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntityKind {
    /// Who pays.
    Payer,
    /// What a payer is signed in on.
    Device,
    /// A bank card.
    Card,
    /// An address of the network.
    Address,
    /// A phone number.
    Phone,
    /// Who is paid.
    Payee,
}

impl EntityKind {
    /// All of them.
    pub const ALL: [EntityKind; 6] = [
        EntityKind::Payer,
        EntityKind::Device,
        EntityKind::Card,
        EntityKind::Address,
        EntityKind::Phone,
        EntityKind::Payee,
    ];

    /// Its name in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            EntityKind::Payer => "payer",
            EntityKind::Device => "device",
            EntityKind::Card => "card",
            EntityKind::Address => "address",
            EntityKind::Phone => "phone",
            EntityKind::Payee => "payee",
        }
    }

    /// The kind with this name.
    pub fn named(name: &str) -> Option<EntityKind> {
        EntityKind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Its number in keys; never reused.
    const fn code(self) -> u8 {
        match self {
            EntityKind::Payer => 1,
            EntityKind::Device => 2,
            EntityKind::Card => 3,
            EntityKind::Address => 4,
            EntityKind::Phone => 5,
            EntityKind::Payee => 6,
        }
    }
}

/// What can stand on a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entity {
    /// A payer.
    Payer(PayerId),
    /// A device, by the digest of what names it.
    Device([u8; 32]),
    /// A card, by the vault's keyed digest of its number.
    Card([u8; 32]),
    /// An address, as [`Entity::address`] makes it.
    Address(IpAddr),
    /// A phone number, by the vault's keyed digest of it.
    Phone([u8; 32]),
    /// A merchant or a payer who is paid.
    Payee(Id),
}

impl Entity {
    /// Of an address of IPv6 its network of 64 bits, which is what one household or phone is given (RFC 6177); an
    /// address of IPv4 that is written as one of IPv6 as itself.
    pub fn address(address: IpAddr) -> Entity {
        Entity::Address(match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        })
    }

    /// Of which kind it is.
    pub const fn kind(&self) -> EntityKind {
        match self {
            Entity::Payer(_) => EntityKind::Payer,
            Entity::Device(_) => EntityKind::Device,
            Entity::Card(_) => EntityKind::Card,
            Entity::Address(_) => EntityKind::Address,
            Entity::Phone(_) => EntityKind::Phone,
            Entity::Payee(_) => EntityKind::Payee,
        }
    }

    /// The key of its record.
    pub const fn key(self) -> Key {
        Key::ListedEntity(self)
    }

    /// The bytes that name it in a key: kind, then value. An address has 4 bytes or 16.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![self.kind().code()];
        match self {
            Entity::Payer(payer) => bytes.extend(Id::from(*payer).bytes()),
            Entity::Payee(payee) => bytes.extend(payee.bytes()),
            Entity::Device(digest) | Entity::Card(digest) | Entity::Phone(digest) => bytes.extend(digest),
            Entity::Address(IpAddr::V4(address)) => bytes.extend(address.octets()),
            Entity::Address(IpAddr::V6(address)) => bytes.extend(address.octets()),
        }
        bytes
    }
}

/// The lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RiskList {
    /// Nothing goes through.
    Block,
    /// Looked at with more suspicion.
    Watch,
    /// Spared the score and the rules; never states, other lists and limits.
    Allow,
}

impl RiskList {
    /// All of them.
    pub const ALL: [RiskList; 3] = [RiskList::Block, RiskList::Watch, RiskList::Allow];

    /// Its name in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            RiskList::Block => "block",
            RiskList::Watch => "watch",
            RiskList::Allow => "allow",
        }
    }

    /// The list with this name.
    pub fn named(name: &str) -> Option<RiskList> {
        RiskList::ALL.into_iter().find(|list| list.name() == name)
    }
}

/// What an entry is about, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// A sanction by law.
    Sanction,
    /// An order of a court or an authority.
    Court,
    /// Confirmed to pass on money of crimes.
    ConfirmedMule,
    /// Confirmed fraud.
    Fraud,
    /// A thief has the account, the card or the phone.
    Takeover,
    /// Gambling.
    Gambling,
    /// Complaints or charge-backs.
    Complaint,
    /// Suspicion without confirmation.
    Suspicion,
    /// Known well: the reason to allow.
    Trusted,
    /// None of these; the reason code says which.
    Other,
}

impl Category {
    /// All of them.
    pub const ALL: [Category; 10] = [
        Category::Sanction,
        Category::Court,
        Category::ConfirmedMule,
        Category::Fraud,
        Category::Takeover,
        Category::Gambling,
        Category::Complaint,
        Category::Suspicion,
        Category::Trusted,
        Category::Other,
    ];

    /// Its name in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Category::Sanction => "sanction",
            Category::Court => "court",
            Category::ConfirmedMule => "confirmed_mule",
            Category::Fraud => "fraud",
            Category::Takeover => "takeover",
            Category::Gambling => "gambling",
            Category::Complaint => "complaint",
            Category::Suspicion => "suspicion",
            Category::Trusted => "trusted",
            Category::Other => "other",
        }
    }

    /// The category with this name.
    pub fn named(name: &str) -> Option<Category> {
        Category::ALL.into_iter().find(|category| category.name() == name)
    }

    /// Whether law says so: then it binds every institution alike.
    pub const fn is_legal(self) -> bool {
        matches!(self, Category::Sanction | Category::Court)
    }

    /// Whether no operator may lift a block of it for one payment.
    pub const fn is_final(self) -> bool {
        self.is_legal() || matches!(self, Category::ConfirmedMule)
    }
}

/// Who says so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// This institution.
    Own,
    /// Another one, by the name under which it is a member of the sharing.
    Institution(String),
}

/// That an entry was ended before its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// When.
    pub at: Time,
    /// By whom.
    pub author: String,
    /// Why.
    pub reason: String,
}

/// One entry of a list about an entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListEntry {
    /// Which of the entity's entries: 1, 2, 3, …
    pub number: u32,
    /// On which list.
    pub list: RiskList,
    /// What it is about.
    pub category: Category,
    /// The code of the reason, as in `COURT_ORDER`.
    pub reason: String,
    /// Who wrote it.
    pub author: String,
    /// The first instant at which it counts.
    pub from: Time,
    /// The first instant at which it counts no more; without one it counts until it is ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// Where the evidence is found: the number of a case or of an order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// Who says so.
    pub source: Source,
    /// How sure that is, in per cent; an entry without a figure is certain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<u8>,
    /// When it was written.
    pub added_at: Time,
    /// The token by which members of the sharing learn of it, if it is shared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<[u8; 32]>,
    /// That it was ended before its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
}

impl ListEntry {
    /// Whether it counts at this instant.
    pub fn is_live(&self, at: Time) -> bool {
        self.from <= at && !self.is_over(at)
    }

    /// Whether it will never count again.
    pub fn is_over(&self, at: Time) -> bool {
        self.ended.is_some() || self.until.is_some_and(|until| until <= at)
    }

    /// The list on which it counts here, if it counts at all: what another institution blocks is watched, unless the
    /// law blocks it; what another allows is not allowed here.
    pub const fn effect(&self) -> Option<RiskList> {
        match (self.list, &self.source) {
            (list, Source::Own) => Some(list),
            (RiskList::Block, Source::Institution(_)) if self.category.is_legal() => Some(RiskList::Block),
            (RiskList::Block | RiskList::Watch, Source::Institution(_)) => Some(RiskList::Watch),
            (RiskList::Allow, Source::Institution(_)) => None,
        }
    }
}

/// An entity that stands on lists, or stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedEntity {
    /// Its id.
    pub id: ListedEntityId,
    /// How often it changed.
    pub version: u32,
    /// Who or what.
    pub entity: Entity,
    /// The number of its next entry.
    pub next_number: u32,
    /// Its entries in the order of their numbers. When there is no more room the oldest that is over makes it.
    pub entries: Vec<ListEntry>,
    /// When the first of them was written.
    pub created_at: Time,
}

impl ListedEntity {
    pub(crate) fn keys(&self) -> Vec<Key> {
        vec![self.entity.key()]
    }

    pub(crate) fn lists() -> Vec<List> {
        vec![List::ListedEntities]
    }
}
