//! The WeChat Pay door against SDKs that others have written for WeChat Pay.
//!
//! A sandbox is started, and each client of `conformance/wechat` does with it what a shop does. A client writes one
//! line of JSON for each operation; here they become one table. An operation that fails, a client that says nothing,
//! and one that neither tries an operation that all are asked for nor says why its SDK cannot, fail the stage.

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

/// What every client tries, or says that its SDK cannot.
const ASKED_OF_ALL: [&str; 17] = [
    "native",
    "jsapi, paySign",
    "app",
    "h5",
    "callback",
    "query by both numbers",
    "refund, query, callback",
    "close",
    "number with | and *",
    "trade bill, fund flow bill, download",
    "combine, query, callback",
    "combine, close",
    "transfer, query, callback",
    "profit sharing",
    "wrong key",
    "skewed clock",
    "certificate rotated in mid-run",
];

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
    findings.missing().iter().for_each(|line| run::say(line));
    sandbox.still_runs()?;
    let bad = findings.failed || !findings.missing().is_empty();
    if bad { run::failed("an SDK and the sandbox do not agree") } else { Ok(()) }
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

/// What became of an operation.
#[derive(Clone, Copy)]
enum Cell {
    Works,
    Fails,
    /// The SDK has no such operation.
    Absent,
}

impl Cell {
    const fn word(self) -> &'static str {
        match self {
            Self::Works => "ok",
            Self::Fails => "FAILED",
            Self::Absent => "–",
        }
    }
}

/// What clients have said, by operation and client.
#[derive(Default)]
struct Findings {
    clients: Vec<String>,
    operations: Vec<String>,
    cells: BTreeMap<(usize, usize), Cell>,
    /// Which SDK cannot do what, and why.
    absent: Vec<String>,
    count: usize,
    failed: bool,
}

impl Findings {
    /// Takes a line of a client. What is not a finding is shown.
    fn hear(&mut self, line: &str) {
        let value: Value = serde_json::from_str(line).unwrap_or_default();
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let cell = match value.get("ok") {
            Some(Value::Bool(true)) => Some(Cell::Works),
            Some(Value::Bool(false)) => Some(Cell::Fails),
            Some(Value::Null) => Some(Cell::Absent),
            _ => None,
        };
        let (Some(client), Some(operation), Some(cell)) = (text("client"), text("operation"), cell) else {
            run::say(line);
            return;
        };
        let place = (position(&mut self.operations, operation), position(&mut self.clients, client));
        self.cells.insert(place, cell);
        self.count += 1;
        let why = format!("{client}: {operation}: {}", text("why").unwrap_or_default());
        match cell {
            Cell::Works => {}
            Cell::Fails => {
                self.failed = true;
                run::say(&why);
            }
            Cell::Absent => self.absent.push(why),
        }
    }

    /// What is asked of all and some client has not said a word about.
    fn missing(&self) -> Vec<String> {
        let missing = |client: usize| {
            ASKED_OF_ALL.iter().filter(move |asked| {
                let row = self.operations.iter().position(|known| known == *asked);
                row.is_none_or(|row| !self.cells.contains_key(&(row, client)))
            })
        };
        let lines = self.clients.iter().enumerate().flat_map(|(column, client)| {
            missing(column).map(move |asked| format!("{client}: {asked}: it was not tried"))
        });
        lines.collect()
    }

    /// One line for each operation, one column for each client: `–` where its SDK cannot, for the reasons that follow,
    /// and nothing where it was not asked.
    fn table(&self) -> Vec<String> {
        let first = self.operations.iter().map(|name| name.chars().count()).max().unwrap_or_default();
        let cell = |row: usize, (column, client): (usize, &String)| {
            let word = self.cells.get(&(row, column)).map_or("", |cell| cell.word());
            format!("{word:<width$}", width = client.chars().count())
        };
        let line = |name: &str, cells: Vec<String>| {
            let line = std::iter::once(format!("{name:<first$}")).chain(cells).collect::<Vec<_>>().join("  ");
            line.trim_end().to_owned()
        };
        let rows = self.operations.iter().enumerate().map(|(row, operation)| {
            line(operation, self.clients.iter().enumerate().map(|column| cell(row, column)).collect())
        });
        let absent = self.absent.iter().map(|why| format!("– {why}"));
        std::iter::once(line("", self.clients.clone())).chain(rows).chain(absent).collect()
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
        findings.hear(r#"{"client":"two","operation":"h5","ok":null,"why":"it has none"}"#);
        assert!(findings.failed);
        assert_eq!(findings.count, 4);
        assert_eq!(
            findings.table(),
            [
                "        one  two",
                "native  ok   ok",
                "refund       FAILED",
                "h5           –",
                "– two: h5: it has none",
            ]
        );
    }

    #[test]
    fn a_client_tries_what_all_are_asked_for_or_says_that_it_cannot() {
        let mut findings = Findings::default();
        for asked in &ASKED_OF_ALL[1..] {
            findings.hear(&format!(r#"{{"client":"one","operation":"{asked}","ok":true}}"#));
        }
        assert_eq!(findings.missing(), ["one: native: it was not tried"]);
        findings.hear(r#"{"client":"one","operation":"native","ok":null,"why":"it has none"}"#);
        assert!(findings.missing().is_empty() && !findings.failed);
    }
}
