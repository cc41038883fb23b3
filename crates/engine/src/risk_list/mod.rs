//! Risk lists for people: what they type becomes an entity, files become entries, entries become files.
//!
//! ```text
//!   kind,value,list,category,reason,from,until,evidence
//!   phone,13800000001,block,fraud,CHARGEBACK,,2027-01-01,case-17
//! ```
//! **Invariants.** A phone or card number leaves this module as the vault's keyed digest only. Each line of a file
//! ends as one of three: added, known, or rejected with its number and a stable reason.
//!
//! **Absent on purpose:** whether an entry may be added or ended; the core says that.

mod export;
mod import;
mod row;

use std::net::IpAddr;

use tongbao_core::{
    Actor, Facts, Id,
    card::number,
    id::{Kind, PayerId},
    risk::list::{Added, EndEntry, Entity, EntityKind, ListedEntity, NewEntry, add, end},
};
use tongbao_risk::sharing::SharedKind;
use tongbao_store::Fault;

pub use self::{
    export::Export,
    import::{IMPORT_LINES_PER_STEP, ImportFailure, Imported, Rejected},
    row::{COLUMNS, Flaw, time_of},
};
use crate::{Engine, Error, Input, auth::hex, list_sharing::SharingKeys, phone::phone_number};

/// What stands before a digest where a number could stand, too.
const DIGEST: &str = "digest:";

const fn input(name: &'static str) -> Input {
    Input { actor: Actor::Operator, name }
}

/// What a value of each kind looks like.
pub const fn must(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Payer => "a payer's id, pyr_…",
        EntityKind::Device => "a device's digest, 64 hexadecimal digits",
        EntityKind::Card => "a card number, or digest: and 64 hexadecimal digits",
        EntityKind::Address => "an address of IPv4 or IPv6",
        EntityKind::Phone => "a phone number, or digest: and 64 hexadecimal digits",
        EntityKind::Payee => "the id of a merchant or payer, mch_… or pyr_…",
    }
}

/// An entity as files and terminals show it: an id, an address, or a digest.
pub fn shown(entity: &Entity) -> String {
    match entity {
        Entity::Payer(payer) => payer.to_string(),
        Entity::Payee(payee) => payee.to_string(),
        Entity::Address(address) => address.to_string(),
        Entity::Device(digest) => hex(digest),
        Entity::Card(digest) | Entity::Phone(digest) => format!("{DIGEST}{}", hex(digest)),
    }
}

/// 32 bytes from 64 hexadecimal digits.
fn digest_of(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(digest)
}

impl Engine {
    /// The entity that somebody has typed; none if it is not of this kind.
    pub fn entity(&self, kind: EntityKind, typed: &str) -> Option<Entity> {
        let typed = typed.trim();
        let digest = || typed.strip_prefix(DIGEST).and_then(digest_of);
        match kind {
            EntityKind::Payer => typed.parse::<PayerId>().ok().map(Entity::Payer),
            EntityKind::Device => digest_of(typed).map(Entity::Device),
            EntityKind::Address => typed.parse::<IpAddr>().ok().map(Entity::address),
            EntityKind::Phone => digest()
                .or_else(|| phone_number(typed).map(|phone| self.vault.digest("phone", &phone)))
                .map(Entity::Phone),
            EntityKind::Card => digest()
                .or_else(|| number::parse(typed).map(|number| self.vault.digest("card number", &number)))
                .map(Entity::Card),
            EntityKind::Payee => {
                let id = typed.parse::<Id>().ok()?;
                matches!(id.kind, Kind::Merchant | Kind::Payer).then_some(Entity::Payee(id))
            }
        }
    }

    /// What stands on the lists about an entity, or stood.
    pub fn listed(&self, entity: Entity) -> Result<Option<ListedEntity>, Fault> {
        self.store.find::<ListedEntity>(entity.key())
    }

    /// Adds an entry to a list.
    pub async fn add_to_list(&self, new: NewEntry) -> Result<Added, Error> {
        self.step(input("add_list_entry"), move |facts: &dyn Facts, cx| add(facts, cx, &new)).await
    }

    /// Ends an entry of a list.
    pub async fn end_on_list(&self, asked: EndEntry) -> Result<(), Error> {
        self.run(input("end_list_entry"), move |facts: &dyn Facts, cx| end(facts, cx, &asked)).await
    }
}

/// The token under which members of the sharing learn of what somebody has typed; none for kinds that mean nothing
/// to them, and for what is no value.
pub fn share_token(keys: &SharingKeys, kind: EntityKind, typed: &str) -> Option<[u8; 32]> {
    let typed = typed.trim();
    let (kind, value) = match kind {
        EntityKind::Phone => (SharedKind::Phone, phone_number(typed)?),
        EntityKind::Card => (SharedKind::Card, number::parse(typed)?),
        EntityKind::Address => (SharedKind::Address, shown(&Entity::address(typed.parse().ok()?))),
        EntityKind::Payer | EntityKind::Device | EntityKind::Payee => return None,
    };
    keys.token(kind, &value).ok().map(|token| token.0)
}
