//! The digest by which a merchant knows that a bill arrived whole.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};

use crate::wechat::draw;

/// SHA-1 over a bill as it is before it is compressed. It guards against accidents, not against forgers: SHA-1 is what
/// the interface has.
#[derive(Clone)]
pub struct BillDigest(Context);

impl fmt::Debug for BillDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BillDigest")
    }
}

impl Default for BillDigest {
    fn default() -> BillDigest {
        BillDigest(Context::new(&SHA1_FOR_LEGACY_USE_ONLY))
    }
}

impl BillDigest {
    /// What `hash_type` says.
    pub const NAME: &'static str = "SHA1";

    /// Takes the next part of the bill.
    pub fn update(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    /// The digest of all parts: 40 lower-case hexadecimal digits.
    pub fn finish(self) -> String {
        draw::hex(self.0.finish().as_ref()).to_ascii_lowercase()
    }
}
