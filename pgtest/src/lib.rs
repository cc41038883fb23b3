//! A private PostgreSQL for tests, on a free port of the loopback address, in a temporary directory.
//!
//! **Invariants.** The cluster ends, and its directory goes, when the process that started it ends, however
//! that happens: a keeper (a shell) waits at a pipe whose other end only that process holds. Nothing of a
//! PostgreSQL that runs on the machine already is touched.
//!
//! **Absent on purpose:** durability, unless asked for. A test kills servers and not machines, so commits are
//! not synced.

mod keeper;
mod place;

use std::{
    fs::OpenOptions,
    io::Write,
    net::TcpListener,
    path::PathBuf,
    process::Command,
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use keeper::Keeper;

/// The superuser of every cluster, who needs no password.
pub const USER: &str = "tongbao";

/// How often another port is tried when somebody else took the free one.
const PORTS_TRIED_MAX: u32 = 5;

/// What every cluster is started with; what a test asks for comes after it and wins.
const SETTINGS: &[(&str, &str)] = &[
    ("listen_addresses", "'127.0.0.1'"),
    ("unix_socket_directories", "''"),
    ("max_connections", "200"),
    ("shared_buffers", "'64MB'"),
    ("fsync", "off"),
    ("log_min_messages", "warning"),
];

/// How a server that only speaks TLS is told from others, both as PEM.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Its certificate.
    pub certificate: String,
    /// The private key that belongs to it.
    pub key: String,
}

/// Lets everybody in who comes by the loopback address and speaks TLS, and nobody else.
const ENCRYPTED_ONLY: &str = "hostssl all all 127.0.0.1/32 trust\n";

/// A running PostgreSQL with databases of its own.
pub struct Cluster {
    keeper: Mutex<Keeper>,
    programs: PathBuf,
    port: u16,
    databases: AtomicU32,
}

impl Cluster {
    /// Starts a cluster; panics with the reason if that is not possible.
    pub fn start() -> Cluster {
        Cluster::start_with(&[])
    }

    /// The same with settings of `postgresql.conf`, as they are written there.
    pub fn start_with(settings: &[(&str, &str)]) -> Cluster {
        Cluster::start_as(settings, None)
    }

    /// A cluster that shows a certificate, and refuses connections that are not encrypted.
    pub fn start_with_identity(identity: &Identity) -> Cluster {
        Cluster::start_as(&[("ssl", "on")], Some(identity))
    }

    fn start_as(settings: &[(&str, &str)], identity: Option<&Identity>) -> Cluster {
        let programs = place::programs().unwrap_or_else(|why| panic!("{why}"));
        let mut keeper = Keeper::new(&programs);
        keeper.tell("create");
        if let Some(identity) = identity {
            keeper.write("data/server.crt", &identity.certificate);
            keeper.write("data/server.key", &identity.key);
            keeper.write("data/pg_hba.conf", ENCRYPTED_ONLY);
        }
        let own = settings.iter().chain(&[("", "")]);
        let lines = SETTINGS.iter().chain(own).filter(|(name, _)| !name.is_empty());
        configure(&keeper, lines.map(|(name, value)| format!("{name} = {value}")));
        for tried in 1.. {
            let port = free_port();
            configure(&keeper, [format!("port = {port}")].into_iter());
            if keeper.try_tell("start") {
                let databases = AtomicU32::new(0);
                return Cluster { keeper: Mutex::new(keeper), programs, port, databases };
            }
            assert!(tried < PORTS_TRIED_MAX, "PostgreSQL does not start:\n{}", keeper.log());
        }
        unreachable!("the loop ends by itself")
    }

    /// Makes an empty database and gives its URL.
    pub fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut create = Command::new(self.programs.join("createdb"));
        let port = self.port.to_string();
        create.args(["--host=127.0.0.1", "--username", USER, "--port", &port, &name]);
        let made = create.output().expect("createdb can be run");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        self.url(&name)
    }

    /// The URL of a database of this cluster; `postgres` is always there.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// The port it listens on, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where `psql`, `pgbench` and the others are.
    pub fn programs(&self) -> &std::path::Path {
        &self.programs
    }

    /// Ends the server: sessions are cut, transactions under way are rolled back.
    pub fn stop(&self) {
        self.tell("stop");
    }

    /// Ends the server at once, without a checkpoint: the next start recovers from the log.
    pub fn crash(&self) {
        self.tell("crash");
    }

    /// Starts the server again, on the same port, and waits until it answers.
    pub fn resume(&self) {
        self.tell("start");
    }

    fn tell(&self, word: &str) {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner).tell(word);
    }
}

/// An empty database in a cluster that all tests of this process share. `None`, and a word about it, when
/// PostgreSQL is not installed; on a build server (`CI=true`) that is a failure.
pub fn database() -> Option<String> {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    is_here().then(|| SHARED.get_or_init(Cluster::start).database())
}

/// Whether PostgreSQL is installed: what [`database`] says for tests that start a cluster of their own.
#[expect(clippy::print_stderr, reason = "a test that tests nothing must say so")]
pub fn is_here() -> bool {
    let Err(why) = place::programs() else { return true };
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{why}");
    eprintln!("SKIPPED: {why}");
    false
}

fn configure(keeper: &Keeper, lines: impl Iterator<Item = String>) {
    let path = keeper.directory().join("data/postgresql.conf");
    let mut file = OpenOptions::new().append(true).open(path).expect("initdb wrote postgresql.conf");
    for line in lines {
        writeln!(file, "{line}").expect("postgresql.conf can be written");
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("the loopback address has a free port");
    listener.local_addr().expect("a listener has an address").port()
}
