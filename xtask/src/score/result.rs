//! What one run came to, as a file.
//!
//! ```json
//!   {"kind": "kill-loop sqlite",          what was run: figures of one kind are added up
//!    "command": "torture kill-loop …",    repeats it
//!    "kept": true,                        whether it found nothing wrong
//!    "sums": {"SIGKILL": 41, "lost": 0},  numbers that are added up
//!    "recoveries_ms": [155, 172],         may be left out
//!    "shown": {"ratio": "5.1"}}           what is shown as it is; may be left out
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::run::{self, Stop};

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) kind: String,
    pub(super) command: String,
    pub(super) kept: bool,
    pub(super) sums: BTreeMap<String, u64>,
    pub(super) recoveries_ms: Vec<u64>,
    pub(super) shown: BTreeMap<String, String>,
}

impl Outcome {
    /// All that are kept in a directory, in the order of their names; none if it is not there.
    pub(super) fn read_all(directory: &Path) -> Result<Vec<Self>, Stop> {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
        files.sort();
        let read = |file: &std::path::PathBuf| {
            let value = serde_json::from_str(&fs::read_to_string(file)?).ok();
            let outcome = value.as_ref().and_then(Self::read);
            outcome.map_or_else(|| run::failed(format!("{} is no result", file.display())), Ok)
        };
        files.iter().map(read).collect()
    }

    fn read(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
        let numbers = value.get("recoveries_ms").and_then(Value::as_array);
        let shown = value.get("shown").and_then(Value::as_object);
        Some(Self {
            kind: text("kind")?,
            command: text("command")?,
            kept: value.get("kept")?.as_bool()?,
            sums: numbers_of(value.get("sums")?),
            recoveries_ms: numbers.into_iter().flatten().filter_map(Value::as_u64).collect(),
            shown: shown
                .into_iter()
                .flatten()
                .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                .collect(),
        })
    }

    /// Keeps it in the directory, under a name that no other has.
    pub(super) fn write(&self, directory: &Path) -> Result<(), Stop> {
        let value = json!({
            "kind": self.kind,
            "command": self.command,
            "kept": self.kept,
            "sums": self.sums,
            "recoveries_ms": self.recoveries_ms,
            "shown": self.shown,
        });
        let named = |number: u32| directory.join(format!("{}-{number}.json", self.kind.replace(' ', "-")));
        let path = (1..u32::MAX).map(named).find(|path| !path.exists()).unwrap_or_else(|| named(0));
        Ok(fs::write(path, format!("{value:#}\n"))?)
    }
}

/// The whole numbers among the members of an object.
pub(super) fn numbers_of(object: &Value) -> BTreeMap<String, u64> {
    let members = object.as_object().into_iter().flatten();
    members.filter_map(|(name, value)| Some((name.clone(), value.as_u64()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_read_as_it_was_written() {
        let directory = tempfile::tempdir().unwrap();
        let outcome = Outcome {
            kind: "power cuts".to_owned(),
            command: "cargo test".to_owned(),
            kept: true,
            sums: BTreeMap::from([("cuts".to_owned(), 1_000)]),
            recoveries_ms: vec![3, 1],
            shown: BTreeMap::from([("ratio".to_owned(), "5.1".to_owned())]),
        };
        assert_eq!(Outcome::read_all(&directory.path().join("none")).unwrap(), []);
        outcome.write(directory.path()).unwrap();
        outcome.write(directory.path()).unwrap();
        assert_eq!(Outcome::read_all(directory.path()).unwrap(), [outcome.clone(), outcome]);
        fs::write(directory.path().join("bad.json"), "{}").unwrap();
        assert!(Outcome::read_all(directory.path()).is_err());
    }
}
