//! What is shared of risk lists with other institutions, and what was learnt from them.
//!
//! ```text
//!   own entry, shared ──▶ ListDelta n, chained ──▶ ListLog: where the chain ends      (as a source)
//!   delta of a source ──▶ ListToken ◀── a value of our own was screened                (as a member)
//!                            └── both known: an entry of that source on our lists, ended when it is taken back
//! ```
//! **Invariants.** A delta is written in the step that changes the entry, so lists and deltas never differ. Deltas of a
//! source are taken in their order, each once, whatever number of processes pull. An entry of another institution does
//! what [`ListEntry::effect`](super::list::ListEntry::effect) says, and that is never to block but by law.
//!
//! **Absent on purpose:** values. A token says nothing to who has not asked its source about the value.

mod member;
mod publish;
mod take;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tongbao_risk::sharing::{Chain, Delta, Item, Token};
use uuid::Uuid;

pub(super) use self::publish::{item, publish, shared_kind};
pub use self::{
    member::{count_asked, take_hits},
    publish::appeal,
    take::{Screened, pulled, screened, take_delta},
};
use super::list::Entity;
use crate::{
    Key, Time,
    id::{ListDeltaId, ListLogId, ListMemberId, ListSourceId, ListTokenId},
};

/// Where our own chain of deltas ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListLog {
    /// Its id.
    pub id: ListLogId,
    /// How often it changed.
    pub version: u32,
    /// The end.
    pub chain: Chain,
}

/// A delta that we have published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListDelta {
    /// Its id.
    pub id: ListDeltaId,
    /// 1: it never changes.
    pub version: u32,
    /// What changed.
    pub delta: Delta,
    /// Where the chain ends with it.
    pub chain: Chain,
}

/// What we know of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListSource {
    /// Its id.
    pub id: ListSourceId,
    /// How often it changed.
    pub version: u32,
    /// The name under which it is a member.
    pub name: String,
    /// The end of what was taken of its chain.
    pub chain: Chain,
    /// When it was asked last and had nothing more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pulled_at: Option<Time>,
    /// The newest payer whose phone number was screened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payers_until: Option<Uuid>,
    /// The newest card number that was screened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cards_until: Option<Uuid>,
    /// How many of its entries are about values of ours, by the name of their category.
    #[serde(default)]
    pub hits: BTreeMap<String, u64>,
    /// How many such entries could not be taken, because the entity has too many.
    #[serde(default)]
    pub not_taken: u64,
}

/// An item of a source, and the entry that it is here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownItem {
    /// As the source says it.
    pub item: Item,
    /// The number of our entry, while it stands for the item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<u32>,
}

/// What is known of a token of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListToken {
    /// Its id.
    pub id: ListTokenId,
    /// How often it changed.
    pub version: u32,
    /// Whose token it is.
    pub source: String,
    /// The token.
    pub token: Token,
    /// What the source says of it.
    pub items: Vec<KnownItem>,
    /// Whom or what of ours it names, once that was screened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<Entity>,
}

/// What a member has asked of us, and tells of our entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListMember {
    /// Its id.
    pub id: ListMemberId,
    /// How often it changed.
    pub version: u32,
    /// Its name.
    pub name: String,
    /// The day of `asked_today`, in days since 1970-01-01 in Asia/Shanghai.
    pub day: i64,
    /// Values that it asked about on that day.
    pub asked_today: u32,
    /// Values that it asked about in all.
    pub asked: u64,
    /// How many of our entries are about values of its own, by the name of their category.
    #[serde(default)]
    pub hits: BTreeMap<String, u64>,
    /// When it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_at: Option<Time>,
}

impl ListDelta {
    pub(crate) fn keys(&self) -> Vec<Key> {
        vec![Key::ListDelta(self.delta.number)]
    }
}

impl ListSource {
    pub(crate) fn keys(&self) -> Vec<Key> {
        vec![Key::ListSource(self.name.clone())]
    }
}

impl ListToken {
    pub(crate) fn keys(&self) -> Vec<Key> {
        vec![Key::ListToken(self.source.clone(), self.token.0)]
    }
}

impl ListMember {
    pub(crate) fn keys(&self) -> Vec<Key> {
        vec![Key::ListMember(self.name.clone())]
    }
}
