//! The files of an instance: the database, unless a server has it, and the master key that its secrets are sealed
//! with.
//!
//! ```text
//!   DIR/tongbao.db     the store (and -wal, -shm beside it)
//!   DIR/tongbao.lock   held by the process that writes
//!   DIR/master.key     32 bytes in hexadecimal, readable by its owner only
//! ```
//! **Invariant.** The URL of a database is never shown: it may hold a password.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use tongbao_core::{
    Key,
    instance::{Claimed, Instance as Settled},
    sandbox::Sandbox,
};
use tongbao_engine::{Engine, Entropy, Mode, SystemEntropy, auth::hex};
use tongbao_store::{
    Page, Query, Store,
    postgres::{PostgresReader, PostgresStore},
    sqlite::{SqliteReader, SqliteStore},
};

use crate::output::Failure;

/// The environment variable that may hold the master key instead of the file.
const MASTER_KEY_VARIABLE: &str = "TONGBAO_MASTER_KEY";

/// What the URL of a database server begins with.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// A directory with an instance in it.
#[derive(Clone)]
pub(crate) struct Instance {
    directory: PathBuf,
    /// The URL of the database, if it is not the file in the directory.
    server: Option<String>,
}

/// Reads the URL of a database; the error says what it must look like.
pub(crate) fn database_url(text: &str) -> Result<String, String> {
    if SCHEMES.iter().any(|scheme| text.starts_with(scheme)) {
        Ok(text.to_owned())
    } else {
        Err(format!("must begin with {}", SCHEMES[0]))
    }
}

impl Instance {
    /// The instance in this directory.
    pub(crate) fn at(directory: &Path) -> Instance {
        Instance { directory: directory.to_owned(), server: None }
    }

    /// The same with its database on the server of this URL.
    pub(crate) fn on_server(self, server: Option<String>) -> Instance {
        Instance { server, ..self }
    }

    /// The URL of the database, if it is not the file in the directory. Not to be shown.
    pub(crate) fn server(&self) -> Option<&str> {
        self.server.as_deref()
    }

    /// The database file, where no server has the database.
    pub(crate) fn database(&self) -> PathBuf {
        self.directory.join("tongbao.db")
    }

    /// The directory.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The master key's file.
    pub(crate) fn master_key_file(&self) -> PathBuf {
        self.directory.join("master.key")
    }

