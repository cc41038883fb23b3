//! A clock that jumps: `libfaketime` shifts what a process takes for the time of day by what stands in a file.
//! Deadlines and pauses follow the monotonic clock, which is left alone, as it is when somebody sets a machine's
//! clock.
//!
//! **Absent on purpose:** leap seconds and time zones; the library knows neither.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use crate::output::Failure;

/// Where Debian's package `libfaketime` puts the library, and where others do.
const PLACES: [&str; 4] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib64/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
];

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct FakeClock {
    library: &'static str,
    file: PathBuf,
}

impl FakeClock {
    /// A clock that tells the true time so far; nothing where the library is not installed.
    pub(crate) fn new(file: &Path) -> Result<Option<FakeClock>, Failure> {
        let Some(library) = PLACES.into_iter().find(|place| Path::new(place).exists()) else {
            return Ok(None);
        };
        let clock = FakeClock { library, file: file.to_owned() };
        clock.set(0)?;
        Ok(Some(clock))
    }

    /// What a process needs to be told by this clock.
    pub(crate) fn environment(&self) -> Vec<(&'static str, OsString)> {
        vec![
            ("LD_PRELOAD", self.library.into()),
            ("FAKETIME_TIMESTAMP_FILE", self.file.clone().into_os_string()),
            // It reads the file once a second.
            ("FAKETIME_CACHE_DURATION", "1".into()),
            // Versions differ in the name.
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
            ("DONT_FAKE_MONOTONIC", "1".into()),
        ]
    }

    /// From the next second on it is so far from the true time.
    pub(crate) fn set(&self, shift_s: i64) -> Result<(), Failure> {
        let next = self.file.with_extension("next");
        fs::write(&next, format!("{shift_s:+}\n"))?;
        Ok(fs::rename(next, &self.file)?)
    }
}
