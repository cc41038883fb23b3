//! Networks (网络): from where a payer has signed in, so that a sign-in from elsewhere is told to it.
//!
//! A network is the first 24 bits of an IPv4 address or the first 48 of an IPv6 address: what a provider gives to one
//! place. **Invariants.** What is kept is a keyed digest, from which nobody without the key reads an address; at most
//! [`SIGN_IN_NETWORKS_MAX`] of a payer, those it was seen in last. Nothing is decided by it: who signs in from a new
//! network is let in and told so. The first network that is known is new to nobody.

use serde::{Deserialize, Serialize};

use crate::{
    ChangeSet, Context, Facts, Key, Stop,
    id::{NetworksId, PayerId},
    limits::SIGN_IN_NETWORKS_MAX,
};

/// Keyed digest of a network, as the shell makes it.
pub type NetworkDigest = [u8; 16];

/// A network from which a payer has signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownNetwork {
    /// Which.
    pub digest: NetworkDigest,
    /// The day of the last sign-in there, in days since 1970-01-01 in Asia/Shanghai.
    pub seen_on: i64,
}

/// The networks of a payer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Networks {
    /// Its id.
    pub id: NetworksId,
    /// How often it changed.
    pub version: u32,
    /// Whose.
    pub payer: PayerId,
    /// Them, the one seen last at the end.
    pub known: Vec<KnownNetwork>,
}

impl std::fmt::Debug for Networks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Networks(of {}, {} known)", self.payer, self.known.len())
    }
}

/// Notes from where a payer signs in, at most once a day for each network. Whether it is new, others being known.
pub(super) fn note(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    payer: PayerId,
    digest: NetworkDigest,
) -> Result<bool, Stop> {
    // Drawn in any case, so that a decision that is asked twice draws the same.
    let (fresh, today) = (cx.draw(), cx.at().china_day());
    let mut next = match facts.find::<Networks>(&Key::NetworksOf(payer))? {
        Some(before) => Networks { version: before.version.saturating_add(1), ..before.clone() },
        None => Networks { id: fresh, version: 1, payer, known: Vec::new() },
    };
    let before = next.known.iter().find(|known| known.digest == digest);
    let (is_known, seen_today) = (before.is_some(), before.is_some_and(|known| known.seen_on == today));
    let is_new = !is_known && !next.known.is_empty();
    if !seen_today {
        next.known.retain(|known| known.digest != digest);
        next.known.push(KnownNetwork { digest, seen_on: today });
        let over = next.known.len().saturating_sub(SIGN_IN_NETWORKS_MAX);
        next.known.drain(..over);
        change.put(next);
    }
    Ok(is_new)
}
