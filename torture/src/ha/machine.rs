//! A machine of the cluster: one loopback address with PostgreSQL, Patroni and maybe etcd, which die together.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::json;

use super::programs::Programs;
use crate::{
    chance::Chance,
    output::Failure,
    process::{Process, Recipe},
    sandbox::free_address,
};

/// The lease of the leader in seconds, and how often it is renewed. Patroni's documentation names 20 s as the least;
/// after the death of a primary it is what one waits for.
const TTL_S: u32 = 20;
const LOOP_WAIT_S: u32 = 2;
/// How long a member may fail to reach etcd; `LOOP_WAIT_S` and twice this must fit into `TTL_S`.
const RETRY_TIMEOUT_S: u32 = 5;

/// Milliseconds between heartbeats of etcd, and without one until it elects: twice the defaults, for machines that
/// share a few processors.
const HEARTBEAT_MS: u32 = 200;
const ELECTION_MS: u32 = 2_000;

/// Where its servers listen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Addresses {
    pub(super) postgresql: SocketAddr,
    /// Patroni's REST interface.
    pub(super) patroni: SocketAddr,
    pub(super) etcd_client: SocketAddr,
    pub(super) etcd_peer: SocketAddr,
}

impl Addresses {
    /// Free ones on 127.0.0.2, 127.0.0.3 and so on: `number` counts from 1.
    pub(super) fn new(number: u8, chance: &mut Chance) -> Result<Addresses, Failure> {
        let host = Ipv4Addr::new(127, 0, 0, number + 1);
        let mut free = || free_address(host, chance);
        Ok(Addresses { postgresql: free()?, patroni: free()?, etcd_client: free()?, etcd_peer: free()? })
    }
}

/// See the module.
pub(super) struct Machine {
    pub(super) name: String,
    pub(super) addresses: Addresses,
    data: PathBuf,
    etcd: Option<Process>,
    patroni: Process,
}

impl Machine {
    /// Writes the configuration; starts nothing. `etcds` are the machines that have one, by name.
    pub(super) fn new(
        programs: &Programs,
        directory: &Path,
        (name, addresses): (&str, Addresses),
        etcds: &[(String, Addresses)],
    ) -> Result<Machine, Failure> {
        let own = directory.join(name);
        fs::create_dir_all(&own)?;
        let file = own.join("patroni.json");
        fs::write(&file, patroni(programs, &own, (name, addresses), etcds).to_string())?;
        let mut patroni = Recipe::new(&programs.patroni, own.join("patroni.log")).with([&file]);
        patroni.owner = programs.owner;
        let mut etcd = None;
        if etcds.iter().any(|(other, _)| other == name) {
            let mut recipe = Recipe::new(&programs.etcd, own.join("etcd.log"));
            recipe = recipe.with(etcd_arguments(&own, (name, addresses), etcds));
            recipe.owner = programs.owner;
            etcd = Some(Process::new(format!("etcd on {name}"), recipe));
        }
        if let Some((user, group)) = programs.owner {
            for place in [directory, &own, &file] {
                chown(place, Some(user), Some(group))?;
            }
        }
        let patroni = Process::new(format!("Patroni on {name}"), patroni);
        Ok(Machine { name: name.to_owned(), addresses, data: own.join("data"), etcd, patroni })
    }

    /// Starts everything on it.
    pub(super) fn start(&mut self) -> Result<(), Failure> {
        if let Some(etcd) = &mut self.etcd {
            etcd.start()?;
        }
        self.patroni.start()
    }

    /// Fails if one of its supervisors has ended.
    pub(super) fn still_runs(&mut self) -> Result<(), Failure> {
        self.etcd.as_mut().map_or(Ok(()), Process::still_runs)?;
        self.patroni.still_runs()
    }

    /// Everything on it ends at once: SIGKILL. An etcd that is the only one is spared.
    pub(super) fn kill(&mut self, with_etcd: bool) -> Result<(), Failure> {
        let etcd = self.etcd.as_ref().filter(|_| with_etcd).and_then(Process::id);
        let ids: Vec<u32> =
            [self.patroni.id(), etcd].into_iter().flatten().chain(self.postgresql()).collect();
        let mut kill = Command::new("kill");
        // A process may have ended between the look and the kill, and then `kill` complains.
        drop(kill.arg("-KILL").args(ids.iter().map(ToString::to_string)).output()?);
        self.patroni.kill()?;
        if let Some(etcd) = self.etcd.as_mut().filter(|_| with_etcd) {
            etcd.kill()?;
        }
        Ok(())
    }

