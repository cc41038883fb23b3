//! Style sheets under names that contain the hash of their contents.
//!
//! The build script joins and compresses them, so a name never changes its contents and may be cached for ever.
//! Absent on purpose: scripts, which are small enough to stand in the page behind its nonce, and images, which are
//! SVG in the page.

/// A file as it is sent.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    /// The contents.
    pub bytes: &'static [u8],
    /// The contents compressed for `Content-Encoding: gzip` (RFC 1952), if that is smaller.
    pub gzip: Option<&'static [u8]>,
    /// The value of `ETag`, quotes included (RFC 9110 §8.8.3).
    pub etag: &'static str,
    /// Whether [`IMMUTABLE`] is the right `Cache-Control`.
    pub immutable: bool,
}

/// `Cache-Control` of a file whose name contains the hash of its contents (RFC 8246).
pub const IMMUTABLE: &str = "public, max-age=31536000, immutable";

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Finds the file served at `path`, such as `/assets/cashier.0123456789abcdef.css`.
pub fn asset(path: &str) -> Option<Asset> {
    ASSETS.iter().find(|(name, _)| *name == path).map(|(_, asset)| *asset)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::{ASSETS, CASHIER_CSS, asset};

    #[test]
    fn every_sheet_is_found_by_its_hashed_name_only() {
        for (path, _) in ASSETS {
            let found = asset(path).unwrap();
            let hash = blake3::hash(found.bytes).to_hex();
            assert!(path.contains(&hash[..16]), "{path} does not carry the hash of its contents");
            assert_eq!(found.etag, format!("\"{}\"", &hash[..16]));
            assert!(found.immutable);
        }
        assert!(asset("/assets/cashier.css").is_none());
        assert!(asset("").is_none());
    }

    #[test]
    fn the_compressed_bytes_are_the_same_sheet() {
        for (_, asset) in ASSETS {
            let mut plain = Vec::new();
            flate2::read::GzDecoder::new(asset.gzip.unwrap()).read_to_end(&mut plain).unwrap();
            assert_eq!(plain, asset.bytes);
        }
    }

    #[test]
    fn sheets_load_nothing_from_elsewhere() {
        for (path, asset) in ASSETS {
            let text = std::str::from_utf8(asset.bytes).unwrap();
            assert!(!text.contains("url("), "{path} loads a resource");
            assert!(!text.contains("@import"), "{path} imports another sheet");
        }
        assert!(CASHIER_CSS.starts_with("/assets/cashier."));
    }
}
