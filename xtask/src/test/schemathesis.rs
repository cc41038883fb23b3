//! The API against its own OpenAPI document, through schemathesis.
//!
//! A sandbox is started on a free port of the loopback address, with its data in a directory that is
//! removed afterwards. What it says goes to a log under `target`, shown when the stage fails.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::run::{self, Stop};
use crate::tools;

/// The sandbox seeds a merchant and makes a certificate before it answers; a busy machine takes seconds.
const START_S_MAX: u64 = 60;

/// How long one answer may take; a hanging request is a failure, not a reason to hang.
const ANSWER_S_MAX: u64 = 10;

/// Requests made up for each operation and phase. The whole document then takes a minute or two.
const EXAMPLES: u32 = 40;

/// Lines of the sandbox's log shown when the stage fails.
const LOG_LINES_SHOWN: usize = 40;

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
        let text = fs::read_to_string(&log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        run::say(&format!("the sandbox said, at the end of {}:", log.display()));
        lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].iter().for_each(|line| run::say(line));
    }
    done
}

fn with_sandbox(tongbao: &Path, schemathesis: &Path, log: &Path) -> Result<(), Stop> {
    let data = tempfile::tempdir()?;
    let mut sandbox = Sandbox::start(tongbao, data.path(), log)?;
    let keys = sandbox.wait_for_keys(data.path())?;
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
    command.args(["--max-examples", &EXAMPLES.to_string(), "--checks", CHECKS, "--workers", "2"]);
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
    /// Reads `sandbox.json`; `None` while it is not there or not yet whole.
    fn read(path: &Path) -> Option<Self> {
        let text = fs::read_to_string(path).ok()?;
        let value: Value = serde_json::from_str(&text).ok()?;
        let field = |name: &str| value.get(name)?.as_str().map(str::to_owned);
        Some(Self { api: field("api")?.trim_end_matches('/').to_owned(), secret: field("secret_key")? })
    }
}

/// A running sandbox; stopped when dropped.
struct Sandbox {
    child: Child,
}

impl Sandbox {
    fn start(tongbao: &Path, data: &Path, log: &Path) -> Result<Self, Stop> {
        // The port is free now and asked for at once; nothing else on a build machine asks for it.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let said = File::create(log)?;
        let mut command = run::program(tongbao);
        command.arg("sandbox").arg("--data").arg(data).args(["--listen", &format!("127.0.0.1:{port}")]);
        command.stdin(Stdio::null()).stdout(said.try_clone()?).stderr(said);
        Ok(Self { child: command.spawn()? })
    }

    /// Waits until the sandbox has written its keys; schemathesis itself waits for the first answer.
    fn wait_for_keys(&mut self, data: &Path) -> Result<Keys, Stop> {
        let deadline = Instant::now() + Duration::from_secs(START_S_MAX);
        loop {
            if let Some(keys) = Keys::read(&data.join("sandbox.json")) {
                return Ok(keys);
            }
            self.still_runs()?;
            if Instant::now() > deadline {
                return run::failed(format!("the sandbox wrote no sandbox.json within {START_S_MAX} s"));
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn still_runs(&mut self) -> Result<(), Stop> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => run::failed(format!("the sandbox ended with {status}")),
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Either call fails only if the child has already ended, which is what we want.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_once_the_file_is_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sandbox.json");
        assert!(Keys::read(&path).is_none());
        fs::write(&path, r#"{"api": "https://127.0.0.1:1/""#).unwrap();
        assert!(Keys::read(&path).is_none());
        fs::write(&path, r#"{"api": "https://127.0.0.1:1/", "secret_key": "sk_sandbox_1"}"#).unwrap();
        let keys = Keys::read(&path).unwrap();
        assert_eq!((keys.api.as_str(), keys.secret.as_str()), ("https://127.0.0.1:1", "sk_sandbox_1"));
    }
}
