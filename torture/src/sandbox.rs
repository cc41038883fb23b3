//! The sandbox under torture: a child process on one address, killed, frozen and started again.
//!
//! **Invariants.** Only the process that was started here is ever signalled, by its id, and it does not
//! outlive the supervisor. The address stays the same over restarts. Its port lies below those that the
//! kernel gives to outgoing connections: while the child is down, one of those could otherwise take it.

use std::{
    fs::{self, File, OpenOptions},
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use serde::Deserialize;
use tokio::time::sleep;

use crate::{chance::Chance, client::Client, output::Failure};

/// The ports tried: above the well-known services, below Linux' `ip_local_port_range` (32768 and up).
const PORT_MIN: u64 = 20_000;
const PORT_MAX: u64 = 31_999;
const PORTS_TRIED_MAX: u32 = 100;

/// The first start hashes passwords and seeds; a busy machine takes seconds.
const FIRST_START_MAX: Duration = Duration::from_mins(1);
/// Longest wait for a restart; slower than what is promised, so that the promise is judged by its figure.
const RESTART_MAX: Duration = Duration::from_secs(30);
/// The drain of the listener takes ten seconds at most, then the store closes.
const TERMINATE_MAX: Duration = Duration::from_secs(20);
/// How often a state is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What stands in `sandbox.json`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Keys {
    /// Where the sandbox listens.
    pub(crate) api: String,
    /// The secret key of the app.
    pub(crate) secret_key: String,
    /// The secret that signs notifications.
    pub(crate) webhook_secret: String,
    /// The test payers.
    pub(crate) payers: Vec<Payer>,
}

/// A test payer.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Payer {
    pub(crate) id: String,
    /// The balance at the beginning, in fen.
    pub(crate) balance: i64,
}

/// See the module.
pub(crate) struct Sandbox {
    binary: PathBuf,
    data: PathBuf,
    log: PathBuf,
    address: SocketAddr,
    child: Option<Child>,
}

impl Sandbox {
    /// A sandbox that keeps its files in `data` and whose words go to the file `log`; not started yet.
    pub(crate) fn new(
        binary: &Path,
        data: &Path,
        log: &Path,
        chance: &mut Chance,
    ) -> Result<Sandbox, Failure> {
        let binary = fs::canonicalize(binary).map_err(|error| {
            let build = "cargo build --release -p tongbao";
            format!("{}: {error}; build it with: {build}", binary.display())
        })?;
        let address = free_address(chance)?;
        Ok(Sandbox { binary, data: data.to_owned(), log: log.to_owned(), address, child: None })
    }

    /// Starts it, and returns at once.
    pub(crate) fn start(&mut self) -> Result<(), Failure> {
        let mut command = self.command("sandbox")?;
        command.args(["--listen", &self.address.to_string()]);
        self.child = Some(command.spawn()?);
        Ok(())
    }

    fn command(&self, name: &str) -> Result<Command, Failure> {
        let log = OpenOptions::new().create(true).append(true).open(&self.log)?;
        let mut command = Command::new(&self.binary);
        command.arg(name).arg("--data").arg(&self.data);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        Ok(command)
    }

    /// Starts it for the first time, and waits until it answers; gives the keys.
    pub(crate) async fn start_first(&mut self) -> Result<Keys, Failure> {
        self.start()?;
        let deadline = Instant::now() + FIRST_START_MAX;
        loop {
            if let Some(keys) = self.read_keys() {
                self.first_answer(&Client::new(&keys)?).await?;
                return Ok(keys);
            }
            self.still_runs()?;
            if Instant::now() > deadline {
                return Err("the sandbox wrote no sandbox.json".into());
            }
            sleep(LOOK_EVERY).await;
        }
    }

