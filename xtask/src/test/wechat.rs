//! The WeChat Pay door against SDKs that others have written for WeChat Pay.
//!
//! A sandbox is started, and each client of `conformance/wechat` does with it what a shop does. A client writes one
//! line of JSON for each operation; here they become one table. An operation that fails, and a client that says
//! nothing, fail the stage.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::sandbox::{self, Sandbox};
use crate::run::{self, Stop};
use crate::tools::{self, WechatClients};

/// Where the clients are.
const CLIENTS: &str = "conformance/wechat";
/// Those for Python.
const PYTHON: [&str; 1] = ["wechatpayv3_client.py"];
/// Those for Node.
const NODE: [&str; 2] = ["axios_plugin.mjs", "node_v3.mjs"];
/// What those for Node share.
const NODE_SHARED: &str = "sandbox.mjs";

/// The certificate that a client must trust who reaches the sandbox under the official name.
const AUTHORITY: &str = "wechat/ca.pem";

/// `tongbao wechat proxy`, stopped when it is dropped.
struct Proxy {
    child: Child,
    url: String,
}

impl Proxy {
    /// Starts it on a free port, which stands at the end of the line that it prints.
    fn start(tongbao: &Path, data: &Path) -> Result<Self, Stop> {
        let mut command = run::program(tongbao);
        command.args(["wechat", "proxy", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(said) = child.stdout.take() {
            BufReader::new(said).read_line(&mut line)?;
        }
        let proxy =
            Self { child, url: format!("http://{}", line.trim().rsplit(' ').next().unwrap_or_default()) };
        if line.is_empty() { run::failed("the proxy did not start") } else { Ok(proxy) }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Either call fails only if it has already ended, which is what we want.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Runs the stage.
pub(crate) fn conform(tongbao: &Path) -> Result<(), Stop> {
    let clients = tools::wechat_clients()?;
    let directory = run::target().join("wechat");
    fs::create_dir_all(&directory)?;
    let log = directory.join("sandbox.log");
    let done = with_sandbox(tongbao, &clients, &log);
    if done.is_err() {
        sandbox::show(&log);
    }
    done
}

fn with_sandbox(tongbao: &Path, clients: &WechatClients, log: &Path) -> Result<(), Stop> {
    let data = tempfile::tempdir()?;
    let mut sandbox = Sandbox::start(tongbao, data.path(), log)?;
    sandbox.wait_for(data.path(), |file| file.get("wechat").map(drop))?;
    let proxy = Proxy::start(tongbao, data.path())?;
    let mut findings = Findings::default();
    let mut commands = commands(clients)?;
    let mut untouched = run::program(&clients.go);
    untouched.env("HTTPS_PROXY", &proxy.url).env("SSL_CERT_FILE", data.path().join(AUTHORITY));
    commands.push(untouched);
    for mut command in commands {
        command.env("TONGBAO_SANDBOX", data.path().join("sandbox.json"));
        run::announce(&command);
        let heard = findings.count;
        let done = run::listen(&mut command, |line| findings.hear(line))?;
        if !done || findings.count == heard {
            findings.failed = true;
        }
    }
    findings.table().iter().for_each(|line| run::say(line));
    sandbox.still_runs()?;
    if findings.failed { run::failed("an SDK and the sandbox do not agree") } else { Ok(()) }
}

/// The calls of all clients. Node looks for packages from where a script lies, so the scripts are put there.
fn commands(clients: &WechatClients) -> Result<Vec<Command>, Stop> {
    let own = run::root().join(CLIENTS);
    let python = |script: &&str| {
        let mut command = run::program(&clients.python);
        command.env("PYTHONDONTWRITEBYTECODE", "1").arg(own.join(script));
        command
    };
    let mut commands: Vec<Command> = PYTHON.iter().map(python).collect();
    fs::copy(own.join(NODE_SHARED), clients.node.join(NODE_SHARED))?;
    for script in NODE {
        fs::copy(own.join(script), clients.node.join(script))?;
        let mut command = run::program("node");
        command.arg(clients.node.join(script));
        commands.push(command);
    }
    commands.push(run::program(&clients.rust));
    commands.push(run::program(&clients.go));
    let mut java = run::program("java");
    java.arg("-cp").arg(&clients.java).arg("Client");
    commands.push(java);
    Ok(commands)
}

/// What clients have said, by operation and client.
#[derive(Default)]
struct Findings {
    clients: Vec<String>,
    operations: Vec<String>,
    cells: BTreeMap<(usize, usize), bool>,
    count: usize,
    failed: bool,
}

impl Findings {
    /// Takes a line of a client. What is not a finding is shown.
    fn hear(&mut self, line: &str) {
        let value: Value = serde_json::from_str(line).unwrap_or_default();
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let (Some(client), Some(operation), Some(ok)) =
            (text("client"), text("operation"), value.get("ok").and_then(Value::as_bool))
        else {
            run::say(line);
            return;
        };
        let place = (position(&mut self.operations, operation), position(&mut self.clients, client));
        self.cells.insert(place, ok);
        self.count += 1;
        if !ok {
            self.failed = true;
            run::say(&format!("{client}: {operation}: {}", text("why").unwrap_or_default()));
        }
    }

    /// One line for each operation, one column for each client.
    fn table(&self) -> Vec<String> {
        let first = self.operations.iter().map(|name| name.chars().count()).max().unwrap_or_default();
        let cell = |row: usize, (column, client): (usize, &String)| {
            let word = self.cells.get(&(row, column)).map_or("-", |ok| if *ok { "ok" } else { "FAILED" });
            format!("{word:<width$}", width = client.chars().count())
        };
        let line = |name: &str, cells: Vec<String>| {
            let line = std::iter::once(format!("{name:<first$}")).chain(cells).collect::<Vec<_>>().join("  ");
            line.trim_end().to_owned()
        };
        let rows = self.operations.iter().enumerate().map(|(row, operation)| {
            line(operation, self.clients.iter().enumerate().map(|column| cell(row, column)).collect())
        });
        std::iter::once(line("", self.clients.clone())).chain(rows).collect()
    }
}

/// Where a name stands in a list; it is added if it is new.
fn position(names: &mut Vec<String>, name: &str) -> usize {
    names.iter().position(|known| known == name).unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_become_a_table_and_one_that_is_bad_fails() {
        let mut findings = Findings::default();
        findings.hear(r#"{"client":"one","operation":"native","ok":true}"#);
        findings.hear("a warning of its runtime");
        findings.hear(r#"{"client":"two","operation":"native","ok":true}"#);
        assert!(!findings.failed);
        findings.hear(r#"{"client":"two","operation":"refund","ok":false,"why":"no"}"#);
        assert!(findings.failed);
        assert_eq!(findings.count, 3);
        assert_eq!(findings.table(), ["        one  two", "native  ok   ok", "refund  -    FAILED"]);
    }
}
