//! PostgreSQL's server, which tests start for themselves.

use std::fs;
use std::path::PathBuf;

use super::{apt_install, missing};
use crate::run::{self, Stop};

/// Debian's package: the newest server it has, with its tools.
const PACKAGES: [&str; 1] = ["postgresql"];

/// Where Debian keeps the server's programs, by version: not on the search path.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The directory with `initdb`, `pg_ctl` and `postgres`.
pub(crate) fn postgresql() -> Result<PathBuf, Stop> {
    if find().is_none() {
        apt_install(&PACKAGES)?;
    }
    let by_hand = format!("apt-get install {}", PACKAGES.join(" "));
    find().ok_or_else(|| {
        missing("PostgreSQL's server", &by_hand, "neither on the search path nor where Debian keeps it")
    })
}

fn find() -> Option<PathBuf> {
    let on_path = run::which("pg_ctl").and_then(|program| Some(program.parent()?.to_owned()));
    let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort();
    let newest = versions.pop().map(|(_, place)| place);
    on_path
        .into_iter()
        .chain(newest)
        .find(|place| ["initdb", "pg_ctl"].iter().all(|name| place.join(name).exists()))
}