    fn read_keys(&self) -> Option<Keys> {
        let text = fs::read_to_string(self.data.join("sandbox.json")).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Starts it again, and gives how long it took until the first good answer to a request with a key.
    pub(crate) async fn restart(&mut self, client: &Client) -> Result<Duration, Failure> {
        let begun = Instant::now();
        self.start()?;
        self.first_answer(client).await?;
        Ok(begun.elapsed())
    }

    async fn first_answer(&mut self, client: &Client) -> Result<(), Failure> {
        let deadline = Instant::now() + RESTART_MAX;
        while !client.answers("/health").await || !client.answers("/v1/balance").await {
            self.still_runs()?;
            if Instant::now() > deadline {
                return Err(format!(
                    "the sandbox does not answer {} s after its start",
                    RESTART_MAX.as_secs()
                )
                .into());
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    fn still_runs(&mut self) -> Result<(), Failure> {
        let Some(child) = &mut self.child else { return Err("the sandbox was not started".into()) };
        match child.try_wait()? {
            None => Ok(()),
            Some(status) => Err(format!("the sandbox ended by itself: {status}").into()),
        }
    }

    /// Ends it between two of its instructions: SIGKILL.
    pub(crate) fn kill(&mut self) -> Result<(), Failure> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Freezes it for a while: SIGSTOP, then SIGCONT.
    pub(crate) async fn freeze(&self, time: Duration) -> Result<(), Failure> {
        self.signal("STOP")?;
        sleep(time).await;
        self.signal("CONT")
    }

    /// Asks it to end, and gives how it did: SIGTERM.
    pub(crate) async fn terminate(&mut self) -> Result<ExitStatus, Failure> {
        self.signal("TERM")?;
        let Some(mut child) = self.child.take() else { return Err("the sandbox was not started".into()) };
        let deadline = Instant::now() + TERMINATE_MAX;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > deadline {
                child.kill()?;
                child.wait()?;
                return Err(
                    format!("the sandbox still ran {} s after SIGTERM", TERMINATE_MAX.as_secs()).into()
                );
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Sends a signal by the program `kill`: the standard library sends SIGKILL only.
    fn signal(&self, name: &str) -> Result<(), Failure> {
        let Some(child) = &self.child else { return Err("the sandbox was not started".into()) };
        let status = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status()?;
        if status.success() { Ok(()) } else { Err(format!("kill -{name} ended with {status}").into()) }
    }

    /// A second sandbox on the same directory, by mistake; gives how it ended. It must refuse by itself.
    pub(crate) async fn second(&self) -> Result<ExitStatus, Failure> {
        let mut command = self.command("sandbox")?;
        let mut second = command.args(["--listen", "127.0.0.1:0"]).spawn()?;
        let deadline = Instant::now() + TERMINATE_MAX;
        while Instant::now() < deadline {
            if let Some(status) = second.try_wait()? {
                return Ok(status);
            }
            sleep(LOOK_EVERY).await;
        }
        second.kill()?;
        second.wait()?;
        Err("a second sandbox ran on the directory of the first".into())
    }

    /// What recounts the store, beside a running sandbox or after its death.
    pub(crate) fn verifier(&self) -> Verifier {
        Verifier { binary: self.binary.clone(), data: self.data.clone() }
    }

    /// All it has said so far.
    pub(crate) fn log(&self) -> String {
        fs::read(&self.log).map(|said| String::from_utf8_lossy(&said).into_owned()).unwrap_or_default()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // It fails only if the child has ended already, which is what is wanted.
        drop(self.kill());
    }
}

/// `tongbao verify` for one directory.
#[derive(Clone, Debug)]
pub(crate) struct Verifier {
    binary: PathBuf,
    data: PathBuf,
}

impl Verifier {
    /// Recounts everything; `Ok` holds the verdict, and the error what was found.
    pub(crate) async fn verify(&self) -> Result<String, Failure> {
        let mut command = Command::new(&self.binary);
        command.arg("verify").arg("--data").arg(&self.data).stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.output()).await??;
        let verdict = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if output.status.success() && verdict.starts_with("verify: clean") {
            return Ok(verdict);
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(format!("tongbao verify ended with {}: {verdict} {said}", output.status).into())
    }
}

fn free_address(chance: &mut Chance) -> Result<SocketAddr, Failure> {
    for _ in 0..PORTS_TRIED_MAX {
        let port = u16::try_from(chance.between(PORT_MIN, PORT_MAX))?;
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            return Ok(listener.local_addr()?);
        }
    }
    Err("no free port was found".into())
}

/// Makes a directory that is removed at the end, unless it is kept.
pub(crate) fn directory(name: &str) -> io::Result<tempfile::TempDir> {
    tempfile::Builder::new().prefix(&format!("tongbao-torture-{name}-")).tempdir()
}

/// Opens a file to append lines to.
pub(crate) fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}
