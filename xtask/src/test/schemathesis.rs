//! The two APIs against their own OpenAPI documents, through schemathesis.
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

/// Signs a test payer in and prints the token: asks for a code, reads it in the sandbox's inbox, types it. Python is
/// there because schemathesis is.
const SIGN_IN: &str = r#"
import json, ssl, sys, urllib.request
api, phone = sys.argv[1:]
nobody = ssl._create_unverified_context()
def ask(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(api + path, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10, context=nobody) as answer:
        return json.load(answer)
ask("/payer/v1/codes", {"phone": phone})
code = next(message["code"] for message in ask("/sandbox/messages")["data"] if message["code"])
print(ask("/payer/v1/sessions", {"phone": phone, "code": code})["token"])
"#;

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
    let merchant = (format!("{}/v1/openapi.json", keys.api), keys.secret.clone());
    let payer = (format!("{}/payer/v1/openapi.json", keys.api), payer_token(schemathesis, &keys)?);
    for (document, token) in [merchant, payer] {
        run::succeed(&mut questions(schemathesis, &document, &token))?;
        sandbox.still_runs()?;
    }
    Ok(())
}

/// The token of the first test payer.
fn payer_token(schemathesis: &Path, keys: &Keys) -> Result<String, Stop> {
    let mut python = run::program(schemathesis.with_file_name("python"));
    let said = run::capture(python.args(["-c", SIGN_IN, &keys.api, &keys.phone]))?;
    Ok(said.trim().to_owned())
}

/// The call of schemathesis.
fn questions(schemathesis: &Path, document: &str, token: &str) -> Command {
    let mut command = run::program(schemathesis);
    // It keeps notes where it is started.
    command.current_dir(run::target().join("schemathesis"));
    command.arg("run").arg(document);
    command.args(["--header", &format!("Authorization: Bearer {token}")]);
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
    /// The phone number of a test payer.
    phone: String,
}

impl Keys {
    /// Reads them from `sandbox.json`.
    fn read(file: &Value) -> Option<Self> {
        let field = |name: &str| file.get(name)?.as_str().map(str::to_owned);
        let phone = file.pointer("/payers/0/phone")?.as_str()?.to_owned();
        let api = field("api")?.trim_end_matches('/').to_owned();
        Some(Self { api, secret: field("secret_key")?, phone })
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
        let whole =
            r#"{"api": "https://127.0.0.1:1/", "secret_key": "sk_sandbox_1", "payers": [{"phone": "1"}]}"#;
        fs::write(&path, whole).unwrap();
        let keys = read().unwrap();
        assert_eq!((keys.api.as_str(), keys.secret.as_str()), ("https://127.0.0.1:1", "sk_sandbox_1"));
        assert_eq!(keys.phone, "1");
    }
}
