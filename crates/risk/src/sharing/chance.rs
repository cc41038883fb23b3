//! Chance from a seed: the output of BLAKE3 under it, for scalars that nobody else can guess.

use blake3::OutputReader;
use rand_core::{CryptoRng, Error, RngCore, impls};

/// Bytes that follow from a seed of 32 bytes; whoever draws the seed draws it once.
pub(super) struct Chance(OutputReader);

impl Chance {
    pub(super) fn new(seed: &[u8; 32]) -> Chance {
        let mut hash = blake3::Hasher::new_keyed(seed);
        hash.update(b"tongbao list sharing blinds");
        Chance(hash.finalize_xof())
    }
}

impl RngCore for Chance {
    fn next_u32(&mut self) -> u32 {
        impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Chance {}
