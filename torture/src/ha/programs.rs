//! The programs of others that the cluster is made of, and who may run them.

use std::{
    env, fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use crate::output::Failure;

/// Debian's packages that bring all of them.
const PACKAGES: &str = "apt-get install postgresql patroni etcd-server";

/// Where Debian keeps PostgreSQL's programs, by version.
const POSTGRESQL: &str = "/usr/lib/postgresql";

/// See the module.
pub(super) struct Programs {
    pub(super) etcd: PathBuf,
    pub(super) patroni: PathBuf,
    /// The directory of `postgres` and `initdb`.
    pub(super) postgresql: PathBuf,
    /// User and group to run them as, if we are root: PostgreSQL refuses to.
    pub(super) owner: Option<(u32, u32)>,
}

impl Programs {
    /// Finds them.
    pub(super) fn find() -> Result<Programs, Failure> {
        let on_path = |name: &str| {
            let path = env::var_os("PATH").unwrap_or_default();
            let found = env::split_paths(&path).map(|place| place.join(name)).find(|file| file.is_file());
            found.ok_or_else(|| format!("{name} is not here: {PACKAGES}"))
        };
        let versions = fs::read_dir(POSTGRESQL).into_iter().flatten().flatten();
        let version =
            |entry: fs::DirEntry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path()));
        let newest = versions.filter_map(version).max().map(|(_, place)| place.join("bin"));
        let postgresql = match newest {
            Some(place) => place,
            None => on_path("initdb")?.parent().map(Path::to_path_buf).unwrap_or_default(),
        };
        Ok(Programs { etcd: on_path("etcd")?, patroni: on_path("patroni")?, postgresql, owner: owner()? })
    }
}

fn owner() -> Result<Option<(u32, u32)>, Failure> {
    if fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd")?;
    let line = users.lines().find(|line| line.starts_with("postgres:"));
    let mut fields = line.ok_or("there is no user postgres")?.split(':').skip(2);
    let mut number =
        || fields.next().and_then(|field| field.parse().ok()).ok_or("/etc/passwd is not as it should be");
    Ok(Some((number()?, number()?)))
}
