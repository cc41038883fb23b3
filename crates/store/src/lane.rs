//! Lanes: who numbers what, when several processes write one store.
//!
//! Each start of a process takes a lane, and numbers its changes, postings and accounts in it: the lane in
//! the high bits, 1, 2, 3, … in the low ones. Nobody waits for anybody to get a number. Each lane is a chain
//! of digests of its own, which begins with its opening digest; that covers the opening before it and the
//! ends of the lanes that had grown since, so a lane that lost its end is found by the next one.
//!
//! **Invariants.** A single writer has lane 0 for ever, whose opening digest is zero: there a number is what
//! it says. Lanes are opened one after the other: 1, 2, 3, …

use crate::log::Digest;

/// Bits of a number within its lane: a million million, which is a year and a half at 20,000 a second.
pub const NUMBER_BITS: u32 = 40;

/// The highest lane, so that numbers fit the signed integers of databases: eight million starts.
pub const LANE_MAX: u32 = (1 << (63 - NUMBER_BITS)) - 1;

/// The number before the first of a lane.
pub const fn before_first(lane: u32) -> u64 {
    (lane as u64) << NUMBER_BITS
}

/// The lane that a number belongs to.
pub const fn lane_of(number: u64) -> u32 {
    // What stays of 64 bits fits, as no lane is above `LANE_MAX`.
    (number >> NUMBER_BITS) as u32
}

/// Its place within the lane: 1, 2, 3, …
pub const fn within(number: u64) -> u64 {
    number & ((1 << NUMBER_BITS) - 1)
}

/// Where a lane ended when another was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneEnd {
    /// The number of its last change then.
    pub number: u64,
    /// The digest of that change.
    pub digest: Digest,
}

/// Bytes of one [`LaneEnd`] as it is stored.
const END_LEN: usize = 8 + 32;

impl LaneEnd {
    /// The bytes of several, as they are stored and hashed.
    pub(crate) fn encode(all: &[LaneEnd]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(all.len() * END_LEN);
        for end in all {
            bytes.extend_from_slice(&end.number.to_be_bytes());
            bytes.extend_from_slice(&end.digest);
        }
        bytes
    }

    /// The ends in these bytes; `None` when they are not whole.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Vec<LaneEnd>> {
        let chunks = bytes.chunks_exact(END_LEN);
        if !chunks.remainder().is_empty() {
            return None;
        }
        let one = |chunk: &[u8]| {
            let (number, digest) = chunk.split_at_checked(8)?;
            Some(LaneEnd {
                number: u64::from_be_bytes(number.try_into().ok()?),
                digest: digest.try_into().ok()?,
            })
        };
        chunks.map(one).collect()
    }
}

/// A lane as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneLine {
    /// Its number.
    pub number: u32,
    /// What its chain begins with.
    pub opening: Digest,
    /// The ends of the lanes that had grown since an opening before this one named them, in their order.
    pub ends: Vec<LaneEnd>,
}

impl LaneLine {
    /// The lanes after this one in the store of a single writer.
    pub(crate) fn single(after: Option<u32>, limit: u32) -> Vec<LaneLine> {
        let only = LaneLine { number: 0, opening: [0; 32], ends: Vec::new() };
        if after.is_none() && limit > 0 { vec![only] } else { Vec::new() }
    }
}

/// The opening digest of a lane, given that of the lane before (zero before the first).
pub(crate) fn opening(number: u32, before: &Digest, ends: &[LaneEnd]) -> Digest {
    let mut hash = blake3::Hasher::new();
    hash.update(b"lane").update(&number.to_be_bytes()).update(before).update(&LaneEnd::encode(ends));
    hash.finalize().into()
}
