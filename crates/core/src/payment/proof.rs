//! Proofs that a payer gives before money moves, and sets of them.
//!
//! **Invariant.** A set has each proof once: the same proof given twice is one.

use serde::{Deserialize, Serialize};

use crate::payer::usage::Factors;

/// A proof that it is the payer who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// The payment password: something known.
    Password,
    /// A one-time code, sent to the payer's phone for this payment: something owned.
    Code,
    /// A passkey whose device has verified its user: something owned, and something known or of the body.
    Passkey,
}

impl Proof {
    /// All of them.
    pub const ALL: [Proof; 3] = [Proof::Password, Proof::Code, Proof::Passkey];

    /// The name in requests and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Proof::Password => "password",
            Proof::Code => "code",
            Proof::Passkey => "passkey",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Proof::Password => 1,
            Proof::Code => 2,
            Proof::Passkey => 4,
        }
    }
}

/// A set of proofs. Stored as the list of their names.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Vec<Proof>", into = "Vec<Proof>")]
pub struct Proofs(u8);

impl Proofs {
    /// No proof.
    pub const NONE: Proofs = Proofs(0);
    /// The payment password.
    pub const PASSWORD: Proofs = Proofs::NONE.with(Proof::Password);
    /// A one-time code.
    pub const CODE: Proofs = Proofs::NONE.with(Proof::Code);
    /// A passkey.
    pub const PASSKEY: Proofs = Proofs::NONE.with(Proof::Passkey);

    /// This set and one proof more.
    #[must_use]
    pub const fn with(self, proof: Proof) -> Proofs {
        Proofs(self.0 | proof.bit())
    }

    /// What is in either.
    #[must_use]
    pub const fn and(self, other: Proofs) -> Proofs {
        Proofs(self.0 | other.0)
    }

    /// What is in this one only.
    #[must_use]
    pub const fn without(self, other: Proofs) -> Proofs {
        Proofs(self.0 & !other.0)
    }

    /// Whether a proof is in it.
    pub const fn has(self, proof: Proof) -> bool {
        self.0 & proof.bit() != 0
    }

    /// Whether everything in `other` is in it.
    pub const fn covers(self, other: Proofs) -> bool {
        other.without(self).is_none()
    }

    /// Whether nothing is in it.
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// The same, for fields that are left out when there is nothing in them.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(super) const fn is_none_ref(&self) -> bool {
        self.is_none()
    }

    /// Its proofs, in the order of [`Proof::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Proof> {
        Proof::ALL.into_iter().filter(move |proof| self.has(*proof))
    }

    /// How many proofs of different kinds that is. A password and a passkey are used where a one-time code has signed
    /// the payer in, so each of them is the second; a code alone is the same thing owned once more.
    pub const fn factors(self) -> Factors {
        if self.has(Proof::Password) || self.has(Proof::Passkey) {
            Factors::Two
        } else if self.has(Proof::Code) {
            Factors::One
        } else {
            Factors::None
        }
    }
}

impl std::fmt::Debug for Proofs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl FromIterator<Proof> for Proofs {
    fn from_iter<I: IntoIterator<Item = Proof>>(proofs: I) -> Proofs {
        proofs.into_iter().fold(Proofs::NONE, Proofs::with)
    }
}

impl From<Vec<Proof>> for Proofs {
    fn from(proofs: Vec<Proof>) -> Proofs {
        proofs.into_iter().collect()
    }
}

impl From<Proofs> for Vec<Proof> {
    fn from(proofs: Proofs) -> Vec<Proof> {
        proofs.iter().collect()
    }
}
