//! Deltas: what changed in a source's lists, numbered and chained, so that nothing can be left out, put in or turned
//! round.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{SharedKind, Token};

/// BLAKE3 over a delta and the digest before it.
pub type Digest = [u8; 32];

/// How an entry of another institution stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemState {
    /// It stands.
    Stands,
    /// Whom it is about says that it is wrong; that is being looked at.
    Appealed,
    /// The source has taken it back.
    Revoked,
}

impl ItemState {
    const fn code(self) -> u8 {
        match self {
            ItemState::Stands => 1,
            ItemState::Appealed => 2,
            ItemState::Revoked => 3,
        }
    }
}

/// An entry as another institution learns of it. The last item of a token and number counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// About which value.
    pub token: Token,
    /// Of which kind the value is.
    pub kind: SharedKind,
    /// Which of the source's entries about it.
    pub number: u32,
    /// Whether the source blocks it; otherwise it watches.
    pub blocks: bool,
    /// What it is about, by the name of the category.
    pub category: String,
    /// How sure the source is, in per cent.
    pub confidence: u8,
    /// Where the source finds the evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// Since when it counts, in milliseconds since 1970.
    pub from_ms: i64,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<i64>,
    /// How it stands.
    pub state: ItemState,
}

impl Item {
    fn hash(&self, hash: &mut blake3::Hasher) {
        hash.update(&self.token.0);
        text(hash, self.kind.name());
        hash.update(&self.number.to_be_bytes()).update(&[
            u8::from(self.blocks),
            self.confidence,
            self.state.code(),
        ]);
        text(hash, &self.category);
        hash.update(&[u8::from(self.evidence.is_some())]);
        text(hash, self.evidence.as_deref().unwrap_or_default());
        hash.update(&self.from_ms.to_be_bytes());
        hash.update(&[u8::from(self.until_ms.is_some())]);
        hash.update(&self.until_ms.unwrap_or_default().to_be_bytes());
    }
}

/// A text with its length before it, so that no two rows of texts are the same bytes.
fn text(hash: &mut blake3::Hasher, text: &str) {
    let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
    hash.update(&length.to_be_bytes()).update(text.as_bytes());
}

/// What changed at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delta {
    /// 1, 2, 3, … of its source.
    pub number: u64,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// What changed.
    pub items: Vec<Item>,
}

/// Where a chain ends: the number of its last delta, and the digest of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// 0 before the first.
    pub number: u64,
    /// Zeros before the first.
    pub digest: Digest,
}

/// Why a delta was refused: it is not the next of its chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the delta does not follow the ones before it")
    }
}

impl std::error::Error for Broken {}

impl Chain {
    /// The chain with this delta at its end.
    pub fn followed_by(&self, delta: &Delta) -> Result<Chain, Broken> {
        if delta.number != self.number.saturating_add(1) {
            return Err(Broken);
        }
        let mut hash = blake3::Hasher::new();
        hash.update(b"tongbao list sharing delta 1\0").update(&self.digest);
        hash.update(&delta.number.to_be_bytes()).update(&delta.at_ms.to_be_bytes());
        let count = u64::try_from(delta.items.len()).unwrap_or(u64::MAX);
        hash.update(&count.to_be_bytes());
        delta.items.iter().for_each(|item| item.hash(&mut hash));
        Ok(Chain { number: delta.number, digest: hash.finalize().into() })
    }

    /// What a source signs to say that its chain ends here at this time: with the name, so that no other source's
    /// chain can be passed off as its own; with the number of the newest delta, so that none is held back; and with the
    /// time, so that an old word can be told from a new one.
    pub fn signed_bytes(&self, source: &str, latest: u64, at_ms: i64) -> Vec<u8> {
        let mut bytes = b"tongbao list sharing head 1\0".to_vec();
        bytes.extend(self.number.to_be_bytes());
        bytes.extend(self.digest);
        bytes.extend(latest.to_be_bytes());
        bytes.extend(at_ms.to_be_bytes());
        bytes.extend(source.as_bytes());
        bytes
    }
}
