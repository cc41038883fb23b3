//! What institutions tell each other of their lists, without telling whom the lists are about.
//!
//! ```text
//!   source                                        member
//!   token = F(key, value)  ── delta of tokens ──▶ keeps them; they say nothing by themselves
//!                          ◀── blind(value) ────  asks about a value of its own
//!   evaluates, blindly     ── element, proof ───▶ unblinds: token = F(key, value); looks it up
//! ```
//! `F` is the verifiable oblivious pseudorandom function of RFC 9497 over ristretto255 with SHA-512. The source sees
//! points that are random to it; the member sees the token of the value that it asked about, and nothing of any other.
//! Phone numbers can be guessed, so their plain or salted hashes would be as good as the numbers; a token cannot be
//! tried without asking the source, who counts.
//!
//! **Invariants.** A message to a source holds blinded points only. An answer is used only if its proof fits the key
//! that the source has published, so that it cannot answer one member with another key. Deltas are numbered and
//! chained; one that does not follow is refused.
//!
//! **Absent on purpose:** sockets, signatures (the shell has them), chance other than by a seed, and what an entry of
//! another institution does.

mod chance;
mod delta;
mod oprf;

pub use self::{
    delta::{Broken, Chain, Delta, Digest, Item, ItemState},
    oprf::{Answer, Asking, BATCH_MAX, ELEMENT_BYTES, Evaluator, PROOF_BYTES, Refused, Token},
};

/// Bytes of a value: several times what an address of IPv6 has as text.
const VALUE_BYTES_MAX: usize = 256;

/// The kinds of value that mean the same at every institution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SharedKind {
    /// A phone number, as 11 digits of mainland China, or `+` and the digits.
    Phone,
    /// A card's number, digits only.
    Card,
    /// An address of the network, as its text.
    Address,
}

impl SharedKind {
    /// Its name in what is hashed, and on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            SharedKind::Phone => "phone",
            SharedKind::Card => "card",
            SharedKind::Address => "address",
        }
    }

    /// The input of the function for a value: kinds are kept apart.
    fn input(self, value: &str) -> Result<Vec<u8>, Refused> {
        if value.len() > VALUE_BYTES_MAX {
            return Err(Refused::Value);
        }
        Ok([b"tongbao list sharing 1\0", self.name().as_bytes(), b"\0", value.as_bytes()].concat())
    }
}
