//! What an instance says of itself: which of the two kinds it is, and by which master key its secrets are sealed.
//!
//! **Invariants.** Whoever starts first on an empty store writes the record, in one step; it is never changed. So of
//! processes that start at the same moment with different keys one has the store, and the others find what it wrote.
//!
//! **Absent on purpose:** the key. Its check value (密钥校验值) is derived from it and tells nothing of it but whether
//! another key is the same.

use serde::{Deserialize, Serialize};

use crate::{ChangeSet, Context, Facts, Key, Stop, id::InstanceId};

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// Its id.
    pub id: InstanceId,
    /// Always 1.
    pub version: u32,
    /// A sandbox, or else production.
    pub is_sandbox: bool,
    /// The check value of the master key.
    pub key_check: [u8; 32],
}

/// Whose a store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// Ours: of this kind, under this key.
    Ours,
    /// A sandbox's where production was asked for, or the other way round.
    OfTheOtherKind,
    /// Used with another master key before.
    OfAnotherKey,
}

impl Instance {
    /// Whether it belongs to whoever has this key and runs this kind of instance.
    pub fn belongs_to(&self, is_sandbox: bool, key_check: &[u8; 32]) -> Claimed {
        if self.is_sandbox != is_sandbox {
            Claimed::OfTheOtherKind
        } else if self.key_check == *key_check {
            Claimed::Ours
        } else {
            Claimed::OfAnotherKey
        }
    }
}

/// Takes a store that nobody has taken, or says whose it is.
pub fn claim(
    facts: &dyn Facts,
    cx: &mut Context,
    is_sandbox: bool,
    key_check: [u8; 32],
) -> Result<(ChangeSet, Claimed), Stop> {
    let mut change = ChangeSet::default();
    if let Some(known) = facts.find::<Instance>(&Key::Instance)? {
        return Ok((change, known.belongs_to(is_sandbox, &key_check)));
    }
    change.put(Instance { id: cx.draw(), version: 1, is_sandbox, key_check });
    Ok((change, Claimed::Ours))
}
