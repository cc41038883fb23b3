//! What only the store in one SQLite file does.

mod answers;
mod bank;
mod concurrency;
mod copies;
mod files;
mod forgetting;
mod merging;
mod places;
mod queue;
mod schema;
mod tampering;

use std::path::PathBuf;

use tempfile::TempDir;
use tongbao_store::sqlite::{Options, SqliteStore};

use crate::conformance::Fresh;

/// A folder with room for a store.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Place {
        Place(tempfile::tempdir().unwrap())
    }

    /// Where the store's file is.
    pub(crate) fn file(&self) -> PathBuf {
        self.0.path().join("store.db")
    }

    /// Where another file would be.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.file()).unwrap()
    }
}

/// A store with ordinary settings.
pub(crate) fn fresh() -> Fresh {
    let place = Place::new();
    Fresh::new(place.open(), place)
}

/// A store whose entries are merged into their tables after every few of them, and whose log is folded
/// into its file all the time.
pub(crate) fn hasty() -> Fresh {
    let place = Place::new();
    let options = Options { generation_entries: 5, checkpoint_pages: 16, ..Options::new(&place.file()) };
    Fresh::new(SqliteStore::open_with(options).unwrap(), place)
}
