//! The nonces of the last minutes, so that a request that was seen on its way is not carried out twice.
//!
//! **Invariants.** Only nonces of requests whose signature fits get here, so nobody can fill the memory of a
//! stranger. A nonce is kept as long as its request's timestamp would be accepted. What is kept has a limit; when
//! it is reached new requests are refused, and no old nonce is forgotten early. Only a request that is told to come
//! again gives its nonce back: some SDKs then send the very same bytes.
//!
//! **Absent on purpose:** the disk. A process that was started anew takes a request again that an earlier one has
//! answered; order and refund numbers make that harmless.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
};

use tongbao_channel::wechat::CLOCK_SKEW_S;

/// Nonces kept at once: ten minutes of 1,700 requests a second. An entry takes about 50 bytes.
const NONCES_MAX: usize = 1_048_576;

/// Of merchant number and nonce.
type Digest = [u8; 16];

#[derive(Default)]
struct Kept {
    /// Each with the last second at which it could be replayed.
    all: HashMap<Digest, i64>,
    /// By that second.
    until: BTreeMap<i64, Vec<Digest>>,
}

/// What became of a nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noted {
    /// It is new.
    New,
    /// It was seen before.
    Seen,
    /// There is no room for it.
    Full,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Nonces(Mutex<Kept>);

impl Nonces {
    /// Notes the nonce of a request that this merchant signed at `timestamp_s`; `now_s` is the world's time.
    pub(crate) fn note(&self, mchid: &str, nonce: &str, timestamp_s: i64, now_s: i64) -> Noted {
        let digest = digest(mchid, nonce);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Kept { all, until } = &mut *kept;
        while let Some(first) = until.first_entry().filter(|first| *first.key() < now_s) {
            let (over_s, over) = first.remove_entry();
            // One that was given back may have been noted again, for longer.
            for old in over.iter().filter(|old| all.get(*old) == Some(&over_s)).collect::<Vec<_>>() {
                all.remove(old);
            }
        }
        if all.contains_key(&digest) {
            return Noted::Seen;
        }
        if all.len() >= NONCES_MAX {
            return Noted::Full;
        }
        let until_s = timestamp_s.saturating_add(CLOCK_SKEW_S);
        all.insert(digest, until_s);
        until.entry(until_s).or_default().push(digest);
        Noted::New
    }

    /// Gives the nonce of a request back that is to come again.
    pub(super) fn give_back(&self, mchid: &str, nonce: &str) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.all.remove(&digest(mchid, nonce));
    }
}

fn digest(mchid: &str, nonce: &str) -> Digest {
    let mut hash = blake3::Hasher::new();
    hash.update(mchid.as_bytes()).update(&[0]).update(nonce.as_bytes());
    let mut digest = Digest::default();
    hash.finalize_xof().fill(&mut digest);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_new_once_while_its_timestamp_is_good() {
        let nonces = Nonces::default();
        assert_eq!(nonces.note("1", "n", 1_000, 1_000), Noted::New);
        assert_eq!(nonces.note("1", "n", 1_000, 1_300), Noted::Seen);
        assert_eq!(nonces.note("1", "n", 1_200, 1_300), Noted::Seen, "under another timestamp, too");
        assert_eq!(nonces.note("2", "n", 1_000, 1_300), Noted::New, "of another merchant");
        assert_eq!(nonces.note("1", "n", 1_301, 1_301), Noted::New, "it is forgotten with its time");
        assert_eq!(nonces.0.lock().unwrap().all.len(), 1, "and with all of its time");
    }

    #[test]
    fn a_nonce_that_was_given_back_is_new_once_more() {
        let nonces = Nonces::default();
        assert_eq!(nonces.note("1", "n", 1_000, 1_000), Noted::New);
        nonces.give_back("1", "n");
        assert_eq!(nonces.note("1", "n", 1_200, 1_200), Noted::New);
        // The end of the first time does not end the second.
        assert_eq!(nonces.note("1", "n", 1_301, 1_301), Noted::Seen);
        assert_eq!(nonces.note("1", "n", 1_501, 1_501), Noted::New);
    }

    #[test]
    fn a_timestamp_ahead_of_the_clock_keeps_its_nonce_longer() {
        let nonces = Nonces::default();
        assert_eq!(nonces.note("1", "n", 1_300, 1_000), Noted::New);
        assert_eq!(nonces.note("1", "n", 1_300, 1_600), Noted::Seen);
        assert_eq!(nonces.note("1", "n", 1_601, 1_601), Noted::New);
    }
}
