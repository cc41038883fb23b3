//! What surrounds the processes and can be harmed, too: disk, network and database.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use pgtest::Cluster;
use tokio::task::spawn_blocking;

use super::{Store, kind::Kind};
use crate::{
    chance::Chance,
    disk::Disk,
    fleet::Fleet,
    output::Failure,
    proxy::{Proxy, Weather},
    sandbox::Role,
};

/// A database server of our own, with a proxy in front of it.
struct Database {
    cluster: Arc<Cluster>,
    proxy: Proxy,
    /// Through the proxy, and past it.
    urls: (String, String),
}

/// See the module.
pub(super) struct World {
    disk: Option<Disk>,
    database: Option<Database>,
}

impl World {
    /// The surroundings of an instance on this store, whose files go to `data`.
    pub(super) async fn new(store: Store, data: &Path, seconds: u64) -> Result<World, Failure> {
        Ok(match store {
            Store::Sqlite => World { disk: Disk::mount(data, seconds), database: None },
            Store::Postgres => World { disk: None, database: Some(database().await?) },
        })
    }

    /// The processes: one on SQLite, two with doors and a worker on a database server.
    pub(super) fn fleet(
        &self,
        binary: &Path,
        directories: (&Path, &Path),
        chance: &mut Chance,
    ) -> Result<Fleet, Failure> {
        let url =
            self.database.as_ref().map(|Database { urls: (proxied, direct), .. }| (&**proxied, &**direct));
        let roles: &[Role] =
            if url.is_some() { &[Role::Doors, Role::Doors, Role::Worker] } else { &[Role::Doors] };
        Fleet::new(binary, directories, url, roles, chance)
    }

    /// What can be done to it, in the order of [`Kind::ALL`].
    pub(super) fn possible(&self, fleet: &Fleet) -> Vec<Kind> {
        let untried = self.untried(fleet);
        let can = |kind: &Kind| match kind {
            Kind::Kill | Kind::Freeze | Kind::End | Kind::Clock => true,
            Kind::Second | Kind::Full => self.database.is_none(),
            Kind::Cut | Kind::Stall | Kind::HalfOpen | Kind::Crash => self.database.is_some(),
        };
        let is_tried = |kind: &Kind| untried.iter().all(|(other, _)| other != kind);
        Kind::ALL.into_iter().filter(|kind| can(kind) && is_tried(kind)).collect()
    }

    /// What should be done and cannot be done on this machine, and why.
    pub(super) fn untried(&self, fleet: &Fleet) -> Vec<(Kind, &'static str)> {
        let mut untried = Vec::new();
        if self.database.is_none() && self.disk.is_none() {
            untried.push((Kind::Full, "a tmpfs could not be mounted, which needs root"));
        }
        if !fleet.has_clocks() {
            untried.push((Kind::Clock, "apt-get install libfaketime"));
        }
        untried
    }

    /// The disk, where it can be full.
    pub(super) fn disk(&self) -> Result<&Disk, Failure> {
        self.disk.as_ref().ok_or_else(|| "there is no disk to fill".into())
    }

    /// Changes the network between processes and database.
    pub(super) fn weather(&self, weather: Weather) {
        if let Some(database) = &self.database {
            database.proxy.set(weather);
        }
    }

    /// The database's server ends without a word, and starts again after a while.
    pub(super) async fn crash(&self, down: Duration) -> Result<(), Failure> {
        let Some(database) = &self.database else { return Err("there is no server to crash".into()) };
        let cluster = Arc::clone(&database.cluster);
        spawn_blocking(move || {
            cluster.crash();
            std::thread::sleep(down);
            cluster.resume();
        })
        .await?;
        Ok(())
    }

    /// Leaves everything as it is after a failure.
    pub(super) fn keep(&mut self) {
        if let Some(disk) = &mut self.disk {
            disk.keep();
        }
    }
}

async fn database() -> Result<Database, Failure> {
    if !pgtest::is_here() {
        return Err("PostgreSQL's server is not installed: apt-get install postgresql".into());
    }
    // What it acknowledged must survive its crash.
    let settings = [("fsync", "on"), ("synchronous_commit", "on")];
    let cluster = spawn_blocking(move || Cluster::start_with(&settings)).await?;
    let proxy = Proxy::start(SocketAddr::from((Ipv4Addr::LOCALHOST, cluster.port()))).await?;
    let direct = cluster.database();
    let port = format!(":{}/", cluster.port());
    let proxied = direct.replace(&port, &format!(":{}/", proxy.address().port()));
    Ok(Database { cluster: Arc::new(cluster), proxy, urls: (proxied, direct) })
}
