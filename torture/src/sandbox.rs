//! A process of the instance under torture: a sandbox with doors and workers, or a worker alone.
//!
//! **Invariant.** Its address stays the same over restarts. The port lies below those that the kernel gives to
//! outgoing connections: while the process is down, one of those could otherwise take it.

use std::{
    fs::{self, File, OpenOptions},
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::ExitStatus,
    time::{Duration, Instant},
};

use serde::Deserialize;
use tokio::time::sleep;

use crate::{
    chance::Chance,
    client::Client,
    output::Failure,
    place::Place,
    process::{LOOK_EVERY, Process, Recipe},
};

/// The ports tried: above the well-known services, below Linux' `ip_local_port_range` (32768 and up).
const PORT_MIN: u64 = 20_000;
const PORT_MAX: u64 = 31_999;
const PORTS_TRIED_MAX: u32 = 100;

/// The first start hashes passwords and seeds; a busy machine takes seconds.
const FIRST_START_MAX: Duration = Duration::from_mins(1);
/// Longest wait for a restart; slower than what is promised, so that the promise is judged by its figure.
const RESTART_MAX: Duration = Duration::from_mins(1);
/// The drain of the listener takes ten seconds at most, then the store closes.
const TERMINATE_MAX: Duration = Duration::from_secs(20);

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

/// What a process is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// `tongbao sandbox`: it answers requests, and works.
    Doors,
    /// `tongbao worker`.
    Worker,
}

/// See the module.
pub(crate) struct Sandbox {
    pub(crate) role: Role,
    pub(crate) place: Place,
    pub(crate) process: Process,
    address: SocketAddr,
}

impl Sandbox {
    /// A process that is not started yet and will listen at this address.
    pub(crate) fn new(name: &str, role: Role, place: Place, address: SocketAddr) -> Result<Sandbox, Failure> {
        let process = Process::new(name, recipe(role, &place, address)?);
        Ok(Sandbox { role, place, process, address })
    }

    /// The address of its API, or of its health.
    pub(crate) fn api(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Starts it for the first time, and waits until it answers; gives the keys.
    pub(crate) async fn start_first(&mut self) -> Result<Keys, Failure> {
        self.process.start()?;
        let deadline = Instant::now() + FIRST_START_MAX;
        loop {
            if let Some(keys) = self.read_keys() {
                self.first_answer(&Client::new(&keys)?).await?;
                return Ok(keys);
            }
            self.process.still_runs()?;
            if Instant::now() > deadline {
                return Err("the sandbox wrote no sandbox.json".into());
            }
            sleep(LOOK_EVERY).await;
        }
    }

    fn read_keys(&self) -> Option<Keys> {
        let text = fs::read_to_string(self.place.data.join("sandbox.json")).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Starts it again, and gives how long it took until the first good answer.
    pub(crate) async fn restart(&mut self, client: &Client) -> Result<Duration, Failure> {
        let begun = Instant::now();
        self.process.start()?;
        self.first_answer(client).await?;
        Ok(begun.elapsed())
    }

    /// Waits until it is ready and, if it has doors, gives a good answer to a request with a key.
    pub(crate) async fn first_answer(&mut self, client: &Client) -> Result<(), Failure> {
        let own = client.only(self.api());
        let deadline = Instant::now() + RESTART_MAX;
        while !own.answers("/health/ready").await
            || (self.role == Role::Doors && !own.answers("/v1/balance").await)
        {
            self.process.still_runs()?;
            if Instant::now() > deadline {
                let name = self.process.name();
                return Err(format!("{name} does not answer after {} s", RESTART_MAX.as_secs()).into());
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Asks it to end, and gives how it did: SIGTERM.
    pub(crate) async fn terminate(&mut self) -> Result<ExitStatus, Failure> {
        self.process.terminate(TERMINATE_MAX).await
    }

    /// A second process on the same directory, by mistake; gives how it ended. It must refuse by itself.
    pub(crate) async fn second(&self) -> Result<ExitStatus, Failure> {
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut second = Process::new("a second sandbox", recipe(self.role, &self.place, anywhere)?);
        second.start()?;
        second.end(TERMINATE_MAX).await
    }
}

fn recipe(role: Role, place: &Place, address: SocketAddr) -> Result<Recipe, Failure> {
    let listen = ["--listen".to_owned(), address.to_string()];
    Ok(match role {
        Role::Doors => {
            let base_url = place.base_url.iter().flat_map(|url| ["--base-url", url]);
            place.recipe("sandbox").with(place.arguments()).with(listen).with(base_url)
        }
        Role::Worker => {
            let base_url = place.base_url.clone().unwrap_or_else(|| format!("http://{address}"));
            let file = place.data.join("serve.toml");
            let database =
                place.database.as_ref().map_or_else(String::new, |url| format!("database = {url:?}\n"));
            let text = format!(
                "data = {:?}\n{database}listen = \"127.0.0.1:0\"\nbase_url = {base_url:?}\n",
                place.data.display().to_string(),
            );
            fs::write(&file, text)?;
            place.recipe("worker").with(["--config".into(), file.into_os_string()]).with(listen)
        }
    })
}

/// An address on the loopback device that nobody listens at now.
pub(crate) fn any_address(chance: &mut Chance) -> Result<SocketAddr, Failure> {
    free_address(Ipv4Addr::LOCALHOST, chance)
}

/// An address of this host that nobody listens at now.
pub(crate) fn free_address(host: Ipv4Addr, chance: &mut Chance) -> Result<SocketAddr, Failure> {
    for _ in 0..PORTS_TRIED_MAX {
        let port = u16::try_from(chance.between(PORT_MIN, PORT_MAX))?;
        if let Ok(listener) = TcpListener::bind((host, port)) {
            return Ok(listener.local_addr()?);
        }
    }
    Err(format!("no free port was found on {host}").into())
}

/// Makes a directory that is removed at the end, unless it is kept.
pub(crate) fn directory(name: &str) -> io::Result<tempfile::TempDir> {
    tempfile::Builder::new().prefix(&format!("tongbao-torture-{name}-")).tempdir()
}

/// Opens a file to append lines to.
pub(crate) fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}
