//! Where PostgreSQL's programs are, and who may run its server.

use std::{
    env, fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// The directory of the programs, if it is somewhere unusual.
const VARIABLE: &str = "TONGBAO_POSTGRESQL";

/// Where Debian keeps them, by version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The directory of `initdb`, `pg_ctl` and `createdb`; or what is missing and how to get it.
pub(crate) fn programs() -> Result<PathBuf, String> {
    let named = env::var_os(VARIABLE).map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = named.into_iter().chain(env::split_paths(&path)).collect();
    places.extend(debian());
    let whole =
        |place: &PathBuf| ["initdb", "pg_ctl", "createdb"].iter().all(|name| place.join(name).exists());
    places.into_iter().find(whole).ok_or_else(|| {
        format!(
            "PostgreSQL's server is not installed: `apt-get install postgresql`, \
             or name the directory of initdb and pg_ctl in {VARIABLE}"
        )
    })
}

/// Debian's directories, the newest version first.
fn debian() -> Vec<PathBuf> {
    let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort();
    versions.into_iter().rev().map(|(_, place)| place).collect()
}

/// User and group that the server is to run as, if we are root: PostgreSQL refuses to.
pub(crate) fn unprivileged() -> Option<(u32, u32)> {
    if fs::metadata("/proc/self").map_or(1, |own| own.uid()) != 0 {
        return None;
    }
    let users = fs::read_to_string(Path::new("/etc/passwd")).unwrap_or_default();
    let user = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    user("postgres").or_else(|| user("nobody"))
}
