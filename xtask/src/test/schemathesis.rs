//! The API against its own OpenAPI document, through schemathesis.
//!
//! A sandbox is started with its data in a directory that is removed afterwards. What it says goes to a log under
//! `target`, shown when the stage fails.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::sandbox::{self, START_S_MAX, Sandbox};
use crate::run::{self, Stop};
use crate::tools;

/// How long one answer may take; a hanging request is a failure, not a reason to hang.
const ANSWER_S_MAX: u64 = 10;

/// Requests made up for each operation and phase. The whole document then takes a minute or two.
const EXAMPLES: u32 = 40;

/// No fault, no status that the document does not name.
const CHECKS: &str = "not_a_server_error,status_code_conformance";

/// Runs the stage against the release binary.
pub(crate) fn conform(tongbao: &Path) -> Result<(), Stop> {
    let schemathesis = tools::schemathesis()?;
    let directory = run::target().join("schemathesis");
    fs::create_dir_all(&directory)?;
    let log = directory.join("sandbox.log");
    let done = with_sandbox(tongbao, &schemathesis, &log);
    if done.is_err() {
        sandbox::show(&log);
    }
    done
}

fn with_sandbox(tongbao: &Path, schemathesis: &Path, log: &Path) -> Result<(), Stop> {
    let data = tempfile::tempdir()?;
    let mut sandbox = Sandbox::start(tongbao, data.path(), log)?;
    let keys = sandbox.wait_for(data.path(), Keys::read)?;
    run::succeed(&mut questions(schemathesis, &keys))?;
    sandbox.still_runs()
}

/// The call of schemathesis.
fn questions(schemathesis: &Path, keys: &Keys) -> Command {
    let mut command = run::program(schemathesis);
    // It keeps notes where it is started.
    command.current_dir(run::target().join("schemathesis"));
    command.arg("run").arg(format!("{}/v1/openapi.json", keys.api));
    command.args(["--header", &format!("Authorization: Bearer {}", keys.secret)]);
    command.args([
        "--wait-for-schema",
        &START_S_MAX.to_string(),
        "--request-timeout",
        &ANSWER_S_MAX.to_string(),
    ]);
    command.args(["--max-examples", &EXAMPLES.to_string(), "--checks", CHECKS]);
    // With two, Python 3.11.7 once failed in its own parser ("AST constructor recursion depth mismatch").
    command.args(["--workers", "1"]);
    // The same commit gets the same requests, so a failure can be repeated.
    command.args(["--generation-deterministic", "--no-color"]);
    // The development certificate is signed by nobody.
    command.args(["--tls-verify", "false"]);
    command
}

/// What a client needs to talk to the sandbox.
struct Keys {
    api: String,
    secret: String,
}

impl Keys {
    /// Reads them from `sandbox.json`.
    fn read(file: &Value) -> Option<Self> {
        let field = |name: &str| file.get(name)?.as_str().map(str::to_owned);
        Some(Self { api: field("api")?.trim_end_matches('/').to_owned(), secret: field("secret_key")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_once_the_file_is_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sandbox.json");
        let read = || sandbox::file(&path).as_ref().and_then(Keys::read);
        assert!(read().is_none());
        fs::write(&path, r#"{"api": "https://127.0.0.1:1/""#).unwrap();
        assert!(read().is_none());
        fs::write(&path, r#"{"api": "https://127.0.0.1:1/", "secret_key": "sk_sandbox_1"}"#).unwrap();
        let keys = read().unwrap();
        assert_eq!((keys.api.as_str(), keys.secret.as_str()), ("https://127.0.0.1:1", "sk_sandbox_1"));
    }
}