    /// Makes the directory, for its owner only.
    pub(crate) fn create(&self) -> Result<(), Failure> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(&self.directory)
            .map_err(|error| format!("cannot make {}: {error}", self.directory.display()))?;
        Ok(())
    }

    /// Which kind of instance this is.
    pub(crate) fn mode(&self) -> Result<Mode, Failure> {
        let store = self.reader()?;
        let is_sandbox = match store.find::<Settled>(Key::Instance)? {
            Some(settled) => settled.is_sandbox,
            None => store.find::<Sandbox>(Key::Sandbox)?.is_some(),
        };
        Ok(if is_sandbox { Mode::Sandbox } else { Mode::Production })
    }

    /// An engine that reads a sandbox, also beside the process that writes it; its steps are refused.
    pub(crate) fn reading_engine(&self) -> Result<Arc<Engine>, Failure> {
        if self.reader()?.find::<Sandbox>(Key::Sandbox)?.is_none() {
            return Err("this is for sandboxes only; production has a host of its own".into());
        }
        self.looking_engine()
    }

    /// The same of either kind of instance.
    pub(crate) fn looking_engine(&self) -> Result<Arc<Engine>, Failure> {
        let store: Arc<dyn Store> = Arc::from(self.reader()?);
        let key = self.master_key()?.ok_or_else(|| self.key_missing())?;
        let engine = Engine::new(store, self.mode()?, &key)?;
        self.ours(engine.claimed()?)?;
        Ok(Arc::new(engine))
    }

    /// Says what to do about a database that is not ours.
    fn ours(&self, claimed: Claimed) -> Result<(), Failure> {
        match claimed {
            Claimed::Ours => Ok(()),
            Claimed::OfAnotherKey => Err(format!(
                "this database was first used with another master key, and what it has sealed can only be read with \
                 that one: put it into {} or {MASTER_KEY_VARIABLE}",
                self.master_key_file().display()
            )
            .into()),
            Claimed::OfTheOtherKind => {
                Err("this database belongs to an instance of the other kind: a sandbox and production never \
                     share one"
                    .into())
            }
        }
    }

    /// Why nothing starts without the master key.
    fn key_missing(&self) -> String {
        format!(
            "{} is missing: what this database has sealed can only be read with it; put it back",
            self.master_key_file().display()
        )
    }

    /// Opens the store for writing and puts an engine on it, unless the store belongs to another kind of instance or
    /// another master key.
    pub(crate) async fn engine(&self, mode: Mode) -> Result<Arc<Engine>, Failure> {
        let store: Arc<dyn Store> = match &self.server {
            Some(url) => Arc::new(PostgresStore::open(url)?),
            None => Arc::new(SqliteStore::open(&self.database())?),
        };
        let is_sandbox = store.find::<Sandbox>(Key::Sandbox)?.is_some();
        if is_sandbox && mode == Mode::Production {
            return Err("this database belongs to a sandbox; production needs one of its own".into());
        }
        // The first process that ever starts says which kind it is, before a sandbox is one.
        let settled: Option<Settled> = store.find(Key::Instance)?;
        let is_used = matches!(store.read(Query::Changes(0, 1))?, Page::Changes(lines) if !lines.is_empty());
        let is_for_sandbox = is_sandbox || settled.is_some_and(|settled| settled.is_sandbox);
        if is_used && !is_for_sandbox && mode == Mode::Sandbox {
            return Err("this database belongs to production; a sandbox needs one of its own".into());
        }
        let key = match self.master_key()? {
            Some(key) => key,
            None if is_used => return Err(self.key_missing().into()),
            None => self.make_master_key()?,
        };
        let engine = Engine::new(store, mode, &key)?;
        self.ours(engine.claim().await?)?;
        Ok(Arc::new(engine))
    }

    /// Opens the store for reading, also beside a process that writes it.
    pub(crate) fn reader(&self) -> Result<Box<dyn Store>, Failure> {
        Ok(match &self.server {
            Some(url) => Box::new(PostgresReader::open(url)?),
            None => Box::new(self.file_reader()?),
        })
    }

    /// The same for what only a file can do.
    pub(crate) fn file_reader(&self) -> Result<SqliteReader, Failure> {
        if self.server.is_some() {
            return Err("a database server is backed up by its own means, pg_basebackup or pg_dump".into());
        }
        let file = self.database();
        if !file.exists() {
            return Err(format!("there is no database at {}", file.display()).into());
        }
        Ok(SqliteReader::open(&file)?)
    }

    /// The master key, from the environment or the file.
    fn master_key(&self) -> Result<Option<[u8; 32]>, Failure> {
        if let Ok(text) = std::env::var(MASTER_KEY_VARIABLE) {
            return parse_key(&text)
                .map(Some)
                .ok_or_else(|| format!("{MASTER_KEY_VARIABLE} must be 64 hexadecimal digits").into());
        }
        let file = self.master_key_file();
        match fs::read_to_string(&file) {
            Ok(text) => parse_key(text.trim())
                .map(Some)
                .ok_or_else(|| format!("{} must hold 64 hexadecimal digits", file.display()).into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("cannot read {}: {error}", file.display()).into()),
        }
    }

    fn make_master_key(&self) -> Result<[u8; 32], Failure> {
        let key = SystemEntropy.secret();
        write_private(&self.master_key_file(), &format!("{}\n", hex(&key)))?;
        Ok(key)
    }
}

fn parse_key(text: &str) -> Option<[u8; 32]> {
    let mut key = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(key)
}

/// Makes a new name in a directory survive a power cut. Where directories cannot be opened, as on Windows, the
/// file system sees to it.
fn sync_directory_of(file: &Path) -> io::Result<()> {
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    if cfg!(unix) { fs::File::open(directory.unwrap_or(Path::new(".")))?.sync_all() } else { Ok(()) }
}

/// Writes a file that only its owner may read, whole and durably, or not at all.
pub(crate) fn write_private(file: &Path, text: &str) -> Result<(), Failure> {
    let fresh = file.with_extension("new");
    let written = || -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut out = options.open(&fresh)?;
        out.write_all(text.as_bytes())?;
        out.sync_all()?;
        fs::rename(&fresh, file)?;
        sync_directory_of(file)
    };
    written().map_err(|error| format!("cannot write {}: {error}", file.display()).into())
}
