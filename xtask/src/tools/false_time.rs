//! The library that tells a process a false time of day, for torture.

use std::path::{Path, PathBuf};

use super::{apt_install, missing};
use crate::run::Stop;

/// Where distributions put it; `torture/src/fake_clock.rs` looks there, too.
const PLACES: [&str; 4] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib64/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
];

/// The library.
pub(crate) fn false_time() -> Result<PathBuf, Stop> {
    if find().is_none() {
        apt_install(&["libfaketime"])?;
    }
    find().ok_or_else(|| missing("libfaketime", "apt-get install libfaketime", "not where it is expected"))
}

fn find() -> Option<PathBuf> {
    PLACES.iter().map(Path::new).find(|place| place.exists()).map(Path::to_path_buf)
}