    /// Starts again what [`Machine::kill`] ended.
    pub(super) fn revive(&mut self) -> Result<(), Failure> {
        if let Some(etcd) = self.etcd.as_mut().filter(|etcd| etcd.id().is_none()) {
            etcd.start()?;
        }
        self.patroni.start()
    }

    /// The ids of its PostgreSQL: the server that its data directory names, and the children of that one.
    fn postgresql(&self) -> Vec<u32> {
        let named = fs::read_to_string(self.data.join("postmaster.pid")).unwrap_or_default();
        let Some(server) = named.lines().next().and_then(|line| line.trim().parse::<u32>().ok()) else {
            return Vec::new();
        };
        // The file stays after a crash, and ids are used again.
        let runs_here = fs::read_link(format!("/proc/{server}/cwd")).is_ok_and(|place| place == self.data);
        if !runs_here {
            return Vec::new();
        }
        let all = fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let children = ids.filter(|id| parent(*id) == Some(server));
        std::iter::once(server).chain(children).collect()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        drop(self.kill(true));
    }
}

/// The parent of a process: the second field after its name, which stands in brackets and may hold anything.
fn parent(id: u32) -> Option<u32> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    text.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn etcd_arguments(
    own: &Path,
    (name, addresses): (&str, Addresses),
    etcds: &[(String, Addresses)],
) -> Vec<String> {
    let (client, peer) = (addresses.etcd_client, addresses.etcd_peer);
    let all = etcds.iter().map(|(name, addresses)| format!("{name}=http://{}", addresses.etcd_peer));
    let options = [
        ("name", name.to_owned()),
        ("data-dir", own.join("etcd").display().to_string()),
        ("listen-client-urls", format!("http://{client}")),
        ("advertise-client-urls", format!("http://{client}")),
        ("listen-peer-urls", format!("http://{peer}")),
        ("initial-advertise-peer-urls", format!("http://{peer}")),
        ("initial-cluster", all.collect::<Vec<_>>().join(",")),
        ("initial-cluster-state", "new".to_owned()),
        ("heartbeat-interval", HEARTBEAT_MS.to_string()),
        ("election-timeout", ELECTION_MS.to_string()),
        ("logger", "zap".to_owned()),
        ("log-level", "warn".to_owned()),
    ];
    options.into_iter().map(|(option, value)| format!("--{option}={value}")).collect()
}

/// Patroni's configuration. It is written as JSON, which is YAML, too.
fn patroni(
    programs: &Programs,
    own: &Path,
    (name, addresses): (&str, Addresses),
    etcds: &[(String, Addresses)],
) -> serde_json::Value {
    let etcds: Vec<String> = etcds.iter().map(|(_, addresses)| addresses.etcd_client.to_string()).collect();
    json!({
        "scope": "tongbao",
        "name": name,
        "restapi": {"listen": addresses.patroni, "connect_address": addresses.patroni},
        "etcd3": {"hosts": etcds},
        "bootstrap": {
            "dcs": {
                "ttl": TTL_S,
                "loop_wait": LOOP_WAIT_S,
                "retry_timeout": RETRY_TIMEOUT_S,
                // A commit waits until a second machine has it; without a second machine nothing is committed.
                "synchronous_mode": true,
                "synchronous_mode_strict": true,
                "postgresql": {
                    "use_pg_rewind": true,
                    "use_slots": true,
                    "remove_data_directory_on_rewind_failure": true,
                    "parameters": {
                        "synchronous_commit": "on",
                        "wal_log_hints": "on",
                        // A standby follows the new primary at once, and the first commit waits for that.
                        "wal_retrieve_retry_interval": "500ms",
                        "max_connections": 100,
                        "shared_buffers": "64MB",
                    },
                },
            },
            "initdb": [{"encoding": "UTF8"}, {"locale": "C"}, "data-checksums"],
        },
        "postgresql": {
            "listen": addresses.postgresql,
            "connect_address": addresses.postgresql,
            "data_dir": own.join("data"),
            "bin_dir": programs.postgresql,
            "pgpass": own.join("pgpass"),
            // Everybody on this machine may, as with the sandbox itself.
            "pg_hba": ["host all all 127.0.0.0/8 trust", "host replication all 127.0.0.0/8 trust"],
            "authentication": {
                "superuser": {"username": "postgres"},
                "replication": {"username": "replicator"},
            },
            "parameters": {"unix_socket_directories": own},
        },
    })
}
